"""Pulling a shop: fixed windows behind its clock, progress written only after the last commit.

The measured rules: the window's end lies minutes behind the server's clock (rows become visible
late), windows overlap (bounds are second-granular), a failed page abandons the whole window, the
listing gives only numbers and the detail is the truth. A shop that is far behind is asked for its
newest half hour first and then, in turn with what is new, for the rest (``core.sync.progress``).
What is newer than any window is peeked at: new orders come sooner, and nothing counts as known.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from core.orders.intake import Intake, Taken
from core.orders.policy import ShopPolicy
from core.ports import CallFailed, Channel, Delivers, Fault, Listed, PlatformOrder
from core.store import Rows, Store
from core.store.store import BACKGROUND
from core.sync import progress
from core.sync.progress import DAY_MS, Gap, Step
from core.sync.turns import ORDERS, Turns
from core.sync.undated import take_in
from core.watch import close_alert, raise_alert

log = logging.getLogger(__name__)
TOO_MANY = "too_many"
"""The code of a CallFailed that says a window holds more than the platform will list."""
LIVE_MS = 1_800_000
"""A shop further behind than this is asked for its newest part first."""
LIVE_EVERY_MS = 60_000
"""How often what is new comes before the next part of the past."""
NARROWEST_MS, NARROW_MS = 2_000, 60_000
"""Windows are halved down to the first for a platform's cap, to the second for time-outs."""
MOST_AT_ONCE = 500
"""Orders in one window of the past: while they are read, new ones wait."""
IN_A_ROW = 3
"""Orders that cannot be read one after the other before a step is given up for now."""
PEEK_MS = 900_000
"""A shop further behind than this is not peeked at: its windows come first."""
MOST_PEEKED = 100
"""New orders taken in by one peek: the next window must not wait long."""
MOST_SKEW_MS = 60_000
"""The shop's clock, told by its answer, may differ this much from what the window was made with."""


class Stride:
    """How much of a shop's time is asked for at once: halved by trouble, doubled by success."""

    def __init__(self) -> None:
        self._ms = 0
        self._slow = 0

    def width(self, widest_ms: int) -> int:
        """The width of the next window."""
        return min(self._ms or widest_ms, widest_ms)

    def went_well(self, width: int) -> None:
        """A window of that width was answered."""
        self._slow = 0
        if self._ms and width >= self._ms:
            self._ms *= 2

    def narrowed(self, width: int, failure: CallFailed) -> bool:
        """Whether the same window may be asked for again at once, because it is narrower now."""
        if failure.code == TOO_MANY:
            return self._halve(width, NARROWEST_MS)
        if failure.code == "timeout":
            self._slow += 1
            if self._slow > 1:
                self._halve(width, NARROW_MS)
        return False

    def _halve(self, width: int, least: int) -> bool:
        if width <= least:
            return False
        self._ms = max(least, width // 2)
        self._slow = 0
        return True


class Begun:
    """What a step already gave when it failed on its way: asked for again, it goes on from there.

    At a shop with many orders and a platform that fails now and then no step would ever end.
    """

    def __init__(self) -> None:
        self._step: Step | None = None
        self._known: int | None = None
        self._taken: dict[Step, set[str]] = {}

    def again(self, step: Step, known: int | None) -> Step:
        """The unfinished step at the cursor, while it is not much older than this one; or this."""
        old = self._step
        if old is not None and self._known == known and step.until - old.until <= LIVE_MS:
            return old
        if old is not None:
            self.over(old)
        self._step, self._known = step, known
        return step

    def taken(self, step: Step) -> set[str]:
        """The orders of a step that are committed: read after its end, so they lack nothing."""
        return self._taken.setdefault(step, set())

    def over(self, step: Step) -> None:
        """A step is finished, or must be asked for anew."""
        self._taken.pop(step, None)
        if step == self._step:
            self._step = None


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop as sync sees it: how it is reached and how its orders are treated."""

    code: str
    channel: Channel
    policy: ShopPolicy
    turns: Turns = field(default_factory=Turns, compare=False, repr=False)
    stride: Stride = field(default_factory=Stride, compare=False, repr=False)
    begun: Begun = field(default_factory=Begun, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one pull brought."""

    new: int = 0
    changed: int = 0
    windows: int = 0

    def and_window(self, answers: list[Intake]) -> "Pulled":
        """With one window more."""
        taken = [answer.taken for answer in answers]
        return Pulled(
            self.new + taken.count(Taken.NEW),
            self.changed + taken.count(Taken.CHANGED),
            self.windows + 1,
        )


def pull(
    store: Store, shop: Shop, most_windows: int = 50, enough: Callable[[], bool] = lambda: False
) -> Pulled:
    """Follow a shop up to now, window by window. Raises CallFailed at the first bad answer."""
    done = Pulled()
    with shop.turns.at(ORDERS):
        for count in range(most_windows):
            step = ready_step(store, shop, at_once=not count)
            if step is None or enough():
                break
            answers = take(store, shop, step)
            shop.begun.over(step)
            if answers is not None:
                if not move_on(store, shop, step):
                    break  # this clock allows no progress; the next tick asks again
                done = done.and_window(answers)
    return done


def follow(store: Store, shop: Shop, enough: Callable[[], bool] = lambda: False) -> Pulled:
    """Pull until nothing of the past is left. Raises CallFailed at the first bad answer."""
    total = Pulled()
    while True:
        done = pull(store, shop, enough=enough)
        total = Pulled(
            total.new + done.new, total.changed + done.changed, total.windows + done.windows
        )
        if not done.windows or enough() or not progress.gaps(store.read, shop.policy.shop_id):
            return total


def peek(store: Store, shop: Shop) -> int:
    """Take in new orders that no window shows yet; how many. Raises CallFailed.

    The cursor stays: the window that ends behind them asks for the same once more.
    """
    shop_id, channel = shop.policy.shop_id, shop.channel
    known, now = progress.cursor(store.read, shop_id), channel.server_now()
    if isinstance(channel, Delivers) or known is None or not 0 < now - known <= PEEK_MS:
        return 0
    orders: list[PlatformOrder] = []
    with shop.turns.at(ORDERS):
        listing = channel.changes
        if channel.rules.peek_by == "created" and isinstance(channel, Listed):
            listing = channel.created
        listed = dict.fromkeys(number for page in listing(known, now) for number in page)
        new = [number for number in listed if not is_here(store.read, shop_id, number)]
        for number in new[:MOST_PEEKED]:
            shop.turns.give_way(ORDERS)
            try:
                orders.append(channel.detail(number))
            except CallFailed as failure:
                if failure.fault is not Fault.BUSINESS:  # listed and not to be had yet
                    raise
    return len(take_in(store, shop.policy, orders))


def is_here(read: Rows, shop_id: int, number: str) -> bool:
    """Whether an order is known, whatever became of it."""
    row = read.one(
        "SELECT 1 FROM orders WHERE shop_id = ? AND platform_number = ?", shop_id, number
    )
    return row is not None


def next_step(store: Store, shop: Shop, *, at_once: bool) -> Step | None:
    """What to ask for next: what is new, then the oldest part of the past; None when all is known.

    ``at_once`` asks for what is new however little it is.
    """
    horizon = horizon_of(shop)
    rules = shop.channel.rules
    span = (rules.span_s - rules.overlap_s) * 1000
    widest = shop.stride.width(span)
    known = progress.cursor(store.read, shop.policy.shop_id)
    reached = horizon - rules.first_days * DAY_MS if known is None else known
    if at_once and reached > horizon + rules.delay_s * 1000:
        return Step(horizon, horizon, live=True)
    if horizon - reached >= (1 if at_once else LIVE_EVERY_MS):
        since = max(reached, horizon - min(LIVE_MS, span))
        skipped = Gap(reached, since) if since > reached else None
        step = Step(since, min(since + widest, horizon), live=True, skipped=skipped)
        return shop.begun.again(step, known)
    return past_step(store, shop)


def past_step(store: Store, shop: Shop) -> Step | None:
    """The oldest part of the past that is still to be pulled."""
    rules = shop.channel.rules
    widest = shop.stride.width((rules.span_s - rules.overlap_s) * 1000)
    for gap in progress.gaps(store.read, shop.policy.shop_id):
        return Step(gap.since, min(gap.since + widest, gap.until), live=False)
    return None


def ready_step(store: Store, shop: Shop, *, at_once: bool) -> Step | None:
    """The next step that can be read now; None when all is known, or has to be delivered first.

    While what is new is on its way, the past goes on.
    """
    step = next_step(store, shop, at_once=at_once)
    ready = as_far_as_delivered(shop, step) if step else None
    tell_unseen(store, shop)
    if ready is None and step is not None and step.live:
        past = past_step(store, shop)
        return as_far_as_delivered(shop, past) if past else None
    return ready


def as_far_as_delivered(shop: Shop, step: Step) -> Step | None:
    """The part of a step that can be read now: all of it, unless the shop has to deliver first."""
    if not isinstance(shop.channel, Delivers) or step.since == step.until:
        return step
    try:
        reached = shop.channel.delivered_to(step.since - overlap_of(shop, step), step.until)
    except CallFailed as failure:
        if shop.stride.narrowed(step.until - step.since, failure):
            return None  # the next tick asks for less
        raise
    return replace(step, until=min(step.until, reached)) if reached > step.since else None


def tell_unseen(store: Store, shop: Shop) -> None:
    """A shop whose refunds nobody tells us needs a person who looks there before parcels leave."""
    unseen = shop.channel.refunds_unseen if isinstance(shop.channel, Delivers) else None
    if unseen is None:
        return
    told = store.read.one(
        "SELECT 1 FROM alerts WHERE rule = 'refunds_unseen' AND subject = ?"
        " AND closed_at IS NULL AND over_at IS NULL",
        shop.code,
    )
    if unseen and told is None:
        store.do(lambda tx: raise_alert(tx, "refunds_unseen", shop.code), rank=BACKGROUND)
    elif told is not None and not unseen:
        store.do(lambda tx: close_alert(tx, "refunds_unseen", shop.code), rank=BACKGROUND)


def overlap_of(shop: Shop, step: Step) -> int:
    """How far a step's window reaches back, in milliseconds."""
    return min(shop.channel.rules.overlap_s * 1000, max(1000, step.until - step.since))


def take(store: Store, shop: Shop, step: Step) -> list[Intake] | None:
    """Pull one step. None when it must be asked for anew: narrower, or with the right clock."""
    overlap = overlap_of(shop, step)
    most = 0 if step.live else MOST_AT_ONCE
    skew = shop.channel.server_now() - store.clock.now()
    try:
        taken = shop.begun.taken(step)
        answers = pull_window(store, shop, (step.since - overlap, step.until), taken, most)
    except CallFailed as failure:
        if failure.code == "timeout":
            shop.begun.over(step)  # the next one is narrower
        if shop.stride.narrowed(step.until - step.since, failure):
            return None
        raise
    shop.stride.went_well(step.until - step.since)
    if abs(shop.channel.server_now() - store.clock.now() - skew) > MOST_SKEW_MS:
        log.warning("shop %s has another time than was thought; its window is made anew", shop.code)
        return None
    return answers


def move_on(store: Store, shop: Shop, step: Step) -> bool:
    """Write down how far the shop is known, never beyond what its clock allows; False if nowhere.

    A cursor that is ahead of the shop's clock was written under a wrong one: it goes back.
    """
    shop_id = shop.policy.shop_id
    reached = min(step.until, horizon_of(shop))
    known = progress.cursor(store.read, shop_id)
    if step.live and known is not None and known - reached > DAY_MS:
        return False  # years apart: rather this clock is wrong than the one before
    if reached <= step.since != step.until:
        return False
    store.do(lambda tx: progress.taken(tx, shop_id, step, reached), rank=BACKGROUND)
    return True


def horizon_of(shop: Shop) -> int:
    """Up to where the shop can be asked now: behind its clock, because rows become visible late."""
    return shop.channel.server_now() - shop.channel.rules.delay_s * 1000


def pull_window(
    store: Store, shop: Shop, window: tuple[int, int], taken: set[str], most: int = 0
) -> list[Intake]:
    """Everything that changed in one window, committed, but for what is ``taken``.

    A window with more orders than ``most`` counts as too many, unless it is narrow already.
    Raises CallFailed.
    """
    start, end = window
    numbers: dict[str, None] = {}
    for page in shop.channel.changes(start, end):
        numbers.update(dict.fromkeys(page))
        shop.turns.give_way(ORDERS)
    if most and len(numbers) > most and end - start > 2 * NARROW_MS:
        raise CallFailed(Fault.TRANSIENT, TOO_MANY, f"{len(numbers)} orders")
    return fetch(store, shop, list(numbers), taken)


def fetch(store: Store, shop: Shop, numbers: list[str], taken: set[str]) -> list[Intake]:
    """Take orders in by their numbers, and note them as ``taken``, but for those nobody tells.

    One that cannot be read just now is asked for again after the others. Raises CallFailed.
    """
    answers: list[Intake] = []
    batch: dict[str, PlatformOrder] = {}

    def commit() -> None:
        answers.extend(take_in(store, shop.policy, list(batch.values())))
        taken.update(batch)
        batch.clear()

    waiting, failed = deque(number for number in numbers if number not in taken), 0
    while waiting:
        shop.turns.give_way(ORDERS)
        number = waiting.popleft()
        try:
            order = detail_of(store, shop, number)
        except CallFailed as failure:
            failed += 1
            if failure.fault is not Fault.TRANSIENT or failed == IN_A_ROW or is_down(failure):
                commit()
                raise
            waiting.append(number)
            continue
        failed = 0
        if order is not None:
            batch[number] = order
        if len(batch) == 25:
            commit()
    commit()
    return answers


def is_down(failure: CallFailed) -> bool:
    """Whether the next call would only wait for the same end."""
    return failure.code in ("timeout", "no_connection")


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
    return take_in(store, shop.policy, [order])[0] if order else None
