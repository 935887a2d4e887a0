"""A WooCommerce order as core's: pure reading, no network.

Money on the wire is a decimal number in the shop's currency, time is ISO text in GMT. Refunds are
documents of their own; one that names no lines leaves open what is still to be shipped.
"""

import re
from collections.abc import Sequence
from datetime import UTC
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from core.clock import local
from core.ports import PlatformLine, PlatformOrder, Receiver
from core.text import clean
from drivers.channels.promises import tier_named
from drivers.channels.reading import Reading, Told, part, raw, rows, word

_PROVINCES = [
    name
    for row in (
        "云南省 北京市 天津市 河北省 山西省 内蒙古自治区 辽宁省 吉林省",
        "黑龙江省 上海市 江苏省 浙江省 安徽省 福建省 江西省 山东省",
        "河南省 湖北省 湖南省 广东省 广西壮族自治区 海南省 重庆市 四川省",
        "贵州省 陕西省 甘肃省 青海省 宁夏回族自治区 澳门特别行政区 西藏自治区 新疆维吾尔自治区",
    )
    for name in row.split()
]
"""The shop's state codes CN1, CN2, ... in its own order."""
_HAN = re.compile(r"[\u3400-\u9fff]")


def wire_time(at: int) -> str:
    """UTC milliseconds as the interface writes time, cut to the second."""
    return local(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def order(told: Told, refunds: Sequence[Told], now: int) -> PlatformOrder:
    """The order of a detail and its refunds; ``now`` dates one whose times cannot be read."""
    reading = Reading()
    back = _refunded(refunds)
    lines = tuple(_line(line, back, reading) for line in rows(told.get("line_items")))
    created = reading.iso(told.get("date_created_gmt"))
    modified = reading.iso(told.get("date_modified_gmt"))
    reading.failed |= not lines or created is None or modified is None
    amount, freight = reading.yuan(told.get("total")), reading.yuan(told.get("shipping_total") or 0)
    billing = part(told, "billing")
    titles = [clean(x.get("method_title"), 80) for x in rows(told.get("shipping_lines"))]
    return PlatformOrder(
        number=word(told.get("id")),
        status=word(told.get("status")),
        modified_at=modified if modified is not None else now,
        created_at=created if created is not None else now,
        lines=lines,
        paid_at=reading.iso(told.get("date_paid_gmt")),
        tier=tier_named(" ".join(titles)),
        buyer_key=_buyer(told, billing),
        buyer_name=_name(billing),
        receiver=_receiver(part(told, "shipping"), billing),
        buyer_note=clean(told.get("customer_note")),
        amount_cents=amount,
        freight_cents=freight,
        flags=reading.flags(),
        raw=raw({**told, "refunds": list(refunds)}),
    )


def _refunded(refunds: Sequence[Told]) -> dict[str, int] | None:
    """Pieces paid back, line by line; None when a refund does not name its lines."""
    back: dict[str, int] = {}
    for refund in refunds:
        lines = rows(refund.get("line_items"))
        if not lines:
            return None
        for line in lines:
            number, pieces = _original(line), str(line.get("quantity")).removeprefix("-")
            if not number or not pieces.isdecimal() or pieces == "0":
                return None
            back[number] = back.get(number, 0) + int(pieces)
    return back


def _original(line: Told) -> str:
    """The line a refund's line is about."""
    for meta in rows(line.get("meta_data")):
        if meta.get("key") == "_refunded_item_id":
            return word(meta.get("value"))
    return ""


def _line(told: Told, back: dict[str, int] | None, reading: Reading) -> PlatformLine:
    number = word(told.get("id"))
    bought = reading.count(told.get("quantity"))
    gone = 0 if back is None else back.get(number, 0)
    return PlatformLine(
        sub_number=number,
        sku=clean(told.get("sku"), 120),
        title=clean(told.get("name"), 300),
        spec=_spec(told),
        quantity=bought - gone if 0 < gone < bought else bought,
        price_cents=_cents(told.get("price"), reading),
        status="",
        refund="amount_only" if back is None else "refunded" if gone >= bought else "none",
    )


def _cents(told: object, reading: Reading) -> int:
    """A price per piece, which the shop computed by division: rounded."""
    try:
        amount = Decimal(str(told)) * 100
        return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
    except InvalidOperation:
        reading.failed = True
        return 0


def _spec(told: Told) -> str:
    shown = [x for x in rows(told.get("meta_data")) if not str(x.get("key")).startswith("_")]
    pairs = [
        f"{clean(x.get('display_key') or x.get('key'), 40)}:"
        f"{clean(x.get('display_value') or x.get('value'), 80)}"
        for x in shown
    ]
    return clean(";".join(pairs), 300)


def _buyer(told: Told, billing: Told) -> str:
    """The customer's account; a guest is known by his address of mail."""
    customer = word(told.get("customer_id"))
    return customer if customer not in ("", "0") else clean(billing.get("email"), 100).lower()


def _name(told: Told) -> str:
    """Family name first for Chinese names, last otherwise."""
    first, last = clean(told.get("first_name"), 50), clean(told.get("last_name"), 50)
    return last + first if _HAN.search(first + last) else f"{first} {last}".strip()


def _receiver(told: Told, billing: Told) -> Receiver:
    """Where it goes; a shop that does not ask for it separately ships to the payer."""
    where = told if told.get("address_1") else billing
    state = clean(where.get("state"), 40)
    code = state.removeprefix("CN")
    known = state.startswith("CN") and code.isdecimal() and 0 < int(code) <= len(_PROVINCES)
    rest = [clean(where.get(key), 200) for key in ("address_1", "address_2", "postcode")]
    country = clean(where.get("country"), 10)
    return Receiver(
        name=_name(where),
        phone=clean(where.get("phone") or billing.get("phone"), 40),
        province=_PROVINCES[int(code) - 1] if known else state,
        city=clean(where.get("city"), 40),
        address=" ".join([*filter(None, rest), *([country] if country not in ("", "CN") else [])]),
    )
