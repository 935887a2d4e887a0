"""The bench's rules: one state, one event, one answer.

``decide`` is pure and total: every event in every state gives a decision, and a refused scan
changes no count. Order of precedence: an open question, then who is signed in, then commands,
then the step of the parcel in hand.
"""

from core.floor import backs
from core.floor import orders_in_hand as hands
from core.floor.answers import prompt, quiet, refuse, say
from core.floor.asking import (
    answer,
    answer_badge,
    ask_again,
    ask_which,
    halt,
    is_answer_to_force,
    meant,
    unanswered,
)
from core.floor.changes import Change, HandedOver, OperatorIn, OperatorOut
from core.floor.commands import Command, Given
from core.floor.controls import control
from core.floor.intents import Event, News, NewsKind, Pressed, Scanned, Weight
from core.floor.items import ask_note, scan_bin, scan_item
from core.floor.meaning import Kind, Meaning
from core.floor.replacing import replace
from core.floor.state import Asking, BenchState, Decision, remember
from core.floor.totes import scan_tote
from core.floor.values import Step, Tone
from core.floor.weighing import weigh
from core.floor.work import Opening, Operator, ParcelRef, ProductRef, ToteRef, Work
from core.messages import message

BOUNCE_MS = 500
"""The same command code again within this time is one pull of the trigger."""
_ALWAYS = frozenset({Command.HELP, Command.CALL, Command.LOCK})
"""Commands that get through an open question."""


def decide(state: BenchState, event: Event, now: int) -> Decision:
    """The answer to one event, with what it changes."""
    return remember(_decide(state, event, now))


def _decide(state: BenchState, event: Event, now: int) -> Decision:
    if isinstance(event, Weight):
        return weigh(state, event, now)
    if isinstance(event, News):
        return news(state, event)
    if isinstance(event, Pressed):
        return act(state, "", event.meaning, now)
    if _bounced(state, event, now):
        return quiet(state)
    is_command = event.meanings[0].kind is Kind.COMMAND
    state = replace(state, last_command=event.text if is_command else "", last_command_at=now)
    return _scanned(state, event, now)


def _bounced(state: BenchState, event: Scanned, now: int) -> bool:
    age = now - state.last_command_at
    return bool(state.last_command) and event.text == state.last_command and 0 <= age < BOUNCE_MS


def _scanned(state: BenchState, event: Scanned, now: int) -> Decision:
    """Of several meanings take the one that fits here; ask when two do."""
    if len(event.meanings) == 1 or state.question is not None or state.operator is None:
        return act(state, event.text, event.meanings[0], now)
    fitting = tuple(m for m in event.meanings if fits(state, m))
    if len(fitting) > 1:
        return ask_which(state, event.text, fitting)
    best = fitting or tuple(m for m in event.meanings if _in_order(state, m)) or event.meanings
    return act(state, event.text, best[0], now)


def fits(state: BenchState, meaning: Meaning) -> bool:
    """Whether this bench, as it stands, could use a code of this meaning."""
    if state.mode == "handover":
        return meaning.kind is Kind.WAYBILL
    if state.mode == "put_back":
        return meaning.kind is Kind.BIN if state.back else _to_put_back(state, meaning)
    if not state.busy:
        return meaning.kind is Kind.ORDER or meaning.opening is not None
    work, step = state.work, state.step
    if work is None or step is None or step is Step.WEIGH:
        return False
    if meaning.kind is Kind.BIN:
        return step is Step.PICK and any(
            line.bin == meaning.value and line.left(step) > 0 for line in work.lines
        )
    ref = meaning.value
    return isinstance(ref, ProductRef) and any(
        line.sku_id == ref.sku_id and line.left(step) > 0 for line in work.lines
    )


def _to_put_back(state: BenchState, meaning: Meaning) -> bool:
    ref = meaning.value
    return isinstance(ref, ProductRef) and any(task.sku_id == ref.sku_id for task in state.backs)


def _in_order(state: BenchState, meaning: Meaning) -> bool:
    ref = meaning.value
    lines = state.work.lines if state.work else ()
    return isinstance(ref, ProductRef) and any(line.sku_id == ref.sku_id for line in lines)


def act(state: BenchState, text: str, meaning: Meaning, now: int) -> Decision:
    """One scan with one meaning, through the layers from the top."""
    value = meaning.value
    given = value if isinstance(value, Given) else None
    question = state.question
    if question is not None and not (given and given.command in _ALWAYS):
        if isinstance(value, Operator):
            if is_answer_to_force(state, meaning.kind):
                return answer_badge(state, question, value, now)
            return badge(state, value)
        if state.operator is None and question.asking is not Asking.HALT:
            return refuse(state, Tone.WRONG, text, "scan.badge_first")
        number = meant(question, value)
        if number:
            return ask_again(state, number)
        replied = answer(state, question, given, now, act) if given else None
        return replied or unanswered(state, question, text)
    if isinstance(value, Operator):
        return badge(state, value)
    if state.operator is None and not (given and given.command in _ALWAYS):
        unknown = meaning.kind is Kind.BADGE
        id_ = "scan.badge_unknown" if unknown else "scan.badge_first"
        return refuse(state, Tone.UNKNOWN if unknown else Tone.WRONG, text, id_)
    if given:
        return control(state, given, meaning, now)
    return _thing(state, text, meaning, now)


def badge(state: BenchState, operator: Operator) -> Decision:
    """Sign in, or hand the bench to another; the order in hand keeps its progress."""
    before = state.operator
    if before is not None and before.id == operator.id:
        return say(state, Tone.COMMAND, message("scan.badge_again", name=operator.name))
    changes: tuple[Change, ...] = (OperatorIn(operator.id),)
    if before is not None:
        changes = (OperatorOut(before.id), *changes)
    state = replace(state, operator=operator)
    if state.work is not None:
        what = message("scan.hello_open", name=operator.name, number=state.work.number)
    else:
        what = message("scan.hello", name=operator.name)
    return say(state, Tone.ACCEPTED, what, *changes)


def _thing(state: BenchState, text: str, meaning: Meaning, now: int) -> Decision:
    """Anything but a badge or a command."""
    if meaning.kind is Kind.PRODUCT or state.multiplier == 1:
        kept = state
    else:
        kept = replace(state, multiplier=1)
    if meaning.kind is Kind.STATION:
        return _station(kept, str(meaning.value))
    if state.mode == "handover":
        return _handover(kept, text, meaning)
    if state.mode == "put_back":
        return backs.scan(kept, text, meaning)
    value = meaning.value
    if meaning.kind is Kind.ORDER:
        opening = value if isinstance(value, Opening) else None
        return hands.open_order(kept, opening, text, now)
    if isinstance(value, ToteRef):
        return scan_tote(kept, value, text, now)
    if isinstance(value, ProductRef) and not state.busy and meaning.opening is not None:
        return hands.open_single(replace(kept, multiplier=1), meaning.opening, value, text, now)
    if state.work is None:
        return _wrong_kind(replace(kept, multiplier=1), text, meaning)
    if isinstance(value, ProductRef):
        return scan_item(kept, state.work, value, text, now)
    if meaning.kind is Kind.BIN:
        return scan_bin(kept, state.work, str(value))
    return _wrong_kind(replace(kept, locked=kept.locked or kept.error_lock), text, meaning)


def _station(state: BenchState, name: str) -> Decision:
    if name == state.station:
        return say(state, Tone.COMMAND, message("scan.station_here", station=name))
    data = {"station": name, "here": state.station}
    return refuse(state, Tone.WRONG, name, "scan.station_other", **data)


def _handover(state: BenchState, text: str, meaning: Meaning) -> Decision:
    """Handover mode wants waybills and nothing else."""
    parcel = meaning.value
    if not isinstance(parcel, ParcelRef):
        return _wrong_kind(state, text, meaning)
    data = {"waybill": parcel.waybill, "number": parcel.number}
    if parcel.handed_over:
        return refuse(state, Tone.TOO_MANY, text, "scan.already_handed_over", **data)
    if parcel.refusal is not None:
        return say(state, Tone.STOP, parcel.refusal, code=text)
    change = HandedOver(parcel.parcel_id, parcel.waybill)
    return say(state, Tone.ACCEPTED, message("scan.handed_over", **data), change, code=text)


def _wrong_kind(state: BenchState, text: str, meaning: Meaning) -> Decision:
    """Say what it is; what is wanted follows in ``next``."""
    value = meaning.value
    if meaning.kind is Kind.UNKNOWN or value is None:
        return refuse(state, Tone.UNKNOWN, text, f"scan.unknown_{meaning.kind.value}", code=text)
    if isinstance(value, ProductRef):
        data = {"sku": value.sku, "spec": value.spec}
        id_ = "scan.no_single" if state.mode == "orders" else "scan.is_product_not_waybill"
        return refuse(state, Tone.WRONG, text, id_, **data)
    if isinstance(value, ParcelRef):
        if value.void and value.refusal is not None:
            return say(state, Tone.STOP, value.refusal, code=text)
        data = {"waybill": value.waybill, "number": value.number}
        return refuse(state, Tone.WRONG, text, "scan.is_waybill", **data)
    if isinstance(value, Opening):
        return refuse(state, Tone.WRONG, text, "scan.is_order", number=value.number)
    if isinstance(value, ToteRef):
        return refuse(state, Tone.WRONG, text, "scan.is_tote", tote=value.code)
    return refuse(state, Tone.WRONG, text, "scan.is_bin", bin=str(value))


def news(state: BenchState, event: News) -> Decision:
    """Something happened elsewhere to the order in hand."""
    work = state.work
    if work is None:
        return quiet(state)
    if event.kind is not NewsKind.EDIT or work.step is Step.LABEL:
        return halt(state, event.what, event.kind.value)
    work = replace(work, unread=(*work.unread, event.what))
    state = replace(state, work=work)
    if state.question is None and work.step is Step.WEIGH:
        state = ask_note(state, work)
    return say(state, Tone.COMMAND, event.what)


def resumed(state: BenchState, work: Work | None) -> BenchState:
    """The bench after a restart, with the order as the store has it now."""
    state = replace(state, work=work)
    outcome = state.outcome
    if outcome is None:
        return state
    return replace(state, outcome=replace(outcome, next=prompt(state)))
