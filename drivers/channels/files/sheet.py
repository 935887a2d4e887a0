"""One file opened: its text, its header, its rows, and what had to be refused on the way."""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import islice
from pathlib import Path

from core.messages import Message, message
from drivers.channels.files.cells import plain
from drivers.channels.files.columns import Header, score, understand
from drivers.channels.files.decode import WORKBOOK, decode
from drivers.channels.files.records import DELIMITERS, Record, records, split_lines
from drivers.channels.files.rows import Row
from drivers.channels.files.values import RAW_LIMIT, Column, FileFacts, RejectedRow
from drivers.channels.files.workbook import Grid, grids

_BIGGEST = 512 * 1024 * 1024
_HEADER_WITHIN = 10
"""Records before the header: some tools write a title and a date above it."""
_NEEDED = (
    *("number", "sub_number", "sku", "quantity", "status", "receiver", "phone", "address"),
    *("new_address", "new_spec", "refund", "refund_amount", "created", "paid"),
)
_OF_THE_ORDER = ("number", "leader_seq", "status", "refund", "created", "paid")
"""What a cell merged over the lines of an order says for each of them; counts it says once."""
_SAMPLED = 50
"""Rows looked through for a sample of each column."""
_LEAST_NAMES = 3
"""Cells with words in them that make a row of unknown names a header."""


@dataclass(slots=True)
class Sheet:
    """A CSV file, or a sheet of a workbook, being read.

    ``header`` is None when no order can be read from it.
    """

    path: str
    name: str = ""
    """The sheet's name in its workbook; "" in a CSV file."""
    sha256: str = ""
    encoding: str = ""
    header: Header | None = None
    looked_at: Header | None = None
    """The header as far as it is understood, also when something is missing in it."""
    samples: list[list[str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    refused: list[RejectedRow] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    grid: Grid | None = None
    """The cells of a workbook's sheet, which has no lines."""
    seen: int = 0
    """Data rows, good and bad."""

    def refuse(
        self, row: int, end: int, why: Message, number: str = "", cells: Iterable[str] = ()
    ) -> None:
        """Keep a row as it stands, with the reason why it made no order."""
        raw = self._raw(row, end)[:RAW_LIMIT].rstrip("\r\n")
        rejected = RejectedRow(self.path, row, why, raw, self.name, number[:64], tuple(cells))
        self.refused.append(rejected)

    def _raw(self, row: int, end: int) -> str:
        if self.grid is None:
            return "".join(self.lines[row - 1 : end])
        page = io.StringIO(newline="")
        csv.writer(page).writerow(self.grid.rows.get(row, ()))
        return page.getvalue()

    def refuse_all(self, rows: Iterable[Row], why: Message) -> None:
        """The same reason for several rows."""
        for row in rows:
            self.refuse(row.number, row.end, why, row.get("number"), row.cells)

    def refuse_file(self, why: Message, raw: str = "") -> None:
        """The file as a whole gives nothing."""
        self.refused.append(RejectedRow(self.path, 0, why, raw[:RAW_LIMIT], self.name))

    @property
    def role(self) -> str:
        return self.header.layout.role if self.header else ""

    @property
    def channel(self) -> str:
        return self.header.layout.channel if self.header else ""

    def facts(self) -> FileFacts:
        """What is worth telling about the file."""
        layout = self.header.layout if self.header else None
        return FileFacts(
            path=self.path,
            sha256=self.sha256,
            encoding=self.encoding,
            layout=layout.name if layout else "",
            channel=self.channel,
            rows=self.seen,
            sheet=self.name,
            columns=tuple(self._columns()),
            missing=self.looked_at.missing if self.looked_at else (),
            unmapped=self.header.unmapped if self.header else (),
            untold=self.looked_at.untold if self.looked_at else (),
            empty=tuple(sorted(self.looked_at.empty)) if self.looked_at else (),
            notes=tuple(self.notes),
        )

    def _columns(self) -> Iterator[Column]:
        header = self.looked_at
        for i, name in enumerate(header.names if header else ()):
            assert header is not None
            cells = (plain(row[i]) for row in self.samples if i < len(row))
            sample = next((cell for cell in cells if cell), "")
            if name or sample:
                yield Column(name, header.fields_at(i), header.skips(i), sample[:200])


def open_sheets(
    path: Path, mapping: Mapping[str, str] | None, zone: tzinfo, most: int | None = None
) -> list[Sheet]:
    """Read one file as far as its rows, ``most`` of them when that is given.

    A workbook gives a sheet for each of its tabs. Never raises; what is wrong is in ``refused``.
    """
    first = Sheet(str(path))
    data = _bytes(path, first)
    if data is None:
        return [first]
    first.sha256 = hashlib.sha256(data).hexdigest()
    if data.startswith(WORKBOOK):
        return _open_workbook(first, data, mapping, zone, most)
    decoded = decode(data)
    if isinstance(decoded, Message):
        first.refuse_file(decoded)
        return [first]
    first.encoding = decoded.encoding
    first.lines = split_lines(decoded.text)
    _open(first, decoded.text, mapping, zone, most)
    return [first]


def _open_workbook(
    first: Sheet, data: bytes, mapping: Mapping[str, str] | None, zone: tzinfo, most: int | None
) -> list[Sheet]:
    found = grids(data)
    if isinstance(found, Message):
        first.refuse_file(found)
        return [first]
    filled = [grid for grid in found if any(any(cells) for cells in grid.rows.values())]
    if not filled:
        first.refuse_file(message("files.empty"))
        return [first]
    sheets = []
    for grid in filled:
        sheet = Sheet(first.path, grid.name, first.sha256, "xlsx", grid=grid)
        _open(sheet, "", mapping, zone, most)
        sheets.append(sheet)
    return _of_use(sheets)


def _of_use(sheets: list[Sheet]) -> list[Sheet]:
    """Tabs with orders; beside them, the others are named and nothing is held against them."""
    telling = [sheet for sheet in sheets if sheet.role not in ("", "totals")]
    if not telling:
        return sheets
    for sheet in sheets:
        if sheet not in telling:
            telling[0].notes.append(message("files.sheet_left", sheet=sheet.name))
    return telling


def _bytes(path: Path, sheet: Sheet) -> bytes | None:
    try:
        if path.stat().st_size > _BIGGEST:
            sheet.refuse_file(message("files.too_big", megabytes=_BIGGEST >> 20))
            return None
        return path.read_bytes()
    except (OSError, ValueError) as why:
        sheet.refuse_file(message("files.not_readable", why=getattr(why, "strerror", "") or "-"))
        return None


@dataclass(frozen=True, slots=True)
class _Found:
    record: Record
    delimiter: str
    points: int
    worded: int
    """Cells that hold words and no numbers: names look like that."""


def _open(
    sheet: Sheet, text: str, mapping: Mapping[str, str] | None, zone: tzinfo, most: int | None
) -> None:
    """Find the header, and read the rows under it when nothing is missing in it."""
    found = _find_header(sheet, mapping)
    if found is None or (found.points < 2 and found.worded < _LEAST_NAMES):
        start = "".join(sheet.lines[:1]) or " ".join(found.record.cells if found else ())
        sheet.refuse_file(message("files.no_header", start=start[:60].strip()), text)
        return
    header = sheet.looked_at = understand(found.record.cells, mapping)
    if sheet.grid is not None:
        columns = (i for name in _OF_THE_ORDER for i in header.index.get(name, ()))
        sheet.grid.fill_down(frozenset(columns))
    after = _records(sheet, found.delimiter, len(header.names), found.record.end)
    sheet.samples = [record.cells for record in islice(after, _SAMPLED) if not record.problem]
    if header.missing:
        sheet.refuse_file(_lacking(header), text)
        return
    _fill(sheet, header, found, zone, most)


def _lacking(header: Header) -> Message:
    """What the file cannot be read without."""
    missing = tuple(Message(f"column.{name}") for name in header.missing)
    names = "、".join(name for name in header.names if name)[:120]
    return message("files.columns_missing", missing=missing, columns=names)


def _find_header(sheet: Sheet, mapping: Mapping[str, str] | None) -> _Found | None:
    """The record among the first few, under the delimiter, that has most names we know; where
    none is known, the one with most words."""
    candidates = [
        _Found(record, delimiter, score(record.cells, mapping), _worded(record))
        for delimiter in (DELIMITERS if sheet.grid is None else ",")
        for record in islice(_records(sheet, delimiter), _HEADER_WITHIN)
    ]
    known = max(candidates, key=lambda c: (c.points, -c.record.row), default=None)
    if known is None or known.points >= 2:
        return known
    return max(candidates, key=lambda c: (c.worded, -c.record.row))


def _worded(record: Record) -> int:
    return sum(1 for cell in record.cells if cell.strip() and not any(c.isdigit() for c in cell))


def _records(sheet: Sheet, delimiter: str, width: int = 0, start: int = 0) -> Iterator[Record]:
    """Rows after number ``start``; a workbook leaves out the empty cells at the end of a row."""
    if sheet.grid is None:
        yield from records(sheet.lines, delimiter, width, start)
        return
    for number, cells in sorted(sheet.grid.rows.items()):
        if number > start and any(cells):
            yield Record(number, number, cells + [""] * (width - len(cells)))


def _fill(sheet: Sheet, header: Header, found: _Found, zone: tzinfo, most: int | None) -> None:
    sheet.header = header
    width = len(header.names)
    needed = _needed(header)
    after = _records(sheet, found.delimiter, width, found.record.end)
    for place, record in enumerate(islice(after, most)):
        if _is_heading(record, place, header, found.record.cells):
            continue
        sheet.seen += 1
        problem = record.problem or _misfit(record, width, needed)
        if problem:
            number = _number_in(record.cells, header)
            sheet.refuse(record.row, record.end, problem, number, record.cells)
        else:
            sheet.rows.append(Row(header, record.row, record.end, record.cells, zone))
    if not sheet.seen:
        sheet.refuse_file(message("files.no_rows"))


def _number_in(cells: list[str], header: Header) -> str:
    """The order number of a row that cannot be read as a whole; "" when there is none."""
    columns = (i for i in header.index.get("number", ()) if i < len(cells))
    return next((value for i in columns if (value := plain(cells[i]))), "")


def _needed(header: Header) -> int:
    """How many cells a row must have: to the last column an order cannot do without."""
    columns = [i for name in _NEEDED for i in header.index.get(name, ())]
    return 1 + max([*columns, *(i for item in header.items for i in item.values())], default=0)


def _is_heading(record: Record, place: int, header: Header, first: list[str]) -> bool:
    """A second header line (no digit in it, no order number), or the header repeated below."""
    if record.problem:
        return False
    if place == 0 and not any(c.isdigit() for cell in record.cells for c in cell):
        numbers = [i for i in header.index.get("number", ()) if i < len(record.cells)]
        return not any(record.cells[i].strip() for i in numbers)
    return record.cells == first


def _misfit(record: Record, width: int, needed: int) -> Message | None:
    cells = record.cells
    if len(cells) > width and any(cell.strip() for cell in cells[width:]):
        return message("files.too_many_cells", expected=width, got=len(cells))
    if len(cells) < needed:
        return message("files.too_few_cells", expected=width, got=len(cells))
    if any("�" in cell for cell in cells):
        return message("files.damaged")
    return None
