"""What has not left yet, for a person to see and to try again."""

from dataclasses import dataclass

from core.errors import Problem
from core.messages import Message
from core.store import Row, Rows, Tx
from core.sync.conflicts import conflict
from core.sync.outbox import try_again


@dataclass(frozen=True, slots=True)
class Waiting:
    """One effect that did not arrive yet."""

    id: int
    kind: str
    """waybill, backhaul or void."""
    shop: str
    order: str
    """Internal number."""
    state: str
    """due, calling or conflict; only a person ends a conflict."""
    attempts: int
    answer: str
    """What the other side said last; "" when it was not asked yet."""
    next_try_at: int
    since: int
    ours: str = ""
    """The waybill it is about."""
    theirs: tuple[str, ...] = ()
    """For a conflict: the waybills the shop has in place of ours."""
    why: Message | None = None
    """For a conflict: what is to be done, where that is known."""
    ways: tuple[str, ...] = ()
    """For a conflict: how it may be settled."""


def waiting(read: Rows, limit: int = 500) -> list[Waiting]:
    """What waits: for a person first, then what is next."""
    rows = read.all(
        "SELECT w.*, n.number, n.code, p.waybill FROM (SELECT x.*, 0 AS rank FROM outbox x"
        " WHERE x.state = 'conflict' UNION ALL"
        " SELECT x.*, 1 AS rank FROM outbox x WHERE x.state IN ('due', 'calling')) w"
        " JOIN (SELECT o.id AS oid, o.number, s.code FROM orders o JOIN shops s"
        " ON s.id = o.shop_id) n ON n.oid = w.order_id"
        " LEFT JOIN parcels p ON p.id = w.parcel_id"
        " ORDER BY w.rank, w.next_try_at, w.id LIMIT ?",
        limit,
    )
    return [row_of(read, row) for row in rows]


def row_of(read: Rows, row: Row) -> Waiting:
    """One row; a conflict with both sides' numbers and what may be done."""
    found = conflict(read, row) if row["state"] == "conflict" else None
    return Waiting(
        row["id"],
        row["kind"],
        row["code"],
        row["number"],
        row["state"],
        row["attempts"],
        row["last_answer"],
        row["next_try_at"],
        row["created_at"],
        row["waybill"] or "",
        found.theirs if found else (),
        found.why if found else None,
        found.ways if found else (),
    )


def retry(tx: Tx, outbox_id: int) -> str:
    """Try one effect again, asking first; returns the order's number. Raises Problem."""
    row = tx.one(
        "SELECT x.kind, x.state, x.order_id, o.number FROM outbox x JOIN orders o"
        " ON o.id = x.order_id WHERE x.id = ?",
        outbox_id,
    )
    if row is None or row["state"] not in ("conflict", "due"):
        raise Problem("outbox.not_waiting", number=outbox_id)
    try_again(tx, outbox_id)
    tx.event("sent_again", row["order_id"], effect=row["kind"])
    return str(row["number"])
