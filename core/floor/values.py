"""The values of the floor: steps, the answer to a scan, and what a bench shows."""

from dataclasses import dataclass, field
from enum import Enum

from core.messages import Message


class Step(Enum):
    """Where the parcel on the bench is."""

    PICK = "pick"
    PACK = "pack"
    WEIGH = "weigh"
    LABEL = "label"
    DONE = "done"


class Tone(Enum):
    """How an answer sounds and looks; each has its own colour, word, place and sound."""

    ACCEPTED = "accepted"
    COMPLETE = "complete"
    """The scan closed a step."""
    WRONG = "wrong"
    """A known product that does not belong here, or the wrong kind of code."""
    TOO_MANY = "too_many"
    UNKNOWN = "unknown"
    COMMAND = "command"
    """A command was taken, or the bench asks for something (a reason, a badge, yes or no)."""
    STOP = "stop"
    """Put your hands up: refund, cancel, hold. Repeats until acknowledged."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one scan, reading or key."""

    tone: Tone
    say: Message
    """What happened: what was expected and what came."""
    next: Message
    """What to do now."""
    code: str = ""
    """The cleaned text that was scanned, for the line that keeps the last bad scan visible."""


@dataclass(frozen=True, slots=True)
class BenchLine:
    """One order line as the bench shows it."""

    line_id: int
    sku: str
    title: str
    spec: str
    bin: str
    wanted: int
    """Units to go into the parcel: ordered less refunded less short."""
    picked: int
    verified: int
    short: int
    gift: bool = False
    by_hand: bool = False
    """This product needs no scan per unit (the product's or operator's strictness)."""

    def left(self, step: Step) -> int:
        """Units this step still wants."""
        return max(0, self.wanted - (self.picked if step is Step.PICK else self.verified))


@dataclass(frozen=True, slots=True)
class BackTask:
    """Units that belong back on their shelf."""

    id: int
    sku_id: int
    sku: str
    spec: str
    units: int
    bin: str
    """"" where the product has none: then it is confirmed by hand."""
    number: str
    """The order that let go of them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One numbered answer to a question the bench asks."""

    code: str
    """The command code that chooses it, e.g. ``PKYES01``; also offered as digit key."""
    label: Message


@dataclass(frozen=True, slots=True)
class WeightView:
    """The live scale against the parcel on the bench."""

    expected_g: int | None
    """None while no weight is known for some product: never blocks, learns."""
    tolerance_g: int
    actual_g: int | None = None
    """The booked weight."""
    wish: int = 0
    """Grows whenever one more reading is wanted for this parcel: arm the scale again."""
    same_load: bool = False
    """The packer says that what lies on the scale is this parcel (PKWGHT1): it need not be
    lifted first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchView:
    """Everything the bench screen paints; immutable, made after commit."""

    station: str
    operator: str = ""
    """Name of who is logged in; "" when nobody is."""
    role: str = ""
    step: Step | None = None
    """None while no order is open."""
    number: str = ""
    shop: str = ""
    tier: str = ""
    ship_by: int | None = None
    buyer_note: str = ""
    note_to_confirm: bool = False
    seller_note: str = ""
    lines: tuple[BenchLine, ...] = ()
    current: int = 0
    """Index into ``lines`` of the one to do next."""
    weight: WeightView | None = None
    waybill: str = ""
    outcome: Outcome | None = None
    """The last answer."""
    last_bad: Outcome | None = None
    """The last refused scan, visible until the next good one."""
    choices: tuple[Choice, ...] = ()
    """Not empty while the bench waits for an answer."""
    waiting: int = 0
    """Orders ready for this warehouse."""
    done_today: int = 0
    """Parcels this operator finished today."""
    last_parcel: Message | None = None
    """What became of the parcel before: label printed, label waiting for the network, ..."""
    mode: str = "orders"
    """``orders``, ``handover`` or ``put_back``."""
    backs: tuple[BackTask, ...] = ()
    """What is to be put back, while that is done."""
    back: int = 0
    """The id of the task whose goods are in hand; 0 for none."""
    changes: tuple[Message, ...] = field(default=())
    """What changed on this order since it was opened (address, note), to be read."""
