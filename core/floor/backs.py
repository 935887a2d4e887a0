"""Putting goods back: PKBACK1, then the goods, then the bin they belong in."""

from core.floor.answers import refuse, say, yes_no
from core.floor.changes import Change, PutBackDone, PutBackMissing, PutBackUndone
from core.floor.commands import Command, Given
from core.floor.meaning import Kind, Meaning
from core.floor.orders_in_hand import leave
from core.floor.replacing import replace
from core.floor.state import Asking, BenchState, Decision, Question, without_work
from core.floor.values import BackTask, Tone
from core.floor.work import ProductRef
from core.messages import message


def begin(state: BenchState, meaning: Meaning) -> Decision:
    """PKBACK1: what lies around goes back to its shelf; an open order is finished first."""
    if state.busy and state.work is not None:
        return refuse(state, Tone.WRONG, "", "scan.finish_first", open=state.work.number)
    if not meaning.backs:
        return say(state, Tone.COMMAND, message("scan.back_none"))
    changes: tuple[Change, ...] = leave(state, state.work).changes if state.work else ()
    state = replace(without_work(state), mode="put_back", backs=meaning.backs, back=0)
    return say(state, Tone.COMMAND, message("scan.back_on", n=len(state.backs)), *changes)


def end(state: BenchState) -> Decision:
    """PKBACK1 again: orders come next."""
    state = replace(state, mode="orders", backs=(), back=0, back_done=())
    return say(state, Tone.COMMAND, message("scan.back_off"))


def scan(state: BenchState, text: str, meaning: Meaning) -> Decision:
    """Goods, or the bin for the goods in hand."""
    if isinstance(meaning.value, ProductRef):
        return _goods(state, text, meaning.value)
    if meaning.kind is not Kind.BIN:
        return refuse(state, Tone.WRONG, text, "scan.back_not_that", code=text)
    task, came = state.back_task(), str(meaning.value)
    if task is None:
        return refuse(state, Tone.WRONG, text, "scan.back_goods_first", bin=came)
    if task.bin and task.bin != came:
        return refuse(state, Tone.WRONG, text, "scan.back_wrong_bin", bin=task.bin, came=came)
    return _done(state, task, by_hand=False)


def _goods(state: BenchState, text: str, ref: ProductRef) -> Decision:
    task = next((task for task in state.backs if task.sku_id == ref.sku_id), None)
    if task is None:
        return refuse(state, Tone.WRONG, text, "scan.back_not_wanted", sku=ref.sku, spec=ref.spec)
    data = {"units": task.units, "sku": task.sku, "number": task.number}
    return say(
        replace(state, back=task.id), Tone.ACCEPTED, message("scan.back_goods", **data), code=text
    )


def _done(state: BenchState, task: BackTask, *, by_hand: bool) -> Decision:
    rest = tuple(each for each in state.backs if each.id != task.id)
    state = replace(state, backs=rest, back=0, back_done=(*state.back_done, task.id)[-50:])
    data = {"units": task.units, "sku": task.sku, "bin": task.bin or "-", "left": len(rest)}
    what = message("scan.back_done" if rest else "scan.back_all_done", **data)
    return say(state, Tone.ACCEPTED if rest else Tone.COMPLETE, what, PutBackDone(task.id, by_hand))


def command(state: BenchState, given: Given) -> Decision:
    """What commands do while goods are put back."""
    task = state.back_task()
    match given.command:
        case Command.BACK | Command.LEAVE:
            return end(state)
        case Command.DONE if task is not None:
            return _done(state, task, by_hand=True)
        case Command.DONE:
            return refuse(state, Tone.WRONG, given.code, "scan.back_goods_first", bin="")
        case Command.UNDO:
            return _undo(state)
        case Command.SHORT | Command.DAMAGED:
            return _ask_missing(state, given)
        case _:
            return refuse(state, Tone.WRONG, given.code, "scan.not_in_put_back")


def _undo(state: BenchState) -> Decision:
    """Take the goods in hand down, else open the task that was closed last."""
    if state.back:
        return say(replace(state, back=0), Tone.COMMAND, message("scan.back_put_down"))
    if not state.back_done:
        return refuse(state, Tone.WRONG, "", "scan.nothing_to_undo")
    change = PutBackUndone(state.back_done[-1])
    state = replace(state, back_done=state.back_done[:-1])
    return say(state, Tone.COMMAND, message("scan.back_undone"), change)


def _ask_missing(state: BenchState, given: Given) -> Decision:
    """PKSHRT1: the goods in hand, or the first on the list, are not there or not to be sold."""
    task = state.back_task() or next(iter(state.backs), None)
    if task is None:
        return refuse(state, Tone.WRONG, given.code, "scan.back_none")
    about = message("ask.back_missing", units=task.units, sku=task.sku)
    choices = yes_no("choice.back_missing", "choice.no")
    question = Question(Asking.MISSING, about, choices, line_id=task.id)
    return say(replace(state, question=question), Tone.COMMAND, about)


def missing(state: BenchState, question: Question) -> Decision:
    """The packer confirmed: these units leave the books."""
    state = replace(state, back=0)
    return say(state, Tone.COMMAND, message("scan.back_missing"), PutBackMissing(question.line_id))
