"""A Pinduoduo order as core's: pure reading, no network.

Money on the wire is a decimal number of yuan, time is GMT+8. Lines have no number of their own, so
theirs is the order's with the SKU; the refund is told for the whole order. Gifts are listed with
what they belong to also when they ship as an order of their own, which is told like any other
(source: the platform's page of ``pdd.order.list.get``, April 2026). People come twice: as a
cipher, only while the order is to be shipped, and masked, which is what is shown.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from core.ports import CallFailed, Fault, PlatformLine, PlatformOrder, Receiver, ShippedParcel
from core.text import clean
from drivers.channels.reading import MISSING, Reading, Told, is_set, part, raw, rows, word

_TAIL_PAID = "2"
_FORMED = "1"
_OUT_OF_STOCK = "0"
_GIFTS_APART, _GIFTS_ALONG = "1", "2"
"""How gifts are shipped: as an order of their own, or with this one; else it is still open."""
_STOPS = ("ship_hold", "quality_check_order", "ship_additional_order")
"""Tags of an order that is not to be shipped: paused, to be inspected first, a fee and no goods."""


def order(told: Told, now: int) -> PlatformOrder:
    """The order of a detail; ``now`` dates one whose own times cannot be read."""
    reading = Reading()
    created = reading.moment(told.get("created_time"))
    modified = reading.moment(told.get("updated_at"))
    lines = tuple(_lines(told, reading))
    amount = reading.yuan(told.get("pay_amount"))
    freight = reading.yuan(told.get("postage") or 0)
    # When its group formed, for buyers in groups: from then on it is to be shipped, and listed.
    paid = reading.moment(told.get("confirm_time") or told.get("pay_time"))
    ship_by = reading.moment(told.get("last_ship_time"))
    reading.failed |= created is None or modified is None or not lines
    return PlatformOrder(
        number=word(told.get("order_sn")),
        status=word(told.get("order_status")),
        modified_at=modified or created or now,
        created_at=created or modified or now,
        lines=lines,
        refund=word(told.get("refund_status")) or MISSING,
        paid_at=paid,
        ship_by=ship_by,
        tier="same_day" if is_set(told.get("delivery_one_day")) else "",
        buyer_key=clean(told.get("open_address_id") or told.get("open_address_id_2"), 200),
        receiver=_receiver(told),
        buyer_note=_wishes(told),
        seller_note=clean(told.get("remark")),
        amount_cents=amount,
        freight_cents=freight,
        flags=reading.flags(_flags(told)),
        raw=raw(told),
    )


def parcels(told: Told) -> tuple[ShippedParcel, ...]:
    """The waybills an order knows, all for the whole order."""
    packs = [told, *rows(told.get("extra_delivery_list"))]
    waybills = [clean(pack.get("tracking_number"), 60) for pack in packs]
    return tuple(ShippedParcel(waybill=one) for one in dict.fromkeys(waybills) if one)


def _lines(told: Told, reading: Reading) -> Iterator[PlatformLine]:
    """What was bought, then what is added to it for nothing and ships with it."""
    number, refund = word(told.get("order_sn")), word(told.get("refund_status")) or MISSING
    seen: Counter[str] = Counter()
    bought = [(line, "") for line in rows(told.get("item_list"))]
    apart = word(told.get("gift_order_status")) == _GIFTS_APART
    given = [(line, "gift-") for line in rows(told.get("gift_list")) if not apart]
    for line, kind in (*bought, *given):
        sku = kind + word(line.get("sku_id"))
        seen[sku] += 1
        again = f"-{seen[sku]}" if seen[sku] > 1 else ""
        reading.failed |= sku == kind
        yield PlatformLine(
            sub_number=f"{number}-{sku}{again}",
            sku=clean(line.get("outer_id") or line.get("outer_goods_id"), 120),
            title=clean(line.get("goods_name"), 300),
            spec=clean(line.get("goods_spec"), 300),
            quantity=reading.count(line.get("goods_count")),
            price_cents=0 if kind else reading.yuan(line.get("goods_price")),
            refund=refund,
            gift=bool(kind),
        )


def _wishes(told: Told) -> str:
    """What the buyer wrote, and the carriers that the buyer does not want."""
    unwanted = [memo.get("tag") for memo in rows(told.get("express_memos"))]
    said = [clean(one) for one in (told.get("buyer_memo"), *unwanted)]
    return " | ".join(one for one in said if one)


def _flags(told: Told) -> Iterator[str]:
    """The platform's own reasons not to ship."""
    tags = {word(tag.get("name")) for tag in rows(told.get("order_tag_list")) if _is_on(tag)}
    yield from (tag for tag in _STOPS if tag in tags)
    if rows(told.get("gift_list")) and word(told.get("gift_order_status")) not in (
        *("", _GIFTS_APART, _GIFTS_ALONG),
    ):
        yield "gift_pending"
    if is_set(told.get("risk_control_status")):
        yield "risk_control"
    if word(told.get("group_status")) not in ("", _FORMED):
        yield "team_buy_hold"
    if word(told.get("confirm_status")) not in ("", "1"):
        yield "not_confirmed"
    deposit = part(told, "step_order_info")
    if (deposit or word(told.get("trade_type")) == "1") and (
        word(deposit.get("step_trade_status")) != _TAIL_PAID
    ):
        yield "step_unpaid"
    if is_set(told.get("is_stock_out")) and word(told.get("stock_out_handle_status")) in (
        *("", _OUT_OF_STOCK),
    ):
        yield "stock_out"
    if is_set(told.get("self_contained")):
        yield "self_pick_up"


def _is_on(tag: Told) -> bool:
    return is_set(tag.get("value"))


def _receiver(told: Told) -> Receiver:
    """The receiver as he may be shown, and his three ciphers for the platform's own waybill."""

    def shown(key: str, limit: int) -> str:
        return clean(told.get(f"receiver_{key}_mask"), limit)

    ciphers = {key: clean(told.get(f"receiver_{key}")) for key in ("name", "phone", "address")}
    return Receiver(
        name=shown("name", 100),
        phone=shown("phone", 40),
        province=clean(told.get("province"), 40),
        city=clean(told.get("city"), 40),
        district=clean(told.get("town"), 40),
        address=shown("address", 300) or clean(told.get("address_mask"), 300),
        cipher_ref=_reference(told, ciphers),
    )


def _reference(told: Told, ciphers: dict[str, str]) -> str:
    """What the platform knows the address by, so that orders can be put together, and the ciphers;
    nothing where these are not told."""
    if not any(ciphers.values()):
        return ""
    address = clean(told.get("open_address_id"), 200).replace(" ", "")
    kept = json.dumps(ciphers, separators=(",", ":"))
    return f"address:{address} {kept}" if address else kept


def ciphers(receiver: Receiver) -> dict[str, str]:
    """What is hidden of a receiver, by what it is of. Raises CallFailed when nothing is kept."""
    told = receiver.cipher_ref
    told = told.partition(" ")[2] if told.startswith("address:") else told
    kept = json.loads(told) if told else {}
    hidden = {name: str(cipher) for name, cipher in kept.items() if cipher}
    if not hidden:
        raise CallFailed(Fault.BUSINESS, "no_cipher", "the platform gave no cipher")
    return hidden


def in_clear(receiver: Receiver, hidden: dict[str, str], told: list[Told]) -> Receiver:
    """A receiver with what the platform told of their ciphers. Raises CallFailed, in the
    platform's own words, when it did not tell one of them."""
    for one in told:
        if is_set(one.get("error_code")):
            said = clean(one.get("error_msg"), 200)
            raise CallFailed(Fault.BUSINESS, word(one.get("error_code")), said)
    texts = {str(one.get("encrypted_data")): _text(one) for one in told}
    clear = {name: texts.get(cipher, "") for name, cipher in hidden.items()}
    if not all(clear.values()):
        raise CallFailed(Fault.TRANSIENT, "no_receiver", "expected a text for each cipher")
    return replace(receiver, cipher_ref="", **clear)


def _text(told: Told) -> str:
    """What a cipher stands for; of a number that only forwards, with the extension to dial."""
    text, extension = (
        clean(told.get(key), 300) for key in ("decrypted_data", "virtual_identify_number")
    )
    apart = extension if text and is_set(told.get("virtual_number_type")) else ""
    return f"{text}-{apart}" if apart else text
