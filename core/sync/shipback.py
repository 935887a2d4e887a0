"""Telling a shop a tracking number: what is told, what the shop has already, what may be replaced.

A shop that has another number than ours is never overwritten by itself: a person decides, and only
a number of ours, or one a person named, is put out of the way.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from core.messages import Message, message
from core.orders.rest import number_at_shop, sub_at_shop
from core.ports import CallFailed, Fault, Reships, Shipment, ShippedParcel, ShipsInParts
from core.store import Row, Rows
from core.sync.pull import Shop


@dataclass(frozen=True, slots=True)
class Dispute:
    """Why an effect waits for a person."""

    answer: str
    """What the other side said."""
    theirs: tuple[str, ...] = ()
    """The waybills the shop has in place of ours."""
    why: Message | None = None
    """What is to be done, for a person."""
    can_replace: bool = False
    """Whether the shop lets ours be put in their place."""


class Conflict(Exception):  # noqa: N818
    """The other side has something else than we want it to have; a person decides."""

    def __init__(
        self, answer: str, *, theirs: Iterable[str] = (), why: Message | None = None
    ) -> None:
        super().__init__(answer)
        self.theirs = tuple(sorted(theirs))
        self.why = why

    def dispute(self, *, can_replace: bool) -> Dispute:
        """What is kept of it."""
        return Dispute(str(self), self.theirs, self.why, can_replace)

    def split(self, ours: str) -> Dispute:
        """The same where the shop's number is of our own first parcel: it is never replaced."""
        why = message("reship.split", theirs=" ".join(self.theirs), ours=ours)
        return Dispute(str(self), self.theirs, why)


def ship(shop: Shop, shipment: Shipment) -> None:
    """Report a waybill; a refusal counts as done only when the shop already has our number."""
    try:
        shop.channel.ship(shipment)
    except CallFailed as failure:
        if failure.fault is Fault.BUSINESS and already_there(shop, shipment):
            return
        raise


def reships(shop: Shop) -> Reships | None:
    """The shop's way to put a tracking number in the place of another; None when it has none."""
    channel = shop.channel
    return cast("Reships", channel) if hasattr(channel, "reship") else None


def replace_at(shop: Shop, shipment: Shipment, old: set[str]) -> None:
    """Put our waybill in the place of one the shop has, the way the platform has for it.

    Nothing is told twice: the shop is asked first. Raises Conflict where it has no such way.
    """
    known = known_waybills(shop, shipment)
    if shipment.waybill in known:
        return
    if known - old:
        raise other_number(known - old, shipment)
    if not known:
        ship(shop, shipment)
        return
    channel = reships(shop)
    if channel is None:
        named = " ".join(sorted(known))
        raise Conflict(f"shop has {named}", theirs=known, why=by_hand(shop, shipment))
    channel.reship(shipment, min(known))


def by_hand(shop: Shop, shipment: Shipment) -> Message:
    """What a person does in the shop's own pages where no call does it, or none is safe."""
    own = "pdd" if shop.policy.channel == "pdd" else "any"
    return message(
        f"reship.by_hand_{own}",
        number=shipment.platform_number,
        waybill=shipment.waybill,
        carrier=shipment.carrier,
    )


def no_word(failure: CallFailed) -> Message | None:
    """What to set where a platform has no word for a parcel's carrier; None for other failures."""
    if failure.fault is not Fault.PERMISSION or failure.code != "carrier":
        return None
    return message("reship.no_word", carrier=failure.text)


def shipment_of(read: Rows, order_id: int, parcel_id: int) -> Shipment | None:
    """What the shop is to be told of a parcel; None when it is not to be told any more."""
    order = read.one("SELECT * FROM orders WHERE id = ?", order_id)
    parcel = parcel_of(read, parcel_id)
    assert order is not None
    if order["cancelled_at"] is not None or parcel["voided_at"] is not None:
        return None
    if paid_back(read, order_id):
        return None
    return Shipment(
        platform_number=number_at_shop(order),
        sub_numbers=sub_numbers(read, order_id),
        carrier=parcel["carrier"],
        waybill=parcel["waybill"],
        reference=parcel["uid"],
    )


def already_there(shop: Shop, shipment: Shipment) -> bool:
    """Whether the shop has our waybill. Raises Conflict when it has another for this parcel."""
    known = known_waybills(shop, shipment)
    if shipment.waybill in known:
        return True
    if known:
        raise other_number(known, shipment)
    return False


def own_parcels(read: Rows, order_id: int) -> set[str]:
    """Waybills of the same order at the shop: of the first parcel, and of those that followed."""
    rows = read.all(
        "SELECT p.waybill FROM orders o JOIN orders f ON f.id = ifnull(o.rest_of, o.id)"
        " OR f.rest_of = ifnull(o.rest_of, o.id) JOIN parcels p ON p.order_id = f.id"
        " WHERE o.id = ? AND p.waybill IS NOT NULL AND p.voided_at IS NULL",
        order_id,
    )
    return {row["waybill"] for row in rows}


def known_waybills(shop: Shop, shipment: Shipment) -> set[str]:
    """The waybills the shop has for the lines of this parcel. Raises CallFailed."""
    return {
        parcel.waybill
        for parcel in shipped_parcels(shop, shipment)
        if not parcel.sub_number
        or not shipment.sub_numbers
        or parcel.sub_number in shipment.sub_numbers
    }


def shipped_parcels(shop: Shop, shipment: Shipment) -> tuple[ShippedParcel, ...]:
    """The waybills the shop has; a half-told parcel's own is none. Raises CallFailed."""
    channel = shop.channel
    if hasattr(channel, "shipped_of"):
        return cast("ShipsInParts", channel).shipped_of(shipment)
    return channel.shipped(shipment.platform_number)


def other_number(theirs: set[str], shipment: Shipment) -> Conflict:
    """The shop has a number that is not ours."""
    named = " ".join(sorted(theirs))
    why = message("reship.other", theirs=named, ours=shipment.waybill)
    return Conflict(f"shop has {named}, ours is {shipment.waybill}", theirs=theirs, why=why)


def paid_back(read: Rows, order_id: int) -> bool:
    """Whether the money of every line went back, which may be after the courier had them."""
    row = read.one(
        "SELECT count(*) AS n, sum(refund = 'refunded') AS back FROM order_lines"
        " WHERE order_id = ? AND bundle_line_id IS NULL",
        order_id,
    )
    return row is not None and 0 < row["n"] == row["back"]


def sub_numbers(read: Rows, order_id: int) -> tuple[str, ...]:
    """The lines in the parcel when it is not the whole order; empty when it is.

    One that was paid back after the handover is in the parcel and not told.
    """
    rows = read.all(
        "SELECT l.sub_number, o.rest_of,"
        " l.ordered > l.refunded + l.short AND l.refund <> 'refunded' AS inside"
        " FROM order_lines l JOIN orders o ON o.id = l.order_id"
        " WHERE l.order_id = ? AND l.bundle_line_id IS NULL",
        order_id,
    )
    inside = tuple(dict.fromkeys(sub_at_shop(row["sub_number"]) for row in rows if row["inside"]))
    rest = any(row["rest_of"] is not None for row in rows)
    return inside if rest or not all(row["inside"] for row in rows) else ()


def parcel_of(read: Rows, parcel_id: int) -> Row:
    """A parcel's row."""
    row = read.one("SELECT * FROM parcels WHERE id = ?", parcel_id)
    assert row is not None
    return row
