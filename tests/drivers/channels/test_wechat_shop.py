"""What only the WeChat shop does: its tokens, cursor, after-sale counts and numbers."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.orders.values import value_map
from core.ports import Fault
from drivers.channels.wechat import SHIP, TOKEN, UPDATE, WechatShop, failure
from drivers.simulated.deals import SimLine
from tests.drivers.channels.kinds import WECHAT
from tests.drivers.channels.shopkit import (
    NOON,
    TWO,
    Floor,
    listed,
    lost_in_evenings,
    opened,
    parcel,
    refused,
)


@pytest.fixture
def floor() -> Iterator[Floor]:
    with opened(WECHAT) as floor:
        yield floor


# --- tokens -------------------------------------------------------------------------------------


def test_a_token_is_asked_for_once_and_kept(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    for _ in range(3):
        shop.detail(number)
    assert floor.server.count(TOKEN) == 1


def test_a_token_kept_from_yesterday_is_replaced_without_force(floor: Floor) -> None:
    (number,) = floor.place()
    assert floor.shop(session="yesterday's").detail(number).number == number
    assert floor.server.count(TOKEN) == 1 and floor.server._forced == []


def test_a_dead_token_that_is_handed_out_again_is_forced_anew(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.detail(number)
    floor.server.expire()
    assert shop.detail(number).number == number
    assert len(floor.server._forced) == 1


def test_a_token_is_renewed_before_it_ends(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.detail(number)
    floor.clock.advance(7200 - 30)
    shop.detail(number)
    assert floor.server.count(TOKEN) == 2 and floor.server._forced == []


def test_a_wrong_secret_is_said_so(floor: Floor) -> None:
    failed = refused(lambda: floor.shop(app_secret="wrong").detail("1"))
    assert (failed.fault, failed.code) == (Fault.AUTH, "40125") and "wrong" not in str(failed)


def test_an_address_that_is_not_on_the_list_is_said_so(floor: Floor) -> None:
    floor.server.script([{"at": "*", "do": "forbidden"}])
    failed = refused(lambda: floor.shop().detail("1"))
    assert (failed.fault, failed.code) == (Fault.AUTH, "http403")


# --- listing ------------------------------------------------------------------------------------


def by_cursor(shop: WechatShop, start: int, end: int) -> list[str]:
    """How a cursor is not to be used when nobody says what it does."""
    found, cursor = list[str](), ""
    while True:
        page = shop._page("update_time_range", start // 1000, -(-end // 1000), cursor)
        found += page.numbers
        cursor = page.cursor
        if not cursor:
            return found


def test_the_same_evenings_lose_orders_when_the_cursor_is_trusted() -> None:
    """Proof that the cursor is bad enough for the shared test to mean something."""
    assert lost_in_evenings(WECHAT, (4, 7), by_cursor)


def test_a_full_second_is_walked_until_nothing_is_new(floor: Floor) -> None:
    numbers, shop = floor.place(23), floor.shop()
    floor.server.between_pages = lambda: floor.server.memo(numbers[3], "moved")
    assert set(listed(shop)) == set(numbers)


def test_more_without_a_cursor_is_no_page(floor: Floor) -> None:
    floor.place(7)
    honest = floor.server._listing
    floor.server._listing = lambda told: {**honest(told), "next_key": ""}
    assert refused(lambda: listed(floor.shop())).code == "no_cursor"


# --- the order ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "done", "quantity", "refund"),
    [
        (0, 0, 3, "none"),
        (1, 0, 3, "open"),
        (0, 1, 2, "none"),
        (1, 1, 2, "open"),
        (0, 3, 3, "refunded"),
        (None, 0, 3, "unknown"),
        (0, "?", 3, "unknown"),
    ],
)
def test_pieces_in_after_sale(floor: Floor, on: Any, done: Any, quantity: int, refund: str) -> None:
    more = {"on_aftersale_sku_cnt": on, "finish_aftersale_sku_cnt": done}
    (number,) = floor.place(lines=(SimLine(sku="A", quantity=3, more=more),))
    (line,) = floor.shop().detail(number).lines
    assert line.quantity == quantity and value_map("wechat").refund_of(line.refund) == refund


def test_pieces_returned_after_shipping_were_shipped_all_the_same(floor: Floor) -> None:
    line = SimLine(sku="A", quantity=3, more={"finish_aftersale_sku_cnt": 1})
    (number,) = floor.place(lines=(line,), status="TRADE_FINISHED")
    assert floor.shop().detail(number).lines[0].quantity == 3


def test_the_same_sku_twice_has_two_numbers(floor: Floor) -> None:
    (number,) = floor.place(lines=(SimLine(sku="A"), SimLine(sku="A", gift=True)))
    lines = floor.shop().detail(number).lines
    assert lines[1].sub_number == f"{lines[0].sub_number}-2" and lines[1].gift


def test_an_address_under_review_stops_the_order(floor: Floor) -> None:
    (number,) = floor.place()
    floor.server.hold(number, "address_review")
    assert floor.shop().detail(number).flags == ("address_review",)
    floor.server.hold(number, "address_review", on=False)
    floor.server.change_address(number, "文二路2号")
    asked = floor.shop()._order(number)["order_detail"]["delivery_info"]["address_under_review"]
    assert asked["detail_info"] == "文二路2号"
    assert floor.shop().detail(number).flags == ()


@pytest.mark.parametrize(
    ("asked", "flags"),
    [
        (None, ()),
        ({}, ()),
        ({"user_name": "", "detail_info": ""}, ()),
        ({"user_name": "张**"}, ()),
        ({"county_name": "西湖区"}, ("address_review",)),
        ({"detail_info": "仓前街道文一西路969号3幢", "hash_code": "other"}, ("address_review",)),
        (True, ("address_review",)),
    ],
)
def test_an_address_asked_for_is_another_one_or_none(
    floor: Floor, asked: Any, flags: tuple[str, ...]
) -> None:
    more = {"order_detail.delivery_info.address_under_review": asked}
    (number,) = floor.place(more=more)
    assert floor.shop().detail(number).flags == flags


def test_another_sku_asked_for_stops_the_order_until_the_shop_said_so(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    (ordered,) = shop.detail(number).lines
    floor.server.want_sku(number, f"{number}-1", "TEA-2")
    assert shop.detail(number).flags == ("sku_change",)
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "10020276")
    floor.server.grant_sku(number, f"{number}-1")
    order = shop.detail(number)
    (line,) = order.lines
    assert (order.flags, line.sku, line.sub_number) == ((), "TEA-2", ordered.sub_number)
    shop.ship(parcel(number, line.sub_number))
    assert shop.shipped(number)[0].sub_number == ordered.sub_number


# --- who somebody is ----------------------------------------------------------------------------


def test_a_virtual_number_is_the_one_to_call(floor: Floor) -> None:
    floor.server.virtual_numbers = True
    (number,), shop = floor.place(), floor.shop()
    hidden = shop.detail(number).receiver
    assert hidden.phone == "138****1234"
    clear = shop.reveal(number, hidden)
    phone, _, extension = clear.phone.partition("-")
    assert (clear.name, len(phone), len(extension)) == ("张小明", 11, 4)
    assert shop.detail(number).receiver.phone == clear.phone


def test_a_virtual_number_that_ended_is_none(floor: Floor) -> None:
    floor.server.virtual_numbers = True
    (number,), shop = floor.place(), floor.shop()
    honest = floor.server._decoding

    def ended(told: dict[str, Any]) -> dict[str, Any]:
        answer = honest(told)
        answer["virtual_number_info"]["expiration"] = NOON // 1000 - 1
        return answer

    floor.server._decoding = ended
    assert shop.reveal(number, shop.detail(number).receiver).phone == "138****1234"


def test_the_earliest_deadline_counts(floor: Floor) -> None:
    (number,) = floor.place(ship_by=NOON + 7_200_000)
    assert floor.shop().detail(number).ship_by == NOON + 7_200_000


def test_nineteen_digits_stay_exact_as_a_number_too(floor: Floor) -> None:
    (number,) = floor.place(tid="3719007199254740993", more={"order_id": 3719007199254740993})
    assert floor.shop().detail(number).number == number


# --- shipping -----------------------------------------------------------------------------------


def test_our_waybill_there_already_is_success_without_a_call(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    shop.ship(parcel(number))
    shop.ship(parcel(number))
    assert floor.server.count(SHIP) == 1


def test_only_pieces_still_wanted_are_shipped(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    gone, stays = (item.number for item in floor.server.deals[number].items)
    floor.server.agree_refund(number, gone)
    shop.ship(parcel(number))
    assert floor.server.shipments[number][0]["oids"] == [stays]


def test_a_line_in_after_sale_cannot_be_shipped(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.refund(number)
    assert refused(lambda: shop.ship(parcel(number))).fault is Fault.BUSINESS
    assert floor.server.refusals[0]["tid"] == number


def test_a_parcel_of_several_is_changed_alone(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    first, second = (line.sub_number for line in shop.detail(number).lines)
    shop.ship(parcel(number, first))
    shop.ship(parcel(number, second, waybill="ZT0000002"))
    shop.reship(parcel(number, second, waybill="ZT0000003", carrier="sf"), "ZT0000002")
    shop.reship(parcel(number, second, waybill="ZT0000003", carrier="sf"), "ZT0000002")
    assert {(x.waybill, x.sub_number) for x in shop.shipped(number)} == {
        ("ZT0000001", first),
        ("ZT0000003", second),
    }
    assert floor.server.count(UPDATE) == 1
    failed = refused(lambda: shop.reship(parcel(number, waybill="ZT0000004"), "ZT0000009"))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "no_parcel")


def test_the_list_of_all_parcels_cannot_be_told_again(floor: Floor) -> None:
    """Why the change of one parcel is told as such."""
    (number,), shop = floor.place(lines=TWO), floor.shop()
    first, second = (line.sub_number for line in shop.detail(number).lines)
    shop.ship(parcel(number, first))
    shop.ship(parcel(number, second, waybill="ZT0000002"))
    packs = shop._order(number)["order_detail"]["delivery_info"]["delivery_product_info"]
    whole = {"order_id": number, "delivery_list": packs}
    assert refused(lambda: shop._call(UPDATE, whole, writes=True)).code == "606040"


def test_a_fourth_change_needs_a_person(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.ship(parcel(number, waybill="ZT0000000"))
    for time in range(3):
        shop.reship(parcel(number, waybill=f"ZT000000{time + 1}"), f"ZT000000{time}")
    failed = refused(lambda: shop.reship(parcel(number, waybill="ZT0000004"), "ZT0000003"))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "606041")


def test_a_carrier_nobody_knows_needs_a_person(floor: Floor) -> None:
    (number,) = floor.place()
    failed = refused(lambda: floor.shop().ship(parcel(number, carrier="owl")))
    assert (failed.fault, failed.code) == (Fault.PERMISSION, "carrier")


@pytest.mark.parametrize(
    ("code", "fault", "wait", "doubt"),
    [
        (-1, Fault.TRANSIENT, None, True),
        (40001, Fault.AUTH, None, False),
        (40164, Fault.AUTH, None, False),
        (45009, Fault.RATE, 12 * 3600, False),
        (45011, Fault.RATE, 60, False),
        (48001, Fault.PERMISSION, None, False),
        (45035, Fault.AUTH, None, False),
        (61004, Fault.AUTH, None, False),
        (100002, Fault.BUSINESS, None, False),
        (100003, Fault.TRANSIENT, None, True),
        (101100, Fault.BUSINESS, None, False),
        (108009, Fault.BUSINESS, None, False),
        (109001, Fault.BUSINESS, None, False),
        (606034, Fault.BUSINESS, None, False),
        (606041, Fault.BUSINESS, None, False),
        (6060453, Fault.BUSINESS, None, False),
        (10020276, Fault.BUSINESS, None, False),
        (77, Fault.UNKNOWN, None, True),
    ],
)
def test_an_errcode_has_a_class(code: int, fault: Fault, wait: float | None, doubt: bool) -> None:
    failed = failure({"errcode": code, "errmsg": "m"}, NOON, writes=True)
    assert (failed.fault, failed.wait_s, failed.in_doubt) == (fault, wait, doubt)
