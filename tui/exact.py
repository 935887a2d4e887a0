"""Only the cells that changed go over the line, and at once.

Textual (8.2.8) cuts a changed line behind the change and writes it from its left edge, asks for
every colour anew, and does so a timer's tick later: over SSH that is most of what a scan or a
moved row costs, and at a bench a third of the time until it is answered.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

from rich.color import Color, ColorSystem
from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.geometry import Region
from textual.widget import Widget


class Pen:
    """Gathers what the terminal is told; a colour that is in the pen is not asked for again."""

    def __init__(self, console: Console) -> None:
        self._system = console._color_system or ColorSystem.TRUECOLOR
        self._style: Style | None = None
        """None while the terminal writes in its own colours."""
        self._told: list[str] = []

    def draw(self, x: int, y: int, pieces: Iterable[Segment]) -> None:
        """Write pieces of a line from that cell on."""
        self._told.append(f"\x1b[{y + 1};{x + 1}H")
        for text, style, _control in pieces:
            if not style:
                self._lay_down()
            elif style is not self._style:
                self._told.append(_turned(self._style, style, self._system))
                self._style = style
            self._told.append(text)

    def scroll(self, top: int, bottom: int, rows: int) -> None:
        """Move whole lines ``rows`` up (down when negative) between two lines, both included.

        Margins with IND and RI are the VT100's own, so the Linux console and tmux know them too.
        """
        self._lay_down()
        at, step = (bottom, "\x1bD") if rows > 0 else (top, "\x1bM")
        self._told.append(f"\x1b[{top + 1};{bottom + 1}r\x1b[{at + 1};1H{step * abs(rows)}\x1b[r")

    def _lay_down(self) -> None:
        if self._style is not None:
            self._told.append("\x1b[0m")
            self._style = None

    def told(self) -> str:
        """Everything, with the terminal's own colours at the end."""
        self._lay_down()
        return "".join(self._told)


@lru_cache(1024)
def _turned(before: Style | None, after: Style, system: ColorSystem) -> str:
    """The escape that turns the pen from one style to the other: what stays is not said again."""
    codes: list[str] = []
    if before is not None and _attributes(before) == _attributes(after):
        for old, new, front in (
            (before.color, after.color, True),
            (before.bgcolor, after.bgcolor, False),
        ):
            if old != new:
                codes += (new or Color.default()).downgrade(system).get_ansi_codes(front)
        return f"\x1b[{';'.join(codes)}m" if codes else ""
    reset = "" if before is None else "0;"
    return f"\x1b[{reset}{after._make_ansi_codes(system) or '0'}m"


def _attributes(style: Style) -> int:
    """Bold, underlined and so on, as bits."""
    return style._attributes & style._set_attributes


class ExactUpdate(ChopsUpdate):
    """Textual's update of parts of lines, cut at both ends."""

    def render_segments(self, console: Console) -> str:
        """What the terminal gets: each span where it stands, nothing else."""
        pen = Pen(console)
        for y, x1, x2 in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                first, last = max(x, x1), min(end, x2)
                if strip is not None and first < last:
                    pen.draw(first, y, strip.crop(first - x, last - x))
        return pen.told()


class ExactLayout(LayoutUpdate):
    """Textual's update of a whole region."""

    def render_segments(self, console: Console) -> str:
        """What the terminal gets: line by line, colours only where they change."""
        pen = Pen(console)
        for y, line in enumerate(self.strips, self.region.y):
            pen.draw(self.region.x, y, chain.from_iterable(line))
        return pen.told()


def exact(update: RenderableType | None) -> RenderableType | None:
    """An update as it should be written."""
    if isinstance(update, ChopsUpdate):
        return ExactUpdate(update.chops, update.spans, update.chop_ends)
    if isinstance(update, LayoutUpdate):
        return ExactLayout(update.strips, update.region)
    return update


# --- past Textual's compositor --------------------------------------------------------------------


def settled(widget: Widget) -> Region | None:
    """Where the terminal shows a widget, whole and uncovered, as it was painted last.

    None while anything of it waits to be written by Textual, which then has to write the rest
    too. The compositor's map is what the terminal shows: a layout is written as it is made.
    """
    app, screen = widget.app, widget.screen
    compositor = screen._compositor
    waiting = (
        app._batch_count
        or widget._repaint_required
        or screen._dirty_widgets
        or compositor._dirty_regions
        or not screen._message_queue.empty()
    )
    if waiting or not app._running or not screen.is_current or app._driver is None:
        return None
    shown = compositor.visible_widgets
    region, clip = shown.get(widget, (Region(), Region()))
    if not region or region.size != widget.size or not clip.contains_region(region):
        return None
    painters = (its for other, (its, _) in shown.items() if not other.children)
    return region if sum(map(region.overlaps, painters)) == 1 else None


def write(app: App[object], told: str) -> None:
    """Send to the terminal now, as Textual sends: in one piece, the cursor where it belongs."""
    x, y = app.screen.outer_size.clamp_offset(app.cursor_position)
    app._begin_update()
    assert app._driver is not None
    app._driver.write(f"{told}\x1b[{y + 1};{x + 1}H")
    app._end_update()
    app._driver.flush()
