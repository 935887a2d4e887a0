"""What happened elsewhere to the order in hand: asked before every scan is answered.

The order's events tell whether anything moved: one indexed question when nothing did.
"""

import json
from dataclasses import dataclass

from core.floor.desk import ON_PAPER, Place, address_held, hold_reasons, load_work, order_row
from core.floor.intents import News, NewsKind
from core.floor.memory import InHand
from core.floor.replacing import replace
from core.floor.rules import FloorRules
from core.floor.state import Asking, BenchState
from core.floor.values import BenchView, Step
from core.floor.work import Work
from core.messages import message
from core.store import Row, Rows


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the bench stands after a commit."""

    state: BenchState
    seq: int = 0
    """Last event of the order in hand that this bench knows."""
    last_order: int | None = None
    """The order of the last weighed parcel."""
    shown: BenchView | None = None


def catch_up(
    read: Rows, stand: Stand, place: Place, rules: FloorRules
) -> tuple[Stand, tuple[News, ...]]:
    """The bench with the order as it is now, and what there is to tell about it."""
    work, question = stand.state.work, stand.state.question
    if work is None or (question is not None and question.asking in (Asking.HALT, Asking.AGAIN)):
        return stand, ()
    facts = read.one(
        "SELECT o.held, o.cancelled_at, o.ready_at, c.station, l.waybill,"
        f" {ON_PAPER} AS on_paper,"
        " (SELECT max(seq) FROM events WHERE order_id = o.id) AS seq FROM orders o"
        " LEFT JOIN claims c ON c.order_id = o.id"
        " LEFT JOIN parcels l ON l.order_id = o.id AND l.voided_at IS NULL WHERE o.id = ?",
        work.order_id,
    )
    if facts is None:
        return stand, ()
    work = replace(work, labelled=bool(facts["on_paper"]), waybill=facts["waybill"] or "")
    stop = _stop(read, work, facts, place)
    if facts["seq"] == stand.seq and stop is None:
        return _with(stand, work, stand.seq), ()
    fresh = InHand.of(work).onto(load_work(read, order_row(read, work.order_id), rules))
    news = (stop,) if stop else _changes(read, work, fresh, stand.seq)
    return _with(stand, fresh, facts["seq"] or 0), news


def _with(stand: Stand, work: Work, seq: int) -> Stand:
    return replace(stand, state=replace(stand.state, work=work), seq=seq)


def _stop(read: Rows, work: Work, facts: Row, place: Place) -> News | None:
    """Why this order must leave the bench; None when it may stay."""
    number = work.number
    if facts["cancelled_at"] is not None:
        return News(NewsKind.CANCEL, message("news.cancel", number=number))
    if facts["held"]:
        reasons = hold_reasons(read, work.order_id)
        if reasons.id in ("hold.refund", "hold.refund_unknown"):
            return News(NewsKind.REFUND, message("news.refund", number=number))
        if address_held(read, work.order_id):
            return News(NewsKind.HOLD, message("news.address_label", number=number))
        return News(NewsKind.HOLD, message("news.hold", number=number, reasons=reasons))
    if facts["ready_at"] is None:
        return News(NewsKind.LINES, message("news.lines", number=number))
    if facts["station"] != place.station and work.step is not Step.LABEL:
        station = facts["station"] or "-"
        return News(NewsKind.TAKEN, message("news.taken", number=number, station=station))
    return None


def _changes(read: Rows, before: Work, after: Work, seq: int) -> tuple[News, ...]:
    """Changed products stop the bench; a changed note or address is to be read."""
    if {x.line_id: x.wanted for x in before.lines} != {x.line_id: x.wanted for x in after.lines}:
        return (News(NewsKind.LINES, message("news.lines", number=before.number)),)
    rows = read.all(
        "SELECT what FROM events WHERE order_id = ? AND seq > ? AND kind = 'changed'",
        *(before.order_id, seq),
    )
    fields = {field for row in rows for field in json.loads(row["what"]).get("fields", ())}
    news = []
    if "note" in fields:
        news.append(News(NewsKind.EDIT, message("news.note", note=after.buyer_note)))
    if "address" in fields:
        news.append(News(NewsKind.EDIT, message("news.address")))
    return tuple(news)


def last_seq(read: Rows, order_id: int) -> int:
    """The number of the order's last event: anything newer is news."""
    row = read.one("SELECT seq FROM events WHERE order_id = ? ORDER BY seq DESC LIMIT 1", order_id)
    return int(row["seq"]) if row else 0
