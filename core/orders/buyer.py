"""Is it the same buyer? Flagged for a person, never merged; masked values equal nothing."""

import re

from core.ports import Receiver
from core.store import Tx
from core.text import is_masked

_NOISE = re.compile(r"[\s,，.。、;；:：()（）\-_#]+")


def same_buyer_key(receiver: Receiver) -> str | None:
    """Phone and address in one comparable form; None when either is hidden."""
    phone = re.sub(r"\D", "", receiver.phone).removeprefix("86")
    address = _NOISE.sub(
        "", receiver.province + receiver.city + receiver.district + receiver.address
    )
    hidden = is_masked(receiver.phone) or is_masked(receiver.address) or len(phone) < 7
    return None if hidden or not address else f"{phone}|{address.casefold()}"


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
