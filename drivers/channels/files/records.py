"""From text to records: cells, and the physical line each record starts on.

A stray quote makes a CSV reader swallow the following rows into one cell. A record that runs to
the end of the file, over 100 lines, or to another width than the header is therefore given up at
its first line, and reading goes on with the next one, so that one bad row costs one row.
"""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from core.messages import Message, message

DELIMITERS = ",\t;|"
_LONGEST = 100
"""Physical lines of one record; the longest notes seen have a dozen."""


class Record(NamedTuple):
    """One record. ``problem`` says why it could not be cut into cells."""

    row: int
    """Physical line it starts on, counted from 1."""
    end: int
    """Physical line it ends on."""
    cells: list[str]
    problem: Message | None = None


class _Runaway(Exception):  # noqa: N818
    """The record has no end of its own."""


class _Feed:
    """Lines for the CSV reader, remembering where the record under way began."""

    def __init__(self, lines: list[str], at: int) -> None:
        self.lines = lines
        self.start = self.next = at

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        if self.next == len(self.lines):
            if self.next > self.start:
                raise _Runaway
            raise StopIteration
        if self.next - self.start >= _LONGEST:
            raise _Runaway
        self.next += 1
        return self.lines[self.next - 1]


def split_lines(text: str) -> list[str]:
    """Physical lines with their ends; only CR, LF and CRLF end a line."""
    return list(io.StringIO(text, newline=""))


def records(lines: list[str], delimiter: str, width: int = 0, start: int = 0) -> Iterator[Record]:
    """The records from line index ``start`` on; blank lines are left out. Never raises.

    A record of more than one line must have ``width`` cells (when that is known).
    """
    at = start
    while at < len(lines):
        feed = _Feed(lines, at)
        try:
            for cells in csv.reader(feed, delimiter=delimiter):
                if feed.next - at > 1 and width and not _fits(cells, width):
                    raise _Runaway
                if any(cells):
                    yield Record(at + 1, feed.next, cells)
                at = feed.start = feed.next
        except (_Runaway, csv.Error):
            yield Record(at + 1, at + 1, [], message("files.row_broken"))
            at += 1


def _fits(cells: list[str], width: int) -> bool:
    return len(cells) >= width and not any(cells[width:])
