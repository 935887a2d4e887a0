"""What core asks of the outside world, and the values that cross the border.

Drivers implement these protocols; core never learns which one it talks to. All times are UTC
epoch milliseconds, money is integer cents (fen), weights are integer grams, ids are strings.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Literal, Protocol, runtime_checkable

from core.messages import Message
from core.text import is_masked

# --- what a channel tells about an order -----------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where a parcel goes. Masked and ciphered values are kept exactly as the channel gave them."""

    name: str = ""
    phone: str = ""
    province: str = ""
    city: str = ""
    district: str = ""
    address: str = ""
    """The rest of the address below the district (or all of it when it is not split)."""
    cipher_ref: str = ""
    """The platform's own reference to the hidden address (Taobao's oaid), for its e-waybill.

    One that begins with ``address:`` names the address itself, up to the first space: where that
    is another one, the parcel goes to another door, however much of both is hidden.
    """

    @property
    def hidden(self) -> bool:
        """Whether no courier can be told who it is: masked or missing, and without a reference."""
        told = (self.name, self.phone, self.address)
        return not self.cipher_ref and any(is_masked(part) for part in told)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformLine:
    """One order line as the channel tells it."""

    sub_number: str
    """The platform's sub-order number; unique within the shop."""
    sku: str = ""
    """The merchant's SKU code; "" when the channel has none (then the order is held)."""
    barcode: str = ""
    title: str = ""
    spec: str = ""
    """Colour, size and other options, for a person to read."""
    quantity: int = 1
    price_cents: int = 0
    status: str = ""
    """The platform's own word for the line; core maps it."""
    refund: str = ""
    """The platform's own word for the refund; core maps it, an unknown word means hold."""
    gift: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformOrder:
    """One order as the channel tells it: the detail call, or a row group of a file."""

    number: str
    """The platform's order number."""
    status: str
    """The platform's own word; core maps it, an unknown word means hold."""
    modified_at: int
    """The platform's version: an older one never overwrites a newer one."""
    created_at: int
    lines: tuple[PlatformLine, ...]
    refund: str = ""
    paid_at: int | None = None
    ship_by: int | None = None
    tier: str = ""
    """One of core.orders' tiers; "" when the channel does not say (the shop's default applies)."""
    buyer_key: str = ""
    """The platform's opaque buyer key; comparable within one shop only."""
    buyer_name: str = ""
    receiver: Receiver = field(default_factory=Receiver)
    buyer_note: str | None = None
    """None when the channel did not tell; "" when it told that there is none."""
    seller_note: str = ""
    amount_cents: int = 0
    freight_cents: int = 0
    flags: tuple[str, ...] = ()
    """Hold reasons the channel itself states, such as ``risk_control`` or ``address_changed``."""
    raw: str = ""
    """The source as received (JSON), kept for disputes."""
    route: str = ""
    """By which way it was told, when not by the shop's own channel: ``kuaidi100``, ``file``."""


# --- what can go wrong between us and a platform -----------------------------------------------


class Fault(Enum):
    """Why a call failed, the same words for every channel and carrier."""

    AUTH = "auth"
    """The token or key is refused: stop this shop, tell a person once, keep the queue."""
    PERMISSION = "permission"
    """Wrong parameter or right missing: never retried, needs a person."""
    CLOCK = "clock"
    """Our time is off: resync with the server's clock, retry once."""
    RATE = "rate"
    """Too many calls: wait ``wait_s``."""
    TRANSIENT = "transient"
    """Network or server trouble: read again; for a write, ask before doing it again."""
    BUSINESS = "business"
    """The order itself cannot be handled so (refund, already shipped, waybill used)."""
    UNKNOWN = "unknown"
    """Not understood: shown with its raw code."""


class CallFailed(Exception):  # noqa: N818
    """A call to a channel or carrier that gave no good answer."""

    def __init__(
        self,
        fault: Fault,
        code: str = "",
        text: str = "",
        *,
        wait_s: float | None = None,
        in_doubt: bool = False,
    ) -> None:
        super().__init__(f"{fault.value} {code} {text}".strip())
        self.fault = fault
        self.code = code
        self.text = text
        self.wait_s = wait_s
        self.in_doubt = in_doubt
        """True when a write may have been carried out although no answer came."""


# --- channels ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRules:
    """How far and how wide a channel may be asked for changes."""

    span_s: int
    """Widest window a single listing may cover."""
    delay_s: int = 180
    """The window ends this long behind the server's clock: rows become visible late."""
    overlap_s: int = 60
    """How far the next window reaches back into the last: bounds are second-granular."""
    first_days: int = 3
    """How far the very first pull looks back."""
    peek_by: Literal["changed", "created"] = "changed"
    """The listing that may be asked up to this moment, before ``delay_s`` is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """A parcel to be reported to the shop."""

    platform_number: str
    sub_numbers: tuple[str, ...]
    """The lines in this parcel; empty means the whole order."""
    carrier: str
    """Our carrier code, e.g. ``zto``; the connector maps it to the platform's."""
    waybill: str
    reference: str
    """Our parcel's globally unique id: the idempotency key where the platform takes one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedParcel:
    """What the platform says it knows of a shipment."""

    waybill: str
    sub_number: str = ""


class Channel(Protocol):
    """One shop on one platform. Calls block; they run in the sync threads only."""

    rules: WindowRules

    def server_now(self) -> int:
        """The platform's clock; our own when it was never heard."""

    def changes(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Order numbers changed in [start, end), page by page, in the order that loses none.

        Raises CallFailed; the caller then abandons the whole window.
        """

    def detail(self, number: str) -> PlatformOrder:
        """The truth about one order. Raises CallFailed."""

    def ship(self, shipment: Shipment) -> None:
        """Report a waybill. Raises CallFailed, ``in_doubt`` when it may have been taken."""

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        """The waybills the platform has for an order. Raises CallFailed."""


# --- what shops send by themselves ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hint:
    """A shop says that an order changed. Never the truth: the order itself is asked for."""

    message: str
    """The platform's id of its message; unique within the shop."""
    number: str
    """The platform's order number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One row an aggregator delivered: an order, or a refund case of one; as it came."""

    number: str
    """The platform's order number."""
    modified_at: int
    raw: str
    refund: str = ""
    """The number of the refund case; "" for the order itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An aggregator's answer to one of the tasks it was given."""

    task: str
    state: str
    """``asked`` (it goes on trying), ``complete`` (this is all there is) or ``given_up``."""
    rows: tuple[Delivered, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What one pushed request with the right signature said."""

    hints: tuple[Hint, ...] = ()
    delivery: Delivery | None = None
    unread: tuple[str, ...] = ()
    """Parts that nobody understands; kept as they came, and a person hears of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryTask:
    """What an aggregator was asked to deliver: the orders that changed in [since, until)."""

    task: str
    kind: str
    """Which orders: the aggregator's word for their status."""
    since: int
    until: int
    asked_at: int
    state: str = "asked"


@dataclass(frozen=True, slots=True)
class Report:
    """A tracking number that an aggregator was told."""

    waybill: str
    at: int
    accepted: bool


class Deliveries(Protocol):
    """What an aggregator delivered for one shop, kept; and what it was asked and told."""

    def tasks(self, start: int) -> tuple[DeliveryTask, ...]:
        """The tasks about time after ``start``, oldest first."""

    def asked(self, tasks: tuple[DeliveryTask, ...]) -> None:
        """It took these tasks; one it answered before its number was known stays answered."""

    def changed(self, start: int, end: int) -> tuple[str, ...]:
        """The orders whose newest telling is dated in [start, end)."""

    def told(self, number: str) -> tuple[Delivered, ...]:
        """The newest telling of an order and of its refund cases; empty when there is none."""

    def known_to(self) -> int:
        """Up to where everything was delivered; 0 when nothing was."""

    def report(self, number: str, waybill: str, *, accepted: bool) -> None:
        """A tracking number is told now, or was accepted."""

    def unreport(self, number: str, waybill: str) -> None:
        """A tracking number was certainly not taken."""

    def reports(self, number: str) -> tuple[Report, ...]:
        """The tracking numbers that were told for an order."""


@runtime_checkable
class Listed(Protocol):
    """A channel that can also list its orders by the time they were created or paid."""

    listed_by: str
    """``created_at`` or ``paid_at``: the time of an order its platform lists by."""

    def created(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Numbers of all orders whose time is in [start, end), page by page. Raises CallFailed.

        The platform may leave out what it never tells: unpaid orders, groups that did not form.
        """


@runtime_checkable
class Delivers(Protocol):
    """A channel that cannot be read: it is asked to deliver, and delivers when it likes."""

    refunds_unseen: bool | None
    """Whether it cannot tell of refunds; None while that is not known."""

    def delivered_to(self, start: int, end: int) -> int:
        """Ask for what is missing of [start, end); up to where all of it is here.

        Raises CallFailed, also when what was asked for long ago never came.
        """

    def authorize_url(self) -> str:
        """Where the merchant allows the aggregator to read the shop. Raises CallFailed."""


class Reships(Protocol):
    """What a channel may also be able to do: put another waybill in the place of a reported one."""

    def reship(self, shipment: Shipment, old: str) -> None:
        """Report this parcel in place of the waybill ``old``. Raises CallFailed, ``in_doubt`` when
        it may have been taken."""


class ShipsInParts(Protocol):
    """What a channel may also be: one that takes a parcel in several calls, some of which can be
    lost. Its word that it has our waybill then means all of the parcel's lines."""

    def shipped_of(self, shipment: Shipment) -> tuple[ShippedParcel, ...]:
        """The waybills the platform has for an order, without the parcel's own while the platform
        lacks a part of it. Raises CallFailed."""


class Reveals(Protocol):
    """What a channel may also be able to do: tell a hidden receiver in clear, on demand."""

    def reveal(self, number: str, receiver: Receiver) -> Receiver:
        """Who a hidden receiver is; ``receiver`` is as it is kept, with its reference.

        Raises CallFailed: RATE with ``wait_s`` when the quota is used up, BUSINESS with the code
        ``MISMATCH`` when the reference is no longer the order's.
        """


MISMATCH = "mismatch"
"""The code of a CallFailed: a hidden receiver's reference belongs to an older address."""

# --- carriers ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sends: the warehouse."""

    name: str
    phone: str
    province: str = ""
    city: str = ""
    district: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaybillRequest:
    """A waybill to buy for one parcel."""

    reference: str
    """Our parcel's globally unique id: buying twice with it gives the same waybill."""
    carrier: str
    sender: Sender
    receiver: Receiver
    goods: str
    weight_g: int
    platform: str = ""
    platform_number: str = ""
    """For ciphered addresses: the platform's order this parcel belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waybill:
    """A bought waybill."""

    number: str
    carrier: str
    routing_mark: str = ""
    """The big sorting mark couriers print (大头笔), e.g. ``广州-天河 021``."""
    raw: str = ""
    route: str = ""
    """Through whom it was bought, e.g. ``kuaidi100``; "" when the carrier itself sold it."""


class Carrier(Protocol):
    """One account that sells waybills."""

    def buy(self, request: WaybillRequest) -> Waybill:
        """Buy once per reference. Raises CallFailed, ``in_doubt`` when it may have been bought."""

    def find(self, request: WaybillRequest) -> Waybill | None:
        """The waybill already bought for this reference, if any. Raises CallFailed."""

    def void(self, waybill: Waybill, reference: str) -> None:
        """Give a waybill back; giving it back twice is no failure. Raises CallFailed."""


class ToldSome(CallFailed):
    """A message that arrived at some of the people; ``text`` says who does not have it, and why."""


# --- notifiers -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to the people behind a notifier: what happened, one line each."""

    title: str
    lines: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All of it, for those who take plain text."""
        return "\n".join((self.title, *self.lines))


class Notifier(Protocol):
    """One group or person that can be told something where they are."""

    limit: int
    """UTF-8 bytes of ``Notice.text`` that arrive whole; what is longer is cut."""

    def send(self, notice: Notice) -> None:
        """Tell them. Returns only when the other side said that it has it.

        Raises CallFailed, ``in_doubt`` when it may have arrived: none of them can be asked; and
        ToldSome when it arrived, but not at everybody.
        """


# --- devices -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scan:
    """One code read by one device, in the order it was read."""

    text: str
    at: int
    source: str = "keys"
    """The device's name, or ``keys`` for a burst typed into the terminal."""
    symbology: str = ""
    """The AIM identifier without ``]`` (``E0``, ``C1``), "" when the scanner does not tell."""


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What a device can say about itself at this moment; immutable, safe across threads."""

    name: str
    kind: str
    """``scale``, ``scanner``, ``printer`` or ``camera``."""
    connected: bool
    since: int
    """When ``connected`` last changed."""
    last_raw: bytes = b""
    last_value: str = ""
    last_at: int = 0
    rate: float = 0.0
    """Readings (scale) or scans a second over the last seconds."""
    trouble: Message | None = None
    """What is wrong and what to do; None when all is well."""
    repeats: int = 0
    """Codes a scanner read twice, taken once."""

    def answered(self, at: int, value: str, raw: bytes = b"") -> "DeviceState":
        """It did its work."""
        since = self.since if self.connected else at
        return replace(
            self,
            connected=True,
            since=since,
            trouble=None,
            last_value=value,
            last_at=at,
            last_raw=raw,
        )

    def failed(self, at: int, why: Message) -> "DeviceState":
        """It did not, and why."""
        since = self.since if not self.connected else at
        return replace(self, connected=False, since=since, trouble=why)


class PrinterAnswer(Enum):
    """The four answers of a printer."""

    READY = "ready"
    BUSY = "busy"
    FAULT = "fault"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """What the printer said when asked."""

    answer: PrinterAnswer
    fault: Message | None = None
    """Which fault, in words: paper out, head open, ribbon out, paused, cannot be reached."""


class PrintFailed(Exception):  # noqa: N818
    """A job did not go out. ``in_doubt`` when some bytes may have reached the printer."""

    def __init__(self, why: Message, *, in_doubt: bool = False) -> None:
        super().__init__(str(why))
        self.why = why
        self.in_doubt = in_doubt


class Printer(Protocol):
    """One label or slip printer."""

    name: str

    def status(self) -> PrinterStatus:
        """Ask the printer; never raises, at most about a second."""

    def print_label(self, label: "LabelFacts") -> None:
        """Print one parcel label. Raises PrintFailed."""

    def print_slip(self, slip: "SlipFacts") -> None:
        """Print one execution slip. Raises PrintFailed."""


class Camera(Protocol):
    """One camera over a bench."""

    name: str

    def snap(self) -> bytes:
        """One JPEG. Raises Problem; never takes longer than a few seconds."""


# --- what is printed -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFacts:
    """Everything a parcel label shows."""

    waybill: str
    carrier: str
    """Carrier code; the drawing looks its name up."""
    number: str
    """Internal number."""
    routing_mark: str
    sender: Sender
    receiver: Receiver
    goods: tuple[str, ...]
    """One short line per order line: ``SKU · options ×2``."""
    pieces: int
    weight_g: int
    note: str = ""
    printed_at: int = 0
    copy: int = 1
    """1 for the first print; a reprint says which copy it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipLine:
    """One line of an execution slip."""

    sku: str
    title: str
    spec: str
    quantity: int
    bin: str = ""
    barcode: str = ""
    gift: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipFacts:
    """The execution slip: SKU, quantity, buyer note and tier are always there."""

    number: str
    shop: str
    platform_numbers: tuple[str, ...]
    warehouse: str
    tier: str
    ship_by: int | None
    buyer_note: str
    """"" means the buyer left none; the slip says so in words."""
    seller_note: str
    receiver: Receiver
    lines: tuple[SlipLine, ...]
    qr: str
    """The text of the slip's QR code: the number and a compact payload readable offline."""
    issued_at: int = 0
    copy: int = 1
