"""The made-up world: its data, its configuration, and a furnished morning."""

import stat
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.config import read_config
from core.errors import Problem
from core.floor.content import gtin14
from core.stock import differences
from tests.until import until
from tui.cli import main
from tui.demo.furnishing import MARKER, occupied, remove, write_config
from tui.demo.goods import goods
from tui.demo.guide import Guide
from tui.demo.opening import open_doors
from tui.demo.orders import Buyers
from tui.demo.world import Shape, World
from tui.station import Station
from tui.wiring import Works


def test_products_carry_codes_a_scanner_would_accept() -> None:
    every = goods().products.values()
    assert len(every) == 60
    codes = [product.barcode for product in every]
    assert len(set(codes)) == len(codes)
    assert all(gtin14(code) for code in codes)
    assert all(product.grams > 0 for product in every)
    assert all(set(b.parts) <= set(goods().products) for b in goods().bundles.values())


def test_the_same_seed_makes_the_same_buyers() -> None:
    first, second, other = Buyers(goods(), 7), Buyers(goods(), 7), Buyers(goods(), 8)
    days = [[buyers.next() for _ in range(50)] for buyers in (first, second, other)]
    assert days[0] == days[1]
    assert days[0] != days[2]


def test_the_configuration_is_private_and_complete(tmp_path: Path) -> None:
    with World(tmp_path, SystemClock(), Shape(stations=("B1", "B2"))) as world:
        config = write_config(world)
        assert stat.S_IMODE(config.path.stat().st_mode) == 0o600
        assert [shop.code for shop in config.shops] == ["MS", "XY"]
        assert all(s.scale and s.printer and s.camera and s.scanners for s in config.stations)
        assert "simulated" not in config.path.read_text(encoding="utf-8")


def test_only_our_own_folder_is_removed(tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    with pytest.raises(Problem, match=r"demo\.not_ours"):
        remove(tmp_path)
    assert precious.exists()
    with occupied(tmp_path / "demo") as folder:
        assert (folder / MARKER).exists()
        with pytest.raises(Problem, match=r"demo\.running"):
            remove(folder)
    assert remove(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()
    assert not remove(tmp_path / "demo")


def test_a_morning_has_orders_at_every_stage(tmp_path: Path) -> None:
    with World(tmp_path, SystemClock(), Shape(stations=("B1", "B2"))) as world:
        works = Works(write_config(world))
        try:
            open_doors(world, works, goods(), orders=60, seed=3)
            read = works.store.read
            stages = {row["stage"] for row in read.all("SELECT DISTINCT stage FROM orders")}
            wanted = {"received", "ready", "picking", "packing", "weighing", "labelled", "shipped"}
            assert stages >= wanted
            assert differences(read) == []
            masked = read.one("SELECT 1 FROM orders WHERE receiver_phone LIKE '%*%'")
            plain = read.one("SELECT 1 FROM orders WHERE same_buyer = 1")
            assert masked is not None
            assert plain is not None
        finally:
            works.close()


def test_f12_takes_a_newcomer_to_the_courier(tmp_path: Path) -> None:
    """The guide's own devices do it: pty scanner, pty scale, printed label."""
    with World(tmp_path, SystemClock()) as world:
        config = write_config(world)
        no_bounce = {"repeat_ms": 0, "repeat_counting_ms": 0, "repeat_command_ms": 0}
        works = Works(replace(config, **no_bounce))  # this test presses faster than a hand
        try:
            open_doors(world, works, goods(), orders=8, seed=3)
            station = works.station("B1")
            works.engine.start()
            station.start()
            until(lambda: station.scanners[0].state.connected)
            guide = Guide(world.gear["B1"], goods(), goods().packers[0])
            press_until_shipped(works, station, guide)
        finally:
            works.close()


def moved(station: Station, before: object) -> bool:
    """Whether the bench has answered something else since."""
    return station.bench.view().outcome is not before


def press_until_shipped(works: Works, station: Station, guide: Guide) -> None:
    """Press F12 until one parcel left, waiting for the bench's answer after each press."""
    for _ in range(60):
        before = station.bench.view()
        line = guide.line(before)
        guide.act(before)
        if line.id in ("demo.empty_scale", "demo.wait"):
            continue
        until(partial(moved, station, before.outcome), seconds=10)
        if works.store.read.one("SELECT 1 FROM orders WHERE stage = 'shipped'"):
            return
        if line.id == "demo.weigh":
            until(lambda: works.store.read.one("SELECT 1 FROM orders WHERE stage = 'labelled'"), 10)
    raise AssertionError("nothing was shipped")


def test_the_command_furnishes_and_removes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo"
    words = ["--dir", str(folder), "--language", "en"]
    assert main(["demo", "--no-screen", "--orders", "10", *words]) == 0
    assert "F12" in capsys.readouterr().out
    config = read_config(folder / "packline.toml")
    assert config.database.exists()
    assert (folder / "packline.toml").stat().st_mode & 0o077 == 0
    assert main(["demo", "--remove", *words]) == 0
    assert not folder.exists()
    assert main(["demo", "--remove", "--dir", str(tmp_path), "--language", "en"]) == 0
    (tmp_path / "mine").write_text("")
    assert main(["demo", "--remove", "--dir", str(tmp_path), "--language", "en"]) == 1


def test_a_file_pulls_the_network_cable(tmp_path: Path) -> None:
    from tui.demo.life import Life

    with World(tmp_path, SystemClock()) as world:
        write_config(world)
        with Life(world, Buyers(goods(), 1), 1) as life:
            life.switch.touch()
            until(lambda: not world.online)
            life.switch.unlink()
            until(lambda: world.online)
