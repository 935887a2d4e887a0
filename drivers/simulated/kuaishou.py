"""A shop on a simulated Kuaishou: plays the open platform over real HTTP.

It checks signatures with its own code, holds callers to tokens, clocks, page sizes and windows,
and lists behind a cursor that is a mere offset, the worst a platform may do. An order has one
item: a basket becomes as many orders, its gifts go with the first of them. A label's waybill is
told from the moment it was drawn on. Verbs: those of ``drivers.simulated.http`` and ``deals``.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.clock import Clock
from drivers.simulated.deals import Deal, Item, Shop, SimLine, SimOrder, overlaid
from drivers.simulated.http import Reply, Request, packed, unpacked
from drivers.simulated.platform import Limited
from drivers.simulated.shop_trades import sim_order

__all__ = ["SimLine", "SimOrder", "SimulatedKuaishou"]

LISTING = "open.order.cursor.list"
DETAIL = "open.order.detail"
SHIP = "open.seller.order.goods.deliver"
SPLIT = "open.order.goods.split.deliver"
REFRESH = "/oauth2/refresh_token"
_STAGES = {"unpaid": 10, "to_ship": 30, "shipped": 40, "done": 70, "closed": 80}
_CASES = {"open": 10, "withdrawn": 70, "refunded": 60}
_WEEK_MS = 7 * 86_400_000


COMPANIES = {2, 3, 4, 6, 7, 8, 9, 11, 12, 14, 53, 97, 109}
"""Carriers by the platform's numbers."""


class Refused(Exception):  # noqa: N818 - the platform's answer, not an error of ours
    """A result other than 1: a number and a sentence."""

    def __init__(self, result: int, text: str) -> None:
        super().__init__(text)
        self.told: dict[str, Any] = {"result": result, "error_msg": text}


class NotDone(Refused):
    """A method's own refusal, told in more fields."""

    def __init__(self, result: int, text: str) -> None:
        super().__init__(result, text)
        self.told |= {"code": "807000", "msg": "业务处理失败"}
        self.told |= {"sub_code": str(result), "sub_msg": text}


class SimulatedKuaishou(Shop):
    """One shop's platform. Its state may be changed from any thread while calls come in."""

    def __init__(  # noqa: PLR0917 - as the platform hands them out
        self,
        clock: Clock,
        app_key: str = "ks001",
        app_secret: str = "secret",
        sign_secret: str = "sign",
        session: str = "session",
        refresh_token: str = "refresh",
        **world: Any,
    ) -> None:
        """``world`` as for ``Platform``."""
        world = {"first_number": 2_600_000_000_000_007, **world}
        super().__init__(clock, app_key, app_secret, session, refresh_token, **world)
        self._sign_secret = sign_secret
        self.withdrawn = False
        """Whether the seller took the app's right back."""
        self.calls_a_day = 1_000_000
        """How often a day this app may call."""
        self.labels: dict[str, tuple[str, str]] = {}
        """The waybills that were drawn through the platform, by order."""
        self.old_refund_key = False
        """Whether refunds stand under the key that they had in older answers."""
        self.broken_renewals = 0
        """How many of the next renewals meet trouble of the platform's own."""
        self._day = self._today = 0

    def revoke(self) -> None:
        """The seller withdraws the authorisation: neither token works."""
        with self.lock:
            super().revoke()
            self.withdrawn = True

    def place(self, order: SimOrder | Mapping[str, Any]) -> str:
        """A basket comes in; the number of its first order."""
        told = order if isinstance(order, SimOrder) else sim_order(order)
        bought = [line for line in told.lines if not line.gift] or list(told.lines[:1])
        gifts = tuple(line for line in told.lines if line not in bought)
        number = super().place(replace(told, lines=(bought[0], *gifts)))
        for line in bought[1:]:
            super().place(replace(told, lines=(line,), tid="", freight_cents=0))
        return number

    def line_number(self, number: str, index: int) -> str:
        """The item carries the order's number, a gift one of its own."""
        return number if index == 0 else self.next_number()

    def label(self, number: str, waybill: str, company: int = 9) -> None:
        """An e-waybill is drawn for an order: its way is told from now on, sent or not."""
        with self.lock:
            self.labels[number] = (waybill, str(company))
            self._touched(self.deals[number])

    # --- calls ----------------------------------------------------------------------------------

    def name(self, request: Request) -> str:
        """The method."""
        return _sent(request).get("method", request.path)

    def about(self, request: Request) -> str:
        """The order a call is about."""
        param = _param(_sent(request))
        return str(param.get("oid") or param.get("orderId") or param.get("mainOrderId") or "")

    def answer(self, request: Request) -> Reply:
        """Check the call as the platform does, then carry it out."""
        if request.path == REFRESH:
            return packed(self._renewed(request.form))
        sent = _sent(request)
        try:
            self._admitted(request, sent)
            return packed({"result": 1, "code": "1", "data": self._carried_out(sent)})
        except Refused as refused:
            return packed(refused.told)
        except Limited:
            key = f"apiId:{sent['method']};appkey:{self.app_key}"
            return packed(Refused(802002, f"Exceed qps limit, KEY [{key}], MAX_QPS [300.0]").told)

    def empty(self, request: Request) -> Reply:
        """A well-formed answer with nothing in it."""
        return packed({})

    def trouble(self) -> Reply:
        """A failure behind the platform's door."""
        return packed(Refused(802001, "系统繁忙，请稍后重试").told)

    def _admitted(self, request: Request, sent: Mapping[str, str]) -> None:
        if sent.get("appkey") != self.app_key:
            raise Refused(801001, "appkey无效")
        if request.path != "/" + sent.get("method", "").replace(".", "/"):
            raise Refused(801002, "method无效")
        stamp = sent.get("timestamp", "")
        if not stamp.isdecimal() or abs(int(stamp) - self.now()) > 600_000:
            raise Refused(801003, "timestamp无效")
        if not hmac.compare_digest(sent.get("sign", ""), signed(sent, self._sign_secret)):
            raise Refused(801004, "验签失败")
        self._within_the_day()
        self.rate(sent["method"])
        if not self.in_session(sent.get("access_token", "")):
            if self.withdrawn:
                raise Refused(24, "AUTHORIZATION_REVOKED")
            raise Refused(28, "TOKEN过期")

    def _within_the_day(self) -> None:
        """Count a call of the app's; in Shanghai a day begins at 16:00 UTC."""
        day = (self.now() + 28_800_000) // 86_400_000
        self._day, self._today = day, self._today + 1 if day == self._day else 1
        if self._today > self.calls_a_day:
            raise Refused(802003, f"Exceed quota limit, KEY [appkey:{self.app_key}]")

    def _renewed(self, form: Mapping[str, str]) -> dict[str, Any]:
        if self.broken_renewals:
            self.broken_renewals -= 1
            return _error(100200500, "server_error", "server error")
        if form.get("app_secret") != self._app_secret:
            return _error(100200101, "unauthorized_client", "app secret is wrong")
        if not self.refresh_token:
            return _error(100200102, "access_denied", "refreshToken.revokedAuthorization")
        if form.get("refresh_token") != self.refresh_token:
            return _error(100200102, "access_denied", "refreshToken.discarded")
        return {"result": 1, **self.renew(), "expires_in": 172_800}

    def _carried_out(self, sent: Mapping[str, str]) -> Any:
        param = _param(sent)
        match sent["method"]:
            case "open.order.cursor.list":
                return self._listing(param)
            case "open.order.detail":
                return self._wire(self._known(param.get("oid")))
            case "open.seller.order.goods.deliver":
                return self._shipping(param)
            case "open.order.goods.split.deliver":
                return self._splitting(param)
            case "open.seller.order.logistics.update":
                return self._updating(param)
        raise Refused(801002, "method无效")

    # --- listing and detail ---------------------------------------------------------------------

    def _listing(self, param: Mapping[str, Any]) -> dict[str, Any]:
        size, since, until = param.get("pageSize"), param.get("beginTime"), param.get("endTime")
        if not isinstance(size, int) or not 1 <= size <= 50 or param.get("orderViewStatus") != 1:
            raise NotDone(2001, "pageSize无效")
        if not isinstance(since, int) or not isinstance(until, int) or since > until:
            raise NotDone(2001, "endTime无效")
        if until - since > _WEEK_MS or param.get("queryType") not in (1, 2):
            raise NotDone(2001, "beginTime无效")
        start = int(str(param.get("cursor") or 0))
        found = (self.born if param["queryType"] == 1 else self.changed)(since, until)
        found.reverse()
        told = self.page([self._wire(deal) for _, deal in found[start : start + size]])
        more = len(found) > start + size
        return {"orderList": told, "cursor": str(start + size) if more else "nomore"}

    def _known(self, number: object) -> Deal:
        deal = self.deals.get(str(number))
        if deal is None:
            raise NotDone(2002, "订单不存在")
        return deal

    def _wire(self, deal: Deal) -> dict[str, Any]:
        order, (item, *gifts) = deal.told, deal.items
        refunds = [] if item.refund == "none" else [_CASES.get(item.refund, item.refund)]
        told: dict[str, Any] = {
            "orderBaseInfo": {
                "oid": int(deal.number),
                "status": _status(deal, item),
                "createTime": deal.created_at,
                "updateTime": deal.modified_at,
                "payTime": deal.paid_at or 0,
                "totalFee": deal.goods_cents,
                "expressFee": order.freight_cents,
                "remark": order.buyer_note or "",
                "buyerOpenId": hashlib.sha256(order.buyer.encode()).hexdigest()[:32],
                "promiseTimeStampOfDelivery": order.ship_by or 0,
                "riskCode": 1 if "hold" in deal.marks else 0,
                "disableDeliveryReasonCode": [],
            },
            "orderItemInfo": overlaid({"orderItemId": int(item.number), **_goods(item)}, item.more),
            "orderRefundList" if self.old_refund_key else "orderDetailRefundList": [
                {"refundId": 1, "refundStatus": status} for status in refunds
            ],
            "orderLogisticsInfo": self._packs(deal, item),
            "orderDeliveryInfo": _delivered(item),
            "subOrderInfo": [
                {
                    "subOrderBaseInfo": {"oid": int(gift.number), "status": _status(deal, gift)},
                    "subOrderItemInfo": overlaid(_goods(gift), gift.more),
                    "subOrderLogisticsInfo": self._packs(deal, gift),
                    "subOrderDeliveryInfo": _delivered(gift),
                    "subOrderType": 1,
                }
                for gift in gifts
            ],
            "orderAddress": {
                "province": order.province,
                "city": order.city,
                "district": order.district,
                "town": order.town,
                "desensitiseConsignee": order.name[:1] + "**",
                "desensitiseMobile": order.phone[:3] + "****" + order.phone[-4:],
                "desensitiseAddress": "****" + order.address[-2:],
                "encryptedMobile": "enc" + hashlib.sha256(order.phone.encode()).hexdigest()[:20],
            },
            "orderNote": {"orderNoteInfo": [{"note": deal.note}] if deal.note else []},
        }
        return overlaid(told, deal.more)

    def _packs(self, deal: Deal, item: Item) -> list[dict[str, Any]]:
        """The parcel of an item, or the one that is to be."""
        waybill, company = item.waybill, item.company
        if not waybill and item is deal.items[0]:
            waybill, company = self.labels.get(deal.number, ("", ""))
        if not waybill:
            return []
        named = {"expressNo": waybill, "expressCode": int(company)}
        return [{"logisticsId": _package(item), **named}]

    # --- shipping -------------------------------------------------------------------------------

    def _shipping(self, param: Mapping[str, Any]) -> dict[str, Any]:
        """The plain report: the item alone, whatever gifts go with it."""
        deal, waybill = self._known(param.get("orderId")), str(param.get("expressNo") or "")
        if deal.items[0].waybill == waybill != "":
            return {}  # a report that is repeated is taken for the first one
        self._reported(deal, deal.items[:1], param.get("expressCode"), waybill)
        return {}

    def _splitting(self, param: Mapping[str, Any]) -> dict[str, Any]:
        """The report that says what is in which parcel, gifts too."""
        deal = self._known(param.get("mainOrderId"))
        parcels = param.get("deliveryItemInfoList") or []
        whole = {
            str(told.get("oid")): told.get("confirmDeliveryStatus")
            for told in param.get("deliveryStatus") or []
        }
        for told in parcels:
            goods = told.get("deliveryGoodsInfoList") or []
            items = [item for part in goods for item in _counted(deal, part, whole)]
            if not items:
                raise NotDone(2008, "发货商品不能为空")
            waybill = str(told.get("expressNo") or "")
            self._reported(deal, items, told.get("expressCode"), waybill)
        if not parcels:
            raise NotDone(2008, "发货信息不能为空")
        return {}

    def _reported(self, deal: Deal, items: list[Item], company: object, waybill: str) -> None:
        """Take a report, or note down why not."""
        try:
            self._parcel(deal, company, waybill)
            sent = any(item.waybill for item in items)
            if deal.stage not in ("to_ship", "partial") or sent or "hold" in deal.marks:
                raise NotDone(2004, "订单状态不允许发货")
            if self.refuse_refunds and deal.items[0].refund == "open":
                raise NotDone(2005, "订单退款中，不允许发货")
        except Refused as refused:
            self.refused(deal.number, waybill, str(refused.told["result"]))
            raise
        self.post(deal, items, waybill, str(company))

    def _parcel(self, deal: Deal, company: object, waybill: str) -> None:
        """The platform's rules for a waybill; all of them are told as 11."""
        if company not in COMPANIES:
            raise Refused(11, "快递公司不存在")
        if len(waybill) < 6:
            raise Refused(11, "运单号和物流公司不匹配")
        if self.labels.get(deal.number, (waybill,))[0] != waybill:
            raise Refused(11, "回传运单号与电子面单不一致")
        others = [d for d in self.deals.values() if d is not deal and d.address != deal.address]
        if any(item.waybill == waybill for other in others for item in other.items):
            raise Refused(11, "同一个运单号对应收件地址超过1个")

    def _updating(self, param: Mapping[str, Any]) -> dict[str, Any]:
        """Another waybill in the place of the one that a package has."""
        deal, waybill = self._known(param.get("orderId")), str(param.get("expressNo") or "")
        self._parcel(deal, param.get("expressCode"), waybill)
        meant = [x for x in deal.items if x.waybill and _package(x) == param.get("logisticsId")]
        if not meant:
            raise NotDone(2006, "包裹不存在，不能修改物流")
        self.repost(deal, meant, waybill, str(param["expressCode"]))
        return {}


def _status(deal: Deal, item: Item) -> int:
    """Where an item or a gift is; each of them goes its own way."""
    if item is not deal.items[0] and item.refund == "refunded":
        return _STAGES["closed"]
    if deal.stage == "partial":
        return _STAGES["shipped" if item.waybill else "to_ship"]
    return _STAGES.get(deal.stage, 99)


def _goods(item: Item) -> dict[str, Any]:
    line = item.line
    return {
        "skuNick": line.sku,
        "itemTitle": line.title or line.sku,
        "skuDesc": line.spec,
        "num": line.quantity,
        "price": line.price_cents,
    }


def _delivered(item: Item) -> dict[str, Any]:
    sent = bool(item.waybill)
    return {"deliveryNum": item.line.quantity if sent else 0, "packageNum": int(sent)}


def _package(item: Item) -> int:
    """The platform's number of the parcel that an item is in."""
    return int(item.number) % 1_000_000_007


def _counted(deal: Deal, told: Mapping[str, Any], whole: Mapping[str, Any]) -> list[Item]:
    """What one entry of a parcel means; here only whole items are sent."""
    items = [item for item in deal.items if item.number == str(told.get("oid"))]
    if not items:
        raise NotDone(2002, "订单不存在")
    if told.get("deliveryNum") != items[0].line.quantity or whole.get(items[0].number) != 40:
        raise NotDone(2008, "发货数量不正确")
    return items


def _error(result: int, error: str, text: str) -> dict[str, Any]:
    """How a renewal is refused."""
    return {"result": result, "error": error, "error_msg": text}


def signed(sent: Mapping[str, str], secret: str) -> str:
    """The signature the platform itself computes over what came."""
    pairs = "&".join(f"{key}={sent[key]}" for key in sorted(sent) if key != "sign" and sent[key])
    text = f"{pairs}&signSecret={secret}"
    if sent.get("signMethod") == "MD5":
        return hashlib.md5(text.encode()).hexdigest()
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), "sha256").digest()).decode()


def _sent(request: Request) -> Mapping[str, str]:
    return request.form or request.query


def _param(sent: Mapping[str, str]) -> dict[str, Any]:
    return unpacked(sent.get("param", ""))
