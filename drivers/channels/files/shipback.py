"""The file that takes tracking numbers back to a shop without an interface."""

import csv
import io
from collections.abc import Iterable

from core.text import clean

HEADER = ("订单号", "快递公司", "快递单号")


def ship_back_csv(rows: Iterable[tuple[str, str, str]], *, encoding: str = "gbk") -> bytes:
    """Rows of (platform number, carrier name, waybill) as the bytes of a CSV file.

    ``encoding``: ``gbk`` for the platforms' own importers (GB18030, so that no name is lost), or
    ``utf-8`` with a byte order mark. Rows without a number or a waybill are left out.
    """
    page = io.StringIO(newline="")
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(
        [_inert(cell) for cell in row] for row in rows if clean(row[0]) and clean(row[2])
    )
    return page.getvalue().encode("utf-8-sig" if encoding == "utf-8" else "gb18030")


def _inert(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula."""
    value = clean(cell)
    return f"'{value}" if value.startswith(("=", "+", "@", "-")) else value
