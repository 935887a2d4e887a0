"""Intake: orders a second, and how long one chunk holds the lock, against the bare rows.

The floor writes exactly the rows that intake wrote, with ``executemany``, in as many transactions,
into a copy of the same file.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import world
from benchmarks.figures import Table, median, ms, quantile
from core.orders.intake import take_in_all
from core.ports import PlatformOrder
from core.store import Store
from core.store.store import Tx

TABLES = ("orders", "order_lines", "raw_orders", "events", "stock_moves")


class Timed(Store):
    """A store that remembers how long each transaction held the lock."""

    def __init__(self, path: Path) -> None:
        self.held: list[float] = []
        super().__init__(path)

    def _transact(self, work: Callable[[Tx], Any], actor: Any, rank: int) -> Any:
        began = time.perf_counter()
        try:
            return super()._transact(work, actor, rank)
        finally:
            self.held.append(time.perf_counter() - began)


def run(quick: bool) -> list[Table]:
    """Into a small file, into a large one, the same again, and changes."""
    table = Table(
        "intake: take_in_all against executemany of the same rows in chunks of the same size",
        (
            "orders in the file",
            "what",
            "orders/s",
            "floor orders/s",
            "share of the floor",
            "lock p50 ms",
            "lock p99 ms",
            "lock max ms",
        ),
    )
    for size in (10_000,) if quick else (10_000, 1_000_000):
        measure(table, size, 400 if quick else 3_000)
    table.notes.append(
        "1.5 lines and 1.5 KB of source each; every chunk is one durable transaction of about 3 ms"
        " and is followed by the pause that lets other processes in; the floor makes no pause."
    )
    return [table]


def measure(table: Table, size: int, orders: int) -> None:
    """One file."""
    path = world.place(size, "intake").parent / "packline.db"
    told = [world.telling(n) for n in range(orders)]
    changed = [world.telling(n, 2, note="请轻放") for n in range(orders)]
    store = Timed(path)
    store.do(lambda tx: None)
    rates = []
    for batch in (told, told, changed):
        store.held.clear()
        rates.append((rate(store, batch), list(store.held)))
    rows = written(store, orders, -(-orders // len(rates[0][1])))
    store.close()
    floor = bare(size, rows, orders)
    for what, (speed, held) in zip(("new", "the same again", "changed"), rates, strict=True):
        compared = (
            (f"{floor:,.0f}", f"{100 * speed / floor:.0f} %") if what == "new" else ("-", "-")
        )
        table.add(
            f"{size:,}",
            what,
            f"{speed:,.0f}",
            *compared,
            ms(median(held)),
            ms(quantile(held, 0.99)),
            ms(max(held)),
        )


def rate(store: Store, orders: list[PlatformOrder]) -> float:
    """Orders a second."""
    began = time.perf_counter()
    take_in_all(store, world.POLICY, orders)
    return len(orders) / (time.perf_counter() - began)


def written(
    store: Store, orders: int, chunk: int
) -> dict[str, tuple[str, list[list[tuple[Any, ...]]]]]:
    """The rows that taking these orders in for the first time wrote, by table, in chunks."""
    first = store.read.one("SELECT max(id) - ? AS id FROM orders", orders)
    assert first is not None
    found = {}
    for name in TABLES:
        columns = [
            row["name"]
            for row in store.read.all(f"PRAGMA table_xinfo({name})")
            if row["hidden"] == 0 and not (row["name"] == "id" and name not in ("orders",))
        ]
        key = "id" if name == "orders" else "order_id"
        sql = f"SELECT {key} AS of_order, {', '.join(columns)} FROM {name} WHERE {key} > ?"
        if name == "events":
            sql += " AND kind <> 'changed'"
        chunks: list[list[tuple[Any, ...]]] = [[] for _ in range(-(-orders // chunk))]
        for row in store.read.all(sql, first["id"]):
            chunks[(row["of_order"] - first["id"] - 1) // chunk].append(tuple(row)[1:])
        places = ", ".join("?" for _ in columns)
        insert = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({places})"
        found[name] = (insert, chunks)
    return found


def bare(size: int, rows: dict[str, tuple[str, list[list[tuple[Any, ...]]]]], orders: int) -> float:
    """Orders a second when nothing is decided."""
    store = Store(world.place(size, "intake").parent / "packline.db")
    connection = store._connection  # the raw door is the point here
    count = len(next(iter(rows.values()))[1])
    began = time.perf_counter()
    for chunk in range(count):
        connection.execute("BEGIN IMMEDIATE")
        for insert, chunks in rows.values():
            connection.executemany(insert, chunks[chunk])
        connection.execute("COMMIT")
    speed = orders / (time.perf_counter() - began)
    store.close()
    return speed
