"""Kuaituantuan: one group-buy leader's orders, through Pinduoduo's gateway.

Changes are listed by page number with the count of all; they are read from the last page to the
first. The platform takes the same waybill twice, so what it has is read before one is reported.
"""

from collections.abc import Iterator, Mapping

from core.clock import Clock
from core.ports import CallFailed, Fault, PlatformOrder, Shipment, ShippedParcel, WindowRules
from drivers.channels import ktt_order
from drivers.channels.access import ShopAccess, at_once
from drivers.channels.connector import Connector, Limits, asked_for
from drivers.channels.pages import Backwards, Page, numbers_in, whole
from drivers.channels.pdd import CARRIERS, GATEWAY
from drivers.channels.pop import Gateway, confirmed
from drivers.channels.reading import Told, rows, whole_seconds, word

__all__ = ["CARRIERS", "GATEWAY", "KttShop"]

LISTING = "pdd.ktt.increment.order.query"
DEALS = "pdd.ktt.order.list"
"""By the time of the deal, a day at most."""
DETAIL = "pdd.ktt.order.get"
SHIP = "pdd.ktt.order.logistic.create"
TAKE_BACK = "pdd.ktt.order.logistic.delete"
NAMES: Mapping[str, str] = {
    "sto": "申通快递",
    "sf": "顺丰速运",
    "yto": "圆通快递",
    "zto": "中通快递",
    "ems": "邮政EMS",
    "jd": "京东快递",
    "yunda": "韵达快递",
    "deppon": "德邦快递",
    "jt": "极兔速递",
}
"""What the platform calls the carriers, told beside their numbers."""


class KttShop(Connector):
    """One leader's groups, as core's ``Channel``."""

    rules = WindowRules(span_s=1740, delay_s=185, peek_by="created")
    limits = Limits(page_size=50, per_second=20)
    carriers = CARRIERS

    def __init__(self, access: ShopAccess, clock: Clock, limits: Limits | None = None) -> None:
        """``app_key`` is the client id, ``session`` the access token."""
        super().__init__(access, clock, limits)
        self._pop = Gateway(self._line, access)

    # --- reading --------------------------------------------------------------------------------

    def _window(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        since, until = whole_seconds(start, end)  # times may be kept to the second
        bounds = {"start_updated_at": since * 1000, "end_updated_at": until * 1000}
        return _Window(self._pop, LISTING, bounds, self._page_size).pages()

    def created(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Numbers of all deals made in [start, end), page by page. Raises CallFailed."""
        bounds = {"confirm_at_begin": start, "confirm_at_end": end - 1}
        return _Window(self._pop, DEALS, bounds, self._page_size).pages()

    def detail(self, number: str) -> PlatformOrder:
        """The truth about one order. Raises CallFailed."""
        return ktt_order.order(self._order(number), self.server_now())

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        """The waybills the platform has for an order. Raises CallFailed."""
        return ktt_order.parcels(self._order(number))

    def _order(self, number: str) -> Told:
        content = self._pop.call(DETAIL, {"order_sn": number})
        inner = [one for one in content.values() if isinstance(one, dict) and "order_sn" in one]
        told: Told = content if "order_sn" in content or not inner else inner[0]
        return asked_for(told, "order_sn", number)

    # --- shipping -------------------------------------------------------------------------------

    @at_once
    def ship(self, shipment: Shipment) -> None:
        """Report a waybill unless the platform has it. Raises CallFailed, ``in_doubt`` when it may
        have been taken.

        Gifts travel with their line and have no number to report.
        """
        company = self._carrier(shipment)
        told = self._order(shipment.platform_number)
        subs = self._reported(told, shipment)
        if self._already_there(told, shipment, subs):
            return
        parcel = {
            "orderSn": shipment.platform_number,
            "subOrderSnList": list(subs) if subs else None,
            "logisticsId": company,
            "logisticsName": NAMES.get(shipment.carrier),
            "waybillNo": shipment.waybill,
        }
        if not confirmed(self._pop.call(SHIP, parcel, writes=True)):
            raise CallFailed(Fault.TRANSIENT, "not_confirmed", in_doubt=True)

    @at_once
    def reship(self, shipment: Shipment, old: str) -> None:
        """Take the report of ``old`` back, then report the new waybill. Raises CallFailed,
        ``in_doubt`` when some of it may have been done: asked again, it goes on where it was."""
        subs = self._reported(self._order(shipment.platform_number), shipment)
        parcel = {
            "orderSn": shipment.platform_number,
            "subOrderSnList": list(subs) if subs else None,
            "waybillNo": old,
        }
        if not confirmed(self._pop.call(TAKE_BACK, parcel, writes=True)):
            raise CallFailed(Fault.TRANSIENT, "not_confirmed", in_doubt=True)
        self.ship(shipment)

    @staticmethod
    def _reported(told: Told, shipment: Shipment) -> tuple[str, ...]:
        """The lines to name: none for the whole order. Raises CallFailed for one it lacks."""
        known = {word(line.get("sub_order_sn")) for line in rows(told.get("sub_order_list"))}
        named = tuple(sub for sub in shipment.sub_numbers if f"-{ktt_order.GIFT}" not in sub)
        if not set(named) <= known or (shipment.sub_numbers and not named):
            raise CallFailed(Fault.BUSINESS, "no_lines", " ".join(shipment.sub_numbers))
        return named

    @staticmethod
    def _already_there(told: Told, shipment: Shipment, subs: tuple[str, ...]) -> bool:
        """Whether the platform has our waybill for these lines. Raises CallFailed for another."""
        waybills = {
            parcel.waybill
            for parcel in ktt_order.parcels(told)
            if not subs or not parcel.sub_number or parcel.sub_number in subs
        }
        if waybills - {shipment.waybill}:
            raise CallFailed(Fault.BUSINESS, "already_shipped", " ".join(sorted(waybills)))
        return bool(waybills)


class _Window(Backwards):
    """One listing between two moments."""

    def __init__(
        self, pop: Gateway, listing: str, bounds: Mapping[str, int], page_size: int
    ) -> None:
        super().__init__(page_size)
        self._pop = pop
        self._listing = listing
        self._asked = {**bounds, "page_size": page_size}

    def _total(self) -> int:
        told = self._pop.call(self._listing, {**self._asked, "page_number": 1})
        return whole(told.get("total_count"), "total_count")

    def _page(self, page: int) -> Page:
        told = self._pop.call(self._listing, {**self._asked, "page_number": page})
        total = whole(told.get("total_count"), "total_count")
        return numbers_in(told.get("order_list"), "order_sn", page), page * self._size < total
