"""``packline reconcile``: each hour's orders on the platform against the orders here."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from core.clock import local
from core.errors import Problem
from core.messages import Message, message
from tui.commands.shared import add_json, print_json, works
from tui.words import say, word

if TYPE_CHECKING:
    from core.sync import Shop
    from core.sync.reconcile import Hour
    from tui.wiring import Works


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--shop", default="", metavar="CODE", help=say("cli.reconcile.shop"))
    parser.add_argument("--days", type=int, default=3, metavar="N", help=say("cli.reconcile.days"))
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare, fetch what is missing, name what differs; exit status 1 when some stays."""
    from core.sync.reconcile import can_check, reconcile

    with works(arguments) as opened:
        shops = chosen(opened, arguments.shop)
        told: dict[str, list[Hour]] = {}
        for shop in shops:
            if arguments.shop or can_check(shop):
                with answering():
                    told[shop.code] = reconcile(opened.store, shop, max(1, arguments.days))
            elif not arguments.json:
                print(say(message("reconcile.cannot", shop=shop.code)))
        if arguments.json:
            print_json({code: [asdict(hour) for hour in hours] for code, hours in told.items()})
        else:
            for code, hours in told.items():
                show(opened, code, hours)
    return 1 if any(hour.unexplained for hours in told.values() for hour in hours) else 0


def chosen(opened: "Works", code: str) -> "list[Shop]":
    """The shops meant, every one that is reached over the network by default. Raises Problem."""
    shops = [shop for shop in opened.engine.shops.values() if code in ("", shop.code)]
    if not shops:
        known = " ".join(shop.code for shop in opened.engine.shops.values()) or "-"
        raise Problem("shop.not_reached", code=code or "-", known=known)
    return shops


@contextmanager
def answering() -> Iterator[None]:
    """A shop that gives no good answer says so in its own words. Raises Problem."""
    from core.ports import CallFailed

    try:
        yield
    except CallFailed as failure:
        raise Problem("shop.no_answer", answer=str(failure)) from failure


def show(opened: "Works", code: str, hours: "Sequence[Hour]") -> None:
    """Hours with orders, the sum, then every difference by number."""
    zone = opened.config.zone
    for hour in hours:
        if hour.platform or hour.differences:
            when = local(hour.start, zone).strftime("%m-%d %H:00")
            print(f"{when}  {say(sums(code, [hour]))}")
    print(say(sums(code, hours)))
    for hour in hours:
        for number, kind in hour.differences.items():
            if kind != "not_ours":
                print(f"  {number}  {word('reconcile.kind', kind)}")


def sums(code: str, hours: "Sequence[Hour]") -> Message:
    """``platform 812, here 812, 0 unexplained``."""
    return message(
        "reconcile.sums",
        shop=code,
        platform=sum(hour.platform for hour in hours),
        here=sum(hour.here + hour.count("brought") for hour in hours),
        brought=sum(hour.count("brought") for hour in hours),
        not_ours=sum(hour.count("not_ours") for hour in hours),
        unexplained=sum(hour.unexplained for hour in hours),
    )
