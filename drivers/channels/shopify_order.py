"""A Shopify order as core's: pure reading, no network.

Paying and shipping are two words there; the one that decides is handed on in lower case, as in
the platform's exports. Pieces paid back lower a line's ``currentQuantity``. Lines that need no
shipping (gift cards, tips, downloads) are left out. The customer's account is not read: it takes
a scope of its own, and the address of mail tells customers apart as well.
"""

from collections.abc import Iterator
from typing import Any

from core.ports import CallFailed, Fault, PlatformLine, PlatformOrder, Receiver, ShippedParcel
from core.text import clean
from drivers.channels.halves import Page
from drivers.channels.promises import tier_named
from drivers.channels.reading import MISSING, Reading, Told, part, raw, rows, word

_PAID = ("paid", "partially_refunded", "refunded")
_OPEN = ("OPEN", "IN_PROGRESS")
_VOID = ("CANCELLED", "ERROR", "FAILURE")
NOTHING_TO_SHIP = "nothing_to_ship"
"""The word for an order none of whose lines needs shipping."""
_TASK_SCOPES = "the app lacks the scopes read_, write_merchant_managed_fulfillment_orders"


def next_cursor(page: Told) -> str:
    """Where a list goes on after a page of it; "" at its end."""
    info = part(page, "pageInfo")
    return str(info.get("endCursor") or "") if info.get("hasNextPage") is True else ""


def page(told: Told) -> Page:
    """A page of the listing. Raises CallFailed when it is not one."""
    listed = told.get("nodes")
    numbers = tuple(word(row.get("legacyResourceId")) for row in rows(listed))
    if not isinstance(listed, list) or len(numbers) != len(listed) or not all(numbers):
        raise CallFailed(Fault.TRANSIENT, "bad_rows", "expected nodes with ids")
    more, cursor = part(told, "pageInfo").get("hasNextPage"), next_cursor(told)
    if more not in (True, False) or (more and not cursor):
        raise CallFailed(Fault.TRANSIENT, "no_cursor", "expected pageInfo")
    return Page(numbers, cursor)


def order(told: Told, now: int) -> PlatformOrder:
    """The order of a detail; ``now`` dates one whose own times cannot be read."""
    reading = Reading()
    money = clean(told.get("displayFinancialStatus"), 40).lower()
    every = rows(part(told, "lineItems").get("nodes"))
    listed = [line for line in every if line.get("requiresShipping") is not False]
    bare = money == "partially_refunded" and all(_gone(line) == 0 for line in every)
    lines = tuple(_line(line, money, bare, reading) for line in listed)
    created = reading.iso(told.get("createdAt"))
    modified = reading.iso(told.get("updatedAt"))
    reading.failed |= not every or created is None or modified is None
    reading.failed |= part(told, "lineItems", "pageInfo").get("hasNextPage") is not False
    amount = reading.yuan(_money(told, "currentTotalPriceSet"))
    freight = reading.yuan(_money(told, "totalShippingPriceSet") or 0)
    receiver = _receiver(part(told, "shippingAddress"))
    return PlatformOrder(
        number=word(told.get("legacyResourceId")),
        status=_status(told, money) if lines or not every else NOTHING_TO_SHIP,
        modified_at=modified if modified is not None else now,
        created_at=created if created is not None else now,
        lines=lines,
        paid_at=reading.iso(told.get("processedAt")) if money in _PAID else None,
        tier=tier_named(clean(part(told, "shippingLine").get("title"), 100)),
        buyer_key=clean(told.get("email"), 100).lower(),
        buyer_name=receiver.name,
        receiver=receiver,
        buyer_note=clean(told.get("note")),
        amount_cents=amount,
        freight_cents=freight,
        flags=reading.flags(_flags(told)),
        raw=raw(told),
    )


def parcels(made: list[Told]) -> tuple[ShippedParcel, ...]:
    """The waybills of the fulfilments that stand, line by line."""
    return tuple(
        ShippedParcel(waybill=waybill, sub_number=_id(part(line, "lineItem")))
        for one in made
        if one.get("status") not in _VOID
        for tracking in rows(one.get("trackingInfo"))
        if (waybill := clean(tracking.get("number"), 60))
        for line in rows(part(one, "fulfillmentLineItems").get("nodes"))
    )


def contents(tasks: list[Told], subs: tuple[str, ...], ours: set[str]) -> list[dict[str, Any]]:
    """What goes into a parcel, task by task: the lines wanted, or all that are left.

    ``ours`` are the lines that already have its waybill. Raises CallFailed: BUSINESS when nothing
    is left of one of them, PERMISSION when the shop shows no tasks at all.
    """
    if not tasks and not ours:
        raise CallFailed(Fault.PERMISSION, "no_tasks", _TASK_SCOPES)
    held = left(tasks, subs)
    found = {_id(part(line, "lineItem")) for _, lines in held for line in lines}
    if not found | ours or not set(subs) <= found | ours:
        raise CallFailed(Fault.BUSINESS, "nothing_to_ship", f"{len(found)} lines left to ship")
    return [
        {
            "fulfillmentOrderId": task.get("id"),
            "fulfillmentOrderLineItems": [
                {"id": line.get("id"), "quantity": line.get("remainingQuantity")} for line in lines
            ],
        }
        for task, lines in held
    ]


def left(tasks: list[Told], subs: tuple[str, ...]) -> list[tuple[Told, list[Told]]]:
    """The tasks that still hold something of a parcel, each with what it holds of it."""
    held = [
        (task, [x for x in _open(task) if not subs or _id(part(x, "lineItem")) in subs])
        for task in tasks
    ]
    return [(task, lines) for task, lines in held if lines]


def _open(task: Told) -> Iterator[Told]:
    """The lines of a task that can still be shipped; what needs no delivery cannot."""
    method = part(task, "deliveryMethod").get("methodType")
    if task.get("status") in _OPEN and method != "NONE":
        for line in rows(part(task, "lineItems").get("nodes")):
            if line.get("remainingQuantity"):
                yield line


def _status(told: Told, money: str) -> str:
    """Cancelled before anything; the word for money until it is paid; then that for goods."""
    if told.get("cancelledAt"):
        return "cancelled"
    goods = clean(told.get("displayFulfillmentStatus"), 40).lower()
    return goods if money in _PAID else money


def _line(told: Told, money: str, bare: bool, reading: Reading) -> PlatformLine:
    bought = reading.count(told.get("quantity"))
    gone = _gone(told)
    refund = MISSING if gone is None else "amount_only" if bare else "none"
    if gone == bought or (money == "refunded" and gone is not None):
        refund = "refunded"
    return PlatformLine(
        sub_number=_id(told),
        sku=clean(told.get("sku"), 120),
        barcode=clean(part(told, "variant").get("barcode"), 60),
        title=clean(told.get("title"), 300),
        spec=clean(told.get("variantTitle"), 300),
        quantity=bought - gone if gone and gone < bought else bought,
        price_cents=reading.yuan(_money(told, "originalUnitPriceSet")),
        refund=refund,
    )


def _gone(told: Told) -> int | None:
    """Pieces taken back out of a line."""
    bought, left = told.get("quantity"), told.get("currentQuantity")
    if not isinstance(bought, int) or not isinstance(left, int) or not 0 <= left <= bought:
        return None
    return bought - left


def _id(told: Told) -> str:
    """The number at the end of ``gid://shopify/LineItem/1``."""
    return word(told.get("id")).rpartition("/")[2]


def _money(told: Told, key: str) -> object:
    return part(told, key, "shopMoney").get("amount")


def _receiver(told: Told) -> Receiver:
    rest = [clean(told.get(key), 200) for key in ("address1", "address2", "zip")]
    country = clean(told.get("countryCodeV2"), 10)
    return Receiver(
        name=clean(told.get("name"), 100),
        phone=clean(told.get("phone"), 40),
        province=clean(told.get("province"), 40),
        city=clean(told.get("city"), 40),
        address=" ".join([*filter(None, rest), *([country] if country not in ("", "CN") else [])]),
    )


def _flags(told: Told) -> Iterator[str]:
    """The platform's own reasons not to ship."""
    if clean(part(told, "risk").get("recommendation"), 30) in ("CANCEL", "INVESTIGATE"):
        yield "risk"
    if told.get("test"):
        yield "test_order"
