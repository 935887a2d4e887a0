"""The orders of the simulated shop: how one is written down, and how it looks on the wire."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from core.clock import SHANGHAI, local, millis

Trade = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimLine:
    """One line a buyer orders."""

    sku: str
    title: str = ""
    spec: str = ""
    quantity: int = 1
    price_cents: int = 1000
    item: str = ""
    """The merchant's code of the whole item (``outer_iid``)."""
    gift: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the wire to set or overwrite; None removes one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimOrder:
    """What a buyer orders, in plain text; the shop masks it on the wire."""

    lines: tuple[SimLine, ...]
    tid: str = ""
    """"" lets the shop number it."""
    status: str = "WAIT_SELLER_SEND_GOODS"
    buyer: str = "buyer"
    name: str = "张小明"
    phone: str = "13800001234"
    province: str = "浙江省"
    city: str = "杭州市"
    district: str = "余杭区"
    town: str = "仓前街道"
    address: str = "文一西路969号3幢"
    buyer_note: str | None = None
    seller_note: str = ""
    freight_cents: int = 0
    type: str = "fixed"
    created_at: int | None = None
    """UTC milliseconds; None is now. An order that is not ``unpaid`` counts as paid then."""
    ship_by: int | None = None
    promise: str = ""
    """The platform's word for the delivery promise, e.g. ``次日达``."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the wire to set or overwrite; None removes one."""


def sim_order(told: Mapping[str, Any]) -> SimOrder:
    """A SimOrder from plain JSON-like data; lines are mappings too."""
    lines = tuple(x if isinstance(x, SimLine) else SimLine(**x) for x in told["lines"])
    return SimOrder(**{**told, "lines": lines})


def text_time(at: int) -> str:
    """UTC milliseconds as the wire's GMT+8 text."""
    return local(at, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def moment_of(text: str) -> int | None:
    """UTC milliseconds of the wire's GMT+8 text; None for what is none."""
    try:
        told = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    except ValueError:
        return None
    return millis(told)


def yuan(cents: int) -> str:
    """Fen as the wire's decimal yuan."""
    return f"{cents // 100}.{cents % 100:02d}"


def trade_of(order: SimOrder, tid: str, oids: Iterable[str], now: int) -> Trade:
    """A trade as the platform keeps it: every field, in plain text; times are wire text."""
    created = text_time(order.created_at if order.created_at is not None else now)
    paid = order.status not in ("WAIT_BUYER_PAY", "TRADE_NO_CREATE_PAY")
    goods = sum(line.price_cents * line.quantity for line in order.lines)
    trade: Trade = {
        "tid": int(tid),
        "tid_str": tid,
        "status": order.status,
        "type": order.type,
        "payment": yuan(goods + order.freight_cents),
        "post_fee": yuan(order.freight_cents),
        "created": created,
        "modified": text_time(now),
        "pay_time": created if paid else None,
        "buyer_open_uid": _opaque("AAH", order.buyer, 24),
        "buyer_message": order.buyer_note,
        "seller_memo": order.seller_note or None,
        "seller_flag": 0,
        "num": order.lines[0].quantity if len(order.lines) == 1 else 0,
        "receiver_name": order.name,
        "receiver_mobile": order.phone,
        "receiver_phone": None,
        "receiver_state": order.province,
        "receiver_city": order.city,
        "receiver_district": order.district,
        "receiver_town": order.town,
        "receiver_address": order.address,
        "delivery_time": text_time(order.ship_by) if order.ship_by is not None else None,
        "promise_service": order.promise or None,
        "is_part_consign": False,
        "top_hold": 0,
        "forbid_consign": 0,
        "team_buy_hold": 0,
        "share_group_hold": 0,
        "ofp_hold": 0,
        "is_sh_ship": False,
        **order.more,
        "orders": {
            "order": [_line(*pair, order.status) for pair in zip(order.lines, oids, strict=True)]
        },
    }
    return _without_nothing(trade)


def _line(line: SimLine, oid: str, status: str) -> Trade:
    told: Trade = {
        "oid": int(oid),
        "oid_str": oid,
        "num_iid": int(_digits(line.sku, 12)),
        "sku_id": int(_digits("sku" + line.sku, 13)),
        "outer_iid": line.item or None,
        "outer_sku_id": line.sku or None,
        "num": line.quantity,
        "price": yuan(line.price_cents),
        "payment": yuan(line.price_cents * line.quantity),
        "sku_properties_name": line.spec or None,
        "title": line.title or line.sku,
        "status": status,
        "refund_status": "NO_REFUND",
        "is_free_gift": 1 if line.gift else 0,
        **line.more,
    }
    return _without_nothing(told)


def sub_orders(trade: Trade) -> list[Trade]:
    """The lines of a trade."""
    lines: list[Trade] = trade["orders"]["order"]
    return lines


def masked(trade: Trade) -> Trade:
    """The receiver as an app without the right to plain text sees him."""
    told = dict(trade)
    name, phone = str(trade.get("receiver_name", "")), str(trade.get("receiver_mobile", ""))
    told["receiver_name"] = name[:1] + "*" * (len(name) - 1)
    told["receiver_mobile"] = phone[:3] + "*" * max(0, len(phone) - 7) + phone[-4:]
    told["receiver_address"] = "*" * 6
    return told


def oaid(trade: Trade, app_key: str, seller: str) -> str:
    """The reference to a receiver: other for each seller and app, and each week's orders."""
    who = [str(trade.get(f"receiver_{part}", "")) for part in ("name", "mobile", "address")]
    return _opaque("1", "|".join([*who, _week_of(trade), seller, app_key]), 40)


def shown(trade: Trade, fields: Iterable[str]) -> Trade:
    """Only what was asked for; ``orders`` asks for whole lines, ``orders.x`` for one field."""
    wanted = [name.strip() for name in fields]
    told = {name: trade[name] for name in wanted if name in trade and name != "orders"}
    of_lines = {name.removeprefix("orders.") for name in wanted if name.startswith("orders.")}
    if "orders" in wanted or of_lines:
        told["orders"] = {
            "order": [
                {k: v for k, v in line.items() if "orders" in wanted or k in of_lines}
                for line in sub_orders(trade)
            ]
        }
    return told


def _week_of(trade: Trade) -> str:
    try:
        created = date.fromisoformat(str(trade.get("created"))[:10])
    except ValueError:
        return ""
    return "{}-{}".format(*created.isocalendar())


def _without_nothing(told: Trade) -> Trade:
    return {key: value for key, value in told.items() if value is not None}


def _opaque(head: str, text: str, length: int) -> str:
    return head + hashlib.sha256(text.encode()).hexdigest()[:length]


def _digits(text: str, length: int) -> str:
    return "6" + str(int(hashlib.sha256(text.encode()).hexdigest(), 16))[: length - 1]
