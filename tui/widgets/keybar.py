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
    pinned: bool = False
    """Stays when there is no room for all: the way to the rest."""

    @property
    def cells(self) -> int:
        """Terminal cells it takes."""
        return width_of(self.key) + width_of(self.label) + 3


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
        for key in fitting(self._keys, width):
            text, strong = ("bar", "key") if key.enabled else ("key.off", "key.off")
            pieces += [(" ", "bar"), (key.key, strong), (f" {key.label} ", text)]
            self._spots.append((at, at + key.cells, key.action))
            at += key.cells
        return [row(width, *pieces, fill="bar")]

    def on_click(self, event: Click) -> None:
        """A click on an offer is the key."""
        for start, end, action in self._spots:
            if start <= event.x < end:
                self._press(action)


def fitting(keys: Sequence[Key], width: int) -> list[Key]:
    """The keys there is room for; pinned ones go before the last of the others."""
    left = width - sum(key.cells for key in keys if key.pinned)
    kept: list[Key] = []
    full = False
    for key in keys:
        full = full or (not key.pinned and key.cells > left)
        if key.pinned:
            kept.append(key)
        elif not full:
            kept.append(key)
            left -= key.cells
    return kept
