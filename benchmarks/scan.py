"""Scan to painted answer: from the suffix on the serial line to the new count on the screen.

Packline and the floor (``benchmarks.bare``) run side by side and are scanned in turn, alone, while
the process's own sync takes orders in without pause, and while another process does.
"""

import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import world
from benchmarks.figures import Table, median, ms, quantile, ratio, within
from benchmarks.terminal import PYTHON, ROOT, Answer, Terminal
from drivers.simulated.scanner import SimulatedScanner

LOADS = ("alone", "sync in this process", "sync in another process")


class Subject:
    """A program that counts scans."""

    def __init__(self, terminal: Terminal, scanner: SimulatedScanner, code: str, of: int) -> None:
        self.terminal, self.scanner, self.code, self.of = terminal, scanner, code, of
        self.done = 0

    def scan(self) -> Answer:
        """Scan the right code once more."""
        self.done += 1
        expected = f" {self.done}/{self.of}"
        return self.terminal.ask(lambda: self.scanner.scan(self.code), expected)


def run(quick: bool) -> list[Table]:
    """Every size and load."""
    table = Table(
        "scan: CR on the serial line to the painted, committed answer",
        (
            "orders",
            "load",
            "n",
            "p50 ms",
            "p99 ms",
            "max ms",
            "first byte p50",
            "in one frame",
            "floor p50",
            "floor p99",
            "p50 / floor",
            "p99 - floor ms",
            "bytes",
        ),
    )
    sizes = (10_000,) if quick else (10_000, 1_000_000)
    rounds, each = (2, 20) if quick else (6, 50)
    for size in sizes:
        measure(table, size, rounds, each)
    table.notes.append(
        "Sync: take_in_all of new, unchanged and changed orders, without waiting for a network."
    )
    return [table]


def measure(table: Table, size: int, rounds: int, each: int) -> None:
    """One file; scans at irregular moments, 20 to 50 ms apart."""
    chance = random.Random(7)
    with benches(size) as (app, floor, control):
        found: dict[tuple[str, str], list[Answer]] = {}
        for _ in range(rounds):
            for load in LOADS:
                with syncing(load, control):
                    for name, subject in (("app", app), ("floor", floor)):
                        for _ in range(each):
                            time.sleep(chance.uniform(0.0, 0.03))
                            found.setdefault((load, name), []).append(subject.scan())
    for load in LOADS:
        report(table, (f"{size:,}", load), found[load, "app"], found[load, "floor"])


def report(table: Table, names: tuple[str, str], app: list[Answer], floor: list[Answer]) -> None:
    """One row."""
    shown, bare = [a.shown for a in app], [a.shown for a in floor]
    p99, floor_p99 = quantile(shown, 0.99), quantile(bare, 0.99)
    table.add(
        *names,
        len(shown),
        ms(median(shown)),
        ms(p99),
        ms(max(shown)),
        ms(median([a.first for a in app])),
        within(shown),
        ms(median(bare)),
        ms(floor_p99),
        ratio(median(shown), median(bare)),
        f"{(p99 - floor_p99) * 1000:+.1f}",
        f"{median([a.written for a in app]):.0f}",
    )


@contextmanager
def benches(size: int) -> Iterator[tuple[Subject, Subject, Path]]:
    """Packline at an open order, the floor, and the file that lets the sync run."""
    with ExitStack() as stack:
        ports = world.cache() / "ports"
        ports.mkdir(exist_ok=True)
        ours, bare = (SimulatedScanner(ports / name) for name in ("ours", "bare"))
        stack.callback(ours.close)
        stack.callback(bare.close)
        config = world.place(size, "scan", scanner=ours.path)
        control = config.with_name("sync-within")
        app = Terminal(
            [
                PYTHON,
                "-m",
                "benchmarks.syncing",
                str(control),
                "--config",
                str(config),
                "--station",
                "B1",
                "--no-sync",
            ]
        )
        stack.callback(app.close)
        floor = Terminal(
            [PYTHON, "-m", "benchmarks.bare", str(bare.path), str(config.with_name("bare.db"))]
        )
        stack.callback(floor.close)
        beside = subprocess.Popen(
            [
                PYTHON,
                "-m",
                "benchmarks.syncing",
                str(config.with_name("sync-beside")),
                str(config.with_name("packline.db")),
            ],
            cwd=ROOT,
        )
        stack.callback(beside.wait)
        stack.callback(beside.terminate)
        number, code = world.bench_orders(size)[0]
        app.until("B1")
        app.rest(0.5)
        for text, expected in (
            (world.BADGE, "王姐"),
            (number, number),
            (code, f" 1/{world.BENCH_UNITS}"),
        ):
            app.ask(lambda text=text: ours.scan(text), expected)  # type: ignore[misc]
        floor.until("READY")
        subject = Subject(app, ours, code, world.BENCH_UNITS)
        subject.done = 1
        yield subject, Subject(floor, bare, world.barcode(1), 100_000), control


@contextmanager
def syncing(load: str, control: Path) -> Iterator[None]:
    """Let the sync of that kind run."""
    switch = {"alone": None, LOADS[1]: control, LOADS[2]: control.with_name("sync-beside")}[load]
    if switch is not None:
        switch.touch()
        time.sleep(0.2)
    try:
        yield
    finally:
        if switch is not None:
            switch.unlink()
            time.sleep(0.2)
