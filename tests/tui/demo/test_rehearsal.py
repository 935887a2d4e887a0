"""Rehearsed days balance, and the accounting sees when they do not."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from drivers.simulated.http import SimulatedServer
from tui.cli import main
from tui.demo.accounting import Books
from tui.demo.furnishing import write_config
from tui.demo.goods import goods
from tui.demo.opening import open_doors
from tui.demo.rehearsal import Report, Wanted, rehearse
from tui.demo.troubles import Weather
from tui.demo.world import Shape, World
from tui.wiring import Works


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("weather", list(Weather))
def test_a_day_balances(weather: Weather, seed: int) -> None:
    report = rehearse(Wanted(orders=20, benches=2, seed=seed, weather=weather))
    assert report.differences == []
    assert report.sums.shipped + report.sums.held + report.sums.cancelled == 20
    assert report.sums.shipped > 0
    assert report.scans > report.sums.shipped * 5
    assert bool(report.faults) == (weather is not Weather.NONE)


def test_the_command_tells_the_day_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rehearse", "--orders", "3", "--benches", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["balanced"] is True
    assert told["sums"]["placed"] == 3
    assert told["differences"] == []


def test_a_difference_makes_the_command_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tui.demo import rehearsal

    def lost_label(wanted: Wanted) -> Report:
        report = Report(wanted)
        report.differences += planted
        return report

    from tui.demo.accounting import Difference

    planted = [Difference("label", "DB20260120001", "one first label", "0")]
    monkeypatch.setattr(rehearsal, "rehearse", lost_label)
    assert main(["rehearse", "--orders", "1", "--language", "en"]) == 1
    assert "DB20260120001" in capsys.readouterr().out


# --- planted differences ------------------------------------------------------------------------

Plant = Callable[[World, Works], None]


def throw_label_away(world: World, works: Works) -> None:
    world.gear["B2"].printer.labels.pop(0)


def print_label_twice(world: World, works: Works) -> None:
    labels = world.gear["B2"].printer.labels
    labels.append(labels[0])


def buy_twice(world: World, works: Works) -> None:
    world.carrier._live["78000000000000"] = "nobody"


def lose_waybill(world: World, works: Works) -> None:
    world.carrier._live.pop(next(iter(world.carrier._live)))


def tell_shop_twice(world: World, works: Works) -> None:
    handed = works.store.read.one(
        "SELECT o.platform_number, s.code FROM orders o JOIN shops s ON s.id = o.shop_id"
        " WHERE o.stage = 'shipped'"
    )
    assert handed is not None
    tid = handed["platform_number"]
    world.shops[handed["code"]].commit(what="shipped", tid=tid, waybill="OTHER123", oids=[tid])


def lose_order(world: World, works: Works) -> None:
    from tui.demo.orders import Buyers

    world.buy("MS", Buyers(goods(), 99).next())


def take_from_shelf(world: World, works: Works) -> None:
    works.store.do(
        lambda tx: tx.run("UPDATE stock SET on_hand = on_hand - 1 WHERE on_hand > reserved + 1")
    )


def edit_event(world: World, works: Works) -> None:
    def forge(tx: object) -> None:
        tx.run("DROP TRIGGER events_stay")  # type: ignore[attr-defined]
        tx.run("UPDATE events SET at = at + 1 WHERE id = 20")  # type: ignore[attr-defined]

    works.store.do(forge)


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Works]]:
    """A furnished place with a few shipped parcels; each test plants one more lie."""
    folder = tmp_path_factory.mktemp("books")
    with World(folder, SystemClock(), Shape(stations=("B1", "B2"))) as world:
        works = Works(write_config(world))
        open_doors(world, works, goods(), orders=40, seed=5)
        yield world, works
        works.close()


@pytest.mark.parametrize(
    ("plant", "check"),
    [
        (throw_label_away, "label"),
        (print_label_twice, "label"),
        (buy_twice, "waybill"),
        (lose_waybill, "waybill"),
        (tell_shop_twice, "tracking"),
        (lose_order, "order"),
        (take_from_shelf, "stock"),
        (edit_event, "events"),
    ],
)
def test_the_accounting_sees(morning: tuple[World, Works], plant: Plant, check: str) -> None:
    world, works = morning
    before = found(world, works)
    plant(world, works)
    assert found(world, works)[check] > before[check]


def found(world: World, works: Works) -> dict[str, int]:
    """How many differences each comparison finds."""
    from collections import Counter

    books = Books(works.store.read, world, works.place.shops)
    return Counter(difference.check for difference in books.compare())


def test_struck_calls_are_counted() -> None:
    server = SimulatedServer(SystemClock())
    assert server.played == {}


def test_kept_folder_holds_the_day(tmp_path: Path) -> None:
    report = rehearse(Wanted(orders=2, benches=1, keep=tmp_path / "day"))
    assert report.balanced
    assert (tmp_path / "day" / "packline.db").exists()
