"""Events: append-only, with who, when, where, what, and a hash over the order's previous one."""

import hashlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.store.database import Rows
    from core.store.store import Tx

GENESIS = "0" * 64
BEGINNING = (0, GENESIS)
"""Sequence and hash in front of an order's first event."""


@dataclass(frozen=True, slots=True)
class Event:
    """What was written: its globally unique id is what evidence refers to."""

    uid: str
    order_id: int | None
    seq: int
    hash: str


def append_event(
    tx: "Tx",
    *,
    kind: str,
    order_id: int | None,
    at: int,
    operator_id: int | None,
    station: str,
    what: str,
) -> Event:
    """Add one event, chained to the last event of the same order."""
    last, previous = (
        BEGINNING if order_id is None else tx.chains.get(order_id) or _end(tx, order_id)
    )
    seq = last + 1
    uid = uuid.uuid4().hex
    digest = chain(previous, uid, order_id, seq, at, kind, operator_id, station, what)
    tx.run(
        "INSERT INTO events (uid, order_id, seq, at, kind, operator_id, station, what, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(uid, order_id, seq, at, kind, operator_id, station, what, digest),
    )
    if order_id is not None:
        tx.chains[order_id] = (seq, digest)
    return Event(uid, order_id, seq, digest)


def _end(tx: "Tx", order_id: int) -> tuple[int, str]:
    """Sequence and hash of an order's last event."""
    last = tx.one(
        "SELECT seq, hash FROM events WHERE order_id = ? ORDER BY seq DESC LIMIT 1", order_id
    )
    return (last["seq"], last["hash"]) if last else BEGINNING


def chain(previous: str, *parts: object) -> str:
    """SHA-256 over the previous hash and every part of this event."""
    text = "\x1f".join([previous, *("" if part is None else str(part) for part in parts)])
    return hashlib.sha256(text.encode()).hexdigest()


def first_broken(read: "Rows", order_id: int) -> int | None:
    """The sequence number of the first event whose hash does not fit; None when all do."""
    previous = GENESIS
    for row in read.all("SELECT * FROM events WHERE order_id = ? ORDER BY seq", order_id):
        parts = [
            row[k]
            for k in ("uid", "order_id", "seq", "at", "kind", "operator_id", "station", "what")
        ]
        if chain(previous, *parts) != row["hash"]:
            return int(row["seq"])
        previous = row["hash"]
    return None
