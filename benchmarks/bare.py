"""The floor of ``scan``: a loop that reads a serial line, commits, and writes the terminal.

``python -m benchmarks.bare PORT FILE``: no decisions, no screen library; one look-up, one UPDATE
and two INSERTs in one durable transaction, and the answer as one escape sequence.
"""

import os
import select
import sys
import tty

from core.store.database import sqlite


def main(port: str, file: str) -> None:
    """Answer codes until the line closes."""
    connection = sqlite.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    run = connection.execute
    run("CREATE TABLE lines (id INTEGER PRIMARY KEY, code TEXT UNIQUE, done INTEGER) STRICT")
    run("CREATE TABLE events (id INTEGER PRIMARY KEY, line INTEGER, what TEXT) STRICT")
    run("CREATE TABLE benches (id INTEGER PRIMARY KEY, state TEXT) STRICT")
    run("INSERT INTO lines VALUES (1, '6900000000014', 0)")
    line = os.open(port, os.O_RDONLY | os.O_NOCTTY)
    tty.setraw(line)
    os.write(1, b"\x1b[2J\x1b[HREADY")
    rest = b""
    while select.select([line], [], []):
        rest += os.read(line, 4096)
        while b"\r" in rest:
            code, rest = rest.split(b"\r", 1)
            done = scan(run, code.decode())
            os.write(1, f"\x1b[5;10H\x1b[1;32m {done}/100000 \x1b[0m".encode())


def scan(run: object, code: str) -> int:
    """One durable transaction; returns how many are done."""
    assert callable(run)
    run("BEGIN IMMEDIATE")
    found, done = run("SELECT id, done FROM lines WHERE code = ?", (code,)).fetchone()
    run("UPDATE lines SET done = done + 1 WHERE id = ?", (found,))
    run("INSERT INTO events (line, what) VALUES (?, ?)", (found, "x" * 200))
    run("INSERT INTO benches (state) VALUES (?)", ("x" * 300,))
    run("COMMIT")
    return int(done) + 1


if __name__ == "__main__":
    main(*sys.argv[1:])
