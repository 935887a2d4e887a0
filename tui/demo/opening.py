"""A morning that has begun: orders of a day and a night, and some at every stage already."""

import random
import time
from contextlib import suppress

from core.clock import Clock
from core.floor.values import BenchView, Step
from core.ports import Scan
from tui.demo.furnishing import furnish, open_books, take_in_past
from tui.demo.goods import Goods
from tui.demo.hand import HANDOVER, NEXT, Do, next_move
from tui.demo.orders import Buyers
from tui.demo.world import World
from tui.station import Station
from tui.wiring import Works

MINUTE = 60_000
PAST_MINUTES = 20 * 60
"""How far back the orders go."""
SOON = 12
"""Orders just placed: the shops show them within the next minutes."""
AHEAD = ((Step.LABEL, 6), (Step.WEIGH, 2), (Step.PACK, 2), (Step.PICK, 2))
"""How far a colleague at the other bench got, and with how many orders."""
HANDED_OVER = 3
A_HAND_MS = 2_000
"""Between two scans of a hand: longer than a scanner takes to read a code twice."""


def open_doors(world: World, works: Works, goods: Goods, orders: int, seed: int) -> Buyers:
    """Furnish, let people buy, and let a colleague pack a little; the buyers go on buying."""
    now = works.clock.now()
    buyers = Buyers(goods, seed, trouble=1.5)
    draw = random.Random(seed)
    furnish(works, goods)
    open_books(works, now - (PAST_MINUTES + 30) * MINUTE)
    past = sorted(
        draw.randint(now - PAST_MINUTES * MINUTE, now - 4 * MINUTE) for _ in range(orders)
    )
    soon = [now - 170_000 + number * 14_000 for number in range(SOON)]
    for at in (*past, *soon):
        with world.back_then(at):
            world.buy(draw.choice(tuple(world.shops)), buyers.next())
    take_in_past(works)
    if "B2" in world.gear:
        Colleague(works, world, goods).work()
    return buyers


class Colleague:
    """Somebody at the second bench, who leaves orders at every stage."""

    def __init__(self, works: Works, world: World, goods: Goods) -> None:
        self.works = works
        self.goods = goods
        self.badge = goods.packers[1]
        self.station: Station = works.station("B2")
        self.clock: Clock = works.clock
        self.printer = world.gear["B2"].printer
        self._at = self.clock.now()

    def work(self) -> None:
        """Sign in, pack, hand over, and go for a tea."""
        self.station.start()
        self._scan(self.badge)
        for stage, orders in AHEAD:
            for _ in range(orders):
                self._until(stage)
        self._labels()
        self._scan(HANDOVER)
        for label in self.printer.labels[:HANDED_OVER]:
            self._scan(label.waybill)
        self._scan(HANDOVER)
        self._scan("PKLOCK1")
        for shop_id in self.works.place.shops.values():
            self.works.engine.outbox.send_to_shop(shop_id)

    def _scan(self, text: str) -> BenchView:
        self._at += A_HAND_MS
        return self.station.scan(Scan(text, self._at)).result(timeout=10)

    def _until(self, stage: Step) -> None:
        """One more order up to a stage, then aside."""
        view = self._scan(self._fresh())
        for _ in range(60):
            if not view.number or (view.step is stage and not view.choices and self._begun(view)):
                break
            move = next_move(view, self.goods.products, self.badge)
            if move.do is Do.WEIGH:
                weighed = self.station.bench.weight(move.grams, self.clock.now())
                view = weighed.result(timeout=10)
            else:
                view = self._scan(move.text)
        self._scan("PKCANC1")

    def _fresh(self) -> str:
        """The slip of an order nobody has touched."""
        row = self.works.store.read.one(
            "SELECT number FROM orders WHERE stage = 'ready' AND held = 0 ORDER BY pieces < 2,"
            " ship_by, id LIMIT 1"
        )
        return str(row["number"]) if row else NEXT

    def _begun(self, view: BenchView) -> bool:
        """A stage that only just began shows nothing: wait for the first unit of it."""
        if view.step is not Step.PICK:
            return True
        return view.lines[0].picked > 0 or sum(line.wanted for line in view.lines) == 1

    def _labels(self) -> None:
        """Buy and print what was weighed; a printer takes its time."""
        self.works.engine.outbox.send_to_carrier()
        weighed = AHEAD[0][1]
        with suppress(TimeoutError):
            self.printer.wait_for(weighed, 5.0)
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline and self._unlabelled():
            time.sleep(0.01)

    def _unlabelled(self) -> bool:
        asked = "SELECT 1 FROM orders WHERE weighed_at IS NOT NULL AND labelled_at IS NULL LIMIT 1"
        return self.works.store.read.one(asked) is not None
