"""What a shop told of an order so far, as it told it."""

from core.orders.slip import receiver_of
from core.orders.values import FILE
from core.ports import PlatformLine, PlatformOrder
from core.store import Rows


def as_told(read: Rows, shop_id: int, number: str) -> PlatformOrder | None:
    """An order of a shop by its platform number, as its last file told it; None when unknown.

    What a file never tells (flags of the platform's own) is not in it.
    """
    row = read.one(
        "SELECT o.*, r.raw FROM orders o LEFT JOIN raw_orders r ON r.order_id = o.id"
        " WHERE o.shop_id = ? AND o.platform_number = ?",
        *(shop_id, number),
    )
    if row is None:
        return None
    lines = read.all(
        "SELECT *, ordered - refunded * (refund <> 'refunded') AS told FROM order_lines"
        " WHERE order_id = ? AND bundle_line_id IS NULL ORDER BY id",
        row["id"],
    )
    return PlatformOrder(
        number=row["platform_number"],
        route=FILE,
        status=row["status_word"],
        modified_at=row["modified_at"],
        created_at=row["created_at"],
        paid_at=row["paid_at"],
        ship_by=row["ship_by"],
        tier=row["tier"],
        buyer_key=row["buyer_key"],
        buyer_name=row["buyer_name"],
        buyer_note=row["buyer_note"],
        seller_note=row["seller_note"],
        receiver=receiver_of(row),
        amount_cents=row["amount_cents"],
        freight_cents=row["freight_cents"],
        lines=tuple(
            PlatformLine(
                sub_number=line["sub_number"],
                sku=line["sku_code"],
                title=line["title"],
                spec=line["spec"],
                quantity=line["told"],
                price_cents=line["price_cents"],
                status=line["status"],
                refund=line["refund_word"],
                gift=bool(line["gift"]),
            )
            for line in lines
            if line["told"]  # a line that is told no more has nothing left
        ),
        raw=row["raw"] or "",
    )
