"""What is typed: codes from a scanner, a person's hand, or keys with a meaning of their own.

The order of keys is the order of effects: a code is complete in the same call that brought its
last key, so back-to-back scans can never mix.
"""

import time
from functools import cached_property
from typing import TYPE_CHECKING

from core.messages import message

if TYPE_CHECKING:
    from drivers.scanners.typed import TypedBurst
    from tui.app import PacklineApp

ECHO_S = 0.15
"""A person's typing is echoed after this pause; a burst is over before."""
SUFFIX_MS = 150
"""A second suffix (CR+LF, TAB+CR) within this time belongs to the code before it."""
_ENDS = frozenset({"enter", "ctrl+j", "tab"})


class Typing:
    """Collects keys into codes and hands each to the app."""

    def __init__(self, app: "PacklineApp") -> None:
        self._app = app
        self._echoing = False
        self._last_code_ms = -SUFFIX_MS
        self.echo = ""
        """What is shown of a code being typed by hand."""

    @cached_property
    def _burst(self) -> "TypedBurst":
        """Made after the first frame, or by the first key."""
        from drivers.scanners.typed import TypedBurst

        taste = self._app.house.taste
        return TypedBurst(taste.scanner_prefix, suffixless=taste.scanner_suffixless)

    def begin(self) -> None:
        """Be ready; called when the first frame is out."""
        _ = self._burst

    @property
    def pending(self) -> bool:
        """Whether a code has begun."""
        return bool(self._burst.pending)

    def press(self, key: str, character: str | None, at: int) -> bool:
        """Take a key that arrived at ``at`` (monotonic ms); False when it is none of a code's."""
        if not (character or key in _ENDS or self.pending):
            return False
        if not self.pending:
            if key in _ENDS:
                return at - self._last_code_ms < SUFFIX_MS
            if self._app.alone(key):
                return False
        return self._collect(key, character, at)

    def _collect(self, key: str, character: str | None, at: int) -> bool:
        if key == "escape":
            self._burst.clear()
        lost = self._burst.lost
        codes = self._burst.key(character or key, at)
        if self._burst.lost > lost:
            self._app.tell(message("typed.too_long"), bad=True)
        self._deliver(codes, at)
        self._echo_later()
        return bool(character or codes or key in (*_ENDS, "backspace", "escape"))

    def paste(self, text: str) -> None:
        """Every line of a paste is a code."""
        self._deliver(self._burst.paste(text), _now_ms())

    def _deliver(self, codes: list[str], at: int) -> None:
        for code in codes:
            self._last_code_ms = at
            self.echo = ""
            if self._burst.stray:
                self._app.tell(message("typed.stray", text=self._burst.stray), bad=True)
            self._app.scanned(code)

    def _echo_later(self) -> None:
        if not self._echoing:
            self._echoing = True
            self._app.set_timer(ECHO_S, self._app.guarded(self._show_echo))

    def _show_echo(self) -> None:
        """Show what a person is typing; complete a burst of a scanner without suffix."""
        self._echoing = False
        at = _now_ms()
        self._deliver(self._burst.tick(at), at)
        if self._burst.pending != self.echo:
            self.echo = self._burst.pending
            self._app.show_echo()


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
