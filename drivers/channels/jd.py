"""JD: one shop of a merchant who ships himself (POP) through the open platform (JOS).

Changes are listed by page number, up to a number of pages the platform does not go beyond: a
window with more is halved until each half fits. Orders that are not paid are never told.
"""

from collections.abc import Iterator, Mapping

from core.clock import Clock
from core.ports import CallFailed, Fault, PlatformOrder, Shipment, ShippedParcel, WindowRules
from drivers.channels import jos_order
from drivers.channels.access import ShopAccess, at_once
from drivers.channels.connector import Connector, Limits, asked_for, numeral
from drivers.channels.jos import Gateway, outcome
from drivers.channels.pages import Backwards, Page, numbers_in, whole
from drivers.channels.reading import Told, part, seconds_in, whole_seconds, wire_time

GATEWAY = "https://api.jd.com/routerjson"
LISTING = "jingdong.pop.order.search"
DETAIL = "jingdong.pop.order.get"
SHIP = "jingdong.pop.order.shipment"
CARRIERS: Mapping[str, str] = {
    "sf": "467",
    "yto": "463",
    "zto": "1499",
    "sto": "470",
    "yunda": "1327",
    "jt": "1255654",
    "jd": "2087",
    "ems": "465",
    "deppon": "3046",
}
_BY_CHANGE, _BY_CREATION = 0, 1
_CAP = 100
"""Pages of one listing the platform shows at least."""


class JdShop(Connector):
    """One shop on JD, as core's ``Channel``."""

    rules = WindowRules(span_s=21_600)
    carriers = CARRIERS

    def __init__(
        self,
        access: ShopAccess,
        clock: Clock,
        limits: Limits | None = None,
        *,
        page_cap: int = _CAP,
    ) -> None:
        super().__init__(access, clock, limits)
        self._jos = Gateway(self._line, access)
        self._cap = page_cap

    # --- reading --------------------------------------------------------------------------------

    def _window(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        return self._within(*whole_seconds(start, end), _BY_CHANGE)

    def created(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Numbers of all paid orders created in [start, end), page by page. Raises CallFailed."""
        return self._within(*seconds_in(start, end), _BY_CREATION)

    def _within(self, since: int, until: int, by: int) -> Iterator[tuple[str, ...]]:
        """A window in whole seconds, both ends in it, halved while it holds too many pages."""
        window = _Window(self._jos, since, until, by=by, page_size=self._page_size, cap=self._cap)
        total = window.total()
        if total <= (self._cap - 1) * self._page_size:
            yield from window.pages(total)
            return
        if until - since < 2:
            raise CallFailed(Fault.PERMISSION, "page_cap", f"{total} orders in a second")
        middle = (since + until) // 2
        yield from self._within(since, middle, by)
        yield from self._within(middle, until, by)

    def detail(self, number: str) -> PlatformOrder:
        """The truth about one order. Raises CallFailed."""
        return jos_order.order(self._order(number, jos_order.FIELDS), self.server_now())

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        """The waybills the platform has for an order. Raises CallFailed."""
        return jos_order.parcels(self._order(number, jos_order.SHIPPED_FIELDS))

    def _order(self, number: str, fields: str) -> Told:
        asked = {"source_id": "JOS", "order_id": numeral(number), "optional_fields": fields}
        told = part(outcome(self._jos.call(DETAIL, asked), "orderDetailInfo"), "orderInfo")
        return asked_for(told, "orderId", number)

    # --- shipping -------------------------------------------------------------------------------

    @at_once
    def ship(self, shipment: Shipment) -> None:
        """Report a waybill. Raises CallFailed, ``in_doubt`` when it may have been taken.

        The platform ships whole orders only. A second report is refused (10400001): what the
        platform then has is told by ``shipped``.
        """
        company = self._carrier(shipment)
        if shipment.sub_numbers:
            raise CallFailed(Fault.PERMISSION, "whole_orders", shipment.platform_number)
        parcel = {
            "orderId": numeral(shipment.platform_number),
            "logiCoprId": company,
            "logiNo": shipment.waybill,
        }
        content = self._jos.call(SHIP, parcel, writes=True)
        outcome(content, "sopjosshipment_result", writes=True)


class _Window(Backwards):
    """One listing of what changed, or was created, between two seconds, both in it."""

    def __init__(
        self, jos: Gateway, since: int, until: int, *, by: int, page_size: int, cap: int
    ) -> None:
        super().__init__(page_size)
        self._jos = jos
        self._by = by
        self._cap = cap
        # The platform wants a window to have some width.
        self._bounds = {
            "start_date": wire_time(since * 1000),
            "end_date": wire_time(max(until, since + 1) * 1000),
        }

    def total(self) -> int:
        """How many orders the window holds now. Raises CallFailed."""
        return self._total()

    def _total(self) -> int:
        return whole(self._ask(1, 1).get("orderTotal"), "orderTotal")

    def _page(self, page: int) -> Page:
        if page > self._cap:
            raise CallFailed(Fault.TRANSIENT, "page_cap", f"page {page}")
        told = self._ask(page, self._size)
        total = whole(told.get("orderTotal"), "orderTotal")
        return numbers_in(told.get("orderInfoList"), "orderId", page), page * self._size < total

    def _ask(self, page: int, size: int) -> Told:
        asked = {
            "source_id": "JOS",
            "order_state": "ALL",
            "optional_fields": "orderId,modified",
            **self._bounds,
            "page": str(page),
            "page_size": str(size),
            "dateType": self._by,
        }
        return outcome(self._jos.call(LISTING, asked), "searchorderinfo_result")
