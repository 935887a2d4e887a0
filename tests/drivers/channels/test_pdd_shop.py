"""What only Pinduoduo does: its signatures, windows, ciphers, gifts, holds, codes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from core.orders.values import value_map
from core.ports import Fault, Receiver
from core.text import is_masked
from drivers.channels.access import Tokens
from drivers.channels.pdd import CARRIERS, PddShop
from drivers.channels.pdd_order import in_clear
from drivers.channels.pop import REFRESH, failure
from drivers.simulated.deals import SimLine
from drivers.simulated.pop import COMPANIES, signed
from tests.drivers.channels.kinds import PDD
from tests.drivers.channels.shopkit import (
    NOON,
    TWO,
    Floor,
    listed,
    opened,
    parcel,
    refused,
    vectors,
)


@pytest.fixture
def floor() -> Iterator[Floor]:
    with opened(PDD) as floor:
        yield floor


@pytest.mark.parametrize("vector", vectors("pdd"))
def test_the_simulated_platform_signs_by_itself(vector: dict[str, Any]) -> None:
    sent = vector.get("wire_params", vector["params"])
    assert signed(sent, vector["secret"]) == vector["expected_sign"]


# --- listing ------------------------------------------------------------------------------------


def test_pages_are_read_from_the_last_to_the_first(floor: Floor) -> None:
    floor.place(12)
    assert [len(page) for page in floor.shop().changes(NOON, NOON + 1000)] == [2, 5, 5]


def test_deposits_are_listed_too(floor: Floor) -> None:
    deposit = {"trade_type": 1, "step_order_info": {"step_trade_status": 1}}
    numbers = [*floor.place(), *floor.place(more=deposit)]
    assert set(listed(floor.shop())) == set(numbers)


def test_a_group_is_told_once_it_has_formed(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.hold(number, "team_buy_hold")
    assert listed(shop) == []
    floor.server.hold(number, "team_buy_hold", on=False)
    assert listed(shop) == [number]


def test_no_window_is_wider_than_the_platform_allows(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.rules = type(shop.rules)(span_s=3600)
    failed = refused(lambda: listed(shop, NOON - 3_600_000, NOON + 1000))
    assert (failed.fault, failed.code) == (Fault.UNKNOWN, "30001")
    assert PddShop.rules.span_s + 2 <= 1800  # both ends are widened to whole seconds
    assert PddShop.rules.delay_s > 180
    del shop.rules
    assert listed(shop, NOON - 3_600_001, NOON + 999) == [number]


# --- the order ----------------------------------------------------------------------------------


def test_people_are_shown_masked_and_their_ciphers_kept(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    receiver = shop.detail(number).receiver
    assert receiver.name == "张**" and receiver.phone == "138****1234"
    assert receiver.district == "余杭区" and is_masked(receiver.address)
    address, _, kept = receiver.cipher_ref.partition(" ")
    assert address.startswith("address:A")
    ciphers = json.loads(kept)
    assert set(ciphers) == {"name", "phone", "address"} and all(ciphers.values())


def test_people_are_told_masked_after_the_ciphers_are_gone(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    before = shop.detail(number).receiver
    shop.ship(parcel(number))
    after = shop.detail(number).receiver
    assert after.cipher_ref == "" and after != Receiver()
    assert (after.name, after.phone, after.address) == (before.name, before.phone, before.address)


def test_a_number_that_forwards_is_told_with_its_extension(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.forwards = True
    clear = shop.reveal(number, shop.detail(number).receiver)
    assert (clear.name, clear.phone) == ("张小明", "18400913965-7576")


def test_a_receiver_not_told_is_told_why() -> None:
    hidden = {"phone": "$a$1$"}
    row = {"encrypted_data": "$a$1$", "error_code": 9, "error_msg": "店铺无解密权限"}
    failed = refused(lambda: in_clear(Receiver(), hidden, [row]))
    assert (failed.fault, failed.code, failed.text) == (Fault.BUSINESS, "9", "店铺无解密权限")


def test_gifts_are_lines_of_the_order(floor: Floor) -> None:
    tea, card = SimLine(sku="TEA-1", price_cents=990), SimLine(sku="CARD", gift=True)
    (number,) = floor.place(lines=(tea, tea, card))
    lines = floor.shop().detail(number).lines
    assert [(x.sku, x.gift, x.price_cents) for x in lines] == [
        ("TEA-1", False, 990),
        ("TEA-1", False, 990),
        ("CARD", True, 0),
    ]
    assert len({x.sub_number for x in lines}) == 3


def test_gifts_that_ship_by_themselves_are_in_no_other_parcel(floor: Floor) -> None:
    (number,), shop = floor.place(lines=(TWO[0], SimLine(sku="CARD", gift=True))), floor.shop()
    assert shop.detail(number).flags == ()
    floor.server.delay_gifts(number)
    assert shop.detail(number).flags == ("gift_pending",)
    floor.clock.advance(60)
    before, apart = shop.detail(number), floor.server.part_gifts(number)
    told = shop.detail(number)
    assert ([line.sku for line in told.lines], told.flags) == (["TEA-1"], ())
    assert told.modified_at == before.modified_at  # nothing says that it changed
    assert [line.sku for line in shop.detail(apart).lines] == ["CARD"]
    assert apart in listed(shop)


def test_a_gift_nobody_knows_how_to_ship_holds(floor: Floor) -> None:
    (number,) = floor.place(
        lines=(TWO[0], SimLine(sku="CARD", gift=True)), more={"gift_order_status": 7}
    )
    assert floor.shop().detail(number).flags == ("gift_pending",)


def test_carriers_the_buyer_does_not_want_stand_in_the_note(floor: Floor) -> None:
    (number,) = floor.place(
        buyer_note="轻放", more={"express_memos": [{"scene": 1, "tag": "不使用圆通"}]}
    )
    assert floor.shop().detail(number).buyer_note == "轻放 | 不使用圆通"


def test_a_deadline_and_shipping_the_same_day(floor: Floor) -> None:
    (number,) = floor.place(ship_by=NOON + 3_600_000, promise="当日发货")
    order = floor.shop().detail(number)
    assert (order.ship_by, order.tier) == (NOON + 3_600_000, "same_day")


@pytest.mark.parametrize(
    ("more", "flag"),
    [
        ({"risk_control_status": 1}, "risk_control"),
        ({"group_status": 0}, "team_buy_hold"),
        ({"confirm_status": 2}, "not_confirmed"),
        ({"step_order_info": {"step_trade_status": 1}}, "step_unpaid"),
        ({"step_order_info": {"step_trade_status": 7}}, "step_unpaid"),
        ({"trade_type": 1}, "step_unpaid"),
        ({"is_stock_out": 1, "stock_out_handle_status": 0}, "stock_out"),
        ({"self_contained": 1}, "self_pick_up"),
        ({"order_tag_list": [{"name": "quality_check_order", "value": 1}]}, "quality_check_order"),
        (
            {"order_tag_list": [{"name": "ship_additional_order", "value": 1}]},
            "ship_additional_order",
        ),
        ({"pay_amount": "1.005"}, "unreadable"),
        ({"item_list": None}, "unreadable"),
        ({"created_time": "soon"}, "unreadable"),
    ],
)
def test_what_stops_an_order_is_a_flag(floor: Floor, more: dict[str, Any], flag: str) -> None:
    (number,) = floor.place(more=more)
    assert floor.shop().detail(number).flags == (flag,)


def test_a_deposit_whose_rest_is_paid_goes(floor: Floor) -> None:
    more = {"trade_type": 1, "step_order_info": {"step_trade_status": 2}}
    (number,) = floor.place(more=more)
    assert floor.shop().detail(number).flags == ()


def test_risk_control_comes_and_goes(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.hold(number, "risk")
    told = shop.detail(number)
    assert told.flags == ("risk_control",) and told.receiver.cipher_ref == ""
    assert refused(lambda: shop.ship(parcel(number))).code == "30003"
    floor.server.hold(number, "risk", on=False)
    assert shop.detail(number).flags == ()


def test_a_pause_comes_and_goes(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.hold(number, "ship_hold")
    assert shop.detail(number).flags == ("ship_hold",)
    floor.server.hold(number, "ship_hold", on=False)
    assert shop.detail(number).flags == ()


@pytest.mark.parametrize(
    ("word", "ours"),
    [(1, "none"), (2, "open"), (3, "open"), (4, "refunded"), (9, "unknown"), (None, "unknown")],
)
def test_a_refund_word_in_ours(floor: Floor, word: int | None, ours: str) -> None:
    (number,) = floor.place(lines=TWO, more={"refund_status": word})
    order = floor.shop().detail(number)
    assert {value_map("pdd").refund_of(line.refund) for line in order.lines} == {ours}


# --- tokens and shipping ------------------------------------------------------------------------


def test_tokens_are_kept_before_they_are_used(floor: Floor) -> None:
    (number,), kept = floor.place(), list[Tokens]()
    floor.server.expire()
    assert floor.shop(save_tokens=kept.append).detail(number).number == number
    assert kept == [Tokens("s1", "f1")] and floor.server.count(REFRESH) == 1
    assert kept[0].expires_at == NOON + 86_400_000


def test_a_waybill_is_never_overwritten(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.ship(parcel(number, waybill="SOMEONE-ELSES"))
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.fault, failed.code, failed.in_doubt) == (Fault.BUSINESS, "30002", False)
    assert [x.waybill for x in shop.shipped(number)] == ["SOMEONE-ELSES"]


def test_a_part_of_an_order_needs_a_person(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    first = shop.detail(number).lines[0].sub_number
    failed = refused(lambda: shop.ship(parcel(number, first)))
    assert (failed.fault, failed.code) == (Fault.PERMISSION, "whole_orders")


def test_further_parcels_of_an_order_are_told(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.ship(parcel(number))
    floor.server.touch(number, extra_delivery_list=[{"tracking_number": "ZT0000002"}])
    assert [x.waybill for x in shop.shipped(number)] == ["ZT0000001", "ZT0000002"]


def test_every_carrier_of_ours_is_one_of_theirs() -> None:
    assert set(CARRIERS.values()) == COMPANIES


# --- what no means ------------------------------------------------------------------------------


def error(code: int, sub: str = "", said: str = "") -> dict[str, Any]:
    return {"error_code": code, "error_msg": "msg", "sub_code": sub, "sub_msg": said}


@pytest.mark.parametrize(
    ("told", "fault", "code", "doubt"),
    [
        ({"error_code": 10001, "error_msg": "公共参数错误:timestamp"}, Fault.CLOCK, "10001", False),
        ({"error_code": 10001, "error_msg": "公共参数错误:type"}, Fault.PERMISSION, "10001", False),
        (error(10014), Fault.AUTH, "10014", False),
        (error(10019), Fault.AUTH, "10019", False),
        (error(10035), Fault.AUTH, "10035", False),
        (error(20004), Fault.AUTH, "20004", False),
        (error(20005), Fault.AUTH, "20005", False),
        (error(20031), Fault.PERMISSION, "20031", False),
        (error(50000), Fault.TRANSIENT, "50000", True),
        (error(52102), Fault.TRANSIENT, "52102", True),
        (error(52101), Fault.RATE, "52101", False),
        (error(70031), Fault.RATE, "70031", False),
        (error(70034), Fault.AUTH, "70034", False),
        (error(50001, "30002", "订单已发货"), Fault.BUSINESS, "30002", False),
        (error(50001, "1", "系统繁忙"), Fault.TRANSIENT, "1", True),
        (error(12345, "9"), Fault.UNKNOWN, "12345 9", True),
        ({}, Fault.UNKNOWN, "", True),
    ],
)
def test_an_error_has_a_class(told: dict[str, Any], fault: Fault, code: str, doubt: bool) -> None:
    failed = failure(told, writes=True)
    assert (failed.fault, failed.code, failed.in_doubt) == (fault, code, doubt)


@pytest.mark.parametrize(
    ("code", "fault", "wait_s"),
    [
        ("70032", Fault.AUTH, None),
        ("70035", Fault.AUTH, None),
        ("70036", Fault.RATE, None),
        ("70031", Fault.RATE, 10.0),
    ],
)
def test_a_gateway_that_lets_nobody_in_says_why(
    floor: Floor, code: str, fault: Fault, wait_s: float | None
) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": "*", "do": f"code {code}", "times": 9}])
    shop._pop._access.line.leave()  # a ban is not waited out
    failed = refused(lambda: shop.detail(number))
    assert (failed.fault, failed.code, failed.wait_s) == (fault, code, wait_s)


def test_a_question_refused_is_the_orders_fault_only_when_it_is_not_there() -> None:
    assert failure(error(50001, "20001", "订单不存在")).fault is Fault.BUSINESS
    assert failure(error(50001, "77", "新的限制")).fault is Fault.UNKNOWN
    assert failure(error(50001, "77", "业务服务错误")).fault is Fault.TRANSIENT
