"""Sales channels: each connector tells the truth of one shop on one platform, in core's words.

A connector lists changes, reads orders and reports waybills. It never decides what happens to an
order, never keeps one, and never maps a platform's status: that is core's, by
``data/channels/*.toml``. One file per platform and its line in ``CHANNELS``; ``connector`` is what
all of them share, ``calls`` the way they use HTTP.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Protocol

from core.clock import Clock
from core.ports import Channel
from drivers.channels.access import ShopAccess, Tokens

__all__ = ["CHANNELS", "Connection", "ShopAccess", "Tokens"]


class Connection(Channel, Protocol):
    """A channel that holds connections of its own."""

    def leave(self) -> None:
        """Wait for nothing any more; calls that are under way end by themselves."""

    def close(self) -> None:
        """Let the connections go; the next call opens new ones."""


Maker = Callable[[ShopAccess, Clock], Connection]


def _shop(module: str, name: str) -> Maker:
    """A platform's connector; its file is read when the first shop needs it."""

    def make(access: ShopAccess, clock: Clock) -> Connection:
        made: Connection = getattr(import_module(f"drivers.channels.{module}"), name)(access, clock)
        return made

    return make


CHANNELS: Mapping[str, Maker] = {
    "taobao": _shop("taobao", "TaobaoShop"),
    "tmall": _shop("taobao", "TaobaoShop"),
    "jd": _shop("jd", "JdShop"),
    "pdd": _shop("pdd", "PddShop"),
    "ktt": _shop("ktt", "KttShop"),
    "douyin": _shop("douyin", "DouyinShop"),
    "wechat": _shop("wechat", "WechatShop"),
    "kuaishou": _shop("kuaishou", "KuaishouShop"),
    "shopify": _shop("shopify", "ShopifyShop"),
    "vendure": _shop("vendure", "VendureShop"),
    "woocommerce": _shop("woocommerce", "WooShop"),
    "kuaidi100": _shop("kuaidi100_shop", "Kuaidi100Shop"),
}
"""Channel name -> how a shop on it is connected."""
