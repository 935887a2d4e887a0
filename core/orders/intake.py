"""Intake: a platform's order becomes ours, once, and follows every change after that.

Replaying a page, a window or a file changes nothing: the key is (shop, platform number), the
version is the platform's own modified time, and an identical telling is recognised by its digest.
Files have no version worth the name: one that was replaced is known by its digest as well.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import Enum
from functools import partial
from operator import attrgetter

from core.errors import Problem
from core.events import BEGINNING
from core.orders.audit import audit
from core.orders.buyer import flag_same_buyer, same_buyer_key
from core.orders.changes import apply_change, cancel, hold_fetched, nothing_left
from core.orders.holds import held_for, hold
from core.orders.lines import insert_line, told_summary
from core.orders.numbers import next_number
from core.orders.policy import ShopPolicy
from core.orders.values import FILE, Telling, value_map
from core.ports import PlatformLine, PlatformOrder, Receiver
from core.store import Row, Store, Tx
from core.store.store import BACKGROUND
from core.text import clean, phone_tail
from core.watch import raise_alert

CHUNK = 25
"""Orders in one transaction at most."""
HOLD_S = 0.0025
"""How long a chunk works before it commits; with the last order and the commit on top, another
process's scan waits less than 5 ms for it."""


class Taken(Enum):
    """What intake did with one telling."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    OLDER = "older"
    NOT_OURS = "not_ours"
    """Already shipped or finished when first seen: history from before Packline."""
    REFUSED = "refused"
    """It breaks a rule of the store (a quantity of zero, a line of another order): an alert."""


@dataclass(frozen=True, slots=True)
class Intake:
    """The answer for one order."""

    taken: Taken
    number: str = ""
    """Internal number; "" when it is not ours."""
    order_id: int = 0


def take_in_all(store: Store, policy: ShopPolicy, orders: Sequence[PlatformOrder]) -> list[Intake]:
    """Take in many orders in short transactions that let scans pass between them."""
    done: list[Intake] = []
    while rest := orders[len(done) : len(done) + CHUNK]:
        if done:
            store.give_way()
        try:
            done += store.do(partial(take_in_some, store, policy, rest), rank=BACKGROUND)
        except Problem as problem:
            if problem.message.id != "store.refused":
                raise
            done += [take_in_alone(store, policy, order) for order in rest]
    return done


def take_in_some(
    store: Store, policy: ShopPolicy, orders: Sequence[PlatformOrder], tx: Tx
) -> list[Intake]:
    """As many as fit into one short transaction, at least one; fewer when a scan waits."""
    until = time.monotonic() + HOLD_S
    done: list[Intake] = []
    for order in orders:
        done.append(take_in(tx, policy, order))
        if store.scan_waiting or time.monotonic() > until:
            break
    return done


def take_in_alone(store: Store, policy: ShopPolicy, order: PlatformOrder) -> Intake:
    """One order by itself: when the store refuses it, a person hears and the others go on."""
    try:
        return store.do(lambda tx: take_in(tx, policy, order), rank=BACKGROUND)
    except Problem as problem:
        if problem.message.id != "store.refused":
            raise
        reason = str(problem.message.data.get("reason", ""))
    store.do(lambda tx: refuse(tx, policy, order, reason), rank=BACKGROUND)
    return Intake(Taken.REFUSED)


def refuse(tx: Tx, policy: ShopPolicy, order: PlatformOrder, reason: str) -> None:
    """Say which order could not be taken in, and why."""
    shop = tx.the("SELECT code FROM shops WHERE id = ?", policy.shop_id)["code"]
    raise_alert(tx, "order_refused", f"{shop} {clean(order.number, 80)}", answer=reason)


def take_in(tx: Tx, policy: ShopPolicy, order: PlatformOrder) -> Intake:
    """Take in one telling of one order, inside the caller's transaction."""
    told = Telling(policy, value_map(policy.channel), order, digest_of(order))
    known = tx.one(
        "SELECT id, number, modified_at, digest, open FROM orders"
        " WHERE shop_id = ? AND platform_number = ?",
        *(policy.shop_id, order.number),
    )
    if known is None:
        return take_new(tx, told)
    if known["digest"] == told.digest:
        return Intake(Taken.SAME, known["number"], known["id"])
    if order.modified_at < known["modified_at"]:
        doubt_fewer_times(tx, known, told)
        return Intake(Taken.OLDER, known["number"], known["id"])
    if replaced_before(tx, known, told):
        return Intake(Taken.OLDER, known["number"], known["id"])
    apply_change(tx, known["id"], told)
    return Intake(Taken.CHANGED, known["number"], known["id"])


def doubt_fewer_times(tx: Tx, known: Row, told: Telling) -> None:
    """An export without a column for a time looks older than it is: money asked back in it holds
    the order of a shop that speaks to us by files only."""
    if told.order.route != FILE or not told.asks_back or not known["open"]:
        return
    shop = tx.the("SELECT by_file FROM shops WHERE id = ?", told.policy.shop_id)
    if shop["by_file"] and not held_for(tx, known["id"], ("refund", "refund_unknown")):
        hold(tx, known["id"], "file_doubt", "file_asks_back")


def replaced_before(tx: Tx, known: Row, told: Telling) -> bool:
    """Whether a file tells again, word for word, what a later file has replaced.

    A refund or a new address leaves every time in a file as it was, so the version cannot say which
    of two files is the newer one. Money asked back for an order that is to leave is followed even
    so: a hold too many can be released, a parcel cannot.
    """
    if told.order.route != FILE or (told.asks_back and known["open"]):
        return False
    return (
        tx.one(
            "SELECT 1 FROM events WHERE order_id = ? AND kind = 'changed'"
            " AND json_extract(what, '$.replaced') = ?",
            *(known["id"], told.digest),
        )
        is not None
    )


def take_new(tx: Tx, told: Telling) -> Intake:
    """Give the order its number, its lines and its first audit."""
    policy, order, status = told.policy, told.order, told.status
    if status in ("shipped", "done"):
        return Intake(Taken.NOT_OURS)
    number = next_number(tx, policy.prefix)
    buyer = same_buyer_key(order, policy.shop_id)
    order_id = insert_order(tx, told, number, buyer)
    for line in order.lines:
        insert_line(tx, told, order_id, line)
    tx.run("INSERT INTO raw_orders (order_id, raw) VALUES (?, ?)", order_id, order.raw)
    route = order.route or policy.channel
    tx.event("received", order_id, shop=policy.shop_id, platform_number=order.number, route=route)
    if status == "closed" or nothing_left(tx, order_id):
        cancel(tx, order_id, "closed_at_source" if status == "closed" else "refunded")
        return Intake(Taken.NEW, number, order_id)
    hold_fetched(tx, order_id, told)
    audit(tx, order_id)
    flag_same_buyer(tx, order_id, buyer)
    return Intake(Taken.NEW, number, order_id)


def insert_order(tx: Tx, told: Telling, number: str, buyer: str | None) -> int:
    """The order's own row."""
    policy, order, receiver = told.policy, told.order, told.order.receiver
    tier = order.tier or policy.tier
    ship_by = order.ship_by or policy.ship_by(tier, order.paid_at or order.created_at)
    done = tx.run(
        "INSERT INTO orders (number, uid, shop_id, platform_number, status, modified_at,"
        " created_at, paid_at, received_at, ship_by, tier, buyer_key, buyer_name, buyer_note,"
        " seller_note, receiver_name, receiver_phone, phone_tail, province, city, district,"
        " address, cipher_ref, same_buyer_key, amount_cents, freight_cents, carrier, digest,"
        " touched_at, status_word, pieces, summary) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(number, tx.uid(), policy.shop_id, order.number, told.status, order.modified_at),
        *(order.created_at, order.paid_at, tx.now, ship_by, tier, clean(order.buyer_key)),
        *(clean(order.buyer_name), None if order.buyer_note is None else clean(order.buyer_note)),
        *(clean(order.seller_note), clean(receiver.name), clean(receiver.phone)),
        *(phone_tail(receiver.phone), clean(receiver.province), clean(receiver.city)),
        *(clean(receiver.district), clean(receiver.address), receiver.cipher_ref),
        *(buyer, order.amount_cents, order.freight_cents, policy.carrier),
        *(told.digest, tx.now, clean(order.status, 60), *told_summary(told)),
    )
    order_id = int(done.lastrowid)
    tx.chains[order_id] = BEGINNING  # nobody can have written an event of it yet
    return order_id


_NOT_TOLD = {"raw", "receiver", "lines", "route"}
_ORDER = attrgetter(*(f.name for f in fields(PlatformOrder) if f.name not in _NOT_TOLD))
_RECEIVER = attrgetter(*(f.name for f in fields(Receiver)))
_LINE = attrgetter(*(f.name for f in fields(PlatformLine)))
_json = json.JSONEncoder(ensure_ascii=False).encode


def digest_of(order: PlatformOrder) -> str:
    """A fingerprint of everything the platform told, except the raw form and the way it came."""
    told = (_ORDER(order), _RECEIVER(order.receiver), [_LINE(line) for line in order.lines])
    return hashlib.sha256(_json(told).encode()).hexdigest()
