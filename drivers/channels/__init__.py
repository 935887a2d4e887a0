"""Sales channels: each connector tells the truth of one shop on one platform, in core's words.

A connector lists changes, reads orders and reports waybills. It never decides what happens to an
order, never keeps one, and never maps a platform's status: that is core's, by
``data/channels/*.toml``. One file per platform and its line in ``CHANNELS``; ``calls`` is the way
all of them use HTTP.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol

from core.clock import Clock
from core.ports import Channel
from drivers.channels.access import Tokens
from drivers.channels.taobao import TaobaoShop

__all__ = ["CHANNELS", "Connection", "ShopAccess", "TaobaoShop", "Tokens"]


class Connection(Channel, Protocol):
    """A channel that holds connections of its own."""

    def close(self) -> None:
        """Let the connections go; the next call opens new ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopAccess:
    """How a shop is reached, whatever its platform."""

    code: str
    """Our code of the shop."""
    url: str
    """The platform's gateway, or the site's own address."""
    app_key: str = ""
    app_secret: str = field(default="", repr=False)
    tokens: Tokens = field(default_factory=lambda: Tokens(""))
    save_tokens: Callable[[Tokens], None] | None = None
    """Keeps renewed tokens before they are used; the old ones are dead by then."""
    carriers: Mapping[str, str] = field(default_factory=dict)
    """Our carrier codes in the platform's, where this shop's differ from the usual ones."""


Maker = Callable[[ShopAccess, Clock], Connection]


def _shop(module: str, name: str) -> Maker:
    """How one platform's connector is made; its file is read when the first shop needs it."""

    def make(access: ShopAccess, clock: Clock) -> Connection:
        made: Connection = getattr(import_module(f"drivers.channels.{module}"), name)(
            access.url,
            access.app_key,
            access.app_secret,
            access.tokens.session,
            access.code,
            clock,
            refresh_token=access.tokens.refresh_token,
            save_tokens=access.save_tokens,
            carriers=access.carriers,
        )
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
}
"""Channel name -> how a shop on it is connected."""
