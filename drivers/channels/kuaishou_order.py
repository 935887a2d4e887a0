"""A Kuaishou order as core's: pure reading, no network.

Money on the wire is fen, time is Unix milliseconds. An order has one item, whose refunds are told
beside it, one after the other.
"""

from collections.abc import Iterator

from core.ports import CallFailed, Fault, PlatformLine, PlatformOrder, Receiver, ShippedParcel
from core.text import clean
from drivers.channels.halves import Page
from drivers.channels.reading import MISSING, Reading, Told, is_set, part, raw, rows, word

_END = "nomore"
_PAID_BACK, _WITHDRAWN = "60", "70"
_TO_SHIP = "30"


def page(told: Told) -> Page:
    """A page of the listing. Raises CallFailed when it is not one."""
    listed = told.get("orderList")
    found = [part(row, "orderBaseInfo") for row in rows(listed)]
    numbers = tuple(word(row.get("oid")) for row in found)
    cursor = word(told.get("cursor"))
    if not isinstance(listed, list) or len(numbers) != len(listed) or not all(numbers):
        raise CallFailed(Fault.TRANSIENT, "bad_rows", "expected orderList")
    if not cursor:
        raise CallFailed(Fault.TRANSIENT, "no_cursor", f"expected a cursor or {_END}")
    return Page(numbers, "" if cursor == _END else cursor)


def order(told: Told, now: int) -> PlatformOrder:
    """The order of a detail; ``now`` dates one whose own times cannot be read."""
    reading = Reading()
    base = part(told, "orderBaseInfo")
    created, modified = (
        reading.millis(base.get("createTime")),
        reading.millis(base.get("updateTime")),
    )
    line = _line(told, base, reading)
    reading.failed |= created is None or modified is None
    amount, freight = reading.fen(base.get("totalFee")), reading.fen(base.get("expressFee") or 0)
    promises = [base.get("promiseTimeStampOfDelivery"), base.get("validPromiseShipmentTimeStamp")]
    deadlines = [at for promise in promises if promise and (at := reading.millis(promise))]
    notes = [clean(note.get("note")) for note in rows(part(told, "orderNote").get("orderNoteInfo"))]
    return PlatformOrder(
        number=word(base.get("oid")),
        status=word(base.get("status")),
        modified_at=modified if modified is not None else now,
        created_at=created if created is not None else now,
        lines=(line,),
        paid_at=reading.millis(base.get("payTime")),
        ship_by=min(deadlines, default=None),
        buyer_key=clean(base.get("buyerOpenId")),
        buyer_name=clean(base.get("buyerNick"), 100),
        receiver=_receiver(part(told, "orderAddress")),
        buyer_note=clean(base.get("remark")),
        seller_note=clean(" ".join(notes)),
        amount_cents=amount,
        freight_cents=freight,
        flags=reading.flags(_flags(base)),
        raw=raw(told),
    )


def parcels(told: Told) -> tuple[ShippedParcel, ...]:
    """The waybills an order knows; they are of its one item."""
    packs = told.get("orderLogisticsInfo")
    listed = rows([packs] if isinstance(packs, dict) else packs)
    numbers = dict.fromkeys(clean(pack.get("expressNo"), 60) for pack in listed)
    return tuple(ShippedParcel(waybill=waybill) for waybill in numbers if waybill)


def _line(told: Told, base: Told, reading: Reading) -> PlatformLine:
    item = part(told, "orderItemInfo")
    return PlatformLine(
        sub_number=word(item.get("orderItemId")) or word(base.get("oid")),
        sku=clean(item.get("skuNick") or item.get("goodsCode"), 120),
        title=clean(item.get("itemTitle"), 300),
        spec=clean(item.get("skuDesc"), 300),
        quantity=reading.count(item.get("num")),
        price_cents=reading.fen(item.get("price")),
        status=word(base.get("status")),
        refund=_refund(told, word(base.get("status"))),
    )


def _refund(told: Told, status: str) -> str:
    """An open refund before a finished one before a withdrawn one.

    Money that went back while the order is still to be shipped may be all or part of it: that
    goes to a person.
    """
    if "orderRefundList" not in told:
        return MISSING
    found = {word(refund.get("refundStatus")) for refund in rows(told.get("orderRefundList"))}
    still = sorted(found - {_PAID_BACK, _WITHDRAWN})
    if still:
        return still[0]
    if _PAID_BACK in found:
        return f"{_PAID_BACK}/{status}" if status == _TO_SHIP else _PAID_BACK
    return _WITHDRAWN if found else "none"


def _receiver(told: Told) -> Receiver:
    return Receiver(
        name=clean(told.get("desensitiseConsignee"), 100),
        phone=clean(told.get("desensitiseMobile"), 40),
        province=clean(told.get("province"), 40),
        city=clean(told.get("city"), 40),
        district=clean(told.get("district"), 40),
        address=clean(told.get("town"), 60) + clean(told.get("desensitiseAddress"), 300),
        cipher_ref=clean(told.get("encryptedMobile")),
    )


def _flags(base: Told) -> Iterator[str]:
    """The platform's own reasons not to ship."""
    if is_set(base.get("riskCode")):
        yield "risk_control"
    if base.get("disableDeliveryReasonCode"):
        yield "delivery_disabled"
