"""Who may see who the customers are: those who talk to them, not those who pack for them.

Labels and slips carry what they must; a list on a screen is another thing.
"""

from core.ports import Receiver
from core.store import Actor, Rows

MAY_SEE = ("supervisor", "service")
SHOWN_TAIL = 4
"""Digits of a telephone number everybody may see: what a customer is asked for."""


def may_see(read: Rows, actor: Actor) -> bool:
    """Whether this person's screen shows names, telephones and doors. Nobody's shows none."""
    if actor.operator_id is None:
        return False
    row = read.one("SELECT role FROM operators WHERE id = ? AND active = 1", actor.operator_id)
    return row is not None and row["role"] in MAY_SEE


def veiled(receiver: Receiver) -> Receiver:
    """A receiver as everybody may see them: first character, last digits, district."""
    return Receiver(
        name=veiled_name(receiver.name),
        phone=f"***{receiver.phone[-SHOWN_TAIL:]}" if receiver.phone else "",
        province=receiver.province,
        city=receiver.city,
        district=receiver.district,
        address="***" if receiver.address else "",
    )


def veiled_name(name: str) -> str:
    """The first character of a name."""
    return name[:1] + "*" * min(3, max(1, len(name) - 1)) if name else ""
