"""One line of typing under the top bar: to find, to filter, to give a reason.

Keys take effect in the order they arrive and Enter is one of them, so that a code scanned into
it is never mixed with the next. Input-method windows follow the cursor position set here; the
line is in the upper half of the screen and nothing else paints while it is open.
"""

from collections.abc import Callable

from textual.geometry import Offset

from tui.ink import Line, ends, fit, safe, width_of
from tui.widgets.canvas import Canvas

MOST = 120
"""Characters a line takes."""


class Entry(Canvas):
    """A question, an answer being typed, and what Enter will do with it."""

    fill = "entry"

    def __init__(self) -> None:
        super().__init__(id="entry")
        self.display = False
        self._question = ""
        self._hint = ""
        self._typed = ""
        self._done: Callable[[str], None] = lambda _text: None

    @property
    def open(self) -> bool:
        """Whether the line is asking something."""
        return bool(self.display)

    def ask(self, question: str, hint: str, done: Callable[[str], None], start: str = "") -> None:
        """Ask; ``done`` gets the text on Enter, or "" when the person leaves."""
        self._question, self._hint, self._typed, self._done = question, hint, start, done
        self.display = True
        self._show()

    def close(self) -> None:
        """Stop asking without an answer."""
        self.display = False

    def press(self, key: str, character: str | None) -> bool:
        """Take a key; True when it was taken."""
        if key in ("enter", "ctrl+j"):
            text, done = self._typed.strip(), self._done
            self.close()
            done(text)
        elif key == "escape":
            self.close()
            self._done("")
        elif key in ("backspace", "ctrl+h"):
            self._typed = self._typed[:-1]
        elif key == "ctrl+u":
            self._typed = ""
        elif character and character.isprintable():
            self._typed = (self._typed + character)[:MOST]
        else:
            return False
        if self.display:
            self._show()
        return True

    def paste(self, text: str) -> None:
        """Take pasted text as typed; a line break in it does not send it."""
        self._typed = (self._typed + safe(text))[:MOST]
        self._show()

    def _show(self) -> None:
        self.repaint()
        region = self.region
        x = region.x + width_of(self._lead()) + width_of(safe(self._typed))
        self.app.cursor_position = Offset(min(x, region.right - 1), region.y)

    def _lead(self) -> str:
        return f" {self._question}: "

    def paint(self, width: int, height: int) -> list[Line]:
        hint = f" {self._hint} "
        room = width - width_of(self._lead()) - 2
        if width_of(safe(self._typed)) + width_of(hint) > room:
            hint = ""
        typed = safe(self._typed)
        while width_of(typed) > room:
            typed = typed[1:]
        left = [(self._lead(), "entry"), (typed, "entry"), (" ", "entry.cursor")]
        return [ends(width, left, [(fit(hint, room), "entry")], "entry")]
