"""``packline simulate-shop CHANNEL``: a platform on this machine, to try a connector."""

import argparse
import random
import signal
import threading
from importlib import import_module
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from core.clock import Clock, SystemClock
from core.errors import Problem
from core.messages import message
from drivers.simulated.pushing import Pushes
from tui.words import say


class Platform(NamedTuple):
    """Where a simulated platform is found, and what its connector wants to know."""

    module: str
    name: str
    path: str = ""
    secret: str = "secret"


PLATFORMS = {
    "taobao": Platform("shop", "SimulatedTaobao", "/router/rest"),
    "tmall": Platform("shop", "SimulatedTaobao", "/router/rest"),
    "jd": Platform("jd", "SimulatedJd"),
    "pdd": Platform("pdd", "SimulatedPdd"),
    "ktt": Platform("ktt", "SimulatedKtt"),
    "douyin": Platform("douyin", "SimulatedDouyin"),
    "kuaishou": Platform("kuaishou", "SimulatedKuaishou", secret="secret:sign"),
    "wechat": Platform("wechat", "SimulatedWechat"),
    "shopify": Platform("shopify", "SimulatedShopify"),
    "woocommerce": Platform("woocommerce", "SimulatedWoo"),
    "vendure": Platform("vendure", "SimulatedVendure"),
    "kuaidi100": Platform("kuaidi100_shop", "SimulatedKuaidi100Shop"),
}
"""Channel -> its stand-in, made with the keys it has by default."""
USUAL_DOOR = "http://127.0.0.1:8765/sim-kuaidi100"
"""Where an aggregator delivers to when not told otherwise."""
SKUS = ("TEE-1", "CUP-2", "TEA-3", "SOAP-4", "BOOK-5")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "channel",
        choices=tuple(PLATFORMS),
        metavar="CHANNEL",
        help=f"{say('cli.simulate.channel')} {' '.join(PLATFORMS)}",
    )
    parser.add_argument("--port", type=int, default=0, metavar="N", help=say("cli.simulate.port"))
    parser.add_argument(
        "--orders", type=int, default=20, metavar="N", help=say("cli.simulate.orders")
    )
    parser.add_argument(
        "--every", type=float, default=30.0, metavar="SECONDS", help=say("cli.simulate.every")
    )
    parser.add_argument(
        "--storm", type=int, default=0, metavar="PERCENT", help=say("cli.simulate.storm")
    )
    parser.add_argument("--push", default="", metavar="URL", help=say("cli.simulate.push"))


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop; buyers keep ordering."""
    platform = PLATFORMS[arguments.channel]
    server = made(platform)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        server.start(arguments.port)
    except OSError as error:
        raise Problem("simulate.port", port=arguments.port, reason=str(error.strerror)) from error
    try:
        draw = random.Random(1)
        server.push_url = arguments.push
        for _ in range(arguments.orders):
            push(server, order(server, draw))
        server.storm(1, arguments.storm / 100)
        print(snippet(arguments.channel, platform, server), flush=True)
        print(say(message("simulate.runs", n=arguments.orders)), flush=True)
        while not stop.wait(arguments.every or None):
            push(server, order(server, draw))
    finally:
        server.stop()
    return 0


def made(platform: Platform, clock: Clock | None = None, **world: Any) -> Any:
    """The stand-in, on this machine's own clock unless given another; with its usual keys."""
    kind = getattr(import_module(f"drivers.simulated.{platform.module}"), platform.name)
    server = kind(clock or SystemClock(), **world)
    if hasattr(server, "by_itself"):
        server.by_itself = True  # what it is asked for it delivers a moment later
    return server


def push(server: Any, number: str) -> None:
    """The platform says by itself that there is an order, where it can and was told where to."""
    if pushes(server):
        server.push(server.message(number))


def pushes(server: Any) -> bool:
    """Whether the platform can push, and was told where to."""
    return isinstance(server, Pushes) and bool(server.push_url)


def order(server: Any, draw: random.Random) -> str:
    """A buyer orders something; the order's number."""
    from drivers.simulated.shop_trades import SimLine, SimOrder

    lines = tuple(
        SimLine(sku=sku, title=sku, price_cents=990, quantity=draw.randint(1, 3))
        for sku in draw.sample(SKUS, draw.choice((1, 1, 2)))
    )
    return str(server.place(SimOrder(lines=lines)))


def snippet(channel: str, platform: Platform, server: Any) -> str:
    """What to paste into ``packline.toml``; with a door where the platform pushes to."""
    behind = channel == "kuaidi100"
    door = urlsplit(server.push_url if pushes(server) else USUAL_DOOR if behind else "")
    told = {
        "code": f"sim-{channel}",
        "name": f"sim-{channel}",
        "channel": channel,
        "url": server.url + platform.path,
        "platform": "taobao" if behind else "",
        "app_key": server.app_key,
        "app_secret": platform.secret,
        "session": server.session,
        "refresh_token": "" if behind else getattr(server, "refresh_token", ""),
        "push_path": door.path,
        "push_secret": getattr(server, "push_secret", "") if door.path else "",
        "tier": "standard",
    }
    lines = ["[[shops]]", *(f'{name} = "{value}"' for name, value in told.items() if value)]
    if door.path:
        listen = f'listen = "{door.netloc}"'
        lines += ["[push]", listen, f'url = "{door.scheme}://{door.netloc}"']
    return "\n".join([*lines, ""])
