"""Numbers and times as people read them, in the language of the moment."""

from datetime import tzinfo

from core.clock import local, local_day
from core.messages import message
from tui.words import say

_MINUTE = 60_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def clock_time(at: int, zone: tzinfo, now: int) -> str:
    """Local time, with the date when it is another day: ``20:41``, ``11-03 20:41``."""
    same = local_day(at, zone) == local_day(now, zone)
    return local(at, zone).strftime("%H:%M" if same else "%m-%d %H:%M")


def clock_second(at: int, zone: tzinfo) -> str:
    """Local time to the second, for devices and events."""
    return local(at, zone).strftime("%H:%M:%S")


def ago(ms: int) -> str:
    """How long, to the second while it is less than a minute: for devices, which are lively."""
    if ms < _MINUTE:
        return say(message("age.seconds", s=max(0, ms) // 1000))
    return age(ms)


def age(ms: int) -> str:
    """How long, in at most two units: ``3m``, ``2h10m``, ``3d4h``."""
    ms = max(0, ms)
    if ms < _HOUR:
        return say(message("age.minutes", m=ms // _MINUTE))
    if ms < _DAY:
        return say(message("age.hours", h=ms // _HOUR, m=ms % _HOUR // _MINUTE))
    return say(message("age.days", d=ms // _DAY, h=ms % _DAY // _HOUR))


def due(ship_by: int | None, now: int) -> tuple[str, str]:
    """What is left until ``ship_by`` and its meaning: ``late``, ``soon`` or ``text``."""
    if ship_by is None:
        return say("due.none"), "quiet"
    left = ship_by - now
    if left < 0:
        return say(message("due.late", age=age(-left))), "late"
    return say(message("due.left", age=age(left))), "soon" if left < 2 * _HOUR else "text"


def grams(value: int) -> str:
    """``1,235 g``."""
    return f"{value:,} g"


def money(cents: int) -> str:
    """``¥12.50``."""
    sign = "-" if cents < 0 else ""
    return f"{sign}¥{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def raw_bytes(raw: bytes, most: int = 24) -> str:
    """Bytes as spaced hex, the last ones when there are too many."""
    tail = raw[-most:]
    return ("… " if len(raw) > most else "") + tail.hex(" ")
