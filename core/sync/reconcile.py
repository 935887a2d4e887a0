"""Checking the books: for each hour, the orders a platform lists as created are the orders here.

A second, independent way to ask, beside following changes. A missing order is fetched by its
number; what then stays unexplained is an alert. An order already shipped when first seen is not
ours. Asks only about time that is wholly pulled: before that a difference would mean nothing.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from core.errors import Problem
from core.orders.intake import Taken
from core.ports import CallFailed, Fault, Listed
from core.store import Rows, Store, Tx
from core.store.store import BACKGROUND
from core.sync import progress
from core.sync.pull import Shop, detail_of, is_here
from core.sync.turns import RECONCILE
from core.sync.undated import take_in
from core.watch import close_alert, raise_alert

log = logging.getLogger(__name__)
HOUR_MS = 3_600_000
DAYS = 3
"""How far back a nightly check looks."""
MARGIN_MS = 600_000
"""An hour is checked when it is this long in the pulled past."""
PAID_WITHIN_MS = 48 * HOUR_MS
"""An order is paid this soon, or not at all."""
TELL = 5
"""Order numbers an alert names."""
EXPLAINED = ("brought", "not_ours")


@dataclass(frozen=True, slots=True)
class Hour:
    """What the check of one hour found."""

    start: int
    platform: int
    here: int
    differences: dict[str, str] = field(default_factory=dict)
    """Order number -> brought, not_ours, missing (there, not here) or extra (here, not there)."""

    @property
    def unexplained(self) -> int:
        """Differences that stay."""
        return sum(kind not in EXPLAINED for kind in self.differences.values())

    def count(self, kind: str) -> int:
        """How many orders differ in that way."""
        return sum(each == kind for each in self.differences.values())


@dataclass(frozen=True, slots=True)
class Books:
    """The last checks of one shop, added up."""

    checked_at: int
    platform: int
    here: int
    brought: int
    not_ours: int
    unexplained: int


def can_check(shop: Shop) -> bool:
    """Whether the shop's platform lists orders by the time they were created."""
    return isinstance(shop.channel, Listed)


def reconcile(
    store: Store,
    shop: Shop,
    days: int = DAYS,
    *,
    started: int | None = None,
    enough: Callable[[], bool] = lambda: False,
) -> list[Hour]:
    """Check a shop hour by hour; those checked since ``started`` are not checked again.

    Raises CallFailed; what was checked until then is kept. Raises Problem while the shop's past is
    still being read, or when its platform cannot list by creation.
    """
    if not can_check(shop):
        raise Problem("reconcile.cannot", shop=shop.code)
    found: list[Hour] = []
    with shop.turns.at(RECONCILE):
        for start in hours(store, shop, days):
            if started is None or not checked_since(store.read, shop, start, started):
                if enough():
                    return found
                found.append(check(store, shop, start))
    store.do(lambda tx: conclude(tx, shop), rank=BACKGROUND)
    return found


def hours(store: Store, shop: Shop, days: int) -> list[int]:
    """The hours that can be checked, oldest first. Raises Problem while the past is unknown."""
    known = progress.cursor(store.read, shop.policy.shop_id)
    if known is None or progress.gaps(store.read, shop.policy.shop_id):
        raise Problem("reconcile.not_yet", shop=shop.code)
    last = (known - MARGIN_MS) // HOUR_MS * HOUR_MS
    return [last - back * HOUR_MS for back in range(24 * days, 0, -1)]


def checked_since(read: Rows, shop: Shop, hour: int, since: int) -> bool:
    """Whether an hour was checked at or after that moment."""
    row = read.one(
        "SELECT 1 FROM reconciled WHERE shop_id = ? AND hour = ? AND checked_at >= ?",
        *(shop.policy.shop_id, hour, since),
    )
    return row is not None


def check(store: Store, shop: Shop, start: int) -> Hour:
    """Compare one hour, fetch what is missing, and write the result down. Raises CallFailed."""
    assert isinstance(shop.channel, Listed)
    listed: set[str] = set()
    for page in shop.channel.created(start, start + HOUR_MS):
        listed.update(page)
        shop.turns.give_way(RECONCILE)
    here = {number for number in listed if is_here(store.read, shop.policy.shop_id, number)}
    differences = {}
    for number in sorted(listed - here):
        kind = explain(store, shop, number)
        if kind:
            differences[number] = kind
    for number in sorted(ours(store.read, shop, start) - listed):
        if not still_there(store, shop, number):
            differences[number] = "extra"
    hour = Hour(start, len(listed), len(here), differences)
    store.do(lambda tx: keep(tx, shop, hour), rank=BACKGROUND)
    return hour


def ours(read: Rows, shop: Shop, start: int) -> set[str]:
    """The orders of one hour as we know them, by the time that the platform lists by.

    Cancelled ones aside: a platform may forget them, and nobody packs them.
    """
    assert isinstance(shop.channel, Listed)
    by = shop.channel.listed_by
    since = start - (PAID_WITHIN_MS if by == "paid_at" else 0)
    rows = read.all(
        "SELECT platform_number, created_at, paid_at FROM orders WHERE shop_id = ?"
        " AND created_at >= ? AND created_at < ? AND rest_of IS NULL AND cancelled_at IS NULL",
        *(shop.policy.shop_id, since, start + HOUR_MS),
    )
    return {
        row["platform_number"]
        for row in rows
        if row[by] is not None and start <= row[by] < start + HOUR_MS
    }


def explain(store: Store, shop: Shop, number: str) -> str:
    """Fetch a missing order; what the difference was, "" when it came by itself meanwhile."""
    known = store.read.one(
        "SELECT kind FROM reconcile_differences WHERE shop_id = ? AND number = ?",
        *(shop.policy.shop_id, number),
    )
    if known is not None and known["kind"] == "not_ours":
        return "not_ours"
    shop.turns.give_way(RECONCILE)
    order = detail_of(store, shop, number)
    if order is None:
        return "missing"
    taken = take_in(store, shop.policy, [order])[0].taken
    kinds = {Taken.NEW: "brought", Taken.NOT_OURS: "not_ours", Taken.REFUSED: "missing"}
    return kinds.get(taken, "")


def still_there(store: Store, shop: Shop, number: str) -> bool:
    """Whether the platform still tells of an order it did not list; what it tells is taken in,
    for it may be that the order was thrown away. Raises CallFailed."""
    try:
        order = shop.channel.detail(number)
    except CallFailed as failure:
        if failure.fault is not Fault.BUSINESS:
            raise
        return False
    if order.number != number:
        return False
    take_in(store, shop.policy, [order])
    return True


def keep(tx: Tx, shop: Shop, hour: Hour) -> None:
    """Write one hour's result down, in place of its last one; what was brought stays told."""
    shop_id = shop.policy.shop_id
    tx.run(
        "INSERT OR REPLACE INTO reconciled (shop_id, hour, checked_at, platform, here, brought,"
        " not_ours, unexplained) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *(shop_id, hour.start, tx.now, hour.platform, hour.here, hour.count("brought")),
        *(hour.count("not_ours"), hour.unexplained),
    )
    tx.run(
        "DELETE FROM reconcile_differences WHERE shop_id = ? AND hour = ?"
        " AND kind IN ('missing', 'extra')",
        *(shop_id, hour.start),
    )
    for number, kind in hour.differences.items():
        tx.run(
            "INSERT OR REPLACE INTO reconcile_differences (shop_id, number, hour, kind, at)"
            " VALUES (?, ?, ?, ?, ?)",
            *(shop_id, number, hour.start, kind, tx.now),
        )
    if hour.count("brought"):
        log.warning("shop %s: %d orders were missing", shop.code, hour.count("brought"))


def conclude(tx: Tx, shop: Shop) -> None:
    """Raise the alert, or end it when everything is explained."""
    rows = tx.all(
        "SELECT number FROM reconcile_differences WHERE shop_id = ?"
        " AND kind IN ('missing', 'extra') ORDER BY hour, number",
        shop.policy.shop_id,
    )
    if rows:
        numbers = " ".join(row["number"] for row in rows[:TELL])
        raise_alert(tx, "reconcile_gap", shop.code, n=len(rows), numbers=numbers)
    else:
        close_alert(tx, "reconcile_gap", shop.code)


def books(read: Rows, shop_id: int, since: int) -> Books | None:
    """The checks of all hours from that moment on, added up; None when there are none."""
    row = read.one(
        "SELECT max(checked_at) AS checked_at, sum(platform) AS platform, sum(here) AS here,"
        " sum(brought) AS brought, sum(not_ours) AS not_ours, sum(unexplained) AS unexplained"
        " FROM reconciled WHERE shop_id = ? AND hour >= ?",
        *(shop_id, since),
    )
    return Books(**dict(row)) if row is not None and row["checked_at"] is not None else None


def differences(read: Rows, shop_id: int, since: int) -> list[tuple[str, str, int]]:
    """(number, kind, hour) of what differed from that moment on, orders that are not ours aside."""
    rows = read.all(
        "SELECT number, kind, hour FROM reconcile_differences WHERE shop_id = ? AND hour >= ?"
        " AND kind <> 'not_ours' ORDER BY hour, number",
        *(shop_id, since),
    )
    return [(row["number"], row["kind"], row["hour"]) for row in rows]
