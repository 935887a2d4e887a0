"""The books: what a platform lists by creation is here, or somebody hears of it."""

from dataclasses import replace

import pytest

from core.errors import Problem
from core.orders.intake import take_in_all
from core.orders.policy import ShopPolicy
from core.ports import CallFailed, Fault
from core.ports import Sender as From
from core.sync import Engine, Shop, health
from core.sync.pull import pull
from core.sync.reconcile import HOUR_MS, Books, books, differences, reconcile
from tests.core.orders.warehouse import NOON, TAOBAO, column, one, order, the_order
from tests.core.sync.outside import MemoryShop

DAY_AGO = NOON - 24 * HOUR_MS


@pytest.fixture
def channel(store):
    return MemoryShop(store.clock.now, page=50)


@pytest.fixture
def shop(channel):
    return Shop("tb", channel, TAOBAO)


def made(number, hours, **more):
    """An order created and last changed that many hours before noon."""
    at = NOON - int(hours * HOUR_MS)
    return replace(order(number), created_at=at, modified_at=at, **more)


def settle(store, shop):
    pull(store, shop)
    while store.read.all("SELECT 1 FROM pull_gaps"):
        pull(store, shop)


def alerts(store):
    return {
        row["subject"]: row["what"]
        for row in store.read.all(
            "SELECT subject, what FROM alerts WHERE rule = 'reconcile_gap' AND over_at IS NULL"
        )
    }


def test_books_that_agree_say_so_for_each_hour(store, shop, channel):
    channel.put(*(made(f"T{i:03d}", 2 + i / 30) for i in range(60)))
    settle(store, shop)
    found = [hour for hour in reconcile(store, shop) if hour.platform]
    assert [(h.platform, h.here, h.unexplained) for h in found] == [
        (29, 29, 0),
        (30, 30, 0),
        (1, 1, 0),
    ]
    assert books(store.read, 1, DAY_AGO) == Books(NOON, 60, 60, 0, 0, 0)
    assert alerts(store) == {}
    assert health.shops(store.read)[1].books == health.Checked(NOON, 60, 60, 0)


def test_an_order_on_the_full_hour_counts_once(store, shop, channel):
    channel.put(made("T1", 3))
    settle(store, shop)
    assert sum(hour.platform for hour in reconcile(store, shop)) == 1


def test_a_missing_order_is_fetched_and_named(store, shop, channel):
    settle(store, shop)
    channel.put(made("LOST", 5))  # behind the cursor: no pull will ever list it
    pull(store, shop)
    assert the_order(store, "LOST") is None
    found = [hour for hour in reconcile(store, shop) if hour.differences]
    assert [hour.differences for hour in found] == [{"LOST": "brought"}]
    assert the_order(store, "LOST")["stage"] == "ready"
    assert differences(store.read, 1, DAY_AGO) == [("LOST", "brought", found[0].start)]
    assert alerts(store) == {}
    again = [hour for hour in reconcile(store, shop) if hour.platform]
    assert [(hour.platform, hour.here, hour.differences) for hour in again] == [(1, 1, {})]
    assert differences(store.read, 1, DAY_AGO)  # still told


def test_what_the_shop_will_not_tell_is_an_alert_until_it_does(store, shop, channel):
    settle(store, shop)
    channel.put(made("LOST", 5))
    channel.unreadable["LOST"] = CallFailed(Fault.BUSINESS, "isv.gone")
    reconcile(store, shop)
    assert "LOST" in alerts(store)["tb"]
    assert books(store.read, 1, DAY_AGO).unexplained == 1
    channel.unreadable.clear()
    reconcile(store, shop)
    assert (alerts(store), books(store.read, 1, DAY_AGO).unexplained) == ({}, 0)


def test_what_was_shipped_before_us_is_explained_and_asked_once(store, shop, channel):
    settle(store, shop)
    channel.put(made("PAST", 5, status="TRADE_FINISHED"))
    asked = []
    real = channel.detail
    channel.detail = lambda number: (asked.append(number), real(number))[1]
    for _ in range(2):
        hour = next(hour for hour in reconcile(store, shop) if hour.platform)
        assert (hour.differences, hour.unexplained) == ({"PAST": "not_ours"}, 0)
    assert asked == ["PAST"]
    assert alerts(store) == {}


def test_an_order_only_here_is_named_when_the_platform_denies_it(store, shop, channel):
    channel.put(made("T1", 3), made("T2", 3))
    settle(store, shop)
    channel.unlisted |= {"T1", "T2"}
    channel.unreadable["T2"] = CallFailed(Fault.BUSINESS, "isv.trade-not-exist")
    found = next(hour for hour in reconcile(store, shop) if hour.differences)
    assert found.differences == {"T2": "extra"}
    assert "T2" in alerts(store)["tb"]


def test_a_cancelled_order_that_the_platform_forgot_is_no_difference(store, shop, channel):
    channel.put(made("GONE", 3), made("HERE", 3))
    settle(store, shop)
    closed = replace(channel.orders["GONE"], status="TRADE_CLOSED", modified_at=NOON - HOUR_MS)
    take_in_all(store, shop.policy, [closed])
    channel.unlisted.add("GONE")
    channel.unreadable["GONE"] = CallFailed(Fault.BUSINESS, "isv.trade-not-exist")
    assert [hour.differences for hour in reconcile(store, shop) if hour.platform] == [{}]
    assert alerts(store) == {}


def test_two_shops_with_the_same_number_are_told_apart(store, channel, shop):
    channel.put(made("T1", 3))
    settle(store, shop)
    other = MemoryShop(store.clock.now)
    pdd = Shop("pdd", other, ShopPolicy(shop_id=2, channel="taobao", tier="standard"))
    settle(store, pdd)
    other.put(made("T1", 3, lines=tuple(replace(x, sub_number="x") for x in order().lines)))
    found = next(hour for hour in reconcile(store, pdd) if hour.platform)
    assert found.differences == {"T1": "brought"}


def test_nothing_is_compared_while_the_past_is_being_read(store, shop, channel):
    with pytest.raises(Problem) as refused:
        reconcile(store, shop)
    assert refused.value.message.id == "reconcile.not_yet"
    channel.rules = replace(channel.rules, span_s=1800)
    pull(store, shop, most_windows=3)
    with pytest.raises(Problem):
        reconcile(store, shop)


def test_a_check_that_breaks_off_goes_on_where_it_stopped(store, shop, channel):
    settle(store, shop)
    channel.page_fails.extend([None] * 30 + [CallFailed(Fault.RATE, "7", wait_s=5)])
    with pytest.raises(CallFailed):
        reconcile(store, shop, started=NOON)
    assert column(store, "SELECT count(*) FROM reconciled") == [30]
    assert len(reconcile(store, shop, started=NOON)) == 42


def test_the_night_that_was_slept_through_is_caught_up(store, shop, channel):
    """The engine's own job: planned first, due at night, done when the program is back."""
    settle(store, shop)
    engine = Engine(store, {1: shop}, None, From(name="仓", phone="1"))
    engine._check(shop)
    night = one(store, "SELECT due_at FROM due_jobs")["due_at"]
    assert night == NOON + 15 * HOUR_MS + 600_000  # 03:10
    engine._check(shop)
    assert column(store, "SELECT count(*) FROM reconciled") == [0]
    store.clock.advance(40 * 3600)
    settle(store, shop)
    engine._check(shop)
    assert column(store, "SELECT count(*) FROM reconciled") == [72]
    assert one(store, "SELECT due_at FROM due_jobs")["due_at"] == night + 48 * HOUR_MS


def test_a_check_that_is_banned_waits_and_leaves_its_night_due(store, shop, channel):
    settle(store, shop)
    engine = Engine(store, {1: shop}, None, From(name="仓", phone="1"))
    engine._check(shop)
    store.clock.advance(20 * 3600)
    settle(store, shop)
    channel.page_fails.append(CallFailed(Fault.RATE, "7", wait_s=600))
    engine._check(shop)
    engine._check(shop)
    assert column(store, "SELECT count(*) FROM reconciled") == [0]
    store.clock.advance(601)
    engine._check(shop)
    assert column(store, "SELECT count(*) FROM reconciled") == [72]


def test_a_shop_that_cannot_list_by_creation_is_left_alone(store):
    class Plain:
        rules = MemoryShop(store.clock.now).rules

    with pytest.raises(Problem) as refused:
        reconcile(store, Shop("tb", Plain(), TAOBAO))
    assert refused.value.message.id == "reconcile.cannot"
