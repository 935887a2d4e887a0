"""Faults 16 to 21, of being let in: keys, clocks, limits, and lines that are no line."""

import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.clock import millis
from core.ports import CallFailed, Fault
from core.sync.turns import ORDERS, SHIP
from tests.core.orders.warehouse import (
    bring,
    one,
)
from tests.scenarios.street import (
    DETAIL,
    EVERY,
    LISTING,
)


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
