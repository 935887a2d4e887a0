"""The file that takes tracking numbers back to a shop without an interface.

Its columns are the shop's own: a name that is known as an order number, a carrier or a waybill
means that; any other is written ``name=what``, or ``name=`` for a column that stays empty.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from core.messages import Message, message
from core.text import clean
from drivers.channels.files.columns import field_of
from drivers.channels.files.workbook_out import written

HEADER = ("订单号", "快递公司", "快递单号")
KINDS = ("number", "carrier", "waybill", "internal", "carrier_code", "weight_kg", "shipped", "")
"""What a column may hold; ``internal`` is our own order number, "" nothing."""


class UnknownColumn(Exception):  # noqa: N818 - the words for it are in ``why``
    """A column of the export of which nobody knows what belongs into it."""

    def __init__(self, name: str) -> None:
        known = ", ".join(kind for kind in KINDS if kind)
        self.why: Message = message("export.unknown_column", column=name, known=known)
        super().__init__(str(self.why))


def kinds_of(columns: Sequence[str]) -> list[tuple[str, str]]:
    """(name, what it holds) of each column, the usual three when there are none.

    Raises UnknownColumn; also when order number or waybill would be missing.
    """
    found = [_kind(column) for column in columns or HEADER]
    for needed in ("number", "waybill"):
        if needed not in (kind for _, kind in found):
            raise UnknownColumn(needed)
    return found


def _kind(column: str) -> tuple[str, str]:
    name, equals, kind = column.partition("=")
    kind = kind.strip() if equals else field_of(name) or "?"
    if kind not in KINDS:
        raise UnknownColumn(column)
    return name.strip(), kind


def ship_back_file(
    rows: Iterable[Mapping[str, str]],
    columns: Sequence[str] = (),
    *,
    encoding: str = "gbk",
    workbook: bool = False,
) -> bytes:
    """Rows (what -> value, see ``KINDS``) as the bytes of the file. Raises UnknownColumn.

    ``encoding``: ``gbk`` for the platforms' own importers (GB18030, so that no name is lost), or
    ``utf-8`` with a byte order mark. Rows without a number or a waybill are left out.
    """
    kinds = kinds_of(columns)
    table = [[name for name, _ in kinds]]
    for row in rows:
        if clean(row["number"]) and clean(row["waybill"]):
            table.append([clean(row.get(kind, "")) for _, kind in kinds])
    if workbook:
        return written(table)
    page = io.StringIO(newline="")
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerows([_inert(cell) for cell in cells] for cells in table)
    return page.getvalue().encode("utf-8-sig" if encoding == "utf-8" else "gb18030")


def _inert(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "@", "-")) else cell
