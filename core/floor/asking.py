"""Questions the bench asks, and what their answers do."""

from collections.abc import Callable

from core.floor.answers import (
    HOLD_REASONS,
    SHORT_REASONS,
    numbered,
    reasons,
    refuse,
    say,
    yes_no,
)
from core.floor.backs import missing
from core.floor.changes import BoughtAgain, Change, Held, LeftOpen, NoteConfirmed, Shorted
from core.floor.commands import Command, Given
from core.floor.effects import apply
from core.floor.items import progress, take
from core.floor.meaning import Kind, Meaning
from core.floor.replacing import replace
from core.floor.state import TRAIL, Asking, BenchState, Decision, Question, without_work
from core.floor.undo import undo
from core.floor.values import Choice, Step, Tone
from core.floor.weighing import after_note, force
from core.floor.work import Opening, Operator, ParcelRef, ProductRef, Work, WorkLine
from core.messages import Message, message


def ask_hold(state: BenchState, work: Work) -> Decision:
    """PKHOLD1: why?"""
    about = message("ask.hold", number=work.number)
    return _ask(state, Question(Asking.HOLD, about, reasons("hold", HOLD_REASONS)))


def ask_short(state: BenchState, line: WorkLine, units: int) -> Decision:
    """PKSHRT1: why can these units not be had?"""
    about = message("ask.short", sku=line.sku, units=units)
    choices = reasons("short", SHORT_REASONS)
    return _ask(state, Question(Asking.SHORT, about, choices, line.line_id, units))


def ask_damaged(state: BenchState, line: WorkLine, units: int) -> Decision:
    """PKDAMG1: a second, different scan confirms it."""
    about = message("ask.damaged", sku=line.sku, units=units)
    choices = yes_no("choice.damaged", "choice.no")
    return _ask(state, Question(Asking.DAMAGED, about, choices, line.line_id, units))


def ask_force_item(state: BenchState, line: WorkLine) -> Decision:
    """PKFRCE1 before the scale: a supervisor vouches for one unit with an unreadable code."""
    about = message("ask.force_item", sku=line.sku, spec=line.spec)
    return _ask(state, Question(Asking.FORCE, about, line_id=line.line_id, units=1))


def ask_void(state: BenchState, work: Work) -> Decision:
    """Undoing a weight whose label is bought."""
    about = message("ask.void", waybill=work.waybill)
    return _ask(state, Question(Asking.VOID, about, yes_no("choice.void", "choice.no")))


def ask_again(state: BenchState, number: str) -> Decision:
    """PKVOID1: which parcel, when none is meant yet; then a supervisor's badge."""
    about = message("ask.again", number=number) if number else message("ask.again_which")
    return _ask(state, Question(Asking.AGAIN, about, number=number))


def ask_which(state: BenchState, text: str, options: tuple[Meaning, ...]) -> Decision:
    """Two meanings fit: the packer chooses, nobody guesses."""
    about = message("ask.which", code=text)
    choices = numbered(tuple(_option(option) for option in options))
    return _ask(state, Question(Asking.WHICH, about, choices, options=options[:9], text=text))


def _option(meaning: Meaning) -> Message:
    value = meaning.value
    if isinstance(value, ProductRef):
        return message("choice.product", sku=value.sku, spec=value.spec)
    return message("choice.bin", bin=str(value))


def _ask(state: BenchState, question: Question) -> Decision:
    state = replace(state, question=question, multiplier=state.multiplier)
    return say(state, Tone.COMMAND, question.about)


def answer_badge(state: BenchState, question: Question, operator: Operator, now: int) -> Decision:
    """The scan after PKFRCE1 or PKVOID1 is a badge: only a supervisor's counts."""
    work, state = state.work, replace(state, question=None)
    if not operator.supervisor:
        return refuse(state, Tone.WRONG, "", "scan.not_supervisor", name=operator.name)
    if question.asking is Asking.AGAIN:
        change = BoughtAgain(question.number, operator.id)
        return say(state, Tone.ACCEPTED, message("scan.again", number=question.number), change)
    if work is None:
        return refuse(state, Tone.WRONG, "", "scan.nothing_open")
    line = work.line(question.line_id)
    if line is None:
        return force(state, work, operator)
    return take(state, work, [line], 1, now, forced_by=operator.id, by_hand=True)


def answer(
    state: BenchState,
    question: Question,
    given: Given,
    now: int,
    chosen: Callable[[BenchState, str, Meaning, int], Decision],
) -> Decision | None:
    """What a command does to the open question; None when it is no answer to it."""
    if question.asking is Asking.HALT:
        if given.command is Command.AGAIN and state.work is not None:
            return ask_again(state, state.work.number)
        return acknowledge(state, question) if given.command is Command.YES else None
    if given.command in (Command.NO, Command.LEAVE):
        state = replace(state, question=None, multiplier=1)
        return say(state, Tone.COMMAND, message("scan.question_closed"))
    if all(given.code != choice.code for choice in question.choices):
        return None
    free = replace(state, question=None)
    if question.asking is Asking.WHICH:
        return chosen(free, question.text, question.options[given.number - 1], now)
    if question.asking is Asking.MISSING:
        return missing(free, question)
    free = replace(free, multiplier=1)
    work = state.work
    return None if work is None else _settle(free, work, question, given.number, now)


def _settle(
    state: BenchState, work: Work, question: Question, number: int, now: int
) -> Decision | None:
    if question.asking is Asking.HOLD:
        return hold(state, work, HOLD_REASONS[number - 1])
    if question.asking is Asking.SHORT:
        return short(state, work, question, SHORT_REASONS[number - 1], now)
    if question.asking is Asking.DAMAGED:
        return short(state, work, question, "damaged", now)
    if question.asking is Asking.NOTE:
        work = replace(work, note_open=False, unread=())
        return after_note(replace(state, work=work), work, NoteConfirmed())
    return undo(state, work, now) if question.asking is Asking.VOID else None


def hold(state: BenchState, work: Work, reason: str, *changes: Change) -> Decision:
    """Put the order aside: it leaves the bench with its progress."""
    left = (Held(reason), LeftOpen(work.order_id, "held"))
    what = message("scan.held", number=work.number, reason=message(f"choice.hold.{reason}"))
    return say(without_work(state), Tone.COMMAND, what, *changes, *left)


def short(state: BenchState, work: Work, question: Question, reason: str, now: int) -> Decision:
    """Fewer units: the order goes on where partial parcels are allowed, else it is held."""
    line = work.line(question.line_id)
    units = min(question.units, line.left(work.step)) if line else 0
    if line is None or units <= 0:
        return refuse(state, Tone.WRONG, "", "scan.nothing_short")
    unpicked = max(0, line.picked - (line.wanted - units))
    change = Shorted(line.line_id, units, reason, unpicked)
    before, after = work.step, replace(apply(work, change), verified_at=now)
    if not work.partial_ok or after.pieces == 0:
        return hold(state, work, "damaged" if reason == "damaged" else "short", change)
    trail = (*state.trail, (change,))[-TRAIL:]
    state = replace(state, work=after, trail=trail, touched=line.line_id)
    if after.step is not before:
        return progress(state, after, before, (change,), "")
    what = message("scan.shorted", sku=line.sku, units=units, total=after.left(before))
    return say(state, Tone.COMMAND, what, change)


def halt(state: BenchState, about: Message, because: str) -> Decision:
    """Hands up: refund, cancel, hold. Repeats until acknowledged."""
    choices = (Choice(Given(Command.YES).code, Message("choice.put_aside")),)
    question = Question(Asking.HALT, about, choices, because=because)
    return say(replace(state, question=question, multiplier=1), Tone.STOP, about)


def acknowledge(state: BenchState, question: Question) -> Decision:
    """The packer saw the stop: the order leaves the bench."""
    work = state.work
    if work is None:
        return say(without_work(state), Tone.COMMAND, message("scan.question_closed"))
    what = message("scan.put_aside", number=work.number)
    left = LeftOpen(work.order_id, question.because)
    return say(without_work(state), Tone.COMMAND, what, left)


def unanswered(state: BenchState, question: Question, code: str) -> Decision:
    """Something else came while the bench waits for an answer: nothing is recorded."""
    if question.asking is Asking.HALT:
        return say(state, Tone.STOP, question.about, code=code)
    if question.asking is Asking.FORCE or question.number:
        return refuse(replace(state, question=None), Tone.WRONG, code, "scan.not_forced")
    return refuse(state, Tone.WRONG, code, "scan.answer_first")


def step_line(state: BenchState) -> WorkLine | None:
    """The line that PKSHRT1, PKDAMG1 and PKFRCE1 speak of."""
    line = state.current_line()
    return line if line and state.step in (Step.PICK, Step.PACK) else None


def is_answer_to_force(state: BenchState, kind: Kind) -> bool:
    """Whether a badge scan now answers PKFRCE1 or PKVOID1."""
    question = state.question
    if kind is not Kind.BADGE or question is None:
        return False
    return question.asking is Asking.FORCE or bool(question.number)


def meant(question: Question, value: object) -> str:
    """The order a slip or a waybill names, while PKVOID1 asks which; "" otherwise."""
    if question.asking is not Asking.AGAIN or question.number:
        return ""
    return value.number if isinstance(value, Opening | ParcelRef) else ""
