"""The cable is out for two hours in the middle of a shift; everybody goes on packing.

Nothing is doubled and nothing is lost: not an order, not a waybill, not a tracking number. The
same with the syncing process killed, the disk full for a minute and the clock stepped.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

import core
from core.clock import FastClock, SetClock
from core.config import read_config
from core.errors import Problem
from core.shipping.parcels import label_printed
from core.stock import receive
from core.stock.products import ProductFacts, save_product
from core.sync.outbox import recover, try_again
from core.sync.progress import set_cursor
from drivers.simulated.kuaidi100 import SimulatedKuaidi100
from drivers.simulated.shop import SimulatedTaobao
from drivers.simulated.shop_trades import SimLine, SimOrder
from tests.core.orders.warehouse import NOON, bring, column, quick_folder, weigh
from tui.wiring import Works

ROOT = Path(core.__file__).parent.parent
MINUTE = 60_000


class Shift:
    """A shop and a waybill seller over real sockets, a place, and somebody who packs."""

    def __init__(self, folder, clock, stack):
        self.clock, self.folder = clock, folder
        self.shop = stack.enter_context(SimulatedTaobao(clock, mask=False))
        self.carrier = stack.enter_context(SimulatedKuaidi100(clock))
        self.path = folder / "packline.toml"
        self.path.write_text(self.config(), "utf-8")
        self.path.chmod(0o600)
        self.bought: list[str] = []
        self.open()
        self.store.do(self.furnish)
        stack.callback(self.works.close)

    def config(self):
        return f"""
[sender]
name = "仓"
phone = "0571-86001234"
province = "浙江省"
address = "物流路18号"
[[warehouses]]
code = "HZ"
name = "杭州仓"
[[shops]]
code = "tb"
name = "一号店"
channel = "taobao"
url = "{self.shop.url}/router/rest"
app_key = "{self.shop.app_key}"
app_secret = "secret"
session = "session"
refresh_token = "refresh"
tier = "standard"
pull_every_s = 30
[carrier]
kind = "kuaidi100"
url = "{self.carrier.url}"
key = "key"
secret = "secret"
[carrier.partners.zto]
account = "ZTO1"
key = "pk"
net = "杭州一部"
"""

    def open(self):
        """A process begins."""
        self.works = Works(read_config(self.path), self.clock)
        self.store = self.works.store
        self.store.do(recover)

    def furnish(self, tx):
        facts = ProductFacts(code="TEE", title="T恤", weight_g=200, barcodes=("6901234567892",))
        receive(tx, 1, save_product(tx, facts, 1), 9000)
        tx.run("INSERT INTO operators (id, badge, name, role) VALUES (1, 'A1', '李', 'packer')")
        set_cursor(tx, 1, self.clock.now() - 10 * MINUTE)

    def buy(self):
        self.bought.append(self.shop.place(SimOrder(lines=(SimLine(sku="TEE"),))))

    def cable(self, plugged):
        for server in (self.shop, self.carrier):
            (server.restore if plugged else server.cut)()

    def pack(self, most=3):
        """Whoever stands at the bench takes what is ready; labels are printed when they can be."""
        for number in column(
            self.store,
            "SELECT platform_number FROM orders WHERE stage IN ('ready', 'picking', 'packing')"
            " AND held = 0 ORDER BY id LIMIT ?",
            most,
        ):
            bring(self.store, "weighing", number)
        for order_id in column(  # also what a full disk left standing before the scale
            self.store,
            "SELECT id FROM orders WHERE stage = 'weighing' AND weighed_at IS NULL AND held = 0",
        ):
            self.store.do(lambda tx, order_id=order_id: weigh(tx, order_id))
        for job in column(self.store, "SELECT id FROM print_jobs WHERE state = 'waiting'"):
            self.store.do(lambda tx, job=job: label_printed(tx, job))

    def left(self):
        """What has not found its way out."""
        return (
            column(self.store, "SELECT id FROM outbox WHERE state IN ('due', 'calling')")
            + column(self.store, "SELECT id FROM orders WHERE stage <> 'labelled'")
            + list(set(self.bought) - set(self.numbers()))
        )

    def numbers(self):
        return column(self.store, "SELECT platform_number FROM orders")

    def balance(self):
        """Each order once, one waybill for each, and the shop told that one, once."""
        assert sorted(self.numbers()) == sorted(self.bought)
        assert column(self.store, "SELECT state FROM outbox WHERE state = 'conflict'") == []
        waybills = {
            row["platform_number"]: row["waybill"]
            for row in self.store.read.all(
                "SELECT o.platform_number, p.waybill FROM parcels p"
                " JOIN orders o ON o.id = p.order_id"
            )
        }
        assert sorted(waybills) == sorted(self.bought)
        sold = Counter(e["reference"] for e in self.carrier.journal if e["do"] == "waybill")
        assert (len(sold), set(sold.values())) == (len(self.bought), {1})
        told = [(e["tid"], e["waybill"]) for e in self.shop.journal if e["what"] == "shipped"]
        assert sorted(told) == sorted(waybills.items())


# --- every minute of a shift, one after the other ------------------------------------------------


class Killed(BaseException):
    """The process dies here."""


def minute(shift, draw, rate):
    """A minute of the syncing process; with a chance it dies somewhere in it."""
    engine = shift.works.engine
    shop = engine.shops[1]
    line = shop.channel._line
    real = type(line).ask
    strikes = draw.random() < rate
    after = draw.random() < 0.5
    left = draw.randint(1, 12)

    def ask(call, *, writes):
        nonlocal left
        left -= 1
        if strikes and left == 0 and not after:
            raise Killed
        answer = real(line, call, writes=writes)
        if strikes and left == 0:
            raise Killed
        return answer

    line.ask = ask
    try:
        for job in (
            lambda: engine._pull(shop),
            engine._carry,
            lambda: engine._tell(shop),
            engine._watch,
        ):
            with suppress(Problem):  # the disk is full: the engine's edge logs it and ticks on
                job()
    except Killed:
        shift.works._engine = None  # what it knew is gone; the database stays
        shift.store.do(recover)
    finally:
        line.ask = real.__get__(line)


@pytest.mark.parametrize("seed", range(3))
def test_two_hours_without_a_network_with_kills_a_full_disk_and_a_stepped_clock(seed):
    draw = random.Random(seed)
    with quick_folder() as folder, ExitStack() as stack:
        shift = Shift(folder, SetClock(NOON), stack)
        packed_offline = 0
        for at in range(200):
            for _ in range(30 if at == 30 else at % 2):
                shift.buy()
            if at in (40, 160):
                shift.cable(at == 160)
            if at in (100, 101, 170, 171):
                full(shift.store, at in (100, 170))
            if at == 70:
                shift.clock.advance(-3600)
            if at == 180:
                shift.clock.advance(3600 + 60)
            before = packed(shift)
            with suppress(Problem):
                shift.pack(1)
            if 40 <= at < 160:
                packed_offline += packed(shift) - before
            minute(shift, draw, 0.3)
            shift.clock.advance(60)
        assert packed_offline >= 20  # what was known when the cable went
        for _ in range(300):
            shift.clock.advance(60)
            shift.pack(50)
            minute(shift, draw, 0.0)
            if not shift.left():
                break
        assert shift.left() == []
        shift.balance()


def packed(shift):
    return len(column(shift.store, "SELECT id FROM orders WHERE weighed_at IS NOT NULL"))


def full(store, on):
    """SQLite's own error of a full disk, for as long as it is on."""

    def limit(tx):
        pages = tx.the("PRAGMA page_count")["page_count"]
        tx.run(f"PRAGMA max_page_count = {pages if on else 1 << 30}")

    store.do(limit)


# --- a real process that is killed ---------------------------------------------------------------

CHILD = """
import sys, time
from pathlib import Path
from core.clock import FastClock
from core.config import read_config
from tui.wiring import Works
path, start, since, speed = Path(sys.argv[1]), *map(float, sys.argv[2:5])
clock = FastClock(int(start + (time.time() - since) * 1000 * speed), speed)
works = Works(read_config(path), clock)
works.engine.start()
print("syncing", flush=True)
sys.stdin.read()
works.close()
"""


class Syncing:
    """The syncing process, killed and begun again at will."""

    def __init__(self, shift, speed):
        self.words = [str(shift.path), str(shift.clock.now()), str(time.time()), str(speed)]
        self.kills = 0
        self.begin()

    def begin(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, *self.words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(20) == 0


def test_two_hours_without_a_network_and_a_process_that_is_killed():
    """2.5 hours in about 9 seconds: the clock runs a thousand times faster than life."""
    speed = 1000.0
    draw = random.Random(7)
    nobody = threading.Event()
    with quick_folder() as folder, ExitStack() as stack:
        shift = Shift(folder, FastClock(NOON, speed), stack)
        syncing = Syncing(shift, speed)
        began, next_kill = shift.clock.now(), 1.6
        try:
            while (gone := (shift.clock.now() - began) / 3_600_000) < 2.5:
                if len(shift.bought) < gone * 40:
                    shift.buy()
                if 0.25 < gone < 0.3:
                    shift.cable(False)
                if gone > 2.3:
                    shift.cable(True)
                if gone * 3.6 > next_kill:
                    next_kill += 1.2 + draw.random()
                    syncing.kill()
                    syncing.begin()
                shift.pack()
                nobody.wait(0.01)
            shift.cable(True)
            deadline = time.monotonic() + 60
            while shift.left() and time.monotonic() < deadline:
                shift.pack(20)
                for row in column(shift.store, "SELECT id FROM outbox WHERE state = 'conflict'"):
                    shift.store.do(lambda tx, row=row: try_again(tx, row))
                nobody.wait(0.02)
            assert shift.left() == []
            assert syncing.kills >= 3
        finally:
            syncing.end()
        shift.balance()
