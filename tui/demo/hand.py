"""What a packer who knows the work does next, told by nothing but what the bench shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from core.floor.values import BenchLine, BenchView, Step, Tone
from core.messages import Message, message
from tui.demo.goods import Product

PACKING_G = 9
"""A bag and its tape."""
NEXT, DONE, HANDOVER = "PKNEXT1", "PKDONE1", "PKHAND1"


class Do(Enum):
    """What hands do."""

    SCAN = "scan"
    WEIGH = "weigh"
    """Put the parcel on the scale."""
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Move:
    """One movement, and the words that tell a newcomer about it."""

    do: Do
    why: Message
    text: str = ""
    """The code to scan."""
    grams: int = 0
    """What the parcel weighs."""


def scan(text: str, id: str, **data: object) -> Move:
    """A scan and its words."""
    return Move(Do.SCAN, message(id, code=text, **data), text)


def next_move(view: BenchView, products: Mapping[str, Product], badge: str) -> Move:
    """The right thing to do now."""
    if view.choices:
        return scan(view.choices[0].code, "demo.answer", label=view.choices[0].label)
    if not view.operator:
        return scan(badge, "demo.badge")
    if view.mode == "handover":
        return scan(HANDOVER, "demo.handover_end")
    if view.step in (None, Step.LABEL, Step.DONE):
        return after_the_last(view)
    if view.step is Step.WEIGH:
        grams = weight_of(view.lines, products)
        return Move(Do.WEIGH, message("demo.weigh", grams=grams), grams=grams)
    return next_unit(view, view.step or Step.PICK, products)


def after_the_last(view: BenchView) -> Move:
    """Nothing in hand: the next order, if there is one."""
    told = view.outcome
    if told is not None and told.tone is Tone.STOP and view.step is None:
        return scan(NEXT, "demo.next")
    if view.waiting == 0:
        return Move(Do.WAIT, message("demo.wait"))
    return scan(NEXT, "demo.next")


def next_unit(view: BenchView, step: Step, products: Mapping[str, Product]) -> Move:
    """The unit the bench asks for."""
    line = view.lines[view.current]
    if line.by_hand:
        return scan(DONE, "demo.by_hand")
    id_ = "demo.pick" if step is Step.PICK else "demo.pack"
    code = products[line.sku].barcode if line.sku in products else line.sku
    return scan(code, id_, sku=line.sku, spec=line.spec, bin=line.bin or "-")


def weight_of(lines: tuple[BenchLine, ...], products: Mapping[str, Product]) -> int:
    """What the packed parcel weighs."""
    goods = sum(line.verified * products[line.sku].grams for line in lines if line.sku in products)
    return goods + PACKING_G
