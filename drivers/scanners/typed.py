"""Codes that a scanner types into the terminal, among the keys of a person.

The collector gives every line it gets, whoever typed it, in the order of the keys; whether a line
came at a person's pace is said beside it, for the few screens that want to know. It never waits
and never reads a clock: times come with the keys, in milliseconds.
"""

import re
from itertools import pairwise

from drivers.scanners.frames import LIMIT, tidy

_NAMES = {
    "enter": "\r",
    "tab": "\t",
    "space": " ",
    "ctrl+right_square_bracket": "\x1d",
    "ctrl+circumflex_accent": "\x1e",
    "backspace": "\x7f",
}
"""Key names a terminal toolkit gives instead of a character."""
_STRAY_MS = 10_000
"""A pause that no burst contains: what lies before it was not typed by the same read. Long, because
a network or a busy machine may hold the middle of a code up for seconds, and half a code must never
pass for a whole one."""
_END_MS = 100
"""Silence that ends a burst of a scanner without suffix."""


class TypedBurst:
    """Keys in, codes out; what ``key`` returns is complete when it returns."""

    def __init__(
        self,
        prefix: str = "",
        min_length: int = 6,
        max_gap_ms: int = 35,
        *,
        tab_ends: bool = True,
        suffixless: bool = False,
    ) -> None:
        """``prefix`` is the character or key name (``~``, ``f12``) the scanner sends first.

        A burst has at least ``min_length`` characters at ``max_gap_ms`` or less between them on
        average; the average, because a network may hold a burst up once.
        """
        self.lost = 0
        """How many lines were thrown away because they were too long."""
        self.human_typed = False
        """Whether the code given last came at a person's pace (or without the prefix)."""
        self.stray = ""
        """What had been typed without Enter in front of the code given last; not delivered."""
        self._prefix = _character(prefix)
        self._min_length = min_length
        self._max_gap_ms = max_gap_ms
        self._ends = frozenset("\r\n\t" if tab_ends else "\r\n")
        self._suffixless = suffixless
        self._break = re.compile("[" + "".join(self._ends) + "]+")
        self._held: list[str] = []
        self._times: list[int] = []
        self._stray = ""
        self._prefixed = False
        self._overflowed = False

    @property
    def pending(self) -> str:
        """The line so far, to be echoed."""
        return tidy("".join(self._held))

    def clear(self) -> None:
        """Forget the line so far (Escape)."""
        self._held, self._times = [], []
        self._stray = ""
        self._prefixed = self._overflowed = False

    def key(self, character_or_name: str, at_ms: int) -> list[str]:
        """Take one key and when it arrived; give the codes it completes: usually none or one."""
        codes = self.tick(at_ms)
        key = _character(character_or_name)
        if self._prefix and key == self._prefix:
            return codes + self._begin()
        if key in self._ends:
            return codes + self._finish()
        if key in ("\x7f", "\x08"):
            del self._held[-1:], self._times[-1:]
        elif len(key) == 1 and (key >= " " or key in "\x1d\x1e"):
            self._hold(key, at_ms)
        return codes

    def paste(self, text: str) -> list[str]:
        """Take a bracketed paste; every line of it is a code, the last one too.

        A line begun on the keyboard stays as it is: a paste is whole in itself.
        """
        codes = [code for line in self._break.split(text) if (code := self._pasted(line))]
        if codes:
            self.human_typed, self.stray = False, ""
        return codes

    def tick(self, at_ms: int) -> list[str]:
        """Say what time it is; gives the burst that silence completes, for ``suffixless``."""
        if not self._suffixless or not self._times or at_ms - self._times[-1] < _END_MS:
            return []
        return self._finish() if self._prefixed or self._burst(self._times) else []

    def _begin(self) -> list[str]:
        """The prefix came: a code starts, whatever was typed before it."""
        codes = self._finish() if self._prefixed else []
        stray = self.pending
        self.clear()
        self._prefixed, self._stray = True, stray
        return codes

    def _hold(self, character: str, at_ms: int) -> None:
        self._held.append(character)
        self._times.append(at_ms)
        if len(self._held) > LIMIT:
            self._overflowed = True
            self._held.clear()
            self._times.clear()

    def _pasted(self, line: str) -> str:
        if len(line) > LIMIT:
            self.lost += 1
            return ""
        code = tidy(line)
        return code.removeprefix(self._prefix) if len(self._prefix) == 1 else code

    def _finish(self) -> list[str]:
        """End the line: the code in it, or two when an earlier one had lost its suffix."""
        held, times, stray = self._held, self._times, self._stray
        prefixed, overflowed = self._prefixed, self._overflowed
        self.clear()
        if overflowed:
            self.lost += 1
            return []
        cut = 0 if prefixed else self._fresh_start(times)
        earlier, code = tidy("".join(held[:cut])), tidy("".join(held[cut:]))
        if not code:
            return []
        self.human_typed = not (prefixed if self._prefix else self._burst(times[cut:]))
        if self._burst(times[:cut]):
            self.stray = stray
            return [code for code in (earlier, code) if code]
        self.stray = stray or earlier
        return [code]

    def _fresh_start(self, times: list[int]) -> int:
        """Where the burst at the end of the line begins, when a long pause is in front of it."""
        pauses = [i for i, (a, b) in enumerate(pairwise(times), 1) if b - a >= _STRAY_MS]
        return pauses[-1] if pauses and self._burst(times[pauses[-1] :]) else 0

    def _burst(self, times: list[int]) -> bool:
        """Whether these keys came as a scanner sends them."""
        count = len(times)
        if count < max(2, self._min_length):
            return False
        return times[-1] - times[0] <= self._max_gap_ms * (count - 1)


def _character(key: str) -> str:
    """The character a key stands for; a key that stands for none keeps its name."""
    if key.startswith("ctrl+") and len(key) == 6 and key[5].isalpha():
        return chr(ord(key[5]) & 0x1F)
    return _NAMES.get(key, key)
