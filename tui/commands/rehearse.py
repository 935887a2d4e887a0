"""``packline rehearse``: a whole day without a screen, with faults, and the accounts after it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Problem
from core.messages import Message, message
from tui.commands.shared import add_json, print_json
from tui.words import say

if TYPE_CHECKING:
    from tui.demo.report import Report

FAULTS = ("none", "light", "storm")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--orders", type=int, default=100, metavar="N", help=say("demo.cli.day"))
    parser.add_argument("--benches", type=int, default=2, metavar="B", help=say("demo.cli.benches"))
    parser.add_argument("--platforms", metavar="A,B", help=say("demo.cli.platforms"))
    parser.add_argument("--kills", type=int, metavar="K", help=say("demo.cli.kills"))
    parser.add_argument("--seed", type=int, default=1, metavar="S", help=say("demo.cli.seed"))
    parser.add_argument("--faults", choices=FAULTS, default="none", help=say("demo.cli.faults"))
    parser.add_argument("--speed", type=float, metavar="X", help=say("demo.cli.speed"))
    parser.add_argument("--keep", type=Path, metavar="DIR", help=say("demo.cli.keep"))
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Play the day; exit status 1 when the books do not balance."""
    from tui.demo.rehearsal import rehearse
    from tui.demo.report import Wanted
    from tui.demo.troubles import Weather

    report = rehearse(
        Wanted(
            orders=max(1, arguments.orders),
            benches=max(1, min(arguments.benches, 6)),
            platforms=platforms(arguments.platforms),
            kills=arguments.kills if arguments.kills is None else max(0, arguments.kills),
            seed=arguments.seed,
            weather=Weather(arguments.faults),
            speed=arguments.speed or 0.0,
            keep=arguments.keep.absolute() if arguments.keep else None,
        )
    )
    if arguments.json:
        print_json(report.as_dict())
    else:
        print("\n".join(say(line) for line in summary(report)))
    return 0 if report.balanced else 1


def platforms(told: str | None) -> tuple[str, ...]:
    """The channels that were named. Raises Problem for one that cannot be simulated."""
    from tui.demo.world import NAMES

    named = tuple(word.strip() for word in (told or "").split(",") if word.strip())
    for name in named:
        if name not in NAMES:
            raise Problem("demo.no_such_channel", came=name, expected=" ".join(NAMES))
    return named


def summary(report: "Report") -> list[Message]:
    """The day in a few sentences."""
    sums = report.sums
    lines = [
        message(
            "demo.day.orders",
            placed=sums.placed,
            shipped=sums.shipped,
            held=sums.held,
            cancelled=sums.cancelled,
        ),
        message("demo.day.units", units=sums.units_shipped, events=sums.events),
        message(
            "demo.day.scans",
            scans=report.scans,
            p50=f"{report.answer_ms(0.5):.1f}",
            p99=f"{report.answer_ms(0.99):.1f}",
        ),
        message("demo.day.mistakes", n=sum(report.mistakes.values()), which=told(report.mistakes)),
        message(
            "demo.day.paper",
            waybills=sums.waybills,
            labels=sums.labels,
            reprints=sums.reprints,
            voided=sums.voided,
            told=sums.told,
        ),
        message("demo.day.faults", n=sum(report.faults.values()), which=told(report.faults)),
        message("demo.day.time", s=f"{report.seconds:.1f}", drained=f"{report.drained_s:.1f}"),
    ]
    if report.killed:
        told_kills = ", ".join(" ".join(each) for each in report.killed)
        lines.append(message("demo.day.killed", n=len(report.killed), which=told_kills))
    if report.balanced:
        return [*lines, message("demo.day.balanced")]
    lines.append(message("demo.day.differs", n=len(report.differences)))
    return lines + [message("demo.day.difference", what=str(d)) for d in report.differences]


def told(counts: dict[str, int]) -> str:
    """Counts in one line, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{what} ×{n}" for what, n in ordered) or "-"
