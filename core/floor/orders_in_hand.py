"""Opening an order on the bench, and letting it go."""

from core.floor.answers import refuse, say
from core.floor.changes import Change, Claimed, LeftOpen
from core.floor.items import ask_note, check_single
from core.floor.replacing import replace
from core.floor.state import BenchState, Decision, without_work
from core.floor.values import Step, Tone
from core.floor.work import Opening, ProductRef, Work
from core.messages import message


def open_order(state: BenchState, opening: Opening | None, code: str, now: int) -> Decision:
    """A slip or PKNEXT1: take the order onto this bench, or say why not."""
    if opening is None:
        return refuse(state, Tone.UNKNOWN, code, "scan.no_order", code=code)
    if state.work is not None and state.work.number == opening.number:
        return say(state, Tone.COMMAND, message("scan.already_open", number=opening.number))
    if state.busy and state.work is not None:
        data = {"number": opening.number, "open": state.work.number}
        return refuse(state, Tone.WRONG, code, "scan.other_open", **data)
    if opening.refusal is not None or opening.work is None:
        tone = Tone.STOP if opening.stop else Tone.WRONG
        what = opening.refusal or message("scan.no_order", code=opening.number)
        return say(state, tone, what, code=code)
    if opening.claim is not None and not _may_take_over(state, opening):
        return say(state, Tone.WRONG, opening.claim, code=code)
    return _open(state, opening.work, opening.claim is not None, now)


def open_single(
    state: BenchState, opening: Opening, ref: ProductRef, code: str, now: int
) -> Decision:
    """The product in hand is the whole order: one scan opens it and checks it."""
    opened = open_order(state, opening, code, now)
    if opened.state.work is None or not opened.changes:  # refused, or open already
        return opened
    checked = check_single(opened.state, opened.state.work, ref, code, now)
    return replace(checked, changes=(*opened.changes, *checked.changes))


def _may_take_over(state: BenchState, opening: Opening) -> bool:
    """The same person at another bench, or a supervisor."""
    operator = state.operator
    return operator is not None and (operator.supervisor or operator.id == opening.claimed_by)


def _open(state: BenchState, work: Work, taken_over: bool, now: int) -> Decision:
    changes: tuple[Change, ...] = (Claimed(work.order_id, taken_over),)
    if state.work is not None:
        changes = (LeftOpen(state.work.order_id, "finished"), *changes)
    work = replace(work, verified_at=max(work.verified_at, now))
    state = replace(without_work(state), work=work)
    if work.step is Step.WEIGH and work.to_read:
        state = ask_note(state, work)
    id_ = "scan.opened_done" if work.step is Step.LABEL else "scan.opened"
    if work.slip_stale and work.step is not Step.LABEL:
        id_ = "scan.opened_stale"
    what = message(id_, number=work.number, pieces=work.pieces)
    return say(state, Tone.ACCEPTED, what, *changes, code=work.number)


def leave(state: BenchState, work: Work) -> Decision:
    """PKCANC1: off the bench, nothing lost."""
    because = "finished" if work.step is Step.LABEL else "left"
    what = message(f"scan.{because}", number=work.number)
    return say(without_work(state), Tone.COMMAND, what, LeftOpen(work.order_id, because))
