"""A Douyin order as core's: pure reading, no network.

Money on the wire is fen, time is Unix seconds. Each line has its own status, after-sale state and
number; names and addresses come masked, their ciphers beside them.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from core.ports import (
    CallFailed,
    Fault,
    PlatformLine,
    PlatformOrder,
    Receiver,
    ShippedParcel,
)
from core.text import clean
from drivers.channels.promises import tier_named
from drivers.channels.reading import MISSING, Reading, Told, part, raw, rows, word

CLOSED = "4"
_OVER = ("12", "14", "51", "53")
"""After-sale states in which the money went back, or goods were exchanged."""
_SETTLED = ("3", CLOSED, "5")
"""Line states in which nothing is left to ship."""
_NO_CASE = ("0", "28")
_VIRTUAL = ("2", "4", "5")
"""Kinds of order with nothing to ship: virtual goods, vouchers, and what others redeem."""
_CLOUD = "2"
"""A warehouse that ships for the platform; orders in it are refused when we report them."""
_MONEY_ONLY = "6"
"""The kind of after-sale that only pays a price difference: the goods are shipped all the same."""


class Page(NamedTuple):
    """One page of the listing, oldest first."""

    numbers: tuple[str, ...]
    total: int
    last: int
    """The time of the last row that the listing goes by, Unix seconds."""


def page(told: Told, by: str) -> Page:
    """A page of the listing by that time of its rows. Raises CallFailed when it is not one."""
    total = str(told.get("total"))
    listed = list(rows(told.get("shop_order_list")))
    numbers = tuple(word(row.get("order_id")) for row in listed)
    times = [str(row.get(by)) for row in listed]
    if not total.isdecimal() or not all(numbers) or not all(map(str.isdecimal, times)):
        raise CallFailed(Fault.TRANSIENT, "bad_rows", "expected numbers, times and a total")
    if len(listed) != len(told.get("shop_order_list") or ()):
        raise CallFailed(Fault.TRANSIENT, "bad_rows", "expected objects")
    return Page(numbers, int(total), int(times[-1]) if times else 0)


def order(told: Told, now: int) -> PlatformOrder:
    """The order of a detail; ``now`` dates one whose own times cannot be read."""
    reading = Reading()
    lines = tuple(_line(line, reading) for line in rows(told.get("sku_order_list")))
    created = reading.seconds(told.get("create_time"))
    modified = reading.seconds(told.get("update_time"))
    reading.failed |= not lines or created is None or modified is None
    amount, freight = reading.fen(told.get("pay_amount")), reading.fen(told.get("post_amount", 0))
    return PlatformOrder(
        number=word(told.get("order_id")),
        status=word(told.get("order_status")),
        modified_at=modified if modified is not None else now,
        created_at=created if created is not None else now,
        lines=lines,
        paid_at=reading.seconds(told.get("pay_time")),
        ship_by=reading.seconds(told.get("exp_ship_time")),
        tier=tier_named(_promise(told)),
        buyer_key=clean(told.get("open_id") or told.get("doudian_open_id")),
        receiver=_receiver(told),
        buyer_note=clean(told.get("buyer_words")),
        seller_note=clean(told.get("seller_words")),
        amount_cents=amount,
        freight_cents=freight,
        flags=reading.flags(_flags(told)),
        raw=raw(told),
    )


def _flags(told: Told) -> Iterator[str]:
    """Why there is nothing to ship here."""
    lines = rows(told.get("sku_order_list"))
    if any(word(one.get("order_type")) in _VIRTUAL for one in (told, *lines)):
        yield "virtual_goods"
    stores = [one for line in lines for one in rows(line.get("inventory_list"))]
    if any(word(one.get("warehouse_type")) == _CLOUD for one in stores):
        yield "cloud_warehouse"


def parcels(told: Told) -> tuple[ShippedParcel, ...]:
    """The waybills an order knows, line by line where they are told so."""
    return tuple(parcel for pack in rows(told.get("logistics_info")) for parcel in _parcels(pack))


def pack_id(told: Told, waybill: str) -> str:
    """The platform's own id of the parcel with that waybill. Raises CallFailed for none."""
    packs = [pack for pack in rows(told.get("logistics_info")) if _waybill(pack) == waybill]
    found = next((word(pack.get("delivery_id")) for pack in packs), "")
    if not found:
        raise CallFailed(Fault.BUSINESS, "no_pack", f"the order has no parcel {waybill}")
    return found


def _waybill(pack: Told) -> str:
    return clean(pack.get("tracking_no"), 60)


def _parcels(pack: Told) -> Iterator[ShippedParcel]:
    waybill = _waybill(pack)
    if not waybill:
        return
    subs = [word(line.get("sku_order_id")) for line in rows(pack.get("product_info"))]
    for sub in subs or [""]:
        yield ShippedParcel(waybill=waybill, sub_number=sub)


def _line(told: Told, reading: Reading) -> PlatformLine:
    return PlatformLine(
        sub_number=word(told.get("order_id")),
        sku=clean(told.get("out_sku_id") or told.get("code"), 120),
        title=clean(told.get("product_name"), 300),
        spec=_spec(told),
        quantity=reading.count(told.get("item_num")),
        price_cents=reading.fen(told.get("origin_amount", 0)),
        status=word(told.get("order_status")),
        refund=_refund(told),
        gift=clean(told.get("given_product_type"), 20) == "FREE",
    )


def _spec(told: Told) -> str:
    listed = list(rows(told.get("spec")))
    parts = [f"{clean(x.get('name'), 40)}:{clean(x.get('value'), 80)}" for x in listed]
    return clean(";".join(parts), 300)


def _refund(told: Told) -> str:
    """The platform's after-sale number where it says it all; else with what makes it unclear.

    A case that is over while the line is still to be shipped may have paid back all, part or
    nothing of it; a case that failed and still paid contradicts itself. Both go to a person.
    """
    case = part(told, "after_sale_info")
    state, paid = word(case.get("after_sale_status")), word(case.get("refund_status"))
    if not state:
        return MISSING
    if word(case.get("after_sale_type")) == _MONEY_ONLY and state not in _NO_CASE:
        return "price_protection"
    if state in _NO_CASE:
        return f"{state}/paid{paid}" if paid in ("2", "3") else state
    line = word(told.get("order_status"))
    return f"{state}/line{line}" if state in _OVER and line not in _SETTLED else state


def _receiver(told: Told) -> Receiver:
    """The receiver as he may be shown, and a reference to what is hidden of him."""
    masked, full = part(told, "mask_post_addr"), part(told, "post_addr")
    where = masked or full

    def name(of: str) -> str:
        return clean(part(where, of).get("name"), 40)

    return Receiver(
        name=clean(told.get("mask_post_receiver"), 100),
        phone=clean(told.get("mask_post_tel"), 40),
        province=name("province"),
        city=name("city"),
        district=name("town"),
        address=name("street") + clean(where.get("detail"), 300),
        cipher_ref=_reference(told),
    )


def _reference(told: Told) -> str:
    """What the platform knows the receiver's address by, so that orders can be put together; a
    cipher of the receiver where it does not say."""
    address = clean(told.get("open_address_id"), 200)
    return f"address:{address}" if address else clean(told.get("encrypt_post_tel"))


def ciphers(order: Told) -> dict[str, str]:
    """What is hidden of a receiver, by what it is of."""
    found = {
        "phone": order.get("encrypt_post_tel"),
        "name": order.get("encrypt_post_receiver"),
        "address": part(order, "post_addr").get("encrypt_detail"),
    }
    return {name: text for name, told in found.items() if (text := clean(told, 1000))}


def in_clear(receiver: Receiver, hidden: dict[str, str], told: list[Told]) -> Receiver:
    """A receiver with what the platform told of their ciphers. Raises CallFailed, in the
    platform's own words, when it did not tell one of them."""
    texts = {clean(one.get("cipher_text"), 1000): one for one in told}
    clear: dict[str, str] = {}
    for name, cipher in hidden.items():
        one = texts.get(cipher, {})
        if (code := word(one.get("err_no"))) not in ("0", ""):
            raise CallFailed(Fault.BUSINESS, code, clean(one.get("err_msg"), 200))
        clear[name] = clean(one.get("decrypt_text"), 300)
    if not all(clear.get(name) for name in hidden):
        raise CallFailed(Fault.TRANSIENT, "no_receiver", "expected a text for each cipher")
    return replace(receiver, cipher_ref="", **clear)


def _promise(told: Told) -> str:
    """Everything that may name the promise: its own field and the order's tags."""
    tags = [clean(tag.get("text"), 60) for tag in rows(told.get("shop_order_tag_ui"))]
    return " ".join([clean(told.get("promise_info"), 200), *tags])
