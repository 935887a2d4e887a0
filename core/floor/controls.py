"""What each command does when no question is open."""

from collections.abc import Callable

from core.floor import backs
from core.floor.answers import prompt, refuse, say
from core.floor.asking import (
    ask_again,
    ask_damaged,
    ask_force_item,
    ask_hold,
    ask_short,
    ask_void,
    step_line,
)
from core.floor.changes import (
    BoxChosen,
    Change,
    OperatorOut,
    Reprint,
    SlipReprint,
    SupervisorCalled,
    Weighed,
)
from core.floor.commands import Command, Given
from core.floor.items import ask_note, take
from core.floor.meaning import Meaning
from core.floor.orders_in_hand import leave, open_order
from core.floor.replacing import replace
from core.floor.state import BenchState, Decision, without_work
from core.floor.undo import undo
from core.floor.values import Outcome, Step, Tone
from core.floor.weighing import ask_force, take_now
from core.floor.work import Work
from core.messages import Message, message


def control(state: BenchState, given: Given, meaning: Meaning, now: int) -> Decision:
    """Carry a command out, or say why it does nothing here."""
    if given.command not in (Command.SHORT, Command.DAMAGED, *_ANYWHERE):
        state = replace(state, multiplier=1)
    if given.command in _ANYWHERE:
        return _ANYWHERE[given.command](state)
    if given.command in (Command.YES, Command.NO, Command.CHOICE):
        return refuse(state, Tone.WRONG, given.code, "scan.nothing_asked")
    if given.command is Command.AGAIN:
        labelled = state.work is not None and state.step is Step.LABEL
        return ask_again(state, state.work.number if state.work and labelled else "")
    if state.mode == "handover":
        return _in_handover(state, given)
    if state.mode == "put_back":
        return backs.command(state, given)
    if given.command is Command.BACK:
        return backs.begin(state, meaning)
    if given.command is Command.NEXT:
        return _next(state, meaning, now)
    if given.command is Command.HANDOVER:
        return _to_handover(state)
    if state.work is None:
        return refuse(state, Tone.WRONG, given.code, "scan.nothing_open")
    return _with_order(state, state.work, given, meaning, now)


def _help(state: BenchState) -> Decision:
    where = "home" if state.mode == "orders" else state.mode
    step = state.step.value if state.step else where
    asked = state.question.about if state.question else None
    return say(state, Tone.COMMAND, asked or Message(f"wanted.{step}"))


def _call(state: BenchState) -> Decision:
    return say(state, Tone.COMMAND, message("scan.called"), SupervisorCalled())


def _lock(state: BenchState) -> Decision:
    if state.operator is None:
        return refuse(state, Tone.WRONG, "", "scan.badge_first")
    gone = OperatorOut(state.operator.id)
    state = replace(state, operator=None, multiplier=1)
    return say(state, Tone.COMMAND, message("scan.bench_locked"), gone)


_ANYWHERE: dict[Command, Callable[[BenchState], Decision]] = {
    Command.HELP: _help,
    Command.CALL: _call,
    Command.LOCK: _lock,
}


def _in_handover(state: BenchState, given: Given) -> Decision:
    if given.command in (Command.HANDOVER, Command.DONE, Command.LEAVE):
        state = replace(state, mode="orders")
        return say(state, Tone.COMMAND, message("scan.handover_off"))
    return refuse(state, Tone.WRONG, given.code, "scan.not_in_handover")


def _to_handover(state: BenchState) -> Decision:
    if state.busy and state.work is not None:
        return refuse(state, Tone.WRONG, "", "scan.finish_first", open=state.work.number)
    changes: tuple[Change, ...] = ()
    if state.work is not None:
        changes = leave(state, state.work).changes
    state = replace(without_work(state), mode="handover")
    return say(state, Tone.COMMAND, message("scan.handover_on"), *changes)


def _next(state: BenchState, meaning: Meaning, now: int) -> Decision:
    if state.busy and state.work is not None:
        return refuse(state, Tone.WRONG, "", "scan.finish_first", open=state.work.number)
    if meaning.opening is None:
        return say(state, Tone.COMMAND, message("scan.queue_empty"))
    return open_order(state, meaning.opening, meaning.opening.number, now)


def _with_order(
    state: BenchState, work: Work, given: Given, meaning: Meaning, now: int
) -> Decision:
    """Commands that speak of the order in hand."""
    match given.command:
        case Command.DONE:
            return _done(state, work, now)
        case Command.UNDO:
            return _undo(state, work, now)
        case Command.LEAVE:
            return leave(state, work)
        case Command.HOLD:
            return ask_hold(state, work)
        case Command.SHORT | Command.DAMAGED:
            return _short(state, work, given)
        case Command.QUANTITY:
            return _quantity(state, given)
        case Command.BOX:
            return _box(state, work, meaning)
        case Command.FORCE:
            return _force(state, work)
        case Command.WEIGHT:
            return take_now(state, work)
        case Command.REPRINT:
            return _reprint(state, work)
        case Command.SLIP:
            return say(state, Tone.COMMAND, message("scan.slip", number=work.number), SlipReprint())
        case _:
            return _note(state, work)


def _done(state: BenchState, work: Work, now: int) -> Decision:
    """Close a step whose rest needs no scan per unit."""
    step = work.step
    if step is Step.LABEL:
        return leave(state, work)
    if step is Step.WEIGH:
        return refuse(state, Tone.WRONG, "", "scan.weigh_wanted")
    rest = [line for line in work.lines if line.left(step) > 0]
    scanned = [line for line in rest if not line.by_hand]
    if scanned:
        left = sum(line.left(step) for line in scanned)
        return refuse(state, Tone.WRONG, "", "scan.not_done", left=left, sku=scanned[0].sku)
    return take(state, work, rest, work.left(step), now, by_hand=True)


def _undo(state: BenchState, work: Work, now: int) -> Decision:
    if state.locked:
        return say(replace(state, locked=False), Tone.COMMAND, message("scan.unlocked"))
    last = state.trail[-1] if state.trail else ()
    if any(isinstance(change, Weighed) for change in last):
        if work.labelled:
            return refuse(state, Tone.WRONG, "", "scan.label_printed", number=work.number)
        if work.waybill:
            return ask_void(state, work)
    return undo(state, work, now)


def _short(state: BenchState, work: Work, given: Given) -> Decision:
    units, state = state.multiplier, replace(state, multiplier=1)
    line = step_line(state)
    if line is None:
        return refuse(state, Tone.WRONG, given.code, "scan.nothing_short")
    left = line.left(work.step)
    if given.command is Command.DAMAGED:
        return ask_damaged(state, line, min(units, left))
    return ask_short(state, line, min(units, left) if units > 1 else left)


def _quantity(state: BenchState, given: Given) -> Decision:
    if step_line(state) is None:
        return refuse(state, Tone.WRONG, given.code, "scan.quantity_not_now")
    state = replace(state, multiplier=given.number)
    return say(state, Tone.COMMAND, message("scan.quantity", units=given.number))


def _box(state: BenchState, work: Work, meaning: Meaning) -> Decision:
    box = meaning.box
    if box is None:
        return refuse(state, Tone.UNKNOWN, "", "scan.no_box")
    if work.step is Step.LABEL:
        return refuse(state, Tone.WRONG, "", "scan.box_not_now")
    state = replace(state, work=replace(work, box=box), off=None)
    what = message("scan.box", name=box.name, grams=box.tare_g)
    return say(state, Tone.COMMAND, what, BoxChosen(box.number))


def _force(state: BenchState, work: Work) -> Decision:
    line = step_line(state)
    if line is not None:
        return ask_force_item(state, line)
    if work.step is Step.WEIGH:
        return ask_force(state, work)
    return refuse(state, Tone.WRONG, "", "scan.nothing_to_force")


def _reprint(state: BenchState, work: Work) -> Decision:
    if not work.waybill:
        return refuse(state, Tone.WRONG, "", "scan.no_label_yet", number=work.number)
    return say(state, Tone.COMMAND, message("scan.reprint", waybill=work.waybill), Reprint())


def _note(state: BenchState, work: Work) -> Decision:
    """Show the note; ask for the confirmation it still needs."""
    if work.to_read:
        state = ask_note(state, work)
        return say(state, Tone.COMMAND, message("scan.note_first"))
    note = work.buyer_note or work.seller_note
    what = message("scan.note", note=note) if note else message("scan.no_note")
    return Decision(state, Outcome(Tone.COMMAND, what, prompt(state)))
