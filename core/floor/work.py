"""The order in hand: its lines, its marks, and which step they imply."""

from dataclasses import dataclass, field

from core.floor.replacing import replace
from core.floor.values import Step
from core.floor.weight import Part, Tolerance, expected
from core.messages import Message


@dataclass(frozen=True, slots=True)
class Operator:
    """Who a badge belongs to."""

    id: int
    name: str
    role: str
    supervisor: bool = False
    """May force a weight, confirm by hand and take an order over."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box type: chosen by code, known by its empty weight."""

    number: int
    name: str
    tare_g: int


@dataclass(frozen=True, slots=True)
class ProductRef:
    """What a product code stands for."""

    sku_id: int
    sku: str
    title: str = ""
    spec: str = ""
    grams: int | None = None
    """The weight an in-store weight code carries; None for ordinary codes."""


@dataclass(frozen=True, slots=True)
class ParcelRef:
    """The parcel a waybill number belongs to."""

    parcel_id: int
    waybill: str
    number: str
    """Internal number of its order."""
    handed_over: bool = False
    refusal: Message | None = None
    """Why it must not leave the building; None when it may."""
    void: bool = False
    """The label is worth nothing any more."""


@dataclass(frozen=True, slots=True)
class ToteRef:
    """A tote, and the order whose goods lie in it."""

    code: str
    opening: "Opening | None" = None
    """None when it is empty."""


@dataclass(frozen=True, kw_only=True)
class WorkLine:
    """One order line in hand; verified <= picked <= wanted always holds."""

    line_id: int
    sku_id: int
    sku: str
    title: str = ""
    spec: str = ""
    bin: str = ""
    wanted: int
    picked: int = 0
    verified: int = 0
    short: int = 0
    gift: bool = False
    by_hand: bool = False
    unit_g: int | None = None
    coded_units: int = 0
    coded_g: int = 0

    def left(self, step: Step) -> int:
        """Units this step still wants."""
        return self.wanted - (self.picked if step is Step.PICK else self.verified)

    @property
    def part(self) -> Part:
        """These units as the scale feels them."""
        return Part(self.sku_id, self.sku, self.wanted, self.unit_g, self.coded_units, self.coded_g)


@dataclass(frozen=True, kw_only=True)
class Work:
    """One order on one bench."""

    order_id: int
    number: str
    lines: tuple[WorkLine, ...]
    shop: str = ""
    tier: str = ""
    ship_by: int | None = None
    buyer_note: str = ""
    seller_note: str = ""
    note_open: bool = False
    """A note that needs a check is not confirmed yet."""
    unread: tuple[Message, ...] = ()
    """Changes since the order was opened; to be read before it is weighed."""
    pick_first: bool = True
    """False where goods are scanned once: a pack scan is then also the pick."""
    bin_required: bool = False
    partial_ok: bool = False
    """A short order may go out; otherwise it is held."""
    tolerance: Tolerance = field(default_factory=Tolerance)
    box: Box | None = None
    at_bin: str = ""
    verified_at: int = 0
    """When the last unit was verified; no older weight counts."""
    weighed_g: int | None = None
    waybill: str = ""
    slip_stale: bool = False
    """The slip on paper says something else by now."""
    labelled: bool = False
    """The label is on paper: the weight can no longer be taken back here."""

    @property
    def step(self) -> Step:
        """What the marks imply; nothing else moves an order on."""
        if self.pick_first and any(line.picked < line.wanted for line in self.lines):
            return Step.PICK
        if any(line.verified < line.wanted for line in self.lines):
            return Step.PACK
        return Step.WEIGH if self.weighed_g is None else Step.LABEL

    @property
    def pieces(self) -> int:
        """Units in the whole parcel."""
        return sum(line.wanted for line in self.lines)

    def left(self, step: Step) -> int:
        """Units the step still wants over all lines."""
        return sum(line.left(step) for line in self.lines)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The contents as the scale feels them."""
        return tuple(line.part for line in self.lines)

    @property
    def tare_g(self) -> int:
        """The empty box; 0 while none is chosen."""
        return self.box.tare_g if self.box else 0

    @property
    def expected_g(self) -> int | None:
        """What the parcel should weigh; None while unknown."""
        return expected(self.parts, self.tare_g)

    @property
    def to_read(self) -> bool:
        """Whether something must be read and confirmed before the parcel is weighed."""
        return self.note_open or bool(self.unread)

    def line(self, line_id: int) -> WorkLine | None:
        """The line with that id, if it is part of this order."""
        return next((line for line in self.lines if line.line_id == line_id), None)

    def with_line(self, changed: WorkLine) -> "Work":
        """The same order with one line exchanged."""
        lines = tuple(changed if x.line_id == changed.line_id else x for x in self.lines)
        return replace(self, lines=lines)


@dataclass(frozen=True, slots=True)
class Opening:
    """What came of asking for an order: the work, or why not."""

    number: str
    work: Work | None = None
    refusal: Message | None = None
    stop: bool = False
    """The refusal is a stop: cancelled, refunded, held."""
    claimed_by: int | None = None
    """Operator id of who has it on another bench."""
    claim: Message | None = None
    """Who has it and where, in words; None when nobody."""
