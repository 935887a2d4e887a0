"""``packline rejected``: rows of order files that made no order, until somebody settles them."""

import argparse
import csv
import io
from collections.abc import Sequence
from pathlib import Path

from core import people
from core.errors import Problem
from core.messages import Message, message
from core.orders.imports import Rejected, rejected_rows, settle
from core.store import Actor
from core.text import clean
from tui.commands.lines import Page
from tui.commands.shared import add_json, print_json, reading, save, works
from tui.words import knows, say

LONG = 12
"""Digits from which a spreadsheet shows a number in its scientific form."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--shop", default="", metavar="CODE", help=say("cli.rejected.shop"))
    parser.add_argument("--csv", type=Path, metavar="FILE", help=say("cli.rejected.csv"))
    parser.add_argument(
        "--settle", nargs="+", default=[], metavar="ID|FILE", help=say("cli.rejected.settle")
    )
    parser.add_argument("--by", default="", metavar="BADGE", help=say("cli.by"))
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """List, write a sheet of them, or settle some."""
    if arguments.settle:
        return settle_some(arguments)
    with reading(arguments) as (_, read):
        known = [row["code"] for row in read.all("SELECT code FROM shops ORDER BY code")]
        if arguments.shop and arguments.shop not in known:
            raise Problem("import.no_shop", code=arguments.shop, known=" ".join(known) or "-")
        rows = rejected_rows(read, arguments.shop)
    if arguments.json:
        print_json([plain(row) for row in rows])
        return 0
    for path, some in sheets(rows, arguments.csv) if arguments.csv else ():
        save(path, sheet(some, workbook=path.suffix.lower() == ".xlsx"))
        print(say(message("rejected.written", n=len(some), file=str(path))))
    whole = [row for row in rows if not row.row]  # a file that was refused fits on no sheet
    if arguments.csv is None or whole or not rows:
        print(show(rows if arguments.csv is None else whole))
    return 0


def settle_some(arguments: argparse.Namespace) -> int:
    """Rows by their number, or all of a file, are dealt with. Raises Problem."""
    with works(arguments) as opened:
        read = opened.store.read
        by = people.named(read, arguments.by).at("") if arguments.by else Actor()
        known = rejected_rows(read, arguments.shop, limit=1_000_000)
        ids: list[int] = []
        for told in arguments.settle:
            found = [row.id for row in known if told in (str(row.id), row.file, base(row.file))]
            if not found:
                raise Problem("rejected.not_open", number=told)
            ids += found
        chosen = list(dict.fromkeys(ids))
        n = sum(
            opened.store.do(lambda tx, some=some: settle(tx, some), by)  # type: ignore[misc]
            for some in (chosen[at : at + 25] for at in range(0, len(chosen), 25))
        )
    print(say(message("rejected.settled", n=n)))
    return 0


def base(file: str) -> str:
    """A file's own name."""
    return Path(file).name


def reason(row: Rejected) -> Message:
    """Why; of rows kept by an older Packline, as it was written down."""
    known = knows(row.reason.id)
    return row.reason if known else message("rejected.reason", text=row.reason.id)


def show(rows: Sequence[Rejected]) -> str:
    """A head for each file, a line for each row."""
    page = Page()
    heads = ""
    for row in rows:
        head = f"{row.file} [{row.sheet}]" if row.sheet else row.file
        if head != heads:
            page.head(head, row.shop)
            heads = head
        where = say(message("rejected.row", row=row.row)) if row.row else say("rejected.file")
        page.line(f"{row.id}  {where}  {row.number}  {say(reason(row))}", indent=2)
        if row.row and row.raw:
            page.line(clean(row.raw, 120), indent=8)
    page.line(say("rejected.none" if not rows else "rejected.advice"))
    return page.text()


def plain(row: Rejected) -> dict[str, object]:
    """A row for another program."""
    return {
        "id": row.id,
        "shop": row.shop,
        "file": row.file,
        "sheet": row.sheet,
        "row": row.row,
        "number": row.number,
        "reason": row.reason.id,
        "text": say(reason(row)),
        "raw": row.raw,
        "cells": dict(zip(row.names, row.cells, strict=False)),
    }


# --- a sheet to correct and import again ----------------------------------------------------------


def sheets(rows: Sequence[Rejected], path: Path) -> list[tuple[Path, list[Rejected]]]:
    """Rows under the same column names go into one file: FILE, FILE-2 and so on."""
    groups: dict[tuple[str, ...], list[Rejected]] = {}
    for row in rows:
        if row.row:
            groups.setdefault(row.names, []).append(row)
    return [
        (path if at == 1 else path.with_stem(f"{path.stem}-{at}"), some)
        for at, some in enumerate(groups.values(), 1)
    ]


def sheet(rows: Sequence[Rejected], *, workbook: bool) -> bytes:
    """The rows under their own column names, the reason behind them: a workbook of text cells, or
    CSV in UTF-8 with a mark. Both can be corrected in a spreadsheet and imported as they are."""
    from drivers.channels.files.workbook_out import written

    names = rows[0].names
    extra = [say(f"rejected.col.{name}") for name in ("reason", "file", "row")]
    table = [[*names, *extra]]
    for row in rows:
        cells = [clean(cell) for cell in row.cells[: len(names)]] or [clean(row.raw, 20_000)]
        cells += [""] * (len(names) - len(cells))
        table.append([*cells, say(reason(row)), base(row.file), str(row.row)])
    if workbook:
        return written(table)
    page = io.StringIO(newline="")
    csv.writer(page, lineterminator="\r\n").writerows(map(inert, cells) for cells in table)
    return page.getvalue().encode("utf-8-sig")


def inert(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula, and no long number that it would round."""
    bare = cell[2:-1] if cell.startswith('="') and cell.endswith('"') else cell
    if bare.isdecimal() and (len(bare) >= LONG or bare is not cell):
        return f'="{bare}"'
    return f"'{cell}" if cell.startswith(("=", "+", "@", "-")) and len(cell) > 1 else cell
