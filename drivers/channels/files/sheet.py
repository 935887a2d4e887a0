"""One file opened: its text, its header, its rows, and what had to be refused on the way."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import islice
from pathlib import Path

from core.messages import Message, message
from drivers.channels.files.columns import Header, score, understand
from drivers.channels.files.decode import decode
from drivers.channels.files.records import DELIMITERS, Record, records, split_lines
from drivers.channels.files.rows import Row
from drivers.channels.files.values import RAW_LIMIT, FileFacts, RejectedRow

_BIGGEST = 512 * 1024 * 1024
_HEADER_WITHIN = 10
"""Records before the header: some tools write a title and a date above it."""
_NEEDED = (
    *("number", "sub_number", "sku", "quantity", "status", "receiver", "phone", "address"),
    *("new_address", "new_spec", "refund", "refund_amount", "created", "paid"),
)


@dataclass(slots=True)
class Sheet:
    """A file being read; ``header`` is None when nothing can be read from it."""

    path: str
    sha256: str = ""
    encoding: str = ""
    header: Header | None = None
    rows: list[Row] = field(default_factory=list)
    refused: list[RejectedRow] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    seen: int = 0
    """Data rows, good and bad."""

    def refuse(self, row: int, end: int, why: Message) -> None:
        """Keep a row as it stands, with the reason why it made no order."""
        raw = "".join(self.lines[row - 1 : end])[:RAW_LIMIT].rstrip("\r\n")
        self.refused.append(RejectedRow(self.path, row, why, raw))

    def refuse_all(self, rows: Iterable[Row], why: Message) -> None:
        """The same reason for several rows."""
        for row in rows:
            self.refuse(row.number, row.end, why)

    def refuse_file(self, why: Message, raw: str = "") -> None:
        """The file as a whole gives nothing."""
        self.refused.append(RejectedRow(self.path, 0, why, raw[:RAW_LIMIT]))

    @property
    def role(self) -> str:
        return self.header.layout.role if self.header else ""

    def facts(self) -> FileFacts:
        """What is worth telling about the file."""
        layout = self.header.layout if self.header else None
        return FileFacts(
            path=self.path,
            sha256=self.sha256,
            encoding=self.encoding,
            layout=layout.name if layout else "",
            channel=layout.channel if layout else "",
            rows=self.seen,
            unmapped=self.header.unmapped if self.header else (),
            notes=tuple(self.notes),
        )


def open_sheet(path: Path, mapping: Mapping[str, str] | None, zone: tzinfo) -> Sheet:
    """Read one file as far as its rows. Never raises; what is wrong is in ``refused``."""
    sheet = Sheet(str(path))
    data = _bytes(path, sheet)
    if data is None:
        return sheet
    sheet.sha256 = hashlib.sha256(data).hexdigest()
    decoded = decode(data)
    if isinstance(decoded, Message):
        sheet.refuse_file(decoded)
        return sheet
    sheet.encoding = decoded.encoding
    sheet.lines = split_lines(decoded.text)
    found = _find_header(sheet.lines, mapping)
    if isinstance(found, Message):
        sheet.refuse_file(found, decoded.text)
        return sheet
    _fill(sheet, found, zone, mapping)
    return sheet


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


def _find_header(lines: list[str], mapping: Mapping[str, str] | None) -> _Found | Message:
    """The record among the first few, under the delimiter, that has most names we know."""
    candidates = [
        _Found(record, delimiter, score(record.cells, mapping))
        for delimiter in DELIMITERS
        for record in islice(records(lines, delimiter), _HEADER_WITHIN)
    ]
    best = max(candidates, key=lambda c: (c.points, -c.record.row), default=None)
    if best is None or best.points < 2:
        return message("files.no_header", start="".join(lines[:1])[:60].strip())
    header = understand(best.record.cells, mapping)
    sequence = header.layout.name == "groupbuy_leader" and header.has("leader_seq")
    if not header.has("number") and not sequence and header.layout.role != "totals":
        return message("files.no_number_column", columns="、".join(header.names)[:120])
    return best


def _fill(sheet: Sheet, found: _Found, zone: tzinfo, mapping: Mapping[str, str] | None) -> None:
    header = sheet.header = understand(found.record.cells, mapping)
    width = len(header.names)
    needed = _needed(header)
    after = records(sheet.lines, found.delimiter, width, start=found.record.end)
    for place, record in enumerate(after):
        if _is_heading(record, place, header, found.record.cells):
            continue
        sheet.seen += 1
        problem = record.problem or _misfit(record, width, needed)
        if problem:
            sheet.refuse(record.row, record.end, problem)
        else:
            sheet.rows.append(Row(header, record.row, record.end, record.cells, zone))
    if not sheet.seen:
        sheet.refuse_file(message("files.no_rows"))


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
