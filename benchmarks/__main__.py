"""``python -m benchmarks [names] [--quick] [--write]``."""

import argparse
import importlib
import os
import platform
import sys
import time
from pathlib import Path

NAMES = ("commit", "intake", "queue", "scan", "rush", "start", "idle", "backup", "scales")
RESULTS = Path(__file__).with_name("RESULTS.md")
MARK = "<!-- figures: everything below is written by --write -->\n"


def main() -> int:
    """Run the benchmarks that were named, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=" ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="small files, few rounds, < 60 s")
    parser.add_argument("--write", action="store_true", help="keep the figures in RESULTS.md")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in NAMES:
            parser.error(f"expected one of {' '.join(NAMES)}, got {name}")
    report = [machine(arguments.quick)]
    began = time.monotonic()
    for name in arguments.names or NAMES:
        started = time.monotonic()
        for table in importlib.import_module(f"benchmarks.{name}").run(arguments.quick):
            print(table.markdown(), flush=True)
            report.append(table.markdown())
        print(f"({name}: {time.monotonic() - started:.0f} s)\n", file=sys.stderr, flush=True)
    report.append(f"Took {time.monotonic() - began:.0f} s; load at the end {load()}.\n")
    if arguments.write:
        before = RESULTS.read_text(encoding="utf-8").split(MARK)[0] if RESULTS.exists() else ""
        RESULTS.write_text(before + MARK + "\n" + "\n".join(report), encoding="utf-8")
    return 0


def machine(quick: bool) -> str:
    """What the figures were measured on."""
    from core.store.database import sqlite

    return (
        f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores, Linux {platform.release()},"
        f" Python {platform.python_version()}, SQLite {sqlite.sqlite_version},"
        f" load before {load()}{', --quick' if quick else ''}.\n"
    )


def load() -> str:
    """Of the last minute: above about 0.5 somebody else was working here too."""
    return f"{os.getloadavg()[0]:.2f}"


if __name__ == "__main__":
    raise SystemExit(main())
