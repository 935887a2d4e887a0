"""Colours by meaning, in three themes: dark, light, and the terminal's own sixteen.

Screens name a meaning (``late``, ``key``, ``tone.wrong``); only this file knows colours. Meaning
never rests on colour alone: every one also has a word and a place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from rich.style import Style

NAMES = ("dark", "light", "ansi")

_DARK = {
    "text": "#d7dee6 on #0f141a",
    "quiet": "#8593a1 on #0f141a",
    "faint": "#3d4956 on #0f141a",
    "strong": "bold #ffffff on #0f141a",
    "big": "bold #ffffff on #0f141a",
    "accent": "bold #79b8ff on #0f141a",
    "good": "#5fd38d on #0f141a",
    "late": "bold #ff8a80 on #0f141a",
    "soon": "#f2c35b on #0f141a",
    "note": "bold #ffe08a on #0f141a",
    "note.block": "bold #2b1f00 on #f2c35b",
    "bar": "#c3ced9 on #1b242e",
    "bar.strong": "bold #ffffff on #1b242e",
    "bar.quiet": "#8d9aa8 on #1b242e",
    "bar.good": "#5fd38d on #1b242e",
    "bar.late": "bold #ff8a80 on #1b242e",
    "bar.soon": "bold #f2c35b on #1b242e",
    "key": "bold #79b8ff on #1b242e",
    "key.off": "#566371 on #1b242e",
    "head": "bold #8593a1 on #0f141a",
    "cursor": "#ffffff on #1f4d7a",
    "cursor.quiet": "#b5cbe0 on #1f4d7a",
    "cursor.late": "bold #ffc9c4 on #1f4d7a",
    "cursor.soon": "bold #ffe3a3 on #1f4d7a",
    "panel": "#d7dee6 on #1b242e",
    "panel.strong": "bold #ffffff on #1b242e",
    "panel.quiet": "#8d9aa8 on #1b242e",
    "panel.accent": "bold #79b8ff on #1b242e",
    "step.now": "bold #06121f on #79b8ff",
    "step.done": "#5fd38d on #0f141a",
    "step.next": "#8593a1 on #0f141a",
    "entry": "bold #ffffff on #26323f",
    "entry.cursor": "#06121f on #79b8ff",
    "tone.accepted": "bold #ffffff on #1b7f4b",
    "tone.complete": "bold #04222b on #4fd1e0",
    "tone.wrong": "bold #ffffff on #b3261e",
    "tone.too_many": "bold #2b1600 on #ff9f3f",
    "tone.unknown": "bold #ffffff on #7a3fc0",
    "tone.command": "bold #ffffff on #41566b",
    "tone.stop": "bold #fff45c on #d50000",
}
_LIGHT = {
    "text": "#1c2630 on #fbfcfd",
    "quiet": "#5c6b7a on #fbfcfd",
    "faint": "#b4c0cc on #fbfcfd",
    "strong": "bold #000000 on #fbfcfd",
    "big": "bold #000000 on #fbfcfd",
    "accent": "bold #0b5cad on #fbfcfd",
    "good": "#137a43 on #fbfcfd",
    "late": "bold #b3261e on #fbfcfd",
    "soon": "#8a5a00 on #fbfcfd",
    "note": "bold #7a4b00 on #fbfcfd",
    "note.block": "bold #2b1f00 on #ffd166",
    "bar": "#2b3947 on #e3e9ef",
    "bar.strong": "bold #000000 on #e3e9ef",
    "bar.quiet": "#566575 on #e3e9ef",
    "bar.good": "#0f6a39 on #e3e9ef",
    "bar.late": "bold #a11c15 on #e3e9ef",
    "bar.soon": "bold #7a4b00 on #e3e9ef",
    "key": "bold #0b5cad on #e3e9ef",
    "key.off": "#9aa7b4 on #e3e9ef",
    "head": "bold #5c6b7a on #fbfcfd",
    "cursor": "#ffffff on #1762ab",
    "cursor.quiet": "#d6e6f7 on #1762ab",
    "cursor.late": "bold #ffd9d5 on #1762ab",
    "cursor.soon": "bold #ffe9b8 on #1762ab",
    "panel": "#1c2630 on #e3e9ef",
    "panel.strong": "bold #000000 on #e3e9ef",
    "panel.quiet": "#566575 on #e3e9ef",
    "panel.accent": "bold #0b5cad on #e3e9ef",
    "step.now": "bold #ffffff on #0b5cad",
    "step.done": "#137a43 on #fbfcfd",
    "step.next": "#5c6b7a on #fbfcfd",
    "entry": "bold #000000 on #d3dee8",
    "entry.cursor": "#ffffff on #0b5cad",
    "tone.accepted": "bold #ffffff on #137a43",
    "tone.complete": "bold #ffffff on #00758a",
    "tone.wrong": "bold #ffffff on #b3261e",
    "tone.too_many": "bold #2b1600 on #ff9f3f",
    "tone.unknown": "bold #ffffff on #6a32ad",
    "tone.command": "bold #ffffff on #4b6076",
    "tone.stop": "bold #fff45c on #c00000",
}
# The sixteen: plain text keeps the terminal's own colours, so it is readable on any background;
# blocks always name both colours.
_ANSI = {
    "text": "default on default",
    "quiet": "default on default",
    "faint": "bright_black on default",
    "strong": "bold default on default",
    "big": "bold default on default",
    "accent": "bold default on default",
    "good": "green on default",
    "late": "bold red on default",
    "soon": "yellow on default",
    "note": "bold yellow on default",
    "note.block": "black on yellow",
    "bar": "white on blue",
    "bar.strong": "bold bright_white on blue",
    "bar.quiet": "white on blue",
    "bar.good": "bold bright_white on blue",
    "bar.late": "bold bright_white on red",
    "bar.soon": "black on yellow",
    "key": "bold bright_white on blue",
    "key.off": "black on blue",
    "head": "underline default on default",
    "cursor": "black on white",
    "cursor.quiet": "black on white",
    "cursor.late": "bold red on white",
    "cursor.soon": "bold black on white",
    "panel": "white on blue",
    "panel.strong": "bold bright_white on blue",
    "panel.quiet": "white on blue",
    "panel.accent": "bold bright_white on blue",
    "step.now": "black on white",
    "step.done": "green on default",
    "step.next": "default on default",
    "entry": "bold bright_white on blue",
    "entry.cursor": "black on white",
    "tone.accepted": "bold black on green",
    "tone.complete": "bold black on cyan",
    "tone.wrong": "bold bright_white on red",
    "tone.too_many": "bold black on yellow",
    "tone.unknown": "bold bright_white on magenta",
    "tone.command": "bold black on white",
    "tone.stop": "bold bright_yellow on red",
}


@dataclass(frozen=True)
class Palette:
    """One theme: a terminal style for every meaning."""

    name: str
    styles: Mapping[str, Style]

    def __getitem__(self, meaning: str) -> Style:
        return self.styles[meaning]


def _parse(table: Mapping[str, str]) -> dict[str, Style]:
    return {name: Style.parse(value) for name, value in table.items()}


_TABLES = {"dark": _DARK, "light": _LIGHT, "ansi": _ANSI}
SCREENS = {"dark": "#0f141a", "light": "#fbfcfd", "ansi": "ansi_default"}
"""Textual's colour behind everything, by theme."""


@cache
def palette(name: str) -> Palette:
    """The theme of that name; dark for an unknown one. Made when it is first used: 2 ms each."""
    name = name if name in NAMES else "dark"
    return Palette(name, _parse(_TABLES[name]))


def choose(environ: Mapping[str, str], setting: str = "") -> str:
    """The theme to start with: the setting, else ``ansi`` where only sixteen colours are sure."""
    if setting in NAMES:
        return setting
    asked = environ.get("TEXTUAL_COLOR_SYSTEM", "")
    if asked == "standard" or "NO_COLOR" in environ:
        return "ansi"
    term = environ.get("TERM", "")
    rich_enough = asked or environ.get("COLORTERM") or any(s in term for s in ("256", "direct"))
    return "dark" if rich_enough else "ansi"
