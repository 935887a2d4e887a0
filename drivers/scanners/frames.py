"""Bytes of a serial or CDC scanner into codes, and what every code has in common.

A frame is ``[STX] data suffix``. Nothing here raises and every buffer is bounded: the bytes come
from a device that may be misconfigured, unplugged half way or no scanner at all.
"""

import re
from enum import Enum

from core.ports import Scan
from core.text import clean

LIMIT = 8192
"""Longest code kept, in bytes or characters; the largest QR code holds 7,089 digits."""
GAP_MS = 50
"""Silence that ends a code of a scanner without suffix."""
PATIENCE_MS = 500
"""Silence after which a code is taken as complete although its suffix never came."""

_STX = b"\x02"
_FIELD_MARKS = re.compile("([\x1d\x1e])")
_AIM = re.compile(r"\]([A-Za-z][0-9A-Za-z])(?=.)", re.DOTALL)


class Suffix(Enum):
    """The bytes that end a code, as set in the scanner's own menu."""

    AUTO = b"\r\n\t\x03"
    """Any of the usual ones; right for every code that has no line break or tab inside."""
    CR = b"\r"
    LF = b"\n"
    CRLF = b"\r\n"
    TAB = b"\t"
    ETX = b"\x03"
    NONE = b""
    """No suffix: silence ends a code."""


class Framer:
    """Codes out of a byte stream, the same however the stream is cut into reads."""

    def __init__(self, suffix: Suffix = Suffix.AUTO) -> None:
        self.lost = 0
        """How many codes had to be thrown away because they were too long."""
        self._ends = re.compile(b"[" + _STX + suffix.value + b"]")
        self._patience_ms = PATIENCE_MS if suffix.value else GAP_MS
        self._held = bytearray()
        self._overflowed = False

    def feed(self, data: bytes) -> list[str]:
        """Take what was read; give the codes it completes, in order."""
        *ended, rest = self._ends.split(data)
        codes: list[str] = []
        for piece in ended:
            self._hold(piece)
            codes += self._finish()
        self._hold(rest)
        return codes

    def idle(self, quiet_ms: int) -> list[str]:
        """Say that nothing came for so long; gives the code that silence completes.

        Silence must be an empty read, not a gap between two reads: a busy machine makes those.
        """
        return self._finish() if quiet_ms >= self._patience_ms else []

    def reset(self) -> None:
        """Forget a half-read code, for the device went away."""
        self._held.clear()
        self._overflowed = False

    @property
    def pending(self) -> bool:
        """Whether part of a code waits for its end."""
        return bool(self._held) or self._overflowed

    def _hold(self, piece: bytes) -> None:
        self._held += piece
        if len(self._held) > LIMIT:
            self._overflowed = True
            self._held.clear()

    def _finish(self) -> list[str]:
        raw, overflowed = bytes(self._held), self._overflowed
        self.reset()
        if overflowed:
            self.lost += 1
            return []
        code = tidy(decode(raw))
        return [code] if code else []


def decode(raw: bytes) -> str:
    """The text of a code: UTF-8 when it is valid UTF-8, else what Chinese firmwares send."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


def tidy(text: str) -> str:
    """A code as plain text, "" when nothing is left.

    GS and RS survive because they separate the fields of a code; every other control goes.
    """
    code = "".join(
        part if part in ("\x1d", "\x1e") else clean(part, LIMIT)
        for part in _FIELD_MARKS.split(text)
    )
    return code if code.strip("\x1d\x1e") else ""


def split_aim(code: str) -> tuple[str, str]:
    """``(symbology, text)``: ``]E06901234567892`` gives ``("E0", "6901234567892")``."""
    match = _AIM.match(code)
    return (match.group(1), code[match.end() :]) if match else ("", code)


def as_scan(code: str, at: int, source: str) -> Scan:
    """A completed code as the value that crosses into core."""
    symbology, text = split_aim(code)
    return Scan(text, at, source, symbology)
