"""The execution slip: four fields are always on it, or it is not issued at all."""

import re
import zlib
from typing import Any
from urllib.parse import unquote

from core.errors import Problem
from core.ports import Receiver, SlipFacts, SlipLine
from core.store import Row, Rows, Tx

QR_MARK = "PL1"
QR_NOTE = 40
"""Characters of the buyer's note inside the QR: enough to read, small enough to scan."""


def slip(read: Rows, order_id: int, *, issued_at: int = 0, copy: int = 1) -> SlipFacts:
    """The slip of an order. Raises Problem naming the mandatory field that is absent."""
    order = read.one(
        "SELECT o.*, s.name AS shop, w.name AS warehouse FROM orders o"
        " JOIN shops s ON s.id = o.shop_id LEFT JOIN warehouses w ON w.id = o.warehouse_id"
        " WHERE o.id = ?",
        order_id,
    )
    if order is None:
        raise Problem("order.unknown", number=order_id)
    lines = slip_lines(read, order)
    for field, absent in (
        ("sku", not lines or any(not line.sku for line in lines)),
        ("quantity", any(line.quantity <= 0 for line in lines)),
        ("buyer_note", order["buyer_note"] is None),
        ("tier", not order["tier"]),
    ):
        if absent:
            raise Problem("slip.missing", number=order["number"], field=field)
    return SlipFacts(
        number=order["number"],
        shop=order["shop"],
        platform_numbers=(order["platform_number"],),
        warehouse=order["warehouse"] or "",
        tier=order["tier"],
        ship_by=order["ship_by"],
        buyer_note=order["buyer_note"],
        seller_note=order["seller_note"],
        receiver=receiver_of(order),
        lines=tuple(lines),
        qr=qr_text(order, lines),
        issued_at=issued_at,
        copy=copy,
    )


def slip_lines(read: Rows, order: Row) -> list[SlipLine]:
    """The rows to pick, in the order of their bins."""
    rows = read.all(
        "SELECT l.*, b.code AS bin FROM order_lines l"
        " LEFT JOIN stock k ON k.sku_id = l.sku_id AND k.warehouse_id = ?"
        " LEFT JOIN bins b ON b.id = k.bin_id"
        " WHERE l.order_id = ? AND l.wanted > 0 ORDER BY b.code, l.id",
        *(order["warehouse_id"], order["id"]),
    )
    return [
        SlipLine(
            sku=row["sku_code"],
            title=row["title"],
            spec=row["spec"],
            quantity=row["wanted"],
            bin=row["bin"] or "",
            gift=bool(row["gift"]),
        )
        for row in rows
    ]


def qr_text(order: Row, lines: list[SlipLine]) -> str:
    """``PL1|number|tier|deadline|SKU*n;SKU*n|note|check``: readable with any phone, offline."""
    goods = ";".join(f"{quote(line.sku)}*{line.quantity}" for line in lines)
    note = quote(order["buyer_note"][:QR_NOTE])
    body = "|".join(
        (QR_MARK, order["number"], order["tier"], str(order["ship_by"] // 60_000), goods, note)
    )
    return f"{body}|{zlib.crc32(body.encode()):08X}"


def quote(text: str) -> str:
    """Text without the signs that separate fields, as %XX; everything else stays readable."""
    return re.sub(r"[%|;]", lambda sign: f"%{ord(sign[0]):02X}", text)


def read_qr(text: str) -> dict[str, Any] | None:
    """What a slip's QR says; None when it is not one of ours or was damaged."""
    parts = text.rsplit("|", 1)
    if len(parts) != 2 or not text.startswith(QR_MARK + "|"):
        return None
    body, check = parts
    if f"{zlib.crc32(body.encode()):08X}" != check:
        return None
    fields = body.split("|")
    if len(fields) != 6:
        return None
    _, number, tier, minutes, goods, note = fields
    return {
        "number": number,
        "tier": tier,
        "ship_by": int(minutes) * 60_000,
        "goods": tuple(
            (unquote(sku), int(quantity))
            for sku, quantity in (g.rsplit("*", 1) for g in goods.split(";"))
        ),
        "note": unquote(note),
    }


def queue_slip(tx: Tx, order_id: int) -> int:
    """Ask this station's printer for the slip; returns which copy. Raises Problem."""
    slip(tx, order_id)
    copy = int(
        tx.the(
            "UPDATE orders SET slip_copies = slip_copies + 1, slip_stale = 0 WHERE id = ?"
            " RETURNING slip_copies",
            order_id,
        )["slip_copies"]
    )
    tx.run(
        "INSERT INTO print_jobs (uid, kind, order_id, station, copy, state, next_try_at,"
        " created_at) VALUES (?, 'slip', ?, ?, ?, 'waiting', ?, ?)",
        *(tx.uid(), order_id, tx.actor.station, copy, tx.now, tx.now),
    )
    tx.event("slip_queued", order_id, copy=copy)
    return copy


def receiver_of(order: Row) -> Receiver:
    """Where an order goes."""
    return Receiver(
        name=order["receiver_name"],
        phone=order["receiver_phone"],
        province=order["province"],
        city=order["city"],
        district=order["district"],
        address=order["address"],
        cipher_ref=order["cipher_ref"],
    )
