"""A shop on a simulated JD: plays the open platform (JOS) over real HTTP.

It checks signatures with its own code, holds callers to windows, pages, tokens, clocks and rates,
renews a token in its last day only, lists oldest change first unless asked otherwise, never tells
an order that is not paid, and ships whole orders only; somebody else may send parts
(``ship_part``), of which the state of an order says nothing. Verbs: those of
``drivers.simulated.http`` and ``deals``, and ``quota`` (the calls of the day are used up).
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from core.clock import Clock
from drivers.simulated.deals import Deal, Item, Shop, SimLine, SimOrder, overlaid
from drivers.simulated.faults import Fault
from drivers.simulated.http import Reply, Request, packed, unpacked
from drivers.simulated.platform import Limited
from drivers.simulated.shop_trades import moment_of, text_time, yuan

__all__ = ["SimLine", "SimOrder", "SimulatedJd"]

LISTING = "jingdong.pop.order.search"
DETAIL = "jingdong.pop.order.get"
SHIP = "jingdong.pop.order.shipment"
REFRESH = "/oauth2/refresh_token"
COMPANIES = {"467", "463", "470", "1499", "1327", "1255654", "465", "2087", "3046"}
_STAGES = {
    "hold": "PAUSE",
    "to_ship": "WAIT_SELLER_STOCK_OUT",
    "partial": "WAIT_SELLER_STOCK_OUT",
    "shipped": "WAIT_GOODS_RECEIVE_CONFIRM",
    "done": "FINISHED_L",
    "closed": "TRADE_CANCELED",
}
_MONTH_MS = 31 * 86_400_000
_DAY_MS = 86_400_000


class Refused(Exception):  # noqa: N818 - the platform's answer, not an error of ours
    """An ``error_response``."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.told = {"error_response": {"code": code, "zh_desc": said, "en_desc": "refused"}}


class Unsuccessful(Exception):  # noqa: N818
    """An answer of the method itself that says no."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.told = {"success": False, "numberCode": code, "chineseErrCode": said}


class SimulatedJd(Shop):
    """One shop's platform. Its state may be changed from any thread while calls come in."""

    own_verbs = Shop.own_verbs | {"quota"}

    tells_unpaid = False
    renews_ended = False
    ships_whole = True

    def __init__(
        self,
        clock: Clock,
        app_key: str = "2772351A677769A40962278C79CBC0D2",
        app_secret: str = "secret",
        session: str = "session",
        *,
        refresh_token: str = "refresh",
        page_cap: int = 100,
        token_days: int = 365,
        **world: Any,
    ) -> None:
        """``page_cap``: pages of a listing that are shown; ``token_days`` how long a token lasts, 1
        for an app under test; ``world`` as for ``Platform``."""
        world = {"first_number": 281_046_000_017, **world}
        super().__init__(clock, app_key, app_secret, session, refresh_token, **world)
        self.page_cap = page_cap
        self.bare_errors = False
        """Whether the gateway tells its errors with nothing around them, as it sometimes does."""
        self._token_ms = token_days * _DAY_MS
        self.token_ends_at = self.now() + self._token_ms

    # --- the gateway ----------------------------------------------------------------------------

    def name(self, request: Request) -> str:
        """The method, or the path of the address that renews tokens."""
        return request.form.get("method") or request.path

    def about(self, request: Request) -> str:
        """The order a call is about."""
        told = _params(request.form)
        return str(told.get("order_id") or told.get("orderId") or "")

    def answer(self, request: Request) -> Reply:
        """Check the call as the gateway does, then carry it out."""
        if request.path == REFRESH:
            return packed(self._renewed(request.form))
        try:
            self._admitted(request.form)
            told = self._carried_out(request.form["method"], _params(request.form))
        except Refused as refused:
            return packed(self._bare(refused) if self.bare_errors else refused.told)
        except Limited:
            return packed(Refused("2", "限制时间内调用失败次数").told)
        return self._reply(request, told)

    @staticmethod
    def _bare(refused: Refused) -> dict[str, str]:
        error = refused.told["error_response"]
        return {"code": error["code"], "errorMessage": error["zh_desc"]}

    def _reply(self, request: Request, told: dict[str, Any]) -> Reply:
        return packed({self.name(request).replace(".", "_") + "_responce": {"code": "0", **told}})

    def empty(self, request: Request) -> Reply:
        """A well-formed answer with nothing in it."""
        return self._reply(request, {})

    def trouble(self) -> Reply:
        """A failure behind the gateway."""
        return packed(Refused("65", "平台连接后端服务超时").told)

    def struck(self, fault: Fault, request: Request) -> Reply | None:
        """Play this platform's own faults."""
        if fault.verb == "quota":
            return packed(Refused("2", "限制时间内调用失败次数").told)
        return super().struck(fault, request)

    def _admitted(self, form: Mapping[str, str]) -> None:
        """The checks before any method runs."""
        if form.get("app_key") != self.app_key:
            raise Refused("21", "无效app_key")
        at = moment_of(form.get("timestamp", ""))
        if at is None or abs(at - self.now()) > 360_000:
            raise Refused("8", "非法的时间戳参数")
        if form.get("v") != "2.0":
            raise Refused("5", "不支持的版本号")
        if not hmac.compare_digest(form.get("sign", ""), signed(form, self._app_secret)):
            raise Refused("12", "无效签名")
        self.rate(form.get("method", ""))
        if not self.in_session(form.get("access_token", "")):
            raise Refused("19", "token已过期或者不存在")

    def _renewed(self, form: Mapping[str, str]) -> dict[str, Any]:
        known = {
            "app_key": self.app_key,
            "app_secret": self._app_secret,
            "grant_type": "refresh_token",
            "refresh_token": self.refresh_token,
        }
        if not self.refresh_token or dict(form) != known or not self.in_session(self.session):
            return {"code": 401, "msg": "refresh_token expired", "requestId": "r"}
        if self.now() < self.token_ends_at - _DAY_MS:
            return {"code": 402, "msg": "access_token is not in its last day", "requestId": "r"}
        lasts = {"expires_in": self._token_ms // 1000, "time": self.now()}
        return {**self.renew(), **lasts, "scope": "snsapi_base"}

    def authorise(self) -> None:
        """As everywhere, for the days that a token lasts here."""
        super().authorise()
        self.token_ends_at = self.now() + self._token_ms

    def in_session(self, token: str) -> bool:
        """A token also ends by itself, and with it the right to renew it."""
        return super().in_session(token) and self.now() < self.token_ends_at

    def _carried_out(self, method: str, told: Mapping[str, Any]) -> dict[str, Any]:
        match method:
            case "jingdong.pop.order.search":
                return {"searchorderinfo_result": self._listing(told)}
            case "jingdong.pop.order.get":
                return {"orderDetailInfo": self._detail(told)}
            case "jingdong.pop.order.shipment":
                return {"sopjosshipment_result": self._shipping(told)}
        raise Refused("15", "不存在的方法名")

    # --- listing and detail ---------------------------------------------------------------------

    def _listing(self, told: Mapping[str, Any]) -> dict[str, Any]:
        page, size = _numeral(told, "page"), _numeral(told, "page_size")
        since, until = (moment_of(str(told.get(key))) for key in ("start_date", "end_date"))
        if not 1 <= size <= 100 or not 1 <= page <= self.page_cap:
            return _unsuccessful(10100001, "page, page_size 超出范围")
        if since is None or until is None or not 0 < until - since <= _MONTH_MS:
            return _unsuccessful(10100002, "start_date, end_date 间隔不能超过一个月")
        if not told.get("optional_fields") or not told.get("order_state"):
            return _unsuccessful(10100003, "optional_fields, order_state 不能为空")
        found = self._window(since, until, told)
        part = [self._shown(deal, at, told) for at, deal in found[(page - 1) * size : page * size]]
        return {
            "apiResult": _SUCCESS,
            "orderTotal": len(found),
            "orderInfoList": self.page(part) if size > 1 else part,
        }

    def _window(self, since: int, until: int, told: Mapping[str, Any]) -> list[tuple[int, Deal]]:
        """The paid orders whose change (or creation) lies in the window, both ends in it."""
        states = str(told["order_state"]).split(",")
        if told.get("dateType") == 1:
            rows = self.born(since, until + 999)
        else:
            rows = self.changed(since, until + 999)
        found = [
            row
            for row in rows
            if row[1].stage != "unpaid" and (states == ["ALL"] or _state(row[1]) in states)
        ]
        return found[::-1] if told.get("sortType") == 1 else found

    def _detail(self, told: Mapping[str, Any]) -> dict[str, Any]:
        deal = self.deals.get(str(told.get("order_id")))
        if deal is None or deal.stage == "unpaid":
            return _unsuccessful(10400008, "订单不存在")
        return {"apiResult": _SUCCESS, "orderInfo": self._shown(deal, None, told)}

    def _shown(self, deal: Deal, at: int | None, told: Mapping[str, Any]) -> dict[str, Any]:
        """Only what was asked for; a listing shows an order as old as the change it lists."""
        wired = wire(deal) if at is None else {**wire(deal), "modified": text_time(at)}
        fields = str(told.get("optional_fields")).split(",")
        return {key: wired[key] for key in fields if wired.get(key) is not None}

    # --- shipping -------------------------------------------------------------------------------

    def _shipping(self, told: Mapping[str, Any]) -> dict[str, Any]:
        number, waybill = str(told.get("orderId")), str(told.get("logiNo") or "")
        try:
            deal = self._shippable(number)
            self._check_waybill(number, waybill, str(told.get("logiCoprId")))
        except Unsuccessful as no:
            self.refused(number, waybill, str(no.told["numberCode"]))
            return no.told
        self.post(deal, deal.left, waybill, str(told["logiCoprId"]))
        return _SUCCESS

    def ship_part(self, number: str, *skus: str, waybill: str, company: str = "1499") -> None:
        """Somebody sends a parcel with these goods in the platform's own pages."""
        with self.lock:
            deal = self.deals[number]
            inside = [item for item in deal.left if item.line.sku in skus]
            self.post(deal, inside, waybill, company)

    def _shippable(self, number: str) -> Deal:
        deal = self.deals.get(number)
        if deal is None:
            raise Unsuccessful(10400008, "订单不存在")
        state = _state(deal)
        if state in ("WAIT_GOODS_RECEIVE_CONFIRM", "FINISHED_L"):
            raise Unsuccessful(10400001, "订单已出库")
        if state != "WAIT_SELLER_STOCK_OUT" and (state != "LOCKED" or self.refuse_refunds):
            raise Unsuccessful(10400002, f"订单状态不是等待出库: {state}")
        return deal

    def _check_waybill(self, number: str, waybill: str, company: str) -> None:
        if company not in COMPANIES:
            raise Unsuccessful(10400003, "物流公司ID不正确")
        if not re.fullmatch(r"[A-Za-z0-9,-]{6,60}", waybill):
            raise Unsuccessful(10400004, "运单号格式不正确")
        if self.is_taken(waybill, number):
            raise Unsuccessful(10400005, "运单号已被使用")


# --- wire forms -----------------------------------------------------------------------------------

_SUCCESS: dict[str, Any] = {"success": True, "numberCode": 0, "chineseErrCode": "成功"}


def wire(deal: Deal) -> dict[str, Any]:
    """An order as the platform tells it, the receiver masked."""
    order = deal.told
    total = deal.goods_cents + order.freight_cents
    told = {
        "orderId": deal.number,
        "venderId": "10001",
        "orderType": "22",
        "payType": "4-在线支付",
        "orderTotalPrice": yuan(deal.goods_cents),
        "orderSellerPrice": yuan(deal.goods_cents),
        "actualPay": yuan(total),
        "shouldPay": yuan(total),
        "freightPrice": yuan(order.freight_cents),
        "orderState": _state(deal),
        "orderRemark": order.buyer_note or "",
        "venderRemark": deal.note,
        "orderStartTime": text_time(deal.created_at),
        "modified": text_time(deal.modified_at),
        "paymentConfirmTime": text_time(deal.paid_at) if deal.paid_at else "0001-01-01 00:00:00",
        "open_id_buyer": "ob" + hashlib.sha256(order.buyer.encode()).hexdigest()[:30],
        "pin": order.buyer[:2] + "***",
        "scDT": order.promise,
        "parentOrderId": "0",
        **_whole_shipment(deal),
        "partialLogisticsInfoModel": _parcels_out(deal) or None,
        "consigneeInfo": {
            "fullname": order.name[:1] + "*" * (len(order.name) - 1),
            "mobile": order.phone[:3] + "*" * (len(order.phone) - 4) + order.phone[-1:],
            "desen_mobile": _token(order.phone),
            "desen_telephone": _token(order.phone),
            "province": order.province,
            "city": order.city,
            "county": order.district,
            "town": order.town,
            "fullAddress": order.province + order.city + order.district + deal.address[:4] + "****",
        },
        "itemInfoList": [overlaid(_item(item), item.more) for item in deal.items],
        "oaid": hashlib.sha256((order.name + order.phone + deal.address).encode()).hexdigest(),
    }
    return overlaid(told, deal.more)


def _whole_shipment(deal: Deal) -> dict[str, str]:
    """What is told once nothing is left: waybills of one courier joined by commas, couriers by
    bars."""
    sent: dict[str, dict[str, None]] = {}
    for item in deal.items if deal.stage != "partial" else ():
        if item.waybill:
            sent.setdefault(item.company, {})[item.waybill] = None
    return {"waybill": "|".join(map(",".join, sent.values())), "logisticsId": "|".join(sent)}


def _parcels_out(deal: Deal) -> list[dict[str, Any]]:
    """The parcels of an order that goes out in several, also while some are still to go."""
    waybills = dict.fromkeys(item.waybill for item in deal.items if item.waybill)
    if deal.stage != "partial" and len(waybills) < 2:
        return []
    return [
        {
            "shipmentId": index,
            "logicId": next(x.company for x in deal.items if x.waybill == waybill),
            "waybillId": waybill,
            "shipmentTime": deal.modified_at,
            "skus": [
                {"skuId": _sku_id(x), "num": x.line.quantity}
                for x in deal.items
                if x.waybill == waybill
            ],
        }
        for index, waybill in enumerate(waybills, 1)
    ]


def _token(phone: str) -> str:
    """How the platform hides a phone from an app without the right to see it: no mask."""
    return hashlib.sha256(b"desen" + phone.encode()).hexdigest() + "52994a"


def _sku_id(item: Item) -> str:
    return str(int(hashlib.sha256(item.line.sku.encode()).hexdigest()[:12], 16))[:11]


def _item(item: Item) -> dict[str, Any]:
    sku = _sku_id(item)
    return {
        "skuId": sku,
        "wareId": "1" + sku[:9],
        "outerSkuId": item.line.sku,
        "skuName": item.line.title or item.line.sku,
        "jdPrice": yuan(0 if item.line.gift else item.line.price_cents),
        "itemTotal": str(item.line.quantity),
    }


def _state(deal: Deal) -> str:
    """A wish to cancel locks an order before it is shipped; a mark is told as it is."""
    if deal.stage in ("to_ship", "hold"):
        marks = deal.marks - {"address_changed"}
        if any(item.refund == "open" for item in deal.items) or "hold" in marks:
            return "LOCKED"
        if marks:
            return min(marks)
    return _STAGES.get(deal.stage, deal.stage)


def signed(form: Mapping[str, str], secret: str) -> str:
    """The signature the platform itself computes over what came."""
    text = "".join(key + form[key] for key in sorted(form) if key != "sign" and form[key])
    return hashlib.md5((secret + text + secret).encode()).hexdigest().upper()


def _params(form: Mapping[str, str]) -> dict[str, Any]:
    return unpacked(form.get("360buy_param_json", ""))


def _numeral(told: Mapping[str, Any], key: str) -> int:
    """Pages come as text, as the platform's own types have it."""
    came = told.get(key)
    return int(came) if isinstance(came, str) and came.isdecimal() else 0


def _unsuccessful(code: int, said: str) -> dict[str, Any]:
    return {"apiResult": Unsuccessful(code, said).told}
