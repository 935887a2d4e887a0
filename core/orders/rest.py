"""The rest of an order: units that were short when its parcel left, shipped later as an order of
their own.

An order has one parcel. What it still owes becomes another order on the floor, with a number of its
own here and the first order's number at the shop; stock, holds and marks are its own, so nothing
that holds for one order is bent for two parcels.
"""

from core import people
from core.errors import Problem
from core.orders.numbers import next_number
from core.orders.policy import HOURS_TO_SHIP
from core.store import Row, Rows, Tx

SIGN = "~"
"""Between a number of the shop's and the count of the rest; no platform writes it."""
MAY_SHIP_REST = ("supervisor", "service")
COPIED = (
    "shop_id, status_word, modified_at, created_at, paid_at, tier, buyer_key, buyer_name,"
    " buyer_note, seller_note, receiver_name, receiver_phone, phone_tail, province, city, district,"
    " address, cipher_ref, same_buyer_key, carrier"
)


def number_at_shop(order: Row) -> str:
    """The shop's own number of an order; that of the first order for a rest."""
    return str(order["platform_number"]).partition(SIGN)[0]


def sub_at_shop(sub_number: str) -> str:
    """The shop's own number of a line, also of a rest's and of a bundle's part."""
    return sub_number.partition(SIGN)[0].partition("+")[0]


def rests(read: Rows, order_id: int) -> list[Row]:
    """The orders that ship what this one still owed, oldest first; those cancelled left out."""
    return read.all(
        "SELECT * FROM orders WHERE rest_of = ? AND cancelled_at IS NULL ORDER BY id", order_id
    )


def owed(read: Rows, order_id: int) -> list[tuple[Row, int]]:
    """Lines of an order that left with units short, with how many nobody ships yet."""
    found = []
    for line in read.all(
        "SELECT * FROM order_lines WHERE order_id = ? AND short > 0 AND picks = 1"
        " AND refund <> 'refunded'",
        order_id,
    ):
        row = read.one(
            "SELECT ifnull(sum(l.ordered - l.refunded - l.short), 0) AS n FROM order_lines l"
            " JOIN orders c ON c.id = l.order_id WHERE c.rest_of = ?1 AND c.cancelled_at IS NULL"
            " AND substr(l.sub_number, 1, length(?2)) = ?2",
            *(order_id, line["sub_number"] + SIGN),
        )
        left = line["short"] - (row["n"] if row else 0)
        if left > 0:
            found.append((line, left))
    return found


def can_ship_rest(read: Rows, order: Row) -> bool:
    """Whether an order left owing something, and no other order is on its way with it."""
    if order["rest_of"] is not None or order["handed_over_at"] is None:
        return False
    return not any(rest["open"] for rest in rests(read, order["id"])) and bool(
        owed(read, order["id"])
    )


def ship_rest(tx: Tx, order_id: int) -> str:
    """Make an order of what this one still owes; returns its number. Raises Problem."""
    from core.orders.audit import audit
    from core.orders.lines import summarise
    from core.watch import close_alert

    people.must_be(tx, tx.actor.operator_id, MAY_SHIP_REST)
    order = tx.the("SELECT * FROM orders WHERE id = ?", order_id)
    if not can_ship_rest(tx, order):
        raise Problem("rest.nothing_owed", number=order["number"])
    lines = owed(tx, order_id)
    number, rest_id = insert_rest(tx, order)
    for line, units in lines:
        insert_rest_line(tx, rest_id, line, units)
    summarise(tx, rest_id)
    tx.event("rest_made", order_id, rest=number)
    tx.event("rest_received", rest_id, of=order["number"])
    close_alert(tx, "rest_owed", order["number"])
    audit(tx, rest_id)
    return number


def insert_rest(tx: Tx, order: Row) -> tuple[str, int]:
    """The rest's own row: the first order's facts, a number and a time of its own."""
    number = next_number(tx, order["number"][:2])
    count = tx.the("SELECT count(*) AS n FROM orders WHERE rest_of = ?", order["id"])["n"] + 1
    ship_by = tx.now + HOURS_TO_SHIP.get(order["tier"], HOURS_TO_SHIP["standard"]) * 3_600_000
    done = tx.run(
        f"INSERT INTO orders (number, uid, platform_number, status, received_at, ship_by, digest,"
        f" touched_at, rest_of, {COPIED}) SELECT ?, ?, ?, 'to_ship', ?, ?, '', ?, id, {COPIED}"
        " FROM orders WHERE id = ?",
        *(number, tx.uid(), f"{order['platform_number']}{SIGN}{count}", tx.now, ship_by, tx.now),
        order["id"],
    )
    return number, int(done.lastrowid)


def insert_rest_line(tx: Tx, rest_id: int, line: Row, units: int) -> None:
    """One line of the rest; a bundle's part is a line like any other here."""
    count = tx.the("SELECT platform_number FROM orders WHERE id = ?", rest_id)["platform_number"]
    sub = f"{line['sub_number']}{SIGN}{count.rpartition(SIGN)[2]}"
    tx.run(
        "INSERT INTO order_lines (order_id, shop_id, sub_number, sku_id, sku_code, title, spec,"
        " ordered, price_cents, status, refund, refund_word, gift)"
        " SELECT ?, shop_id, ?, sku_id, sku_code, title, spec, ?, price_cents, status, refund,"
        " refund_word, gift FROM order_lines WHERE id = ?",
        *(rest_id, sub, units, line["id"]),
    )


def tell_of_rest(tx: Tx, order_id: int) -> None:
    """A parcel left with units missing: somebody decides whether the rest follows."""
    from core.watch import raise_alert

    order = tx.the("SELECT * FROM orders WHERE id = ?", order_id)
    if order["rest_of"] is not None:
        order = tx.the("SELECT * FROM orders WHERE id = ?", order["rest_of"])
    if units := sum(left for _, left in owed(tx, order["id"])):
        raise_alert(tx, "rest_owed", order["number"], order["id"], units=units)
