"""The screens over a house of values, as a process of its own: ``python process.py OUT THEME``.

``PACKLINE_STALL=SEED`` blocks the event loop for up to half a second now and then, as a slow report
or a full terminal would. ``PACKLINE_COMPOSED=1`` lets Textual's compositor write everything.
"""

import fcntl
import json
import os
import random
import sys
import termios
import time
from pathlib import Path

from tui.environment import prepare, require_terminal

prepare()
require_terminal()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # a new session: hanging up must reach it

from tests.tui.house import FakeHouse  # noqa: E402
from tui.app import PacklineApp  # noqa: E402
from tui.widgets import canvas  # noqa: E402


class Stalling(PacklineApp):
    """Its event loop stands still at random."""

    draw = random.Random(os.environ.get("PACKLINE_STALL"))

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(0.7, self.stall)

    def stall(self) -> None:
        time.sleep(self.draw.uniform(0.0, 0.5))


if "PACKLINE_COMPOSED" in os.environ:
    canvas.settled = lambda widget: None
house = FakeHouse(theme=sys.argv[2] if len(sys.argv) > 2 else "dark")
(Stalling if "PACKLINE_STALL" in os.environ else PacklineApp)(house).run(mouse=False)
Path(sys.argv[1]).write_text(json.dumps(house.bench.scans), encoding="utf-8")
