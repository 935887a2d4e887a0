"""The audit: every check an order must pass before the floor sees it, in one place.

Run at intake, after every change, when a hold ends and when goods arrive. What the facts say is
compared with the holds that are open: missing ones are raised, answered ones ended; an order
without any is reserved, dispatched and made ready.
"""

from core.dispatch import Need, choose
from core.orders import holds
from core.orders.lines import learn
from core.orders.slip import receiver_of
from core.stock import reserve
from core.store import Row, Rows, Tx

ORDER = (
    "SELECT id, open, status, status_word, backhauled_at, buyer_note, tier, held, ready_at,"
    " province, city, district, address, receiver_name, receiver_phone, cipher_ref, carrier"
    " FROM orders WHERE id = ?"
)
LINES = (
    "SELECT id, order_id, sku_id, sku_code, bundle_line_id, sub_number, title, refund,"
    " refund_word, wanted FROM order_lines WHERE order_id = ?"
)


def audit(tx: Tx, order_id: int) -> bool:
    """Bring holds, reservation and readiness in line with the facts; True when ready."""
    order = tx.the(ORDER, order_id)
    if not order["open"]:
        return False
    lines = tx.all(LINES, order_id)
    if learn(tx, lines):
        lines = tx.all(LINES, order_id)
    found = findings(order, lines, told=told_by_us(tx, order))
    held = settle(tx, order, found, keep={"no_stock"})
    if order["ready_at"] is not None and not any(line["wanted"] for line in lines):
        holds.hold(tx, order_id, "short")  # nothing left to ship: a person settles it
    if order["ready_at"] is not None or held - {"no_stock"}:
        return order["ready_at"] is not None
    return allocate(tx, order, lines, short="no_stock" in held)


def recheck(tx: Tx, after: int = 0, limit: int = 10) -> int | None:
    """Audit orders that wait for goods or for a product to be made known, a few at a time.

    Returns the last order looked at, to go on from; None at the end.
    """
    rows = tx.all(
        "SELECT id FROM orders o WHERE open = 1 AND ready_at IS NULL AND id > ? AND EXISTS"
        " (SELECT 1 FROM holds h WHERE h.order_id = o.id AND h.released_at IS NULL"
        " AND h.reason IN ('no_stock', 'unknown_sku')) ORDER BY id LIMIT ?",
        *(after, limit),
    )
    for row in rows:
        audit(tx, row["id"])
    return int(rows[-1]["id"]) if rows else None


def told_by_us(read: Rows, order: Row) -> bool:
    """Whether "shipped" at the shop is our own doing."""
    from core.shipping.parcels import was_told

    if order["backhauled_at"] is not None:
        return True
    return order["status"] in ("partial", "shipped", "done") and was_told(read, order["id"])


def findings(order: Row, lines: list[Row], *, told: bool = False) -> dict[str, str]:
    """Hold reason -> detail, for everything the facts object to; ``told``: the shop ships by us."""
    found: dict[str, str] = {}
    status = order["status"]
    if status in ("unpaid", "unknown", "hold"):
        found[
            {"unpaid": "unpaid", "unknown": "status_unknown", "hold": "platform_hold"}[status]
        ] = order["status_word"]
    if status in ("shipped", "done") and not told:
        found["shipped_elsewhere"] = ""
    if status == "partial" and not told:
        found["partly_shipped"] = ""
    if order["buyer_note"] is None:
        found["missing_note"] = ""
    if not order["tier"]:
        found["missing_tier"] = ""
    if order["ready_at"] is None and receiver_of(order).hidden:  # later it is no matter
        found["receiver_hidden"] = ""
    if not lines:
        found["missing_sku"] = ""
    said: dict[str, set[str]] = {}
    for line in lines:
        for reason, detail in line_findings(line).items():
            said.setdefault(reason, set()).add(detail)
    return found | {reason: " ".join(sorted(details)) for reason, details in said.items()}


def line_findings(line: Row) -> dict[str, str]:
    """What one line objects to."""
    found: dict[str, str] = {}
    if line["refund"] == "open":
        found["refund"] = line["sub_number"]
    if line["refund"] == "unknown":
        found["refund_unknown"] = line["refund_word"]
    if line["wanted"] and line["sku_id"] is None:
        if line["sku_code"]:
            found["unknown_sku"] = line["sku_code"]
        else:
            found["missing_sku"] = line["title"]
    return found


def settle(tx: Tx, order: Row, found: dict[str, str], keep: set[str]) -> set[str]:
    """Raise what the facts found and nobody overruled; end what they no longer say.

    Returns the reasons the order is held for now.
    """
    order_id = order["id"]
    held = holds.open_reasons(tx, order_id) if order["held"] else set()
    for reason in sorted(held & holds.AUTOMATIC - keep - found.keys()):
        holds.end(tx, order_id, reason)
        held.discard(reason)
    if new := found.keys() - held:
        judged = holds.overruled(tx, order_id)
        for reason in sorted(new):
            if (reason, found[reason]) not in judged:
                holds.hold(tx, order_id, reason, found[reason])
                held.add(reason)
    return held


def only_sku(wanted: dict[int, int]) -> int | None:
    """The product of an order that is one piece and nothing else."""
    return next(iter(wanted)) if list(wanted.values()) == [1] else None


def allocate(tx: Tx, order: Row, lines: list[Row], *, short: bool) -> bool:
    """Choose a warehouse, reserve every unit there, and let the floor have the order.

    ``short``: it was held for want of stock so far.
    """
    order_id = order["id"]
    wanted: dict[int, int] = {}
    for line in lines:
        if line["wanted"]:
            wanted[line["sku_id"]] = wanted.get(line["sku_id"], 0) + line["wanted"]
    choice = choose(tx, Need(order_id, wanted, order["province"], order["carrier"]))
    if choice.warehouse_id is None:
        holds.hold(tx, order_id, "no_stock", choice.short_of)
        return False
    if short:
        holds.end(tx, order_id, "no_stock")
    for line in lines:
        reserve(tx, choice.warehouse_id, line)
    tx.run(
        "UPDATE orders SET warehouse_id = ?, carrier = ?, dispatch_why = ?, ready_at = ?,"
        " only_sku_id = ? WHERE id = ?",
        *(choice.warehouse_id, choice.carrier, choice.why, tx.now, only_sku(wanted), order_id),
    )
    tx.event("ready", order_id, warehouse=choice.warehouse_id, carrier=choice.carrier)
    return True
