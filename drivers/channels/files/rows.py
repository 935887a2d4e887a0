"""One data row, asked for our fields instead of columns."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo

from drivers.channels.files.cells import BLANKS, BadCell, count, fen, moment, plain
from drivers.channels.files.columns import Header

_TIMES = ("created", "paid", "shipped", "finished")
_UNSAFE = re.compile("[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]")


@dataclass(frozen=True, slots=True)
class Row:
    """One record under its header."""

    header: Header
    number: int
    """Physical line it starts on."""
    end: int
    cells: list[str]
    zone: tzinfo

    def word(self, field: str) -> str:
        """The first non-empty cell of the field's columns, as the platform wrote it."""
        for i in self.header.index.get(field, ()):
            value = plain(self.cells[i]) if i < len(self.cells) else ""
            if value:
                return value
        return ""

    def get(self, field: str) -> str:
        """The same, where a dash or ``null`` says that there is none."""
        for i in self.header.index.get(field, ()):
            value = plain(self.cells[i]) if i < len(self.cells) else ""
            if value and value not in BLANKS:
                return value
        return ""

    def told(self, field: str) -> bool:
        """Whether an empty value of the field means that there is none."""
        return self.header.has(field) or field in self.header.empty

    def every(self, field: str) -> list[str]:
        """The values of all of the field's columns."""
        cells = (
            plain(self.cells[i]) for i in self.header.index.get(field, ()) if i < len(self.cells)
        )
        return [value for value in cells if value and value not in BLANKS]

    def time(self, field: str) -> int | None:
        """UTC milliseconds. Raises BadCell."""
        return moment(self.get(field), self.zone)

    def known_times(self) -> list[int]:
        """Every time that has passed in the order's life; an unreadable late one is left out."""
        found = [self.time("created"), self.time("paid")]
        for field in _TIMES[2:]:
            try:
                found.append(self.time(field))
            except BadCell:
                continue
        return [t for t in found if t is not None]

    def money(self, field: str) -> int:
        """Fen. Raises BadCell."""
        return fen(self.get(field))

    def pieces(self) -> int | None:
        """The quantity column; None when there is none or it is empty. Raises BadCell."""
        text = self.get("quantity")
        return count(text) if text else None

    def refund(self) -> str:
        """The platform's word for the refund, or an amount refunded written as one."""
        word = self.word("refund")
        if word and word not in BLANKS:
            return word
        amount = self.get("refund_amount")
        try:
            return (f"退款金额 {amount}" if fen(amount) else "") or word
        except BadCell:
            return amount

    def content(self) -> dict[str, str]:
        """Header name -> cell as it stands in the file; empty cells are left out."""
        names = self.header.names
        return {names[i] or f"#{i + 1}": c for i, c in enumerate(self.cells[: len(names)]) if c}


def first(rows: Iterable[Row], field: str) -> str:
    """The first row's value that is not empty: order columns may stand on any row of an order."""
    return next((value for row in rows if (value := row.get(field))), "")


def raw_of(rows: Iterable[Row]) -> str:
    """The rows as JSON, every cell as received; characters that could move a cursor escaped."""
    text = json.dumps([row.content() for row in rows], ensure_ascii=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda m: f"\\u{ord(m[0]):04x}", text)
