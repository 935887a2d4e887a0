"""A shop, a carrier and a printer in memory: honest state machines with scripted failures.

They keep what they were told and answer from it; ``fails`` is a queue of what goes wrong next:
a CallFailed raised before anything happens, or Lost(...) raised after it happened.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from core.messages import message
from core.ports import (
    CallFailed,
    Fault,
    LabelFacts,
    PlatformOrder,
    PrinterAnswer,
    PrinterStatus,
    PrintFailed,
    Shipment,
    ShippedParcel,
    SlipFacts,
    Waybill,
    WaybillRequest,
    WindowRules,
)


@dataclass
class Lost:
    """The other side does it, and its answer never arrives."""

    failure: CallFailed = field(
        default_factory=lambda: CallFailed(Fault.TRANSIENT, "timeout", in_doubt=True)
    )


def before() -> CallFailed:
    """The call never arrived."""
    return CallFailed(Fault.TRANSIENT, "connect", in_doubt=False)


def unsure() -> CallFailed:
    """The call never arrived, but nobody here can know."""
    return CallFailed(Fault.TRANSIENT, "timeout", in_doubt=True)


class Crash(BaseException):
    """The process dies here."""


class Scripted:
    """Plays the next scripted failure around a piece of work."""

    def __init__(self) -> None:
        self.fails: deque[object] = deque()
        self.calls = 0

    def _play(self, work: Callable[[], object]) -> object:
        self.calls += 1
        next_one = self.fails.popleft() if self.fails else None
        if isinstance(next_one, Lost):
            work()
            raise next_one.failure
        if isinstance(next_one, BaseException):
            raise next_one
        return work()


class MemoryShop(Scripted):
    """One shop: orders with their version, a listing by change time in pages, shipments."""

    listed_by = "created_at"

    def __init__(self, now: Callable[[], int], page: int = 2, **rules: int) -> None:
        super().__init__()
        self.now = now
        self.page = page
        self.rules = WindowRules(**({"span_s": 86_400, "delay_s": 180, "first_days": 1} | rules))
        self.orders: dict[str, PlatformOrder] = {}
        self.parcels: dict[str, list[str]] = {}
        self.accepted: list[tuple[str, str]] = []
        """Every shipment that took effect, in order."""
        self.told_of: list[tuple[str, ...]] = []
        """The lines that each of them named."""
        self.between: Callable[[], None] = lambda: None
        """Called between two pages."""
        self.unreadable: dict[str, CallFailed] = {}
        self.asked: list[tuple[int, int]] = []
        self.page_fails: deque[object] = deque()
        self.unlisted: set[str] = set()
        """Orders that the listing by creation leaves out."""

    def put(self, *orders: PlatformOrder) -> None:
        for order in orders:
            self.orders[order.number] = order

    def server_now(self) -> int:
        return self.now()

    def changes(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Last page first over a fixed window, as the real ones must be read."""
        self.asked.append((start, end))
        listed = len(self._listing(start, end))
        for index in reversed(range(0, listed, self.page)):
            if self.page_fails and (failure := self.page_fails.popleft()):
                raise failure
            yield tuple(self._listing(start, end)[index : index + self.page])
            self.between()

    def _listing(self, start: int, end: int) -> list[str]:
        rows = [o for o in self.orders.values() if start <= o.modified_at < end]
        return [o.number for o in sorted(rows, key=lambda o: o.modified_at, reverse=True)]

    def created(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        if self.page_fails and (failure := self.page_fails.popleft()):
            raise failure
        yield tuple(
            o.number
            for o in self.orders.values()
            if start <= (getattr(o, self.listed_by) or 0) < end and o.number not in self.unlisted
        )

    def detail(self, number: str) -> PlatformOrder:
        if number in self.unreadable:
            raise self.unreadable[number]
        return self.orders[number]

    def ship(self, shipment: Shipment) -> None:
        def work() -> None:
            number = shipment.platform_number
            if number in self.parcels:
                raise CallFailed(Fault.BUSINESS, "B27", "already has a consign order")
            self.parcels[number] = [shipment.waybill]
            self.accepted.append((number, shipment.waybill))
            self.told_of.append(shipment.sub_numbers)

        self._play(work)

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        found = tuple(ShippedParcel(waybill=w) for w in self.parcels.get(number, ()))
        return self._play(lambda: found)  # type: ignore[return-value]


class MemoryCarrier(Scripted):
    """Sells waybills; forgets nothing. Buying twice with a reference really buys twice."""

    def __init__(self) -> None:
        super().__init__()
        self.bought: list[tuple[str, str]] = []
        self.voided: list[str] = []
        self.during: Callable[[], None] = lambda: None
        """Happens while a purchase is on its way."""

    def buy(self, request: WaybillRequest) -> Waybill:
        def work() -> Waybill:
            number = f"ZT{len(self.bought) + 1:04d}"
            self.bought.append((request.reference, number))
            return self._waybill(number, request.carrier)

        self.during()
        return self._play(work)  # type: ignore[return-value]

    def find(self, request: WaybillRequest) -> Waybill | None:
        numbers = [n for reference, n in self.bought if reference == request.reference]
        found = self._waybill(numbers[0], request.carrier) if numbers else None
        return self._play(lambda: found)  # type: ignore[return-value]

    def void(self, waybill: Waybill, reference: str) -> None:
        self._play(lambda: self.voided.append(waybill.number))

    def _waybill(self, number: str, carrier: str) -> Waybill:
        return Waybill(number=number, carrier=carrier or "zto", routing_mark="广州-天河 021")


@dataclass
class MemoryPrinter:
    """Paper as a list; a fault or a doubt may be scripted for the next jobs."""

    name: str = "label"
    paper: list[LabelFacts | SlipFacts] = field(default_factory=list)
    fails: deque[BaseException | None] = field(default_factory=deque)

    def status(self) -> PrinterStatus:
        return PrinterStatus(PrinterAnswer.READY)

    def print_label(self, label: LabelFacts) -> None:
        self._put(label)

    def print_slip(self, slip: SlipFacts) -> None:
        self._put(slip)

    def _put(self, facts: LabelFacts | SlipFacts) -> None:
        failure = self.fails.popleft() if self.fails else None
        if failure is not None:
            raise failure
        self.paper.append(facts)


def paper_out() -> PrintFailed:
    return PrintFailed(message("printer.paper_out"))


def cut_off() -> PrintFailed:
    return PrintFailed(message("printer.unreachable"), in_doubt=True)
