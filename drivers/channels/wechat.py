"""WeChat shop (微信小店): one shop through the platform's server interface.

There is no signature: a call carries the access token, which the app's id and secret give at any
time (``stable_token``). Listings give numbers behind an opaque cursor, see ``halves``.

Source: the platform's documents of its order calls, and the error codes of each of them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from core.clock import Clock
from core.ports import (
    CallFailed,
    Fault,
    PlatformOrder,
    Receiver,
    Shipment,
    ShippedParcel,
    WindowRules,
)
from core.text import clean
from drivers.channels import wechat_order
from drivers.channels.access import Access, ShopAccess, Tokens, at_once, tokens_in
from drivers.channels.connector import Connector, Limits, asked_for
from drivers.channels.halves import Page, halved
from drivers.channels.reading import Told, next_midnight, part, seconds_in, whole_seconds

GATEWAY = "https://api.weixin.qq.com"
TOKEN = "/cgi-bin/stable_token"
LISTING = "/channels/ec/order/list/get"
DETAIL = "/channels/ec/order/get"
SHIP = "/channels/ec/order/delivery/send"
UPDATE = "/channels/ec/order/deliveryinfo/update"
DECODE = "/channels/ec/order/sensitiveinfo/decode"
CARRIERS: Mapping[str, str] = {
    "sf": "SF",
    "yto": "YTO",
    "zto": "ZTO",
    "sto": "STO",
    "yunda": "YUNDA",
    "jt": "JTSD",
    "jd": "JD",
    "ems": "EMS",
    "deppon": "DBL",
}
"""As ``deliverycompanylist`` tells them."""
_EXPIRED = frozenset({"40001", "40014", "42001"})
_SELF_SENT = 1


class WechatShop(Connector):
    """One WeChat shop, as core's ``Channel``."""

    rules = WindowRules(span_s=86_400)
    carriers = CARRIERS

    def __init__(self, access: ShopAccess, clock: Clock, limits: Limits | None = None) -> None:
        """``session`` may be empty: the first call asks for a token. There is no refresh token."""
        super().__init__(access, clock, limits)
        self._app = {"appid": access.app_key, "secret": access.app_secret}
        self._access = Access(self._line, access, self._renewed, expired=_EXPIRED)

    # --- reading --------------------------------------------------------------------------------

    def _window(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        return halved(*whole_seconds(start, end), partial(self._page, "update_time_range"))

    def created(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Numbers of all orders created in [start, end), page by page. Raises CallFailed."""
        return halved(*seconds_in(start, end), partial(self._page, "create_time_range"))

    def _page(self, by: str, since: int, until: int, cursor: str) -> Page:
        asked: dict[str, Any] = {
            by: {"start_time": since, "end_time": until},
            "page_size": self._page_size,
            **({"next_key": cursor} if cursor else {}),
        }
        return wechat_order.page(self._call(LISTING, asked))

    def detail(self, number: str) -> PlatformOrder:
        """The truth about one order. Raises CallFailed."""
        return wechat_order.order(self._order(number), self.server_now())

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        """The waybills the platform has for an order. Raises CallFailed."""
        return wechat_order.parcels(self._order(number))

    def _order(self, number: str) -> Told:
        told = part(self._call(DETAIL, {"order_id": number}), "order")
        return asked_for(told, "order_id", number)

    # --- shipping -------------------------------------------------------------------------------

    @at_once
    def ship(self, shipment: Shipment) -> None:
        """Report a waybill. Raises CallFailed, ``in_doubt`` when it may have been taken.

        What a second report does is not documented, so the order is looked at first: our waybill
        there is success, another one for the same lines is a refusal.
        """
        company = self._carrier(shipment)
        told = self._order(shipment.platform_number)
        if shipment.waybill in {parcel.waybill for parcel in wechat_order.parcels(told)}:
            return
        parcel = {
            "delivery_id": company,
            "waybill_id": shipment.waybill,
            "deliver_type": _SELF_SENT,
            "product_infos": wechat_order.contents(told, shipment.sub_numbers),
        }
        asked = {"order_id": shipment.platform_number, "delivery_list": [parcel]}
        self._call(SHIP, asked, writes=True)

    @at_once
    def reship(self, shipment: Shipment, old: str) -> None:
        """Put a waybill in the place of ``old``: the platform takes three such changes of an order.
        Raises CallFailed, ``in_doubt`` when it may have been taken."""
        company = self._carrier(shipment)
        told = self._order(shipment.platform_number)
        change = wechat_order.changed(told, old, company, shipment.waybill)
        if change is None:
            return
        asked = {"order_id": shipment.platform_number, "change_infos": [change]}
        self._call(UPDATE, asked, writes=True)

    def reveal(self, number: str, receiver: Receiver) -> Receiver:
        """Who a hidden receiver is. Raises CallFailed."""
        told = self._call(DECODE, {"order_id": number})
        if not part(told, "address_info"):
            raise CallFailed(Fault.TRANSIENT, "no_receiver", f"expected the receiver of {number}")
        return wechat_order.revealed(told, self.server_now())

    # --- calls ----------------------------------------------------------------------------------

    def _call(self, path: str, asked: Mapping[str, Any], *, writes: bool = False) -> Told:
        return self._access.run(path, lambda token: self._once(path, asked, token, writes))

    def _once(self, path: str, asked: Mapping[str, Any], token: str, writes: bool) -> Told:
        body = json.dumps(asked, ensure_ascii=False).encode()
        query = {"access_token": token} if token else {}
        told = self._line.send(
            lambda client: client.post(self._line.base_url + path, params=query, content=body),
            writes=writes,
        )
        code = told.get("errcode", 0 if "access_token" in told else None)
        if code is None:
            raise CallFailed(Fault.TRANSIENT, "no_content", in_doubt=writes)
        if code != 0:
            raise failure(told, self.server_now(), writes=writes)
        return told

    def _renewed(self, tokens: Tokens) -> Tokens | None:
        """The app's token; forced anew when the platform hands out the refused one again."""
        told = self._token(force=False)
        if tokens.session and told.session == tokens.session:
            told = self._token(force=True)
        return told

    def _token(self, *, force: bool) -> Tokens:
        asked = {"grant_type": "client_credential", **self._app, "force_refresh": force}
        told = self._once(TOKEN, asked, "", False)
        tokens = tokens_in(told, self.server_now())
        if tokens is None or not tokens.expires_at:
            raise CallFailed(Fault.TRANSIENT, "no_token", "expected access_token and expires_in")
        return tokens


_AUTH = (*_EXPIRED, "40002", "40013", "40125", "40164", "41001", "41002", "41004", "61024")
_NOT_ON_THE_LIST = ("45035", "61004")
"""Our address is not one of those the app may be called from."""
_PERMISSION = ("40097", "43002", "43104", "44002", "47001", "48001", "48004", "10020050")
_DAILY = ("45009",)
_OFTEN = ("45011", "45047")
_ONCE_MORE = ("-1", "100003", "100004")
"""Trouble of its own, or somebody else was changing the order."""
_OF_THE_ORDER = re.compile(r"10[0189]\d{3}|606\d{3,4}|100\d{5}")
"""No such order, its status, its after-sale, what is in a parcel: the shop's own numbers."""


def failure(told: Mapping[str, Any], now: int, *, writes: bool = False) -> CallFailed:
    """What an errcode means; ``now`` is the platform's time."""
    code, said = clean(told.get("errcode"), 20), clean(told.get("errmsg"), 300)
    if code in (*_AUTH, *_NOT_ON_THE_LIST):
        return CallFailed(Fault.AUTH, code, said)
    if code in _DAILY:
        return CallFailed(Fault.RATE, code, said, wait_s=(next_midnight(now) - now) / 1000)
    if code in _OFTEN:
        return CallFailed(Fault.RATE, code, said, wait_s=60)
    if code in _PERMISSION:
        return CallFailed(Fault.PERMISSION, code, said)
    if code in _ONCE_MORE:
        return CallFailed(Fault.TRANSIENT, code, said, in_doubt=writes)
    if _OF_THE_ORDER.fullmatch(code):
        return CallFailed(Fault.BUSINESS, code, said)
    return CallFailed(Fault.UNKNOWN, code, said, in_doubt=writes)
