"""Pulling a shop: fixed windows behind its clock, the cursor moved only after the last commit.

The measured rules: the window's end lies minutes behind the server's clock (rows become visible
late), windows overlap (bounds are second-granular), a failed page abandons the whole window, the
listing gives only numbers and the detail is the truth.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from core.orders.intake import Intake, Taken, take_in_all
from core.orders.policy import ShopPolicy
from core.ports import CallFailed, Channel, Fault, PlatformOrder
from core.store import Store, Tx
from core.store.store import BACKGROUND
from core.sync import health
from core.watch import raise_alert

log = logging.getLogger(__name__)
FEED = "orders"
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop as sync sees it: how it is reached and how its orders are treated."""

    code: str
    channel: Channel
    policy: ShopPolicy


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one pull brought."""

    new: int = 0
    changed: int = 0
    windows: int = 0


def pull(store: Store, shop: Shop, most_windows: int = 50) -> Pulled:
    """Follow a shop up to now, window by window. Raises CallFailed at the first bad answer."""
    done = Pulled()
    for start, end in windows(store, shop, most_windows):
        answers = pull_window(store, shop, start, end)
        store.do(lambda tx, end=end: advance(tx, shop, end), rank=BACKGROUND)  # type: ignore[misc]
        taken = [answer.taken for answer in answers]
        done = Pulled(
            done.new + taken.count(Taken.NEW),
            done.changed + taken.count(Taken.CHANGED),
            done.windows + 1,
        )
    return done


def windows(store: Store, shop: Shop, most: int) -> Iterator[tuple[int, int]]:
    """The windows still to be asked for, oldest first, each within the channel's rules."""
    rules = shop.channel.rules
    horizon = shop.channel.server_now() - rules.delay_s * 1000
    row = store.read.one(
        "SELECT reached FROM cursors WHERE shop_id = ? AND feed = ?", shop.policy.shop_id, FEED
    )
    reached = row["reached"] if row else horizon - rules.first_days * DAY_MS
    for _ in range(most):
        if reached >= horizon:
            return
        start = reached - rules.overlap_s * 1000
        end = min(start + rules.span_s * 1000, horizon)
        yield start, end
        reached = end


def pull_window(store: Store, shop: Shop, start: int, end: int) -> list[Intake]:
    """Everything that changed in one window, committed. Raises CallFailed."""
    numbers: dict[str, None] = {}
    for page in shop.channel.changes(start, end):
        numbers.update(dict.fromkeys(page))
    answers: list[Intake] = []
    batch: list[PlatformOrder] = []
    for number in numbers:
        order = detail_of(store, shop, number)
        if order is not None:
            batch.append(order)
        if len(batch) == 25:
            answers += take_in_all(store, shop.policy, batch)
            batch = []
    return answers + take_in_all(store, shop.policy, batch)


def detail_of(store: Store, shop: Shop, number: str) -> PlatformOrder | None:
    """The truth about one order; one the shop refuses to tell becomes an alert, not a jam."""
    try:
        return shop.channel.detail(number)
    except CallFailed as failure:
        if failure.fault is not Fault.BUSINESS:
            raise
        answer = str(failure)
    log.warning("shop %s does not tell order %s: %s", shop.code, number, answer)
    store.do(
        lambda tx: raise_alert(tx, "order_unreadable", f"{shop.code} {number}", answer=answer),
        rank=BACKGROUND,
    )
    return None


def refresh(store: Store, shop: Shop, number: str) -> Intake | None:
    """Ask for one order right now, for example before its refund state matters."""
    order = detail_of(store, shop, number)
    return take_in_all(store, shop.policy, [order])[0] if order else None


def advance(tx: Tx, shop: Shop, reached: int) -> None:
    """Every page of the window is committed: the shop is known up to here."""
    tx.run(
        "INSERT INTO cursors (shop_id, feed, reached) VALUES (?, ?, ?)"
        " ON CONFLICT (shop_id, feed) DO UPDATE SET reached = max(reached, excluded.reached)",
        *(shop.policy.shop_id, FEED, reached),
    )
    health.well(tx, shop.policy.shop_id, reached)
