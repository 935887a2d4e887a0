"""Another label for a packed parcel: the old one is voided, a new one bought and printed.

A parcel keeps its number for ever, so another label is another parcel with a reference of its own.
The old one is void before the new one is asked for: an order never has two live waybills.
"""

import json

from core import people
from core.errors import Problem
from core.orders import holds
from core.shipping.parcels import live_parcel, void_parcel, want_waybill
from core.store import Row, Rows, Tx
from core.watch import close_alert

MAY_BUY_AGAIN = ("supervisor",)


def buy_again(tx: Tx, order_id: int, by: int | None) -> str:
    """Void the label and buy one for the address as it is now; returns the order's number.

    ``by`` is the supervisor who says so. Raises Problem when it is not allowed or too late.
    """
    person = people.must_be(tx, by, MAY_BUY_AGAIN)
    order = tx.the("SELECT * FROM orders WHERE id = ?", order_id)
    why_not = refusal(tx, order)
    if why_not:
        raise Problem(f"again.{why_not}", number=order["number"])
    why = "address_changed" if "address_changed" in holds.open_reasons(tx, order_id) else "again"
    old = live_parcel(tx, order_id)
    assert old is not None
    holds.end(tx, order_id, "address_changed")
    tx.event("bought_again", order_id, waybill=old["waybill"], why=why, approved_by=person.id)
    renew(tx, old, why)
    for rule in ("address_changed", "print_in_doubt", "waybill_refused", "backhaul_refused"):
        close_alert(tx, rule, order["number"])
    return str(order["number"])


def refusal(read: Rows, order: Row) -> str:
    """Why an order's label cannot be bought again; "" when it can."""
    if order["cancelled_at"] is not None:
        return "cancelled"
    if order["handed_over_at"] is not None:
        return "handed_over"
    if holds.shipping_stopped(read, order["id"]):
        return "refund_open"
    return "" if live_parcel(read, order["id"]) is not None else "no_label"


def renew(tx: Tx, old: Row, why: str) -> int:
    """Another parcel takes this one's place: same box, same weight, another waybill."""
    order_id = old["order_id"]
    tx.run(
        "UPDATE outbox SET state = 'dropped', last_answer = ?, done_at = ? WHERE order_id = ?"
        " AND parcel_id = ? AND state = 'conflict' AND kind IN ('waybill', 'backhaul')",
        *(why, tx.now, order_id, old["id"]),
    )
    void_parcel(tx, order_id, why)
    tx.run(  # the new label is not on the box yet, and the shop has not heard of it
        "UPDATE orders SET backhauled_at = NULL, labelled_at = NULL, touched_at = ? WHERE id = ?",
        *(tx.now, order_id),
    )
    station = tx.actor.station or old["station"]
    return want_waybill(tx, order_id, old["weight_g"], old["expected_g"], station)


# --- the next best carrier ---------------------------------------------------------------------


def next_carrier(tx: Tx, parcel_id: int, refused: str) -> str | None:
    """The carrier refused this parcel for certain: ask the next one the shop names.

    ``refused`` is why, as a short word (``balance``, ``unreachable``). Returns the carrier that
    takes its place; None when there is none left, or the parcel is void by now.
    """
    parcel = tx.the("SELECT * FROM parcels WHERE id = ?", parcel_id)
    if parcel["voided_at"] is not None or parcel["waybill"] is not None:
        return None
    order = tx.the(
        "SELECT o.id, o.carrier_why, s.carrier_then FROM orders o JOIN shops s ON s.id = o.shop_id"
        " WHERE o.id = ?",
        parcel["order_id"],
    )
    tried = [*tried_carriers(order), {"carrier": parcel["carrier"], "why": refused}]
    out = {each["carrier"] for each in tried}
    chosen = next((code for code in order["carrier_then"].split() if code not in out), None)
    tx.run(
        "UPDATE orders SET carrier_why = ?, carrier = ifnull(?, carrier) WHERE id = ?",
        *(json.dumps(tried), chosen, order["id"]),
    )
    if chosen is not None:
        tx.event(
            "carrier_changed", order["id"], before=parcel["carrier"], carrier=chosen, why=refused
        )
        renew(tx, parcel, "carrier_refused")
    return chosen


def tried_carriers(order: Row) -> list[dict[str, str]]:
    """Who refused this order's parcel and how, oldest first."""
    return list(json.loads(order["carrier_why"])) if order["carrier_why"] else []
