"""Every device is pulled out while a parcel is being weighed, and put back: nothing is lost."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.events import first_broken
from core.floor.values import BenchView, Step
from core.store import Row
from tests.until import until
from tui.demo.furnishing import furnish, open_books, take_in_past, write_config
from tui.demo.goods import goods
from tui.demo.hand import NEXT, weight_of
from tui.demo.orders import Buyers
from tui.demo.world import Gear, World
from tui.station import Station
from tui.wiring import Works

SECONDS = 20.0


@dataclass
class Desk:
    """One bench with everything plugged in, worked through its wires only."""

    works: Works
    station: Station
    gear: Gear

    def scan(self, code: str) -> BenchView:
        """One code over the scanner's wire, and the answer to it."""
        before = self.station.view().outcome
        self.gear.scanner.scan(code)
        until(lambda: self.station.view().outcome is not before, SECONDS)
        return self.station.view()

    def to_the_scale(self) -> BenchView:
        """The next order, picked and packed; the last right scan brings it to the scale."""
        view, last = self.scan(NEXT), ""
        while view.step in (Step.PICK, Step.PACK):
            line = view.lines[view.current]
            code = "PKDONE1" if line.by_hand else goods().products[line.sku].barcode
            if code == last:
                until_past(self.works, 0.35)
            view, last = self.scan(code), code
        assert view.step is Step.WEIGH
        return view

    def order(self, number: str) -> Row:
        row = self.works.store.read.one(
            "SELECT o.id, o.stage, p.weight_g, p.waybill FROM orders o"
            " LEFT JOIN parcels p ON p.order_id = o.id AND p.voided_at IS NULL"
            " WHERE o.number = ?",
            number,
        )
        assert row is not None
        return row

    def weighed(self, number: str) -> bool:
        return self.order(number)["weight_g"] is not None

    def state(self, kind: str) -> bool:
        return all(d.connected for d in self.station.devices() if d.kind == kind)


def until_past(works: Works, seconds: float) -> None:
    """A hand passes two units that far apart."""
    end = works.clock.monotonic() + seconds
    until(lambda: works.clock.monotonic() > end)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = SystemClock()
    with World(tmp_path, clock) as world:
        works = Works(write_config(world))
        try:
            furnish(works, goods())
            open_books(works, clock.now() - 3_600_000)
            buyers = Buyers(goods(), 2, trouble=0.0)
            with world.back_then(clock.now() - 600_000):
                for _ in range(3):
                    world.buy("XY", buyers.next())
            take_in_past(works)
            works.engine.start()
            opened = Desk(works, works.station("B1"), world.gear["B1"])
            opened.station.start()
            until(lambda: opened.state("scanner") and opened.state("scale"), SECONDS)
            opened.scan(goods().packers[0])
            yield opened
        finally:
            works.close()


def pull_scale(desk: Desk) -> Callable[[], None]:
    desk.gear.scale.unplug()
    until(lambda: not desk.state("scale"), SECONDS)
    return desk.gear.scale.replug


def pull_scanner(desk: Desk) -> Callable[[], None]:
    desk.gear.scanner.unplug()
    until(lambda: not desk.state("scanner"), SECONDS)
    return desk.gear.scanner.replug


def pull_printer(desk: Desk) -> Callable[[], None]:
    desk.gear.printer.cut()
    return desk.gear.printer.restore


def pull_camera(desk: Desk) -> Callable[[], None]:
    assert desk.gear.camera is not None
    desk.gear.camera.cut()
    return desk.gear.camera.restore


PULLS = {
    "scale": (pull_scale,),
    "scanner": (pull_scanner,),
    "printer": (pull_printer,),
    "camera": (pull_camera,),
    "everything": (pull_printer, pull_camera, pull_scanner, pull_scale),
}


@pytest.mark.parametrize("which", PULLS)
def test_pulled_out_while_weighing_and_put_back(desk: Desk, which: str) -> None:
    view = desk.to_the_scale()
    grams = weight_of(view.lines, goods().products)
    desk.gear.scale.put(grams)
    put_back = [pull(desk) for pull in PULLS[which]]
    if "scale" not in which and which != "everything":
        until(lambda: desk.weighed(view.number), SECONDS)
        if which == "printer":
            assert desk.gear.printer.labels == []
    for each in put_back:
        each()
    until(lambda: desk.state("scale") and desk.state("scanner"), SECONDS)
    if not desk.weighed(view.number):  # the parcel is lifted and put on again, as the bench asks
        desk.gear.scale.clear()
        scale = desk.station.scale
        assert scale is not None
        until(lambda: scale.status.last is not None and scale.status.last.grams == 0, SECONDS)
        desk.gear.scale.put(grams)
        until(lambda: desk.weighed(view.number), SECONDS)
    until(lambda: desk.order(view.number)["stage"] == "labelled", SECONDS)
    row = desk.order(view.number)
    assert row["weight_g"] == grams
    desk.gear.printer.wait_for(1, SECONDS)
    labels = [x for x in desk.gear.printer.labels if x.number == view.number]
    assert [(x.waybill, x.copy) for x in labels] == [(row["waybill"], 1)]
    assert first_broken(desk.works.store.read, row["id"]) is None
    steps = "SELECT count(*) AS n FROM events WHERE order_id = ? AND kind IN"
    steps += " ('picked', 'verified', 'weighed')"

    def every_step_has_a_photo_or_a_reason() -> bool:
        made = desk.works.store.read.one(steps, row["id"])
        kept = desk.works.store.read.one(
            "SELECT count(*) AS n FROM evidence WHERE order_id = ?", row["id"]
        )
        return made is not None and kept is not None and made["n"] == kept["n"] == 3

    until(every_step_has_a_photo_or_a_reason, SECONDS)
    desk.gear.scale.clear()
    until_past(desk.works, 0.2)
    after = desk.scan(NEXT)
    assert after.number not in ("", view.number)
