"""A packer's day as sentences: ``station.scans(code).sees("打包").presses("f4").sees("预警")``."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from core.clock import SystemClock
from core.config import Config
from tests.journeys.terminal import Terminal
from tests.until import until
from tui.demo.furnishing import furnish, open_books, take_in_past, write_config
from tui.demo.goods import Goods
from tui.demo.goods import goods as load_goods
from tui.demo.orders import Buyers, Wish
from tui.demo.world import Gear, Shape, World
from tui.wiring import Works

KEYS = {
    "enter": "\r", "tab": "\t", "escape": "\x1b", "up": "\x1b[A", "down": "\x1b[B",
    "f1": "\x1bOP", "f2": "\x1bOQ", "f3": "\x1bOR", "f4": "\x1bOS", "f5": "\x1b[15~",
    "f6": "\x1b[17~", "f7": "\x1b[18~", "f8": "\x1b[19~", "f9": "\x1b[20~", "f10": "\x1b[21~",
    "f11": "\x1b[23~", "f12": "\x1b[24~",
}  # fmt: skip
PACKLINE = shutil.which("packline", path=str(Path(sys.executable).parent)) or "packline"


class Station:
    """One bench: its terminal, and the devices that stand on it."""

    def __init__(self, terminal: Terminal, gear: Gear) -> None:
        self.terminal = terminal
        self.gear = gear
        self.last = ("", 0.0)

    def scans(self, code: str) -> Self:
        """The serial scanner reads a code, the same one not faster than a hand passes two units."""
        if self.last[0] == code:
            apart = 1.6 if code.startswith("PK") else 0.35
            self.terminal.read_for(max(0.0, self.last[1] + apart - time.monotonic()))
        self.gear.scanner.scan(code)
        self.last = (code, time.monotonic())
        return self

    def types(self, code: str) -> Self:
        """A wedge scanner types a code and its Enter into the terminal."""
        self.terminal.type(code + "\r")
        return self

    def presses(self, *keys: str) -> Self:
        """Keys of the keyboard."""
        for key in keys:
            self.terminal.type(KEYS.get(key, key))
        return self

    def weighs(self, grams: int) -> Self:
        """A parcel on the scale."""
        self.gear.scale.put(grams)
        return self

    def lifts(self) -> Self:
        """The parcel off the scale."""
        self.gear.scale.clear()
        self.terminal.read_for(1.2)  # a hand needs longer than the scale to come to rest
        return self

    def label(self, number: int = 1) -> str:
        """The waybill on the n-th label that comes out of the printer (from 1)."""
        self.until(lambda: len(self.gear.printer.labels) >= number)
        return self.gear.printer.labels[number - 1].waybill

    def sees(self, *texts: str, seconds: float = 30) -> Self:
        """All of these come to the screen."""
        for text in texts:
            self.terminal.until(text, seconds)
        return self

    def until(self, condition: Callable[[], object], seconds: float = 40) -> Self:
        """Something becomes true outside while the screen goes on painting."""
        limit = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > limit:
                raise AssertionError(f"not within {seconds} s\n{self.terminal.text}")
            self.terminal.read_once(0.01)
        return self

    def misses(self, text: str) -> Self:
        """This leaves the screen."""
        self.terminal.until(text, absent=True)
        return self


class Shift:
    """A furnished place with its simulated world, and the terminals opened in it."""

    def __init__(self, world: World, config: Config, goods: Goods) -> None:
        self.world = world
        self.config = config
        self.goods = goods
        self.terminals: list[Terminal] = []

    @contextmanager
    def works(self) -> Iterator[Works]:
        """The same database, opened by the test itself."""
        works = Works(self.config)
        try:
            yield works
        finally:
            works.close()

    def station(
        self, *arguments: str, size: tuple[int, int] = (80, 24), code: str = "B1"
    ) -> Station:
        """Open the screens of a bench in a terminal of that size."""
        before = self.connected(code)
        terminal = self.terminal("--station", code, *arguments, size=size)
        until(lambda: terminal.read_once(0.01) and self.connected(code) > before, 15)
        return Station(terminal, self.world.gear[code])

    def connected(self, code: str) -> int:
        """How often a bench's scanner was heard of so far: what it sends before reaches nobody."""
        try:
            log = self.config.log.read_text(encoding="utf-8")
        except FileNotFoundError:
            return 0
        return log.count(f"scanner {code} serial connected")

    def terminal(
        self, *arguments: str, size: tuple[int, int] = (80, 24), env: dict[str, str] | None = None
    ) -> Terminal:
        """Open ``packline`` with these arguments."""
        terminal = Terminal(
            [PACKLINE, "--config", str(self.config.path), *arguments],
            *size,
            {"TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})},
        )
        self.terminals.append(terminal)
        return terminal

    def barcode(self, sku: str) -> str:
        """What is printed on a product."""
        return self.goods.products[sku].barcode


@contextmanager
def shift(folder: Path, *wishes: Wish, stations: tuple[str, ...] = ("B1",)) -> Iterator[Shift]:
    """A shift with these orders already in the queue (and nothing else)."""
    goods = load_goods()
    clock = SystemClock()
    since = clock.now() - 600_000
    with World(folder, clock, Shape(stations=stations, pull_every_s=5)) as world:
        config = write_config(world)
        works = Works(config)
        try:
            furnish(works, goods)
            open_books(works, since)
            with world.back_then(clock.now() - 400_000):
                for wish in wishes:
                    world.buy("XY", wish)
            take_in_past(works)
        finally:
            works.close()
        opened = Shift(world, config, goods)
        try:
            yield opened
        finally:
            for terminal in opened.terminals:
                terminal.close()


def buyers(seed: int = 1) -> Buyers:
    """Orders that can all be shipped as they come."""
    return Buyers(load_goods(), seed, trouble=0.0)
