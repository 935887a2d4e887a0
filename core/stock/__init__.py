"""Stock: on hand, reserved and available per warehouse and SKU, and the ledger behind them.

The ledger is the only way to change a balance; a trigger adds each move to it and a CHECK makes
oversell impossible. Decides no warehouse and knows no shop.
"""

from core.errors import Problem
from core.store import Row, Rows, Tx

__all__ = ["adjust", "available", "differences", "receive", "release", "reserve", "ship"]


def available(read: Rows, warehouse_id: int, sku_id: int) -> int:
    """Units on hand that are not promised yet."""
    row = read.one(
        "SELECT on_hand - reserved AS free FROM stock WHERE warehouse_id = ? AND sku_id = ?",
        *(warehouse_id, sku_id),
    )
    return row["free"] if row else 0


def move(
    tx: Tx,
    kind: str,
    warehouse_id: int,
    sku_id: int,
    *,
    on_hand: int = 0,
    reserved: int = 0,
    order_id: int | None = None,
    reason: str = "",
) -> None:
    """Write one move; the balance follows by trigger."""
    tx.run(
        "INSERT INTO stock_moves"
        " (at, warehouse_id, sku_id, kind, on_hand, reserved, order_id, operator_id, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(tx.now, warehouse_id, sku_id, kind, on_hand, reserved),
        *(order_id, tx.actor.operator_id, reason),
    )


def receive(tx: Tx, warehouse_id: int, sku_id: int, quantity: int, reason: str = "") -> None:
    """Goods arrived on the shelf."""
    if quantity <= 0:
        raise Problem("stock.receive_positive", quantity=quantity)
    move(tx, "receive", warehouse_id, sku_id, on_hand=quantity, reason=reason)


def adjust(tx: Tx, warehouse_id: int, sku_id: int, change: int, reason: str) -> None:
    """A recount found more or less. Raises Problem below what is promised."""
    row = tx.one(
        "SELECT on_hand, reserved FROM stock WHERE warehouse_id = ? AND sku_id = ?",
        *(warehouse_id, sku_id),
    )
    on_hand, reserved = (row["on_hand"], row["reserved"]) if row else (0, 0)
    if on_hand + change < reserved:
        raise Problem("stock.below_reserved", counted=on_hand + change, reserved=reserved)
    move(tx, "adjust", warehouse_id, sku_id, on_hand=change, reason=reason)


def reserve(tx: Tx, warehouse_id: int, line: Row) -> None:
    """Promise a line's units to its order."""
    if line["wanted"] and line["sku_id"] is not None:
        move(
            tx,
            "reserve",
            warehouse_id,
            line["sku_id"],
            reserved=line["wanted"],
            order_id=line["order_id"],
        )
        tx.run("UPDATE order_lines SET reserved = ? WHERE id = ?", line["wanted"], line["id"])


def release(tx: Tx, line: Row, warehouse_id: int, quantity: int, reason: str) -> None:
    """Take promised units back."""
    quantity = min(quantity, line["reserved"])
    if quantity > 0:
        move(
            tx,
            "release",
            warehouse_id,
            line["sku_id"],
            reserved=-quantity,
            order_id=line["order_id"],
            reason=reason,
        )
        tx.run("UPDATE order_lines SET reserved = reserved - ? WHERE id = ?", quantity, line["id"])


def ship(tx: Tx, order_id: int, warehouse_id: int) -> None:
    """The parcel left the building: its units leave the shelf and the promise."""
    for line in tx.all(
        "SELECT id, order_id, sku_id, verified, reserved FROM order_lines"
        " WHERE order_id = ? AND reserved > 0",
        order_id,
    ):
        move(
            tx,
            "ship",
            warehouse_id,
            line["sku_id"],
            on_hand=-line["verified"],
            reserved=-line["reserved"],
            order_id=order_id,
        )
        tx.run("UPDATE order_lines SET reserved = 0 WHERE id = ?", line["id"])


def differences(read: Rows) -> list[Row]:
    """Balances that are not the sum of their ledger: empty unless somebody edited the file."""
    return read.all(
        "SELECT s.warehouse_id, s.sku_id, s.on_hand, s.reserved,"
        " ifnull(m.on_hand, 0) AS ledger_on_hand, ifnull(m.reserved, 0) AS ledger_reserved"
        " FROM stock s LEFT JOIN (SELECT warehouse_id, sku_id, sum(on_hand) AS on_hand,"
        " sum(reserved) AS reserved FROM stock_moves GROUP BY 1, 2) m USING (warehouse_id, sku_id)"
        " WHERE s.on_hand <> ifnull(m.on_hand, 0) OR s.reserved <> ifnull(m.reserved, 0)"
    )
