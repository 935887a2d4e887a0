"""A simulated WooCommerce shop: plays the REST interface (v3) over real HTTP.

It checks the consumer key, keeps the site's zone for dates unless asked for GMT, takes bounds as
outside the window, pages by number with the totals in headers, leaves what is in the trash out of
``any`` status, and adds a note as often as it is told to. Verbs: those of
``drivers.simulated.http`` and ``deals``.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from core.clock import SHANGHAI, Clock, local
from drivers.simulated.deals import Deal, Item, Shop, SimLine, SimOrder, overlaid
from drivers.simulated.http import Reply, Request, packed, unpacked
from drivers.simulated.platform import Limited, Standing
from drivers.simulated.pushing import Message, Pushes, hmac_base64

__all__ = ["SimLine", "SimOrder", "SimulatedWoo"]

LISTING = "GET orders"
DETAIL = "GET order"
NOTE = "POST notes"
COMPLETE = "PUT order"
TRASH = "trash"
_PATH = re.compile(r"/wp-json/wc/v3/orders(?:/(\d+)(?:/(notes|refunds))?)?")
_STAGES = {
    "unpaid": "pending",
    "hold": "on-hold",
    "to_ship": "processing",
    "partial": "processing",
    "shipped": "completed",
    "done": "completed",
    "closed": "cancelled",
}
_TRACKED = re.compile(r"with ([\w& ]+), tracking number (\w+)\..*items ([\d,]+)\.$")


class Refused(Exception):  # noqa: N818 - the platform's answer, not an error of ours
    """An answer with a status of 400 or more."""

    def __init__(self, status: int, code: str, text: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.told = {"code": code, "message": text or code, "data": {"status": status}}


class SimulatedWoo(Pushes, Shop):
    """One shop. Its state may be changed from any thread while calls come in."""

    tells_wishes = False

    def __init__(
        self, clock: Clock, app_key: str = "ck_1", app_secret: str = "secret", **world: Any
    ) -> None:
        """``world`` as for ``Platform``."""
        super().__init__(clock, app_key, app_secret, **{"first_number": 1000, "step": 1, **world})
        self.notes: dict[str, list[dict[str, Any]]] = {}
        self._refunded: dict[str, list[dict[str, Any]]] = {}

    def revoke(self) -> None:
        """The merchant deletes the key."""
        with self.lock:
            self.app_key = ""

    def agree_refund(self, number: str, line: str | None = None) -> None:
        """Money goes back for whole lines."""
        with self.lock:
            self.pay_back(
                number,
                {
                    item.number: item.line.quantity
                    for item in self.deals[number].items
                    if line in (None, item.number)
                },
            )
            super().agree_refund(number, line)

    def pay_back(self, number: str, pieces: Mapping[str, int]) -> None:
        """Money goes back for some pieces of some lines; for none named, a bare amount."""
        with self.lock:
            lines = [
                {
                    "id": int(self.next_number()),
                    "quantity": -count,
                    "meta_data": [{"key": "_refunded_item_id", "value": line}],
                }
                for line, count in pieces.items()
            ]
            refund = {"id": int(self.next_number()), "reason": "", "line_items": lines}
            self._refunded.setdefault(number, []).append(refund)
            self.touch(number)

    def trash(self, number: str, on: bool = True) -> None:
        """The merchant puts an order into the trash, or takes it out again; it changes."""
        self.hold(number, TRASH, on)

    def standing(self, number: str) -> Standing:
        """How one order stands now; one in the trash is closed."""
        with self.lock:
            found = super().standing(number)
            return replace(found, stage="closed") if self.is_trashed(number) else found

    def is_trashed(self, number: str) -> bool:
        """Whether an order is in the trash."""
        return TRASH in self.deals[number].marks

    # --- pushing --------------------------------------------------------------------------------

    push_secret = "hook"
    """What the site signs its messages with: each webhook has a secret of its own."""

    def message(self, number: str, name: str = "") -> Message:
        """``order.updated``, or ``order.deleted`` for one in the trash, which then is a mere id;
        the delivery's id is the same for all of one second."""
        deal = self.deals.get(number)
        told = self._wire(deal) if deal else {"id": int(number), "status": "processing"}
        gone = deal is not None and TRASH in deal.marks
        told = {"id": int(number)} if gone else told
        body = json.dumps(told, separators=(",", ":")).encode()
        signs = {
            "X-WC-Webhook-Topic": "order.deleted" if gone else "order.updated",
            "X-WC-Webhook-Delivery-ID": name or str(self.now() // 1000),
            "X-WC-Webhook-Signature": hmac_base64(self.push_secret, body),
        }
        return Message({**signs, "Content-Type": "application/json"}, body)

    def ping(self) -> Message:
        """How a new webhook's address is tried."""
        return Message({"Content-Type": "application/x-www-form-urlencoded"}, b"webhook_id=7")

    # --- calls ----------------------------------------------------------------------------------

    def name(self, request: Request) -> str:
        """The method and what it is about."""
        found = _PATH.fullmatch(request.path)
        what = "?" if not found else found[2] or ("order" if found[1] else "orders")
        return f"{request.method} {what}"

    def about(self, request: Request) -> str:
        """The order a call is about."""
        found = _PATH.fullmatch(request.path)
        return (found[1] or "") if found else ""

    def answer(self, request: Request) -> Reply:
        """Check the key, then carry the call out."""
        try:
            self.rate(self.name(request))
            self._admitted(request)
            return self._carried_out(request)
        except Refused as refused:
            return packed(refused.told, refused.status)
        except Limited as limited:
            after = {"Retry-After": str(int(limited.wait_s) + 1)}
            return Reply(b"{}", 429, headers=after)

    def empty(self, request: Request) -> Reply:
        """A list of nothing, without its totals."""
        return Reply(b"[]")

    def trouble(self) -> Reply:
        """PHP gave up."""
        return packed({"code": "internal_server_error", "message": "critical error"}, 500)

    def _admitted(self, request: Request) -> None:
        wanted = base64.b64encode(f"{self.app_key}:{self._app_secret}".encode()).decode()
        if not self.app_key or request.headers.get("Authorization") != f"Basic {wanted}":
            raise Refused(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")

    def _carried_out(self, request: Request) -> Reply:
        name = self.name(request)
        if name == LISTING:
            return self._listing(request.query)
        deal = self.deals.get(self.about(request))
        if deal is None:
            raise Refused(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
        match name:
            case "GET order":
                return packed(self._wire(deal))
            case "GET refunds":
                return packed(self._refunded.get(deal.number, []))
            case "GET notes":
                return packed(list(reversed(self.notes.get(deal.number, []))))
            case "POST notes":
                return packed(self._noted(deal, unpacked(request.body)), 201)
            case "PUT order":
                return packed(self._put(deal, unpacked(request.body)))
        raise Refused(404, "rest_no_route")

    # --- listing and detail ---------------------------------------------------------------------

    def _listing(self, query: Mapping[str, str]) -> Reply:
        size, number = int(query.get("per_page", "10")), int(query.get("page", "1"))
        if not 1 <= size <= 100 or number < 1:
            raise Refused(400, "rest_invalid_param", "per_page, page")
        gmt = query.get("dates_are_gmt") == "true"
        made = "after" in query
        names = ("after", "before") if made else ("modified_after", "modified_before")
        after = _moment(query.get(names[0], "1970-01-01T00:00:00"), gmt)
        before = _moment(query.get(names[1], "2100-01-01T00:00:00"), gmt)
        listing = self.born if made else self.changed
        found = [deal for _, deal in listing(after + 1000, before - 1)]
        status = query.get("status", "any")
        found = [x for x in found if self._shown_as(x, status)]
        key = "id" if query.get("orderby") == "id" else "date"
        found.sort(key=lambda deal: int(deal.number) if key == "id" else deal.created_at)
        if query.get("order", "desc") == "desc":
            found.reverse()
        rows = self.page([self._wire(x) for x in found[(number - 1) * size : number * size]])
        if query.get("_fields") == "id":
            rows = [{"id": row["id"]} for row in rows]
        totals = {"X-WP-Total": len(found), "X-WP-TotalPages": -(-len(found) // size)}
        return packed(rows, headers={name: str(total) for name, total in totals.items()})

    def _shown_as(self, deal: Deal, status: str) -> bool:
        """Whether a listing by status shows an order: ``any`` is all but the trash."""
        is_trashed = TRASH in deal.marks
        return not is_trashed if status == "any" else self._status(deal) == status

    def _wire(self, deal: Deal) -> dict[str, Any]:
        order = deal.told
        paid = deal.paid_at
        who = {
            "first_name": order.name[1:],
            "last_name": order.name[:1],
            "address_1": order.district + deal.address,
            "address_2": "",
            "city": order.city,
            "state": "CN12",
            "postcode": "310000",
            "country": "CN",
            "phone": order.phone,
        }
        told: dict[str, Any] = {
            "id": int(deal.number),
            "number": deal.number,
            "status": self._status(deal),
            "currency": "CNY",
            "date_created_gmt": _text(deal.created_at),
            "date_modified_gmt": _text(deal.modified_at),
            "date_paid_gmt": _text(paid) if paid is not None else None,
            "date_created": _text(deal.created_at + 28_800_000),
            "total": _money(deal.goods_cents + order.freight_cents),
            "shipping_total": _money(order.freight_cents),
            "customer_id": 0,
            "customer_note": order.buyer_note or "",
            "billing": {**who, "email": f"{order.buyer}@example.com"},
            "shipping": who,
            "line_items": [self._line(item) for item in deal.items],
            "shipping_lines": [{"method_title": order.promise}],
            "refunds": [
                {"id": refund["id"], "reason": "", "total": "-1.00"}
                for refund in self._refunded.get(deal.number, [])
            ],
        }
        return overlaid(told, deal.more)

    def _status(self, deal: Deal) -> str:
        if TRASH in deal.marks:
            return TRASH
        if deal.stage == "closed" and self._refunded.get(deal.number):
            return "refunded"
        return "on-hold" if "hold" in deal.marks else _STAGES.get(deal.stage, deal.stage)

    def _line(self, item: Item) -> dict[str, Any]:
        line = item.line
        told = {
            "id": int(item.number),
            "name": line.title or line.sku,
            "product_id": 1,
            "variation_id": 0,
            "quantity": line.quantity,
            "sku": line.sku,
            "price": line.price_cents / 100,
            "total": _money(line.price_cents * line.quantity),
            "meta_data": [{"key": "规格", "value": line.spec}] if line.spec else [],
        }
        return overlaid(told, item.more)

    # --- shipping -------------------------------------------------------------------------------

    def _noted(self, deal: Deal, told: dict[str, Any]) -> dict[str, Any]:
        """Add a note; the world reads of a parcel in it what the customer would read."""
        note = {**told, "id": int(self.next_number()), "author": "REST API"}
        self.notes.setdefault(deal.number, []).append(note)
        found = _TRACKED.search(str(told.get("note")))
        if found and told.get("customer_note"):
            items = [item for item in deal.items if item.number in found[3].split(",")]
            stage = deal.stage
            self.post(deal, items, found[2], found[1])
            deal.stage = stage  # a note changes no status
        return note

    def _put(self, deal: Deal, told: dict[str, Any]) -> dict[str, Any]:
        stages = {
            word: stage for stage, word in _STAGES.items() if stage not in ("done", "partial")
        }
        stage = stages.get(str(told.get("status")))
        if stage is None:
            raise Refused(400, "rest_invalid_param", "status")
        deal.stage = stage
        self.touch(deal.number)
        self.commit(what="status", tid=deal.number, status=told["status"])
        return self._wire(deal)


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _text(at: int) -> str:
    return local(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _moment(text: str, gmt: bool) -> int:
    try:
        at = datetime.fromisoformat(text).replace(tzinfo=UTC if gmt else SHANGHAI)
    except ValueError:
        raise Refused(400, "rest_invalid_param", text) from None
    return int(at.timestamp() * 1000)
