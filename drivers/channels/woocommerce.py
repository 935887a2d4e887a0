"""WooCommerce: one shop through its REST interface (v3), with a consumer key and secret.

Dates are asked for and read in GMT: by default they are in the site's own zone. A window is paged
by id and read from its last page to its first, once for the orders and once for those in the trash,
which ``any`` status leaves out: to trash an order changes it. A tracking number is told as a note
to the customer that names our parcel, so that it is never told twice; the status follows when
nothing is left.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.clock import Clock
from core.ports import CallFailed, Fault, PlatformOrder, Shipment, ShippedParcel, WindowRules
from core.text import clean
from drivers.channels import woocommerce_order
from drivers.channels.access import Access, ShopAccess, Tokens, at_once
from drivers.channels.calls import Answer
from drivers.channels.connector import CARRIER_NAMES, Connector, Limits, asked_for
from drivers.channels.pages import Backwards, Page, numbers_in, whole
from drivers.channels.reading import Told, rows, seconds_in, word

if TYPE_CHECKING:
    import httpx

ORDERS = "/wp-json/wc/v3/orders"
_NOTE = "Shipped with {carrier}, tracking number {waybill}. Parcel {parcel}, items {items}."
_TOLD = re.compile(r"tracking number (\S+)\. Parcel (\S+), items ([\d,]+)\.")
_OPEN = ("processing", "on-hold", "pending")
_DONE = "completed"
_ANY, _TRASH = "any", "trash"


class WooShop(Connector):
    """One WooCommerce shop, as core's ``Channel``."""

    rules = WindowRules(span_s=86_400)
    limits = Limits(per_second=5, read_s=30.0)
    carriers = CARRIER_NAMES

    def __init__(self, access: ShopAccess, clock: Clock, limits: Limits | None = None) -> None:
        """``url`` is the site's address, ``app_key`` and ``app_secret`` the consumer key and
        secret; there is no session to renew."""
        super().__init__(access, clock, limits)
        self._auth = (access.app_key, access.app_secret)
        keyed = replace(access, tokens=Tokens(access.app_key), save_tokens=None)
        self._access = Access(self._line, keyed, lambda _: None)

    # --- reading --------------------------------------------------------------------------------

    def _window(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        for status in (_ANY, _TRASH):
            yield from _Window(self, start, end, self._page_size, status).pages()

    def created(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Numbers of all orders created in [start, end) and not in the trash, page by page.
        Raises CallFailed."""
        return _Created(self, start, end, self._page_size).pages()

    def page(self, bounds: Mapping[str, str], size: int, number: int) -> Answer:
        """One page of a listing, oldest id first. Raises CallFailed."""
        asked = {
            **bounds,
            "dates_are_gmt": "true",
            "orderby": "id",
            "order": "asc",
            "per_page": str(size),
            "page": str(number),
            "_fields": "id",
        }
        return self._ask("GET", ORDERS, asked)

    def detail(self, number: str) -> PlatformOrder:
        """The truth about one order. Raises CallFailed."""
        told = self._order(number)
        refunds = self._rows(f"{ORDERS}/{number}/refunds") if told.get("refunds") else []
        return woocommerce_order.order(told, refunds, self.server_now())

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        """The waybills the shop was told of. Raises CallFailed.

        An order all of whose lines were told, and that is still open, was not told completely:
        then nothing counts as shipped, and telling it again completes it.
        """
        told = self._order(number)
        noted = self._noted(number)
        left = set(_lines(told)) - {parcel.sub_number for _, parcel in noted}
        if not left and word(told.get("status")) in _OPEN:
            return ()
        return tuple(parcel for _, parcel in noted)

    def _order(self, number: str) -> Told:
        told = self._ask("GET", f"{ORDERS}/{number}").told
        return asked_for(told if isinstance(told, dict) else {}, "id", number)

    def _noted(self, number: str) -> list[tuple[str, ShippedParcel]]:
        """Every parcel id and line the order's notes tell of, oldest note first."""
        notes = sorted(self._rows(f"{ORDERS}/{number}/notes"), key=lambda x: int(x.get("id", 0)))
        found = [_TOLD.search(clean(note.get("note"))) for note in notes]
        return [
            (match.group(2), ShippedParcel(waybill=match.group(1), sub_number=item))
            for match in found
            if match
            for item in match.group(3).split(",")
        ]

    def _rows(self, path: str) -> list[Told]:
        told = self._ask("GET", path, {"per_page": "100"}).told
        if not isinstance(told, list):
            raise CallFailed(Fault.TRANSIENT, "bad_rows", "expected a list")
        return rows(told)

    # --- shipping -------------------------------------------------------------------------------

    @at_once
    def ship(self, shipment: Shipment) -> None:
        """Report a waybill. Raises CallFailed, ``in_doubt`` when it may have been taken.

        The notes are read first: what they say of our parcel is not said again.
        """
        carrier = self._carrier(shipment)
        number = shipment.platform_number
        told, noted = self._order(number), self._noted(number)
        status, lines = word(told.get("status")), _lines(told)
        inside = [line for line in lines if not shipment.sub_numbers or line in _of(shipment)]
        if shipment.reference not in {parcel for parcel, _ in noted}:
            self._check(status, inside, {parcel.sub_number for _, parcel in noted})
            self._note(shipment, carrier, inside)
        gone = {parcel.sub_number for _, parcel in noted} | set(inside)
        if status in _OPEN and not set(lines) - gone:
            self._complete(number)

    def _check(self, status: str, inside: list[str], gone: set[str]) -> None:
        """Whether these lines can still be shipped. Raises CallFailed (BUSINESS)."""
        if status not in _OPEN:
            raise CallFailed(Fault.BUSINESS, "status", status)
        if not inside or gone & set(inside):
            raise CallFailed(Fault.BUSINESS, "already_shipped", " ".join(sorted(gone)))

    def _note(self, shipment: Shipment, carrier: str, inside: list[str]) -> None:
        text = _NOTE.format(
            carrier=carrier,
            waybill=shipment.waybill,
            parcel=shipment.reference,
            items=",".join(inside),
        )
        path = f"{ORDERS}/{shipment.platform_number}/notes"
        self._wrote("POST", path, {"note": text, "customer_note": True})

    def _complete(self, number: str) -> None:
        self._wrote("PUT", f"{ORDERS}/{number}", {"status": _DONE})

    def _wrote(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        told = self._ask(method, path, body=body).told
        if not isinstance(told, dict) or not told.get("id"):
            raise CallFailed(Fault.TRANSIENT, "not_confirmed", in_doubt=True)

    # --- calls ----------------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        def call(client: "httpx.Client") -> "httpx.Response":
            url = self._line.base_url.rstrip("/") + path
            return client.request(method, url, params=query, json=body, auth=self._auth)

        def once(_: str) -> Answer:
            answer = self._line.ask(call, writes=body is not None)
            if answer.status >= 400:
                raise failure(answer)
            return answer

        return self._access.run("shop", once)


class _Window(Backwards):
    """One listing of changes between two moments."""

    def __init__(self, shop: WooShop, start: int, end: int, size: int, status: str = _ANY) -> None:
        super().__init__(size)
        self._shop = shop
        self._bounds = {**self._between(start, end), "status": status}

    def _between(self, start: int, end: int) -> dict[str, str]:
        """The bounds are whole seconds and not part of the window: wider by one on both sides."""
        return {
            "modified_after": woocommerce_order.wire_time(start - 1000),
            "modified_before": woocommerce_order.wire_time(end + 1999),
        }

    def _total(self) -> int:
        answer = self._shop.page(self._bounds, 1, 1)
        return whole(answer.headers.get("X-WP-Total"), "X-WP-Total")

    def _page(self, page: int) -> Page:
        answer = self._shop.page(self._bounds, self._size, page)
        pages = whole(answer.headers.get("X-WP-TotalPages"), "X-WP-TotalPages")
        return numbers_in(answer.told, "id", page), page < pages


class _Created(_Window):
    """One listing of what was created between two moments."""

    def _between(self, start: int, end: int) -> dict[str, str]:
        since, until = seconds_in(start, end)
        return {
            "after": woocommerce_order.wire_time((since - 1) * 1000),
            "before": woocommerce_order.wire_time((until + 1) * 1000),
        }


def _lines(told: Told) -> list[str]:
    return [word(line.get("id")) for line in rows(told.get("line_items"))]


def _of(shipment: Shipment) -> set[str]:
    return set(shipment.sub_numbers)


def failure(answer: Answer) -> CallFailed:
    """What an answer with a status of 400 or more means."""
    told = answer.told if isinstance(answer.told, dict) else {}
    code, said = clean(told.get("code"), 80), clean(told.get("message"), 300)
    code = code or f"http{answer.status}"
    if answer.status in (401, 403):
        return CallFailed(Fault.AUTH, code, said)
    if answer.status == 404 and code != "rest_no_route":
        return CallFailed(Fault.BUSINESS, code, said)
    if answer.status in (400, 404, 405):
        return CallFailed(Fault.PERMISSION, code, said)
    return CallFailed(Fault.UNKNOWN, code, said)
