"""The commit of one scan: against the disk's own floor, counted in syncs, and on a slow disk."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import world
from benchmarks.figures import Table, median, ms, quantile, ratio
from benchmarks.terminal import PYTHON, ROOT
from core.floor.bench import Bench
from core.ports import Scan
from core.store import Store

PAGE = 4096
SLOW_MS = (5, 20)


def run(quick: bool) -> list[Table]:
    """At disk speed, then slower."""
    scans = 100 if quick else 600
    config = world.place(10_000, "commit")
    table = Table(
        "commit: one scan through the bench, decided and durable",
        (
            "disk",
            "n",
            "p50 ms",
            "p99 ms",
            "floor p50",
            "floor p99",
            "p50 / floor",
            "+ ms",
            "syncs per scan",
        ),
    )
    for slow in (0, *SLOW_MS):
        shim = None if slow == 0 else compiled()
        if slow and shim is None:
            table.notes.append("No C compiler: the slow disks are left out.")
            break
        n = scans if slow == 0 else max(30, scans // 4)
        env = {"LD_PRELOAD": str(shim), "SLOWSYNC_US": str(slow * 1000)} if shim else {}
        table.add(
            f"syncs +{slow} ms" if slow else "this disk",
            n,
            *measured(config, n, env),
            syncs(config) if slow == 0 else "",
        )
    table.notes.append(
        "The floor overwrites 8 pages of a file beside it and calls fdatasync, in the same rounds."
    )
    return [table]


def measured(config: Path, scans: int, env: dict[str, str]) -> list[str]:
    """In a process of its own, so that the shim can be put under it."""
    words = [PYTHON, "-m", "benchmarks.commit", str(config.with_name("packline.db")), str(scans)]
    done = subprocess.run(
        words, cwd=ROOT, env=os.environ | env, capture_output=True, text=True, check=True
    )
    ours, floor = ([float(x) for x in line.split()] for line in done.stdout.splitlines())
    p50, bare = median(ours), median(floor)
    return [
        ms(p50),
        ms(quantile(ours, 0.99)),
        ms(bare),
        ms(quantile(floor, 0.99)),
        ratio(p50, bare),
        f"{(p50 - bare) * 1000:.2f}",
    ]


def compiled() -> Path | None:
    """The shim that delays every sync; None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    shim = world.cache() / "slowsync.so"
    source = Path(__file__).with_name("slowsync.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", shim, source, "-ldl"], check=True)
    return shim


def syncs(config: Path, scans: int = 50) -> str:
    """Counted by strace: the difference between a run with scans and one without."""
    if shutil.which("strace") is None:
        return "no strace"
    counts = [traced(config, n) for n in (0, scans)]
    return f"{(counts[1] - counts[0]) / scans:.2f}"


def traced(config: Path, scans: int) -> int:
    """How often a run asked the disk to make sure."""
    log = world.cache() / "strace.log"
    subprocess.run(
        [
            "strace",
            "-f",
            "-qq",
            "-e",
            "trace=fdatasync,fsync",
            "-o",
            log,
            PYTHON,
            "-m",
            "benchmarks.commit",
            config.with_name("packline.db"),
            str(scans),
            "scans only",
        ],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return len(re.findall(r"f(?:data)?sync\(", log.read_text()))


# --- the measured process ------------------------------------------------------------------------


def main(path: str, scans: str, only: str = "") -> None:
    """Print the seconds of each scan, and of each floor write beside it."""
    file = Path(path)
    number, code = world.bench_orders(10_000)[1]
    store = Store(file)
    bench = Bench(store, "B1")
    at = store.clock.now()
    for text in (world.BADGE, number):
        bench.scan(Scan(text, at, "bench")).result()
    ours, floor = [], []
    handle = os.open(file.with_name("floor"), os.O_RDWR | os.O_CREAT)
    os.pwrite(handle, bytes(PAGE * 8), 0)
    for _ in range(int(scans)):
        ours.append(timed(lambda: bench.scan(Scan(code, at, "bench")).result()))
        if not only:
            floor.append(timed(lambda: overwrite(handle)))
    store.close()
    print(*ours)
    print(*floor)


def timed(act: object) -> float:
    """Seconds, after a breath: scans come one by one."""
    assert callable(act)
    time.sleep(0.002)
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def overwrite(handle: int) -> None:
    """What a durable commit costs at least."""
    os.pwrite(handle, os.urandom(16) * (PAGE // 2), 0)
    os.fdatasync(handle)


if __name__ == "__main__":
    main(*sys.argv[1:])
