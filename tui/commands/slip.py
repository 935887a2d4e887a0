"""``packline slip NUMBER``: the execution slip on the screen, as a picture or as a page."""

import argparse
import io
from pathlib import Path

from core.clock import SystemClock, local
from core.config import Config
from core.messages import message
from core.orders.slip import slip
from core.ports import SlipFacts
from tui.commands.lines import Page
from tui.commands.shared import add_json, print_json, reading, save, the_order
from tui.words import language, say, word


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", metavar="NUMBER", help=say("cli.where.number"))
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--text", action="store_true", help=say("cli.slip.text"))
    how.add_argument("--png", type=Path, metavar="FILE", help=say("cli.slip.png"))
    how.add_argument("--pdf", type=Path, metavar="FILE", help=say("cli.slip.pdf"))
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show or save the slip. Raises Problem when a mandatory field is absent."""
    with reading(arguments) as (config, read):
        order_id = the_order(read, arguments.number)
        row = read.one("SELECT slip_copies FROM orders WHERE id = ?", order_id)
        copy = row["slip_copies"] + 1 if row else 1
        facts = slip(read, order_id, issued_at=SystemClock().now(), copy=copy)
    if arguments.png:
        print_files(save_png(facts, arguments.png, config))
    elif arguments.pdf:
        from drivers.printers.slip import slip_pdf

        slip_pdf(facts, arguments.pdf, lang=language(), zone=config.zone)
        print_files([arguments.pdf])
    elif arguments.json:
        print_json(as_json(facts))
    else:
        print(as_text(facts, config))
    return 0


def print_files(files: list[Path]) -> None:
    """Which files were written."""
    for file in files:
        print(say(message("slip.saved", file=str(file))))


def save_png(facts: SlipFacts, path: Path, config: Config) -> list[Path]:
    """One picture a page; the second page of ``slip.png`` is ``slip-2.png``."""
    from drivers.printers.slip import draw_slip

    pages = draw_slip(facts, lang=language(), zone=config.zone)
    files = [path, *(path.with_stem(f"{path.stem}-{n}") for n in range(2, len(pages) + 1))]
    for page, file in zip(pages, files, strict=True):
        picture = io.BytesIO()
        page.image().save(picture, "PNG")
        save(file, picture.getvalue())
    return files


def as_json(facts: SlipFacts) -> dict[str, object]:
    """The slip for another program."""
    from dataclasses import asdict

    return asdict(facts)


def as_text(facts: SlipFacts, config: Config) -> str:
    """The slip in 80 columns, its QR code as blocks."""
    page = Page()
    due = "-" if facts.ship_by is None else f"{local(facts.ship_by, config.zone):%m-%d %H:%M}"
    page.head(f"{say('slip.title')}  {facts.number}", word("tier", facts.tier))
    page.field(say("slip.ship_by"), due)
    page.field(say("slip.shop"), f"{facts.shop}  {' '.join(facts.platform_numbers)}")
    page.field(say("slip.warehouse"), facts.warehouse or "-")
    who = facts.receiver
    place = " ".join(filter(None, (who.province, who.city, who.district, who.address)))
    page.field(say("slip.receiver"), f"{who.name} {who.phone}  {place}")
    page.field(say("slip.note"), facts.buyer_note or say("slip.no_note"))
    if facts.seller_note:
        page.field(say("slip.seller_note"), facts.seller_note)
    page.rule()
    for line in facts.lines:
        gift = f"  [{say('slip.gift')}]" if line.gift else ""
        page.line(f"×{line.quantity:<4}{line.bin or '-':10}  {line.sku}  {line.spec}{gift}")
        page.line(line.title, indent=5)
    page.rule()
    units = sum(line.quantity for line in facts.lines)
    page.line(say(message("slip.total", kinds=len(facts.lines), units=units)))
    return page.text() + "\n" + qr(facts.qr or facts.number)


def qr(text: str) -> str:
    """A QR code in half blocks: light modules are drawn, dark ones are the terminal's own."""
    import sys

    import segno

    code = segno.make(text, error="m", micro=False)
    rows = [list(row) for row in code.matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    blocks = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    lines = [
        "".join(blocks[bool(upper), bool(lower)] for upper, lower in zip(above, below, strict=True))
        for above, below in zip(rows[::2], rows[1::2], strict=True)
    ]
    if sys.stdout.isatty():  # white on black whatever the terminal's colours are
        lines = [f"\x1b[97;40m{line}\x1b[0m" for line in lines]
    return "\n".join(lines)
