"""The bottom line: what each key does now, and why one does nothing."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.events import Click

from tui.ink import Line, Piece, row, width_of
from tui.widgets.canvas import Canvas

SAY_S = 6
"""Seconds a sentence stands in place of the keys."""


@dataclass(frozen=True, slots=True)
class Key:
    """One offer of the bar."""

    action: str
    key: str
    label: str
    enabled: bool = True


class KeyBar(Canvas):
    """One line of keys; those of the pane first, the ways to other panes while there is room."""

    fill = "bar"

    def __init__(self, press: Callable[[str], None]) -> None:
        super().__init__(id="keys")
        self._press = press
        self._keys: tuple[Key, ...] = ()
        self._spots: list[tuple[int, int, str]] = []
        self._said: tuple[str, str] | None = None
        self._until = 0.0

    def show(self, keys: Sequence[Key]) -> None:
        """Show these keys, most wanted first."""
        if tuple(keys) != self._keys:
            self._keys = tuple(keys)
            self.repaint()

    def say(self, text: str, style: str) -> None:
        """Say something in place of the keys, which go on working underneath."""
        self._said = (text, style)
        self._until = time.monotonic() + SAY_S
        self.repaint()

    def quiet(self) -> None:
        """Show the keys again."""
        if self._said is not None:
            self._said = None
            self.repaint()

    def expire(self) -> None:
        """Show the keys again when what was said has stood long enough."""
        if time.monotonic() >= self._until - 0.1:
            self.quiet()

    def paint(self, width: int, height: int) -> list[Line]:
        if self._said is not None:
            text, style = self._said
            return [row(width, (f" {text}", style), fill=style)]
        pieces: list[Piece] = []
        self._spots = []
        at = 0
        for key in self._keys:
            text = f" {key.label} "
            size = width_of(key.key) + width_of(text)
            if at + 1 + size > width:
                break
            style = "bar" if key.enabled else "key.off"
            pieces += [(" ", "bar"), (key.key, "key" if key.enabled else "key.off"), (text, style)]
            self._spots.append((at, at + 1 + size, key.action))
            at += 1 + size
        return [row(width, *pieces, fill="bar")]

    def on_click(self, event: Click) -> None:
        """A click on an offer is the key."""
        for start, end, action in self._spots:
            if start <= event.x < end:
                self._press(action)
