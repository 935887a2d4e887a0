"""Shops from the command line: added, tried, looked at, compared; their outbox; their folders."""

import io
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

import core
from core.clock import SHANGHAI, SetClock, SystemClock, local
from core.config import read_config
from drivers.simulated.shop import SimLine, SimOrder
from tests.tui.cli.place import CONFIG
from tests.until import until
from tui.commands.simulate import PLATFORMS, made, order, snippet
from tui.wiring import channel_of, folder_of

ROOT = Path(core.__file__).parent.parent
SAMPLES = Path(__file__).parents[2] / "drivers/files/samples"
HOUR = 3_600_000


def buy(platform, count=1, hours=0.1, **told):
    """Orders that came in that long ago."""
    now, platform.clock = platform.clock, SetClock(platform.clock.now() - int(hours * HOUR))
    order = SimOrder(lines=(SimLine(sku="CUP", title="杯"),), **told)
    numbers = [platform.place(order) for _ in range(count)]
    platform.clock = now
    return numbers


# --- add -------------------------------------------------------------------------------------


def test_a_shop_is_added_by_options_and_the_rest_stays(place, monkeypatch):
    monkeypatch.setenv("JD_S", "hush")
    words = ("--channel", "jd", "--code", "jd1", "--name", "京东店")
    keys = ("--url", "https://api.jd.com/routerjson", "--app-key", "k", "--app-secret", "env:JD_S")
    place.config.chmod(0o644)
    told = place("shop", "add", *words, *keys)
    assert told.status == 0, told.err
    assert "shop test jd1" in told.out
    text = place.config.read_text("utf-8")
    assert text.startswith(CONFIG.rstrip())
    assert tomllib.loads(text)["shops"][1]["app_secret"] == "env:JD_S"
    assert stat.S_IMODE(place.config.stat().st_mode) == 0o600


def test_a_shop_is_added_by_answers(place, monkeypatch):
    monkeypatch.setenv("DY_SECRET", "hush")
    answers = "douyin\ndy\n\n\nkey\nenv:DY_SECRET\ntoken\n\n\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
    told = place("shop", "add")
    assert told.status == 0, told.err
    shop = read_config(place.config).shops[1]
    assert (shop.code, shop.channel, shop.app_secret) == ("dy", "douyin", "hush")
    assert shop.url == "https://openapi-fxg.jinritemai.com"
    assert "hush" not in place.config.read_text("utf-8") + told.out


def test_a_shopify_shop_is_told_the_scopes_its_app_needs(place, monkeypatch):
    answers = "shopify\nsh\n\nhttps://a.myshopify.com\n\n\ntoken\n\n\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
    told = place("shop", "add")
    assert told.status == 0, told.err
    assert "write_merchant_managed_fulfillment_orders" in told.out
    assert read_config(place.config).shops[1].session == "token"


def test_a_simulated_site_on_this_machine_needs_no_certificate(place):
    words = ("--channel", "woocommerce", "--code", "w", "--name", "n")
    told = place("shop", "add", *words, "--url", "http://127.0.0.1:9")
    assert told.status == 0, told.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--channel", "amazon", "--code", "a", "--name", "n"), "No platform amazon"),
        (("--channel", "jd", "--code", "tb", "--name", "n"), "already"),
        (("--channel", "jd", "--code", "有", "--name", "n"), "letters"),
        (("--channel", "jd", "--code", "a", "--name", "n", "--url", "jd.com"), "https://"),
        (("--channel", "jd", "--code", "a", "--name", ""), "answer is needed"),
        (
            ("--channel", "woocommerce", "--code", "a", "--name", "n", "--url", "http://a.cn"),
            "over https:// only; got http://a.cn",
        ),
        (
            ("--channel", "jd", "--code", "a", "--name", "n", "--app-secret", "env:NOT_SET"),
            "NOT_SET",
        ),
    ],
)
def test_a_wrong_answer_writes_nothing(place, words, said):
    before = place.config.read_bytes()
    told = place("shop", "add", *words)
    assert (told.status, said in told.err) == (1, True), told.err
    assert place.config.read_bytes() == before
    assert not list(place.folder.glob("*.part"))


def test_answers_that_break_off_write_nothing(place, monkeypatch):
    before = place.config.read_bytes()
    monkeypatch.setattr(sys, "stdin", io.StringIO("jd\n"))
    assert "nothing was written" in place("shop", "add").err
    assert place.config.read_bytes() == before


def test_a_jd_shop_is_asked_when_its_token_ends(place, monkeypatch):
    answers = "jd\njd1\n\n\nkey\nhush\ntoken\nrefresh\n2027-01-02 18:00\n\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
    told = place("shop", "add")
    assert told.status == 0, told.err
    assert 'session_ends = "2027-01-02 18:00"' in place.config.read_text("utf-8")
    assert read_config(place.config).shops[1].session_ends == 1_798_884_000_000
    again = ("--channel", "jd", "--code", "jd2", "--name", "n", "--session-ends", "tomorrow")
    assert "2026-12-31 18:00" in place("shop", "add", *again).err


@pytest.mark.parametrize(
    ("written", "ends"),
    [
        ('"2027-01-02 18:00"', 1_798_884_000_000),
        ("2027-01-02 18:00:00", 1_798_884_000_000),
        ("2027-01-02T10:00:00Z", 1_798_884_000_000),
        ('""', 0),
    ],
)
def test_the_end_of_a_token_may_be_written_as_people_do(place, written, ends):
    place.add(f"session_ends = {written}\n")
    assert read_config(place.config).shops[0].session_ends == ends


@pytest.mark.parametrize("written", ['"2027-01-02"', "2027-01-02", '"soon"', "20270102"])
def test_the_end_of_a_token_has_a_time_of_the_day(place, written):
    place.add(f"session_ends = {written}\n")
    told = place("shop", "status")
    assert (told.status, "session_ends" in told.err) == (1, True)
    assert "2026-12-31 18:00" in told.err


def test_a_file_in_another_style_is_left_to_its_owner(place):
    text = CONFIG.split("[[shops]]")[0] + "\n[extra]\n"
    shops = 'shops = [{ code = "a", name = "A", channel = "jd" }]\n'
    place.config.write_text(shops + text.replace("\n[extra]\n", ""), "utf-8")
    before = place.config.read_bytes()
    told = place("shop", "add", "--channel", "jd", "--code", "b", "--name", "B")
    assert (told.status, "[[shops]]" in told.err) == (1, True)
    assert place.config.read_bytes() == before


# --- test and status -------------------------------------------------------------------------


def test_trying_a_shop_tells_key_clock_listing_and_an_order(online, platform):
    (number,) = buy(platform)
    platform.skew_s = 40
    told = online("shop", "test", "net")
    assert told.status == 0, told.out + told.err
    lines = told.out.splitlines()
    assert [line[0] for line in lines] == ["✓"] * 4
    assert "accepts" in lines[0]
    assert re.search(r" (3[89]|4[012]) s", lines[1])
    assert number in lines[3]


def test_trying_a_shop_says_what_is_wrong(online, platform):
    platform.skew_s = 640
    told = online("shop", "test", "net")
    assert (told.status, "✗" in told.out.splitlines()[1]) == (1, True)
    platform.skew_s = 0
    platform.revoke()
    told = online("shop", "test", "net")
    assert (told.status, "Authorise again" in told.out) == (1, True)
    platform.cut()
    assert "no_connection" in online("shop", "test", "net").out
    assert "Known: net" in online("shop", "test", "tb").err


def test_the_status_says_what_a_shop_needs(online, platform):
    buy(platform, 2, hours=5)
    assert "never pulled" in online("shop", "status").out
    known_since(online, 6)
    online("sync", "--once")
    platform.expire()
    buy(platform)
    assert online("shop", "test", "net").status == 0
    told = online("shop", "status", "--json")
    net = next(shop for shop in told.data if shop["code"] == "net")
    assert net["fresh_at"]
    assert net["token_ends_at"] > platform.clock.now()
    platform.cut()
    online("sync", "--once")
    assert "no good answer since" in online("shop", "status").out


def test_the_status_says_which_token_must_be_authorised_anew(online, platform):
    online("people")  # brings the database to the configuration
    text = online.config.read_text("utf-8")

    def ends(hours, extra=""):
        at = local(SystemClock().now() + int(hours * HOUR), SHANGHAI)
        more = f'session_ends = "{at:%Y-%m-%d %H:%M}"\n'
        online.config.write_text(text.replace(extra, "") + more, "utf-8")
        return online("shop", "status").out

    refresh = 'refresh_token = "refresh"\n'
    assert "renewed by itself before" in ends(48)
    assert "is not renewed by itself: authorise" in ends(48, refresh)
    assert online("shop", "test", "net").out.splitlines()[-1].startswith("✗ token ends")
    assert "token ended" in ends(-1, refresh)


# --- the books -------------------------------------------------------------------------------


def known_since(place, hours):
    """The network shop was followed up to that long ago; the platform counts our calls."""
    place("people")  # brings the database to the configuration
    since = SystemClock().now() - hours * HOUR
    place.sql(
        f"INSERT INTO cursors SELECT id, 'orders', {since} FROM shops WHERE code = 'net'",
    )


def drained(place):
    while place("sync", "--once").status == 0:
        if not place.one("SELECT count(*) FROM pull_gaps"):
            return


def test_the_books_are_compared_and_a_lost_order_is_named(online, platform):
    buy(platform, 3, hours=5)
    assert online("reconcile", "--shop", "net").status == 1  # nothing pulled yet
    known_since(online, 6)
    drained(online)
    told = online("reconcile", "--days", "1")
    assert (told.status, "platform 3, here 3 (0" in told.out) == (0, True), told.out + told.err
    (lost,) = buy(platform, hours=4)  # behind what is pulled already
    (past,) = buy(platform, hours=4, status="TRADE_FINISHED")
    told = online("reconcile", "--shop", "net", "--days", "1")
    assert (told.status, "platform 5, here 4 (1" in told.out) == (0, True), told.out
    assert f"  {lost}  was missing" in told.out
    assert past not in told.out
    hours = online("reconcile", "--days", "1", "--json").data["net"]
    assert sum(hour["here"] for hour in hours) == 4
    assert "platform 5, here 5, 0 unexplained" not in online("shop", "status").out
    assert "0 unexplained" in online("shop", "status").out


def test_books_need_a_shop_that_is_reached(place):
    assert "No shop" in place("reconcile").err


def test_the_past_is_read_once_more(online, platform):
    assert "never pulled" in online("shop", "backfill", "net").err
    known_since(online, 1)
    (old,) = buy(platform, hours=20)
    drained(online)
    assert online.one(f"SELECT count(*) FROM orders WHERE platform_number = '{old}'") == 0
    assert online("shop", "backfill", "net", "--days", "1").status == 0
    assert "24 h of its past" in online("shop", "status").out
    drained(online)
    assert online.one(f"SELECT count(*) FROM orders WHERE platform_number = '{old}'") == 1
    assert online("shop", "backfill", "nobody").status == 1


# --- the outbox ------------------------------------------------------------------------------


def test_the_outbox_tells_what_waits_and_tries_it_again(place):
    waybill = place.one("SELECT id FROM outbox WHERE kind = 'waybill'")
    place.sql(
        f"UPDATE outbox SET state = 'conflict', attempts = 3, last_answer = 'business B60 used'"
        f" WHERE id = {waybill}"
    )
    told = place("outbox")
    assert told.out.splitlines()[0].startswith(f"{waybill}  DB")
    assert "3 tries: business B60 used" in told.out
    assert place("outbox", "--json").data[0]["state"] == "conflict"
    assert place("outbox", "retry", waybill).status == 0
    assert place.one(f"SELECT state FROM outbox WHERE id = {waybill}") == "due"
    assert place("outbox", "retry", 9999).status == 1
    place.sql("UPDATE outbox SET state = 'done'")
    assert "everything has left" in place("outbox").out


# --- watched folders -------------------------------------------------------------------------


@pytest.fixture
def watched(place):
    (place.folder / "in").mkdir()
    place.add('\n[[shops]]\ncode = "jdf"\nname = "京东"\nchannel = "jd"\nfolder = "in"\n')
    works = place.works()
    yield place, works, folder_of(works, works.config.shops[1])
    works.close()


def orders_of(works):
    return [
        row["platform_number"]
        for row in works.store.read.all("SELECT platform_number FROM orders WHERE shop_id > 1")
    ]


def test_a_file_that_has_settled_is_taken_in_once(watched):
    place, works, folder = watched
    shutil.copy(SAMPLES / "jd_line_rows.csv", place.folder / "in/jd.csv")
    os.utime(place.folder / "in/jd.csv")
    assert (folder.look(), folder.look(), folder.look()) == (0, 1, 0)
    numbers = orders_of(works)
    assert numbers
    again = place.folder / "in/jd.csv"
    shutil.copy(SAMPLES / "jd_line_rows.csv", again)
    os.utime(again, (time.time() - 100,) * 2)
    assert folder.look() == 1
    assert orders_of(works) == numbers
    done = {path.name for path in (place.folder / "in").rglob("*") if path.is_file()}
    assert len(done) == 2


def test_a_growing_file_and_an_unfinished_name_are_left_alone(watched):
    place, _, folder = watched
    growing = place.folder / "in/orders.csv"
    for name in ("~$orders.xlsx", ".hidden.csv", "orders.csv.part"):
        (place.folder / "in" / name).write_text("x")
    for size in range(1, 4):
        growing.write_text("订单编号" * size)
        assert folder.look() == 0
    assert folder.look() == 1


def test_a_file_that_is_taken_away_at_the_last_moment_loses_no_other(watched, monkeypatch):
    place, works, folder = watched
    for name in ("a.csv", "b.csv"):
        shutil.copy(SAMPLES / "jd_line_rows.csv", place.folder / "in" / name)
        os.utime(place.folder / "in" / name, (time.time() - 100,) * 2)
    real = folder._import
    monkeypatch.setattr(
        folder, "_import", lambda paths: ((place.folder / "in/a.csv").unlink(), real(paths))[1]
    )
    assert folder.look() == 0
    assert orders_of(works) == []
    monkeypatch.setattr(folder, "_import", real)
    assert folder.look() == 1
    assert orders_of(works)


def test_a_file_nobody_understands_is_kept_with_the_reason(watched):
    place, works, folder = watched
    (place.folder / "in/what.csv").write_text("hello\n")
    folder.look()
    folder.look()
    reasons = (place.folder / "in/kept/what.csv.reasons.txt").read_text("utf-8")
    assert (place.folder / "in/kept/what.csv").exists()
    assert reasons.strip()
    assert [row["rule"] for row in works.store.read.all("SELECT rule FROM alerts")] == ["file_kept"]


def test_a_folder_that_goes_away_is_said_once_and_its_return(watched):
    place, works, folder = watched
    shutil.move(place.folder / "in", place.folder / "out")
    assert (folder.look(), folder.look()) == (0, 0)
    alerts = "SELECT over_at FROM alerts WHERE rule = 'folder_missing'"
    assert [row["over_at"] for row in works.store.read.all(alerts)] == [None]
    shutil.move(place.folder / "out", place.folder / "in")
    folder.look()
    assert works.store.read.one(alerts)["over_at"] is not None


def test_the_engine_looks_into_the_folder_by_itself(watched):
    place, works, _ = watched
    shutil.copy(SAMPLES / "jd_line_rows.csv", place.folder / "in/jd.csv")
    os.utime(place.folder / "in/jd.csv", (time.time() - 100,) * 2)
    works.engine.start()
    until(lambda: orders_of(works))
    until(lambda: not (place.folder / "in/jd.csv").exists())


# --- a platform to try -----------------------------------------------------------------------


def test_a_simulated_shop_is_tried_with_the_lines_it_prints(place):
    environ = dict(os.environ) | {"PYTHONPATH": str(ROOT), "LC_ALL": "en_US.UTF-8"}
    words = ("-m", "tui.cli", "simulate-shop", "pdd", "--orders", "3", "--every", "0")
    process = subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, text=True, env=environ
    )
    try:
        lines = iter(process.stdout.readline, "\n")
        place.add("\n" + "".join(lines))
        assert "3 orders" in process.stdout.readline()
        told = place("shop", "test", "sim-pdd")
        assert (told.status, "accepts" in told.out) == (0, True), told.out + told.err
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.mark.parametrize("channel", [name for name in PLATFORMS if name != "kuaidi100"])
def test_every_channel_has_a_platform_its_lines_open(tmp_path, channel):
    server = made(PLATFORMS[channel])
    with server:
        order(server, random.Random(1))
        path = tmp_path / "packline.toml"
        path.write_text(snippet(channel, PLATFORMS[channel], server), "utf-8")
        path.chmod(0o600)
        config = read_config(path)
        clock = SystemClock()
        shop = channel_of(config.shops[0], config, clock)
        now = shop.server_now()
        listed = [n for page in shop.changes(now - 600_000, now + 2_000) for n in page]
        assert len(set(listed)) == 1
        assert shop.detail(listed[0]).lines
        shop.close()
