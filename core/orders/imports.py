"""Files of orders: every rejected row is kept, and a second import changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.messages import Message
from core.orders.intake import Taken, take_in_all
from core.orders.policy import ShopPolicy
from core.ports import PlatformOrder
from core.store import Store, Tx
from core.store.store import BACKGROUND


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row that could not become (part of) an order."""

    file: str
    sha256: str
    row: int
    reason: Message
    raw: str


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file that was read."""

    name: str
    sha256: str
    layout: str
    rows: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    new: int
    changed: int
    same: int
    not_ours: int
    rejected: int
    numbers: tuple[str, ...]
    """Internal numbers of the new orders."""


def import_orders(
    store: Store,
    policy: ShopPolicy,
    orders: Sequence[PlatformOrder],
    rejected: Sequence[FileRow],
    files: Sequence[FileFacts],
) -> Imported:
    """Take the orders of some files in, and keep the rows that were not understood."""
    answers = take_in_all(store, policy, orders)
    store.do(lambda tx: keep(tx, rejected, files), rank=BACKGROUND)
    taken = [answer.taken for answer in answers]
    return Imported(
        new=taken.count(Taken.NEW),
        changed=taken.count(Taken.CHANGED),
        same=taken.count(Taken.SAME) + taken.count(Taken.OLDER),
        not_ours=taken.count(Taken.NOT_OURS),
        rejected=len(rejected),
        numbers=tuple(answer.number for answer in answers if answer.taken is Taken.NEW),
    )


def keep(tx: Tx, rejected: Sequence[FileRow], files: Sequence[FileFacts]) -> None:
    """Write down which files were read and which of their rows were refused."""
    for file in files:
        tx.run(
            "INSERT INTO imported_files (sha256, name, layout, rows, at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            *(file.sha256, file.name, file.layout, file.rows, tx.now),
        )
    for row in rejected:
        tx.run(
            "INSERT INTO rejected_rows (file, file_sha256, row, reason, raw, at)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            *(row.file, row.sha256, row.row, str(row.reason), row.raw, tx.now),
        )
