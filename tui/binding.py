"""What the screens ask for, answered from the core's reads; what they intend, written by it."""

import shlex
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from core import people
from core.clock import Clock
from core.errors import Problem
from core.messages import Message, message, unpack
from core.orders import find, holds, putback, queue
from core.orders.slip import receiver_of
from core.people.privacy import may_see, veiled, veiled_name
from core.ports import DeviceState, Fault, Receiver
from core.shipping.by_file import waiting_by_shop
from core.store import Actor, Row, Store, Tx
from core.store.store import BACKGROUND
from core.sync import health, remedies
from core.watch import acknowledge, assign, notices, open_alerts, snooze
from tui.sources import (
    AlertRow,
    ConnectionBadge,
    NotifierStatus,
    OrderDetails,
    OrderLine,
    OutboxCounts,
    PhotoRow,
    PutBackRow,
    QueueFilter,
    QueueRow,
    ShopStatus,
    TimelineRow,
)
from tui.story import Blanks, parcel_sentence, reasons, sentence, trouble_of

if TYPE_CHECKING:
    from core.sync.reveal import Revealed

Who = Callable[[], Actor]
T = TypeVar("T")
QUIET_S = 300
"""A shop that nobody asked for this long, nor for ten of its turns, is shown as stale."""


def filter_of(wanted: QueueFilter) -> queue.Filter:
    """The screen's filter as the core's."""
    return queue.Filter(
        shop=wanted.shop or None,
        warehouse=wanted.warehouse or None,
        stage=wanted.stage or None,
        hold=wanted.hold or None,
        text=wanted.text,
    )


class QueuePages:
    """The open orders under a filter, a page at a time."""

    def __init__(self, store: Store, wanted: QueueFilter, veil: Callable[[], bool]) -> None:
        self.store = store
        self.veil = veil
        self.only = filter_of(wanted)

    def first(self, n: int) -> Sequence[QueueRow]:
        return rows_of(queue.page(self.store.read, self.only, limit=n), self.veil())

    def after(self, key: Hashable, n: int) -> Sequence[QueueRow]:
        place = cast("tuple[int, int]", key)
        return rows_of(queue.page(self.store.read, self.only, after=place, limit=n), self.veil())

    def before(self, key: Hashable | None, n: int) -> Sequence[QueueRow]:
        if key is None:
            return rows_of(queue.last_page(self.store.read, self.only, limit=n), self.veil())
        place = cast("tuple[int, int]", key)
        return rows_of(queue.page(self.store.read, self.only, before=place, limit=n), self.veil())


def in_thread(name: str, work: Callable[[], T]) -> "Future[T]":
    """Work in a thread of its own: nothing on screen waits for it."""
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001 - the worker's edge: the screen tells it
            answer.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return answer


def named_files(names: str) -> list[Path]:
    """Files as a shell would name them: blanks between, quotes around, ``*`` and ``~`` inside."""
    try:
        words = shlex.split(names)
    except ValueError as error:
        raise Problem("import.no_file", file=names) from error
    paths = [Path(word).expanduser() for word in words]
    found = [sorted(path.parent.glob(path.name)) or [path] for path in paths]
    return [path for each in found for path in each]


def rows_of(found: Sequence[queue.QueueRow], veil: bool) -> list[QueueRow]:
    """Rows of the core as the list paints them; ``veil`` hides whose they are."""
    return [
        QueueRow(
            key=row.key,
            number=row.number,
            shop=row.shop,
            warehouse=row.warehouse,
            stage=row.stage,
            tier=row.tier,
            ship_by=row.ship_by,
            pieces=row.pieces,
            goods=row.summary,
            receiver=veiled_name(row.receiver) if veil else row.receiver,
            holds=row.holds,
            note=bool(row.note),
        )
        for row in found
    ]


class Queue:
    """Orders of all shops, for the queue screen."""

    def __init__(
        self,
        store: Store,
        zone: tzinfo,
        who: Who,
        revealer: "Callable[[str, str, Actor], Revealed]",
    ) -> None:
        self.store = store
        self.zone = zone
        self.who = who
        self.revealer = revealer

    def remedies(self, number: str) -> Sequence[tuple[str, Message, bool]]:
        return [(r.code, r.label, r.reason) for r in remedies.remedies(self.store.read, number)]

    def remedy(self, number: str, code: str, reason: str) -> "Future[Message]":
        return self.store.write(lambda tx: remedies.apply(tx, number, code, reason), self.who())

    def reveal(self, number: str, reason: str) -> "Future[tuple[str, bool]]":
        who = self.who()

        def work() -> tuple[str, bool]:
            told = self.revealer(number, reason, who)
            return in_one_line(told.receiver), told.refetched

        return in_thread("reveal", work)

    def put_backs(self) -> Sequence[PutBackRow]:
        return [
            PutBackRow(
                row["number"],
                row["sku"],
                row["spec"],
                row["quantity"],
                row["bin"],
                row["since"],
                row["why"],
            )
            for row in putback.tasks(self.store.read)
        ]

    def pages(self, wanted: QueueFilter) -> QueuePages:
        return QueuePages(self.store, wanted, self._veil)

    def choices(self, what: str) -> Sequence[tuple[str, str]]:
        read = self.store.read
        if what in ("shop", "warehouse"):
            table = {"shop": "shops", "warehouse": "warehouses"}[what]
            return [(r["code"], r["name"]) for r in read.all(f"SELECT * FROM {table} ORDER BY 2")]
        if what == "stage":
            return [(stage, "") for stage in queue.OPEN_STAGES]
        rows = read.all(
            "SELECT DISTINCT reason FROM holds WHERE released_at IS NULL ORDER BY reason LIMIT 30"
        )
        return [("any", ""), *((row["reason"], "") for row in rows)]

    def order(self, number: str) -> OrderDetails | None:
        row = self.store.read.one("SELECT id FROM orders WHERE number = ?", number)
        story = find.story(self.store.read, row["id"]) if row else None
        return details(story, self.zone, veil=self._veil()) if story else None

    def _veil(self) -> bool:
        """Whether this person sees who the customers are only in part."""
        return not may_see(self.store.read, self.who())

    def find(self, text: str) -> Sequence[QueueRow]:
        read = self.store.read
        found = [
            read.one(f"{queue.SELECT} WHERE o.id = ?", order_id)
            for order_id in find.find(read, text)
        ]
        return rows_of([queue.queue_row(row) for row in found if row is not None], self._veil())

    def release(self, number: str, reason: str) -> "Future[Message]":
        def write(tx: Tx) -> Message:
            order = tx.one("SELECT id FROM orders WHERE number = ?", number)
            if order is None:
                raise Problem("order.unknown", number=number)
            reasons = {reason} if reason else holds.open_reasons(tx, order["id"])
            for each in sorted(reasons - (holds.AUTOMATIC - holds.OVERRULABLE)) or [reason]:
                holds.release(tx, order["id"], each)
            return message("queue.released", number=number)

        return self.store.write(write, self.who())

    def to_release(self, wanted: QueueFilter) -> int | None:
        if wanted.hold not in holds.TOGETHER:
            return None
        return queue.count(self.store.read, filter_of(wanted))

    def release_all(self, wanted: QueueFilter) -> "Future[Message]":
        by, only = self.who(), filter_of(wanted)

        def work() -> Message:
            from core.orders.intake import CHUNK

            ids = queue.ids_of(self.store.read, only)
            for start in range(0, len(ids), CHUNK):
                self.store.give_way()
                some = partial(release_some, ids[start : start + CHUNK], wanted.hold)
                self.store.do(some, by, rank=BACKGROUND)
            return message("queue.released_all", n=len(ids), hold=wanted.hold)

        return in_thread("release", work)


def release_some(order_ids: Sequence[int], reason: str, tx: Tx) -> None:
    """End one hold of several orders; one that ended meanwhile is left alone."""
    for order_id in order_ids:
        if reason in holds.open_reasons(tx, order_id):
            holds.release(tx, order_id, reason)


def details(story: find.OrderStory, zone: tzinfo, *, veil: bool = False) -> OrderDetails:
    """The page of one order; ``veil`` hides whose it is."""
    order = story.order
    receiver = receiver_of(order)
    return OrderDetails(
        number=order["number"],
        shop=order["shop"],
        platform_numbers=(order["platform_number"],),
        stage=order["stage"],
        tier=order["tier"],
        ship_by=order["ship_by"],
        warehouse=order["warehouse"] or "",
        holds=tuple(hold["reason"] for hold in story.holds if hold["released_at"] is None),
        receiver=in_one_line(veiled(receiver) if veil else receiver),
        buyer_note=order["buyer_note"] or "",
        seller_note=order["seller_note"],
        lines=tuple(
            OrderLine(
                sku=line["sku_code"],
                title=line["title"],
                spec=line["spec"],
                bin=line["bin"] or "",
                quantity=line["ordered"],
                picked=line["picked"],
                verified=line["verified"],
                refunded=line["refunded"],
                gift=bool(line["gift"]),
            )
            for line in story.lines
        ),
        parcels=tuple(parcel_sentence(parcel, story) for parcel in story.parcels),
        timeline=tuple(
            TimelineRow(m.at, sentence(m), m.operator, m.station) for m in story.timeline
        ),
        photos=tuple(
            photo
            for m in story.timeline
            for photo in (
                *(PhotoRow(m.at, m.kind, path) for path in m.photos),
                *(
                    [PhotoRow(m.at, m.kind, missing=message(m.photo_missing))]
                    if m.photo_missing
                    else []
                ),
            )
        ),
        why=tuple(reasons(story, zone)),
    )


def in_one_line(receiver: Receiver) -> str:
    """Name, telephone and door."""
    parts = (receiver.name, receiver.phone, receiver.province, receiver.city, receiver.district)
    return " ".join(part for part in (*parts, receiver.address) if part)


class Alerts:
    """What a supervisor should look at."""

    def __init__(self, store: Store, clock: Clock, who: Who) -> None:
        self.store = store
        self.clock = clock
        self.who = who

    def rows(self) -> Sequence[AlertRow]:
        now = self.clock.now()
        return [self._row(row) for row in open_alerts(self.store.read, now)]

    def _row(self, row: Row) -> AlertRow:
        seen = row["acknowledged_at"] is not None
        return AlertRow(
            key=row["id"],
            red=not seen,
            kind=row["rule"],
            what=Message(
                f"alert.{row['rule']}",
                Blanks(unpack(row["what"]) | {"subject": row["subject"]}),
            ),
            number=row["subject"] if row["order_id"] is not None else "",
            since=row["raised_at"],
            deadline=row["ship_by"],
            state="acknowledged" if seen else "open",
            owner=row["assigned_name"] or row["acknowledged_name"] or "",
            holds=tuple((row["reasons"] or "").split()),
            told=tuple(filter(None, (row["told"] or "").split(","))),
        )

    def acknowledge(self, key: int) -> "Future[Message]":
        return self._do(lambda tx: acknowledge(tx, key), "alerts.acknowledged")

    def snooze(self, key: int, minutes: int) -> "Future[Message]":
        until = self.clock.now() + minutes * 60_000
        return self._do(lambda tx: snooze(tx, key, until), "alerts.snoozed", minutes=minutes)

    def escalate(self, key: int) -> "Future[Message]":
        def write(tx: Tx) -> Message:
            return message("alerts.escalated", names=notices.escalate(tx, key))

        return self.store.write(write, self.who())

    def assign(self, key: int, operator: str) -> "Future[Message]":
        def write(tx: Tx) -> None:
            assign(tx, key, people.named(tx, operator).id)

        return self._do(write, "alerts.assigned")

    def _do(self, work: Callable[[Tx], None], id: str, **told: object) -> "Future[Message]":
        def write(tx: Tx) -> Message:
            work(tx)
            return Message(id, told)

        return self.store.write(write, self.who())

    def people(self) -> Sequence[tuple[str, str]]:
        return [(person.badge, person.name) for person in people.staff(self.store.read)]

    def red_count(self) -> int:
        row = self.store.read.one(
            "SELECT count(*) AS n FROM alerts WHERE closed_at IS NULL AND acknowledged_at IS NULL"
            " AND ifnull(snoozed_until, 0) <= ?",
            self.clock.now(),
        )
        return int(row["n"]) if row else 0


class Devices:
    """Devices of this station and the sync of this machine."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        states: Callable[[], list[DeviceState]],
        send_now: Callable[[], None],
        prove: Callable[[str], Message],
        *,
        turns_s: Mapping[str, int],
    ) -> None:
        """``prove`` has a device prove itself, which may take seconds; ``turns_s`` says how often
        each shop with an interface is asked."""
        self.store = store
        self.clock = clock
        self.states = states
        self.send_now = send_now
        self.prove = prove
        self._quiet_ms = {
            code: int(max(QUIET_S, 10 * turn_s) * 1000 * clock.speed)
            for code, turn_s in turns_s.items()
        }
        self._opened_at = clock.now()

    def devices(self) -> Sequence[DeviceState]:
        return self.states()

    def shops(self) -> Sequence[ShopStatus]:
        now = self.clock.now()
        return [shop_status(shop, now) for shop in health.shops(self.store.read)]

    def notifiers(self) -> Sequence[NotifierStatus]:
        now = self.clock.now()
        return [notifier_status(one) for one in notices.notifiers(self.store.read, now)]

    def outbox(self) -> OutboxCounts:
        row = self.store.read.one(
            "SELECT count(*) AS waiting, min(created_at) AS oldest FROM outbox"
            " WHERE state IN ('due', 'calling')"
        )
        failed = self.store.read.one("SELECT count(*) AS n FROM outbox WHERE state = 'conflict'")
        assert row is not None
        assert failed is not None
        to_export = sum(waiting_by_shop(self.store.read).values())
        return OutboxCounts(row["waiting"], failed["n"], row["oldest"], to_export)

    def badge(self) -> ConnectionBadge:
        shops = [shop for shop in health.shops(self.store.read) if shop.code in self._quiet_ms]
        down = [since for shop in shops if (since := self._down_since(shop)) is not None]
        fresh = [shop.fresh_at for shop in shops if shop.fresh_at is not None]
        as_of = min(fresh) if fresh else None
        return ConnectionBadge(
            online=not down,
            since=min(down) if down else None,
            orders_as_of=as_of,
            refunds_as_of=as_of,
            to_send=self.outbox().waiting,
        )

    def _down_since(self, shop: health.ShopHealth) -> int | None:
        """Since when a shop does not answer, or is not even asked: whoever syncs may be gone."""
        asked_at = shop.tried_at if shop.tried_at is not None else self._opened_at
        if shop.down_since is not None:
            return shop.down_since
        return asked_at if self.clock.now() - asked_at > self._quiet_ms[shop.code] else None

    def test(self, device: str) -> "Future[Message]":
        """Ask the device, and say what it answered; the live page shows its bytes."""
        answer: Future[Message] = Future()

        def ask() -> None:
            try:
                answer.set_result(self.prove(device))
            except Exception as error:  # noqa: BLE001 - the edge of this thread: the asker hears it
                answer.set_exception(error)

        threading.Thread(target=ask, name=f"test {device}", daemon=True).start()
        return answer

    def retry(self) -> "Future[Message]":
        def write(tx: Tx) -> Message:
            tx.run("UPDATE outbox SET next_try_at = ? WHERE state = 'due'", tx.now)
            tx.run("UPDATE notifiers SET next_try_at = 0 WHERE next_try_at > 0")
            return message("devices.retried")

        future = self.store.write(write)
        future.add_done_callback(lambda _: self.send_now())
        return future


def shop_status(shop: health.ShopHealth, now: int) -> ShopStatus:
    """One shop's line."""
    stopped = shop.fault in (Fault.AUTH.value, Fault.PERMISSION.value)
    return ShopStatus(
        shop=shop.name,
        channel=shop.channel,
        last_success=shop.fresh_at,
        last_error=trouble_of(shop.fault, shop.answer) if shop.fault else None,
        lag_s=(now - shop.fresh_at) // 1000 if shop.fresh_at is not None else None,
        stopped=stopped,
    )


def notifier_status(one: notices.NotifierState) -> NotifierStatus:
    """One notifier's line."""
    return NotifierStatus(
        name=one.code,
        kind=one.kind,
        waiting=one.waiting,
        oldest=one.oldest,
        delivered=one.delivered_at,
        trouble=message(f"notify.fault.{one.fault}") if one.fault else None,
        answer=one.answer,
        next_try=one.next_try_at if one.fault else None,
    )
