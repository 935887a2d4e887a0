"""Orders held for what may end without being listed as a change: asked for again by their number.

Pinduoduo decides minutes after the deal whether gifts ship with an order, and pauses orders; that
the end of either dates the order anew is not documented. Until then the order is held, and this
keeps it from waiting for ever.
"""

from collections.abc import Sequence

from core.orders.intake import Intake, take_in_all
from core.orders.policy import ShopPolicy
from core.orders.values import PASSING_FLAGS
from core.ports import PlatformOrder
from core.store import Store, Tx
from core.store.store import BACKGROUND

AGAIN_MS = 600_000
"""How long until such an order is asked for again."""


def take_in(store: Store, policy: ShopPolicy, orders: Sequence[PlatformOrder]) -> list[Intake]:
    """Take orders in; those that may change unseen stand among the hints for later."""
    taken = take_in_all(store, policy, orders)
    waiting = [order.number for order in orders if PASSING_FLAGS & set(order.flags)]
    if waiting:
        store.do(lambda tx: ask_again(tx, policy.shop_id, waiting), rank=BACKGROUND)
    return taken


def ask_again(tx: Tx, shop_id: int, numbers: Sequence[str]) -> None:
    """Hint at the open ones of these orders, once in ten minutes."""
    at = tx.now + AGAIN_MS
    for number in numbers:
        tx.run(
            "INSERT INTO hints (shop_id, message, number, received_at, next_try_at)"
            " SELECT ?1, ?2, platform_number, ?3, ?3 FROM orders"
            " WHERE shop_id = ?1 AND platform_number = ?4 AND open = 1 ON CONFLICT DO NOTHING",
            *(shop_id, f"again {at // AGAIN_MS}", at, number),
        )
