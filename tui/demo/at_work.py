"""One process of a rehearsed day: it syncs, or it is a bench with a packer, until it is killed.

``python -m tui.demo.at_work CONFIG START SPEED ORIGIN [STATION BADGE SEED]``: the three figures
make the clock that all processes share. On stdin come the words ``courier``, ``gone`` and ``stop``;
on stdout goes what the packer did, as lines of JSON.
"""

import json
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from core.clock import FastClock
from core.config import read_config
from core.shipping.printing import PrintRun
from core.store import Rows
from tui.commands.shared import keep_log
from tui.demo.goods import goods
from tui.demo.packers import Habits, Packer
from tui.demo.paper import Paper, PaperPrinter
from tui.station import Station
from tui.wiring import Works

TELL_S = 0.2
SWITCH_S = 0.0003
"""How long one thread may keep the others waiting."""


def main(words: list[str]) -> None:
    """Work until told to stop, or killed."""
    sys.setswitchinterval(SWITCH_S)
    path, start, speed, origin, *bench = words
    config = read_config(Path(path))
    keep_log(config)
    clock = FastClock(int(start), float(speed), config.zone, origin=float(origin))
    works = Works(config, clock)
    try:
        if bench:
            at_bench(works, clock, *bench)
        else:
            works.engine.start()
            while heard() != "stop":
                pass
    finally:
        works.close()


def at_bench(works: Works, clock: FastClock, code: str, badge: str, seed: str) -> None:
    """A packer without devices: codes and weights go to the bench as values."""
    printer = PaperPrinter(works.config.path.parent, code)
    station = works.station(code)
    station.printing = PrintRun(works.store, code, printer, works.config.sender, clock)
    hands = Hands(station, printer)
    lives = len(printer.labels)  # another life, other slips of the hand
    packer = Packer(
        *(station, hands, goods(), Habits(wire=0.0, breath_s=0.0)),
        badge=badge,
        seed=int(seed) * 10_007 + lives,
    )
    packer.parcels |= boxes(works.store.read, code, printer.labels)
    packer.aside |= dict.fromkeys(left_open(works.store.read, code), 0.0)
    station.start()
    packer.start()
    over = threading.Event()
    telling = threading.Thread(target=tell, args=(packer, over), daemon=True)
    telling.start()
    while (word := heard()) != "stop":
        (packer.courier.set if word == "courier" else packer.courier.clear)()
    packer.stop()
    over.set()
    telling.join(timeout=5)


def heard() -> str:
    """The next word; stop when nobody speaks any more."""
    return sys.stdin.readline().strip() or "stop"


def tell(packer: Packer, over: threading.Event) -> None:
    """Say now and then what was done, and once more at the end."""
    told = 0
    while True:
        last = over.wait(TELL_S)
        tally = packer.tally
        answers = tally.answers_ms[told:]
        told += len(answers)
        line = {
            "scans": tally.scans,
            "silent": tally.silent,
            "answers_ms": [round(each, 3) for each in answers],
            "mistakes": dict(tally.mistakes),
            "did": dict(tally.did),
            "let_through": list(tally.let_through),
        }
        print(json.dumps(line), flush=True)
        if last:
            return


@dataclass(frozen=True, slots=True)
class NoWire:
    """No scanner: every code is typed."""

    plugged: bool = False

    def scan(self, text: str) -> None:
        """Nothing would hear it."""
        raise NotImplementedError(text)


@dataclass(frozen=True, slots=True)
class Eyes:
    """A weight read off by eye and told to the bench."""

    station: Station

    def put(self, grams: int) -> None:
        """Weigh it."""
        self.station.weigh(grams)

    def clear(self) -> None:
        """Nothing lies anywhere."""


class Hands:
    """A bench without devices, for a packer."""

    def __init__(self, station: Station, printer: PaperPrinter) -> None:
        self.scanner = NoWire()
        self.scale = Eyes(station)
        self.printer = printer


def boxes(read: Rows, station: str, labels: list[Paper]) -> dict[str, str]:
    """The packed boxes that stand on a bench when work begins again, with the label each wears."""
    worn = {label.number: label.waybill for label in labels}
    rows = read.all(
        "SELECT o.number FROM parcels p JOIN orders o ON o.id = p.order_id"
        " WHERE p.station = ? AND p.voided_at IS NULL AND p.handed_over_at IS NULL"
        " AND o.open = 1 ORDER BY p.id",
        station,
    )
    return {row["number"]: worn.get(row["number"], "") for row in rows}


def left_open(read: Rows, station: str) -> list[str]:
    """The open boxes that were put aside at a bench: all units inside, not weighed."""
    rows = read.all(
        "SELECT o.number FROM orders o WHERE o.open = 1 AND o.verified_at IS NOT NULL"
        " AND o.weighed_at IS NULL AND ? = (SELECT e.station FROM events e"
        " WHERE e.order_id = o.id AND e.station <> '' ORDER BY e.seq DESC LIMIT 1)",
        station,
    )
    return [row["number"] for row in rows]


if __name__ == "__main__":
    main(sys.argv[1:])
