"""Pulling loses nothing: not to pages that shift, pages that fail, or a crash."""

from contextlib import closing, suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.orders.intake import take_in_all
from core.ports import CallFailed, Fault
from core.sync import Shop
from core.sync import health as health_of
from core.sync.health import unwell
from core.sync.pull import follow as follow_up
from core.sync.pull import peek, pull
from tests.core.orders.warehouse import (
    NOON,
    TAOBAO,
    column,
    line,
    one,
    open_store,
    order,
    quick_folder,
    the_order,
)
from tests.core.sync.outside import Crash, MemoryShop


@pytest.fixture
def channel(store):
    return MemoryShop(store.clock.now)


@pytest.fixture
def shop(channel):
    return Shop("tb", channel, TAOBAO)


def at(number, minutes, *lines, **more):
    """An order last changed that many minutes before noon."""
    return replace(order(number, *lines), modified_at=NOON - int(minutes * 60_000), **more)


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
    newest = NOON - 180_000
    known = len(channel.asked)
    pull(store, shop)
    assert len(channel.asked) == known  # the horizon has not moved
    store.clock.advance(600)
    pull(store, shop)
    start, end = channel.asked[-1]
    assert (start, end) == (newest - 60_000, newest + 600_000)


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
    channel.put(*(at(f"T{i:02d}", 5 + i / 3) for i in range(60)))
    real, batches = take_in_all, []

    def crash(*args):
        batches.append(real(*args))
        if len(batches) == 2:
            raise Crash
        return batches[-1]

    monkeypatch.setitem(pull.__globals__, "take_in", crash)
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


def test_a_cursor_ahead_of_the_shops_clock_goes_back(store, channel, shop):
    """It was written under a wrong clock: what changes until then would never be seen."""
    pull(store, shop)
    channel.now = lambda: NOON - 3_600_000
    pull(store, shop)
    assert reached(store) == NOON - 3_600_000 - 180_000
    channel.put(at("T1", 30))
    channel.now = lambda: NOON
    pull(store, shop)
    assert numbers(store) == ["T1"]


def test_a_clock_years_off_moves_no_cursor(store, channel, shop):
    pull(store, shop)
    channel.now = lambda: 1_000
    pull(store, shop)
    assert reached(store) == NOON - 180_000


def test_a_past_that_this_clock_does_not_allow_is_not_hammered(store, channel, shop):
    channel.rules = replace(channel.rules, span_s=1800)
    pull(store, shop, most_windows=2)
    channel.now = lambda: 1_000
    channel.asked.clear()
    assert follow_up(store, shop).windows == 0
    assert len(channel.asked) == 1


class Late(MemoryShop):
    """A shop whose clock is heard only with its first answer."""

    off = 0

    def server_now(self):
        return self.now() + (self.off if self.asked else 0)


@pytest.mark.parametrize("off", [-660_000, 660_000])
def test_a_window_made_with_a_wrong_clock_is_made_anew(store, off):
    """With a clock 11 minutes ahead, a window would end where the shop has not been yet."""
    channel = Late(store.clock.now)
    channel.off = off
    channel.put(at("T1", 5))
    pull(store, Shop("tb", channel, TAOBAO))
    assert reached(store) == NOON + off - 180_000
    assert column(store, "SELECT max(until) FROM pull_gaps WHERE until > ?", NOON + off) == [None]
    store.clock.advance(1200)
    pull(store, Shop("tb", channel, TAOBAO))
    assert numbers(store) == ["T1"]


def follow(store, shop):
    """Pull until the past is known too."""
    pull(store, shop)
    while intervals(store):
        pull(store, shop)


# --- far behind ----------------------------------------------------------------------------------


def intervals(store):
    """What is known of the time before the cursor: the gaps."""
    return [tuple(row) for row in store.read.all("SELECT since, until FROM pull_gaps")]


def test_after_a_long_outage_new_orders_come_first(store, channel, shop):
    channel.rules = replace(channel.rules, span_s=1800)
    follow(store, shop)
    before = reached(store)
    channel.asked.clear()
    store.clock.advance(8 * 3600)
    channel.put(at("OLD", -60), at("FRESH", -470))
    pull(store, shop, most_windows=1)
    assert numbers(store) == ["FRESH"]
    horizon = NOON + 8 * 3_600_000 - 180_000
    assert reached(store) == horizon
    assert intervals(store) == [(before, horizon - 1_740_000)]  # the overlap is part of the span
    pull(store, shop)
    assert (numbers(store), intervals(store)) == (["FRESH", "OLD"], [])
    assert all(end - start <= 1_800_000 for start, end in channel.asked)


def test_it_is_said_honestly_that_the_past_is_missing(store, channel, shop):
    channel.rules = replace(channel.rules, span_s=1800)
    follow(store, shop)
    before = reached(store)
    store.clock.advance(8 * 3600)
    pull(store, shop, most_windows=3)
    fresh = one(store, "SELECT fresh_at FROM shop_health")["fresh_at"]
    assert before < fresh < reached(store) - 3_600_000
    pull(store, shop)
    assert one(store, "SELECT fresh_at FROM shop_health")["fresh_at"] == reached(store)


def test_new_orders_come_between_two_parts_of_the_past(store, channel, shop):
    channel.rules = replace(channel.rules, span_s=1800)
    follow(store, shop)
    store.clock.advance(8 * 3600)
    channel.asked.clear()
    channel.between = lambda: store.clock.advance(90)  # every window takes a minute and a half
    channel.put(*(at(f"O{i}", -i * 30 - 5) for i in range(15)))
    pull(store, shop, most_windows=12)
    newest = [end for start, end in channel.asked if end > NOON + 7.8 * 3_600_000]
    assert len(newest) >= 5


@given(st.lists(st.sampled_from(["ok", "fail", "crash", "wait", "long", "change"]), max_size=25))
@settings(max_examples=40, deadline=None)
def test_nothing_is_lost_over_outages_and_crashes(happenings):
    """Whatever happens on the way, all time before the cursor is pulled or in a gap."""
    with quick_folder() as folder, closing(open_store(folder / "p.db")) as store:
        channel = MemoryShop(store.clock.now, span_s=3600)
        shop = Shop("tb", channel, TAOBAO)
        follow_up(store, shop)  # from then on; what came more than a day before is not ours
        count = 0
        for happening in happenings:
            if happening == "wait":
                store.clock.advance(300)
            elif happening == "long":
                store.clock.advance(5 * 3600)
            elif happening == "change":
                count += 1
                channel.put(replace(order(f"T{count}"), modified_at=store.clock.now()))
            else:
                if happening != "ok":
                    bad = Crash() if happening == "crash" else CallFailed(Fault.TRANSIENT, "500")
                    channel.page_fails.extend([None, bad])
                with suppress(CallFailed, Crash):
                    pull(store, shop, most_windows=2)
        store.clock.advance(400)
        channel.page_fails.clear()
        follow(store, shop)
        assert numbers(store) == sorted(channel.orders)


def test_a_first_backfill_of_ninety_days_is_resumed_to_the_exact_set(store, channel, shop):
    channel.rules = replace(channel.rules, span_s=86_400, first_days=90)
    channel.page = 50
    channel.put(*(at(f"T{i:03d}", 5 + i * 500) for i in range(259)))
    for _ in range(4):
        channel.page_fails.extend([None] * 11 + [Crash()])
        with pytest.raises(Crash):
            pull(store, shop)
    assert 0 < len(numbers(store)) < 259
    follow(store, shop)
    assert numbers(store) == sorted(channel.orders)
    assert column(store, "SELECT count(*) FROM events WHERE kind = 'received'") == [259]


# --- too much at once ------------------------------------------------------------------------


class Capped(MemoryShop):
    """A shop that lists at most so many orders of a window."""

    cap = 10

    def changes(self, start, end):
        if len(self._listing(start, end)) > self.cap:
            self.asked.append((start, end))
            raise CallFailed(Fault.PERMISSION, "too_many")
        return super().changes(start, end)


def test_a_window_beyond_the_cap_is_halved_until_it_fits(store):
    channel = Capped(store.clock.now, page=5)
    channel.put(*(at(f"T{i:03d}", 5 + i / 60) for i in range(120)))  # one a second
    follow(store, Shop("tb", channel, TAOBAO))
    assert numbers(store) == sorted(channel.orders)


def test_halving_ends_and_says_so(store):
    channel = Capped(store.clock.now)
    channel.put(*(at(f"T{i}", 5) for i in range(11)))  # all in one second
    shop = Shop("tb", channel, TAOBAO)
    with pytest.raises(CallFailed) as failed:
        pull(store, shop)
    assert failed.value.code == "too_many"
    assert len(channel.asked) < 60


def test_windows_that_time_out_twice_are_halved_and_grow_again(store, channel, shop):
    channel.rules = replace(channel.rules, span_s=86_400)
    pull(store, shop)
    store.clock.advance(1200)
    channel.asked.clear()
    channel.page_fails.extend([CallFailed(Fault.TRANSIENT, "timeout")] * 4)
    channel.put(at("T1", -15), at("T2", -5))
    for _ in range(4):
        with pytest.raises(CallFailed):
            pull(store, shop)
    widths = [end - start - 60_000 for start, end in channel.asked]
    assert widths == [1_200_000, 1_200_000, 600_000, 600_000]
    pull(store, shop)
    assert numbers(store) == ["T1", "T2"]
    assert shop.stride.width(86_400_000) > 600_000


def test_a_full_day_of_the_past_is_read_in_parts(store, monkeypatch):
    """While a window is read, new orders wait."""
    monkeypatch.setitem(pull.__globals__, "MOST_AT_ONCE", 20)
    channel = MemoryShop(store.clock.now, page=100)
    channel.put(*(at(f"T{i:03d}", 60 + i) for i in range(100)))
    done = pull(store, Shop("tb", channel, TAOBAO))
    assert (done.new, done.windows > 5) == (100, True)


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


# --- peeking -------------------------------------------------------------------------------------


def test_a_new_order_comes_before_its_window_and_once(store, shop, channel):
    follow_up(store, shop)
    before = reached(store)
    channel.put(order("T1", modified_at=store.clock.now()))
    store.clock.advance(1)
    assert follow_up(store, shop).new == 0
    assert peek(store, shop) == 1
    assert (numbers(store), reached(store)) == (["T1"], before + 1000)
    assert peek(store, shop) == 0  # known: what changes of it is the window's
    store.clock.advance(400)
    assert (follow_up(store, shop).new, numbers(store)) == (0, ["T1"])


def test_a_peek_leaves_out_what_cannot_be_had_yet_and_tells_nobody(store, shop, channel):
    follow_up(store, shop)
    channel.put(*(order(n, modified_at=store.clock.now()) for n in ("T1", "T2")))
    channel.unreadable["T1"] = CallFailed(Fault.BUSINESS, "not_found")
    store.clock.advance(1)
    assert (peek(store, shop), numbers(store)) == (1, ["T2"])
    assert column(store, "SELECT rule FROM alerts") == []


@pytest.mark.parametrize("behind_s", [None, 1500])
def test_a_shop_that_is_behind_is_not_peeked_at(store, shop, channel, behind_s):
    if behind_s is not None:
        follow_up(store, shop)
        store.clock.advance(behind_s)
    channel.put(order("T1", modified_at=store.clock.now()))
    asked = len(channel.asked)
    assert (peek(store, shop), len(channel.asked)) == (0, asked)


def test_a_platform_whose_changes_end_in_the_past_is_peeked_at_by_what_was_made(
    store, shop, channel
):
    channel.rules = replace(channel.rules, peek_by="created")
    follow_up(store, shop)
    now = store.clock.now()
    channel.put(
        order("T1", created_at=now, modified_at=now),
        order("OLD", created_at=now - 3_600_000, modified_at=now),
    )
    store.clock.advance(1)
    asked = len(channel.asked)
    assert (peek(store, shop), numbers(store)) == (1, ["T1"])
    assert len(channel.asked) == asked
