"""The screens over a house of values, as a process of its own: ``python process.py OUT``."""

import fcntl
import json
import sys
import termios
from pathlib import Path

from tui.environment import prepare, require_terminal

prepare()
require_terminal()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # a new session: hanging up must reach it

from tests.tui.house import FakeHouse  # noqa: E402
from tui.app import PacklineApp  # noqa: E402

house = FakeHouse(theme=sys.argv[2] if len(sys.argv) > 2 else "dark")
PacklineApp(house).run(mouse=False)
Path(sys.argv[1]).write_text(json.dumps(house.bench.scans), encoding="utf-8")
