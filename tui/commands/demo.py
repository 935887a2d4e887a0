"""``packline demo``: a furnished warehouse with made-up shops, carrier and devices."""

import argparse
import contextlib
from pathlib import Path

from core.messages import message
from tui.words import say, use

STATIONS = ("B1", "B2")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dir", type=Path, metavar="DIR", help=say("demo.cli.dir"))
    parser.add_argument("--orders", type=int, default=240, metavar="N", help=say("demo.cli.orders"))
    parser.add_argument("--seed", type=int, default=1, metavar="N", help=say("demo.cli.seed"))
    parser.add_argument("--scale", metavar="PROTOCOL", help=say("demo.cli.scale"))
    parser.add_argument(
        "--scanner", choices=("serial", "evdev"), default="serial", help=say("demo.cli.scanner")
    )
    parser.add_argument(
        "--printer", choices=("zpl", "tspl"), default="zpl", help=say("demo.cli.printer")
    )
    parser.add_argument("--remove", action="store_true", help=say("demo.cli.remove"))
    parser.add_argument("--no-screen", action="store_true", help=say("demo.cli.no_screen"))


def run(arguments: argparse.Namespace) -> int:
    """Remove the demonstration, or make it anew and open the screens."""
    from tui.demo.furnishing import default_folder, remove

    arguments.scale = known_scale(arguments.scale)
    folder: Path = (arguments.dir or default_folder()).absolute()
    if arguments.remove:
        removed = remove(folder)
        print(say(message("demo.removed" if removed else "demo.nothing", folder=str(folder))))
        return 0
    if not arguments.no_screen:
        from tui.environment import prepare, require_terminal

        require_terminal()
        prepare()
    print(say("demo.preparing"), flush=True)
    show(arguments, folder)
    print(say(message("demo.bye", folder=str(folder))))
    return 0


def known_scale(name: str | None) -> str:
    """The protocol of the made-up scales. Raises Problem for one nobody can play."""
    from core.errors import Problem
    from drivers.simulated.scale_frames import ENCODERS
    from tui.demo.world import SCALE

    if name and name not in ENCODERS:
        raise Problem("demo.no_scale", name=name, known=" ".join(ENCODERS))
    return name or SCALE


def show(arguments: argparse.Namespace, folder: Path) -> None:
    """The world around, the works inside, and the screens on top. Raises Problem."""
    from core.clock import SystemClock
    from tui.commands.shared import keep_log
    from tui.demo.furnishing import occupied, write_config
    from tui.demo.goods import goods
    from tui.demo.life import Life
    from tui.demo.opening import open_doors
    from tui.demo.world import Shape, World
    from tui.wiring import Works

    with contextlib.ExitStack() as stack:
        stack.enter_context(occupied(folder))
        shape = Shape(
            stations=STATIONS,
            seed=arguments.seed,
            scale=arguments.scale,
            scanner=arguments.scanner,
            printer=arguments.printer,
        )
        world = stack.enter_context(World(folder, SystemClock(), shape))
        config = write_config(world)
        keep_log(config)
        works = Works(config)
        stack.callback(works.close)
        buyers = open_doors(world, works, goods(), arguments.orders, arguments.seed)
        life = stack.enter_context(Life(world, buyers, arguments.seed))
        print(say(message("demo.ready", folder=str(folder), switch=str(life.switch))), flush=True)
        if not arguments.no_screen:
            screens(arguments, world, works)


def screens(arguments: argparse.Namespace, world: object, works: object) -> None:
    """The real application at the first bench, with the guide."""
    from tui.demo.goods import goods
    from tui.demo.guide import Guide
    from tui.demo.screen import DemoApp
    from tui.demo.world import World
    from tui.house import WiredHouse, read_taste
    from tui.wiring import Works

    assert isinstance(world, World)
    assert isinstance(works, Works)
    language = arguments.language or works.config.language
    use(language)
    taste = read_taste(works.config.path, language)
    house = WiredHouse(works, STATIONS[0], taste)
    guide = Guide(world.gear[STATIONS[0]], goods(), goods().packers[0])
    DemoApp(house, guide).run(mouse=False)
