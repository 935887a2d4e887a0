"""The queue and its look-ups: with a long history as fast as with a short one."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benchmarks import world
from benchmarks.figures import Table, median, ms, quantile, ratio
from benchmarks.terminal import Terminal, packline
from core.floor.desk import Desk, Place
from core.floor.rules import FloorRules
from core.orders import find, queue
from core.store import open_reader
from core.store.database import Reader

DOWN, PAGE_DOWN = "\x1b[B", "\x1b[6~"


def run(quick: bool) -> list[Table]:
    """Reads, then keys."""
    sizes = (10_000,) if quick else (10_000, 1_000_000)
    return [reads(sizes, 100 if quick else 1000), keys(sizes[-1], 30 if quick else 150)]


def reads(sizes: tuple[int, ...], times: int) -> Table:
    """What the panes ask, in this process, file cache warm."""
    table = Table(
        "queue: reads",
        ("what", *(f"{size:,} p50 / p99 ms" for size in sizes), "ratio of p50"),
    )
    for size in sizes:
        into_memory(world.filled(size))
    readers = {size: open_reader(world.filled(size)) for size in sizes}
    for name, ask in questions().items():
        found: dict[int, list[float]] = {size: [] for size in sizes}
        for n in range(times):
            for size, read in readers.items():
                began = time.perf_counter()
                ask(read, size, n)
                found[size].append(time.perf_counter() - began)
        cells = [f"{ms(median(t))} / {ms(quantile(t, 0.99))}" for t in found.values()]
        table.add(name, *cells, ratio(median(found[sizes[-1]]), median(found[sizes[0]])))
    for read in readers.values():
        read.close()
    return table


def into_memory(file: Path) -> None:
    """Read a file once, so that what follows asks its cache and not the disk."""
    with file.open("rb") as content:
        while content.read(1 << 24):
            pass


def questions() -> dict[str, Callable[[Reader, int, int], object]]:
    """Name -> the question, for the ``n``-th time, over a file of ``size`` orders."""

    def one(size: int, n: int) -> int:
        """An order anywhere in the history."""
        return (n * 7919) % (size - world.OPEN) + 1

    return {
        "first page": lambda read, size, n: queue.page(read),
        "next page": lambda read, size, n: queue.page(read, after=AFTER),
        "last page": lambda read, size, n: queue.last_page(read),
        "page of one stage": lambda read, size, n: queue.page(read, queue.Filter(stage="ready")),
        "count of the filter": lambda read, size, n: queue.count(read),
        "next order for a bench": lambda read, size, n: Desk(read, PLACE, RULES).next_order(),
        "internal number": lambda read, size, n: find.find(read, world.number_of(one(size, n))),
        "platform number": lambda read, size, n: find.find(read, world.platform_of(one(size, n))),
        "waybill": lambda read, size, n: find.find(read, world.waybill(one(size, n))),
        "phone tail": lambda read, size, n: find.find(read, f"{n % 10_000:04d}"),
        "receiver": lambda read, size, n: find.find(read, world.name_of(one(size, n))),
        "nothing": lambda read, size, n: find.find(read, f"NONE{n}"),
        "the story of an order": lambda read, size, n: find.story(read, one(size, n)),
    }


PLACE, RULES = Place("B1", 1), FloorRules()
AFTER = (time.time_ns() // 1_000_000 + 24 * world.HOUR, 0)
"""Somewhere in the middle of the open orders."""


def keys(size: int, times: int) -> Table:
    """A key on the queue pane to the last changed cell, on a real terminal."""
    table = Table(
        f"queue: keys, {size:,} orders in the file",
        ("terminal", "key", "p50 ms", "p99 ms", "bytes", "CPU ms"),
    )
    config = world.place(size, "queue")
    for cells in ("80x24", "120x40"):
        with closing(packline(config, "--no-bench", "--no-sync", size=cells)) as terminal:
            terminal.until("DB2025")
            terminal.rest(0.6)
            for name, key in (("down", DOWN), ("page down", PAGE_DOWN)):
                pages = min(times, 50)  # further down there is nothing left to page to
                table.add(cells, name, *press(terminal, key, times if key == DOWN else pages))
    return table


def press(terminal: Terminal, key: str, times: int) -> list[str]:
    """Press a key many times; the answer is whatever is written until it is quiet."""
    found = []
    began = terminal.cpu_s()
    for _ in range(times):
        found.append(terminal.ask(lambda: terminal.type(key), lambda: True))
    cpu = (terminal.cpu_s() - began) / times
    shown = [answer.last for answer in found]
    written = median([float(answer.written) for answer in found])
    return [ms(median(shown)), ms(quantile(shown, 0.99)), f"{written:.0f}", ms(cpu)]
