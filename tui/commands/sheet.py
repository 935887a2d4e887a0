"""``packline commands --pdf FILE``: bar codes to print: commands, badges, bins, totes."""

import argparse
from pathlib import Path

from core import people
from core.floor import commands
from core.messages import Message
from core.store.database import Rows
from tui.commands.shared import add_json, configured, print_json, reading
from tui.ink import pad
from tui.words import say

Card = tuple[str, str]
"""The text of a bar code, and the words above it."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pdf", type=Path, metavar="FILE", help=say("cli.sheet.pdf"))
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--badges", action="store_true", help=say("cli.sheet.badges"))
    what.add_argument("--bins", action="store_true", help=say("cli.sheet.bins"))
    what.add_argument("--totes", type=int, default=0, metavar="N", help=say("cli.sheet.totes"))
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Draw the sheet, or list what would be on it."""
    chosen = (kind for kind in ("badges", "bins", "totes") if getattr(arguments, kind))
    kind = next(chosen, "commands")
    cards = wanted(kind, arguments)
    if arguments.pdf:
        from drivers.printers.sheet import command_sheet_pdf

        columns, rows = (3, 8) if kind in ("bins", "totes") else (2, 6)
        command_sheet_pdf(say(f"sheet.{kind}"), cards, arguments.pdf, columns, rows)
        print(say(Message("sheet.done", {"file": str(arguments.pdf), "n": len(cards)})))
    elif arguments.json:
        print_json([{"code": code, "words": words} for code, words in cards])
    else:
        for code, words in cards:
            print(f"{pad(code, 16)}  {words}".rstrip())
    return 0


def wanted(kind: str, arguments: argparse.Namespace) -> list[Card]:
    """The cards of a kind. The commands are the same everywhere and need no place."""
    if kind == "commands":
        if arguments.config.exists():
            configured(arguments)
        return command_cards()
    if kind == "totes":
        return [(f"TT{number:03d}", f"TT{number:03d}") for number in range(1, arguments.totes + 1)]
    with reading(arguments) as (_, read):
        return badge_cards(read) if kind == "badges" else bin_cards(read)


def command_cards() -> list[Card]:
    """Every command worth printing, labelled in the language of the moment."""
    return [
        (given.code, f"{say(given.command.label)} {given.number or ''}".rstrip())
        for given in commands.sheet()
    ]


def badge_cards(read: Rows) -> list[Card]:
    """Everybody who works here."""
    return [
        (person.badge, f"{person.name}  {say(f'role.{person.role}')}")
        for person in people.staff(read)
    ]


def bin_cards(read: Rows) -> list[Card]:
    """Every bin, in the order of the walk."""
    rows = read.all(
        "SELECT b.code, w.name FROM bins b JOIN warehouses w ON w.id = b.warehouse_id"
        " ORDER BY w.rank, b.code"
    )
    return [(row["code"], f"{row['code']}  {row['name']}") for row in rows]
