"""What a scanned text is: a command, a badge, a station card, an order, a tote, a bin, a
waybill or a product. Pure over ``Lookup``; says what a thing is even when it is unwanted.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from core.floor.commands import FORM, Command, Given, parse
from core.floor.content import gtins, waybill_hints, waybill_number
from core.floor.values import BackTask
from core.floor.work import Box, Opening, Operator, ParcelRef, ProductRef, ToteRef

NUMBER = re.compile(r"[A-Z]{2}\d{8}\d{3,}")
"""An internal number: prefix, local date, daily sequence. SF, YT and JT waybills fit it too."""
_DATED = re.compile(r"..20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
BADGE = re.compile(r"BG[A-Z0-9]{4,12}")
"""The form of badges we print: no punctuation, safe on every keyboard layout."""


class Kind(Enum):
    """The kinds of code, in the order they are tried."""

    COMMAND = "command"
    BADGE = "badge"
    STATION = "station"
    ORDER = "order"
    TOTE = "tote"
    BIN = "bin"
    WAYBILL = "waybill"
    PRODUCT = "product"
    UNKNOWN = "unknown"


Value = Given | Operator | Opening | ToteRef | ParcelRef | ProductRef | str | None


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing a text may be; ``value`` is None when the form is right but nobody knows it."""

    kind: Kind
    value: Value = None
    opening: Opening | None = None
    """For the command that asks for the next order: that order. For a product under the scanner of
    a free bench: the most urgent order that is this one piece."""
    box: Box | None = None
    """For the command that chooses a box: that box."""
    backs: tuple[BackTask, ...] = ()
    """For the command that puts goods back: what there is to put back."""


class Lookup(Protocol):
    """What the rules ask about the world; every answer is one exact, indexed question."""

    def badge(self, text: str) -> Operator | None: ...
    def station(self, text: str) -> str | None: ...
    def order(self, number: str) -> Opening | None: ...
    def tote(self, text: str) -> ToteRef | None: ...
    def bin(self, text: str) -> str | None: ...
    def waybill(self, text: str) -> ParcelRef | None: ...
    def products(self, text: str) -> tuple[ProductRef, ...]: ...
    def box(self, number: int) -> Box | None: ...
    def next_order(self) -> Opening | None: ...
    def single(self, ref: ProductRef) -> Opening | None: ...

    def put_backs(self) -> tuple[BackTask, ...]: ...


def number_in(text: str) -> str | None:
    """The internal number in a text: alone, or as the second field of a slip's QR code."""
    fields = text.split("|")
    candidate = (fields[1] if len(fields) > 1 else text).strip().upper()
    return candidate if NUMBER.fullmatch(candidate) else None


def classify(text: str, lookup: Lookup) -> tuple[Meaning, ...]:
    """Everything the text may be, best first; never empty."""
    given = parse(text)
    if given is not None:
        return (command(given, lookup),)
    operator = lookup.badge(text)
    if operator is not None:
        return (Meaning(Kind.BADGE, operator),)
    station = lookup.station(text)
    if station is not None:
        return (Meaning(Kind.STATION, station),)
    tote = lookup.tote(text)
    if tote is not None:
        return (Meaning(Kind.TOTE, tote),)
    return _things(text, lookup) or (_by_form(text),)


def command(given: Given, lookup: Lookup) -> Meaning:
    """A command with the order or the box it speaks of."""
    opening = lookup.next_order() if given.command is Command.NEXT else None
    box = lookup.box(given.number) if given.command is Command.BOX else None
    backs = lookup.put_backs() if given.command is Command.BACK else ()
    return Meaning(Kind.COMMAND, given, opening, box, backs)


def _things(text: str, lookup: Lookup) -> tuple[Meaning, ...]:
    """Orders, bins, waybills and products may share a text: all of them, in that order."""
    found: list[Meaning] = []
    number = number_in(text)
    opening = lookup.order(number) if number else None
    if opening is not None:
        found.append(Meaning(Kind.ORDER, opening))
    place = lookup.bin(text)
    if place is not None:
        found.append(Meaning(Kind.BIN, place))
    parcel = lookup.waybill(waybill_number(text))
    if parcel is not None:
        found.append(Meaning(Kind.WAYBILL, parcel))
    found += [Meaning(Kind.PRODUCT, ref, lookup.single(ref)) for ref in lookup.products(text)]
    return tuple(found)


def _by_form(text: str) -> Meaning:
    """What an unregistered text looks like."""
    code = text.strip().upper()
    if FORM.fullmatch(code):
        return Meaning(Kind.COMMAND)
    if BADGE.fullmatch(code):
        return Meaning(Kind.BADGE)
    number = number_in(text)
    if number and (_DATED.match(number) or "|" in text):
        return Meaning(Kind.ORDER)
    if gtins(text):
        return Meaning(Kind.PRODUCT)
    if waybill_hints(text):
        return Meaning(Kind.WAYBILL)
    return Meaning(Kind.UNKNOWN)
