"""Orders of a leader's sheet, which has no order numbers: one is made up, and never trusted alone.

The sequence number restarts with every group. The time of the order goes before it, and behind it
a mark of the leader and the group, where the sheet names them: the same sheet gives the same
numbers under any file name, and so does a later export of it. What can still meet under one number
is told apart by who gets the goods.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.clock import local
from core.messages import Message, message
from core.ports import PlatformOrder
from drivers.channels.files.cells import BadCell
from drivers.channels.files.rows import Row

LEADERS = "groupbuy_leader"
"""The layout of such a sheet."""


@dataclass(frozen=True, slots=True)
class Namesake:
    """Who an order with a made-up number is for, as far as it is known."""

    number: str
    name: str
    phone: str
    goods: frozenset[str]
    """What is left of its lines' numbers without the order's own."""

    def same_person(self, other: "Namesake") -> bool:
        """By phone where both have one that is not hidden, else by name."""
        if self.phone and other.phone and self.phone != other.phone:
            return False
        plain = self.phone and "*" not in self.phone and self.phone == other.phone
        return bool(plain) or self.name == other.name


def nameless(row: Row) -> bool:
    """Whether the row's order has no number of its own."""
    return row.header.layout.name == LEADERS and not row.get("number")


def leader_number(row: Row) -> str:
    """A number for an order that has none. Raises BadCell without a time or a sequence number."""
    sequence = row.get("leader_seq")
    at = row.time("created") or row.time("paid")
    if at is None or not sequence.isdecimal():
        raise BadCell("files.no_number")
    stamp = f"{local(at, row.zone):%Y%m%d%H%M%S}".removesuffix("000000")
    leader = row.get("leader") or row.get("leader_phone")
    told = "\x00".join(filter(None, (leader, row.get("group"))))
    mark = f"-{hashlib.sha256(told.encode()).hexdigest()[:6]}" if told else ""
    return f"{stamp}-{sequence}{mark}"


def stem(number: str) -> str:
    """The time and the place in the group, without the mark of the group."""
    return "-".join(number.split("-")[:2])


def namesake(order: PlatformOrder) -> Namesake:
    """An order as it is compared with others under its number."""
    receiver, number = order.receiver, order.number
    goods = frozenset(line.sub_number.removeprefix(number) for line in order.lines)
    return Namesake(number, receiver.name, receiver.phone, goods)


def mistaken(order: PlatformOrder, others: Iterable[Namesake]) -> Message | None:
    """Why an order is not certainly another telling of the one under its number, nor certainly a
    new one beside those that differ in the group only; None when it is certain."""
    one = namesake(order)
    for other in others:
        same = one.same_person(other)
        if one.number == other.number and not (same and one.goods & other.goods):
            return message("files.number_taken", number=stem(one.number), name=other.name or "-")
        if one.number != other.number and same:
            return message("files.group_changed", number=stem(one.number), name=other.name or "-")
    return None


def notes(rows: Sequence[Row]) -> Iterable[str]:
    """Whose group it is: title, place in it and leader; the station, where an address is given."""
    head = rows[0]
    place = head.get("leader_seq")
    yield " ".join(filter(None, (head.get("group"), place and f"#{place}")))
    leader = " ".join(filter(None, (head.get("leader"), head.get("leader_phone"))))
    yield f"@{leader}" if leader else ""
    if head.get("address"):
        yield " ".join(filter(None, (head.get("station"), head.get("station_address"))))
