"""Captures: what a scale sent is kept byte for byte and reads the same again."""

import threading
import time
from pathlib import Path

import pytest

from core.clock import FastClock
from core.errors import Problem
from drivers.scales import stable_weights
from drivers.scales.capture import decode_stream, record, replay
from drivers.scales.live import LiveScale
from drivers.simulated import tape
from drivers.simulated.scale import SimulatedScale
from drivers.simulated.scale_frames import ENCODERS, Load
from tests.until import until


def test_record_then_replay_books_the_same_parcel(tmp_path: Path) -> None:
    out = tmp_path / "scale.jsonl"
    with SimulatedScale("st_gs", speed=10, settle_ms=300) as device:
        device.put(1234)
        count = record(str(device.path), out, 3, clock=FastClock(0, 10))
    chunks = list(replay(out))
    assert count == sum(len(data) for _, data in chunks) > 100
    assert [str(weight) for _, weight in stable_weights("st_gs", chunks)] == ["1.234"]
    *readings, end = decode_stream("st_gs", {}, (data for _, data in chunks))
    assert end["bytes"] == count and end["frames"] == len(readings)
    assert readings[-1] == {
        "weight": "1.234",
        "unit": "kg",
        "stable": True,
        "status": "ok",
        "grams": "1234",
        "mode": "gross",
    }


def test_a_polled_scale_is_asked_while_recording(tmp_path: Path) -> None:
    out = tmp_path / "scale.jsonl"
    with SimulatedScale("mt_sics", speed=10, settle_ms=1) as device:
        device.put(500)
        record(str(device.path), out, 2, ask=b"SI\r\n", clock=FastClock(0, 10))
    assert b"0.500 kg" in b"".join(data for _, data in replay(out))


@pytest.mark.parametrize("line", ["{", "[]", '{"ms": 1}', '{"ms": 1, "hex": "0g"}', "3"])
def test_a_damaged_capture_names_the_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"ms": 0, "hex": "00"}\n\n' + line + "\n")
    with pytest.raises(Problem) as problem:
        list(replay(path))
    assert problem.value.message.data["line"] == 3
    with pytest.raises(Problem):
        list(replay(tmp_path / "missing.jsonl"))


def test_a_recording_plays_as_the_scale_it_came_from(tmp_path: Path) -> None:
    """The bytes come at their moments, so that the same parcel is booked again."""
    frame = ENCODERS["wn_text"]
    rise = [(at * 100, frame(Load(0 if at < 5 else 1250))) for at in range(20)]
    booked: list[int] = []
    port, began = tmp_path / "scale", time.monotonic()
    player = threading.Thread(target=tape.play, args=(rise, port))
    player.start()
    until(port.is_symlink)
    scale = LiveScale(str(port), "wn_text", on_stable=lambda grams, at_ms: booked.append(grams))
    scale.start()
    player.join(10)
    scale.stop()
    assert booked == [1250]
    assert time.monotonic() - began >= 1.9
    assert not port.exists()


def test_a_recording_nobody_opens_can_be_ended(tmp_path: Path) -> None:
    ending = threading.Event()
    ending.set()
    assert tape.play([(0, b"x")], tmp_path / "scale", stop=ending) == 0
