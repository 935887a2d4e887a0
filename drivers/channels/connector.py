"""What is the same for every connector: its line, its limits, its windows, its carriers.

How a platform speaks is in the platform's own file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.clock import Clock
from core.ports import CallFailed, Fault, Shipment, WindowRules
from drivers.channels.access import ShopAccess
from drivers.channels.calls import Line
from drivers.channels.reading import Told, word

CARRIER_NAMES: Mapping[str, str] = {
    "sf": "SF Express",
    "yto": "YTO Express",
    "zto": "ZTO Express",
    "sto": "STO Express",
    "yunda": "Yunda Express",
    "jt": "J&T Express",
    "jd": "JD Logistics",
    "ems": "EMS",
    "deppon": "Deppon",
}
"""Our carrier codes as a customer reads them, for platforms without codes of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is asked of a platform, and how long it is waited for."""

    page_size: int = 100
    per_second: int = 10
    """Calls, on the injected clock; 0 for no bound."""
    connect_s: float = 5.0
    """Real seconds, as the next one."""
    read_s: float = 20.0


class Connector:
    """One shop on a platform, as core's ``Channel``; safe across threads."""

    rules: WindowRules
    limits = Limits()
    """What this platform bears."""
    listed_by = "created_at"
    """The time of an order that ``created`` lists by; ``paid_at`` where the platform does so."""
    carriers: Mapping[str, str] = {}
    """Our carrier codes in the platform's; a shop may add or override one."""

    def __init__(self, access: ShopAccess, clock: Clock, limits: Limits | None = None) -> None:
        """``limits`` for others than the platform's usual ones."""
        limits = limits or self.limits
        self.shop_code = access.code
        self._line = Line(
            access.url,
            clock,
            per_second=limits.per_second,
            connect_s=limits.connect_s,
            read_s=limits.read_s,
        )
        self._page_size = limits.page_size
        self._carriers = {**self.carriers, **access.carriers}

    def server_now(self) -> int:
        """The platform's clock; our own when it was never heard. UTC milliseconds."""
        return self._line.server_now()

    def leave(self) -> None:
        """Wait for nothing any more; calls that are under way end by themselves."""
        self._line.leave()

    def close(self) -> None:
        """Let the connections go; the next call opens new ones."""
        self._line.close()

    def changes(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Order numbers changed in [start, end), page by page; twice is possible, never is not.

        Raises CallFailed, also for a page that holds less than the platform's own count.
        """
        span = self.rules.span_s * 1000
        for since in range(start, end, span):
            yield from self._window(since, min(since + span, end))

    def _window(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """``changes`` of a window that is no wider than the platform allows."""
        raise NotImplementedError

    def _carrier(self, shipment: Shipment) -> str:
        """The platform's word for a parcel's carrier. Raises CallFailed when there is none."""
        told = self._carriers.get(shipment.carrier)
        if told is None:
            raise CallFailed(Fault.PERMISSION, "carrier", shipment.carrier)
        return told


def asked_for(told: Told, key: str, number: str) -> Told:
    """What was told, once it is the order that was asked for. Raises CallFailed."""
    if word(told.get(key)) != number:
        raise CallFailed(Fault.TRANSIENT, "no_order", f"expected order {number}")
    return told


def numeral(number: str) -> int:
    """An order number where a platform wants a number. Raises CallFailed for one that is none."""
    if not (number.isascii() and number.isdecimal()):
        raise CallFailed(Fault.BUSINESS, "number", f"expected digits, got {number}")
    return int(number)
