"""Kuaishou shop: one shop through its open platform.

Calls are signed with a secret of their own (``signSecret``), apart from the app's, which only
renews tokens. Listings are behind an opaque cursor, see ``halves``. Every order has one item, and
gifts beside it that are orders of their own.

Sources: the platform's documents of its calls and carriers, and its support articles K0004, K0005,
K0006, K1006, K1008 and K1009 for what a refusal says.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from core.clock import Clock
from core.ports import CallFailed, Fault, PlatformOrder, Shipment, ShippedParcel, WindowRules
from core.text import clean
from drivers.channels import kuaishou_order
from drivers.channels.access import Access, ShopAccess, Tokens, at_once, tokens_in
from drivers.channels.connector import Connector, Limits, asked_for, numeral
from drivers.channels.halves import Page, halved
from drivers.channels.kuaishou_order import Piece
from drivers.channels.reading import (
    Told,
    next_midnight,
    part,
    seconds_in,
    whole_seconds,
    word,
)
from drivers.channels.refusal import refusal
from drivers.signing import signature, wire

GATEWAY = "https://openapi.kwaixiaodian.com"
LISTING = "open.order.cursor.list"
DETAIL = "open.order.detail"
SHIP = "open.seller.order.goods.deliver"
SPLIT = "open.order.goods.split.deliver"
UPDATE = "open.seller.order.logistics.update"
REFRESH = "/oauth2/refresh_token"
CARRIERS: Mapping[str, str] = {
    "sf": "4",
    "yto": "6",
    "zto": "9",
    "sto": "3",
    "yunda": "11",
    "jt": "109",
    "jd": "14",
    "ems": "2",
    "deppon": "53",
}
"""As the platform's table of carriers (物流公司编号) tells them."""
_ALL, _ALL_DELIVERED = 1, 40
_BY_CREATION, _BY_CHANGE = 1, 2
_EXPIRED = "token"
_TROUBLE, _TROUBLE_CODE = "server_error", "100200500"


class KuaishouShop(Connector):
    """One shop on Kuaishou, as core's ``Channel``."""

    rules = WindowRules(span_s=86_400)
    limits = Limits(page_size=50)
    carriers = CARRIERS

    def __init__(
        self,
        access: ShopAccess,
        clock: Clock,
        limits: Limits | None = None,
        *,
        sign_method: str = "HMAC_SHA256",
    ) -> None:
        """``app_secret`` is ``APPSECRET:SIGNSECRET``; the first half is needed to renew tokens
        only. ``sign_method``: ``HMAC_SHA256`` or ``MD5``."""
        super().__init__(access, clock, limits)
        self._app_key, self._sign_method = access.app_key, sign_method
        self._app_secret, _, self._sign_secret = access.app_secret.rpartition(":")
        self._access = Access(self._line, access, self._renewed, expired=frozenset({_EXPIRED}))

    # --- reading --------------------------------------------------------------------------------

    def _window(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        return halved(*whole_seconds(start, end), partial(self._page, _BY_CHANGE))

    def created(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Numbers of all orders created in [start, end), page by page. Raises CallFailed."""
        return halved(*seconds_in(start, end), partial(self._page, _BY_CREATION))

    def _page(self, by: int, since: int, until: int, cursor: str) -> Page:
        asked = {
            "orderViewStatus": _ALL,
            "queryType": by,
            "sort": 1,
            "cpsType": 0,
            "pageSize": self._page_size,
            "beginTime": since * 1000,
            "endTime": until * 1000 + 999,
            "cursor": cursor,
        }
        return kuaishou_order.page(self._call(LISTING, asked))

    def detail(self, number: str) -> PlatformOrder:
        """The truth about one order. Raises CallFailed."""
        return kuaishou_order.order(self._order(number), self.server_now())

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        """The waybills the platform has for an order. Raises CallFailed."""
        return kuaishou_order.parcels(self._order(number))

    def _order(self, number: str) -> Told:
        told = self._call(DETAIL, {"oid": numeral(number)})
        asked_for(part(told, "orderBaseInfo"), "oid", number)
        return told

    # --- shipping -------------------------------------------------------------------------------

    @at_once
    def ship(self, shipment: Shipment) -> None:
        """Report a waybill. Raises CallFailed, ``in_doubt`` when it may have been taken.

        The same report again is taken for the first one, one with another waybill is not
        described: the order is looked at first.
        """
        asked = self._parcel(shipment)
        told = self._order(shipment.platform_number)
        with_gifts, inside = _inside(told, shipment)
        subs = {piece.sub_number for piece in inside}
        known = {
            parcel.waybill
            for parcel in kuaishou_order.parcels(told)
            if not parcel.sub_number or parcel.sub_number in subs
        }
        if known - {shipment.waybill}:
            raise CallFailed(Fault.BUSINESS, "already_shipped", " ".join(sorted(known)))
        if with_gifts:
            self._ship_by_piece(asked, [piece for piece in inside if piece.left], known)
        elif not known:
            self._call(SHIP, asked, writes=True)

    def _ship_by_piece(self, asked: Mapping[str, Any], left: list[Piece], known: set[str]) -> None:
        """Report gifts with their item: the plain report ships the item alone, and the gifts of
        an order that was reported so go by this way too."""
        if not left and not known:
            raise CallFailed(Fault.BUSINESS, "already_shipped", "nothing left to ship")
        if not left:
            return
        goods = [{"oid": numeral(piece.oid), "deliveryNum": piece.left} for piece in left]
        package = {"expressCode": asked["expressCode"], "expressNo": asked["expressNo"]}
        whole = {
            "mainOrderId": asked["orderId"],
            "deliveryItemInfoList": [{"deliveryGoodsInfoList": goods, **package}],
            "deliveryStatus": [
                {"oid": piece["oid"], "confirmDeliveryStatus": _ALL_DELIVERED} for piece in goods
            ],
        }
        self._call(SPLIT, whole, writes=True)

    @at_once
    def reship(self, shipment: Shipment, old: str) -> None:
        """Put another waybill in the place of ``old``. Raises CallFailed, ``in_doubt`` when some of
        it may have been done: asked again, it goes on where it was.

        An item and its gifts are parcels of their own there, also with the same waybill.
        """
        asked, told = self._parcel(shipment), self._order(shipment.platform_number)
        found = kuaishou_order.packages(told, old)
        if not found and not kuaishou_order.packages(told, shipment.waybill):
            raise CallFailed(Fault.BUSINESS, "no_parcel", f"expected a parcel {old}")
        for package in found:
            named = {"logisticsId": numeral(package)} if package else {}
            self._call(UPDATE, {**asked, **named}, writes=True)

    def _parcel(self, shipment: Shipment) -> dict[str, Any]:
        company = self._carrier(shipment)
        if not company.isdecimal():
            raise CallFailed(Fault.PERMISSION, "carrier", shipment.carrier)
        return {
            "orderId": numeral(shipment.platform_number),
            "expressNo": shipment.waybill,
            "expressCode": int(company),
        }

    # --- calls ----------------------------------------------------------------------------------

    def _call(self, method: str, param: Mapping[str, Any], *, writes: bool = False) -> Told:
        return self._access.run(method, lambda token: self._once(method, param, token, writes))

    def _once(self, method: str, param: Mapping[str, Any], token: str, writes: bool) -> Told:
        form = wire(
            {
                "appkey": self._app_key,
                "method": method,
                "version": "1",
                "access_token": token,
                "timestamp": str(self._line.server_now()),
                "signMethod": self._sign_method,
                "param": json.dumps(param, ensure_ascii=False, separators=(",", ":")),
            }
        )
        form["sign"] = signature("kuaishou", self._sign_method, self._sign_secret, form)
        url = f"{self._line.base_url}/{method.replace('.', '/')}"
        told = self._line.send(
            lambda client: client.post(url, data=form) if writes else client.get(url, params=form),
            writes=writes,
        )
        if told.get("result") is None:
            raise CallFailed(Fault.TRANSIENT, "no_content", in_doubt=writes)
        if told["result"] != 1:
            raise failure(told, self.server_now(), writes=writes)
        return part(told, "data")

    def _renewed(self, tokens: Tokens) -> Tokens | None:
        if not tokens.refresh_token or not self._app_secret:
            return None
        form = {
            "grant_type": "refresh_token",
            "refresh_token": tokens.refresh_token,
            "app_id": self._app_key,
            "app_secret": self._app_secret,
        }
        url = self._line.base_url + REFRESH
        told = self._line.send(lambda client: client.post(url, data=form), writes=False)
        if told.get("error") == _TROUBLE or word(told.get("result")) == _TROUBLE_CODE:
            raise CallFailed(Fault.TRANSIENT, _TROUBLE, clean(told.get("error_msg"), 300))
        if told.get("result") != 1:
            return None
        return tokens_in(told, self.server_now(), tokens.refresh_token)


def _inside(told: Told, shipment: Shipment) -> tuple[bool, list[Piece]]:
    """Whether an order has gifts, and what of it is in a parcel. Raises CallFailed for a line it
    lacks."""
    held = list(kuaishou_order.pieces(told))
    wanted = set(shipment.sub_numbers)
    if len(held) == 1 or not wanted:
        return len(held) > 1, held
    if wanted - {piece.sub_number for piece in held}:
        raise CallFailed(Fault.BUSINESS, "no_lines", " ".join(shipment.sub_numbers))
    return True, [piece for piece in held if piece.sub_number in wanted]


_DAILY = re.compile(r"exceed quota", re.IGNORECASE)
_EACH_SECOND = re.compile(r"exceed qps", re.IGNORECASE)
_REVOKED = re.compile(r"AUTHORIZATION_REVOKED|主账号不存在")
_NO_LONGER_OURS = ("24", "26")
_TOKEN = re.compile(r"access_?token|token.{0,3}过期|鉴权失败", re.IGNORECASE)
_CLOCK = re.compile(r"timestamp|时间戳", re.IGNORECASE)
_SIGN = re.compile(r"签名|验签|sign|app_?key|授权|白名单", re.IGNORECASE)
_RATE = re.compile(r"限流|限频|频繁|超限|qps|rate.?limit", re.IGNORECASE)
_PARAM = re.compile(r"权限|缺少|必填|不能为空|参数|无效|method", re.IGNORECASE)
_BUSINESS = "807000"
_OF_ANOTHER_SHOP, _NOT_SHIPPED_SO = "21", "11"
_ABOUT_ORDER = re.compile(
    r"订单不存在|order operation reject|运单|电子面单|快递公司不存在|收货地址与", re.IGNORECASE
)


def failure(told: Mapping[str, Any], now: int, *, writes: bool = False) -> CallFailed:
    """What a result other than 1 means; ``now`` is the platform's time. Its numbers are many and
    its words few: words decide."""
    sub = told.get("sub_code") or told.get("subCode")
    code = clean(sub or told.get("result"), 40)
    words = [told.get(key) for key in ("error_msg", "errorMsg", "sub_msg", "subMsg")]
    said = clean(" ".join(dict.fromkeys(str(x) for x in words if x)) or told.get("msg"), 300)
    text = f"{clean(sub, 60)} {said}"
    # These name the app's key, as a refused key does: they are asked first.
    if _DAILY.search(text):
        return CallFailed(Fault.RATE, code, said, wait_s=(next_midnight(now) - now) / 1000)
    if _EACH_SECOND.search(text):
        return CallFailed(Fault.RATE, code, said, wait_s=1)
    if _REVOKED.search(text) or code in _NO_LONGER_OURS:
        return CallFailed(Fault.AUTH, code, said)
    if _TOKEN.search(text):
        return CallFailed(Fault.AUTH, _EXPIRED, said)
    if _CLOCK.search(text):
        return CallFailed(Fault.CLOCK, code, said)
    if _SIGN.search(text):
        return CallFailed(Fault.AUTH, code, said)
    if _RATE.search(text):
        return CallFailed(Fault.RATE, code, said)
    return _about_the_order(told, code, said, writes=writes)


def _about_the_order(told: Mapping[str, Any], code: str, said: str, *, writes: bool) -> CallFailed:
    """A refusal that is neither of the gateway's nor about the caller."""
    known = refusal(code, said, writes=writes)
    if known.fault is Fault.TRANSIENT or clean(told.get("code"), 20) == _BUSINESS:
        return known
    not_so = code == _OF_ANOTHER_SHOP or (writes and code == _NOT_SHIPPED_SO)
    if not_so or _ABOUT_ORDER.search(said):
        return CallFailed(Fault.BUSINESS, code, said)
    if _PARAM.search(said):
        return CallFailed(Fault.PERMISSION, code, said)
    return CallFailed(Fault.UNKNOWN, code, said, in_doubt=writes)
