"""Who does the work of a rehearsed day: packers at devices, in this process.

``tui.demo.processes`` has the others, in processes that are killed.
"""

import logging
from collections.abc import Iterator
from typing import Protocol

from tui.demo.accounting import Difference
from tui.demo.goods import Goods
from tui.demo.packers import Habits, Packer
from tui.demo.report import Report
from tui.demo.troubles import Day
from tui.demo.world import World
from tui.wiring import Works

log = logging.getLogger(__name__)


class Staff(Protocol):
    """The benches and the sync of one day."""

    def plan(self, day: Day, hours: tuple[int, int]) -> None:
        """Put into the day what will happen to those at work; ``hours`` are its worst."""

    def begin(self) -> None:
        """Come to work."""

    def courier(self, here: bool) -> None:
        """The courier stands at the door, or has left."""

    def left(self) -> Iterator[Difference]:
        """What they still have in hand."""

    def explain(self) -> None:
        """Put into the log what they did last: something does not end."""

    def end(self) -> None:
        """Go home."""

    def tell(self, report: Report) -> None:
        """What they did."""


class AtDevices:
    """Packers in threads of this process, at simulated scanners, scales and printers."""

    def __init__(self, works: Works, world: World, goods: Goods, seed: int) -> None:
        self.works = works
        self.packers: list[Packer] = []
        for number, (code, gear) in enumerate(world.gear.items()):
            badge = goods.packers[number % len(goods.packers)]
            self.packers.append(
                Packer(
                    *(works.station(code), gear, goods, Habits()),
                    badge=badge,
                    seed=seed * 100 + number,
                )
            )

    def plan(self, day: Day, hours: tuple[int, int]) -> None:
        """Nothing happens to people."""

    def begin(self) -> None:
        """Devices on, sync on, packers in."""
        for packer in self.packers:
            packer.station.start()
        self.works.engine.start()
        for packer in self.packers:
            packer.start()

    def courier(self, here: bool) -> None:
        """Everybody sees the door."""
        for packer in self.packers:
            (packer.courier.set if here else packer.courier.clear)()

    def left(self) -> Iterator[Difference]:
        """Parcels on a bench that are neither held nor gone."""
        for packer in self.packers:
            numbers = list(packer.parcels)
            if any(self._still_open(number) for number in numbers):
                yield Difference("drain", packer.badge, "nothing to do", " ".join(numbers))

    def explain(self) -> None:
        """The last scans of everybody."""
        for packer in self.packers:
            log.warning("%s: %s", packer.badge, "\n  ".join(packer.recent))

    def end(self) -> None:
        """Packers out, devices off, sync off."""
        for packer in self.packers:
            packer.stop()
        for packer in self.packers:
            packer.station.stop()
        self.works.engine.stop()

    def tell(self, report: Report) -> None:
        """Everybody's tally."""
        for packer in self.packers:
            report.add(packer.tally, packer.badge)

    def _still_open(self, number: str) -> bool:
        row = self.works.store.read.one(
            "SELECT 1 FROM orders WHERE number = ? AND open = 1 AND held = 0", number
        )
        return row is not None
