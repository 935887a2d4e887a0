"""Internal numbers: ``DB20260120001``; one sequence per local day, never reused."""

from core.clock import local_day
from core.store import Tx


def next_number(tx: Tx, prefix: str) -> str:
    """Give out the next number of today; grows past 999, safe across processes."""
    day = local_day(tx.now, tx.clock.zone)
    row = tx.the(
        "INSERT INTO day_numbers (day, last) VALUES (?, 1)"
        " ON CONFLICT (day) DO UPDATE SET last = last + 1 RETURNING last",
        day,
    )
    return f"{prefix}{day}{row['last']:03d}"
