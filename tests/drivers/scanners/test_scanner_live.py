"""Scanners read by their threads: pseudo-terminals, sockets and FIFOs in place of the plugs."""

import errno
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.ports import DeviceState, Scan
from drivers.scanners import EvdevScanner, HidPosScanner, LiveScanner, SerialScanner, Suffix
from drivers.scanners.frames import Framer
from drivers.scanners.links import SerialLink, why_lost
from drivers.simulated.scanner import SimulatedKeys, SimulatedScanner, dropped, tap
from tests.until import until

EAN = "6901234567892"
RETRY = 0.02


class Shift:
    """Scanners on one bench, and everything they delivered."""

    def __init__(self) -> None:
        self.scans: list[Scan] = []
        self.states: list[DeviceState] = []
        self.scanners: list[LiveScanner] = []

    def take(self, scan: Scan) -> None:
        self.scans.append(scan)

    def plug(self, kind: type, path: object, **options: object) -> LiveScanner:
        scanner = kind(
            str(path), self.take, self.states.append, SystemClock(), retry_s=RETRY, **options
        )
        scanner.start()
        self.scanners.append(scanner)
        return scanner

    def texts(self, source: str = "") -> list[str]:
        return [scan.text for scan in self.scans if source in ("", scan.source)]

    def expects(self, *texts: str) -> None:
        until(lambda: len(self.scans) >= len(texts))
        assert self.texts() == list(texts)


@pytest.fixture
def shift() -> Iterator[Shift]:
    bench = Shift()
    yield bench
    for scanner in bench.scanners:
        scanner.stop()


@pytest.fixture
def gun(tmp_path: Path) -> Iterator[SimulatedScanner]:
    made = SimulatedScanner(tmp_path / "gun")
    yield made
    made.close()


@pytest.fixture
def wedge(tmp_path: Path) -> Iterator[SimulatedKeys]:
    made = SimulatedKeys(tmp_path / "usb-wedge-event-kbd")
    yield made
    made.close()


def trouble(scanner: LiveScanner) -> str:
    return scanner.state.trouble.id if scanner.state.trouble else ""


class TestSerial:
    def test_codes_arrive_with_time_source_and_symbology(self, shift: Shift, gun) -> None:
        before = SystemClock().now()
        scanner = shift.plug(SerialScanner, gun.path, name="left")
        until(lambda: scanner.state.connected)
        gun.scan("]E0" + EAN)
        gun.scan("货位A-01", suffix="\r\n")
        shift.expects(EAN, "货位A-01")
        scan = shift.scans[0]
        assert (scan.source, scan.symbology) == ("left", "E0")
        assert before <= scan.at <= SystemClock().now()

    def test_a_doubled_read_and_slow_bytes_are_delivered_as_they_are(self, shift, gun) -> None:
        scanner = shift.plug(SerialScanner, gun.path)
        until(lambda: scanner.state.connected)
        gun.scan("A1", times=2)
        gun.scan("B2", gap_ms=5)
        shift.expects("A1", "A1", "B2")

    def test_no_suffix_mode(self, shift: Shift, gun) -> None:
        scanner = shift.plug(SerialScanner, gun.path, suffix=Suffix.NONE)
        until(lambda: scanner.state.connected)
        gun.scan(EAN, suffix="")
        shift.expects(EAN)
        assert trouble(scanner) == ""

    def test_a_dropped_suffix_is_delivered_and_said(self, shift: Shift, gun) -> None:
        scanner = shift.plug(SerialScanner, gun.path)
        until(lambda: scanner.state.connected)
        gun.scan(EAN, suffix="")
        shift.expects(EAN)
        until(lambda: trouble(scanner) == "scanner.no_suffix")
        gun.scan("B2")
        until(lambda: trouble(scanner) == "")
        shift.expects(EAN, "B2")

    def test_the_state_shows_what_came(self, shift: Shift, gun) -> None:
        scanner = shift.plug(SerialScanner, gun.path, name="left")
        until(lambda: scanner.state.connected)
        gun.scan("]E0" + EAN)
        until(lambda: shift.scans)
        state = scanner.state
        assert (state.name, state.kind, state.last_value) == ("left", "scanner", EAN)
        assert state.last_raw.endswith(EAN.encode() + b"\r")
        assert state.rate > 0 and state.last_at == shift.scans[0].at

    def test_nobody_else_may_read_the_port(self, shift: Shift, gun) -> None:
        first = shift.plug(SerialScanner, gun.path, name="first")
        until(lambda: first.state.connected)
        second = shift.plug(SerialScanner, gun.path, name="second")
        until(lambda: trouble(second) == "scanner.busy")
        first.stop()
        until(lambda: second.state.connected)

    def test_over_a_socket_that_goes_and_comes_back(self, shift: Shift) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            url = f"socket://127.0.0.1:{server.getsockname()[1]}"
            scanner = shift.plug(SerialScanner, url)
            for text in ("A1", "B2"):
                line, _ = server.accept()
                until(lambda: scanner.state.connected)
                line.sendall(text.encode() + b"\r")
                until(lambda wanted=text: wanted in shift.texts())
                line.close()
                until(lambda: not scanner.state.connected)
                assert trouble(scanner) == "scanner.unplugged"
        shift.expects("A1", "B2")


class TestOutage:
    def test_absent_then_plugged_in_is_logged_once(self, shift: Shift, gun, caplog) -> None:
        class Counted(SerialLink):
            attempts = 0

            def open(self) -> None:
                self.attempts += 1
                super().open()

        gun.unplug()
        link = Counted(str(gun.path))
        scanner = LiveScanner(
            link, Framer(), shift.take, shift.states.append, SystemClock(), name="g", retry_s=RETRY
        )
        shift.scanners.append(scanner)
        with caplog.at_level(logging.WARNING):
            scanner.start()
            until(lambda: link.attempts > 3)
        assert [record.getMessage() for record in caplog.records] == [
            f"scanner g: scanner.absent(path={gun.path})"
        ]
        assert [state.trouble.id for state in shift.states] == ["scanner.absent"]
        gun.replug()
        until(lambda: scanner.state.connected)
        assert trouble(scanner) == ""

    def test_unplugged_in_the_middle_of_a_code(self, shift: Shift, gun) -> None:
        scanner = shift.plug(SerialScanner, gun.path)
        until(lambda: scanner.state.connected)
        since = scanner.state.since
        gun.scan("A1")
        gun.scan("HALF", suffix="")
        until(lambda: scanner.state.last_raw.endswith(b"HALF"))
        gun.unplug()
        until(lambda: not scanner.state.connected)
        assert trouble(scanner) in ("scanner.unplugged", "scanner.absent")
        gun.replug()
        until(lambda: scanner.state.connected)
        assert scanner.state.since >= since
        gun.scan("B2")
        shift.expects("A1", "B2")

    def test_plugged_out_and_in_while_scanning(self, shift: Shift, gun) -> None:
        scanner = shift.plug(SerialScanner, gun.path)
        for turn in range(4):
            until(lambda: scanner.state.connected)
            for i in range(20):
                gun.scan(f"T{turn}-{i:02d}")
            until(lambda turn=turn: f"T{turn}-19" in shift.texts())
            gun.unplug()
            until(lambda: not scanner.state.connected)
            gun.replug()
        assert shift.texts() == [f"T{turn}-{i:02d}" for turn in range(4) for i in range(20)]

    def test_pulling_the_plug_during_a_stream_loses_only_what_was_on_the_line(
        self, shift: Shift, gun
    ) -> None:
        scanner = shift.plug(SerialScanner, gun.path)
        until(lambda: scanner.state.connected)
        done = threading.Event()

        def stream() -> None:
            number = 0
            while not done.is_set():
                gun.scan(f"N{number:06d}")
                number += 1

        worker = threading.Thread(target=stream)
        worker.start()
        for _ in range(3):
            seen = len(shift.scans)
            until(lambda seen=seen: len(shift.scans) > seen + 50)
            gun.unplug()
            until(lambda: not scanner.state.connected)
            gun.replug()
            until(lambda: scanner.state.connected)
        done.set()
        worker.join()
        numbers = [int(text[1:]) for text in shift.texts() if len(text) == 7]
        assert numbers == sorted(set(numbers))
        # pieces of the codes that were in the air when a plug went in again
        assert len(shift.scans) - len(numbers) <= 6

    def test_stop_is_prompt(self, shift: Shift, gun) -> None:
        reading = shift.plug(SerialScanner, gun.path)
        waiting = shift.plug(SerialScanner, "/nonexistent/port")
        until(lambda: reading.state.connected and trouble(waiting))
        start = time.monotonic()
        reading.stop()
        waiting.stop()
        assert time.monotonic() - start < 0.5
        assert not reading.state.connected

    def test_a_callback_that_fails_does_not_end_the_scanner(self, gun) -> None:
        taken: list[str] = []

        def take(scan: Scan) -> None:
            if scan.text == "BAD":
                raise RuntimeError("no")
            taken.append(scan.text)

        scanner = SerialScanner(str(gun.path), take, lambda _: None, SystemClock())
        scanner.start()
        until(lambda: scanner.state.connected)
        gun.scan("BAD")
        until(lambda: trouble(scanner) == "scanner.not_taken")
        gun.scan("GOOD")
        until(lambda: taken == ["GOOD"] and trouble(scanner) == "")
        scanner.stop()

    def test_states_are_told_when_they_change_and_not_for_every_scan(self, shift, gun) -> None:
        scanner = shift.plug(SerialScanner, gun.path)
        until(lambda: scanner.state.connected)
        for i in range(5):
            gun.scan(f"A{i}")
        until(lambda: len(shift.scans) == 5)
        assert [state.connected for state in shift.states] == [True]
        scanner.stop()
        assert [state.connected for state in shift.states] == [True, False]


class TestRefused:
    @pytest.mark.parametrize(
        ("number", "said"),
        [
            (errno.ENOENT, "scanner.absent"),
            (errno.EBUSY, "scanner.busy"),
            (errno.EAGAIN, "scanner.busy"),
            (errno.ENODEV, "scanner.unplugged"),
            (errno.EIO, "scanner.unplugged"),
            (errno.EACCES, "scanner.permission_rule"),
            (errno.EINVAL, "scanner.trouble"),
        ],
    )
    def test_every_refusal_has_its_sentence(self, number: int, said: str) -> None:
        assert why_lost(OSError(number, os.strerror(number)), "/nonexistent/event5").id == said

    def test_permission_names_the_group_to_join_or_asks_for_the_rule(self, tmp_path: Path) -> None:
        refused = PermissionError(errno.EACCES, "Permission denied")
        node = tmp_path / "event0"
        node.touch(mode=0o600)
        assert why_lost(refused, str(node)).id == "scanner.permission_rule"
        if os.geteuid() == 0:  # only root may give a file to another group
            os.chown(node, -1, 20)
            node.chmod(0o660)
            said = why_lost(refused, str(node))
            assert (said.id, said.data["group"]) == ("scanner.permission", "dialout")

    def test_a_path_that_is_no_device_is_said_so(self, shift: Shift, tmp_path: Path) -> None:
        scanner = shift.plug(SerialScanner, tmp_path)
        until(lambda: trouble(scanner) == "scanner.trouble")

    def test_an_address_that_is_none_is_said_so(self, shift: Shift) -> None:
        scanner = shift.plug(SerialScanner, "nonsense://x")
        until(lambda: trouble(scanner) == "scanner.trouble")


class TestEvdev:
    def test_codes_of_a_wedge(self, shift: Shift, wedge) -> None:
        scanner = shift.plug(EvdevScanner, wedge.path, name="wedge")
        until(lambda: scanner.state.connected)
        for text in (EAN, "PKDONE1", "010690123456789210A\x1d21S", "货位A-01"):
            wedge.scan(text)
        shift.expects(EAN, "PKDONE1", "010690123456789210A\x1d21S", "货位A-01")

    def test_unplugged_and_back(self, shift: Shift, wedge) -> None:
        scanner = shift.plug(EvdevScanner, wedge.path)
        until(lambda: scanner.state.connected)
        wedge.write(tap(42) + tap(30))
        until(lambda: scanner.state.last_raw)
        wedge.unplug()
        until(lambda: trouble(scanner) == "scanner.absent")
        wedge.replug()
        until(lambda: scanner.state.connected)
        wedge.scan("b2")
        shift.expects("b2")

    def test_dropped_events_are_said_until_the_next_good_code(self, shift: Shift, wedge) -> None:
        scanner = shift.plug(EvdevScanner, wedge.path)
        until(lambda: scanner.state.connected)
        wedge.write(tap(30) + dropped() + tap(31) + tap(28))
        until(lambda: trouble(scanner) == "scanner.code_lost")
        wedge.scan("B2")
        until(lambda: trouble(scanner) == "")
        shift.expects("B2")

    def test_a_wedge_set_to_another_country(self, shift: Shift, tmp_path: Path) -> None:
        wedge = SimulatedKeys(tmp_path / "de", "de")
        scanner = shift.plug(EvdevScanner, wedge.path, layout="de")
        until(lambda: scanner.state.connected)
        wedge.scan("YZ-ß")
        shift.expects("YZ-ß")
        wedge.close()

    def test_a_country_nobody_knows(self) -> None:
        with pytest.raises(KeyError):
            EvdevScanner("x", lambda _: None, lambda _: None, SystemClock(), layout="xx")


def test_hid_pos_reports(shift: Shift, tmp_path: Path) -> None:
    path = tmp_path / "hidraw0"
    os.mkfifo(path)
    device = os.open(path, os.O_RDWR)
    scanner = shift.plug(HidPosScanner, path, wake=b"\xfe\x01")
    until(lambda: scanner.state.connected)
    for text in ("]E0" + EAN, "]C1" + "10A\x1d21S"):
        body = bytes([2, len(text) - 3]) + text[:3].encode() + text[3:].encode().ljust(56, b"\0")
        os.write(device, body + bytes(3))
    shift.expects(EAN, "10A\x1d21S")
    assert shift.scans[0].symbology == "E0"
    os.close(device)


def test_a_minute_of_two_scanners_at_twenty_a_second_loses_and_reorders_nothing(
    shift: Shift, gun, wedge
) -> None:
    left = shift.plug(SerialScanner, gun.path, name="left")
    right = shift.plug(EvdevScanner, wedge.path, name="right")
    until(lambda: left.state.connected and right.state.connected)
    codes = [f"DB20260120{i:03d}" for i in range(600)]
    workers = [
        threading.Thread(target=lambda device=device: [device.scan(code) for code in codes])
        for device in (gun, wedge)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    until(lambda: len(shift.scans) >= 1200)
    assert shift.texts("left") == codes
    assert shift.texts("right") == codes


def test_twenty_a_second_from_each_of_two_scanners_at_their_real_pace(
    shift: Shift, gun, wedge
) -> None:
    """Two seconds here; ``PACKLINE_SCAN_SECONDS=60`` for the whole minute (done on 2026-11-28)."""
    seconds = int(os.environ.get("PACKLINE_SCAN_SECONDS", "2"))
    left = shift.plug(SerialScanner, gun.path, name="left")
    right = shift.plug(EvdevScanner, wedge.path, name="right")
    until(lambda: left.state.connected and right.state.connected)
    codes = [f"SF12345{i:08d}" for i in range(20 * seconds)]
    begun = time.monotonic()

    def shoot(device: SimulatedScanner | SimulatedKeys) -> None:
        for count, code in enumerate(codes):
            time.sleep(max(0.0, begun + count / 20 - time.monotonic()))
            device.scan(code)

    workers = [threading.Thread(target=shoot, args=(device,)) for device in (gun, wedge)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert time.monotonic() - begun >= seconds - 0.1
    until(lambda: len(shift.scans) >= 2 * len(codes))
    assert shift.texts("left") == codes
    assert shift.texts("right") == codes
