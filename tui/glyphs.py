"""Numbers and codes large enough for two metres, in block characters.

Letters are drawn as pixels three wide and five high. A pixel is one column by half a row, which
is about square in a terminal, and grows by whole factors: 3, 5, 8 or 10 rows.
"""

from functools import lru_cache

_FONT = {
    "0": "### #.# #.# #.# ###",
    "1": ".#. ##. .#. .#. ###",
    "2": "### ..# ### #.. ###",
    "3": "### ..# .## ..# ###",
    "4": "#.# #.# ### ..# ..#",
    "5": "### #.. ### ..# ###",
    "6": "### #.. ### #.# ###",
    "7": "### ..# ..# .#. .#.",
    "8": "### #.# ### #.# ###",
    "9": "### #.# ### ..# ###",
    "A": ".#. #.# ### #.# #.#",
    "B": "##. #.# ##. #.# ##.",
    "C": ".## #.. #.. #.. .##",
    "D": "##. #.# #.# #.# ##.",
    "E": "### #.. ##. #.. ###",
    "F": "### #.. ##. #.. #..",
    "G": ".## #.. #.# #.# .##",
    "H": "#.# #.# ### #.# #.#",
    "I": "### .#. .#. .#. ###",
    "J": "..# ..# ..# #.# .#.",
    "K": "#.# #.# ##. #.# #.#",
    "L": "#.. #.. #.. #.. ###",
    "M": "#...# ##.## #.#.# #...# #...#",
    "N": "#..# ##.# #.## #..# #..#",
    "O": ".#. #.# #.# #.# .#.",
    "P": "##. #.# ##. #.. #..",
    "Q": ".##. #..# #..# #.## .###",
    "R": "##. #.# ##. #.# #.#",
    "S": ".## #.. .#. ..# ##.",
    "T": "### .#. .#. .#. .#.",
    "U": "#.# #.# #.# #.# ###",
    "V": "#.# #.# #.# #.# .#.",
    "W": "#...# #...# #.#.# ##.## #...#",
    "X": "#.# #.# .#. #.# #.#",
    "Y": "#.# #.# .#. .#. .#.",
    "Z": "### ..# .#. #.. ###",
    "-": "... ... ### ... ...",
    "_": "... ... ... ... ###",
    ".": ". . . . #",
    ",": ".. .. .. .# #.",
    ":": ". # . # .",
    "/": "..# ..# .#. #.. #..",
    "+": "... .#. ### .#. ...",
    "×": "... #.# .#. #.# ...",
    "*": "#.# .#. #.# ... ...",
    "?": "### ..# .## ... .#.",
    "!": "# # # . #",
    "#": "#.# ### #.# ### #.#",
    "(": ".# #. #. #. .#",
    ")": "#. .# .# .# #.",
    "%": "#.# ..# .#. #.. #.#",
    " ": ".. .. .. .. ..",
}
PIXELS_HIGH = 5
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def drawable(text: str) -> bool:
    """Whether every character of a non-empty text has a drawing."""
    return bool(text) and all(char in _FONT for char in text.upper())


def pixel_width(text: str) -> int:
    """Pixels a text takes, one pixel between letters."""
    return sum(len(_FONT[char].split(" ", 1)[0]) for char in text.upper()) + len(text) - 1


def rows_at(scale: int) -> int:
    """Terminal rows a text takes at a scale."""
    return -(-PIXELS_HIGH * scale // 2)


def best_scale(text: str, width: int, height: int, most: int = 4) -> int:
    """The largest scale at which the text fits; 0 when it does not or cannot be drawn."""
    if not drawable(text):
        return 0
    wide = pixel_width(text)
    return next(
        (s for s in range(most, 0, -1) if wide * s <= width and rows_at(s) <= height),
        0,
    )


@lru_cache(maxsize=512)
def big(text: str, scale: int = 1) -> tuple[str, ...]:
    """The text in ``rows_at(scale)`` rows of block characters; KeyError unless drawable."""
    bitmap = ["", "", "", "", ""]
    for index, char in enumerate(text.upper()):
        for line, pixels in enumerate(_FONT[char].split(" ")):
            bitmap[line] += ("." if index else "") + pixels
    return fold(tuple(bitmap), scale)


def fold(bitmap: tuple[str, ...], scale: int) -> tuple[str, ...]:
    """A bitmap of ``#`` and ``.`` in half blocks, each pixel ``scale`` columns and half-rows."""
    tall = [line for line in bitmap for _ in range(scale)]
    if len(tall) % 2:
        tall.append("." * len(bitmap[0]))
    return tuple(
        "".join(_HALVES[a == "#", b == "#"] * scale for a, b in zip(top, low, strict=True))
        for top, low in zip(tall[::2], tall[1::2], strict=True)
    )


_WORDS = {
    "对": "0000 0008 0008 0008 fe08 0608 07fe 0408 4408 6c88 3cc8 18c8 1c48 1608 3208 6208",
    "完": "0000 0300 0100 fffe c006 c006 c006 1ff0 0000 0000 fffe 0c40 0c40 0840 1842 3042",
    "错": "0000 2088 6088 60c8 7ffe 8088 8088 7ffe 3000 3000 fdfc 3104 3104 31fc 3d04 3904",
    "多": "0000 0300 0300 0ff0 1830 7860 07c0 0740 1ec0 79fe 0306 0e0c 1918 01f0 00e0 0780",
    "停": "0000 1040 1060 3ffe 2000 63fc 620c e3fc e000 2000 2ffe 2802 23fe 2040 2040 2040",
}
"""Sixteen rows of sixteen pixels, for the one-character words a bench shouts."""


def has_word(text: str) -> bool:
    """Whether ``word`` can draw this text."""
    return text in _WORDS or drawable(text)


def word(text: str, width: int, height: int) -> tuple[str, ...]:
    """A shouted word as large as fits: block letters, or one drawn Chinese character."""
    if text in _WORDS:
        most = min(width // 16, height // 8)
        bitmap = tuple(
            f"{int(line, 16):016b}".replace("1", "#").replace("0", ".")
            for line in _WORDS[text].split(" ")
        )
        return fold(bitmap, most) if most else ()
    scale = best_scale(text, width, height, 8)
    return big(text, scale) if scale else ()
