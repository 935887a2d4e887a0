"""What each change does to the order in hand, forward and back."""

from core.floor.changes import Picked, Shorted, StepDone, Undoable, Verified, Weighed
from core.floor.replacing import replace
from core.floor.values import Step
from core.floor.work import Work, WorkLine

STEPS = (Step.PICK, Step.PACK, Step.WEIGH, Step.LABEL)


def apply(work: Work, change: Undoable) -> Work:
    """The order after the change."""
    return _move(work, change, 1)


def reverse(work: Work, change: Undoable) -> Work:
    """The order as it was before the change."""
    return _move(work, change, -1)


def _move(work: Work, change: Undoable, sign: int) -> Work:
    if isinstance(change, Weighed):
        return replace(work, weighed_g=change.grams if sign > 0 else None)
    if isinstance(change, Picked | Verified | Shorted):
        line = work.line(change.line_id)
        return work if line is None else work.with_line(_move_line(line, change, sign))
    return work


def _move_line(line: WorkLine, change: Picked | Verified | Shorted, sign: int) -> WorkLine:
    units = change.units * sign
    if isinstance(change, Picked):
        return replace(line, picked=line.picked + units)
    if isinstance(change, Verified):
        return replace(
            line,
            verified=line.verified + units,
            picked=line.picked + change.picked_too * sign,
            coded_units=line.coded_units + (units if change.grams else 0),
            coded_g=line.coded_g + change.grams * sign,
        )
    return replace(
        line,
        wanted=line.wanted - units,
        short=line.short + units,
        picked=line.picked - change.unpicked * sign,
    )


def closed(before: Step, work: Work) -> tuple[StepDone, ...]:
    """The steps a change closed, in their order; a pick that a pack scan did counts with it."""
    start = STEPS.index(before)
    end = STEPS.index(work.step)
    if before is Step.PACK and end > start and not work.pick_first:
        start = 0
    return tuple(StepDone(step) for step in STEPS[start:end])


def reopened(before: Step, after: Step) -> Step | None:
    """The step that taking something back opens again; None when it stays in the same one."""
    return after if STEPS.index(after) < STEPS.index(before) else None
