"""What a decision asks the store to write, all of it in one transaction.

Every value says one fact about one order, parcel or person; the store side adds who, when and
where. Nothing here has happened until it is committed.
"""

from dataclasses import dataclass

from core.floor.values import Step


@dataclass(frozen=True, slots=True)
class Picked:
    """Units taken from the shelf."""

    line_id: int
    units: int
    by_hand: bool = False
    forced_by: int | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """Units checked into the parcel."""

    line_id: int
    units: int
    by_hand: bool = False
    """Confirmed without a scan per unit."""
    forced_by: int | None = None
    """The supervisor who vouched for an unreadable code; None for a scan."""
    picked_too: int = 0
    """Goods are scanned once here: that many of these units were picked by the same scan."""
    grams: int = 0
    """The weight the units' own codes told; 0 for ordinary codes."""


@dataclass(frozen=True, slots=True)
class Shorted:
    """Units that will not go into this parcel."""

    line_id: int
    units: int
    reason: str
    unpicked: int = 0
    """How many of them had been picked already."""


@dataclass(frozen=True, slots=True)
class StepDone:
    """The last unit, or the weight, closed a step."""

    step: Step


@dataclass(frozen=True, slots=True)
class Held:
    """The packer put the order aside."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The parcel's weight; the label may be bought now."""

    grams: int
    expected_g: int | None
    forced_by: int | None = None
    """The supervisor who accepted a weight out of tolerance; None when it fitted."""
    measured: bool = True
    """False when the scale gave nothing and the expected weight was booked."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A product's unit weight, told by this parcel."""

    sku_id: int
    unit_g: int


@dataclass(frozen=True, slots=True)
class BoxChosen:
    """The box this parcel goes into."""

    number: int


@dataclass(frozen=True, slots=True)
class ToteUsed:
    """What is picked for the order lies in this tote."""

    code: str


@dataclass(frozen=True, slots=True)
class NoteConfirmed:
    """The packer read the note and the changes, and did what they ask."""


@dataclass(frozen=True, slots=True)
class Reprint:
    """Print the same label once more."""


@dataclass(frozen=True, slots=True)
class BoughtAgain:
    """The label of an order is voided and another one bought."""

    number: str
    approved_by: int
    """The supervisor who says so."""


@dataclass(frozen=True, slots=True)
class SlipReprint:
    """Print the execution slip once more."""


@dataclass(frozen=True, slots=True)
class OperatorIn:
    """Somebody signed in at this bench."""

    operator_id: int


@dataclass(frozen=True, slots=True)
class OperatorOut:
    """Somebody left this bench."""

    operator_id: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """This bench works on the order now."""

    order_id: int
    taken_over: bool = False
    """Another bench had it."""


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """The order left this bench; progress is kept."""

    order_id: int
    because: str
    """``finished``, ``left``, ``held`` or the news that stopped it."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The courier took this parcel."""

    parcel_id: int
    waybill: str


@dataclass(frozen=True, slots=True)
class PutBackDone:
    """Goods are on their shelf again."""

    task_id: int
    by_hand: bool = False
    """Confirmed without the scan of a bin."""


@dataclass(frozen=True, slots=True)
class PutBackUndone:
    """They are not, after all."""

    task_id: int


@dataclass(frozen=True, slots=True)
class PutBackMissing:
    """They cannot be found, or not be sold any more."""

    task_id: int


@dataclass(frozen=True, slots=True)
class SupervisorCalled:
    """The packer wants a supervisor at this bench."""


Undoable = Picked | Verified | Shorted | Weighed


@dataclass(frozen=True, slots=True)
class Undone:
    """The last recorded thing is taken back."""

    of: Undoable
    reopens: Step | None = None
    """The step that is open again because of it."""


Change = (
    Picked
    | Verified
    | Shorted
    | StepDone
    | Held
    | Weighed
    | Learned
    | BoxChosen
    | ToteUsed
    | NoteConfirmed
    | Reprint
    | BoughtAgain
    | SlipReprint
    | OperatorIn
    | OperatorOut
    | Claimed
    | LeftOpen
    | HandedOver
    | PutBackDone
    | PutBackUndone
    | PutBackMissing
    | SupervisorCalled
    | Undone
)
