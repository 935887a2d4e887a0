"""One order's story in sentences, for the order screen and the command line.

Imports nothing of a screen: ``packline where`` must answer at once.
"""

import json
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from core.clock import local
from core.messages import Message, message, unpack
from core.orders import find
from core.shipping.again import tried_carriers
from core.store import Row
from tui.words import knows

ROUTED = frozenset({"received", "changed", "backhauled", "waybill_bought"})
"""Events that something brought or took away, by a way that is worth knowing."""


def parcel_sentence(parcel: Row, story: find.OrderStory) -> Message:
    """What became of a parcel."""
    if parcel["voided_at"] is not None:
        state = "voided"
    elif parcel["waybill"] is None:
        state = "waiting"
    elif parcel["handed_over_at"] is not None:
        state = "handed_over"
    else:
        state = "bought"
    told = story.order["backhauled_at"] is not None
    return message(
        f"parcel.{state}",
        waybill=parcel["waybill"] or "",
        carrier=parcel["carrier"],
        weight=parcel["weight_g"],
        told=message("parcel.told" if told else "parcel.untold"),
    )


def sentence(moment: find.Moment) -> Message:
    """An event as a sentence; what it carries fills the placeholders that the sentence has.

    What went by one of several ways says by which; an old event does not know it.
    """
    way = "_by" if moment.kind in ROUTED and moment.what.get("route") else ""
    return Message(f"event.{moment.kind}{way}", Blanks(moment.what))


def trouble_of(fault: str, answer: str) -> Message:
    """What is wrong with a shop: as exactly as its answer is known, else by the kind of fault."""
    exact = f"fault.code.{answer.partition(' ')[0].partition(':')[0]}"
    return Message(exact if knows(exact) else f"fault.{fault}", {"answer": answer})


class Blanks(dict[str, Any]):
    """Data in which what a sentence asks for and an old event lacks is blank."""

    def __missing__(self, key: str) -> str:
        return ""


def dispatched(warehouse: str, told: Mapping[str, Any]) -> Message:
    """Why this warehouse (or none), and what the others lacked."""
    lacking = tuple(
        message("why.lacks", warehouse=each["warehouse"], n=each["lacks"])
        for each in told["tried"]
        if each["lacks"]
    )
    data = {"warehouse": warehouse, "rule": told["rule"], "tried": lacking}
    kind = "warehouse" if warehouse else "no_warehouse"
    return Message(f"why.{kind}_tried" if lacking else f"why.{kind}", data)


def reasons(story: find.OrderStory, zone: tzinfo) -> list[Message]:
    """Why this warehouse, why held, why red, in plain words."""
    order = story.order
    why = [
        message("why.held", reason=hold["reason"], detail=hold["detail"])
        for hold in story.holds
        if hold["released_at"] is None
    ]
    if order["dispatch_why"]:
        why.append(dispatched(order["warehouse"] or "", json.loads(order["dispatch_why"])))
    why += [
        message("why.carrier_refused", carrier=each["carrier"], why=each["why"])
        for each in tried_carriers(order)
    ]
    if order["carrier"]:
        why.append(message("why.carrier", carrier=order["carrier"]))
    why.append(message("why.ship_by", at=f"{local(order['ship_by'], zone):%m-%d %H:%M}"))
    if story.same_buyer:
        why.append(message("why.same_buyer", orders=story.same_buyer))
    if story.chain_broken_at is not None:
        why.append(message("why.chain_broken", seq=story.chain_broken_at))
    if order["slip_stale"]:
        why.append(message("why.slip_stale"))
    why += [
        message("why.outbox", kind=row["kind"], answer=told_of(row))
        for row in story.outbox
        if row["state"] in ("due", "calling", "conflict") and row["last_answer"]
    ]
    return why


def told_of(row: Row) -> Message | str:
    """What the other side said, or what is to be done about it."""
    if row["why"]:
        told: Message = unpack(row["why"])["why"]
        return told
    return str(row["last_answer"])
