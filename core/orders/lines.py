"""Order lines: which product each means, what a bundle holds, what the queue says of them."""

from dataclasses import dataclass

from core.orders.values import Telling
from core.ports import PlatformLine
from core.store import Row, Tx
from core.text import clean


@dataclass(frozen=True, slots=True)
class Product:
    """What a row is of; ``sku_id`` is None while the code is not known here."""

    sku_id: int | None
    code: str
    title: str
    spec: str


def insert_line(tx: Tx, told: Telling, order_id: int, line: PlatformLine) -> None:
    """One line; a bundle's own row is followed by a row for each of its parts."""
    sku = sku_of(tx, line)
    parts = parts_of(tx, sku)
    shop_id, sub = told.policy.shop_id, clean(line.sub_number)
    refund = told.words.refund_of(line.refund)
    line_id = insert_row(
        tx,
        ids=(order_id, shop_id, sub, None),
        product=Product(
            sku["id"] if sku else None, clean(line.sku), clean(line.title), clean(line.spec)
        ),
        units=line.quantity,
        picks=not parts,
        refund=refund,
        line=line,
    )
    for part in parts:
        insert_row(
            tx,
            ids=(order_id, shop_id, f"{sub}+{part['code']}", line_id),
            product=Product(part["sku_id"], part["code"], part["title"], part["spec"]),
            units=line.quantity * part["quantity"],
            picks=True,
            refund=refund,
            line=line,
        )


def insert_row(
    tx: Tx,
    *,
    ids: tuple[int, int, str, int | None],
    product: Product,
    units: int,
    picks: bool,
    refund: str,
    line: PlatformLine,
) -> int:
    """One row: a line, a bundle, or a part of a bundle (whose price stays with the bundle)."""
    is_part = ids[3] is not None
    done = tx.run(
        "INSERT INTO order_lines (order_id, shop_id, sub_number, bundle_line_id, sku_id, sku_code,"
        " title, spec, ordered, picks, refunded, price_cents, status, refund, gift)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(*ids, product.sku_id, product.code, product.title, product.spec, units, int(picks)),
        *(units if refund == "refunded" else 0, 0 if is_part else line.price_cents),
        *(clean(line.status), refund, int(line.gift)),
    )
    return int(done.lastrowid)


def sku_of(tx: Tx, line: PlatformLine) -> Row | None:
    """The product a line means: by merchant code, else by bar code; never by title."""
    found = tx.one("SELECT id FROM skus WHERE code = ?", clean(line.sku)) if line.sku else None
    if found is None and line.barcode:
        found = tx.one("SELECT sku_id AS id FROM barcodes WHERE barcode = ?", clean(line.barcode))
    return found


def parts_of(tx: Tx, sku: Row | None) -> list[Row]:
    """What a bundle holds; empty for a plain product."""
    if sku is None:
        return []
    return tx.all(
        "SELECT i.sku_id, i.quantity, s.code, s.title, s.spec FROM bundle_items i"
        " JOIN skus s ON s.id = i.sku_id WHERE i.bundle_id = ?",
        sku["id"],
    )


def summarise(tx: Tx, order_id: int) -> None:
    """What the queue shows of the lines, kept on the order so that a page reads one table."""
    lines = tx.all(
        "SELECT sku_code, title, ordered - refunded - short AS units FROM order_lines"
        " WHERE order_id = ? AND bundle_line_id IS NULL AND ordered > refunded + short"
        " ORDER BY id",
        order_id,
    )
    words = (
        (line["sku_code"] or line["title"]) + (f"×{line['units']}" if line["units"] > 1 else "")
        for line in lines
    )
    tx.run(
        "UPDATE orders SET pieces = ?, summary = ? WHERE id = ?",
        *(sum(line["units"] for line in lines), " ".join(words)[:200], order_id),
    )
