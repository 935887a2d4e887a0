"""A real pseudo-terminal: what is written, what is read, and how it is left."""

import json
import os
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.journeys.terminal import Terminal
from tests.until import until

ROOT = Path(__file__).parents[2]
PROCESS = str(Path(__file__).with_name("process.py"))


@pytest.fixture
def terminal(tmp_path):
    opened: list[Terminal] = []

    def make(*, term: str = "xterm-256color", theme: str = "dark") -> Terminal:
        env = {"TERM": term, "PYTHONPATH": str(ROOT), "COLORTERM": "truecolor"}
        command = [sys.executable, PROCESS, str(tmp_path / "scans.json"), theme]
        opened.append(Terminal(command, env=env))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def restored(terminal: Terminal) -> bool:
    """Main screen again, cursor visible, mouse and paste modes off, line discipline as before."""
    told = bytes(terminal.told)
    return (
        told.rfind(b"\x1b[?1049l") > told.rfind(b"\x1b[?1049h")
        and told.rfind(b"\x1b[?25h") > told.rfind(b"\x1b[?25l")
        and told.rfind(b"\x1b[?2004l") > told.rfind(b"\x1b[?2004h")
        and termios.tcgetattr(terminal.fd)[3] == terminal.lines_before[3]
    )


def test_scans_at_full_speed_arrive_whole_and_idle_writes_nothing(terminal, tmp_path):
    screen = terminal()
    screen.until("F10")
    assert b"\x1b[>1u" not in screen.told, "the kitty protocol swallows Chinese input"
    until(lambda: screen.quiet_for(0.3))
    assert screen.quiet_for(2.0)
    codes = [f"69{n:011d}" for n in range(300)]
    for start in range(0, len(codes), 20):
        screen.type("".join(f"{code}\r" for code in codes[start : start + 20]))
    screen.type("\x11")
    assert screen.ended() == 0
    assert json.loads((tmp_path / "scans.json").read_text()) == codes
    assert restored(screen)


def test_ten_thousand_codes_while_the_loop_stalls_and_none_is_wrong(
    terminal, tmp_path, monkeypatch
):
    monkeypatch.setenv("PACKLINE_STALL", "7")
    screen = terminal()
    screen.until("F10")
    codes = [f"69{n:011d}" for n in range(10_000)]
    screen.type("".join(f"{code}\r" for code in codes) + "\x11", draw=False)
    screen.ended(60)
    assert json.loads((tmp_path / "scans.json").read_text()) == codes


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(terminal, number):
    screen = terminal()
    screen.until("F10")
    screen.kill(number)
    screen.ended()
    assert restored(screen)


def test_a_terminal_that_goes_away_ends_the_process(terminal):
    screen = terminal()
    screen.until("F10")
    screen.goes_away()
    screen.ended(6)


def test_sixteen_colours_write_no_other(terminal):
    screen = terminal(term="linux", theme="ansi")
    screen.until("F10")
    screen.type("\x1b[[C")  # F3 on the Linux console
    screen.until("DB20260120001")
    assert b";5;" not in screen.told
    assert b"38;2;" not in screen.told


def test_without_a_terminal_one_sentence_and_no_traceback(tmp_path):
    run = subprocess.run(
        [sys.executable, str(ROOT / "tests/tui/process.py"), str(tmp_path / "x")],
        stdin=subprocess.DEVNULL, capture_output=True, cwd=ROOT, check=False, timeout=20,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert run.returncode != 0
    assert b"start.no_terminal" in run.stderr
