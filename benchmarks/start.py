"""Start: from exec to the first usable frame, beside a bare Textual app in the same rounds."""

import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benchmarks import world
from benchmarks.figures import Table, median, ms, ratio
from benchmarks.terminal import PYTHON, ROOT, Terminal, packline

HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("READY-HELLO")
Hello().run()
"""
LATE = ("httpx", "apscheduler", "PIL", "barcode", "segno", "serial", "psycopg", "zxingcpp")
"""What the first frame does not need."""


def run(quick: bool) -> list[Table]:
    """Panes, commands, imports."""
    size, rounds = (10_000, 4) if quick else (1_000_000, 12)
    config = world.place(size, "start")
    return [frames(config, size, rounds), commands(config, rounds), imports()]


def frames(config: Path, size: int, rounds: int) -> Table:
    """Three programs in turn."""
    table = Table(
        f"start: exec to the first usable frame, {size:,} orders in the file",
        ("what", "p50 ms", "best ms", "/ bare Textual", "bytes until quiet", "RSS MB", "/ bare"),
    )
    subjects: dict[str, tuple[str, Callable[[], Terminal]]] = {
        "bare Textual": ("READY-HELLO", lambda: Terminal([PYTHON, "-c", HELLO])),
        "queue": ("DB2025", lambda: packline(config, "--no-bench", "--no-sync")),
        "bench": ("B1", lambda: packline(config, "--station", "B1", "--no-sync")),
    }
    found: dict[str, list[tuple[float, int, float]]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, (text, open_it) in subjects.items():
            found[name].append(frame(text, open_it))
    bare = [median([run[i] for run in found["bare Textual"]]) for i in (0, 2)]
    for name, runs in found.items():
        took, rss = median([r[0] for r in runs]), median([r[2] for r in runs])
        table.add(
            name,
            ms(took),
            ms(min(r[0] for r in runs)),
            ratio(took, bare[0]),
            f"{median([float(r[1]) for r in runs]):.0f}",
            f"{rss:.0f}",
            ratio(rss, bare[1]),
        )
    return table


def frame(text: str, open_it: Callable[[], Terminal]) -> tuple[float, int, float]:
    """Seconds until the text stands there, bytes until quiet, memory then."""
    with closing(open_it()) as terminal:
        took = terminal.until(text) - terminal.began
        terminal.rest(0.4)
        return took, terminal.total, terminal.rss_mb()


def commands(config: Path, rounds: int) -> Table:
    """Commands that print and end."""
    table = Table("start: commands", ("what", "p50 ms", "/ python -c pass"))
    subjects = {
        "python -c pass": ["-c", "pass"],
        "packline where": ["-m", "tui.cli", "where", "--config", str(config), world.number_of(5)],
        "packline --help": ["-m", "tui.cli", "--help"],
    }
    found: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, words in subjects.items():
            began = time.perf_counter()
            subprocess.run([PYTHON, *words], cwd=ROOT, capture_output=True, check=True)
            found[name].append(time.perf_counter() - began)
    for name, times in found.items():
        table.add(name, ms(median(times)), ratio(median(times), median(found["python -c pass"])))
    return table


def imports() -> Table:
    """How many modules the first frame loads, and which of the heavy ones too early."""
    table = Table("start: imports before the first frame", ("what", "modules", "ms", "too early"))
    for name, words in (
        ("textual.app", "import textual.app"),
        ("screens and wiring", "import tui.house, tui.app, tui.screens.bench, tui.screens.queue"),
    ):
        code = (
            f"import sys, time; t = time.perf_counter(); {words}; t = time.perf_counter() - t;"
            f"print(len(sys.modules), t, *(m for m in {LATE} if m in sys.modules))"
        )
        told = [
            subprocess.run(
                [PYTHON, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
            ).stdout.split()
            for _ in range(5)
        ]
        took = median([float(one[1]) for one in told])
        table.add(name, told[0][0], ms(took), " ".join(told[0][2:]) or "-")
    return table
