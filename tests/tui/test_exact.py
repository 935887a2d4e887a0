"""What is written past Textual's compositor leaves the picture the compositor would have left."""

import random
import sys
from pathlib import Path

import pytest

from tests.journeys.terminal import Terminal
from tests.until import until

PROCESS = str(Path(__file__).with_name("process.py"))
ROOT = Path(__file__).parents[2]
UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END = (
    "\x1b[A", "\x1b[B", "\x1b[5~", "\x1b[6~", "\x1b[H", "\x1b[F",
)  # fmt: skip
F1, F2, F3, F4, F10 = "\x1bOP", "\x1bOQ", "\x1bOR", "\x1bOS", "\x1b[21~"
MOVES = [DOWN] * 12 + [UP] * 6 + [PAGE_DOWN, PAGE_UP, HOME, END]
BOXES = [F1 + F1, F10 + F10, F10 + DOWN + F10, F4 + F3, F2 + F3, "12\r", F1]
QUIET_S = 0.15


@pytest.fixture
def pair(tmp_path, monkeypatch):
    """The program twice, the second one painted by Textual alone."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TERM", "xterm-256color")
    opened: list[Terminal] = []

    def make(columns: int, rows: int, theme: str = "dark") -> list[Terminal]:
        for name, env in (("ours", {}), ("textual", {"PACKLINE_COMPOSED": "1"})):
            out = str(tmp_path / f"{name}.json")
            command = [sys.executable, PROCESS, out, theme]
            opened.append(Terminal(command, columns, rows, env))
        for terminal in opened:
            terminal.until("F10")
            terminal.read_for(0.5)
        return opened

    yield make
    for terminal in opened:
        terminal.close()


def picture(terminal: Terminal) -> list[list[tuple[object, ...]]]:
    """Every cell with its colours."""
    return [
        [tuple(terminal.screen.buffer[y][x]) for x in range(terminal.screen.columns)]
        for y in range(terminal.screen.lines)
    ]


def same(pair: list[Terminal], why: str) -> None:
    """Both show the same when both are quiet."""

    def alike() -> bool:
        for terminal in pair:
            terminal.read_for(QUIET_S)
        return picture(pair[0]) == picture(pair[1])

    try:
        until(alike, 30)
    except AssertionError:
        ours, theirs = (terminal.text for terminal in pair)
        raise AssertionError(f"after {why!r}\n{ours}\n--- Textual:\n{theirs}") from None


@pytest.mark.parametrize("size", [(80, 24), (40, 20), (200, 60)], ids=str)
def test_any_keys_leave_the_same_picture(pair, size):
    draw = random.Random(sum(size))
    both = pair(*size)
    for terminal in both:
        terminal.type(F3)
    same(both, "F3")
    for _ in range(14):
        burst = draw.choices([*MOVES, *BOXES], weights=[4] * len(MOVES) + [1] * len(BOXES), k=9)
        for terminal in both:
            terminal.type("".join(burst))
        same(both, "".join(burst))


def test_a_list_that_scrolls_writes_little(pair):
    ours, theirs = pair(80, 24)
    for terminal in (ours, theirs):
        terminal.type(F3 + DOWN * 30)
    same([ours, theirs], "thirty rows down")
    written = []
    for terminal in (ours, theirs):
        before = terminal.written
        for _ in range(20):
            terminal.type(DOWN)
            terminal.read_for(0.05)
        written.append((terminal.written - before) / 20)
    same([ours, theirs], "twenty rows more")
    assert written[0] < min(1200, written[1])


def test_a_window_that_changes_its_size_while_a_list_scrolls(pair):
    both = pair(80, 24)
    for terminal in both:
        terminal.type(F3 + DOWN * 40)
    for columns, rows in ((100, 30), (60, 18), (80, 24)):
        for terminal in both:
            terminal.type(DOWN * 3)
            terminal.resize(columns, rows)
            terminal.type(UP * 25 + DOWN * 2)
        same(both, f"{columns}x{rows}")


def test_colours_of_the_terminal_itself(pair, monkeypatch):
    monkeypatch.setenv("TERM", "linux")
    both = pair(80, 24, "ansi")
    for terminal in both:
        terminal.type("\x1b[[C" + DOWN * 25)
    same(both, "the sixteen")
    for terminal in both:
        terminal.type(UP * 30)
    same(both, "and back")
