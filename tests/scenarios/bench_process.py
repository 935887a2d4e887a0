"""A bench in a process of its own: tells every committed picture as one line of JSON."""

import json
import sys
import threading
import time
from pathlib import Path

from core.config import read_config
from core.floor.values import BenchView
from tui.wiring import Works


def told(view: BenchView) -> str:
    """What a packer sees."""
    return json.dumps(
        {
            "number": view.number,
            "operator": view.operator,
            "mode": view.mode,
            "step": view.step.value if view.step else None,
            "current": view.current,
            "waiting": view.waiting,
            "lines": [
                [x.line_id, x.sku, x.wanted, x.picked, x.verified, x.by_hand] for x in view.lines
            ],
            "choices": [choice.code for choice in view.choices],
            "said": view.outcome.say.id if view.outcome else "",
            "code": view.outcome.code if view.outcome else "",
        }
    )


def main() -> None:
    """Open the bench and work until killed."""
    works = Works(read_config(Path(sys.argv[1])))
    station = works.station("B1")
    works.engine.start()
    station.start()
    while not station.scanners[0].state.connected:
        time.sleep(0.005)
    station.listener = lambda view: print(told(view), flush=True)
    print(told(station.bench.view()), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
