"""Excel workbooks (.xlsx): every visible sheet as rows of text, digits exactly as they are stored.

Reads the few parts that carry cells, so that a style or a drawing that only Excel understands never
stands in the way. Nothing is rounded here: a number of more than fifteen digits was rounded when
the spreadsheet stored it, and is written in its scientific form, which no order number has.
"""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import IO
from xml.etree import ElementTree

from core.messages import Message, message

_BIGGEST = 1024 * 1024 * 1024
"""Bytes of all parts unpacked: a small file may claim to be endless."""
_MOST_COLUMNS = 4096
_EXACT_DIGITS = 15
_DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
"""Excel's own formats that show a date or a time (ECMA-376 18.8.30)."""
_NO_DATE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_REF = re.compile(r"^([A-Z]{1,3})(\d+)$")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(slots=True)
class Grid:
    """One visible sheet."""

    name: str
    rows: dict[int, list[str]] = field(default_factory=dict)
    """Row number as Excel shows it -> cells."""
    merged: list[tuple[int, int, int]] = field(default_factory=list)
    """(first row, last row, column) of every cell that reaches over several rows."""

    def fill_down(self, columns: frozenset[int]) -> None:
        """A merged cell of these columns says the same for every row it reaches over."""
        end = max(self.rows, default=0)
        for first, last, column in self.merged:
            source = self.rows.get(first, [])
            if column not in columns or column >= len(source):
                continue
            for row in range(first + 1, min(last, end) + 1):
                cells = self.rows.get(row)
                if cells is not None:
                    cells += [""] * (column + 1 - len(cells))
                    cells[column] = cells[column] or source[column]


def grids(data: bytes) -> list[Grid] | Message:
    """The visible sheets in the order of their tabs, or why there are none. Never raises."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                return message("files.archive")
            if sum(part.file_size for part in archive.infolist()) > _BIGGEST:
                return message("files.too_big", megabytes=_BIGGEST >> 20)
            return _Book(archive).visible()
    except (
        *(zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError),
        *(ElementTree.ParseError, KeyError, ValueError, IndexError, OverflowError, OSError),
        zlib.error,
    ):
        return message("files.workbook_broken")


class _Book:
    """The parts of one workbook."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in archive.namelist()}
        self._shared = list(self._strings())
        self._dates = self._date_styles()
        self._begin = datetime(1899, 12, 30)

    def visible(self) -> list[Grid]:
        targets = {
            relation.get("Id"): relation.get("Target", "")
            for relation in self._tree("xl/_rels/workbook.xml.rels")
        }
        book = self._tree("xl/workbook.xml")
        for properties in _all(book, "workbookPr"):
            if properties.get("date1904") in ("1", "true"):
                self._begin = datetime(1904, 1, 1)
        return [
            self._grid(sheet.get("name", ""), targets.get(_relation(sheet), ""))
            for sheet in _all(book, "sheet")
            if sheet.get("state", "visible") == "visible"
        ]

    def _open(self, name: str) -> IO[bytes]:
        return self._archive.open(self._names[name.lower()])

    def _tree(self, name: str) -> ElementTree.Element:
        with self._open(name) as part:
            return ElementTree.parse(part).getroot()

    def _strings(self) -> Iterator[str]:
        if "xl/sharedstrings.xml" not in self._names:
            return
        with self._open("xl/sharedStrings.xml") as part:
            for _, element in ElementTree.iterparse(part):
                if _tag(element) == "si":
                    yield _written(element)
                    element.clear()

    def _date_styles(self) -> frozenset[int]:
        """Numbers of the cell styles that show a date."""
        if "xl/styles.xml" not in self._names:
            return frozenset()
        styles = self._tree("xl/styles.xml")
        own = {
            int(each.get("numFmtId", "0")): _NO_DATE.sub("", each.get("formatCode", "")).lower()
            for each in _all(styles, "numFmt")
        }
        dated = _DATES | {each for each, code in own.items() if re.search("[ymdhs年月日时]", code)}
        formats = [xf for group in _all(styles, "cellXfs") for xf in group]
        return frozenset(n for n, xf in enumerate(formats) if int(xf.get("numFmtId", "0")) in dated)

    def _grid(self, name: str, target: str) -> Grid:
        grid = Grid(name)
        path = target[1:] if target.startswith("/") else posixpath.normpath(f"xl/{target}")
        with self._open(path) as part:
            for _, element in ElementTree.iterparse(part):  # millions of turns: cells have parts
                tag = element.tag
                if tag.endswith(("}row", "}mergeCell")) or tag in ("row", "mergeCell"):
                    self._row_or_merge(element, grid)
        return grid

    def _row_or_merge(self, element: ElementTree.Element, grid: Grid) -> None:
        if _tag(element) == "row":
            self._row(element, grid)
            element.clear()
        else:
            _merge(element.get("ref", ""), grid)

    def _row(self, element: ElementTree.Element, grid: Grid) -> None:
        number = int(element.get("r") or max(grid.rows, default=0) + 1)
        cells: list[str] = []
        for cell in element:
            if not cell.tag.endswith("c"):
                continue
            place = _REF.match(cell.get("r", ""))
            column = _column(place[1]) if place else len(cells)
            text = self._text(cell)
            if text and column < _MOST_COLUMNS:
                cells += [""] * (column + 1 - len(cells))
                cells[column] = text
            elif not place:
                cells.append(text)
        grid.rows[number] = cells

    def _text(self, cell: ElementTree.Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return _written(cell)
        value = next((part.text or "" for part in cell if part.tag.endswith("v")), "")
        if not value:
            return ""
        if kind == "s":
            return self._shared[int(value)]
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        if kind == "d":
            return value.replace("T", " ")
        if kind != "n":
            return value  # a formula's text, an error such as #N/A
        return self._number(value, int(cell.get("s", "0")) in self._dates)

    def _number(self, value: str, dated: bool) -> str:
        try:
            number = Decimal(value)
        except InvalidOperation:
            return value
        if dated and 1 <= number < 2_958_466:  # 9999-12-31
            at = self._begin + timedelta(seconds=round(float(number) * 86_400))
            return f"{at:%Y-%m-%d}" if number == int(number) else f"{at:%Y-%m-%d %H:%M:%S}"
        if not number.is_finite() or number.adjusted() >= _EXACT_DIGITS:
            mantissa, _, power = f"{number:.14E}".partition("E")
            return f"{mantissa.rstrip('0').rstrip('.')}E{power}"
        return str(int(number)) if number == int(number) else f"{float(number):.15g}"


def _tag(element: ElementTree.Element) -> str:
    """The name without its namespace: there are two, the usual and the strict one."""
    return element.tag.rpartition("}")[2]


def _all(root: ElementTree.Element, tag: str) -> Iterator[ElementTree.Element]:
    return (element for element in root.iter() if _tag(element) == tag)


def _relation(sheet: ElementTree.Element) -> str | None:
    return sheet.get(_RELATION) or next(
        (value for name, value in sheet.items() if name.endswith("}id")), None
    )


def _written(element: ElementTree.Element) -> str:
    """The text of a string with its runs, without the small reading aids over it."""
    texts = [part for part in element.iter() if part.tag.endswith("t") and part.text]
    if len(texts) == 1:
        return texts[0].text or ""
    aids = {part for aid in _all(element, "rPh") for part in aid}
    return "".join(part.text or "" for part in texts if _tag(part) == "t" and part not in aids)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _merge(reference: str, grid: Grid) -> None:
    first, _, last = reference.partition(":")
    begin, end = _REF.match(first), _REF.match(last)
    if begin and end and int(end[2]) > int(begin[2]):
        grid.merged.append((int(begin[2]), int(end[2]), _column(begin[1])))
