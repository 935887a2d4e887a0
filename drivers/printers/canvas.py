"""A sheet of paper to draw on: boxes, text that fits them, and codes with whole-dot modules."""

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from drivers.printers import fonts
from drivers.printers.raster import Raster, from_grey

if TYPE_CHECKING:
    from PIL.Image import Image

INK, PAPER = 0, 255
QUIET_CODE128 = 10
"""Modules of white on each side of a Code 128 (ISO/IEC 15417)."""
QUIET_QR = 4
"""Modules of white around a QR code (ISO/IEC 18004)."""
LEAST_DOTS = 2
"""Dots of the thinnest bar at 203 dpi that cheap scanners still read from worn heads."""

LEAST_BOLD = 22
"""Below this many dots an em, thicker strokes would close the counters of dense hanzi."""


class Box(NamedTuple):
    """A rectangle in dots."""

    x: int
    y: int
    w: int
    h: int

    def inset(self, dx: int, dy: int | None = None) -> "Box":
        """This box without a margin on all sides."""
        dy = dx if dy is None else dy
        return Box(self.x + dx, self.y + dy, max(1, self.w - 2 * dx), max(1, self.h - 2 * dy))

    def left(self, w: int) -> "tuple[Box, Box]":
        """The left ``w`` dots, and the rest."""
        w = min(w, self.w - 1)
        return Box(self.x, self.y, w, self.h), Box(self.x + w, self.y, self.w - w, self.h)

    def right(self, w: int) -> "tuple[Box, Box]":
        """The right ``w`` dots, and the rest."""
        rest, piece = self.left(self.w - w)
        return piece, rest

    def top(self, h: int) -> "tuple[Box, Box]":
        """The upper ``h`` dots, and the rest."""
        h = min(h, self.h - 1)
        return Box(self.x, self.y, self.w, h), Box(self.x, self.y + h, self.w, self.h - h)

    def bottom(self, h: int) -> "tuple[Box, Box]":
        """The lower ``h`` dots, and the rest."""
        rest, piece = self.top(self.h - h)
        return piece, rest

    def rows(self, shares: tuple[int, ...]) -> "list[Box]":
        """This box cut into rows of those relative heights."""
        edges = [self.y + self.h * sum(shares[:n]) // sum(shares) for n in range(len(shares) + 1)]
        return [Box(self.x, upper, self.w, lower - upper) for upper, lower in pairwise(edges)]


class Canvas:
    """A grey drawing that becomes a raster; sizes are asked in millimetres, boxes are dots."""

    def __init__(self, size_mm: tuple[int, int], dots_per_mm: int) -> None:
        from PIL import Image, ImageDraw

        self.dots_per_mm = dots_per_mm
        width = size_mm[0] * dots_per_mm // 8 * 8
        self.page = Box(0, 0, width, size_mm[1] * dots_per_mm)
        self._image = Image.new("L", (width, self.page.h), PAPER)
        self._draw = ImageDraw.Draw(self._image)

    def mm(self, millimetres: float) -> int:
        """Millimetres in whole dots, at least one."""
        return max(1, round(millimetres * self.dots_per_mm))

    def raster(self) -> Raster:
        """The finished dots."""
        return from_grey(self._image)

    # --- shapes ---

    def fill(self, box: Box) -> None:
        """A black rectangle."""
        self._draw.rectangle((box.x, box.y, box.x + box.w - 1, box.y + box.h - 1), fill=INK)

    def frame(self, box: Box, thick: float = 0.3) -> None:
        """A rectangle's outline."""
        self._draw.rectangle(
            (box.x, box.y, box.x + box.w - 1, box.y + box.h - 1), outline=INK, width=self.mm(thick)
        )

    def rule(self, box: Box, thick: float = 0.3) -> None:
        """A line along the lower edge of a box."""
        dots = self.mm(thick)
        self.fill(Box(box.x, box.y + box.h - dots, box.w, dots))

    def wall(self, box: Box, thick: float = 0.3) -> None:
        """A line along the right edge of a box."""
        dots = self.mm(thick)
        self.fill(Box(box.x + box.w - dots, box.y, dots, box.h))

    # --- text ---

    def text(
        self,
        box: Box,
        text: str,
        largest: float,
        smallest: float = 2.0,
        *,
        bold: bool = False,
        align: str = "left",
        middle: bool = True,
        white: bool = False,
    ) -> int:
        """Draw a text as large as fits (millimetres of em); returns the dots of height used."""
        text = fonts.printable(text)
        if not text:
            return 0
        size, lines = fonts.fit(text, (box.w, box.h), self.mm(largest), self.mm(smallest))
        pitch = round(size * fonts.LINE_PITCH)
        y = box.y + ((box.h - pitch * len(lines)) // 2 if middle else 0)
        for row, line in enumerate(lines):
            spare = max(0, box.w - fonts.width(line, size))
            x = box.x + {"left": 0, "center": spare // 2, "right": spare}[align]
            base = y + row * pitch + round(size * fonts.BASELINE)
            self._draw.text(
                (x, base),
                line,
                font=fonts.face(size),
                fill=PAPER if white else INK,
                stroke_width=size / 45 if bold and size >= LEAST_BOLD else 0,
                anchor="ls",
            )
        return pitch * len(lines)

    def row(
        self,
        box: Box,
        text: str,
        largest: float,
        smallest: float = 2.4,
        *,
        bold: bool = False,
        align: str = "left",
    ) -> None:
        """One line, made smaller and then cut rather than wrapped; a count at its end is kept."""
        text = fonts.printable(text)
        size, least = min(self.mm(largest), box.h), self.mm(smallest)
        while size > least and fonts.width(text, size) > box.w:
            size -= 1
        exact = size / self.dots_per_mm
        self.text(box, fonts.cut(text, size, box.w), exact, exact, bold=bold, align=align)

    def badge(self, box: Box, text: str, largest: float) -> None:
        """White words on black."""
        self.fill(box)
        pad = self.mm(0.6)
        self.text(box.inset(pad, 0), text, largest, 1.6, bold=True, align="center", white=True)

    # --- codes ---

    def code128(self, box: Box, text: str, widest: float = 0.55) -> bool:
        """A Code 128 centred in the box with its quiet zones; False when it cannot be drawn."""
        bars = code128_modules(text)
        if not bars:
            return False
        dots = min(box.w // (len(bars) + 2 * QUIET_CODE128), self.mm(widest))
        if dots < LEAST_DOTS * self.dots_per_mm // 8:
            return False
        self._modules(_picture(bars, len(bars)), Box(box.x, box.y, box.w, box.h), dots, box.h)
        return True

    def qr(self, box: Box, text: str, widest: float = 1.2) -> bool:
        """A QR code in the middle of the box with its quiet zone; False when it cannot be drawn."""
        side, dark = qr_modules(text)
        if not side:
            return False
        dots = min(min(box.w, box.h) // (side + 2 * QUIET_QR), self.mm(widest))
        if dots < LEAST_DOTS * self.dots_per_mm // 8:
            return False
        self._modules(_picture(dark, side), box, dots, side * dots)
        return True

    def _modules(self, picture: "Image", box: Box, dots: int, height: int) -> None:
        from PIL import Image

        grown = picture.resize((picture.width * dots, height), Image.Resampling.NEAREST)
        at = (box.x + (box.w - grown.width) // 2, box.y + (box.h - height) // 2)
        self._image.paste(grown, at)


def _picture(modules: bytes, across: int) -> "Image":
    """Modules (1 is black) as a picture of one dot each."""
    from PIL import Image

    grey = bytes(INK if module else PAPER for module in modules)
    return Image.frombytes("L", (across, len(modules) // across), grey)


@lru_cache(maxsize=64)
def code128_modules(text: str) -> bytes:
    """The bars of a Code 128, one byte a module; empty when the text is not plain ASCII."""
    from barcode.codex import Code128

    if not text or not text.isascii() or not text.isprintable():
        return b""
    return bytes(int(module) for module in Code128(text).build()[0])


@lru_cache(maxsize=64)
def qr_modules(text: str) -> tuple[int, bytes]:
    """Side and modules of a QR code without quiet zone; (0, b"") when the text is too long."""
    import segno

    try:
        code = segno.make(text or " ", error="m", micro=False, boost_error=False)
    except (segno.DataOverflowError, UnicodeError):
        return 0, b""
    return len(code.matrix), b"".join(bytes(row) for row in code.matrix)
