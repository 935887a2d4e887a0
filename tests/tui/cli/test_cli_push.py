"""Shops that push and shops behind an aggregator, wired as a user wires them, on real sockets."""

import random
import socket

import pytest

from core.clock import SetClock
from core.config import read_config
from tests.until import until
from tui.commands.simulate import PLATFORMS, made, order, snippet
from tui.wiring import Works


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
