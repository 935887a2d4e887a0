"""A bench in this process, its devices on real wires: what enters it, and what must not be lost."""

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.floor.values import BenchView, Step, Tone
from core.messages import Message
from core.ports import Scan
from core.store import database
from core.store import store as writer
from tests.until import until
from tui.demo.furnishing import furnish, open_books, take_in_past, write_config
from tui.demo.goods import Goods, goods
from tui.demo.orders import Buyers
from tui.demo.world import Gear, World
from tui.station import Station
from tui.wiring import Works


@dataclass
class Bench:
    """One bench, and everything it showed."""

    works: Works
    station: Station
    gear: Gear
    goods: Goods
    shown: list[BenchView] = field(default_factory=list)
    mentioned: list[Message] = field(default_factory=list)

    def reads(self, code: str, at: int, source: str = "B1 serial") -> BenchView:
        return self.station.scan(Scan(code, at, source)).result(timeout=10)

    def opens(self) -> BenchView:
        """Sign in and take the next order; long before anything the test scans."""
        self.reads(self.goods.packers[0], 0)
        return self.reads("PKNEXT1", 10_000)

    def barcode(self, view: BenchView) -> str:
        return self.goods.products[view.lines[view.current].sku].barcode

    def repeats(self) -> int:
        return next(d.repeats for d in self.station.devices() if d.kind == "scanner")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: the rules are tested here, not the disk."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def bench(room: Path) -> Iterator[Bench]:
    things = goods()
    clock = SystemClock()
    with World(room, clock) as world:
        works = Works(write_config(world))
        try:
            furnish(works, things)
            open_books(works, clock.now() - 600_000)
            buyers = Buyers(things, 2, trouble=0.0)
            with world.back_then(clock.now() - 400_000):
                for _ in range(6):
                    world.buy("XY", buyers.next())
            take_in_past(works)
            made = Bench(works, works.station("B1"), world.gear["B1"], things)
            made.station.listener = made.shown.append
            made.station.mention = made.mentioned.append
            yield made
        finally:
            works.close()


def picked(view: BenchView) -> int:
    return sum(line.picked for line in view.lines)


def test_a_code_left_in_view_counts_once_and_is_mentioned(bench: Bench) -> None:
    view = bench.opens()
    assert view.step is Step.PICK
    code = bench.barcode(view)
    first = bench.reads(code, 20_000)
    again = bench.reads(code, 20_200)
    assert picked(first) == picked(again) == picked(view) + 1
    assert again.outcome is first.outcome
    assert bench.repeats() == 1
    assert [told.id for told in bench.mentioned] == ["station.read_twice"]
    bench.reads("PLTEST1-0123456789", 30_000)
    assert bench.mentioned[-1].id == "selftest.well"
    assert bench.station.view().outcome is first.outcome


def test_the_next_unit_of_the_same_product_counts(bench: Bench) -> None:
    view = bench.opens()
    code = bench.barcode(view)
    bench.reads(code, 20_000)
    after = bench.reads(code, 20_350)
    assert bench.repeats() == 0
    assert after.outcome is not None
    assert after.outcome.tone in (Tone.ACCEPTED, Tone.COMPLETE, Tone.TOO_MANY)


def test_a_bounced_command_is_done_once(bench: Bench) -> None:
    view = bench.opens()
    code = bench.barcode(view)
    bench.reads(code, 20_000)
    once = bench.reads("PKUNDO1", 21_000)
    twice = bench.reads("PKUNDO1", 22_400)
    assert once.number == twice.number == view.number
    assert twice.outcome is once.outcome
    assert bench.repeats() == 1


def test_two_scanners_reading_one_code_are_two_scans(bench: Bench) -> None:
    bench.opens()
    stray = "6900000000014"
    one = bench.reads(stray, 30_000, "left")
    two = bench.reads(stray, 30_010, "right")
    assert one.outcome is not two.outcome


def test_pressing_a_key_twice_is_two_presses(bench: Bench) -> None:
    bench.opens()
    one = bench.station.key("PKHELP1").result(timeout=10)
    two = bench.station.key("PKHELP1").result(timeout=10)
    assert one.outcome is not two.outcome


class Hog:
    """Another program that keeps the database locked."""

    def __init__(self, path: Path) -> None:
        self.connection = database.sqlite.connect(str(path), isolation_level=None)
        self.connection.execute("BEGIN IMMEDIATE")

    def lets_go(self) -> None:
        self.connection.execute("ROLLBACK")
        self.connection.close()


def test_a_scan_that_cannot_be_kept_stops_the_bench_until_one_is(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer, "LOCK_PATIENCE_S", 0.05)
    caplog.set_level(logging.INFO, "tui.station")
    view = bench.opens()
    code = bench.barcode(view)
    until(lambda: bench.shown and bench.shown[-1].outcome is view.outcome)
    hog = Hog(bench.works.config.database)
    for at in (20_000, 20_050, 20_100):  # a packer who tries again at once is no double read
        shown = len(bench.shown)
        bench.station.scan(Scan(code, at, "B1 serial"))
        until(lambda shown=shown: len(bench.shown) > shown)  # type: ignore[misc] # default argument
        told = bench.shown[-1].outcome
        assert told is not None
        assert told.tone is Tone.STOP
        assert (told.say.id, told.next.id, told.code) == (
            "store.locked",
            "station.scan_again",
            code,
        )
        assert bench.shown[-1].number == view.number
        bench.station.refresh()
        assert bench.station.view().outcome is bench.station._stopped
    hog.lets_go()
    after = bench.reads(code, 20_150)
    assert picked(after) == picked(view) + 1
    until(lambda: bench.shown[-1].outcome is after.outcome)
    said = [record.message for record in caplog.records]
    assert sum("is not kept" in line for line in said) == 1
    assert sum("keeps what is scanned again" in line for line in said) == 1


def test_a_weight_that_cannot_be_kept_is_asked_for_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LOCK_PATIENCE_S", 0.05)
    view, at = bench.opens(), 20_000
    while view.step in (Step.PICK, Step.PACK):
        at += 2_000
        by_hand = view.lines[view.current].by_hand
        view = bench.reads("PKDONE1" if by_hand else bench.barcode(view), at)
    assert view.step is Step.WEIGH
    scale = bench.station.scale
    assert scale is not None
    scale.start()
    until(lambda: scale.status.last is not None)
    hog = Hog(bench.works.config.database)
    bench.gear.scale.put(777)
    until(lambda: bench.shown[-1].outcome and bench.shown[-1].outcome.next.id == WEIGH_AGAIN)
    hog.lets_go()
    bench.gear.scale.clear()
    until(lambda: scale.status.last and scale.status.last.grams == 0)
    bench.gear.scale.put(778)
    until(lambda: booked(bench) == 778 or "778" in str(bench.shown[-1].outcome))


WEIGH_AGAIN = "station.weigh_again"


def booked(bench: Bench) -> int | None:
    weight = bench.station.view().weight
    return weight.actual_g if weight else None


def test_a_database_that_cannot_be_read_keeps_the_last_picture(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = bench.opens()
    until(lambda: bench.shown[-1].number == view.number)
    original = bench.station.bench.view

    def refuse() -> BenchView:
        raise OSError("disk gone")

    monkeypatch.setattr(bench.station.bench, "view", refuse)
    bench.station.refresh()
    until(lambda: bench.shown[-1].outcome and bench.shown[-1].outcome.tone is Tone.STOP)
    assert bench.shown[-1].number == view.number
    after = bench.reads("6900000000021", 60_000)  # a commit brings its picture with it
    until(lambda: bench.shown[-1].outcome is after.outcome)
    monkeypatch.setattr(bench.station.bench, "view", original)
    after = bench.reads("6900000000014", 70_000)
    until(lambda: bench.shown[-1].outcome is after.outcome)


def test_two_scanners_at_full_speed_lose_nothing_and_keep_their_order(bench: Bench) -> None:
    """20 scans a second for 60 seconds from two devices at once."""
    bench.opens()
    answered: dict[str, list[str]] = {"left": [], "right": []}
    turn = threading.Lock()

    def heard(view: BenchView, source: str, sent: str) -> None:
        with turn:
            answered[source].append(sent)
        assert view.outcome is not None

    def shoot(source: str, prefix: str) -> None:
        for number in range(1200):
            code = f"{prefix}{number:06d}"
            future = bench.station.scan(Scan(code, 100_000 + number * 50, source))
            future.add_done_callback(
                lambda done, code=code: heard(done.result(), source, code)  # type: ignore[misc]  # default argument
            )

    guns = [threading.Thread(target=shoot, args=each) for each in (("left", "L"), ("right", "R"))]
    for gun in guns:
        gun.start()
    for gun in guns:
        gun.join()
    until(lambda: len(answered["left"]) == len(answered["right"]) == 1200, seconds=60)
    assert answered["left"] == [f"L{n:06d}" for n in range(1200)]
    assert answered["right"] == [f"R{n:06d}" for n in range(1200)]
    last = bench.station.bench.view().outcome
    assert last is not None
    assert last.code in ("L001199", "R001199")
