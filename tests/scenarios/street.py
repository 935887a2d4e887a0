"""One shop street for the scenarios: a store, platforms over real sockets, and the work between."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from importlib import import_module
from typing import Any

from core.clock import SetClock
from core.orders.policy import ShopPolicy
from core.ports import CallFailed
from core.ports import Sender as From
from core.sync import Engine
from core.sync.deliveries import StoredDeliveries
from core.sync.door import Door
from core.sync.hints import follow_hints
from core.sync.outbox import recover
from core.sync.progress import set_cursor
from core.sync.pull import Shop, pull
from core.sync.verify import verify
from drivers.channels import CHANNELS, ShopAccess, Tokens
from drivers.doorbell import Doorbell, ring_of
from drivers.simulated.shop_trades import SimLine, SimOrder
from tests.core.orders.warehouse import NOON, bring, column, the_order
from tests.core.sync.outside import MemoryCarrier
from tui.commands.simulate import PLATFORMS, Platform

MINUTE = 60_000
LISTING = "taobao.trades.sold.increment.get"
DETAIL = "taobao.trade.fullinfo.get"
SHIPPING = "taobao.logistics.online.send"
LISTINGS = {
    "taobao": LISTING,
    "jd": "jingdong.pop.order.search",
    "pdd": "pdd.order.number.list.increment.get",
    "ktt": "pdd.ktt.increment.order.query",
    "douyin": "order.searchList",
    "wechat": "/channels/ec/order/list/get",
    "woocommerce": "GET orders",
}
"""Channel -> what a listing call of it is called in scripts."""
EVERY = ("taobao", "jd", "pdd", "ktt", "douyin", "kuaishou", "wechat", "shopify", "woocommerce")
TEE = SimLine(sku="TEE", title="T恤", price_cents=990)
CUP = SimLine(sku="CUP", title="杯", price_cents=500)


class Crash(BaseException):
    """The process dies here."""


class Stall:
    """One platform and our connection to it."""

    def __init__(self, street: "Street", channel: str, shop_id: int, **world: Any) -> None:
        told: Platform = PLATFORMS[channel]
        kind = getattr(import_module(f"drivers.simulated.{told.module}"), told.name)
        self.street, self.name = street, channel
        self.server = street.stack.enter_context(kind(street.clock, **world))
        self.access = ShopAccess(
            code=("tb", "pdd")[shop_id - 1],
            url=self.server.url + told.path,
            app_key=self.server.app_key,
            app_secret=told.secret,
            tokens=Tokens(self.server.session, getattr(self.server, "refresh_token", "")),
        )
        if channel == "kuaidi100":
            kept = StoredDeliveries(street.store, shop_id)
            self.access = replace(self.access, platform="taobao", deliveries=kept)
        self.policy = ShopPolicy(shop_id=shop_id, channel=channel, tier="standard")
        self.connect()

    def connect(self, clock: SetClock | None = None, **more: Any) -> None:
        """A connection of a new process; ``more`` goes to the connector."""
        channel = CHANNELS[self.name](self.access, clock or self.street.clock)
        for name, value in more.items():
            setattr(channel, name, value)
        self.street.stack.callback(channel.close)
        self.shop = Shop(self.access.code, channel, self.policy)

    def ring(self) -> None:
        """The platform's messages have a door, as every shop of the street that pushes."""
        secret = getattr(self.server, "push_secret", self.access.app_secret)
        ring = ring_of(self.name, self.access.app_key, secret, self.street.clock)
        bell = self.street.door.bell
        bell.rings[f"/{self.access.code}"] = (self.access.code, ring)
        self.server.push_url = f"{bell.url}/{self.access.code}"
        self.access = replace(self.access, callback=self.server.push_url, push_secret=secret)
        self.connect()
        self.street.restart()

    def hints(self) -> int:
        """Follow what the shop said by itself."""
        return follow_hints(self.street.store, self.shop)

    def deliver(self, seconds: float = 400) -> None:
        """Time passes; the aggregator is asked, delivers, and what came is pulled."""
        self.street.clock.advance(seconds)
        for _ in range(12):
            with suppress(CallFailed):  # it complains that nothing came, and asks again
                pull(self.street.store, self.shop)
            if not self.server.deliver():
                break
        with suppress(CallFailed):
            pull(self.street.store, self.shop)

    def buy(self, *lines: SimLine, **told: Any) -> str:
        return self.server.place(SimOrder(lines=lines or (TEE,), **told))

    def follow(self, seconds: float = 400) -> None:
        """Time passes, and the shop is pulled until all is known."""
        self.street.clock.advance(seconds)
        self.pull()

    def pull(self) -> None:
        done = pull(self.street.store, self.shop)
        while done.windows and self.street.gaps(self.policy.shop_id):
            done = pull(self.street.store, self.shop)

    def numbers(self) -> list[str]:
        return column(
            self.street.store,
            "SELECT platform_number FROM orders WHERE shop_id = ? ORDER BY 1",
            self.policy.shop_id,
        )

    def modified(self) -> dict[str, int]:
        rows = self.street.store.read.all(
            "SELECT platform_number, modified_at FROM orders WHERE shop_id = ?",
            self.policy.shop_id,
        )
        return {row["platform_number"]: row["modified_at"] for row in rows}

    def cursor(self) -> int:
        (reached,) = column(
            self.street.store,
            "SELECT reached FROM cursors WHERE shop_id = ?",
            self.policy.shop_id,
        )
        return reached

    def send(self) -> None:
        self.street.engine.outbox.send_to_shop(self.policy.shop_id)

    def look_again(self) -> None:
        self.street.clock.advance(301)
        verify(self.street.store, self.shop)

    def waybills(self, number: str) -> list[str]:
        """The waybills the platform took for an order, in order."""
        return [entry["waybill"] for entry in self.server.shipments.get(number, [])]


class Street:
    """A store, a clock that is moved by hand, and stalls."""

    def __init__(self, store: Any, stack: ExitStack) -> None:
        self.store, self.clock, self.stack = store, store.clock, stack
        self.stalls: list[Stall] = []
        self.carrier: Any = MemoryCarrier()
        self._door: Door | None = None

    def open(self, channel: str = "taobao", *, shop_id: int = 1, **world: Any) -> Stall:
        """A stall that was followed up to ten minutes ago."""
        stall = Stall(self, channel, shop_id, **world)
        since = NOON - 10 * MINUTE
        self.store.do(lambda tx: set_cursor(tx, shop_id, since))
        self.stalls.append(stall)
        self.restart()
        return stall

    @property
    def door(self) -> Door:
        """The door for pushed messages, open; the same one always."""
        if self._door is None:
            shops = {"tb": 1, "pdd": 2}
            self._door = Door(self.store, shops, lambda keep: Doorbell("127.0.0.1", 0, {}, keep))
            self._door.look()
            self.stack.callback(self._door.close)
        return self._door

    def restart(self) -> None:
        """What a new process does first."""
        self.store.do(recover)
        shops = {stall.policy.shop_id: stall.shop for stall in self.stalls}
        self.engine = Engine(self.store, shops, self.carrier, From(name="仓", phone="1"))

    def gaps(self, shop_id: int) -> list[tuple[int, int]]:
        rows = self.store.read.all("SELECT * FROM pull_gaps WHERE shop_id = ?", shop_id)
        return [(row["since"], row["until"]) for row in rows]

    def labelled(self, number: str) -> str:
        """Packed, weighed and labelled; its waybill."""
        waybill = f"ZT{number[-10:].replace('-', '')}"
        bring(self.store, "labelled", number, waybill=waybill)
        return waybill

    def order(self, number: str) -> dict[str, Any]:
        return the_order(self.store, number)

    def alerts(self, rule: str = "") -> list[str]:
        found: Callable[..., list[str]] = column
        sql = "SELECT rule FROM alerts WHERE over_at IS NULL AND ?1 IN ('', rule)"
        return found(self.store, sql, rule)

    def outbox(self, kind: str = "backhaul") -> list[str]:
        return column(self.store, "SELECT state FROM outbox WHERE kind = ? ORDER BY id", kind)


__all__ = [
    "CUP",
    "DETAIL",
    "EVERY",
    "LISTING",
    "LISTINGS",
    "MINUTE",
    "NOON",
    "SHIPPING",
    "TEE",
    "Crash",
    "Street",
]
