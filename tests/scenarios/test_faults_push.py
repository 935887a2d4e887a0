"""Faults 40 and 41, of shops that push: a hint comes sooner and is never truer."""

from importlib import import_module

import pytest

from core.sync import hints
from drivers.simulated.pushing import forged, respaced
from tests.core.orders.warehouse import (
    column,
)


@pytest.fixture(params=["douyin", "shopify", "woocommerce"])
def pusher(request, street):
    """A shop whose platform pushes to our door."""
    stall = street.open(request.param)
    stall.ring()
    return stall


def effects(stall):
    """Everything that became of orders: what came in, and each event of it."""
    kinds = column(stall.street.store, "SELECT kind FROM events ORDER BY id")
    return stall.numbers(), kinds.count("received"), kinds.count("changed")


def test_s40_a_message_five_times_and_out_of_order_has_one_effect(pusher):
    number = pusher.buy()
    first = pusher.server.message(number, "m1")
    second = pusher.server.message(number, "m2")
    assert pusher.server.push(second, first, second, first, second) == [200] * 5
    assert pusher.numbers() == []  # a hint is no order
    pusher.hints()
    assert effects(pusher) == ([number], 1, 0)
    pusher.server.push(first, second)
    assert pusher.hints() == 0  # known: the platform is not asked again
    pusher.follow()
    assert effects(pusher) == ([number], 1, 0)


def test_s40_a_change_that_is_pushed_is_there_before_any_poll(pusher):
    number = pusher.buy()
    pusher.server.push(pusher.server.message(number, "m1"))
    pusher.hints()
    pusher.street.clock.advance(2)
    pusher.server.change_address(number, "文二路2号")
    pusher.server.push(pusher.server.message(number, "m2"))
    pusher.hints()
    assert effects(pusher) == ([number], 1, 1)


@pytest.mark.parametrize("spoilt", [forged, respaced])
def test_s40_a_signature_over_other_bytes_is_refused_and_counted(pusher, spoilt):
    number = pusher.buy()
    message = pusher.server.message(number, "m1")
    assert pusher.server.push(spoilt(message), spoilt(message)) == [401, 401]
    assert column(pusher.street.store, "SELECT count(*) FROM hints") == [0]
    assert pusher.hints() == 0
    pusher.street.door.look()
    assert column(pusher.street.store, "SELECT refused FROM push_health") == [2]
    assert pusher.street.alerts("push_refused") == ["push_refused"]
    assert pusher.server.push(message) == [200]
    assert pusher.street.alerts("push_refused") == []


def test_s40_an_order_that_cannot_be_read_yet_is_asked_for_again_and_again(pusher):
    number = pusher.buy()
    deal = pusher.server.deals.pop(number)  # its message is faster than the platform's own copy
    pusher.server.push(pusher.server.message(number, "m1"))
    detail = import_module(f"drivers.simulated.{pusher.name}").DETAIL
    before = pusher.server.count(detail)
    for _ in range(60):
        assert pusher.hints() == 0
        pusher.street.clock.advance(1)
    assert 2 <= pusher.server.count(detail) - before <= 4  # within a minute: no hot loop
    pusher.server.deals[number] = deal
    pusher.street.clock.advance(120)
    pusher.hints()
    assert effects(pusher) == ([number], 1, 0)


def test_s40_what_cannot_be_kept_is_not_confirmed_and_comes_again(pusher, monkeypatch):
    number = pusher.buy()
    message = pusher.server.message(number, "m1")
    with monkeypatch.context() as broken:
        broken.setattr(hints, "keep_hint", no_disk)
        assert pusher.server.push(message) == [503]
    assert column(pusher.street.store, "SELECT count(*) FROM hints") == [0]
    assert pusher.server.push(message) == [200]
    pusher.hints()
    assert effects(pusher) == ([number], 1, 0)


def no_disk(*_):
    raise OSError("no space left on device")


def test_s40_a_new_webhook_of_a_site_is_tried_and_says_nothing(street):
    stall = street.open("woocommerce")
    stall.ring()
    assert stall.server.push(stall.server.ping()) == [200]
    assert column(street.store, "SELECT count(*) FROM push_health") == [0]


def test_s40_an_order_put_into_the_trash_rings_and_is_closed_at_once(street):
    stall = street.open("woocommerce")
    stall.ring()
    number = stall.buy()
    stall.follow()
    stall.server.trash(number)
    message = stall.server.message(number)
    assert message.headers["X-WC-Webhook-Topic"] == "order.deleted"
    assert stall.server.push(message) == [200]
    stall.hints()
    assert street.order(number)["stage"] == "cancelled"


@pytest.mark.parametrize("topic", ["orders/edited", "orders/risk_assessment_changed"])
def test_s40_a_topic_that_names_its_order_elsewhere_is_understood(street, topic):
    stall = street.open("shopify")
    stall.ring()
    number = stall.buy()
    assert stall.server.push(stall.server.message(number, topic=topic)) == [200]
    stall.hints()
    assert stall.numbers() == [number]
    assert street.alerts("push_unread") == []


def test_s41_with_the_door_shut_for_an_hour_polling_alone_is_complete(pusher):
    pusher.street.door.close()
    numbers = []
    for minute in range(60):
        if minute % 5 == 0:
            numbers.append(pusher.buy())
            assert pusher.server.push(pusher.server.message(numbers[-1])) == [0]
        pusher.follow(60)
    pusher.street.door.look()
    assert pusher.server.push(pusher.server.message(numbers[0])) == [200]
    pusher.hints()
    pusher.follow()
    assert effects(pusher) == (sorted(numbers), 12, 0)
