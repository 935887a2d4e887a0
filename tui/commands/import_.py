"""``packline import FILE...``: orders from export files; joined files are given together."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Problem
from core.messages import Message, message
from core.orders.columns import columns_of
from core.orders.imports import FileFacts, FileRow, Imported, import_orders, keep_all
from core.text import clean
from core.watch import close_alert, raise_alert
from tui.commands.shared import add_json, print_json, works
from tui.commands.whose import in_the_house, only_shop, policy_for, shop_id_of, shops_for
from tui.words import say, word

if TYPE_CHECKING:
    from core.store import Tx
    from core.sync.folder import Reasons
    from drivers.channels.files import FileReading, RejectedRow
    from tui.wiring import Works


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=say("cli.import.files"))
    parser.add_argument("--shop", default="", metavar="CODE", help=say("cli.import.shop"))
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Import and say what happened; exit status 1 when rows were refused."""
    with works(arguments) as opened:
        told = import_files(opened, arguments.files, arguments.shop)
    sentences = [*told.said, *(refusal(row) for row in told.rejected)]
    if arguments.json:
        print_json([{"id": said.id, "text": say(said)} | plain(said) for said in sentences])
    else:
        for said in sentences:
            print(say(said))
        if told.rejected:
            print(say("import.rejected_kept"))
    return 1 if told.rejected else 0


def plain(said: Message) -> dict[str, object]:
    """A sentence's data for another program, nested sentences said."""
    return {
        name: say(value) if isinstance(value, Message) else value
        for name, value in said.data.items()
    }


def refusal(row: "RejectedRow") -> Message:
    """The sentence about a row, or a file, that made no order."""
    file = f"{row.file} [{row.sheet}]" if row.sheet else row.file
    if row.row == 0:
        return message("import.file_refused", file=file, reason=row.reason)
    return message("import.refused", file=file, row=row.row, reason=row.reason)


# --- reading --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
    """Some files, read with what a shop said about its columns."""

    reading: "FileReading"
    shop: str
    """Whose they are, as far as that is certain: named, or the only one it can be; else ""."""
    shops: Sequence[str] = ()
    """Whose they may be, when that is not certain."""


def read_files(
    opened: "Works", paths: Sequence[Path], shop_code: str, most: int | None = None
) -> Read:
    """Read files as their shop's mapping says. Raises Problem for a file or shop not there."""
    from drivers.channels.files import read_orders

    for path in paths:
        if not path.is_file():
            raise Problem("import.no_file", file=str(path))
    zone, here = opened.config.zone, partial(in_the_house, opened, shop_code)
    read = partial(read_orders, paths, zone=zone, most=most, here=here)
    if shop_code:
        mapping = columns_of(opened.store.read, shop_id_of(opened, shop_code))
        return Read(read(mapping=mapping), shop_code)
    reading = read()
    channels = {file.channel for file in reading.files if file.channel}
    if len(channels) != 1:
        return Read(reading, "")
    channel = channels.pop()
    code = only_shop(opened, channel)
    row = opened.store.read.one("SELECT id FROM shops WHERE code = ?", code)
    if row and (mapping := columns_of(opened.store.read, row["id"])):
        reading = read(mapping=mapping)
    return Read(reading, code, () if code else shops_for(opened, channel))


# --- taking in ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Told:
    """What an import has to say."""

    said: list[Message] = field(default_factory=list)
    rejected: tuple["RejectedRow", ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    """File -> how many rows it has."""


def import_files(opened: "Works", paths: Sequence[Path], shop_code: str) -> Told:
    """Take files in, shop by shop, and keep what was refused. Raises Problem."""
    read = read_files(opened, paths, shop_code)
    reading = read.reading
    told = Told(list(notes(read)), reading.rejected)
    for file in reading.files:
        told.rows[file.path] = told.rows.get(file.path, 0) + file.rows
    facts = {(file.path, file.sheet): file for file in reading.files}
    channels = sorted({file.channel for file in reading.files if file.channel})
    policies = {channel: policy_for(opened, channel, shop_code) for channel in channels}
    for channel, policy in policies.items():
        orders = [
            one.order for one in reading.orders if facts[one.file, one.sheet].channel == channel
        ]
        told.said += summary(channel, import_orders(opened.store, policy, orders))
    shops = {channel: policy.shop_id for channel, policy in policies.items()}
    named = shop_id_of(opened, shop_code) if shop_code else None
    rejected = [
        FileRow(
            shop_id=shops.get(facts[row.file, row.sheet].channel, named),
            file=row.file,
            sha256=facts[row.file, row.sheet].sha256,
            sheet=row.sheet,
            row=row.row,
            number=clean(row.number, 64),
            reason=row.reason,
            raw=row.raw,
            cells=row.cells,
        )
        for row in reading.rejected
    ]
    keep_all(opened.store, rejected, list(files_of(reading)))
    return told


def notes(read: Read) -> Iterator[Message]:
    """What a person should know although nothing was refused for it."""
    for file in read.reading.files:
        yield from file.notes
        if file.unmapped:
            columns = ", ".join(clean(name, 40) for name in file.unmapped[:12])
            shop = read.shop or "SHOP"
            yield message("import.unmapped", file=file.path, columns=columns, shop=shop)
    if any(file.untold for file in read.reading.files):
        yield message("import.no_notes", shop=read.shop or "SHOP")
    if read.reading.gone:
        names = ", ".join(read.reading.gone)
        yield message("import.columns_gone", columns=names, shop=read.shop)


def files_of(reading: "FileReading") -> Iterator[FileFacts]:
    """The files that were read, each once, with the column names of its sheets."""
    by_content: dict[str, list[int]] = {}
    for at, file in enumerate(reading.files):
        if file.sha256:
            by_content.setdefault(file.sha256, []).append(at)
    for sha256, places in by_content.items():
        sheets = [reading.files[at] for at in places]
        yield FileFacts(
            name=sheets[0].path,
            sha256=sha256,
            layout=sheets[0].layout,
            rows=sum(sheet.rows for sheet in sheets),
            headers={
                sheet.sheet: [column.name for column in sheet.columns]
                for sheet in sheets
                if sheet.columns
            },
        )


def import_watched(opened: "Works", paths: Sequence[Path], shop_code: str) -> "Reasons":
    """Import files of a watched folder; what was refused in each, in words.

    A file that only lacks a word about its columns, or holds nothing but details of orders that
    are still to come, waits where it is.
    """
    from core.sync.folder import Waits

    try:
        told = import_files(opened, paths, shop_code)
    except Problem as problem:
        if problem.message.id == "import.no_file":
            return {}  # somebody took it away again
        return {path: [say(problem.message)] for path in paths}
    gone = next((said for said in told.said if said.id == "import.columns_gone"), None)
    opened.store.do(partial(tell_gone, shop_code, gone))
    answer: dict[Path, Sequence[str]] = {}
    for path in paths:
        rows = [row for row in told.rejected if row.file == str(path)]
        reasons = [say(refusal(row)) for row in rows]
        waits = to_be_understood(rows, told.rows.get(str(path), 0))
        answer[path] = Waits(reasons) if waits else reasons
    return answer


def to_be_understood(rejected: Sequence["RejectedRow"], rows: int) -> bool:
    """Whether a file waits for a word about its columns, or every row of it for its order."""
    why = {row.reason.id for row in rejected}
    return why == {"files.columns_missing"} or (
        why == {"files.order_missing"} and len(rejected) == rows
    )


def tell_gone(shop_code: str, gone: Message | None, tx: "Tx") -> None:
    """Columns a shop named that its files no longer have: an alert until they have them again."""
    if gone is not None:
        raise_alert(tx, "columns_gone", shop_code, columns=gone.data["columns"])
    elif tx.one(
        "SELECT 1 FROM column_maps WHERE shop_id = (SELECT id FROM shops WHERE code = ?) LIMIT 1",
        shop_code,
    ):
        close_alert(tx, "columns_gone", shop_code)


def summary(channel: str, done: Imported) -> Iterator[Message]:
    """What an import did, in one sentence, and one more when the store refused orders."""
    yield message(
        "import.done",
        channel=word("channel", channel),
        new=done.new,
        changed=done.changed,
        same=done.same,
        not_ours=done.not_ours,
    )
    if done.older:
        numbers = ", ".join(clean(number, 40) for number in done.older[:3])
        yield message("import.older", n=len(done.older), numbers=numbers)
    if done.refused:
        yield message("import.not_taken", n=done.refused)
