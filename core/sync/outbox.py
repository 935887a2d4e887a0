"""The outbox as a state machine: intent, call, and a query before anything is done twice.

A row is marked as asked before its call goes out. Whoever finds an asked row - after a lost
answer, a crash, a kill - asks the other side what it has before doing it again.
"""

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import Problem
from core.messages import pack
from core.orders.holds import end, shipping_stopped
from core.orders.rest import number_at_shop
from core.orders.slip import receiver_of
from core.ports import (
    CallFailed,
    Carrier,
    Fault,
    Shipment,
    Waybill,
    WaybillRequest,
)
from core.ports import (
    Sender as From,
)
from core.shipping.again import next_carrier
from core.shipping.parcels import earlier_waybills, store_waybill
from core.store import Row, Rows, Store, Tx
from core.store.store import BACKGROUND
from core.sync.pull import Shop, refresh
from core.sync.shipback import (
    Conflict,
    Dispute,
    already_there,
    no_word,
    own_parcels,
    parcel_of,
    replace_at,
    reships,
    ship,
    shipment_of,
)
from core.watch import close_alert, raise_alert

log = logging.getLogger(__name__)
FORGETS_MS = 47 * 3_600_000
"""Carriers remember a reference for 48 hours; after that a second ask would buy a second time."""
LOOK_AGAIN_MS = 300_000
"""A shop that took a tracking number is asked this much later whether it shows it."""
CARRIER = "carrier"
NEXT_AFTER = frozenset({"balance", "unreachable"})
"""Refusals after which the next carrier is asked; any other is for a person."""
AUTH_PAUSE_S = 600.0
BACKOFF_S = (2, 5, 15, 60, 300, 900)


class Postpone(Exception):  # noqa: N818
    """Not now: something here must settle first."""


@dataclass(frozen=True, slots=True)
class Due:
    """One effect that is to leave."""

    id: int
    kind: str
    order_id: int
    parcel_id: int
    asked_before: bool
    attempts: int
    created_at: int


class Sender:
    """Sends what is due, one effect after the other, for one target at a time."""

    def __init__(
        self, store: Store, shops: Mapping[int, Shop], carrier: Carrier | None, sender: From
    ) -> None:
        self.store = store
        self.shops = shops
        self.carrier = carrier
        self.sender = sender
        self._not_before: dict[str, float] = {}

    def send_to_shop(self, shop_id: int, most: int = 50) -> int:
        """Tell one shop what it does not know yet; returns how many effects were tried."""
        where = "kind = 'backhaul' AND ? = (SELECT shop_id FROM orders WHERE id = order_id)"
        return self._drain(self.shops[shop_id].code, where, (shop_id,), most)

    def send_to_carrier(self, most: int = 50) -> int:
        """Buy and void waybills."""
        if self.carrier is None:
            return 0
        return self._drain(CARRIER, "kind IN ('waybill', 'void')", (), most)

    def _drain(self, target: str, where: str, values: tuple[object, ...], most: int) -> int:
        if self.store.clock.monotonic() < self._not_before.get(target, 0.0):
            return 0
        for count in range(most):
            if not next_due(self.store.read, self.store.clock.now(), where, values):
                return count
            due = self.store.do(lambda tx: claim(tx, where, values), rank=BACKGROUND)
            if due is None:
                return count
            if not self._send(target, due):
                return count + 1  # the target does not answer: leave it alone until next time
        return most

    def _send(self, target: str, due: Due) -> bool:
        try:
            self._perform(due)
        except CallFailed as failure:
            self._settle_failure(due, failure)
            self._pause(target, failure)
            return failure.fault not in (Fault.TRANSIENT, Fault.AUTH, Fault.RATE, Fault.CLOCK)
        except Postpone as postponed:
            answer = str(postponed)
            self._write(lambda tx: again(tx, due, 30, answer, asked=due.asked_before))
        except Conflict as conflict:
            self._conflict(due, conflict)
        except Exception as stumble:
            log.exception("sending %s %d stumbled", due.kind, due.id)
            self._recover(due, stumble)
            return False
        if target in self._not_before:
            del self._not_before[target]
            self._write(lambda tx: close_alert(tx, refusal(target), target))
        return True

    def _conflict(self, due: Due, conflict: Conflict) -> None:
        """Keep what the shop has, and whether we could put ours in its place."""
        row = self.store.read.one("SELECT shop_id FROM orders WHERE id = ?", due.order_id)
        shop = self.shops.get(row["shop_id"]) if row and due.kind == "backhaul" else None
        dispute = conflict.dispute(can_replace=shop is not None and reships(shop) is not None)
        if conflict.theirs and set(conflict.theirs) <= own_parcels(self.store.read, due.order_id):
            ours = parcel_of(self.store.read, due.parcel_id)["waybill"] or ""
            dispute = conflict.split(ours)
        self._write(lambda tx: to_person(tx, due.id, due.kind, due.order_id, dispute))

    def _recover(self, due: Due, stumble: Exception) -> None:
        """Nobody knows how far it got: ask first next time; what the store refuses, a person."""
        answer = str(stumble)
        if isinstance(stumble, Problem) and stumble.message.id == "store.refused":
            self._write(lambda tx: to_person(tx, due.id, due.kind, due.order_id, Dispute(answer)))
        else:
            self._write(lambda tx: again(tx, due, backoff(due.attempts), answer, asked=True))

    def _pause(self, target: str, failure: CallFailed) -> None:
        """A ban is waited out and a refused key not hammered, for all that waits there."""
        wait = failure.wait_s
        if failure.fault is Fault.AUTH:
            wait = AUTH_PAUSE_S if wait is None else wait
            text = failure.text
            self._write(
                lambda tx: raise_alert(tx, refusal(target), target, fault="auth", answer=text)
            )
        if wait is not None:
            self._not_before[target] = self.store.clock.monotonic() + wait

    def _perform(self, due: Due) -> None:
        {"waybill": self._buy, "void": self._void, "backhaul": self._tell}[due.kind](due)

    def _buy(self, due: Due) -> None:
        assert self.carrier is not None
        if due.asked_before and self.store.clock.now() - due.created_at > FORGETS_MS:
            raise Conflict("asked too long ago")
        request = waybill_request(self.store.read, due.parcel_id, self.sender)
        waybill = self.carrier.find(request) if due.asked_before else None
        if waybill is None:
            if parcel_of(self.store.read, due.parcel_id)["voided_at"] is not None:
                self._write(lambda tx: drop(tx, due, "voided"))
                return
            waybill = self.carrier.buy(request)

        def write(tx: Tx) -> None:
            store_waybill(tx, due.parcel_id, waybill)
            finish(tx, due, waybill.number)
            close_alert(tx, "carrier_balance", waybill.carrier)

        self._write(write)

    def _void(self, due: Due) -> None:
        assert self.carrier is not None
        parcel = parcel_of(self.store.read, due.parcel_id)
        waybill = Waybill(
            number=parcel["waybill"], carrier=parcel["carrier"], raw=parcel["bought_raw"]
        )
        self.carrier.void(waybill, parcel["uid"])
        self._write(lambda tx: finish(tx, due, "voided"))

    def _tell(self, due: Due) -> None:
        """Tell the shop a tracking number, and believe only what it then has.

        The order is looked at right before: not every platform refuses what is being paid back.
        """
        shipment = self._to_tell(due)
        if shipment is None:
            return
        order = self.store.read.one("SELECT * FROM orders WHERE id = ?", due.order_id)
        assert order is not None
        shop = self.shops[order["shop_id"]]
        ours = may_replace(self.store.read, due)
        if ours or not (due.asked_before and already_there(shop, shipment)):
            refresh(self.store, shop, shipment.platform_number)
            shipment = self._to_tell(due)
            if shipment is None:
                return
            if ours:
                replace_at(shop, shipment, ours)
            else:
                ship(shop, shipment)
        waybill = shipment.waybill
        self._write(lambda tx: told(tx, due, shop, waybill))

    def _to_tell(self, due: Due) -> Shipment | None:
        """What the shop is to be told; None, and off the list, when nothing is. Raises Postpone."""
        shipment = shipment_of(self.store.read, due.order_id, due.parcel_id)
        if shipment is None:
            self._write(lambda tx: drop(tx, due, "cancelled"))
        elif shipping_stopped(self.store.read, due.order_id):
            raise Postpone("refund open, or stopped by the platform")
        return shipment

    def _settle_failure(self, due: Due, failure: CallFailed) -> None:
        """Decide from the kind of failure whether to try again, and whether to ask first."""
        answer = str(failure)
        asked = due.asked_before or failure.in_doubt
        if due.kind == "waybill" and certain(due, failure) and self._next_carrier(due, failure):
            return
        if failure.fault in (Fault.BUSINESS, Fault.PERMISSION, Fault.UNKNOWN):
            why = no_word(failure) if due.kind == "backhaul" else None
            dispute = Dispute(answer, why=why)
            self._write(lambda tx: to_person(tx, due.id, due.kind, due.order_id, dispute))
            return
        wait = failure.wait_s if failure.wait_s is not None else backoff(due.attempts)
        self._write(lambda tx: again(tx, due, wait, answer, asked=asked))

    def _next_carrier(self, due: Due, failure: CallFailed) -> bool:
        """Ask the next carrier of the shop's list; False when there is none left."""
        refused, answer = failure.code.partition(":")[0], str(failure)

        def write(tx: Tx) -> bool:
            before = parcel_of(tx, due.parcel_id)["carrier"]
            chosen = next_carrier(tx, due.parcel_id, refused)
            if chosen is None:
                return False
            drop(tx, due, answer)
            tell_of_refusal(tx, due.order_id, refused, before, chosen)
            return True

        return self.store.do(write, rank=BACKGROUND)

    def _write(self, work: object) -> None:
        self.store.do(work, rank=BACKGROUND)  # type: ignore[arg-type]


def may_replace(read: Rows, due: Due) -> set[str]:
    """Waybills the shop may have that ours takes the place of: voided ones, and those a person
    named."""
    row = read.one("SELECT replaces FROM outbox WHERE id = ?", due.id)
    return earlier_waybills(read, due.order_id) | set(row["replaces"].split() if row else ())


def certain(due: Due, failure: CallFailed) -> bool:
    """Whether a carrier said no, and nothing can have been bought."""
    word = failure.code.partition(":")[0]
    sure = failure.fault is Fault.BUSINESS and word in NEXT_AFTER
    return sure and not failure.in_doubt and not due.asked_before


def tell_of_refusal(tx: Tx, order_id: int, refused: str, before: str, chosen: str) -> None:
    """Once for an empty account, for each order for a place nobody goes to."""
    if refused == "balance":
        raise_alert(tx, "carrier_balance", before, carrier=before, then=chosen)
        return
    number = tx.the("SELECT number FROM orders WHERE id = ?", order_id)["number"]
    raise_alert(tx, "carrier_unreachable", number, order_id, carrier=before, then=chosen)


def next_due(read: Rows, now: int, where: str, values: tuple[object, ...]) -> Row | None:
    """The next effect for a target: a look that takes no lock."""
    return read.one(
        "SELECT * FROM outbox WHERE state IN ('due', 'calling') AND state = 'due'"
        f" AND next_try_at <= ? AND {where} ORDER BY id LIMIT 1",
        *(now, *values),
    )


def claim(tx: Tx, where: str, values: tuple[object, ...]) -> Due | None:
    """Take the next due effect and mark it as asked before its call goes out."""
    row = next_due(tx, tx.now, where, values)
    if row is None:
        return None
    tx.run(
        "UPDATE outbox SET state = 'calling', asked = 1, attempts = attempts + 1 WHERE id = ?",
        row["id"],
    )
    return Due(
        row["id"],
        row["kind"],
        row["order_id"],
        row["parcel_id"],
        bool(row["asked"]),
        row["attempts"] + 1,
        row["created_at"],
    )


def recover(tx: Tx) -> int:
    """Calls that were on their way when the last syncing process died are asked about first."""
    done = tx.run(
        "UPDATE outbox SET state = 'due', next_try_at = ?"
        " WHERE state IN ('due', 'calling') AND state = 'calling'",  # the index of what is open
        tx.now,
    )
    return int(done.rowcount)


def again(tx: Tx, due: Due, wait_s: float, answer: str, *, asked: bool) -> None:
    """Try later."""
    tx.run(
        "UPDATE outbox SET state = 'due', asked = ?, next_try_at = ?, last_answer = ? WHERE id = ?",
        *(int(asked), tx.now + int(wait_s * 1000), answer, due.id),
    )


def finish(tx: Tx, due: Due, answer: str) -> None:
    """It left and arrived."""
    tx.run(
        "UPDATE outbox SET state = 'done', done_at = ?, last_answer = ? WHERE id = ?",
        *(tx.now, answer, due.id),
    )


def drop(tx: Tx, due: Due, answer: str) -> None:
    """It must not leave any more."""
    tx.run(
        "UPDATE outbox SET state = 'dropped', done_at = ?, last_answer = ? WHERE id = ?",
        *(tx.now, answer, due.id),
    )


def told(tx: Tx, due: Due, shop: Shop, waybill: str) -> None:
    """The shop has the tracking number; minutes later it is looked at again."""
    finish(tx, due, waybill)
    tx.run(
        "INSERT INTO ship_checks (outbox_id, shop_id, due_at) VALUES (?, ?, ?)"
        " ON CONFLICT (outbox_id) DO UPDATE SET due_at = excluded.due_at, seen_at = NULL",
        *(due.id, shop.policy.shop_id, tx.now + LOOK_AGAIN_MS),
    )
    tx.run(
        "UPDATE orders SET backhauled_at = ? WHERE id = ? AND backhauled_at IS NULL",
        *(tx.now, due.order_id),
    )
    tx.event("backhauled", due.order_id, waybill=waybill, route=shop.policy.channel)
    for reason in ("shipped_elsewhere", "partly_shipped"):  # it was us
        end(tx, due.order_id, reason)
    number = tx.the("SELECT number FROM orders WHERE id = ?", due.order_id)["number"]
    close_alert(tx, "stopped_after_handover", number)  # it said stop when ours was on its way


def to_person(tx: Tx, outbox_id: int, kind: str, order_id: int, dispute: Dispute) -> None:
    """No retry can help: somebody must look at it."""
    why = dispute.why
    tx.run(
        "UPDATE outbox SET state = 'conflict', last_answer = ?, theirs = ?, can_replace = ?,"
        " why = ? WHERE id = ?",
        *(dispute.answer, " ".join(dispute.theirs), int(dispute.can_replace)),
        *(pack({"why": why}) if why else "", outbox_id),
    )
    number = tx.the("SELECT number FROM orders WHERE id = ?", order_id)["number"]
    raise_alert(tx, f"{kind}_refused", number, order_id, answer=why or dispute.answer)


def try_again(tx: Tx, outbox_id: int) -> None:
    """A person settled the matter on the other side: ask once more, query first."""
    tx.run(
        "UPDATE outbox SET state = 'due', asked = 1, next_try_at = ? WHERE id = ?"
        " AND state IN ('conflict', 'due')",
        *(tx.now, outbox_id),
    )


def refusal(target: str) -> str:
    """The alert's rule when a target refuses our key."""
    return "carrier_refuses" if target == CARRIER else "shop_refuses"


def backoff(attempts: int) -> float:
    """Seconds until the next try: longer each time, spread so that benches do not march in step."""
    return BACKOFF_S[min(attempts, len(BACKOFF_S)) - 1] * (0.75 + random.random() / 2)


def waybill_request(read: Rows, parcel_id: int, sender: From) -> WaybillRequest:
    """What a carrier needs to know of a parcel."""
    row = read.one(
        "SELECT p.uid, p.weight_g, p.carrier, o.*, s.channel FROM parcels p"
        " JOIN orders o ON o.id = p.order_id JOIN shops s ON s.id = o.shop_id WHERE p.id = ?",
        parcel_id,
    )
    assert row is not None
    parcel = parcel_of(read, parcel_id)
    return WaybillRequest(
        reference=parcel["uid"],
        carrier=parcel["carrier"],
        sender=sender,
        receiver=receiver_of(row),
        goods=row["summary"][:60],
        weight_g=parcel["weight_g"],
        platform=row["channel"],
        platform_number=number_at_shop(row),
    )
