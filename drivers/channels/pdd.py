"""Pinduoduo: one shop through the open platform (POP).

Changes are listed by page number, in windows of at most half an hour that end three minutes in the
past; the platform's documentation wants them read from the last page to the first. Groups that
have not formed are never told.
"""

import json
from collections.abc import Iterator, Mapping

from core.clock import Clock
from core.ports import (
    MISMATCH,
    CallFailed,
    Fault,
    PlatformOrder,
    Receiver,
    Shipment,
    ShippedParcel,
    WindowRules,
)
from drivers.channels import pdd_order
from drivers.channels.access import ShopAccess, at_once
from drivers.channels.connector import Connector, Limits, asked_for
from drivers.channels.pages import Backwards, Page, numbers_in, whole
from drivers.channels.pop import Gateway, confirmed
from drivers.channels.reading import Told, part, rows, seconds_in, whole_seconds
from drivers.channels.refusal import used_up

GATEWAY = "https://gw-api.pinduoduo.com/api/router"
LISTING = "pdd.order.number.list.increment.get"
CONFIRMED = "pdd.order.list.get"
DETAIL = "pdd.order.information.get"
SHIP = "pdd.logistics.online.send"
DECRYPT = "pdd.open.decrypt.batch"
_MISMATCH = "50032"
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
"""As ``pdd.logistics.companies.get`` tells them."""
_ALL = 5
_FIRST_REPORT = 1
"""Only an order that is still to be shipped takes the waybill; 2 would overwrite one, unasked."""


class PddShop(Connector):
    """One shop on Pinduoduo, as core's ``Channel``."""

    rules = WindowRules(span_s=1740, delay_s=185, peek_by="created")
    limits = Limits(per_second=20)
    carriers = CARRIERS
    listed_by = "paid_at"

    def __init__(self, access: ShopAccess, clock: Clock, limits: Limits | None = None) -> None:
        """``app_key`` is the client id, ``session`` the access token."""
        super().__init__(access, clock, limits)
        self._pop = Gateway(self._line, access)

    # --- reading --------------------------------------------------------------------------------

    def _window(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Normal orders and deposits are two listings."""
        for kind in (0, 1):
            yield from _Window(self._pop, start, end, kind, self._page_size).pages()

    def created(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Numbers of all orders that were paid, and whose group formed, in [start, end), page by
        page. Raises CallFailed."""
        for kind in (0, 1):
            yield from _Confirmed(self._pop, start, end, kind, self._page_size).pages()

    def detail(self, number: str) -> PlatformOrder:
        """The truth about one order. Raises CallFailed."""
        return pdd_order.order(self._order(number), self.server_now())

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        """The waybills the platform has for an order. Raises CallFailed."""
        return pdd_order.parcels(self._order(number))

    def _order(self, number: str) -> Told:
        told = part(self._pop.call(DETAIL, {"order_sn": number}), "order_info")
        return asked_for(told, "order_sn", number)

    def reveal(self, number: str, receiver: Receiver) -> Receiver:
        """Who a hidden receiver is, by the ciphers kept for them. Raises CallFailed.

        Outside the platform's own cloud: one call in ten seconds, a hundred a day.
        """
        hidden = pdd_order.ciphers(receiver)
        asked = [{"data_tag": number, "encrypted_data": cipher} for cipher in hidden.values()]
        try:
            told = self._pop.call(DECRYPT, {"data_list": json.dumps(asked)})
            return pdd_order.in_clear(receiver, hidden, rows(told.get("data_decrypt_list")))
        except CallFailed as failed:
            if failed.code == _MISMATCH:
                raise CallFailed(Fault.BUSINESS, MISMATCH, failed.text) from failed
            raise used_up(failed, self.server_now()) from failed

    # --- shipping -------------------------------------------------------------------------------

    @at_once
    def ship(self, shipment: Shipment) -> None:
        """Report a waybill. Raises CallFailed, ``in_doubt`` when it may have been taken.

        The platform ships whole orders only. A second report is refused: what the platform then
        has is told by ``shipped``.
        """
        company = self._carrier(shipment)
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

    listing = LISTING
    rows = "order_sn_list"

    def __init__(self, pop: Gateway, start: int, end: int, kind: int, page_size: int) -> None:
        super().__init__(page_size)
        self._pop = pop
        self._asked = {
            **self._bounds(start, end),
            "order_status": _ALL,
            "refund_status": _ALL,
            "trade_type": kind,
            "page_size": page_size,
        }

    def _bounds(self, start: int, end: int) -> dict[str, object]:
        since, until = whole_seconds(start, end)
        return {"start_updated_at": since, "end_updated_at": until, "is_lucky_flag": 0}

    def _total(self) -> int:
        told = self._pop.call(self.listing, {**self._asked, "page": 1, "use_has_next": False})
        return whole(told.get("total_count"), "total_count")

    def _page(self, page: int) -> Page:
        told = self._pop.call(self.listing, {**self._asked, "page": page, "use_has_next": True})
        more = str(told.get("has_next")).lower() == "true"
        return numbers_in(told.get(self.rows), "order_sn", page), more


class _Confirmed(_Window):
    """One listing by the time of the deal (at most a day wide), of one kind of order."""

    listing = CONFIRMED
    rows = "order_list"

    def _bounds(self, start: int, end: int) -> dict[str, object]:
        since, until = seconds_in(start, end)
        return {"start_confirm_at": since, "end_confirm_at": until}
