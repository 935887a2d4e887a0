"""What a person may do about one order now: one list for the order's page, the alerts, a phone."""

from dataclasses import dataclass

from core.errors import Problem
from core.messages import Message, message
from core.orders import holds, rest
from core.shipping import again
from core.store import Rows, Tx
from core.sync import conflicts


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that can be done."""

    code: str
    """``again``, ``adopt:12``, ``send:12``, ``by_hand:12``, ``release:address_changed``,
    ``reveal``."""
    label: Message
    reason: bool = False
    """Whether a reason must be given."""


def remedies(read: Rows, number: str) -> list[Remedy]:
    """What can be done about an order, the most telling first; who may is asked when it is done."""
    order = read.one("SELECT * FROM orders WHERE number = ?", number)
    if order is None:
        return []
    found = [
        Remedy(
            f"{way}:{each.id}",
            message(
                f"remedy.{way}",
                theirs=" ".join(each.theirs),
                ours=each.ours,
                effect=message(f"outbox.{each.kind}"),
            ),
            reason=True,
        )
        for each in conflicts.of_order(read, order["id"])
        for way in each.ways
    ]
    if not again.refusal(read, order):
        found.append(Remedy("again", message("remedy.again")))
    found += [
        Remedy(f"release:{code}", message("remedy.release", hold=message(f"hold.{code}")))
        for code in sorted(holds.open_reasons(read, order["id"]))
        if code not in holds.AUTOMATIC - holds.OVERRULABLE
    ]
    if rest.can_ship_rest(read, order):
        units = sum(left for _, left in rest.owed(read, order["id"]))
        found.append(Remedy("rest", message("remedy.rest", units=units)))
    if order["cipher_ref"]:
        found.append(Remedy("reveal", message("remedy.reveal"), reason=True))
    return found


def apply(tx: Tx, number: str, code: str, reason: str = "") -> Message:
    """Do one of them, by its code. Raises Problem when it is not allowed or too late."""
    order = tx.one("SELECT id FROM orders WHERE number = ?", number)
    if order is None:
        raise Problem("order.unknown", number=number)
    verb, _, what = code.partition(":")
    if verb == "again":
        again.buy_again(tx, order["id"], tx.actor.operator_id)
        return message("remedied.again", number=number)
    if verb == "rest":
        return message("remedied.rest", number=number, rest=rest.ship_rest(tx, order["id"]))
    if verb == "release":
        holds.release(tx, order["id"], what)
        return message("queue.released", number=number)
    conflicts.settle(tx, int(what), verb, reason)
    return message(f"remedied.{verb}", number=number)
