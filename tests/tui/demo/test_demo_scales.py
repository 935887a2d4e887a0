"""The demonstration's bench with any scale: each is read by the station as configured."""

from pathlib import Path

import pytest

from core.clock import SystemClock
from drivers.simulated.scale_frames import ENCODERS
from tests.until import until
from tui.cli import main
from tui.demo.furnishing import furnish, write_config
from tui.demo.goods import goods
from tui.demo.world import Shape, World
from tui.wiring import Works


@pytest.mark.parametrize("protocol", list(ENCODERS))
def test_the_bench_reads_any_scale(tmp_path: Path, protocol: str) -> None:
    with World(tmp_path, SystemClock(), Shape(cameras=0, scale=protocol)) as world:
        works = Works(write_config(world))
        try:
            furnish(works, goods())
            scale = works.station("B1").scale
            assert scale is not None
            scale.start()
            world.gear["B1"].scale.put(1250)
            until(lambda: scale.status.last is not None and scale.status.last.grams, 15)
            until(lambda: abs((scale.status.last.grams or 0) - 1250) < 15, 15)  # type: ignore[union-attr] # above
            scale.stop()
        finally:
            works.close()


@pytest.mark.parametrize(("scanner", "printer"), [("evdev", "tspl"), ("serial", "zpl")])
def test_the_bench_has_any_scanner_and_printer(tmp_path: Path, scanner: str, printer: str) -> None:
    shape = Shape(cameras=0, scanner=scanner, printer=printer)
    with World(tmp_path, SystemClock(), shape) as world:
        works = Works(write_config(world))
        try:
            furnish(works, goods())
            station, gear = works.station("B1"), world.gear["B1"]
            station.start()
            until(lambda: all(device.connected for device in station.devices()), 15)
            gear.scanner.scan(goods().packers[0])
            until(lambda: station.view().operator, 15)
            assert gear.printer.language == printer and gear.printer.heard > 0
        finally:
            works.close()


def test_an_unknown_scale_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["demo", "--scale", "abacus", "--dir", str(tmp_path / "d"), "--language", "en"]
    assert main(words) == 1
    assert "mt_sics" in capsys.readouterr().err
