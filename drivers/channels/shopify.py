"""Shopify: one shop through its GraphQL admin interface.

A listing is asked for by the time of change, behind a cursor that need not be trusted (``halves``).
Calls are paid for from a bucket that refills by the second: one that found it too empty was not
carried out, so it waits and is made again.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC
from functools import partial
from typing import Any

from core.clock import Clock, local
from core.ports import CallFailed, Fault, PlatformOrder, Shipment, ShippedParcel, WindowRules
from core.text import clean
from drivers.channels import shopify_order
from drivers.channels.access import Access, ShopAccess, Tokens, tokens_in
from drivers.channels.calls import Answer
from drivers.channels.connector import CARRIER_NAMES, Connector, Limits, asked_for
from drivers.channels.halves import Page, halved
from drivers.channels.reading import Told, part, rows, seconds_in, whole_seconds

PATH = "/admin/api/2026-10/graphql.json"
CARRIERS: Mapping[str, str] = {**CARRIER_NAMES, "jt": "J&T Express China", "ems": "China Post"}
"""The carriers as Shopify calls them, so that it links to their tracking pages."""

LISTING = """query Orders($first: Int!, $after: String, $query: String!, $key: OrderSortKeys!) {
  orders(first: $first, after: $after, sortKey: $key, query: $query) {
    nodes { legacyResourceId } pageInfo { hasNextPage endCursor }
  }
}"""
DETAIL = """query Detail($id: ID!) {
  order(id: $id) {
    legacyResourceId createdAt updatedAt processedAt cancelledAt test note email
    displayFinancialStatus displayFulfillmentStatus
    currentTotalPriceSet { shopMoney { amount } }
    totalShippingPriceSet { shopMoney { amount } }
    customer { legacyResourceId displayName }
    shippingAddress { name phone province city address1 address2 zip countryCodeV2 }
    shippingLine { title }
    risk { recommendation }
    lineItems(first: 250) {
      nodes {
        id sku title variantTitle quantity currentQuantity variant { barcode }
        originalUnitPriceSet { shopMoney { amount } }
      }
      pageInfo { hasNextPage }
    }
    fulfillments(first: 100) {
      status trackingInfo { number }
      fulfillmentLineItems(first: 100) { nodes { lineItem { id } } }
    }
    fulfillmentOrders(first: 20) {
      nodes {
        id status lineItems(first: 100) { nodes { id remainingQuantity lineItem { id } } }
      }
    }
  }
}"""
SHIP = """mutation Ship($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { id status } userErrors { field message }
  }
}"""


class ShopifyShop(Connector):
    """One shop on Shopify, as core's ``Channel``."""

    rules = WindowRules(span_s=86_400)
    limits = Limits(page_size=250)
    carriers = CARRIERS

    def __init__(self, access: ShopAccess, clock: Clock, limits: Limits | None = None) -> None:
        """``url`` is ``https://NAME.myshopify.com``, ``session`` the access token. With
        ``app_key`` and ``app_secret`` a token that is refused is asked for anew."""
        super().__init__(access, clock, limits)
        self._app = (access.app_key, access.app_secret)
        self._access = Access(self._line, access, self._renewed, expired=frozenset({"http401"}))

    # --- reading --------------------------------------------------------------------------------

    def _window(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        return halved(*whole_seconds(start, end), partial(self._page, "updated_at"))

    def created(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Numbers of all orders created in [start, end), page by page. Raises CallFailed."""
        return halved(*seconds_in(start, end), partial(self._page, "created_at"))

    def _page(self, by: str, since: int, until: int, cursor: str) -> Page:
        window = f"{by}:>='{_iso(since)}' AND {by}:<='{_iso(until)}'"
        asked = {
            "first": self._page_size,
            "after": cursor or None,
            "query": window,
            "key": by.upper(),
        }
        return shopify_order.page(part(self._call(LISTING, asked), "orders"))

    def detail(self, number: str) -> PlatformOrder:
        """The truth about one order. Raises CallFailed."""
        return shopify_order.order(self._order(number), self.server_now())

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        """The waybills the platform has for an order. Raises CallFailed."""
        return shopify_order.parcels(self._order(number))

    def _order(self, number: str) -> Told:
        data = self._call(DETAIL, {"id": f"gid://shopify/Order/{number}"})
        if "order" in data and data["order"] is None:
            raise CallFailed(Fault.BUSINESS, "not_found", f"no order {number}")
        return asked_for(part(data, "order"), "legacyResourceId", number)

    # --- shipping -------------------------------------------------------------------------------

    def ship(self, shipment: Shipment) -> None:
        """Report a waybill. Raises CallFailed, ``in_doubt`` when it may have been taken.

        The order's fulfilments are read first: our tracking number there is success.
        """
        company = self._carrier(shipment)
        told = self._order(shipment.platform_number)
        if shipment.waybill in {parcel.waybill for parcel in shopify_order.parcels(told)}:
            return
        fulfillment = {
            "lineItemsByFulfillmentOrder": shopify_order.contents(told, shipment.sub_numbers),
            "trackingInfo": {"company": company, "number": shipment.waybill},
            "notifyCustomer": False,
        }
        made = part(
            self._call(SHIP, {"fulfillment": fulfillment}, writes=True), "fulfillmentCreate"
        )
        errors = [clean(error.get("message"), 200) for error in rows(made.get("userErrors"))]
        if errors:
            raise CallFailed(Fault.BUSINESS, "user_error", "; ".join(errors))
        if not part(made, "fulfillment").get("id"):
            raise CallFailed(Fault.TRANSIENT, "not_confirmed", in_doubt=True)

    # --- calls ----------------------------------------------------------------------------------

    def _call(self, query: str, variables: Mapping[str, Any], *, writes: bool = False) -> Told:
        """The data of an answer. Raises CallFailed."""
        # A report waits too: looking at the order again would empty the same bucket again.
        return self._access.run("graphql", lambda t: self._once(query, variables, t, writes))

    def _once(self, query: str, variables: Mapping[str, Any], token: str, writes: bool) -> Told:
        answer = self._line.ask(
            lambda client: client.post(
                self._line.base_url.rstrip("/") + PATH,
                json={"query": query, "variables": variables},
                headers={"X-Shopify-Access-Token": token},
            ),
            writes=writes,
        )
        told = answer.told if isinstance(answer.told, dict) else {}
        if answer.status >= 400 or told.get("errors"):
            raise failure(answer, writes=writes)
        data = told.get("data")
        if not isinstance(data, dict) or not data:
            raise CallFailed(Fault.TRANSIENT, "no_content", in_doubt=writes)
        return data

    def _renewed(self, tokens: Tokens) -> Tokens | None:
        """A token for the app's own credentials; None without them."""
        key, secret = self._app
        if not key or not secret:
            return None
        asked = {"client_id": key, "client_secret": secret, "grant_type": "client_credentials"}
        url = self._line.base_url.rstrip("/") + "/admin/oauth/access_token"
        answer = self._line.ask(lambda client: client.post(url, json=asked), writes=False)
        told = answer.told if isinstance(answer.told, dict) else {}
        return tokens_in(told, self.server_now()) if answer.status < 400 else None


def failure(answer: Answer, *, writes: bool = False) -> CallFailed:
    """What an answer with errors means; HTTP 200 says nothing."""
    told = answer.told if isinstance(answer.told, dict) else {}
    listed = rows(told.get("errors"))
    codes = {clean(part(error, "extensions").get("code"), 60) for error in listed}
    text = told.get("errors")
    said = "; ".join(clean(e.get("message"), 200) for e in listed) or clean(str(text or ""), 200)
    if answer.status in (401, 402, 403, 423):  # 402 and 423: the shop is frozen or locked
        return CallFailed(Fault.AUTH, f"http{answer.status}", said)
    if "THROTTLED" in codes:
        return CallFailed(Fault.RATE, "throttled", said, wait_s=_wait(part(told, "extensions")))
    if codes & {"INTERNAL_SERVER_ERROR", "TIMEOUT"} or said.startswith("Internal error"):
        return CallFailed(Fault.TRANSIENT, "internal", said, in_doubt=writes)
    if "ACCESS_DENIED" in codes:
        return CallFailed(Fault.PERMISSION, "access_denied", said)
    known = sorted(code for code in codes if code)
    if known or answer.status == 404:
        return CallFailed(Fault.PERMISSION, (known or ["http404"])[0], said)
    return CallFailed(Fault.UNKNOWN, f"http{answer.status}", said, in_doubt=writes)


def _wait(extensions: Told) -> float:
    """Seconds until the bucket holds what the call costs; one when it does not say."""
    cost = part(extensions, "cost")
    bucket = part(cost, "throttleStatus")
    try:
        missing = float(cost["requestedQueryCost"]) - float(bucket["currentlyAvailable"])
        return max(0.1, missing / float(bucket["restoreRate"]))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return 1.0


def _iso(second: int) -> str:
    return local(second * 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
