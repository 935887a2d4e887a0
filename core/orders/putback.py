"""Put-backs: picked goods that will not be shipped lie in a tote or a box and belong on the shelf.

The books count them as on the shelf from the moment their order let go of them, so that another
order may have them; putting them back moves no stock. Only what is not found any more does.
"""

from core.errors import Problem
from core.stock import adjust
from core.store import Row, Rows, Tx
from core.watch import close_alert

OPEN = (
    "SELECT p.id, p.order_id, p.line_id, p.quantity, p.since, p.why, p.warehouse_id, o.number,"
    " p.sku_id, ifnull(k.code, l.sku_code) AS sku, ifnull(k.title, l.title) AS title,"
    " ifnull(k.spec, l.spec) AS spec, ifnull(b.code, '') AS bin FROM put_backs p"
    " JOIN orders o ON o.id = p.order_id JOIN order_lines l ON l.id = p.line_id"
    " LEFT JOIN skus k ON k.id = p.sku_id"
    " LEFT JOIN stock t ON t.warehouse_id = p.warehouse_id AND t.sku_id = p.sku_id"
    " LEFT JOIN bins b ON b.id = t.bin_id WHERE p.done_at IS NULL"
)


def put_back(tx: Tx, order_id: int, line_id: int, quantity: int, why: str) -> None:
    """A task: these units lie in a tote or a parcel and belong on the shelf."""
    tx.run(
        "INSERT INTO put_backs (order_id, line_id, quantity, since, why, sku_id, warehouse_id)"
        " SELECT ?1, ?2, ?3, ?4, ?5, l.sku_id, o.warehouse_id FROM order_lines l"
        " JOIN orders o ON o.id = ?1 WHERE l.id = ?2",
        *(order_id, line_id, quantity, tx.now, why),
    )
    tx.event("put_back", order_id, line=line_id, units=quantity)


def tasks(read: Rows, warehouse_id: int | None = None, limit: int = 50) -> list[Row]:
    """What is to be put back, oldest first; of one warehouse, or of all."""
    if warehouse_id is None:
        return read.all(f"{OPEN} ORDER BY p.since, p.id LIMIT ?", limit)
    return read.all(
        f"{OPEN} AND p.warehouse_id = ? ORDER BY p.since, p.id LIMIT ?", warehouse_id, limit
    )


def done(tx: Tx, task_id: int, *, by_hand: bool = False) -> None:
    """The goods are on their shelf. Raises Problem when somebody was faster.

    ``by_hand``: confirmed without the scan of a bin.
    """
    task = close(tx, task_id)
    what = {"by_hand": True} if by_hand else {}
    tx.event(
        "put_back_done", task["order_id"], line=task["line_id"], units=task["quantity"], **what
    )


def undo(tx: Tx, task_id: int) -> None:
    """They are not there after all: the task is open again. Raises Problem when it is open."""
    task = tx.the("SELECT * FROM put_backs WHERE id = ?", task_id)
    if task["done_at"] is None:
        raise Problem("put_back.still_open")
    tx.run("UPDATE put_backs SET done_at = NULL, done_by = NULL WHERE id = ?", task_id)
    tx.event("put_back_undone", task["order_id"], line=task["line_id"], units=task["quantity"])


def missing(tx: Tx, task_id: int) -> None:
    """They cannot be found: they leave the books. Raises Problem when they are promised by now."""
    task = close(tx, task_id)
    if task["sku_id"] is not None and task["warehouse_id"] is not None:
        goods = (task["warehouse_id"], task["sku_id"])
        adjust(tx, *goods, -task["quantity"], "put_back missing")
    tx.event("put_back_missing", task["order_id"], line=task["line_id"], units=task["quantity"])


def close(tx: Tx, task_id: int) -> Row:
    """End a task; the order's parcel needs no catching once all of its goods are back."""
    task = tx.the(
        "SELECT p.*, o.number FROM put_backs p JOIN orders o ON o.id = p.order_id WHERE p.id = ?",
        task_id,
    )
    closed = tx.run(
        "UPDATE put_backs SET done_at = ?, done_by = ? WHERE id = ? AND done_at IS NULL",
        *(tx.now, tx.actor.operator_id, task_id),
    )
    if not closed.rowcount:
        raise Problem("put_back.already_done")
    left = tx.one(
        "SELECT 1 FROM put_backs WHERE order_id = ? AND done_at IS NULL LIMIT 1", task["order_id"]
    )
    if left is None:
        close_alert(tx, "intercept", task["number"])
    return task
