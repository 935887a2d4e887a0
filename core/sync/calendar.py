"""What is done by the calendar, kept in the database so that no night is missed."""

from datetime import timedelta

from core.clock import Clock, local, millis
from core.store import Rows, Tx


def due_at(read: Rows, name: str) -> int | None:
    """When a job is next; None when it was never planned."""
    row = read.one("SELECT due_at FROM due_jobs WHERE name = ?", name)
    return int(row["due_at"]) if row else None


def plan(tx: Tx, name: str, at: int) -> None:
    """A job is next at that moment."""
    tx.run(
        "INSERT INTO due_jobs (name, due_at) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at",
        *(name, at),
    )


def next_night(clock: Clock, hour: int, minute: int) -> int:
    """The next time the local clock shows that; UTC milliseconds."""
    now = local(clock.now(), clock.zone)
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return millis(then if then > now else then + timedelta(days=1))
