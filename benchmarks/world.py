"""The files every benchmark runs on: a year of shipped orders with two thousand open ones on top.

Filled with raw ``executemany`` into the real schema and kept in the cache folder, because a
million orders take a minute; each benchmark works on a copy.
"""

import hashlib
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from core.events import GENESIS, chain
from core.orders.policy import ShopPolicy
from core.ports import PlatformLine, PlatformOrder, Receiver
from core.store import Store

SKUS = 2_000
OPEN = 2_000
BENCH_ORDERS = 40
"""Open orders of ``BENCH_UNITS`` units, the most urgent ones: what the benches count through."""
BENCH_UNITS = 999
HOUR = 3_600_000
FILLING = "2"
"""Raise it when ``fill`` writes something else."""
STOCK = 100_000_000
POLICY = ShopPolicy(shop_id=1, channel="taobao", tier="standard")
CONFIG = """database = "packline.db"
language = "zh_CN"
repeat_ms = 0
repeat_command_ms = 0
repeat_counting_ms = 0
[[warehouses]]
code = "HZ"
name = "杭州仓"
[[shops]]
code = "tb"
name = "一号店"
channel = "taobao"
tier = "standard"
{shop}
[[stations]]
code = "B1"
name = "一号台"
warehouse = "HZ"
{scanner}
"""
BADGE = "BG0001"


def cache() -> Path:
    """Where generated files are kept between runs."""
    told = os.environ.get("PACKLINE_BENCH_CACHE")
    folder = Path(told) if told else Path(tempfile.gettempdir()) / "packline-bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def place(orders: int, name: str, *, scanner: Path | None = None, shop: str = "") -> Path:
    """A folder of its own with a configuration and a copy of the file; returns the config."""
    folder = cache() / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copyfile(filled(orders), folder / "packline.db")
    config = folder / "packline.toml"
    port = f'[[stations.scanners]]\nkind = "serial"\nurl = "{scanner}"\n' if scanner else ""
    config.write_text(CONFIG.format(scanner=port, shop=shop), encoding="utf-8")
    config.chmod(0o600)
    return config


def schema_mark() -> str:
    """Changes whenever the schema or what is filled in does, so that no stale file is used."""
    folder = resources.files("data").joinpath("migrations")
    texts = sorted(f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith(".sql"))
    return hashlib.sha256("".join([FILLING, *texts]).encode()).hexdigest()[:10]


def filled(orders: int) -> Path:
    """A file with that many orders, made once."""
    path = cache() / f"orders-{orders}-{schema_mark()}.db"
    if not path.exists():
        for old in cache().glob(f"orders-{orders}-*"):
            old.unlink()
        part = path.with_suffix(".part")
        fill(part, orders)
        part.rename(path)
        for left in cache().glob(f"{part.name}.*"):
            left.unlink()
    return path


def fill(path: Path, orders: int) -> None:
    """Everything raw: indexes and triggers are put back at the end."""
    store = Store(path)
    store.do(lambda tx: None)
    connection = store._connection  # the raw door is the point here
    later = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger')"
        " AND sql IS NOT NULL"
    ).fetchall()
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN")
    for row in later:
        connection.execute(f"DROP {row['type']} {row['name']}")
    furnish(connection)
    history(connection, orders)
    for row in later:
        connection.execute(row["sql"])
    connection.execute("COMMIT")
    store.close()


def furnish(connection: Any) -> None:
    """A warehouse with products on its shelves, a shop, a bench and a supervisor at it."""
    run = connection.execute
    run("INSERT INTO warehouses (id, code, name) VALUES (1, 'HZ', '杭州仓')")
    run("INSERT INTO shops (id, code, channel, name) VALUES (1, 'tb', 'taobao', '一号店')")
    run("INSERT INTO stations VALUES (1, 'B1', '一号台', 1)")
    run(
        f"INSERT INTO operators (id, badge, name, role) VALUES (1, '{BADGE}', '王姐', 'supervisor')"
    )
    ids = range(1, SKUS + 1)
    connection.executemany(
        "INSERT INTO skus (id, code, title, spec, weight_g) VALUES (?, ?, ?, ?, 200)",
        ((n, sku(n), f"纯棉短袖 {n}", "红色 L") for n in ids),
    )
    connection.executemany("INSERT INTO barcodes VALUES (?, ?)", ((barcode(n), n) for n in ids))
    connection.executemany("INSERT INTO bins VALUES (?, 1, ?)", ((n, f"A-{n:04d}") for n in ids))
    connection.executemany(
        "INSERT INTO stock (warehouse_id, sku_id, bin_id, on_hand) VALUES (1, ?, ?, ?)",
        ((n, n, STOCK) for n in ids),
    )


def history(connection: Any, orders: int) -> None:
    """Orders oldest first: all shipped but the last ``OPEN``; 1.5 lines and two events each."""
    now = time.time_ns() // 1_000_000
    chance = random.Random(1)
    for start in range(0, orders, 10_000):
        batch = [facts(n, orders, now, chance) for n in range(start, min(start + 10_000, orders))]
        connection.executemany(
            "INSERT INTO orders (id, number, uid, shop_id, platform_number, status, modified_at,"
            " created_at, paid_at, received_at, ship_by, tier, buyer_note, receiver_name,"
            " receiver_phone, phone_tail, province, city, address, same_buyer_key, amount_cents,"
            " pieces, summary, warehouse_id, carrier, digest, touched_at, ready_at, picking_at,"
            " picked_at, verified_at, weighed_at, labelled_at, handed_over_at, backhauled_at)"
            " VALUES (:id, :number, :uid, 1, :platform, :status, :at, :at, :at, :at, :ship_by,"
            " 'standard', '', :name, :phone, :tail, '浙江省', '杭州市', :address, :key, 9900,"
            " :pieces, :summary, 1, 'zto', :digest, :at, :at, :done, :done, :done, :done, :done,"
            " :done, :done)",
            batch,
        )
        connection.executemany(
            "INSERT INTO order_lines (order_id, shop_id, sub_number, sku_id, sku_code, title,"
            " spec, ordered, picked, verified, reserved) VALUES (?, 1, ?, ?, ?, ?, '红色 L', ?,"
            " ?, ?, ?)",
            (line for order in batch for line in lines(order)),
        )
        connection.executemany(
            "INSERT INTO events (uid, order_id, seq, at, kind, operator_id, station, what, hash)"
            " VALUES (?, ?, ?, ?, ?, ?, 'B1', '{}', ?)",
            (event for order in batch for event in events(order)),
        )
        connection.executemany(
            "INSERT INTO parcels (uid, order_id, weight_g, carrier, waybill, bought_at,"
            " handed_over_at) VALUES (?, ?, 400, 'zto', ?, ?, ?)",
            ((o["uid"], o["id"], waybill(o["id"]), o["at"], o["done"]) for o in batch if o["done"]),
        )


def facts(n: int, orders: int, now: int, chance: random.Random) -> dict[str, Any]:
    """One order; ``n`` counts from the oldest."""
    is_open, day = n >= orders - OPEN, n * 360 // orders
    at = now - (361 - day) * 24 * HOUR if not is_open else now - 12 * HOUR
    on_bench = n >= orders - BENCH_ORDERS
    goods = [chance.randrange(1, SKUS + 1)] + [chance.randrange(1, SKUS + 1)] * (n % 2)
    units = BENCH_UNITS if on_bench else 1
    phone = f"138{chance.randrange(10**8):08d}"
    ship_by = now - 48 * HOUR + n % 100_000 if on_bench else at + 48 * HOUR + n % 100_000
    return {
        "id": n + 1,
        "number": number_of(n + 1),
        "uid": f"{chance.getrandbits(128):032x}",
        "platform": platform_of(n + 1),
        "status": "to_ship" if is_open else "done",
        "at": at,
        "ship_by": ship_by,
        "name": name_of(n + 1),
        "phone": phone,
        "tail": phone[-4:],
        "address": f"文一路{n % 900}号",
        "key": f"{phone}|文一路{n % 900}号" if n % 2 else None,
        "pieces": units * len(goods),
        "summary": " ".join(sku(g) for g in goods),
        "digest": f"{chance.getrandbits(256):064x}",
        "done": None if is_open else at + 6 * HOUR,
        "goods": goods[:1] if on_bench else goods,
        "units": units,
    }


def lines(order: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The lines of an order."""
    units, done = order["units"], order["units"] if order["done"] else 0
    for i, goods in enumerate(order["goods"]):
        reserved = 0 if order["done"] else units
        yield (
            *(order["id"], f"{order['platform']}{i}", goods, sku(goods), f"纯棉短袖 {goods}"),
            *(units, done, done, reserved),
        )


def events(order: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """How it began and how it ended, chained as always."""
    previous = GENESIS
    kinds = (("received", None), ("weighed", 1)) if order["done"] else (("received", None),)
    for seq, (kind, who) in enumerate(kinds, 1):
        at, uid = order["done"] if who else order["at"], f"{seq}{order['uid'][1:]}"
        previous = chain(previous, uid, order["id"], seq, at, kind, who, "B1", "{}")
        yield (uid, order["id"], seq, at, kind, who, previous)


def sku(n: int) -> str:
    """Merchant code of product ``n``."""
    return f"TS{n:05d}"


def barcode(n: int) -> str:
    """Its EAN-13 with a true check digit."""
    body = f"69{n:010d}"
    check = -sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(body)) % 10
    return f"{body}{check}"


def number_of(order_id: int) -> str:
    """Internal number of an order in the file; of no day that intake will number today."""
    return f"DB2025{order_id % 12 + 1:02d}01{order_id:07d}"


def platform_of(order_id: int) -> str:
    """The platform's number."""
    return f"4{order_id:017d}"


def name_of(order_id: int) -> str:
    """Who receives it; about 15,000 people."""
    return f"张{chr(0x4E00 + order_id % 5000)}{chr(0x4E00 + order_id % 3000)}"


def waybill(order_id: int) -> str:
    """The waybill of a shipped order."""
    return f"ZTO{order_id:012d}"


def telling(n: int, version: int = 1, *, note: str = "") -> PlatformOrder:
    """What a shop tells about its ``n``-th new order; a higher version with a note is a change."""
    now = 1_770_000_000_000
    number = f"9{n:017d}"
    goods = tuple(
        PlatformLine(
            sub_number=f"{number}{i}",
            sku=sku((n * 7 + i) % SKUS + 1),
            title="纯棉短袖",
            spec="红色 L",
            price_cents=4900,
            status="WAIT_SELLER_SEND_GOODS",
            refund="NO_REFUND",
        )
        for i in range(1 + n % 2)
    )
    return PlatformOrder(
        number=number,
        status="WAIT_SELLER_SEND_GOODS",
        modified_at=now + version,
        created_at=now - 60_000,
        paid_at=now - 30_000,
        buyer_note=note,
        receiver=Receiver(
            name="李雷",
            phone=f"139{n % 10**8:08d}",
            province="浙江省",
            city="杭州市",
            district="西湖区",
            address=f"文二路{n}号",
        ),
        lines=goods,
        amount_cents=9800,
        raw="{" + '"tid":"' + number + '","payload":"' + "x" * 1500 + '"}',
    )


def bench_orders(orders: int) -> list[tuple[str, str]]:
    """Internal number and bar code of each order the benches count through."""
    import sqlite3

    with sqlite3.connect(f"file:{filled(orders)}?immutable=1", uri=True) as read:
        rows = read.execute(
            "SELECT o.number, l.sku_id FROM orders o JOIN order_lines l ON l.order_id = o.id"
            " WHERE o.id > ? ORDER BY o.id",
            (orders - BENCH_ORDERS,),
        ).fetchall()
    return [(number, barcode(sku_id)) for number, sku_id in rows]
