"""A furnished warehouse on a real file, builders of orders, and shortcuts through the floor."""

import tempfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from core.clock import SetClock, millis
from core.orders.intake import Intake, take_in
from core.orders.policy import ShopPolicy
from core.ports import PlatformLine, PlatformOrder, Receiver, Waybill
from core.shipping.parcels import hand_over, label_printed, store_waybill, want_waybill
from core.stock import receive
from core.store import Actor, Store

NOON = millis(datetime(2026, 1, 20, 4, tzinfo=UTC))
"""Noon of 2026-01-20 in Shanghai."""
TEE, CUP, SET = 1, 2, 3
PACKER, BOSS = Actor(1, "B1"), Actor(2, "B1")
TAOBAO = ShopPolicy(shop_id=1, channel="taobao", tier="standard")
PDD = ShopPolicy(shop_id=2, channel="pdd", tier="same_day")
STAGES = ("received", "ready", "picking", "packing", "weighing", "labelled", "shipped")


def open_store(path: Path, units: int = 50, now: int = NOON) -> Store:
    """A new file with two shops, two warehouses, two people, two products and a bundle."""
    store = Store(path, SetClock(now))
    store.do(furnish)
    if units:
        store.do(lambda tx: [receive(tx, 1, sku, units) for sku in (TEE, CUP)])
    return store


@contextmanager
def quick_folder():
    """A folder in memory where there is one: rules do not depend on the disk's speed."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def furnish(tx):
    tx.run("INSERT INTO shops (id, code, channel, name) VALUES (1, 'tb', 'taobao', '一号店')")
    tx.run("INSERT INTO shops (id, code, channel, name) VALUES (2, 'pdd', 'pdd', '二号店')")
    tx.run("INSERT INTO warehouses VALUES (1, 'HZ', '杭州仓', 0), (2, 'GZ', '广州仓', 1)")
    tx.run("INSERT INTO operators (id, badge, name, role) VALUES (1, 'BG1', '李雷', 'packer')")
    tx.run("INSERT INTO operators (id, badge, name, role) VALUES (2, 'BG2', '王姐', 'supervisor')")
    tx.run("INSERT INTO stations VALUES (1, 'B1', '一号台', 1)")
    tx.run("INSERT INTO skus (id, code, title, weight_g) VALUES (1, 'TEE', 'T恤', 200)")
    tx.run("INSERT INTO skus (id, code, title, weight_g) VALUES (2, 'CUP', '杯子', 350)")
    tx.run("INSERT INTO skus (id, code, title) VALUES (3, 'SET', '套装')")
    tx.run("INSERT INTO barcodes VALUES ('6901234567892', 1), ('6901234567908', 2)")
    tx.run("INSERT INTO bundle_items VALUES (3, 1, 2), (3, 2, 1)")


def line(sku="TEE", quantity=1, sub="", refund="NO_REFUND", **more) -> PlatformLine:
    return PlatformLine(
        sub_number=sub, sku=sku, title=f"{sku} title", quantity=quantity, refund=refund, **more
    )


def order(number="T1", *lines, version=1, **more) -> PlatformOrder:
    """A paid order of the Taobao shop that can be shipped; lines get sub-numbers by position."""
    lines = lines or (line(),)
    facts = {
        "status": "WAIT_SELLER_SEND_GOODS",
        "modified_at": NOON + version,
        "created_at": NOON - 60_000,
        "paid_at": NOON - 30_000,
        "buyer_note": "",
        "receiver": Receiver(
            name="张三", phone="13800001234", province="浙江省", city="杭州市", address="文一路1号"
        ),
        "lines": tuple(
            x if x.sub_number else replace(x, sub_number=f"{number}-{i}")
            for i, x in enumerate(lines, 1)
        ),
    }
    return PlatformOrder(number=number, **(facts | more))


def tell(store: Store, told: PlatformOrder, policy: ShopPolicy = TAOBAO) -> Intake:
    return store.do(lambda tx: take_in(tx, policy, told))


def one(store, sql, *values):
    row = store.read.one(sql, *values)
    return None if row is None else dict(row)


def column(store, sql, *values):
    return [row[0] for row in store.read.all(sql, *values)]


def the_order(store, number="T1"):
    return one(store, "SELECT * FROM orders WHERE platform_number = ?", number)


def reasons(store, number="T1") -> set[str]:
    return set(
        column(
            store,
            "SELECT reason FROM holds h JOIN orders o ON o.id = h.order_id"
            " WHERE platform_number = ? AND released_at IS NULL",
            number,
        )
    )


def kinds(store, number="T1") -> list[str]:
    return column(
        store,
        "SELECT kind FROM events e JOIN orders o ON o.id = e.order_id"
        " WHERE platform_number = ? ORDER BY seq",
        number,
    )


def units(store, number="T1") -> dict[str, tuple[int, int]]:
    """Sub-number -> (wanted, reserved) of every row that is picked."""
    rows = store.read.all(
        "SELECT sub_number, wanted, l.reserved FROM order_lines l JOIN orders o"
        " ON o.id = l.order_id WHERE platform_number = ? AND picks = 1",
        number,
    )
    return {row["sub_number"]: (row["wanted"], row["reserved"]) for row in rows}


def stock(store, sku=TEE, warehouse=1) -> tuple[int, int]:
    row = store.read.one(
        "SELECT on_hand, reserved FROM stock WHERE warehouse_id = ? AND sku_id = ?", warehouse, sku
    )
    return (row["on_hand"], row["reserved"]) if row else (0, 0)


def dump(store) -> dict[str, list[tuple]]:
    """Every row of every table."""
    tables = column(store, "SELECT name FROM sqlite_schema WHERE type = 'table'")
    return {t: [tuple(row) for row in store.read.all(f"SELECT * FROM {t}")] for t in tables}


def bring(store, to: str, number="T1", waybill="") -> int:
    """Walk an order through the floor up to a stage; returns its id."""
    order_id = the_order(store, number)["id"]
    for stage in STAGES[2 : STAGES.index(to) + 1]:
        if STAGES.index(the_order(store, number)["stage"]) < STAGES.index(stage):
            store.do(lambda tx, stage=stage: step(tx, order_id, stage, waybill), PACKER)
    return order_id


def step(tx, order_id: int, stage: str, waybill: str = "") -> None:
    """One stage further, as the floor would write it."""
    if stage == "picking":
        mark(tx, order_id, "picking_at")
    elif stage == "packing":
        tx.run("UPDATE order_lines SET picked = wanted WHERE order_id = ?", order_id)
        mark(tx, order_id, "picked_at")
    elif stage == "weighing":
        tx.run("UPDATE order_lines SET verified = wanted WHERE order_id = ?", order_id)
        mark(tx, order_id, "verified_at")
    elif stage == "labelled":
        parcel = weigh(tx, order_id)
        store_waybill(tx, parcel, Waybill(number=waybill or f"Z{parcel}", carrier="zto"))
        tx.run("UPDATE outbox SET state = 'done' WHERE parcel_id = ? AND kind = 'waybill'", parcel)
        job = tx.the("SELECT id FROM print_jobs WHERE parcel_id = ?", parcel)
        label_printed(tx, job["id"])
    elif stage == "shipped":
        hand_over(tx, parcel_of(tx, order_id)["id"])


def weigh(tx, order_id: int) -> int:
    """Weighed: its waybill is wanted. Returns the parcel."""
    mark(tx, order_id, "weighed_at")
    return want_waybill(tx, order_id, 500, None)


def parcel_of(read, order_id: int):
    return read.one("SELECT * FROM parcels WHERE order_id = ? AND voided_at IS NULL", order_id)


def mark(tx, order_id: int, name: str) -> None:
    tx.run(f"UPDATE orders SET {name} = ?, touched_at = ? WHERE id = ?", tx.now, tx.now, order_id)
