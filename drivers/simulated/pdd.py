"""A shop on a simulated Pinduoduo, behind the gateway of ``drivers.simulated.pop``.

Gifts ship with the order, until it is told to wait for them or they become an order of their own;
a pause is a mark (``ship_hold``) that stops nobody who does not look at the order's tags.
It holds callers to windows and pages, lists newest change first, never tells a group that has not
formed, hides people in ciphers that it stops giving once an order is shipped, and ships whole
orders; a second report with ``redelivery_type=2`` overwrites the first, as the real one does.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.clock import Clock
from drivers.simulated.deals import Deal, Item, SimLine, SimOrder, overlaid
from drivers.simulated.http import Reply, Request, packed
from drivers.simulated.pop import PopShop, Refused, needed, opaque, text_time, whole, yuan

__all__ = ["SimLine", "SimOrder", "SimulatedPdd"]

LISTING = "pdd.order.number.list.increment.get"
DETAIL = "pdd.order.information.get"
SHIP = "pdd.logistics.online.send"
_STAGES = {"hold": 1, "to_ship": 1, "closed": 1, "partial": 1, "shipped": 2, "done": 3}
_REFUNDS = {"none": 1, "withdrawn": 1, "open": 2, "refunded": 4}
_WINDOW_S = 1800
_DAY_S = 86_400
_ALL = 5
_TAGS = ("ship_hold", "quality_check_order", "ship_additional_order")
"""Marks that are told as tags of the order, which is in no review for them."""
_NO_RISK = {"address_changed", "team_buy_hold", *_TAGS}


class SimulatedPdd(PopShop):
    """One shop's platform."""

    ships_whole = True

    def __init__(self, clock: Clock, *access: str, **world: Any) -> None:
        """``access`` and ``world`` as for ``PopShop``."""
        super().__init__(clock, *access, **{"first_number": 260_120_000_000_017, **world})
        self.decrypts_a_day, self.decrypts_apart_s = 100, 10.0  # for an app outside the cloud
        self.forwards = False
        """Whether phone numbers are told as ones that only forward."""

    def next_number(self) -> str:
        """The day, then a number: ``260120-000000000017123``."""
        self._last += self._step
        return f"260120-{self._last}"

    def hold(self, number: str, mark: str = "hold", on: bool = True) -> None:
        """As everywhere; a group that is let go has formed now."""
        with self.lock:
            if mark == "team_buy_hold" and not on:
                self.deals[number].formed_at = self.now()
            super().hold(number, mark, on)

    def delay_gifts(self, number: str) -> None:
        """An order's gifts are to become an order of their own, which is not there yet."""
        self.touch(number, gift_order_status=0)

    def part_gifts(self, number: str) -> str:
        """An order's gifts become an order of their own, which does not date the first one anew;
        its number."""
        with self.lock:
            deal = self.deals[number]
            gifts = [item for item in deal.items if item.line.gift]
            lines = tuple(replace(item.line, gift=False) for item in gifts)
            origin = {"related_order_list": [{"order_sn": number, "relation_type": 4}]}
            told = replace(deal.told, tid="", lines=lines, freight_cents=0, more=origin)
            apart = self.place(told)
            deal.items = [item for item in deal.items if not item.line.gift]
            deal.more["gift_order_status"] = 1
            deal.more["gift_list"] = [{**_item(gift), "order_sn": apart} for gift in gifts]
            return apart

    def carried_out(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The answer of a method."""
        match form["type"]:
            case "pdd.order.number.list.increment.get":
                return {"order_sn_increment_get_response": self._listing(form)}
            case "pdd.order.list.get":
                return {"order_list_get_response": self._confirmed(form)}
            case "pdd.order.information.get":
                told = {"order_info": wire(self._known(form))}
                return {"order_info_get_response": told}
            case "pdd.logistics.online.send":
                return {"logistics_online_send_response": self._shipping(form)}
            case "pdd.open.decrypt.batch":
                return {"open_decrypt_batch_response": self._decrypting(form)}
        raise Refused(10017)

    def empty(self, request: Request) -> Reply:
        """A well-formed answer with nothing in it."""
        return packed({"order_sn_increment_get_response": {}})

    # --- listing and detail ---------------------------------------------------------------------

    def _listing(self, form: Mapping[str, str]) -> dict[str, Any]:
        since, until = whole(form, "start_updated_at"), whole(form, "end_updated_at")
        if not 0 <= until - since <= _WINDOW_S:
            raise Refused(50001, "30001", "开始时间与结束时间间隔不能超过30分钟")
        whole(form, "is_lucky_flag")
        rows = self.changed(since * 1000, until * 1000 + 999)
        part, counts = self._part(form, self._wanted(form, rows))
        return {"order_sn_list": self.page([_row(deal, at) for at, deal in part]), **counts}

    def _confirmed(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The listing by the time of the deal."""
        since, until = whole(form, "start_confirm_at"), whole(form, "end_confirm_at")
        if not 0 <= until - since <= _DAY_S:
            raise Refused(50001, "30001", "开始时间与结束时间间隔不能超过24小时")
        rows = self.born(since * 1000, until * 1000 + 999, paid=True)
        part, counts = self._part(form, self._wanted(form, rows))
        return {"order_list": self.page([wire(deal) for _, deal in part]), **counts}

    @staticmethod
    def _part(
        form: Mapping[str, str], found: list[tuple[int, Deal]]
    ) -> tuple[list[tuple[int, Deal]], dict[str, Any]]:
        """The rows of a page, and how many there are or whether more follow."""
        page, size = whole(form, "page"), whole(form, "page_size")
        if not 1 <= size <= 100 or page < 1:
            raise Refused(10000, "page_size", "page_size")
        part = found[(page - 1) * size : page * size]
        if form.get("use_has_next") == "true":
            return part, {"has_next": len(found) > page * size}
        return part, {"total_count": len(found)}

    @staticmethod
    def _wanted(form: Mapping[str, str], rows: list[tuple[int, Deal]]) -> list[tuple[int, Deal]]:
        """Of these the formed orders in the states and of the kind asked for, newest first."""
        status, refund = whole(form, "order_status"), whole(form, "refund_status")
        kind = int(form.get("trade_type", "0"))
        wired = ((at, deal, wire(deal)) for at, deal in rows[::-1] if told(deal))
        return [
            (at, deal)
            for at, deal, order in wired
            if order["trade_type"] == kind
            and status in (_ALL, order["order_status"])
            and refund in (_ALL, order["refund_status"])
        ]

    def _known(self, form: Mapping[str, str]) -> Deal:
        deal = self.deals.get(needed(form, "order_sn"))
        if deal is None or not told(deal):
            raise Refused(50001, "20001", "订单不存在")
        return deal

    # --- shipping -------------------------------------------------------------------------------

    def _shipping(self, form: Mapping[str, str]) -> dict[str, Any]:
        number, waybill = needed(form, "order_sn"), needed(form, "tracking_number")
        try:
            deal = self._known(form)
            self._check_state(deal, form.get("redelivery_type", "1"))
            self.checked_waybill(number, waybill, needed(form, "logistics_id"))
        except Refused as refused:
            self.refused(number, waybill, str(refused.told["sub_code"]))
            raise
        self.post(deal, deal.items, waybill, form["logistics_id"])
        return {"is_success": True}

    def _decrypting(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Who receivers are, by the order's ciphers."""
        asked = json.loads(needed(form, "data_list"))
        if not isinstance(asked, list) or not 1 <= len(asked) <= 100:
            raise Refused(10000, "data_list", "data_list")
        wait_s = self.decrypting()
        if wait_s > self.decrypts_apart_s:
            raise Refused(50001, "50031", "今日解密额度已用完")
        if wait_s:
            raise Refused(70031)
        return {"data_decrypt_list": [self._in_clear(one) for one in asked]}

    def _in_clear(self, one: Mapping[str, Any]) -> dict[str, Any]:
        number, cipher = str(one.get("data_tag")), str(one.get("encrypted_data"))
        deal = self._known({"order_sn": number})
        plain = (deal.told.name, deal.told.phone, deal.address)
        text = next((x for x in plain if opaque("$", x) + "$1$" == cipher), None)
        told = {"data_tag": number, "encrypted_data": cipher, "decrypted_data": ""}
        if text is None:
            return {**told, "error_code": 50032, "error_msg": "密文与订单不匹配"}
        self.commit(what="decrypted", tid=number)
        forwards = self.forwards and text == deal.told.phone
        return {
            **told,
            "decrypted_data": "18400913965" if forwards else text,
            "error_code": 0,
            "error_msg": "",
            "virtual_number_type": int(forwards),
            "virtual_identify_number": "7576" if forwards else "",
        }

    def _check_state(self, deal: Deal, redelivery: str) -> None:
        if deal.stage in ("shipped", "done"):
            if redelivery != "2":
                raise Refused(50001, "30002", "订单已发货，不能重复发货")
            return
        order = wire(deal)
        if order["risk_control_status"]:
            raise Refused(50001, "30003", "订单处于风控审核中")
        if order["refund_status"] == 4:
            raise Refused(50001, "30005", "订单已退款")
        if order["refund_status"] != 1 and self.refuse_refunds:
            raise Refused(50001, "30006", "订单有退款申请")


# --- wire forms -----------------------------------------------------------------------------------


def told(deal: Deal) -> bool:
    """Whether the platform tells of a deal at all: paid, and its group has formed."""
    return deal.stage != "unpaid" and "team_buy_hold" not in deal.marks


def _row(deal: Deal, at: int) -> dict[str, Any]:
    """An order as the listing shows it: as old as the change it shows."""
    return {**wire(deal), "updated_at": text_time(at)}


def _refund(deal: Deal) -> Any:
    """One state for the whole order: the one that stops it most."""
    states = [item.refund for item in deal.items]
    if deal.stage == "closed" or set(states) == {"refunded"}:
        return 4
    open_ones = [state for state in states if state not in ("none", "withdrawn", "refunded")]
    return _REFUNDS.get(open_ones[0], open_ones[0]) if open_ones else 1


def wire(deal: Deal) -> dict[str, Any]:
    """An order as the platform tells it, people masked and ciphered."""
    order = deal.told
    risky = bool(deal.marks - _NO_RISK)
    hidden = risky or deal.stage not in ("to_ship", "hold")

    def cipher(text: str) -> str:
        return "" if hidden else opaque("$", text) + "$1$"

    shipped = next((item for item in deal.items if item.waybill), None)
    wired = {
        "order_sn": deal.number,
        "order_status": _STAGES.get(deal.stage, deal.stage),
        "refund_status": _refund(deal),
        "confirm_status": 1,
        "group_status": 1,
        "trade_type": 0,
        "is_lucky_flag": 1,
        "risk_control_status": int(risky),
        "created_time": text_time(deal.created_at),
        "pay_time": text_time(deal.paid_at),
        "confirm_time": text_time(deal.confirmed_at),
        "updated_at": text_time(deal.modified_at),
        "last_ship_time": text_time(order.ship_by),
        "delivery_one_day": int("当日" in order.promise),
        "pay_amount": yuan(deal.goods_cents + order.freight_cents),
        "goods_amount": yuan(deal.goods_cents),
        "postage": yuan(order.freight_cents),
        "buyer_memo": order.buyer_note or "",
        "remark": deal.note,
        "open_address_id": opaque("A", order.buyer + deal.address),
        "receiver_name": cipher(order.name),
        "receiver_phone": cipher(order.phone),
        "receiver_address": cipher(deal.address),
        "receiver_name_mask": order.name[:1] + "*" * (len(order.name) - 1),
        "receiver_phone_mask": order.phone[:3] + "****" + order.phone[-4:],
        "receiver_address_mask": deal.address[:2] + "****",
        "province": order.province,
        "city": order.city,
        "town": order.district,
        "tracking_number": shipped.waybill if shipped else "",
        "logistics_id": int(shipped.company) if shipped else 0,
        "item_list": [_item(item) for item in deal.items if not item.line.gift],
        "gift_list": [_item(item) for item in deal.items if item.line.gift],
        "gift_order_status": 2 if any(item.line.gift for item in deal.items) else 0,
        "order_tag_list": [{"name": tag, "value": int(tag in deal.marks)} for tag in _TAGS],
    }
    return overlaid(wired, deal.more)


def _item(item: Item) -> dict[str, Any]:
    line = item.line
    wired = {
        "goods_id": int(opaque("", line.sku, 10), 16),
        "sku_id": int(opaque("", "sku" + line.sku, 12), 16),
        "outer_id": line.sku,
        "outer_goods_id": line.item,
        "goods_name": line.title or line.sku,
        "goods_spec": line.spec,
        "goods_count": line.quantity,
        "goods_price": yuan(line.price_cents),
    }
    return overlaid(wired, item.more)
