"""A Vendure order as core's: pure reading, no network.

Money on the wire is an integer in the smallest unit, time is ISO text in UTC. Cancelled pieces
lower a line's quantity; money goes back by refunds of the payments. There is no buyer's note.
"""

import re
from typing import Any

from core.ports import CallFailed, Fault, PlatformLine, PlatformOrder, Receiver, ShippedParcel
from core.text import clean
from drivers.channels.promises import tier_named
from drivers.channels.reading import Reading, Told, part, raw, rows, word

_GONE = ("Shipped", "Delivered")
_HAN = re.compile(r"[\u3400-\u9fff]")


def order(told: Told, now: int) -> PlatformOrder:
    """The order of a detail; ``now`` dates one whose own times cannot be read."""
    reading = Reading()
    back = _refunded(told)
    lines = tuple(_line(line, back, reading) for line in rows(told.get("lines")))
    placed = reading.iso(told.get("orderPlacedAt"))
    created = placed or reading.iso(told.get("createdAt"))
    modified = _modified(told, reading)
    reading.failed |= not lines or created is None or modified is None
    amount, freight = (
        reading.fen(told.get("totalWithTax")),
        reading.fen(told.get("shippingWithTax")),
    )
    customer = part(told, "customer")
    titles = [part(x, "shippingMethod").get("name") for x in rows(told.get("shippingLines"))]
    return PlatformOrder(
        number=word(told.get("code")),
        status=_state(told),
        modified_at=modified if modified is not None else now,
        created_at=created if created is not None else now,
        lines=lines,
        paid_at=placed if rows(told.get("payments")) else None,
        tier=tier_named(" ".join(clean(title, 80) for title in titles)),
        buyer_key=word(customer.get("id")),
        buyer_name=_name(customer),
        receiver=_receiver(part(told, "shippingAddress")),
        buyer_note="",
        amount_cents=amount,
        freight_cents=freight,
        flags=reading.flags(),
        raw=raw(told),
    )


def standing(told: Told) -> dict[str, Any]:
    """What of an order can change while its own time of change stands still."""
    refunds = [
        refund for paid in rows(told.get("payments")) for refund in rows(paid.get("refunds"))
    ]
    return {
        "state": word(told.get("state")),
        "lines": _pairs(told.get("lines"), "quantity"),
        "modifications": _pairs(told.get("modifications"), "id"),
        "fulfillments": _pairs(told.get("fulfillments"), "state"),
        "refunds": _pairs(refunds, "state"),
    }


def _pairs(listed: object, key: str) -> list[tuple[str, str]]:
    """Rows as (id, one field), in an order of ours: theirs changes from call to call."""
    return sorted((word(row.get("id")), word(row.get(key))) for row in rows(listed))


def parcels(told: Told) -> tuple[ShippedParcel, ...]:
    """The waybills of fulfilments that left, line by line."""
    return tuple(
        ShippedParcel(waybill=waybill, sub_number=word(line.get("orderLineId")))
        for one in rows(told.get("fulfillments"))
        if one.get("state") in _GONE and (waybill := clean(one.get("trackingCode"), 60))
        for line in rows(one.get("lines"))
    )


def made(told: Told, waybill: str) -> Told | None:
    """The fulfilment with that number that stands, if there is one."""
    for one in rows(told.get("fulfillments")):
        if one.get("state") != "Cancelled" and clean(one.get("trackingCode"), 60) == waybill:
            return one
    return None


def contents(told: Told, subs: tuple[str, ...]) -> list[dict[str, Any]]:
    """What goes into a parcel: the lines wanted, or all, as far as nothing was made of them.

    Raises CallFailed (BUSINESS) when nothing is left of one of them.
    """
    lines = [
        {"orderLineId": number, "quantity": count}
        for number, count in _left(told).items()
        if not subs or number in subs
    ]
    if not lines or (subs and len(lines) != len(set(subs))):
        raise CallFailed(Fault.BUSINESS, "already_shipped", f"{len(lines)} lines left to ship")
    return lines


def _left(told: Told, *, made: bool = True) -> dict[str, int]:
    """Pieces by line that are in no fulfilment that stands (``made``), or in none that left."""
    left = {word(x.get("id")): int(x.get("quantity") or 0) for x in rows(told.get("lines"))}
    for one in rows(told.get("fulfillments")):
        state = one.get("state")
        if state != "Cancelled" if made else state in _GONE:
            for line in rows(one.get("lines")):
                number = word(line.get("orderLineId"))
                left[number] = left.get(number, 0) - int(line.get("quantity") or 0)
    return {number: count for number, count in left.items() if number and count > 0}


def _state(told: Told) -> str:
    """The order's state. One called partly delivered may hold pieces that never left: it is in
    that state as soon as one parcel of it arrived, and stays there whatever is shipped since."""
    state = word(told.get("state"))
    return (
        "PartiallyShipped" if state == "PartiallyDelivered" and _left(told, made=False) else state
    )


def _modified(told: Told, reading: Reading) -> int | None:
    """The latest change of the order and of what hangs on it: its own stands still at times."""
    own = reading.iso(told.get("updatedAt"))
    payments = rows(told.get("payments"))
    hanging = [*rows(told.get("fulfillments")), *rows(told.get("modifications")), *payments]
    hanging += [refund for payment in payments for refund in rows(payment.get("refunds"))]
    times = [at for one in hanging if (at := reading.iso(one.get("updatedAt"))) is not None]
    return None if own is None else max([own, *times])


def _refunded(told: Told) -> dict[str, int] | None:
    """Pieces whose money went back or is about to; None when a refund names no lines."""
    back: dict[str, int] = {}
    for payment in rows(told.get("payments")):
        for refund in rows(payment.get("refunds")):
            if refund.get("state") == "Failed":
                continue
            lines = rows(refund.get("lines"))
            if not lines:
                return None
            for line in lines:
                number = word(line.get("orderLineId"))
                back[number] = back.get(number, 0) + int(line.get("quantity") or 0)
    return back


def _line(told: Told, back: dict[str, int] | None, reading: Reading) -> PlatformLine:
    number, left = word(told.get("id")), reading.count(told.get("quantity"), 0)
    placed = reading.count(told.get("orderPlacedQuantity") or left, 0)
    variant = part(told, "productVariant")
    return PlatformLine(
        sub_number=number,
        sku=clean(variant.get("sku"), 120),
        title=clean(variant.get("name"), 300),
        quantity=left or placed or 1,
        price_cents=reading.fen(told.get("unitPriceWithTax")),
        refund=_refund(placed, left, None if back is None else back.get(number, 0)),
    )


def _refund(placed: int, left: int, back: int | None) -> str:
    """Gone, or untouched, or paid back and not cancelled: that goes to a person."""
    if left == 0 or (back is not None and back >= placed > 0):
        return "refunded"
    return "amount_only" if back is None or back > placed - left else "none"


def _name(told: Told) -> str:
    first, last = clean(told.get("firstName"), 50), clean(told.get("lastName"), 50)
    return last + first if _HAN.search(first + last) else f"{first} {last}".strip()


def _receiver(told: Told) -> Receiver:
    rest = [clean(told.get(key), 200) for key in ("streetLine1", "streetLine2", "postalCode")]
    country = clean(told.get("countryCode"), 10)
    return Receiver(
        name=clean(told.get("fullName"), 100),
        phone=clean(told.get("phoneNumber"), 40),
        province=clean(told.get("province"), 40),
        city=clean(told.get("city"), 40),
        address=" ".join([*filter(None, rest), *([country] if country not in ("", "CN") else [])]),
    )
