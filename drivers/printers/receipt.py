"""The execution slip for a roll of paper: one column, as long as it has to be.

The slip is first a list of pieces; they are drawn as dots here, or spoken as characters in a
printer's own font by ``escpos``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from core.clock import SHANGHAI, local
from core.ports import SlipFacts, SlipLine
from drivers.printers import fonts
from drivers.printers.canvas import Box, Canvas
from drivers.printers.raster import Raster
from drivers.printers.slip import is_urgent
from drivers.printers.words import tier_name, words

PRINTABLE_MM = {58: 48, 80: 72}
"""Width of the paper -> width of the print head, 8 dots a millimetre."""
COLUMNS = {58: 32, 80: 48}
"""Width of the paper -> half-width characters of the printer's own 12-dot font."""
DOTS = 8
EM_MM = {1: 3.2, 2: 4.6, 3: 7.0}
"""Size of a piece -> height of its letters."""
SMALLEST = 20
"""Dots of the smallest letters."""
CODE_MM = 24


@dataclass(frozen=True, slots=True)
class Piece:
    """One paragraph of a slip, a rule (no text), or a QR code."""

    text: str = ""
    size: int = 1
    bold: bool = False
    centred: bool = False
    inverse: bool = False
    """White on black: what must not be missed."""
    code: bool = False
    """The text is to be scanned, not read."""


RULE = Piece()


def pieces(slip: SlipFacts, lang: str = "zh_CN", zone: tzinfo = SHANGHAI) -> Iterator[Piece]:
    """Everything the slip says, from the top."""
    say = words(lang)
    tier, urgent = tier_name(slip.tier, lang) or "—", is_urgent(slip)
    mark = f"★{say['urgent']}  " if urgent and tier != say["urgent"] else "★" * urgent
    yield Piece(f"{mark}{tier}", 3, bold=True, centred=True, inverse=urgent)
    yield Piece(say["slip"], 1, centred=True)
    yield Piece(slip.number, 3, bold=True, centred=True)
    yield Piece(slip.qr or slip.number, code=True)
    due = say["no_ship_by"]
    if slip.ship_by is not None:
        due = say["ship_by"].format(time=f"{local(slip.ship_by, zone):%m-%d %H:%M}")
    yield Piece(due, 2, bold=True)
    yield Piece(f"{say['shop']} {slip.shop}")
    yield Piece(f"{say['platform_numbers']} {' '.join(slip.platform_numbers)}")
    yield Piece(f"{say['warehouse']} {slip.warehouse or '—'}")
    who = slip.receiver
    place = " ".join(filter(None, (who.province, who.city, who.district, who.address)))
    yield Piece(f"{say['receiver']} {who.name} {who.phone}")
    yield Piece(place)
    yield Piece(f"{say['note']}：{slip.buyer_note or say['none']}", 2, bold=bool(slip.buyer_note))
    if slip.seller_note:
        yield Piece(f"{say['seller_note']}：{slip.seller_note}", 2)
    for line in slip.lines:
        yield RULE
        yield from _line(line, say["gift"], say["bin"])
    yield RULE
    units = sum(line.quantity for line in slip.lines)
    yield Piece(say["total"].format(kinds=len(slip.lines), units=units), 2, bold=True)
    issued = f"{local(slip.issued_at, zone):%m-%d %H:%M}" if slip.issued_at else "—"
    reprint = f"{say['reprint'].format(n=slip.copy)}  " if slip.copy > 1 else ""
    yield Piece(reprint + say["issued"].format(time=issued))


def _line(line: SlipLine, gift: str, bin_: str) -> Iterator[Piece]:
    """Quantity and SKU first, the title last."""
    free = f"  [{gift}]" if line.gift else ""
    several = line.quantity != 1
    yield Piece(f"×{line.quantity}{free}", 3 if several else 2, bold=True, inverse=several)
    if line.bin:
        yield Piece(f"{bin_} {line.bin}", 2, bold=True)
    yield Piece(line.sku, 2, bold=True)
    yield Piece(line.spec or "—", 2)
    yield Piece(f"{line.barcode}  {line.title}".strip())


def draw_receipt(
    slip: SlipFacts, paper_mm: int = 80, lang: str = "zh_CN", zone: tzinfo = SHANGHAI
) -> Raster:
    """The slip as dots, as wide as the print head of that paper."""
    wide = PRINTABLE_MM[paper_mm] * DOTS
    laid = [_Laid(piece, wide) for piece in pieces(slip, lang, zone)]
    height = sum(each.height for each in laid)
    paper = Canvas((PRINTABLE_MM[paper_mm], -(-height // DOTS)), DOTS)
    y = 0
    for each in laid:
        each.draw(paper, Box(0, y, wide, each.height))
        y += each.height
    return paper.raster()


class _Laid:
    """A piece broken into the lines it needs."""

    def __init__(self, piece: Piece, wide: int) -> None:
        self.piece = piece
        text = fonts.printable(piece.text)
        room = wide - 2 * DOTS
        self.size = round(EM_MM[piece.size] * DOTS)
        while piece.centred and self.size > SMALLEST and fonts.width(text, self.size) > room:
            self.size -= 1  # a number is made smaller rather than broken
        self.lines = [] if piece.code else fonts.wrap(text, self.size, room)
        self.pitch = round(self.size * 1.25)
        self.height = CODE_MM * DOTS if piece.code else max(DOTS, self.pitch * len(self.lines))

    def draw(self, paper: Canvas, box: Box) -> None:
        """Draw the lines, the rule or the code."""
        piece = self.piece
        if piece.code:
            paper.qr(box, piece.text) or paper.code128(box.inset(0, box.h // 5), piece.text)
            return
        if not self.lines:
            paper.rule(box, 0.3)
        if piece.inverse:
            paper.fill(box)
        for line in self.lines:
            row, box = box.top(self.pitch)
            paper.text(
                row.inset(DOTS, 0),
                line,
                self.size / DOTS,
                self.size / DOTS,
                bold=piece.bold,
                align="center" if piece.centred else "left",
                white=piece.inverse,
            )
