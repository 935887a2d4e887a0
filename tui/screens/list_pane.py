"""A pane that is one list: what it is about above it, what is under the cursor in full below."""

from collections.abc import Callable
from typing import Generic, TypeVar

from textual.app import ComposeResult

from tui.ink import Line
from tui.screens.pane import Pane
from tui.widgets.canvas import Canvas
from tui.widgets.line_list import LineList, Row

R = TypeVar("R", bound=Row)


class Margin(Canvas):
    """The lines above or below the list."""

    def __init__(self, id: str, height: int, lines: Callable[[int, int], list[Line]]) -> None:
        super().__init__(id=id)
        self.styles.height = height
        self._told = lines

    def paint(self, width: int, height: int) -> list[Line]:
        return self._told(width, height)


class ListPane(Pane, Generic[R]):
    """Head, list and foot; a pane says how each of them is drawn."""

    DEFAULT_CSS = "ListPane { layout: vertical; }"
    head_height = 2
    foot_height = 4

    def __init__(
        self, *, empty: Callable[[], str], chosen: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(id=self.name_of)
        self._head = Margin(f"{self.name_of}-head", self.head_height, self.head_lines)
        self._foot = Margin(f"{self.name_of}-foot", self.foot_height, self.foot_lines)
        self.list: LineList[R] = LineList(
            self.draw_row,
            empty=empty,
            moved=self._moved,
            chosen=chosen,
            id=f"{self.name_of}-list",
        )

    def head_lines(self, width: int, height: int) -> list[Line]:
        """What the list is about, and the names of its columns."""
        raise NotImplementedError

    def draw_row(self, item: R, width: int, here: bool) -> Line:
        """One row; ``here`` when the cursor is on it."""
        raise NotImplementedError

    def foot_lines(self, width: int, height: int) -> list[Line]:
        """The row under the cursor in full."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield self._head
        yield self.list
        yield self._foot

    def repaint_all(self) -> None:
        for canvas in (self._head, self.list, self._foot):
            canvas.repaint()

    def press(self, key: str) -> bool:
        return self.list.press(key)

    def _moved(self) -> None:
        self._foot.repaint()
        self.house_app.show_keys()
