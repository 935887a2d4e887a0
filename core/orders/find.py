"""Any number finds its order: internal, platform, sub-order, waybill, tote, phone tail, name."""

import json
import re
from dataclasses import dataclass
from typing import Any

from core.orders.slip import read_qr
from core.store import Row, Rows


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of an order's timeline."""

    at: int
    kind: str
    operator: str
    station: str
    what: dict[str, Any]
    photos: tuple[str, ...] = ()
    photo_missing: str = ""


@dataclass(frozen=True, slots=True)
class OrderStory:
    """Everything known of one order, for a person who has to answer for it."""

    order: Row
    lines: tuple[Row, ...]
    holds: tuple[Row, ...]
    parcels: tuple[Row, ...]
    outbox: tuple[Row, ...]
    prints: tuple[Row, ...]
    timeline: tuple[Moment, ...]
    same_buyer: tuple[str, ...]
    """Open orders to the same person and door."""
    chain_broken_at: int | None
    """The first event whose hash does not fit, if any."""


def find(read: Rows, text: str, limit: int = 20) -> list[int]:
    """The orders a number or word means, newest first; exact look-ups only, each on an index."""
    text = text.strip()
    if not text:
        return []
    if (qr := read_qr(text)) is not None:
        text = qr["number"]
    found: dict[int, None] = {}
    for sql, value in lookups(text):
        for row in read.all(f"{sql} ORDER BY 1 DESC LIMIT ?", value, limit):
            found.setdefault(row["id"])
    return list(found)[:limit]


def lookups(text: str) -> list[tuple[str, str]]:
    """The questions to ask for a text, the surest first."""
    upper = text.upper()
    waybill = re.sub(r"(-\d+){1,2}-?$", "", upper) if upper.startswith("JD") else upper
    asks = [
        ("SELECT id FROM orders WHERE number = ?", upper),
        ("SELECT id FROM orders WHERE platform_number = ?", text),
        (
            "SELECT c.id FROM orders c JOIN orders o ON o.id = c.rest_of"
            " WHERE o.platform_number = ?",
            text,
        ),
        ("SELECT DISTINCT order_id AS id FROM order_lines WHERE sub_number = ?", text),
        ("SELECT order_id AS id FROM parcels WHERE waybill = ?", waybill),
        ("SELECT order_id AS id FROM totes WHERE code = ?", upper),
    ]
    if re.fullmatch(r"\d{4}", text):
        asks.append(("SELECT id FROM orders WHERE phone_tail = ? AND phone_tail <> ''", text))
    if re.fullmatch(r"1\d{10}", text):
        asks.append(
            (
                "SELECT id FROM orders WHERE phone_tail = substr(?1, -4) AND phone_tail <> ''"
                " AND receiver_phone = ?1",
                text,
            )
        )
    if not text.isascii() or not any(char.isdigit() for char in text):
        asks.append(("SELECT id FROM orders WHERE receiver_name = ? AND receiver_name <> ''", text))
    return asks


def story(read: Rows, order_id: int) -> OrderStory | None:
    """The whole story of an order; None when there is no such order."""
    from core.events import first_broken

    order = read.one(
        "SELECT o.*, s.name AS shop, s.code AS shop_code, s.channel, w.name AS warehouse,"
        " c.station AS at_station, p.name AS at_operator FROM orders o"
        " JOIN shops s ON s.id = o.shop_id LEFT JOIN warehouses w ON w.id = o.warehouse_id"
        " LEFT JOIN claims c ON c.order_id = o.id LEFT JOIN operators p ON p.id = c.operator_id"
        " WHERE o.id = ?",
        order_id,
    )
    if order is None:
        return None

    def all_of(sql: str) -> tuple[Row, ...]:
        return tuple(read.all(sql, order_id))

    return OrderStory(
        order=order,
        lines=all_of(
            "SELECT l.*, b.code AS bin FROM order_lines l JOIN orders o ON o.id = l.order_id"
            " LEFT JOIN stock t ON t.warehouse_id = o.warehouse_id AND t.sku_id = l.sku_id"
            " LEFT JOIN bins b ON b.id = t.bin_id WHERE l.order_id = ? ORDER BY l.id"
        ),
        holds=all_of(
            "SELECT h.*, b.name AS by_name, r.name AS released_name FROM holds h"
            " LEFT JOIN operators b ON b.id = h.by_operator"
            " LEFT JOIN operators r ON r.id = h.released_by WHERE h.order_id = ? ORDER BY h.id"
        ),
        parcels=all_of("SELECT * FROM parcels WHERE order_id = ? ORDER BY id"),
        outbox=all_of("SELECT * FROM outbox WHERE order_id = ? ORDER BY id"),
        prints=all_of("SELECT * FROM print_jobs WHERE order_id = ? ORDER BY id"),
        timeline=timeline(read, order_id),
        same_buyer=same_buyers(read, order),
        chain_broken_at=first_broken(read, order_id),
    )


def timeline(read: Rows, order_id: int) -> tuple[Moment, ...]:
    """Every event of an order with its photos, oldest first."""
    photos: dict[str, list[Row]] = {}
    for row in read.all("SELECT * FROM evidence WHERE order_id = ? ORDER BY id", order_id):
        photos.setdefault(row["event_uid"], []).append(row)
    return tuple(
        Moment(
            at=row["at"],
            kind=row["kind"],
            operator=row["operator"] or "",
            station=row["station"],
            what=json.loads(row["what"]),
            photos=tuple(p["path"] for p in photos.get(row["uid"], ()) if p["path"]),
            photo_missing=next(
                (p["missing"] for p in photos.get(row["uid"], ()) if p["missing"]), ""
            ),
        )
        for row in read.all(
            "SELECT e.*, p.name AS operator FROM events e"
            " LEFT JOIN operators p ON p.id = e.operator_id WHERE e.order_id = ? ORDER BY e.seq",
            order_id,
        )
    )


def same_buyers(read: Rows, order: Row) -> tuple[str, ...]:
    """Open orders to the same person and door."""
    if order["same_buyer_key"] is None:
        return ()
    rows = read.all(
        "SELECT number FROM orders WHERE same_buyer_key = ? AND id <> ? AND open = 1 LIMIT 20",
        *(order["same_buyer_key"], order["id"]),
    )
    return tuple(row["number"] for row in rows)
