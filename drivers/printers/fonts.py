"""The label font: one face, its sizes, and how text is measured and broken in it."""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import data

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

FONT = Path(str(data.__file__)).parent / "fonts" / "PacklineLabelSans-Regular.otf"
LINE_PITCH = 1.18
"""Distance of base lines, in em."""
BASELINE = 0.97
"""From the top of a line to its base line, in em: hanzi reach 0.88 above and 0.12 below it."""
LONGEST = 600
"""Characters of one text that are ever looked at; more never fits a label."""
_EM = 1000
_UNSEEN = {"Cc", "Cf", "Cs", "Mn", "Me"}
_WORD = 14
"""Letters up to which a word is kept whole by making the text smaller."""
_WORDS = re.compile(r"[!-~\u00a1-\u024f]+")
_COUNT = re.compile(r"\s*×\d+$")
_TOKENS = re.compile(r"[!-~\u00a1-\u024f]+|.", re.DOTALL)


@lru_cache(maxsize=96)
def face(size: int) -> "FreeTypeFont":
    """The label font at ``size`` dots per em."""
    from PIL import ImageFont

    return ImageFont.truetype(str(FONT), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=20_000)
def _advance(mark: str) -> int:
    """Width of one character in thousandths of an em."""
    return round(face(_EM).getlength(mark))


def width(text: str, size: int) -> int:
    """Width of a text in dots; bold is drawn over the same advances."""
    return -(-sum(map(_advance, text)) * size // _EM)


def printable(text: str) -> str:
    """One line without controls and marks that the font would draw as boxes by themselves."""
    seen = "".join(
        " " if mark in "\t\n\r\u2028\u2029" else mark
        for mark in unicodedata.normalize("NFC", text[: LONGEST * 2])
        if mark in "\t\n\r" or unicodedata.category(mark) not in _UNSEEN
    ).strip()
    return seen if len(seen) <= LONGEST else seen[: LONGEST - 1] + "…"


def cut(text: str, size: int, room: int) -> str:
    """The text in one line of ``room`` dots, with an ellipsis where it had to be cut.

    A quantity at the end (``×2``) is what a packer must not miss: it is kept, the words before
    it are cut.
    """
    if width(text, size) <= room:
        return text
    count = _COUNT.search(text)
    tail = "…" + (count.group() if count and width(count.group(), size) * 2 < room else "")
    kept = text[: len(text) - len(tail) + 1]
    while kept and width(kept + tail, size) > room:
        kept = kept[:-1]
    return kept + tail


def _pieces(text: str, size: int, room: int) -> list[str]:
    """Unbreakable pieces: a hanzi, a Latin word, or parts of a word too long for a line."""
    pieces: list[str] = []
    for token in _TOKENS.findall(text):
        if width(token, size) <= room:
            pieces.append(token)
        else:
            pieces.extend(token)
    return pieces


def wrap(text: str, size: int, room: int) -> list[str]:
    """The text as lines no wider than ``room`` dots."""
    lines: list[str] = []
    line, used, room_em = "", 0, room * _EM // size
    for piece in _pieces(text, size, room):
        wide = sum(map(_advance, piece))
        if line and used + wide > room_em:
            lines.append(line.rstrip())
            line, used = "", 0
            if piece == " ":
                continue
        line += piece
        used += wide
    return [*lines, line.rstrip()] if line.strip() else lines


def _words_whole(text: str, size: int, room: int) -> bool:
    """Whether no ordinary Latin word has to be broken to fit the line."""
    return all(width(word, size) <= room for word in _WORDS.findall(text) if len(word) <= _WORD)


def fit(text: str, room: tuple[int, int], largest: int, smallest: int) -> tuple[int, list[str]]:
    """The largest size whose wrapped lines fill ``room`` (dots), and those lines.

    At the smallest size the text is cut, with an ellipsis to say so.
    """
    size = max(largest, smallest)
    while True:
        lines = wrap(text, size, room[0])
        held = max(1, int((room[1] / size + LINE_PITCH - 1) / LINE_PITCH))
        whole = size <= smallest or _words_whole(text, size, room[0])
        if len(lines) <= held and size <= room[1] and whole:
            return size, lines
        if size <= smallest:
            kept = lines[:held]
            kept[-1] = cut(kept[-1] + "…" * (len(lines) > held), size, room[0])
            return size, kept
        size = max(smallest, min(size - 2, size * 11 // 12))
