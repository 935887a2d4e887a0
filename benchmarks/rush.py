"""The hour of a sale: new orders come in at a steady rate while a bench goes on scanning."""

import random
import time
from contextlib import closing

from benchmarks.figures import Table, median, ms, quantile, within
from benchmarks.scan import benches
from benchmarks.terminal import Answer
from core.store import open_reader
from core.store.database import Reader

OFFERED = (0, 500, 1_000)
"""New orders a second; nothing to compare with, what is wanted, and more."""


def run(quick: bool) -> list[Table]:
    """Every size and rate."""
    table = Table(
        "rush: scans while new orders come in",
        (
            "orders in the file",
            "offered/s",
            "taken in/s",
            "scans",
            "scan p50 ms",
            "scan p99 ms",
            "in one frame",
        ),
    )
    sizes = (10_000,) if quick else (10_000, 1_000_000)
    for size in sizes:
        measure(table, size, 4.0 if quick else 12.0)
    table.notes.append(
        "Intake runs in the bench's own process, as `packline` does it; a scan every 30 to 60 ms."
    )
    return [table]


def measure(table: Table, size: int, seconds: float) -> None:
    """One file, in turns of a few seconds each."""
    chance = random.Random(11)
    turns = 4
    scans: dict[int, list[Answer]] = {rate: [] for rate in OFFERED}
    taken = dict.fromkeys(OFFERED, 0.0)
    with (
        benches(size) as (app, _floor, control),
        closing(open_reader(control.with_name("packline.db"))) as read,
    ):
        for _ in range(turns):
            for rate in OFFERED:
                if rate:
                    control.write_text(str(rate))
                before, began = orders(read), time.perf_counter()
                while time.perf_counter() - began < seconds / turns:
                    time.sleep(chance.uniform(0.005, 0.035))
                    scans[rate].append(app.scan())
                taken[rate] += (orders(read) - before) / (time.perf_counter() - began) / turns
                control.unlink(missing_ok=True)
                time.sleep(0.3)
    for rate, found in scans.items():
        shown = [each.shown for each in found]
        table.add(
            *(f"{size:,}", rate or "-", f"{taken[rate]:,.0f}" if rate else "-", len(shown)),
            *(ms(median(shown)), ms(quantile(shown, 0.99)), within(shown)),
        )


def orders(read: Reader) -> int:
    """How many orders there are, by the last one's id."""
    row = read.one("SELECT max(id) AS n FROM orders")
    assert row is not None
    return int(row["n"])
