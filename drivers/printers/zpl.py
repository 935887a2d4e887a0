"""ZPL II (Zebra and compatibles): a raster as one job, and the host status (``~HS``).

Source: Zebra ZPL II Programming Guide, commands ^GF, ^FX, ~HS and the ASCII hex compression.
"""

import re

from core.messages import Message, message
from core.ports import PrinterAnswer, PrinterStatus
from drivers.printers.raster import Raster

ASK = b"~HS"
_RUN = re.compile(r"(.)\1+")
_TWENTIES = "ghijklmnopqrstuvwxyz"
_SAFE = re.compile(r"[^A-Za-z0-9 ._=/-]")


def job(raster: Raster, remark: str = "") -> bytes:
    """One label: everything between ``^XA`` and ``^XZ``, the picture compressed.

    ``remark`` goes into a ``^FX`` comment that the printer ignores and a log reader can use.
    """
    size = len(raster.data)
    comment = f"^FX {_SAFE.sub('', remark)}^FS" if remark else ""
    return (
        f"^XA{comment}^PW{raster.width}^LL{raster.height}^LH0,0^FO0,0"
        f"^GFA,{size},{size},{raster.row_bytes},{compressed(raster)}^FS^PQ1^XZ"
    ).encode("ascii")


def compressed(raster: Raster) -> str:
    """The rows as hex with run lengths: ``,`` fills with 0, ``!`` with F, ``:`` repeats a row."""
    out: list[str] = []
    last = b""
    for row in raster.rows():
        out.append(":" if row == last else _row(row.hex().upper()))
        last = row
    return "".join(out)


def _row(digits: str) -> str:
    for fill, mark in (("0", ","), ("F", "!")):
        if digits.endswith(fill * 2):
            return _RUN.sub(_run, digits.rstrip(fill)) + mark
    return _RUN.sub(_run, digits)


def _run(match: re.Match[str]) -> str:
    """A repeated digit as count letters and the digit: ``G``..``Y`` 1-19, ``g``..``z`` 20-400."""
    left, digit = len(match.group()), match.group(1)
    if left == 2:
        return digit * 2
    full, left = divmod(left, 400)
    letters = "z" * full
    if left >= 20:
        letters += _TWENTIES[left // 20 - 1]
    if left % 20:
        letters += chr(ord("G") + left % 20 - 1)
    return letters + digit


def complete(answer: bytes) -> bool:
    """Whether all three lines of a ``~HS`` answer have come."""
    return answer.count(b"\x03") >= 3


def status(answer: bytes, name: str) -> PrinterStatus:
    """What a ``~HS`` answer says; an answer that is none counts as no answer."""
    lines = [part.split(b"\x02")[-1].split(b",") for part in answer.split(b"\x03")[:2]]
    if len(lines) < 2 or len(lines[0]) < 12 or len(lines[1]) < 9:
        return PrinterStatus(PrinterAnswer.NO_ANSWER, message("printer.garbled", printer=name))
    host, engine = ([field.strip() for field in line] for line in lines)
    fault = _fault(host, engine, name)
    if fault:
        return PrinterStatus(PrinterAnswer.FAULT, fault)
    waiting = engine[8].lstrip(b"0") or host[4].lstrip(b"0")
    busy = host[5] == b"1" or waiting.isdigit()
    return PrinterStatus(PrinterAnswer.BUSY if busy else PrinterAnswer.READY)


def _fault(host: list[bytes], engine: list[bytes], name: str) -> Message | None:
    """The first fault a person can cure; an open head hides what is behind it."""
    for said, id_ in (
        (engine[2], "printer.head_open"),
        (host[1], "printer.paper_out"),
        (engine[3], "printer.ribbon_out"),
        (host[2], "printer.paused"),
        (host[11], "printer.too_hot"),
        (host[10], "printer.too_cold"),
    ):
        if said == b"1":
            return message(id_, printer=name)
    return None
