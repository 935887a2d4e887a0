"""The faults that shops, couriers and printers were seen to have, numbered; each against a
platform that plays it over a real socket, with our own store and sync on this side."""

import json
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest

from core.clock import SetClock, millis
from core.config import Config
from core.errors import Problem
from core.floor.changes import Shorted
from core.floor.ledger import write as put
from core.floor.values import Tone
from core.orders import find, putback, slip
from core.orders.holds import release
from core.orders.rest import ship_rest
from core.ports import CallFailed, Fault, Waybill
from core.ports import Sender as From
from core.shipping.parcels import label_printed, reprint_label, store_waybill
from core.shipping.printing import label_facts
from core.sync import hints
from core.sync.pull import pull
from core.sync.reconcile import reconcile
from core.sync.reveal import reveal
from core.sync.turns import ORDERS, SHIP
from core.sync.waiting import waiting
from drivers.carriers import Kuaidi100
from drivers.channels import taobao
from drivers.simulated.kuaidi100 import SimulatedKuaidi100
from drivers.simulated.pushing import forged, respaced
from drivers.simulated.robots import SimulatedDingtalk, SimulatedFeishu, SimulatedWecom
from drivers.simulated.shop import _ship_error
from drivers.simulated.smtp import SimulatedMail
from tests.core.floor.test_bench import ITEM_TEE, Floor, label
from tests.core.orders.warehouse import (
    BOSS,
    PACKER,
    bring,
    column,
    kinds,
    one,
    open_store,
    parcel_of,
    quick_folder,
    reasons,
    stock,
    units,
    weigh,
)
from tests.core.shipping.test_printing import Desk
from tests.core.sync.outside import cut_off
from tests.core.watch.crowd import Town, told
from tests.scenarios.street import CUP, NOON, TEE, Street
from tui.story import reasons as whys
from tui.telling import Digest
from tui.wiring import notifier_of

LISTING = "taobao.trades.sold.increment.get"
DETAIL = "taobao.trade.fullinfo.get"
SHIPPING = "taobao.logistics.online.send"
LISTINGS = {
    "taobao": LISTING,
    "jd": "jingdong.pop.order.search",
    "pdd": "pdd.order.number.list.increment.get",
    "ktt": "pdd.ktt.increment.order.query",
    "douyin": "order.searchList",
    "wechat": "/channels/ec/order/list/get",
    "woocommerce": "GET orders",
}
EVERY = ("taobao", "jd", "pdd", "ktt", "douyin", "kuaishou", "wechat", "shopify", "woocommerce")


@pytest.fixture
def street():
    with quick_folder() as folder, ExitStack() as stack:
        store = open_store(folder / "packline.db", units=5000)
        stack.callback(store.close)
        yield Street(store, stack)


@pytest.fixture
def stall(street):
    return street.open(mask=False)


# --- pull ----------------------------------------------------------------------------------------


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


class Crash(BaseException):
    """The process dies here."""


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


# --- keys, clocks, limits ------------------------------------------------------------------------


def test_s16_a_session_that_ends_within_a_window_is_renewed_once(stall):
    numbers = [stall.buy() for _ in range(12)]
    stall.server.script([{"at": f"{DETAIL}#4", "do": "expire"}])
    stall.follow()
    assert stall.numbers() == sorted(numbers)
    assert [entry["what"] for entry in stall.server.journal] == ["renewed"]
    stall.server.expire()
    crew = [threading.Thread(target=stall.shop.channel.detail, args=(n,)) for n in numbers[:4]]
    for one_of in crew:
        one_of.start()
    for one_of in crew:
        one_of.join()
    assert [entry["what"] for entry in stall.server.journal] == ["renewed"] * 2


PROCESS = """
import sys
from pathlib import Path
from core.clock import SetClock
from drivers.channels import CHANNELS, ShopAccess, Tokens
from tui.tokens import TokenFile
channel, url, key, secret, now, number, path = sys.argv[1:]
tokens = Tokens("session", "refresh")
access = ShopAccess(code="x", url=url, app_key=key, app_secret=secret, tokens=tokens,
    save_tokens=TokenFile(Path(path), tokens))
shop = CHANNELS[channel](access, SetClock(int(now)))
print("up", flush=True)
sys.stdin.readline()
print(shop.detail(number).number, flush=True)
"""


@pytest.mark.parametrize("channel", ["taobao", "pdd", "douyin"])
def test_s16_processes_that_are_refused_at_once_renew_once(street, channel, tmp_path):
    """Each renewal kills the token before it: a second one would lock the first process out."""
    stall = street.open(channel)
    number = stall.buy()
    stall.server.expire()
    told = (stall.access.url, stall.access.app_key, stall.access.app_secret)
    asked = [channel, *told, str(street.clock.now()), number, str(tmp_path / "tokens.json")]
    run = [sys.executable, "-c", PROCESS, *asked]
    pipe = subprocess.PIPE
    crew = [
        subprocess.Popen(run, stdin=pipe, stdout=pipe, text=True, cwd=Path(__file__).parents[2])
        for _ in range(3)
    ]
    assert [one_of.stdout.readline() for one_of in crew] == ["up\n"] * 3
    for one_of in crew:
        one_of.stdin.write("go\n")
        one_of.stdin.flush()
    assert [one_of.communicate(timeout=60)[0] for one_of in crew] == [f"{number}\n"] * 3
    assert [entry["what"] for entry in stall.server.journal] == ["renewed"]


def test_s17_a_withdrawn_right_stops_one_shop_and_keeps_its_queue(street, stall):
    other = street.open("taobao", shop_id=2, mask=False, seed=2)
    number = stall.buy()
    stall.follow()
    waybill = street.labelled(number)
    stall.server.revoke()
    mine = other.buy()
    street.clock.advance(400)
    for _ in range(5):
        street.engine._pull(stall.shop)
        stall.send()
        street.engine._pull(other.shop)
    assert street.alerts("shop_refuses") == ["shop_refuses"]
    assert (other.numbers(), street.outbox()) == ([mine], ["due"])
    calls = stall.server.calls
    street.engine._pull(stall.shop)
    assert stall.server.calls == calls  # not hammered
    stall.server.refresh_token, stall.server._expired = "refresh", set()
    street.clock.advance(700)
    street.engine._pull(stall.shop)
    stall.send()
    assert stall.waybills(number) == [waybill]


@pytest.mark.parametrize("off", [660, -660])
@pytest.mark.parametrize("start", ["2026-01-31 15:58:00", "2026-01-20 04:00:00"])
@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles"])
def test_s18_a_clock_eleven_minutes_off_and_the_end_of_a_month(
    street, monkeypatch, off, start, zone
):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    stall = street.open()
    street.clock._now = millis(datetime.fromisoformat(start).replace(tzinfo=UTC))
    street.store.do(
        lambda tx: tx.run("UPDATE cursors SET reached = ?", street.clock.now() + off * 1000 - 1)
    )
    stall.server.skew_s = off
    stall.connect()
    numbers = []
    for _ in range(4):
        numbers.append(stall.buy())
        stall.follow(120)
    stall.follow(900)
    stall.follow(900)
    monkeypatch.undo()
    time.tzset()
    assert stall.numbers() == sorted(numbers)


def test_s19_on_the_day_of_the_sale_little_gets_through_and_parcels_go_first(stall):
    """One call of a kind in twenty seconds."""
    first = [stall.buy() for _ in range(4)]
    stall.follow()
    waybills = {number: stall.street.labelled(number) for number in first}
    late = [stall.buy() for _ in range(6)]
    stall.server.limit = (1, 20.0)
    engine, calls, told_at = stall.street.engine, stall.server.calls, 0
    begun = stall.street.clock.now()
    for tick in range(1, 1200):
        stall.street.clock.advance(5)
        engine._tell(stall.shop)
        engine._pull(stall.shop)
        if not told_at and set(stall.server.shipments) == set(first):
            told_at = tick
        if told_at and set(late) <= set(stall.numbers()):
            break
    assert {number: stall.waybills(number) for number in first} == {
        number: [waybill] for number, waybill in waybills.items()
    }
    assert set(late) <= set(stall.numbers())
    passed_s = (stall.street.clock.now() - begun) / 1000
    # no hot loop: of four kinds of call, each is made and refused once in a ban's time at most
    assert stall.server.calls - calls <= 4 * 2 * (passed_s / 20) + 8


def test_s19_limits_are_waited_out_and_parcels_come_first(stall):
    number = stall.buy()
    stall.follow()
    waybill = stall.street.labelled(number)
    stall.server.script([{"at": LISTING, "do": "ban 400"}])
    engine = stall.street.engine
    stall.street.clock.advance(100)
    engine._pull(stall.shop)
    calls = stall.server.calls
    for _ in range(20):
        engine._pull(stall.shop)
    assert stall.server.calls == calls
    stall.send()  # the ban is the listing's, not the parcels'
    assert stall.waybills(number) == [waybill]
    stall.street.clock.advance(401)
    engine._pull(stall.shop)
    assert stall.server.calls > calls
    waited = []
    with stall.shop.turns.at(SHIP):
        slow = threading.Thread(
            target=lambda: (stall.shop.turns.give_way(ORDERS), waited.append(1))
        )
        slow.start()
        slow.join(0.03)
        assert waited == []
    slow.join()


def test_s19_a_used_up_day_is_waited_out_until_midnight(stall):
    stall.server.script([{"at": "*", "do": "quota"}])
    engine = stall.street.engine
    engine._pull(stall.shop)
    calls = stall.server.calls
    stall.street.clock.advance(11 * 3600)
    engine._pull(stall.shop)
    assert stall.server.calls == calls
    stall.street.clock.advance(3700)
    engine._pull(stall.shop)
    assert stall.server.calls > calls


@pytest.mark.parametrize("channel", EVERY)
def test_s20_the_platform_checks_our_signature_over_any_text(street, channel):
    stall = street.open(channel)
    number = stall.buy(buyer_note="@仓库 a&b+c%20 😀 = [/red]", seller_note="100%+&@")
    stall.follow()
    assert stall.numbers() == [number]
    bring(street.store, "labelled", number, waybill="ZT1234567890")
    stall.send()
    assert street.outbox() == ["done"]
    assert stall.waybills(number) == ["ZT1234567890"]


@pytest.mark.parametrize("channel", EVERY)
@pytest.mark.parametrize("trouble", ["forbidden", "html502", "drop", "html200", "cut_short"])
def test_s21_proxies_and_broken_lines_are_told_apart_and_crash_nothing(street, channel, trouble):
    stall = street.open(channel)
    number = stall.buy()
    stall.server.script([{"at": "*", "do": trouble}])
    stall.street.clock.advance(400)
    stall.street.engine._pull(stall.shop)
    row = one(stall.street.store, "SELECT * FROM shop_health")
    assert row["fault"] == ("auth" if trouble == "forbidden" else "transient")
    stall.street.clock.advance(700)
    stall.street.engine._pull(stall.shop)
    assert stall.numbers() == [number]
    assert one(stall.street.store, "SELECT down_since FROM shop_health")["down_since"] is None


def test_s21_a_name_nobody_knows_and_a_line_that_is_not_encrypted(street, stall):
    for url in ("https://no.such.host.invalid/", stall.access.url.replace("http:", "https:")):
        stall.access = replace(stall.access, url=url)
        stall.connect()
        with pytest.raises(CallFailed) as failed:
            stall.follow(1)
        assert failed.value.fault is Fault.TRANSIENT


def test_s21_a_line_that_is_reset_in_the_middle_of_its_greeting(street, stall):
    """Somebody between here and the platform answers the TLS greeting with a reset."""
    number = stall.buy()
    good = stall.access
    with socket.create_server(("127.0.0.1", 0)) as door:

        def slam():
            with suppress(OSError):
                while True:
                    line, _ = door.accept()
                    line.recv(5)
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    line.close()

        threading.Thread(target=slam, daemon=True).start()
        stall.access = replace(good, url=f"https://127.0.0.1:{door.getsockname()[1]}/")
        stall.connect()
        with pytest.raises(CallFailed) as failed:
            stall.follow()
        assert (failed.value.fault, failed.value.in_doubt) == (Fault.TRANSIENT, False)
        door.shutdown(socket.SHUT_RDWR)
    stall.access = good
    stall.connect()
    stall.follow()
    assert stall.numbers() == [number]


# --- changes after the pull ----------------------------------------------------------------------


@pytest.mark.parametrize("mask", [False, True])
def test_s22_an_address_that_changes_at_each_stage(street, mask):
    stall = street.open(mask=mask)
    early, packed, gone = stall.buy(), stall.buy(), stall.buy()
    stall.follow()
    street.labelled(packed)
    bring(street.store, "shipped", gone, waybill="ZT000003")
    for number in (early, packed, gone):
        stall.server.change_address(number, "文二路2号")
    stall.follow()
    told = kinds(street.store, early)
    assert (told.count("ready"), street.order(early)["stage"]) == (2, "ready")  # dispatched anew
    assert reasons(street.store, early) == set()  # nothing is printed yet
    assert "address_changed" in reasons(street.store, packed)
    assert street.order(gone)["held"] == 0
    assert {"address_after_handover", "address_changed"} <= set(street.alerts())


def test_s22_the_bench_is_blocked_until_a_supervisor_buys_another_label(street, stall):
    number = stall.buy(TEE)
    stall.follow()
    floor = Floor(street.store)
    floor.scan("BG1", street.order(number)["number"], ITEM_TEE, ITEM_TEE)
    floor.weigh(200)
    label(street.store, number, "ZT000007")
    stall.send()
    stall.server.change_address(number, "文二路2号")
    stall.follow()
    assert floor.look().outcome.tone is Tone.STOP
    floor.scan("PKVOID1", "BG2")
    street.engine.outbox.send_to_carrier()
    assert street.carrier.voided == ["ZT000007"]
    second = parcel_of(street.store.read, street.order(number)["id"])["waybill"]
    assert floor.scan("ZT000007").say.id == "handover.replaced"
    label(street.store, number, second)
    stall.send()
    assert [parcel.waybill for parcel in stall.shop.channel.shipped(number)] == [second]
    floor.scan("PKHAND1")
    assert floor.scan("ZT000007").say.data["instead"] == second
    assert floor.scan(second).say.id == "scan.handed_over"


def test_s23_refunds_before_shipping_block_at_once(street, stall):
    whole, part = stall.buy(), stall.buy(TEE, CUP)
    stall.follow()
    bring(street.store, "packing", whole)
    stall.server.refund(whole)
    line = stall.shop.channel.detail(part).lines[0].sub_number
    stall.server.agree_refund(part, line)
    stall.follow()
    assert "refund" in reasons(street.store, whole)
    assert sum(wanted for wanted, _ in units(street.store, part).values()) == 1
    assert sum(kept for _, kept in units(street.store, part).values()) == 1


def test_s24_a_withdrawn_refund_returns_the_order(street, stall):
    number = stall.buy()
    stall.server.refund(number)
    stall.follow()
    assert reasons(street.store, number) == {"refund"}
    stall.server.withdraw_refund(number)
    stall.follow()
    assert (reasons(street.store, number), street.order(number)["stage"]) == (set(), "ready")


def test_s25_cancelled_after_packing_is_put_back(street, stall):
    number = stall.buy()
    stall.follow()
    waybill = street.labelled(number)
    before = stock(street.store)
    stall.server.close(number)
    stall.follow()
    assert street.order(number)["stage"] == "cancelled"
    told = one(street.store, "SELECT * FROM alerts WHERE rule = 'intercept' AND over_at IS NULL")
    assert waybill in told["what"]  # which box to take out of those that leave
    (task,) = putback.tasks(street.store.read)
    assert stock(street.store) == (before[0], before[1] - task["quantity"])
    stall.send()
    assert stall.waybills(number) == []
    street.store.do(lambda tx: putback.done(tx, task["id"]), PACKER)
    assert street.alerts("intercept") == []
    assert stock(street.store) == (before[0], before[1] - task["quantity"])  # counted once


def test_s25_cancelled_before_packing_needs_no_catching(street, stall):
    number = stall.buy()
    stall.follow()
    bring(street.store, "packing", number)
    stall.server.close(number)
    stall.follow()
    assert street.alerts("intercept") == []
    assert [row["number"] for row in putback.tasks(street.store.read)] == [
        street.order(number)["number"]
    ]


@pytest.mark.parametrize("mark", ["top_hold", "forbid_consign", "team_buy_hold"])
def test_s26_what_the_platform_stops_waits_until_it_lets_go(street, stall, mark):
    number = stall.buy()
    stall.server.hold(number, mark)
    stall.follow()
    assert reasons(street.store, number) == {"platform_hold"}
    stall.server.hold(number, mark, on=False)
    stall.follow()
    assert street.order(number)["stage"] == "ready"


def test_s26_a_deposit_is_no_payment(street, stall):
    number = stall.buy(status="WAIT_BUYER_PAY", type="step")
    stall.follow()
    assert "unpaid" in reasons(street.store, number)
    stall.server.pay(number)
    stall.follow()
    assert street.order(number)["stage"] == "ready"


def test_s27_a_memo_after_the_pull_is_on_the_next_slip(street, stall):
    number = stall.buy()
    stall.follow()
    order_id = street.order(number)["id"]
    assert slip.slip(street.store.read, order_id).seller_note == ""
    street.store.do(lambda tx: slip.queue_slip(tx, order_id), PACKER)
    stall.server.memo(number, "发红色")
    stall.follow()
    assert slip.slip(street.store.read, order_id).seller_note == "发红色"
    told = column(street.store, "SELECT what FROM events WHERE kind = 'changed'")
    assert "seller_note" in told[-1]
    assert street.order(number)["slip_stale"] == 1  # what is on paper says something else
    floor = Floor(street.store)
    told = floor.scan("BG1", street.order(number)["number"])
    assert told.say.id == "scan.opened_stale"
    floor.scan("PKSLIP1")
    assert (street.order(number)["slip_stale"], street.order(number)["slip_copies"]) == (0, 2)


def test_s27_what_a_slip_does_not_carry_leaves_it_good(street, stall):
    number = stall.buy()
    stall.follow()
    order_id = street.order(number)["id"]
    street.store.do(lambda tx: slip.queue_slip(tx, order_id), PACKER)
    stall.server.touch(number, payment="9.00")
    stall.follow()
    assert street.order(number)["slip_stale"] == 0


def test_s28_units_cancelled_and_lines_added_later_are_followed(street):
    stall = street.open("ktt")
    number = stall.buy(replace(TEE, quantity=3), CUP)
    stall.follow()
    assert sum(wanted for wanted, _ in units(street.store, number).values()) == 4
    line = stall.server.deals[number].items[0].number
    stall.server.cancel_units(number, line, 2)
    stall.follow()
    assert sum(wanted for wanted, _ in units(street.store, number).values()) == 2
    assert sum(kept for _, kept in units(street.store, number).values()) == 2


def test_s29_the_same_buyer_is_flagged_and_a_masked_one_never(street, stall):
    first, second = stall.buy(), stall.buy()
    stall.follow()
    assert [street.order(n)["same_buyer"] for n in (first, second)] == [1, 1]
    other = street.open("taobao", shop_id=2, mask=True, seed=2)
    hidden = [other.buy(), other.buy()]
    other.follow()
    assert [street.order(n)["same_buyer"] for n in hidden] == [0, 0]
    assert column(street.store, "SELECT count(*) FROM orders") == [4]  # never merged


def test_s29_the_reference_of_the_next_week_is_another_and_means_nothing(street):
    """A masked buyer's reference changes with the week and the shop: equal or not, no merge."""
    stall = street.open("taobao", mask=True)
    this_week = stall.buy(created_at=NOON)
    next_week = stall.buy(created_at=NOON + 7 * 86_400_000)
    stall.follow()
    other = street.open("taobao", shop_id=2, mask=True, seed=2)
    elsewhere = other.buy()
    other.follow()
    rows = [street.order(n) for n in (this_week, next_week, elsewhere)]
    assert len({row["cipher_ref"] for row in rows}) >= 2
    assert [row["same_buyer_key"] for row in rows] == [None] * 3
    assert [row["same_buyer"] for row in rows] == [0] * 3
    assert column(street.store, "SELECT count(*) FROM orders") == [3]


def test_s30_masked_people_are_kept_as_they_are_beside_their_cipher(street):
    stall = street.open("taobao", mask=True)
    number = stall.buy(name="张小明", phone="13800001234")
    stall.follow()
    row = street.order(number)
    assert "*" in row["receiver_name"] + row["receiver_phone"]
    assert row["cipher_ref"]
    assert row["stage"] == "ready"  # packing needs no name in clear


@pytest.mark.parametrize("channel", ["taobao", "pdd", "douyin", "wechat", "kuaishou"])
def test_s30_a_label_for_a_hidden_address_goes_by_its_cipher(street, channel):
    server = street.stack.enter_context(SimulatedKuaidi100(street.clock))
    account = Kuaidi100(server.url, "key", "secret", street.clock)
    street.stack.callback(account.close)
    street.carrier = account
    stall = street.open(channel)
    street.store.do(lambda tx: tx.run("UPDATE shops SET channel = ? WHERE id = 1", channel))
    number = stall.buy(name="张小明", phone="13800001234")
    stall.follow()
    order_id = bring(street.store, "weighing", number)
    street.store.do(lambda tx: weigh(tx, order_id), PACKER)
    street.engine.outbox.send_to_carrier()
    (sold,) = [entry for entry in server.journal if entry["do"] == "waybill"]
    assert sold["order"] == number
    assert bool(sold["oaid"]) == (channel == "taobao")
    job = street.store.read.one("SELECT * FROM print_jobs WHERE order_id = ?", order_id)
    facts = label_facts(street.store.read, job, From(name="仓", phone="1"), street.clock)
    assert "*" in facts.receiver.name + facts.receiver.phone
    assert facts.routing_mark  # the mark the courier sorts by is in clear
    assert "张小明" not in str(facts)


def test_s30_a_used_up_quota_and_a_moved_reference_are_said(street):
    stall = street.open("taobao", mask=True)
    number = stall.buy(name="张小明", phone="13800001234")
    stall.follow()
    ours = street.order(number)["number"]
    shops = street.engine.shops
    stall.server.change_address(number, "新街3号")
    told = reveal(street.store, shops, ours, "客户来电", BOSS)
    assert (told.receiver.name, told.refetched) == ("张小明", True)
    stall.server.decrypts_a_day = 2
    with pytest.raises(Problem) as refused:
        reveal(street.store, shops, ours, "客户来电", BOSS)
    assert refused.value.message.id == "reveal.quota"
    told = kinds(street.store, number)
    assert [kind for kind in told if kind.startswith("reveal")] == ["revealed", "reveal_refused"]


# --- telling the shop ----------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["taobao", "jd", "pdd", "douyin", "kuaishou", "wechat"])
def test_s31_a_reply_lost_after_the_commit_ships_once(street, channel):
    stall = street.open(channel)
    number = stall.buy()
    stall.follow()
    waybill = street.labelled(number)
    stall.server.script(
        [{"at": import_module(f"drivers.channels.{channel}").SHIP, "do": "drop_after_commit"}]
    )
    stall.send()
    assert street.outbox() == ["due"]
    street.clock.advance(100)
    stall.send()
    assert (stall.waybills(number), street.outbox()) == ([waybill], ["done"])


def test_s32_a_reply_later_than_the_time_out_ships_once(street, stall):
    stall.shop.channel._line._read_s = 0.05
    number = stall.buy()
    stall.follow()
    waybill = street.labelled(number)
    gate = threading.Event()
    real = stall.server.answer

    def slow(request):
        reply = real(request)
        if request.form.get("method") == SHIPPING:
            gate.wait(0.2)
        return reply

    stall.server.answer = slow
    stall.send()
    stall.server.answer = real
    assert street.outbox() == ["due"]
    street.clock.advance(100)
    stall.connect()
    street.restart()
    stall.send()
    assert (stall.waybills(number), street.outbox()) == ([waybill], ["done"])


def test_s33_a_success_that_is_gone_later_is_sent_again(street, stall):
    number = stall.buy()
    stall.follow()
    waybill = street.labelled(number)
    stall.send()
    for line in stall.server._trades[number]["orders"]["order"]:
        line |= {"status": "WAIT_SELLER_SEND_GOODS"}
        line.pop("invoice_no")
    stall.server.touch(number, status="WAIT_SELLER_SEND_GOODS")
    stall.look_again()
    stall.send()
    assert stall.waybills(number) == [waybill] * 2
    stall.look_again()
    assert column(street.store, "SELECT count(*) FROM ship_checks WHERE seen_at > 0") == [1]


@pytest.mark.parametrize("ours", [True, False])
def test_s34_shipped_already_with_our_waybill_or_another(street, stall, ours):
    number = stall.buy()
    stall.follow()
    waybill = street.labelled(number)
    with stall.server.lock:
        stall.server._ship(
            {"tid": number, "out_sid": waybill if ours else "OTHER123", "company_code": "ZTO"}
        )
    stall.send()
    assert street.outbox() == (["done"] if ours else ["conflict"])
    assert len(stall.waybills(number)) == 1
    assert street.alerts("backhaul_refused") == ([] if ours else ["backhaul_refused"])


@pytest.mark.parametrize("waybill", ["ZTUSED001", "短"])
def test_s35_a_used_or_impossible_waybill_is_for_a_person(street, stall, waybill):
    first, second = stall.buy(), stall.buy()
    stall.follow()
    with stall.server.lock:
        stall.server._ship({"tid": first, "out_sid": "ZTUSED001", "company_code": "ZTO"})
    bring(street.store, "labelled", second, waybill=waybill)
    stall.send()
    assert (street.outbox(), street.alerts("backhaul_refused")) == (
        ["conflict"],
        ["backhaul_refused"],
    )
    calls = stall.server.count(SHIPPING)
    street.clock.advance(4000)
    stall.send()
    assert stall.server.count(SHIPPING) == calls  # not tried again by itself


def test_s35_a_carrier_the_platform_does_not_know_is_for_a_person(street, stall):
    number = stall.buy()
    stall.follow()
    street.labelled(number)
    street.store.do(lambda tx: tx.run("UPDATE parcels SET carrier = 'pigeon'"))
    stall.send()
    assert street.outbox() == ["conflict"]


def test_s36_two_of_three_lines_are_shipped(street, stall):
    number = stall.buy(TEE, CUP, replace(TEE, title="第二件"))
    lines = [line.sub_number for line in stall.shop.channel.detail(number).lines]
    stall.server.agree_refund(number, lines[1])
    stall.follow()
    waybill = street.labelled(number)
    stall.send()
    (shipped,) = stall.server.shipments[number]
    assert (shipped["waybill"], sorted(shipped["oids"])) == (waybill, sorted([lines[0], lines[2]]))


@pytest.mark.parametrize("channel", ["taobao", "douyin", "wechat", "ktt", "shopify"])
def test_s36_two_of_three_lines_and_later_the_rest(street, channel):
    stall = street.open(channel)
    pair = replace(CUP, quantity=2)
    number = stall.buy(TEE, pair)
    stall.follow()
    order_id = bring(street.store, "packing", number)
    cup = street.store.read.one(
        "SELECT * FROM order_lines WHERE order_id = ? AND sku_code = 'CUP'", order_id
    )
    street.store.do(lambda tx: put(Shorted(cup["id"], 2, "empty", 2), tx, order_id), PACKER)
    first = street.labelled(number)
    stall.send()
    bring(street.store, "shipped", number)
    assert street.alerts("rest_owed") == ["rest_owed"]
    street.store.do(lambda tx: ship_rest(tx, order_id), BOSS)
    stall.follow()  # the shop tells of a part that was shipped: that was us
    rest = f"{number}~1"
    assert (street.order(rest)["stage"], street.order(rest)["held"]) == ("ready", 0)
    second = "ZT99887766"
    bring(street.store, "labelled", rest, waybill=second)
    stall.send()
    assert {p.waybill for p in stall.shop.channel.shipped(number)} == {first, second}
    assert street.outbox() == ["done", "done"]
    stall.look_again()
    assert street.alerts("backhaul_refused") == []


def test_s36_a_line_split_by_quantity_is_never_told_over_its_first_parcel(street, stall):
    """Taobao knows lines, not pieces: the second parcel of one line is for a person to tell."""
    number = stall.buy(replace(TEE, quantity=2))
    stall.follow()
    order_id = bring(street.store, "packing", number)
    (tee,) = street.store.read.all("SELECT * FROM order_lines WHERE order_id = ?", order_id)
    street.store.do(lambda tx: put(Shorted(tee["id"], 1, "empty", 1), tx, order_id), PACKER)
    first = street.labelled(number)
    stall.send()
    bring(street.store, "shipped", number)
    street.store.do(lambda tx: ship_rest(tx, order_id), BOSS)
    bring(street.store, "labelled", f"{number}~1", waybill="ZT99887766")
    stall.send()
    assert {p.waybill for p in stall.shop.channel.shipped(number)} == {first}
    (row,) = waiting(street.store.read)
    assert (row.why.id, row.ways) == ("reship.split", ("by_hand",))


def test_s36_a_platform_that_ships_whole_orders_only_is_for_a_person(street):
    stall = street.open("pdd")
    number = stall.buy(TEE, CUP)
    stall.follow()
    order_id = bring(street.store, "packing", number)
    lines = street.store.read.all("SELECT id FROM order_lines WHERE order_id = ?", order_id)
    street.store.do(
        lambda tx: tx.run(
            "UPDATE order_lines SET short = 1, picked = 0, short_reason = 'empty' WHERE id = ?",
            lines[1]["id"],
        )
    )
    waybill = street.labelled(number)
    stall.send()
    assert (stall.waybills(number), street.outbox()) == ([], ["conflict"])
    assert "backhaul_refused" in street.alerts()
    assert waybill in [row.ours for row in waiting(street.store.read)]


def test_s36_a_split_the_platform_refuses_is_for_a_person(street, stall):
    """Some kinds of trade may not be shipped in parts."""
    number = stall.buy(TEE, CUP)
    stall.follow()
    order_id = bring(street.store, "packing", number)
    (_, second) = street.store.read.all(
        "SELECT id FROM order_lines WHERE order_id = ? ORDER BY id", order_id
    )
    street.store.do(
        lambda tx: tx.run("UPDATE order_lines SET short = 1, picked = 0 WHERE id = ?", second["id"])
    )

    def no_parts(trade, form):
        assert form["is_split"] == "1"
        raise _ship_error("CD22", "该订单不支持拆单发货")

    stall.server._parcel = no_parts
    street.labelled(number)
    stall.send()
    assert (stall.waybills(number), street.outbox()) == ([], ["conflict"])
    assert [refusal["code"][-4:] for refusal in stall.server.refusals] == ["CD22"]
    assert "backhaul_refused" in street.alerts()


@pytest.mark.parametrize("channel", ["taobao", "pdd", "douyin", "kuaishou", "wechat", "ktt"])
def test_s37_a_refund_the_platform_knows_first_ships_nothing(street, channel):
    stall = street.open(channel)
    number = stall.buy()
    stall.follow()
    street.labelled(number)
    stall.server.refund(number)  # not pulled yet
    stall.send()
    assert (stall.waybills(number), street.outbox()) == ([], ["due"])
    assert "refund" in reasons(street.store, number)  # the order was looked at before it was told
    street.clock.advance(4000)
    stall.send()
    assert stall.waybills(number) == []  # and no call ever asks for the refund to be overruled


@pytest.mark.parametrize("channel", ["taobao", "pdd", "douyin"])
def test_s38_a_late_parcel_is_an_alert_and_is_still_sent(street, channel):
    """Its last moment was at eight in the evening; the label comes at one in the night."""
    stall = street.open(channel)
    number = stall.buy(ship_by=NOON + 8 * 3_600_000)
    stall.follow()
    street.clock.advance(13 * 3600)
    street.engine._watch()
    assert "overdue" in street.alerts()
    waybill = street.labelled(number)
    stall.send()
    assert stall.waybills(number) == [waybill]


def test_s39_five_hundred_numbers_drain_in_order_with_crashes(street, stall):
    numbers = [stall.buy() for _ in range(500)]
    stall.follow()
    ids = {row["platform_number"]: row["id"] for row in street.store.read.all(
        "SELECT id, platform_number FROM orders"
    )}  # fmt: skip
    for start in range(0, 500, 25):
        chunk = [ids[number] for number in numbers[start : start + 25]]
        street.store.do(lambda tx, chunk=chunk: [quick_label(tx, each) for each in chunk], PACKER)
    stall.server.cut()
    stall.send()
    stall.server.restore()
    street.clock.advance(60)
    real, count = stall.shop.channel.ship, iter(range(10_000))

    def ship(shipment):
        if next(count) in (40, 41, 300):
            real(shipment)
            raise Crash
        real(shipment)

    stall.shop.channel.ship = ship
    began = street.clock.now()
    for _ in range(200):
        with suppress(Crash):
            stall.send()
        street.restart()
        if set(street.outbox()) == {"done"}:
            break
    shipped = [e["tid"] for e in stall.server.journal if e["what"] == "shipped"]
    assert shipped == numbers
    assert street.clock.now() - began >= 49_000  # ten calls a second at most


def quick_label(tx, order_id):
    """From ready to labelled in one go."""
    tx.run("UPDATE order_lines SET picked = wanted WHERE order_id = ?", order_id)
    tx.run("UPDATE order_lines SET verified = wanted WHERE order_id = ?", order_id)
    for mark in ("picking_at", "picked_at", "verified_at"):
        tx.run(f"UPDATE orders SET {mark} = ? WHERE id = ?", tx.now, order_id)
    parcel = weigh(tx, order_id)
    store_waybill(tx, parcel, Waybill(number=f"ZT{parcel:08d}", carrier="zto"))
    tx.run("UPDATE outbox SET state = 'done' WHERE parcel_id = ? AND kind = 'waybill'", parcel)
    label_printed(tx, tx.the("SELECT id FROM print_jobs WHERE parcel_id = ?", parcel)["id"])


# --- push ----------------------------------------------------------------------------------------


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


# --- waybills, paper, news -----------------------------------------------------------------------


@pytest.fixture
def counter(street):
    """A real account at a simulated waybill seller, and an order that is weighed."""
    server = street.stack.enter_context(SimulatedKuaidi100(street.clock))
    account = Kuaidi100(server.url, "key", "secret", street.clock)
    street.stack.callback(account.close)
    street.carrier = account
    stall = street.open(mask=False)
    number = stall.buy()
    stall.follow()
    order_id = bring(street.store, "weighing", number)
    street.store.do(lambda tx: weigh(tx, order_id), PACKER)
    return server, street


@pytest.mark.parametrize("trouble", ["drop_after_commit", "busy_after", "html502_after"])
def test_s42_a_label_that_was_bought_without_an_answer_is_bought_once(counter, trouble):
    server, street = counter
    server.script([{"at": "order", "do": trouble}])
    for _ in range(3):
        street.engine.outbox.send_to_carrier()
        street.clock.advance(100)
    bought = [entry for entry in server.journal if entry["do"] == "waybill"]
    assert (len(bought), street.outbox("waybill")) == (1, ["done"])


def test_s42_a_second_request_while_the_first_is_worked_on_buys_nothing(counter):
    """The answer comes after the time-out; asked again, the platform still works on it."""
    server, street = counter
    account = Kuaidi100(server.url, "key", "secret", street.clock, read_s=0.3)
    street.stack.callback(account.close)
    street.carrier = account
    street.restart()
    server.script([{"at": "order", "do": "delay 60"}, {"at": "order", "do": "in_progress"}])
    slow = threading.Thread(target=street.engine.outbox.send_to_carrier)
    slow.start()
    slow.join(timeout=20)
    assert street.outbox("waybill") == ["due"]
    for _ in range(4):
        street.clock.advance(100)
        street.engine.outbox.send_to_carrier()
    bought = [entry for entry in server.journal if entry["do"] == "waybill"]
    assert (len(bought), street.outbox("waybill")) == (1, ["done"])
    assert column(street.store, "SELECT waybill FROM parcels") == [bought[0]["waybill"]]
    assert street.alerts("waybill_refused") == []


def test_s43_an_empty_account_and_a_place_nobody_serves_are_for_a_person(counter):
    server, street = counter
    server.balance = 0
    street.engine.outbox.send_to_carrier()
    street.clock.advance(2000)
    street.engine.outbox.send_to_carrier()
    assert [e for e in server.journal if e["do"] == "waybill"] == []
    assert street.alerts("waybill_refused") == ["waybill_refused"]


@pytest.mark.parametrize("why", ["balance", "unreachable"])
def test_s43_the_next_best_courier_by_rule(counter, why):
    server, street = counter
    street.store.do(lambda tx: tx.run("UPDATE shops SET carrier_then = 'yto sto'"))
    if why == "balance":
        server.no_waybills = {"zhongtong", "yuantong"}
    else:
        address = street.store.read.one("SELECT city FROM orders")["city"]
        server.unserved = {"zhongtong": {address}, "yuantong": {address}}
    for _ in range(3):
        street.engine.outbox.send_to_carrier()
        street.clock.advance(10)
    (sold,) = [entry for entry in server.journal if entry["do"] == "waybill"]
    assert sold["carrier"] == "shentong"
    assert len(server.waybills) == 1  # never two that live
    order = one(street.store, "SELECT * FROM orders")
    assert order["carrier"] == "sto"
    assert [each["why"] for each in json.loads(order["carrier_why"])] == [why, why]
    assert street.alerts(f"carrier_{why}")
    assert street.alerts("waybill_refused") == []
    told = [reason.id for reason in whys(find.story(street.store.read, order["id"]), UTC)]
    assert told.count("why.carrier_refused") == 2


def test_s43_doubt_is_no_reason_for_another_courier(counter):
    server, street = counter
    street.store.do(lambda tx: tx.run("UPDATE shops SET carrier_then = 'yto sto'"))
    server.script([{"at": "order", "do": "busy_after"}])
    for _ in range(3):
        street.engine.outbox.send_to_carrier()
        street.clock.advance(100)
    bought = [entry["carrier"] for entry in server.journal if entry["do"] == "waybill"]
    assert bought == ["zhongtong"]
    assert column(street.store, "SELECT count(*) FROM parcels") == [1]


def test_s44_a_lost_printer_prints_the_same_waybill_again(street):
    desk = Desk(street.store)
    order_id = desk.bought("T1")
    desk.printer.fails.append(cut_off())
    desk.work()
    assert column(street.store, "SELECT state FROM print_jobs") == ["in_doubt"]
    street.store.do(lambda tx: reprint_label(tx, order_id), PACKER)
    desk.work()
    (label,) = desk.printer.paper
    assert (label.waybill, label.copy) == ("ZT1", 2)
    assert column(street.store, "SELECT count(*) FROM parcels") == [1]


def test_s45_a_refusal_inside_a_good_answer_is_a_refusal(counter):
    server, street = counter
    server.script([{"at": "order", "do": "code 500"}])
    street.engine.outbox.send_to_carrier()
    assert [e for e in server.journal if e["do"] == "waybill"] == []
    assert street.outbox("waybill") != ["done"]


ROBOTS = {"wecom": SimulatedWecom, "dingtalk": SimulatedDingtalk, "feishu": SimulatedFeishu}
REFUSALS = [
    ("wecom", "code 45009"),
    ("wecom", "code 40058"),
    ("wecom", "html502"),
    ("wecom", "drop"),
    ("dingtalk", "code 130101"),
    ("dingtalk", "code 310000"),
    ("feishu", "code 9499"),
    ("feishu", "code 19021"),
]


@pytest.fixture
def crowd(street):
    """Robots in their groups and a mail server, told as the configuration would have it."""

    def gather(kind, **more):
        robot = street.stack.enter_context(ROBOTS[kind](street.clock, secret="SEC-0123456789"))
        mail = street.stack.enter_context(SimulatedMail())
        configs = (
            told("leads", kind, url=robot.address, secret="SEC-0123456789", **more),
            told(
                "owner", "email", url=mail.url, sender="p@x.cn", to=("o@x.cn",), rules=("called",)
            ),
        )
        config = Config(path=Path("x"), database=Path("x"), photos=Path("x"), log=Path("x"))
        town = Town(
            street.store,
            *configs,
            notifiers={c.code: notifier_of(c, config, street.clock) for c in configs},
            words=Digest("zh_CN", street.clock.zone),
        )
        return town, robot, mail

    return gather


@pytest.mark.parametrize(("kind", "refusal"), REFUSALS)
def test_s46_an_alert_that_a_robot_refuses_waits_and_goes_the_other_way_too(crowd, kind, refusal):
    town, robot, mail = crowd(kind, fallback="owner", fallback_minutes=5)
    robot.script([{"at": "send", "do": refusal, "times": 99}])
    town.alarm("DB20260120001")
    assert town.tick() == 0
    assert town.waiting("leads") == ["DB20260120001"]
    town.pass_time(280)
    assert (mail.letters, town.waiting("leads")) == ([], ["DB20260120001"])
    town.pass_time(60)
    (letter,) = mail.letters
    assert "DB20260120001" in letter.get_content()
    assert robot.calls < 12  # no hot loop
    assert robot.texts == []
    robot.calm()
    town.pass_time(1300)
    (text,) = robot.texts
    assert "DB20260120001" in text
    assert (town.waiting("leads"), town.lost()) == ([], [])
    assert len(mail.letters) == 1


@pytest.mark.parametrize("kind", ROBOTS)
def test_s46_sixty_alerts_in_a_minute_are_few_messages_and_none_is_lost(crowd, kind):
    town, robot, _ = crowd(kind)
    names = [f"DB20260120{n:03d}" for n in range(60)]
    for name in names:
        town.alarm(name)
        town.tick(1)
    town.pass_time(60)
    shown = "\n".join(robot.texts)
    assert [name for name in names if shown.count(name) != 1] == []
    assert len(robot.texts) <= 6
    assert all(len(text.encode()) <= robot.most for text in robot.texts)
    assert robot.played == {}  # it refused nothing
    assert (town.waiting(), town.lost()) == ([], [])


@pytest.mark.parametrize("kind", ROBOTS)
def test_s46_a_flood_of_long_alerts_keeps_to_the_pace_and_none_is_lost(crowd, kind):
    """More than a minute takes: the rest goes on waiting, and no robot ever shuts us out."""
    town, robot, _ = crowd(kind)
    town.delivery.notifiers["leads"].limit = 400  # about five alerts a message
    names = [f"DB20260120{n:03d}" for n in range(300)]
    town.alarm(*names)
    town.tick()
    assert len(robot.texts) == 18
    waiting = town.waiting()
    shown = "\n".join(robot.texts)
    assert [name for name in names if (name in waiting) == (name in shown)] == []
    town.pass_time(600)
    shown = "\n".join(robot.texts)
    assert [name for name in names if shown.count(name) != 1] == []
    times = [entry["at"] for entry in robot.journal]
    assert max(sum(at - 60_000 < other <= at for other in times) for at in times) <= 20
    assert robot.calls == len(robot.texts)
    assert (town.waiting(), town.lost()) == ([], [])


@pytest.mark.parametrize("kind", ROBOTS)
def test_s46_a_storm_of_faults_loses_no_alert(crowd, kind):
    town, robot, _ = crowd(kind)
    verbs = ("drop", "drop_after_commit", "html502", "html502_after", "truncated", "html200")
    robot.storm(46, 0.5, verbs)
    names = [f"DB20260120{n:03d}" for n in range(80)]
    for name in names:
        town.alarm(name)
        town.tick(20)
        assert town.lost() == []
        waiting, shown = set(town.waiting("leads")), "\n".join(robot.texts)
        told_of = column(town.store, "SELECT subject FROM alerts WHERE rule = 'overdue'")
        assert [each for each in told_of if each not in waiting and each not in shown] == []
    robot.calm()
    town.pass_time(1300)
    assert town.waiting("leads") == []
    assert [name for name in names if name not in "\n".join(robot.texts)] == []


def routes(street, kind):
    return [
        json.loads(what)["route"]
        for what in column(street.store, f"SELECT what FROM events WHERE kind = '{kind}'")
    ]


def test_s47_the_story_of_an_order_says_by_which_way_it_came_and_went(street):
    direct = street.open(mask=False)
    behind = street.open("kuaidi100", shop_id=2, first_number=5_000_000_001)
    behind.ring()
    mine, theirs = direct.buy(), behind.buy()
    direct.follow()
    behind.deliver(0)
    assert routes(street, "received") == ["taobao", "kuaidi100"]
    for stall, number in ((direct, mine), (behind, theirs)):
        street.labelled(number)
        stall.send()
    assert routes(street, "backhauled") == ["taobao", "kuaidi100"]
    assert len(behind.waybills(theirs)) == len(direct.waybills(mine)) == 1


@pytest.mark.parametrize("trouble", ["code 500", "balance", "html502", "drop", "empty"])
def test_s47_a_seller_of_waybills_that_fails_leaves_no_number(counter, trouble):
    server, street = counter
    server.script([{"at": f"order#{n}", "do": trouble} for n in range(1, 4)])
    for _ in range(3):
        street.engine.outbox.send_to_carrier()
        street.clock.advance(100)
    assert column(street.store, "SELECT waybill FROM parcels") == [None]
    assert routes(street, "waybill_bought") == []
    server.calm()
    street.store.do(lambda tx: tx.run("UPDATE outbox SET state = 'due', next_try_at = 0"))
    street.engine.outbox.send_to_carrier()
    (waybill,) = column(street.store, "SELECT waybill FROM parcels")
    assert waybill in server.waybills
    assert routes(street, "waybill_bought") == ["kuaidi100"]


def test_s47_a_shop_behind_an_aggregator_that_fails_is_stale_and_never_made_up(street):
    stall = street.open("kuaidi100")
    stall.ring()
    stall.deliver()
    known = stall.cursor()
    number = stall.buy()
    stall.server.cut()
    street.clock.advance(3600)
    with pytest.raises(CallFailed):
        stall.pull()
    assert (stall.cursor(), stall.numbers()) == (known, [])
    stall.server.restore()
    stall.deliver(60)
    assert stall.numbers() == [number]
    assert stall.cursor() > known


def test_a_supervisor_may_let_a_changed_address_pass(street, stall):
    """What s22 stops, a person lets go."""
    number = stall.buy()
    stall.follow()
    street.labelled(number)
    stall.server.change_address(number, "文二路2号")
    stall.follow()
    order_id = street.order(number)["id"]
    street.store.do(lambda tx: release(tx, order_id, "address_changed"), BOSS)
    stall.send()
    assert len(stall.waybills(number)) == 1
