"""Is it the same buyer? Flagged for a person, never merged.

What is masked says nothing by itself: then it is the shop's own word for the buyer that counts, in
that shop, with what is left of the address.
"""

import re

from core.ports import PlatformOrder
from core.store import Tx
from core.text import is_masked

_NOISE = re.compile(r"[\s,，.。、;；:：()（）\-_#]+")


def same_buyer_key(order: PlatformOrder, shop_id: int) -> str | None:
    """Who and where in one comparable form; None when neither phone nor account tells who."""
    receiver = order.receiver
    phone = re.sub(r"\D", "", receiver.phone).removeprefix("86")
    address = _NOISE.sub(
        "", receiver.province + receiver.city + receiver.district + receiver.address
    ).casefold()
    if not address:
        return None
    hidden = is_masked(receiver.phone) or is_masked(receiver.address) or len(phone) < 7
    if not hidden:
        return f"{phone}|{address}"
    known = order.buyer_key and not is_masked(order.buyer_key)
    return f"{shop_id}:{order.buyer_key}|{address}" if known else None


def flag_same_buyer(tx: Tx, order_id: int, key: str | None) -> None:
    """Mark open orders to the same person and door, on both sides."""
    if key is None:
        return
    twins = tx.all(
        "SELECT id, number FROM orders WHERE same_buyer_key = ? AND id <> ? AND open = 1",
        *(key, order_id),
    )
    if not twins:
        return
    tx.event("same_buyer", order_id, orders=[twin["number"] for twin in twins])
    for id_ in (order_id, *(twin["id"] for twin in twins)):
        tx.run("UPDATE orders SET same_buyer = 1 WHERE id = ? AND same_buyer = 0", id_)
