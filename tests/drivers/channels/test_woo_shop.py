"""What only WooCommerce does: its dates, its notes, its refunds without lines, its names."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest

from core.clock import SetClock
from core.orders.values import value_map
from core.ports import Fault
from drivers.channels.woocommerce import WooShop, _Window
from drivers.simulated.deals import SimLine
from drivers.simulated.woocommerce import COMPLETE, LISTING
from tests.drivers.channels.kinds import WOO
from tests.drivers.channels.shopkit import (
    NOON,
    TWO,
    Floor,
    forwards,
    listed,
    lost_in_evenings,
    opened,
    parcel,
    refused,
)


@pytest.fixture
def floor() -> Iterator[Floor]:
    with opened(WOO) as floor:
        yield floor


# --- listing ------------------------------------------------------------------------------------


def test_dates_are_in_gmt_wherever_the_site_and_the_station_are(floor: Floor) -> None:
    numbers = floor.place(2)
    shop = floor.shop(SetClock(NOON, zone=UTC))
    assert listed(shop) == numbers
    assert shop.detail(numbers[0]).created_at == NOON


def read_forwards(shop: WooShop, start: int, end: int) -> list[str]:
    return forwards(_Window(shop, start, end, 10))


def test_the_same_evenings_lose_orders_when_read_forwards() -> None:
    """Proof that the evenings are hard enough for the shared test to mean something."""
    assert lost_in_evenings(WOO, (1, 4, 7), read_forwards)


def test_a_page_without_totals_is_no_page(floor: Floor) -> None:
    floor.place(2)
    floor.server.script([{"at": f"{LISTING}#2", "do": "empty"}])
    assert refused(lambda: listed(floor.shop())).code == "no_total"


def test_an_order_in_the_trash_is_listed_as_changed_and_told_as_closed(floor: Floor) -> None:
    number, other = floor.place(2)
    floor.clock.advance(600)
    floor.server.trash(number)
    shop, now = floor.shop(), floor.clock.now()
    assert listed(shop, now - 60_000, now + 60_000) == [number]
    status = shop.detail(number).status
    assert (status, value_map("woocommerce").order_status[status]) == ("trash", "closed")
    assert [x for page in shop.created(NOON, NOON + 1000) for x in page] == [other]
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "status")
    floor.clock.advance(600)
    floor.server.trash(number, on=False)
    assert listed(shop, now + 540_000, now + 660_000) == [number]
    assert shop.detail(number).status == "processing"


# --- the order ----------------------------------------------------------------------------------


def test_an_order_paid_back_in_part_has_fewer_pieces(floor: Floor) -> None:
    (number,) = floor.place(lines=(SimLine(sku="A", quantity=3), SimLine(sku="B")))
    first, second = (item.number for item in floor.server.deals[number].items)
    floor.server.pay_back(number, {first: 1})
    floor.server.pay_back(number, {first: 1, second: 1})
    lines = floor.shop().detail(number).lines
    assert [(line.quantity, line.refund) for line in lines] == [(1, "none"), (1, "refunded")]


def test_a_bare_amount_paid_back_is_for_a_person(floor: Floor) -> None:
    (number,) = floor.place(lines=TWO)
    floor.server.pay_back(number, {})
    lines = floor.shop().detail(number).lines
    assert {value_map("woocommerce").refund_of(line.refund) for line in lines} == {"unknown"}


def test_the_receiver_is_written_as_he_is_called(floor: Floor) -> None:
    (number,) = floor.place()
    order = floor.shop().detail(number)
    assert order.receiver.name == "张小明" and order.receiver.province == "浙江省"
    assert order.receiver.address == "余杭区仓前街道文一西路969号3幢 310000"
    assert order.buyer_key == "buyer@example.com"


@pytest.mark.parametrize(
    ("more", "name", "province"),
    [
        (
            {"shipping.first_name": "Ann", "shipping.last_name": "Lee", "shipping.state": "CA"},
            "Ann Lee",
            "CA",
        ),
        ({"shipping.address_1": "", "billing.state": "CN20"}, "张小明", "广东省"),
        ({"shipping.state": "CN99"}, "张小明", "CN99"),
    ],
)
def test_other_receivers(floor: Floor, more: dict[str, Any], name: str, province: str) -> None:
    (number,) = floor.place(more=more)
    receiver = floor.shop().detail(number).receiver
    assert (receiver.name, receiver.province) == (name, province)


def test_a_price_by_division_is_rounded_and_a_promise_read(floor: Floor) -> None:
    line = SimLine(sku="A", quantity=3, more={"price": 3.3333333333})
    (number,) = floor.place(lines=(line,), promise="Next day delivery")
    order = floor.shop().detail(number)
    assert order.lines[0].price_cents == 333 and order.tier == "next_day" and not order.flags


# --- shipping -----------------------------------------------------------------------------------


def test_the_customer_reads_the_number_once_and_the_order_is_completed(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    shop.ship(parcel(number))
    (note,) = floor.server.notes[number]
    assert note["customer_note"] is True
    assert note["note"].startswith("Shipped with ZTO Express, tracking number ZT0000001. Parcel ")
    assert shop.detail(number).status == "completed"


@pytest.mark.parametrize("kind", ["drop", "drop_after_commit", "isp"])
def test_a_half_done_report_is_finished_without_a_second_note(floor: Floor, kind: str) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": COMPLETE, "do": kind}])
    assert refused(lambda: shop.ship(parcel(number))).in_doubt
    if not shop.shipped(number):
        shop.ship(parcel(number))
    assert [x.waybill for x in shop.shipped(number)] == ["ZT0000001"]
    assert len(floor.server.notes[number]) == 1
    assert shop.detail(number).status == "completed"


def test_a_parcel_with_part_of_the_lines_leaves_the_order_open(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    first, second = (line.sub_number for line in shop.detail(number).lines)
    shop.ship(parcel(number, first))
    assert shop.detail(number).status == "processing"
    shop.ship(parcel(number, second, waybill="ZT0000002", reference="p2"))
    assert shop.detail(number).status == "completed"
    known = [(parcel.sub_number, parcel.waybill) for parcel in shop.shipped(number)]
    assert known == [(first, "ZT0000001"), (second, "ZT0000002")]


def test_an_order_completed_by_hand_is_not_told_again(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.finish(number)
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "status")
    assert number not in floor.server.notes


def test_a_slow_down_names_its_seconds(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.limit = (1, 9.0)
    shop.detail(number)
    calls = floor.server.calls
    shop.detail(number)
    assert floor.clock.now() >= NOON + 9_000 and floor.server.calls == calls + 2  # not hammered
