"""Vendure: one shop of one's own through its GraphQL admin interface, by user name and password.

Known of its ``updatedAt`` (seen on Vendure 3.7.3): it counts whole seconds, many orders share
one, and it moves while a cart is filled and when an order is cancelled. It stands still when an
order is paid, shipped, delivered or modified and when money goes back. So a window lists what was
placed in it beside what changed in it, from the last page to the first;
and the orders that were open when last seen are asked about each time: their state, refunds,
modifications, fulfilments and quantities.

Not heard here: money that goes back after everything has left.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any

from core.clock import Clock, local
from core.ports import CallFailed, Fault, PlatformOrder, Shipment, ShippedParcel, WindowRules
from core.text import clean
from drivers.channels import vendure_order
from drivers.channels.access import Access, ShopAccess, Tokens, at_once
from drivers.channels.connector import CARRIER_NAMES, Connector, Limits, asked_for
from drivers.channels.pages import Backwards, Page, numbers_in, whole
from drivers.channels.reading import Told, part, rows, seconds_in, whole_seconds, word

LOGIN = """mutation Login($username: String!, $password: String!) {
  login(username: $username, password: $password) {
    ... on CurrentUser { id } ... on ErrorResult { errorCode message }
  }
}"""
LISTING = """query Changes($options: OrderListOptions) {
  orders(options: $options) { items { code state } totalItems }
}"""
STANDING = """query Standing($options: OrderListOptions) {
  orders(options: $options) {
    items {
      code state lines { id quantity } modifications { id }
      payments { refunds { id state } } fulfillments { id state }
    }
    totalItems
  }
}"""
DETAIL = """query Detail($options: OrderListOptions) {
  orders(options: $options) {
    items {
      id code state createdAt updatedAt orderPlacedAt totalWithTax shippingWithTax
      customer { id firstName lastName emailAddress }
      shippingAddress {
        fullName streetLine1 streetLine2 city province postalCode countryCode phoneNumber
      }
      shippingLines { shippingMethod { name } }
      lines {
        id quantity orderPlacedQuantity unitPriceWithTax productVariant { sku name }
      }
      modifications { id updatedAt }
      payments { updatedAt refunds { id state updatedAt lines { orderLineId quantity } } }
      fulfillments { id state trackingCode updatedAt lines { orderLineId quantity } }
    }
    totalItems
  }
}"""
FULFIL = """mutation Fulfil($input: FulfillOrderInput!) {
  addFulfillmentToOrder(input: $input) {
    ... on Fulfillment { id state } ... on ErrorResult { errorCode message }
  }
}"""
MOVE = """mutation Move($id: ID!) {
  transitionFulfillmentToState(id: $id, state: "Shipped") {
    ... on Fulfillment { id state } ... on ErrorResult { errorCode message }
  }
}"""
_OPEN = (
    *("ArrangingPayment", "PaymentAuthorized", "PaymentSettled", "Modifying"),
    *("ArrangingAdditionalPayment", "PartiallyShipped", "PartiallyDelivered"),
)
_LEFT = ("Shipped", "Delivered")
_LOOK_BACK_MS = 2 * 86_400_000
"""How far back orders that left while we were not running are looked for, by when placed. With
the open ones they are all told again once after each start."""
_BATCH = 50


class VendureShop(Connector):
    """One Vendure shop, as core's ``Channel``."""

    rules = WindowRules(span_s=86_400)
    carriers = CARRIER_NAMES

    def __init__(self, access: ShopAccess, clock: Clock, limits: Limits | None = None) -> None:
        """``url`` is the site's address, ``app_key`` and ``app_secret`` an administrator's name
        and password; ``session`` may be empty: the first call logs in."""
        address = f"{access.url.rstrip('/').removesuffix('/admin-api')}/admin-api"
        super().__init__(replace(access, url=address), clock, limits)
        self._login = {"username": access.app_key, "password": access.app_secret}
        self._access = Access(self._line, access, self._renewed, expired=frozenset({"FORBIDDEN"}))
        self._open: dict[str, Told] = {}
        """The open orders we told core of, as they stood."""
        self._owed: set[str] = set()
        """Orders found at the start that were not read since."""
        self._looked = False

    # --- reading --------------------------------------------------------------------------------

    def changes(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Order numbers changed in [start, end), page by page; twice is possible, never is not.

        Orders that left without their time of change moving come along. Raises CallFailed.
        """
        yield from super().changes(start, end)
        yield from self._moved(end)

    def _window(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        between = _between(start, end)
        yield from self._listed({"orderPlacedAt": between})
        yield from self._listed({"updatedAt": between})

    def created(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Numbers of all orders placed in [start, end), page by page. Raises CallFailed.

        Not by ``createdAt``: that is when a basket was begun, days before maybe.
        """
        since, until = seconds_in(start, end)
        return self._listed({"orderPlacedAt": _between(since * 1000, until * 1000)})

    def _listed(self, found: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
        return _Window(self.page, {"active": {"eq": False}, **found}, self._page_size).pages()

    def page(self, found: Mapping[str, Any], skip: int, take: int, query: str = LISTING) -> Told:
        """Part of a listing, oldest order first. Raises CallFailed.

        By number, because a page needs an order without ties, and of several keys the server
        takes the number first whatever their sequence.
        """
        options = {"filter": found, "skip": skip, "take": take, "sort": {"id": "ASC"}}
        return part(self._call(query, {"options": options}), "orders")

    def _moved(self, end: int) -> Iterator[tuple[str, ...]]:
        """Orders that stand otherwise than when last seen, whatever their time of change."""
        if not self._looked:
            placed = {"orderPlacedAt": _between(end - _LOOK_BACK_MS, end)}
            left = self._listed({"state": {"in": list(_LEFT)}, **placed})
            standing = self._listed({"state": {"in": list(_OPEN)}})
            self._owed.update(code for pages in (left, standing) for page in pages for code in page)
            self._looked = True
        yield tuple(sorted(self._owed))
        yield from self._asked(dict(self._open))

    def _asked(self, known: Mapping[str, Told]) -> Iterator[tuple[str, ...]]:
        for batch in _batches(known):
            told = self.page({"code": {"in": batch}}, 0, _BATCH, STANDING)
            now = {
                word(row.get("code")): vendure_order.standing(row) for row in rows(told["items"])
            }
            yield tuple(code for code in batch if now.get(code, known[code]) != known[code])

    def detail(self, number: str) -> PlatformOrder:
        """The truth about one order. Raises CallFailed."""
        try:
            told = self._order(number)
        except CallFailed as failed:
            if failed.fault is Fault.BUSINESS:
                self._watch(number, {})
            raise
        order = vendure_order.order(told, self.server_now())
        self._watch(number, told)
        return order

    def _watch(self, number: str, told: Told) -> None:
        """Remember how an open order stood; forget the others."""
        self._owed.discard(number)
        if told.get("state") in _OPEN:
            self._open[number] = vendure_order.standing(told)
        else:
            self._open.pop(number, None)

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        """The waybills of fulfilments that left. Raises CallFailed."""
        return vendure_order.parcels(self._order(number))

    def _order(self, number: str) -> Told:
        options = {"filter": {"code": {"eq": number}}, "take": 1}
        told = part(self._call(DETAIL, {"options": options}), "orders")
        listed = rows(told.get("items"))
        if not listed and told.get("totalItems") == 0:
            raise CallFailed(Fault.BUSINESS, "not_found", f"no order {number}")
        return asked_for(listed[0] if listed else {}, "code", number)

    # --- shipping -------------------------------------------------------------------------------

    @at_once
    def ship(self, shipment: Shipment) -> None:
        """Report a waybill. Raises CallFailed, ``in_doubt`` when it may have been taken.

        Two steps there: a fulfilment is made, then it leaves. One with our number that was made
        and did not leave is only made to leave.
        """
        carrier = self._carrier(shipment)
        told = self._order(shipment.platform_number)
        made = vendure_order.made(told, shipment.waybill)
        if made is None:
            made = self._fulfilled(told, shipment, carrier)
        if word(made.get("state")) == "Pending":
            asked = {"id": word(made.get("id"))}
            self._wrote(self._call(MOVE, asked, writes=True), "transitionFulfillmentToState")

    def _fulfilled(self, told: Told, shipment: Shipment, carrier: str) -> Told:
        arguments = [
            {"name": "method", "value": carrier},
            {"name": "trackingCode", "value": shipment.waybill},
        ]
        asked = {
            "lines": vendure_order.contents(told, shipment.sub_numbers),
            "handler": {"code": "manual-fulfillment", "arguments": arguments},
        }
        return self._wrote(
            self._call(FULFIL, {"input": asked}, writes=True), "addFulfillmentToOrder"
        )

    def _wrote(self, data: Told, field: str) -> Told:
        told = part(data, field)
        if told.get("errorCode"):
            code, said = clean(told["errorCode"], 80), clean(told.get("message"), 300)
            raise CallFailed(Fault.BUSINESS, code, said)
        if not told.get("id"):
            raise CallFailed(Fault.TRANSIENT, "not_confirmed", in_doubt=True)
        return told

    # --- calls ----------------------------------------------------------------------------------

    def _call(self, query: str, variables: Mapping[str, Any], *, writes: bool = False) -> Told:
        return self._access.run(
            "admin",
            lambda token: self._once(query, variables, token, writes)[0],
        )

    def _once(
        self, query: str, variables: Mapping[str, Any], token: str, writes: bool
    ) -> tuple[Told, str]:
        """The data of an answer, and the token that came with it."""
        answer = self._line.ask(
            lambda client: client.post(
                self._line.base_url,
                json={"query": query, "variables": variables},
                headers={"Authorization": f"Bearer {token}"} if token else {},
            ),
            writes=writes,
        )
        told = answer.told if isinstance(answer.told, dict) else {}
        if told.get("errors") or answer.status >= 400:
            raise failure(told, answer.status, writes=writes)
        data = told.get("data")
        if not isinstance(data, dict) or not data:
            raise CallFailed(Fault.TRANSIENT, "no_content", in_doubt=writes)
        return data, answer.headers.get("vendure-auth-token") or ""

    def _renewed(self, _: Tokens) -> Tokens | None:
        data, token = self._once(LOGIN, self._login, "", False)
        told = part(data, "login")
        if told.get("errorCode") or not token:
            said = clean(told.get("message"), 200)
            raise CallFailed(Fault.AUTH, clean(told.get("errorCode"), 60) or "no_token", said)
        return Tokens(token)


class _Window(Backwards):
    """One listing, counted by ``totalItems``."""

    def __init__(
        self,
        ask: Callable[[Mapping[str, Any], int, int], Told],
        found: Mapping[str, Any],
        size: int,
    ) -> None:
        super().__init__(size)
        self._ask, self._found = ask, found

    def _total(self) -> int:
        return whole(self._ask(self._found, 0, 1).get("totalItems"), "totalItems")

    def _page(self, page: int) -> Page:
        told = self._ask(self._found, (page - 1) * self._size, self._size)
        total = whole(told.get("totalItems"), "totalItems")
        return numbers_in(told.get("items"), "code", page), total > page * self._size


def _batches(numbers: Iterable[str]) -> Iterator[list[str]]:
    listed = sorted(numbers)
    for at in range(0, len(listed), _BATCH):
        yield listed[at : at + _BATCH]


def _between(start: int, end: int) -> dict[str, dict[str, str]]:
    """A filter for whole seconds that hold [start, end), both ends in it."""
    since, until = whole_seconds(start, end)
    return {"between": {"start": _iso(since), "end": _iso(until)}}


def _iso(second: int) -> str:
    return local(second * 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def failure(told: Told, status: int, *, writes: bool = False) -> CallFailed:
    """What an answer with errors means; HTTP 200 says nothing."""
    error = next(iter(rows(told.get("errors"))), {})
    code = clean(part(error, "extensions").get("code"), 60) or f"http{status}"
    said = clean(error.get("message"), 300)
    if code in ("FORBIDDEN", "UNAUTHENTICATED", "http401", "http403"):
        return CallFailed(Fault.AUTH, code, said)
    if code == "INTERNAL_SERVER_ERROR":
        return CallFailed(Fault.TRANSIENT, code, said, in_doubt=writes)
    if code == "ENTITY_NOT_FOUND":
        return CallFailed(Fault.BUSINESS, code, said)
    if code in ("GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "BAD_USER_INPUT", "http404"):
        return CallFailed(Fault.PERMISSION, code, said)
    return CallFailed(Fault.UNKNOWN, code, said, in_doubt=writes)
