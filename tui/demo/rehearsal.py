"""A whole day without a screen: made-up buyers, simulated packers, faults, and the accounting."""

import logging
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from core import people
from core.clock import SHANGHAI, FastClock, millis
from core.errors import Problem
from core.orders.holds import release
from core.store import Actor, Tx
from core.store.store import BACKGROUND
from core.sync.outbox import try_again
from tui.demo.accounting import Books, Difference, Sums, refunded
from tui.demo.furnishing import furnish, occupied, open_books, write_config
from tui.demo.goods import Goods, goods
from tui.demo.orders import Buyers
from tui.demo.packers import Habits, Packer
from tui.demo.troubles import MINUTE, SHOP_CODES, SKIES, Day, Deed, Minds, Weather, plan_troubles
from tui.demo.world import Shape, World
from tui.wiring import Works

log = logging.getLogger(__name__)
SPEED = 3000.0
SWITCH_S = 0.0003
"""How long one thread may keep the others waiting: a whole warehouse lives in this process."""
EVENING = millis(datetime(2026, 1, 20, 20, 30, tzinfo=SHANGHAI))
"""The last order of the day."""
BURST = 0.3
"""Share of the orders that come in the twenty minutes after 20:00."""
RELEASABLE = ("short", "damaged", "question", "weight", "other", "note_changed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A rehearsal as it was asked for."""

    orders: int = 100
    benches: int = 2
    seed: int = 1
    weather: Weather = Weather.NONE
    speed: float = SPEED
    keep: Path | None = None
    """A folder to leave everything in."""
    deadline_s: float = 0.0
    """Real seconds until everything must have drained; 0 chooses."""


@dataclass(slots=True)
class Report:
    """What came of it."""

    wanted: Wanted
    sums: Sums = field(default_factory=Sums)
    differences: list[Difference] = field(default_factory=list)
    scans: int = 0
    silent: int = 0
    answers_ms: list[float] = field(default_factory=list)
    mistakes: Counter[str] = field(default_factory=Counter)
    did: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    drained_s: float = 0.0
    """Real seconds from the end of the faults to the last parcel out."""

    @property
    def balanced(self) -> bool:
        """Whether all journals agree."""
        return not self.differences

    def answer_ms(self, share: float) -> float:
        """The answer time that share of the scans stayed below."""
        ordered = sorted(self.answers_ms) or [0.0]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "orders": self.wanted.orders,
            "benches": self.wanted.benches,
            "seed": self.wanted.seed,
            "faults": self.wanted.weather.value,
            "speed": self.wanted.speed,
            "balanced": self.balanced,
            "sums": self.sums.as_dict(),
            "scans": self.scans,
            "scans_without_answer": self.silent,
            "p50_ms": round(self.answer_ms(0.5), 2),
            "p99_ms": round(self.answer_ms(0.99), 2),
            "mistakes_refused": dict(self.mistakes),
            "packers_did": dict(self.did),
            "faults_injected": dict(self.faults),
            "seconds": round(self.seconds, 1),
            "drained_seconds": round(self.drained_s, 1),
            "differences": [str(difference) for difference in self.differences],
        }


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
        clock = FastClock(EVENING - length, wanted.speed)
        shape = Shape(
            stations=tuple(f"B{n}" for n in range(1, wanted.benches + 1)),
            cameras=1,
            label_mm=(60, 40),
            pull_every_s=1200,
            late=(0.3, 150.0) if wanted.weather is not Weather.NONE else (0.0, 0.0),
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
        self.minds = Minds(world, self.sky.buyers, random.Random(f"minds {wanted.seed}"), self.day)
        self.works = Works(write_config(world), clock)
        self.packers: list[Packer] = []
        self._started = clock.now()
        self._pending: list[tuple[int, Deed]] = []
        self._draw = random.Random(f"supervisor {wanted.seed}")

    def play(self) -> Report:
        """Furnish, open, live through the day, close, count."""
        report = Report(self.wanted)
        try:
            furnish(self.works, self.goods)
            open_books(self.works, self._started - 10 * MINUTE)
            self._open()
            self._live()
            self._drain(report)
            self._close_benches()
            books = Books(self.works.store.read, self.world, self.works.place.shops)
            report.differences += books.compare()
            report.sums = books.sums
            self._tell(report)
        finally:
            self.works.close()
        return report

    # --- the day --------------------------------------------------------------------------------

    def _open(self) -> None:
        """Devices on, sync on, packers in."""
        for number, (code, gear) in enumerate(self.world.gear.items()):
            station = self.works.station(code)
            badge = self.goods.packers[number % len(self.goods.packers)]
            seed = self.wanted.seed * 100 + number
            self.packers.append(Packer(station, gear, self.goods, Habits(), badge=badge, seed=seed))
            station.start()
        self.works.engine.start()
        for packer in self.packers:
            packer.start()

    def _live(self) -> None:
        """Orders come in, buyers change their minds, things break; the courier comes at times."""
        plan_troubles(self.day, self.world, self.sky, (self._started, EVENING), self.wanted.seed)
        buyers = Buyers(self.goods, self.wanted.seed)
        draw = random.Random(f"day {self.wanted.seed}")
        for at in self._moments(draw):
            self.day.at(at, "", partial(self._place, buyers, draw.choice(SHOP_CODES)))
        for hour in range(1, 24, 3):
            self.day.at(self._started + hour * 60 * MINUTE, "", partial(self._courier, True))
            self.day.at(
                self._started + (hour * 60 + 40) * MINUTE, "", partial(self._courier, False)
            )
        self._pending = self.day.in_order()
        nobody = threading.Event()
        while self._pending:
            at, deed = self._pending.pop(0)
            if at > EVENING + 60 * MINUTE:
                continue
            wait = (at - self.clock.now()) / 1000
            if wait > 0:
                self.clock.wait(nobody, wait)
            deed()
            self._supervise()

    def _moments(self, draw: random.Random) -> list[int]:
        """When orders come: all day long, and many at once after 20:00."""
        eight = EVENING - 30 * MINUTE
        late = int(self.wanted.orders * BURST)
        usual = [draw.randint(self._started, EVENING) for _ in range(self.wanted.orders - late)]
        return usual + [draw.randint(eight, eight + 20 * MINUTE) for _ in range(late)]

    def _place(self, buyers: Buyers, shop: str) -> None:
        tid = self.world.buy(shop, buyers.next())
        self._pending += self.minds.after(shop, tid, self.clock.now())
        self._pending.sort(key=lambda each: each[0])

    def _courier(self, here: bool) -> None:
        for packer in self.packers:
            (packer.courier.set if here else packer.courier.clear)()

    # --- the supervisor -------------------------------------------------------------------------

    def _supervise(self, *, rate: float = 0.02) -> None:
        """Now and then somebody looks at what only a person can decide."""
        if self._draw.random() >= rate:
            return
        read = self.works.store.read
        person = people.named(read, self.goods.supervisor)
        for row in read.all("SELECT id FROM outbox WHERE state = 'conflict'"):
            self.works.store.do(partial(try_again, outbox_id=row["id"]), rank=BACKGROUND)
        marks = ",".join("?" * len(RELEASABLE))
        for row in read.all(
            "SELECT order_id, reason FROM holds WHERE released_at IS NULL AND order_id % 3 > 0"
            f" AND reason IN ({marks})",
            *RELEASABLE,
        ):
            self._release(row["order_id"], row["reason"], person.at("office"))

    def _release(self, order_id: int, reason: str, by: Actor) -> None:
        def write(tx: Tx) -> None:
            release(tx, order_id, reason)

        with suppress(Problem):  # the facts ended it meanwhile
            self.works.store.do(write, by, rank=BACKGROUND)

    # --- the end --------------------------------------------------------------------------------

    def _drain(self, report: Report) -> None:
        """The faults are over: everything must find its way out by itself."""
        self.world.heal()
        self.minds.settle_all()
        self._courier(True)
        began = time.monotonic()
        deadline = began + (self.wanted.deadline_s or 30 + self.wanted.orders * 0.15)
        quiet = 0
        while quiet < 3:
            if time.monotonic() > deadline:
                report.differences += self._left()
                for packer in self.packers:
                    log.warning("%s: %s", packer.badge, "\n  ".join(packer.recent))
                break
            self._supervise(rate=0.5)
            quiet = quiet + 1 if not self._left() else 0
            time.sleep(0.08)
        report.drained_s = time.monotonic() - began

    def _left(self) -> list[Difference]:
        """What has not drained yet; empty when the day is over."""
        read = self.works.store.read
        left = [
            Difference("drain", row["number"], "out of the outbox", f"{row['kind']} {row['state']}")
            for row in read.all(
                "SELECT o.number, x.kind, x.state FROM outbox x JOIN orders o ON o.id = x.order_id"
                " WHERE x.state IN ('due', 'calling')"
            )
        ]
        left += [
            Difference("drain", row["number"], "shipped, held or cancelled", row["stage"])
            for row in read.all("SELECT number, stage FROM orders WHERE open = 1 AND held = 0")
        ]
        left += [
            Difference("drain", packer.badge, "nothing to do", " ".join(list(packer.parcels)))
            for packer in self.packers
            if any(self._still_open(number) for number in list(packer.parcels))
        ]
        return left or self._refused() or self._unheard()

    def _refused(self) -> list[Difference]:
        """Effects that wait for a person although the other side would take them now."""
        trades = {
            (self.works.place.shops[code], tid): trade
            for code, shop in self.world.shops.items()
            for tid, trade in shop.orders.items()
        }
        return [
            Difference("drain", row["number"], "out of the outbox", row["last_answer"])
            for row in self.works.store.read.all(
                "SELECT o.number, o.shop_id, o.platform_number, x.last_answer FROM outbox x"
                " JOIN orders o ON o.id = x.order_id WHERE x.state = 'conflict'"
            )
            if not refunded(trades[row["shop_id"], row["platform_number"]])
        ]

    def _still_open(self, number: str) -> bool:
        """A parcel on the bench that is neither held nor gone."""
        row = self.works.store.read.one(
            "SELECT 1 FROM orders WHERE number = ? AND open = 1 AND held = 0", number
        )
        return row is not None

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
            for tid, trade in shop.orders.items():
                told = datetime.fromisoformat(trade["modified"]).replace(tzinfo=SHANGHAI)
                known = here.get((self.works.place.shops[code], tid))
                if known is None or known < millis(told):
                    left.append(Difference("drain", f"{code} {tid}", str(told), str(known)))
        return left

    def _close_benches(self) -> None:
        for packer in self.packers:
            packer.stop()
        for code in self.world.gear:
            self.works.station(code).stop()
        self.works.engine.stop()

    def _tell(self, report: Report) -> None:
        """Gather what everybody did."""
        for packer in self.packers:
            tally = packer.tally
            report.scans += tally.scans
            report.silent += tally.silent
            report.answers_ms += tally.answers_ms
            report.mistakes += tally.mistakes
            report.did += tally.did
            report.differences += [
                Difference("mistake", packer.badge, "refused", told) for told in tally.let_through
            ]
        report.faults += self.day.injected
        for server in self.world.servers:
            report.faults += Counter({f"call {k}": n for k, n in server.played.items()})
