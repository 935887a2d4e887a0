"""Taobao and Tmall: one shop through the open platform (TOP).

Changes are listed newest first and by page number; they are read from the last page to the first
(``pages``), in windows that end in the past (``rules.delay_s``).
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

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
from drivers.channels import top_trade
from drivers.channels.access import ShopAccess, at_once
from drivers.channels.connector import Connector, Limits
from drivers.channels.pages import Backwards, Page, whole
from drivers.channels.reading import wire_time
from drivers.channels.top import Gateway

GATEWAY = "https://eco.taobao.com/router/rest"
SOLD = "taobao.trades.sold.get"
LISTING = "taobao.trades.sold.increment.get"
DETAIL = "taobao.trade.fullinfo.get"
SHIP = "taobao.logistics.online.send"
RESEND = "taobao.logistics.consign.resend"
SHIP_OWN = "alibaba.ascp.logistics.offline.send"
"""Reports a parcel of a courier the seller has a contract with himself."""
MODIFY = "alibaba.ascp.logistics.consign.modify"
_NOT_ONLINE = frozenset({"B52", "B105"})
"""This courier takes no orders through the platform: nothing was carried out."""
_ABOUT_THE_NUMBER = re.compile(r"F\d*|B60|P07|P10|CD19")
"""Refusals that another way to replace a waybill would get as well."""
DECRYPT = "taobao.top.oaid.decrypt"
SCENE = "1006"
"""Why a receiver is asked for: the seller's own work on an order. Not seen against a live app."""

TYPES = (
    "fixed,auction,guarantee_trade,auto_delivery,independent_simple_trade,independent_shop_trade,"
    "ec,cod,fenxiao,game_equipment,shopex_trade,netcn_trade,external_trade,instant_trade,b2c_cod,"
    "hotel_trade,super_market_trade,super_market_cod_trade,taohua,waimai,o2o_offlinetrade,step,"
    "nopaid,eticket,tmall_i18n,insurance_plus,finance,pre_auth_type"
)
"""Every kind of trade: without it the platform hides some of them."""
CARRIERS: Mapping[str, str] = {
    "sf": "SF",
    "yto": "YTO",
    "zto": "ZTO",
    "sto": "STO",
    "yunda": "YUNDA",
    "jt": "HTKY",
    "ems": "EMS",
    "deppon": "DBKD",
}
"""As ``taobao.logistics.companies.get`` tells them. JD's and Cainiao's own couriers are not among
them: a shop that uses one says the platform's word for it in ``carriers``."""


class TaobaoShop(Connector):
    """One shop on Taobao or Tmall, as core's ``Channel``."""

    rules = WindowRules(span_s=1800)
    carriers = CARRIERS

    def __init__(
        self,
        access: ShopAccess,
        clock: Clock,
        limits: Limits | None = None,
        *,
        sign_method: str = "hmac-sha256",
    ) -> None:
        """``sign_method`` is ``hmac-sha256``, ``hmac`` or ``md5``."""
        super().__init__(access, clock, limits)
        self._top = Gateway(self._line, access, sign_method=sign_method)

    # --- reading --------------------------------------------------------------------------------

    def _window(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        return _Window(self._top, start, end, self._page_size).pages()

    def created(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Numbers of all orders created in [start, end), page by page. Raises CallFailed."""
        return _Sold(self._top, start, end, self._page_size).pages()

    def detail(self, number: str) -> PlatformOrder:
        """The truth about one order. Raises CallFailed."""
        trade = self._trade(number, top_trade.FIELDS, include_oaid="include_oaid")
        return top_trade.trade_order(trade, self.server_now())

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        """The waybills the platform has for an order. Raises CallFailed."""
        return top_trade.parcels(self._trade(number, top_trade.SHIPPED_FIELDS))

    def _trade(self, number: str, fields: str, **more: object) -> Mapping[str, Any]:
        asked = {"tid": number, "fields": fields, **more}
        trade = self._top.call(DETAIL, asked).get("trade")
        if not isinstance(trade, dict) or top_trade.number_of(trade, "tid") != number:
            raise CallFailed(Fault.TRANSIENT, "no_trade", f"expected trade {number}")
        return trade

    def reveal(self, number: str, receiver: Receiver) -> Receiver:
        """Who a hidden receiver is, by the reference kept for them. Raises CallFailed."""
        query = [{"tid": number, "oaid": receiver.cipher_ref, "scene": SCENE}]
        told = self._top.call(DECRYPT, {"query_list": json.dumps(query)}).get("receiver_list")
        found = told.get("receiver") if isinstance(told, dict) else told
        one = found[0] if isinstance(found, list) and found else None
        if not isinstance(one, dict):
            raise CallFailed(Fault.TRANSIENT, "no_receiver", f"expected the receiver of {number}")
        if str(one.get("matched")).lower() != "true":
            raise CallFailed(Fault.BUSINESS, MISMATCH, receiver.cipher_ref)
        return top_trade.in_clear(one)

    # --- shipping -------------------------------------------------------------------------------

    @at_once
    def ship(self, shipment: Shipment) -> None:
        """Report a waybill. Raises CallFailed, ``in_doubt`` when it may have been taken.

        Through the platform's own couriers, else as one of the seller's. A second report of the
        same waybill is refused (B27): what the platform then has is told by ``shipped``.
        """
        inside = shipment.sub_numbers
        if inside and not top_trade.goes_in_parts(self._shipped(shipment), inside):
            inside = ()
        try:
            self._report(SHIP, shipment, inside)
        except CallFailed as failed:
            if failed.code not in _NOT_ONLINE:
                raise
            self._report_own(shipment, inside)

    @at_once
    def reship(self, shipment: Shipment, old: str) -> None:
        """Report a waybill in the place of the one there is; for parcels of the last fifty days.
        Raises CallFailed, ``in_doubt`` when it may have been taken.

        Once the courier has the parcel, one that was shipped through the platform is changed by
        another call.
        """
        try:
            self._report(RESEND, shipment, top_trade.in_parcel(self._shipped(shipment), old))
        except CallFailed as failed:
            if failed.fault is not Fault.BUSINESS or _ABOUT_THE_NUMBER.fullmatch(failed.code):
                raise
            self._modify(shipment, old)

    def _shipped(self, shipment: Shipment) -> Mapping[str, Any]:
        return self._trade(shipment.platform_number, top_trade.SHIPPED_FIELDS)

    def _report(self, method: str, shipment: Shipment, inside: tuple[str, ...]) -> None:
        """``inside`` are the lines in the parcel of a trade that is shipped in parts."""
        parcel = {
            "tid": shipment.platform_number,
            "company_code": self._carrier(shipment),
            "out_sid": shipment.waybill,
            **({"is_split": 1, "sub_tid": ",".join(inside)} if inside else {}),
        }
        told = self._top.call(method, parcel, writes=True)
        confirmed(told.get("shipping"), "is_success")

    def _report_own(self, shipment: Shipment, inside: tuple[str, ...]) -> None:
        pack = {"company_code": self._carrier(shipment), "out_sid": shipment.waybill}
        parcel = {
            "tid": shipment.platform_number,
            "sub_tid": ",".join(inside),
            "consign_pkgs": [pack],
        }
        confirmed(self._top.call(SHIP_OWN, parcel, writes=True).get("result"), "success")

    def _modify(self, shipment: Shipment, old: str) -> None:
        parcel = {
            "tid": shipment.platform_number,
            "old_out_sid": old,
            "new_out_sid": shipment.waybill,
            "new_company_code": self._carrier(shipment),
        }
        confirmed(self._top.call(MODIFY, parcel, writes=True).get("result"), "success")


def confirmed(told: object, key: str) -> None:
    """Nothing, once an answer says in so many words that it was done. Raises CallFailed."""
    if not isinstance(told, dict) or str(told.get(key)).lower() != "true":
        raise CallFailed(Fault.TRANSIENT, "not_confirmed", in_doubt=True)


class _Window(Backwards):
    """One listing of changes between two moments; the platform's documentation wants it so too."""

    listing = LISTING

    def __init__(self, top: Gateway, start: int, end: int, page_size: int) -> None:
        super().__init__(page_size)
        self._top = top
        # Bounds are whole seconds on the wire: widen to them, seeing an order twice does no harm.
        self._bounds = {
            "start_modified": wire_time(start),
            "end_modified": wire_time(end + 999),
        }

    def _total(self) -> int:
        return whole(self._ask(fields="tid", page_no=1).get("total_results"), "total_results")

    def _page(self, page: int) -> Page:
        told = self._ask(fields="tid,tid_str,created,modified", page_no=page, use_has_next=True)
        trades = told.get("trades") or {}
        rows = trades.get("trade") or [] if isinstance(trades, dict) else trades
        numbers = [top_trade.number_of(row, "tid") for row in rows if isinstance(row, dict)]
        if not isinstance(rows, list) or len(numbers) != len(rows) or not all(numbers):
            raise CallFailed(Fault.TRANSIENT, "bad_rows", f"page {page}")
        return tuple(numbers), str(told.get("has_next")).lower() == "true"

    def _ask(self, **params: object) -> dict[str, Any]:
        asked = {"type": TYPES, "page_size": self._size, **self._bounds, **params}
        return self._top.call(self.listing, asked)


class _Sold(_Window):
    """One listing by the time of creation, of trades of the last three months."""

    listing = SOLD

    def __init__(self, top: Gateway, start: int, end: int, page_size: int) -> None:
        super().__init__(top, start, end, page_size)
        # Both ends are in the platform's window, in whole seconds.
        self._bounds = {"start_created": wire_time(start), "end_created": wire_time(end - 1)}
