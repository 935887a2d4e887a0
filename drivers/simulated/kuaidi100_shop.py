"""A shop behind a simulated Kuaidi100: plays its order import (/ent/...) over real HTTP.

It checks signatures with its own code, splits a window into tasks of half an hour, and answers
each of them later, by itself, to the address it was given. ``deliver`` sends what is due; with
``by_itself`` that happens a moment after each call. Callbacks that are not confirmed stay due.
Verbs of its own for the task calls, next to those of ``drivers.simulated.http`` and ``platform``:
``never`` (no callback comes), ``twice``, ``early`` (before the call is answered), ``half`` (a
failure with half of the orders, then all of them), ``forged`` (first one with a wrong signature),
``abort`` (the task is given up). Refund cases are told for Taobao and Douyin only, of the orders
with the status that was asked for. The fields of an order are ours to choose: none are documented.
"""

import hashlib
import http.client
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from core.clock import Clock
from drivers.simulated.deals import Deal, Item, Shop, SimLine, SimOrder, overlaid
from drivers.simulated.faults import Fault
from drivers.simulated.http import Reply, Request, packed, unpacked
from drivers.simulated.platform import Limited
from drivers.simulated.shop_trades import moment_of, text_time, yuan

__all__ = ["SimLine", "SimOrder", "SimulatedKuaidi100Shop"]

AUTHORIZE, TASK = "/ent/shop/authorize", "/ent/order/task"
REFUND_TASK, SHIP = "/ent/refundOrder/task", "/ent/logistics/send"
LISTING = TASK
COMPANIES = {
    *("shunfeng", "yuantong", "zhongtong", "shentong", "yunda", "jtexpress", "jd", "ems"),
    "debangkuaidi",
}
REFUND = "REFUND/"
"""Before the status of the orders whose refund cases a task is about."""
_TELLS_REFUNDS = ("TAOBAO", "TOUTIAO")
_STAGES = {
    "unpaid": "UNPAY",
    "to_ship": "UNSHIP",
    "partial": "UNSHIP",
    "shipped": "SHIPED",
    "done": "FINISH",
    "closed": "CLOSE",
}
_CASES = {"open": "WAIT_SELLER_AGREE", "withdrawn": "CLOSED", "refunded": "SUCCESS"}
_TASK_MS, _WIDEST_MS = 1_800_000, 86_402_000


class Refused(Exception):  # noqa: N818 - the platform's answer, not an error of ours
    """An answer without success."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.told = {"result": False, "returnCode": code, "message": message, "data": None}


@dataclass(slots=True)
class Callback:
    """An answer that is still to be sent."""

    url: str
    salt: str
    task: str
    kind: str
    since: int
    until: int
    fault: str = ""
    """The verb that is played with it."""


class SimulatedKuaidi100Shop(Shop):
    """One account with one shop. Its state may be changed from any thread while calls come in."""

    faults = ("never", "twice", "early", "half", "forged", "abort")
    own_verbs = Shop.own_verbs | frozenset(faults)

    def __init__(
        self,
        clock: Clock,
        app_key: str = "key",
        app_secret: str = "secret",
        session: str = "888",
        *,
        platform: str = "TAOBAO",
        by_itself: bool = False,
        **world: Any,
    ) -> None:
        """``session`` is the shop's id; ``world`` as for ``Platform``."""
        super().__init__(clock, app_key, app_secret, session, **world)
        self.platform, self.by_itself = platform, by_itself
        self.due: list[Callback] = []
        self.answers: list[int] = []
        """The status of every callback's answer, 0 for none."""
        self._fault = ""
        self._tasks = 0

    # --- calls ----------------------------------------------------------------------------------

    def about(self, request: Request) -> str:
        """The order a call is about."""
        return str(unpacked(request.form.get("param", "")).get("orderNum") or "")

    def struck(self, fault: Fault, request: Request) -> Reply | None:
        """A callback's fault is played when it is sent."""
        if fault.verb in self.faults:
            self._fault = fault.verb
            return None
        return super().struck(fault, request)

    def answer(self, request: Request) -> Reply:
        """Check the call, then carry it out."""
        fault, self._fault = self._fault, ""
        try:
            self.rate(request.path)
            told = self._carried_out(request, fault)
        except Refused as refused:
            return packed(refused.told)
        except Limited:
            return packed(Refused(500, "系统繁忙，请稍后再试").told)
        return packed({"result": True, "returnCode": 200, "message": "SUCCESS", "data": told})

    def trouble(self) -> Reply:
        """The platform's own trouble."""
        return packed(Refused(500, "系统繁忙，请稍后再试").told)

    def _carried_out(self, request: Request, fault: str) -> dict[str, Any]:
        form = request.form
        if request.method != "POST" or form.get("key") != self.app_key:
            raise Refused(402, "客户不存在")
        text = form.get("param", "") + self.app_key + self._app_secret
        if form.get("sign") != hashlib.md5(text.encode()).hexdigest().upper():
            raise Refused(102, "签名验证失败")
        told = unpacked(form["param"])
        if told.get("shopType") != self.platform:
            raise Refused(60101, "暂不支持该店铺类型")
        if request.path == AUTHORIZE:
            return {"authorizeUrl": "https://oauth.taobao.com/authorize?client_id=1&state=abc"}
        if str(told.get("shopId") or "") != self.session or not self.in_session(self.session):
            raise Refused(60103, "店铺未授权，请授权后再调用")
        match request.path:
            case "/ent/order/task" | "/ent/refundOrder/task":
                return self._taken(told, request.path == REFUND_TASK, fault)
            case "/ent/logistics/send":
                return self._shipping(told)
        raise Refused(101, "请求格式错误")

    def _taken(self, told: Mapping[str, Any], refunds: bool, fault: str) -> dict[str, Any]:
        status = str(told.get("orderStatus") or "")
        if refunds and self.platform not in _TELLS_REFUNDS:
            raise Refused(60101, "暂不支持该店铺类型")
        if refunds and status not in _STAGES.values():
            raise Refused(103, "缺少必填参数")
        kind = REFUND + status if refunds else status or "UNSHIP"
        ends = [moment_of(str(told.get(f"updateAt{end}") or "")) for end in ("Min", "Max")]
        since, until = ends
        if since is None or until is None or since >= until or not told.get("callbackUrl"):
            raise Refused(60202, "时间范围错误，请调整时间范围重试")
        if until - since > _WIDEST_MS:
            raise Refused(60201, "时间范围过大，请调整时间范围重试")
        made = []
        for start in range(since, until, _TASK_MS):
            self._tasks += 1
            task = hashlib.md5(f"{id(self)}{self._tasks}".encode()).hexdigest()
            url, salt = str(told["callbackUrl"]), str(told.get("salt") or "")
            end = min(start + _TASK_MS, until)
            made.append(Callback(url, salt, task, kind, start, end, fault))
        if fault != "never":
            self.due += made
        if fault == "early":
            self.deliver()
        if self.by_itself:
            threading.Timer(0.05, self.deliver).start()
        rows = [
            {
                "taskId": each.task,
                "updateAtMin": text_time(each.since),
                "updateAtMax": text_time(each.until),
            }
            for each in made
        ]
        return {"total": len(rows), "tasks": rows}

    # --- callbacks ------------------------------------------------------------------------------

    def deliver(self) -> int:
        """Send every callback that is due; how many were confirmed."""
        with self.lock:
            now, self.due = self.due, []
        done = 0
        for callback in now:
            confirmed = self._delivered(callback)
            done += confirmed
            if not confirmed:
                callback.fault = ""
                with self.lock:
                    self.due.append(callback)
        return done

    def _delivered(self, callback: Callback) -> bool:
        with self.lock:
            orders = self.told(callback)
        if callback.fault == "abort":
            return self._sent(callback, "Abort", [])
        if callback.fault == "half":
            self._sent(callback, "Fail", orders[: len(orders) // 2])
        if callback.fault == "forged":
            self._sent(callback, "Success", orders, forged=True)
        if callback.fault == "twice":
            self._sent(callback, "Success" if orders else "Empty", orders)
        return self._sent(callback, "Success" if orders else "Empty", orders)

    def told(self, callback: Callback) -> list[dict[str, Any]]:
        """The rows of a task, as they are now; the end of its window is in it."""
        found = self.changed(callback.since, callback.until + 999)
        status = callback.kind.removeprefix(REFUND)
        meant = [deal for _, deal in found if self._status(deal) == status]
        if status != callback.kind:
            return [
                self._case(deal, item)
                for deal in meant
                for item in deal.items
                if item.refund != "none"
            ]
        return [self._wire(deal) for deal in meant]

    def _sent(
        self, callback: Callback, status: str, orders: list[dict[str, Any]], *, forged: bool = False
    ) -> bool:
        told = {"taskId": callback.task, "queryStatus": status, "reason": "", "orders": orders}
        param = json.dumps(told, ensure_ascii=False)
        salt = "forged" if forged else callback.salt
        sign = hashlib.md5((param + salt).encode()).hexdigest().upper()
        body = urlencode({"param": param, "sign": sign}).encode()
        parts = urlsplit(callback.url)
        line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        try:
            head = {"Content-Type": "application/x-www-form-urlencoded"}
            line.request("POST", parts.path, body, head)
            answer = line.getresponse()
            confirmed = unpacked(answer.read()).get("result") is True
            self.answers.append(answer.status)
        except (OSError, http.client.HTTPException):
            self.answers.append(0)
            return False
        finally:
            line.close()
        return confirmed

    # --- how an order is written ------------------------------------------------------------------

    def _status(self, deal: Deal) -> str:
        return _STAGES.get(deal.stage, deal.stage)

    def _wire(self, deal: Deal) -> dict[str, Any]:
        order = deal.told
        told: dict[str, Any] = {
            "shopType": self.platform,
            "shopId": self.session,
            "shopName": "旗舰店",
            "orderNum": deal.number,
            "orderStatus": self._status(deal),
            "orderTime": text_time(deal.created_at),
            "modifiedTime": text_time(deal.modified_at),
            "payTime": text_time(deal.paid_at) if deal.paid_at else None,
            "payAmount": yuan(deal.goods_cents + order.freight_cents),
            "freight": yuan(order.freight_cents),
            "buyerNick": order.buyer,
            "buyerNote": order.buyer_note or "",
            "sellerNote": deal.note,
            "recMan": {
                "name": order.name,
                "mobile": order.phone,
                "province": order.province,
                "city": order.city,
                "district": order.district,
                "addr": deal.address,
            },
            "items": [self._line(item) for item in deal.items],
            "kuaidiNum": next((item.waybill for item in deal.items if item.waybill), ""),
        }
        return overlaid(told, deal.more)

    def _line(self, item: Item) -> dict[str, Any]:
        line = item.line
        told = {
            "subOrderNum": item.number,
            "goodsNo": line.sku,
            "goodsName": line.title or line.sku,
            "spec": line.spec,
            "nums": line.quantity,
            "price": yuan(line.price_cents),
        }
        return overlaid(told, item.more)

    def _case(self, deal: Deal, item: Item) -> dict[str, Any]:
        return {
            "shopType": self.platform,
            "shopId": self.session,
            "refundNo": f"R{item.number}",
            "refundType": 1,
            "refundStatus": _CASES.get(item.refund, item.refund),
            "orderNo": deal.number,
            "goodsName": item.line.title,
            "goodsNo": item.line.sku,
            "refundNums": item.line.quantity,
            "refundAmount": yuan(item.line.price_cents * item.line.quantity),
            "modifiedTime": text_time(deal.modified_at),
        }

    # --- shipping -------------------------------------------------------------------------------

    def _shipping(self, told: Mapping[str, Any]) -> dict[str, Any]:
        number, waybill = str(told.get("orderNum") or ""), str(told.get("kuaidiNum") or "")
        deal = self.deals.get(number)
        try:
            items = self._parcel(deal, told)
            if told.get("kuaidiCom") not in COMPANIES or not 6 <= len(waybill) <= 30:
                raise Refused(104, "参数错误")
            if self.is_taken(waybill, number):
                raise Refused(500101, "快递单号已被使用")
        except Refused as refused:
            self.refused(number, waybill, str(refused.told["returnCode"]))
            raise
        assert deal is not None
        self.post(deal, items, waybill, str(told["kuaidiCom"]))
        return {}

    def _parcel(self, deal: Deal | None, told: Mapping[str, Any]) -> list[Item]:
        if deal is None:
            raise Refused(104, "订单不存在")
        wanted = set(filter(None, str(told.get("subOrderNums") or "").split(",")))
        items = [item for item in deal.left if not wanted or item.number in wanted]
        if deal.stage not in ("to_ship", "partial") or not items:
            raise Refused(500102, "订单已发货或已关闭")
        if self.refuse_refunds and any(item.refund == "open" for item in items):
            raise Refused(500103, "订单正在退款，不能发货")
        return items
