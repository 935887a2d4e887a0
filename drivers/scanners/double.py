"""Double reads: a scanner that reads the code left in its view once more.

A real second unit carries the same code, so a step that counts units uses a short window; a
bounced command would do its work twice, so commands use a long one.
"""

from dataclasses import dataclass

from core.ports import Scan

COMMAND_PREFIX = "PK"


@dataclass(slots=True)
class _Last:
    """The last code of one device."""

    text: str
    read_at: int
    counted_at: int


class DoubleRead:
    """Tells a repeat from a second scan, device by device."""

    def __init__(
        self,
        window_ms: int = 1000,
        command_window_ms: int = 1500,
        counting_window_ms: int = 300,
    ) -> None:
        self._window_ms = window_ms
        self._command_window_ms = command_window_ms
        self._counting_window_ms = counting_window_ms
        self._last: dict[str, _Last] = {}

    def is_repeat(self, scan: Scan, *, counting: bool = False) -> bool:
        """Whether this is the device's last code read again; must be asked once for every scan.

        While counting, the window runs from the last scan that counted: units passed quickly
        all count. Else it runs from the last read: a code left in view counts once.
        """
        last = self._last.get(scan.source)
        if last is None or last.text != scan.text or not self._close(last, scan, counting):
            self._last[scan.source] = _Last(scan.text, scan.at, scan.at)
            return False
        last.read_at = scan.at
        return True

    def forget(self, source: str) -> None:
        """The device's last code came to nothing: read again, it counts."""
        self._last.pop(source, None)

    def _close(self, last: _Last, scan: Scan, counting: bool) -> bool:
        if scan.text.startswith(COMMAND_PREFIX):
            return 0 <= scan.at - last.read_at < self._command_window_ms
        if counting:
            return 0 <= scan.at - last.counted_at < self._counting_window_ms
        return 0 <= scan.at - last.read_at < self._window_ms
