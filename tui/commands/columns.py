"""``packline columns SHOP [FILE...]``: what a shop's columns are read as, shown and changed."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from core import people
from core.errors import Problem
from core.messages import Message, message
from core.orders import columns
from core.orders.imports import let_go_without_notes
from core.store import Actor
from core.text import clean
from tui.commands.import_ import read_files, refusal
from tui.commands.lines import Page
from tui.commands.shared import add_json, print_json, works
from tui.commands.whose import shop_id_of
from tui.words import say, word

if TYPE_CHECKING:
    from core.ports import PlatformOrder
    from core.store import Tx
    from drivers.channels.files import Column, FileFacts, FileReading
    from tui.wiring import Works

SAMPLED = 200
"""Rows of a file that are looked at."""
SHOWN = 3
"""Orders of a file that are shown as they would be read."""
SPOKEN = {"order_no": "number", "sub_order_no": "sub_number", "buyer_name": "buyer"}
SPOKEN |= {"qty": "quantity", "ean": "barcode", "note": "buyer_note", "skip": ""}
"""Other words people use for our fields."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shop", metavar="SHOP", help=say("cli.columns.shop"))
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help=say("cli.columns.file"))
    parser.add_argument(
        *("--set", "-s"),
        dest="changes",
        action="append",
        default=[],
        metavar="COLUMN=FIELD",
        help=say("cli.columns.set"),
    )
    parser.add_argument(
        "--forget", action="append", default=[], metavar="COLUMN", help=say("cli.columns.forget")
    )
    parser.add_argument("--no-notes", action="store_true", help=say("cli.columns.no_notes"))
    parser.add_argument("--undo", action="store_true", help=say("cli.columns.undo"))
    parser.add_argument("--fields", action="store_true", help=say("cli.columns.fields"))
    parser.add_argument("--by", default="", metavar="BADGE", help=say("cli.by"))
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Change what is asked for, then show; exit status 1 when a file still lacks something."""
    with works(arguments) as opened:
        if arguments.fields:
            print(fields_page())
            return 0
        shop_id = shop_id_of(opened, arguments.shop)
        by = people.named(opened.store.read, arguments.by).at("") if arguments.by else Actor()
        if arguments.undo:
            opened.store.do(lambda tx: columns.undo(tx, shop_id), by)
        if arguments.forget:
            gone = [same_name(opened, shop_id, name) for name in arguments.forget]
            opened.store.do(lambda tx: columns.forget(tx, shop_id, gone), by)
        changes = changes_of(arguments.changes)
        if arguments.no_notes:
            changes |= no_notes()
        if changes:
            assign(opened, shop_id, changes, by)
        mapping = columns.columns_of(opened.store.read, shop_id)
        if not arguments.files:
            show_mapping(arguments, mapping)
            return 0
        read = read_files(opened, arguments.files, arguments.shop, SAMPLED)
    if arguments.json:
        print_json([plain(file) for file in read.reading.files])
    else:
        print(report(read.reading, mapping, arguments.shop))
    return 1 if any(file.missing for file in read.reading.files) else 0


# --- what is meant --------------------------------------------------------------------------------


def changes_of(words: Sequence[str]) -> dict[str, str]:
    """``COLUMN=FIELD`` words as column -> field. Raises Problem for what cannot be meant."""
    found: dict[str, str] = {}
    for each in words:
        name, equals, said = each.rpartition("=")
        if not equals or not name.strip():
            raise Problem("columns.not_set", came=each)
        name, field = clean(name, 200), field_named(said)
        if found.setdefault(name, field) != field:
            one, other = Message(f"column.{found[name]}"), Message(f"column.{field}")
            raise Problem("columns.twice", column=name, one=one, other=other)
    return found


def field_named(said: str) -> str:
    """A field by its code, its word, or a column name that is known for it. Raises Problem."""
    from drivers.channels.files import field_of, fields

    text = said.strip()
    if not text or text in SPOKEN:
        return SPOKEN.get(text, "")
    for field in fields():
        if text in (field, word("column", field)):
            return field
    known = field_of(text)
    if known is None:
        raise Problem("columns.no_field", came=text)
    return known


def no_notes() -> dict[str, str]:
    """That a shop's files have no column for buyers' notes, because there are none."""
    from drivers.channels.files import NO_COLUMN

    return {NO_COLUMN: "buyer_note"}


def same_name(opened: "Works", shop_id: int, name: str) -> str:
    """The name as it was said before, when only blanks, case or width differ."""
    from drivers.channels.files import key

    said = columns.columns_of(opened.store.read, shop_id)
    return next((each for each in said if key(each) == key(name)), name)


def assign(opened: "Works", shop_id: int, changes: Mapping[str, str], by: Actor) -> None:
    """Say what some columns are; a column for the notes ends that there is none. Raises Problem."""
    named = {same_name(opened, shop_id, name): field for name, field in changes.items()}
    none = no_notes()

    def work(tx: "Tx") -> None:
        said = columns.columns_of(tx, shop_id)
        if set(none.values()) & set(named.values()) and not none.keys() & named.keys():
            columns.forget(tx, shop_id, none.keys() & said.keys())
        columns.assign(tx, shop_id, named)

    opened.store.do(work, by)
    if none.items() <= named.items():
        let_go_without_notes(opened.store, shop_id, by)


# --- what is shown --------------------------------------------------------------------------------


def fields_page() -> str:
    """Every field with its code."""
    from drivers.channels.files import fields

    page = Page()
    for field in fields():
        page.line(f"{field:<20} {word('field', field)}")
    return page.text()


def show_mapping(arguments: argparse.Namespace, mapping: Mapping[str, str]) -> None:
    """What was said about this shop's columns."""
    if arguments.json:
        print_json(mapping)
        return
    page = Page()
    page.head(say(message("columns.said", shop=arguments.shop, n=len(mapping))), "")
    for name, field in mapping.items():
        page.line(f"{column_name(name)} → {said(field)}", indent=2)
    print(page.text())


def column_name(name: str) -> str:
    """A column's name as it is shown."""
    return say("columns.no_column") if name in no_notes() else clean(name, 60)


def said(field: str) -> str:
    """A field in words."""
    return word("column", field) if field else say("columns.skipped")


def read_as(column: "Column") -> str:
    """What became of a column, in words."""
    if column.fields:
        return "、".join(word("column", field) for field in column.fields)
    return say("columns.skipped" if column.skipped else "columns.unread")


def plain(file: "FileFacts") -> dict[str, object]:
    """A file for another program."""
    return {
        "file": file.path,
        "sheet": file.sheet,
        "layout": file.layout,
        "missing": file.missing,
        "columns": [column._asdict() for column in file.columns],
        "notes": [say(note) for note in file.notes],
        **{key: value for key, value in asdict(file).items() if key in ("rows", "encoding")},
    }


def report(reading: "FileReading", mapping: Mapping[str, str], shop: str) -> str:
    """Each column, what it is read as and a value of it; then the first orders."""
    from drivers.channels.files import key

    own = {key(name) for name in mapping}
    page = Page()
    for file in reading.files:
        name = f"{file.path} [{file.sheet}]" if file.sheet else file.path
        page.head(name, word("channel", file.channel) if file.channel else "")
        for column in file.columns:
            mark = "*" if key(column.name) in own else " " if column.fields else "?"
            mark = "-" if column.skipped else mark
            page.line(f"{mark} {clean(column.name, 40)} → {read_as(column)}", indent=2)
            if column.sample:
                page.line(clean(column.sample, 60), indent=8)
    for line in judgement(reading, shop):
        page.line(say(line))
    for order in reading.orders[:SHOWN]:
        page.head(order.order.number, order.order.status)
        for line in order_lines(order.order):
            page.line(say(line), indent=4)
    return page.text()


def judgement(reading: "FileReading", shop: str) -> Iterator[Message]:
    """What is missing, gone or refused in the part that was looked at."""
    if reading.gone:
        yield message("import.columns_gone", columns=", ".join(reading.gone), shop=shop)
    if any(file.untold for file in reading.files):
        yield message("import.no_notes", shop=shop)
    for row in reading.rejected[:SHOWN]:
        yield refusal(row)
    more = len(reading.rejected) - SHOWN
    if more > 0:
        yield message("columns.more_refused", n=more)


def order_lines(order: "PlatformOrder") -> Iterator[Message]:
    """An order as it would be read."""
    receiver = order.receiver
    place = (receiver.province, receiver.city, receiver.district, receiver.address)
    yield message(
        "columns.receiver",
        name=receiver.name or "-",
        phone=receiver.phone or "-",
        place=" ".join(part for part in place if part) or "-",
    )
    for line in order.lines:
        yield message(
            "columns.line",
            sku=line.sku or "-",
            n=line.quantity,
            title=" ".join(part for part in (line.title, line.spec) if part) or "-",
        )
    if order.buyer_note is None:
        yield Message("columns.no_note")
    elif order.buyer_note:
        yield message("columns.note", note=order.buyer_note)
