"""A TOP trade as an order: pure reading, no network.

Money on the wire is a decimal number of yuan, time is GMT+8, ids are numbers of up to 19 digits.
What cannot be read is never guessed: the order carries the flag ``unreadable``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from core.clock import SHANGHAI, local
from core.ports import PlatformLine, PlatformOrder, Receiver, ShippedParcel
from core.text import clean
from drivers.channels.promises import tier_named
from drivers.channels.reading import MISSING, Reading, Told, is_set, moment_in, raw

_TRADE = (
    "tid,tid_str,status,type,payment,post_fee,pay_time,created,modified,end_time,buyer_open_uid,"
    "buyer_message,seller_memo,seller_flag,receiver_name,receiver_mobile,receiver_phone,"
    "receiver_state,receiver_city,receiver_district,receiver_town,receiver_address,oaid,lm,"
    "delivery_time,collect_time,dispatch_time,sign_time,es_time,est_con_time,promise_service,"
    "timing_promise,is_part_consign,top_hold,forbid_consign,team_buy_hold,share_group_hold,"
    "ofp_hold,is_sh_ship,ob_tag,step_trade_status"
)
_LINE = (
    "oid,oid_str,num_iid,sku_id,outer_iid,outer_sku_id,num,price,payment,divide_order_fee,"
    "sku_properties_name,title,status,refund_status,refund_id,logistics_company,invoice_no,"
    "modify_address,ti_modify_address_time,estimate_con_time,is_free_gift,combine_item_info"
)
FIELDS = ",".join([_TRADE, *(f"orders.{name}" for name in _LINE.split(","))])
"""All we read: a field that is not asked for is simply absent from the answer."""
SHIPPED_FIELDS = (
    "tid,tid_str,status,is_part_consign,orders.oid,orders.oid_str,orders.status,orders.invoice_no,"
    "orders.logistics_company"
)

_HOLDS = (
    *("top_hold", "forbid_consign", "team_buy_hold"),
    *("share_group_hold", "ofp_hold", "is_sh_ship"),
)
_CLOSED = ("TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO")
_STEP_PAID = ("", "FRONT_PAID_FINAL_PAID")


def trade_order(trade: Told, now: int) -> PlatformOrder:
    """The order of a trade; ``now`` dates one whose own times cannot be read."""
    reading = Reading()
    created = reading.moment(trade.get("created"))
    modified = reading.moment(trade.get("modified"))
    paid = reading.moment(trade.get("pay_time"))
    lines = tuple(_line(told, reading) for told in sub_orders(trade))
    amount = reading.yuan(trade.get("payment"))
    freight = reading.yuan(trade.get("post_fee") or 0)
    if created is None or modified is None or not lines or not all(x.sub_number for x in lines):
        reading.failed = True
    return PlatformOrder(
        number=number_of(trade, "tid"),
        status=clean(trade.get("status"), 60),
        modified_at=modified or created or now,
        created_at=created or modified or now,
        lines=lines,
        paid_at=paid,
        ship_by=_ship_by(trade, paid),
        tier=_tier(trade, paid),
        buyer_key=clean(trade.get("buyer_open_uid"), 200),
        receiver=_receiver(trade),
        buyer_note=clean(trade.get("buyer_message")),
        seller_note=clean(trade.get("seller_memo")),
        amount_cents=amount,
        freight_cents=freight,
        flags=reading.flags(_flags(trade)),
        raw=raw(trade),
    )


def parcels(trade: Told) -> tuple[ShippedParcel, ...]:
    """The waybills a trade knows, line by line."""
    return tuple(
        ShippedParcel(waybill=clean(told["invoice_no"], 60), sub_number=number_of(told, "oid"))
        for told in sub_orders(trade)
        if told.get("invoice_no")
    )


def goes_in_parts(trade: Told, inside: Iterable[str]) -> bool:
    """Whether a parcel with these lines makes, or finds, a trade that is shipped in parts: one with
    all lines that still go does not, and the platform wants no lines named for it."""
    going = {number_of(x, "oid") for x in sub_orders(trade) if x.get("status") not in _CLOSED}
    return is_set(trade.get("is_part_consign")) or not going or not going <= set(inside)


def in_parcel(trade: Told, waybill: str) -> tuple[str, ...]:
    """The lines in the parcel with that waybill; none for a trade that is not shipped in parts."""
    if not is_set(trade.get("is_part_consign")):
        return ()
    return tuple(parcel.sub_number for parcel in parcels(trade) if parcel.waybill == waybill)


def number_of(told: Told, key: str) -> str:
    """An id as text, from its own string form when there is one; "" when it is not there."""
    return clean(told.get(f"{key}_str") or told.get(key), 40)


def sub_orders(trade: Told) -> Iterator[Told]:
    """The lines of a trade; a null list, or one that is not wrapped, is read as what it means."""
    told = trade.get("orders")
    if isinstance(told, Mapping):
        told = told.get("order")
    return (
        (line for line in told if isinstance(line, Mapping)) if isinstance(told, list) else iter(())
    )


def _line(told: Told, reading: Reading) -> PlatformLine:
    return PlatformLine(
        sub_number=number_of(told, "oid"),
        sku=clean(told.get("outer_sku_id") or told.get("outer_iid"), 120),
        title=clean(told.get("title"), 300),
        spec=clean(told.get("sku_properties_name"), 300),
        quantity=reading.count(told.get("num")),
        price_cents=reading.yuan(told.get("price")),
        status=clean(told.get("status"), 60),
        refund=clean(told.get("refund_status"), 60) or MISSING,
        gift=is_set(told.get("is_free_gift")),
    )


def _receiver(trade: Told) -> Receiver:
    town = clean(trade.get("receiver_town"), 60)
    address = clean(trade.get("receiver_address"), 300)
    return Receiver(
        name=clean(trade.get("receiver_name"), 100),
        phone=clean(trade.get("receiver_mobile") or trade.get("receiver_phone"), 40),
        province=clean(trade.get("receiver_state"), 40),
        city=clean(trade.get("receiver_city"), 40),
        district=clean(trade.get("receiver_district"), 40),
        address=address if address.startswith(town) else town + address,
        cipher_ref=clean(trade.get("oaid")),
    )


def in_clear(told: Told) -> Receiver:
    """A receiver as the platform tells them on demand."""
    return Receiver(
        name=clean(told.get("name"), 100),
        phone=clean(told.get("mobile") or told.get("phone"), 40),
        province=clean(told.get("state"), 40),
        city=clean(told.get("city"), 40),
        district=clean(told.get("district"), 40),
        address=clean(told.get("town"), 60) + clean(told.get("address_detail"), 300),
    )


def _flags(trade: Told) -> Iterator[str]:
    """The platform's own reasons not to ship."""
    yield from (name for name in _HOLDS if is_set(trade.get(name)))
    if clean(trade.get("step_trade_status"), 60) not in _STEP_PAID:
        yield "step_unpaid"
    if clean(trade.get("lm"), 10) == "1":
        yield "address_changed"


# --- time and promise ---------------------------------------------------------------------------

_WITHIN = re.compile(r"(\d{1,4})\s*(小时|天)")


def _ship_by(trade: Told, paid: int | None) -> int | None:
    """The earliest of the deadlines the platform names for the trade and its lines."""
    said = [trade.get("delivery_time"), trade.get("est_con_time")]
    said += [line.get("estimate_con_time") for line in sub_orders(trade)]
    deadlines = [at for text in said if text and (at := _deadline(str(text), paid)) is not None]
    return min(deadlines, default=None)


def _deadline(text: str, paid: int | None) -> int | None:
    """A date, whose day counts to its end, or so many hours or days after payment."""
    at = moment_in(text, "23:59:59")
    within = _WITHIN.search(text)
    if at is not None or within is None or paid is None:
        return at
    amount = int(within.group(1))
    span = timedelta(hours=amount) if within.group(2) == "小时" else timedelta(days=amount)
    return paid + int(span.total_seconds()) * 1000


def _tier(trade: Told, paid: int | None) -> str:
    """The delivery promise: by its name, else by the days to its latest signature; "" when none."""
    named = f"{trade.get('promise_service') or ''} {trade.get('timing_promise') or ''}"
    tier = tier_named(named)
    if tier:
        return tier
    days = _promised_days(trade, paid)
    if days is None:
        return ""
    return {0: "same_day", 1: "next_day"}.get(days, "standard")


def _promised_days(trade: Told, paid: int | None) -> int | None:
    told = str(trade.get("es_time") or "")
    if told.isascii() and told.isdecimal() and len(told) < 4:
        return int(told)
    sign_by = moment_in(str(trade.get("sign_time") or ""), "23:59:59")
    if sign_by is None or paid is None or sign_by < paid:
        return None
    return (local(sign_by, SHANGHAI).date() - local(paid, SHANGHAI).date()).days
