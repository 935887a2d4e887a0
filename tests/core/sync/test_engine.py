"""The engine ticks by itself, in one process at a time, whatever the wall clock does."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.ports import CallFailed, Fault
from core.ports import Sender as From
from core.stock import receive
from core.store import Store
from core.sync import Engine, Shop
from tests.core.orders.warehouse import (
    PDD,
    TAOBAO,
    TEE,
    bring,
    column,
    furnish,
    line,
    order,
    reasons,
    tell,
    the_order,
)
from tests.core.sync.outside import MemoryCarrier, MemoryShop
from tests.until import until

ROOT = Path(__file__).parents[3]


@pytest.fixture
def live(tmp_path):
    """A store on the machine's own clock."""
    store = Store(tmp_path / "p.db", SystemClock())
    store.do(furnish)
    store.do(lambda tx: receive(tx, 1, TEE, 50))
    yield store
    store.close()


@pytest.fixture
def engine():
    """Make an engine; all of them are stopped at the end."""
    made = []

    def make(store, *shops, every=60.0):
        by_id = {shop.policy.shop_id: shop for shop in shops}
        made.append(
            Engine(
                store,
                by_id,
                MemoryCarrier(),
                From(name="仓", phone="1"),
                dict.fromkeys(by_id, every),
            )
        )
        return made[-1]

    yield make
    for one in made:
        one.stop()


def taobao(store):
    channel = MemoryShop(store.clock.now)
    return Shop("tb", channel, TAOBAO), channel


def recent(store, number, *lines):
    moment = store.clock.now() - 600_000
    return order(number, *lines, modified_at=moment, created_at=moment, paid_at=moment)


def test_orders_come_and_numbers_go_by_themselves(live, engine):
    shop, channel = taobao(live)
    channel.put(recent(live, "T1"))
    running = engine(live, shop)
    running.start()
    until(lambda: the_order(live))
    bring(live, "labelled", waybill="W1")
    started = time.monotonic()
    until(lambda: channel.accepted == [("T1", "W1")])
    assert time.monotonic() - started < 2  # poked by the commit, not by the 5 s tick


def test_one_shop_that_hangs_slows_no_other(live, engine):
    gate = threading.Event()
    shop, channel = taobao(live)
    channel.put(recent(live, "T1"))

    class Stuck(MemoryShop):
        def changes(self, start, end):
            gate.wait(10)
            return iter(())

    running = engine(live, Shop("pdd", Stuck(live.clock.now), PDD), shop)
    running.start()
    until(lambda: the_order(live))
    gate.set()


def test_a_refused_key_is_not_hammered(live, engine):
    shop, channel = taobao(live)
    channel.page_fails.extend([CallFailed(Fault.AUTH, "27")] * 50)
    channel.put(recent(live, "T1"))
    running = engine(live, shop, every=0.05)
    running.start()
    until(lambda: column(live, "SELECT rule FROM alerts") == ["shop_refuses"])
    before = len(channel.asked)
    ticks = threading.Event()
    ticks.wait(0.4)  # eight more ticks of the pull
    assert len(channel.asked) == before == 1


def test_a_job_that_stumbles_ticks_on(live, engine):
    shop, channel = taobao(live)
    channel.page_fails.extend([RuntimeError("bug"), RuntimeError("bug")])
    channel.put(recent(live, "T1"))
    running = engine(live, shop, every=0.05)
    running.start()
    until(lambda: the_order(live))


def test_goods_that_arrive_release_what_waited_for_them(live, engine):
    tell(live, recent(live, "T1", line("TEE", 60)))
    live.do(lambda tx: receive(tx, 1, TEE, 20))
    shop, _ = taobao(live)
    running = engine(live, shop)
    running.start()
    until(lambda: the_order(live)["stage"] == "ready")
    assert reasons(live) == set()


def test_only_one_of_two_engines_syncs_and_the_other_takes_over(live, engine):
    shop, channel = taobao(live)
    second_store = Store(live.path, SystemClock())
    other_channel = MemoryShop(live.clock.now)
    first = engine(live, shop, every=0.1)
    second = engine(second_store, Shop("tb", other_channel, TAOBAO), every=0.1)
    first.start()
    until(lambda: first.syncing)
    second.start()
    until(lambda: len(channel.asked) >= 1)
    until(second._watchdog.is_alive)
    assert (second.syncing, other_channel.asked) == (False, [])
    first.stop()
    until(lambda: second.syncing)
    until(lambda: other_channel.asked)
    second.stop()
    second_store.close()


HOLDER = """
import sys, time
from pathlib import Path
from core.sync import SyncLock
assert SyncLock(Path(sys.argv[1])).take()
print("held", flush=True)
time.sleep(60)
"""


def test_the_right_to_sync_dies_with_its_process(live, engine):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(live.path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline().strip() == "held"
    shop, _ = taobao(live)
    running = engine(live, shop)
    running.start()
    assert not running.syncing
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    until(lambda: running.syncing)


SHIM = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <sys/time.h>
static long shift(void) {
  const char *name = getenv("CLOCK_SHIFT");
  FILE *file = name ? fopen(name, "r") : NULL;
  long seconds = 0;
  if (file) { if (fscanf(file, "%ld", &seconds) != 1) seconds = 0; fclose(file); }
  return seconds;
}
int clock_gettime(clockid_t id, struct timespec *at) {
  int answer = syscall(SYS_clock_gettime, id, at);
  if (answer == 0 && id == CLOCK_REALTIME) at->tv_sec += shift();
  return answer;
}
"""
STEPPED = """
import logging, sys, time
from pathlib import Path
from core.ports import Sender as From, WindowRules
from core.store import Store
from core.sync import Engine, Shop
from tests.core.orders.warehouse import TAOBAO, furnish
class Quiet:
    rules = WindowRules(span_s=3600)
    asked = 0
    def server_now(self):
        Quiet.asked += 1
        return 1_800_000_000_000
    def changes(self, start, end):
        return iter(())
store = Store(Path(sys.argv[1]))
store.do(furnish)
engine = Engine(store, {1: Shop("tb", Quiet(), TAOBAO)}, None, From(name="x", phone="1"), {1: 0.1})
noticed = []
class Ear(logging.Handler):
    def emit(self, record):
        noticed.append(record.getMessage())
logging.getLogger().addHandler(Ear())
engine.start()
def wait(count):
    end = time.monotonic() + 10
    while Quiet.asked < count and time.monotonic() < end:
        time.sleep(0.01)
    assert Quiet.asked >= count, Quiet.asked
wait(2)
before = time.time()
Path(sys.argv[2]).write_text("-7200")
assert time.time() < before - 7000, "the clock was not stepped"
end = time.monotonic() + 10
while not any("stepped" in said for said in noticed) and time.monotonic() < end:
    time.sleep(0.01)
assert any("stepped" in said for said in noticed)
wait(Quiet.asked + 12)
engine.stop()
store.close()
print("ticked on")
"""


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs a compiler for the stepped clock")
def test_a_wall_clock_stepped_back_two_hours_stops_no_job(tmp_path):
    """A real process under a real clock that jumps: the C library's own clock is replaced."""
    source, shim, shift = (tmp_path / name for name in ("shim.c", "shim.so", "shift"))
    source.write_text(SHIM)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", shim, source], check=True)
    shift.write_text("0")
    done = subprocess.run(
        [sys.executable, "-c", STEPPED, tmp_path / "p.db", shift],
        cwd=ROOT,
        env=os.environ | {"LD_PRELOAD": str(shim), "CLOCK_SHIFT": str(shift)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "ticked on", done.stderr[-2000:]
