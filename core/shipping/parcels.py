"""Parcels: a weighed parcel wants a waybill; its number is stored before anything is printed."""

from core.errors import Problem
from core.ports import Waybill
from core.shipping import by_file
from core.store import Row, Rows, Tx


def want_waybill(
    tx: Tx, order_id: int, weight_g: int, expected_g: int | None, station: str = ""
) -> int:
    """The parcel is packed and weighed: ask for its waybill. Returns the parcel's id.

    ``station`` is where its label is printed; "" where the parcel is.
    """
    order = tx.the("SELECT carrier FROM orders WHERE id = ?", order_id)
    uid = tx.uid()
    parcel_id = int(
        tx.run(
            "INSERT INTO parcels (uid, order_id, station, weight_g, expected_g, carrier)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            *(uid, order_id, station or tx.actor.station, weight_g, expected_g, order["carrier"]),
        ).lastrowid
    )
    send(tx, "waybill", f"waybill:{uid}", order_id, parcel_id)
    return parcel_id


def send(tx: Tx, kind: str, key: str, order_id: int, parcel_id: int | None) -> None:
    """Put one effect into the outbox; the same key never enters twice."""
    tx.run(
        "INSERT INTO outbox (uid, kind, key, order_id, parcel_id, next_try_at, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
        *(tx.uid(), kind, key, order_id, parcel_id, tx.now, tx.now),
    )


def store_waybill(tx: Tx, parcel_id: int, waybill: Waybill) -> None:
    """Keep the number that was bought, then let the label be printed."""
    parcel = tx.the("SELECT * FROM parcels WHERE id = ?", parcel_id)
    if parcel["waybill"] is None:
        tx.run(
            "UPDATE parcels SET waybill = ?, carrier = ?, routing_mark = ?, bought_raw = ?,"
            " bought_at = ? WHERE id = ?",
            *(waybill.number, waybill.carrier, waybill.routing_mark, waybill.raw),
            *(tx.now, parcel_id),
        )
        tx.event(
            *("waybill_bought", parcel["order_id"]),
            waybill=waybill.number,
            carrier=waybill.carrier,
            route=waybill.route,
        )
    if parcel["voided_at"] is not None:
        send(tx, "void", f"void:{parcel['uid']}", parcel["order_id"], parcel_id)
    else:
        queue_label(tx, parcel)


def queue_label(tx: Tx, parcel: Row) -> None:
    """The first print of a label; asking twice queues it once."""
    tx.run(
        "INSERT INTO print_jobs (uid, kind, order_id, parcel_id, station, copy, state,"
        " next_try_at, created_at) VALUES (?, 'label', ?, ?, ?, 1, 'waiting', ?, ?)"
        " ON CONFLICT DO NOTHING",
        *(tx.uid(), parcel["order_id"], parcel["id"], parcel["station"], tx.now, tx.now),
    )


def reprint_label(tx: Tx, order_id: int) -> int:
    """Print the same label again; returns which copy it is. Raises Problem without a label."""
    parcel = live_parcel(tx, order_id)
    if parcel is None or parcel["waybill"] is None:
        raise Problem("label.none_yet", order=number_of(tx, order_id))
    row = tx.the("SELECT max(copy) AS last FROM print_jobs WHERE parcel_id = ?", parcel["id"])
    copy = (row["last"] or 0) + 1
    tx.run(
        "INSERT INTO print_jobs (uid, kind, order_id, parcel_id, station, copy, state,"
        " next_try_at, created_at) VALUES (?, 'label', ?, ?, ?, ?, 'waiting', ?, ?)",
        *(tx.uid(), order_id, parcel["id"], tx.actor.station or parcel["station"], copy),
        *(tx.now, tx.now),
    )
    tx.event("label_reprint", order_id, copy=copy, waybill=parcel["waybill"])
    return copy


def label_printed(tx: Tx, job_id: int) -> None:
    """The printer took the label; the first copy labels the order."""
    job = tx.the("SELECT * FROM print_jobs WHERE id = ?", job_id)
    if job["state"] == "printed":
        return
    tx.run(
        "UPDATE print_jobs SET state = 'printed', printed_at = ?, last_answer = '' WHERE id = ?",
        *(tx.now, job_id),
    )
    tx.event(f"{job['kind']}_printed", job["order_id"], copy=job["copy"])
    if job["kind"] != "label":
        return
    parcel = live_parcel(tx, job["order_id"])
    if parcel is None or parcel["id"] != job["parcel_id"]:
        return  # the order was cancelled or repacked while the paper came out
    tx.run(
        "UPDATE orders SET labelled_at = ?, touched_at = ?"
        " WHERE id = ? AND labelled_at IS NULL AND cancelled_at IS NULL",
        *(tx.now, tx.now, job["order_id"]),
    )
    tell_shop(tx, job["order_id"], "labelled")


def prove_label(tx: Tx, parcel_id: int) -> None:
    """Somebody read the waybill off the parcel: whatever its print job says, it is on paper."""
    for job in tx.all(
        "SELECT id FROM print_jobs WHERE parcel_id = ? AND state IN ('sending', 'in_doubt')",
        parcel_id,
    ):
        label_printed(tx, job["id"])


def tell_shop(tx: Tx, order_id: int, moment: str) -> None:
    """Let the backhaul go its way, outbox or file, when the shop's rule names this moment."""
    row = tx.the(
        "SELECT s.backhaul_on, s.by_file, o.cancelled_at, o.shop_id FROM orders o"
        " JOIN shops s ON s.id = o.shop_id WHERE o.id = ?",
        order_id,
    )
    parcel = live_parcel(tx, order_id)
    if parcel is None or row["cancelled_at"] is not None or row["backhaul_on"] != moment:
        return
    if row["by_file"]:
        by_file.wait(tx, row["shop_id"], order_id, parcel["id"])
        return
    send(tx, "backhaul", f"backhaul:{parcel['uid']}", order_id, parcel["id"])


def untold_waybill(read: Rows, order_id: int) -> str | None:
    """The waybill that the order's shop is still to be told of; None when there is none."""
    row = read.one(
        "SELECT waybill FROM parcels p WHERE order_id = ? AND voided_at IS NULL AND (EXISTS"
        " (SELECT 1 FROM outbox WHERE parcel_id = p.id AND kind = 'backhaul'"
        " AND state IN ('due', 'calling', 'conflict')) OR EXISTS"
        " (SELECT 1 FROM file_backhauls WHERE parcel_id = p.id AND exported_at IS NULL))",
        order_id,
    )
    return None if row is None else str(row["waybill"])


def hand_over(tx: Tx, parcel_id: int) -> None:
    """The courier took the parcel: it is shipped, and its units leave the stock.

    Raises Problem when the parcel is void or its order is held.
    """
    from core.orders.rest import tell_of_rest
    from core.stock import ship

    parcel = tx.the("SELECT * FROM parcels WHERE id = ?", parcel_id)
    order = tx.the("SELECT * FROM orders WHERE id = ?", parcel["order_id"])
    if parcel["voided_at"] is not None:
        raise Problem("handover.voided", waybill=parcel["waybill"] or "")
    if order["held"]:
        raise Problem("handover.held", number=order["number"], waybill=parcel["waybill"])
    prove_label(tx, parcel_id)
    tx.run("UPDATE parcels SET handed_over_at = ? WHERE id = ?", tx.now, parcel_id)
    tx.run(
        "UPDATE orders SET handed_over_at = ?, touched_at = ? WHERE id = ?",
        *(tx.now, tx.now, order["id"]),
    )
    tx.event("handed_over", order["id"], waybill=parcel["waybill"])
    ship(tx, order["id"], order["warehouse_id"])
    tell_of_rest(tx, order["id"])
    tell_shop(tx, order["id"], "handed_over")


def void_parcel(tx: Tx, order_id: int, why: str) -> None:
    """The live parcel of an order will not leave: stop its label, give its waybill back."""
    parcel = live_parcel(tx, order_id)
    if parcel is None:
        return
    tx.run(
        "UPDATE outbox SET state = 'dropped', last_answer = ?, done_at = ?"
        " WHERE parcel_id = ? AND state = 'due' AND asked = 0 AND kind IN ('waybill', 'backhaul')",
        *(why, tx.now, parcel["id"]),
    )
    tx.run(
        "UPDATE print_jobs SET state = 'cancelled' WHERE parcel_id = ? AND state = 'waiting'",
        parcel["id"],
    )
    by_file.forget(tx, parcel["id"])
    tx.run("UPDATE parcels SET voided_at = ? WHERE id = ?", tx.now, parcel["id"])
    tx.event("parcel_voided", order_id, waybill=parcel["waybill"], why=why)
    if parcel["waybill"] is not None:
        send(tx, "void", f"void:{parcel['uid']}", order_id, parcel["id"])


def live_parcel(read: Rows, order_id: int) -> Row | None:
    """The parcel that is on its way; an order has at most one."""
    return read.one("SELECT * FROM parcels WHERE order_id = ? AND voided_at IS NULL", order_id)


def earlier_waybills(read: Rows, order_id: int) -> set[str]:
    """Waybills of this order that are void: what a shop may still have in place of the live one."""
    rows = read.all(
        "SELECT waybill FROM parcels WHERE order_id = ? AND voided_at IS NOT NULL"
        " AND waybill IS NOT NULL",
        order_id,
    )
    return {row["waybill"] for row in rows}


def was_told(read: Rows, order_id: int) -> bool:
    """Whether the shop took a tracking number of this order from us."""
    row = read.one(
        "SELECT 1 FROM outbox WHERE order_id = ? AND kind = 'backhaul' AND state = 'done' LIMIT 1",
        order_id,
    )
    return row is not None


def number_of(tx: Tx, order_id: int) -> str:
    """The internal number, for sentences."""
    return str(tx.the("SELECT number FROM orders WHERE id = ?", order_id)["number"])
