"""Deliveries: the orders an aggregator brings by itself, kept as they came.

The newest telling of each order stays, whatever the order in which they arrive. What was asked for
and what was answered is written down, so that a shop counts as known only as far as that reaches.
"""

from collections.abc import Callable

from core.ports import Delivered, Delivery, DeliveryTask, Report
from core.store import Store, Tx
from core.store.store import BACKGROUND
from core.sync import progress

TASKS_KEPT_MS = 7 * 86_400_000
TELLINGS_KEPT_MS = 100 * 86_400_000
READABLE = (
    "EXISTS (SELECT 1 FROM deliveries o WHERE o.shop_id = d.shop_id AND o.number = d.number"
    " AND o.refund = '')"
)
"""The order itself was delivered; a refund case of any other is from before us."""


class StoredDeliveries:
    """Implements ``core.ports.Deliveries`` for one shop."""

    def __init__(self, store: Store, shop_id: int) -> None:
        self.store, self.shop_id = store, shop_id

    def tasks(self, start: int) -> tuple[DeliveryTask, ...]:
        rows = self.store.read.all(
            "SELECT task, kind, since, until, asked_at, state FROM delivery_tasks"
            " WHERE shop_id = ? AND until > ? AND since IS NOT NULL ORDER BY since, until",
            *(self.shop_id, start),
        )
        return tuple(DeliveryTask(**dict(row)) for row in rows)

    def asked(self, tasks: tuple[DeliveryTask, ...]) -> None:
        self._write(lambda tx: keep_tasks(tx, self.shop_id, tasks))

    def changed(self, start: int, end: int) -> tuple[str, ...]:
        rows = self.store.read.all(
            "SELECT DISTINCT number FROM deliveries d WHERE shop_id = ? AND modified_at >= ?"
            f" AND modified_at < ? AND {READABLE}",
            *(self.shop_id, start, end),
        )
        return tuple(row["number"] for row in rows)

    def told(self, number: str) -> tuple[Delivered, ...]:
        rows = self.store.read.all(
            "SELECT number, modified_at, raw, refund FROM deliveries"
            " WHERE shop_id = ? AND number = ? ORDER BY refund",
            *(self.shop_id, number),
        )
        return tuple(Delivered(**dict(row)) for row in rows)

    def known_to(self) -> int:
        return progress.complete_to(self.store.read, self.shop_id) or 0

    def report(self, number: str, waybill: str, *, accepted: bool) -> None:
        self._write(
            lambda tx: tx.run(
                "INSERT INTO delivery_reports (shop_id, number, waybill, at, accepted)"
                " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET at = ?4,"
                " accepted = max(accepted, ?5)",
                *(self.shop_id, number, waybill, tx.now, int(accepted)),
            )
        )

    def unreport(self, number: str, waybill: str) -> None:
        self._write(
            lambda tx: tx.run(
                "DELETE FROM delivery_reports WHERE shop_id = ? AND number = ? AND waybill = ?",
                *(self.shop_id, number, waybill),
            )
        )

    def reports(self, number: str) -> tuple[Report, ...]:
        rows = self.store.read.all(
            "SELECT waybill, at, accepted FROM delivery_reports"
            " WHERE shop_id = ? AND number = ? ORDER BY at",
            *(self.shop_id, number),
        )
        return tuple(Report(row["waybill"], row["at"], bool(row["accepted"])) for row in rows)

    def _write(self, work: Callable[[Tx], object]) -> None:
        self.store.do(work, rank=BACKGROUND)


def keep(tx: Tx, shop_id: int, delivery: Delivery) -> None:
    """Keep one answer of an aggregator: its rows, and whether that was all."""
    for row in delivery.rows:
        tx.run(
            "INSERT INTO deliveries (shop_id, refund, number, modified_at, delivered_at, raw)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET raw = excluded.raw,"
            " modified_at = excluded.modified_at, delivered_at = excluded.delivered_at"
            " WHERE excluded.modified_at >= modified_at",
            *(shop_id, row.refund, row.number, row.modified_at, tx.now, row.raw),
        )
    if delivery.task:
        tx.run(
            "INSERT INTO delivery_tasks (shop_id, task, asked_at, state, answered_at)"
            " VALUES (?1, ?2, ?3, ?4, ?3) ON CONFLICT DO UPDATE SET state = ?4, answered_at = ?3"
            " WHERE state <> 'complete'",
            *(shop_id, delivery.task, tx.now, delivery.state),
        )


def keep_tasks(tx: Tx, shop_id: int, tasks: tuple[DeliveryTask, ...]) -> None:
    """Tasks were taken; the answer to one may have been here first."""
    for task in tasks:
        tx.run(
            "INSERT INTO delivery_tasks (shop_id, task, kind, since, until, asked_at, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET kind = excluded.kind,"
            " since = excluded.since, until = excluded.until, asked_at = excluded.asked_at",
            *(shop_id, task.task, task.kind, task.since, task.until, task.asked_at, task.state),
        )


def forget(tx: Tx, most: int) -> int:
    """Let go of answered tasks and of tellings that nothing will ask for any more."""
    gone = 0
    for table, key, moment, age in (
        ("delivery_tasks", "shop_id, task", "asked_at", TASKS_KEPT_MS),
        ("deliveries", "shop_id, number, refund", "delivered_at", TELLINGS_KEPT_MS),
    ):
        done = tx.run(
            f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {moment} < ?"
            " LIMIT ?)",
            *(tx.now - age, most),
        )
        gone += int(done.rowcount)
    return gone
