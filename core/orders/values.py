"""A channel's own words in ours: data/channels/*.toml. A word that is not there means hold."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from core.orders.policy import ShopPolicy
from core.ports import PlatformLine, PlatformOrder

UNKNOWN = "unknown"
SAME_WORDS = {"tmall": "taobao"}
"""Channels that speak another's words."""
FILE = "file"
"""The route of an order that came in an export file."""
SELF_PICKUP = "self_pickup"
"""The flag of an order somebody comes for: held for a person by that name."""
HARMLESS_FLAGS = frozenset({"address_changed", SELF_PICKUP})
"""Flags that are told but are no stop of the platform's; every other flag is one."""
PASSING_FLAGS = frozenset({"gift_pending", "ship_hold"})
"""Flags that may go without the shop dating it as a change: their orders are asked for again."""


@dataclass(frozen=True, slots=True)
class ValueMap:
    """One channel's vocabulary."""

    order_status: Mapping[str, str]
    """To unpaid, hold, to_ship, partial, shipped, done or closed."""
    refund: Mapping[str, str]
    """To none, open or refunded."""

    def status_of(self, word: str) -> str:
        """Our status for the channel's word; ``unknown`` when we never learnt it."""
        return self.order_status.get(word, UNKNOWN)

    def refund_of(self, word: str) -> str:
        """Our refund state; a channel that says nothing says that there is none."""
        return self.refund.get(word, UNKNOWN) if word else "none"


@cache
def value_map(channel: str) -> ValueMap:
    """The vocabulary shipped for a channel; an empty one (everything held) when there is none."""
    name = SAME_WORDS.get(channel, channel)
    file = resources.files("data").joinpath("channels", f"{name}.toml")
    if not file.is_file():
        return ValueMap({}, {})
    told = tomllib.loads(file.read_text(encoding="utf-8"))
    return ValueMap(told.get("order_status", {}), told.get("refund", {}))


@dataclass(frozen=True, slots=True)
class Telling:
    """One order as a shop tells it, with everything needed to understand it."""

    policy: ShopPolicy
    words: ValueMap
    order: PlatformOrder
    digest: str
    """A fingerprint of everything told, except the raw form."""

    @property
    def status(self) -> str:
        """Our status; a platform flag such as risk control turns "to ship" into hold."""
        status = self.words.status_of(self.order.status)
        stopped = set(self.order.flags) - HARMLESS_FLAGS
        return "hold" if stopped and status in ("to_ship", "partial") else status

    def refund_word(self, line: PlatformLine) -> str:
        """The platform's word for a line's refund; the order's own where the line has none."""
        return line.refund or self.order.refund

    def refund(self, line: PlatformLine) -> str:
        """Our refund state of a line."""
        return self.words.refund_of(self.refund_word(line))

    @property
    def asks_back(self) -> bool:
        """Whether the order is closed, or money is asked back or was given back for a line."""
        refunds = {self.refund(line) for line in self.order.lines}
        return self.status == "closed" or not refunds.isdisjoint(("open", "refunded"))
