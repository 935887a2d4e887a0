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
    *("wechat", "kuaishou", "shopify", "woocommerce"),
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


@pytest.mark.parametrize("channel", PLATFORMS)
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
