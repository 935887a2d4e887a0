"""Shops that push and shops behind an aggregator, wired as a user wires them, on real sockets."""

import io
import os
import random
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import core
from core.clock import SetClock
from core.config import read_config
from core.ports import Hint, Pushed
from core.store.database import open_reader
from core.sync import hints
from tests.tui.cli.place import READY
from tests.until import until
from tui.commands.simulate import PLATFORMS, made, order, snippet
from tui.wiring import Works

ROOT = Path(core.__file__).parent.parent
SHOP = """[[shops]]
code = "dy"
name = "抖店"
channel = "douyin"
url = "http://127.0.0.1:9"
app_secret = "s"
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def pushing_works(path, channel, server):
    """The place of the lines a simulated shop prints, at work."""
    path.write_text(snippet(channel, PLATFORMS[channel], server), "utf-8")
    path.chmod(0o600)
    return Works(read_config(path))


@pytest.mark.parametrize("channel", ["douyin", "shopify", "woocommerce"])
def test_a_simulated_shop_pushes_and_the_order_is_there_at_once(tmp_path, channel):
    server = made(PLATFORMS[channel])
    server.push_url = f"http://127.0.0.1:{free_port()}/sim-{channel}"
    with server:
        works = pushing_works(tmp_path / "packline.toml", channel, server)
        try:
            works.engine.start()
            until(lambda: works.engine.syncing)
            until(lambda: server.push(server.message("404")) == [200])
            server.late = (1.0, 3600.0)  # no listing shows it within the hour
            number = order(server, random.Random(1))
            assert server.push(server.message(number)) == [200]
            seen = "SELECT 1 FROM orders WHERE platform_number = ?"
            until(lambda: works.store.read.one(seen, number))
        finally:
            works.close()


def test_a_simulated_aggregator_delivers_what_it_is_asked_for(tmp_path):
    server = made(PLATFORMS["kuaidi100"])
    server.push_url = ""
    with server:
        number = order_of(server, 600)
        path = tmp_path / "packline.toml"
        text = snippet("kuaidi100", PLATFORMS["kuaidi100"], server)
        path.write_text(text.replace("8765", str(free_port())), "utf-8")
        path.chmod(0o600)
        works = Works(read_config(path))
        try:
            works.engine.start()
            seen = "SELECT 1 FROM orders WHERE platform_number = ?"
            until(lambda: works.store.read.one(seen, number), 10)
        finally:
            works.close()


def order_of(server, seconds_ago):
    now, server.clock = server.clock, SetClock(server.clock.now() - seconds_ago * 1000)
    number = order(server, random.Random(1))
    server.clock = now
    return number


def test_a_port_that_is_in_use_is_said_once_and_polling_goes_on(tmp_path):
    server = made(PLATFORMS["douyin"])
    with server, socket.create_server(("127.0.0.1", 0)) as taken:
        server.push_url = f"http://127.0.0.1:{taken.getsockname()[1]}/sim-douyin"
        number = order_of(server, 600)
        works = pushing_works(tmp_path / "packline.toml", "douyin", server)
        try:
            works.engine.start()
            seen = "SELECT 1 FROM orders WHERE platform_number = ?"
            until(lambda: works.store.read.one(seen, number), 10)
            told = "SELECT what FROM alerts WHERE rule = 'push_shut'"
            (what,) = until(lambda: works.store.read.all(told))
            assert "in use" in what["what"]
        finally:
            works.close()


def test_what_was_confirmed_survives_a_kill(tmp_path):
    """Messages are pushed while the process is killed at any moment; each 200 is on disk."""
    server, draw = made(PLATFORMS["douyin"]), random.Random(3)
    server.push_url = f"http://127.0.0.1:{free_port()}/sim-douyin"
    confirmed = set()
    with server:
        path = tmp_path / "packline.toml"
        path.write_text(snippet("douyin", PLATFORMS["douyin"], server), "utf-8")
        path.chmod(0o600)
        for round_ in range(3):
            process = sync(path)
            until(lambda: server.push(server.message("404")) == [200], 30)
            deadline = time.monotonic() + draw.uniform(0.05, 0.4)
            killer = threading.Timer(deadline - time.monotonic(), process.kill)
            killer.start()
            for n in range(10_000):
                name = f"m{round_}-{n}"
                if server.push(server.message("404", name)) != [200]:
                    break
                confirmed.add(name)
            process.wait(10)
            killer.join()
        read = open_reader(tmp_path / "packline.db")
        kept = {row["message"] for row in read.all("SELECT message FROM hints")}
        read.close()
    assert len(confirmed) > 3
    assert confirmed - kept == set()


def sync(config):
    words = ("-m", "tui.cli", "--config", str(config), "sync")
    environ = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL, env=environ)


# --- from the command line ---------------------------------------------------------------------


@pytest.fixture
def aggregator():
    with made(PLATFORMS["kuaidi100"]) as server:
        server.push_url = ""
        yield server


def test_a_shop_behind_an_aggregator_is_added_by_answers(place, aggregator, monkeypatch):
    place.add('\n[push]\nlisten = "127.0.0.1:8765"\nurl = "https://relay.example.com"\n')
    answers = f"kuaidi100\nbehind\n\n{aggregator.url}\ntaobao\nkey\nsecret\n888\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
    told = place("shop", "add")
    assert told.status == 0, told.err
    assert "https://oauth.taobao.com/" in told.out
    assert "Id of the shop at Kuaidi100" in told.out
    shop = read_config(place.config).shops[1]
    assert (shop.platform, shop.session, shop.push_path) == ("taobao", "888", "/behind")
    tried = place("shop", "test", "behind")
    assert tried.status == 0, tried.out
    assert "https://relay.example.com/behind" in tried.out


def test_without_a_door_the_shop_says_what_is_missing(place, aggregator):
    keys = ("--app-key", "key", "--app-secret", "secret", "--session", "888")
    where = ("--url", aggregator.url, "--platform", "jd")
    named = ("--channel", "kuaidi100", "--code", "behind", "--name", "店")
    told = place("shop", "add", *named, *where, *keys)
    assert told.status == 0, told.err
    assert "[push]" in told.out and '"/behind"' in told.out
    assert read_config(place.config).shops[1].push_path == ""
    place("sync", "--once")
    said = place("shop", "status").out
    assert "nowhere to arrive" in said and "Kuaidi100" in said


def test_a_platform_the_aggregator_does_not_know_is_refused(place):
    before = place.config.read_bytes()
    named = ("--channel", "kuaidi100", "--code", "b", "--name", "店", "--platform", "amazon")
    told = place("shop", "add", *named)
    assert (told.status, "amazon" in told.err) == (1, True)
    assert place.config.read_bytes() == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[push]\nlisten = "8765"\n', "push.listen"),
        ('[push]\nlisten = "127.0.0.1:99999"\n', "push.listen"),
        ('[push]\nlisten = "127.0.0.1:1"\nthreads = 0\n', "push.threads"),
        (SHOP + 'push_path = "/a"\n', "[push]"),
        (SHOP + 'push_path = "a"\n[push]\nlisten = "127.0.0.1:1"\n', "/dy"),
        (SHOP.replace("app_secret", "#") + 'push_path = "/a"\n[push]\nlisten = "127.0.0.1:1"\n',
         "push_secret"),
    ],
)  # fmt: skip
def test_a_wrong_door_is_explained(place, more, said):
    place.add("\n" + more)
    told = place("shop", "status")
    assert told.status == 1
    assert said in told.err


def test_a_shop_that_cannot_push_is_refused_by_name(place):
    place.add("\n" + SHOP.replace("douyin", "jd") + 'push_path = "/a"\n')
    place.add('[push]\nlisten = "127.0.0.1:1"\n')
    told = place("sync", "--once")
    assert told.status == 1
    assert "shops.dy.push_path" in told.err and "woocommerce" in told.err


def test_the_story_and_the_status_name_the_way(place):
    ready = place("where", READY)
    assert "through Taobao" in ready.out
    assert "pushed" not in place("shop", "status").out
    works = place.works()
    hints.keep(works.store, 1, Pushed(hints=(Hint("a", "T1"),)))
    works.store.do(lambda tx: hints.refused(tx, 1, 4))
    works.close()
    said = place("shop", "status").out
    assert "1 pushed messages" in said and "4 with a wrong signature" in said
    (shop,) = place("shop", "status", "--json").data
    assert shop["pushes"] == {
        **{"taken": 1, "refused": 4, "waiting": 1},
        "last_at": shop["pushes"]["last_at"],
    }
