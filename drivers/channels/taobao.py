"""Taobao and Tmall: one shop through the open platform (TOP).

Changes are listed newest first and by page number, so pages shift while they are read. Reading a
window from its last page to its first can show an order twice but cannot miss one, as long as the
window ends in the past (``rules.delay_s``); the platform's documentation demands that order too.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from core.clock import Clock
from core.ports import CallFailed, Fault, PlatformOrder, Shipment, ShippedParcel, WindowRules
from drivers.channels import top_trade
from drivers.channels.calls import Line
from drivers.channels.top import Gateway, Tokens, wire_time

log = logging.getLogger(__name__)

GATEWAY = "https://eco.taobao.com/router/rest"
LISTING = "taobao.trades.sold.increment.get"
DETAIL = "taobao.trade.fullinfo.get"
SHIP = "taobao.logistics.online.send"

TYPES = (
    "fixed,auction,guarantee_trade,auto_delivery,independent_simple_trade,independent_shop_trade,"
    "ec,cod,fenxiao,game_equipment,shopex_trade,netcn_trade,external_trade,o2o_offlinetrade,step,"
    "nopaid,pre_auth_type"
)
"""Every kind of trade: without it the platform hides some of them."""
CARRIERS: Mapping[str, str] = {
    "sf": "SF",
    "yto": "YTO",
    "zto": "ZTO",
    "sto": "STO",
    "yunda": "YUNDA",
    "jt": "HTKY",
    "jd": "JD",
    "ems": "EMS",
    "deppon": "DBKD",
    "cainiao": "CAINIAO",
}
"""Our carrier codes in the platform's; a shop may override one (``taobao.logistics.companies``)."""
_WALK = 50
"""Pages that may have come into a window since they were counted."""


class TaobaoShop:
    """One shop on Taobao or Tmall, as core's ``Channel``."""

    rules = WindowRules(span_s=1800)

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
        sign_method: str = "hmac-sha256",
        carriers: Mapping[str, str] | None = None,
        page_size: int = 100,
        per_second: int = 10,
        connect_s: float = 5.0,
        read_s: float = 20.0,
    ) -> None:
        """``sign_method`` is ``hmac-sha256``, ``hmac`` or ``md5``; timeouts are real seconds."""
        self.shop_code = shop_code
        self._line = Line(
            base_url, clock, per_second=per_second, connect_s=connect_s, read_s=read_s
        )
        self._top = Gateway(
            self._line,
            app_key,
            app_secret,
            Tokens(session, refresh_token),
            sign_method=sign_method,
            save=save_tokens,
        )
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

        Raises CallFailed, also for a page that holds less than the platform's own count.
        """
        span = self.rules.span_s * 1000
        for since in range(start, end, span):
            yield from _Window(self._top, since, min(since + span, end), self._page_size).pages()

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

    # --- shipping -------------------------------------------------------------------------------

    def ship(self, shipment: Shipment) -> None:
        """Report a waybill. Raises CallFailed, ``in_doubt`` when it may have been taken.

        A second report of the same waybill is refused (B27): what the platform then has is told
        by ``shipped``.
        """
        company = self._carriers.get(shipment.carrier)
        if company is None:
            raise CallFailed(Fault.PERMISSION, "carrier", shipment.carrier)
        parts = {"is_split": 1, "sub_tid": ",".join(shipment.sub_numbers)}
        parcel = {
            "tid": shipment.platform_number,
            "company_code": company,
            "out_sid": shipment.waybill,
            **(parts if shipment.sub_numbers else {}),
        }
        shipping = self._top.call(SHIP, parcel, writes=True).get("shipping")
        if not isinstance(shipping, dict) or str(shipping.get("is_success")).lower() != "true":
            raise CallFailed(Fault.TRANSIENT, "not_confirmed", in_doubt=True)


class _Window:
    """One listing of changes between two moments, from its last page to its first."""

    def __init__(self, top: Gateway, start: int, end: int, page_size: int) -> None:
        self._top = top
        self._size = page_size
        # Bounds are whole seconds on the wire: widen to them, seeing an order twice does no harm.
        self._bounds = {
            "start_modified": wire_time(start),
            "end_modified": wire_time(end + 999),
        }

    def pages(self) -> Iterator[tuple[str, ...]]:
        """Every page of the window, the later ones first."""
        total = self._total()
        last = -(-total // self._size)
        if not last:
            return
        yield from self._newcomers(last, total)
        for page in range(last - 1, 0, -1):
            yield self._full(page, total)[0]

    def _newcomers(self, last: int, total: int) -> Iterator[tuple[str, ...]]:
        """The last page that was counted, and those behind it that became visible since."""
        rows, more = self._full(last, total)
        found = [rows]
        for page in range(last + 1, last + 1 + _WALK):
            if not more:
                break
            rows, more = self._page(page)
            more = more and bool(rows)
            found.append(rows)
        else:
            raise CallFailed(Fault.TRANSIENT, "endless", f"more than {_WALK} pages after the last")
        yield from reversed(found)

    def _full(self, page: int, total: int) -> tuple[tuple[str, ...], bool]:
        """A page as full as the count says: an empty list can be a hidden failure.

        A page that stays short when asked again is believed, or one wrong count would stop the
        shop for good; one that stays empty is not.
        """
        rows, more = self._page(page)
        if len(rows) >= self._due(page, total) or len(rows) >= self._due(page, self._total()):
            return rows, more
        if rows and self._page(page)[0] == rows:
            log.warning("page %d holds %d orders, the count said more", page, len(rows))
            return rows, more
        raise CallFailed(Fault.TRANSIENT, "short_page", f"page {page} holds {len(rows)}")

    def _due(self, page: int, total: int) -> int:
        return max(0, min(self._size, total - (page - 1) * self._size))

    def _total(self) -> int:
        told = self._ask(fields="tid", page_no=1).get("total_results")
        if not isinstance(told, int | str) or not str(told).isdecimal():
            raise CallFailed(Fault.TRANSIENT, "no_total", "expected total_results")
        return int(told)

    def _page(self, page: int) -> tuple[tuple[str, ...], bool]:
        """The order numbers of a page, and whether there is one behind it."""
        told = self._ask(fields="tid,tid_str,modified", page_no=page, use_has_next=True)
        trades = told.get("trades") or {}
        rows = trades.get("trade") or [] if isinstance(trades, dict) else trades
        numbers = [top_trade.number_of(row, "tid") for row in rows if isinstance(row, dict)]
        if not isinstance(rows, list) or len(numbers) != len(rows) or not all(numbers):
            raise CallFailed(Fault.TRANSIENT, "bad_rows", f"page {page}")
        return tuple(numbers), str(told.get("has_next")).lower() == "true"

    def _ask(self, **params: object) -> dict[str, Any]:
        asked = {"type": TYPES, "page_size": self._size, **self._bounds, **params}
        return self._top.call(LISTING, asked)
