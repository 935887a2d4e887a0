"""A printer on a socket or a pseudo-terminal that speaks ZPL, TSPL or ESC/POS and breaks on demand.

It decodes every job back with its own decoder, answers ``~HS``, ``<ESC>!?`` and ``DLE EOT n``,
keeps what it printed, and misbehaves as told: paper out, head open, silence, slowness, a dropped
connection, no power.
"""

import contextlib
import os
import re
import select
import socket
import struct
import tempfile
import threading
import time
import tty
from dataclasses import dataclass, replace
from pathlib import Path

from drivers.printers.raster import Raster
from drivers.simulated import escpos

FAULTS = {
    "paper_out": (b"1", b"0", b"0", b"0", 0x04),
    "paused": (b"0", b"1", b"0", b"0", 0x10),
    "head_open": (b"0", b"0", b"1", b"0", 0x01),
    "ribbon_out": (b"0", b"0", b"0", b"1", 0x08),
    "offline": (b"0", b"1", b"0", b"0", 0x10),
    "": (b"0", b"0", b"0", b"0", 0x00),
}
"""``~HS`` fields b, c, o, p and the TSPL status bits of each physical fault."""
WIRE_FAULTS = ("silent", "slow", "drop", "stuck", "garbled")
"""silent: answers nothing; slow: reads and answers slowly; drop: hangs up in the middle of a
job; stuck: stops reading; garbled: answers nonsense."""
DROP_AFTER = 400
"""Bytes of a job that are taken before the connection is dropped."""
BUFFER = 16_384
"""Socket buffer: a printer has little memory, so that one that stops reading is noticed."""
_ZPL_JOB = re.compile(rb"\^XA(.*?)\^XZ", re.DOTALL)
_FIELD = re.compile(rb"\^GFA,(\d+),(\d+),(\d+),([^^~]*)")
_REMARK = re.compile(rb"\^FX ?([^^]*)\^FS")
_BITMAP = re.compile(rb"BITMAP 0,0,(\d+),(\d+),0,")
_ASKED = {
    "zpl": re.compile(re.escape(b"~HS")),
    "tspl": re.compile(re.escape(b"\x1b!?")),
    "escpos": escpos.QUESTION,
}
_LABEL_REMARK = re.compile(r"packline (\S+) (\S+) copy=(\d+)$")

BLANK = Raster(8, 0, b"")
"""Paper without a picture."""


@dataclass(frozen=True, slots=True)
class PrintedLabel:
    """One piece of paper that came out."""

    raster: Raster
    remark: str = ""
    """The job's ``^FX`` comment, "" in TSPL."""
    at: float = 0.0
    """Monotonic seconds."""
    text: str = ""
    """What came out in the printer's own characters."""
    own_codes: tuple[str, ...] = ()
    """Texts of the codes the printer drew by itself."""

    @property
    def waybill(self) -> str:
        """From the remark; "" on slips and in TSPL."""
        match = _LABEL_REMARK.match(self.remark)
        return match.group(1) if match else ""

    @property
    def number(self) -> str:
        """Internal number, from the remark."""
        match = _LABEL_REMARK.match(self.remark)
        return match.group(2) if match else ""

    @property
    def copy(self) -> int:
        """Which copy, from the remark; 0 when it does not say."""
        match = _LABEL_REMARK.match(self.remark)
        return int(match.group(3)) if match else 0

    def png(self) -> bytes:
        """What the paper looks like."""
        return self.raster.png()

    def codes(self) -> tuple[str, ...]:
        """Texts of the bar codes on the paper, as a scanner reads them; needs ``zxing-cpp``."""
        import zxingcpp

        picture = self.raster.image().convert("L") if self.raster.height else None
        seen = zxingcpp.read_barcodes(picture) if picture else []
        return (*self.own_codes, *(code.text for code in seen))


class SimulatedPrinter:
    """A printer to print to; use as a context manager."""

    def __init__(self, language: str = "zpl", *, pty: bool = False, keep: int = 200) -> None:
        self.language = language
        self.labels: list[PrintedLabel] = []
        """All that came out, oldest first; only the last ``keep`` still have their picture."""
        self._keep = keep
        self.heard = 0
        """Status questions answered or not."""
        self._pty = pty
        self._fault = ""
        self._held: list[PrintedLabel] = []
        self._change = threading.Condition()
        self._port = 0
        self._room = tempfile.TemporaryDirectory(prefix="packline-printer-") if pty else None
        self._ends: set[int] = set()
        self._thread: threading.Thread | None = None
        self._on = threading.Event()
        self.restore()

    def __enter__(self) -> "SimulatedPrinter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def address(self) -> str:
        """Where to print to, in the form that ``LabelPrinter`` takes."""
        if self._room:
            return f"serial://{self._room.name}/printer?baud=115200"
        return f"tcp://127.0.0.1:{self._port}"

    # --- what a person does to it ---

    def fault(self, name: str = "") -> None:
        """Break it in one of the ways of FAULTS or WIRE_FAULTS; "" mends it.

        Jobs taken while it cannot print come out when it is mended, as from a real buffer.
        """
        if name not in FAULTS and name not in WIRE_FAULTS:
            raise ValueError(name)
        with self._change:
            self._fault = name
            if name not in FAULTS or name == "":
                self.labels += self._held
                self._held = []
            self._change.notify_all()

    def cut(self) -> None:
        """Pull the plug: connections break, new ones are refused."""
        self._on.clear()
        if self._thread:
            self._thread.join(5)
        self._thread = None

    def restore(self) -> None:
        """Put the plug back in, at the same address."""
        if self._thread:
            return
        self._on.set()
        run = self._serve_pty if self._pty else self._serve_tcp
        ready = threading.Event()
        self._thread = threading.Thread(target=run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(5)

    def close(self) -> None:
        """Switch it off for good."""
        self.cut()
        if self._room:
            self._room.cleanup()

    def wait_for(self, count: int, seconds: float = 5.0) -> list[PrintedLabel]:
        """Wait until that many labels came out; they, or TimeoutError."""
        with self._change:
            if not self._change.wait_for(lambda: len(self.labels) >= count, seconds):
                raise TimeoutError(f"{len(self.labels)} of {count} labels printed")
            return list(self.labels)

    # --- wires ---

    def _serve_tcp(self, ready: threading.Event) -> None:
        """Accept one connection after another, as printers do."""
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            door.bind(("127.0.0.1", self._port))
            door.listen(4)
            self._port = door.getsockname()[1]
            ready.set()
            while self._on.is_set():
                if not select.select([door], [], [], 0.02)[0]:
                    continue
                peer, _ = door.accept()
                with peer:
                    if not self._talk(peer.fileno()):
                        linger = struct.pack("ii", 1, 0)
                        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def _serve_pty(self, ready: threading.Event) -> None:
        """A pseudo-terminal per plugging-in, always found through the same symbolic link."""
        assert self._room is not None
        link = Path(self._room.name, "printer")
        while self._on.is_set():
            master, slave = os.openpty()
            tty.setraw(slave)
            link.symlink_to(os.ttyname(slave))
            ready.set()
            while self._talk(master):
                pass
            link.unlink()
            os.close(master)
            os.close(slave)

    def _talk(self, fd: int) -> bool:
        """Read until the other side is done; False when the line has to be broken."""
        heard = b""
        while self._on.is_set():
            if self._fault == "stuck":
                time.sleep(0.005)
                continue
            if not select.select([fd], [], [], 0.02)[0]:
                continue
            with contextlib.suppress(BlockingIOError):
                piece = _read(fd, 200 if self._fault == "slow" else 65_536)
                if not piece:
                    return True
                heard = self._take(fd, heard + piece)
            if self._fault == "slow":
                time.sleep(0.001)
            if self._fault == "drop" and len(heard) > DROP_AFTER:
                return False
        return False

    # --- what it understands ---

    def _take(self, fd: int, heard: bytes) -> bytes:
        """Answer and print what is complete; the rest of the bytes."""
        decode = {"zpl": _zpl_job, "tspl": _tspl_job, "escpos": _escpos_job}[self.language]
        while True:
            job = decode(heard) if self._fault != "drop" else None
            asked = _ASKED[self.language].search(heard)
            if asked and asked.start() < self._begun(heard, job):
                self.heard += 1
                self._answer(fd, asked.group())
                heard = heard[: asked.start()] + heard[asked.end() :]
            elif job is not None:
                self._print(job[0])
                heard = heard[job[2] :]
            else:
                return heard

    def _begun(self, heard: bytes, job: tuple[PrintedLabel, int, int] | None) -> int:
        """Where a job begins: dots of ESC/POS may look like a question and are none."""
        if job is not None:
            return job[1]
        begun = heard.find(escpos.BEGIN) if self.language == "escpos" else -1
        return begun if begun >= 0 else len(heard)

    def _answer(self, fd: int, question: bytes) -> None:
        if self._fault == "silent":
            return
        if self._fault == "slow":
            time.sleep(0.1)
        with contextlib.suppress(OSError):
            garbled = b"?\x03?\x03?\x03"
            os.write(fd, garbled if self._fault == "garbled" else self._state(question))

    def _state(self, question: bytes) -> bytes:
        if self.language == "escpos":
            return escpos.answer(question, self._fault)
        paper, paused, head, ribbon, bits = FAULTS.get(self._fault, FAULTS[""])
        if self.language == "tspl":
            return bytes([bits])
        waiting = b"%08d" % len(self._held)
        return (
            b"\x02030,%b,%b,1245,000,0,0,0,000,0,0,0\x03\r\n"
            b"\x02001,0,%b,%b,0,2,4,0,%b,1,000\x03\r\n"
            b"\x021234,0\x03\r\n" % (paper, paused, head, ribbon, waiting)
        )

    def _print(self, label: PrintedLabel) -> None:
        with self._change:
            blocked = self._fault in FAULTS and self._fault
            (self._held if blocked else self.labels).append(label)
            if len(self.labels) > self._keep:
                old = self.labels[-self._keep - 1]
                self.labels[-self._keep - 1] = replace(old, raster=BLANK)
            self._change.notify_all()


def _read(fd: int, size: int) -> bytes:
    """Bytes from a wire; b"" when it was closed or broken."""
    try:
        return os.read(fd, size)
    except OSError:
        return b""


def _zpl_job(heard: bytes) -> tuple[PrintedLabel, int, int] | None:
    """The first whole job in the bytes with its start and end."""
    match = _ZPL_JOB.search(heard)
    if not match:
        return None
    remark = _REMARK.search(match.group(1))
    words = remark.group(1).decode("ascii", "replace") if remark else ""
    field = _FIELD.search(match.group(1))
    raster = BLANK
    if field:
        _, total, across = (int(field.group(n)) for n in (1, 2, 3))
        raster = Raster(across * 8, total // across, unpack(field.group(4).decode(), total, across))
    return PrintedLabel(raster, words, time.monotonic()), match.start(), match.end()


def unpack(text: str, total: int, across: int) -> bytes:
    """The bytes of a ``^GFA`` field, with the run lengths of ZPL's ASCII hex compression.

    Raises ValueError when the data is not exactly ``total`` bytes.
    """
    digits: list[str] = []
    row = last = ""
    count = 0
    for mark in text:
        if mark in "0123456789ABCDEFabcdef":
            row += mark.upper() * (count or 1)
            count = 0
        elif "G" <= mark <= "Y":
            count += ord(mark) - ord("G") + 1
        elif "g" <= mark <= "z":
            count += (ord(mark) - ord("g") + 1) * 20
        elif mark in ",!":
            row = row.ljust(across * 2, "0" if mark == "," else "F")
        elif mark == ":":
            row = last
        else:
            raise ValueError(f"{mark!r} in graphic data")
        while len(row) >= across * 2:
            last, row = row[: across * 2], row[across * 2 :]
            digits.append(last)
    data = bytes.fromhex("".join(digits) + row)
    if len(data) != total:
        raise ValueError(f"{len(data)} bytes of graphic data, {total} announced")
    return data


def _tspl_job(heard: bytes) -> tuple[PrintedLabel, int, int] | None:
    """The first whole job in the bytes with its start and end."""
    match = _BITMAP.search(heard)
    if not match:
        return None
    across, height = int(match.group(1)), int(match.group(2))
    end = match.end() + across * height
    done = heard.find(b"PRINT 1,1\r\n", end)
    if done < 0:
        return None
    data = bytes(byte ^ 0xFF for byte in heard[match.end() : end])
    start = max(0, heard.rfind(b"SIZE", 0, match.start()))
    label = PrintedLabel(Raster(across * 8, height, data), "", time.monotonic())
    return label, start, done + len(b"PRINT 1,1\r\n")


def _escpos_job(heard: bytes) -> tuple[PrintedLabel, int, int] | None:
    """The first whole slip in the bytes with its start and end."""
    found = escpos.hear(heard)
    if found is None:
        return None
    slip, start, end = found
    text = slip.text.decode("gb18030")
    return PrintedLabel(slip.raster(), "", time.monotonic(), text, tuple(slip.codes)), start, end
