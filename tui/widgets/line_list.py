"""A list of any length that holds only a few pages of it.

Rows come from a provider by key (never by offset), so opening and paging cost the same with a
million rows as with a hundred. The list keeps a window of rows around the cursor and moves that
window when the cursor nears its end.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, Protocol, TypeVar

from textual.events import Click, MouseScrollDown, MouseScrollUp

from tui.ink import Line, row
from tui.widgets.canvas import Canvas


class Row(Protocol):
    """What a list needs of a row."""

    @property
    def key(self) -> Hashable:
        """Its place in the order; unique."""


R = TypeVar("R", bound=Row)
R_co = TypeVar("R_co", bound=Row, covariant=True)


class Pages(Protocol[R_co]):
    """Rows by key, in the order of the list."""

    def first(self, n: int) -> Sequence[R_co]:
        """The first ``n`` rows."""

    def after(self, key: Hashable, n: int) -> Sequence[R_co]:
        """The next ``n`` rows behind a key."""

    def before(self, key: Hashable | None, n: int) -> Sequence[R_co]:
        """The ``n`` rows in front of a key, in list order; None means the end of the list."""


class Shelf(Generic[R]):
    """Pages over rows that are all in memory already: alerts, devices, menus."""

    def __init__(self, rows: Sequence[R] = ()) -> None:
        self.rows = list(rows)

    def _at(self, key: Hashable) -> int:
        return next((i for i, r in enumerate(self.rows) if r.key == key), len(self.rows))

    def first(self, n: int) -> Sequence[R]:
        return self.rows[:n]

    def after(self, key: Hashable, n: int) -> Sequence[R]:
        start = self._at(key) + 1
        return self.rows[start : start + n]

    def before(self, key: Hashable | None, n: int) -> Sequence[R]:
        end = len(self.rows) if key is None else self._at(key)
        return self.rows[max(0, end - n) : end]


_MOVES = frozenset({"up", "down", "pageup", "pagedown", "home", "end"})


class LineList(Canvas, Generic[R]):
    """A list with a cursor; ``draw(row, width, under_cursor)`` paints one line of it."""

    scrolls = True

    def __init__(
        self,
        draw: Callable[[R, int, bool], Line],
        *,
        empty: Callable[[], str],
        moved: Callable[[], None] = lambda: None,
        chosen: Callable[[], None] = lambda: None,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._draw = draw
        self._empty = empty
        self._moved = moved
        self._chosen = chosen
        self._pages: Pages[R] = Shelf()
        self._rows: list[R] = []
        self._anchor: Hashable | None = None
        """The key just before the window; None when the window starts the list."""
        self._at_end = True
        self._top = 0
        self._cursor = 0

    # --- what is in it -------------------------------------------------------------------------

    @property
    def current(self) -> R | None:
        """The row under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def more_above(self) -> bool:
        """Whether there are rows before the ones on screen."""
        return self._top > 0 or self._anchor is not None

    @property
    def more_below(self) -> bool:
        """Whether there are rows after the ones on screen."""
        return self._top + self._height < len(self._rows) or not self._at_end

    def show(self, pages: Pages[R]) -> None:
        """Show another list from its beginning."""
        self._pages = pages
        self._home()
        self._settle()

    def use(self, pages: Pages[R]) -> None:
        """Show a newer state of the same list; the cursor stays on its row."""
        self._pages = pages
        self.reload()

    def reload(self) -> None:
        """Read the same window again; the cursor stays on its row where that still exists."""
        key = self.current.key if self.current else None
        size = max(len(self._rows), self._page * 3)
        if self._anchor is None:
            rows = list(self._pages.first(size))
        else:
            rows = list(self._pages.after(self._anchor, size))
        if not rows and self._anchor is not None:
            self._home()
        else:
            self._rows = rows
            self._at_end = len(rows) < size
        same = next((i for i, r in enumerate(self._rows) if r.key == key), None)
        self._cursor = self._clamp(self._cursor if same is None else same)
        self._settle()

    # --- moving --------------------------------------------------------------------------------

    def press(self, key: str) -> bool:
        """Move by a key; False when the key is none of the list's."""
        if key not in _MOVES:
            return False
        getattr(self, f"_{key}")()
        self._settle()
        return True

    @property
    def _height(self) -> int:
        return max(1, self.size.height)

    @property
    def _page(self) -> int:
        return max(10, self._height)

    def _home(self) -> None:
        size = self._page * 3
        self._rows = list(self._pages.first(size))
        self._anchor = None
        self._at_end = len(self._rows) < size
        self._cursor = self._top = 0

    def _end(self) -> None:
        size = self._page * 3
        self._rows = list(self._pages.before(None, size))
        self._anchor = self._key_before()
        self._at_end = True
        self._cursor = self._clamp(len(self._rows))
        self._top = max(0, len(self._rows) - self._height)

    def _up(self) -> None:
        self._step(-1)

    def _down(self) -> None:
        self._step(1)

    def _pageup(self) -> None:
        self._step(1 - self._height)

    def _pagedown(self) -> None:
        self._step(self._height - 1)

    def _step(self, by: int) -> None:
        target = self._cursor + by
        if target < self._page and self._anchor is not None:
            target += self._extend_up()
        elif target >= len(self._rows) - self._page and not self._at_end:
            target -= self._extend_down()
        self._cursor = self._clamp(target)

    def _extend_down(self) -> int:
        """Read on and drop as many rows in front; returns how many were dropped."""
        size = self._page * 3
        more = list(self._pages.after(self._rows[-1].key, size))
        self._at_end = len(more) < size
        self._rows += more
        drop = max(0, min(self._top - self._page, len(self._rows) - 2 * size))
        if drop:
            self._anchor = self._rows[drop - 1].key
            del self._rows[:drop]
            self._top -= drop
        return drop

    def _extend_up(self) -> int:
        """Read back and drop as many rows behind; returns how many were put in front."""
        size = self._page * 3
        more = list(self._pages.before(self._rows[0].key, size))
        self._rows = more + self._rows
        self._top += len(more)
        self._anchor = self._key_before() if more else None
        if len(self._rows) > 2 * size:
            keep = max(2 * size, self._top + 2 * self._height)
            self._at_end = self._at_end and keep >= len(self._rows)
            del self._rows[keep:]
        return len(more)

    def _key_before(self) -> Hashable | None:
        if not self._rows:
            return None
        before = self._pages.before(self._rows[0].key, 1)
        return before[-1].key if before else None

    def _clamp(self, index: int) -> int:
        return max(0, min(index, len(self._rows) - 1))

    def _settle(self) -> None:
        if self._cursor < self._top:
            self._top = self._cursor
        elif self._cursor >= self._top + self._height:
            self._top = self._cursor - self._height + 1
        self._top = max(0, min(self._top, len(self._rows) - self._height))
        self.repaint()
        self._moved()

    # --- painting and the mouse ----------------------------------------------------------------

    def paint(self, width: int, height: int) -> list[Line]:
        if not self._rows:
            return [row(width), row(width, ("  " + self._empty(), "quiet"))]
        shown = self._rows[self._top : self._top + height]
        return [
            self._draw(item, width, self._top + index == self._cursor)
            for index, item in enumerate(shown)
        ]

    def on_resize(self) -> None:
        if self._rows and len(self._rows) < self._height and not self._at_end:
            self.reload()
        self._settle()

    def on_click(self, event: Click) -> None:
        """A click moves the cursor; a click on the cursor's row chooses it."""
        index = self._top + event.y
        if index >= len(self._rows):
            return
        if index == self._cursor:
            self._chosen()
            return
        self._cursor = index
        self._settle()

    def on_mouse_scroll_down(self, _event: MouseScrollDown) -> None:
        self._step(3)
        self._settle()

    def on_mouse_scroll_up(self, _event: MouseScrollUp) -> None:
        self._step(-3)
        self._settle()
