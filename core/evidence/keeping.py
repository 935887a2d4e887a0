"""How long photos stay, and how long the disk lasts.

A photo goes when its dispute window is over and nobody can still need it; its hash and the event
that it went stay for ever.
"""

import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from core.store import Row, Rows, Store, Tx
from core.store.store import BACKGROUND

log = logging.getLogger(__name__)
DAY_MS = 86_400_000
CHUNK = 10
"""Photos removed in one transaction."""
EXPIRED = "photo.expired"
LOOKED_AT_DAYS = 7
SAMPLE = 50
"""Newest photos whose size is measured for the forecast."""
_OVER = (
    "SELECT x.id, x.order_id, x.path, x.sha256 FROM evidence x JOIN orders o ON o.id = x.order_id"
    " WHERE x.id > ?1 AND x.path <> '' AND x.at < ?2 AND o.open = 0 AND o.held = 0"
    " AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.order_id = o.id AND h.released_at IS NULL)"
    " AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.order_id = o.id AND a.closed_at IS NULL)"
    " AND NOT EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id"
    " AND l.refund IN ('open', 'unknown'))"
    " AND NOT EXISTS (SELECT 1 FROM events e WHERE e.order_id = o.id AND e.at >= ?2"
    " AND e.kind <> 'photo_removed') ORDER BY x.id LIMIT ?3"
)
"""Photos nobody can need: the order is done, nothing is open on it (hold, alert, after-sale), and
nothing happened to it inside the window."""


def remove_old(store: Store, folder: Path, keep_days: int) -> int:
    """Remove the photos whose time is over; how many. Goes in small pieces, scans come first."""
    before, last, removed = store.clock.now() - keep_days * DAY_MS, 0, 0
    while rows := store.read.all(_OVER, last, before, CHUNK):
        last = rows[-1]["id"]
        removed += store.do(
            partial(_remove, rows=rows, folder=folder, before=before), rank=BACKGROUND
        )
        store.give_way()
    if removed:
        log.info("%d photos older than %d days removed", removed, keep_days)
    return removed


def _remove(tx: Tx, *, rows: list[Row], folder: Path, before: int) -> int:
    """Look again inside the transaction: a hold may have come meanwhile.

    The file goes first: should the commit fail, the next round finds the row and no file.
    """
    removed = 0
    for row in rows:
        if not any(one["id"] == row["id"] for one in tx.all(_OVER, row["id"] - 1, before, 1)):
            continue
        file = folder / row["path"]
        try:
            if file.resolve().is_relative_to(folder.resolve()):
                file.unlink(missing_ok=True)
        except OSError as error:
            log.warning("photo %s cannot be removed: %s", file, error)
            continue
        tx.run("UPDATE evidence SET path = '', missing = ? WHERE id = ?", EXPIRED, row["id"])
        tx.event("photo_removed", row["order_id"], path=row["path"], sha256=row["sha256"])
        removed += 1
    return removed


@dataclass(frozen=True, slots=True)
class Forecast:
    """How the photos grow."""

    per_day: int
    """Bytes a day, as the last week went."""
    days_left: int | None
    """Days until the disk is full; None while nothing grows."""


def forecast(read: Rows, folder: Path, now: int) -> Forecast:
    """How long the disk of the photo folder lasts at the rate of the last week.

    Raises OSError when the folder's disk cannot be asked.
    """
    row = read.one(
        "SELECT count(*) AS n, ifnull(min(at), ?1) AS first FROM evidence"
        " WHERE path <> '' AND at >= ?2",
        *(now, now - LOOKED_AT_DAYS * DAY_MS),
    )
    assert row is not None
    sizes = list(islice(_sizes(read, folder), SAMPLE))
    days = max(1.0, (now - row["first"]) / DAY_MS)
    per_day = round(row["n"] / days * (sum(sizes) / len(sizes))) if sizes else 0
    free = shutil.disk_usage(folder).free
    return Forecast(per_day, free // per_day if per_day else None)


def _sizes(read: Rows, folder: Path) -> Iterator[int]:
    for row in read.all("SELECT path FROM evidence WHERE path <> '' ORDER BY id DESC LIMIT 200"):
        try:
            yield (folder / row["path"]).stat().st_size
        except OSError:
            continue
