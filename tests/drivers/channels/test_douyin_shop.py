"""What only Douyin does: its signatures, keyset restart, request ids, after-sale states, codes."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.orders.values import value_map
from core.ports import Fault
from drivers.channels.access import Tokens
from drivers.channels.douyin import DouyinShop
from drivers.channels.douyin_gate import failure
from drivers.simulated.deals import SimLine
from drivers.simulated.douyin import CREATE, DETAIL, EDIT, REFRESH, SHIP, signed
from tests.drivers.channels.kinds import DOUYIN
from tests.drivers.channels.shopkit import (
    NOON,
    TWO,
    Floor,
    listed,
    lost_in_evenings,
    opened,
    parcel,
    refused,
    vectors,
)


@pytest.fixture
def floor() -> Iterator[Floor]:
    with opened(DOUYIN) as floor:
        yield floor


@pytest.mark.parametrize("vector", vectors("douyin_shop"))
def test_the_simulated_platform_signs_by_itself(vector: dict[str, Any]) -> None:
    told = {key: str(value) for key, value in vector["params"].items() if key != "param"}
    query = {**told, "sign_method": vector["algorithm"]}
    assert signed(query, vector["param_json"], vector["secret"]) == vector["expected_sign"]


@pytest.mark.parametrize("method", ["md5", "hmac-sha256"])
def test_every_way_of_signing_is_accepted(floor: Floor, method: str) -> None:
    (number,) = floor.place()
    assert floor.shop(sign_method=method).detail(number).number == number


def test_a_wrong_secret_is_refused(floor: Floor) -> None:
    failed = refused(lambda: floor.shop(app_secret="wrong").detail("1"))
    assert (failed.fault, failed.code) == (Fault.AUTH, "isv.signature-invalid")
    assert "wrong" not in str(failed)


# --- listing ------------------------------------------------------------------------------------


def page_by_page(shop: DouyinShop, start: int, end: int) -> list[str]:
    """How pages are not to be read: one after the other."""
    found, number = list[str](), 0
    while True:
        page = shop._page(start // 1000, -(-end // 1000), number, "update_time")
        found += page.numbers
        number += 1
        if len(page.numbers) < 10:
            return found


def test_the_same_evenings_lose_orders_when_read_page_by_page() -> None:
    """Proof that the evenings are hard enough for the shared test to mean something."""
    assert lost_in_evenings(DOUYIN, range(4), page_by_page)


@pytest.mark.parametrize("open_ended", [False, True])
def test_a_second_with_more_orders_than_a_page_is_read_from_its_end(
    floor: Floor, open_ended: bool
) -> None:
    floor.server.open_ended = open_ended
    first = floor.place(12)
    floor.clock.advance(1)
    second = floor.place(12)
    shop = floor.shop()
    assert sorted(set(listed(shop))) == sorted([*first, *second])


def test_a_row_without_a_number_is_no_row(floor: Floor) -> None:
    floor.place(3, more={"order_id": None})
    assert refused(lambda: listed(floor.shop())).code == "bad_rows"


# --- tokens -------------------------------------------------------------------------------------


def test_a_lost_refresh_token_is_replaced_by_the_shops_own_authorisation(floor: Floor) -> None:
    (number,), kept = floor.place(), list[Tokens]()
    shop = floor.shop(refresh_token="dead", shop_id="4463798", save_tokens=kept.append)
    floor.server.expire()
    assert shop.detail(number).number == number
    assert kept == [Tokens("s1", "f1")]
    assert (floor.server.count(REFRESH), floor.server.count(CREATE)) == (1, 1)


def test_a_token_is_renewed_before_it_ends(floor: Floor) -> None:
    (number,) = floor.place()
    shop = floor.shop()
    floor.server.expire()
    shop.detail(number)
    floor.clock.advance(7 * 86_400 - 30)
    shop.detail(number)
    assert floor.server.session == "s2" and floor.server.count(REFRESH) == 2


def test_a_first_start_without_a_token_asks_for_one(floor: Floor) -> None:
    (number,) = floor.place()
    shop = floor.shop(session="", refresh_token="", shop_id="4463798")
    assert shop.detail(number).number == number


def test_a_withdrawn_authorisation_is_the_shops_and_no_order_is(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop(shop_id="4463798")
    floor.server.revoke()
    failed = refused(lambda: shop.detail(number))
    assert (failed.fault, failed.code) == (Fault.AUTH, "dop.authorization-no-existed")
    fresh = floor.shop(session="", refresh_token="dead", shop_id="4463798")
    failed = refused(lambda: fresh.detail(number))
    assert (failed.fault, failed.code) == (Fault.AUTH, "31009")
    assert (floor.server.count(REFRESH), floor.server.count(CREATE)) == (1, 1)


# --- the order ----------------------------------------------------------------------------------


def test_a_busy_platform_is_not_the_orders_fault(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": DETAIL, "do": "busy"}])
    failed = refused(lambda: shop.detail(number))
    assert (failed.fault, failed.code) == (Fault.TRANSIENT, "20004")
    assert shop.detail(number).number == number


def case(state: int, paid: int, kind: int, line: int) -> dict[str, Any]:
    told = {"after_sale_status": state, "refund_status": paid, "after_sale_type": kind}
    return {"after_sale_info": told, "order_status": line}


@pytest.mark.parametrize(
    ("told", "word", "ours"),
    [
        (case(0, 0, 0, 2), "0", "none"),
        (case(6, 1, 2, 2), "6", "open"),
        (case(27, 1, 2, 2), "27", "open"),
        (case(28, 1, 2, 2), "28", "none"),
        (case(28, 3, 2, 2), "28/paid3", "unknown"),
        (case(12, 3, 2, 4), "12", "refunded"),
        (case(12, 3, 2, 2), "12/line2", "unknown"),
        (case(12, 3, 6, 2), "price_protection", "none"),
        (case(12, 3, 1, 3), "12", "refunded"),
        (case(99, 0, 2, 2), "99", "unknown"),
        ({"after_sale_info": None}, "MISSING", "unknown"),
    ],
)
def test_an_after_sale_state_in_ours(
    floor: Floor, told: dict[str, Any], word: str, ours: str
) -> None:
    (number,) = floor.place(lines=(SimLine(sku="A", more=told),))
    (line,) = floor.shop().detail(number).lines
    assert line.refund == word and value_map("douyin").refund_of(word) == ours


def test_a_deadline_a_promise_and_a_gift_are_told(floor: Floor) -> None:
    gift = SimLine(sku="G", gift=True)
    (number,) = floor.place(lines=(*TWO, gift), ship_by=NOON + 3_600_000, promise="次日达")
    order = floor.shop().detail(number)
    assert order.ship_by == NOON + 3_600_000 and order.tier == "next_day"
    assert [line.gift for line in order.lines] == [False, False, True]
    assert order.lines[0].sub_number == number  # the first line carries the order's number


def test_hidden_people_stay_hidden_and_printable(floor: Floor) -> None:
    (number,) = floor.place()
    receiver = floor.shop().detail(number).receiver
    assert receiver.name == "张**" and receiver.phone == "138****1234"
    assert receiver.district == "余杭区" and receiver.address == "仓前街道******"
    assert receiver.cipher_ref.startswith("address:")


@pytest.mark.parametrize("kind", [2, 4, 5])
def test_what_is_not_shipped_is_held(floor: Floor, kind: int) -> None:
    (number,) = floor.place(more={"order_type": kind})
    assert floor.shop().detail(number).flags == ("virtual_goods",)


def test_what_the_platforms_own_warehouse_ships_is_held(floor: Floor) -> None:
    cloud = {"inventory_list": [{"warehouse_type": 2}]}
    (number,) = floor.place(lines=(TWO[0], SimLine(sku="B", more=cloud)))
    assert floor.shop().detail(number).flags == ("cloud_warehouse",)


@pytest.mark.parametrize(
    "more", [{"pay_amount": "1.5"}, {"create_time": "soon"}, {"sku_order_list": None}]
)
def test_what_makes_no_sense_is_a_flag(floor: Floor, more: dict[str, Any]) -> None:
    (number,) = floor.place(more=more)
    assert floor.shop().detail(number).flags == ("unreadable",)


# --- shipping -----------------------------------------------------------------------------------


def test_the_same_request_gets_the_first_answer(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": SHIP, "do": "drop_after_commit"}])
    assert refused(lambda: shop.ship(parcel(number))).in_doubt
    shop.ship(parcel(number))  # no query between: the parcel's id alone keeps it single
    assert list(floor.server._done) == [parcel(number).reference]
    assert len(floor.server.shipments[number]) == 1


def test_a_pending_refund_is_never_overruled(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.refund(number)
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "60040")
    assert floor.server.shipments == {} and floor.server.refusals[0]["tid"] == number


def test_a_refunded_line_is_left_out_of_the_parcel(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    gone, stays = (item.number for item in floor.server.deals[number].items)
    floor.server.agree_refund(number, gone)
    shop.ship(parcel(number))
    assert floor.server.shipments[number][0]["oids"] == [stays]


def test_a_line_the_order_does_not_have_is_not_shipped(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    failed = refused(lambda: shop.ship(parcel(number, "77")))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "no_lines")


def test_a_waybill_of_another_order_is_business(floor: Floor) -> None:
    first, second = floor.place(2)
    shop = floor.shop()
    shop.ship(parcel(first))
    assert refused(lambda: shop.ship(parcel(second, reference="u2"))).code == "70022"


def test_one_parcel_of_several_gets_another_waybill(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    one, two = (item.number for item in floor.server.deals[number].items)
    shop.ship(parcel(number, one, waybill="ZT0000001", reference="u1"))
    shop.ship(parcel(number, two, waybill="ZT0000002", reference="u2"))
    shop.reship(parcel(number, two, waybill="ZT0000003"), "ZT0000002")
    told = {x.sub_number: x.waybill for x in shop.shipped(number)}
    assert told == {one: "ZT0000001", two: "ZT0000003"}


def test_a_parcel_the_order_does_not_have_is_not_replaced(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.ship(parcel(number))
    failed = refused(lambda: shop.reship(parcel(number, waybill="ZT0000003"), "ZT0000002"))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "no_pack")
    assert [x.waybill for x in shop.shipped(number)] == ["ZT0000001"]


def test_what_was_shipped_as_a_parcel_is_not_changed_as_an_order(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.ship(parcel(number))
    asked = {"order_id": number, "company_code": "yuantong", "logistics_code": "ZT0000003"}
    failed = refused(lambda: shop._gate.call("order.logisticsEdit", asked, writes=True))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "70011")


def test_a_receiver_not_told_is_told_why(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    receiver = shop.detail(number).receiver
    floor.server.touch(number, encrypt_post_tel="$encOLD$1$")
    failed = refused(lambda: shop.reveal(number, receiver))
    assert (failed.fault, failed.code, failed.text) == (
        Fault.BUSINESS,
        "300001",
        "密文与订单不匹配",
    )


@pytest.mark.parametrize(
    ("carriers", "code"), [({}, "carrier"), ({"owl": "owl"}, "60018")], ids=["ours", "theirs"]
)
def test_a_carrier_nobody_knows_needs_a_person(
    floor: Floor, carriers: dict[str, str], code: str
) -> None:
    (number,) = floor.place()
    shop = floor.shop(carriers=carriers)
    failed = refused(lambda: shop.ship(parcel(number, carrier="owl")))
    assert (failed.fault, failed.code) == (Fault.PERMISSION, code)


def said(code: int, sub: str, text: str = "") -> dict[str, Any]:
    return {"code": code, "sub_code": sub, "sub_msg": text, "msg": "msg"}


@pytest.mark.parametrize(
    ("told", "fault", "code", "doubt"),
    [
        (said(20000, "isp.service-error:70002"), Fault.TRANSIENT, "70002", True),
        (said(20000, ""), Fault.TRANSIENT, "20000", True),
        (said(50002, "isv.business-failed:8888"), Fault.TRANSIENT, "8888", True),
        (said(50002, "isv.business-failed:60110"), Fault.BUSINESS, "60110", False),
        (said(50002, "isv.business-failed:70016"), Fault.PERMISSION, "70016", False),
        (said(20001, "dop.service-error"), Fault.TRANSIENT, "dop.service-error", True),
        (said(70000, "isp.api-service-off"), Fault.PERMISSION, "isp.api-service-off", False),
        (said(50002, "isv.business-failed:9", "系统繁忙，请稍后重试"), Fault.TRANSIENT, "9", True),
        (said(50002, "isv.business-failed:70023", "请修改后重试"), Fault.BUSINESS, None, False),
        (said(30001, "dop.authorization-closed"), Fault.AUTH, None, False),
        (said(30001, "dop.app-forbidden"), Fault.AUTH, None, False),
        (said(30001, "isv.app-permissions-insufficient"), Fault.PERMISSION, None, False),
        (said(60000, "isv.traffic-limited", "请求太频繁，请稍后重试"), Fault.RATE, None, False),
        (said(40003, "isv.access-token-expired"), Fault.AUTH, None, False),
        (said(40003, "isv.signature-invalid"), Fault.AUTH, None, False),
        (said(40003, "isv.timestamp-invalid"), Fault.CLOCK, None, False),
        (said(30002, "isv.ip"), Fault.AUTH, "isv.ip", False),
        (said(40005, "isv.api-traffic-limit"), Fault.RATE, None, False),
        (said(50002, "x", "调用过于频繁"), Fault.RATE, "x", False),
        (said(40004, "isv.parameter-invalid"), Fault.PERMISSION, None, False),
        (said(40004, "isv.parameter-invalid:60033"), Fault.BUSINESS, "60033", False),
        (said(12345, ""), Fault.UNKNOWN, "12345", True),
        ({}, Fault.UNKNOWN, "", True),
    ],
)
def test_an_answer_without_success_has_a_class(
    told: dict[str, Any], fault: Fault, code: str | None, doubt: bool
) -> None:
    failed = failure(told, writes=True)
    assert (failed.fault, failed.in_doubt) == (fault, doubt)
    assert code is None or failed.code == code


@pytest.mark.parametrize(
    ("method", "number", "fault"),
    [
        (DETAIL, "20004", Fault.TRANSIENT),
        (DETAIL, "20045", Fault.TRANSIENT),
        (DETAIL, "20015", Fault.BUSINESS),
        (SHIP, "70011", Fault.TRANSIENT),
        (SHIP, "20045", Fault.BUSINESS),
        (EDIT, "70011", Fault.BUSINESS),
        (REFRESH, "31012", Fault.TRANSIENT),
        (REFRESH, "31006", Fault.AUTH),
        (CREATE, "4", Fault.AUTH),
    ],
)
def test_a_number_means_something_for_a_method(method: str, number: str, fault: Fault) -> None:
    assert failure(said(50002, f"isv.business-failed:{number}"), method).fault is fault
