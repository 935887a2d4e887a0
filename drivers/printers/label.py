"""Draws one parcel label: what a courier sorts by, what a scanner reads, what a packer checks."""

from collections.abc import Mapping
from datetime import tzinfo

from core.clock import SHANGHAI, local
from core.ports import LabelFacts, Receiver, Sender
from drivers.printers.canvas import Box, Canvas
from drivers.printers.raster import Raster
from drivers.printers.words import carrier_name, words

TALL = (11, 19, 25, 30, 13, 42, 8)
"""Relative heights of head, routing mark, bars, receiver, sender, goods and foot."""
SQUARE = (10, 14, 21, 22, 10, 25, 7)
MARGIN_MM = 1.5


def draw_label(
    label: LabelFacts,
    dots_per_mm: int = 8,
    size_mm: tuple[int, int] = (100, 150),
    lang: str = "zh_CN",
    zone: tzinfo = SHANGHAI,
) -> Raster:
    """The label as dots: 8 a millimetre for 203 dpi, 12 for 300 dpi. Never raises on odd text."""
    paper = Canvas(size_mm, dots_per_mm)
    say = words(lang)
    inside = paper.page.inset(paper.mm(MARGIN_MM))
    bands = inside.rows(TALL if size_mm[1] > size_mm[0] * 1.3 else SQUARE)
    head, mark, bars, receiver, sender, goods, foot = bands
    _head(paper, head, label, lang)
    paper.text(_padded(paper, mark), label.routing_mark, 18, 4, bold=True, align="center")
    _bars(paper, bars, label.waybill, say)
    _party(paper, receiver, say["to"], _who(label.receiver), _where(label.receiver), big=True)
    _party(paper, sender, say["from"], _who(label.sender), _where(label.sender), big=False)
    _goods(paper, goods, label, say)
    _foot(paper, foot, label, say, zone)
    for band in bands[:-1]:
        paper.rule(band, 0.25)
    paper.frame(inside, 0.4)
    return paper.raster()


def _padded(paper: Canvas, box: Box, across: float = 1.5) -> Box:
    return box.inset(paper.mm(across), paper.mm(0.5))


def _head(paper: Canvas, box: Box, label: LabelFacts, lang: str) -> None:
    """Carrier on the left; on a reprint a black mark with the copy's number on the right."""
    if label.copy > 1:
        flag, box = box.right(box.w * 2 // 5)
        paper.badge(flag, words(lang)["reprint"].format(n=label.copy), 6)
    name = carrier_name(label.carrier, lang)
    paper.text(_padded(paper, box), name, 8, 3, bold=True)


def _bars(paper: Canvas, box: Box, waybill: str, say: Mapping[str, str]) -> None:
    """The waybill's Code 128 over the number in digits that a person can type."""
    number, code = box.bottom(box.h * 28 // 100)
    if not paper.code128(code.inset(1, paper.mm(1.2)), waybill):
        paper.text(_padded(paper, code), say["no_code"], 5, 2.5, align="center")
    paper.text(_padded(paper, number), _spaced(waybill), 6.5, 2, bold=True, align="center")


def _spaced(number: str) -> str:
    """A long number in groups of four from the right, easier to read aloud; others as they are."""
    if not number.isalnum() or not 8 < len(number) < 25:
        return number
    first = len(number) % 4
    groups = [number[:first], *(number[at : at + 4] for at in range(first, len(number), 4))]
    return " ".join(group for group in groups if group)


def _who(party: Receiver | Sender) -> str:
    return f"{party.name}  {party.phone}".strip()


def _where(party: Receiver | Sender) -> str:
    parts = (party.province, party.city, party.district, party.address)
    seen: list[str] = []
    for part in parts:
        if part and (not seen or part != seen[-1]):
            seen.append(part)
    return "".join(seen)


def _party(paper: Canvas, box: Box, word: str, who: str, where: str, *, big: bool) -> None:
    """Receiver or sender: a black tag, name and phone, then the address as large as it fits."""
    tag, rest = box.left(paper.mm(9 if big else 7))
    side = min(tag.w, tag.h) - 2 * paper.mm(0.8)
    square = Box(tag.x + (tag.w - side) // 2, tag.y + (tag.h - side) // 2, side, side)
    paper.badge(square, word, 6 if big else 4.5)
    upper, lower = _padded(paper, rest, 1).top(rest.h * (36 if big else 42) // 100)
    paper.text(upper, who, 7.5 if big else 3.6, 2.2, bold=big)
    paper.text(lower, where, 5.6 if big else 3.2, 2.0, bold=big, middle=False)


def _goods(paper: Canvas, box: Box, label: LabelFacts, say: Mapping[str, str]) -> None:
    """QR of the internal number on the left, goods and the buyer's note on the right."""
    corner, rest = box.left(min(box.h, box.w * 3 // 10))
    paper.wall(corner, 0.25)
    number, code = corner.bottom(paper.mm(5))
    if label.number:
        paper.qr(code, label.number)
    paper.text(_padded(paper, number, 0.8), label.number, 3.4, 1.6, bold=True, align="center")
    if label.note.strip():
        note, rest = rest.bottom(rest.h * 38 // 100)
        tag, text = note.left(paper.mm(8))
        paper.badge(tag, say["note_short"], 3.2)
        paper.text(_padded(paper, text, 1), label.note, 4.2, 2.2, bold=True)
    _lines(paper, _padded(paper, rest, 1), label.goods, say)


def _lines(paper: Canvas, box: Box, goods: tuple[str, ...], say: Mapping[str, str]) -> None:
    """One line of print per order line; what has no room is counted, never dropped silently."""
    held = max(1, box.h // paper.mm(2.9))
    shown = list(goods)
    if len(goods) > held:
        shown = [*goods[: held - 1], say["more"].format(n=len(goods) - held + 1)]
    if not shown:
        return
    pitch = min(box.h // len(shown), paper.mm(6 if len(shown) < 4 else 4.6))
    top = box.y
    for line in shown:
        paper.row(Box(box.x, top, box.w, pitch), line, min(3.9, pitch / paper.dots_per_mm * 0.82))
        top += pitch


def _foot(paper: Canvas, box: Box, label: LabelFacts, say: Mapping[str, str], zone: tzinfo) -> None:
    """Internal number, pieces, weight and the time of printing."""
    cells = _columns(box.inset(paper.mm(1), 0), (33, 14, 20, 33))
    time = f"{local(label.printed_at, zone):%m-%d %H:%M}" if label.printed_at else "—"
    texts = (
        label.number,
        say["pieces"].format(n=label.pieces),
        say["weight"].format(kg=kilograms(label.weight_g)),
        say["printed"].format(time=time),
    )
    for cell, text, align in zip(cells, texts, ("left", "center", "center", "right"), strict=True):
        paper.row(cell.inset(paper.mm(0.4), 0), text, 3.8, 1.8, bold=align == "left", align=align)


def _columns(box: Box, shares: tuple[int, ...]) -> list[Box]:
    cells = []
    for index, share in enumerate(shares):
        cell, box = box.left(box.w * share // sum(shares[index:]))
        cells.append(cell)
    return cells


def kilograms(grams: int) -> str:
    """Grams as kilograms with three places; a dash when the parcel was not weighed."""
    return f"{grams // 1000}.{grams % 1000:03d}" if grams > 0 else "—"
