"""What one cell says: texts, amounts, counts, times. Raises BadCell, never guesses."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from core.clock import millis
from core.messages import Message, message
from core.text import clean

BLANKS = frozenset({"-", "--", "—", "/", "null", "NULL", "None", "N/A", "n/a", "nan", "NaN"})
"""Words that exports write into a cell that has no value."""

_MONEY = re.compile(r"[¥￥元\s]|CNY|RMB", re.IGNORECASE)
_THOUSANDS = re.compile(r"^-?\d{1,3}(?:[,，]\d{3})+(?:\.\d*)?$")
_COUNT = re.compile(r"^(\d{1,7})(?:\.0+)?\s*[件个份]?$")
_TIME = re.compile(
    r"^(?:(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?"
    r"|(?P<m2>\d{1,2})/(?P<d2>\d{1,2})/(?P<y2>\d{4})"
    r"|(?P<y3>\d{4})(?P<m3>\d{2})(?P<d3>\d{2}))"
    r"(?:[ T]*(?P<H>\d{1,2}):?(?P<M>\d{2})(?::?(?P<S>\d{2})(?:\.\d+)?)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)
_SERIAL = re.compile(r"^\d{5}(?:\.\d+)?$")
"""Days since 1899-12-30: what a spreadsheet leaves of a date it no longer shows as one."""
_NO_TIME = ("0000-00-00", "0001-01-01", "1970-01-01")


class BadCell(Exception):  # noqa: N818
    """A cell, or a row, that cannot be understood; ``why`` says what was expected."""

    def __init__(self, id: str, **data: object) -> None:
        self.why: Message = message(id, **data)
        super().__init__(str(self.why))


@lru_cache(maxsize=65_536)
def plain(raw: str) -> str:
    """A cell without what spreadsheets wrap around it: ``="..."``, a leading apostrophe, tabs."""
    value = raw.strip()
    if value.startswith('="') and value.endswith('"') and len(value) > 2:
        value = value[2:-1]
    if value.startswith("'") and value.count("'") == 1:
        value = value[1:]
    return clean(value)


def fen(text: str) -> int:
    """An amount in yuan as integer fen; "" is 0.

    Raises BadCell: a comma that is not a thousands separator is not guessed at.
    """
    value = _MONEY.sub("", text)
    if not value or value in BLANKS:
        return 0
    if _THOUSANDS.match(value):
        value = value.replace(",", "").replace("，", "")
    try:
        amount = Decimal(value)
        if not amount.is_finite() or abs(amount) >= 10**10:
            raise BadCell("files.amount_unreadable", text=text[:60])
    except InvalidOperation:
        raise BadCell("files.amount_unreadable", text=text[:60]) from None
    return int((amount * 100).to_integral_value(ROUND_HALF_UP))


def count(text: str) -> int:
    """A number of pieces, at least 1. Raises BadCell."""
    match = _COUNT.match(text)
    if match is None or int(match[1]) < 1:
        raise BadCell("files.quantity_unreadable", text=text[:60])
    return int(match[1])


@lru_cache(maxsize=65_536)
def moment(text: str, zone: tzinfo) -> int | None:
    """A time as UTC milliseconds, local in ``zone`` unless it says otherwise; "" is None.

    ``24:00`` is the next day's midnight; five digits are a spreadsheet's days. Raises BadCell.
    """
    if not text or text in BLANKS or text.startswith(_NO_TIME):
        return None
    if _SERIAL.match(text):
        days = timedelta(seconds=round(float(text) * 86_400))
        return millis(datetime(1899, 12, 30, tzinfo=zone) + days)
    match = _TIME.match(text)
    if match is None:
        raise BadCell("files.time_unreadable", text=text[:60])
    part = match.groupdict()
    try:
        day = datetime(
            int(part["y"] or part["y2"] or part["y3"]),
            int(part["m"] or part["m2"] or part["m3"]),
            int(part["d"] or part["d2"] or part["d3"]),
            tzinfo=_zone(part["zone"], zone),
        )
        return millis(_at(day, int(part["H"] or 0), int(part["M"] or 0), int(part["S"] or 0)))
    except (ValueError, OverflowError):
        raise BadCell("files.time_unreadable", text=text[:60]) from None


def _at(day: datetime, hour: int, minute: int, second: int) -> datetime:
    if not 2000 <= day.year <= 2100:
        raise ValueError("no order is that old")
    if (hour, minute, second) == (24, 0, 0):
        return day + timedelta(days=1)
    return day.replace(hour=hour, minute=minute, second=second)


def _zone(text: str | None, zone: tzinfo) -> tzinfo:
    if not text:
        return zone
    if text in ("Z", "UTC", "GMT"):
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def pdd_day(number: str, zone: tzinfo) -> int | None:
    """The local midnight in a Pinduoduo number (``260120-...``); None when it has no date."""
    match = re.match(r"^(\d{2})(\d{2})(\d{2})-\d+", number)
    if match is None:
        return None
    try:
        return millis(datetime(2000 + int(match[1]), int(match[2]), int(match[3]), tzinfo=zone))
    except ValueError:
        return None
