"""Faults 1 to 15, of pulling: what pages, clocks and listings were seen to do meanwhile."""

from contextlib import suppress
from dataclasses import replace

import pytest

from core.clock import SetClock
from core.ports import CallFailed
from core.sync.pull import pull
from core.sync.reconcile import reconcile
from drivers.channels import taobao
from tests.core.orders.warehouse import (
    column,
    reasons,
)
from tests.scenarios.street import EVERY, LISTINGS, NOON, Crash


def busy_evening(stall, small):
    """Sixty orders; while pages are read, orders behind and before the reader change."""
    stall.connect(_page_size=small)
    numbers = [stall.buy() for _ in range(60)]
    stall.street.clock.advance(200)
    turn = iter(numbers * 2)
    stall.server.between_pages = lambda: stall.server.memo(next(turn), "changed")
    stall.pull()
    stall.server.between_pages = None
    stall.follow()
    stall.follow()
    assert stall.numbers() == sorted(numbers)
    notes = column(stall.street.store, "SELECT platform_number FROM orders WHERE seller_note <> ''")
    return set(notes), set(numbers)


def test_s01_orders_that_change_between_pages_newest_first(stall):
    noted, _ = busy_evening(stall, 5)
    told = {number for number, o in stall.server.orders.items() if o.get("seller_memo")}
    assert noted == told


def test_s02_orders_that_change_between_pages_oldest_first(street):
    stall = street.open("douyin")
    noted, _ = busy_evening(stall, 5)
    assert noted == {number for number, deal in stall.server.deals.items() if deal.note}


@pytest.mark.parametrize("channel", ["taobao", "douyin", "pdd", "jd"])
def test_s03_rows_that_show_ninety_seconds_late(street, channel):
    stall = street.open(channel, late=(1.0, 90.0))
    numbers = []
    for _ in range(12):
        numbers.append(stall.buy())
        stall.follow(45)
    stall.follow()
    assert stall.numbers() == sorted(numbers)


@pytest.mark.parametrize("channel", LISTINGS)
@pytest.mark.parametrize("trouble", ["html502", "drop", "empty", "html200", "truncated"])
def test_s04_a_page_that_fails_moves_no_cursor(street, channel, trouble):
    stall = street.open(channel)
    stall.connect(_page_size=5)
    numbers = []
    for _ in range(23):
        numbers.append(stall.buy())
        street.clock.advance(1)
    before = stall.cursor()
    stall.server.script([{"at": f"{LISTINGS[channel]}#3", "do": trouble, "times": 3}])
    with pytest.raises(CallFailed):
        stall.follow()
    assert (stall.cursor(), stall.numbers()) == (before, [])
    for _ in range(2):  # the next calls may still meet it
        with suppress(CallFailed):
            stall.follow(1)
    stall.follow(1)
    assert stall.numbers() == sorted(numbers)


@pytest.mark.parametrize("channel", LISTINGS)
def test_s05_a_listing_that_contradicts_itself_ends_and_is_checked(street, channel):
    stall = street.open(channel)
    stall.connect(_page_size=5)
    numbers = [stall.buy() for _ in range(12)]
    name = LISTINGS[channel]
    stall.server.script(
        [{"at": f"{name}#2", "do": "duplicate"}, {"at": f"{name}#4", "do": "empty"}]
    )
    with suppress(CallFailed):
        stall.follow()
    stall.follow(1)
    assert stall.numbers() == sorted(numbers)
    stall.follow(2 * 3600)
    found = reconcile(stall.street.store, stall.shop, 1)
    assert sum(hour.platform for hour in found) == 12
    assert sum(len(hour.differences) for hour in found) == 0


@pytest.mark.parametrize("channel", EVERY)
def test_s06_a_wide_window_is_split_as_the_platform_wants(street, channel):
    stall = street.open(channel)
    numbers = []
    for _ in range(3):
        numbers.append(stall.buy())
        street.clock.advance(9 * 3600)
    listed = [
        number
        for page in stall.shop.channel.changes(NOON - 1000, street.clock.now())
        for number in page
    ]
    assert sorted(set(listed)) == sorted(numbers)
    stall.follow()
    assert stall.numbers() == sorted(numbers)


def test_s07_more_orders_than_a_listing_shows_are_asked_for_in_halves(street):
    stall = street.open("jd", page_cap=3)
    stall.connect(_page_size=5, _cap=3)
    numbers = []
    for _ in range(40):
        numbers.append(stall.buy())
        street.clock.advance(7)
    stall.follow()
    assert stall.numbers() == sorted(numbers)


@pytest.mark.parametrize("channel", ["wechat", "kuaishou", "shopify"])
def test_s07_a_window_behind_a_cursor_is_halved_until_it_fits_a_page(street, channel):
    stall = street.open(channel)
    stall.connect(_page_size=5)
    numbers = []
    for _ in range(40):
        numbers.append(stall.buy())
        street.clock.advance(7)
    numbers += [stall.buy() for _ in range(11)]  # more than a page in one second
    stall.follow()
    assert stall.numbers() == sorted(numbers)


@pytest.mark.parametrize("channel", ["wechat", "kuaishou"])
def test_s07_an_order_that_vanished_after_it_was_listed_stalls_nobody(street, channel):
    stall = street.open(channel)
    first, second = stall.buy(), stall.buy()
    stall.server.between_pages = lambda: stall.server.deals.pop(first, None)
    stall.follow()
    assert (stall.numbers(), street.alerts()) == ([second], ["order_unreadable"])


def test_s08_two_orders_on_the_boundary_second_come_once(stall):
    stall.street.clock.advance(100)
    edge = stall.street.clock.now()
    first = stall.buy()
    second = stall.buy()
    stall.street.clock.advance(180)
    stall.pull()
    assert stall.cursor() >= edge - 60_000
    stall.follow(1)
    stall.follow(1)
    assert stall.numbers() == sorted([first, second])
    assert column(stall.street.store, "SELECT count(*) FROM events WHERE kind = 'received'") == [2]


def test_s09_a_first_backfill_of_ninety_days_survives_crashes(street):
    stall = street.open("woocommerce")
    street.store.do(lambda tx: tx.run("DELETE FROM cursors"))
    stall.shop.channel.rules = replace(stall.shop.channel.rules, first_days=90)
    numbers = []
    now, stall.server.clock = street.clock, SetClock(NOON - 89 * 86_400_000)
    for _ in range(45):
        numbers.append(stall.buy())
        stall.server.clock.advance(2 * 86_400 - 60)
    stall.server.clock = now
    real, calls = stall.shop.channel.detail, []

    def detail(number):
        calls.append(number)
        if len(calls) in (3, 11, 30):
            raise Crash
        return real(number)

    stall.shop.channel.detail = detail
    for _ in range(3):
        with pytest.raises(Crash):
            stall.follow()
    stall.follow()
    assert stall.numbers() == sorted(numbers, key=str)
    assert len(calls) < 45 + 25  # what was committed before a crash is not fetched again


def test_s10_after_eight_hours_offline_live_orders_are_not_starved(stall):
    stall.follow()
    stall.server.cut()
    numbers = []
    for _ in range(16):
        stall.street.clock.advance(1800)
        numbers.append(stall.buy())
        with pytest.raises(CallFailed):
            stall.pull()
    stall.server.restore()
    stall.street.clock.advance(200)
    real, asked = stall.shop.channel.changes, list[int]()

    def changes(start, end):
        asked.append(end - start)
        return real(start, end)

    stall.shop.channel.changes = changes
    pull(stall.street.store, stall.shop, most_windows=1)
    assert stall.numbers() == [numbers[-1]]
    pull(stall.street.store, stall.shop, most_windows=3)
    stall.street.clock.advance(400)  # while the past is read, what is new comes in turn
    numbers.append(stall.buy())
    stall.street.clock.advance(200)
    pull(stall.street.store, stall.shop, most_windows=1)
    assert numbers[-1] in stall.numbers()
    assert len(stall.numbers()) < len(numbers)
    stall.pull()
    assert stall.numbers() == sorted(numbers)
    assert max(asked) <= stall.shop.channel.rules.span_s * 1000


def test_s11_kinds_that_a_listing_hides_are_asked_for(stall):
    kinds = ("cod", "step", "fixed", "nopaid", "tmall_i18n", "guarantee_trade")
    numbers = [stall.buy(type=kind) for kind in kinds]
    stall.follow()
    assert set(stall.numbers()) == set(numbers)
    stall.follow(2 * 3600)
    found = reconcile(stall.street.store, stall.shop, 1)
    assert sum(hour.platform for hour in found) == len(kinds)
    assert sum(len(hour.differences) for hour in found) == 0


def test_s11_what_the_usual_kinds_would_hide_is_found_by_the_books(stall, monkeypatch):
    """A connector that forgot to name the kinds; the second listing names them and finds all."""
    numbers = [stall.buy(type=kind) for kind in ("cod", "nopaid", "o2o_offlinetrade", "step")]
    wanted = taobao.TYPES
    real = taobao._Window._ask

    def ask(window, **params):
        kinds = wanted if window.listing == taobao.SOLD else "guarantee_trade,ec,cod,step"
        monkeypatch.setattr(taobao, "TYPES", kinds)
        return real(window, **params)

    monkeypatch.setattr(taobao._Window, "_ask", ask)
    stall.follow()
    assert set(stall.numbers()) == {numbers[0], numbers[3]}
    stall.follow(2 * 3600)
    found = reconcile(stall.street.store, stall.shop, 1)
    assert sorted(n for hour in found for n in hour.differences) == sorted(numbers[1:3])
    assert stall.numbers() == sorted(numbers)


@pytest.mark.parametrize("channel", EVERY)
def test_s12_two_hundred_orders_in_one_second(street, channel):
    stall = street.open(channel)
    numbers = [stall.buy() for _ in range(200)]
    stall.follow()
    assert stall.numbers() == sorted(numbers)


@pytest.mark.parametrize("channel", LISTINGS)
def test_s13_rows_twice_and_the_same_number_in_two_shops(street, channel):
    stall = street.open(channel)
    other = street.open(channel, shop_id=2)
    stall.connect(_page_size=5)
    numbers = [stall.buy() for _ in range(12)]
    name = LISTINGS[channel]
    stall.server.script([{"at": f"{name}#{n}", "do": "duplicate"} for n in (2, 3)])
    other.server.place({"tid": numbers[0], "lines": [{"sku": "CUP"}]})
    stall.follow()
    other.follow(0)
    assert (stall.numbers(), other.numbers()) == (sorted(numbers), [numbers[0]])
    assert column(street.store, "SELECT count(DISTINCT number) FROM orders") == [13]


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "WAIT_FOR_MARTIANS"},
        {"payment": "not a number"},
        {"modified": None},
        {"buyer_message": 17, "seller_memo": None},
        {"created": "soon"},
        {"orders": {"order": []}},
        {"tid_str": None},
        {"num": "1", "post_fee": 0, "seller_flag": "3"},
    ],
)
def test_s14_what_makes_no_sense_is_held_and_never_shipped(stall, fields):
    odd, sound = stall.buy(), stall.buy()
    stall.server.touch(odd, **{k: v for k, v in fields.items() if k != "modified"})
    stall.follow()
    assert stall.numbers() == sorted([odd, sound])
    assert len(odd) == 19
    assert stall.street.order(sound)["stage"] == "ready"
    if {"status", "payment", "created", "orders"} & fields.keys():
        assert reasons(stall.street.store, odd)


def test_s15_the_newest_telling_wins_over_a_lagging_replica(stall):
    number = stall.buy()
    stall.follow()
    old = stall.shop.channel.detail(number)
    stall.street.clock.advance(5)
    stall.server.memo(number, "new")
    stall.follow()
    real = stall.shop.channel.detail
    stall.shop.channel.detail = lambda n: old  # a replica that lags behind
    stall.server.memo(number, "newer")
    stall.follow()
    assert stall.street.order(number)["seller_note"] == "new"
    stall.shop.channel.detail = real
    stall.server.memo(number, "newest")
    stall.follow()
    assert stall.street.order(number)["seller_note"] == "newest"


def test_an_order_a_busy_platform_does_not_tell_is_not_skipped(street):
    """Douyin says that it is busy in the words of a refusal."""
    stall = street.open("douyin")
    number = stall.buy()
    stall.server.script([{"at": "order.orderDetail", "do": "busy"}])
    stall.follow()
    assert (stall.numbers(), street.alerts()) == ([number], [])
