"""The engine: APScheduler ticks, our tables hold what is due, one bad shop slows no other.

The scheduler only ticks: nothing is lost when a tick is missed, because what is due stands in the
cursor and outbox tables. A monotonic watchdog wakes everything after the wall clock was stepped,
and pokes the senders as soon as something enters the outbox.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from core.errors import Problem
from core.orders.audit import recheck
from core.ports import CallFailed, Carrier, Fault
from core.ports import Sender as From
from core.store import Store
from core.store.store import BACKGROUND
from core.sync import calendar, health, hints, reconcile
from core.sync.lock import SyncLock
from core.sync.outbox import AUTH_PAUSE_S, Sender, recover
from core.sync.pull import Shop, follow, peek
from core.sync.turns import SHIP
from core.sync.verify import verify
from core.watch import CHUNK, watch

log = logging.getLogger(__name__)
LOOK_S = 0.2
PULL_EVERY_S = 60.0
CHORE_EVERY_S = 5.0
CHECK_EVERY_S = 300.0
HINT_PAUSE_S = 15.0
"""A shop that does not answer is not asked for hinted orders this long."""
CHECKED_AT = (3, 10)
"""Local hour and minute when the books are compared."""
SHORTEST_TICK_S = 0.05


class Engine:
    """Everything that syncs one database, in background threads."""

    def __init__(
        self,
        store: Store,
        shops: Mapping[int, Shop],
        carrier: Carrier | None,
        sender: From,
        pull_every_s: Mapping[int, float] | None = None,
        *,
        chores: Mapping[str, Callable[[], object]] | None = None,
    ) -> None:
        """``chores`` are other things to look after now and then, by a name of their own."""
        self.store = store
        self.clock = store.clock
        self.shops = shops
        self.outbox = Sender(store, shops, carrier, sender)
        self.pull_every_s = pull_every_s or {}
        self.chores = chores or {}
        self.lock = SyncLock(store.path)
        self._not_before: dict[str, float] = {}
        self._stop = threading.Event()
        self._scheduler: Any = None
        self._watchdog = threading.Thread(target=self._look, name="sync-watchdog", daemon=True)

    @property
    def syncing(self) -> bool:
        """Whether this process is the one that syncs."""
        return self._scheduler is not None

    def start(self) -> None:
        """Begin, now or as soon as the process that syncs goes away."""
        self._watchdog.start()

    def stop(self) -> None:
        """Let the calls in hand end, then give the right to sync away."""
        self._stop.set()
        if self._watchdog.is_alive():
            self._watchdog.join(timeout=5)
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=True)
            self._scheduler = None
        self.lock.give_up()

    def poke(self) -> None:
        """Send what is due now instead of at the next tick."""
        if self._scheduler is not None:
            for job in self._scheduler.get_jobs():
                if job.id.startswith("send"):
                    job.modify(next_run_time=datetime.now(UTC))

    def pull_now(self) -> None:
        """Ask every shop now."""
        if self._scheduler is not None:
            for job in self._scheduler.get_jobs():
                if job.id.startswith("pull"):
                    job.modify(next_run_time=datetime.now(UTC))

    # --- threads --------------------------------------------------------------------------------

    def _begin(self) -> None:
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self.store.do(recover, rank=BACKGROUND)
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(4 * len(self.shops) + len(self.chores) + 3)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        for shop_id, shop in self.shops.items():
            every_s = self.pull_every_s.get(shop_id, PULL_EVERY_S)
            self._tick(scheduler, f"pull:{shop.code}", every_s, self._pull, shop)
            self._tick(scheduler, f"send:{shop.code}", 5.0, self._tell, shop)
            self._tick(scheduler, f"hint:{shop.code}", 5.0, self._follow_hints, shop)
            if reconcile.can_check(shop):
                self._tick(scheduler, f"check:{shop.code}", CHECK_EVERY_S, self._check, shop)
        self._tick(scheduler, "send:carrier", 5.0, self._carry)
        self._tick(scheduler, "watch", 30.0, self._watch)
        self._tick(scheduler, "forget", 3600.0, self._forget)
        for name, chore in self.chores.items():
            self._tick(scheduler, name, CHORE_EVERY_S, chore)
        scheduler.start()
        self._scheduler = scheduler

    def _tick(
        self,
        scheduler: Any,
        id: str,
        every_s: float,
        work: Callable[..., object],
        *args: object,
    ) -> None:
        scheduler.add_job(
            self._guarded,
            "interval",
            id=id,
            args=(id, work, *args),
            seconds=max(SHORTEST_TICK_S, every_s / self.clock.speed),
            next_run_time=datetime.now(UTC),
        )

    def _guarded(self, id: str, work: Callable[..., object], *args: object) -> None:
        """The worker's edge: a stumbling job is logged and ticks on."""
        try:
            work(*args)
        except Exception:
            log.exception("%s stumbled", id)

    def _look(self) -> None:
        """Watch the clock and the outbox; take over when no other process syncs."""
        drift = time.time() - time.monotonic()
        seen = -1
        while not self._stop.is_set():
            try:
                if self._scheduler is None and self.lock.take():
                    self._begin()
                version = self.store.read.version()
                if version != seen:
                    seen = version
                    if self._something_due():
                        self.poke()
                    self._poke_hints()
                now = time.time() - time.monotonic()
                if abs(now - drift) > 2.0:
                    drift = now
                    log.warning("the clock was stepped; every job runs now")
                    self._wake_all()
            except Exception:
                log.exception("the sync watchdog stumbled")
            self._stop.wait(LOOK_S)

    def _wake_all(self) -> None:
        if self._scheduler is not None:
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=datetime.now(UTC))

    def _something_due(self) -> bool:
        return (
            self.store.read.one(
                "SELECT 1 FROM outbox WHERE state IN ('due', 'calling') AND next_try_at <= ?"
                " AND state = 'due' LIMIT 1",
                self.clock.now(),
            )
            is not None
        )

    def _poke_hints(self) -> None:
        """What a shop says by itself is followed at once, not at the next tick."""
        for shop_id, shop in self.shops.items():
            if self._scheduler is not None and hints.something_due(
                self.store.read, shop_id, self.clock.now()
            ):
                job = self._scheduler.get_job(f"hint:{shop.code}")
                if job is not None:
                    job.modify(next_run_time=datetime.now(UTC))

    # --- jobs -----------------------------------------------------------------------------------

    def _follow_hints(self, shop: Shop) -> None:
        job = f"hint:{shop.code}"
        if self.clock.monotonic() < self._not_before.get(job, 0.0):
            return
        try:
            hints.follow_hints(self.store, shop, enough=self._stop.is_set)
        except CallFailed as failure:
            self._not_before[job] = self.clock.monotonic() + HINT_PAUSE_S
            self._pause(job, failure)  # the pull says that the shop does not answer

    def _forget(self) -> None:
        while self.store.do(hints.forget, rank=BACKGROUND):
            self.store.give_way()

    def _pull(self, shop: Shop) -> None:
        if self.clock.monotonic() < self._not_before.get(shop.code, 0.0):
            return
        try:
            follow(self.store, shop, enough=self._stop.is_set)
        except CallFailed as failure:
            health.unwell(self.store, shop.policy.shop_id, failure)
            self._pause(shop.code, failure)
            return
        try:
            peek(self.store, shop)
        except CallFailed as failure:
            log.info("shop %s could not be peeked at: %s", shop.code, failure)
            self._pause(shop.code, failure)

    def _pause(self, code: str, failure: CallFailed) -> None:
        """A ban is waited out, a refused key is not hammered; anything else waits for its tick."""
        wait = failure.wait_s
        if wait is None and failure.fault is Fault.AUTH:
            wait = AUTH_PAUSE_S
        if wait is not None:
            self._not_before[code] = self.clock.monotonic() + wait

    def _check(self, shop: Shop) -> None:
        """Compare the books when their night has come, also one that was slept through."""
        job = f"check:{shop.code}"
        due = calendar.due_at(self.store.read, job)
        if due is None or due <= self.clock.now():
            if due is not None and not self._compared(shop, due):
                return  # at the next tick it goes on where it stopped
            night = calendar.next_night(self.clock, *CHECKED_AT)
            self.store.do(lambda tx: calendar.plan(tx, job, night), rank=BACKGROUND)

    def _compared(self, shop: Shop, due: int) -> bool:
        job = f"check:{shop.code}"
        if self.clock.monotonic() < self._not_before.get(job, 0.0):
            return False
        try:
            reconcile.reconcile(self.store, shop, started=due, enough=self._stop.is_set)
        except Problem:
            return False  # its past is still being read
        except CallFailed as failure:
            log.warning("the books of shop %s wait: %s", shop.code, failure)
            self._pause(job, failure)
            return False
        return not self._stop.is_set()

    def _tell(self, shop: Shop) -> None:
        with shop.turns.at(SHIP):
            self.outbox.send_to_shop(shop.policy.shop_id)
        self._look_again(shop)

    def _look_again(self, shop: Shop) -> None:
        job = f"look:{shop.code}"
        if self.clock.monotonic() < self._not_before.get(job, 0.0):
            return
        try:
            verify(self.store, shop)
        except CallFailed as failure:
            self._pause(job, failure)  # the pull says that the shop does not answer

    def _carry(self) -> None:
        self.outbox.send_to_carrier()

    def _watch(self) -> None:
        while self.store.do(watch, rank=BACKGROUND) >= CHUNK:
            pass
        after: int | None = 0
        while after is not None:
            after = self.store.do(lambda tx, after=after: recheck(tx, after), rank=BACKGROUND)  # type: ignore[misc]
