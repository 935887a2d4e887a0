"""A box over a pane: a menu to choose from, or pages to read; digits and arrows do it all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tui.ink import Line, ends, fit, row, safe, width_of
from tui.widgets.canvas import Canvas

LEAVING = frozenset({"escape", "f1", "f10", "backspace", "enter", "ctrl+j"})


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to choose."""

    value: str
    label: str
    hint: str = ""
    """The key, or why it cannot be chosen now."""
    enabled: bool = True


class Content:
    """What an overlay shows; subclasses paint lines and take keys."""

    title = ""

    def lines(self, width: int, height: int) -> list[Line]:
        """The inside of the box."""
        raise NotImplementedError

    def press(self, key: str, character: str | None) -> bool:
        """Take a key; False lets the overlay close on leaving keys and swallow the rest."""
        raise NotImplementedError

    def height(self, width: int) -> int:
        """Rows wanted for the inside."""
        raise NotImplementedError


class Menu(Content):
    """Numbered choices; typing narrows them when there are more than nine."""

    def __init__(
        self,
        title: str,
        items: Sequence[Item],
        chosen: Callable[[str], None],
        unmatched: Callable[[str], None] = lambda _text: None,
        *,
        digits: bool = True,
    ) -> None:
        """``unmatched`` gets what was typed when Enter finds nothing: it may have been a scan.

        ``digits`` is off where codes are scanned: the first digit of a code must choose nothing.
        """
        self.title = title
        self._items = list(items)
        self._chosen = chosen
        self._unmatched = unmatched
        self._digits = digits
        self._typed = ""
        self._at = 0
        self._top = 0

    @property
    def _narrows(self) -> bool:
        return len(self._items) > 9

    def _found(self) -> list[Item]:
        wanted = self._typed.casefold()
        return [item for item in self._items if wanted in item.label.casefold()]

    def height(self, width: int) -> int:
        return len(self._items) + (1 if self._narrows else 0)

    def lines(self, width: int, height: int) -> list[Line]:
        found = self._found()
        lines: list[Line] = []
        if self._narrows:
            typed = [(" / ", "panel.quiet"), (safe(self._typed), "panel.strong")]
            lines.append(row(width, *typed, (" ", "entry.cursor"), fill="panel"))
            height -= 1
        self._top = max(min(self._top, self._at), self._at - height + 1, 0)
        for index, item in enumerate(found[self._top : self._top + height], self._top):
            lines.append(self._line(index, item, width))
        return lines

    def _line(self, index: int, item: Item, width: int) -> Line:
        here = index == self._at
        style = "cursor" if here else "panel" if item.enabled else "panel.quiet"
        quiet = "cursor.quiet" if here else "panel.quiet"
        number = f"{index + 1}" if self._digits and not self._narrows else " "
        left = [(f" {number} ", "cursor" if here else "panel.accent"), (safe(item.label), style)]
        return ends(width, left, [(f" {fit(item.hint, width // 2)} ", quiet)], style)

    def press(self, key: str, character: str | None) -> bool:
        found = self._found()
        if key in ("up", "down", "pageup", "pagedown", "home", "end"):
            step = {"up": -1, "down": 1, "pageup": -9, "pagedown": 9, "home": -999, "end": 999}
            self._at = max(0, min(self._at + step[key], len(found) - 1))
        elif key in ("enter", "ctrl+j"):
            self._take(found, self._at)
        elif not self._narrows and self._digits and character and character in "123456789":
            self._take(found, int(character) - 1)
        elif self._narrows and key in ("backspace", "ctrl+h"):
            self._typed, self._at = self._typed[:-1], 0
        elif self._narrows and character and character.isprintable():
            self._typed, self._at = self._typed + character, 0
        else:
            return False
        return True

    def _take(self, found: list[Item], index: int) -> None:
        if not found and self._typed:
            self._unmatched(self._typed)
        elif index < len(found) and found[index].enabled:
            self._chosen(found[index].value)


class Reading(Content):
    """Pages of text to read."""

    def __init__(self, title: str, write: Callable[[int], list[Line]]) -> None:
        self.title = title
        self._write = write
        self._top = 0
        self._last = 0

    def height(self, width: int) -> int:
        return len(self._write(width))

    def lines(self, width: int, height: int) -> list[Line]:
        lines = self._write(width)
        self._last = max(0, len(lines) - height)
        self._top = max(0, min(self._top, self._last))
        return lines[self._top : self._top + height]

    def press(self, key: str, character: str | None) -> bool:
        step = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10, "home": -9999, "end": 9999}
        if key not in step:
            return False
        self._top = max(0, min(self._top + step[key], self._last))
        return True


class Overlay(Canvas):
    """The box itself; at most one is open."""

    fill = "panel"

    def __init__(self) -> None:
        super().__init__(id="overlay")
        self.display = False
        self._content: Content | None = None
        self._foot = ""

    @property
    def open(self) -> bool:
        """Whether a box is over the pane."""
        return self._content is not None

    def show(self, content: Content, foot: str) -> None:
        """Open a box."""
        self._content, self._foot = content, foot
        self.display = True
        self.place()

    def close(self) -> None:
        """Take the box away."""
        self._content = None
        self.display = False

    def close_if(self, content: Content) -> None:
        """Take the box away while it still shows this."""
        if self._content is content:
            self.close()

    def place(self) -> None:
        """Fit the box to its content and to the screen."""
        if self._content is None:
            return
        outer = self.screen.size
        width = min(76, outer.width - 2)
        height = min(self._content.height(width - 4) + 2, outer.height - 3)
        self.styles.width, self.styles.height = width, height
        self.styles.offset = (
            max(0, (outer.width - width) // 2),
            max(1, (outer.height - height) // 3),
        )
        self.repaint()

    def press(self, key: str, character: str | None) -> bool:
        """Give a key to the content; leaving keys close. False when it means nothing here."""
        if self._content is None:
            return False
        if self._content.press(key, character):
            self.repaint()
            return True
        if key in LEAVING:
            self.close()
        return key in LEAVING

    def paint(self, width: int, height: int) -> list[Line]:
        if self._content is None:
            return []
        inner = width - 4
        title = f" {fit(self._content.title, inner - 2)} "
        top = "─" + title + "─" * max(0, width - 3 - width_of(title))
        lines: list[Line] = [(("╭", "panel.accent"), (top, "panel.accent"), ("╮", "panel.accent"))]
        body = self._content.lines(inner, height - 2)
        body += [()] * (height - 2 - len(body))
        for line in body:
            inside = row(inner, *line, fill="panel")
            lines.append((("│ ", "panel.accent"), *inside, (" │", "panel.accent")))
        lines.append((("╰" + _rule(self._foot, width) + "╯", "panel.accent"),))
        return lines


def _rule(foot: str, width: int) -> str:
    """The bottom edge with the leaving hint in it."""
    words = f" {fit(foot, width - 8)} " if foot else ""
    return "─" * (width - 4 - width_of(words)) + words + "──"
