"""Lines of styled text measured in terminal cells: what every screen is painted with.

A Line is a tuple of (text, style name) pieces. Style names are looked up in the palette only
when a line reaches the terminal, so painting is pure and tests read plain text. Text is plain
by construction: there is no markup anywhere, and what could move a cursor is dropped here too,
a second time after the door.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from core.text import clean

Piece = tuple[str, str]
Line = tuple[Piece, ...]

ELLIPSIS = "…"
# Joiners and variation selectors make one glyph of several code points, which terminals measure
# differently: a row would shift by a cell.
_UNSTEADY = re.compile("[\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]")
_COMBINING_LIMIT = 2
_KEPT = 4096
"""Texts and lines remembered: a few screens full, a few hundred kilobytes."""
_CLOSING = "，。、；：？！）》」』”’,.;:?!)"


def safe(text: object) -> str:
    """Text that occupies exactly the cells it is measured at and carries no control."""
    value = str(text)
    if value.isascii() and value.isprintable():
        return value
    return _steady(value)


@lru_cache(_KEPT)
def _steady(text: str) -> str:
    """Remembered, because a screen says the same words again and again."""
    text = _UNSTEADY.sub("", text)
    return _unstack(text if text.isprintable() else clean(text))


def _unstack(text: str) -> str:
    """At most two combining marks in a row: towers of them paint over other lines."""
    kept: list[str] = []
    run = 0
    for char in text:
        run = run + 1 if unicodedata.combining(char) else 0
        if run <= _COMBINING_LIMIT:
            kept.append(char)
    return "".join(kept)


def width_of(text: str) -> int:
    """Terminal cells a safe text takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: object, width: int) -> str:
    """The text in at most ``width`` cells, ending in an ellipsis when something was cut."""
    value = safe(text)
    if width_of(value) <= width:
        return value
    if width <= 0:
        return ""
    return set_cell_size(value, width - 1).rstrip() + ELLIPSIS


def pad(text: object, width: int, align: str = "<") -> str:
    """The text in exactly ``width`` cells; ``align`` is ``<``, ``>`` or ``^``."""
    value = fit(text, width)
    gap = width - width_of(value)
    if align == ">":
        return " " * gap + value
    if align == "^":
        return " " * (gap // 2) + value + " " * (gap - gap // 2)
    return value + " " * gap


def wrap(text: object, width: int, rows: int) -> list[str]:
    """The text over at most ``rows`` lines of ``width`` cells; breaks at spaces where it can."""
    rest = safe(text)
    lines: list[str] = []
    while rest and len(lines) < rows - 1 and width_of(rest) > width:
        head, rest = _break(rest, width)
        lines.append(head)
    if rest and rows > 0:
        lines.append(fit(rest, width))
    return lines


def _break(text: str, width: int) -> tuple[str, str]:
    taken = index = 0
    while index < len(text) and taken + width_of(text[index]) <= width:
        taken += width_of(text[index])
        index += 1
    space = text.rfind(" ", max(0, index - 16), index + 1)
    cut = space if space > 0 else max(1, index)
    if cut > 1 and text[cut] in _CLOSING:  # a closing mark never begins a line
        cut -= 1
    return text[:cut].rstrip(), text[cut:].lstrip()


def measure(line: Iterable[Piece]) -> int:
    """Cells a line takes."""
    return sum(width_of(text) for text, _ in line)


def joined(line: Iterable[Piece]) -> Line:
    """The line with neighbours of one style made one piece: fewer escape sequences to write."""
    merged: list[Piece] = []
    for text, style in line:
        if merged and merged[-1][1] == style:
            merged[-1] = (merged[-1][0] + text, style)
        elif text:
            merged.append((text, style))
    return tuple(merged)


def plain(line: Iterable[Piece]) -> str:
    """A line without its styles."""
    return "".join(text for text, _ in line)


def cut(line: Iterable[Piece], width: int) -> Line:
    """The line in at most ``width`` cells."""
    kept: list[Piece] = []
    left = width
    for text, style in line:
        size = width_of(text)
        if size > left:
            kept.append((fit(text, left), style))
            break
        kept.append((text, style))
        left -= size
    return tuple(kept)


def row(width: int, *pieces: Piece, fill: str = "text") -> Line:
    """Pieces as one line of exactly ``width`` cells; the rest is painted in ``fill``."""
    kept: list[Piece] = []
    left = width  # every piece is measured once: this runs a hundred times for one painting
    for told, style in pieces:
        text = safe(told)
        size = width_of(text)
        if size > left:
            head = fit(text, left)
            kept.append((head, style))
            left -= width_of(head)
            break
        if text:
            kept.append((text, style))
            left -= size
    if left > 0:
        kept.append((" " * left, fill))
    return tuple(kept)


@lru_cache(_KEPT)
def finished(line: Line, width: int, fill: str) -> Line:
    """A painted line as it is written: safe, exactly ``width`` cells, in as few pieces as can be.

    Remembered, because most lines of a picture are those of the picture before.
    """
    return joined(row(width, *line, fill=fill))


def ends(width: int, left: Iterable[Piece], right: Iterable[Piece], fill: str) -> Line:
    """A line with something at each end; the left one gives way when both do not fit."""
    tail = cut(((safe(text), style) for text, style in right), width)
    room = width - measure(tail)
    return (*row(room, *left, fill=fill), *tail)


def centred(width: int, *pieces: Piece, fill: str = "text") -> Line:
    """Pieces in the middle of a line."""
    line = cut(((safe(text), style) for text, style in pieces), width)
    gap = width - measure(line)
    return ((" " * (gap // 2), fill), *line, (" " * (gap - gap // 2), fill))


def beside(left: list[Line], right: list[Line]) -> list[Line]:
    """Two blocks of equally many lines side by side."""
    return [(*a, *b) for a, b in zip(left, right, strict=True)]


def tall(block: list[Line], height: int, width: int, fill: str = "text") -> list[Line]:
    """A block of exactly ``height`` lines."""
    empty = ((" " * width, fill),)
    return [*block[:height], *([empty] * (height - len(block)))]
