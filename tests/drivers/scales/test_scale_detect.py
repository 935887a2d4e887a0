"""Finding out what a scale speaks, from bytes and over a pseudo-terminal."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from core.clock import FastClock
from drivers.scales import PROTOCOLS, Line
from drivers.scales.detect import detect, guess, parity_of
from drivers.scales.port import Port, SerialPort
from drivers.simulated.scale import SimulatedScale
from drivers.simulated.scale_frames import ENCODERS, Load, heard

PASSIVE = [n for n, p in PROTOCOLS.items() if not p.hid and n not in {"generic_ascii"}]
SAME_GRAMMAR = {"kern": "mt_sics", "yaohua_rev": "yaohua_rev", "yaohua_fwd": "yaohua_fwd"}
SPEED = 25.0


def ear(path: Path) -> Callable[[Line], Port]:
    return lambda line: SerialPort(str(path), line, wait_s=0.01)


def stream(name: str, frames: int = 8) -> bytes:
    data = b"".join(ENCODERS[name](Load(1230 + n % 3)) for n in range(frames))
    return data[3:] + (b"=" if name.startswith("yaohua_") else b"")


@pytest.mark.parametrize("name", PASSIVE)
def test_a_stream_is_recognised(name: str) -> None:
    first = guess(stream(name))[0]
    assert first.protocol == SAME_GRAMMAR.get(name, name)
    assert first.sample.grams in (1230, 1231, 1232)


@pytest.mark.parametrize("name", ["toledo_continuous", "and_std", "st_gs", "wn_text"])
@pytest.mark.parametrize("parity", ["E", "O"])
def test_a_seven_bit_sender_is_recovered_from_its_parity(name: str, parity: str) -> None:
    bits = heard(stream(name), 9600, 9600, parity)
    assert parity_of(bits) == parity
    first = guess(bits)[0]
    assert (first.protocol, first.line.bytesize, first.line.parity) == (name, 7, parity)


def test_free_text_is_never_sure_and_the_equals_sign_asks_which_way_round() -> None:
    (free,) = guess(stream("generic_ascii"))
    assert free.protocol == "generic_ascii" and not free.sure
    both = guess(b"=05.2100" * 9)
    assert {one.protocol for one in both} == {"yaohua_rev", "yaohua_fwd"}
    assert all(not one.sure and "orientation" in one.to_confirm for one in both)
    (reversed_,) = guess(b"=00.1000-" * 9)
    assert reversed_.protocol == "yaohua_rev" and reversed_.sure
    assert "unit" in guess(stream("yaohua_a9"))[0].to_confirm


def test_too_few_frames_rejects_between_and_noise_are_no_guess() -> None:
    frame = ENCODERS["st_gs"](Load(1234))
    assert guess(frame * 2) == []
    assert guess((frame + b"??\x91??\r\n") * 6) == []
    dice = random.Random(3)
    assert [guess(dice.randbytes(400)) for _ in range(20)] == [[]] * 20
    assert guess(b"GET / HTTP/1.1\r\nHost: 10.0.0.1\r\n" * 9) == []


@pytest.mark.parametrize(
    ("name", "baud"),
    [("yaohua_a9", 2400), ("st_gs", 4800), ("wn_text", 1200), ("toledo_continuous", 4800)],
)
def test_the_right_speed_is_found_by_listening(name: str, baud: int) -> None:
    with SimulatedScale(
        name, baud=baud, rate_hz=30, check_baud=True, speed=SPEED, settle_ms=1
    ) as device:
        device.put(1234)
        found = detect(
            str(device.path),
            listen_s=3,
            probe=False,
            clock=FastClock(0, SPEED),
            opener=ear(device.path),
        )
    first = found.guesses[0]
    assert (first.protocol, first.line.baud, first.sample.grams) == (name, baud, 1234)
    assert 9600 in found.heard


@pytest.mark.parametrize(
    "name", ["mt_sics", "toledo_8217", "sma", "nci_scp01", "cas_pd2_ecr", "sartorius_sbi"]
)
def test_a_silent_scale_is_asked_harmless_questions_only(name: str) -> None:
    with SimulatedScale(name, speed=SPEED, settle_ms=1) as device:
        device.put(1234)
        clock = FastClock(0, SPEED)
        found = detect(
            str(device.path),
            bauds=(9600,),
            listen_s=0.2,
            answer_s=2,
            clock=clock,
            opener=ear(device.path),
        )
        assert [one.protocol for one in found.guesses] == [name]
        assert found.guesses[0].polled
        assert found.guesses[0].sample.grams == 1234
        assert not re.search(rb"[TZV]", device.received)
        assert device.load().grams == 1234


def test_nothing_there_is_nothing_found() -> None:
    with SimulatedScale("mt_sics", speed=SPEED) as device:
        device.freeze()
        clock = FastClock(0, SPEED)
        found = detect(
            str(device.path),
            bauds=(9600, 4800),
            listen_s=0.5,
            clock=clock,
            opener=ear(device.path),
        )
    assert found.guesses == () and found.heard == {}
