"""Pulling loses nothing: not to pages that shift, pages that fail, or a crash."""

from dataclasses import replace

import pytest

from core.orders.intake import take_in_all
from core.ports import CallFailed, Fault
from core.sync import Shop, pull
from core.sync import health as health_of
from core.sync.health import unwell
from tests.core.orders.warehouse import NOON, TAOBAO, column, line, one, order, the_order
from tests.core.sync.outside import Crash, MemoryShop


@pytest.fixture
def channel(store):
    return MemoryShop(store.clock.now)


@pytest.fixture
def shop(channel):
    return Shop("tb", channel, TAOBAO)


def at(number, minutes, *lines, **more):
    """An order last changed that many minutes before noon."""
    return replace(order(number, *lines), modified_at=NOON - minutes * 60_000, **more)


def numbers(store):
    return sorted(column(store, "SELECT platform_number FROM orders"))


def reached(store):
    row = one(store, "SELECT reached FROM cursors")
    return row and row["reached"]


def test_everything_before_the_horizon_comes_once(store, shop, channel):
    channel.put(*(at(f"T{i}", 4 + i) for i in range(7)), at("LATE", 1))
    done = pull(store, shop)
    assert (done.new, numbers(store)) == (7, [f"T{i}" for i in range(7)])
    assert reached(store) == NOON - 180_000
    store.clock.advance(300)
    assert pull(store, shop).new == 1
    assert "LATE" in numbers(store)
    assert one(store, "SELECT fresh_at FROM shop_health")["fresh_at"] == reached(store)


def test_nothing_is_asked_twice_beyond_the_overlap(store, shop, channel):
    pull(store, shop)
    first = channel.asked[-1]
    pull(store, shop)
    assert channel.asked[-1] == first  # the horizon has not moved
    store.clock.advance(600)
    pull(store, shop)
    start, end = channel.asked[-1]
    assert (start, end) == (first[1] - 60_000, first[1] + 600_000)


def test_orders_that_change_between_pages_are_followed(store, shop, channel):
    channel.put(*(at(f"T{i}", 10 + i) for i in range(6)))
    moved = iter(range(6))

    def shift():
        i = next(moved, None)
        if i is not None:
            channel.put(at(f"T{i}", 0, line("TEE", 2)))

    channel.between = shift
    pull(store, shop)
    store.clock.advance(300)
    channel.between = lambda: None
    pull(store, shop)
    assert numbers(store) == [f"T{i}" for i in range(6)]
    assert set(column(store, "SELECT pieces FROM orders WHERE platform_number < 'T3'")) == {2}


def test_a_failed_page_abandons_the_window(store, shop, channel):
    channel.put(*(at(f"T{i}", 5 + i) for i in range(5)))
    channel.page_fails.extend([None, CallFailed(Fault.TRANSIENT, "500")])
    with pytest.raises(CallFailed):
        pull(store, shop)
    assert (reached(store), numbers(store)) == (None, [])
    pull(store, shop)
    assert len(numbers(store)) == 5


def test_a_crash_before_the_cursor_is_resumed_to_the_exact_set(store, shop, channel, monkeypatch):
    """60 orders: the crash comes after the first batches are committed."""
    channel.page = 20
    channel.put(*(at(f"T{i:02d}", 5 + i) for i in range(60)))
    real, batches = take_in_all, []

    def crash(*args):
        batches.append(real(*args))
        if len(batches) == 2:
            raise Crash
        return batches[-1]

    monkeypatch.setitem(pull.__globals__, "take_in_all", crash)
    with pytest.raises(Crash):
        pull(store, shop)
    monkeypatch.undo()
    assert (len(numbers(store)), reached(store)) == (50, None)
    done = pull(store, shop)
    assert (done.new, len(numbers(store))) == (10, 60)
    assert len(set(column(store, "SELECT number FROM orders"))) == 60
    assert column(store, "SELECT count(*) FROM events WHERE kind = 'received'") == [60]


def test_windows_stay_within_the_channels_span(store, channel, shop):
    channel.rules = replace(channel.rules, span_s=1800)
    channel.put(at("OLD", 60 * 20), at("NEW", 10))
    done = pull(store, shop)
    assert done.windows > 40
    assert all(end - start <= 1_800_000 for start, end in channel.asked)
    assert numbers(store) == ["NEW", "OLD"]


def test_a_shops_clock_that_steps_back_moves_no_cursor_back(store, channel, shop):
    pull(store, shop)
    before = reached(store)
    channel.now = lambda: NOON - 3_600_000
    assert pull(store, shop).windows == 0
    assert reached(store) == before


def test_one_order_the_shop_does_not_tell_is_an_alert_not_a_jam(store, channel, shop):
    channel.put(at("A", 5), at("SECRET", 6), at("B", 7))
    channel.unreadable["SECRET"] = CallFailed(Fault.BUSINESS, "isv.not-found")
    pull(store, shop)
    assert numbers(store) == ["A", "B"]
    alert = one(store, "SELECT * FROM alerts")
    assert (alert["rule"], alert["subject"]) == ("order_unreadable", "tb SECRET")


def test_a_right_that_is_missing_for_every_order_moves_no_cursor(store, channel, shop):
    """Otherwise a revoked right would turn a day of orders into a day of alerts."""
    channel.put(at("A", 5), at("B", 6))
    denied = CallFailed(Fault.PERMISSION, "11", "insufficient permissions")
    channel.unreadable |= {"A": denied, "B": denied}
    with pytest.raises(CallFailed):
        pull(store, shop)
    assert reached(store) is None
    channel.unreadable.clear()
    pull(store, shop)
    assert numbers(store) == ["A", "B"]


@pytest.mark.parametrize("fault", [f for f in Fault if f is not Fault.BUSINESS])
def test_a_detail_that_fails_for_now_stops_the_window(store, channel, shop, fault):
    channel.put(at("A", 5), at("B", 6))
    channel.unreadable["B"] = CallFailed(fault)
    with pytest.raises(CallFailed):
        pull(store, shop)
    assert reached(store) is None
    del channel.unreadable["B"]
    pull(store, shop)
    assert numbers(store) == ["A", "B"]


def test_an_order_the_store_refuses_does_not_jam_the_shop(store, channel, shop):
    channel.put(at("A", 5), at("BAD", 6, line("TEE", 0)), at("B", 7))
    pull(store, shop)
    assert numbers(store) == ["A", "B"]
    assert column(store, "SELECT rule FROM alerts") == ["order_refused"]
    assert reached(store)


def test_a_shop_that_is_down_is_said_once_and_its_return_too(store, channel, shop):
    failure = CallFailed(Fault.AUTH, "27", "invalid session")
    for _ in range(3):
        unwell(store, 1, failure)
        store.clock.advance(60)
    sick = health_of.shops(store.read)
    assert [(s.code, s.down_since, s.fault) for s in sick] == [
        ("pdd", None, ""),
        ("tb", NOON, "auth"),
    ]
    assert column(store, "SELECT rule FROM alerts") == ["shop_refuses"]
    pull(store, shop)
    assert health_of.shops(store.read)[1].down_since is None
    assert one(store, "SELECT over_at FROM alerts")["over_at"] is not None


def test_the_detail_is_the_truth(store, channel, shop):
    channel.put(at("T1", 5, line("TEE", 3)))
    pull(store, shop)
    assert the_order(store)["pieces"] == 3
