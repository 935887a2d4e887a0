"""The online backup of a large file against a plain copy, and what scans feel of it."""

import os
import shutil
import threading
import time
from pathlib import Path

from benchmarks import world
from benchmarks.figures import Table, median, ms, quantile, ratio
from core.floor.bench import Bench
from core.ports import Scan
from core.store import Store


def run(quick: bool) -> list[Table]:
    """Copy, back up, back up while a bench scans every 20 ms."""
    size = 10_000 if quick else 1_000_000
    config = world.place(size, "backup")
    file, copy = config.with_name("packline.db"), config.with_name("copy.db")
    table = Table(
        f"backup: {size:,} orders, {file.stat().st_size / 1e6:.0f} MB",
        ("what", "s", "/ copy", "scans", "scan p50 ms", "scan p99 ms"),
    )
    store = Store(file)
    number, code = world.bench_orders(size)[2]
    bench = Bench(store, "B1")
    for text in (world.BADGE, number):
        bench.scan(Scan(text, store.clock.now(), "bench")).result()
    plain = seconds(lambda: plain_copy(file, copy))
    table.add("cp + fsync", f"{plain:.2f}", "1.00x", "", "", "")
    quiet = scanned(bench, code, lambda: time.sleep(1.0 if quick else 2.0))[1]
    table.add("no backup", "", "", len(quiet), ms(median(quiet)), ms(quantile(quiet, 0.99)))
    copy.unlink()
    took, during = scanned(bench, code, lambda: store.back_up(copy))
    table.add(
        "backup",
        f"{took:.2f}",
        ratio(took, plain),
        len(during),
        ms(median(during)),
        ms(quantile(during, 0.99)),
    )
    store.close()
    copy.unlink()
    return [table]


def seconds(act: object) -> float:
    """How long it takes."""
    assert callable(act)
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def plain_copy(file: Path, copy: Path) -> None:
    """``cp`` and a sync."""
    shutil.copyfile(file, copy)
    with copy.open("rb") as written:
        os.fsync(written.fileno())


def scanned(bench: Bench, code: str, act: object) -> tuple[float, list[float]]:
    """How long it takes while a bench scans, and what each scan took."""
    took: list[float] = []
    worker = threading.Thread(target=lambda: took.append(seconds(act)))
    found = []
    worker.start()
    while worker.is_alive():
        found.append(seconds(lambda: bench.scan(Scan(code, 0, "bench")).result()))
        time.sleep(0.02)
    worker.join()
    return took[0], found
