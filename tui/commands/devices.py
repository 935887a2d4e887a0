"""``packline devices``: what is plugged in, what keeps it from working, what the benches have."""

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.clock import Clock, SystemClock
from core.config import Config, DeviceConfig, StationConfig
from core.errors import Problem
from core.messages import Message, message
from core.ports import PrinterAnswer
from core.text import clean
from tui.commands.lines import Page
from tui.commands.shared import add_json, configured, print_json
from tui.words import say

if TYPE_CHECKING:
    from drivers.finding import Found

PATIENCE_S = 2.0
"""How long a device may take to show itself."""
Answer = tuple[str, bool, Message]
"""Name of a device, whether it is well, and what it said."""


def arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)
    todo = parser.add_subparsers(dest="todo", metavar="TODO")
    todo.add_parser("udev", help=say("cli.devices.udev"))
    test = todo.add_parser("sheet", help=say("cli.devices.sheet"))
    test.add_argument("--pdf", type=Path, required=True, metavar="FILE", help=say("cli.sheet.pdf"))
    new = todo.add_parser("setup", help=say("cli.devices.setup"))
    new.add_argument("--station", required=True, metavar="CODE", help=say("cli.devices.station"))
    new.add_argument("--scanner", default="", metavar="PORT", help=say("cli.devices.scanner"))
    new.add_argument("--scale", default="", metavar="PORT", help=say("cli.devices.scale"))
    new.add_argument("--wait", type=float, default=60.0, help=say("cli.devices.wait"))


def run(arguments: argparse.Namespace) -> int:
    """List, print the rules, or set a station up."""
    from drivers.finding import list_devices, udev_rules

    if arguments.todo == "udev":
        print(udev_rules(list_devices()), end="")
        return 0
    if arguments.todo == "sheet":
        return print_sheet(arguments.pdf)
    if arguments.todo == "setup":
        from tui.commands.setup import set_up

        return set_up(arguments)
    found = list_devices()
    config = configured(arguments) if arguments.config.exists() else None
    stations = (
        {station.code: ask_station(config, station) for station in config.stations}
        if config
        else {}
    )
    if arguments.json:
        print_json(plain(found, stations))
    else:
        print(listing(found, stations, config is not None))
    bad = [said for answers in stations.values() for _, good, said in answers if not good]
    return 1 if bad else 0


def print_sheet(file: Path) -> int:
    """The self-test sheet as a page. Raises Problem."""
    from drivers.printers.sheet import command_sheet_pdf
    from drivers.scanners.selftest import SHEET

    cards = [(proof.code, say(f"selftest.card.{proof.name}")) for proof in SHEET]
    command_sheet_pdf(say("selftest.title"), cards, file, 1, 5, squares=True)
    print(say(message("sheet.done", file=str(file), n=len(cards))))
    return 0


def plain(found: "Iterable[Found]", stations: dict[str, list[Answer]]) -> dict[str, Any]:
    """The listing for another program."""
    return {
        "found": [
            {
                "path": one.path,
                "kind": one.kind.value,
                "seems": one.seems,
                "name": one.name,
                "vendor": one.vendor,
                "product": one.product,
                "usable": one.usable,
                "remedy": [say(each) for each in remedies(one)],
            }
            for one in found
        ],
        "stations": {
            code: [
                {"device": name, "well": good, "said": say(said)} for name, good, said in answers
            ]
            for code, answers in stations.items()
        },
    }


def remedies(one: "Found") -> list[Message]:
    """Everything to do before a device can be used."""
    return [*([one.remedy] if one.remedy else []), *one.conflicts]


def listing(found: "list[Found]", stations: dict[str, list[Answer]], placed: bool) -> str:
    """The listing for a person."""
    page = Page()
    page.head(say("devices.plugged_in"))
    for one in found:
        seems = say(f"devices.seems.{one.seems or 'anything'}")
        page.line(f"{'✓' if one.usable else '✗'} {seems}  {one.name}".rstrip(), indent=2)
        if one.path:
            page.lines.append(f"    {one.path}")  # whole: it is copied into the configuration
        for remedy in remedies(one):
            page.line(f"→ {say(remedy)}", indent=4)
    if not found:
        page.line(say("devices.nothing"), indent=2)
    for code, answers in stations.items():
        page.gap()
        page.head(say(message("devices.of_station", station=code)))
        for name, good, said in answers:
            page.line(f"{'✓' if good else '✗'} {name}  {say(said)}", indent=2)
        if not answers:
            page.line(say(message("devices.none", station=code)), indent=2)
    if not placed:
        page.gap()
        page.line(say("devices.no_place"))
    return page.text()


# --- asking the devices of a station ---------------------------------------------------------


def ask_station(config: Config, station: StationConfig) -> list[Answer]:
    """Open each device of a station for a moment; never raises for a device."""
    clock = SystemClock(config.zone)
    answers = [ask_scanner(each, config, station.code, clock) for each in station.scanners]
    for device, ask, kind in (
        (station.scale, ask_scale, "scale"),
        (station.printer, ask_printer, "printer"),
        (station.slip_printer, ask_printer, "slip printer"),
        (station.camera, ask_camera, "camera"),
    ):
        if device is not None:
            try:
                answers.append(ask(device, config, station.code, clock))
            except Problem as problem:
                answers.append((f"{station.code} {kind}", False, problem.message))
    return answers


def ask_scanner(device: DeviceConfig, config: Config, station: str, clock: Clock) -> Answer:
    """Whether a scanner can be opened; it says nothing until somebody scans."""
    from tui.wiring import scanner_of

    try:
        scanner = scanner_of(device, station, config, lambda scan: None, clock)
    except Problem as problem:
        return f"{station} {device.kind}", False, problem.message
    scanner.start()
    wait_for(lambda: scanner.state.connected or scanner.state.trouble is not None)
    state = scanner.state
    scanner.stop()
    if state.connected:
        return scanner.name, True, message("devices.scanner_ready", path=device.url)
    return scanner.name, False, state.trouble or message("scanner.absent", path=device.url)


def ask_scale(device: DeviceConfig, config: Config, station: str, clock: Clock) -> Answer:
    """What the scale shows now."""
    from tui.wiring import scale_of

    scale = scale_of(device, station, config, clock=clock)
    scale.start()
    wait_for(lambda: scale.status.last is not None or scale.status.error is not None)
    state = scale.device_state()
    scale.stop()
    if state.last_value:
        return scale.name, True, message("devices.scale_shows", weight=state.last_value)
    return scale.name, False, state.trouble or message("scales.silent", port=device.url)


def ask_printer(device: DeviceConfig, config: Config, station: str, clock: Clock) -> Answer:
    """What the printer says of itself; silence is normal for some."""
    from tui.wiring import printer_of

    status = printer_of(device, station, config).status()
    good = status.answer in (PrinterAnswer.READY, PrinterAnswer.BUSY)
    said = message(f"devices.printer.{status.answer.value}")
    return f"{station} printer", good, said if good else status.fault or said


def ask_camera(device: DeviceConfig, config: Config, station: str, clock: Clock) -> Answer:
    """Whether a photo comes. Raises Problem with the reason why none does."""
    from tui.wiring import camera_of

    photo = camera_of(device, station, config).snap()
    return f"{station} camera", True, message("devices.photo", kilobytes=len(photo) // 1024 + 1)


def wait_for(condition: Any, seconds: float = PATIENCE_S) -> None:
    """Until something is true, or the patience is over."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def ask(question: Message | str, default: str = "") -> str:
    """A line typed in answer; the default for an empty one, or when nobody is there."""
    print(say(question), end=" ", flush=True)
    line = sys.stdin.readline()
    if not line:
        print()
    return clean(line, 200) or default
