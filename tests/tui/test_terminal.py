"""A real pseudo-terminal: what is written, what is read, and how it is left."""

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pyte
import pytest

from tests.until import until

ROOT = Path(__file__).parents[2]


class Terminal:
    """A terminal with a screen that can be read, and the process in it."""

    def __init__(self, out: Path, *, size=(80, 24), term="xterm-256color", theme="dark") -> None:
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self.written = bytearray()
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("TEXTUAL", "SSH_"))}
        environ |= {"TERM": term, "PYTHONPATH": str(ROOT), "COLORTERM": "truecolor"}
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/tui/process.py"), str(out), theme],
            stdin=slave, stdout=slave, stderr=slave, env=environ, cwd=ROOT,
            start_new_session=True,
        )  # fmt: skip

    def read(self, seconds: float = 0.02) -> int:
        """Take what was written; returns how many bytes."""
        got = 0
        while select.select([self.master], [], [], seconds if not got else 0)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                break
            self.written += data
            self._stream.feed(data)
            got += len(data)
        return got

    def drain(self) -> None:
        """Take what was written without looking at it."""
        if select.select([self.master], [], [], 0.005)[0]:
            os.read(self.master, 65536)

    def send(self, text: str) -> None:
        os.write(self.master, text.encode())

    def sees(self, word: str, seconds: float = 10) -> None:
        def there() -> bool:
            self.read()
            return word in "\n".join(self.screen.display)

        until(there, seconds)

    def quiet_for(self, seconds: float) -> bool:
        """Whether nothing at all is written for that long."""
        return self.read(seconds) == 0

    def ends(self, seconds: float = 5) -> int:
        def over() -> bool:
            self.read()
            return self.process.poll() is not None

        until(over, seconds)
        self.read()
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for fd in (self.master, self.slave):
            with contextlib.suppress(OSError):
                os.close(fd)


@pytest.fixture
def terminal(tmp_path):
    opened: list[Terminal] = []

    def make(**how) -> Terminal:
        opened.append(Terminal(tmp_path / "scans.json", **how))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def restored(terminal: Terminal) -> bool:
    """Main screen again, cursor visible, mouse and paste modes off, line discipline as before."""
    tail = bytes(terminal.written)
    return (
        tail.rfind(b"\x1b[?1049l") > tail.rfind(b"\x1b[?1049h")
        and tail.rfind(b"\x1b[?25h") > tail.rfind(b"\x1b[?25l")
        and tail.rfind(b"\x1b[?2004l") > tail.rfind(b"\x1b[?2004h")
        and termios.tcgetattr(terminal.slave)[3] == terminal.before[3]
    )


def test_scans_at_full_speed_arrive_whole_and_idle_writes_nothing(terminal, tmp_path):
    screen = terminal()
    screen.sees("F10")
    assert b"\x1b[>1u" not in screen.written, "the kitty protocol swallows Chinese input"
    until(lambda: screen.quiet_for(0.3))
    assert screen.quiet_for(2.0)
    codes = [f"69{n:011d}" for n in range(300)]
    for start in range(0, len(codes), 20):
        screen.send("".join(f"{code}\r" for code in codes[start : start + 20]))
        screen.read()
    screen.send("\x11")
    assert screen.ends() == 0
    assert json.loads((tmp_path / "scans.json").read_text()) == codes
    assert restored(screen)


def test_ten_thousand_codes_while_the_loop_stalls_and_none_is_wrong(
    terminal, tmp_path, monkeypatch
):
    monkeypatch.setenv("PACKLINE_STALL", "7")
    screen = terminal()
    screen.sees("F10")
    codes = [f"69{n:011d}" for n in range(10_000)]
    os.set_blocking(screen.master, False)
    left = "".join(f"{code}\r" for code in codes).encode() + b"\x11"
    while left:
        with contextlib.suppress(BlockingIOError):
            left = left[os.write(screen.master, left[:4096]) :]
        screen.drain()
    screen.ends(60)
    assert json.loads((tmp_path / "scans.json").read_text()) == codes


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(terminal, number):
    screen = terminal()
    screen.sees("F10")
    screen.process.send_signal(number)
    screen.ends()
    assert restored(screen)


def test_a_terminal_that_goes_away_ends_the_process(terminal):
    screen = terminal()
    screen.sees("F10")
    screen.read()
    os.close(screen.slave)
    os.close(screen.master)
    until(lambda: screen.process.poll() is not None, 6)


def test_sixteen_colours_write_no_other(terminal):
    screen = terminal(term="linux", theme="ansi")
    screen.sees("F10")
    screen.send("\x1b[[C")  # F3 on the Linux console
    screen.sees("DB20260120001")
    assert b";5;" not in screen.written
    assert b"38;2;" not in screen.written


def test_without_a_terminal_one_sentence_and_no_traceback(tmp_path):
    run = subprocess.run(
        [sys.executable, str(ROOT / "tests/tui/process.py"), str(tmp_path / "x")],
        stdin=subprocess.DEVNULL, capture_output=True, cwd=ROOT, check=False, timeout=20,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert run.returncode != 0
    assert b"start.no_terminal" in run.stderr
