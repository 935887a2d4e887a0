"""The injected clock: stored time is UTC epoch milliseconds, shown time is local."""

import threading
import time
from datetime import UTC, datetime, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Time as the rest of Packline sees it."""

    zone: tzinfo
    speed: float
    """Clock seconds per real second."""

    def now(self) -> int:
        """UTC epoch milliseconds."""

    def monotonic(self) -> float:
        """Seconds that never step, in the same pace as ``now``."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until the event is set or that many clock seconds pass; True when it was set."""


class SystemClock:
    """The machine's own clock."""

    def __init__(self, zone: tzinfo = SHANGHAI) -> None:
        self.zone = zone
        self.speed = 1.0

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)


class FastClock:
    """A day in seconds: starts at ``start`` (UTC ms) and runs ``speed`` times faster than life.

    Processes of one machine share its monotonic clock: made with the same three figures, their
    fast clocks show the same time.
    """

    def __init__(
        self, start: int, speed: float = 1.0, zone: tzinfo = SHANGHAI, *, origin: float = -1.0
    ) -> None:
        """``origin`` is the machine's monotonic time at ``start``; now, unless given."""
        self.zone = zone
        self.speed = speed
        self.start = start
        self.origin = origin if origin >= 0 else time.monotonic()

    def now(self) -> int:
        return self.start + int(self.monotonic() * 1000)

    def monotonic(self) -> float:
        return (time.monotonic() - self.origin) * self.speed

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds / self.speed)


class SetClock:
    """A clock that moves only when told; for tests."""

    def __init__(self, now: int, zone: tzinfo = SHANGHAI) -> None:
        self.zone = zone
        self.speed = 1.0
        self._now = now

    def now(self) -> int:
        return self._now

    def monotonic(self) -> float:
        return self._now / 1000

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if not event.is_set():
            self.advance(seconds)
        return event.is_set()

    def advance(self, seconds: float) -> None:
        """Move forward by that many seconds (backward when negative: a stepped clock)."""
        self._now += int(seconds * 1000)


def local(at: int, zone: tzinfo) -> datetime:
    """UTC milliseconds as a local wall-clock time."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)


def local_day(at: int, zone: tzinfo) -> str:
    """The local calendar day as ``YYYYMMDD``."""
    return local(at, zone).strftime("%Y%m%d")


def millis(moment: datetime) -> int:
    """An aware datetime as UTC milliseconds."""
    return round(moment.timestamp() * 1000)
