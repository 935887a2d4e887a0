"""Words of the bench: what is wanted next, and the one way an answer is built."""

from core.floor.changes import Change
from core.floor.commands import Command, Given
from core.floor.state import Asking, BenchState, Decision
from core.floor.values import Choice, Outcome, Step, Tone
from core.floor.work import Work
from core.messages import Message, message

YES = Given(Command.YES).code
NO = Given(Command.NO).code

HOLD_REASONS = ("short", "damaged", "question", "weight", "other")
"""Why a packer puts an order aside, in the order of the numbered choices."""
SHORT_REASONS = ("empty", "lost", "expired", "mixed", "other")
"""Why units cannot be had; damage has its own command."""


def yes_no(yes: str, no: str) -> tuple[Choice, ...]:
    """The two answers to a yes-or-no question."""
    return (Choice(YES, Message(yes)), Choice(NO, Message(no)))


def numbered(labels: tuple[Message, ...]) -> tuple[Choice, ...]:
    """Up to nine labels, each with its choice code."""
    pairs = enumerate(labels[:9], start=1)
    return tuple(Choice(Given(Command.CHOICE, n).code, label) for n, label in pairs)


def reasons(kind: str, names: tuple[str, ...]) -> tuple[Choice, ...]:
    """Numbered reasons: ``choice.hold.goods`` and so on."""
    return numbered(tuple(Message(f"choice.{kind}.{name}") for name in names))


def say(state: BenchState, tone: Tone, what: Message, *changes: Change, code: str = "") -> Decision:
    """An answer; what to do next follows from the state it leaves."""
    return Decision(state, Outcome(tone, what, prompt(state), code), changes)


def quiet(state: BenchState) -> Decision:
    """Remembered, nothing to say."""
    return Decision(state)


def prompt(state: BenchState) -> Message:
    """The one thing to do now."""
    if state.operator is None:
        return message("next.badge")
    if state.question is not None:
        return _prompt_question(state)
    if state.mode == "handover":
        return message("next.handover")
    if state.mode == "put_back":
        return _prompt_back(state)
    if state.work is None:
        return message("next.slip")
    return _prompt_work(state, state.work)


def _prompt_back(state: BenchState) -> Message:
    task = state.back_task()
    if task is not None:
        data = {"units": task.units, "sku": task.sku, "bin": task.bin}
        return Message("next.back_bin" if task.bin else "next.back_confirm", data)
    return message("next.back_goods" if state.backs else "next.back_over")


def _prompt_question(state: BenchState) -> Message:
    asking = state.question.asking if state.question else Asking.HALT
    if asking is Asking.FORCE or (state.question and state.question.number):
        return message("next.supervisor_badge")
    if asking is Asking.AGAIN:
        return message("next.again_which")
    if asking in (Asking.HOLD, Asking.SHORT, Asking.WHICH):
        return message("next.choose")
    return message("next.acknowledge" if asking is Asking.HALT else "next.yes_no")


def _prompt_work(state: BenchState, work: Work) -> Message:
    step = work.step
    if step in (Step.PICK, Step.PACK):
        return _prompt_line(state, work, step)
    if step is Step.LABEL:
        return message("next.next_order")
    if work.to_read:
        return message("next.note")
    if state.off is not None:
        return message("next.weight_off")
    return message("next.weigh" if state.rearmed else "next.empty_scale")


def _prompt_line(state: BenchState, work: Work, step: Step) -> Message:
    line = work.lines[state.current()]
    if line.by_hand:
        return message("next.by_hand", left=work.left(step))
    if step is Step.PICK and work.bin_required and line.bin and line.bin != work.at_bin:
        return message("next.bin", bin=line.bin)
    data: dict[str, object] = {"sku": line.sku, "spec": line.spec, "left": line.left(step)}
    if step is Step.PACK:
        return Message("next.pack", data)
    if not line.bin:
        return Message("next.pick_anywhere", data)
    return Message("next.pick", {**data, "bin": line.bin})


def refuse(
    state: BenchState,
    tone: Tone,
    code: str,
    id: str,
    /,
    **data: object,
) -> Decision:
    """Nothing recorded: what was expected and what came."""
    return say(state, tone, Message(id, data), code=code)
