"""A program on a pseudo-terminal of 80x24: what it writes, when, and what that looks like."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyte

QUIET_S = 0.025
"""Silence after which an answer is complete."""
ROOT = Path(__file__).parents[1]
PYTHON = sys.executable


@dataclass(frozen=True, slots=True)
class Answer:
    """What came after something was sent; times in seconds from then."""

    first: float
    """The first byte."""
    shown: float
    """The expected text is on the screen."""
    last: float
    """The last byte before it was quiet."""
    written: int
    """Bytes until it was quiet."""


class Terminal:
    """One program and the screen it draws."""

    def __init__(
        self, command: Sequence[str], env: dict[str, str] | None = None, size: str = "80x24"
    ) -> None:
        columns, rows = map(int, size.split("x"))
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.total = 0
        self.began = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            surroundings = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
            surroundings.pop("SSH_CONNECTION", None)
            os.chdir(ROOT)
            os.execvpe(command[0], list(command), {**surroundings, **(env or {})})
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.set_blocking(self.fd, False)

    # --- what the program writes -----------------------------------------------------------------

    def read(self, seconds: float) -> bytes:
        """What it wrote; b"" when it wrote nothing for that long. Raises EOFError at its end."""
        if not select.select([self.fd], [], [], max(0.0, seconds))[0]:
            return b""
        try:
            data = os.read(self.fd, 65_536)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise EOFError(self.text()) from error
        self.total += len(data)
        return data

    def draw(self, data: bytes) -> None:
        """Let it appear on the screen."""
        feed: Callable[[bytes], None] = self._stream.feed
        feed(data.replace(b"\x1b[<u", b"").replace(b"\x1b[>1u", b""))

    def text(self) -> str:
        """The screen as text."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def sees(self, expected: str) -> bool:
        """Whether a text stands on the screen."""
        return any(expected in line for line in self.screen.display)

    def until(self, expected: str, seconds: float = 20.0) -> float:
        """Wait for a text; returns when it came (perf_counter)."""
        deadline = time.perf_counter() + seconds
        while not self.sees(expected):
            if time.perf_counter() > deadline:
                raise TimeoutError(f"no {expected!r} on\n{self.text()}")
            self.draw(self.read(0.05))
        return time.perf_counter()

    def rest(self, seconds: float = QUIET_S, most: float = 5.0) -> None:
        """Draw until it is quiet."""
        deadline = time.perf_counter() + most
        while time.perf_counter() < deadline:
            data = self.read(seconds)
            if not data:
                return
            self.draw(data)

    def ask(
        self, send: Callable[[], object], expected: str | Callable[[], bool], most: float = 5.0
    ) -> Answer:
        """Send something and time what comes back; drawing happens after the clock was read."""
        pieces: list[tuple[float, bytes]] = []
        seen = (lambda: self.sees(expected)) if isinstance(expected, str) else expected
        sent = time.perf_counter()
        send()
        shown = 0.0
        while not shown:
            if time.perf_counter() - sent > most:
                raise TimeoutError(f"no {expected!r} on\n{self.text()}")
            begun = len(pieces)
            while data := self.read(QUIET_S if pieces else 0.5):
                pieces.append((time.perf_counter() - sent, data))
            for at, data in pieces[begun:]:
                self.draw(data)
                shown = shown or (at if seen() else 0.0)
        return Answer(pieces[0][0], shown, pieces[-1][0], sum(len(data) for _, data in pieces))

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.fd, text.encode())

    # --- the program itself ----------------------------------------------------------------------

    def cpu_s(self) -> float:
        """Processor time it used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def wakeups(self) -> int:
        """Voluntary context switches of all its threads."""
        count = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                status = (task / "status").read_text()
                count += int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])
        return count

    def rss_mb(self) -> float:
        """Memory it holds."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        deadline = time.perf_counter() + 5
        with contextlib.suppress(EOFError):
            while time.perf_counter() < deadline:
                self.read(0.05)
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    os.close(self.fd)
                    return
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            if not os.waitpid(self.pid, os.WNOHANG)[0]:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        os.close(self.fd)


def packline(config: Path, *words: str, size: str = "80x24") -> Terminal:
    """Packline itself on a terminal."""
    return Terminal([PYTHON, "-m", "tui.cli", "--config", str(config), *words], size=size)
