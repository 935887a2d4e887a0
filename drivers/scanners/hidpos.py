"""Reports of a USB HID point-of-sale scanner (usage page 0x8C) into codes.

Two layouts of the 64-byte report exist, both starting with report id 02 and a length:
Honeywell, Zebra and Datalogic put the AIM identifier at 2-4 and up to 56 bytes at 5-60; Newland
puts up to 56 bytes at 2-57. In both, bit 0 of byte 63 says that the code goes on in the next
report. (USB HID POS usage tables 1.02; captured reports of both families.)
"""

from drivers.scanners.frames import LIMIT, PATIENCE_MS, decode, tidy

_REPORT_ID = 0x02
_SIZE = 64
_PAYLOAD = 56


class HidPosDecoder:
    """Codes out of reports; each call takes exactly one report."""

    def __init__(self) -> None:
        self.lost = 0
        """How many codes were given up: too long, or never continued."""
        self._aim = b""
        self._held = bytearray()
        self._going_on = False

    def feed(self, report: bytes) -> list[str]:
        """Take one report; give the code it completes. Foreign reports give nothing."""
        report = _with_id(report)
        if len(report) < 3 or report[0] != _REPORT_ID:
            return []
        self._held += self._payload(report)
        self._going_on = len(report) == _SIZE and bool(report[63] & 1)
        if len(self._held) > LIMIT:
            self._give_up()
        return [] if self._going_on else self._finish()

    def idle(self, quiet_ms: int) -> list[str]:
        """Say that nothing came for so long; a code that was to go on and did not is given up."""
        if self._going_on and quiet_ms >= PATIENCE_MS:
            self._give_up()
        return []

    def reset(self) -> None:
        """Forget a half-read code, for the device went away."""
        self._aim = b""
        self._held.clear()
        self._going_on = False

    @property
    def pending(self) -> bool:
        """Whether part of a code waits for its next report."""
        return self._going_on

    def _payload(self, report: bytes) -> bytes:
        length = min(report[1], _PAYLOAD)
        if not self._going_on:
            self._aim = report[2:5] if report[2] == ord("]") else b""
        start = 5 if self._aim and report[2:5] == self._aim else 2
        return report[start : start + length].rstrip(b"\0")

    def _finish(self) -> list[str]:
        raw, aim = bytes(self._held), self._aim
        self.reset()
        code = tidy(aim.decode("latin-1") + decode(raw)) if raw else ""
        return [code] if code else []

    def _give_up(self) -> None:
        self.lost += 1
        self.reset()


def _with_id(report: bytes) -> bytes:
    """The report with its id in front; some stacks strip it."""
    return bytes([_REPORT_ID]) + report if len(report) == _SIZE - 1 else report
