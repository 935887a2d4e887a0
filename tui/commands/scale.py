"""``packline scale``: what a scale says, for support and for a scale nobody knows yet."""

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import Problem
from core.messages import Message, message
from tui.commands.lines import Page
from tui.commands.shared import add_json, print_json
from tui.words import say

if TYPE_CHECKING:
    from drivers.scales.detect import Guess


def arguments(parser: argparse.ArgumentParser) -> None:
    todo = parser.add_subparsers(dest="todo", required=True, metavar="TODO")
    one = todo.add_parser("protocols", help=say("cli.scale.protocols"))
    add_json(one)
    one = todo.add_parser("decode", help=say("cli.scale.decode"))
    one.add_argument("protocol", metavar="PROTOCOL", help=say("cli.scale.protocol"))
    add_options(one)
    one = todo.add_parser("detect", help=say("cli.scale.detect"))
    one.add_argument("port", metavar="PORT", help=say("cli.scale.port"))
    one.add_argument("--listen-only", action="store_true", help=say("cli.scale.listen_only"))
    add_json(one)
    one = todo.add_parser("record", help=say("cli.scale.record"))
    one.add_argument("port", metavar="PORT", help=say("cli.scale.port"))
    one.add_argument("file", type=Path, metavar="FILE", help=say("cli.scale.file"))
    one.add_argument("--seconds", type=float, default=10.0, help=say("cli.scale.seconds"))
    one.add_argument("--protocol", default="", help=say("cli.scale.ask"))
    one.add_argument("--baud", type=int, default=0, help=say("cli.scale.baud"))
    one = todo.add_parser("replay", help=say("cli.scale.replay"))
    one.add_argument("file", type=Path, metavar="FILE", help=say("cli.scale.file"))
    one.add_argument("--protocol", default="", help=say("cli.scale.guess"))
    one.add_argument("--play", type=Path, metavar="PATH", help=say("cli.scale.play"))
    one.add_argument("--speed", type=float, default=1.0, metavar="X", help=say("cli.scale.speed"))
    add_options(one)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The protocol's own settings."""
    parser.add_argument(
        "--option", action="append", default=[], metavar="K=V", help=say("cli.scale.option")
    )


def run(arguments: argparse.Namespace) -> int:
    """Whichever of the five was asked for."""
    todo = {
        "protocols": protocols,
        "decode": decode,
        "detect": detect,
        "record": record,
        "replay": replay,
    }
    return todo[arguments.todo](arguments)


def protocols(arguments: argparse.Namespace) -> int:
    """List the protocols, their line and their options."""
    from drivers.scales import PROTOCOLS

    if arguments.json:
        print_json([plain_profile(profile) for profile in PROTOCOLS.values()])
        return 0
    page = Page()
    for profile in PROTOCOLS.values():
        line = profile.line
        wire = "USB" if profile.hid else f"{line.baud} {line.bytesize}{line.parity}{line.stopbits}"
        page.field(f"{profile.name:19}", f"{wire:9} {say(profile.label)}")
        for option, values in profile.options.items():
            words = " | ".join(as_word(value) for value in values)
            page.line(f"--option {option}={words}", indent=30)
    print(page.text())
    return 0


def plain_profile(profile: Any) -> dict[str, object]:
    """A protocol as plain values."""
    line = profile.line
    return {
        "name": profile.name,
        "label": say(profile.label),
        "baud": line.baud,
        "format": f"{line.bytesize}{line.parity}{line.stopbits}",
        "usb": profile.hid,
        "polled": profile.polled,
        "options": {name: list(values) for name, values in profile.options.items()},
    }


def decode(arguments: argparse.Namespace) -> int:
    """Bytes from standard input, one JSON object a reading."""
    options = read_options(arguments.protocol, arguments.option)
    chunks = iter(lambda: os.read(sys.stdin.fileno(), 4096), b"")
    return print_readings(arguments.protocol, options, chunks)


def print_readings(protocol: str, options: dict[str, object], chunks: Iterable[bytes]) -> int:
    """One JSON object a line as readings come; exit status 1 when there was none."""
    import json

    from drivers.scales.capture import decode_stream

    told: dict[str, Any] = {}
    count = -1
    for told in decode_stream(protocol, options, chunks):
        count += 1
        print(json.dumps(told, ensure_ascii=False), flush=True)
    return 0 if count > 0 else 1


def read_options(protocol: str, words: list[str]) -> dict[str, object]:
    """``K=V`` words as the values the protocol knows. Raises Problem."""
    from drivers.scales import find

    profile = find(protocol)
    options: dict[str, object] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise Problem("scale.option_form", came=word)
        known = {as_word(value): value for value in profile.options.get(name, ())}
        options[name] = known.get(text, text)
    profile.decoder(**options)  # raises Problem for what the protocol does not know
    return options


def as_word(value: object) -> str:
    """A protocol's option value as it is typed."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def detect(arguments: argparse.Namespace) -> int:
    """Find out what a scale speaks; exit status 1 when nothing was understood."""
    found, heard = listen(arguments.port, probe=not arguments.listen_only)
    if arguments.json:
        print_json(
            {
                "guesses": [plain_guess(guess) for guess in found],
                "heard": {baud: data.hex(" ") for baud, data in heard.items()},
            }
        )
        return 0 if found else 1
    for guess in found:
        print(say(guess_sentence(guess)))
    if not found:
        page = Page()
        page.line(say(message("scale.strange" if heard else "scale.silent", port=arguments.port)))
        for baud, data in heard.items():
            page.line(f"{baud:>6}  {data[:20].hex(' ')}", indent=2)
        print(page.text())
    return 0 if found else 1


def listen(port: str, *, probe: bool = True) -> "tuple[tuple[Guess, ...], dict[int, bytes]]":
    """What is on a port. Raises Problem when it cannot be opened."""
    from drivers.scales.detect import detect
    from drivers.scales.port import PORT_TROUBLE
    from drivers.scales.status import away

    print(say(message("scale.listening", port=port)), file=sys.stderr, flush=True)
    try:
        detection = detect(port, probe=probe)
    except PORT_TROUBLE as error:
        trouble = away(port, error, was_there=False)
        raise Problem(trouble.id, **trouble.data) from error
    return detection.guesses, dict(detection.heard)


def plain_guess(guess: "Guess") -> dict[str, object]:
    """A guess as plain values."""
    return {
        "protocol": guess.protocol,
        "sure": guess.sure,
        "baud": guess.line.baud,
        "format": f"{guess.line.bytesize}{guess.line.parity}{guess.line.stopbits}",
        "polled": guess.polled,
        "options": dict(guess.options),
        "to_confirm": list(guess.to_confirm),
        "weight": None if guess.sample.weight is None else str(guess.sample.weight),
        "unit": guess.sample.unit,
    }


def guess_sentence(guess: "Guess") -> Message:
    """A guess in words, with the weight to hold against the scale's display."""
    from drivers.scales import PROTOCOLS

    weight = guess.sample.weight
    shown = "-" if weight is None else f"{weight} {guess.sample.unit or ''}".strip()
    line = guess.line
    return message(
        "scale.guess" if guess.sure else "scale.guess_unsure",
        protocol=guess.protocol,
        label=PROTOCOLS[guess.protocol].label,
        line=f"{line.baud} {line.bytesize}{line.parity}{line.stopbits}",
        weight=shown,
        ask=", ".join(guess.to_confirm) or "-",
    )


def record(arguments: argparse.Namespace) -> int:
    """Keep what a scale sends; exit status 1 when it sent nothing."""
    from dataclasses import replace

    from drivers.scales import Line, find
    from drivers.scales.capture import record
    from drivers.scales.port import PORT_TROUBLE
    from drivers.scales.status import away

    profile = find(arguments.protocol) if arguments.protocol else None
    line = profile.line if profile else Line()
    line = replace(line, baud=arguments.baud or line.baud)
    ask = profile.ask if profile and profile.polled else b""
    print(say(message("scale.recording", port=arguments.port, seconds=f"{arguments.seconds:g}")))
    try:
        count = record(arguments.port, arguments.file, arguments.seconds, line=line, ask=ask)
    except PORT_TROUBLE as error:
        if isinstance(error, OSError) and error.filename == str(arguments.file):
            raise  # it is the capture's file that is in the way
        kept = arguments.file.stat().st_size if arguments.file.exists() else 0
        trouble = away(arguments.port, error, was_there=bool(kept))
        raise Problem(trouble.id, **trouble.data) from error
    print(say(message("scale.recorded", file=str(arguments.file), n=count)))
    return 0 if count else 1


def replay(arguments: argparse.Namespace) -> int:
    """A capture's readings; without a protocol, what it may be; or the scale it came from."""
    from drivers.scales.capture import replay

    recording = list(replay(arguments.file))
    if arguments.play:
        return play(recording, arguments.play, arguments.speed)
    chunks = [data for _, data in recording]
    if arguments.protocol:
        options = read_options(arguments.protocol, arguments.option)
        return print_readings(arguments.protocol, options, iter(chunks))
    return print_guesses(b"".join(chunks))


def play(recording: list[tuple[int, bytes]], path: Path, speed: float) -> int:
    """Be the recorded scale for whoever opens ``path``. Raises Problem."""
    from drivers.simulated import tape

    if speed <= 0:
        raise Problem("scale.bad_speed", came=f"{speed:g}")
    print(say(message("scale.playing", port=str(path))), flush=True)
    count = tape.play(recording, path, speed=speed)
    print(say(message("scale.played", n=count)))
    return 0 if count else 1


def print_guesses(data: bytes) -> int:
    """What bytes may be, one sentence each; a capture does not know its line."""
    from dataclasses import replace

    from drivers.scales.detect import guess

    found = guess(data)
    for one in found:
        told = guess_sentence(one)
        print(say(replace(told, data={**told.data, "line": say("scale.any_line")})))
    if not found:
        print(say(message("scale.unknown", n=len(data), raw=data[:24].hex(" "))))
    return 0 if found else 1
