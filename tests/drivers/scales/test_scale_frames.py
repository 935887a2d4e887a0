"""Every collected frame, whole, cut at every byte, byte by byte, and joined half way."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.errors import Problem
from drivers.scales import PROTOCOLS, Reading, decoder, stable_weights

FRAMES = json.loads((Path(__file__).parent / "scale_frames.json").read_text())
SERIAL = [f for f in FRAMES if f["protocol"] != "stability" and f.get("transport") != "hid"]
STABILITY = [f for f in FRAMES if f["protocol"] == "stability"]
HID = [f for f in FRAMES if f.get("transport") == "hid"]


def named(frames: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("frame", frames, ids=[f["id"] for f in frames])


def matches(reading: Reading, wanted: dict[str, Any]) -> bool:
    """Whether a reading says everything the collected frame says."""
    for key, value in wanted.items():
        got = getattr(reading, key)
        if key == "grams":
            if (got is None) != (value is None) or (got is not None and got != Decimal(value)):
                return False
        elif (str(got) if isinstance(got, Decimal) else got) != value:
            return False
    return True


def check(frame: dict[str, Any], readings: list[Reading]) -> None:
    wanted = frame["expected"]["readings"]
    spare = 1 if frame.get("accept_extra_last") else 0
    assert len(wanted) <= len(readings) <= len(wanted) + spare, readings
    for reading, one in zip(readings, wanted, strict=False):
        assert matches(reading, one), (reading, one)


def feed(frame: dict[str, Any], *chunks: bytes) -> list[Reading]:
    reader = decoder(frame["protocol"])
    readings = [reading for chunk in chunks for reading in reader.feed(chunk)]
    assert reader.rejected >= frame["expected"].get("rejected_min", 0)
    return readings


def test_the_collection_is_complete() -> None:
    assert len(FRAMES) == 195
    assert {f["protocol"] for f in FRAMES} - {"stability"} <= set(PROTOCOLS)


@named(SERIAL)
def test_whole_and_cut_at_every_byte(frame: dict[str, Any]) -> None:
    data = bytes.fromhex(frame["bytes_hex"])
    check(frame, feed(frame, data))
    check(frame, feed(frame, *(data[i : i + 1] for i in range(len(data)))))
    for cut in range(1, len(data)):
        check(frame, feed(frame, data[:cut], data[cut:]))


@named(HID)
def test_hid_report(frame: dict[str, Any]) -> None:
    report = bytes.fromhex(frame["bytes_hex"])
    check(frame, feed(frame, report))
    check(frame, feed(frame, b"\x00" + report))


@named(STABILITY)
def test_stability_entry(frame: dict[str, Any]) -> None:
    timeline = [(at, bytes.fromhex(data)) for at, data in frame["timeline"]]
    booked = stable_weights(frame["inner"], timeline)
    if "expect_events" in frame:
        assert [str(weight) for _, weight in booked] == frame["expect_events"]
        return
    wanted = frame["expect_stable"]
    if "value" in wanted:
        ((at, weight),) = booked
        assert str(weight) == wanted["value"]
        assert wanted["not_before_ms"] <= at <= wanted["by_ms"]
    else:
        assert {str(weight) for _, weight in booked} <= set(wanted["value_in"])


@named([f for f in SERIAL if f["expected"]["readings"] and f["id"] != "wn_text-01"])
def test_joined_mid_frame_recovers_at_the_next(frame: dict[str, Any]) -> None:
    """Whatever part of a frame comes first, the frames after it are read, and nothing false."""
    data = bytes.fromhex(frame["bytes_hex"])
    wanted = frame["expected"]["readings"]
    for cut in range(1, len(data)):
        readings = feed(frame, data[cut:], data, data)
        good = [r for r in readings if any(matches(r, one) for one in wanted)]
        assert len(good) >= 2 * len(wanted)
        if frame["protocol"] != "generic_ascii":  # free text: its first frame is never booked
            weights = {one["weight"] for one in wanted}
            assert {str(r.weight) for r in readings if r.weight is not None} <= weights


def test_unknown_names_say_what_is_expected() -> None:
    with pytest.raises(Problem) as unknown:
        decoder("mettler")
    assert "mt_sics" in str(unknown.value)
    with pytest.raises(Problem) as option:
        decoder("yaohua_rev", direction="up")
    assert "orientation" in str(option.value)
    with pytest.raises(Problem) as value:
        decoder("yaohua_a9", unit="stone")
    assert "kg" in str(value.value)
    with pytest.raises(Problem):
        decoder("toledo_continuous", checksum=1)


def test_options_change_what_is_read() -> None:
    assert decoder("yaohua_rev", orientation="forward").feed(b"=05.2100=")[0].weight == Decimal(
        "5.2100"
    )
    assert decoder("yaohua_a9", unit="jin").feed(b"\x02+00200021B\x03")[0].grams == 10_000
    assert decoder("cas_22", layout=18).feed(b"ST,GS,   1.234kg\r\n")[0].stable
    assert decoder("cas_22", layout=10, unit="g").feed(b"    1234\r\n")[0].grams == 1234
    good = bytes.fromhex("022d30202020313233342020202020300d1a")
    assert decoder("toledo_continuous", checksum=True).feed(good)[0].grams == 1234
    assert not decoder("toledo_continuous", checksum=True).feed(good[:-1] + b"\x1b")


@pytest.mark.parametrize("split", range(1, 8))
def test_a_status_byte_that_looks_like_a_beginning_is_a_status(split: int) -> None:
    """Over capacity where bit 6 is not kept at one, as emupos speaks 8217: 02 3F 02 0D."""
    data, reader = b"\x02?\x02\r\x0201.250\r", decoder("toledo_8217")
    readings = [*reader.feed(data[:split]), *reader.feed(data[split:])]
    assert [(x.status, x.weight and str(x.weight)) for x in readings] == [
        ("overload", None),
        ("ok", "1.250"),
    ]
    assert reader.rejected == 0
