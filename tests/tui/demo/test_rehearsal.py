"""Rehearsed days balance, and the accounting sees when they do not."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.clock import FastClock, SystemClock
from core.orders.holds import hold
from core.store import Tx
from core.watch import raise_alert
from drivers.simulated.http import SimulatedServer
from drivers.simulated.shop_trades import SimLine, SimOrder
from tests.until import until
from tui.cli import main
from tui.commands.simulate import PLATFORMS, made
from tui.demo.accounting import Books
from tui.demo.furnishing import write_config
from tui.demo.goods import goods
from tui.demo.opening import open_doors
from tui.demo.processes import Worker
from tui.demo.rehearsal import rehearse
from tui.demo.report import Report, Wanted
from tui.demo.troubles import Weather
from tui.demo.world import NAMES, Shape, World
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


def shipped(works: Works) -> tuple[str, str]:
    """Shop and number of an order that left."""
    row = works.store.read.one(
        "SELECT o.platform_number, s.code FROM orders o JOIN shops s ON s.id = o.shop_id"
        " WHERE o.stage = 'shipped' ORDER BY o.id DESC"
    )
    assert row is not None
    return row["code"], row["platform_number"]


def ship_under_refund(world: World, works: Works) -> None:
    code, tid = shipped(works)
    shop = world.shops[code]
    (told, *_) = shop.shipments[tid]
    shop.refund(tid)
    asked = shop.journal[-1]["at"] + 1
    shop.commit(**{**told, "asked_at": asked, "at": asked})


def silence(world: World, works: Works) -> None:
    """An alert that was raised is gone, its event is not."""

    def write(tx: Tx) -> None:
        raise_alert(tx, "planted", "DB1", 1)
        tx.run("DELETE FROM alerts WHERE rule = 'planted'")

    works.store.do(write)


def hold_for_what_is_over(world: World, works: Works) -> None:
    def write(tx: Tx) -> None:
        row = tx.the("SELECT id FROM orders WHERE open = 1 ORDER BY id DESC")
        hold(tx, row["id"], "refund", "1")

    works.store.do(write)


def close_at_the_shop(world: World, works: Works) -> None:
    """The shop closed an order that still waits here."""
    row = works.store.read.one(
        "SELECT o.platform_number, s.code FROM orders o JOIN shops s ON s.id = o.shop_id"
        " WHERE o.open = 1 ORDER BY o.id"
    )
    assert row is not None
    world.shops[row["code"]].close(row["platform_number"])


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
        (ship_under_refund, "refund"),
        (silence, "alert"),
        (hold_for_what_is_over, "told"),
        (close_at_the_shop, "told"),
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


# --- processes that are killed --------------------------------------------------------------------

FIVE = ("taobao", "jd", "pdd", "douyin", "shopify")


def test_a_stormy_day_over_five_platforms_with_kills_balances(tmp_path: Path) -> None:
    """Real processes, killed and begun again; the same as the long runs, only smaller."""
    wanted = Wanted(orders=60, weather=Weather.STORM, platforms=FIVE, kills=4, speed=3000)
    report = rehearse(replace(wanted, keep=tmp_path / "day"))
    assert report.differences == []
    assert len(report.killed) == 4
    assert report.sums.shipped > 30
    assert report.scans > report.sums.shipped * 4
    assert report.sums.alerts > 0
    assert report.sums.digests > 0


def test_a_process_that_dies_by_itself_is_named(tmp_path: Path) -> None:
    worker = Worker("sync", [str(tmp_path / "nothing.toml"), "0", "1.0", "0.0"], tmp_path)
    worker.begin()
    until(lambda: worker.died() is not None, seconds=20)
    worker.end()
    assert worker.faults
    assert "exit 1" in worker.faults[0]


def test_processes_share_a_clock() -> None:
    here = FastClock(1_000_000, 500.0)
    there = FastClock(here.start, here.speed, origin=here.origin)
    before, other, after = here.now(), there.now(), here.now()
    assert before <= other <= after


def test_a_channel_that_cannot_be_simulated_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rehearse", "--platforms", "taobao,ebay", "--language", "en"]) != 0
    assert "ebay" in capsys.readouterr().err


@pytest.mark.parametrize("channel", sorted(NAMES))
def test_every_platform_says_how_an_order_stands(channel: str) -> None:
    shop = made(PLATFORMS[channel])
    lines = (SimLine(sku="A"), SimLine(sku="B"))[: 1 if channel == "kuaishou" else 2]
    number = shop.place(SimOrder(lines=lines, status="WAIT_BUYER_PAY"))
    assert shop.numbers() == [number]
    assert shop.standing(number).stage == "unpaid"
    shop.pay(number)
    assert (shop.standing(number).stage, shop.standing(number).refunded) == ("to_ship", False)
    first = next(iter(shop.standing(number).refunds))
    shop.refund(number, first)
    assert shop.standing(number).refunds[first] == "open"
    shop.withdraw_refund(number, first)
    assert not shop.standing(number).refunded
    shop.hold(number)
    assert shop.standing(number).stage == "hold"
    shop.hold(number, on=False)
    shop.agree_refund(number)
    assert shop.standing(number).stage == "closed"
    told = [(e["word"], len(e["oids"])) for e in shop.journal if e["what"] == "refund"]
    assert [told[0], told[1]] == [("open", 1), ("withdrawn", 1)]
    assert told[-1][0] == "refunded"
