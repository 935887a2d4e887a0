"""The queue: open orders of all shops in one list, overdue first, read a page at a time."""

from dataclasses import dataclass

from core.store import Row, Rows

OPEN_STAGES = ("received", "ready", "picking", "packing", "weighing", "labelled")


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One order as the queue shows it."""

    order_id: int
    number: str
    shop: str
    platform_number: str
    stage: str
    ship_by: int
    tier: str
    pieces: int
    summary: str
    receiver: str
    warehouse: str
    holds: tuple[str, ...]
    note: str
    same_buyer: bool
    alerted: bool
    station: str
    """The bench that works on it; "" when none does."""

    @property
    def key(self) -> tuple[int, int]:
        """Its place in the queue: pages go on from here."""
        return (self.ship_by, self.order_id)


@dataclass(frozen=True, slots=True)
class Filter:
    """What part of the queue a person wants to see; None means all."""

    shop: str | None = None
    warehouse: str | None = None
    stage: str | None = None
    hold: str | None = None
    """A hold reason, or ``any``."""
    text: str = ""
    """Matches internal and platform number, receiver and SKU among open orders."""


SELECT = (
    "SELECT o.id, o.number, s.name AS shop, o.platform_number, o.stage, o.ship_by, o.tier,"
    " o.pieces, o.summary, o.receiver_name, w.name AS warehouse, o.held, o.buyer_note,"
    " o.same_buyer, c.station,"
    " CASE WHEN o.held > 0 THEN (SELECT group_concat(reason, ' ') FROM holds h"
    "  WHERE h.order_id = o.id AND h.released_at IS NULL) END AS reasons,"
    " EXISTS (SELECT 1 FROM alerts a WHERE a.order_id = o.id AND a.closed_at IS NULL"
    "  AND a.acknowledged_at IS NULL) AS alerted"
    " FROM orders o JOIN shops s ON s.id = o.shop_id"
    " LEFT JOIN warehouses w ON w.id = o.warehouse_id"
    " LEFT JOIN claims c ON c.order_id = o.id"
)


def page(
    read: Rows,
    only: Filter = Filter(),
    *,
    after: tuple[int, int] | None = None,
    before: tuple[int, int] | None = None,
    limit: int = 60,
) -> list[QueueRow]:
    """A page of the queue after (or before) a key; the same speed however long the history."""
    where, values = conditions(only)
    order = "o.ship_by, o.id"
    if after is not None:
        where.append("(o.ship_by, o.id) > (?, ?)")
        values += after
    if before is not None:
        where.append("(o.ship_by, o.id) < (?, ?)")
        values += before
        order = "o.ship_by DESC, o.id DESC"
    sql = f"{SELECT} WHERE {' AND '.join(where)} ORDER BY {order} LIMIT ?"
    rows = [queue_row(row) for row in read.all(sql, *values, limit)]
    return rows[::-1] if before is not None else rows


def last_page(read: Rows, only: Filter = Filter(), limit: int = 60) -> list[QueueRow]:
    """The end of the queue."""
    return page(read, only, before=(2**62, 2**62), limit=limit)


def count(read: Rows, only: Filter = Filter()) -> int:
    """How many open orders match; over open rows only."""
    where, values = conditions(only)
    sql = (
        "SELECT count(*) AS n FROM orders o JOIN shops s ON s.id = o.shop_id"
        f" LEFT JOIN warehouses w ON w.id = o.warehouse_id WHERE {' AND '.join(where)}"
    )
    row = read.one(sql, *values)
    assert row is not None
    return int(row["n"])


def ids_of(read: Rows, only: Filter) -> list[int]:
    """Every open order that matches, for work on all of them."""
    where, values = conditions(only)
    rows = read.all(
        "SELECT o.id FROM orders o JOIN shops s ON s.id = o.shop_id"
        f" LEFT JOIN warehouses w ON w.id = o.warehouse_id WHERE {' AND '.join(where)}"
        " ORDER BY o.ship_by, o.id",
        *values,
    )
    return [int(row["id"]) for row in rows]


def conditions(only: Filter) -> tuple[list[str], list[object]]:
    """The filter as SQL."""
    where: list[str] = ["o.open = 1"]
    values: list[object] = []
    for value, sql in (
        (only.shop, "s.code = ?"),
        (only.warehouse, "w.code = ?"),
        (only.stage, "o.stage = ?"),
    ):
        if value is not None:
            where.append(sql)
            values.append(value)
    if only.hold == "any":
        where.append("o.held > 0")
    elif only.hold is not None:
        where.append(
            "EXISTS (SELECT 1 FROM holds h WHERE h.order_id = o.id AND h.released_at IS NULL"
            " AND h.reason = ?)"
        )
        values.append(only.hold)
    if only.text:
        where.append(
            "(instr(o.number, ?) OR instr(o.platform_number, ?) OR instr(o.receiver_name, ?)"
            " OR instr(o.summary, ?))"
        )
        values += [only.text] * 4
    return where, values


def queue_row(row: Row) -> QueueRow:
    """A row as the screen wants it."""
    return QueueRow(
        order_id=row["id"],
        number=row["number"],
        shop=row["shop"],
        platform_number=row["platform_number"],
        stage=row["stage"],
        ship_by=row["ship_by"],
        tier=row["tier"],
        pieces=row["pieces"],
        summary=row["summary"],
        receiver=row["receiver_name"],
        warehouse=row["warehouse"] or "",
        holds=tuple((row["reasons"] or "").split()),
        note=row["buyer_note"] or "",
        same_buyer=bool(row["same_buyer"]),
        alerted=bool(row["alerted"]),
        station=row["station"] or "",
    )
