"""Hints: an order is asked for at once, because its shop says that it changed or a bench opens it.

A hint makes an order come sooner, never truer: it goes through the same door as a pulled one, and
without any hint polling brings the same, some minutes later. What cannot be read yet is tried
again, ever more seldom.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from core.orders.rest import number_at_shop
from core.ports import CallFailed, Fault, Hint, Pushed
from core.store import Row, Rows, Store, Tx
from core.store.store import BACKGROUND
from core.sync import deliveries
from core.sync.pull import Shop
from core.sync.turns import ORDERS
from core.sync.undated import take_in
from core.text import clean
from core.watch import close_alert, raise_alert

log = logging.getLogger(__name__)
AGAIN_S = (5, 15, 60, 300, 900, 3600)
"""Seconds until an order that cannot be read yet is asked for again, by how often it was."""
GIVEN_UP_MS = 86_400_000
"""An order that could not be read for this long is a person's matter."""
OPENED = "opened at a bench"
"""The message of a hint of our own; such a one is not kept, and nobody is told when it fails."""
KEPT_MS = 30 * 86_400_000
"""How long a message is remembered, so that it is known when it comes again."""
CHUNK = 25
"""Rows or hints in one transaction."""
NOT_DELIVERED = "not_delivered"
"""The code of a CallFailed that says: only more messages can bring this order."""
UNREAD_CHARS = 100_000
"""Of what nobody understands, this much is kept."""


# --- what comes in -------------------------------------------------------------------------------


def keep(store: Store, shop_id: int, pushed: Pushed, patience_s: float = 5.0) -> None:
    """Put what a rightly signed request said on disk, in short transactions.

    Raises when not all of it is there: then it has to be sent again, which changes nothing that
    is there already.
    """
    for part in parts(pushed):
        store.write(partial(keep_part, shop_id, part)).result(patience_s)


def parts(pushed: Pushed) -> Iterator[Pushed]:
    """A request in pieces, so that no scan waits for a long one; the last one says what became
    of its task."""
    if pushed.delivery is not None:
        rows = pushed.delivery.rows
        for first in range(CHUNK, len(rows), CHUNK):
            some = replace(pushed.delivery, state="asked", rows=rows[first : first + CHUNK])
            yield Pushed(delivery=some)
        pushed = replace(pushed, delivery=replace(pushed.delivery, rows=rows[:CHUNK]))
    for first in range(CHUNK, len(pushed.hints), CHUNK):
        yield Pushed(hints=pushed.hints[first : first + CHUNK])
    yield replace(pushed, hints=pushed.hints[:CHUNK])


def keep_part(shop_id: int, pushed: Pushed, tx: Tx) -> None:
    """Keep one piece."""
    if pushed.delivery is not None:
        deliveries.keep(tx, shop_id, pushed.delivery)
    for hint in pushed.hints:
        keep_hint(tx, shop_id, hint)
    for raw in pushed.unread:
        keep_unread(tx, shop_id, raw)
    tx.run(
        "INSERT INTO push_health (shop_id, taken, last_at) VALUES (?1, 1, ?2)"
        " ON CONFLICT (shop_id) DO UPDATE SET taken = taken + 1, last_at = ?2",
        *(shop_id, tx.now),
    )
    close_alert(tx, "push_refused", code_of(tx, shop_id))


def keep_hint(tx: Tx, shop_id: int, hint: Hint) -> None:
    """Remember one hint, once."""
    tx.run(
        "INSERT INTO hints (shop_id, message, number, received_at, next_try_at)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        *(shop_id, clean(hint.message, 200), clean(hint.number, 80), tx.now, tx.now),
    )


def look_again(tx: Tx, order_id: int) -> None:
    """A bench takes an order in hand: ask what its shop says of it now, while it is worked at.

    A listing is minutes behind; whoever wants the money back must be known before the label is.
    """
    order = tx.one(
        "SELECT o.shop_id, o.platform_number FROM orders o JOIN shops s ON s.id = o.shop_id"
        " WHERE o.id = ? AND s.by_file = 0",
        order_id,
    )
    if order is not None:
        keep_hint(tx, order["shop_id"], Hint(OPENED, number_at_shop(order)))


def keep_unread(tx: Tx, shop_id: int, raw: str) -> None:
    """Nobody understands it: it is kept, and a person hears of it."""
    tx.run(
        "INSERT INTO pushed_unread (shop_id, sha256, raw, at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        *(shop_id, hashlib.sha256(raw.encode()).hexdigest(), raw[:UNREAD_CHARS], tx.now),
    )
    raise_alert(tx, "push_unread", code_of(tx, shop_id), sample=clean(raw, 120))


def refused(tx: Tx, shop_id: int, count: int) -> None:
    """So many requests had a wrong signature; nothing of them is kept but their number."""
    tx.run(
        "INSERT INTO push_health (shop_id, refused, refused_at) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (shop_id) DO UPDATE SET refused = refused + ?2, refused_at = ?3",
        *(shop_id, count, tx.now),
    )
    raise_alert(tx, "push_refused", code_of(tx, shop_id))


def code_of(read: Rows, shop_id: int) -> str:
    """The shop's code, for alerts."""
    row = read.one("SELECT code FROM shops WHERE id = ?", shop_id)
    return str(row["code"]) if row else ""


# --- what is done about it -----------------------------------------------------------------------


def due(read: Rows, shop_id: int, now: int, most: int) -> list[Row]:
    """Order numbers to ask for now, those waiting longest first, with their hints."""
    return read.all(
        "SELECT number, min(received_at) AS received_at, max(attempts) AS attempts,"
        " max(id) AS last, max(message <> ?) AS said FROM hints"
        " WHERE shop_id = ? AND done_at IS NULL AND next_try_at <= ?"
        " GROUP BY number ORDER BY min(next_try_at) LIMIT ?",
        *(OPENED, shop_id, now, most),
    )


def something_due(read: Rows, shop_id: int, now: int) -> bool:
    """Whether an order is to be asked for now."""
    return (
        read.one(
            "SELECT 1 FROM hints WHERE shop_id = ? AND done_at IS NULL AND next_try_at <= ?"
            " LIMIT 1",
            *(shop_id, now),
        )
        is not None
    )


def follow_hints(
    store: Store, shop: Shop, most: int = 100, enough: Callable[[], bool] = lambda: False
) -> int:
    """Ask for every order that was hinted at; how many came. Raises CallFailed.

    A failure that is about one order postpones that order; any other ends the round and leaves
    the rest due.
    """
    came = 0
    with shop.turns.at(ORDERS):
        for row in due(store.read, shop.policy.shop_id, store.clock.now(), most):
            if enough():
                break
            came += follow(store, shop, row)
    return came


def follow(store: Store, shop: Shop, row: Row) -> bool:
    """Ask for one order; False when it cannot be read yet. Raises CallFailed."""
    shop_id, number, last = shop.policy.shop_id, row["number"], row["last"]
    try:
        order = shop.channel.detail(number)
    except CallFailed as failure:
        if failure.code == NOT_DELIVERED:
            store.do(lambda tx: done(tx, shop_id, number, last), rank=BACKGROUND)
            return False
        answer = str(failure)
        store.do(lambda tx: later(tx, shop, row, answer), rank=BACKGROUND)
        if failure.fault is not Fault.BUSINESS and failure.code != "no_order":
            raise
        return False
    take_in(store, shop.policy, [order])
    store.do(lambda tx: done(tx, shop_id, number, last), rank=BACKGROUND)
    return True


def done(tx: Tx, shop_id: int, number: str, last: int) -> None:
    """The hints that were there when the order was asked for are followed."""
    tx.run(
        "DELETE FROM hints WHERE shop_id = ? AND number = ? AND message = ? AND id <= ?",
        *(shop_id, number, OPENED, last),
    )
    tx.run(
        "UPDATE hints SET done_at = ?, answer = '' WHERE shop_id = ? AND number = ?"
        " AND done_at IS NULL AND id <= ?",
        *(tx.now, shop_id, number, last),
    )


def later(tx: Tx, shop: Shop, row: Row, answer: str) -> None:
    """It cannot be read yet: again after a while, and after a day a person decides.

    What only a bench wanted to know is let go of.
    """
    if not row["said"]:
        done(tx, shop.policy.shop_id, row["number"], row["last"])
        return
    given_up = tx.now - row["received_at"] >= GIVEN_UP_MS
    wait_ms = AGAIN_S[min(row["attempts"], len(AGAIN_S) - 1)] * 1000
    tx.run(
        "UPDATE hints SET attempts = attempts + 1, next_try_at = ?, answer = ?, done_at = ?"
        " WHERE shop_id = ? AND number = ? AND done_at IS NULL AND id <= ?",
        *(tx.now + wait_ms, clean(answer, 200), tx.now if given_up else None),
        *(shop.policy.shop_id, row["number"], row["last"]),
    )
    if given_up:
        log.warning("shop %s never told order %s: %s", shop.code, row["number"], answer)
        raise_alert(tx, "order_unreadable", f"{shop.code} {row['number']}", answer=answer)


def forget(tx: Tx, most: int = 500) -> int:
    """Let go of messages that are followed and too old to come again; how many."""
    gone = tx.run(
        "DELETE FROM hints WHERE id IN (SELECT id FROM hints WHERE done_at IS NOT NULL"
        " AND done_at < ? ORDER BY done_at LIMIT ?)",
        *(tx.now - KEPT_MS, most),
    )
    return int(gone.rowcount) + deliveries.forget(tx, most)
