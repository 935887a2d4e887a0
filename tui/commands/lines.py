"""Plain text for a terminal of 80 columns: a head, named fields, indented lines."""

import shutil

from tui.ink import pad, safe, width_of, wrap

NAME_CELLS = 10


class Page:
    """Lines being collected; every text is measured in cells and broken before the edge."""

    def __init__(self, width: int = 0) -> None:
        """``width`` 0 is the terminal's own, at most 100 cells."""
        self.width = width or max(40, min(100, shutil.get_terminal_size((80, 24)).columns))
        self.lines: list[str] = []

    def head(self, left: str, right: str = "") -> None:
        """A first line, with something at the right edge when there is room."""
        gap = self.width - width_of(safe(left)) - width_of(safe(right))
        if right and gap >= 2:
            self.lines.append(safe(left) + " " * gap + safe(right))
        else:
            self.line(f"{left}  {right}".rstrip())

    def field(self, name: str, value: str) -> None:
        """A named value; later lines of it stand under the first."""
        room = max(NAME_CELLS, width_of(name) + 1)
        first, *rest = wrap(value, self.width - room, 99) or [""]
        self.lines.append(pad(name, room) + first)
        self.lines += [" " * room + line for line in rest]

    def line(self, text: str, indent: int = 0) -> None:
        """A line, broken where it must be; its continuation is indented by two more."""
        first, *rest = wrap(text, self.width - indent, 2) or [""]
        self.lines.append(" " * indent + first)
        if rest:
            tail = safe(text)[len(first) :].lstrip()
            more = wrap(tail, self.width - indent - 2, 99)
            self.lines += [" " * (indent + 2) + part for part in more]

    def rule(self) -> None:
        """A line across the page."""
        self.lines.append("─" * self.width)

    def gap(self) -> None:
        """An empty line, never two."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def text(self) -> str:
        """The page, no line with blanks at its end."""
        return "\n".join(line.rstrip() for line in self.lines)
