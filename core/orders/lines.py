"""Order lines: which product each means, what a bundle holds, what the queue says of them."""

from collections.abc import Iterable
from typing import Any

from core.orders.values import Telling
from core.ports import PlatformLine
from core.store import Row, Tx
from core.text import clean


def insert_line(tx: Tx, told: Telling, order_id: int, line: PlatformLine) -> None:
    """One line; a bundle's own row is followed by a row for each of its parts."""
    refund = told.refund(line)
    sku = sku_of(tx, line)
    sku_id = sku["id"] if sku else None
    parts = parts_of(tx, sku_id) if sku and sku["bundle"] else []
    done = tx.run(
        "INSERT INTO order_lines (order_id, shop_id, sub_number, sku_id, picks, sku_code, title,"
        " spec, ordered, refunded, price_cents, status, refund, refund_word, gift)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(order_id, told.policy.shop_id, clean(line.sub_number), sku_id, int(not parts)),
        *(clean(line.sku), clean(line.title), clean(line.spec), line.quantity),
        *(line.quantity if refund == "refunded" else 0, line.price_cents, clean(line.status)),
        *(refund, clean(told.refund_word(line), 60), int(line.gift)),
    )
    if parts:
        place_parts(tx, int(done.lastrowid), parts)


def place_product(tx: Tx, line_id: int, sku_id: int | None) -> None:
    """Say which product a line is of; a bundle's own row is not picked, its parts are."""
    parts = parts_of(tx, sku_id)
    tx.run(
        "UPDATE order_lines SET sku_id = ?, picks = ? WHERE id = ?",
        *(sku_id, int(not parts), line_id),
    )
    place_parts(tx, line_id, parts)


def place_parts(tx: Tx, line_id: int, parts: list[Row]) -> None:
    """A row for each thing a bundle's line holds."""
    for part in parts:
        tx.run(
            "INSERT INTO order_lines (order_id, shop_id, sub_number, bundle_line_id, sku_id,"
            " sku_code, title, spec, ordered, refunded, status, refund, refund_word, gift)"
            " SELECT order_id, shop_id, sub_number || '+' || ?1, id, ?2, ?1, ?3, ?4,"
            " ordered * ?5, refunded * ?5, status, refund, refund_word, gift"
            " FROM order_lines WHERE id = ?6"
            " ON CONFLICT (shop_id, sub_number) DO UPDATE SET"
            " ordered = excluded.ordered, refunded = excluded.refunded, short = 0,"
            " bundle_line_id = excluded.bundle_line_id, refund = excluded.refund",
            *(part["code"], part["sku_id"], part["title"], part["spec"], part["quantity"]),
            line_id,
        )


def learn(tx: Tx, lines: list[Row]) -> bool:
    """Products that were made known since their order came; True when there are any."""
    learnt = False
    for line in lines:
        if line["sku_id"] is None and line["sku_code"] and line["bundle_line_id"] is None:
            sku = tx.one("SELECT id FROM skus WHERE code = ?", line["sku_code"])
            if sku is not None:
                place_product(tx, line["id"], sku["id"])
                learnt = True
    return learnt


IS_BUNDLE = "EXISTS (SELECT 1 FROM bundle_items i WHERE i.bundle_id = "


def sku_of(tx: Tx, line: PlatformLine) -> Row | None:
    """The product a line means: by merchant code, else by bar code; never by title."""
    found = None
    if line.sku:
        found = tx.one(
            f"SELECT id, {IS_BUNDLE} id) AS bundle FROM skus WHERE code = ?", clean(line.sku)
        )
    if found is None and line.barcode:
        found = tx.one(
            f"SELECT sku_id AS id, {IS_BUNDLE} sku_id) AS bundle FROM barcodes WHERE barcode = ?",
            clean(line.barcode),
        )
    return found


def parts_of(tx: Tx, sku_id: int | None) -> list[Row]:
    """What a bundle holds; empty for a plain product."""
    return tx.all(
        "SELECT i.sku_id, i.quantity, s.code, s.title, s.spec FROM bundle_items i"
        " JOIN skus s ON s.id = i.sku_id WHERE i.bundle_id = ?",
        sku_id,
    )


def summarise(tx: Tx, order_id: int) -> None:
    """What the queue shows of the lines, kept on the order so that a page reads one table."""
    lines = tx.all(
        "SELECT sku_code, title, ordered - refunded - short AS units FROM order_lines"
        " WHERE order_id = ? AND bundle_line_id IS NULL ORDER BY id",
        order_id,
    )
    tx.run("UPDATE orders SET pieces = ?, summary = ? WHERE id = ?", *summary_of(lines), order_id)


def summary_of(lines: Iterable[Iterable[Any]]) -> tuple[int, str]:
    """Pieces, and goods in few words, of lines of (SKU code, title, units)."""
    left = [(sku or title, units) for sku, title, units in lines if units > 0]
    words = (name + (f"×{units}" if units > 1 else "") for name, units in left)
    return sum(units for _, units in left), " ".join(words)[:200]


def told_summary(told: Telling) -> tuple[int, str]:
    """``summary_of`` an order that is not written yet."""
    return summary_of(
        (clean(line.sku), clean(line.title), line.quantity)
        for line in told.order.lines
        if told.refund(line) != "refunded"
    )
