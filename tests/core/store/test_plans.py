"""With a year of history in the file, nothing that happens in a day may read all of it.

A small day is played with the real rooms; every statement it ran is then explained by SQLite. A
SCAN of a table that grows for ever is refused, unless it is of an index over unfinished work.
"""

import re

import pytest

from core.floor.bench import Bench
from core.floor.desk import Desk, Place
from core.floor.rules import FloorRules
from core.orders import find, holds, putback, queue
from core.orders.audit import recheck
from core.ports import CallFailed, Delivered, Delivery, DeliveryTask, Fault, Hint, Pushed, Scan
from core.ports import Sender as From
from core.shipping import by_file
from core.shipping.printing import PrintRun
from core.store.database import Reader
from core.store.store import Tx
from core.sync import Sender, Shop, health, hints, remedies
from core.sync.deliveries import StoredDeliveries
from core.sync.outbox import LOOK_AGAIN_MS, recover
from core.sync.pull import pull
from core.sync.reconcile import reconcile
from core.sync.verify import verify
from core.sync.waiting import waiting
from core.watch import acknowledge, notices, open_alerts, watch
from tests.core.orders.warehouse import BOSS, TAOBAO, line, order, tell, the_order
from tests.core.sync.outside import MemoryCarrier, MemoryPrinter, MemoryShop
from tests.core.watch.crowd import Town, told

GROWS = (
    *("orders", "order_lines", "events", "stock_moves", "parcels", "print_jobs", "outbox"),
    *("hints", "deliveries", "notices", "digests", "file_backhauls"),
)
UNFINISHED = {
    "orders_open",
    "orders_open_touched",
    "orders_ready",
    "orders_unready",
    "outbox_due",
    "outbox_conflict",
    "print_jobs_due",
    "notices_waiting",
    "hints_due",
    "file_backhauls_waiting",
}
"""Partial indexes that hold only what is not over."""
WAREHOUSE = From(name="仓", phone="0571-1")
TEE, CUP = "6901234567892", "6901234567908"


@pytest.fixture
def asked(monkeypatch):
    """SQL -> the values it was first run with; filled while the day is played."""
    found = {}

    def listening(original):
        def run(self, sql, *values):
            found.setdefault(sql, values)
            return original(self, sql, *values)

        return run

    for kind, names in ((Tx, ("run", "all", "one")), (Reader, ("all", "one"))):
        for name in names:
            monkeypatch.setattr(kind, name, listening(getattr(kind, name)))
    return found


class Day:
    """A shop, a carrier, a printer and a bench around one store."""

    def __init__(self, store):
        self.store, self.clock = store, store.clock
        self.channel = MemoryShop(store.clock.now)
        self.shop = Shop("tb", self.channel, TAOBAO)
        self.carrier = MemoryCarrier()
        self.sender = Sender(store, {1: self.shop}, self.carrier, WAREHOUSE)
        self.bench = Bench(store, "B1")
        self.printing = PrintRun(store, "B1", MemoryPrinter(), WAREHOUSE, store.clock)

    def play(self):
        self.morning()
        self.packing("T1")
        self.leaving("T1")
        self.changing()
        self.pushing()
        self.looking("T1")
        self.night()

    def morning(self):
        """Orders come by sync and by hand, one of them twice, one of goods nobody has."""
        self.channel.put(order("T1", line("TEE", 2), line("CUP", 1)), order("T2"), order("T3"))
        self.clock.advance(600)
        pull(self.store, self.shop)
        self.tell(order("T4", line("SET")))
        self.tell(order("T4", line("SET")))
        self.tell(order("T5", line("NONE")))
        self.tell(order("T6", line("TEE", 999)))

    def packing(self, number):
        self.scan("BG1", self.number(number), TEE, TEE, "PKUNDO1", TEE, CUP)
        if self.bench.view().step is not None:
            self.scan(TEE, TEE, CUP)
        self.clock.advance(2)
        self.bench.weight(750, self.clock.now()).result(timeout=5)
        self.bench.refresh().result(timeout=5)

    def leaving(self, number):
        """Its waybill is bought, printed and scanned out; the shop is told and asked again."""
        self.store.do(recover)
        self.sender.send_to_carrier()
        while self.printing._print_next():
            pass
        self.scan("PKDONE1", "PKHAND1", self.carrier.bought[0][1])
        self.sender.send_to_shop(1)
        self.clock.advance(LOOK_AGAIN_MS / 1000 + 1)
        verify(self.store, self.shop)
        waiting(self.store.read)

    def changing(self):
        """Another note, a refund, a cancellation, a hold ended by a supervisor."""
        self.tell(order("T2", version=2, buyer_note="轻放"))
        self.tell(order("T2", line(refund="WAIT_SELLER_AGREE"), version=3))
        self.tell(order("T3", version=2, status="TRADE_CLOSED"))
        self.tell(order("T7", buyer_note=None))
        seven = the_order(self.store, "T7")["id"]
        self.store.do(lambda tx: holds.release(tx, seven, "missing_note"), BOSS)
        self.store.do(recheck)

    def pushing(self):
        """The shop says by itself what changed; an aggregator delivers."""
        self.channel.put(order("T8"))
        self.channel.unreadable["T9"] = CallFailed(Fault.BUSINESS, "404")
        rows = (Delivered(number="K1", modified_at=self.clock.now(), raw="{}"),)
        told = (Hint("a", "T8"), Hint("b", "T9"))
        delivery = Delivery(task="t", state="complete", rows=rows)
        hints.keep(self.store, 1, Pushed(hints=told, delivery=delivery))
        hints.something_due(self.store.read, 1, self.clock.now())
        hints.follow_hints(self.store, self.shop)
        kept = StoredDeliveries(self.store, 1)
        kept.asked((DeliveryTask(task="u", kind="UNSHIP", since=1, until=2, asked_at=3),))
        kept.tasks(0)
        kept.changed(0, self.clock.now() + 1)
        kept.told("K1")
        self.store.do(hints.forget)

    def looking(self, number):
        """What the screens and the telephone ask."""
        read = self.store.read
        row = queue.page(read)[0]
        for only in (
            queue.Filter(),
            queue.Filter(shop="tb"),
            queue.Filter(warehouse="HZ"),
            queue.Filter(stage="ready"),
            queue.Filter(hold="no_stock"),
            queue.Filter(text="TEE"),
        ):
            queue.page(read, only)
            queue.page(read, only, after=row.key)
            queue.page(read, only, before=row.key)
            queue.last_page(read, only)
            queue.count(read, only)
        Desk(read, Place("B1", 1), FloorRules()).next_order()
        known = self.number(number)
        for text in (known, number, "1234", "张三", self.carrier.bought[0][1], "13800001234", "?"):
            find.find(read, text)
        find.story(read, the_order(self.store, number)["id"])
        health.shops(read)
        remedies.remedies(read, known)
        putback.tasks(read)
        by_file.waiting_by_shop(read)
        by_file.to_export(read, 1)
        self.store.do(by_file.go_the_right_way)

    def night(self):
        self.clock.advance(3 * 3600)
        town = Town(self.store, told("leads", fallback="owner"), told("owner", after_minutes=5))
        self.store.do(watch)
        town.crowds["leads"].fails.append(CallFailed(Fault.TRANSIENT))
        town.tick()
        alert = town.store.read.one("SELECT max(id) AS id FROM alerts")["id"]
        self.store.do(lambda tx: acknowledge(tx, alert), BOSS)
        self.store.do(lambda tx: notices.escalate(tx, alert), BOSS)
        town.pass_time(900, step=60)
        notices.notifiers(self.store.read, self.clock.now())
        notices.undelivered(self.store.read)
        open_alerts(self.store.read, self.clock.now())
        pull(self.store, self.shop)
        reconcile(self.store, self.shop)

    def tell(self, told):
        """What is imported by hand is at the shop, too."""
        self.channel.put(told)
        tell(self.store, told)

    def scan(self, *codes):
        for code in codes:
            self.clock.advance(2)
            self.bench.scan(Scan(code, self.clock.now())).result(timeout=5)

    def number(self, name):
        return the_order(self.store, name)["number"]


def plans(store, asked):
    """(statement, step of its plan) for all that was asked."""
    for sql, values in asked.items():
        if sql.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
            explained = store._connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)
            yield from ((sql, row["detail"]) for row in explained.fetchall())


def reads_all(sql, step):
    """Whether a step of a plan walks through a table that grows, finished work and all.

    ``x IS NOT NULL`` answered by an index on x is such a walk, too: it shows as a bare range.
    """
    walk = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step) or re.match(
        r"SEARCH (\w+) USING (?:COVERING )?INDEX (\w+) \(\w+>\?\)", step
    )
    if walk is None:
        return False
    names = rf"\b({'|'.join(GROWS)})(?: AS)? {walk[1]}\b"
    grows = walk[1] in GROWS or re.search(names, sql) is not None
    return grows and walk[2] not in UNFINISHED


def test_no_statement_of_a_day_reads_the_history(store, asked):
    Day(store).play()
    ended = the_order(store, "T1")
    assert ended["stage"] == "shipped"
    assert ended["backhauled_at"] is not None
    assert len(asked) > 100
    assert sorted({(sql, step) for sql, step in plans(store, asked) if reads_all(sql, step)}) == []


def test_a_walk_through_the_history_would_be_seen(store, asked):
    for sql in (
        "SELECT count(*) FROM orders o WHERE o.stage = 'shipped'",
        "SELECT kind FROM events ORDER BY at DESC LIMIT 1",
        "SELECT id FROM parcels AS p WHERE p.weight_g > 3",
        "SELECT id FROM parcels AS p WHERE p.waybill IS NOT NULL AND p.voided_at IS NULL",
    ):
        store.read.one(sql)
    assert len({sql for sql, step in plans(store, asked) if reads_all(sql, step)}) == 4
