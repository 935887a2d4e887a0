"""TSPL (Gprinter, TSC, HPRT, Xprinter): a raster as one job, and the one-byte status.

Source: TSC TSPL/TSPL2 Programming Manual, BITMAP and ``<ESC>!?``; here 0 is a black dot.
"""

from core.messages import message
from core.ports import PrinterAnswer, PrinterStatus
from drivers.printers.raster import Raster

ASK = b"\x1b!?"
GAP_MM = 2
PRINTING = 0x20
FAULTS = (
    (0x01, "printer.head_open"),
    (0x04, "printer.paper_out"),
    (0x08, "printer.ribbon_out"),
    (0x02, "printer.jam"),
    (0x10, "printer.paused"),
    (0x40, "printer.cover_open"),
    (0x80, "printer.other_fault"),
)
"""Status bits, the one a person must cure first at the top."""


def job(raster: Raster, size_mm: tuple[int, int]) -> bytes:
    """One label on die-cut stock with the usual gap."""
    head = (
        f"SIZE {size_mm[0]} mm,{size_mm[1]} mm\r\nGAP {GAP_MM} mm,0 mm\r\nDIRECTION 1\r\n"
        f"REFERENCE 0,0\r\nCLS\r\nBITMAP 0,0,{raster.row_bytes},{raster.height},0,"
    )
    return head.encode("ascii") + raster.inverted() + b"\r\nPRINT 1,1\r\n"


def complete(answer: bytes) -> bool:
    """Whether the status byte has come."""
    return bool(answer)


def status(answer: bytes, name: str) -> PrinterStatus:
    """What the status byte says."""
    if not answer:
        return PrinterStatus(PrinterAnswer.NO_ANSWER, message("printer.silent", printer=name))
    bits = answer[-1]
    for bit, id_ in FAULTS:
        if bits & bit:
            return PrinterStatus(PrinterAnswer.FAULT, message(id_, printer=name))
    return PrinterStatus(PrinterAnswer.BUSY if bits & PRINTING else PrinterAnswer.READY)
