"""What only Vendure does: a time of change that stands still, two steps to ship, its sessions."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.orders.values import value_map
from core.ports import Fault
from drivers.channels.vendure import failure
from drivers.simulated.deals import SimLine
from drivers.simulated.vendure import FULFIL, LOGIN, MOVE
from tests.drivers.channels.kinds import VENDURE
from tests.drivers.channels.shopkit import NOON, TWO, Floor, listed, opened, parcel, refused


@pytest.fixture
def floor() -> Iterator[Floor]:
    with opened(VENDURE) as floor:
        yield floor


# --- what its time of change does not tell --------------------------------------------------------


def test_an_order_shipped_by_somebody_else_is_listed_though_its_time_stands_still(
    floor: Floor,
) -> None:
    (number,), shop, other = floor.place(), floor.shop(), floor.shop()
    listed(shop)
    before = shop.detail(number)
    other.ship(parcel(number))
    floor.clock.advance(600)
    later = NOON + 500_000
    assert number in listed(shop, later, later + 60_000)
    after = shop.detail(number)
    assert (after.status, after.modified_at) == ("Shipped", before.modified_at)
    assert listed(shop, later, later + 60_000) == []  # told once


def test_an_order_that_left_before_the_start_is_looked_for_once(floor: Floor) -> None:
    (number,) = floor.place()
    floor.shop().ship(parcel(number))
    floor.clock.advance(7200)
    shop, later = floor.shop(), NOON + 7_000_000
    assert listed(shop, later, later + 60_000) == [number]
    assert listed(shop, later, later + 60_000) == [number]  # until it was read
    shop.detail(number)
    assert listed(shop, later, later + 60_000) == []


def heard(floor: Floor, shop: Any, number: str) -> bool:
    """Whether a change is heard long after the last one that moved the order's time; once."""
    floor.clock.advance(600)
    later = NOON + 500_000
    first = listed(shop, later, later + 60_000)
    shop.detail(number)
    assert listed(shop, later, later + 60_000) == []
    return first == [number]


def followed(floor: Floor, **told: Any) -> tuple[str, Any]:
    """An order and the shop that has read it."""
    (number,), shop = floor.place(lines=TWO, **told), floor.shop()
    listed(shop)
    before = shop.detail(number)
    listed(shop)
    shop.detail(number)
    assert before.status == "PaymentSettled"
    return number, shop


def test_an_order_paid_long_after_its_cart_was_filled_is_heard(floor: Floor) -> None:
    (number,), shop = floor.place(status="WAIT_BUYER_PAY"), floor.shop()
    listed(shop)
    floor.clock.advance(600)
    floor.server.pay(number)
    floor.clock.advance(60)
    assert listed(shop, NOON + 590_000, NOON + 650_000) == [number]
    order = shop.detail(number)
    assert (order.paid_at, order.modified_at) == (NOON + 600_000, NOON)


def test_money_that_goes_back_is_heard_and_again_when_it_is_settled(floor: Floor) -> None:
    number, shop = followed(floor)
    line = floor.server.deals[number].items[0].number
    floor.server.pay_back(number, line, 2)
    assert heard(floor, shop, number)
    floor.server.pay_back(number, line, 1, "Settled")
    assert [x.refund for x in shop.detail(number).lines] == ["refunded", "none"]


def test_an_address_changed_while_nobody_looked_is_heard(floor: Floor) -> None:
    number, shop = followed(floor)
    floor.clock.advance(60)
    floor.server.hold(number)
    floor.server.change_address(number, "新街1号")
    floor.server.hold(number, on=False)  # the state is what it was
    assert heard(floor, shop, number)
    order = shop.detail(number)
    assert (order.status, order.modified_at) == ("PaymentSettled", NOON + 60_000)
    assert "新街1号" in order.receiver.address


def test_a_second_parcel_of_a_partly_delivered_order_is_heard(floor: Floor) -> None:
    number, shop = followed(floor)
    other, (first, second) = floor.shop(), floor.server.deals[number].items
    other.ship(parcel(number, first.number, waybill="Z1"))
    floor.server.deliver(next(iter(floor.server.made)))
    assert shop.detail(number).status == "PartiallyShipped"  # there: PartiallyDelivered
    other.ship(parcel(number, second.number, waybill="Z2"))
    assert heard(floor, shop, number)
    assert shop.detail(number).status == "PartiallyDelivered"
    assert {x.waybill for x in shop.shipped(number)} == {"Z1", "Z2"}


def test_a_fulfilment_dates_the_order(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.clock.advance(60)
    shop.ship(parcel(number))
    assert shop.detail(number).modified_at == NOON + 60_000


def test_many_orders_of_one_second_are_listed_whole(floor: Floor) -> None:
    numbers = floor.place(23)
    shop = floor.shop(page_size=4)
    for number in listed(shop):
        shop.detail(number)
    assert sorted(listed(shop)) == sorted([*numbers, *numbers])  # as placed, and as changed


def test_carts_are_not_orders_yet(floor: Floor) -> None:
    floor.place(status="WAIT_BUYER_PAY")
    assert listed(floor.shop()) == []


# --- sessions -------------------------------------------------------------------------------------


def test_one_login_serves_until_the_session_ends(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.detail(number)
    shop.detail(number)
    assert floor.server.count(LOGIN) == 1
    floor.server.expire()
    assert shop.detail(number).number == number and floor.server.count(LOGIN) == 2


def test_a_wrong_password_is_said_so(floor: Floor) -> None:
    failed = refused(lambda: floor.shop(app_secret="wrong").detail("1"))
    assert (failed.fault, failed.code) == (Fault.AUTH, "INVALID_CREDENTIALS_ERROR")
    assert "wrong" not in str(failed)


# --- the order ------------------------------------------------------------------------------------


def back(number: str, pieces: int, state: str = "Settled") -> dict[str, Any]:
    lines = [{"orderLineId": number, "quantity": pieces}] if pieces else []
    refund = {"id": "1", "state": state, "updatedAt": "2026-01-20T04:00:00.000Z", "lines": lines}
    return {"updatedAt": "2026-01-20T04:00:00.000Z", "refunds": [refund]}


@pytest.mark.parametrize(
    ("left", "paid_back", "quantity", "ours"),
    [
        (3, None, 3, "none"),
        (2, None, 2, "none"),
        (2, (1, "Settled"), 2, "none"),
        (0, None, 3, "refunded"),
        (3, (3, "Pending"), 3, "refunded"),
        (3, (1, "Settled"), 3, "unknown"),
        (3, (0, "Settled"), 3, "unknown"),
        (3, (3, "Failed"), 3, "none"),
    ],
)
def test_pieces_cancelled_and_paid_back(
    floor: Floor, left: int, paid_back: Any, quantity: int, ours: str
) -> None:
    (number,) = floor.place(lines=(SimLine(sku="A", quantity=3, more={"quantity": left}),))
    if paid_back:
        item = floor.server.deals[number].items[0].number
        floor.server.touch(number, payments=[back(item, *paid_back)])
    (line,) = floor.shop().detail(number).lines
    assert (line.quantity, value_map("vendure").refund_of(line.refund)) == (quantity, ours)


def test_the_receiver_and_the_promise(floor: Floor) -> None:
    (number,) = floor.place(promise="Next Day")
    order = floor.shop().detail(number)
    assert order.receiver.name == order.buyer_name == "张小明" and order.tier == "next_day"
    assert order.receiver.address == "余杭区仓前街道文一西路969号3幢 310000"


@pytest.mark.parametrize(
    ("state", "ours"),
    [
        *(("Modifying", "hold"), ("PaymentAuthorized", "hold"), ("Draft", "unpaid")),
        *(("PartiallyDelivered", "partial"), ("Delivered", "done"), ("WaitingForMoon", "unknown")),
        ("ArrangingAdditionalPayment", "hold"),
    ],
)
def test_a_state_in_ours(floor: Floor, state: str, ours: str) -> None:
    (number,) = floor.place(more={"state": state})
    assert value_map("vendure").status_of(floor.shop().detail(number).status) == ours


# --- shipping -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop", "drop_after_commit", "isp", "html502_after"])
@pytest.mark.parametrize("step", [FULFIL, MOVE])
def test_a_report_broken_at_either_step_is_finished_once(
    floor: Floor, step: str, kind: str
) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    floor.server.script([{"at": step, "do": kind}])
    assert refused(lambda: shop.ship(parcel(number))).in_doubt
    if not shop.shipped(number):
        shop.ship(parcel(number))
    assert {x.waybill for x in shop.shipped(number)} == {"ZT0000001"}
    assert len(floor.server.made) == 1 and len(floor.server.shipments[number]) == 1


def test_the_carrier_is_named_for_the_customer(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.ship(parcel(number))
    assert [made["method"] for made in floor.server.made.values()] == ["ZTO Express"]
    failed = refused(lambda: shop.ship(parcel(number, carrier="owl")))
    assert (failed.fault, failed.code) == (Fault.PERMISSION, "carrier")


def test_a_parcel_that_left_is_reported_though_its_order_is_being_modified(floor: Floor) -> None:
    (number,), shop = floor.place(status="PAY_PENDING"), floor.shop()
    shop.ship(parcel(number))
    assert shop.detail(number).status == "Shipped"


@pytest.mark.parametrize(
    ("code", "fault", "doubt"),
    [
        ("FORBIDDEN", Fault.AUTH, False),
        ("INTERNAL_SERVER_ERROR", Fault.TRANSIENT, True),
        ("GRAPHQL_VALIDATION_FAILED", Fault.PERMISSION, False),
        ("ENTITY_NOT_FOUND", Fault.BUSINESS, False),
        ("NEW_TO_US", Fault.UNKNOWN, True),
    ],
)
def test_an_error_has_a_class(code: str, fault: Fault, doubt: bool) -> None:
    failed = failure({"errors": [{"message": "m", "extensions": {"code": code}}]}, 200, writes=True)
    assert (failed.fault, failed.in_doubt) == (fault, doubt)
