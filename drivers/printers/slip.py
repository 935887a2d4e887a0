"""Draws the execution slip: all a picker and packer need, options before titles."""

from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path

from core.clock import SHANGHAI, local
from core.errors import Problem
from core.ports import SlipFacts, SlipLine
from drivers.printers.canvas import Box, Canvas
from drivers.printers.raster import Raster
from drivers.printers.words import URGENT, tier_name, words

MARGIN_MM = 1.5
ROW_MM = 15
"""Height of one order line: options and SKU in letters that are read at arm's length."""
TALL_MM = 120
"""Paper longer than this has room for a roomier header."""
FIRST_MM = {True: 78, False: 66}
"""Height of header, receiver, notes and foot on a tall and on a short first page."""
LATER_MM = 18
"""Height of number, tier and foot on the second and later pages."""
PAPERS = {"A4": (210, 297), "A5": (148, 210)}
SOON_MS = 2 * 3600 * 1000
"""An order to be shipped within this time of issue carries the urgent marker."""
_PDF_DOTS = 12


def draw_slip(
    slip: SlipFacts,
    dots_per_mm: int = 8,
    size_mm: tuple[int, int] = (100, 150),
    lang: str = "zh_CN",
    zone: tzinfo = SHANGHAI,
) -> tuple[Raster, ...]:
    """The slip's pages; a line that does not fit goes to the next page, none is left out."""
    scale = max(1.0, min(size_mm) / 110)
    tall = size_mm[1] > TALL_MM
    pages = _paged(slip.lines, size_mm, scale)
    drawn = []
    for n, lines in enumerate(pages, 1):
        paper = Canvas(size_mm, dots_per_mm)
        page = _Page(slip, paper, tall=tall, scale=scale, lang=lang, zone=zone)
        drawn.append(page.drawn(lines, n, len(pages)))
    return tuple(drawn)


def slip_pdf(
    slip: SlipFacts, path: Path, paper: str = "A5", lang: str = "zh_CN", zone: tzinfo = SHANGHAI
) -> None:
    """The slip as a PDF for an office printer. Raises Problem when it cannot be written."""
    save_pdf(draw_slip(slip, _PDF_DOTS, PAPERS[paper], lang, zone), path, _PDF_DOTS)


def save_pdf(pages: tuple[Raster, ...], path: Path, dots_per_mm: int) -> None:
    """Rasters as the pages of one PDF. Raises Problem when it cannot be written."""
    images = [page.image() for page in pages]
    try:
        images[0].save(
            path,
            "PDF",
            save_all=True,
            append_images=images[1:],
            resolution=dots_per_mm * 25.4,
        )
    except OSError as error:
        raise Problem("printer.pdf_not_written", path=str(path), why=str(error)) from error


def is_urgent(slip: SlipFacts) -> bool:
    """Whether the slip carries the urgent marker: by its tier, or by the little time left."""
    hurried = slip.ship_by is not None and slip.issued_at > 0
    return slip.tier in URGENT or (hurried and (slip.ship_by or 0) - slip.issued_at <= SOON_MS)


def _paged(
    lines: tuple[SlipLine, ...], size_mm: tuple[int, int], scale: float
) -> list[tuple[SlipLine, ...]]:
    """Lines per page: the first page also carries the header and the notes."""
    usable = size_mm[1] - 2 * MARGIN_MM
    header = FIRST_MM[size_mm[1] > TALL_MM]
    first = max(1, int((usable - header * scale) / (ROW_MM * scale)))
    later = max(1, int((usable - LATER_MM * scale) / (ROW_MM * scale)))
    pages = [lines[:first]]
    pages += [lines[at : at + later] for at in range(first, len(lines), later)]
    return pages


class _Page:
    """One page in the making."""

    def __init__(
        self, slip: SlipFacts, paper: Canvas, *, tall: bool, scale: float, lang: str, zone: tzinfo
    ) -> None:
        self.slip, self.paper, self.tall, self.scale = slip, paper, tall, scale
        self.lang, self.zone = lang, zone
        self.say: Mapping[str, str] = words(lang)

    def mm(self, millimetres: float) -> int:
        """Dots, on larger paper proportionally more."""
        return self.paper.mm(millimetres * self.scale)

    def drawn(self, lines: tuple[SlipLine, ...], page: int, of: int) -> Raster:
        """The finished page."""
        inside = self.paper.page.inset(self.paper.mm(MARGIN_MM))
        foot, body = inside.bottom(self.mm(6))
        if page == 1:
            head, body = body.top(self.mm(FIRST_MM[self.tall] - 6))
            self._head(head)
        else:
            head, body = body.top(self.mm(LATER_MM - 6))
            self._short_head(head)
        self.paper.rule(head, 0.4)
        self._rows(body, lines)
        self._foot(foot, page, of)
        self.paper.frame(inside, 0.4)
        return self.paper.raster()

    # --- header ---

    def _head(self, box: Box) -> None:
        """Title and tier, number and QR, who and where from, receiver, the notes."""
        tall = self.tall
        title, rest = box.top(self.mm(11))
        self._title(title)
        middle, rest = rest.top(self.mm(28 if tall else 24))
        self._facts(middle)
        receiver, notes = rest.top(self.mm(11 if tall else 8))
        self._receiver(receiver)
        self._notes(notes)
        for band in (title, middle, receiver):
            self.paper.rule(band, 0.25)

    def _title(self, box: Box) -> None:
        """The tier white on black, in the place where the eye looks first; urgent beside it."""
        tier, rest = box.right(box.w * 36 // 100)
        self.paper.badge(tier, tier_name(self.slip.tier, self.lang) or "—", 8.5 * self.scale)
        if is_urgent(self.slip):
            urgent, rest = rest.right(rest.w * 38 // 100)
            mark = f"★{self.say['urgent']}"
            self.paper.row(urgent.inset(self.mm(0.8)), mark, 8 * self.scale, bold=True)
        title = self.say["slip"]
        self.paper.row(rest.inset(self.mm(1.5), 0), title, 6 * self.scale, bold=True)

    def _facts(self, box: Box) -> None:
        code, rest = box.right(box.h)
        square, widest = code.inset(self.mm(0.3)), 1.2 * self.scale
        if not (self.slip.qr and self.paper.qr(square, self.slip.qr, widest)):
            self.paper.qr(square, self.slip.number, widest)
        number, due, shop, platform = rest.inset(self.mm(1.5), self.mm(0.6)).rows((34, 24, 20, 24))
        self.paper.text(number, self.slip.number, 8 * self.scale, 3, bold=True)
        self.paper.text(due, self._due(), 5 * self.scale, 2.2, bold=True)
        where = f"{self.slip.shop}  ·  {self.say['warehouse']} {self.slip.warehouse}"
        self.paper.text(shop, where, 3.4 * self.scale, 2.0)
        numbers = f"{self.say['platform_numbers']} {' '.join(self.slip.platform_numbers)}"
        self.paper.text(platform, numbers, 3.0 * self.scale, 1.8)

    def _due(self) -> str:
        if self.slip.ship_by is None:
            return self.say["no_ship_by"]
        return self.say["ship_by"].format(time=f"{local(self.slip.ship_by, self.zone):%m-%d %H:%M}")

    def _receiver(self, box: Box) -> None:
        who = self.slip.receiver
        place = "".join((who.province, who.city, who.district, who.address))
        text = f"{self.say['receiver']}  {who.name} {who.phone}  {place}"
        self.paper.text(box.inset(self.mm(1.5), self.mm(0.4)), text, 3.6 * self.scale, 2.0)

    def _notes(self, box: Box) -> None:
        """The buyer's note, "none" in words when there is none; the seller's below it."""
        if self.slip.seller_note.strip():
            seller, box = box.bottom(box.h * 36 // 100)
            text = f"{self.say['seller_note']}: {self.slip.seller_note}"
            self.paper.text(seller.inset(self.mm(1.5), self.mm(0.3)), text, 3.6 * self.scale, 2.0)
        tag, rest = box.left(self.mm(20))
        note = self.slip.buyer_note.strip()
        if note:
            self.paper.badge(tag, self.say["note"], 4.2 * self.scale)
        else:
            self.paper.wall(tag, 0.25)
            self.paper.text(tag.inset(self.mm(1)), self.say["note"], 4 * self.scale, align="center")
        inner = rest.inset(self.mm(1.5), self.mm(0.4))
        self.paper.text(inner, note or self.say["none"], 6 * self.scale, 2.2, bold=True)

    def _short_head(self, box: Box) -> None:
        tier, rest = box.right(box.w * 30 // 100)
        self.paper.badge(tier, tier_name(self.slip.tier, self.lang) or "—", 6 * self.scale)
        self.paper.text(rest.inset(self.mm(1.5), 0), self.slip.number, 7 * self.scale, 3, bold=True)

    # --- lines ---

    def _rows(self, box: Box, lines: tuple[SlipLine, ...]) -> None:
        for line in lines:
            row, box = box.top(self.mm(ROW_MM))
            self._row(row, line)
            self.paper.rule(row, 0.2)

    def _row(self, box: Box, line: SlipLine) -> None:
        """Quantity, white on black when it is not one; SKU and bin; options; the title last."""
        count, rest = box.left(self.mm(17))
        self._count(count, line)
        sku, spec, title = rest.inset(self.mm(1.2), self.mm(0.4)).rows((34, 40, 26))
        place = f"{self.say['bin']} {line.bin}" if line.bin else ""
        if place:
            bin_, sku = sku.right(sku.w * 40 // 100)
            self.paper.text(bin_, place, 4.2 * self.scale, 2, bold=True, align="right")
        self.paper.text(sku, line.sku, 4.2 * self.scale, 2, bold=True)
        self.paper.text(spec, line.spec or "—", 5.2 * self.scale, 2.2, bold=True)
        name = f"{line.barcode}  {line.title}".strip()
        self.paper.row(title, name, 3.0 * self.scale, 2.4)

    def _count(self, box: Box, line: SlipLine) -> None:
        if line.gift:
            gift, box = box.bottom(box.h * 36 // 100)
            self.paper.text(
                gift.inset(self.mm(0.5)),
                self.say["gift"],
                4 * self.scale,
                bold=True,
                align="center",
            )
        text = f"×{line.quantity}"
        if line.quantity == 1:
            self.paper.text(box.inset(self.mm(1)), text, 8 * self.scale, align="center")
        else:
            self.paper.badge(box.inset(self.mm(0.8)), text, 9 * self.scale)

    def _foot(self, box: Box, page: int, of: int) -> None:
        slip, say = self.slip, self.say
        units = sum(line.quantity for line in slip.lines)
        total = say["total"].format(kinds=len(slip.lines), units=units)
        issued = f"{local(slip.issued_at, self.zone):%m-%d %H:%M}" if slip.issued_at else "—"
        right = f"{say['page'].format(n=page, of=of)}  {say['issued'].format(time=issued)}"
        if slip.copy > 1:
            right = f"{say['reprint'].format(n=slip.copy)}  {right}"
        left, rest = box.inset(self.mm(1.5), 0).left(box.w * 36 // 100)
        self.paper.text(left, total, 3.6 * self.scale, 2, bold=True)
        self.paper.text(rest, right, 3.4 * self.scale, 2, align="right")
