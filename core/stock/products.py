"""Products: codes, bar codes, weights, bundles and where they lie."""

from dataclasses import dataclass

from core.errors import Problem
from core.floor.commands import refuse_as_barcode
from core.floor.content import gtin14
from core.store import Tx
from core.text import clean


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFacts:
    """What a shop says of one product."""

    code: str
    title: str
    spec: str = ""
    barcodes: tuple[str, ...] = ()
    weight_g: int | None = None
    by_hand: bool = False
    bin: str = ""


def save_product(tx: Tx, facts: ProductFacts, warehouse_id: int) -> int:
    """Add a product or follow its facts; returns its id. Raises Problem."""
    code = clean(facts.code, 64)
    if not code:
        raise Problem("product.no_code", title=facts.title)
    row = tx.the(
        "INSERT INTO skus (code, title, spec, weight_g, by_hand) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (code) DO UPDATE SET title = excluded.title, spec = excluded.spec,"
        " weight_g = ifnull(excluded.weight_g, weight_g), by_hand = excluded.by_hand"
        " RETURNING id",
        *(code, clean(facts.title, 200), clean(facts.spec, 200), facts.weight_g),
        int(facts.by_hand),
    )
    sku_id = int(row["id"])
    for barcode in facts.barcodes:
        add_barcode(tx, sku_id, barcode)
    if facts.bin:
        put_in_bin(tx, sku_id, warehouse_id, facts.bin)
    return sku_id


def add_barcode(tx: Tx, sku_id: int, barcode: str) -> None:
    """Register one more code for a product. Raises Problem for a command or a taken code."""
    text = clean(barcode, 128)
    refuse_as_barcode(text)
    code = gtin14(text) or text
    owner = tx.one(
        "SELECT s.code, s.id FROM barcodes b JOIN skus s ON s.id = b.sku_id WHERE b.barcode = ?",
        code,
    )
    if owner is not None and owner["id"] != sku_id:
        raise Problem("product.barcode_taken", barcode=code, sku=owner["code"])
    tx.run("INSERT OR IGNORE INTO barcodes (barcode, sku_id) VALUES (?, ?)", code, sku_id)


def put_in_bin(tx: Tx, sku_id: int, warehouse_id: int, code: str) -> None:
    """Where a product lies in a warehouse."""
    code = clean(code, 32).upper()
    tx.run(
        "INSERT INTO bins (warehouse_id, code) VALUES (?, ?) ON CONFLICT DO NOTHING",
        *(warehouse_id, code),
    )
    tx.run(
        "INSERT INTO stock (warehouse_id, sku_id, bin_id)"
        " SELECT ?1, ?2, id FROM bins WHERE warehouse_id = ?1 AND code = ?3"
        " ON CONFLICT (warehouse_id, sku_id) DO UPDATE SET bin_id = excluded.bin_id",
        *(warehouse_id, sku_id, code),
    )


def make_bundle(tx: Tx, bundle_id: int, parts: dict[int, int]) -> None:
    """A product that is a set of others: SKU id -> units. Raises Problem when it holds itself."""
    if bundle_id in parts or not parts:
        raise Problem("product.bundle_of_itself")
    tx.run("DELETE FROM bundle_items WHERE bundle_id = ?", bundle_id)
    tx.run_many(
        "INSERT INTO bundle_items (bundle_id, sku_id, quantity) VALUES (?, ?, ?)",
        ((bundle_id, sku_id, quantity) for sku_id, quantity in parts.items()),
    )


def waiting_for(tx: Tx) -> list[int]:
    """Orders that wait for goods or for a product to become known, oldest promise first."""
    rows = tx.all(
        "SELECT o.id FROM orders o WHERE o.open = 1 AND o.ready_at IS NULL AND EXISTS"
        " (SELECT 1 FROM holds h WHERE h.order_id = o.id AND h.released_at IS NULL"
        " AND h.reason IN ('no_stock', 'unknown_sku', 'missing_sku')) ORDER BY o.ship_by, o.id"
    )
    return [row["id"] for row in rows]
