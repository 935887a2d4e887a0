"""Values of a platform's answer in ours: money, counts, moments; pure reading, no network.

What cannot be read is never guessed: the reader remembers it, and the order carries the flag
``unreadable``. Times on the wires of Chinese platforms are GMT+8.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from core.clock import SHANGHAI, local, millis
from core.text import clean

Told = Mapping[str, Any]

MISSING = "MISSING"
"""Said for a word that was asked for and is not there; no vocabulary knows it: held."""
UNREADABLE = "unreadable"
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2}))?")


class Reading:
    """Reads values and remembers whether one of them made no sense."""

    def __init__(self) -> None:
        self.failed = False

    def yuan(self, told: object) -> int:
        """Fen of a decimal number of yuan."""
        return self._whole(told, 100)

    def fen(self, told: object) -> int:
        """Fen of a whole number of fen."""
        return self._whole(told, 1)

    def count(self, told: object, least: int = 1) -> int:
        """A whole number of pieces, ``least`` when it cannot be read."""
        text = str(told)
        if text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) >= least:
            return int(text)
        self.failed = True
        return least

    def moment(self, told: object) -> int | None:
        """None when there is none; a time that cannot be read counts as none and is remembered."""
        if not told:
            return None
        at = moment_in(str(told))
        self.failed = self.failed or at is None
        return at

    def millis(self, told: object) -> int | None:
        """As ``moment``, of UTC milliseconds."""
        if not told:
            return None
        text = str(told)
        if text.isascii() and text.isdecimal() and len(text) <= 15:
            return int(text)
        self.failed = True
        return None

    def seconds(self, told: object) -> int | None:
        """As ``moment``, of Unix seconds; 0 is none."""
        at = self.millis(told if str(told) != "0" else None)
        return at * 1000 if at is not None else None

    def iso(self, told: object) -> int | None:
        """As ``moment``, of ISO text; UTC when it does not say where."""
        if not told:
            return None
        try:
            at = datetime.fromisoformat(str(told))
        except ValueError:
            self.failed = True
            return None
        return millis(at if at.tzinfo else at.replace(tzinfo=UTC))

    def flags(self, told: Iterable[str] = ()) -> tuple[str, ...]:
        """The platform's reasons not to ship, and ours when something could not be read."""
        return (*told, *([UNREADABLE] if self.failed else []))

    def _whole(self, told: object, times: int) -> int:
        try:
            cents = Decimal(str(told)) * times
            if cents.is_finite() and cents == cents.to_integral_value():
                return int(cents)
        except InvalidOperation:
            pass
        self.failed = True
        return 0


def wire_time(at: int) -> str:
    """UTC milliseconds as ``2026-01-20 12:00:00`` in Shanghai."""
    return local(at, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def whole_seconds(start: int, end: int) -> tuple[int, int]:
    """The seconds that hold [start, end), both ends included: wider, for twice does no harm."""
    return start // 1000, -(-end // 1000)


def seconds_in(start: int, end: int) -> tuple[int, int]:
    """The whole seconds within [start, end), both ends included; UTC ms in, seconds out."""
    return start // 1000, max(start, end - 1) // 1000


def moment_in(text: str, default: str = "00:00:00") -> int | None:
    """The first date and time in a text; a date alone means ``default`` of that day."""
    found = _DATE.search(text)
    if not found:
        return None
    try:
        told = datetime.fromisoformat(f"{found.group(1)}T{found.group(2) or default}")
    except ValueError:
        return None
    return millis(told.replace(tzinfo=SHANGHAI))


def next_midnight(now: int) -> int:
    """The next 00:00 in Shanghai after ``now``; both UTC milliseconds."""
    today = local(now, SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    return millis(today + timedelta(days=1))


def is_set(told: object) -> bool:
    """Whether a mark is on; a value never seen before counts as on."""
    return str(told or "").strip().lower() not in ("", "0", "false", "null")


def rows(told: object) -> list[Told]:
    """The objects of a list; none when it is null or no list."""
    return [row for row in told if isinstance(row, Mapping)] if isinstance(told, list) else []


def part(told: Told, *keys: str) -> Told:
    """The object inside an object, key by key; an empty one when a step is not there."""
    for key in keys:
        inner = told.get(key)
        if not isinstance(inner, Mapping):
            return {}
        told = inner
    return told


def raw(told: Told) -> str:
    """A platform's own telling, kept for disputes."""
    return json.dumps(told, default=str, separators=(",", ":"))


def below(address: str, *regions: str) -> str:
    """An address without the regions it begins with, which stand in fields of their own."""
    for region in regions:
        address = address.removeprefix(region).lstrip()
    return address


def word(told: object) -> str:
    """A platform's own word, be it text or a number, as the vocabularies write it."""
    return clean(told, 60)
