"""Pictures of the real screens for the documents: a terminal's cells drawn as SVG, then as PNG.

``python docs/shoot.py script.json`` runs a command in a pseudo-terminal, types what the script
says, and takes a picture wherever it says so. Needs ``rsvg-convert`` and a CJK mono font.
"""

import json
import subprocess
import sys
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.journeys.terminal import Terminal

CELL_W, CELL_H, FONT = 10, 21, "Noto Sans Mono CJK SC"
NAMED = {
    "black": "#15181c", "red": "#e5534b", "green": "#57ab5a", "brown": "#c69026",
    "blue": "#539bf5", "magenta": "#b083f0", "cyan": "#39c5cf", "white": "#d7dde4",
}  # fmt: skip


class Camera(Terminal):
    """A terminal whose screen can be drawn."""

    def svg(self) -> str:
        """The screen as a picture."""
        w, h = self.screen.columns * CELL_W, self.screen.lines * CELL_H
        out = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{w + 20}" height="{h + 20}">',
            f'<rect width="100%" height="100%" rx="8" fill="{NAMED["black"]}"/>',
            f'<g transform="translate(10,10)" font-family="{FONT}" font-size="17">',
        ]
        cells = [(x, y) for y in range(self.screen.lines) for x in range(self.screen.columns)]
        out += [part for x, y in cells for part in self.ground(x, y)]
        out += [part for x, y in cells for part in self.glyph(x, y)]
        return "".join([*out, "</g></svg>"])

    def inks(self, x: int, y: int) -> tuple[str, str]:
        """A cell's colours: of its character, and of its ground ("" for the terminal's own)."""
        char = self.screen.buffer[y][x]
        fore, back = colour(char.fg, NAMED["white"]), colour(char.bg, "")
        return (back or NAMED["black"], fore) if char.reverse else (fore, back)

    def ground(self, x: int, y: int) -> list[str]:
        """A cell's background; the second half of a wide character has its first half's."""
        owner = x - 1 if x and not self.screen.buffer[y][x].data else x
        _, back = self.inks(owner, y)
        place = f'x="{x * CELL_W}" y="{y * CELL_H}"'
        size = f'width="{CELL_W + 0.5}" height="{CELL_H + 0.5}"'
        return [f'<rect {place} {size} fill="{back}"/>'] if back else []

    def glyph(self, x: int, y: int) -> list[str]:
        """A cell's character."""
        char = self.screen.buffer[y][x]
        if not char.data.strip():
            return []
        fore, _ = self.inks(x, y)
        weight = ' font-weight="bold"' if char.bold else ""
        place = f'x="{x * CELL_W}" y="{y * CELL_H + 16}"'
        text = f'<text {place} fill="{fore}"{weight}>{escape(char.data)}</text>'
        return [block(char.data, x, y, fore) or text]


def block(data: str, x: int, y: int, fill: str) -> str:
    """Block elements as rectangles, so that big words and bar codes have no seams."""
    shapes = {
        "█": (0, 0, 1, 1), "▀": (0, 0, 1, 0.5), "▄": (0, 0.5, 1, 0.5), "▌": (0, 0, 0.5, 1),
        "▐": (0.5, 0, 0.5, 1),
    }  # fmt: skip
    if data not in shapes:
        return ""
    dx, dy, w, h = shapes[data]
    return (
        f'<rect x="{(x + dx) * CELL_W}" y="{(y + dy) * CELL_H}" width="{w * CELL_W + 0.3}"'
        f' height="{h * CELL_H + 0.3}" fill="{fill}"/>'
    )


def colour(name: str, default: str) -> str:
    """A terminal colour as SVG says it."""
    if name == "default":
        return default
    bright = name.removeprefix("bright")
    return NAMED.get(bright, f"#{name}" if len(name) == 6 else default)


def shoot(script: dict) -> None:
    """Run one script: {command, columns, rows, env, steps: [{type|until|wait|picture: ...}]}."""
    terminal = Camera(
        script["command"],
        script.get("columns", 80),
        script.get("rows", 24),
        {"TERM": "xterm-256color", "COLORTERM": "truecolor", **script.get("env", {})},
    )
    for step in script["steps"]:
        ((verb, what),) = step.items()
        if verb == "picture":
            terminal.read_for(0.4)
            picture = Path(what)
            subprocess.run(
                ["rsvg-convert", "-o", str(picture)],
                input=terminal.svg().encode(),
                check=True,
            )
        elif verb == "wait":
            terminal.read_for(what)
        elif verb == "until":
            terminal.until(what)
        else:
            terminal.type(what)
    terminal.close()


if __name__ == "__main__":
    for name in sys.argv[1:]:
        for each in json.loads(Path(name).read_text(encoding="utf-8")):
            shoot(each)
