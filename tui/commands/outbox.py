"""``packline outbox``: what has not left yet, trying one of it again, settling a conflict."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import tzinfo
from typing import TYPE_CHECKING

from core.clock import local
from core.messages import message
from core.shipping.by_file import waiting_by_shop
from tui.commands.lines import Page
from tui.commands.shared import acting, add_json, add_reason, print_json, reading, works
from tui.words import say, word

if TYPE_CHECKING:
    from core.sync.waiting import Waiting


WAYS = ("adopt", "send", "by-hand", "elsewhere")


def arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)
    todo = parser.add_subparsers(dest="todo", metavar="TODO")
    retry = todo.add_parser("retry", help=say("cli.outbox.retry"))
    retry.add_argument("id", type=int, metavar="ID", help=say("cli.outbox.id"))
    settle = todo.add_parser("settle", help=say("cli.outbox.settle"))
    settle.add_argument("id", type=int, metavar="ID", help=say("cli.outbox.id"))
    settle.add_argument("way", choices=WAYS, help=say("cli.outbox.way"))
    add_reason(settle)


def run(arguments: argparse.Namespace) -> int:
    """List what waits, or try one again."""
    from core.sync import conflicts, waiting

    if arguments.todo == "settle":
        with works(arguments) as opened:
            actor = acting(opened.store.read, arguments.badge)
            way = arguments.way.replace("-", "_")
            number = opened.store.do(
                lambda tx: conflicts.settle(tx, arguments.id, way, arguments.reason), actor
            )
        print(say(message(f"remedied.{way}", number=number)))
        return 0
    if arguments.todo == "retry":
        with works(arguments) as opened:
            number = opened.store.do(lambda tx: waiting.retry(tx, arguments.id))
        print(say(message("outbox.again", number=number)))
        return 0
    with reading(arguments) as (config, read):
        rows = waiting.waiting(read)
        to_export = waiting_by_shop(read)
        if arguments.json:
            print_json([asdict(row) for row in rows])
        else:
            print(show(rows, config.zone))
            for shop, n in to_export.items():
                print(say(message("outbox.to_export", shop=shop, n=n)))
    return 0


def show(rows: "Sequence[Waiting]", zone: tzinfo) -> str:
    """A line for each effect, what was answered last under it."""
    page = Page()
    for row in rows:
        since = local(row.since, zone).strftime("%m-%d %H:%M")
        state = word("outbox.state", row.state)
        what = word("outbox", row.kind)
        page.head(f"{row.id}  {row.order}  {row.shop}  {what}", f"{state}  {since}")
        if row.answer:
            tries = say(message("outbox.tries", n=row.attempts))
            page.line(f"{tries} {say(row.why) if row.why else row.answer}", indent=4)
        if row.ways:
            ways = " ".join(way.replace("_", "-") for way in row.ways)
            page.line(say(message("outbox.ways", number=row.id, ways=ways)), indent=4)
    if not rows:
        page.line(say("outbox.empty"))
    return page.text()
