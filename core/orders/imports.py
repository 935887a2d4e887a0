"""Files of orders: rejected rows are kept until settled, and a second import changes nothing."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from core.errors import Problem
from core.messages import Message, pack, unpack
from core.orders.audit import audit
from core.orders.intake import CHUNK, Taken, take_in_all
from core.orders.policy import ShopPolicy
from core.ports import PlatformOrder
from core.store import Actor, Row, Rows, Store, Tx
from core.store.store import BACKGROUND


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One row that could not become (part of) an order."""

    shop_id: int | None
    """None when nobody could tell whose file it was."""
    file: str
    sha256: str
    sheet: str = ""
    row: int
    """0 when the whole file is meant."""
    number: str = ""
    """The platform's order number, where it can be read."""
    reason: Message
    raw: str
    cells: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """One file that was read."""

    name: str
    sha256: str
    layout: str
    rows: int
    headers: Mapping[str, Sequence[str]]
    """Sheet ("" in a CSV file) -> its column names."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    new: int
    changed: int
    same: int
    not_ours: int
    refused: int
    """Orders that break a rule of the store; each has an alert."""
    numbers: tuple[str, ...]
    """Internal numbers of the new orders."""
    older: tuple[str, ...] = ()
    """The platform's numbers of orders that a later telling has changed; they stay as they are."""


def import_orders(store: Store, policy: ShopPolicy, orders: Sequence[PlatformOrder]) -> Imported:
    """Take the orders of some files in; rows that were refused for them before are settled."""
    waiting = open_numbers(store.read)
    answers = take_in_all(store, policy, orders)
    taken = [answer.taken for answer in answers]
    came = [
        (order.number, any(line.sku or line.barcode for line in order.lines))
        for order, how in zip(orders, taken, strict=True)
        if how is not Taken.REFUSED and order.number in waiting
    ]
    for start in range(0, len(came), CHUNK):
        some = came[start : start + CHUNK]
        store.do(partial(settle_orders, policy.shop_id, some), rank=BACKGROUND)
    return Imported(
        new=taken.count(Taken.NEW),
        changed=taken.count(Taken.CHANGED),
        same=taken.count(Taken.SAME),
        not_ours=taken.count(Taken.NOT_OURS),
        refused=taken.count(Taken.REFUSED),
        numbers=tuple(answer.number for answer in answers if answer.taken is Taken.NEW),
        older=tuple(
            order.number for order, how in zip(orders, taken, strict=True) if how is Taken.OLDER
        ),
    )


def keep_all(store: Store, rejected: Sequence[FileRow], files: Sequence[FileFacts]) -> None:
    """Write down which files were read and which of their rows were refused, in short pieces.

    A row of the same file that is understood by now is settled.
    """
    refused = {(row.sha256, row.sheet, row.row) for row in rejected}
    store.do(lambda tx: keep_files(tx, files, refused), rank=BACKGROUND)
    for start in range(0, len(rejected), CHUNK):
        store.give_way()
        store.do(partial(keep_rows, rejected[start : start + CHUNK]), rank=BACKGROUND)


def keep_files(tx: Tx, files: Sequence[FileFacts], refused: set[tuple[str, str, int]]) -> None:
    """The files themselves, and what is over with them."""
    for file in files:
        tx.run(
            "INSERT INTO imported_files (sha256, name, layout, rows, at, headers)"
            " VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (sha256) DO UPDATE SET headers = excluded.headers,"
            " layout = excluded.layout, rows = excluded.rows",
            *(file.sha256, file.name, file.layout, file.rows, tx.now),
            json.dumps(file.headers, ensure_ascii=False),
        )
        for row in tx.all(
            "SELECT id, sheet, row FROM rejected_rows WHERE file_sha256 = ? AND settled_at IS NULL",
            file.sha256,
        ):
            if (file.sha256, row["sheet"], row["row"]) not in refused:
                tx.run("UPDATE rejected_rows SET settled_at = ? WHERE id = ?", tx.now, row["id"])


def keep_rows(rejected: Iterable[FileRow], tx: Tx) -> None:
    """Refused rows as they came; one that was settled and is refused again is open again."""
    for row in rejected:
        tx.run(
            "INSERT INTO rejected_rows (shop_id, file, file_sha256, sheet, row, number, reason,"
            " why, raw, cells, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (file_sha256, sheet, row, reason) DO UPDATE SET settled_at = NULL,"
            " shop_id = excluded.shop_id, file = excluded.file, why = excluded.why",
            *(row.shop_id, row.file, row.sha256, row.sheet, row.row, row.number, row.reason.id),
            *(pack(row.reason.data), row.raw, json.dumps(list(row.cells), ensure_ascii=False)),
            tx.now,
        )


# --- what is still to be settled ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """One refused row that is not settled."""

    id: int
    shop: str
    """Code; "" when nobody could tell."""
    file: str
    sheet: str
    row: int
    number: str
    reason: Message
    raw: str
    names: tuple[str, ...]
    """The column names of its file."""
    cells: tuple[str, ...]
    at: int


def rejected_rows(read: Rows, shop: str = "", limit: int = 10_000) -> list[Rejected]:
    """Refused rows that nobody settled yet, of one shop or of all, in the order of their files."""
    rows = read.all(
        "SELECT r.*, ifnull(s.code, '') AS shop, f.headers FROM rejected_rows r"
        " LEFT JOIN shops s ON s.id = r.shop_id"
        " LEFT JOIN imported_files f ON f.sha256 = r.file_sha256"
        " WHERE r.settled_at IS NULL AND (?1 = '' OR s.code = ?1) ORDER BY r.id LIMIT ?2",
        *(shop, limit),
    )
    return sorted(map(_rejected, rows), key=lambda one: (one.file, one.sheet, one.row, one.id))


def _rejected(row: Row) -> Rejected:
    headers = json.loads(row["headers"] or "{}")
    return Rejected(
        id=row["id"],
        shop=row["shop"],
        file=row["file"],
        sheet=row["sheet"],
        row=row["row"],
        number=row["number"],
        reason=Message(row["reason"], unpack(row["why"])),
        raw=row["raw"],
        names=tuple(headers.get(row["sheet"], ())),
        cells=tuple(json.loads(row["cells"])),
        at=row["at"],
    )


def open_numbers(read: Rows) -> frozenset[str]:
    """Order numbers that refused rows wait for."""
    rows = read.all("SELECT number FROM rejected_rows WHERE settled_at IS NULL AND number <> ''")
    return frozenset(row["number"] for row in rows)


def settle_orders(shop_id: int, came: Iterable[tuple[str, bool]], tx: Tx) -> None:
    """The orders came in after all: (number, whether with SKUs). Without, their details wait on."""
    for number, whole in came:
        tx.run(
            "UPDATE rejected_rows SET settled_at = ?1 WHERE number = ?2 AND settled_at IS NULL"
            " AND number <> '' AND ifnull(shop_id, ?3) = ?3"
            " AND (?4 OR reason <> 'files.order_missing')",
            *(tx.now, number, shop_id, whole),
        )


def settle(tx: Tx, ids: Iterable[int]) -> int:
    """Somebody dealt with some rows; who and when is an event. Raises Problem for one not open."""
    count = 0
    for each in ids:
        row = tx.one(
            "UPDATE rejected_rows SET settled_at = ? WHERE id = ? AND settled_at IS NULL"
            " RETURNING file, row",
            *(tx.now, each),
        )
        if row is None:
            raise Problem("rejected.not_open", number=each)
        tx.event("row_settled", file=row["file"], row=row["row"])
        count += 1
    return count


def let_go_without_notes(store: Store, shop_id: int, by: Actor) -> int:
    """A person said that a shop's files have no notes because there are none: orders that came in
    them without a word about notes wait for none. Returns how many there were."""
    rows = store.read.all(
        "SELECT o.id FROM orders o JOIN raw_orders r ON r.order_id = o.id WHERE o.shop_id = ?"
        " AND o.open = 1 AND o.buyer_note IS NULL AND substr(r.raw, 1, 1) = '['",
        shop_id,
    )
    for start in range(0, len(rows), CHUNK):
        some = partial(without_note, [row["id"] for row in rows[start : start + CHUNK]])
        store.do(some, by, rank=BACKGROUND)
    return len(rows)


def without_note(order_ids: Iterable[int], tx: Tx) -> None:
    """These orders have no note, and nothing waits for one."""
    for order_id in order_ids:
        tx.run("UPDATE orders SET buyer_note = '' WHERE id = ? AND buyer_note IS NULL", order_id)
        audit(tx, order_id)
