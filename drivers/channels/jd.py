"""JD: one shop of a merchant who ships himself (POP) through the open platform (JOS).

Changes are listed by page number, up to a number of pages the platform does not go beyond: a
window with more is halved until each half fits. Orders that are not paid are never told.
"""

from collections.abc import Callable, Iterator, Mapping

from core.clock import Clock
from core.ports import CallFailed, Fault, PlatformOrder, Shipment, ShippedParcel, WindowRules
from drivers.channels import jos_order
from drivers.channels.access import Tokens
from drivers.channels.calls import Line
from drivers.channels.jos import Gateway, outcome
from drivers.channels.pages import Backwards, Page, numbers_in, whole
from drivers.channels.reading import Told, part, wire_time, word

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
    "jd": "2087",
    "ems": "465",
    "deppon": "3046",
}
"""Our carrier codes in the platform's numbers; a shop may add or override one."""
_CAP = 100
"""Pages of one listing the platform shows at least."""


class JdShop:
    """One shop on JD, as core's ``Channel``."""

    rules = WindowRules(span_s=21_600)

    def __init__(  # noqa: PLR0917 - what a platform asks for, in the order it is handed out
        self,
        base_url: str,
        app_key: str,
        app_secret: str,
        session: str,
        shop_code: str,
        clock: Clock,
        *,
        refresh_token: str = "",
        save_tokens: Callable[[Tokens], None] | None = None,
        oauth_url: str = "",
        carriers: Mapping[str, str] | None = None,
        page_size: int = 100,
        page_cap: int = _CAP,
        per_second: int = 10,
        connect_s: float = 5.0,
        read_s: float = 20.0,
    ) -> None:
        """``session`` is the access token; timeouts are real seconds."""
        self.shop_code = shop_code
        self._line = Line(
            base_url, clock, per_second=per_second, connect_s=connect_s, read_s=read_s
        )
        self._jos = Gateway(
            self._line,
            app_key,
            app_secret,
            Tokens(session, refresh_token),
            oauth_url=oauth_url,
            save=save_tokens,
        )
        self._carriers = {**CARRIERS, **(carriers or {})}
        self._page_size, self._cap = page_size, page_cap

    def server_now(self) -> int:
        """The platform's clock; our own when it was never heard."""
        return self._line.server_now()

    def close(self) -> None:
        """Let the connections go."""
        self._line.close()

    # --- reading --------------------------------------------------------------------------------

    def changes(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Order numbers changed in [start, end), page by page; twice is possible, never is not.

        Raises CallFailed, also for a page that holds less than the platform's own count.
        """
        span = self.rules.span_s * 1000
        for since in range(start, end, span):
            yield from self._within(since // 1000, -(-min(since + span, end) // 1000))

    def _within(self, since: int, until: int) -> Iterator[tuple[str, ...]]:
        """A window in whole seconds, both ends in it, halved while it holds too many pages."""
        window = _Window(self._jos, since, until, self._page_size, self._cap)
        total = window.total()
        if total <= (self._cap - 1) * self._page_size:
            yield from window.pages(total)
            return
        if until - since < 2:
            raise CallFailed(Fault.PERMISSION, "page_cap", f"{total} orders in a second")
        middle = (since + until) // 2
        yield from self._within(since, middle)
        yield from self._within(middle, until)

    def detail(self, number: str) -> PlatformOrder:
        """The truth about one order. Raises CallFailed."""
        return jos_order.order(self._order(number, jos_order.FIELDS), self.server_now())

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        """The waybills the platform has for an order. Raises CallFailed."""
        return jos_order.parcels(self._order(number, jos_order.SHIPPED_FIELDS))

    def _order(self, number: str, fields: str) -> Told:
        asked = {"source_id": "JOS", "order_id": _numeral(number), "optional_fields": fields}
        told = part(outcome(self._jos.call(DETAIL, asked), "orderDetailInfo"), "orderInfo")
        if word(told.get("orderId")) != number:
            raise CallFailed(Fault.TRANSIENT, "no_order", f"expected order {number}")
        return told

    # --- shipping -------------------------------------------------------------------------------

    def ship(self, shipment: Shipment) -> None:
        """Report a waybill. Raises CallFailed, ``in_doubt`` when it may have been taken.

        The platform ships whole orders only. A second report is refused (10400001): what the
        platform then has is told by ``shipped``.
        """
        company = self._carriers.get(shipment.carrier)
        if company is None:
            raise CallFailed(Fault.PERMISSION, "carrier", shipment.carrier)
        if shipment.sub_numbers:
            raise CallFailed(Fault.PERMISSION, "whole_orders", shipment.platform_number)
        parcel = {
            "orderId": _numeral(shipment.platform_number),
            "logiCoprId": company,
            "logiNo": shipment.waybill,
        }
        content = self._jos.call(SHIP, parcel, writes=True)
        outcome(content, "sopjosshipment_result", writes=True)


class _Window(Backwards):
    """One listing of changes between two seconds, both in it."""

    def __init__(self, jos: Gateway, since: int, until: int, page_size: int, cap: int) -> None:
        super().__init__(page_size)
        self._jos = jos
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
            "dateType": 0,  # by the time of change
        }
        return outcome(self._jos.call(LISTING, asked), "searchorderinfo_result")


def _numeral(number: str) -> int:
    """An order number as the platform wants it. Raises CallFailed for one that is none."""
    if not number.isascii() or not number.isdecimal():
        raise CallFailed(Fault.BUSINESS, "number", f"expected digits, got {number}")
    return int(number)
