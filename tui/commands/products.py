"""``packline products FILE``: products, bar codes, weights, bins and counts from a CSV file."""

import argparse
import csv
import io
from pathlib import Path

from core.errors import Problem
from core.messages import message
from core.orders.audit import audit
from core.stock import adjust
from core.stock.products import ProductFacts, save_product, waiting_for
from core.store import Row, Tx
from tui.commands.shared import works
from tui.words import say

COLUMNS = ("sku", "title", "spec", "barcode", "weight_g", "bin", "on_hand", "by_hand")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help=say("cli.products.file"))
    parser.add_argument(
        "--warehouse", default="", metavar="CODE", help=say("cli.products.warehouse")
    )


def run(arguments: argparse.Namespace) -> int:
    """Save every row in one transaction, then let waiting orders have the goods."""
    rows = read_rows(arguments.file)
    with works(arguments) as opened:
        places = opened.place.warehouses
        code = arguments.warehouse or next(iter(places), "")
        if code not in places:
            raise Problem("products.no_warehouse", code=code, known=" ".join(places) or "-")
        warehouse = places[code]
        freed = opened.store.do(lambda tx: save(tx, rows, warehouse, str(arguments.file)))
    print(say(message("products.done", rows=len(rows), ready=freed)))
    return 0


def save(tx: Tx, rows: list[dict[str, str]], warehouse: int, file: str) -> int:
    """Save the rows; returns how many waiting orders became ready."""
    for number, row in enumerate(rows, 2):
        facts = facts_of(tx, file, number, row)
        sku_id = save_product(tx, facts, warehouse)
        if row.get("on_hand", "").strip():
            count(tx, warehouse, sku_id, whole(file, number, "on_hand", row))
    return sum(audit(tx, order_id) for order_id in waiting_for(tx))


def facts_of(tx: Tx, file: str, number: int, row: dict[str, str]) -> ProductFacts:
    """A row's product; what the file has no column for stays as it is. Raises Problem."""
    if not row["sku"]:
        raise Problem("products.empty_sku", file=file, row=number)
    known = tx.one("SELECT title, spec, by_hand FROM skus WHERE code = ?", row["sku"])
    before: Row = known or {"title": "", "spec": "", "by_hand": 0}
    by_hand = row["by_hand"] in ("1", "yes", "true") if "by_hand" in row else before["by_hand"]
    return ProductFacts(
        code=row["sku"],
        title=row["title"] if "title" in row else before["title"],
        spec=row["spec"] if "spec" in row else before["spec"],
        barcodes=tuple(row.get("barcode", "").split()),
        weight_g=whole(file, number, "weight_g", row) or None,
        by_hand=bool(by_hand),
        bin=row.get("bin", ""),
    )


def count(tx: Tx, warehouse: int, sku_id: int, counted: int) -> None:
    """The shelf holds this many: write the difference as an adjustment."""
    row = tx.one(
        "SELECT on_hand FROM stock WHERE warehouse_id = ? AND sku_id = ?", warehouse, sku_id
    )
    change = counted - (row["on_hand"] if row else 0)
    if change:
        adjust(tx, warehouse, sku_id, change, "count")


def whole(file: str, number: int, column: str, row: dict[str, str]) -> int:
    """A whole number in a cell; 0 when it is empty. Raises Problem."""
    text = row.get(column, "").strip()
    if text and not text.isdecimal():
        raise Problem("products.not_whole", file=file, row=number, column=column, came=text)
    return int(text or 0)


def read_rows(path: Path) -> list[dict[str, str]]:
    """The file's rows. Raises Problem."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise Problem("import.no_file", file=str(path)) from error
    except UnicodeDecodeError:
        text = path.read_bytes().decode("gb18030", errors="replace")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    header = [name.strip() for name in reader.fieldnames or ()]
    if "sku" not in header:
        raise Problem("products.header", file=str(path), columns=", ".join(COLUMNS))
    rows = ({k.strip(): v or "" for k, v in row.items() if k} for row in reader)
    return [{k: v.strip() for k, v in row.items()} for row in rows if any(row.values())]
