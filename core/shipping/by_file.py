"""Tracking numbers that go back to a shop in a file: what is still to export, and what was.

A shop without an interface has no outbox rows: its parcels wait here until a person writes the
file. They are marked after the file is safely written; a crash in between repeats them in the next
file, because a platform skips a number it has, and a number it never got is a late order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.orders.holds import end, shipping_stopped
from core.orders.rest import number_at_shop
from core.store import Row, Rows, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """One parcel as the file tells it."""

    parcel_id: int
    order_id: int
    number: str
    """Internal number."""
    platform_number: str
    carrier: str
    """Our carrier code."""
    waybill: str
    weight_g: int
    labelled_at: int


_SELECT = (
    "SELECT p.id AS parcel_id, p.order_id, o.number, o.platform_number, p.carrier, p.waybill,"
    " p.weight_g, o.labelled_at FROM "
)
_LIVE = " AND p.voided_at IS NULL AND p.waybill IS NOT NULL AND o.cancelled_at IS NULL"


def to_export(read: Rows, shop_id: int, since: int | None = None) -> tuple[list[Leaving], int]:
    """What the next file tells the shop, and how many parcels wait for an open refund.

    ``since`` asks for everything that was to be told since then, exported or not.
    """
    wanted = "b.exported_at IS NULL" if since is None else "b.since >= ?2"
    rows = read.all(
        f"{_SELECT} file_backhauls b JOIN parcels p ON p.id = b.parcel_id"
        f" JOIN orders o ON o.id = b.order_id WHERE b.shop_id = ?1 AND {wanted}"
        f"{_LIVE} ORDER BY b.parcel_id",
        *((shop_id,) if since is None else (shop_id, since)),
    )
    free = [row for row in rows if not shipping_stopped(read, row["order_id"])]
    return [_leaving(row) for row in free], len(rows) - len(free)


def labelled_since(read: Rows, shop_id: int, since: int) -> list[Leaving]:
    """Every parcel labelled since then, exported or not."""
    rows = read.all(
        f"{_SELECT} parcels p JOIN orders o ON o.id = p.order_id WHERE o.shop_id = ?"
        f" AND o.labelled_at >= ?{_LIVE} ORDER BY p.id",
        *(shop_id, since),
    )
    return [_leaving(row) for row in rows]


def _leaving(row: Row) -> Leaving:
    return Leaving(**dict(row) | {"platform_number": number_at_shop(row)})


def waiting_by_shop(read: Rows) -> dict[str, int]:
    """Shop code -> parcels still to export; shops without any are left out."""
    rows = read.all(  # CROSS: from what waits, never through every parcel there ever was
        "SELECT s.code, count(*) AS n FROM file_backhauls b CROSS JOIN shops s ON s.id = b.shop_id"
        " CROSS JOIN parcels p ON p.id = b.parcel_id CROSS JOIN orders o ON o.id = b.order_id"
        f" WHERE b.exported_at IS NULL{_LIVE} GROUP BY s.code ORDER BY s.code"
    )
    return {row["code"]: row["n"] for row in rows}


def wait(tx: Tx, shop_id: int, order_id: int, parcel_id: int) -> None:
    """A parcel's number is to go back in a file; asking twice is once."""
    tx.run(
        "INSERT INTO file_backhauls (parcel_id, order_id, shop_id, since) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (parcel_id) DO NOTHING",
        *(parcel_id, order_id, shop_id, tx.now),
    )


def forget(tx: Tx, parcel_id: int) -> None:
    """The parcel will not leave: its number is told to nobody."""
    tx.run(
        "DELETE FROM file_backhauls WHERE parcel_id = ? AND exported_at IS NULL",
        parcel_id,
    )


def exported(leaving: Sequence[Leaving], file: str, tx: Tx) -> None:
    """A file that tells these parcels is safely written: the orders count as told."""
    for one in leaving:
        tx.run(
            "UPDATE file_backhauls SET exported_at = ?, file = ? WHERE parcel_id = ?",
            *(tx.now, file, one.parcel_id),
        )
        tx.run(
            "UPDATE orders SET backhauled_at = ? WHERE id = ? AND backhauled_at IS NULL"
            " AND cancelled_at IS NULL AND labelled_at IS NOT NULL",
            *(tx.now, one.order_id),
        )
        tx.event("exported", one.order_id, waybill=one.waybill, file=file)
        for reason in ("shipped_elsewhere", "partly_shipped"):  # it was us
            end(tx, one.order_id, reason)


def go_the_right_way(tx: Tx) -> None:
    """After the configuration changed: what waits to leave waits where it can.

    A shop that lost its interface has its numbers exported; one that got an interface sends them.
    """
    stuck = tx.all(
        "SELECT x.id, x.order_id, x.parcel_id, o.shop_id FROM outbox x"
        " JOIN orders o ON o.id = x.order_id JOIN shops s ON s.id = o.shop_id"
        " WHERE x.state IN ('due', 'calling') AND x.state = 'due' AND x.kind = 'backhaul'"
        " AND s.by_file = 1"
    )
    for row in stuck:
        wait(tx, row["shop_id"], row["order_id"], row["parcel_id"])
        tx.run(
            "UPDATE outbox SET state = 'dropped', last_answer = 'goes in a file', done_at = ?"
            " WHERE id = ?",
            *(tx.now, row["id"]),
        )
    for row in tx.all(
        "SELECT b.parcel_id, b.order_id, p.uid FROM file_backhauls b"
        " JOIN shops s ON s.id = b.shop_id JOIN parcels p ON p.id = b.parcel_id"
        " WHERE b.exported_at IS NULL AND s.by_file = 0"
    ):
        tx.run("DELETE FROM file_backhauls WHERE parcel_id = ?", row["parcel_id"])
        _send(tx, row)


def _send(tx: Tx, row: Row) -> None:
    """Into the outbox, or again due where it was dropped for going in a file."""
    tx.run(
        "INSERT INTO outbox (uid, kind, key, order_id, parcel_id, next_try_at, created_at)"
        " VALUES (?1, 'backhaul', ?2, ?3, ?4, ?5, ?5) ON CONFLICT (key) DO UPDATE SET"
        " state = 'due', asked = 1, next_try_at = excluded.next_try_at, done_at = NULL"
        " WHERE state = 'dropped'",
        *(tx.uid(), f"backhaul:{row['uid']}", row["order_id"], row["parcel_id"], tx.now),
    )
