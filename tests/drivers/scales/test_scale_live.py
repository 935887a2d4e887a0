"""A live scale over a pseudo-terminal: weighing, asking, losing the cable and coming back."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import serial
from serial import rfc2217

from core.clock import FastClock
from drivers.scales import PROTOCOLS, Line, Reading
from drivers.scales.live import LiveScale
from drivers.scales.port import SerialPort
from drivers.scales.status import ScaleStatus
from drivers.simulated.scale import SimulatedScale
from drivers.simulated.scale_frames import ENCODERS, Load
from tests.until import until

SPEED = 25.0


class Bench:
    """A scale, its reader, and what the reader told."""

    def __init__(self, port: str, protocol: str, **options: Any) -> None:
        self.readings: list[Reading] = []
        self.states: list[ScaleStatus] = []
        self.booked: list[int] = []
        self.clock = FastClock(1_700_000_000_000, SPEED)
        self.scale = LiveScale(
            port,
            protocol,
            clock=self.clock,
            opener=lambda: SerialPort(port, PROTOCOLS[protocol].line, wait_s=0.01),
            on_reading=lambda reading, at: self.readings.append(reading),
            on_state=self.states.append,
            on_stable=lambda grams, at: self.booked.append(grams),
            **options,
        )


@contextmanager
def bench(port: str, protocol: str, **options: Any) -> Iterator[Bench]:
    one = Bench(port, protocol, **options)
    one.scale.start()
    try:
        yield one
    finally:
        one.scale.stop()


def weighs(device: SimulatedScale, one: Bench, grams: int) -> None:
    before = len(one.booked)
    device.put(grams)
    until(lambda: len(one.booked) > before)
    device.clear()
    until(lambda: [reading.grams for reading in one.readings[-3:]] == [0, 0, 0])
    assert one.booked[before:] == [grams]


@pytest.mark.parametrize("name", [n for n, p in PROTOCOLS.items() if not p.hid])
def test_weighs_two_parcels_by_every_protocol(name: str) -> None:
    with (
        SimulatedScale(name, speed=SPEED, settle_ms=300) as device,
        bench(str(device.path), name) as one,
    ):
        until(lambda: one.scale.status.last is not None)
        weighs(device, one, 1234)
        weighs(device, one, 560)
        assert one.booked == [1234, 560]
        assert one.scale.status.error is None and one.scale.status.rate > 0


def test_unplugged_while_weighing_it_comes_back_by_itself() -> None:
    with (
        SimulatedScale("yaohua_a9", speed=SPEED, settle_ms=300) as device,
        bench(str(device.path), "yaohua_a9") as one,
    ):
        until(lambda: one.scale.status.last is not None)
        device.put(1500)
        device.unplug()
        until(lambda: not one.scale.status.connected)
        error = one.scale.status.error
        assert error is not None and error.id in {"scales.unplugged", "scales.absent"}
        device.replug()
        until(lambda: 1500 in one.booked)
        assert one.scale.status.connected and one.scale.status.error is None
        assert [state.connected for state in one.states] == [True, False, True]


def test_plugged_in_later_and_noise_and_half_frames_do_no_harm() -> None:
    with SimulatedScale("st_gs", speed=SPEED, settle_ms=300) as device:
        device.unplug()
        with bench(str(device.path), "st_gs") as one:
            assert until(lambda: one.scale.status.error).id == "scales.absent"
            device.replug()
            until(lambda: one.scale.status.last is not None)
            device.noise()
            device.half_frame()
            weighs(device, one, 2345)
            device.overload()
            until(lambda: one.scale.status.last and one.scale.status.last.status == "overload")
            assert one.booked == [2345]


def test_a_frozen_scale_and_a_wrong_protocol_are_told_apart() -> None:
    with SimulatedScale("st_gs", speed=SPEED) as device:
        with bench(str(device.path), "yaohua_a9") as one:
            error = until(lambda: one.scale.status.error)
            assert error.id == "scales.undecodable" and one.readings == []
        with bench(str(device.path), "st_gs") as one:
            until(lambda: one.readings)
            device.freeze()
            error = until(lambda: one.scale.status.error)
            assert error.id == "scales.silent" and one.scale.status.connected
            device.freeze(False)
            until(lambda: one.scale.status.error is None)


def test_arm_asks_for_one_weight_and_the_last_load_must_come_off() -> None:
    with (
        SimulatedScale("mt_sics", speed=SPEED, settle_ms=100) as device,
        bench(str(device.path), "mt_sics", auto=False) as one,
    ):
        until(lambda: one.readings)
        device.put(800)
        until(lambda: one.scale.status.last and one.scale.status.last.grams == 800)
        assert one.booked == []
        one.scale.arm(one.clock.now())
        until(lambda: one.booked == [800])
        one.scale.arm(one.clock.now())
        until(lambda: one.scale.status.wants_empty)
        device.clear()
        until(lambda: not one.scale.status.wants_empty)
        device.put(350)
        until(lambda: one.booked == [800, 350])
        state = one.scale.device_state()
        assert state.connected and state.last_value == "0.350 kg" and b"kg" in state.last_raw


def test_zero_where_the_protocol_can() -> None:
    with (
        SimulatedScale("mt_sics", speed=SPEED, settle_ms=50) as device,
        bench(str(device.path), "mt_sics") as one,
    ):
        until(lambda: one.readings)
        device.put(300)
        until(lambda: one.scale.status.last and one.scale.status.last.grams == 300)
        assert one.scale.zero()
        until(lambda: one.scale.status.last and one.scale.status.last.grams == 0)
    assert not one.scale.zero()
    with (
        SimulatedScale("yaohua_a9", speed=SPEED) as device,
        bench(str(device.path), "yaohua_a9") as one,
    ):
        until(lambda: one.readings)
        assert not one.scale.zero() and not one.scale.tare()


def test_stop_is_prompt_and_gives_the_port_back() -> None:
    with SimulatedScale("st_gs", speed=SPEED) as device:
        for _ in range(3):
            with bench(str(device.path), "st_gs") as one:
                until(lambda one=one: one.readings)
        names = [thread.name for thread in threading.enumerate()]
        assert "scale:scale" not in names


def test_a_network_scale_by_socket() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    frame = ENCODERS["wn_text"](Load(900))
    closing = threading.Event()

    def serve() -> None:
        client, _ = server.accept()
        with client:
            while not closing.wait(0.01):
                client.sendall(frame)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with bench(f"socket://127.0.0.1:{port}", "wn_text") as one:
        until(lambda: one.booked == [900])
        closing.set()
        until(lambda: not one.scale.status.connected)
    thread.join(2)
    server.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning:serial.rfc2217")
def test_a_scale_behind_an_rfc2217_server() -> None:
    """A real PortManager; the line settings arrive exactly, DTR and RTS off."""
    near = serial.serial_for_url("loop://", timeout=0)
    server = socket.create_server(("127.0.0.1", 0))
    frame = ENCODERS["st_gs"](Load(900))

    def serve() -> None:
        client, _ = server.accept()
        manager = rfc2217.PortManager(near, client.makefile("wb", buffering=0))
        client.settimeout(0.02)
        with client, contextlib.suppress(ConnectionError):
            while True:
                with contextlib.suppress(TimeoutError):
                    asked = client.recv(256)
                    if not asked:
                        return
                    b"".join(manager.filter(asked))
                client.sendall(b"".join(manager.escape(frame)))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    booked: list[int] = []
    scale = LiveScale(
        f"rfc2217://127.0.0.1:{server.getsockname()[1]}",
        "st_gs",
        line=Line(baud=4800),
        on_stable=lambda grams, at: booked.append(grams),
    )
    scale.start()
    until(lambda: booked == [900])
    settings = (near.baudrate, near.bytesize, near.parity, near.stopbits, near.dtr, near.rts)
    assert settings == (4800, 8, "N", 1, False, False)
    scale.stop()
    thread.join(3)
    server.close()


def test_command_mode_of_yaohua_is_polled() -> None:
    with (
        SimulatedScale("yaohua_a9", speed=SPEED, settle_ms=50, command_mode=True) as device,
        bench(str(device.path), "yaohua_a9", polled=True) as one,
    ):
        device.put(1234)
        until(lambda: one.booked == [1234])


def test_a_seven_bit_scale_over_an_eight_bit_line() -> None:
    with (
        SimulatedScale("toledo_8217", speed=SPEED, settle_ms=50, parity="E") as device,
        bench(str(device.path), "toledo_8217") as one,
    ):
        device.put(1234)
        until(lambda: one.booked == [1234])


def test_a_callback_that_fails_does_not_end_the_reading() -> None:
    calls: list[int] = []

    def clumsy(reading: Reading, at: int) -> None:
        calls.append(at)
        raise ValueError("not the reader's fault")

    with SimulatedScale("st_gs", speed=SPEED) as device:
        scale = LiveScale(str(device.path), "st_gs", on_reading=clumsy, reconnect_s=0.01)
        scale.start()
        until(lambda: len(calls) >= 2)
        scale.stop()


def test_another_program_cannot_take_the_port_meanwhile() -> None:
    with (
        SimulatedScale("st_gs", speed=SPEED) as device,
        bench(str(device.path), "st_gs") as one,
        bench(str(device.path), "st_gs") as second,
    ):
        until(lambda: one.readings or second.readings)
        winner, loser = (one, second) if one.readings else (second, one)
        assert until(lambda: loser.scale.status.error).id == "scales.busy"
        assert winner.scale.status.connected and loser.readings == []
    assert os.path.lexists(device.path) is False
