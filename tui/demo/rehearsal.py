"""A whole day without a screen: made-up buyers, simulated packers, faults, and the accounting.

The work is done at devices in this process, or in processes that are killed (``staff``).
"""

import logging
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from core import people
from core.clock import SHANGHAI, FastClock, millis
from core.errors import Problem
from core.orders.holds import release
from core.ports import CallFailed
from core.store import Actor, Tx
from core.store.store import BACKGROUND
from core.sync import Shop, progress, reconcile
from core.sync.outbox import try_again
from core.sync.reconcile import HOUR_MS
from drivers.channels.access import Tokens
from tui.demo.accounting import Books, Difference
from tui.demo.furnishing import furnish, occupied, open_books, write_config
from tui.demo.goods import Goods, goods
from tui.demo.orders import Buyers
from tui.demo.processes import InProcesses
from tui.demo.report import Report, Wanted
from tui.demo.staff import AtDevices, Staff
from tui.demo.troubles import MINUTE, SKIES, Day, Deed, Minds, Weather, plan_troubles
from tui.demo.world import SHOPS, Shape, World, fronts
from tui.tokens import TokenFile
from tui.wiring import Works

log = logging.getLogger(__name__)
SPEED = 3000.0
SPEED_APART = 1000.0
"""Processes begin in real time: too fast a day would be over before the first is up again."""
SWITCH_S = 0.0003
"""How long one thread may keep the others waiting: a whole warehouse lives in this process."""
EVENING = millis(datetime(2026, 1, 20, 20, 30, tzinfo=SHANGHAI))
"""The last order of the day."""
WIRED_MINUTES, APART_MINUTES = 60, 180
"""How long after the last order the troubles go on."""
STORM_S = 0.03
"""Real seconds for each order that the storm goes on at most while most of the work is undone."""
PATIENCE_S = 45.0
"""Real seconds nothing may move while something is left."""
RELEASABLE = ("short", "damaged", "question", "weight", "other", "note_changed")
A_DAY = 500
"""Orders the shelves are filled for as they are; a bigger day brings more goods."""


def rehearse(wanted: Wanted) -> Report:
    """Play the day and do the accounts."""
    began = time.monotonic()
    sys.setswitchinterval(SWITCH_S)
    with ExitStack() as stack:
        folder = (
            stack.enter_context(occupied(wanted.keep))
            if wanted.keep
            else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="packline-")))
        )
        length = min(10 * 60, max(60, wanted.orders * 2)) * MINUTE
        usual = SPEED if wanted.kills is None else SPEED_APART
        clock = FastClock(EVENING - length, wanted.speed or usual)
        shape = Shape(
            fronts=fronts(wanted.platforms) if wanted.platforms else SHOPS,
            stations=tuple(f"B{n}" for n in range(1, wanted.benches + 1)),
            wired=wanted.kills is None,
            cameras=1,
            label_mm=(60, 40),
            pull_every_s=1200 if wanted.kills is None else 120,
            late=(0.3, 150.0) if wanted.weather is not Weather.NONE else (0.0, 0.0),
            refuse_refunds=wanted.weather is not Weather.STORM,
            seed=wanted.seed,
        )
        world = stack.enter_context(World(folder, clock, shape))
        report = Rehearsal(wanted, world, clock).play()
    report.seconds = time.monotonic() - began
    return report


class Rehearsal:
    """One day at work."""

    def __init__(self, wanted: Wanted, world: World, clock: FastClock) -> None:
        self.wanted = wanted
        self.world = world
        self.clock = clock
        self.goods: Goods = goods()
        self.sky = SKIES[wanted.weather]
        self.day = Day()
        self.minds = Minds(world, self.sky, random.Random(f"minds {wanted.seed}"), self.day)
        self.works = Works(write_config(world), clock)
        self.staff: Staff = (
            AtDevices(self.works, world, self.goods, wanted.seed)
            if wanted.kills is None
            else InProcesses(
                self.works.config.path,
                world,
                self.goods.packers,
                seed=wanted.seed,
                kills=wanted.kills,
            )
        )
        self.refused: set[tuple[int, str]] = set()
        """Order and kind of every effect the other side ever refused."""
        self._started = clock.now()
        self._dusk = EVENING + MINUTE * (WIRED_MINUTES if wanted.kills is None else APART_MINUTES)
        self._pending: list[tuple[int, Deed]] = []
        self._draw = random.Random(f"supervisor {wanted.seed}")

    def play(self) -> Report:
        """Furnish, open, live through the day, close, count."""
        report = Report(self.wanted)
        try:
            furnish(self.works, self.goods, more_units=self.wanted.orders // A_DAY * 200)
            open_books(self.works, self._started - 10 * MINUTE)
            try:
                self.staff.begin()
                self._live()
                self._drain(report)
                report.differences += list(self._check_shops())
            finally:
                self.staff.end()
            books = Books(self.works.store.read, self.world, self.works.place.shops)
            report.differences += books.compare()
            report.differences += books.must_have_alerted(self.refused)
            report.sums = books.sums
            self._tell(report)
        finally:
            self.works.close()
        return report

    # --- the day --------------------------------------------------------------------------------

    def _live(self) -> None:
        """Orders come in, buyers change their minds, things break; the courier comes at times."""
        hours = (self._started, EVENING)
        plan_troubles(self.day, self.world, self.sky, hours, self.wanted.seed)
        self.staff.plan(self.day, (EVENING - 30 * MINUTE, self._dusk))
        buyers = Buyers(self.goods, self.wanted.seed)
        draw = random.Random(f"day {self.wanted.seed}")
        for at in self._moments(draw):
            self.day.at(at, "", partial(self._place, buyers, draw.choice(tuple(self.world.shops))))
        for hour in range(1, 24, 3):
            self.day.at(self._started + hour * 60 * MINUTE, "", partial(self.staff.courier, True))
            self.day.at(
                *(self._started + (hour * 60 + 40) * MINUTE, ""), partial(self.staff.courier, False)
            )
        self._pending = self.day.in_order()
        nobody = threading.Event()
        while self._pending:
            at, deed = self._pending.pop(0)
            if at > self._dusk:
                continue
            wait = (at - self.clock.now()) / 1000
            if wait > 0:
                self.clock.wait(nobody, wait)
            deed()
            self._supervise()
        self._stay()

    def _stay(self) -> None:
        """The storm does not end before most of the work is done in it; at most for a while."""
        deadline = time.monotonic() + STORM_S * self.wanted.orders
        while self.wanted.kills is not None and self.sky.calls and time.monotonic() < deadline:
            if len(self._unheard()) + len(self._open()) <= self.wanted.orders // 10:
                return
            self._supervise(rate=0.5)
            time.sleep(0.3)

    def _moments(self, draw: random.Random) -> list[int]:
        """When orders come: all day long, and many at once after 20:00."""
        eight = EVENING - 30 * MINUTE
        share, minutes = self.sky.burst
        late = int(self.wanted.orders * share)
        usual = [draw.randint(self._started, EVENING) for _ in range(self.wanted.orders - late)]
        return usual + [draw.randint(eight, eight + minutes * MINUTE) for _ in range(late)]

    def _place(self, buyers: Buyers, shop: str) -> None:
        tid = self.world.buy(shop, buyers.next())
        self._pending += self.minds.after(shop, tid, self.clock.now())
        self._pending.sort(key=lambda each: each[0])

    # --- the supervisor -------------------------------------------------------------------------

    def _supervise(self, *, rate: float = 0.02) -> None:
        """Now and then somebody looks at what only a person can decide."""
        if self._draw.random() >= rate:
            return
        read = self.works.store.read
        person = people.named(read, self.goods.supervisor)
        for row in read.all("SELECT id, order_id, kind FROM outbox WHERE state = 'conflict'"):
            self.refused.add((row["order_id"], row["kind"]))
            self.works.store.do(partial(try_again, outbox_id=row["id"]), rank=BACKGROUND)
        marks = ",".join("?" * len(RELEASABLE))
        for row in read.all(
            "SELECT order_id, reason FROM holds WHERE released_at IS NULL AND order_id % 3 > 0"
            f" AND reason IN ({marks})",
            *RELEASABLE,
        ):
            self._release(row["order_id"], row["reason"], person.at("office"))

        for row in read.all(
            "SELECT subject FROM alerts WHERE rule = 'shop_refuses' AND closed_at IS NULL"
            " AND over_at IS NULL"
        ):
            self._authorise(row["subject"])

    def _authorise(self, code: str) -> None:
        """A person allows the app anew: what its last renewal was answered with is lost."""
        server = self.world.shops[code]
        shop = next(each for each in self.works.config.shops if each.code == code)
        path = self.works.config.path.parent / f".tokens-{code}.json"
        kept = TokenFile(path, Tokens(shop.session, shop.refresh_token))
        with kept.alone():
            if not server.renews_ended and not server.in_session(server.session):
                server.authorise()
            now = Tokens(server.session, server.refresh_token)
            if kept.newest() != now:
                kept(now)
                self.day.injected["authorised anew"] += 1

    def _release(self, order_id: int, reason: str, by: Actor) -> None:
        def write(tx: Tx) -> None:
            release(tx, order_id, reason)

        with suppress(Problem):  # the facts ended it meanwhile
            self.works.store.do(write, by, rank=BACKGROUND)

    # --- the end --------------------------------------------------------------------------------

    def _drain(self, report: Report) -> None:
        """The faults are over: everything must find its way out by itself."""
        report.unheard, report.unsent = len(self._unheard()), len(self._open())
        self.world.heal()
        self.minds.settle_all()
        self.staff.courier(True)
        began = time.monotonic()
        deadline = began + (self.wanted.deadline_s or 30 + self.wanted.orders * 0.5)
        quiet, before, moved = 0, -1, began
        while quiet < 3:
            self._supervise(rate=0.5)
            left = self._left()
            if len(left) != before:
                before, moved = len(left), time.monotonic()
            if time.monotonic() > min(deadline, moved + PATIENCE_S) and left:
                report.differences += left
                self.staff.explain()
                break
            quiet = quiet + 1 if not left else 0
            time.sleep(0.08)
        report.drained_s = time.monotonic() - began

    def _check_shops(self) -> Iterator[Difference]:
        """Ask every platform that can tell for the day's orders, by the hour they began in."""
        first = self._started // HOUR_MS * HOUR_MS
        for shop in self.works.engine.shops.values():
            if reconcile.can_check(shop):
                for hour in range(first, EVENING, HOUR_MS):
                    checked = self._checked(shop, hour)
                    if checked is None:
                        yield Difference("books", shop.code, "asked hour by hour", "no answer")
                        break
                    for number, kind in checked.differences.items():
                        yield Difference("books", f"{shop.code} {number}", "the same", kind)

    def _checked(self, shop: Shop, hour: int) -> reconcile.Hour | None:
        """One hour, as soon as it is wholly pulled and the platform answers; None if never."""
        store, deadline = self.works.store, time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            known = progress.complete_to(store.read, shop.policy.shop_id) or 0
            if known >= hour + HOUR_MS + reconcile.MARGIN_MS:
                with suppress(CallFailed):
                    return reconcile.check(store, shop, hour)
            time.sleep(0.05)
        return None

    def _left(self) -> list[Difference]:
        """What has not drained yet; empty when the day is over."""
        left = [
            Difference("drain", row["number"], "out of the outbox", f"{row['kind']} {row['state']}")
            for row in self.works.store.read.all(
                "SELECT o.number, x.kind, x.state FROM outbox x JOIN orders o ON o.id = x.order_id"
                " WHERE x.state IN ('due', 'calling')"
            )
        ]
        left += self._open()
        left += self.staff.left()
        return left or self._refused() or self._unseen() or self._unheard()

    def _open(self) -> list[Difference]:
        """Orders that could be on their way and are not."""
        return [
            Difference("drain", row["number"], "shipped, held or cancelled", row["stage"])
            for row in self.works.store.read.all(
                "SELECT number, stage FROM orders WHERE open = 1 AND held = 0"
            )
        ]

    def _unseen(self) -> list[Difference]:
        """Tracking numbers the shop took, and was not yet asked whether it shows them."""
        return [
            Difference("drain", row["number"], "looked at again at the shop", "not yet")
            for row in self.works.store.read.all(
                "SELECT o.number FROM ship_checks c JOIN outbox x ON x.id = c.outbox_id"
                " JOIN orders o ON o.id = x.order_id WHERE c.seen_at IS NULL AND x.state = 'done'"
            )
        ]

    def _refused(self) -> list[Difference]:
        """Effects that wait for a person although the other side would take them now."""
        books = Books(self.works.store.read, self.world, self.works.place.shops)
        return list(books.outbox())

    def _unheard(self) -> list[Difference]:
        """Changes on the platforms that are not known here yet."""
        here = {
            (row["shop_id"], row["platform_number"]): row["modified_at"]
            for row in self.works.store.read.all(
                "SELECT shop_id, platform_number, modified_at FROM orders"
            )
        }
        left = []
        for code, shop in self.world.shops.items():
            for tid in shop.numbers():
                standing = shop.standing(tid)
                if standing.stage == "unpaid" and not shop.tells_unpaid:
                    continue
                told = standing.modified_at // 1000 * 1000
                known = here.get((self.works.place.shops[code], tid))
                if known is None or known < told:
                    left.append(Difference("drain", f"{code} {tid}", str(told), str(known)))
        return left

    def _tell(self, report: Report) -> None:
        """Gather what everybody did."""
        self.staff.tell(report)
        report.faults += self.day.injected
        for server in self.world.servers:
            report.faults.update({f"call {k}": n for k, n in server.played.items()})
