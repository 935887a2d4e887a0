"""A rectangle painted by a pure function, of which only the changed cells are written.

A whole pane is one Canvas: no child widgets, no style sheets per piece, no focus. That keeps a
scan's repaint to a few hundred bytes and a session of weeks at constant memory. What changed is
written at once, past Textual's compositor, whenever that has nothing of its own to write.
"""

from collections.abc import Sequence
from functools import lru_cache

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.exact import Pen, settled, write
from tui.ink import Line, Piece, finished, tall, width_of
from tui.palette import Palette, palette

_RIGHT = "\0"
GAP = 12
"""Fewer unchanged cells than this cost less than moving the cursor and the colours over them."""


def strip_of(line: Line, colours: Palette, width: int) -> Strip:
    """A line of that many cells as Textual writes it."""
    return Strip([Segment(text, colours[style]) for text, style in line], width)


def changed_spans(old: Line, new: Line) -> list[tuple[int, int]]:
    """(first cell, number of cells) of each part in which two lines of equal width differ.

    An old line of nothing stands for whatever the terminal has there.
    """
    if not old:
        return [(0, sum(width_of(text) for text, _ in new))]
    same = _same_pieces(old, new)
    start = sum(width_of(text) for text, _ in new[:same])
    old, new = old[same:], new[same:]
    alike = min(_same_pieces(old[::-1], new[::-1]), len(old), len(new))
    before, after = _cells(old[: len(old) - alike]), _cells(new[: len(new) - alike])
    spans: list[tuple[int, int]] = []
    for x, (a, b) in enumerate(zip(before, after, strict=True), start):
        if a == b:
            continue
        if spans and x - sum(spans[-1]) <= GAP:
            spans[-1] = (spans[-1][0], x + 1 - spans[-1][0])
        else:
            spans.append((x, 1))
    return spans


def _same_pieces(old: Line, new: Line) -> int:
    """How many pieces both lines begin with."""
    same = 0
    for a, b in zip(old, new, strict=False):
        if a != b:
            break
        same += 1
    return same


def changes(old: Sequence[Line], new: Sequence[Line]) -> list[tuple[int, int, int]]:
    """(line, first cell, number of cells) of everything that differs."""
    return [
        (y, x, cells)
        for y, (a, b) in enumerate(zip(old, new, strict=True))
        if a != b
        for x, cells in changed_spans(a, b)
    ]


def scrolled(old: Sequence[Line], new: Sequence[Line]) -> int:
    """By how many rows the lines moved up (down when negative); 0 when that is not what happened.

    It is when more than half of them stand where they would after it.
    """
    at = {line: y for y, line in enumerate(old)}
    moves = [at[line] - y for y, line in enumerate(new) if line in at]
    rows = max(set(moves), key=moves.count, default=0)
    return rows if 2 * moves.count(rows) > len(new) else 0


def _cells(line: Line) -> list[tuple[str, str]]:
    """What stands in each cell, and its style."""
    return [(cell, style) for text, style in line for cell in _cells_of(text)]


@lru_cache(4096)
def _cells_of(text: str) -> tuple[str, ...]:
    """The text cell by cell; a combining mark fills none, the right half of a wide character
    says whose it is, so that no change begins or ends inside one."""
    if text.isascii():
        return tuple(text)
    cells: list[str] = []
    for char in text:
        width = width_of(char)
        if width:
            cells += [char, *[_RIGHT + char] * (width - 1)]
        elif cells:
            cells[-1] += char
    return tuple(cells)


def part(line: Line, start: int, cells: int) -> Line:
    """The pieces of a line in that many cells from the ``start``-th on."""
    kept: list[Piece] = []
    for text, style in line:
        width = width_of(text)
        if start < width:
            inside = _cells_of(text)[max(0, start) : start + cells]
            kept.append(("".join(c for c in inside if c[0] != _RIGHT), style))
        start -= width
        if start + cells <= 0:
            break
    return tuple(kept)


class Canvas(Widget):
    """Base of every pane and bar; subclasses implement ``paint``."""

    can_focus = False
    fill = "text"
    scrolls = False
    """Whether its lines move up and down: the terminal then moves those it has already."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Line] = []
        self._painted_as = (0, 0, "")
        self._reported = ""

    def paint(self, width: int, height: int) -> list[Line]:
        """The lines to show; missing ones are left empty, surplus ones are dropped."""
        raise NotImplementedError

    @property
    def palette(self) -> Palette:
        """The colours of the moment."""
        return getattr(self.app, "palette", None) or palette("dark")

    def repaint(self) -> None:
        """Paint again and write only the cells that changed."""
        width, height = self.size
        if not width or not height or not self.display:
            return
        old, new = self._lines, self._fresh(width, height)
        self._lines = new
        look = (width, height, self.palette.name)
        if self._painted_as != look or len(old) != len(new):
            self._painted_as = look
            self.refresh()
            return
        spans = [] if old == new else self._write(old, new)
        if spans:
            self.refresh(*(Region(x, y, cells, 1) for y, x, cells in spans))

    def _write(self, old: list[Line], new: list[Line]) -> list[tuple[int, int, int]]:
        """Write what changed; what Textual has to write is returned as (line, cell, cells)."""
        place = settled(self)
        if place is None:
            return changes(old, new)
        pen = Pen(self.app.console)
        rows = scrolled(old, new) if self.scrolls and place.width == self.screen.size.width else 0
        if rows:
            pen.scroll(place.y, place.bottom - 1, rows)
            gone: list[Line] = [()] * abs(rows)
            old = [*old[rows:], *gone] if rows > 0 else [*gone, *old[:rows]]
        spans = changes(old, new)
        colours, filters = self.palette, self.get_line_filters()
        background = self.background_colors[1]
        for y, x, cells in spans:
            pieces = [Segment(text, colours[style]) for text, style in part(new[y], x, cells)]
            for each in filters:
                pieces = each.apply(pieces, background)
            pen.draw(place.x + x, place.y + y, pieces)
        write(self.app, pen.told())
        return []

    def _fresh(self, width: int, height: int) -> list[Line]:
        try:
            painted = self.paint(width, height)
        except Exception as error:  # noqa: BLE001 - the outer edge: a defect must not end the app
            self._report(error)
            painted = []
        lines = tall(painted, height, width, self.fill)
        return [finished(tuple(line), width, self.fill) for line in lines]

    def _report(self, error: Exception) -> None:
        """Tell the app once per kind of defect; a paint that fails would fail again and again."""
        kind = f"{type(error).__name__}: {error}"
        if kind != self._reported:
            self._reported = kind
            trouble = getattr(self.app, "trouble", None)
            if trouble is not None:
                trouble(error)

    def on_resize(self) -> None:
        """A new size means new lines, all of them; coming back into view only the changed ones."""
        self.repaint()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines for Textual's compositor, as they are now; a canvas has no border and no padding
        for which Textual would keep them."""
        filters, background = self.get_line_filters(), self.background_colors[1]
        lines = []
        for y in crop.line_range:
            line = self.render_line(y).crop(*crop.column_span)
            for each in filters:
                line = line.apply_filter(each, background)
            lines.append(line)
        return lines

    def render_line(self, y: int) -> Strip:
        """One line, from edge to edge."""
        if not self._lines and self.size.width:
            self._lines = self._fresh(*self.size)
            self._painted_as = (*self.size, self.palette.name)
        if y >= len(self._lines):
            return Strip.blank(self.size.width, self.palette[self.fill])
        return strip_of(self._lines[y], self.palette, self.size.width)

    def text(self) -> list[str]:
        """What is on this canvas, without colours; for tests and screen readers."""
        return ["".join(part for part, _ in line) for line in self._lines]
