"""Sheets of command codes, badges and bin labels for the office printer."""

from collections.abc import Sequence
from pathlib import Path

from core.errors import Problem
from drivers.printers.canvas import Box, Canvas
from drivers.printers.raster import Raster
from drivers.printers.slip import save_pdf

A4_MM = (210, 297)
MARGIN_MM = 12
_DOTS = 12


def command_sheet_pdf(
    title: str,
    items: Sequence[tuple[str, str]],
    path: Path,
    columns: int = 2,
    rows: int = 6,
    *,
    squares: bool = False,
) -> None:
    """A4 pages of cards, each a Code 128 with its words: commands, badges, bins.

    ``items`` are (code, words). Raises Problem when a code cannot be drawn or the file cannot be
    written; a sheet with a card that does not scan is not printed. With
    ``squares`` what a bar code cannot hold becomes a QR code.
    """
    save_pdf(draw_sheet(title, items, columns, rows, squares=squares), path, _DOTS)


def draw_sheet(
    title: str,
    items: Sequence[tuple[str, str]],
    columns: int = 2,
    rows: int = 6,
    *,
    squares: bool = False,
) -> tuple[Raster, ...]:
    """The sheet's pages as dots. Raises Problem for a code that cannot be drawn."""
    held = columns * rows
    pages = [items[at : at + held] for at in range(0, len(items), held)] or [()]
    return tuple(
        _page(
            f"{title}  {n}/{len(pages)}" if len(pages) > 1 else title, cards, columns, rows, squares
        )
        for n, cards in enumerate(pages, 1)
    )


def _page(
    title: str, cards: Sequence[tuple[str, str]], columns: int, rows: int, squares: bool
) -> Raster:
    paper = Canvas(A4_MM, _DOTS)
    head, body = paper.page.inset(paper.mm(MARGIN_MM)).top(paper.mm(14))
    paper.text(head, title, 8, 3, bold=True)
    wide, high = body.w // columns, body.h // rows
    for place, (code, text) in enumerate(cards):
        row, column = divmod(place, columns)
        _card(
            paper, Box(body.x + column * wide, body.y + row * high, wide, high), code, text, squares
        )
    return paper.raster()


def _card(paper: Canvas, box: Box, code: str, text: str, squares: bool) -> None:
    """A card to cut out: words large on top, the code, its characters below."""
    paper.frame(box, 0.1)
    upper, middle, lower = box.inset(paper.mm(2)).rows((30, 52, 18))
    paper.text(upper, text, 8, 3, bold=True, align="center")
    square = squares and not (code.isprintable() and code.isascii())
    if not (paper.qr(middle, code) if square else paper.code128(middle, code, 0.6)):
        raise Problem("printer.code_not_drawable", code=code)
    paper.text(lower, code.replace("\x1d", " "), 5, 2.5, align="center")
