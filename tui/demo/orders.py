"""Buyers of the demonstration: who orders what, with which wishes; the same for the same seed."""

import random
from dataclasses import dataclass
from typing import Any

from drivers.simulated.shop_trades import SimLine, SimOrder
from tui.demo.goods import Goods, Row

UNPAID, REFUND, UNKNOWN, STOPPED = 0.03, 0.02, 0.02, 0.01
"""Shares of orders that cannot be shipped as they come."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One order a buyer is about to place, and what is the matter with it."""

    order: SimOrder
    refund: bool = False
    """The buyer asks for the money back at once."""
    stopped: bool = False
    """The platform holds it back."""


class Buyers:
    """An endless row of orders."""

    def __init__(self, goods: Goods, seed: int, *, trouble: float = 1.0) -> None:
        """``trouble`` scales the share of orders that cannot be shipped as they come."""
        self._goods = goods
        self._random = random.Random(seed)
        self._trouble = trouble
        self._plain = [p for p in goods.products.values() if not p.gift]
        self._gifts = [p for p in goods.products.values() if p.gift]

    def next(self) -> Wish:
        """One more order."""
        draw, goods = self._random, self._goods
        buyer = draw.choice(goods.buyers)
        lines = [self._line() for _ in range(draw.choices((1, 2, 3, 5), (60, 26, 11, 3))[0])]
        lines = list({line.sku: line for line in lines}.values())
        if draw.random() < 0.12:
            lines.append(self._gift())
        if self._happens(UNKNOWN):
            code = draw.choice(goods.words["unknown_skus"])
            lines.append(SimLine(sku=code, title="链接新上架，编码待补", price_cents=3900))
        order = SimOrder(
            lines=tuple(lines),
            buyer=buyer["key"],
            status="WAIT_BUYER_PAY" if self._happens(UNPAID) else "WAIT_SELLER_SEND_GOODS",
            buyer_note=draw.choice(goods.words["notes"]) if draw.random() < 0.15 else None,
            seller_note=draw.choice(goods.words["seller_notes"]) if draw.random() < 0.03 else "",
            freight_cents=draw.choice((0, 0, 0, 800)),
            promise=draw.choice(goods.words["promises"]),
            **receiver(buyer),
        )
        return Wish(order, self._happens(REFUND), self._happens(STOPPED))

    def _happens(self, share: float) -> bool:
        return self._random.random() < share * self._trouble

    def _line(self) -> SimLine:
        draw = self._random
        if draw.random() < 0.08:
            bundle = draw.choice(list(self._goods.bundles.values()))
            return SimLine(
                sku=bundle.sku, title=bundle.title, spec=bundle.spec, price_cents=bundle.price_cents
            )
        product = draw.choice(self._plain)
        return SimLine(
            sku=product.sku,
            title=product.title,
            spec=product.spec,
            quantity=draw.choices((1, 2, 3, 6), (78, 15, 5, 2))[0],
            price_cents=product.price_cents,
        )

    def _gift(self) -> SimLine:
        gift = self._random.choice(self._gifts)
        return SimLine(sku=gift.sku, title=gift.title, spec=gift.spec, price_cents=0, gift=True)


def receiver(buyer: Row) -> dict[str, Any]:
    """Where a buyer lives, as an order says it."""
    names = ("name", "phone", "province", "city", "district", "town", "address")
    return {name: buyer[name] for name in names}
