"""The throw-away folder: made, furnished through the real core, and removed by one command."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core import people
from core.clock import Clock
from core.config import Config, ShopConfig, read_config
from core.errors import Problem
from core.stock import receive
from core.stock.products import ProductFacts, make_bundle, save_product
from core.store import Tx
from core.sync import Shop
from core.sync.pull import pull
from drivers.channels.access import ShopAccess, Tokens
from drivers.channels.connector import Limits
from drivers.channels.taobao import TaobaoShop
from tui.commands.products import save
from tui.demo.goods import Goods
from tui.demo.world import World
from tui.wiring import Works

MARKER = ".packline-demo"
"""Stands in every folder we made; nothing without it is ever removed."""


def default_folder() -> Path:
    """The demonstration's own place in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "packline" / "demo"


@contextmanager
def occupied(folder: Path) -> Iterator[Path]:
    """A fresh folder that is ours until the end. Raises Problem when it is somebody else's."""
    remove(folder)
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / MARKER, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    except BlockingIOError as error:
        raise Problem("demo.running", folder=str(folder)) from error
    finally:
        os.close(handle)


def remove(folder: Path) -> bool:
    """Remove what a demonstration left; False when there is nothing. Raises Problem."""
    if not folder.exists() or not any(folder.iterdir()):
        return False
    if not (folder / MARKER).exists():
        raise Problem("demo.not_ours", folder=str(folder))
    handle = os.open(folder / MARKER, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    except BlockingIOError as error:
        raise Problem("demo.running", folder=str(folder)) from error
    finally:
        os.close(handle)
    if folder == default_folder():
        with suppress(OSError):
            folder.parent.rmdir()
    return True


def write_config(world: World) -> Config:
    """The world's configuration as a file of its own, readable by the owner only; checked."""
    path = world.folder / "packline.toml"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(world.config())
    return read_config(path)


def furnish(works: Works, goods: Goods, *, more_units: int = 0) -> None:
    """People with badges, and every product on its shelf, ``more_units`` above the usual."""
    warehouse = next(iter(works.place.warehouses.values()))

    def write(tx: Tx) -> None:
        for person in goods.people:
            people.add(tx, person["badge"], person["name"], person["role"])
        save(tx, list(goods.rows), warehouse, "data/demo/products.csv")
        if more_units:
            for sku in goods.products:
                receive(tx, warehouse, sku_id(tx, sku), more_units)
        for bundle in goods.bundles.values():
            facts = ProductFacts(code=bundle.sku, title=bundle.title, spec=bundle.spec)
            parts = {sku_id(tx, sku): units for sku, units in bundle.parts.items()}
            make_bundle(tx, save_product(tx, facts, warehouse), parts)

    works.store.do(write)


def sku_id(tx: Tx, code: str) -> int:
    """A product's id."""
    return int(tx.the("SELECT id FROM skus WHERE code = ?", code)["id"])


def open_books(works: Works, since: int) -> None:
    """The shops are followed from that moment on: there is nothing older to ask for."""

    def write(tx: Tx) -> None:
        for shop_id in works.place.shops.values():
            tx.run("INSERT INTO cursors VALUES (?, 'orders', ?)", shop_id, since)

    works.store.do(write)


def take_in_past(works: Works) -> int:
    """Pull everything the shops have so far, at once; how many orders came."""
    return sum(
        pull(works.store, shop, most_windows=200).new for shop in shops(works, works.clock).values()
    )


def shops(works: Works, clock: Clock) -> dict[str, Shop]:
    """The shops without the pace that keeps a real platform patient."""
    return {
        shop.code: Shop(
            shop.code,
            TaobaoShop(access_of(shop), clock, Limits(per_second=0)),
            works.place.policies[works.place.shops[shop.code]],
        )
        for shop in works.config.shops
    }


def access_of(shop: ShopConfig) -> ShopAccess:
    """How a shop is reached as long as its tokens never change."""
    return ShopAccess(
        code=shop.code,
        url=shop.url,
        app_key=shop.app_key,
        app_secret=shop.app_secret,
        tokens=Tokens(shop.session),
    )
