"""The bench as the screen paints it."""

from core.floor.state import BenchState
from core.floor.values import BenchLine, BenchView, Step, WeightView
from core.floor.work import Work, WorkLine
from core.messages import Message


def view(
    state: BenchState,
    *,
    waiting: int = 0,
    done_today: int = 0,
    waybill: str = "",
    last_parcel: Message | None = None,
) -> BenchView:
    """One immutable picture, made after commit; the counts come from the store."""
    work, operator = state.work, state.operator
    if work is None:
        work = Work(order_id=0, number="", lines=())
    return BenchView(
        station=state.station,
        operator=operator.name if operator else "",
        role=operator.role if operator else "",
        step=state.step,
        number=work.number,
        shop=work.shop,
        tier=work.tier,
        ship_by=work.ship_by,
        buyer_note=work.buyer_note,
        note_to_confirm=work.note_open,
        seller_note=work.seller_note,
        lines=tuple(_line(line) for line in work.lines),
        current=state.current(),
        weight=_weight(state, work) if state.step in (Step.WEIGH, Step.LABEL) else None,
        waybill=waybill or work.waybill,
        outcome=state.outcome,
        last_bad=state.last_bad,
        choices=state.question.choices if state.question else (),
        waiting=waiting,
        done_today=done_today,
        last_parcel=last_parcel or state.last_parcel,
        mode=state.mode,
        backs=state.backs,
        back=state.back,
        changes=work.unread,
    )


def _line(line: WorkLine) -> BenchLine:
    return BenchLine(
        line_id=line.line_id,
        sku=line.sku,
        title=line.title,
        spec=line.spec,
        bin=line.bin,
        wanted=line.wanted,
        picked=line.picked,
        verified=line.verified,
        short=line.short,
        gift=line.gift,
        by_hand=line.by_hand,
    )


def _weight(state: BenchState, work: Work) -> WeightView:
    expected = work.expected_g
    allowed = work.tolerance.grams(expected) if expected is not None else 0
    return WeightView(expected, allowed, work.weighed_g, state.wish, state.same_load)
