"""ESC/POS slip printers (58 and 80 mm rolls): slips as dots or as characters, and the status.

Source: Epson ESC/POS application programming guide, ``DLE EOT n`` (real-time status), ``GS v 0``
(raster), ``GS ( k`` (QR), ``FS &`` (Chinese characters, GB18030 in Chinese firmware). The commands
are written by python-escpos; only the status is read here, over the transport of the job.
"""

import os
import shutil
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import data
from core.messages import message
from core.ports import PrinterAnswer, PrinterStatus
from drivers.printers.raster import Raster
from drivers.printers.receipt import Piece

ASK = b"\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04"
"""Printer, cause of being offline, cause of an error, paper: one byte each."""
ANSWERS = 4
FIXED, FIXED_IS = 0x93, 0x12
"""Bits that are the same in every status byte; anything else is not an answer."""
RASTER_ROWS = 256
"""Rows of one raster command: cheap printers have 16 KB of memory."""
CHINESE_ON = b"\x1c&"
CAPABILITIES = Path(str(data.__file__)).parent / "printers" / "escpos.json"


@cache
def _speech() -> Any:
    """python-escpos' writer of commands, loaded on the first job.

    The library reads a table of printer models on import: ours is small, its own takes seconds
    of YAML on a slow bench. What it leaves in the temporary folder is taken away again.
    """
    os.environ.setdefault("ESCPOS_CAPABILITIES_FILE", str(CAPABILITIES))
    from escpos import capabilities
    from escpos.printer import Dummy

    if "ESCPOS_CAPABILITIES_PICKLE_DIR" not in os.environ:
        shutil.rmtree(capabilities.pickle_dir, ignore_errors=True)
    return Dummy


def job(raster: Raster) -> bytes:
    """One slip as dots, cut off behind it."""
    to = _speech()()
    to.hw("INIT")
    to.image(raster.image(), impl="bitImageRaster", fragment_height=RASTER_ROWS)
    to.cut()
    return bytes(to.output)


def text_job(pieces: Iterable[Piece], columns: int) -> bytes:
    """One slip in the printer's own characters, with its own QR code, cut off behind it."""
    to = _speech()()
    to.hw("INIT")
    to._raw(CHINESE_ON)
    for piece in pieces:
        if piece.code:
            to.set(align="center")
            to.qr(piece.text, native=True, size=6, ec=1)
            to._raw(b"\n")
            continue
        scale = 2 if piece.size == 3 else 1
        to.set(
            align="center" if piece.centred else "left",
            bold=piece.bold,
            invert=piece.inverse,
            custom_size=True,
            width=scale,
            height=2 if piece.size > 1 else 1,
        )
        for line in broken(piece.text or "-" * columns, columns // scale):
            to._raw(line.encode("gb18030", "replace") + b"\n")
    to.cut()
    return bytes(to.output)


def broken(text: str, columns: int) -> list[str]:
    """A text as lines of at most so many half-width characters; a hanzi takes two."""
    lines, used = [""], 0
    for mark in text:
        wide = 2 if unicodedata.east_asian_width(mark) in "WFA" else 1
        if used + wide > columns:
            lines.append("")
            used = 0
        lines[-1] += mark
        used += wide
    return lines


def complete(answer: bytes) -> bool:
    """Whether all four status bytes have come."""
    return len(answer) >= ANSWERS


def status(answer: bytes, name: str) -> PrinterStatus:
    """What the four bytes say, the cause a person must cure first at the top."""
    if len(answer) < ANSWERS or any(byte & FIXED != FIXED_IS for byte in answer[:ANSWERS]):
        return PrinterStatus(PrinterAnswer.NO_ANSWER, message("printer.garbled", printer=name))
    printer, offline, error, paper = answer[:ANSWERS]
    for said, bits, id_ in (
        (offline, 0x04, "printer.cover_open"),
        (paper, 0x60, "printer.paper_out"),
        (offline, 0x20, "printer.paper_out"),
        (error, 0x08, "printer.cutter"),
        (error, 0x40, "printer.too_hot"),
        (error, 0x24, "printer.other_fault"),
        (offline, 0x40, "printer.other_fault"),
    ):
        if said & bits:
            return PrinterStatus(PrinterAnswer.FAULT, message(id_, printer=name))
    if offline & 0x08:  # somebody holds its feed button
        return PrinterStatus(PrinterAnswer.BUSY)
    if printer & 0x08:  # it would keep a slip to itself until it is switched on line again
        return PrinterStatus(PrinterAnswer.FAULT, message("printer.offline", printer=name))
    return PrinterStatus(PrinterAnswer.READY)
