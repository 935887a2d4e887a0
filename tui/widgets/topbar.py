"""The top line: station, who, which pane, what is red, whether the shops answer. No clock."""

from collections.abc import Sequence
from dataclasses import dataclass

from tui.ink import Line, Piece, ends, measure, row, width_of
from tui.widgets.canvas import Canvas


@dataclass(frozen=True, slots=True)
class Top:
    """What the line says."""

    station: str
    operator: str
    role: str
    pane: str
    badge: Sequence[Piece]
    """From the most to the least important."""


class TopBar(Canvas):
    """One line; the least important gives way on a narrow screen."""

    fill = "bar"

    def __init__(self) -> None:
        super().__init__(id="top")
        self._top: Top | None = None

    def show(self, top: Top) -> None:
        """Say this."""
        if top != self._top:
            self._top = top
            self.repaint()

    def paint(self, width: int, height: int) -> list[Line]:
        top = self._top
        if top is None:
            return [row(width, fill="bar")]
        who = f"{top.operator} {top.role}".strip() if width >= 60 else top.operator
        left: list[Piece] = [(f" {top.station} ", "bar.strong")]
        if who:
            left.append((f"· {who} ", "bar"))
        if width >= 60:
            left.append((f"· {top.pane} ", "bar.quiet"))
        right: list[Piece] = []
        for text, style in top.badge:
            if right and measure(left) + measure(right) + width_of(text) + 2 > width:
                break
            right.insert(0, (f" {text} ", style))
        return [ends(width, left, right, "bar")]
