"""A WeChat shop's order as core's: pure reading, no network.

Money on the wire is fen, time is Unix seconds. A line has no number of its own, so one is made of
the order's and the SKU's; how many of it are in after-sale stands beside how many were bought.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from core.ports import CallFailed, Fault, PlatformLine, PlatformOrder, Receiver, ShippedParcel
from core.text import clean
from drivers.channels.halves import Page
from drivers.channels.reading import MISSING, Reading, Told, below, is_set, part, raw, rows, word

_WAITS_FOR_SHOP, _AGREED = "3", "4"
_BEFORE_SHIPPING = ("10", "12", "13", "20", "21")


def page(told: Told) -> Page:
    """A page of the listing. Raises CallFailed when it is not one."""
    numbers = told.get("order_id_list")
    if not isinstance(numbers, list) or not all(map(word, numbers)):
        raise CallFailed(Fault.TRANSIENT, "bad_rows", "expected order_id_list")
    more = told.get("has_more") is True
    cursor = word(told.get("next_key")) if more else ""
    if more and not cursor:
        raise CallFailed(Fault.TRANSIENT, "no_cursor", "expected next_key")
    return Page(tuple(map(word, numbers)), cursor)


def order(told: Told, now: int) -> PlatformOrder:
    """The order of a detail; ``now`` dates one whose own times cannot be read."""
    reading = Reading()
    detail = part(told, "order_detail")
    price, more = part(detail, "price_info"), part(detail, "ext_info")
    lines = tuple(_line(number, line, told, reading) for number, line in numbered(told))
    created = reading.seconds(told.get("create_time"))
    modified = reading.seconds(told.get("update_time"))
    reading.failed |= not lines or created is None or modified is None
    amount, freight = reading.fen(price.get("order_price")), reading.fen(price.get("freight", 0))
    deadlines = [
        at for _, line in numbered(told) if (at := reading.seconds(line.get("delivery_deadline")))
    ]
    return PlatformOrder(
        number=word(told.get("order_id")),
        status=word(told.get("status")),
        modified_at=modified if modified is not None else now,
        created_at=created if created is not None else now,
        lines=lines,
        paid_at=reading.seconds(part(detail, "pay_info").get("pay_time")),
        ship_by=min(deadlines, default=None),
        buyer_key=clean(told.get("openid")),
        receiver=receiver(part(detail, "delivery_info")),
        buyer_note=clean(more.get("customer_notes")),
        seller_note=clean(more.get("merchant_notes")),
        amount_cents=amount,
        freight_cents=freight,
        flags=reading.flags(_flags(told)),
        raw=raw(told),
    )


def numbered(told: Told) -> Iterator[tuple[str, Told]]:
    """The lines with the numbers we give them: by the SKU that was ordered, also where the shop has
    agreed to another one since; the same SKU on a second line gets a suffix."""
    seen: dict[str, int] = {}
    for line in rows(part(told, "order_detail").get("product_infos")):
        number = f"{word(told.get('order_id'))}-{_ordered(line)}"
        seen[number] = seen.get(number, 0) + 1
        yield (number if seen[number] == 1 else f"{number}-{seen[number]}"), line


def parcels(told: Told) -> tuple[ShippedParcel, ...]:
    """The waybills an order knows; each by its SKU's line."""
    return tuple(
        ShippedParcel(waybill=waybill, sub_number=sub)
        for pack in _packs(told)
        if (waybill := clean(pack.get("waybill_id"), 60))
        for sub in _subs(told, pack) or [""]
    )


def contents(told: Told, subs: tuple[str, ...]) -> list[dict[str, Any]]:
    """What goes into a parcel: the lines wanted, or all, as far as they are still to be shipped.

    Raises CallFailed (BUSINESS) when nothing is left of one of them.
    """
    gone = {sub for pack in _packs(told) for sub in _subs(told, pack)}
    lines = [
        {
            "product_id": word(line.get("product_id")),
            "sku_id": word(line.get("sku_id")),
            "product_cnt": left,
        }
        for number, line in numbered(told)
        if number not in gone and (not subs or number in subs) and (left := _left(line)) > 0
    ]
    if not lines or (subs and len(lines) != len(set(subs))):
        raise CallFailed(Fault.BUSINESS, "already_shipped", f"{len(lines)} lines left to ship")
    return lines


def changed(told: Told, old: str, company: str, waybill: str) -> dict[str, Any] | None:
    """The change of an order's parcel ``old`` to another waybill; None when it has that already.

    The list of all its parcels cannot be told anew once there are several. Raises CallFailed
    (BUSINESS) when there is no parcel of that number.
    """
    packs = {clean(pack.get("waybill_id"), 60): pack for pack in _packs(told)}
    if old not in packs and waybill in packs:
        return None
    if old not in packs:
        raise CallFailed(Fault.BUSINESS, "no_parcel", f"expected a parcel {old}")
    goods = [
        {key: line[key] for key in ("product_id", "sku_id", "product_cnt") if key in line}
        for line in rows(packs[old].get("product_infos"))
    ]
    before = {"delivery_id": clean(packs[old].get("delivery_id"), 40), "waybill_id": old}
    after = {"delivery_id": company, "waybill_id": waybill}
    return {
        "old": {**before, "product_infos": goods},
        "new": {**after, "product_infos": goods},
    }


def _packs(told: Told) -> list[Told]:
    return rows(part(told, "order_detail", "delivery_info").get("delivery_product_info"))


def _subs(told: Told, pack: Told) -> list[str]:
    inside = {word(line.get("sku_id")) for line in rows(pack.get("product_infos"))}
    return [number for number, line in numbered(told) if word(line.get("sku_id")) in inside]


def _line(number: str, told: Told, whole: Told, reading: Reading) -> PlatformLine:
    bought = reading.count(told.get("sku_cnt"))
    before = word(whole.get("status")) in _BEFORE_SHIPPING
    left = _left(told)
    return PlatformLine(
        sub_number=number,
        sku=clean(told.get("sku_code") or told.get("out_sku_id"), 120),
        title=clean(told.get("title"), 300),
        spec=_spec(told),
        quantity=left if before and 0 < left < bought else bought,
        price_cents=reading.fen(told.get("sale_price")),
        status=word(whole.get("status")),
        refund=_refund(told, bought),
        gift=is_set(told.get("is_free_gift")),
    )


def _refund(told: Told, bought: int) -> str:
    """In after-sale, paid back as a whole, or neither: pieces paid back are just fewer pieces."""
    on, done = _whole(told, "on_aftersale_sku_cnt"), _whole(told, "finish_aftersale_sku_cnt")
    if on is None or done is None:
        return MISSING
    if on:
        return "on_aftersale"
    return "finish_aftersale" if done >= bought else "none"


def _left(told: Told) -> int:
    """How many pieces are still wanted."""
    done = _whole(told, "finish_aftersale_sku_cnt") or 0
    return (_whole(told, "sku_cnt") or 0) - done


def _whole(told: Told, key: str) -> int | None:
    text = str(told.get(key))
    return int(text) if text.isascii() and text.isdecimal() else None


def _spec(told: Told) -> str:
    listed = rows(told.get("sku_attrs"))
    return clean(
        ";".join(
            f"{clean(x.get('attr_key'), 40)}:{clean(x.get('attr_value'), 80)}" for x in listed
        ),
        300,
    )


def revealed(told: Told, now: int) -> Receiver:
    """The receiver of an answer in clear. With a virtual number the buyer's own stays masked; the
    one to call, and for a label, is told beside the address until it ends."""
    found = receiver(told)
    virtual = part(told, "virtual_number_info")
    number, extension = (clean(virtual.get(key), 30) for key in ("virtual_number", "extension"))
    ends = Reading().seconds(virtual.get("expiration"))
    if not number or (ends is not None and ends <= now):
        return found
    return replace(found, phone="-".join(filter(None, (number, extension))))


def receiver(told: Told) -> Receiver:
    """Where it goes, masked or in clear, as the platform tells it."""
    where = part(told, "address_info")
    province = clean(where.get("province_name"), 40)
    city = clean(where.get("city_name"), 40)
    district = clean(where.get("county_name"), 40)
    rest = clean(where.get("detail_info"), 300) + clean(where.get("house_number"), 100)
    return Receiver(
        name=clean(where.get("user_name"), 100),
        phone=_phone(where),
        province=province,
        city=city,
        district=district,
        address=below(rest, province, city, district),
        cipher_ref=clean(told.get("ewaybill_order_code")),
    )


def _phone(where: Told) -> str:
    """The number to call: a virtual one, with its extension, once the platform gave one out."""
    virtual = clean(part(where, "tel_number_ext_info").get("virtual_tel_number"), 40)
    if virtual and is_set(where.get("use_tel_number")):
        return virtual
    return clean(where.get("tel_number") or where.get("virtual_order_tel_number"), 40)


def _flags(told: Told) -> Iterator[str]:
    """The platform's own reasons not to ship."""
    delivery = part(told, "order_detail", "delivery_info")
    if _under_review(delivery):
        yield "address_review"
    if is_set(delivery.get("deliver_method")):
        yield "no_express"
    if any(_sku_asked_for(line) for _, line in numbered(told)):
        yield "sku_change"


_ADDRESS = (
    *("user_name", "tel_number", "province_name", "city_name", "county_name", "detail_info"),
    *("house_number", "hash_code"),
)


def _under_review(delivery: Told) -> bool:
    """Whether the buyer asked for another address: the one asked for stays there once it is the
    order's own. What is masked may look the same, its ``hash_code`` does not."""
    asked, has = delivery.get("address_under_review"), part(delivery, "address_info")
    if not isinstance(asked, Mapping):
        return is_set(asked)
    return any(word(asked[key]) not in ("", word(has.get(key))) for key in _ADDRESS if key in asked)


def _sku_asked_for(line: Told) -> bool:
    """Whether the buyer asked for another SKU and the shop has not said yes or no."""
    return _sku_change(line) == _WAITS_FOR_SHOP


def _ordered(line: Told) -> str:
    """The SKU that a line was ordered with."""
    if _sku_change(line) == _AGREED and (old := word(line["change_sku_info"].get("old_sku_id"))):
        return old
    return word(line.get("sku_id"))


def _sku_change(line: Told) -> str:
    """Where the buyer's wish for another SKU stands."""
    return word(part(line, "change_sku_info").get("preshipment_change_sku_state"))
