"""Reading what a platform told of an order: nothing is guessed, what makes no sense is remembered.

Money becomes integer fen, time UTC milliseconds, ids text. An order of which something could not
be read carries the flag ``unreadable``.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from core.clock import millis
from core.text import clean

Told = Mapping[str, Any]

MISSING = "MISSING"
"""Said for a refund word that should be there and is not; no vocabulary knows it: held."""
_PROMISES = (
    ("urgent", ("小时达", "半日达", "即时", "定时送")),
    ("same_day", ("当日", "当天", "sameday", "same_day")),
    ("next_day", ("次日", "隔日", "nextday", "next_day")),
)


class Reading:
    """Reads values and remembers whether one of them made no sense."""

    def __init__(self) -> None:
        self.failed = False

    def fen(self, told: object) -> int:
        """An amount told in fen."""
        return self._amount(told, 1)

    def cents(self, told: object) -> int:
        """An amount told as a decimal number of yuan (dollars, euros)."""
        return self._amount(told, 100)

    def count(self, told: object) -> int:
        """A quantity; 1 when it cannot be read."""
        text = str(told)
        if text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) > 0:
            return int(text)
        self.failed = True
        return 1

    def moment(self, told: object, unit_ms: int = 1) -> int | None:
        """A time as a number of seconds (``unit_ms=1000``) or milliseconds; None for none or 0."""
        text = str(told or 0)
        if text.isascii() and text.isdecimal() and len(text) <= 14:
            return int(text) * unit_ms or None
        self.failed = True
        return None

    def iso(self, told: object) -> int | None:
        """A time as ISO text, in UTC when it does not say where; None when there is none."""
        if not told:
            return None
        try:
            at = datetime.fromisoformat(str(told))
        except ValueError:
            self.failed = True
            return None
        return millis(at if at.tzinfo else at.replace(tzinfo=UTC))

    def _amount(self, told: object, times: int) -> int:
        try:
            amount = Decimal(str(told)) * times
            if amount.is_finite() and amount == amount.to_integral_value():
                return int(amount)
        except InvalidOperation:
            pass
        self.failed = True
        return 0


def part(told: Told, *keys: str) -> Told:
    """The object inside an object, key by key; an empty one when a step is not there."""
    for key in keys:
        inner = told.get(key)
        if not isinstance(inner, Mapping):
            return {}
        told = inner
    return told


def rows(told: Told, key: str) -> Iterator[Told]:
    """The objects of a list; a null list, or none, has none."""
    listed = told.get(key)
    return (
        (row for row in listed if isinstance(row, Mapping))
        if isinstance(listed, list)
        else iter(())
    )


def ident(told: object) -> str:
    """An id as text, exactly; "" when it is not there."""
    return "" if told is None else clean(told, 60)


def tier_named(text: str) -> str:
    """The delivery promise by its name; "" when none is known."""
    lowered = text.lower()
    for tier, words in _PROMISES:
        if any(word in lowered for word in words):
            return tier
    return ""


def kept(told: object) -> str:
    """The source as text, for disputes."""
    return json.dumps(told, default=str, ensure_ascii=False, separators=(",", ":"))
