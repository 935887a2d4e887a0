"""One bench over the store: each scan is one transaction, answered after its commit.

In the transaction: what happened elsewhere to the order in hand, what the text is, what the
rules say, what that changes, and where the bench now stands, so that after a crash it opens there.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future

from core.clock import local, millis
from core.errors import Problem
from core.floor import memory
from core.floor.answers import prompt
from core.floor.changes import BoughtAgain, Picked, Verified, Weighed
from core.floor.commands import parse
from core.floor.desk import Desk, fate, load_work, order_row, place_of, put_backs
from core.floor.intents import Event, News, NewsKind, Pressed, Scanned, Weight
from core.floor.ledger import record
from core.floor.machine import decide, resumed
from core.floor.meaning import classify, command
from core.floor.news import Stand, catch_up, last_seq
from core.floor.replacing import replace
from core.floor.rules import FloorRules
from core.floor.state import Asking, BenchState, Decision, remember
from core.floor.values import BenchView, Outcome, Tone
from core.floor.view import view
from core.ports import Scan
from core.store import Actor, Rows, Store, Tx
from core.store.store import SCAN
from core.text import clean

log = logging.getLogger(__name__)
MANY = 999
"""More waiting orders than this are not counted."""
UNMOVED = (Picked, Verified)
Ask = Callable[[Desk], Event]


class Bench:
    """One station's bench in this process; every method may be called from any thread."""

    def __init__(self, store: Store, station: str, rules: FloorRules | None = None) -> None:
        """Open the bench where it was. Raises Problem when the station is not set up."""
        self.store = store
        self.rules = rules or FloorRules()
        self.place = place_of(store.read, station)
        self._stand = self._load(store.read)

    # --- what enters -----------------------------------------------------------------------------

    def scan(self, scan: Scan) -> "Future[BenchView]":
        """One code; the future gives the picture after the commit."""
        text = scan.text[:512].encode("utf-8", "ignore").decode().strip()

        def ask(desk: Desk) -> Event:
            return Scanned(clean(text, 64), classify(text, desk))

        return self._happen(ask, scan.symbology)

    def key(self, code: str) -> "Future[BenchView]":
        """A command by its code, pressed instead of scanned. Raises Problem for any other text."""
        given = parse(code)
        if given is None:
            raise Problem("bench.no_such_key", code=clean(code, 20))
        return self._happen(lambda desk: Pressed(command(given, desk)))

    def weight(self, grams: int, at: int, *, emptied: bool = True) -> "Future[BenchView]":
        """A stable reading taken at ``at`` (UTC ms).

        ``emptied``: the reader saw the scale empty since the weight it told before.
        """
        return self._happen(lambda desk: Weight(grams, at, emptied))

    def refresh(self) -> "Future[BenchView]":
        """Look whether something happened elsewhere: news stop the bench, labels are told.

        Call it whenever the store changed; reads only, unless there is news.
        """
        read = self.store.read
        stand = self._with_backs(read, self._stand)
        if stand.state.work is not None and catch_up(read, stand, self.place, self.rules)[1]:
            return self._happen(None)
        done: Future[BenchView] = Future()
        done.set_result(self._show(read, stand, self.store.clock.now()))
        return done

    def shown(self) -> BenchView:
        """The picture of the newest commit; read now when nothing was committed here yet."""
        return self._stand.shown or self.view()

    def view(self) -> BenchView:
        """The picture now, as this thread reads it."""
        return self._show(self.store.read, self._stand, self.store.clock.now())

    # --- one transaction -------------------------------------------------------------------------

    def _happen(self, ask: Ask | None, symbology: str = "") -> "Future[BenchView]":
        """Queue one event before any background work; the bench moves on with its commit."""
        answered: Future[BenchView] = Future()
        answered.set_running_or_notify_cancel()

        def settle(written: "Future[Stand]") -> None:
            error = written.exception()
            if error is not None:
                answered.set_exception(error)
                return
            self._stand = written.result()
            answered.set_result(self.shown())

        job = self.store.write(
            lambda tx: self._decide(tx, ask, symbology), Actor(None, self.place.station), rank=SCAN
        )
        job.add_done_callback(settle)
        return answered

    def _decide(self, tx: Tx, ask: Ask | None, symbology: str) -> Stand:
        stand, news = catch_up(tx, self._with_backs(tx, self._stand), self.place, self.rules)
        told = hear(stand.state, news, tx.now)
        decision = told
        if ask is not None and not any(each.kind is not NewsKind.EDIT for each in news):
            free = not told.state.busy and told.state.mode == "orders"
            desk = Desk(tx, self.place, self.rules, symbology, free=free)
            decision = decide(told.state, ask(desk), tx.now)
        return self._remember(tx, stand, self._record(tx, told.state, decision))

    def _record(self, tx: Tx, before: BenchState, decision: Decision) -> Decision:
        """Write the changes; what another room refuses becomes the answer, and nothing is kept."""
        who = before.operator or decision.state.operator
        tx.actor = Actor(who.id if who else None, self.place.station)
        work = before.work or decision.state.work
        if not decision.changes:
            return decision
        try:
            with tx.attempt():
                record(tx, work.order_id if work else None, decision.changes)
        except Problem as problem:
            if before.question is not None and before.question.asking is not Asking.HALT:
                before = replace(before, question=None)
            refused = Outcome(Tone.WRONG, problem.message, prompt(before))
            return remember(Decision(before, refused))
        return decision

    def _remember(self, tx: Tx, stand: Stand, decision: Decision) -> Stand:
        """Keep where the bench stands, in the same transaction; a silent reading writes nothing."""
        state, work = decision.state, decision.state.work
        last = stand.last_order
        if work is not None and any(isinstance(change, Weighed) for change in decision.changes):
            last = work.order_id
        for change in decision.changes:
            if isinstance(change, BoughtAgain):
                last = tx.the("SELECT id FROM orders WHERE number = ?", change.number)["id"]
        seq = _seq(tx, work.order_id) if work else 0
        stand = self._with_backs(tx, Stand(state, seq, last))
        state = stand.state
        if decision.outcome is not None or decision.changes:
            tx.run(
                "INSERT INTO benches (station, operator_id, state, updated_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (station) DO UPDATE SET operator_id = excluded.operator_id,"
                " state = excluded.state, updated_at = excluded.updated_at",
                *(self.place.station, state.operator.id if state.operator else None),
                *(memory.dump(state, last, seq), tx.now),
            )
        return replace(stand, shown=self._show(tx, stand, tx.now, self._counts(tx, decision)))

    def _with_backs(self, read: Rows, stand: Stand) -> Stand:
        """What is to be put back as it is now; read only while that is being done."""
        if stand.state.mode != "put_back":
            return stand
        return replace(stand, state=replace(stand.state, backs=put_backs(read, self.place)))

    def _counts(self, tx: Tx, decision: Decision) -> tuple[int, int]:
        """Waiting and done today; a unit more or less in the parcel moves neither."""
        shown = self._stand.shown
        if shown and all(isinstance(change, UNMOVED) for change in decision.changes):
            return shown.waiting, shown.done_today
        return self._count(tx, decision.state, tx.now)

    # --- opening and showing ---------------------------------------------------------------------

    def _load(self, read: Rows) -> Stand:
        """The bench as it was committed last, with the order as the store has it now."""
        state = BenchState(station=self.place.station, error_lock=self.rules.error_lock)
        row = read.one("SELECT state FROM benches WHERE station = ?", self.place.station)
        if row is None:
            return Stand(state)
        try:
            kept = memory.load(row["state"], state)
        except ValueError:
            log.warning("bench %s forgot where it was: its state cannot be read", state.station)
            return Stand(state)
        if kept.in_hand is None:
            return self._with_backs(read, Stand(kept.state, 0, kept.last_order))
        order = order_row(read, kept.in_hand.order_id)
        work = kept.in_hand.onto(load_work(read, order, self.rules))
        state = resumed(kept.state, work)
        if last_seq(read, work.order_id) != kept.seq:
            state = replace(state, trail=())
        return Stand(state, kept.seq, kept.last_order)

    def _show(
        self, read: Rows, stand: Stand, now: int, counts: tuple[int, int] | None = None
    ) -> BenchView:
        told = fate(read, stand.last_order) if stand.last_order is not None else None
        work = stand.state.work
        waiting, done_today = counts or self._count(read, stand.state, now)
        own = told is not None and work is not None and work.order_id == stand.last_order
        return view(
            stand.state,
            waiting=waiting,
            done_today=done_today,
            waybill=str(told.data["waybill"]) if told and own else "",
            last_parcel=told,
        )

    def _count(self, read: Rows, state: BenchState, now: int) -> tuple[int, int]:
        done = self._done_today(read, state.operator.id, now) if state.operator else 0
        return waiting_for(read, self.place.warehouse_id), done

    def _done_today(self, read: Rows, operator_id: int, now: int) -> int:
        midnight = local(now, self.store.clock.zone).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        row = read.one(
            "SELECT count(*) AS n FROM events WHERE operator_id = ? AND at >= ?"
            " AND kind = 'weighed'",
            *(operator_id, millis(midnight)),
        )
        return int(row["n"]) if row else 0


def _seq(tx: Tx, order_id: int) -> int:
    """The order's last event, which most scans have just written."""
    return tx.chains[order_id][0] if order_id in tx.chains else last_seq(tx, order_id)


def hear(state: BenchState, news: tuple[News, ...], now: int) -> Decision:
    """News first: a stop answers whatever was scanned, and the scan does nothing."""
    decision = Decision(state)
    for each in news:
        decision = decide(decision.state, each, now)
    return decision


def waiting_for(read: Rows, warehouse_id: int) -> int:
    """Orders ready for this warehouse, counted up to ``MANY``."""
    row = read.one(
        "SELECT count(*) AS n FROM (SELECT 1 FROM orders WHERE warehouse_id = ? AND open = 1"
        f" AND held = 0 AND ready_at IS NOT NULL AND verified_at IS NULL LIMIT {MANY})",
        warehouse_id,
    )
    return int(row["n"]) if row else 0
