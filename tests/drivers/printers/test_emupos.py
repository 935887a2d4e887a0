"""Against emupos, point-of-sale devices by another author: two scales, a scanner, a slip printer.

It wants Python 3.13: ``python3.13 -m venv E; E/bin/pip install emupos`` and ``PACKLINE_EMUPOS=E``;
without it these tests are skipped. Seen on 2026-11-28 with emupos 0.4.0: all of this passes. Its
Toledo 8217 sets bit 6 of the status only for a command it does not know; a real one always does.
"""

import json
import os
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.ports import PrinterAnswer, PrintFailed, Scan, SlipFacts
from drivers.printers import LabelPrinter
from drivers.scales.detect import detect
from drivers.scales.live import LiveScale
from drivers.scales.profile import Line
from drivers.scanners.frames import Suffix
from drivers.scanners.live import SerialScanner
from tests.until import until

HOME = os.environ.get("PACKLINE_EMUPOS", "")
pytestmark = pytest.mark.skipif(
    not Path(HOME, "bin", "emupos").exists() or not HOME,
    reason="PACKLINE_EMUPOS names no virtual environment with emupos",
)
SCALES = {"deli": ("toledo8217-15kg", "toledo_8217"), "floor": ("sma-15kg", "sma")}
SUFFIXES = {"enter": Suffix.CR, "tab": Suffix.TAB, "none": Suffix.NONE}


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@dataclass
class Counter:
    """A shop counter full of emulated devices, and the hand that moves things on it."""

    folder: Path
    api: int = field(default_factory=free_port)
    printer: int = field(default_factory=free_port)

    def devices(self) -> list[dict[str, Any]]:
        pty = [{"serial": {"pty": True}}]
        printer = {"id": "front", "type": "printer", "profile": "epson-tm-t20iii"}
        listed = [{**printer, "connections": [{"tcp": {"port": self.printer}}]}]
        listed[0] |= {"job_idle_timeout_ms": 300, "receipts_dir": str(self.folder / "receipts")}
        for name, (profile, _) in SCALES.items():
            listed.append({"id": name, "type": "scale", "profile": profile, "connections": pty})
        for suffix in SUFFIXES:
            scanner = {"type": "scanner", "mode": "serial", "suffix": suffix, "connections": pty}
            listed.append({"id": f"lane-{suffix}", **scanner})
        return listed

    def config(self) -> Path:
        told = {"schema": 1, "api": {"port": self.api}, "devices": self.devices()}
        path = self.folder / "emupos.yaml"
        path.write_text(json.dumps(told), "utf-8")  # YAML holds JSON
        return path

    def port(self, device: str) -> str:
        return str(self.folder / "emupos" / device)

    def do(self, method: str, path: str, **told: Any) -> Any:
        """Something done to a device, as its author's control interface has it."""
        url = f"http://127.0.0.1:{self.api}/api/v1{path}"
        body = json.dumps(told).encode() if told else None
        kind = {"Content-Type": "application/json"}
        asked = urllib.request.Request(url, body, kind, method=method)
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return json.loads(answer.read() or b"null")

    def load(self, scale: str, grams: int, **more: Any) -> None:
        self.do("PUT", f"/devices/{scale}/weight", grams=grams, **more)

    def fault(self, name: str, *, on: bool) -> None:
        self.do("PUT" if on else "DELETE", f"/devices/front/faults/{name}")

    def receipts(self) -> list[dict[str, Any]]:
        return list(self.do("GET", "/devices/front/receipts"))


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    counter = Counter(tmp_path_factory.mktemp("counter"))
    started = subprocess.Popen(
        [str(Path(HOME, "bin", "emupos")), "run", "--config", str(counter.config())],
        env={**os.environ, "TMPDIR": str(counter.folder)},
        cwd=counter.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def ready() -> bool:
        assert started.poll() is None, "emupos ended"
        with socket.socket() as peer:
            return peer.connect_ex(("127.0.0.1", counter.api)) == 0

    try:
        until(ready, 30)
        yield counter
    finally:
        started.terminate()
        started.wait(10)


# --- scales ---------------------------------------------------------------------------------------


@contextmanager
def weighing(counter: Counter, name: str) -> Iterator[tuple[LiveScale, list[int]]]:
    """The scale, empty and read, and what it has booked; left empty and without a tare."""
    booked: list[int] = []
    scale = LiveScale(
        *(counter.port(name), SCALES[name][1]),
        line=Line(),  # a pseudo-terminal has no parity: 7E1 would arrive with its eighth bit
        on_stable=lambda grams, at_ms: booked.append(grams),
    )
    counter.load(name, 0)
    scale.start()
    try:
        yield scale, booked
    finally:
        scale.stop()
        counter.load(name, 0)
        counter.do("POST", f"/devices/{name}/tare")


def shows(scale: LiveScale, grams: int) -> bool:
    last = scale.status.last
    return last is not None and last.grams == grams


def moves(scale: LiveScale) -> bool:
    last = scale.status.last
    return last is not None and (last.stable is False or last.status == "motion")


@pytest.mark.parametrize("name", SCALES)
def test_every_load_is_booked_once_and_only_at_rest(counter: Counter, name: str) -> None:
    with weighing(counter, name) as (scale, booked):
        for load, shown in ((1252, 1250), (153, 155), (14_995, 14_995)):
            until(lambda: shows(scale, 0), 15)
            counter.load(name, load, stable=False)
            until(lambda: moves(scale), 15)
            assert shown not in booked
            counter.load(name, load)
            until(lambda shown=shown: booked and booked[-1] == shown, 15)  # type: ignore[misc] # default
            counter.load(name, 0)
        assert booked == [1250, 155, 14_995]


@pytest.mark.parametrize("name", SCALES)
def test_overload_below_zero_and_tare_are_never_booked(counter: Counter, name: str) -> None:
    with weighing(counter, name) as (scale, booked):
        until(lambda: shows(scale, 0), 15)
        for grams, status in ((15_600, "overload"), (-100, "underload")):
            counter.load(name, grams)
            until(lambda s=status: scale.status.last and scale.status.last.status == s, 15)  # type: ignore[misc] # default
        assert booked == []
        counter.load(name, 0)
        until(lambda: shows(scale, 0), 15)
        counter.load(name, 200)
        until(lambda: booked == [200], 15)
        counter.do("POST", f"/devices/{name}/tare")
        until(lambda: shows(scale, 0), 15)
        counter.load(name, 1000)
        until(lambda: booked == [200, 800], 15)  # the net weight
        assert scale.status.last is not None and scale.status.last.mode == "net"


@pytest.mark.parametrize("name", SCALES)
def test_the_protocol_is_found_out_by_asking(counter: Counter, name: str) -> None:
    counter.load(name, 1250)
    found = detect(counter.port(name), bauds=(9600,))
    assert [guess.protocol for guess in found.guesses][:1] == [SCALES[name][1]]
    assert (found.guesses[0].sample.grams, found.guesses[0].polled) == (1250, True)
    state = counter.do("GET", f"/devices/{name}")
    assert '"tare_grams": 0' in json.dumps(state) or "tare" not in json.dumps(state)
    counter.load(name, 0)


# --- scanner --------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("told", [True, False], ids=["told", "auto"])
def test_a_scan_is_read_whatever_ends_it(counter: Counter, suffix: str, told: bool) -> None:
    scans: list[Scan] = []
    scanner = SerialScanner(
        *(counter.port(f"lane-{suffix}"), scans.append, lambda state: None, SystemClock()),
        suffix=SUFFIXES[suffix] if told else Suffix.AUTO,
    )
    scanner.start()
    codes = ["6901234567892", "SF1234567890123", "010690123456789210AB\x1d17260131"]
    try:
        until(lambda: scanner.state.connected)
        for count, code in enumerate(codes, 1):
            counter.do("POST", f"/devices/lane-{suffix}/scans", data=code, countdown_seconds=0)
            until(lambda count=count: len(scans) == count, 5)  # type: ignore[misc] # default
        assert [scan.text for scan in scans] == codes
    finally:
        scanner.stop()


# --- slip printer ---------------------------------------------------------------------------------


@pytest.mark.parametrize("characters", [False, True], ids=["dots", "characters"])
def test_a_slip_comes_out_of_somebody_else_s_printer(
    counter: Counter, slip: SlipFacts, characters: bool
) -> None:
    printer = LabelPrinter(
        "slip", f"tcp://127.0.0.1:{counter.printer}", "escpos", characters=characters
    )
    assert printer.status().answer is PrinterAnswer.READY
    before = len(counter.receipts())
    printer.print_slip(slip)
    until(lambda: len(counter.receipts()) == before + 1, 15)
    assert counter.receipts()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("paper-out", "printer.paper_out"),
        ("cover-open", "printer.cover_open"),
        ("offline", "printer.offline"),
    ],
)
def test_a_fault_is_named_and_nothing_is_sent(
    counter: Counter, slip: SlipFacts, fault: str, said: str
) -> None:
    printer = LabelPrinter("slip", f"tcp://127.0.0.1:{counter.printer}", "escpos")
    before = len(counter.receipts())
    counter.fault(fault, on=True)
    try:
        status = printer.status()
        with pytest.raises(PrintFailed) as failed:
            printer.print_slip(slip)
    finally:
        counter.fault(fault, on=False)
    assert status.fault is not None, printer.last_raw.hex()
    assert (status.answer, status.fault.id) == (PrinterAnswer.FAULT, said), printer.last_raw.hex()
    assert not failed.value.in_doubt
    assert len(counter.receipts()) == before
    printer.print_slip(slip)  # cured
    until(lambda: len(counter.receipts()) == before + 1, 15)


def test_paper_that_runs_low_still_prints(counter: Counter) -> None:
    printer = LabelPrinter("slip", f"tcp://127.0.0.1:{counter.printer}", "escpos")
    counter.fault("paper-near-end", on=True)
    try:
        assert printer.status().answer is PrinterAnswer.READY
    finally:
        counter.fault("paper-near-end", on=False)
