"""Shopify: one shop through its GraphQL admin interface.

A listing is asked for by the time of change, behind a cursor that need not be trusted (``halves``).

Calls are paid for from a bucket that refills by the second, with what they might cost at most: a
point for each object, a list as long as it was asked for, two more for its pages, ten to write; no
call may cost more than 1,000 (shopify.dev, "Graph QL Admin API rate limits"). So lists are asked
for short, and what is longer is read page by page. A call that found the bucket too empty was not
carried out: it waits and is made again, but for a report, before which the order is looked at anew.

What an order's parcel holds may stand in several tasks (fulfilment orders) of the shop. One report
takes tasks of one location and one way of delivery only, and to read a task's location takes a
scope of its own: so each task is reported by itself. Which tasks are shown is a matter of the
token's scopes (``SCOPES``).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC
from functools import partial
from typing import Any

from core.clock import Clock, local
from core.ports import CallFailed, Fault, PlatformOrder, Shipment, ShippedParcel, WindowRules
from core.text import clean
from drivers.channels import shopify_order
from drivers.channels.access import Access, ShopAccess, Tokens, at_once, reporting, tokens_in
from drivers.channels.calls import Answer
from drivers.channels.connector import CARRIER_NAMES, Connector, Limits, asked_for
from drivers.channels.halves import Page, halved
from drivers.channels.reading import Told, part, rows, seconds_in, whole_seconds, word

PATH = "/admin/api/2026-10/graphql.json"
SCOPES = (
    *("read_orders", "read_products"),
    *("read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders"),
)
"""What the app must be allowed. Without the third an order has no tasks to ship, and no error says
so; without the second an order cannot be read, for a line's barcode is its product's."""
CARRIERS: Mapping[str, str] = {**CARRIER_NAMES, "jt": "J&T Express China", "ems": "China Post"}
"""The carriers as Shopify calls them, so that it links to their tracking pages."""

MOST_PARCELS = 20
"""Fulfilments of one order that can be read; they come without pages."""
REPORT_POINTS = 970.0
"""What a report needs at most: the order looked at, its standing, and a report for each of as many
tasks as are read at once."""

LISTING = """query Orders($first: Int!, $after: String, $query: String!, $key: OrderSortKeys!) {
  orders(first: $first, after: $after, sortKey: $key, query: $query) {
    nodes { legacyResourceId } pageInfo { hasNextPage endCursor }
  }
}"""
_PAGE_INFO = "pageInfo { hasNextPage endCursor }"
_LINES = f"""nodes {{
  id sku title variantTitle quantity currentQuantity requiresShipping variant {{ barcode }}
  originalUnitPriceSet {{ shopMoney {{ amount }} }}
}} {_PAGE_INFO}"""
_IN_PARCEL = f"nodes {{ lineItem {{ id }} }} {_PAGE_INFO}"
_IN_TASK = f"nodes {{ id remainingQuantity lineItem {{ id }} }} {_PAGE_INFO}"
_TASKS = f"""nodes {{
  id status deliveryMethod {{ methodType }} lineItems(first: 20) {{ {_IN_TASK} }}
}} {_PAGE_INFO}"""

DETAIL = f"""query Detail($id: ID!) {{
  order(id: $id) {{
    legacyResourceId createdAt updatedAt processedAt cancelledAt test note email
    displayFinancialStatus displayFulfillmentStatus
    currentTotalPriceSet {{ shopMoney {{ amount }} }}
    totalShippingPriceSet {{ shopMoney {{ amount }} }}
    shippingAddress {{ name phone province city address1 address2 zip countryCodeV2 }}
    shippingLine {{ title }}
    risk {{ recommendation }}
    lineItems(first: 50) {{ {_LINES} }}
  }}
}}"""
"""An order and its lines; at most 210 points."""
STANDING = f"""query Standing($id: ID!) {{
  order(id: $id) {{
    legacyResourceId
    fulfillments(first: {MOST_PARCELS}) {{
      id status trackingInfo {{ number }} fulfillmentLineItems(first: 10) {{ {_IN_PARCEL} }}
    }}
    fulfillmentOrders(first: 5) {{ {_TASKS} }}
  }}
}}"""
"""What of an order was shipped and what is to be; at most 703 points."""
MORE_LINES = f"""query Lines($id: ID!, $after: String!) {{
  order(id: $id) {{ lineItems(first: 200, after: $after) {{ {_LINES} }} }}
}}"""
MORE_IN_PARCEL = f"""query InParcel($id: ID!, $after: String!) {{
  fulfillment(id: $id) {{ fulfillmentLineItems(first: 200, after: $after) {{ {_IN_PARCEL} }} }}
}}"""
MORE_TASKS = f"""query Tasks($id: ID!, $after: String!) {{
  order(id: $id) {{ fulfillmentOrders(first: 20, after: $after) {{ {_TASKS} }} }}
}}"""
MORE_IN_TASK = f"""query InTask($id: ID!, $after: String!) {{
  fulfillmentOrder(id: $id) {{ lineItems(first: 200, after: $after) {{ {_IN_TASK} }} }}
}}"""
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
        id_ = _gid(number)
        told = self._order(DETAIL, number)
        lines = self._whole(told, "lineItems", MORE_LINES, id_)
        return shopify_order.order({**told, "lineItems": lines}, self.server_now())

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        """The waybills the platform has for an order. Raises CallFailed."""
        return shopify_order.parcels(self._made(self._order(STANDING, number)))

    def shipped_of(self, shipment: Shipment) -> tuple[ShippedParcel, ...]:
        """As ``shipped``, without this parcel's waybill while a task still holds something of it.
        Raises CallFailed."""
        told = self._order(STANDING, shipment.platform_number)
        known = shopify_order.parcels(self._made(told))
        if shopify_order.left(self._tasks(told), shipment.sub_numbers):
            return tuple(parcel for parcel in known if parcel.waybill != shipment.waybill)
        return known

    def _order(self, query: str, number: str) -> Told:
        data = self._call(query, {"id": _gid(number)})
        if "order" in data and data["order"] is None:
            raise CallFailed(Fault.BUSINESS, "not_found", f"no order {number}")
        return asked_for(part(data, "order"), "legacyResourceId", number)

    def _made(self, told: Told) -> list[Told]:
        """The fulfilments, each with everything in it."""
        made, key = rows(told.get("fulfillments")), "fulfillmentLineItems"
        if len(made) >= MOST_PARCELS:
            raise CallFailed(Fault.BUSINESS, "too_many_parcels", f"{MOST_PARCELS} or more")
        return [
            {**one, key: self._whole(one, key, MORE_IN_PARCEL, word(one.get("id")))} for one in made
        ]

    def _tasks(self, told: Told) -> list[Told]:
        """The shop's tasks to ship, each with everything in it."""
        id_ = _gid(word(told.get("legacyResourceId")))
        tasks, key = self._whole(told, "fulfillmentOrders", MORE_TASKS, id_), "lineItems"
        return [
            {**task, key: self._whole(task, key, MORE_IN_TASK, word(task.get("id")))}
            for task in rows(tasks.get("nodes"))
        ]

    def _whole(self, told: Told, key: str, query: str, id_: str) -> dict[str, Any]:
        """The list under a key with the pages that follow, which ``query`` asks for by owner."""
        page = part(told, key)
        found = rows(page.get("nodes"))
        while cursor := shopify_order.next_cursor(page):
            data = self._call(query, {"id": id_, "after": cursor})
            page = part(next(iter(data.values())), key)
            if not rows(page.get("nodes")) or shopify_order.next_cursor(page) == cursor:
                raise CallFailed(Fault.TRANSIENT, "short_page", f"{key} ends after {len(found)}")
            found += rows(page.get("nodes"))
        return {**page, "nodes": found}

    # --- shipping -------------------------------------------------------------------------------

    @at_once
    def ship(self, shipment: Shipment) -> None:
        """Report a waybill. Raises CallFailed, ``in_doubt`` when it may have been taken.

        The order's fulfilments are read first: what has our tracking number is not told again.
        """
        company = self._carrier(shipment)
        told = self._order(STANDING, shipment.platform_number)
        ours = {
            parcel.sub_number
            for parcel in shopify_order.parcels(self._made(told))
            if parcel.waybill == shipment.waybill
        }
        for task in shopify_order.contents(self._tasks(told), shipment.sub_numbers, ours):
            self._fulfil(task, {"company": company, "number": shipment.waybill})

    def _fulfil(self, task: Mapping[str, Any], tracking: Mapping[str, str]) -> None:
        """One report, of one task. Raises CallFailed."""
        fulfillment = {
            "lineItemsByFulfillmentOrder": [task],
            "trackingInfo": tracking,
            "notifyCustomer": False,
        }
        taken = part(
            self._call(SHIP, {"fulfillment": fulfillment}, writes=True),
            "fulfillmentCreate",
        )
        errors = [clean(error.get("message"), 200) for error in rows(taken.get("userErrors"))]
        if errors:
            raise CallFailed(Fault.BUSINESS, "user_error", "; ".join(errors))
        if not part(taken, "fulfillment").get("id"):
            raise CallFailed(Fault.TRANSIENT, "not_confirmed", in_doubt=True)

    # --- calls ----------------------------------------------------------------------------------

    def _call(self, query: str, variables: Mapping[str, Any], *, writes: bool = False) -> Told:
        """The data of an answer. Raises CallFailed.

        A report is made anew from the first look on, once the bucket holds enough for all of it.
        """
        points = REPORT_POINTS if reporting() else 0.0

        def once(token: str) -> Told:
            return self._once(query, variables, token, writes=writes, points=points)

        return self._access.run("graphql", once)

    def _once(
        self, query: str, variables: Mapping[str, Any], token: str, *, writes: bool, points: float
    ) -> Told:
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
            raise failure(answer, writes=writes, points=points)
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


def failure(answer: Answer, *, writes: bool = False, points: float = 0.0) -> CallFailed:
    """What an answer with errors means; HTTP 200 says nothing.

    A bucket that was too empty is waited for until it holds what the call costs, or ``points``.
    """
    told = answer.told if isinstance(answer.told, dict) else {}
    listed = rows(told.get("errors"))
    codes = {clean(part(error, "extensions").get("code"), 60) for error in listed}
    text = told.get("errors")
    said = "; ".join(clean(e.get("message"), 200) for e in listed) or clean(str(text or ""), 200)
    if answer.status in (401, 402, 403, 423):  # 402 and 423: the shop is frozen or locked
        return CallFailed(Fault.AUTH, f"http{answer.status}", said)
    if "THROTTLED" in codes:
        wait_s = _wait(part(told, "extensions"), points)
        return CallFailed(Fault.RATE, "throttled", said, wait_s=wait_s)
    if codes & {"INTERNAL_SERVER_ERROR", "TIMEOUT"} or said.startswith("Internal error"):
        return CallFailed(Fault.TRANSIENT, "internal", said, in_doubt=writes)
    if "ACCESS_DENIED" in codes:
        return CallFailed(Fault.PERMISSION, "access_denied", said)
    known = sorted(code for code in codes if code)
    if known or answer.status == 404:
        return CallFailed(Fault.PERMISSION, (known or ["http404"])[0], said)
    return CallFailed(Fault.UNKNOWN, f"http{answer.status}", said, in_doubt=writes)


def _wait(extensions: Told, points: float) -> float:
    """Seconds until the bucket holds enough; one when it does not say."""
    cost = part(extensions, "cost")
    bucket = part(cost, "throttleStatus")
    try:
        wanted = min(
            max(points, float(cost["requestedQueryCost"])), float(bucket["maximumAvailable"])
        )
        missing = wanted - float(bucket["currentlyAvailable"])
        return max(0.1, missing / float(bucket["restoreRate"]))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return 1.0


def _gid(number: str) -> str:
    return f"gid://shopify/Order/{number}"


def _iso(second: int) -> str:
    return local(second * 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
