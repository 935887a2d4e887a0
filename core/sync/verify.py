"""Looking again: minutes after a shop took a tracking number, does it still show it?

A success that the shop does not show later is sent once more, asking first; after that a person
decides. Until the shop showed our number, nothing here is settled.
"""

import logging

from core.ports import CallFailed, Fault
from core.store import Row, Rows, Store, Tx
from core.store.store import BACKGROUND
from core.sync.outbox import to_person
from core.sync.pull import Shop
from core.sync.shipback import Conflict, Dispute, already_there, reships, shipment_of

log = logging.getLogger(__name__)
MOST = 20
"""Orders looked at in one go."""
AGAIN_MS = 60_000


def verify(store: Store, shop: Shop, most: int = MOST) -> int:
    """Look at what was sent some minutes ago; returns how many. Raises CallFailed."""
    rows = due(store.read, shop.policy.shop_id, store.clock.now(), most)
    for row in rows:
        look(store, shop, row)
    return len(rows)


def due(read: Rows, shop_id: int, now: int, most: int) -> list[Row]:
    """The effects whose check is due, oldest first."""
    return read.all(
        "SELECT c.outbox_id, c.resent, x.kind, x.order_id, x.parcel_id FROM ship_checks c"
        " JOIN outbox x ON x.id = c.outbox_id WHERE c.shop_id = ? AND c.seen_at IS NULL"
        " AND c.due_at <= ? AND x.state = 'done' ORDER BY c.due_at LIMIT ?",
        *(shop_id, now, most),
    )


def look(store: Store, shop: Shop, row: Row) -> None:
    """One effect: seen, sent again, or for a person. Raises CallFailed when it cannot be told."""
    shipment = shipment_of(store.read, row["order_id"], row["parcel_id"])
    try:
        seen = shipment is None or already_there(shop, shipment)
    except Conflict as conflict:
        dispute = conflict.dispute(can_replace=reships(shop) is not None)
    except CallFailed as failure:
        if failure.fault is not Fault.BUSINESS:
            store.do(lambda tx: later(tx, row), rank=BACKGROUND)
            raise
        dispute = Dispute(str(failure))
    else:
        if seen or not row["resent"]:
            store.do(lambda tx: (settle if seen else once_more)(tx, row), rank=BACKGROUND)
            return
        dispute = Dispute("not shown by the shop")
    store.do(lambda tx: give_up(tx, row, dispute), rank=BACKGROUND)


def settle(tx: Tx, row: Row) -> None:
    """The shop shows it, or it does not matter any more."""
    tx.run("UPDATE ship_checks SET seen_at = ? WHERE outbox_id = ?", tx.now, row["outbox_id"])


def later(tx: Tx, row: Row) -> None:
    """The shop could not be asked."""
    tx.run(
        "UPDATE ship_checks SET due_at = ? WHERE outbox_id = ?",
        *(tx.now + AGAIN_MS, row["outbox_id"]),
    )


def once_more(tx: Tx, row: Row) -> None:
    """The shop said yes and does not show it: send again, and ask before doing so."""
    log.warning("a tracking number the shop had taken is not there any more")
    tx.run("UPDATE ship_checks SET resent = 1 WHERE outbox_id = ?", row["outbox_id"])
    tx.run("UPDATE orders SET backhauled_at = NULL WHERE id = ?", row["order_id"])
    tx.event("backhaul_lost", row["order_id"])
    tx.run(
        "UPDATE outbox SET state = 'due', asked = 1, next_try_at = ?, done_at = NULL,"
        " last_answer = 'not shown by the shop' WHERE id = ? AND state = 'done'",
        *(tx.now, row["outbox_id"]),
    )


def give_up(tx: Tx, row: Row, dispute: Dispute) -> None:
    """A person decides."""
    tx.run("UPDATE orders SET backhauled_at = NULL WHERE id = ?", row["order_id"])
    to_person(tx, row["outbox_id"], row["kind"], row["order_id"], dispute)
