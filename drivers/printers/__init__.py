"""Paper: draws labels, slips and sheets as dots and carries them to a printer.

It decides what stands where on paper and whether a job may be sent; it never decides whether
something may be printed, never numbers a parcel and never retries: a job that failed goes back
to its caller with the reason and whether bytes may have reached the printer.
"""

from drivers.printers.label import draw_label
from drivers.printers.printer import LabelPrinter
from drivers.printers.raster import Raster
from drivers.printers.sheet import command_sheet_pdf, draw_sheet
from drivers.printers.slip import draw_slip, slip_pdf

__all__ = [
    "LabelPrinter",
    "Raster",
    "command_sheet_pdf",
    "draw_label",
    "draw_sheet",
    "draw_slip",
    "slip_pdf",
]
