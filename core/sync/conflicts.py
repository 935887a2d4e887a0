"""Conflicts: what a shop or a carrier refused, or has otherwise, and how a person settles it.

Each way has a role, a reason and an event: the shop's number is right, ours is sent again, it was
settled by hand, or the label was bought elsewhere (its number is the reason). Nothing here calls
anybody: what is to leave goes to the outbox.
"""

import re
from dataclasses import dataclass

from core import people
from core.errors import Problem
from core.messages import Message, unpack
from core.orders.audit import audit
from core.shipping.parcels import label_printed, queue_label, void_parcel
from core.store import Row, Rows, Tx
from core.text import clean
from core.watch import close_alert

MAY_ADOPT = ("supervisor",)
"""Who may void a label, which taking the shop's number does, or say that there is another one."""
MAY_SETTLE = ("supervisor", "service")
_WAYBILL = re.compile(r"[0-9A-Z][0-9A-Z-]{5,39}")
REASON = 120
"""Characters of a reason that are kept."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One effect that waits for a person."""

    id: int
    kind: str
    """waybill, backhaul or void."""
    order_id: int
    number: str
    ours: str
    """The waybill we wanted the shop to have; "" while there is none."""
    theirs: tuple[str, ...]
    """The waybills the shop has instead."""
    answer: str
    why: Message | None
    """What is to be done, where core knows it."""
    ways: tuple[str, ...]
    """``adopt``, ``send``, ``by_hand``, ``elsewhere``: those that make sense."""


def of_order(read: Rows, order_id: int) -> list[Conflict]:
    """What of an order waits for a person, oldest first."""
    rows = read.all(
        "SELECT x.*, o.number, p.waybill FROM outbox x JOIN orders o ON o.id = x.order_id"
        " LEFT JOIN parcels p ON p.id = x.parcel_id"
        " WHERE x.order_id = ? AND x.state = 'conflict' ORDER BY x.id",
        order_id,
    )
    return [conflict(read, row) for row in rows]


def conflict(read: Rows, row: Row) -> Conflict:
    """A row of the outbox as a person sees it."""
    theirs = tuple(row["theirs"].split())
    return Conflict(
        row["id"],
        row["kind"],
        row["order_id"],
        row["number"],
        row["waybill"] or "",
        theirs,
        row["last_answer"],
        unpack(row["why"])["why"] if row["why"] else None,
        ways(read, row, theirs),
    )


def ways(read: Rows, row: Row, theirs: tuple[str, ...]) -> tuple[str, ...]:
    """How a conflict may end."""
    found = []
    if row["kind"] == "backhaul" and len(theirs) == 1 and owner(read, theirs[0]) is None:
        found.append("adopt")
    if not theirs or row["can_replace"]:
        found.append("send")
    # a parcel without a label is not settled by a word, but by another label
    found.append("elsewhere" if row["kind"] == "waybill" else "by_hand")
    return tuple(found)


def owner(read: Rows, waybill: str) -> str | None:
    """The order whose parcel carries, or carried, a waybill."""
    row = read.one(
        "SELECT o.number FROM parcels p JOIN orders o ON o.id = p.order_id WHERE p.waybill = ?",
        waybill,
    )
    return None if row is None else str(row["number"])


def settle(tx: Tx, outbox_id: int, way: str, reason: str) -> str:
    """End a conflict one of its ways; returns the order's number. For ``elsewhere`` the reason is
    the waybill's number.

    Raises Problem when it is none any more, has no such way, or the person may not.
    """
    may = MAY_ADOPT if way in ("adopt", "elsewhere") else MAY_SETTLE
    person = people.must_be(tx, tx.actor.operator_id, may)
    reason = clean(reason, REASON)
    if not reason:
        raise Problem("conflict.no_reason")
    found = the(tx, outbox_id)
    if way not in found.ways:
        raise Problem("conflict.no_such_way", number=found.number)
    if way == "elsewhere":
        elsewhere(tx, found, reason.upper())
    else:
        {"adopt": adopt, "send": send, "by_hand": by_hand}[way](tx, found)
    tx.event(
        f"conflict_{way}",
        found.order_id,
        effect=found.kind,
        ours=found.ours,
        theirs=" ".join(found.theirs),
        reason=reason,
        role=person.role,
    )
    others = [each for each in of_order(tx, found.order_id) if each.kind == found.kind]
    if not others:
        close_alert(tx, f"{found.kind}_refused", found.number)
        if found.kind == "backhaul" and way != "send":
            close_alert(tx, "stopped_after_handover", found.number)
    audit(tx, found.order_id)
    return found.number


def the(read: Rows, outbox_id: int) -> Conflict:
    """One conflict. Raises Problem when it is settled already."""
    row = read.one(
        "SELECT x.*, o.number, p.waybill FROM outbox x JOIN orders o ON o.id = x.order_id"
        " LEFT JOIN parcels p ON p.id = x.parcel_id WHERE x.id = ?",
        outbox_id,
    )
    if row is None or row["state"] != "conflict":
        raise Problem("conflict.settled", effect=outbox_id)
    return conflict(read, row)


def adopt(tx: Tx, found: Conflict) -> None:
    """The shop's number is right: the parcel travels under it, and ours goes back unused.

    A parcel that left under our number keeps it; the shop's is then only believed.
    """
    close(tx, found, f"adopted {found.theirs[0]}")
    parcel = tx.the(
        "SELECT p.* FROM parcels p JOIN outbox x ON x.parcel_id = p.id WHERE x.id = ?", found.id
    )
    if parcel["voided_at"] is None and parcel["handed_over_at"] is None:
        void_parcel(tx, found.order_id, "adopted")
        travel_as(tx, parcel, found.theirs[0])
    believed(tx, found.order_id)


def travel_as(tx: Tx, old: Row, waybill: str) -> None:
    """The same box under a number that was bought, and whose label was printed, elsewhere."""
    parcel_id = int(
        tx.run(
            "INSERT INTO parcels (uid, order_id, station, weight_g, expected_g, carrier, waybill,"
            " bought_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            *(tx.uid(), old["order_id"], old["station"], old["weight_g"], old["expected_g"]),
            *(old["carrier"], waybill, tx.now),
        ).lastrowid
    )
    tx.run(
        "INSERT INTO print_jobs (uid, kind, order_id, parcel_id, station, copy, state,"
        " next_try_at, last_answer, created_at, printed_at)"
        " VALUES (?, 'label', ?, ?, ?, 1, 'printed', ?, 'elsewhere', ?, ?)",
        *(tx.uid(), old["order_id"], parcel_id, old["station"], tx.now, tx.now, tx.now),
    )


def send(tx: Tx, found: Conflict) -> None:
    """Ours goes out once more, asking first; where the shop has another, in its place."""
    tx.run(
        "UPDATE outbox SET state = 'due', asked = 1, next_try_at = ?, replaces = ? WHERE id = ?",
        *(tx.now, " ".join(found.theirs), found.id),
    )


def by_hand(tx: Tx, found: Conflict) -> None:
    """Somebody put it right on the other side."""
    close(tx, found, "settled by hand")
    if found.kind == "backhaul":
        believed(tx, found.order_id)


def elsewhere(tx: Tx, found: Conflict, waybill: str) -> None:
    """The label was bought on the pages of the shop or the carrier, and is on the parcel.

    Raises Problem for what cannot be a waybill, or is another parcel's.
    """
    if not _WAYBILL.fullmatch(waybill):
        raise Problem("conflict.no_waybill", waybill=waybill)
    if (other := owner(tx, waybill)) is not None:
        raise Problem("conflict.taken", waybill=waybill, number=other)
    close(tx, found, f"bought elsewhere: {waybill}")
    parcel = tx.the(
        "UPDATE parcels SET waybill = ?, bought_at = ? WHERE waybill IS NULL AND voided_at IS NULL"
        " AND id = (SELECT parcel_id FROM outbox WHERE id = ?) RETURNING *",
        *(waybill, tx.now, found.id),
    )
    queue_label(tx, parcel)
    job = tx.the("SELECT id FROM print_jobs WHERE parcel_id = ? AND copy = 1", parcel["id"])
    tx.run("UPDATE print_jobs SET last_answer = 'elsewhere' WHERE id = ?", job["id"])
    label_printed(tx, job["id"])


def close(tx: Tx, found: Conflict, answer: str) -> None:
    """It leaves no more."""
    tx.run(
        "UPDATE outbox SET state = 'dropped', done_at = ?, last_answer = ? WHERE id = ?",
        *(tx.now, answer, found.id),
    )


def believed(tx: Tx, order_id: int) -> None:
    """The shop knows that the order is on its way."""
    tx.run(
        "UPDATE orders SET backhauled_at = ifnull(backhauled_at, ?), touched_at = ?"
        " WHERE id = ? AND labelled_at IS NOT NULL",
        *(tx.now, tx.now, order_id),
    )
