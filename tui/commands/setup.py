"""``packline devices setup``: a station learns its devices by listening to them.

Plain questions and answers, a line each: it works over any terminal, before any device does.
"""

import argparse
import queue
import select
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.clock import Clock, SystemClock
from core.config import Config
from core.errors import Problem
from core.messages import Message, message
from core.ports import Scan
from core.text import clean
from drivers.scanners.selftest import judge
from tui.commands import toml_edit
from tui.commands.devices import ask
from tui.commands.scale import guess_sentence, listen
from tui.commands.shared import configured
from tui.commands.slip import qr
from tui.words import say

if TYPE_CHECKING:
    from drivers.finding import Found
    from drivers.scales.detect import Guess
    from drivers.scanners import LiveScanner

TEST_CODE = "PACKLINE-2026"
SHORTEST = 4
"""Characters of a code worth learning from; a person leaning on a key is no scanner."""
TYPED_MS = 40
"""Slower than this a character is a person: scanners press keys every 1 to 20 ms."""


@dataclass(frozen=True, slots=True)
class Ear:
    """One port that is listened to, and how it would stand in the configuration."""

    kind: str
    url: str


def set_up(arguments: argparse.Namespace) -> int:
    """Ask, listen, and write the station's table."""
    config = configured(arguments)
    warehouse = warehouse_for(config, arguments.station)
    clock = SystemClock(config.zone)
    from drivers.finding import list_devices

    found = list_devices()
    for one in found:
        if not one.usable and one.remedy and one.seems != "keyboard":
            print(f"→ {say(one.remedy)}")
    devices: dict[str, Any] = {}
    scanner = learn_scanner(ears(found, arguments.scanner), clock, arguments.wait)
    if scanner:
        devices["scanners"] = [{"kind": scanner.kind, "url": scanner.url}]
    taken = scanner.url if scanner else ""
    scale = learn_scale(scale_ports(found, arguments.scale, taken))
    if scale:
        devices["scale"] = scale
    return keep(config, arguments.station, warehouse, devices)


def warehouse_for(config: Config, code: str) -> str:
    """Where a station stands: as configured, else in the first warehouse. Raises Problem."""
    for station in config.stations:
        if station.code == code:
            return station.warehouse
    if not config.warehouses:
        raise Problem("config.missing", file=str(config.path), key="warehouses")
    return config.warehouses[0].code


def keep(config: Config, code: str, warehouse: str, devices: dict[str, Any]) -> int:
    """Write the file, or show what to write; exit status 1 when nothing was learnt."""
    if not devices:
        print(say("setup.nothing"))
        return 1
    text = config.path.read_text(encoding="utf-8")
    edited = toml_edit.with_station(text, code, warehouse, devices)
    if edited is None:
        print(say(message("setup.paste", file=str(config.path), station=code)))
        print("\n" + "\n".join(toml_edit.block(devices)))
        return 0
    toml_edit.replace_file(config.path, edited)
    print(say(message("setup.done", file=str(config.path), station=code)))
    return 0


# --- the scanner -----------------------------------------------------------------------------


def ears(found: "Sequence[Found]", named: str) -> list[Ear]:
    """Every port a scanner may be on; the named one only, when there is one."""
    from drivers.finding import Kind

    if named:
        return [Ear("evdev" if "/input/" in named else kind_of(named), named)]
    kinds = {Kind.SERIAL: "serial", Kind.KEYS: "evdev", Kind.HID_SCANNER: "hidpos"}
    return [
        Ear(kinds[one.kind], one.path)
        for one in found
        if one.kind in kinds and one.usable and one.path
    ]


def kind_of(port: str) -> str:
    """The driver of a named port."""
    return "hidpos" if "hid" in port.rpartition("/")[2] else "serial"


def learn_scanner(ears: Sequence[Ear], clock: Clock, wait_s: float) -> Ear | None:
    """The port the next code comes from; None when it was skipped or came from none of them."""
    print(say(message("setup.scan", seconds=f"{wait_s:g}")))
    print(qr(TEST_CODE))
    print(f"  {TEST_CODE}", flush=True)
    heard: queue.SimpleQueue[tuple[Ear, Scan]] = queue.SimpleQueue()
    scanners = [listener(ear, heard.put, clock) for ear in ears]
    for scanner in scanners:
        scanner.start()
    try:
        ear = first_heard(heard, wait_s)
    finally:
        for scanner in scanners:
            scanner.stop()
    return ear


def listener(ear: Ear, put: Callable[[tuple[Ear, Scan]], None], clock: Clock) -> "LiveScanner":
    """Listens on one port without taking a keyboard away from the person who types here."""
    from drivers.scanners.frames import Framer
    from drivers.scanners.hidpos import HidPosDecoder
    from drivers.scanners.keys import EVENT, KeyDecoder
    from drivers.scanners.links import FileLink, SerialLink
    from drivers.scanners.live import LiveScanner

    def take(scan: Scan) -> None:
        put((ear, scan))

    if ear.kind == "evdev":
        keys = PacedKeys(KeyDecoder(), clock)
        link = FileLink(ear.url, EVENT.size * 64)
        return LiveScanner(link, keys, take, ignore, clock, name=ear.url)
    if ear.kind == "hidpos":
        return LiveScanner(
            FileLink(ear.url, 64), HidPosDecoder(), take, ignore, clock, name=ear.url
        )
    return LiveScanner(SerialLink(ear.url), Framer(), take, ignore, clock, name=ear.url)


def ignore(state: object) -> None:
    """Nobody watches the state of a port that is only listened to."""


class PacedKeys:
    """Codes out of key events, those of a person typing left out: a scanner is never that slow."""

    def __init__(self, decoder: Any, clock: Clock) -> None:
        self.decoder = decoder
        self.clock = clock
        self.lost = 0
        self._began = 0.0

    @property
    def pending(self) -> bool:
        """Whether part of a code has come."""
        return bool(self.decoder.pending)

    def feed(self, data: bytes) -> list[str]:
        """Codes that were typed faster than a person can."""
        now = self.clock.monotonic()
        if not self.decoder.pending:
            self._began = now
        return [
            code
            for code in self.decoder.feed(data)
            if (now - self._began) * 1000 <= TYPED_MS * len(code)
        ]

    def idle(self, quiet_ms: int) -> list[str]:
        """Nothing: a scanner without a suffix cannot be told from a person who stopped."""
        self.decoder.idle(quiet_ms)
        return []

    def reset(self) -> None:
        """Forget what has begun."""
        self.decoder.reset()


def first_heard(heard: "queue.SimpleQueue[tuple[Ear, Scan]]", wait_s: float) -> Ear | None:
    """Wait for a code; an empty line at the keyboard skips."""
    deadline = time.monotonic() + wait_s
    while (left := deadline - time.monotonic()) > 0:
        try:
            ear, scan = heard.get(timeout=min(0.1, left))
        except queue.Empty:
            line = typed_line()
            if line is None:
                continue
            if len(line) < SHORTEST:
                print(say("setup.skipped"))
                return None
            return typed_here(heard, line)
        if len(scan.text) >= SHORTEST:
            if (verdict := judge(scan.text)) is not None:
                print(say(verdict))
            print(say(message("setup.scanner", code=clean(scan.text, 60), path=ear.url)))
            return ear
    print(say("setup.no_scan"))
    return None


def typed_here(heard: "queue.SimpleQueue[tuple[Ear, Scan]]", line: str) -> Ear | None:
    """A code came as typing: from a port we hear as well, or only into this terminal."""
    try:
        ear, scan = heard.get(timeout=1.0)
    except queue.Empty:
        print(say(message("setup.typed", code=clean(line, 60))))
        return None
    print(say(message("setup.scanner", code=clean(scan.text, 60), path=ear.url)))
    return ear


def typed_line() -> str | None:
    """A line typed here since the last look; None when there is none."""
    try:
        ready, _, _ = select.select([sys.stdin], [], [], 0)
    except (OSError, ValueError):  # no terminal behind it
        return None
    return clean(sys.stdin.readline()) if ready and sys.stdin.isatty() else None


# --- the scale -------------------------------------------------------------------------------


def scale_ports(found: "Sequence[Found]", named: str, taken: str) -> list[str]:
    """Serial ports a scale may be on, and USB scales as ``vendor:product``."""
    from drivers.finding import Kind

    if named:
        return [named]
    usb = [f"{one.vendor}:{one.product}" for one in found if one.kind is Kind.HID_SCALE]
    serial = [
        one.path
        for one in found
        if one.kind is Kind.SERIAL and one.usable and one.path not in ("", taken)
    ]
    return [*usb, *serial]


def learn_scale(ports: Sequence[str]) -> dict[str, Any] | None:
    """The scale's table; None when there is none, or a person does not agree."""
    if not ports:
        print(say("setup.no_scale_port"))
        return None
    if ask("setup.load", "y").lower() in ("s", "skip"):
        return None
    for port in ports:
        if is_usb(port):
            print(say(message("setup.usb_scale", port=port)))
            return {"kind": "hid_scale", "url": port}
        try:
            guesses, heard = listen(port)
        except Problem as problem:
            print(say(problem.message))
            continue
        for guess in guesses:
            if (table := agreed(port, guess)) is not None:
                return table
        if heard and not guesses:
            print(say(message("scale.strange", port=port)))
    print(say("setup.no_scale"))
    return None


def is_usb(port: str) -> bool:
    """Whether a port is a USB scale's ``vendor:product``."""
    vendor, colon, product = port.partition(":")
    return bool(colon) and len(vendor) == len(product) == 4


def agreed(port: str, guess: "Guess") -> dict[str, Any] | None:
    """The table for a guess a person finds on the scale's own display."""
    print(say(guess_sentence(guess)))
    if ask("setup.agree", "y").lower()[:1] not in ("y", "是", "对"):
        return None
    table: dict[str, Any] = {"kind": guess.protocol, "url": port, "baud": guess.line.baud}
    if guess.line.parity != "N" or guess.line.bytesize != 8:
        table |= {"bytesize": guess.line.bytesize, "parity": guess.line.parity}
    if guess.polled and not polls_by_itself(guess.protocol):
        table["polled"] = True
    table |= dict(guess.options)
    if "unit" in guess.to_confirm:
        table |= unit_of(guess.protocol)
    return table


def polls_by_itself(protocol: str) -> bool:
    """Whether asking is what such a scale comes with."""
    from drivers.scales import find

    return find(protocol).polled


def unit_of(protocol: str) -> dict[str, Any]:
    """The unit on the display, when the wire does not tell."""
    from drivers.scales import find

    allowed = [str(unit) for unit in find(protocol).options.get("unit", ())]
    if not allowed:
        return {}
    said = Message("setup.unit", {"units": " / ".join(allowed), "first": allowed[0]})
    answer = ask(said, allowed[0])
    return {"unit": answer if answer in allowed else allowed[0]}
