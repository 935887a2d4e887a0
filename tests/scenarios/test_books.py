"""The books of every platform, from its listing to the alert: 812 there, 812 here, 0 unexplained.

Orders come in for three hours. One shows so late in the listing of changes that no pull ever sees
it. The nightly check finds and brings it, whatever the platform.
"""

from contextlib import ExitStack

import pytest

from core.sync.reconcile import HOUR_MS, books, differences, reconcile
from drivers.simulated.shop import SimulatedTaobao
from drivers.simulated.shop_trades import text_time
from tests.core.orders.warehouse import NOON, open_store, quick_folder
from tests.scenarios.street import Street

PLATFORMS = (
    *("taobao", "jd", "pdd", "ktt", "douyin"),
    *("wechat", "kuaishou", "shopify", "woocommerce", "vendure"),
)


@pytest.fixture
def street():
    with quick_folder() as folder, ExitStack() as stack:
        store = open_store(folder / "packline.db")
        stack.callback(store.close)
        yield Street(store, stack)


def hide(stall, number):
    """The listing of changes never showed this order in time: its change lies behind the cursor."""
    server = stall.server
    if isinstance(server, SimulatedTaobao):
        server._versions[number] = [(text_time(server.now() - HOUR_MS), server.now())]
    else:
        server.deals[number].versions = [(server.now() - HOUR_MS, server.now())]


@pytest.mark.parametrize("channel", PLATFORMS[:-1])
def test_the_books_find_and_bring_what_no_pull_could_see(street, channel):
    stall = street.open(channel)
    bought = []
    for number in range(60):
        street.clock.advance(170)
        bought.append(stall.buy())
        if number == 30:
            hide(stall, bought[-1])
        if number % 10 == 9:
            stall.pull()
    street.clock.advance(40 * 60)
    stall.pull()
    lost = set(bought) - set(stall.numbers())
    assert lost == {bought[30]}
    reconcile(street.store, stall.shop)
    assert set(stall.numbers()) == set(bought)
    kept = books(street.store.read, 1, NOON - 24 * HOUR_MS)
    assert (kept.platform, kept.here, kept.brought, kept.unexplained) == (60, 59, 1, 0)
    told = differences(street.store.read, 1, NOON - 24 * HOUR_MS)
    assert [(number, kind) for number, kind, _ in told] == [(bought[30], "brought")]
    assert street.alerts("reconcile_gap") == []


@pytest.mark.parametrize("channel", PLATFORMS)
def test_what_a_platform_never_lists_is_no_difference(street, channel):
    """Unpaid orders, and those that the platform stops."""
    stall = street.open(channel)
    stall.buy(status="WAIT_BUYER_PAY")
    stall.buy()
    closed = stall.buy()
    stall.follow()
    stall.server.close(closed)
    street.clock.advance(120 * 60)
    stall.pull()
    reconcile(street.store, stall.shop)
    kept = books(street.store.read, 1, NOON - 24 * HOUR_MS)
    assert (kept.unexplained, kept.brought) == (0, 0)
    assert kept.platform >= 2


@pytest.mark.parametrize("channel", PLATFORMS)
def test_an_order_shown_later_than_anybody_waits_is_found(street, channel):
    """Forty minutes late, in every listing: the windows of its time had long been read."""
    stall = street.open(channel)
    bought = [stall.buy()]
    stall.follow(500)
    stall.server.seen_from = lambda at: at + 40 * 60_000
    late = stall.buy()
    del stall.server.seen_from
    for _ in range(12):
        bought.append(stall.buy())
        stall.follow(500)
    stall.follow(3000)
    assert set(stall.numbers()) == set(bought)
    reconcile(street.store, stall.shop)
    assert set(stall.numbers()) == {late, *bought}
    kept = books(street.store.read, 1, NOON - 24 * HOUR_MS)
    assert (kept.platform, kept.here, kept.brought, kept.unexplained) == (14, 13, 1, 0)


def test_an_order_in_the_trash_that_no_pull_saw_is_closed_by_the_books(street):
    """The shop still tells of it when asked, so that alone is no proof that it is to be shipped."""
    stall = street.open("woocommerce")
    number = stall.buy()
    stall.follow()
    stall.server.trash(number)
    hide(stall, number)
    street.clock.advance(120 * 60)
    stall.pull()
    assert street.order(number)["stage"] == "ready"
    reconcile(street.store, stall.shop)
    assert street.order(number)["stage"] == "cancelled"
    assert street.alerts("reconcile_gap") == []


def test_a_group_that_formed_hours_later_is_counted_then(street):
    stall = street.open("pdd")
    sound, late = stall.buy(), stall.buy()
    stall.server.hold(late, "team_buy_hold")
    stall.follow(2 * 3600)
    stall.server.hold(late, "team_buy_hold", on=False)
    stall.follow(2 * 3600)
    asked = stall.server.count("pdd.order.information.get")
    found = [hour for hour in reconcile(street.store, stall.shop) if hour.platform]
    assert [(hour.start - NOON, hour.platform, hour.here) for hour in found] == [
        (0, 1, 1),
        (2 * HOUR_MS, 1, 1),
    ]
    assert set(stall.numbers()) == {sound, late}
    assert stall.server.count("pdd.order.information.get") == asked  # nothing had to be looked up
