"""PKUNDO1: the last recorded thing is taken back, and its consequence said."""

from core.floor.answers import refuse, say
from core.floor.changes import Change, Picked, Shorted, Undoable, Undone, Weighed
from core.floor.effects import reopened, reverse
from core.floor.replacing import replace
from core.floor.state import BenchState, Decision
from core.floor.values import Step, Tone
from core.floor.work import Work
from core.messages import Message, message


def undo(state: BenchState, work: Work, now: int) -> Decision:
    """Take back the last scan's counts, or the weight."""
    if not state.trail:
        return refuse(state, Tone.WRONG, "", "scan.nothing_to_undo")
    group, before = state.trail[-1], work.step
    for change in reversed(group):
        work = reverse(work, change)
    after = work.step
    work = replace(work, verified_at=now if after is not Step.WEIGH else work.verified_at)
    opened = reopened(before, after)
    changes: list[Change] = [Undone(change, opened) for change in reversed(group)]
    state = replace(
        state,
        work=work,
        trail=state.trail[:-1],
        off=None,
        touched=_touched(group, state.touched),
        last_parcel=None if isinstance(group[-1], Weighed) else state.last_parcel,
    )
    return say(state, Tone.COMMAND, _consequence(work, group, opened), *changes)


def _touched(group: tuple[Undoable, ...], touched: int) -> int:
    lines = [change.line_id for change in group if not isinstance(change, Weighed)]
    return lines[0] if lines else touched


def _consequence(work: Work, group: tuple[Undoable, ...], opened: Step | None) -> Message:
    change = group[-1]
    if isinstance(change, Weighed):
        return message("scan.undone_weight", grams=change.grams)
    line = work.line(change.line_id)
    units = sum(c.units for c in group if not isinstance(c, Weighed))
    data = {"sku": line.sku if line else "", "units": units}
    if isinstance(change, Shorted):
        return message("scan.undone_short", **data)
    if isinstance(change, Picked):
        return message("scan.undone_pick", **data)
    return message("scan.undone_reopens" if opened else "scan.undone_pack", **data)
