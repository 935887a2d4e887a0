"""Whose orders a file holds: which shop takes them, and what of them is in the house already.

Some channels are one platform under several names: what Tmall exports reads as Taobao, and a
leader's sheet may be of a shop that is reached by an interface. An order of such a family is taken
by one shop only.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from core.config import ShopConfig
from core.errors import Problem
from core.messages import Message, message
from core.orders.policy import ShopPolicy
from core.orders.told import as_told
from tui.words import word

if TYPE_CHECKING:
    from core.ports import PlatformOrder
    from core.store import Rows
    from drivers.channels.files import Namesake
    from tui.wiring import Works

GENERIC = "generic"
"""The channel of a file whose layout nobody knows."""
FAMILIES = {"tmall": "taobao", "ktt": "groupbuy"}
"""Channels whose files, or whose orders, are another's."""
OWN_NUMBERS = frozenset({GENERIC, "shopify", "woocommerce", "vendure"})
"""Where every shop counts its orders by itself: equal numbers in two of them mean nothing."""


def family(channel: str) -> str:
    """The platform behind a channel."""
    return FAMILIES.get(channel, channel)


def family_of(shop: ShopConfig) -> str:
    """The platform of a configured shop, also when an aggregator stands between."""
    return family(shop.platform or shop.channel)


def shops_for(opened: "Works", channel: str) -> Sequence[str]:
    """Codes of the configured shops that files of a channel can be for."""
    return [shop.code for shop in opened.config.shops if family_of(shop) == family(channel)]


def only_shop(opened: "Works", channel: str) -> str:
    """The one shop files of a channel can be for; "" when there are several."""
    codes = shops_for(opened, channel)
    return codes[0] if len(codes) == 1 else "" if codes else f"file-{family(channel)}"


def shop_id_of(opened: "Works", code: str) -> int:
    """The shop of a code, of the configuration or made for files. Raises Problem."""
    row = opened.store.read.one("SELECT id FROM shops WHERE code = ?", code)
    if row is None:
        rows = opened.store.read.all("SELECT code FROM shops ORDER BY code")
        raise Problem("import.no_shop", code=code, known=" ".join(r["code"] for r in rows) or "-")
    return int(row["id"])


def policy_for(opened: "Works", channel: str, shop_code: str) -> ShopPolicy:
    """The shop the orders belong to: named, its family's only one, or one made for files.

    A file of an unknown layout speaks the words of the shop it is for. Raises Problem when there
    are several and none was named.
    """
    code = shop_code or only_shop(opened, channel)
    if not code:
        codes = " ".join(shops_for(opened, channel))
        raise Problem("import.which_shop", channel=channel, shops=codes)
    if code in opened.place.shops:
        policy = opened.place.policies[opened.place.shops[code]]
        return ShopPolicy(
            shop_id=policy.shop_id,
            channel=policy.channel if channel == GENERIC else channel,
            tier=policy.tier or "standard",
            carrier=policy.carrier,
            prefix=policy.prefix,
        )
    shop_id = shop_id_of(opened, shop_code) if shop_code else file_shop(opened, family(channel))
    return ShopPolicy(
        shop_id=shop_id, channel=channel, tier="standard", prefix=opened.config.prefix
    )


def file_shop(opened: "Works", channel: str) -> int:
    """The shop made for a channel's files where none is configured."""
    return opened.store.do(
        lambda tx: int(
            tx.the(
                "INSERT INTO shops (code, channel, name, by_file) VALUES (?1, ?2, ?3, 1)"
                " ON CONFLICT (code) DO UPDATE SET code = code RETURNING id",
                *(f"file-{channel}", channel, word("channel", channel)),
            )["id"]
        )
    )


class InTheHouse:
    """What is known of orders a file tells, in its shop and in the others of its family."""

    def __init__(self, read: "Rows", shop_id: int | None, sisters: Sequence[tuple[int, str]]):
        """``shop_id`` is None for a shop that is still to be made."""
        self._read = read
        self._shop_id = shop_id
        self._sisters = sisters

    def against(self, order: "PlatformOrder") -> Message | None:
        """Why a person must look at an order before it is taken; None when nothing is wrong."""
        for shop_id, code in self._sisters:
            row = self._read.one(
                "SELECT number FROM orders WHERE shop_id = ? AND platform_number = ?",
                *(shop_id, order.number),
            )
            if row is not None:
                return message("import.sister", shop=code, number=row["number"])
        return None

    def order(self, number: str) -> "PlatformOrder | None":
        """An order of this shop as files told it so far; None for one a shop's interface told."""
        found = None if self._shop_id is None else as_told(self._read, self._shop_id, number)
        return found if found and found.raw.startswith("[") else None

    def like(self, stem: str) -> "Iterator[Namesake]":
        """The orders of this shop whose made-up numbers begin so."""
        from drivers.channels.files import Namesake

        for row in self._read.all(
            "SELECT id, platform_number AS number, receiver_name, receiver_phone FROM orders"
            " WHERE shop_id = ?1 AND (platform_number = ?2"
            " OR platform_number > ?2 || '-' AND platform_number < ?2 || '.')",
            *(self._shop_id, stem),
        ):
            lines = self._read.all(
                "SELECT sub_number FROM order_lines WHERE order_id = ?", row["id"]
            )
            goods = frozenset(each["sub_number"].removeprefix(row["number"]) for each in lines)
            yield Namesake(row["number"], row["receiver_name"], row["receiver_phone"], goods)


def in_the_house(opened: "Works", shop_code: str, channel: str) -> InTheHouse:
    """What there is of a channel's files, for the shop named or the only one it can be."""
    read = opened.store.read
    configured = {shop.code: family_of(shop) for shop in opened.config.shops}
    code = shop_code or only_shop(opened, channel)
    row = read.one("SELECT id FROM shops WHERE code = ?", code)
    kind = configured.get(code, family(channel)) if channel == GENERIC else family(channel)
    rows = read.all("SELECT id, code, channel FROM shops WHERE code <> ?", code)
    sisters = [
        (int(each["id"]), str(each["code"]))
        for each in rows
        if configured.get(each["code"], family(each["channel"])) == kind not in OWN_NUMBERS
    ]
    return InTheHouse(read, int(row["id"]) if row else None, sisters)
