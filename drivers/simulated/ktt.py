"""A group-buy leader on a simulated Kuaituantuan, behind the gateway of ``drivers.simulated.pop``.

It holds callers to windows and pages, lists newest change first with the count of all, cancels
single units, and takes a second report of a waybill without a word: the platform's list of parcels
then holds both, which is what a careful caller looks at first. A report it refuses is answered like
one that it takes, under HTTP 200 and the method's own name, with ``success`` false.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from core.clock import Clock
from drivers.simulated.deals import Deal, Item, SimLine, SimOrder, overlaid
from drivers.simulated.http import Reply, Request, packed
from drivers.simulated.pop import PopShop, Refused, needed, opaque, whole

__all__ = ["SimLine", "SimOrder", "SimulatedKtt"]

LISTING = "pdd.ktt.increment.order.query"
DETAIL = "pdd.ktt.order.get"
SHIP = "pdd.ktt.order.logistic.create"
_STAGES = {"hold": 0, "to_ship": 0, "closed": 0, "partial": 2, "shipped": 1, "done": 3}
_AFTER_SALES = {"open": 1, "withdrawn": 8}
_WINDOW_MS = 1_800_000
_DAY_MS = 86_400_000


class SimulatedKtt(PopShop):
    """One leader's platform."""

    def __init__(self, clock: Clock, *access: str, **world: Any) -> None:
        """``access`` and ``world`` as for ``PopShop``."""
        super().__init__(clock, *access, **{"first_number": 260_120_400_000_017, **world})
        self.cancelled: dict[str, int] = {}
        """Units cancelled, by line number."""
        self._undone: set[tuple[str, str]] = set()

    def next_number(self) -> str:
        """The day, then a number; lines are numbered the same way."""
        self._last += self._step
        return f"260120-{self._last}"

    def cancel_units(self, number: str, line: str, units: int = 1) -> None:
        """The leader gives the money of some units of a line back."""
        with self.lock:
            self.cancelled[line] = self.cancelled.get(line, 0) + units
            for item in self.deals[number].items:
                if item.number == line and self._left(item) <= 0:
                    item.refund = "refunded"
            self.touch(number)

    def carried_out(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The answer of a method."""
        match form["type"]:
            case "pdd.ktt.increment.order.query":
                return {"ktt_increment_order_query_response": self._listing(form)}
            case "pdd.ktt.order.list":
                return {"ktt_order_list_response": self._deals(form)}
            case "pdd.ktt.order.get":
                return {"ktt_order_get_response": self._wire(self._known(form, "order_sn"))}
            case "pdd.ktt.order.logistic.create":
                return {"ktt_order_logistic_create_response": _told_inside(self._shipping, form)}
            case "pdd.ktt.order.logistic.delete":
                return {"ktt_order_logistic_delete_response": _told_inside(self._deleting, form)}
        raise Refused(10017)

    def empty(self, request: Request) -> Reply:
        """A well-formed answer with nothing in it."""
        return packed({"ktt_increment_order_query_response": {}})

    # --- listing and detail ---------------------------------------------------------------------

    def _listing(self, form: Mapping[str, str]) -> dict[str, Any]:
        since, until = whole(form, "start_updated_at"), whole(form, "end_updated_at")
        if not 0 <= until - since <= _WINDOW_MS:
            raise Refused(50001, "30001", "查询时间范围过大")
        return self._told(form, self.changed(since, until + 999))

    def _deals(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The listing by the time of the deal."""
        since, until = whole(form, "confirm_at_begin"), whole(form, "confirm_at_end")
        if not 0 <= until - since <= _DAY_MS:
            raise Refused(50001, "30001", "查询时间范围过大")
        return self._told(form, self.born(since, until, paid=True))

    def _told(self, form: Mapping[str, str], found: list[tuple[int, Deal]]) -> dict[str, Any]:
        """A page of what was found, newest first."""
        page, size = whole(form, "page_number"), whole(form, "page_size")
        if not 1 <= size <= 100 or page < 1:
            raise Refused(10000, "page_size", "page_size")
        rows = [row for row in found if row[1].stage != "unpaid"][::-1]
        part = rows[(page - 1) * size : page * size]
        wired = [{**self._wire(deal), "updated_at": at} for at, deal in part]
        return {"total_count": len(rows), "order_list": self.page(wired)}

    def _known(self, form: Mapping[str, str], key: str) -> Deal:
        deal = self.deals.get(needed(form, key))
        if deal is None or deal.stage == "unpaid":
            raise Refused(50001, "20001", "订单不存在")
        return deal

    # --- shipping -------------------------------------------------------------------------------

    def _shipping(self, form: Mapping[str, str]) -> dict[str, Any]:
        number, waybill = needed(form, "orderSn"), needed(form, "waybillNo")
        try:
            deal = self._known(form, "orderSn")
            items = self._parcel(deal, form.get("subOrderSnList", ""))
            self.checked_waybill(number, waybill, needed(form, "logisticsId"))
        except Refused as refused:
            self.refused(number, waybill, str(refused.told["sub_code"]))
            raise
        self.post(deal, items, waybill, form.get("logisticsName", ""))
        return {"success": True, "result": {}}

    def _deleting(self, form: Mapping[str, str]) -> dict[str, Any]:
        """A report is taken back."""
        deal, waybill = self._known(form, "orderSn"), needed(form, "waybillNo")
        items = [item for item in deal.items if item.waybill == waybill]
        if not items:
            raise Refused(50001, "30004", "物流信息不存在")
        for item in items:
            item.waybill = item.company = ""
        deal.stage = "partial" if any(item.waybill for item in deal.items) else "to_ship"
        self._undone.add((deal.number, waybill))
        self._touched(deal)
        self.commit(what="unshipped", tid=deal.number, waybill=waybill)
        return {"success": True, "result": {}}

    def _parcel(self, deal: Deal, named: str) -> list[Item]:
        """The lines a call is about, gifts with them."""
        if deal.stage == "closed":
            raise Refused(50001, "30002", "订单已取消")
        if self.refuse_refunds and any(item.refund == "open" for item in deal.items):
            raise Refused(50001, "30006", "订单退款中")
        subs = json.loads(named) if named else []
        items = [item for item in deal.items if not subs or item.number in subs]
        if len(items) < len(subs) or not items:
            raise Refused(50001, "30003", "子订单不存在")
        gone = {item.number for item in deal.items if self._left(item) <= 0}
        return [item for item in items if item.number not in gone]

    # --- wire forms -----------------------------------------------------------------------------

    def _left(self, item: Item) -> int:
        if item.refund == "refunded":
            return 0
        return item.line.quantity - self.cancelled.get(item.number, 0)

    def _wire(self, deal: Deal) -> dict[str, Any]:
        order = deal.told
        bought = [item for item in deal.items if not item.line.gift]
        wired = {
            "order_sn": deal.number,
            "activity_no": "A1001",
            "activity_title": "春茶团",
            "participate_no": 12,
            "nick_name": order.buyer,
            "open_id": opaque("o", order.buyer),
            "is_supplier": False,
            "confirm_at": deal.paid_at,
            "updated_at": deal.modified_at,
            "order_amount": deal.goods_cents + order.freight_cents,
            "shipping_amount": order.freight_cents,
            "theoretical_refund_amount": self._back(deal),
            "buyer_memo": order.buyer_note or "",
            "business_note": deal.note,
            "logistics_type": 10,
            "receiver_name": order.name,
            "receiver_mobile": order.phone,
            "receiver_address_province": order.province,
            "receiver_address_city": order.city,
            "receiver_address_district": order.district,
            "receiver_address_detail": deal.address,
            "shipping_status": _STAGES.get(deal.stage, deal.stage),
            "after_sales_status": _after_sales(deal),
            "cancel_status": int(deal.stage == "closed"),
            "verification_status": 0,
            "custom_item_list": [],
            "sub_order_list": [self._line(item) for item in bought],
            "gift_order_list": [_gift(item, bought) for item in deal.items if item.line.gift],
            "logistics_list": self._packs(deal),
        }
        return overlaid(wired, deal.more)

    def _back(self, deal: Deal) -> int:
        """What was, or is being, paid back."""
        return sum(
            item.line.price_cents
            * (item.line.quantity if item.refund == "open" else item.line.quantity - left)
            for item in deal.items
            if (left := self._left(item)) < item.line.quantity or item.refund == "open"
        )

    def _line(self, item: Item) -> dict[str, Any]:
        line = item.line
        left = self._left(item)
        return overlaid(
            {
                "sub_order_sn": item.number,
                "goods_id": int(opaque("", line.sku, 10), 16),
                "sku_id": int(opaque("", "sku" + line.sku, 12), 16),
                "external_sku_id": line.sku,
                "goods_name": line.title or line.sku,
                "goods_specification": line.spec,
                "goods_number": line.quantity,
                "goods_price": line.price_cents,
                "already_cancel_number": line.quantity - left,
                "cancel_status": int(left <= 0),
                "shipping_status": int(bool(item.waybill)),
            },
            item.more,
        )

    def _packs(self, deal: Deal) -> list[dict[str, Any]]:
        """Every report that was taken, also one that was taken twice."""
        return [
            {
                "shipping_company": told["company"],
                "shipping_no": told["waybill"],
                "sub_order_sn_list": told["oids"] if len(told["oids"]) < len(deal.items) else [],
            }
            for told in self.shipments.get(deal.number, [])
            if (deal.number, told["waybill"]) not in self._undone
        ]


def _told_inside(
    method: Callable[[Mapping[str, str]], dict[str, Any]], form: Mapping[str, str]
) -> dict[str, Any]:
    """A method's answer, also where it is a refusal of its own; the gateway's stay beside it."""
    try:
        return method(form)
    except Refused as refused:
        if not refused.told["sub_code"] or refused.told["error_code"] != 50001:
            raise
        said = {
            "error_code": int(str(refused.told["sub_code"])),
            "error_msg": refused.told["sub_msg"],
        }
        return {"success": False, **said, "result": None}


def _after_sales(deal: Deal) -> Any:
    """One state for the whole order: the one that stops it most."""
    states = [item.refund for item in deal.items if item.refund != "none"]
    still = [state for state in states if state not in ("withdrawn", "refunded")]
    if still:
        return _AFTER_SALES.get(still[0], still[0])
    if "refunded" in states:
        return 2
    return _AFTER_SALES[states[0]] if states else 0


def _gift(item: Item, bought: list[Item]) -> dict[str, Any]:
    line = item.line
    return overlaid(
        {
            "host_sub_order_sn": bought[0].number if bought else "",
            "sku_id": int(opaque("", "sku" + line.sku, 12), 16),
            "external_sku_id": line.sku,
            "goods_name": line.title or line.sku,
            "goods_number": line.quantity,
        },
        item.more,
    )
