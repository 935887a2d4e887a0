"""``packline notify``: who is told of alerts, what waits for them, and a test message."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import tzinfo
from typing import TYPE_CHECKING

from core.clock import SystemClock, local
from core.errors import Problem
from core.messages import message
from core.ports import CallFailed
from tui.commands.lines import Page
from tui.commands.shared import add_json, print_json, reading, works
from tui.words import say, word

if TYPE_CHECKING:
    from core.watch.notices import NotifierState
    from tui.wiring import Works


def arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)
    todo = parser.add_subparsers(dest="todo", metavar="TODO")
    todo.add_parser("status", help=say("cli.notify.status"))
    test = todo.add_parser("test", help=say("cli.notify.test"))
    test.add_argument("name", nargs="?", default="", metavar="NAME", help=say("cli.notify.name"))


def run(arguments: argparse.Namespace) -> int:
    """Show every notifier, or send a test message; exit status 1 when one did not arrive."""
    if arguments.todo == "test":
        with works(arguments) as opened:
            return try_out(opened, arguments.name)
    from core.watch.notices import notifiers

    with reading(arguments) as (config, read):
        rows = notifiers(read, SystemClock().now())
        if arguments.json:
            print_json([asdict(row) for row in rows])
        else:
            print(show(rows, config.zone))
    return 0


def try_out(opened: "Works", name: str) -> int:
    """Send a test message to one notifier or to all, and say what came back. Raises Problem."""
    codes = [name] if name else [notifier.code for notifier in opened.config.notifiers]
    if not codes:
        raise Problem("notify.none", file=str(opened.config.path))
    page, bad = Page(), False
    for code in codes:
        try:
            opened.delivery.test(code)
        except CallFailed as failure:
            bad = True
            page.line(f"✗ {code}  {say(f'notify.fault.{failure.fault.value}')}")
            page.line(f"{failure.code} {failure.text}".strip(), indent=4)
        else:
            page.line(f"✓ {say(message('notify.arrived', name=code))}")
    print(page.text())
    return int(bad)


def show(rows: "Sequence[NotifierState]", zone: tzinfo) -> str:
    """A line for each notifier, its trouble under it."""
    page = Page()

    def at(moment: int | None) -> str:
        return f"{local(moment, zone):%m-%d %H:%M}" if moment else "–"

    for row in rows:
        counts = message("notify.counts", waiting=row.waiting, at=at(row.delivered_at))
        page.head(f"{row.code}  {word('notifier', row.kind)}", say(counts))
        if row.fault:
            since = say(message("notify.since", at=at(row.failing_since)))
            page.line(f"{say(f'notify.fault.{row.fault}')} {since}", indent=4)
            page.line(row.answer, indent=4)
    if not rows:
        page.line(say("notify.nobody"))
    return page.text()
