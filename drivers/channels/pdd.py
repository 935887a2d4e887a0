"""Pinduoduo: one shop through the open platform (POP).

Changes are listed by page number, in windows of at most half an hour that end three minutes in the
past; the platform's documentation wants them read from the last page to the first. Groups that
have not formed are never told.
"""

from collections.abc import Callable, Iterator, Mapping

from core.clock import Clock
from core.ports import CallFailed, Fault, PlatformOrder, Shipment, ShippedParcel, WindowRules
from drivers.channels import pdd_order
from drivers.channels.access import Tokens
from drivers.channels.calls import Line
from drivers.channels.pages import Backwards, Page, numbers_in, whole
from drivers.channels.pop import Gateway, confirmed
from drivers.channels.reading import Told, part, word

GATEWAY = "https://gw-api.pinduoduo.com/api/router"
LISTING = "pdd.order.number.list.increment.get"
DETAIL = "pdd.order.information.get"
SHIP = "pdd.logistics.online.send"
CARRIERS: Mapping[str, str] = {
    "sto": "1",
    "sf": "44",
    "yto": "85",
    "zto": "115",
    "ems": "118",
    "jd": "120",
    "yunda": "121",
    "deppon": "131",
    "jt": "384",
}
"""Our carrier codes in the platform's numbers; a shop may add or override one
(``pdd.logistics.companies.get``)."""
_ALL = 5
_FIRST_REPORT = 1
"""Only an order that is still to be shipped takes the waybill; 2 would overwrite one, unasked."""


class PddShop:
    """One shop on Pinduoduo, as core's ``Channel``."""

    rules = WindowRules(span_s=1740, delay_s=185)

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
        carriers: Mapping[str, str] | None = None,
        page_size: int = 100,
        per_second: int = 20,
        connect_s: float = 5.0,
        read_s: float = 20.0,
    ) -> None:
        """``app_key`` is the client id, ``session`` the access token; timeouts are real seconds."""
        self.shop_code = shop_code
        self._line = Line(
            base_url, clock, per_second=per_second, connect_s=connect_s, read_s=read_s
        )
        tokens = Tokens(session, refresh_token)
        self._pop = Gateway(self._line, app_key, app_secret, tokens, save=save_tokens)
        self._carriers = {**CARRIERS, **(carriers or {})}
        self._page_size = page_size

    def server_now(self) -> int:
        """The platform's clock; our own when it was never heard."""
        return self._line.server_now()

    def close(self) -> None:
        """Let the connections go."""
        self._line.close()

    # --- reading --------------------------------------------------------------------------------

    def changes(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Order numbers changed in [start, end), page by page; twice is possible, never is not.

        Normal orders and deposits are two listings. Raises CallFailed, also for a page that holds
        less than the platform's own count.
        """
        span = self.rules.span_s * 1000
        for since in range(start, end, span):
            for kind in (0, 1):
                until = min(since + span, end)
                yield from _Window(self._pop, since, until, kind, self._page_size).pages()

    def detail(self, number: str) -> PlatformOrder:
        """The truth about one order. Raises CallFailed."""
        return pdd_order.order(self._order(number), self.server_now())

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        """The waybills the platform has for an order. Raises CallFailed."""
        return pdd_order.parcels(self._order(number))

    def _order(self, number: str) -> Told:
        told = part(self._pop.call(DETAIL, {"order_sn": number}), "order_info")
        if word(told.get("order_sn")) != number:
            raise CallFailed(Fault.TRANSIENT, "no_order", f"expected order {number}")
        return told

    # --- shipping -------------------------------------------------------------------------------

    def ship(self, shipment: Shipment) -> None:
        """Report a waybill. Raises CallFailed, ``in_doubt`` when it may have been taken.

        The platform ships whole orders only. A second report is refused: what the platform then
        has is told by ``shipped``.
        """
        company = self._carriers.get(shipment.carrier)
        if company is None:
            raise CallFailed(Fault.PERMISSION, "carrier", shipment.carrier)
        if shipment.sub_numbers:
            raise CallFailed(Fault.PERMISSION, "whole_orders", shipment.platform_number)
        parcel = {
            "order_sn": shipment.platform_number,
            "logistics_id": company,
            "tracking_number": shipment.waybill,
            "redelivery_type": _FIRST_REPORT,
        }
        if not confirmed(self._pop.call(SHIP, parcel, writes=True)):
            raise CallFailed(Fault.TRANSIENT, "not_confirmed", in_doubt=True)


class _Window(Backwards):
    """One listing of changes between two moments, of one kind of order."""

    def __init__(self, pop: Gateway, start: int, end: int, kind: int, page_size: int) -> None:
        super().__init__(page_size)
        self._pop = pop
        # Bounds are whole seconds on the wire: widen to them, seeing an order twice does no harm.
        self._asked = {
            "start_updated_at": start // 1000,
            "end_updated_at": -(-end // 1000),
            "order_status": _ALL,
            "refund_status": _ALL,
            "is_lucky_flag": 0,
            "trade_type": kind,
            "page_size": page_size,
        }

    def _total(self) -> int:
        told = self._pop.call(LISTING, {**self._asked, "page": 1, "use_has_next": False})
        return whole(told.get("total_count"), "total_count")

    def _page(self, page: int) -> Page:
        told = self._pop.call(LISTING, {**self._asked, "page": page, "use_has_next": True})
        more = str(told.get("has_next")).lower() == "true"
        return numbers_in(told.get("order_sn_list"), "order_sn", page), more
