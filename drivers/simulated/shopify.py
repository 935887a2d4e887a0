"""A simulated Shopify shop: plays the GraphQL admin interface over real HTTP.

It checks the access token, answers with what was selected, charges every call to a bucket that
refills by the second, and answers HTTP 200 to a call that found it empty. A call must find what it
may cost at most, a point for each object and two for each list of pages, pays what it did cost, and
may not cost more than 1,000 (shopify.dev, "Graph QL Admin API rate limits"). Its cursor is a mere
offset, the worst a platform may do, in as many letters as there. What is to be shipped stands in
tasks, one for each location (``located``) and one for what needs no delivery; a fulfilment of tasks
that differ in either is refused. An app sees what its ``scopes`` let it: tasks are not refused, but
not there. Verbs: those of ``drivers.simulated.http`` and ``deals``.
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
MOST_POINTS = 1_000.0
"""What one call may cost."""
_WRITING = 10.0
_CURSOR = "eyJsYXN0X2lkIjo1NDAwMDAwMDMyNzY4LCJsYXN0X3ZhbHVlIjoiMjAyNi0xMS0yOCAwMTowMDowMCJ9"
SCOPES = (
    *("read_orders", "read_products", "read_customers", "read_locations"),
    *("read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders"),
)
_NEEDS = {
    "customer": "read_customers",
    "variant": "read_products",
    "location": "read_locations",
}
"""Fields that take a scope of their own."""
_USUAL_PLACE = "1"
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
        self.scopes = set(SCOPES)
        """What the app was allowed."""
        self.located: dict[str, str] = {}
        """SKU -> the location that ships it, where that is not the usual one."""

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

    def message(self, number: str, name: str = "", topic: str = "orders/updated") -> Message:
        """A webhook; two topics do not carry the order itself."""
        order = {"id": int(number), "admin_graphql_api_id": f"gid://shopify/Order/{number}"}
        other: dict[str, dict[str, Any]] = {
            "orders/edited": {"order_edit": {"id": 1, "order_id": int(number)}},
            "orders/risk_assessment_changed": {"order_id": int(number), "provider_title": None},
        }
        told = other.get(topic, order)
        body = json.dumps(told, separators=(",", ":")).encode()
        signs = {
            "X-Shopify-Topic": topic,
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
        cost = _WRITING
        try:
            asked = parse(unpacked(request.body))
            writes, root = asked.kind == "mutation", asked.root
            cost = _WRITING if writes else at_most(root)
            self._charge(root.name, cost)
            told = {root.name: self._resolved(root)}
        except Refused as refused:
            return packed({"errors": [refused.error], "extensions": self._cost(cost)})
        except Malformed as malformed:
            error = {"message": str(malformed), "extensions": {"code": "undefinedField"}}
            return packed({"errors": [error]})
        if not writes:
            self._bucket += max(0.0, cost - came(told))
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
        if cost > MOST_POINTS:
            said = (
                f"Query cost is {cost:.0f}, which exceeds the single query max cost limit (1000)."
            )
            raise Refused("MAX_COST_EXCEEDED", said)
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
                self._may(root.fields)
                deal = self.deals.get(number)
                return picked(root, self._wire(deal)) if deal else None
            case "fulfillment" | "fulfillmentOrder":
                self._may(root.fields)
                return picked(root, self._part(root.name + "s", str(root.arguments.get("id"))))
            case "fulfillmentCreate":
                return pick(root.fields, self._shipping(root.arguments.get("fulfillment") or {}))
        raise Malformed(f"Field '{root.name}' doesn't exist")

    def _may(self, fields: list[Field]) -> None:
        """Whether everything selected may be read."""
        for one in fields:
            scope = _NEEDS.get(one.name)
            if scope and scope not in self.scopes:
                said = f"Access denied for {one.name} field."
                raise Refused("ACCESS_DENIED", f"{said} Required access: `{scope}` access scope.")
            self._may(one.fields)

    # --- listing and detail ---------------------------------------------------------------------

    def _listing(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        size, start = int(asked["first"]), _start(asked)
        query, by = str(asked.get("query")), _LISTINGS.get(str(asked.get("sortKey")))
        if not 1 <= size <= 250 or by is None or f"{by}:" not in query:
            raise Refused("BAD_REQUEST", "first, sortKey")
        bounds = {sign: _moment(text) for sign, text in _BOUND.findall(query)}
        listing = self.born if by == "created_at" else self.changed
        found = listing(bounds.get(">=", 0), bounds.get("<=", 2**60) + 999)
        nodes = self.page([self._wire(deal) for _, deal in found[start : start + size]])
        more = len(found) > start + size
        return {"nodes": nodes, "pageInfo": _info(more, start + size if nodes else 0)}

    def _part(self, key: str, id_: str) -> dict[str, Any] | None:
        """The fulfilment or task with that id."""
        for deal in self.deals.values():
            told = self._wire(deal)[key]
            for one in told["nodes"] if isinstance(told, dict) else told:
                if one["id"] == id_:
                    return dict(one)
        return None

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
            "lineItems": {"nodes": [_line(item) for item in deal.items]},
            "fulfillments": self._fulfillments(deal),
            "fulfillmentOrders": {"nodes": self._tasks(deal)},
        }
        return overlaid(told, deal.more)

    # --- shipping -------------------------------------------------------------------------------

    def _shipping(self, told: Mapping[str, Any]) -> dict[str, Any]:
        tracking = told.get("trackingInfo") or {}
        waybill = str(tracking.get("number") or "")
        if "write_merchant_managed_fulfillment_orders" not in self.scopes:
            raise Refused("ACCESS_DENIED", "Access denied for fulfillmentCreate field.")
        wanted: dict[str, Any] = {}
        deal: Deal | None = None
        tasks: list[dict[str, Any]] = []
        for asked in told.get("lineItemsByFulfillmentOrder") or []:
            deal, task = self._task_at(str(asked.get("fulfillmentOrderId")))
            tasks += [task] if task else []
            lines = asked.get("fulfillmentOrderLineItems") or []
            wanted |= {str(x.get("id")).rpartition("/")[2]: x.get("quantity") for x in lines}
        said = (
            "Fulfillment order does not exist."
            if deal is None
            else _mixed(tasks) or self._objection(deal, wanted)
        )
        if deal is None or said:
            self.refused(deal.number if deal else "", waybill, said)
            return {"fulfillment": None, "userErrors": [{"field": ["base"], "message": said}]}
        items = [item for item in deal.items if item.number in wanted]
        self.post(deal, items, waybill, str(tracking.get("company")))
        made = {"id": f"gid://shopify/Fulfillment/{self.next_number()}", "status": "SUCCESS"}
        return {"fulfillment": made, "userErrors": []}

    def _objection(self, deal: Deal, wanted: Mapping[str, Any]) -> str:
        tasks = [task for task in self._tasks(deal) if task["status"] == "OPEN"]
        left = {
            line["id"].rpartition("/")[2]: line["remainingQuantity"]
            for task in tasks
            for line in task["lineItems"]["nodes"]
            if line["remainingQuantity"]
        }
        if not left:
            return f"Fulfillment order {deal.number} has an unfulfillable status= closed."
        if not wanted or any(left.get(line) != count for line, count in wanted.items()):
            return "Invalid fulfillment order line item quantity requested."
        return ""

    def _task_at(self, id_: str) -> tuple[Deal | None, dict[str, Any] | None]:
        """The order and the task with that id."""
        for deal in self.deals.values():
            for task in self._tasks(deal):
                if task["id"] == id_:
                    return deal, task
        return None, None

    def _tasks(self, deal: Deal) -> list[dict[str, Any]]:
        """The shop's tasks to ship what is left, one for each place and way; none that the app may
        not see."""
        if "read_merchant_managed_fulfillment_orders" not in self.scopes:
            return []
        found: dict[tuple[str, str], list[Item]] = {}
        for item in deal.items:
            method = "NONE" if _line(item)["requiresShipping"] is False else "SHIPPING"
            found.setdefault((self._place_of(item), method), []).append(item)
        return [
            _task(deal, str(int(deal.number) + count), place, method, items)
            for count, ((place, method), items) in enumerate(found.items())
        ]

    def _place_of(self, item: Item) -> str:
        return self.located.get(item.line.sku, _USUAL_PLACE)

    def _fulfillments(self, deal: Deal) -> list[dict[str, Any]]:
        """What was shipped, one for each report: a waybill can be told for each place."""
        made: dict[tuple[str, str], dict[str, Any]] = {}
        for item in deal.items:
            if item.waybill:
                one = made.setdefault(
                    (item.waybill, self._place_of(item)),
                    {
                        "id": f"gid://shopify/Fulfillment/{item.number}",
                        "status": "SUCCESS",
                        "trackingInfo": [{"number": item.waybill, "company": item.company}],
                        "fulfillmentLineItems": {"nodes": []},
                    },
                )
                line = {"lineItem": {"id": f"gid://shopify/LineItem/{item.number}"}}
                one["fulfillmentLineItems"]["nodes"].append(line)
        return list(made.values())


def at_most(asked: Field) -> float:
    """The points that a call may cost: what it pays if every list comes as long as asked for."""
    if not asked.fields or asked.name == "pageInfo":
        return 0.0
    inside = sum(at_most(one) for one in asked.fields)
    first = asked.arguments.get("first")
    if first is None:
        return 1.0 + inside
    paged = any(one.name == "nodes" for one in asked.fields)
    return 2.0 + float(first) * inside if paged else float(first) * (1.0 + inside)


def came(told: Any) -> float:
    """The points of an answer."""
    if isinstance(told, list):
        return sum(came(one) for one in told)
    if not isinstance(told, dict):
        return 0.0
    inside = sum(came(one) for key, one in told.items() if key != "pageInfo")
    return inside + (2.0 if "nodes" in told else 1.0)


def picked(asked: Field, told: Any) -> Any:
    """What was selected of an object, every list in it cut to the page that was asked for."""
    return pick(asked.fields, _paged(asked, told))


def _paged(asked: Field, told: Any) -> Any:
    first, named = asked.arguments.get("first"), {one.name: one for one in asked.fields}
    if isinstance(told, list):
        return [_paged(asked, one) for one in told]
    if not isinstance(told, dict):
        return told
    inside = {key: _paged(named[key], one) if key in named else one for key, one in told.items()}
    for key, one in named.items():
        if isinstance(inside.get(key), list) and "first" in one.arguments:
            inside[key] = inside[key][: int(one.arguments["first"])]
    if "nodes" in inside and first is not None:
        start, nodes = _start(asked.arguments), inside["nodes"]
        inside["nodes"] = nodes[start : start + first]
        info = _info(len(nodes) > start + first, start + len(inside["nodes"]))
        inside["pageInfo"] = info | inside.get("pageInfo", {})
    return inside


def _info(more: bool, end: int) -> dict[str, Any]:
    return {"hasNextPage": more, "endCursor": f"{_CURSOR}{end}" if end else None}


def _start(asked: Mapping[str, Any]) -> int:
    """The offset in a cursor."""
    return int(str(asked.get("after") or 0).removeprefix(_CURSOR))


def _line(item: Item) -> dict[str, Any]:
    line = item.line
    told = {
        "id": f"gid://shopify/LineItem/{item.number}",
        "sku": line.sku,
        "title": line.title or line.sku,
        "variantTitle": line.spec or None,
        "quantity": line.quantity,
        "requiresShipping": True,
        "currentQuantity": 0 if item.refund == "refunded" else line.quantity,
        "variant": {"barcode": None},
        "originalUnitPriceSet": _money(line.price_cents),
    }
    return overlaid(told, item.more)


def _task(deal: Deal, number: str, place: str, method: str, items: list[Item]) -> dict[str, Any]:
    """One task to ship some of the lines."""
    held = "hold" in deal.marks or deal.stage == "hold"
    is_open = deal.stage in ("to_ship", "partial") and any(item in deal.left for item in items)
    lines = [
        {
            "id": f"gid://shopify/FulfillmentOrderLineItem/{item.number}",
            "remainingQuantity": item.line.quantity if item in deal.left else 0,
            "lineItem": {"id": f"gid://shopify/LineItem/{item.number}"},
        }
        for item in items
    ]
    return {
        "id": f"gid://shopify/FulfillmentOrder/{number}",
        "status": "ON_HOLD" if held else "OPEN" if is_open else "CLOSED",
        "assignedLocation": {"location": {"id": f"gid://shopify/Location/{place}"}},
        "deliveryMethod": {"methodType": method},
        "lineItems": {"nodes": lines},
    }


def _mixed(tasks: list[dict[str, Any]]) -> str:
    """Why tasks cannot be fulfilled together; "" when they can."""
    if len({task["assignedLocation"]["location"]["id"] for task in tasks}) > 1:
        return "All fulfillment orders must be assigned to a single location."
    methods = sorted({task["deliveryMethod"]["methodType"].lower() for task in tasks})
    if len(methods) > 1:
        return (
            "All fulfillment orders must have the same delivery method type."
            f" Multiple delivery method types {methods} were found."
        )
    return ""


def _money(cents: int) -> dict[str, Any]:
    return {"shopMoney": {"amount": f"{cents // 100}.{cents % 100:02d}", "currencyCode": "CNY"}}


def _text(at: int) -> str:
    return local(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)
