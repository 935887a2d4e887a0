"""A Kuaishou order as core's: pure reading, no network.

Money on the wire is fen, time is Unix milliseconds. An order has one item, whose refunds are told
beside it, one after the other. Gifts stand beside it as orders of their own: with their own number,
status and waybills, and without refunds.
"""

from collections.abc import Iterator
from typing import NamedTuple

from core.ports import CallFailed, Fault, PlatformLine, PlatformOrder, Receiver, ShippedParcel
from core.text import clean
from drivers.channels.halves import Page
from drivers.channels.reading import MISSING, Reading, Told, is_set, part, raw, rows, word

_END = "nomore"
_PAID_BACK, _WITHDRAWN = "60", "70"
_TO_SHIP, _CLOSED = "30", "80"
_SENT = ("40", "50", "70")
GIFT_GONE = "gift_gone"
"""Our word for a gift that the platform took back while its order goes on."""


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
    lines = tuple(_line(piece, told, reading) for piece in pieces(told))
    reading.failed |= created is None or modified is None
    goods, freight = reading.fen(base.get("totalFee")), reading.fen(base.get("expressFee") or 0)
    promises = [base.get("promiseTimeStampOfDelivery"), base.get("validPromiseShipmentTimeStamp")]
    deadlines = [at for promise in promises if promise and (at := reading.millis(promise))]
    notes = [clean(note.get("note")) for note in rows(part(told, "orderNote").get("orderNoteInfo"))]
    return PlatformOrder(
        number=word(base.get("oid")),
        status=word(base.get("status")),
        modified_at=modified if modified is not None else now,
        created_at=created if created is not None else now,
        lines=lines,
        paid_at=reading.millis(base.get("payTime")),
        ship_by=min(deadlines, default=None),
        buyer_key=clean(base.get("buyerOpenId")),
        buyer_name=clean(base.get("buyerNick"), 100),
        receiver=_receiver(part(told, "orderAddress")),
        buyer_note=clean(base.get("remark")),
        seller_note=clean(" ".join(notes)),
        amount_cents=goods + freight,
        freight_cents=freight,
        flags=reading.flags(_flags(base)),
        raw=raw(told),
    )


class Piece(NamedTuple):
    """The item an order is about, or a gift beside it."""

    oid: str
    """Its number where it is shipped."""
    sub_number: str
    status: str
    item: Told
    delivery: Told
    packs: list[Told]
    gift: bool

    @property
    def delivered(self) -> int:
        """How many pieces are in parcels that were reported; 0 when that is not told."""
        return Reading().count(self.delivery.get("deliveryNum") or 0, 0)

    @property
    def sent(self) -> bool:
        """Whether it was reported: a label's waybill is told before that, as one on its way."""
        return self.status in _SENT or self.delivered > 0

    @property
    def left(self) -> int:
        """How many pieces are still to be reported."""
        if self.status == _CLOSED or (self.sent and not self.delivered):
            return 0
        return max(0, Reading().count(self.item.get("num")) - self.delivered)


def pieces(told: Told) -> Iterator[Piece]:
    """What an order holds: its item, then its gifts."""
    base, item = part(told, "orderBaseInfo"), part(told, "orderItemInfo")
    oid = word(base.get("oid"))
    yield Piece(
        *(oid, word(item.get("orderItemId")) or oid, word(base.get("status")), item),
        part(told, "orderDeliveryInfo"),
        _listed(told.get("orderLogisticsInfo")),
        gift=False,
    )
    for gift in _listed(told.get("subOrderInfo")):
        base = part(gift, "subOrderBaseInfo")
        oid = word(base.get("oid"))
        yield Piece(
            *(oid, oid, word(base.get("status")), part(gift, "subOrderItemInfo")),
            part(gift, "subOrderDeliveryInfo"),
            _listed(gift.get("subOrderLogisticsInfo")),
            gift=True,
        )


def parcels(told: Told) -> tuple[ShippedParcel, ...]:
    """The waybills an order was reported with; by line where it has gifts."""
    held = list(pieces(told))
    found = [
        (clean(pack.get("expressNo"), 60), piece.sub_number if len(held) > 1 else "")
        for piece in held
        if piece.sent
        for pack in piece.packs
    ]
    return tuple(ShippedParcel(waybill=w, sub_number=sub) for w, sub in dict.fromkeys(found) if w)


def packages(told: Told, waybill: str) -> list[str]:
    """The platform's numbers of the parcels with that waybill; "" for one it gives none."""
    packs = [pack for piece in pieces(told) if piece.sent for pack in piece.packs]
    mine = [pack for pack in packs if clean(pack.get("expressNo"), 60) == waybill]
    return list(dict.fromkeys(word(pack.get("logisticsId")) for pack in mine))


def _listed(told: object) -> list[Told]:
    return rows([told] if isinstance(told, dict) else told)


def _line(piece: Piece, told: Told, reading: Reading) -> PlatformLine:
    item = piece.item
    reading.failed |= not piece.sub_number
    return PlatformLine(
        sub_number=piece.sub_number,
        sku=clean(item.get("skuNick") or item.get("goodsCode"), 120),
        title=clean(item.get("itemTitle"), 300),
        spec=clean(item.get("skuDesc"), 300),
        quantity=reading.count(item.get("num")),
        price_cents=reading.fen(item.get("price") or (0 if piece.gift else None)),
        status=piece.status,
        refund=_refund(piece, told),
        gift=piece.gift,
    )


def _refund(piece: Piece, told: Told) -> str:
    """An open refund before a finished one before a withdrawn one; a gift goes as its item does.

    Money that went back while the order is still to be shipped may be all or part of it: that
    goes to a person.
    """
    status = word(part(told, "orderBaseInfo").get("status"))
    if piece.gift and piece.status == _CLOSED and status != _CLOSED:
        return GIFT_GONE
    lists = [told[key] for key in ("orderDetailRefundList", "orderRefundList") if key in told]
    if not lists:
        return MISSING
    found = {word(refund.get("refundStatus")) for told_so in lists for refund in rows(told_so)}
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
