"""``packline outbox``: what has not left yet, and trying one of it again."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import tzinfo
from typing import TYPE_CHECKING

from core.clock import local
from core.messages import message
from tui.commands.lines import Page
from tui.commands.shared import add_json, print_json, reading, works
from tui.words import say, word

if TYPE_CHECKING:
    from core.sync.waiting import Waiting


def arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)
    todo = parser.add_subparsers(dest="todo", metavar="TODO")
    retry = todo.add_parser("retry", help=say("cli.outbox.retry"))
    retry.add_argument("id", type=int, metavar="ID", help=say("cli.outbox.id"))


def run(arguments: argparse.Namespace) -> int:
    """List what waits, or try one again."""
    from core.sync import waiting

    if arguments.todo == "retry":
        with works(arguments) as opened:
            number = opened.store.do(lambda tx: waiting.retry(tx, arguments.id))
        print(say(message("outbox.again", number=number)))
        return 0
    with reading(arguments) as (config, read):
        rows = waiting.waiting(read)
        if arguments.json:
            print_json([asdict(row) for row in rows])
        else:
            print(show(rows, config.zone))
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
            page.line(f"{tries} {row.answer}", indent=4)
    if not rows:
        page.line(say("outbox.empty"))
    return page.text()
