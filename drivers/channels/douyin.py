"""Douyin shop: one shop through its open platform (doudian).

Changes are listed oldest first. Each page begins anew at the time of the last row seen (keyset
restart), so that rows which change meanwhile, and leave the window, cannot push others out of
sight. Pages count from 0.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from core.clock import Clock
from core.ports import (
    CallFailed,
    Fault,
    PlatformOrder,
    Receiver,
    Shipment,
    ShippedParcel,
    WindowRules,
)
from drivers.channels import douyin_order
from drivers.channels.access import ShopAccess, at_once
from drivers.channels.connector import Connector, Limits, asked_for
from drivers.channels.douyin_gate import Gateway
from drivers.channels.reading import Told, part, rows, seconds_in, whole_seconds, word
from drivers.channels.refusal import used_up

log = logging.getLogger(__name__)

GATEWAY = "https://openapi-fxg.jinritemai.com"
LISTING = "order.searchList"
DETAIL = "order.orderDetail"
SHIP = "order.logisticsAddSinglePack"
EDIT = "order.logisticsEditByPack"
DECRYPT = "order.batchDecrypt"
CARRIERS: Mapping[str, str] = {
    "sf": "shunfeng",
    "yto": "yuantong",
    "zto": "zhongtong",
    "sto": "shentong",
    "yunda": "yunda",
    "jt": "jtexpress",
    "jd": "jd",
    "ems": "ems",
    "deppon": "debangwuliu",
}
"""As ``order.logisticsCompanyList`` tells them."""
_MOST_PAGES = 10_000


class DouyinShop(Connector):
    """One shop on Douyin, as core's ``Channel``."""

    rules = WindowRules(span_s=21_600)
    carriers = CARRIERS

    def __init__(
        self,
        access: ShopAccess,
        clock: Clock,
        limits: Limits | None = None,
        *,
        shop_id: str = "",
        sign_method: str = "hmac-sha256",
    ) -> None:
        """``shop_id`` lets an app of the merchant's own ask for tokens without a refresh token;
        ``sign_method`` is ``hmac-sha256`` or ``md5``."""
        super().__init__(access, clock, limits)
        self._gate = Gateway(self._line, access, shop_id=shop_id, sign_method=sign_method)

    # --- reading --------------------------------------------------------------------------------

    def _window(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        return self._restarted(*whole_seconds(start, end), "update_time")

    def created(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Numbers of all orders created in [start, end), page by page. Raises CallFailed."""
        return self._restarted(*seconds_in(start, end), "create_time")

    def _restarted(self, since: int, until: int, by: str) -> Iterator[tuple[str, ...]]:
        """A window in whole seconds, both ends in it, begun anew at the last row of each page."""
        for _ in range(_MOST_PAGES):
            page = self._full(since, until, 0, by)
            yield page.numbers
            if len(page.numbers) < self._page_size:
                return
            if page.last > since:
                since = page.last
                continue
            yield from self._second(since, by)
            since += 1
            if since > until:
                return
        raise CallFailed(Fault.TRANSIENT, "endless", f"more than {_MOST_PAGES} pages")

    def _second(self, at: int, by: str) -> Iterator[tuple[str, ...]]:
        """A second with more orders than fit on a page: from the last page to the first.

        Whether the end of a window is in it is not documented: the next second is asked for too.
        """
        last = -(-self._full(at, at + 1, 0, by).total // self._page_size) - 1
        for number in range(last, -1, -1):
            yield self._full(at, at + 1, number, by).numbers

    def _full(self, since: int, until: int, number: int, by: str) -> douyin_order.Page:
        """A page as full as the count says: an empty list can be a hidden failure.

        A page that stays short when asked again is believed, one that stays empty is not.
        """
        page = self._page(since, until, number, by)
        if len(page.numbers) >= min(self._page_size, page.total - number * self._page_size):
            return page
        again = self._page(since, until, number, by)
        if again.numbers or not again.total:
            log.warning("page %d holds %d orders, told %d", number, len(page.numbers), page.total)
            return again
        raise CallFailed(Fault.TRANSIENT, "short_page", f"page {number} is empty")

    def _page(self, since: int, until: int, number: int, by: str) -> douyin_order.Page:
        asked = {
            f"{by}_start": since,
            f"{by}_end": until,
            "order_by": by,
            "order_asc": True,
            "page": number,
            "size": self._page_size,
        }
        return douyin_order.page(self._gate.call(LISTING, asked), by)

    def detail(self, number: str) -> PlatformOrder:
        """The truth about one order. Raises CallFailed."""
        return douyin_order.order(self._order(number), self.server_now())

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        """The waybills the platform has for an order. Raises CallFailed."""
        return douyin_order.parcels(self._order(number))

    def _order(self, number: str) -> Told:
        told = self._gate.call(DETAIL, {"shop_order_id": number})
        return asked_for(part(told, "shop_order_detail"), "order_id", number)

    # --- shipping -------------------------------------------------------------------------------

    @at_once
    def ship(self, shipment: Shipment) -> None:
        """Report a waybill. Raises CallFailed, ``in_doubt`` when it may have been taken.

        The platform takes our parcel's id: the same report again gives the first answer and ships
        nothing twice. A pending refund is never overruled.
        """
        company = self._carrier(shipment)
        parcel = {
            "order_id_list": [shipment.platform_number],
            "shipped_order_info": self._contents(shipment),
            "logistics_code": shipment.waybill,
            "company_code": company,
            "request_id": shipment.reference,
        }
        if not self._gate.call(SHIP, parcel, writes=True).get("pack_id"):
            raise CallFailed(Fault.TRANSIENT, "not_confirmed", in_doubt=True)

    @at_once
    def reship(self, shipment: Shipment, old: str) -> None:
        """Put another waybill in the place of one of the order's parcels. Raises CallFailed,
        ``in_doubt`` when it may have been taken.

        The platform's other call for this wants an order that was shipped as a whole, which we
        never do.
        """
        asked = {
            "order_id": shipment.platform_number,
            "company_code": self._carrier(shipment),
            "logistics_code": shipment.waybill,
        }
        order = self._order(shipment.platform_number)
        pack_id = douyin_order.pack_id(order, old)
        self._gate.call(EDIT, {**asked, "pack_id": pack_id}, writes=True)

    def reveal(self, number: str, receiver: Receiver) -> Receiver:
        """Who a hidden receiver is, from the ciphers the order has now. Raises CallFailed."""
        hidden = douyin_order.ciphers(self._order(number))
        asked = [{"auth_id": number, "cipher_text": cipher} for cipher in hidden.values()]
        try:
            told = self._gate.call(DECRYPT, {"cipher_infos": asked})
            return douyin_order.in_clear(receiver, hidden, rows(told.get("decrypt_infos")))
        except CallFailed as failed:
            raise used_up(failed, self.server_now()) from failed

    def _contents(self, shipment: Shipment) -> list[dict[str, Any]]:
        """The lines in the parcel with their quantities, which only the platform knows now."""
        wanted = set(shipment.sub_numbers)
        order = self._order(shipment.platform_number)
        lines = [
            {"shipped_order_id": word(line.get("order_id")), "shipped_num": line.get("item_num")}
            for line in rows(order.get("sku_order_list"))
            if word(line.get("order_id")) in wanted
            or (not wanted and word(line.get("order_status")) != douyin_order.CLOSED)
        ]
        if not lines or (wanted and len(lines) != len(wanted)):
            raise CallFailed(Fault.BUSINESS, "no_lines", f"{len(lines)} of {len(wanted)} lines")
        return lines
