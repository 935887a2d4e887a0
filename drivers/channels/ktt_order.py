"""A group-buy order (Kuaituantuan) as core's: pure reading, no network.

Money on the wire is fen, times are UTC milliseconds. Units can be cancelled one by one, so a line's
quantity is what was bought less what was cancelled. A parcel may go to a pick-up station instead
of the buyer; the station, the group and its leaders stand in the address and the seller's note.
"""

from collections.abc import Iterator

from core.ports import PlatformLine, PlatformOrder, Receiver, ShippedParcel
from core.text import clean
from drivers.channels.reading import MISSING, Reading, Told, is_set, raw, rows, word

CANCELLED = "cancelled"
"""Our word for a line, or an order, of which nothing is left."""
GIFT = "gift-"
_STATION = "20"
_TRAVELS = ("10", _STATION, "30")
"""Express, pick-up station, local delivery; anything else needs no parcel or is new."""
_REFUNDED = "2"


def order(told: Told, now: int) -> PlatformOrder:
    """The order of a detail; ``now`` dates one whose own times cannot be read."""
    reading = Reading()
    made = reading.millis(told.get("confirm_at"))
    modified = reading.millis(told.get("updated_at"))
    lines = tuple(_lines(told, reading))
    amount = reading.fen(told.get("order_amount"))
    freight = reading.fen(told.get("shipping_amount") or 0)
    reading.failed |= made is None or modified is None or not lines
    return PlatformOrder(
        number=word(told.get("order_sn")),
        status=_status(told),
        modified_at=modified or made or now,
        created_at=made or modified or now,
        lines=lines,
        paid_at=made,
        buyer_key=clean(told.get("open_id"), 200),
        buyer_name=clean(told.get("nick_name"), 100),
        receiver=_receiver(told),
        buyer_note=_joined(clean(told.get("buyer_memo")), *_answers(told)),
        seller_note=_joined(*_notes(told)),
        amount_cents=amount,
        freight_cents=freight,
        flags=reading.flags(_flags(told)),
        raw=raw(told),
    )


def parcels(told: Told) -> tuple[ShippedParcel, ...]:
    """The waybills an order knows; without line numbers one is for the whole order."""
    return tuple(parcel for pack in rows(told.get("logistics_list")) for parcel in _parcels(pack))


def _parcels(pack: Told) -> Iterator[ShippedParcel]:
    waybill = clean(pack.get("shipping_no"), 60)
    subs = pack.get("sub_order_sn_list")
    for sub in (subs if isinstance(subs, list) else []) or [""]:
        if waybill:
            yield ShippedParcel(waybill=waybill, sub_number=word(sub))


def _status(told: Told) -> str:
    """The shipping word, unless the order is cancelled (or says something new about that)."""
    cancel = word(told.get("cancel_status"))
    if cancel in ("", "0"):
        return word(told.get("shipping_status"))
    return CANCELLED if cancel == "1" else f"cancel_{cancel}"


def _lines(told: Told, reading: Reading) -> Iterator[PlatformLine]:
    """What was bought, then what is added to it for nothing."""
    after_sale = _after_sale(told)
    gone: set[str] = set()
    for line in rows(told.get("sub_order_list")):
        sub = word(line.get("sub_order_sn"))
        bought = reading.count(line.get("goods_number"))
        left = bought - reading.count(line.get("already_cancel_number") or 0, 0)
        cancel = word(line.get("cancel_status"))
        reading.failed |= not sub or left < 0 or cancel not in ("", "0", "1")
        if left <= 0 or cancel == "1":
            gone.add(sub)
        yield PlatformLine(
            sub_number=sub,
            sku=clean(line.get("external_sku_id"), 120),
            title=clean(line.get("goods_name"), 300),
            spec=clean(line.get("goods_specification"), 300),
            quantity=bought if sub in gone else left,
            price_cents=reading.fen(line.get("goods_price")),
            status=word(line.get("shipping_status")),
            refund=CANCELLED if sub in gone else after_sale,
        )
    for line in rows(told.get("gift_order_list")):
        host = word(line.get("host_sub_order_sn"))
        yield PlatformLine(
            sub_number=f"{host or word(told.get('order_sn'))}-{GIFT}{word(line.get('sku_id'))}",
            sku=clean(line.get("external_sku_id"), 120),
            title=clean(line.get("goods_name"), 300),
            quantity=reading.count(line.get("goods_number")),
            refund=CANCELLED if host in gone else after_sale,
            gift=True,
        )


def _after_sale(told: Told) -> str:
    """The order's after-sale word for lines that are still there.

    It speaks of the order as a whole. Once the money is back, cancelled units say what it was for;
    without them it was for everything, or for something nobody told us.
    """
    state = word(told.get("after_sales_status"))
    if state != _REFUNDED:
        return state or MISSING
    if any(is_set(line.get("already_cancel_number")) for line in rows(told.get("sub_order_list"))):
        return "0"
    back, paid = word(told.get("theoretical_refund_amount")), word(told.get("order_amount"))
    return state if back == paid else f"{state}/{back or MISSING}"


def _receiver(told: Told) -> Receiver:
    """The buyer's door; at a station, the buyer's name and phone with the station's address."""
    name = clean(told.get("receiver_name") or told.get("nick_name"), 100)
    phone = clean(told.get("receiver_mobile"), 40)
    if word(told.get("logistics_type")) == _STATION:
        station = ("self_pick_site_no", "self_pick_up_site_name", "self_pick_up_address")
        address = " ".join(filter(None, (clean(told.get(key), 120) for key in station)))
        return Receiver(name=name, phone=phone, address=address)
    where = {
        key: clean(told.get(f"receiver_address_{key}"), 300)
        for key in ("province", "city", "district", "detail")
    }
    return Receiver(
        name=name,
        phone=phone,
        province=where["province"],
        city=where["city"],
        district=where["district"],
        address=where["detail"],
    )


def _answers(told: Told) -> Iterator[str]:
    """What the leader asked and the buyer answered."""
    for item in rows(told.get("custom_item_list")):
        asked, said = clean(item.get("name"), 60), clean(item.get("value"), 300)
        if said:
            yield f"{asked}: {said}" if asked else said


def _notes(told: Told) -> Iterator[str]:
    """The leader's notes, then whose group it is: its title, place in it, helper, station."""
    yield clean(told.get("business_note"))
    yield clean(told.get("secret_remark"))
    place = word(told.get("participate_no"))
    yield " ".join(filter(None, (clean(told.get("activity_title"), 120), place and f"#{place}")))
    helper = clean(told.get("help_sell_nickname"), 60)
    yield f"@{helper}" if helper else ""
    if word(told.get("logistics_type")) == _STATION:
        contact = ("self_pick_up_contact_name", "self_pick_up_contact_mobile")
        yield " ".join(filter(None, (clean(told.get(key), 60) for key in contact)))


def _joined(*parts: str) -> str:
    return " | ".join(filter(None, parts))


def _flags(told: Told) -> Iterator[str]:
    """Reasons not to send a parcel."""
    if word(told.get("logistics_type")) not in _TRAVELS:
        yield "no_delivery"
    if is_set(told.get("verification_status")):
        yield "picked_up"
