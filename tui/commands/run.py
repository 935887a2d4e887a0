"""``packline``: the screens."""

import argparse
import gc
import os
from collections.abc import Mapping

from core.config import Config
from tui.words import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--station", default="", metavar="CODE", help=say("cli.run.station"))
    parser.add_argument("--no-bench", action="store_true", help=say("cli.run.no_bench"))
    parser.add_argument("--as", dest="badge", default="", help=say("cli.run.as"), metavar="BADGE")
    parser.add_argument("--no-sync", action="store_true", help=say("cli.run.no_sync"))


def run(arguments: argparse.Namespace) -> int:
    """Check the place and the terminal, then open the screens."""
    if arguments.version:
        return tell_version()
    from tui.commands.shared import configured
    from tui.environment import prepare, require_terminal

    config = configured(arguments)
    station = "" if arguments.no_bench else bench(config, arguments.station, os.environ)
    require_terminal()
    prepare()
    from tui.house import WiredHouse, read_taste
    from tui.wiring import Works

    taste = read_taste(config.path, arguments.language or config.language)
    works = Works(config)
    try:
        house = WiredHouse(works, station, taste, arguments.badge, sync=not arguments.no_sync)
        from tui.app import PacklineApp

        PacklineApp(house).run(mouse=False)
    finally:
        works.close()
        gc.freeze()  # the process ends here: combing through every object first takes 0.3 s
    return 0


def bench(config: Config, asked: str, environ: Mapping[str, str]) -> str:
    """Which bench this terminal is; "" is a supervisor's terminal. Raises Problem.

    Somebody who comes over SSH sits at no bench, and must not take the scale of the only one.
    """
    if asked:
        return config.station(asked).code
    if "SSH_CONNECTION" in environ or len(config.stations) != 1:
        return ""
    return config.stations[0].code


def tell_version() -> int:
    """Our version, and those that decide what a support call needs to know."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from core.store.database import sqlite

    try:
        ours = version("packline")
    except PackageNotFoundError:  # run from the source itself
        ours = "-"
    print(f"packline {ours} (Python {platform.python_version()}, SQLite {sqlite.sqlite_version})")
    return 0
