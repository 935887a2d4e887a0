"""What goes wrong during a rehearsal, and when: buyers who change their minds, platforms that
fail, cables that are pulled. Drawn from the seed before the day begins.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from tui.demo.world import World

MINUTE = 60_000
Deed = Callable[[], None]


class Weather(Enum):
    """How bad a day it is."""

    NONE = "none"
    LIGHT = "light"
    STORM = "storm"


@dataclass(frozen=True, slots=True)
class Sky:
    """The figures of one weather."""

    calls: float
    """Share of calls to shops and carrier that go wrong."""
    buyers: float
    """Share of orders whose buyer changes something later."""
    device_every: int
    """Minutes between two device troubles at a bench; 0 for none."""
    cuts: int
    """How often the network is gone for a while."""
    burst: tuple[float, int]
    """The share of the orders that come at 20:00, within so many minutes."""
    touches: tuple[int, int] = (0, 0)
    """How many more times each order changes for small reasons, at least and at most."""


SKIES = {
    Weather.NONE: Sky(0.0, 0.0, 0, 0, (0.3, 20)),
    Weather.LIGHT: Sky(0.03, 0.06, 120, 1, (0.3, 20)),
    Weather.STORM: Sky(0.12, 0.15, 30, 4, (0.6, 10), (2, 5)),
}
SHOP_FAULTS = (
    *("drop", "drop_after_commit", "html502", "html502_after", "html200", "truncated", "cut_short"),
    *("empty", "delay 20", "delay 2", "isp", "isp_after", "duplicate", "ban 90", "expire"),
    "forbidden",
)
CARRIER_FAULTS = (
    *("drop", "drop_after_commit", "html502", "html502_after", "html200", "truncated", "cut_short"),
    *("empty", "delay 20", "busy", "busy_after", "balance"),
)
ROBOT_FAULTS = ("drop", "drop_after_commit", "html502", "html200", "truncated", "code 45009")
PRINTER_FAULTS = ("paper_out", "head_open", "ribbon_out", "drop", "silent", "garbled", "cut")
SCALE_FAULTS = ("unplug", "freeze", "noise", "half")
SCANNER_FAULTS = ("unplug", "half")


@dataclass(slots=True)
class Day:
    """Everything that will happen, in order."""

    deeds: list[tuple[int, Deed]] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)

    def at(self, moment: int, what: str, deed: Deed) -> None:
        """Plan a deed; ``what`` counts it as a fault, "" does not."""

        def do() -> None:
            if what:
                self.injected[what] += 1
            deed()

        self.deeds.append((moment, do))

    def in_order(self) -> list[tuple[int, Deed]]:
        """The deeds by time."""
        return sorted(self.deeds, key=lambda each: each[0])


def plan_troubles(day: Day, world: World, sky: Sky, hours: tuple[int, int], seed: int) -> None:
    """Draw what goes wrong with network and devices between two moments."""
    draw = random.Random(f"troubles {seed}")
    start, end = hours
    if sky.calls:
        for number, shop in enumerate(world.shops.values()):
            shop.storm(seed + number, sky.calls, SHOP_FAULTS)
        world.carrier.storm(seed + 99, sky.calls, CARRIER_FAULTS)
        if world.robot is not None:
            world.robot.storm(seed + 98, sky.calls, ROBOT_FAULTS)
    for _ in range(sky.cuts):
        at = draw.randint(start, max(start, end - 20 * MINUTE))
        day.at(at, "network cut", world.cut)
        day.at(at + draw.randint(5, 20) * MINUTE, "", world.restore)
    for station in world.gear:
        at = start
        while sky.device_every and (at := at + later(draw, sky.device_every)) < end:
            device_trouble(day, world, station, at, draw)


def later(draw: random.Random, minutes: int) -> int:
    """Some time around so many minutes, in milliseconds."""
    return int(draw.uniform(0.3, 1.7) * minutes * MINUTE)


def device_trouble(day: Day, world: World, station: str, at: int, draw: random.Random) -> None:
    """One device of a bench fails for some minutes."""
    gear = world.gear[station]
    over = at + draw.randint(4, 15) * MINUTE
    kind = draw.choice(("printer", "scale", "scanner", "camera"))
    if kind == "printer":
        fault = draw.choice(PRINTER_FAULTS)
        cut = fault == "cut"
        day.at(at, f"printer {fault}", gear.printer.cut if cut else partial(_fault, gear, fault))
        day.at(over, "", gear.printer.restore if cut else partial(_fault, gear, ""))
    elif kind == "scale":
        fault = draw.choice(SCALE_FAULTS)
        deeds: dict[str, Deed] = {
            "unplug": gear.scale.unplug,
            "freeze": gear.scale.freeze,
            "noise": gear.scale.noise,
            "half": gear.scale.half_frame,
        }
        day.at(at, f"scale {fault}", deeds[fault])
        day.at(over, "", partial(gear.scale.freeze, False))
        day.at(over, "", gear.scale.replug)
    elif kind == "scanner":
        fault = draw.choice(SCANNER_FAULTS)
        half = partial(gear.scanner.send, b"69720410")
        day.at(at, f"scanner {fault}", half if fault == "half" else gear.scanner.unplug)
        if fault == "unplug":
            day.at(over, "", gear.scanner.replug)
    elif gear.camera is not None:
        fault = draw.choice(("truncated", "error", "html", "broken_off"))
        day.at(at, f"camera {fault}", partial(gear.camera.fault, fault))
        day.at(over, "", partial(gear.camera.fault, ""))


def _fault(gear: object, name: str) -> None:
    gear.printer.fault(name)  # type: ignore[attr-defined]  # Gear; partial keeps no type


@dataclass(slots=True)
class Minds:
    """Buyers and sellers who change something after an order came in."""

    world: World
    sky: Sky
    draw: random.Random
    day: Day
    open_refunds: set[tuple[str, str]] = field(default_factory=set)
    stopped: set[tuple[str, str]] = field(default_factory=set)

    def after(self, shop: str, tid: str, now: int) -> list[tuple[int, Deed]]:
        """What will still happen to this order, to be done at those moments."""
        standing = self.world.shops[shop].standing(tid)
        if standing.stage == "unpaid":
            at = now + later(self.draw, 30)
            paid = [(at, partial(self._pay, shop, tid))] if self._maybe(0.6) else []
            return paid + self._touches(shop, tid, at)
        if standing.refunded:
            self.open_refunds.add((shop, tid))
            return [(now + later(self.draw, 90), partial(self._settle, shop, tid))]
        touches = self._touches(shop, tid, now)
        if not self._maybe(self.sky.buyers):
            return touches
        return touches + self._change(
            shop, tid, now + later(self.draw, self.draw.choice((2, 10, 60, 120)))
        )

    def _maybe(self, share: float) -> bool:
        return self.draw.random() < share

    def _touches(self, shop: str, tid: str, now: int) -> list[tuple[int, Deed]]:
        """The small changes of an order's life; each is a new version at the platform."""
        deeds: list[tuple[int, Deed]] = []
        for number in range(self.draw.randint(*self.sky.touches)):
            at = now + later(self.draw, self.draw.choice((5, 20, 60, 120)))
            kind = self.draw.choices(("memo", "address", "hold"), (90, 2, 8))[0]
            deeds += self._moved(kind, shop, tid, at, f"备注{number + 1}：尽快发出")
        return deeds

    def _change(self, shop: str, tid: str, at: int) -> list[tuple[int, Deed]]:
        kind = self.draw.choice(("refund", "refund", "line", "close", "address", "memo", "hold"))
        self.day.injected[f"buyer {kind}"] += 1
        if kind in ("refund", "line"):
            lines = list(self.world.shops[shop].standing(tid).refunds)
            return [
                (at, partial(self._refund, shop, tid, lines[0] if kind == "line" else None)),
                (at + later(self.draw, 60), partial(self._settle, shop, tid)),
            ]
        if kind == "close":
            return [(at, partial(self.world.shops[shop].close, tid))]
        return self._moved(kind, shop, tid, at, "客户改要红色，务必核对")

    def _moved(self, kind: str, shop: str, tid: str, at: int, memo: str) -> list[tuple[int, Deed]]:
        server = self.world.shops[shop]
        if kind == "memo":
            return [(at, partial(server.memo, tid, memo))]
        if kind == "hold":
            lift = (at + later(self.draw, 60), partial(self._lift, shop, tid))
            return [(at, partial(self._stop, shop, tid)), lift]
        return [(at, partial(server.change_address, tid, "新地址：滨江区江南大道228号5幢"))]

    def _pay(self, shop: str, tid: str) -> None:
        """Whoever has not closed the order meanwhile pays it."""
        if self.world.shops[shop].standing(tid).stage == "unpaid":
            self.world.shops[shop].pay(tid)

    def _refund(self, shop: str, tid: str, line: str | None) -> None:
        """Buyers ask for their money while the order is still theirs to stop."""
        server = self.world.shops[shop]
        if server.standing(tid).stage == "closed":
            return
        if server.tells_wishes:
            server.refund(tid, line)
            self.open_refunds.add((shop, tid))
        else:
            server.agree_refund(tid, line)

    def _settle(self, shop: str, tid: str) -> None:
        """The refund is agreed to, or the buyer thinks better of it."""
        server = self.world.shops[shop]
        self.open_refunds.discard((shop, tid))
        for line, refund in server.standing(tid).refunds.items():
            if refund == "open":
                settle = server.agree_refund if self._maybe(0.5) else server.withdraw_refund
                settle(tid, line)

    def _stop(self, shop: str, tid: str) -> None:
        """The platform holds an order back for a while."""
        self.world.shops[shop].hold(tid)
        self.stopped.add((shop, tid))

    def _lift(self, shop: str, tid: str) -> None:
        self.world.shops[shop].hold(tid, on=False)
        self.stopped.discard((shop, tid))

    def settle_all(self) -> None:
        """The day is over: every open refund gets its answer, every order may go."""
        for shop, tid in sorted(self.stopped):
            self._lift(shop, tid)
        for shop, tid in sorted(self.open_refunds):
            self._settle(shop, tid)
