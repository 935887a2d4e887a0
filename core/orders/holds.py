"""Holds: why an order may not move; several at once, each with its own end."""

from core.errors import Problem
from core.store import Rows, Tx

AUTOMATIC = frozenset(
    {
        "unpaid",
        "platform_hold",
        "status_unknown",
        "refund",
        "refund_unknown",
        "missing_sku",
        "unknown_sku",
        "missing_note",
        "missing_tier",
        "receiver_hidden",
        "no_stock",
        "shipped_elsewhere",
        "partly_shipped",
    }
)
"""Raised and ended by the audit, from facts."""
OVERRULABLE = frozenset(
    {"status_unknown", "refund_unknown", "missing_note", "partly_shipped", "receiver_hidden"}
)
"""Facts that a supervisor may judge by hand; the audit does not raise them a second time."""
TOGETHER = OVERRULABLE | {"self_pickup"}
"""What a supervisor may judge for many orders at once; the others ask for a look at each."""
BY_HAND = frozenset(
    {
        *("short", "damaged", "question", "address_changed", "note_changed", "weight", "other"),
        *("file_doubt", "self_pickup"),
    }
)
"""Raised by a person or the floor; only a supervisor ends them."""


def hold(tx: Tx, order_id: int, reason: str, detail: str = "") -> bool:
    """Hold an order for a reason; False when it already is."""
    done = tx.run(
        "INSERT INTO holds (order_id, reason, detail, since, by_operator) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        *(order_id, reason, detail, tx.now, tx.actor.operator_id),
    )
    if not done.rowcount:
        return False
    tx.event("held", order_id, reason=reason, detail=detail)
    return True


def end(tx: Tx, order_id: int, reason: str) -> bool:
    """End one hold; False when there was none."""
    done = tx.run(
        "UPDATE holds SET released_at = ?, released_by = ?"
        " WHERE order_id = ? AND reason = ? AND released_at IS NULL",
        *(tx.now, tx.actor.operator_id, order_id, reason),
    )
    if not done.rowcount:
        return False
    tx.event("released", order_id, reason=reason)
    return True


def open_reasons(read: Rows, order_id: int) -> set[str]:
    """The reasons an order is held for now."""
    rows = read.all("SELECT reason FROM holds WHERE order_id = ? AND released_at IS NULL", order_id)
    return {row["reason"] for row in rows}


def overruled(tx: Tx, order_id: int) -> set[tuple[str, str]]:
    """Reason and word a person judged and let go; another unknown word is judged anew."""
    rows = tx.all(
        "SELECT DISTINCT reason, detail FROM holds WHERE order_id = ? AND released_by IS NOT NULL",
        order_id,
    )
    return {(row["reason"], row["detail"]) for row in rows if row["reason"] in OVERRULABLE}


def release(tx: Tx, order_id: int, reason: str) -> None:
    """A supervisor lets an order go. Raises Problem when this reason ends only by facts."""
    from core.orders.audit import audit

    if reason in AUTOMATIC - OVERRULABLE and not judged_for_files(tx, order_id, reason):
        raise Problem("hold.by_facts", reason=reason)
    if tx.actor.operator_id is None:
        raise Problem("hold.needs_person", reason=reason)
    role = tx.the("SELECT role FROM operators WHERE id = ?", tx.actor.operator_id)["role"]
    if role != "supervisor":
        raise Problem("hold.needs_supervisor", reason=reason)
    if not end(tx, order_id, reason):
        raise Problem("hold.not_held", reason=reason)
    tx.run("UPDATE orders SET touched_at = ? WHERE id = ?", tx.now, order_id)
    if reason == "address_changed":
        from core.watch import close_alert

        number = tx.the("SELECT number FROM orders WHERE id = ?", order_id)["number"]
        close_alert(tx, "address_changed", number)
    if reason == "missing_note":
        tx.run("UPDATE orders SET buyer_note = '' WHERE id = ? AND buyer_note IS NULL", order_id)
    if reason in FILES_MAY_NOT_END:
        overrule_file(tx, order_id, reason)
    audit(tx, order_id)


FILES_MAY_NOT_END = frozenset({"refund", "platform_hold"})
"""What a file may have stopped and no later file can be told from an older one in ending."""


def judged_for_files(read: Rows, order_id: int, reason: str) -> bool:
    """Whether a supervisor may end this hold because the shop speaks to us by files only."""
    row = read.one(
        "SELECT 1 FROM orders o JOIN shops s ON s.id = o.shop_id WHERE o.id = ? AND s.by_file = 1",
        order_id,
    )
    return row is not None and reason in FILES_MAY_NOT_END


def overrule_file(tx: Tx, order_id: int, reason: str) -> None:
    """The stop is over, as a person found out; the file that told it would tell it anew."""
    if reason == "refund":
        tx.run(
            "UPDATE order_lines SET refund = 'none', refund_word = ''"
            " WHERE order_id = ? AND refund = 'open'",
            order_id,
        )
    else:
        tx.run("UPDATE orders SET status = 'to_ship' WHERE id = ?", order_id)
    tx.run("UPDATE orders SET digest = '' WHERE id = ?", order_id)


def shipping_stopped(read: Rows, order_id: int) -> bool:
    """Whether the shop is told nothing: money may be on its way back, or the platform says stop.

    Some platforms have one word for both.
    """
    reasons = ("refund", "refund_unknown", "platform_hold", "file_doubt")
    return held_for(read, order_id, reasons) or stopped_after_handover(read, order_id)


def stopped_after_handover(read: Rows, order_id: int) -> bool:
    """Whether the shop says stop of a parcel that the courier has: nothing holds that any more."""
    row = read.one(
        "SELECT 1 FROM orders o WHERE id = ? AND stage = 'shipped' AND (status = 'hold' OR EXISTS"
        " (SELECT 1 FROM order_lines WHERE order_id = o.id AND refund = 'open'))",
        order_id,
    )
    return row is not None


def label_stopped(read: Rows, order_id: int) -> bool:
    """Whether a label must wait: the goods may stay here, or go to another door."""
    reasons = ("refund", "refund_unknown", "platform_hold", "address_changed", "file_doubt")
    return held_for(read, order_id, reasons)


def held_for(read: Rows, order_id: int, reasons: tuple[str, ...]) -> bool:
    """Whether an order is held for one of these."""
    row = read.one(
        "SELECT 1 FROM holds WHERE order_id = ? AND released_at IS NULL"
        f" AND reason IN ({','.join('?' * len(reasons))})",
        *(order_id, *reasons),
    )
    return row is not None
