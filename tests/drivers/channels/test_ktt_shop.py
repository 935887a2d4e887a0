"""What only Kuaituantuan does: cancelled units, stations and leaders, reports taken twice."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.orders.values import value_map
from core.ports import Fault
from drivers.channels.ktt import CARRIERS, NAMES
from drivers.simulated.deals import SimLine
from drivers.simulated.ktt import SHIP
from tests.drivers.channels.kinds import KTT
from tests.drivers.channels.shopkit import TWO, Floor, listed, opened, parcel, refused

STATION = {
    "logistics_type": 20,
    "self_pick_site_no": "S07",
    "self_pick_up_site_name": "万科站",
    "self_pick_up_address": "文一西路1号",
    "self_pick_up_contact_name": "李站长",
    "self_pick_up_contact_mobile": "13900000001",
}


@pytest.fixture
def floor() -> Iterator[Floor]:
    with opened(KTT) as floor:
        yield floor


def refunds(floor: Floor, number: str) -> list[str]:
    return [value_map("ktt").refund_of(x.refund) for x in floor.shop().detail(number).lines]


# --- what is left of a line -----------------------------------------------------------------------


def test_a_line_counts_less_what_was_cancelled(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    first, _ = shop.detail(number).lines
    assert first.quantity == 2
    floor.server.cancel_units(number, first.sub_number)
    first, second = shop.detail(number).lines
    assert (first.quantity, second.quantity) == (1, 1)
    assert refunds(floor, number) == ["none", "none"]


def test_a_line_without_a_unit_left_is_refunded_and_the_others_go(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    first, _ = shop.detail(number).lines
    floor.server.cancel_units(number, first.sub_number, 2)
    assert refunds(floor, number) == ["refunded", "none"]
    assert [x.quantity for x in shop.detail(number).lines] == [2, 1]
    shop.ship(parcel(number, shop.detail(number).lines[1].sub_number))
    assert value_map("ktt").status_of(shop.detail(number).status) == "shipped"


@pytest.mark.parametrize(
    ("more", "ours"),
    [
        ({"after_sales_status": 0}, "none"),
        ({"after_sales_status": 1}, "open"),
        ({"after_sales_status": 3}, "open"),
        ({"after_sales_status": 4}, "open"),
        ({"after_sales_status": 7}, "open"),
        ({"after_sales_status": 8}, "none"),
        ({"after_sales_status": 9}, "none"),
        ({"after_sales_status": 5}, "unknown"),
        ({"after_sales_status": None}, "unknown"),
        ({"after_sales_status": 2, "theoretical_refund_amount": 1980}, "refunded"),
        ({"after_sales_status": 2, "theoretical_refund_amount": 100}, "unknown"),
        ({"after_sales_status": 2, "theoretical_refund_amount": None}, "unknown"),
    ],
)
def test_an_after_sale_word_in_ours(floor: Floor, more: dict[str, Any], ours: str) -> None:
    (number,) = floor.place(more=more)
    assert refunds(floor, number) == [ours]


@pytest.mark.parametrize(
    ("more", "ours"),
    [
        ({"cancel_status": 1}, "closed"),
        ({"cancel_status": 2}, "unknown"),
        ({"shipping_status": 2}, "partial"),
        ({"shipping_status": 3}, "done"),
        ({"shipping_status": 8}, "unknown"),
    ],
)
def test_a_status_in_ours(floor: Floor, more: dict[str, Any], ours: str) -> None:
    (number,) = floor.place(more=more)
    assert value_map("ktt").status_of(floor.shop().detail(number).status) == ours


@pytest.mark.parametrize(
    "wrong", [{"already_cancel_number": 9}, {"cancel_status": 5}, {"goods_number": "two"}]
)
def test_a_line_that_makes_no_sense_is_a_flag(floor: Floor, wrong: dict[str, Any]) -> None:
    (number,) = floor.place(lines=(SimLine(sku="A", more=wrong),))
    assert floor.shop().detail(number).flags == ("unreadable",)


def test_gifts_travel_with_their_line(floor: Floor) -> None:
    (number,), shop = floor.place(lines=(*TWO, SimLine(sku="CARD", gift=True))), floor.shop()
    lines = shop.detail(number).lines
    assert [(x.sku, x.gift) for x in lines][2] == ("CARD", True)
    assert lines[2].sub_number.startswith(lines[0].sub_number)
    floor.server.cancel_units(number, lines[0].sub_number, 2)
    assert refunds(floor, number) == ["refunded", "none", "refunded"]


# --- leaders and stations -------------------------------------------------------------------------


def test_a_parcel_for_a_station_names_it(floor: Floor) -> None:
    (number,) = floor.place(more=STATION, seller_note="易碎")
    order = floor.shop().detail(number)
    assert order.receiver.address == "S07 万科站 文一西路1号"
    assert (order.receiver.name, order.receiver.phone) == ("张小明", "13800001234")
    assert order.receiver.province == ""
    assert order.seller_note == "易碎 | 春茶团 #12 | 李站长 13900000001"


def test_a_parcel_to_the_door_names_the_leader_who_helped(floor: Floor) -> None:
    (number,) = floor.place(more={"help_sell_nickname": "王团长", "secret_remark": "老客户"})
    order = floor.shop().detail(number)
    assert order.seller_note == "老客户 | 春茶团 #12 | @王团长"
    assert order.receiver.address == "仓前街道文一西路969号3幢"
    assert order.buyer_name == "buyer"


def test_what_the_buyer_answered_is_part_of_his_note(floor: Floor) -> None:
    answers = [{"name": "楼栋", "value": "3幢"}, {"name": "", "value": "放门口"}, {"name": "x"}]
    (number,) = floor.place(buyer_note="快点", more={"custom_item_list": answers})
    assert floor.shop().detail(number).buyer_note == "快点 | 楼栋: 3幢 | 放门口"


@pytest.mark.parametrize(
    ("more", "flags"),
    [
        ({"logistics_type": 10}, ()),
        ({"logistics_type": 30}, ()),
        ({"logistics_type": 0}, ("no_delivery",)),
        ({"logistics_type": 77}, ("no_delivery",)),
        ({"logistics_type": None}, ("no_delivery",)),
        ({"verification_status": 1}, ("picked_up",)),
    ],
)
def test_what_needs_no_parcel_is_a_flag(
    floor: Floor, more: dict[str, Any], flags: tuple[str, ...]
) -> None:
    (number,) = floor.place(more=more)
    assert floor.shop().detail(number).flags == flags


# --- shipping -----------------------------------------------------------------------------------


def test_a_parcel_with_part_of_the_lines(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    first, second = (x.sub_number for x in shop.detail(number).lines)
    shop.ship(parcel(number, first))
    assert value_map("ktt").status_of(shop.detail(number).status) == "partial"
    shop.ship(parcel(number, second, waybill="ZT0000002", carrier="sf"))
    assert {(x.sub_number, x.waybill) for x in shop.shipped(number)} == {
        (first, "ZT0000001"),
        (second, "ZT0000002"),
    }
    assert value_map("ktt").status_of(shop.detail(number).status) == "shipped"


def test_the_platform_itself_would_take_a_waybill_twice(floor: Floor) -> None:
    """Why the connector looks first: without that, a lost answer becomes two parcels."""
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": SHIP, "do": "drop_after_commit"}])
    assert refused(lambda: shop.ship(parcel(number))).in_doubt
    shop.ship(parcel(number))
    shop.ship(parcel(number))
    assert floor.server.count(SHIP) == 1
    again = {"orderSn": number, "logisticsId": "115", "waybillNo": "ZT0000001"}
    shop._pop.call(SHIP, again, writes=True)
    assert len(shop.shipped(number)) == 2


def test_lines_that_went_with_another_waybill_are_a_conflict(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    first, second = (x.sub_number for x in shop.detail(number).lines)
    shop.ship(parcel(number, first, waybill="SOMEONE-ELSES"))
    failed = refused(lambda: shop.ship(parcel(number, first, second)))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "already_shipped")
    shop.ship(parcel(number, second))
    assert len(floor.server.shipments[number]) == 2


def test_a_gift_is_not_reported_by_number(floor: Floor) -> None:
    (number,), shop = floor.place(lines=(*TWO, SimLine(sku="CARD", gift=True))), floor.shop()
    first, _, gift = (x.sub_number for x in shop.detail(number).lines)
    shop.ship(parcel(number, first, gift))
    assert floor.server.shipments[number][0]["oids"] == [first]
    failed = refused(lambda: shop.ship(parcel(number, gift, waybill="ZT0000002")))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "no_lines")


def test_a_line_the_order_does_not_have_is_not_shipped(floor: Floor) -> None:
    (number,) = floor.place()
    assert refused(lambda: floor.shop().ship(parcel(number, "77"))).code == "no_lines"


def test_a_no_inside_a_good_answer_is_a_refusal(floor: Floor) -> None:
    """Somebody has to be told: asked again, it would be refused again."""
    (number,), shop = floor.place(), floor.shop()
    floor.server.refund(number)
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.fault, failed.in_doubt) == (Fault.BUSINESS, False)
    assert (failed.code, failed.text) == ("30006", "订单退款中")
    failed = refused(lambda: shop.reship(parcel(number), "ZT0000009"))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "30004")


@pytest.mark.parametrize(
    ("inside", "fault", "doubt"),
    [
        ({"success": False, "error_code": 7, "error_msg": "订单已取消"}, Fault.BUSINESS, False),
        ({"success": False, "error_code": 7, "error_msg": None}, Fault.BUSINESS, False),
        ({"success": False, "error_msg": "系统繁忙，请稍后重试"}, Fault.TRANSIENT, True),
        ({"success": False, "error_code": 0, "result": None}, Fault.TRANSIENT, True),
        ({"result": None}, Fault.TRANSIENT, True),
    ],
)
def test_an_answer_that_does_not_say_yes(
    floor: Floor, inside: dict[str, Any], fault: Fault, doubt: bool
) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server._shipping = lambda form: inside
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.fault, failed.in_doubt) == (fault, doubt)


def test_the_carrier_is_told_by_name_too(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.ship(parcel(number, carrier="sf"))
    assert floor.server.shipments[number][0]["company"] == "顺丰速运"
    assert set(NAMES) == set(CARRIERS)


def test_an_order_inside_an_envelope_of_its_own_is_found(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    plain = floor.server._wire
    floor.server._wire = lambda deal: {"order_info": plain(deal)}
    assert shop.detail(number).number == number
    floor.server._wire = plain
    assert listed(shop) == [number]
