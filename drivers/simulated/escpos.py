"""The ear of a simulated slip printer: ESC/POS commands back into dots, characters and codes.

It knows the commands a slip is made of and stops with ValueError at any other, as a real printer
would print rubbish.
"""

import re
from dataclasses import dataclass, field

from drivers.printers.raster import Raster

BEGIN = b"\x1b@"
QUESTION = re.compile(rb"\x10\x04[\x01-\x04]")
_RASTER, _CODE, _CUT = b"\x1dv0", b"\x1d(k", b"\x1dV"
_CHINESE, _LEADS = b"\x1c&", (b"\x1b", b"\x1c", b"\x1d")
_ONE_BYTE = (
    *(b"\x1ba", b"\x1bE", b"\x1bd", b"\x1bt", b"\x1b{", b"\x1b-", b"\x1bM"),
    *(b"\x1d!", b"\x1dB", b"\x1db", _CUT),
)
FAULTS = {
    "": (0x00, 0x00, 0x00, 0x00),
    "paper_out": (0x08, 0x20, 0x00, 0x60),
    "head_open": (0x08, 0x04, 0x00, 0x00),
    "paused": (0x08, 0x08, 0x00, 0x00),
    "offline": (0x08, 0x00, 0x00, 0x00),
    "ribbon_out": (0x08, 0x40, 0x08, 0x00),
}
"""Bits of the answers to ``DLE EOT 1..4`` for each physical fault; a slip printer has a cutter
where others have a ribbon."""


def answer(question: bytes, fault: str) -> bytes:
    """The byte that answers one real-time question."""
    return bytes([0x12 | FAULTS.get(fault, FAULTS[""])[question[2] - 1]])


@dataclass(slots=True)
class Slip:
    """One piece of paper in the making."""

    rows: list[bytes] = field(default_factory=list)
    width: int = 8
    text: bytes = b""
    codes: list[str] = field(default_factory=list)
    stored: str = ""
    """The code that is told and not yet printed."""

    def raster(self) -> Raster:
        """Everything that was printed as dots, one below the other."""
        data = b"".join(self.rows)
        return Raster(self.width, len(data) // (self.width // 8), data)


def hear(heard: bytes) -> tuple[Slip, int, int] | None:
    """The first whole slip in the bytes with its start and end; None while it is incomplete."""
    start = heard.find(BEGIN)
    at, slip = start + len(BEGIN), Slip()
    while start >= 0 and at < len(heard):
        word = heard[at : at + 3]
        at = _understand(slip, word, heard, at)
        if at > len(heard) or (word[:1] in _LEADS and len(word) < 3):
            return None
        if word[:2] == _CUT:
            return slip, start, at
    return None


def _understand(slip: Slip, word: bytes, heard: bytes, at: int) -> int:
    """Carry out the command at a place; where the next one begins, beyond the end if cut short."""
    if word == _RASTER:
        return _dots(slip, heard, at)
    if word == _CODE:
        return _code(slip, heard, at)
    if word[:2] == _CHINESE:
        return at + 2
    if word[:2] in _ONE_BYTE:
        return at + 3
    if word[:1] in _LEADS and len(word) == 3:
        raise ValueError(f"unknown command {word!r}")
    slip.text += word[:1]
    return at + 1


def _dots(slip: Slip, heard: bytes, at: int) -> int:
    across = int.from_bytes(heard[at + 4 : at + 6], "little")
    down = int.from_bytes(heard[at + 6 : at + 8], "little")
    slip.rows.append(heard[at + 8 : at + 8 + across * down])
    slip.width = across * 8
    return at + 8 + across * down


def _code(slip: Slip, heard: bytes, at: int) -> int:
    size = int.from_bytes(heard[at + 3 : at + 5], "little")
    body = heard[at + 5 : at + 5 + size]
    if body[1:2] == b"P":
        slip.stored = body[3:].decode("utf-8", "replace")
    elif body[1:2] == b"Q":
        slip.codes.append(slip.stored)
    return at + 5 + size
