"""What the screens ask of the house: plain reads for panes, intents for changes.

Reads return at once (a keyset page over a read-only connection, or a value kept by a device
thread). Intents return a Future at once; its callback runs in the writer's thread and only posts
a message. ``tui.wiring`` binds all of this to the core; tests bind it to values.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from core.clock import Clock
from core.floor.values import BenchView
from core.messages import Message
from core.ports import DeviceState, Scan
from tui.widgets.line_list import Pages

# --- the bench ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LiveWeight:
    """What lies on the scale at this moment."""

    grams: int | None
    """None when the scale does not answer."""
    stable: bool = False
    trouble: Message | None = None


class BenchSource(Protocol):
    """The bench of this station (core.floor.bench)."""

    def view(self) -> BenchView:
        """What to paint now."""

    def scan(self, scan: Scan) -> "Future[BenchView]":
        """Answer one scan, after commit."""

    def key(self, code: str) -> "Future[BenchView]":
        """A command by its code (``PKUNDO1``), pressed instead of scanned."""


# --- the queue --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which orders the queue shows; "" means all."""

    shop: str = ""
    warehouse: str = ""
    stage: str = ""
    hold: str = ""
    text: str = ""

    @property
    def any(self) -> bool:
        """Whether something is filtered."""
        return bool(self.shop or self.warehouse or self.stage or self.hold or self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One order in the list."""

    key: tuple[int, int]
    """``(ship_by, order_id)``: the order of the list."""
    number: str
    shop: str
    warehouse: str
    stage: str
    tier: str
    ship_by: int | None
    pieces: int
    goods: str
    """SKUs and options in one line."""
    receiver: str
    holds: tuple[str, ...] = ()
    """Codes of hold reasons."""
    note: bool = False
    """Whether the buyer left a note."""


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One event of an order."""

    at: int
    what: Message
    who: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """One evidence photo, or the reason why there is none."""

    at: int
    step: str
    path: str = ""
    missing: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One line of an order as its page shows it."""

    sku: str
    title: str
    spec: str
    bin: str
    quantity: int
    picked: int = 0
    verified: int = 0
    refunded: int = 0
    gift: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDetails:
    """Everything the order page shows."""

    number: str
    shop: str
    platform_numbers: tuple[str, ...]
    stage: str
    tier: str
    ship_by: int | None
    warehouse: str
    holds: tuple[str, ...]
    receiver: str
    """Name, phone and address in one line, as this operator may see it."""
    buyer_note: str
    seller_note: str
    lines: tuple[OrderLine, ...]
    parcels: tuple[Message, ...] = ()
    """One sentence per parcel: waybill, carrier, weight, what became of it."""
    timeline: tuple[TimelineRow, ...] = ()
    photos: tuple[PhotoRow, ...] = ()
    why: tuple[Message, ...] = ()
    """Why this warehouse, this carrier, this hold, this red."""


@dataclass(frozen=True, slots=True)
class PutBackRow:
    """Goods that belong back on their shelf."""

    number: str
    sku: str
    spec: str
    units: int
    bin: str
    since: int
    why: str
    """Code of the reason, as for a voided parcel."""


class QueueSource(Protocol):
    """Orders of all shops."""

    def pages(self, wanted: QueueFilter) -> Pages[QueueRow]:
        """The list under a filter, overdue first."""

    def choices(self, what: str) -> Sequence[tuple[str, str]]:
        """Codes and names to filter by; ``what`` is shop, warehouse, stage or hold."""

    def order(self, number: str) -> OrderDetails | None:
        """One order by its internal number."""

    def find(self, text: str) -> Sequence[QueueRow]:
        """Orders for any number: internal, platform, waybill, phone tail, receiver."""

    def release(self, number: str, reason: str) -> "Future[Message]":
        """Release one hold by its code, "" means all that a person may end.

        The Future raises Problem when it is not allowed.
        """

    def to_release(self, wanted: QueueFilter) -> int | None:
        """How many orders are held for the reason filtered by; None when that hold does not end
        for many at once."""

    def release_all(self, wanted: QueueFilter) -> "Future[Message]":
        """Release the hold filtered by for all of them. The Future raises Problem when it is not
        allowed."""

    def remedies(self, number: str) -> Sequence[tuple[str, Message, bool]]:
        """What a person may do about an order now: code, words, whether it wants a reason."""

    def remedy(self, number: str, code: str, reason: str) -> "Future[Message]":
        """Do one of them. The Future raises Problem when it is not allowed."""

    def reveal(self, number: str, reason: str) -> "Future[tuple[str, bool]]":
        """Who a hidden receiver is, and whether the order had to be fetched anew; asks the shop.
        The Future raises Problem: not allowed, not hidden, the quota is used up."""

    def put_backs(self) -> Sequence[PutBackRow]:
        """What is to be put back, oldest first."""


# --- files -------------------------------------------------------------------------------------


NO_NOTES = "∅"
"""The name of no column."""


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """One column of an order file."""

    key: tuple[int, int]
    """Which file, which column."""
    name: str
    """As the file has it; NO_NOTES where the file has no column for buyers' notes."""
    fields: tuple[str, ...]
    """What is read from it; empty when nothing is."""
    skipped: bool
    """Whether it is known to be of no use."""
    sample: str

    @property
    def unread(self) -> bool:
        """Whether nobody knows what it is."""
        return bool(self.name) and not self.fields and not self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLook:
    """What a look at the first rows of some order files found."""

    names: str = ""
    shop: str = ""
    """Whose they are; "" when that is not certain."""
    shops: tuple[str, ...] = ()
    """Whose they may be, when that is not certain."""
    columns: tuple[ColumnRow, ...] = ()
    missing: tuple[str, ...] = ()
    """Fields without which nothing can be read."""
    gone: tuple[str, ...] = ()
    """Columns the shop named that are not there any more."""
    orders: tuple[tuple[str, tuple[Message, ...]], ...] = ()
    """Number and sentences of the first orders."""
    refused: tuple[Message, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether a person should say what some columns are before the files are taken in."""
        return bool(self.missing or self.gone or any(column.unread for column in self.columns))


class FileSource(Protocol):
    """Order files, and files that take tracking numbers to shops."""

    def fields(self) -> Sequence[str]:
        """Codes of what a column can be."""

    def look(self, names: str, shop: str) -> "Future[FileLook]":
        """Look at files, named as a shell would; Taobao's two together. ``shop`` is whose they
        are; "" leaves it to the files."""

    def say_column(self, look: FileLook, column: str, field: str) -> "Future[FileLook]":
        """Say what a column is ("": of no use), and look again."""

    def undo(self, look: FileLook) -> "Future[FileLook]":
        """Take the last change back, and look again."""

    def import_files(self, names: str, shop: str) -> "Future[Message]":
        """Take the files in."""

    def to_export(self) -> Sequence[tuple[str, str, int]]:
        """Code, name and waiting parcels of every shop that is told by file."""

    def export_name(self, shop: str) -> str:
        """Where its next file would go."""

    def export(self, shop: str, file: str) -> "Future[Message]":
        """Write what the shop was not told yet, and mark it."""


# --- alerts -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One thing a supervisor should look at."""

    key: int
    """The alert's id."""
    red: bool
    kind: str
    """Code of the rule, e.g. ``untouched``."""
    what: Message
    number: str
    """The order it is about; "" when it is about a shop or a device."""
    since: int
    deadline: int | None = None
    """When it becomes worse: the courier's cut-off."""
    state: str = "open"
    """open, acknowledged or snoozed."""
    owner: str = ""
    holds: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    """Notifiers that have it."""


class AlertSource(Protocol):
    """Alerts and what a supervisor may do with them; every intent is audited by the core."""

    def rows(self) -> Sequence[AlertRow]:
        """All that are not closed, red first."""

    def acknowledge(self, key: int) -> "Future[Message]":
        """I have seen it. The Future raises Problem when it is not allowed."""

    def snooze(self, key: int, minutes: int) -> "Future[Message]":
        """Quiet for a while."""

    def assign(self, key: int, operator: str) -> "Future[Message]":
        """Somebody else's, by the code from ``people``."""

    def escalate(self, key: int) -> "Future[Message]":
        """Tell the next people now; it is red again until one of them takes it."""

    def people(self) -> Sequence[tuple[str, str]]:
        """Codes and names an alert may be given to."""

    def red_count(self) -> int:
        """How many red ones are open, for the top bar."""


# --- devices and sync -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopStatus:
    """One shop's sync."""

    shop: str
    channel: str
    last_success: int | None
    last_error: Message | None = None
    lag_s: int | None = None
    """How far the newest known order state is behind; None before the first success."""
    stopped: bool = False
    """True when it waits for a person (key refused, permission missing)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierStatus:
    """One group or person that alerts reach."""

    name: str
    kind: str
    waiting: int = 0
    """Alerts whose time has come and that did not arrive yet."""
    oldest: int | None = None
    delivered: int | None = None
    """When the last message was confirmed."""
    trouble: Message | None = None
    answer: str = ""
    """What the other side said last, when it was no success."""
    next_try: int | None = None


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """What waits to leave."""

    waiting: int = 0
    failed: int = 0
    oldest: int | None = None
    to_export: int = 0
    """Tracking numbers that wait for a person to write a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionBadge:
    """What the top bar and the devices pane say about freshness."""

    online: bool
    since: int | None = None
    """When the connection was lost."""
    orders_as_of: int | None = None
    refunds_as_of: int | None = None
    waybills_left: int | None = None
    to_send: int = 0


class DeviceSource(Protocol):
    """Devices of this station and the sync of this machine."""

    def devices(self) -> Sequence[DeviceState]:
        """Every configured device as it is now."""

    def shops(self) -> Sequence[ShopStatus]:
        """Every shop."""

    def notifiers(self) -> Sequence[NotifierStatus]:
        """Every notifier of the configuration."""

    def outbox(self) -> OutboxCounts:
        """What waits to leave."""

    def badge(self) -> ConnectionBadge:
        """Fresh or stale."""

    def test(self, device: str) -> "Future[Message]":
        """Ask a device to prove itself."""

    def retry(self) -> "Future[Message]":
        """Try everything that waits in the outbox now."""


# --- all of it --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Taste:
    """How this terminal likes it."""

    language: str = "zh_CN"
    theme: str = ""
    """dark, light or ansi; "" chooses by the terminal."""
    keys: dict[str, str] = field(default_factory=dict)
    """Remapped keys by action id."""
    sound_command: str = ""
    muted: bool = False
    low_bandwidth: bool = False
    scanner_prefix: str = ""
    scanner_suffixless: bool = False
    """The scanner sends nothing after a code: silence ends it."""
    start: str = ""
    """The pane to open with; "" means the bench where there is one, else the queue."""


class Painter(Protocol):
    """What background threads may tell the screens; every call returns at once."""

    def show_bench(self, view: BenchView) -> None:
        """The bench changed: a scan from a device, news about the order in hand."""

    def show_weight(self, weight: LiveWeight) -> None:
        """The scale moved."""

    def mention(self, what: Message) -> None:
        """Worth a word in passing, such as a code that was read twice."""


class House(Protocol):
    """Everything the screens need, made by ``tui.wiring``."""

    @property
    def clock(self) -> Clock:
        """The installation's clock."""

    @property
    def station(self) -> str:
        """The name of this bench or terminal."""

    @property
    def taste(self) -> Taste:
        """How this terminal likes it, as kept last."""

    @property
    def bench(self) -> BenchSource | None:
        """None on a terminal that is no bench: a supervisor over SSH."""

    @property
    def queue(self) -> QueueSource:
        """Orders."""

    @property
    def files(self) -> FileSource:
        """Files."""

    @property
    def alerts(self) -> AlertSource:
        """Alerts."""

    @property
    def devices(self) -> DeviceSource:
        """Devices and sync."""

    def start(self, painter: Painter) -> None:
        """Start devices and sync, after the first frame; they speak through the painter."""

    def changed(self) -> bool:
        """Whether the database changed since the last call."""

    def keep(self, taste: Taste) -> None:
        """Remember a changed taste."""

    def close(self) -> None:
        """Stop everything, in order."""
