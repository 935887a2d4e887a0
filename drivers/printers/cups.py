"""A queue of the CUPS spooler: the job goes to ``lp`` unchanged, the state comes from ``lpstat``.

What ``lp`` accepted the spooler owns and prints by itself; a queue that is stopped gets nothing,
so that no label comes out hours later. Source: CUPS manual pages lp(1) and lpstat(1), whose
sentences are read in the C locale.
"""

import errno
import os
import re
import subprocess

from core.messages import message
from core.ports import PrinterAnswer, PrinterStatus, PrintFailed
from core.text import clean
from drivers.printers.transport import Link

STATE_S = 2.0
"""How long the spooler may think about the state of a queue."""
QUEUE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,126}")


class CupsLink(Link):
    """One queue; every job is one run of ``lp``."""

    def __init__(self, queue: str, patience_s: float) -> None:
        super().__init__(patience_s)
        if not QUEUE.fullmatch(queue):
            raise ValueError(f"no queue: {queue!r}")
        self.queue = queue

    def send(self, job: bytes) -> None:
        """Hand the job to the spooler. Raises PrintFailed; killed half way means in doubt."""
        try:
            done = _run(["lp", "-d", self.queue, "-o", "raw"], self.patience_s, job)
        except subprocess.TimeoutExpired as error:
            raise PrintFailed(message("printer.stuck"), in_doubt=True) from error
        except OSError as error:
            raise PrintFailed(message("printer.no_spooler"), in_doubt=False) from error
        if done.returncode:
            why = _said(done.stderr) or str(done.returncode)
            refused = message("printer.spooler_refused", queue=self.queue, why=why)
            raise PrintFailed(refused, in_doubt=done.returncode < 0)

    def state(self, name: str) -> PrinterStatus:
        """What the spooler says of its queue. Raises OSError when there is no spooler."""
        try:
            done = _run(["lpstat", "-p", self.queue], STATE_S)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(errno.ETIMEDOUT, "the spooler does not answer") from error
        said = _said(done.stdout)
        if done.returncode or not said.startswith(f"printer {self.queue} "):
            why = message("printer.no_queue", printer=name, queue=self.queue)
            return PrinterStatus(PrinterAnswer.NO_ANSWER, why)
        if " disabled " in said:
            reason = said.partition(" - ")[2].strip() or "-"
            stopped = message("printer.queue_stopped", printer=name, queue=self.queue, why=reason)
            return PrinterStatus(PrinterAnswer.FAULT, stopped)
        busy = " now printing " in said
        return PrinterStatus(PrinterAnswer.BUSY if busy else PrinterAnswer.READY)

    def _write(self, piece: memoryview) -> int:
        raise OSError(errno.ENOTSUP, "a spooler takes whole jobs")

    def _drain(self) -> None:
        """``lp`` returns when the spooler has the whole job."""

    def read(self, seconds: float) -> bytes:
        return b""

    def close(self) -> None:
        """Nothing stays open between jobs."""


def _run(
    words: list[str], seconds: float, told: bytes = b""
) -> "subprocess.CompletedProcess[bytes]":
    plain = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(
        words, input=told, capture_output=True, timeout=seconds, env=plain, check=False
    )


def _said(output: bytes) -> str:
    """A program's words on one line."""
    return clean(" ".join(output.decode("utf-8", "replace").split()), 200)
