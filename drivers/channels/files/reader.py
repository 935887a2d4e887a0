"""Files to orders: groups rows into orders and joins Taobao's two files."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

from core.clock import SHANGHAI
from core.messages import message
from core.ports import PlatformOrder
from drivers.channels.files.cells import BadCell
from drivers.channels.files.columns import NO_COLUMN, key
from drivers.channels.files.leaders import Namesake, mistaken, nameless, namesake, stem
from drivers.channels.files.orders import (
    completed,
    joined_lines,
    number_of,
    order_of,
    waybills_of,
)
from drivers.channels.files.rows import Row
from drivers.channels.files.sheet import Sheet, open_sheets
from drivers.channels.files.values import FileReading, Here, KnownWaybill, ReadOrder

_DIGITS_KEPT = 15
"""A spreadsheet keeps that many digits of a number and writes zeros for the rest."""

Details = dict[str, tuple[Sheet, list[Row]]]


def read_orders(
    paths: Iterable[str | Path],
    *,
    mapping: Mapping[str, str] | None = None,
    zone: tzinfo = SHANGHAI,
    most: int | None = None,
    here: Callable[[str], Here | None] = lambda channel: None,
) -> FileReading:
    """Every order in the given files, and every row that made none, with its reason.

    Give Taobao's order file and its detail file together: they are joined by order number. An
    order without its details has lines without a SKU code; details without their order complete
    one that is known already, or are rejected and can be given again. ``mapping`` (header name ->
    field of columns.toml, "" to ignore) goes before the built-in names. ``zone`` is where times
    without an offset are local. ``most`` ends each file after so many rows, for a look at it.
    ``here`` says what is known already of a channel's orders. Never raises for anything a file
    contains.
    """
    opened = [sheet for path in paths for sheet in open_sheets(Path(path), mapping, zone, most)]
    sheets = _distinct(opened)
    desk = _Desk(_details(sheets), here)
    for sheet in sheets:
        if sheet.role not in ("", "detail"):
            _read(sheet, desk)
    for number, (sheet, rows) in desk.details.items():
        _complete(number, sheet, rows, desk)
    refused = [row for sheet in sheets for row in sorted(sheet.refused, key=lambda r: r.row)]
    facts = tuple(sheet.facts() for sheet in sheets)
    there = {key(name) for sheet in sheets if sheet.looked_at for name in sheet.looked_at.names}
    named = [name for name, field in (mapping or {}).items() if field and name != NO_COLUMN]
    gone = tuple(name for name in named if key(name) not in there)
    return FileReading(tuple(desk.orders), tuple(refused), facts, tuple(desk.waybills), gone)


def _distinct(sheets: list[Sheet]) -> list[Sheet]:
    """The same bytes given twice are read once."""
    seen: dict[tuple[str, str], str] = {}
    for sheet in sheets:
        content = (sheet.sha256, sheet.name)
        if sheet.sha256 and content in seen:
            other = Path(seen[content]).name
            sheet.header, sheet.rows, sheet.refused, sheet.seen = None, [], [], 0
            sheet.refuse_file(message("files.same_file", other=other))
        seen.setdefault(content, sheet.path)
    return sheets


@dataclass(slots=True)
class _Desk:
    """What lies there while the files are read one after the other."""

    details: Details
    here: Callable[[str], Here | None]
    invented: dict[str, dict[str, Namesake]] = field(default_factory=dict)
    """Orders of leaders' sheets: time and place in the group -> number -> who it is for."""
    orders: list[ReadOrder] = field(default_factory=list)
    waybills: list[KnownWaybill] = field(default_factory=list)

    def refuse_known(self, order: PlatformOrder, row: Row, house: Here | None) -> None:
        """Raises BadCell for an order that a person must look at because of others known."""
        why = house.against(order) if house else None
        if nameless(row):
            others = self.invented.setdefault(stem(order.number), {})
            if house and not others:
                others.update((one.number, one) for one in house.like(stem(order.number)))
            why = why or mistaken(order, others.values())
            others.setdefault(order.number, namesake(order))
        if why:
            raise BadCell(why.id, **why.data)


def _read(sheet: Sheet, desk: _Desk) -> None:
    """Make the orders of one file."""
    if sheet.role == "totals":
        sheet.refuse_all(sheet.rows, message("files.totals"))
        return
    bare = 0
    house = desk.here(sheet.channel)
    groups = _by_number(sheet)
    for number in list(groups):  # the rows of an order are let go as soon as it is made
        kept = _without_repeats(sheet, groups.pop(number))
        found = desk.details.pop(number, None) if sheet.role == "order" else None
        try:
            lines = joined_lines(number, found[1], kept[0].pieces()) if found else None
            order = order_of(number, kept, lines)
            desk.refuse_known(order, kept[0], house)
        except BadCell as bad:
            sheet.refuse_all(kept, bad.why)
            if found:
                found[0].refuse_all(found[1], bad.why)
            continue
        bare += sheet.role == "order" and not found
        numbers = tuple(row.number for row in kept)
        desk.orders.append(ReadOrder(order, sheet.path, numbers, sheet.name))
        desk.waybills.extend(waybills_of(number, kept))
    if bare:
        sheet.notes.append(message("files.details_missing", count=bare))


def _complete(number: str, sheet: Sheet, rows: list[Row], desk: _Desk) -> None:
    """Details whose order is not in these files: they may be what an order waits for."""
    house = desk.here(sheet.channel)
    known = house.order(number) if house else None
    try:
        if known is None:
            raise BadCell("files.order_missing")
        order = completed(known, rows)
    except BadCell as bad:
        sheet.refuse_all(rows, bad.why)
    else:
        places = tuple(row.number for row in rows)
        desk.orders.append(ReadOrder(order, sheet.path, places, sheet.name))


def _by_number(sheet: Sheet) -> dict[str, list[Row]]:
    """Rows by order number, in the order of the file; rows without a usable number refused."""
    groups: dict[str, list[Row]] = {}
    rows, sheet.rows = sheet.rows, []
    for row in rows:
        try:
            groups.setdefault(number_of(row), []).append(row)
        except BadCell as bad:
            sheet.refuse_all((row,), bad.why)
    if _rounded(groups):
        for number, rows in groups.items():
            sheet.refuse_all(rows, message("files.number_rounded", number=number))
        return {}
    return groups


def _rounded(numbers: Iterable[str]) -> bool:
    """Whether a spreadsheet rounded the long numbers: chance makes three such once in 10^6."""
    long = [n for n in numbers if n.isdecimal() and len(n) >= _DIGITS_KEPT + 2]
    return len(long) > 2 and not any(n[_DIGITS_KEPT:].strip("0") for n in long)


def _without_repeats(sheet: Sheet, rows: list[Row]) -> list[Row]:
    """Leave out exact repetitions where a row is known to be unique; elsewhere keep them."""
    kept: dict[str, Row] = {}
    for row in rows:
        unique = sheet.role in ("order", "wide") or row.get("sub_number")
        content = "\x00".join(row.cells) if unique else str(row.number)
        first = kept.setdefault(content, row)
        if first is not row:
            why = message("files.row_repeated", first=first.number)
            sheet.refuse_all((row,), why)
    return list(kept.values())


def _details(sheets: list[Sheet]) -> Details:
    """Detail rows by order number; an order's lines come from one file, the last that has it."""
    found: Details = {}
    for sheet in sheets:
        if sheet.role != "detail":
            continue
        for number, rows in _by_number(sheet).items():
            older = found.get(number)
            if older:
                older[0].refuse_all(older[1], message("files.lines_elsewhere"))
            found[number] = (sheet, _without_repeats(sheet, rows))
    return found
