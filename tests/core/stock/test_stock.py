"""Oversell is impossible, and every balance is the sum of its ledger."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import Problem
from core.stock import adjust, available, differences, receive
from core.store.database import sqlite
from tests.core.orders.warehouse import (
    BOSS,
    NOON,
    TEE,
    bring,
    column,
    line,
    open_store,
    order,
    stock,
    tell,
    the_order,
)

ROOT = Path(__file__).parents[3]
TAKER = """
import sys
from pathlib import Path
from core.clock import SetClock
from core.orders.intake import take_in
from core.store import Store
from tests.core.orders.warehouse import TAOBAO, line, order
store = Store(Path(sys.argv[1]), SetClock(int(sys.argv[2])))
print("ready", flush=True)
sys.stdin.readline()
for i in range(25):
    told = order(f"{sys.argv[3]}-{i}", line("TEE", 1 + i % 2))
    store.do(lambda tx: take_in(tx, TAOBAO, told))
store.close()
"""


def test_four_processes_cannot_promise_the_last_units_twice(tmp_path):
    """100 orders want 148 units; 40 are there, in two warehouses."""
    store = open_store(tmp_path / "p.db", units=0)
    store.do(lambda tx: [receive(tx, 1, TEE, 25), receive(tx, 2, TEE, 15)])
    crew = [
        subprocess.Popen(
            [sys.executable, "-c", TAKER, str(store.path), str(NOON), name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in "ABCD"
    ]
    for worker in crew:
        worker.stdout.readline()
    for worker in crew:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    errors = [worker.communicate(timeout=60)[1] for worker in crew]
    assert [worker.returncode for worker in crew] == [0] * 4, errors
    assert (stock(store, TEE, 1), stock(store, TEE, 2)) == ((25, 25), (15, 15))
    assert column(store, "SELECT sum(reserved) FROM order_lines") == [40]
    ready, held = column(
        store, "SELECT count(*) FROM orders GROUP BY ready_at IS NULL ORDER BY ready_at IS NULL"
    )
    assert ready + held == 100
    assert column(store, "SELECT count(*) FROM holds WHERE reason = 'no_stock'") == [held]
    assert len(set(column(store, "SELECT number FROM orders"))) == 100
    assert differences(store.read) == []
    store.close()


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO stock_moves (at, warehouse_id, sku_id, kind, reserved)"
        " VALUES (0, 1, 1, 'reserve', 51)",
        "INSERT INTO stock_moves (at, warehouse_id, sku_id, kind, on_hand)"
        " VALUES (0, 1, 1, 'adjust', -51)",
        "INSERT INTO stock_moves (at, warehouse_id, sku_id, kind, reserved)"
        " VALUES (0, 1, 1, 'release', -1)",
        "UPDATE stock SET reserved = on_hand + 1 WHERE sku_id = 1",
        "UPDATE stock SET on_hand = -1 WHERE sku_id = 1",
        "UPDATE stock_moves SET reserved = 0",
        "DELETE FROM stock_moves",
    ],
)
def test_even_raw_sql_cannot_oversell_or_rewrite_the_ledger(store, sql):
    raw = sqlite.connect(str(store.path))
    with pytest.raises(sqlite.IntegrityError):
        raw.execute(sql)
    raw.close()
    assert stock(store) == (50, 0)


def test_the_ledger_is_the_sum_of_a_whole_day(store):
    tell(store, order("T1", line("TEE", 3)))
    tell(store, order("T2", line("SET")))
    bring(store, "shipped", "T1")
    tell(store, order("T2", line("SET"), version=2, status="TRADE_CLOSED"))
    store.do(lambda tx: adjust(tx, 1, TEE, -2, "counted"), BOSS)
    assert stock(store) == (45, 0)
    assert differences(store.read) == []
    store.do(lambda tx: tx.run("UPDATE stock SET on_hand = 46 WHERE sku_id = 1"))
    (found,) = differences(store.read)
    assert (found["on_hand"], found["ledger_on_hand"]) == (46, 45)


def test_a_shipped_order_takes_what_was_packed_off_the_shelf(store):
    tell(store, order("T1", line("TEE", 3)))
    order_id = bring(store, "packing")
    short = "UPDATE order_lines SET short = 1, picked = 2 WHERE order_id = ?"
    store.do(lambda tx: tx.run(short, order_id))
    bring(store, "shipped")
    assert the_order(store)["stage"] == "shipped"
    assert stock(store) == (48, 0)


def test_a_recount_never_goes_below_what_is_promised(store):
    tell(store, order("T1", line("TEE", 30)))
    with pytest.raises(Problem) as refused:
        store.do(lambda tx: adjust(tx, 1, TEE, -21, "counted"))
    message = refused.value.message
    assert (message.id, message.data["counted"]) == ("stock.below_reserved", 29)
    store.do(lambda tx: adjust(tx, 1, TEE, -20, "counted"))
    assert available(store.read, 1, TEE) == 0


@pytest.mark.parametrize("quantity", [0, -1])
def test_goods_that_arrive_are_more_than_none(store, quantity):
    with pytest.raises(Problem) as refused:
        store.do(lambda tx: receive(tx, 1, TEE, quantity))
    assert refused.value.message.id == "stock.receive_positive"


def test_nothing_is_available_where_nothing_ever_was(store):
    assert available(store.read, 2, TEE) == 0
