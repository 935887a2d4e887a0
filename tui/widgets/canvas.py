"""A rectangle painted by a pure function, of which only the changed cells are written.

A whole pane is one Canvas: no child widgets, no style sheets per piece, no focus. That keeps a
scan's repaint to a few hundred bytes and a session of weeks at constant memory.
"""

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.ink import Line, finished, tall, width_of
from tui.palette import Palette, palette

_PLAIN = palette("dark")
GAP = 12
"""Fewer unchanged cells than this cost less than moving the cursor and the colours over them."""


def strip_of(line: Line, colours: Palette, width: int) -> Strip:
    """A line of that many cells as Textual writes it."""
    return Strip([Segment(text, colours[style]) for text, style in line], width)


def changed_spans(old: Line, new: Line) -> list[tuple[int, int]]:
    """(first cell, number of cells) of each part in which two lines of equal width differ."""
    same = _same_pieces(old, new)
    start = sum(width_of(text) for text, _ in new[:same])
    before, after = _cells(old[same:]), _cells(new[same:])
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


def _cells(line: Line) -> list[tuple[str, str, int]]:
    """What stands in each cell; the halves of a wide character differ from any other's."""
    return [
        (char, style, half)
        for text, style in line
        for char in text
        for half in range(1 if char.isascii() else width_of(char))
    ]


class Canvas(Widget):
    """Base of every pane and bar; subclasses implement ``paint``."""

    can_focus = False
    fill = "text"

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
        return getattr(self.app, "palette", _PLAIN)

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
        dirty = [
            Region(x, y, cells, 1)
            for y, (a, b) in enumerate(zip(old, new, strict=True))
            if a != b
            for x, cells in changed_spans(a, b)
        ]
        if dirty:
            self.refresh(*dirty)

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

    def render_line(self, y: int) -> Strip:
        """One line for Textual's compositor."""
        if not self._lines and self.size.width:
            self._lines = self._fresh(*self.size)
            self._painted_as = (*self.size, self.palette.name)
        if y >= len(self._lines):
            return Strip.blank(self.size.width, self.palette[self.fill])
        return strip_of(self._lines[y], self.palette, self.size.width)

    def text(self) -> list[str]:
        """What is on this canvas, without colours; for tests and screen readers."""
        return ["".join(part for part, _ in line) for line in self._lines]
