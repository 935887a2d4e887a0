"""A label printer as core knows it: asked before every job, told what it should print."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import tzinfo
from types import ModuleType

from core.clock import SHANGHAI
from core.errors import Problem
from core.messages import Message, message
from core.ports import (
    LabelFacts,
    PrinterAnswer,
    PrinterStatus,
    PrintFailed,
    SlipFacts,
)
from drivers.printers import escpos, tspl, zpl
from drivers.printers.label import draw_label
from drivers.printers.raster import Raster
from drivers.printers.receipt import COLUMNS, draw_receipt, pieces
from drivers.printers.slip import draw_slip
from drivers.printers.transport import WRITE_S, Link, open_link, reason

LANGUAGES: dict[str, ModuleType] = {"zpl": zpl, "tspl": tspl, "escpos": escpos}
ANSWER_S = 1.0
"""How long a printer may think about its status; a Zebra with an open head stays silent."""
CONFIRM_S = 3.0
"""How long a printer that has just taken a job may be too busy to answer."""
DOTS_PER_MM = {203: 8, 300: 12}


class LabelPrinter:
    """One printer for labels and slips, over any transport, in ZPL or TSPL; or for slips only, in
    ESC/POS.

    ``must_answer`` says whether silence before a job means trouble (the default for ZPL, where
    every healthy printer answers) or is normal (the default for the others, whose clones often do
    not). A slip printer has rolls of ``paper_mm`` 58 or 80 instead of ``size_mm``; with
    ``characters`` it prints its own letters (Chinese firmware) instead of dots.
    """

    def __init__(
        self,
        name: str,
        url: str,
        language: str = "zpl",
        dpi: int = 203,
        size_mm: tuple[int, int] = (100, 150),
        *,
        lang: str = "zh_CN",
        zone: tzinfo = SHANGHAI,
        must_answer: bool | None = None,
        paper_mm: int = 80,
        characters: bool = False,
        answer_s: float = ANSWER_S,
        patience_s: float = WRITE_S,
    ) -> None:
        if language not in LANGUAGES or dpi not in DOTS_PER_MM:
            raise Problem("printer.bad_kind", printer=name, language=language, dpi=dpi)
        if paper_mm not in COLUMNS:
            raise Problem("printer.bad_paper", printer=name, paper=paper_mm)
        self.name = name
        self.url = url
        self.language = language
        self.size_mm = size_mm
        self.dots_per_mm = DOTS_PER_MM[dpi]
        self.last_raw = b""
        """The last status answer as it came, for the devices screen."""
        self._lang = lang
        self._zone = zone
        self._paper_mm = paper_mm
        self._characters = characters
        self._must_answer = language == "zpl" if must_answer is None else must_answer
        self._answer_s = answer_s
        self._patience_s = patience_s
        self._mute = False
        self._reachable = True
        self._turn = threading.Lock()

    # --- the port ---

    def status(self) -> PrinterStatus:
        """Ask the printer; never raises. While a job is being sent the answer is busy."""
        if not self._turn.acquire(timeout=self._answer_s / 2):
            return PrinterStatus(PrinterAnswer.BUSY)
        try:
            link = self._open()
            try:
                return self._ask(link)
            finally:
                link.close()
        except PrintFailed as failed:
            return PrinterStatus(PrinterAnswer.NO_ANSWER, failed.why)
        finally:
            self._turn.release()

    def print_label(self, label: LabelFacts) -> None:
        """Print one parcel label. Raises PrintFailed; a named fault means nothing was sent."""
        if self.language == "escpos":
            raise PrintFailed(message("printer.slips_only", printer=self.name))
        remark = f"packline {_word(label.waybill)} {_word(label.number)} copy={label.copy}"
        with _drawing(self.name):
            raster = draw_label(label, self.dots_per_mm, self.size_mm, self._lang, self._zone)
            job = self._job(raster, remark)
        self._send(job)

    def print_slip(self, slip: SlipFacts) -> None:
        """Print one execution slip, all its pages. Raises PrintFailed."""
        if self.language == "escpos":
            with _drawing(self.name):
                job = self._roll(slip)
            self._send(job)
            return
        remark = f"packline slip {_word(slip.number)} copy={slip.copy}"
        with _drawing(self.name):
            pages = draw_slip(slip, self.dots_per_mm, self.size_mm, self._lang, self._zone)
            jobs = [self._job(page, f"{remark} page={n}") for n, page in enumerate(pages, 1)]
        self._send(b"".join(jobs))

    # --- how ---

    def _job(self, raster: Raster, remark: str) -> bytes:
        if self.language == "zpl":
            return zpl.job(raster, remark)
        return tspl.job(raster, self.size_mm)

    def _roll(self, slip: SlipFacts) -> bytes:
        """The slip on a roll, as dots or as the printer's own characters."""
        if self._characters:
            told = pieces(slip, self._lang, self._zone)
            return escpos.text_job(told, COLUMNS[self._paper_mm])
        return escpos.job(draw_receipt(slip, self._paper_mm, self._lang, self._zone))

    def _send(self, job: bytes) -> None:
        """One job over one open link, after a look at the printer. Raises PrintFailed."""
        with self._turn:
            link = self._open()
            try:
                self._check(link)
                link.send(job)
            except PrintFailed as failed:
                why = Message(failed.why.id, {"printer": self.name, **failed.why.data})
                raise PrintFailed(why, in_doubt=failed.in_doubt) from failed
            finally:
                link.close()
            self._confirm()

    def _check(self, link: Link) -> None:
        """Nothing is sent to a printer that names a fault, or owes an answer and gives none."""
        if self._mute:
            return
        said = self._ask(link)
        silent = said.answer is PrinterAnswer.NO_ANSWER
        self._mute = silent and not self._must_answer
        if said.fault and not self._mute:
            raise PrintFailed(said.fault)

    def _confirm(self) -> None:
        """A printer that took a job and then falls silent, or names a fault, may not have printed
        it: power and paper also end in the middle of a label. Raises PrintFailed, in doubt.

        Only ZPL printers answer so reliably that silence means something.
        """
        if self._mute or self.language != "zpl":
            return
        try:
            link = self._open()
            try:
                said = self._ask(link, max(self._answer_s, CONFIRM_S))
            finally:
                link.close()
        except PrintFailed as failed:
            raise PrintFailed(failed.why, in_doubt=True) from failed
        if said.fault:
            raise PrintFailed(said.fault, in_doubt=True)

    def _ask(self, link: Link, patience_s: float = 0.0) -> PrinterStatus:
        """The status over an open link; silence and garbage are no answer, never an exception."""
        speech = LANGUAGES[self.language]
        wait_s = patience_s or self._answer_s
        deadline = time.monotonic() + wait_s
        heard = b""
        try:
            if (known := link.state(self.name)) is not None:
                return known
            heard = link.ask(speech.ASK, wait_s)
            while not speech.complete(heard) and (left := deadline - time.monotonic()) > 0:
                heard += link.read(left)
        except OSError as error:
            return PrinterStatus(PrinterAnswer.NO_ANSWER, self._unreachable(error))
        self.last_raw = heard
        if not heard:
            silent = message("printer.silent", printer=self.name)
            return PrinterStatus(PrinterAnswer.NO_ANSWER, silent)
        self._mute = False
        said: PrinterStatus = speech.status(heard, self.name)
        return said

    def _open(self) -> Link:
        try:
            link = open_link(self.url, self._patience_s)
        except Problem as problem:
            raise PrintFailed(problem.message) from problem
        except OSError as error:
            if self._reachable:
                logging.getLogger(__name__).warning("printer %s: %s", self.name, error)
            self._reachable = False
            raise PrintFailed(self._unreachable(error)) from error
        if not self._reachable:
            logging.getLogger(__name__).info("printer %s: reachable again", self.name)
        self._reachable = True
        return link

    def _unreachable(self, error: OSError) -> Message:
        return message(
            "printer.unreachable", printer=self.name, address=self.url, why=reason(error)
        )


@contextmanager
def _drawing(printer: str) -> Iterator[None]:
    """A label that cannot be drawn is a job that certainly did not print."""
    try:
        yield
    except (OSError, ValueError) as error:
        why = message("printer.not_drawn", printer=printer, why=f"{type(error).__name__}: {error}")
        raise PrintFailed(why) from error


def _word(text: str) -> str:
    """A number as one word of a remark."""
    return "".join(text.split()) or "-"
