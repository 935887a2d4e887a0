"""Pinduoduo's gateway (POP), simulated over real HTTP for its shops and its group-buy leaders.

It checks signatures with its own code and holds callers to tokens, clocks and rates. A platform
says what its methods do. Verbs: those of ``drivers.simulated.http`` and ``deals``, and
``code N`` (the gateway refuses with that number).
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from core.clock import SHANGHAI, Clock, local
from drivers.simulated.deals import Shop
from drivers.simulated.faults import Fault
from drivers.simulated.http import Reply, Request, packed
from drivers.simulated.platform import Limited

REFRESH = "pdd.pop.auth.token.refresh"
COMPANIES = {"1", "44", "85", "115", "118", "120", "121", "131", "384"}
_TOKEN_S = 86_400
_MESSAGES = {
    10000: "参数错误",
    10001: "公共参数错误",
    10016: "client_id不正确",
    10017: "type不正确",
    10019: "access_token已过期",
    20004: "签名sign校验失败",
    20007: "缺少必填请求参数",
    50001: "业务服务错误",
    52002: "网关系统内部异常",
    70031: "调用过于频繁，请调整调用频率",
    70032: "当前请求被禁止调用",
    70035: "当前用户或应用存在风险，禁止调用。请联系ddjb@pinduoduo.com",
    70036: "应用处于测试状态，调用次数被限制",
}


class Refused(Exception):  # noqa: N818 - the platform's answer, not an error of ours
    """An ``error_response``; ``sub_code`` and ``sub_msg`` for the method's own refusals."""

    def __init__(self, code: int, sub_code: str = "", sub_msg: str = "") -> None:
        super().__init__(f"{code} {sub_code} {sub_msg}")
        self.told = {
            "error_code": code,
            "error_msg": _MESSAGES[code] if code != 10001 else f"{_MESSAGES[code]}:{sub_msg}",
            "sub_code": sub_code or None,
            "sub_msg": sub_msg if code != 10001 else "",
        }


class PopShop(Shop):
    """One shop behind the gateway. Its state may be changed from any thread while calls come in."""

    own_verbs = Shop.own_verbs | {"code"}
    tells_unpaid = False

    def __init__(
        self,
        clock: Clock,
        app_key: str = "6b7ebf5b1db4566a1a3f253dd8cae39e",
        app_secret: str = "secret",
        session: str = "session",
        *,
        refresh_token: str = "refresh",
        **world: Any,
    ) -> None:
        """``world`` as for ``Platform``."""
        super().__init__(clock, app_key, app_secret, session, refresh_token, **world)

    # --- what a platform says -------------------------------------------------------------------

    def carried_out(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The whole answer of a method, in its envelope. Raises Refused."""
        raise NotImplementedError

    # --- the gateway ----------------------------------------------------------------------------

    def name(self, request: Request) -> str:
        """The method."""
        return request.form.get("type", "")

    def about(self, request: Request) -> str:
        """The order a call is about."""
        return request.form.get("order_sn") or request.form.get("orderSn", "")

    def answer(self, request: Request) -> Reply:
        """Check the call as the gateway does, then carry it out."""
        try:
            self._admitted(request.form)
            method = request.form["type"]
            told = self._renewed(request.form) if method == REFRESH else None
            return packed(told or self.carried_out(request.form))
        except Refused as refused:
            return _error(refused, request)
        except Limited:
            return _error(Refused(70031), request)

    def trouble(self) -> Reply:
        """A failure behind the gateway."""
        return packed({"error_response": Refused(52002).told})

    def struck(self, fault: Fault, request: Request) -> Reply | None:
        """As everywhere, and the gateway's own refusals."""
        if fault.verb == "code":
            return _error(Refused(int(fault.number)), request)
        return super().struck(fault, request)

    def _admitted(self, form: Mapping[str, str]) -> None:
        """The checks before any method runs."""
        if form.get("client_id") != self.app_key:
            raise Refused(10016)
        stamp = form.get("timestamp", "")
        if not re.fullmatch(r"\d{10}", stamp) or abs(int(stamp) * 1000 - self.now()) > 600_000:
            raise Refused(10001, sub_msg="timestamp")
        if not hmac.compare_digest(form.get("sign", ""), signed(form, self._app_secret)):
            raise Refused(20004)
        if form.get("data_type", "JSON") != "JSON" or not form.get("type"):
            raise Refused(10001, sub_msg="type")
        self.rate(form["type"])
        if form["type"] != REFRESH and not self.in_session(form.get("access_token", "")):
            raise Refused(10019)

    def _renewed(self, form: Mapping[str, str]) -> dict[str, Any]:
        if not self.refresh_token or form.get("refresh_token") != self.refresh_token:
            raise Refused(50001, "30004", "refresh_token无效")
        told = {
            **self.renew(),
            "expires_in": _TOKEN_S,
            "expires_at": self.now() // 1000 + _TOKEN_S,
            "owner_id": "745839216",
        }
        return {"pop_auth_token_refresh_response": told}

    # --- for the platforms ----------------------------------------------------------------------

    def checked_waybill(self, number: str, waybill: str, company: str) -> None:
        """Raises Refused for a waybill that cannot be, or that another order has."""
        if company not in COMPANIES:
            raise Refused(50001, "40002", "快递公司不存在")
        if not re.fullmatch(r"[A-Za-z0-9-]{6,40}", waybill):
            raise Refused(50001, "40003", "运单号格式错误")
        if self.is_taken(waybill, number):
            raise Refused(50001, "40004", "运单号已被其他订单使用")


def needed(form: Mapping[str, str], key: str) -> str:
    """A parameter. Raises Refused when it is not there."""
    if not form.get(key):
        raise Refused(20007, key, key)
    return form[key]


def whole(form: Mapping[str, str], key: str) -> int:
    """A parameter that is a whole number. Raises Refused."""
    told = needed(form, key)
    if not told.isdecimal():
        raise Refused(10000, key, key)
    return int(told)


def signed(form: Mapping[str, str], secret: str) -> str:
    """The signature the platform itself computes over what came."""
    text = "".join(key + form[key] for key in sorted(form) if key != "sign" and form[key])
    return hashlib.md5((secret + text + secret).encode()).hexdigest().upper()


def text_time(at: int | None) -> str | None:
    """UTC milliseconds as the wire's GMT+8 text."""
    return None if at is None else local(at, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def yuan(cents: int) -> float:
    """Fen as the wire's number of yuan."""
    return cents / 100


def opaque(head: str, text: str, length: int = 24) -> str:
    """A cipher, or an id, that stands for a text."""
    return head + hashlib.sha256(text.encode()).hexdigest()[:length]


def _error(refused: Refused, request: Request) -> Reply:
    return packed({"error_response": {**refused.told, "request_id": f"r{request.number}"}})
