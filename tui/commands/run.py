"""``packline``: the screens."""

import argparse

from tui.words import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--station", default="", help=say("cli.run.station"))
    parser.add_argument("--as", dest="badge", default="", help=say("cli.run.as"))
    parser.add_argument("--no-sync", action="store_true", help=say("cli.run.no_sync"))


def run(arguments: argparse.Namespace) -> int:
    """Check the terminal, then open the screens."""
    from tui.environment import prepare

    prepare()
    from tui.commands.shared import configured
    from tui.house import WiredHouse, read_taste
    from tui.wiring import Works

    config = configured(arguments)
    taste = read_taste(config.path, arguments.language or config.language)
    works = Works(config)
    try:
        house = WiredHouse(
            works, arguments.station, taste, arguments.badge, sync=not arguments.no_sync
        )
        from tui.app import PacklineApp

        PacklineApp(house).run(mouse=False)
    finally:
        works.close()
    return 0
