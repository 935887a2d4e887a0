"""The parcel on the scale: booked when it fits, explained when it does not, forced by badge."""

from typing import TypeGuard

from core.floor.answers import prompt, quiet, refuse, say
from core.floor.changes import Change, Learned, StepDone, Weighed
from core.floor.effects import apply
from core.floor.intents import Weight
from core.floor.items import ask_note
from core.floor.replacing import replace
from core.floor.state import TRAIL, Asking, BenchState, Decision, Question, Reading
from core.floor.values import Outcome, Step, Tone
from core.floor.weight import ZERO_G, Suspect, explain, fits, learn
from core.floor.work import Operator, Work
from core.messages import Message, message


def weigh(state: BenchState, weight: Weight, now: int) -> Decision:
    """A stable reading: silent unless a parcel is due on the scale."""
    if abs(weight.grams) <= ZERO_G:
        return _emptied(state)
    reading = Reading(weight.grams, weight.at)
    state = replace(state, on_scale=reading, rearmed=state.rearmed or weight.emptied)
    work = state.work
    if work is None or work.step is not Step.WEIGH or state.operator is None:
        return quiet(state)
    if state.question is not None and state.question.asking is not Asking.FORCE:
        return quiet(state)
    if weight.at < work.verified_at:
        return quiet(_once_more(state))
    state = replace(state, question=None)
    if weight.grams < 0:
        return refuse(_once_more(state), Tone.WRONG, "", "scan.weight_negative", grams=weight.grams)
    if not state.rearmed:
        data = {"grams": weight.grams}
        return refuse(_once_more(state), Tone.WRONG, "", "scan.scale_not_empty", **data)
    return book(state, work, weight.grams)


def _once_more(state: BenchState, *, same_load: bool = False) -> BenchState:
    """Ask the scale for another reading."""
    return replace(state, wish=state.wish + 1, same_load=same_load)


def _emptied(state: BenchState) -> Decision:
    """The plate is empty: the next parcel may come, and a waiting packer is told."""
    armed = replace(state, rearmed=True, on_scale=None)
    if state.rearmed or state.step is not Step.WEIGH or state.question is not None:
        return quiet(armed)
    return say(armed, Tone.COMMAND, message("scan.scale_ready"))


def book(state: BenchState, work: Work, grams: int) -> Decision:
    """Accept a reading that fits (or cannot be judged); otherwise say what would explain it."""
    if work.to_read:
        return say(ask_note(state, work), Tone.COMMAND, message("scan.note_first"))
    wanted = work.expected_g
    if wanted is None or fits(grams, wanted, work.tolerance):
        return _accept(state, work, Weighed(grams, wanted))
    off = _once_more(replace(state, off=Reading(grams, state.on_scale.at if state.on_scale else 0)))
    suspects = explain(work.parts, grams, wanted, work.tolerance)
    what = message(
        "scan.weight_off",
        grams=grams,
        wanted=wanted,
        off=f"{grams - wanted:+d}",
        why=_why(suspects),
    )
    return say(off, Tone.WRONG, what)


def _why(suspects: tuple[Suspect, ...]) -> Message:
    if not suspects:
        return message("weight.unexplained")
    best = suspects[0]
    id_ = "weight.missing" if best.missing else "weight.extra"
    if len(suspects) > 1 and suspects[1].rest_g == best.rest_g:
        return message(f"{id_}_either", sku=best.sku, other=suspects[1].sku)
    return message(id_, sku=best.sku, grams=best.unit_g)


def _accept(state: BenchState, work: Work, weighed: Weighed) -> Decision:
    work = apply(work, weighed)
    changes: list[Change] = [weighed, StepDone(Step.WEIGH)]
    learned = learn(work.parts, work.tare_g, weighed.grams) if weighed.expected_g is None else None
    if learned is not None:
        changes.insert(1, Learned(*learned))
    state = replace(
        state,
        work=work,
        off=None,
        question=None,
        same_load=False,
        rearmed=False if weighed.measured else state.rearmed,
        trail=(*state.trail, (weighed,))[-TRAIL:],
        last_parcel=message("fate.weighed", number=work.number, grams=weighed.grams),
    )
    id_ = "scan.weight_forced" if weighed.forced_by else "scan.weighed"
    return say(state, Tone.COMPLETE, message(id_, grams=weighed.grams), *changes)


def take_now(state: BenchState, work: Work) -> Decision:
    """PKWGHT1: the packer says that what lies on the scale is this parcel."""
    if work.step is not Step.WEIGH:
        return refuse(state, Tone.WRONG, "", "scan.weight_not_now")
    reading = state.on_scale
    if _is_fresh(reading, work) and reading != state.off:
        return book(state, work, reading.grams)
    state = _once_more(replace(state, rearmed=True), same_load=True)
    return say(state, Tone.COMMAND, message("scan.weighing"))


def _is_fresh(reading: Reading | None, work: Work) -> TypeGuard[Reading]:
    """Whether a reading can be this parcel's: taken after the last check, something on it."""
    return reading is not None and reading.at >= work.verified_at and reading.grams > ZERO_G


def ask_force(state: BenchState, work: Work) -> Decision:
    """PKFRCE1 at the scale: a supervisor's badge must be the very next scan."""
    if work.to_read:
        return say(ask_note(state, work), Tone.COMMAND, message("scan.note_first"))
    if state.off is not None:
        about = message("ask.force_weight", grams=state.off.grams, wanted=work.expected_g)
    elif work.expected_g is not None:
        about = message("ask.force_unweighed", wanted=work.expected_g)
    else:
        return refuse(state, Tone.WRONG, "", "scan.no_weight")
    state = replace(state, question=Question(Asking.FORCE, about))
    return say(state, Tone.COMMAND, about)


def force(state: BenchState, work: Work, supervisor: Operator) -> Decision:
    """The supervisor's badge came: the weight counts, with the name beside it."""
    wanted = work.expected_g
    if work.to_read:
        return say(ask_note(state, work), Tone.COMMAND, message("scan.note_first"))
    if state.off is not None:
        return _accept(state, work, Weighed(state.off.grams, wanted, supervisor.id))
    if wanted is None:
        return refuse(state, Tone.WRONG, "", "scan.no_weight")
    return _accept(state, work, Weighed(wanted, wanted, supervisor.id, measured=False))


def after_note(state: BenchState, work: Work, *changes: Change) -> Decision:
    """The note is confirmed: a parcel that already lies on the emptied scale is weighed now."""
    reading = state.on_scale
    if work.step is Step.WEIGH and state.rearmed and _is_fresh(reading, work):
        booked = book(state, work, reading.grams)
        return Decision(booked.state, booked.outcome, (*changes, *booked.changes))
    done = Outcome(Tone.ACCEPTED, message("scan.note_confirmed"), prompt(state))
    return Decision(state, done, changes)
