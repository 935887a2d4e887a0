"""Bins and products while an order is picked and packed."""

from collections.abc import Sequence

from core.floor.answers import refuse, say, yes_no
from core.floor.changes import Change, Picked, Undoable, Verified
from core.floor.effects import apply, closed
from core.floor.replacing import replace
from core.floor.state import TRAIL, Asking, BenchState, Decision, Question
from core.floor.values import Step, Tone
from core.floor.work import ProductRef, Work, WorkLine
from core.messages import message


def scan_bin(state: BenchState, work: Work, place: str) -> Decision:
    """The packer stands at a location."""
    if work.step is not Step.PICK:
        return refuse(state, Tone.WRONG, place, "scan.bin_not_now", bin=place)
    here = [line for line in work.lines if line.bin == place and line.left(Step.PICK) > 0]
    if not here:
        line = work.lines[state.current()]
        return refuse(state, Tone.WRONG, place, "scan.wrong_bin", bin=place, wanted=line.bin)
    state = replace(state, work=replace(work, at_bin=place), touched=here[0].line_id)
    return say(state, Tone.ACCEPTED, message("scan.bin_ok", bin=place), code=place)


def scan_item(state: BenchState, work: Work, ref: ProductRef, code: str, now: int) -> Decision:
    """A product under the scanner: counted only when this step still wants it."""
    units, state = state.multiplier, replace(state, multiplier=1)
    step = work.step
    if step not in (Step.PICK, Step.PACK):
        return _after_the_last(state, work, ref, code)
    current = state.current_line()
    if state.locked and (current is None or current.sku_id != ref.sku_id):
        return refuse(state, Tone.WRONG, code, "scan.locked", sku=current.sku if current else "")
    mine = [line for line in work.lines if line.sku_id == ref.sku_id and line.wanted > 0]
    wanting = [line for line in mine if line.left(step) > 0]
    if not mine:
        return _wrong_item(state, ref, current, code)
    state = replace(state, locked=False)
    if not wanting:
        total = sum(line.wanted for line in mine)
        return refuse(state, Tone.TOO_MANY, code, "scan.too_many", sku=ref.sku, wanted=total)
    if step is Step.PICK and work.bin_required:
        here = [line for line in wanting if line.bin in ("", work.at_bin)]
        if not here:
            return refuse(state, Tone.WRONG, code, "scan.bin_first", bin=wanting[0].bin)
        wanting = here
    left = sum(line.left(step) for line in wanting)
    if units > left:
        return refuse(
            state, Tone.TOO_MANY, code, "scan.too_many_at_once", sku=ref.sku, units=units, left=left
        )
    return take(state, work, wanting, units, now, code=code, unit_grams=ref.grams or 0)


def take(
    state: BenchState,
    work: Work,
    lines: Sequence[WorkLine],
    units: int,
    now: int,
    *,
    code: str = "",
    unit_grams: int = 0,
    forced_by: int | None = None,
    by_hand: bool = False,
) -> Decision:
    """Count units on these lines; the last one closes the step by itself."""
    before, done = work.step, list[Undoable]()
    for line in lines:
        part = min(units, line.left(before))
        if part > 0:
            counted = _counted(work, line, part, unit_grams)
            done.append(replace(counted, forced_by=forced_by, by_hand=by_hand))
            work = apply(work, done[-1])
            units -= part
    if before is Step.PACK:
        work = replace(work, verified_at=now)
    touched = lines[-1].line_id
    state = replace(state, work=work, touched=touched, trail=(*state.trail, tuple(done))[-TRAIL:])
    return progress(state, work, before, tuple(done), code)


def check_single(state: BenchState, work: Work, ref: ProductRef, code: str, now: int) -> Decision:
    """The one unit of the order just opened is under the scanner: picked and verified at once."""
    before = work.step
    line = next(line for line in work.lines if line.wanted)
    done = Verified(line.line_id, 1, picked_too=1 - line.picked, grams=ref.grams or 0)
    work = replace(apply(work, done), verified_at=now)
    state = replace(state, work=work, touched=line.line_id, trail=((done,),))
    state = ask_note(state, work) if work.to_read else state
    what = message("scan.single", number=work.number, sku=line.sku, spec=line.spec)
    return say(state, Tone.COMPLETE, what, done, *closed(before, work), code=code)


def _counted(work: Work, line: WorkLine, units: int, unit_grams: int) -> Picked | Verified:
    if work.step is Step.PICK:
        return Picked(line.line_id, units)
    unpicked = max(0, line.verified + units - line.picked)
    return Verified(line.line_id, units, picked_too=unpicked, grams=unit_grams * units)


def progress(
    state: BenchState, work: Work, before: Step, done: tuple[Change, ...], code: str
) -> Decision:
    """The answer to counted units: one more, or the step is complete."""
    steps = closed(before, work)
    if not steps:
        line = work.line(state.touched) or work.lines[0]
        id_ = "scan.picked" if before is Step.PICK else "scan.packed"
        data = {"sku": line.sku, "spec": line.spec, "left": line.left(before)}
        return say(
            state,
            Tone.ACCEPTED,
            message(id_, **data, total=work.left(before)),
            *done,
            code=code,
        )
    state = ask_note(state, work) if work.step is Step.WEIGH and work.to_read else state
    id_ = "scan.pick_done" if work.step is Step.PACK else "scan.pack_done"
    return say(state, Tone.COMPLETE, message(id_, pieces=work.pieces), *done, *steps, code=code)


def ask_note(state: BenchState, work: Work) -> BenchState:
    """Wait until the note and the changes are confirmed."""
    id_ = "ask.note" if work.note_open else "ask.changes"
    note = work.buyer_note or work.seller_note
    about = message(id_, note=note) if work.note_open else message(id_, count=len(work.unread))
    return replace(
        state, question=Question(Asking.NOTE, about, yes_no("choice.note_done", "choice.not_yet"))
    )


def _wrong_item(
    state: BenchState, ref: ProductRef, current: WorkLine | None, code: str
) -> Decision:
    return refuse(
        replace(state, locked=state.error_lock),
        Tone.WRONG,
        code,
        "scan.wrong_item",
        sku=ref.sku,
        spec=ref.spec,
        wanted=current.sku if current else "",
        wanted_spec=current.spec if current else "",
    )


def _after_the_last(state: BenchState, work: Work, ref: ProductRef, code: str) -> Decision:
    mine = sum(line.wanted for line in work.lines if line.sku_id == ref.sku_id)
    if mine:
        return refuse(state, Tone.TOO_MANY, code, "scan.too_many", sku=ref.sku, wanted=mine)
    return refuse(state, Tone.WRONG, code, "scan.not_in_parcel", sku=ref.sku, spec=ref.spec)
