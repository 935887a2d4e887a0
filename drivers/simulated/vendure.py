"""A simulated Vendure shop: plays the GraphQL admin interface over real HTTP.

It logs administrators in by name and password and hands the token out in a header, answers with
what was selected, dates changes in whole seconds, and moves an order's ``updatedAt`` while its
cart is filled and when it is cancelled and at nothing else, as Vendure 3.7.3 does. Verbs: those of
``drivers.simulated.http`` and ``deals``.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from core.clock import Clock, local
from drivers.simulated.deals import Deal, Item, Shop, SimLine, SimOrder, overlaid
from drivers.simulated.graphql import Field, Malformed, parse, pick
from drivers.simulated.http import Reply, Request, packed, unpacked
from drivers.simulated.platform import Limited

__all__ = ["SimLine", "SimOrder", "SimulatedVendure"]

LISTING = "orders"
LOGIN = "login"
FULFIL = "addFulfillmentToOrder"
MOVE = "transitionFulfillmentToState"
_STAGES = {
    "unpaid": "ArrangingPayment",
    "hold": "Modifying",
    "to_ship": "PaymentSettled",
    "partial": "PartiallyShipped",
    "shipped": "Shipped",
    "done": "Delivered",
    "closed": "Cancelled",
}


_SORTS: Mapping[str, Callable[[Deal], int]] = {
    "id": lambda deal: int(deal.number),
    "createdAt": lambda deal: deal.created_at // 1000,
    "updatedAt": lambda deal: deal.modified_at // 1000,
    "orderPlacedAt": lambda deal: deal.paid_at or 0,
}


class SimulatedVendure(Shop):
    """One shop. Its state may be changed from any thread while calls come in."""

    tells_wishes = False

    def __init__(
        self, clock: Clock, app_key: str = "superadmin", app_secret: str = "secret", **world: Any
    ) -> None:
        """``world`` as for ``Platform``."""
        super().__init__(clock, app_key, app_secret, **{"first_number": 100, "step": 1, **world})
        self.made: dict[str, dict[str, Any]] = {}
        """Every fulfilment by its id, with the number of its order."""
        self._modifications: dict[str, list[dict[str, Any]]] = {}
        self._refunds: dict[str, list[dict[str, Any]]] = {}
        self._logins = 0

    def expire(self) -> None:
        """The session ends; logging in works."""
        with self.lock:
            self.session = ""

    def revoke(self) -> None:
        """The administrator is deleted."""
        with self.lock:
            self.session, self.app_key = "", ""

    # --- what happens while the order's own time stands still -----------------------------------

    def pay(self, number: str) -> None:
        """The buyer pays: the cart is an order now."""
        with self._still(number):
            super().pay(number)

    def hold(self, number: str, mark: str = "hold", on: bool = True) -> None:
        """Somebody begins to modify an order, or is through with it."""
        with self._still(number):
            super().hold(number, mark, on)

    def change_address(self, number: str, address: str) -> None:
        """Somebody modifies the address."""
        with self._still(number):
            super().change_address(number, address)
            made = {"id": self.next_number(), "updatedAt": _text(self.now())}
            self._modifications.setdefault(number, []).append(made)

    def pay_back(self, number: str, line: str, pieces: int, state: str = "Pending") -> None:
        """Money goes back for pieces of a line, which stay in the order."""
        with self.lock:
            lines = [{"orderLineId": line, "quantity": pieces}]
            told = {"id": self.next_number(), "state": state, "updatedAt": _text(self.now())}
            self._refunds.setdefault(number, []).append({**told, "lines": lines})

    def finish(self, number: str) -> None:
        """Everything has arrived."""
        with self._still(number):
            super().finish(number)

    def deliver(self, fulfilment: str) -> None:
        """One parcel arrives; the order is then (partly) delivered, whatever is left to ship."""
        with self.lock:
            made = self.made[fulfilment]
            made |= {"state": "Delivered", "updatedAt": _text(self.now())}
            deal = self.deals[made["order"]]
            arrived = {x["orderLineId"] for x in self._lines(deal, "Delivered")}
            whole = arrived >= {item.number for item in deal.items}
            deal.stage = "done" if whole else "PartiallyDelivered"

    @contextmanager
    def _still(self, number: str) -> Iterator[None]:
        with self.lock:
            deal = self.deals[number]
            at, versions = deal.modified_at, list(deal.versions)
            yield
            deal.modified_at, deal.versions = at, versions

    # --- calls ----------------------------------------------------------------------------------

    def name(self, request: Request) -> str:
        """The root field; a listing of one order by its code is ``order``."""
        try:
            root = parse(unpacked(request.body)).root
        except Malformed:
            return "?"
        wanted = (root.arguments.get("options") or {}).get("filter") or {}
        return "order" if "eq" in wanted.get("code", {}) else root.name

    def about(self, request: Request) -> str:
        """The order a call is about, when it says so."""
        try:
            root = parse(unpacked(request.body)).root
        except Malformed:
            return ""
        wanted = (root.arguments.get("options") or {}).get("filter") or {}
        return str(wanted.get("code", {}).get("eq", ""))

    def answer(self, request: Request) -> Reply:
        """Check the session, then carry the call out."""
        try:
            root = parse(unpacked(request.body)).root
            self.rate(self.name(request))
            if root.name == LOGIN:
                return self._logged_in(root)
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not self.session or token != self.session:
                said = "You are not currently authorized to perform this action"
                return _failed("FORBIDDEN", said)
            return packed({"data": {root.name: pick(root.fields, self._resolved(root))}})
        except Malformed as malformed:
            return _failed("GRAPHQL_VALIDATION_FAILED", str(malformed), 400)
        except Limited as limited:
            return Reply(b"{}", 429, headers={"Retry-After": str(int(limited.wait_s) + 1)})

    def empty(self, request: Request) -> Reply:
        """A well-formed answer with nothing in it."""
        return packed({"data": {}})

    def trouble(self) -> Reply:
        """A failure inside, with HTTP 200."""
        return _failed("INTERNAL_SERVER_ERROR", "internal error")

    def _logged_in(self, root: Field) -> Reply:
        came = (root.arguments.get("username"), root.arguments.get("password"))
        if not self.app_key or came != (self.app_key, self._app_secret):
            told = _error("INVALID_CREDENTIALS_ERROR", "The provided credentials are invalid")
            return packed({"data": {"login": pick(root.fields, told)}})
        self._logins += 1
        self.session = f"vendure-{self._logins}"
        self.commit(what="renewed")
        told = {"__typename": "CurrentUser", "id": "1"}
        headers = {"vendure-auth-token": self.session}
        return packed({"data": {"login": pick(root.fields, told)}}, headers=headers)

    def _resolved(self, root: Field) -> Any:
        match root.name:
            case "orders":
                return self._listing(root.arguments.get("options") or {})
            case "addFulfillmentToOrder":
                return self._fulfilled(root.arguments.get("input") or {})
            case "transitionFulfillmentToState":
                return self._left(str(root.arguments.get("id")), root.arguments.get("state"))
        raise Malformed(f"Cannot query field {root.name!r}")

    # --- listing and detail ---------------------------------------------------------------------

    def _listing(self, options: Mapping[str, Any]) -> dict[str, Any]:
        take, skip = int(options.get("take") or 100), int(options.get("skip") or 0)
        if take > 1000:
            raise Malformed("take")
        wanted = options.get("filter") or {}
        start, end = _bounds(wanted.get("updatedAt"))
        found = [
            deal for _, deal in self.changed(start, end + 999) if _matches(self._wire(deal), wanted)
        ]
        by = [key for key in _SORTS if key in (options.get("sort") or {})]  # in the schema's order
        found.sort(key=lambda deal: [_SORTS[key](deal) for key in by])
        items = [self._wire(deal) for deal in found[skip : skip + take]]
        one = "eq" in wanted.get("code", {})
        return {"items": items if one else self.page(items), "totalItems": len(found)}

    def _wire(self, deal: Deal) -> dict[str, Any]:
        order = deal.told
        paid = deal.paid_at is not None
        state = "Modifying" if "hold" in deal.marks else _STAGES.get(deal.stage, deal.stage)
        told: dict[str, Any] = {
            "id": deal.number,
            "code": deal.number,
            "state": state,
            "active": deal.stage == "unpaid",
            "createdAt": _text(deal.created_at),
            "updatedAt": _text(deal.modified_at),
            "orderPlacedAt": None if deal.paid_at is None else _text(deal.paid_at),
            "totalWithTax": deal.goods_cents + order.freight_cents,
            "shippingWithTax": order.freight_cents,
            "customer": {
                "id": "7",
                "firstName": order.name[1:],
                "lastName": order.name[:1],
                "emailAddress": f"{order.buyer}@example.com",
            },
            "shippingAddress": {
                "fullName": order.name,
                "streetLine1": order.district + deal.address,
                "streetLine2": "",
                "city": order.city,
                "province": order.province,
                "postalCode": "310000",
                "countryCode": "CN",
                "phoneNumber": order.phone,
            },
            "shippingLines": [{"shippingMethod": {"name": order.promise or "Standard"}}],
            "lines": [_line(item) for item in deal.items],
            "modifications": self._modifications.get(deal.number, []),
            "payments": [self._payment(deal)] if paid else [],
            "fulfillments": [x for x in self.made.values() if x["order"] == deal.number],
        }
        return overlaid(told, deal.more)

    def _payment(self, deal: Deal) -> dict[str, Any]:
        refunds = self._refunds.get(deal.number, [])
        return {"updatedAt": _text(deal.created_at), "refunds": refunds}

    # --- shipping -------------------------------------------------------------------------------

    def _fulfilled(self, told: Mapping[str, Any]) -> dict[str, Any]:
        handler = told.get("handler") or {}
        values = {x.get("name"): x.get("value") for x in handler.get("arguments") or []}
        wanted = {x.get("orderLineId"): x.get("quantity") for x in told.get("lines") or []}
        deal = self._of(wanted)
        if deal is None or handler.get("code") != "manual-fulfillment":
            return _error("CREATE_FULFILLMENT_ERROR", "An error occurred when creating")
        if deal.stage in ("unpaid", "closed"):
            self.refused(deal.number, str(values.get("trackingCode")), deal.stage)
            return _error("ORDER_STATE_TRANSITION_ERROR", "Cannot fulfill in this state")
        taken = {x["orderLineId"] for x in self._lines(deal)}
        left = {x.number: x.line.quantity for x in deal.left if x.number not in taken}
        if any(left.get(str(line)) != count for line, count in wanted.items()):
            self.refused(deal.number, str(values.get("trackingCode")), "fulfilled")
            return _error(
                "ITEMS_ALREADY_FULFILLED_ERROR", "One or more items are already fulfilled"
            )
        made: dict[str, Any] = {
            "__typename": "Fulfillment",
            "id": self.next_number(),
            "order": deal.number,
            "state": "Pending",
            "trackingCode": str(values.get("trackingCode") or ""),
            "method": str(values.get("method") or ""),
            "updatedAt": _text(self.now()),
            "lines": [{"orderLineId": line, "quantity": count} for line, count in wanted.items()],
        }
        self.made[made["id"]] = made
        return made

    def _left(self, number: str, state: object) -> dict[str, Any]:
        made = self.made.get(number)
        if made is None or (made["state"], state) != ("Pending", "Shipped"):
            return _error("FULFILLMENT_STATE_TRANSITION_ERROR", "Cannot transition Fulfillment")
        made |= {"state": "Shipped", "updatedAt": _text(self.now())}
        deal = self.deals[made["order"]]
        inside = {line["orderLineId"] for line in made["lines"]}
        items = [item for item in deal.items if item.number in inside]
        with self._still(deal.number):
            self.post(deal, items, made["trackingCode"], made["method"])
        deal.marks.discard("hold")  # as there: what leaves ends the modifying
        if self._lines(deal, "Delivered"):
            deal.stage = "PartiallyDelivered"
        return made

    def _of(self, lines: Mapping[Any, Any]) -> Deal | None:
        """The order all those lines are of."""
        for deal in self.deals.values():
            if lines and set(lines) <= {item.number for item in deal.items}:
                return deal
        return None

    def _lines(self, deal: Deal, state: str = "") -> list[dict[str, Any]]:
        """What is in the fulfilments of an order, or in those of one state."""
        made = [x for x in self.made.values() if x["order"] == deal.number]
        return [line for one in made if state in ("", one["state"]) for line in one["lines"]]


def _line(item: Item) -> dict[str, Any]:
    line = item.line
    told = {
        "id": item.number,
        "quantity": 0 if item.refund == "refunded" else line.quantity,
        "orderPlacedQuantity": line.quantity,
        "unitPriceWithTax": line.price_cents,
        "productVariant": {"sku": line.sku, "name": line.title or line.sku},
    }
    return overlaid(told, item.more)


def _matches(told: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether an order passes every filter but that of its time of change."""
    for key, rule in wanted.items():
        value = told[key]
        if "eq" in rule and value != rule["eq"]:
            return False
        if "in" in rule and value not in rule["in"]:
            return False
        if "between" in rule and key != "updatedAt":
            start, end = _bounds(rule)
            if value is None or not start <= _moment(value) <= end:
                return False
    return True


def _bounds(rule: Mapping[str, Any] | None) -> tuple[int, int]:
    between = (rule or {}).get("between") or {}
    start, end = between.get("start"), between.get("end")
    return _moment(start) if start else 0, _moment(end) if end else 2**60


def _error(code: str, text: str) -> dict[str, Any]:
    return {"__typename": code, "__interface": "ErrorResult", "errorCode": code, "message": text}


def _failed(code: str, text: str, status: int = 200) -> Reply:
    return packed({"errors": [{"message": text, "extensions": {"code": code}}]}, status)


def _text(at: int) -> str:
    return local(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _moment(text: object) -> int:
    return int(datetime.fromisoformat(str(text)).timestamp() * 1000)
