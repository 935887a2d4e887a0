"""How far a shop is known: up to its cursor, except for the gaps that are still to be pulled.

At every moment, each change before the cursor is either committed or inside a gap. A step is taken
off in one transaction after its orders are committed, so that a crash repeats and never skips.
"""

from dataclasses import dataclass

from core.store import Rows, Tx
from core.sync import health

FEED = "orders"
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of a shop's past, in [since, until), that is still to be pulled."""

    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a shop's time that is pulled next."""

    since: int
    until: int
    live: bool
    """At the cursor; otherwise the beginning of a gap."""
    skipped: Gap | None = None
    """What lies between the cursor and ``since``, to be pulled later."""


def cursor(read: Rows, shop_id: int) -> int | None:
    """Up to where a shop was asked; None before its first pull."""
    row = read.one("SELECT reached FROM cursors WHERE shop_id = ? AND feed = ?", shop_id, FEED)
    return int(row["reached"]) if row else None


def gaps(read: Rows, shop_id: int) -> list[Gap]:
    """What is still to be pulled, oldest first."""
    rows = read.all("SELECT since, until FROM pull_gaps WHERE shop_id = ? ORDER BY since", shop_id)
    return [Gap(row["since"], row["until"]) for row in rows]


def complete_to(read: Rows, shop_id: int) -> int | None:
    """Up to where nothing is missing; None before the first pull."""
    left = gaps(read, shop_id)
    return left[0].since if left else cursor(read, shop_id)


def taken(tx: Tx, shop_id: int, step: Step, reached: int) -> None:
    """Everything that changed in ``[step.since, reached)`` is committed."""
    if step.live:
        set_cursor(tx, shop_id, reached)
        if step.skipped:
            add_gap(tx, shop_id, step.skipped)
    else:
        shorten(tx, shop_id, step.since, reached)
    complete = complete_to(tx, shop_id)
    assert complete is not None
    health.well(tx, shop_id, complete)


def set_cursor(tx: Tx, shop_id: int, reached: int) -> None:
    """Move the cursor."""
    tx.run(
        "INSERT INTO cursors (shop_id, feed, reached) VALUES (?, ?, ?)"
        " ON CONFLICT (shop_id, feed) DO UPDATE SET reached = excluded.reached",
        *(shop_id, FEED, reached),
    )


def add_gap(tx: Tx, shop_id: int, gap: Gap) -> None:
    """Remember a part of the past to be pulled; one with the same beginning grows."""
    tx.run(
        "INSERT INTO pull_gaps (shop_id, since, until) VALUES (?, ?, ?)"
        " ON CONFLICT (shop_id, since) DO UPDATE SET until = max(until, excluded.until)",
        *(shop_id, gap.since, gap.until),
    )


def shorten(tx: Tx, shop_id: int, since: int, reached: int) -> None:
    """The beginning of a gap is pulled."""
    tx.run(
        "DELETE FROM pull_gaps WHERE shop_id = ? AND since = ? AND until <= ?",
        *(shop_id, since, reached),
    )
    row = tx.one("SELECT until FROM pull_gaps WHERE shop_id = ? AND since = ?", shop_id, since)
    if row is not None:
        tx.run("DELETE FROM pull_gaps WHERE shop_id = ? AND since = ?", shop_id, since)
        add_gap(tx, shop_id, Gap(reached, row["until"]))


def backfill(tx: Tx, shop_id: int, since: int) -> bool:
    """Ask for the past from that moment on once more; False while there is no past.

    What an aggregator delivered of it counts no more: it is asked to deliver again.
    """
    until = cursor(tx, shop_id)
    if until is None or since >= until:
        return False
    tx.run("DELETE FROM delivery_tasks WHERE shop_id = ? AND until > ?", shop_id, since)
    tx.run("DELETE FROM pull_gaps WHERE shop_id = ? AND since >= ?", shop_id, since)
    add_gap(tx, shop_id, Gap(since, until))
    return True
