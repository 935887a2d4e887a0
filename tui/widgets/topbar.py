"""The top line: station, who, which pane, what is red, whether the shops answer. No clock."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.messages import message
from tui.ink import Line, Piece, ends, measure, row, width_of
from tui.shown import clock_time
from tui.sources import House
from tui.widgets.canvas import Canvas
from tui.words import say


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


def badge_of(house: House, *, muted: bool) -> list[Piece]:
    """What must be seen from every pane: stale, red, waiting to leave, silent."""
    badge = house.devices.badge()
    told: list[Piece] = [(f"● {say('badge.online')}", "bar.good")]
    if not badge.online:
        now, zone = house.clock.now(), house.clock.zone
        at = clock_time(badge.orders_as_of, zone, now) if badge.orders_as_of else "–"
        told = [(f"○ {say(message('badge.offline', at=at))}", "bar.soon")]
    red = house.alerts.red_count()
    if red:
        told.append((say(message("badge.red", n=red)), "bar.late"))
    if badge.to_send:
        told.append((say(message("badge.to_send", n=badge.to_send)), "bar.quiet"))
    if not badge.online and badge.waybills_left is not None:
        told.append((say(message("badge.waybills", n=badge.waybills_left)), "bar.quiet"))
    if muted:
        told.append((say("badge.muted"), "bar.soon"))
    return told
