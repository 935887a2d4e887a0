"""Who a hidden receiver is: asked of the platform on demand, shown once, kept nowhere.

Every question needs a role and a reason and leaves an event, which carries neither name nor door.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from core import people
from core.clock import local
from core.errors import Problem
from core.messages import message
from core.orders.rest import number_at_shop
from core.orders.slip import receiver_of
from core.people.privacy import MAY_SEE
from core.ports import MISMATCH, CallFailed, Fault, Receiver, Reveals
from core.store import Actor, Row, Store
from core.sync.pull import Shop, refresh
from core.text import clean

UNTOLD_S = 60.0
"""How long to wait where a platform does not say."""


@dataclass(frozen=True, slots=True)
class Revealed:
    """An answer that lives as long as it is on a screen."""

    number: str
    receiver: Receiver
    refetched: bool = False
    """The reference we kept was an older address's: the order was fetched anew before."""


def reveal(
    store: Store, shops: Mapping[int, Shop], number: str, reason: str, by: Actor
) -> Revealed:
    """Ask who an order's hidden receiver is. Calls the shop: not for a screen's own thread.

    Raises Problem: not allowed, nothing hidden, the quota is used up and until when.
    """
    people.must_be(store.read, by.operator_id, MAY_SEE)
    reason = clean(reason, 120)
    if not reason:
        raise Problem("conflict.no_reason")
    order = the(store, number)
    if not order["cipher_ref"]:
        raise Problem("reveal.in_clear", number=number)
    shop = shops.get(order["shop_id"])
    if shop is None or not hasattr(shop.channel, "reveal"):
        raise Problem("reveal.not_here", number=number)
    try:
        receiver, refetched = ask(store, shop, order)
    except CallFailed as failure:
        code = failure.code
        store.do(lambda tx: tx.event("reveal_refused", order["id"], reason=reason, code=code), by)
        raise refusal(store, number, failure) from failure
    store.do(lambda tx: tx.event("revealed", order["id"], reason=reason), by)
    return Revealed(number, receiver, refetched)


def the(store: Store, number: str) -> Row:
    """The order of an internal number. Raises Problem."""
    order = store.read.one("SELECT * FROM orders WHERE number = ?", number)
    if order is None:
        raise Problem("order.unknown", number=number)
    return order


def ask(store: Store, shop: Shop, order: Row) -> tuple[Receiver, bool]:
    """Ask; with a reference that is no longer the order's, fetch it anew and ask once more.

    Raises CallFailed.
    """
    channel = cast("Reveals", shop.channel)
    try:
        return channel.reveal(number_at_shop(order), receiver_of(order)), False
    except CallFailed as failure:
        if failure.code != MISMATCH:
            raise
    refresh(store, shop, number_at_shop(order))
    fresh = the(store, order["number"])
    return channel.reveal(number_at_shop(order), receiver_of(fresh)), True


def refusal(store: Store, number: str, failure: CallFailed) -> Problem:
    """Why nobody was told, and when it is worth asking again."""
    if failure.fault is Fault.RATE:
        wait_s = UNTOLD_S if failure.wait_s is None else failure.wait_s
        at = local(store.clock.now() + int(wait_s * 1000), store.clock.zone)
        return Problem("reveal.quota", again=f"{at:%m-%d %H:%M:%S}")
    if failure.code == MISMATCH:
        return Problem("reveal.mismatch", number=number)
    fault = message(f"fault.{failure.fault.value}", answer=failure.text or failure.code)
    return Problem("reveal.failed", number=number, why=fault)
