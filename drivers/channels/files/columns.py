"""What a header means: which column is which of our fields, and whose export it is.

The names live in ``data/channels/columns.toml``; the words for status and refund in one file per
channel beside it. Column order is never relied on.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from drivers.channels.files.cells import plain

GENERIC = "generic"
NO_COLUMN = "∅"
"""A mapping's name for no column at all: the files have none for that field, because there is
nothing to say in it."""
WANTED = ("buyer_note",)
"""Fields whose want is no emptiness: without a column for them, nobody knows."""
MANDATORY = (("sku", "barcode"), ("quantity",), ("created", "paid"))
"""What a file of an unknown layout must have beside the order's number, one of each."""
_WIDE_ITEM = re.compile(r"^(?:productitem(\d+)(name|id|sku|quantity|total)|line_item_(\d+))$")


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of export."""

    name: str
    channel: str
    role: str
    """``lines``, ``order``, ``detail``, ``wide`` or ``totals``; see columns.toml."""
    marks: tuple[frozenset[str], ...] = ()
    sums: bool = False
    fields: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """The header of one file, understood."""

    names: tuple[str, ...]
    layout: Layout
    index: Mapping[str, tuple[int, ...]]
    """Our field -> its columns, the preferred one first."""
    items: tuple[Mapping[str, int], ...] = ()
    """WooCommerce's items: part (``name``, ``sku``, ``quantity``, ``packed``) -> column."""
    skipped: frozenset[str] = frozenset()
    """Keys of names that a shop decided to read nothing from."""
    empty: frozenset[str] = frozenset()
    """Fields without a column, of which a shop said that there is nothing to be told."""

    def has(self, field: str) -> bool:
        return field in self.index

    def fields_at(self, column: int) -> tuple[str, ...]:
        """What is read from a column; empty when nothing is."""
        if any(column in item.values() for item in self.items):
            return ("item",)
        return tuple(field for field, columns in self.index.items() if column in columns)

    def skips(self, column: int) -> bool:
        """Whether a column is known to be of no use: by its platform, or by the shop."""
        name = key(self.names[column])
        known = self.layout.name != GENERIC and name in _ignored()
        return not name or name in self.skipped or known

    @property
    def unmapped(self) -> tuple[str, ...]:
        """Names nothing is read from and nobody decided about."""
        return tuple(
            name for i, name in enumerate(self.names) if not self.fields_at(i) and not self.skips(i)
        )

    @property
    def untold(self) -> tuple[str, ...]:
        """Wanted fields no column gives and nobody decided about; details never have them."""
        orders = self.layout.role in ("lines", "order", "wide")
        return tuple(f for f in WANTED if orders and not self.has(f) and f not in self.empty)

    @property
    def missing(self) -> tuple[str, ...]:
        """Fields no order of this layout can do without, and no column gives."""
        layout = self.layout
        number = self.has("number") or (layout.name == "groupbuy_leader" and self.has("leader_seq"))
        found = [] if number or layout.role == "totals" else ["number"]
        if layout.name == GENERIC and layout.role == "lines":
            found += [either[0] for either in MANDATORY if not any(map(self.has, either))]
        return tuple(found)


def key(name: str) -> str:
    """A header name as it is compared: no blanks, no case, no full-width forms, no quotes."""
    text = unicodedata.normalize("NFKC", name)
    return re.sub(r"[\s\"'“”‘’*]+", "", text).casefold()


@cache
def _table() -> tuple[dict[str, tuple[str, ...]], tuple[Layout, ...]]:
    found = tomllib.loads(_data("columns.toml"))
    layouts = tuple(_layout(one) for one in found["layouts"])
    return _keys(found["fields"]), layouts


def _layout(one: Mapping[str, Any]) -> Layout:
    return Layout(
        name=one["name"],
        channel=one["channel"],
        role=one["role"],
        marks=tuple(frozenset(key(n) for n in mark) for mark in one["marks"]),
        sums=one.get("sums", False),
        fields=_keys(one.get("fields", {})),
    )


def _keys(fields: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {field: tuple(dict.fromkeys(key(n) for n in names)) for field, names in fields.items()}


@cache
def _ignored() -> frozenset[str]:
    return frozenset(key(name) for name in tomllib.loads(_data("columns.toml"))["ignored"])


def fields() -> tuple[str, ...]:
    """Our fields, in the order of columns.toml."""
    return tuple(_table()[0])


def field_of(name: str) -> str | None:
    """The field a column of that name is read as in general; None when there is none."""
    return next((field for field, names in _table()[0].items() if key(name) in names), None)


def _data(name: str) -> str:
    return files("data").joinpath("channels", name).read_text("utf-8")


@cache
def _known() -> frozenset[str]:
    fields, layouts = _table()
    names = {n for aliases in fields.values() for n in aliases}
    return frozenset(names.union(*(mark for layout in layouts for mark in layout.marks)))


def score(cells: Sequence[str], mapping: Mapping[str, str] | None = None) -> int:
    """How many of these cells are header names we know."""
    known = _known() | {key(n) for n in mapping or () if n != NO_COLUMN}
    return sum(1 for cell in set(map(key, cells)) if cell in known or _WIDE_ITEM.match(cell))


def understand(cells: Sequence[str], mapping: Mapping[str, str] | None = None) -> Header:
    """The header row as columns of our fields.

    ``mapping`` (header name -> field, "" to ignore the column) goes before the general table: a
    field whose mapped column is there is read from it alone. NO_COLUMN names a field without one.
    """
    names = tuple(plain(c).strip('"') for c in cells)
    places: dict[str, list[int]] = {}
    for i, name in enumerate(map(key, names)):
        places.setdefault(name, []).append(i)
    layout = _recognise(frozenset(places))
    said = dict(mapping or {})
    nothing = said.pop(NO_COLUMN, "")
    own = {key(n): f for n, f in said.items()}
    skipped = frozenset(name for name, field in own.items() if not field)
    index = _index(places, layout, own)
    empty = frozenset({nothing} - index.keys() - {""})
    return Header(names, layout, index, _items(places), skipped, empty)


def _recognise(present: frozenset[str]) -> Layout:
    for layout in _table()[1]:
        if any(mark <= present for mark in layout.marks):
            return layout
    wide = any(_WIDE_ITEM.match(name) for name in present)
    return Layout(GENERIC, GENERIC, "wide" if wide else "lines")


def _index(
    places: Mapping[str, list[int]], layout: Layout, mapping: Mapping[str, str]
) -> dict[str, tuple[int, ...]]:
    """Columns by field. A name a layout gives its own meaning to loses the general one."""
    own = dict(layout.fields or {})
    taken = {name for names in own.values() for name in names} | mapping.keys()
    index: dict[str, tuple[int, ...]] = {}
    for field, names in _table()[0].items():
        chosen = [n for n, f in mapping.items() if f == field and n in places]
        given = own[field] if field in own else tuple(n for n in names if n not in taken)
        chosen = chosen or [n for n in given if n not in mapping]
        columns = tuple(i for name in chosen for i in places.get(name, ()))
        if columns:
            index[field] = columns
    return index


def _items(places: Mapping[str, list[int]]) -> tuple[Mapping[str, int], ...]:
    found: dict[int, dict[str, int]] = {}
    for name, columns in places.items():
        match = _WIDE_ITEM.match(name)
        if match:
            number = int(match[1] or match[3])
            found.setdefault(number, {})[match[2] or "packed"] = columns[0]
    return tuple(found[n] for n in sorted(found))


@cache
def words(channel: str, kind: str) -> Mapping[str, str]:
    """A channel's own words and what they mean to us; empty for a channel without a list.

    ``kind`` is ``order_status`` or ``refund``. Tmall speaks Taobao's words.
    """
    name = "taobao" if channel == "tmall" else channel
    place = files("data").joinpath("channels", f"{name}.toml")
    if not place.is_file():
        return {}
    found = tomllib.loads(place.read_text("utf-8")).get(kind, {})
    return {str(word): str(meaning) for word, meaning in found.items()}
