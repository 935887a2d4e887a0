"""Totes: what was picked for one order, on its way to a packing bench.

A tote belongs to an order from the scan that put the goods into it until every unit is verified.
"""

import re

from core.floor import orders_in_hand as hands
from core.floor.answers import refuse, say
from core.floor.changes import ToteUsed
from core.floor.state import BenchState, Decision
from core.floor.values import Step, Tone
from core.floor.work import ToteRef
from core.messages import message

FORM = re.compile(r"TT\d{2,6}")
"""The form of the codes we print for totes; whatever has it is a tote and nothing else."""


def scan_tote(state: BenchState, tote: ToteRef, code: str, now: int) -> Decision:
    """On a free bench its order comes out; with an order in hand that order goes into it."""
    if not state.busy or state.work is None:
        if tote.opening is None:
            return refuse(state, Tone.WRONG, code, "scan.tote_empty", tote=tote.code)
        return hands.open_order(state, tote.opening, code, now)
    data = {"tote": tote.code, "number": state.work.number}
    if tote.opening is not None:
        if tote.opening.number == state.work.number:
            return say(state, Tone.COMMAND, message("scan.tote_here", **data))
        data["number"] = tote.opening.number
        return refuse(state, Tone.WRONG, code, "scan.tote_taken", **data)
    if state.step not in (Step.PICK, Step.PACK):
        return refuse(state, Tone.WRONG, code, "scan.tote_not_now", **data)
    change = ToteUsed(tote.code)
    return say(state, Tone.ACCEPTED, message("scan.tote_ok", **data), change, code=code)
