"""Key events of a keyboard-wedge scanner (Linux evdev) into codes.

An event is ``struct input_event`` of ``linux/input.h``: two longs of time, type, code, value; 24
bytes on a 64-bit machine. The events are decoded here instead of by the terminal, so the layout
set in the scanner counts and not the one of the computer.
"""

import struct
import unicodedata
from enum import Enum

from drivers.scanners.frames import GAP_MS, LIMIT, PATIENCE_MS, decode, tidy
from drivers.scanners.layouts import KEYPAD, LAYOUTS

EVENT = struct.Struct("llHHi")
"""seconds, microseconds, type, code, value."""

EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
_HIGHEST_TYPE = 0x1F
_UP, _DOWN = 0, 1
_SHIFTS, _CTRLS, _ALT, _ALTGR, _CAPS = {42, 54}, {29, 97}, 56, 100, 58
_RIGHT_BRACKET = 27
_ENDING_KEYS = {28: "\r", 96: "\r", 15: "\t"}
_ENDS = "\r\n\t"
_FRESH_US = 300_000
"""A pause between keys that can only lie between two codes, in microseconds."""
_ACCENTS = {"´": "\u0301", "`": "\u0300", "^": "\u0302", "¨": "\u0308"}


class AltNumpad(Enum):
    """What a number typed on the keypad with Alt held stands for, as set in the scanner."""

    UNICODE = "unicode"
    """A code point."""
    GBK = "gbk"
    """GBK bytes, one or two in a number."""
    UTF8 = "utf8-bytes"
    """One byte of UTF-8."""


class KeyDecoder:
    """Codes out of a stream of events, however the stream is cut into reads."""

    def __init__(
        self,
        layout: str = "us",
        alt_numpad: AltNumpad = AltNumpad.UNICODE,
        *,
        suffix: bool = True,
    ) -> None:
        """``suffix`` False: the scanner sends no Enter or Tab, silence ends a code.

        Raises KeyError for a layout that is not in ``LAYOUTS``.
        """
        self.lost = 0
        """How many times a code was thrown away: the kernel dropped events, or it was too long."""
        self._layout = LAYOUTS[layout]
        self._alt_numpad = alt_numpad
        self._patience_ms = PATIENCE_MS if suffix else GAP_MS * 2
        self._caps = False
        self._torn = b""
        self._down: set[int] = set()
        self._held = self._accent = self._number = ""
        self._raw = bytearray()
        self._spoilt = False
        self._last_us = 0

    def reset(self) -> None:
        """Forget a half-read code and every held key, for the device went away."""
        self._torn = b""
        self._spoilt = False
        self._last_us = 0
        self._forget()

    def feed(self, data: bytes) -> list[str]:
        """Take what was read; give the codes it completes, in order."""
        data = self._torn + data
        codes: list[str] = []
        at = 0
        while len(data) - at >= EVENT.size:
            seconds, micros, kind, code, value = EVENT.unpack_from(data, at)
            if kind > _HIGHEST_TYPE or not (0 <= seconds < 1 << 33 and 0 <= micros < 1_000_000):
                # Half an event was written: slide until the stream reads as events again.
                self._spoil()
                at += 1
                continue
            codes += self._event(seconds * 1_000_000 + micros, kind, code, value)
            at += EVENT.size
        self._torn = data[at:]
        return codes

    def idle(self, quiet_ms: int) -> list[str]:
        """Say that nothing came for so long; gives the code that silence completes."""
        return self._finish() if quiet_ms >= self._patience_ms else []

    @property
    def pending(self) -> bool:
        """Whether part of a code waits for its end."""
        return bool(self._held or self._raw or self._spoilt)

    # --- one event -------------------------------------------------------------------------------

    def _event(self, at_us: int, kind: int, code: int, value: int) -> list[str]:
        if kind == EV_SYN and code == SYN_DROPPED:
            self._spoil()
            self._last_us = at_us
        if kind != EV_KEY or value not in (_UP, _DOWN):
            return []
        if self._spoilt and at_us - self._last_us > _FRESH_US:
            self._spoilt = False
        self._last_us = at_us
        return self._press(code) if value == _DOWN else self._release(code)

    def _press(self, code: int) -> list[str]:
        self._down.add(code)
        if code in _ENDING_KEYS:
            return self._type(_ENDING_KEYS[code])
        if code == _CAPS:
            self._caps = not self._caps
        elif _ALT in self._down and code in KEYPAD:
            self._number += KEYPAD[code]
        else:
            return self._type(self._character(code))
        return []

    def _release(self, code: int) -> list[str]:
        self._down.discard(code)
        if code != _ALT:
            return []
        number, self._number = self._number, ""
        return self._alt_typed(int(number)) if number.isdecimal() and len(number) < 8 else []

    def _character(self, code: int) -> str:
        """What the key means with the modifiers held now; "" when nothing."""
        shift = bool(self._down & _SHIFTS)
        if self._down & _CTRLS:
            return self._control(code)
        if _ALTGR in self._down:
            return self._layout.altgr.get(code, "")
        if code in KEYPAD:
            return KEYPAD[code]
        accent = self._layout.dead.get(code, {}).get(shift, "")
        if accent:
            self._accent, waiting = accent, self._accent
            return waiting
        plain, shifted = self._layout.plain.get(code, ""), self._layout.shift.get(code, "")
        if self._caps and shifted and shifted == plain.upper():
            shift = not shift
        return self._accented(shifted if shift and code in self._layout.shift else plain)

    def _control(self, code: int) -> str:
        """Ctrl with a key: scanners send GS as Ctrl and the key right of P's neighbour."""
        if code == _RIGHT_BRACKET:
            return "\x1d"
        key = self._layout.plain.get(code, "").upper()
        return chr(ord(key) & 0x1F) if len(key) == 1 and "@" <= key <= "_" else ""

    def _accented(self, letter: str) -> str:
        """The letter with the accent that waited for it."""
        accent = self._accent
        if not accent or not letter:
            return letter
        self._accent = ""
        if letter == " ":
            return accent
        joined = unicodedata.normalize("NFC", letter + _ACCENTS[accent])
        return joined if len(joined) == 1 else accent + letter

    def _alt_typed(self, number: int) -> list[str]:
        if self._alt_numpad is AltNumpad.UNICODE or number < 0x20:
            valid = number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
            return self._type(chr(number) if valid else "\ufffd")
        if not self._spoilt:
            self._raw += number.to_bytes(4, "big").lstrip(b"\0")
        return self._type("")

    # --- the code being typed --------------------------------------------------------------------

    def _type(self, text: str) -> list[str]:
        if text and text in _ENDS:
            return self._finish()
        if text and not self._spoilt:
            self._settle_bytes()
            self._held += text
        if len(self._held) + len(self._raw) > LIMIT:
            self._spoil()
        return []

    def _settle_bytes(self) -> None:
        """Turn the bytes typed with Alt into characters, now that none follows."""
        raw = bytes(self._raw)
        self._raw.clear()
        gbk = self._alt_numpad is AltNumpad.GBK
        self._held += raw.decode("gb18030", "replace") if gbk else decode(raw)

    def _finish(self) -> list[str]:
        self._settle_bytes()
        code = tidy(self._held + self._accent)
        self._held, self._accent = "", ""
        spoilt, self._spoilt = self._spoilt, False
        return [code] if code and not spoilt else []

    def _spoil(self) -> None:
        """Throw the code away with all that still belongs to it, and count it once."""
        if not self._spoilt:
            self.lost += 1
        self._forget()
        self._spoilt = True

    def _forget(self) -> None:
        self._held, self._accent, self._number = "", "", ""
        self._raw.clear()
        self._down.clear()
