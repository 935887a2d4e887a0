"""A bench killed in the middle of orders, again and again: nothing acknowledged is ever lost."""

import json
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.config import Config
from core.store.backup import check_file
from core.store.database import Reader, open_reader
from tests.until import until
from tui.demo.accounting import Books
from tui.demo.furnishing import furnish, open_books, take_in_past, write_config
from tui.demo.goods import goods
from tui.demo.hand import PACKING_G
from tui.demo.orders import Buyers
from tui.demo.world import Gear, Shape, World
from tui.wiring import Works

ORDERS, KILLS = 4, 6
HERE = Path(__file__).parent
View = dict[str, Any]


class Life:
    """One life of the bench's process."""

    def __init__(self, config: Config) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "bench_process.py"), str(config.path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE.parents[1],
            env={"PYTHONPATH": str(HERE.parents[1]), "PATH": "/usr/bin:/bin"},
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.view = self.next(20.0)
        assert self.view is not None, "the bench did not open"

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def next(self, seconds: float) -> View | None:
        """The next acknowledged picture; None when none comes."""
        try:
            told: View = json.loads(self.lines.get(timeout=seconds))
        except queue.Empty:
            return None
        return told

    def newest(self) -> View:
        """Everything that was acknowledged by now; the last of it."""
        while (told := self.next(0.0 if self.lines.empty() else 1.0)) is not None:
            self.view = told
        assert self.view is not None
        return self.view

    def kill(self) -> None:
        """Pull the plug, then read what had still been said."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)
        self.reader.join(timeout=10)
        self.newest()


class Hands:
    """Whoever scans and weighs, told by the acknowledged pictures only."""

    def __init__(self, gear: Gear, life: Life) -> None:
        self.gear = gear
        self.life = life
        self.loaded = False
        self.patience = 1.0

    def act(self) -> None:
        """One movement; does not wait for its answer."""
        view = self.life.newest()
        self.patience = 1.0
        if view["step"] == "weigh" and not view["choices"]:
            self._weigh(view)
            return
        self.gear.scale.clear()
        self.loaded = False
        self.gear.scanner.scan(self._code(view))

    def _weigh(self, view: View) -> None:
        if self.loaded:
            self.gear.scale.clear()
            self.patience = 0.3  # an emptied scale says nothing
        else:
            grams = sum(goods().products[x[1]].grams * x[4] for x in view["lines"])
            self.gear.scale.put(grams + PACKING_G)
        self.loaded = not self.loaded

    def _code(self, view: View) -> str:
        if view["choices"]:
            return str(view["choices"][0])
        if not view["operator"]:
            return goods().packers[0]
        if view["step"] not in ("pick", "pack"):
            return "PKNEXT1"
        line = view["lines"][view["current"]]
        return "PKDONE1" if line[5] else goods().products[line[1]].barcode

    def answered(self) -> bool:
        """Wait for an answer to the last movement."""
        told = self.life.next(self.patience)
        if told is not None:
            self.life.view = told
        return told is not None


@contextmanager
def warehouse(folder: Path) -> Iterator[tuple[World, Config]]:
    """A world with a few orders, taken in before the bench opens."""
    clock = SystemClock()
    with World(folder, clock, Shape(cameras=0, label_mm=(60, 40))) as world:
        config = write_config(world)
        works = Works(config)
        furnish(works, goods())
        open_books(works, clock.now() - 3_600_000)
        buyers = Buyers(goods(), 11, trouble=0.0)
        with world.back_then(clock.now() - 600_000):
            for number in range(ORDERS):
                world.buy("MS" if number % 2 else "XY", buyers.next())
        assert take_in_past(works) == ORDERS
        works.close()
        yield world, config


def counts_kept(read: Reader, acknowledged: View) -> None:
    """What the packer was shown is in the database, or more."""
    for line_id, sku, _, picked, verified, _ in acknowledged["lines"]:
        row = read.one("SELECT picked, verified FROM order_lines WHERE id = ?", line_id)
        assert row is not None
        assert (row["picked"], row["verified"]) >= (picked, verified), sku
        assert row["picked"] >= picked
        assert row["verified"] >= verified


@pytest.mark.parametrize("seed", [1])
def test_a_killed_bench_goes_on_where_it_was(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    with warehouse(tmp_path) as (world, config):
        read = open_reader(config.database)
        hands = Hands(world.gear["B1"], Life(config))
        for _ in range(KILLS):
            for _ in range(draw.randint(2, 9)):
                hands.act()
                hands.answered()
            hands.act()
            time.sleep(draw.uniform(0, 0.02))  # anywhere between the scan and its answer
            hands.life.kill()
            counts_kept(read, hands.life.view)
            check_file(config.database)
            acknowledged = hands.life.view
            hands.life = Life(config)
            if acknowledged["number"] and acknowledged["step"] in ("pick", "pack"):
                assert hands.life.view["number"] == acknowledged["number"]
                assert hands.life.view["operator"] == acknowledged["operator"]
                counts_kept(read, acknowledged)
        finish(world, read, hands)
        hands.life.process.kill()
        books = Books(read, world, shop_ids(read))
        assert books.compare() == []
        assert books.sums.shipped == ORDERS
        read.close()


def shop_ids(read: Reader) -> dict[str, int]:
    """Shop code -> id."""
    return {row["code"]: row["id"] for row in read.all("SELECT code, id FROM shops")}


def finish(world: World, read: Reader, hands: Hands) -> None:
    """Pack what is left, print what was in doubt, hand everything over."""
    deadline = time.monotonic() + 60
    while read.one("SELECT 1 FROM orders WHERE open = 1 AND weighed_at IS NULL"):
        assert time.monotonic() < deadline, hands.life.newest()
        hands.act()
        hands.answered()
    until(lambda: not pending(read), seconds=30)
    for row in read.all("SELECT number FROM orders WHERE open = 1 AND labelled_at IS NULL"):
        say(hands, row["number"])
        say(hands, "PKPRNT1")
    until(lambda: not read.one("SELECT 1 FROM orders WHERE labelled_at IS NULL"), seconds=20)
    say(hands, "PKHAND1")
    for row in read.all("SELECT waybill FROM parcels WHERE voided_at IS NULL"):
        say(hands, row["waybill"])
    until(lambda: not pending(read), seconds=30)


def say(hands: Hands, code: str) -> None:
    """A scan that is answered."""
    hands.life.newest()
    hands.gear.scanner.scan(code)
    hands.patience = 10.0
    assert hands.answered(), code


def pending(read: Reader) -> bool:
    """Whether something is still on its way to carrier, printer or shop."""
    asked = "SELECT 1 FROM outbox WHERE state IN ('due', 'calling')"
    jobs = "SELECT 1 FROM print_jobs WHERE state IN ('waiting', 'sending')"
    return bool(read.one(asked) or read.one(jobs))
