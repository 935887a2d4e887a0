"""A simulated Shopify shop: plays the GraphQL admin interface over real HTTP.

It checks the access token, answers with what was selected, charges every call to a bucket that
refills by the second, and answers HTTP 200 to a call that found it empty. Its cursor is a mere
offset, the worst a platform may do. Verbs: those of ``drivers.simulated.http`` and ``deals``.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.clock import Clock, local
from drivers.simulated.deals import Deal, Item, Shop, SimLine, SimOrder, overlaid
from drivers.simulated.graphql import Field, Malformed, parse, pick
from drivers.simulated.http import Reply, Request, packed, unpacked
from drivers.simulated.platform import Limited
from drivers.simulated.pushing import Message, Pushes, hmac_base64

__all__ = ["SimLine", "SimOrder", "SimulatedShopify"]

LISTING = "orders"
DETAIL = "order"
SHIP = "fulfillmentCreate"
TOKEN = "/admin/oauth/access_token"
_STAGES = {
    "unpaid": ("PENDING", "UNFULFILLED"),
    "hold": ("PAID", "ON_HOLD"),
    "to_ship": ("PAID", "UNFULFILLED"),
    "partial": ("PAID", "PARTIALLY_FULFILLED"),
    "shipped": ("PAID", "FULFILLED"),
    "done": ("PAID", "FULFILLED"),
    "closed": ("REFUNDED", "UNFULFILLED"),
}
_BOUND = re.compile(r"(?:updated|created)_at:(>=|<=)'([^']+)'")
_LISTINGS = {"UPDATED_AT": "updated_at", "CREATED_AT": "created_at"}


class Refused(Exception):  # noqa: N818 - the platform's answer, not an error of ours
    """A top-level error."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.error = {"message": text, "extensions": {"code": code}}


class SimulatedShopify(Pushes, Shop):
    """One shop. Its state may be changed from any thread while calls come in."""

    tells_wishes = False

    def __init__(  # noqa: PLR0917 - as the shop hands them out
        self,
        clock: Clock,
        app_key: str = "client",
        app_secret: str = "secret",
        session: str = "session",
        maximum: float = 2000.0,
        restore: float = 100.0,
        **world: Any,
    ) -> None:
        """``maximum`` points fit into the bucket, ``restore`` come back each second; ``world`` as
        for ``Platform``."""
        world = {"first_number": 5_400_000_000_000, "step": 32_768, **world}
        super().__init__(clock, app_key, app_secret, session, **world)
        self.maximum, self.restore_rate = maximum, restore
        self._bucket, self._filled_at = maximum, self.now()

    def expire(self) -> None:
        """The token runs out; the app's credentials give another."""
        with self.lock:
            self.session = f"ended-{self.session}"

    def revoke(self) -> None:
        """The merchant uninstalls the app."""
        with self.lock:
            self.expire()
            self.app_key = ""

    # --- pushing --------------------------------------------------------------------------------

    def message(self, number: str, name: str = "") -> Message:
        """``orders/updated``."""
        told = {"id": int(number), "admin_graphql_api_id": f"gid://shopify/Order/{number}"}
        body = json.dumps(told, separators=(",", ":")).encode()
        signs = {
            "X-Shopify-Topic": "orders/updated",
            "X-Shopify-Event-Id": name or self.next_number(),
            "X-Shopify-Hmac-Sha256": hmac_base64(self._app_secret, body),
        }
        return Message({**signs, "Content-Type": "application/json"}, body)

    # --- calls ----------------------------------------------------------------------------------

    def name(self, request: Request) -> str:
        """The root field."""
        if request.path == TOKEN:
            return TOKEN
        try:
            return parse(unpacked(request.body)).root.name
        except Malformed:
            return "?"

    def about(self, request: Request) -> str:
        """The order a call is about, when it says so."""
        told = unpacked(request.body).get("variables")
        return str(told.get("id") or "").rpartition("/")[2] if isinstance(told, dict) else ""

    def answer(self, request: Request) -> Reply:
        """Check the token and the bucket, then carry the call out."""
        if request.path == TOKEN:
            return self._token(unpacked(request.body))
        if request.headers.get("X-Shopify-Access-Token") != self.session:
            said = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return packed({"errors": said}, 401)
        if not re.fullmatch(r"/admin/api/\d{4}-\d{2}/graphql.json", request.path):
            return packed({"errors": "Not Found"}, 404)
        cost = 10.0
        try:
            root = parse(unpacked(request.body)).root
            cost = 2.0 + float(root.arguments.get("first") or 10)
            self._charge(root.name, cost)
            told = {root.name: self._resolved(root)}
        except Refused as refused:
            return self._throttled(refused, cost)
        except Malformed as malformed:
            error = {"message": str(malformed), "extensions": {"code": "undefinedField"}}
            return packed({"errors": [error]})
        return packed({"data": told, "extensions": self._cost(cost)})

    def empty(self, request: Request) -> Reply:
        """A well-formed answer with nothing in it."""
        return packed({"data": {}})

    def trouble(self) -> Reply:
        """A failure inside, with HTTP 200."""
        error = {
            "message": "Internal error. Looks like something went wrong on our end.",
            "extensions": {"code": "INTERNAL_SERVER_ERROR"},
        }
        return packed({"errors": [error]})

    def _token(self, told: Mapping[str, Any]) -> Reply:
        if not self.app_key or (told.get("client_id"), told.get("client_secret")) != (
            *(self.app_key, self._app_secret),
        ):
            return packed({"error": "invalid_client"}, 400)
        self._renewals += 1
        self.session = f"shpat_{self._renewals}"
        self.commit(what="renewed")
        return packed({"access_token": self.session, "scope": "orders", "expires_in": 86_399})

    def _charge(self, name: str, cost: float) -> None:
        now = self.now()
        refilled = self._bucket + self.restore_rate * (now - self._filled_at) / 1000
        self._bucket, self._filled_at = min(self.maximum, refilled), now
        try:
            self.rate(name)
        except Limited as limited:
            self._bucket = cost - limited.wait_s * self.restore_rate
        if self._bucket < cost:
            raise Refused("THROTTLED", "Throttled")
        self._bucket -= cost

    def _throttled(self, refused: Refused, cost: float) -> Reply:
        return packed({"errors": [refused.error], "extensions": self._cost(cost)})

    def _cost(self, cost: float) -> dict[str, Any]:
        status = {
            "maximumAvailable": self.maximum,
            "currentlyAvailable": self._bucket,
            "restoreRate": self.restore_rate,
        }
        return {"cost": {"requestedQueryCost": cost, "throttleStatus": status}}

    def _resolved(self, root: Field) -> Any:
        match root.name:
            case "orders":
                return pick(root.fields, self._listing(root.arguments))
            case "order":
                number = str(root.arguments.get("id")).removeprefix("gid://shopify/Order/")
                deal = self.deals.get(number)
                return pick(root.fields, self._wire(deal)) if deal else None
            case "fulfillmentCreate":
                return pick(root.fields, self._shipping(root.arguments.get("fulfillment") or {}))
        raise Malformed(f"Field '{root.name}' doesn't exist")

    # --- listing and detail ---------------------------------------------------------------------

    def _listing(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        size, start = int(asked["first"]), int(str(asked.get("after") or 0))
        query, by = str(asked.get("query")), _LISTINGS.get(str(asked.get("sortKey")))
        if not 1 <= size <= 250 or by is None or f"{by}:" not in query:
            raise Refused("BAD_REQUEST", "first, sortKey")
        bounds = {sign: _moment(text) for sign, text in _BOUND.findall(query)}
        listing = self.born if by == "created_at" else self.changed
        found = listing(bounds.get(">=", 0), bounds.get("<=", 2**60) + 999)
        nodes = self.page([self._wire(deal) for _, deal in found[start : start + size]])
        more = len(found) > start + size
        info = {"hasNextPage": more, "endCursor": str(start + size) if nodes else None}
        return {"nodes": nodes, "pageInfo": info}

    def _wire(self, deal: Deal) -> dict[str, Any]:
        order = deal.told
        money, goods = _STAGES.get(deal.stage, ("PAID", deal.stage))
        if any(item.refund == "refunded" for item in deal.items) and deal.stage != "closed":
            money = "PARTIALLY_REFUNDED"
        told: dict[str, Any] = {
            "id": f"gid://shopify/Order/{deal.number}",
            "legacyResourceId": deal.number,
            "name": f"#{deal.number[-5:]}",
            "createdAt": _text(deal.created_at),
            "updatedAt": _text(deal.modified_at),
            "processedAt": _text(deal.paid_at or deal.created_at),
            "cancelledAt": _text(deal.modified_at) if deal.stage == "closed" else None,
            "test": False,
            "note": order.buyer_note,
            "email": f"{order.buyer}@example.com",
            "displayFinancialStatus": money,
            "displayFulfillmentStatus": "ON_HOLD" if "hold" in deal.marks else goods,
            "currentTotalPriceSet": _money(deal.goods_cents + order.freight_cents),
            "totalShippingPriceSet": _money(order.freight_cents),
            "customer": {"legacyResourceId": "77", "displayName": order.buyer},
            "shippingAddress": {
                "name": order.name,
                "phone": order.phone,
                "province": order.province,
                "city": order.city,
                "address1": order.district + deal.address,
                "address2": None,
                "zip": "310000",
                "countryCodeV2": "CN",
            },
            "shippingLine": {"title": order.promise} if order.promise else None,
            "risk": {"recommendation": "INVESTIGATE" if "risk" in deal.marks else "ACCEPT"},
            "lineItems": {
                "nodes": [_line(item) for item in deal.items],
                "pageInfo": {"hasNextPage": False},
            },
            "fulfillments": _fulfillments(deal),
            "fulfillmentOrders": {"nodes": [_task(deal)]},
        }
        return overlaid(told, deal.more)

    # --- shipping -------------------------------------------------------------------------------

    def _shipping(self, told: Mapping[str, Any]) -> dict[str, Any]:
        tracking = told.get("trackingInfo") or {}
        waybill = str(tracking.get("number") or "")
        wanted: dict[str, Any] = {}
        number = ""
        for task in told.get("lineItemsByFulfillmentOrder") or []:
            number = str(task.get("fulfillmentOrderId")).rpartition("/")[2]
            lines = task.get("fulfillmentOrderLineItems") or []
            wanted |= {str(x.get("id")).rpartition("/")[2]: x.get("quantity") for x in lines}
        deal = self.deals.get(number)
        said = (
            "Fulfillment order does not exist." if deal is None else self._objection(deal, wanted)
        )
        if deal is None or said:
            self.refused(number, waybill, said)
            return {"fulfillment": None, "userErrors": [{"field": ["base"], "message": said}]}
        items = [item for item in deal.items if item.number in wanted]
        self.post(deal, items, waybill, str(tracking.get("company")))
        made = {"id": f"gid://shopify/Fulfillment/{self.next_number()}", "status": "SUCCESS"}
        return {"fulfillment": made, "userErrors": []}

    def _objection(self, deal: Deal, wanted: Mapping[str, Any]) -> str:
        if _task(deal)["status"] != "OPEN":
            return f"Fulfillment order {deal.number} has an unfulfillable status= closed."
        left = {item.number: item.line.quantity for item in deal.left}
        if not wanted or any(left.get(line) != count for line, count in wanted.items()):
            return "Invalid fulfillment order line item quantity requested."
        return ""


def _line(item: Item) -> dict[str, Any]:
    line = item.line
    told = {
        "id": f"gid://shopify/LineItem/{item.number}",
        "sku": line.sku,
        "title": line.title or line.sku,
        "variantTitle": line.spec or None,
        "quantity": line.quantity,
        "currentQuantity": 0 if item.refund == "refunded" else line.quantity,
        "variant": {"barcode": None},
        "originalUnitPriceSet": _money(line.price_cents),
    }
    return overlaid(told, item.more)


def _task(deal: Deal) -> dict[str, Any]:
    """The shop's one task to ship what is left."""
    held = "hold" in deal.marks or deal.stage == "hold"
    status = "OPEN" if deal.left and deal.stage in ("to_ship", "partial") else "CLOSED"
    lines = [
        {
            "id": f"gid://shopify/FulfillmentOrderLineItem/{item.number}",
            "remainingQuantity": item.line.quantity if item in deal.left else 0,
            "lineItem": {"id": f"gid://shopify/LineItem/{item.number}"},
        }
        for item in deal.items
    ]
    return {
        "id": f"gid://shopify/FulfillmentOrder/{deal.number}",
        "status": "ON_HOLD" if held else status,
        "lineItems": {"nodes": lines},
    }


def _fulfillments(deal: Deal) -> list[dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for item in deal.items:
        if item.waybill:
            one = made.setdefault(
                item.waybill,
                {
                    "status": "SUCCESS",
                    "trackingInfo": [{"number": item.waybill, "company": item.company}],
                    "fulfillmentLineItems": {"nodes": []},
                },
            )
            line = {"lineItem": {"id": f"gid://shopify/LineItem/{item.number}"}}
            one["fulfillmentLineItems"]["nodes"].append(line)
    return list(made.values())


def _money(cents: int) -> dict[str, Any]:
    return {"shopMoney": {"amount": f"{cents // 100}.{cents % 100:02d}", "currencyCode": "CNY"}}


def _text(at: int) -> str:
    return local(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)
