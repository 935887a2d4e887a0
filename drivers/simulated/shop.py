"""A shop on a simulated Taobao: plays the open platform (TOP) over real HTTP.

It checks signatures with its own code, holds callers to windows, page sizes, sessions, clocks and
rates, lists newest first, and keeps a journal of every waybill it accepted. It tells a trade that
is shipped in parts from one that is not, ships through its own couriers or as the seller's own, and
knows what a courier has picked up (``pick_up``). Verbs: those of ``drivers.simulated.http`` and
``platform``, and ``quota`` (the day is used up).
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

from core.clock import Clock
from drivers.simulated.faults import Fault
from drivers.simulated.http import Reply, Request, packed
from drivers.simulated.platform import Limited, listed
from drivers.simulated.shop_trades import (
    SimLine,
    SimOrder,
    Trade,
    masked,
    moment_of,
    oaid,
    shown,
    sub_orders,
)
from drivers.simulated.shop_world import HOLDS, ShopWorld

__all__ = ["SimLine", "SimOrder", "SimulatedTaobao"]

LISTING = "taobao.trades.sold.increment.get"
SOLD = "taobao.trades.sold.get"
DETAIL = "taobao.trade.fullinfo.get"
REFRESH = "taobao.top.auth.token.refresh"
SHIP = "taobao.logistics.online.send"
SHIP_OWN = "alibaba.ascp.logistics.offline.send"
RESEND = "taobao.logistics.consign.resend"
MODIFY = "alibaba.ascp.logistics.consign.modify"
DECRYPT = "taobao.top.oaid.decrypt"
COMPANIES = {"SF", "YTO", "ZTO", "STO", "YUNDA", "HTKY", "EMS", "DBKD"}
OWN_ONLY = {"HTKY", "DBKD"}
"""Couriers that take no orders through the platform."""
_MOST_PARTS = 20
"""Lines a call for a part may name."""
_IN_ERRORS = {
    SHIP: "logistics-online-service-error",
    SHIP_OWN: "logistics-offline-service-error",
    RESEND: "logistics-update-company-or-mailno-error",
    MODIFY: "logistics-update-company-or-mailno-error",
}
"""How a method calls its own errors."""
_SHOWN_BY_DEFAULT = {"guarantee_trade", "auto_delivery", "ec", "cod", "step"}
_OAID_NEEDS = {
    "receiver_name",
    "receiver_address",
    "created",
    "receiver_mobile",
    "receiver_phone",
}
_TO_SHIP = ("WAIT_SELLER_SEND_GOODS", "SELLER_CONSIGNED_PART")
_OPEN_REFUND = (
    "WAIT_SELLER_AGREE",
    "WAIT_BUYER_RETURN_GOODS",
    "WAIT_SELLER_CONFIRM_GOODS",
    "SELLER_REFUSE_BUYER",
)
_DAY_MS = 86_400_000


class Refused(Exception):  # noqa: N818 - the platform's answer, not an error of ours
    """An ``error_response``."""

    def __init__(self, code: int, msg: str, sub_code: str = "", sub_msg: str = "") -> None:
        super().__init__(msg)
        self.told = {"code": code, "msg": msg, "sub_code": sub_code, "sub_msg": sub_msg}


class SimulatedTaobao(ShopWorld):
    """One shop's platform. Its state may be changed from any thread while calls come in."""

    own_verbs = ShopWorld.own_verbs | {"quota"}

    def __init__(
        self,
        clock: Clock,
        app_key: str = "12345678",
        app_secret: str = "secret",
        session: str = "session",
        *,
        refresh_token: str = "refresh",
        seller: str = "seller",
        mask: bool = True,
        **world: Any,
    ) -> None:
        """``world`` as for ``Platform``."""
        super().__init__(clock, app_key, app_secret, session, refresh_token, **world)
        self._seller, self._mask = seller, mask
        self._online: set[str] = set()
        """Waybills that were shipped through the platform's couriers."""
        self._picked_up: set[str] = set()

    # --- the gateway ----------------------------------------------------------------------------

    def name(self, request: Request) -> str:
        """The TOP method."""
        return _params(request).get("method", "")

    def about(self, request: Request) -> str:
        """The trade a call is about."""
        return _params(request).get("tid", "")

    def answer(self, request: Request) -> Reply:
        """Check the call as the gateway does, then carry it out."""
        form = _params(request)
        try:
            self._admitted(form)
            told = self._carried_out(form)
        except Refused as refused:
            return packed({"error_response": {**refused.told, "request_id": f"r{request.number}"}})
        if form.get("format") != "json":
            return Reply(b"<?xml version='1.0'?><response/>", content_type="text/xml")
        told["request_id"] = f"r{request.number}"
        return packed({_envelope(form["method"]): told})

    def empty(self, request: Request) -> Reply:
        """A well-formed answer with nothing in it."""
        return packed({_envelope(self.name(request)): {"request_id": f"r{request.number}"}})

    def struck(self, fault: Fault, request: Request) -> Reply | None:
        """Play this platform's own faults."""
        if fault.verb == "quota":
            return _refusal(7, "accesscontrol.limited-by-app-access-count", "daily quota")
        return super().struck(fault, request)

    def trouble(self) -> Reply:
        """A failure behind the gateway."""
        return _refusal(15, "isp.remote-service-timeout", "try again later")

    def _admitted(self, form: Mapping[str, str]) -> None:
        """The checks before any method runs, in the gateway's order."""
        if form.get("app_key") != self.app_key:
            raise Refused(29, "Invalid app Key", "isv.appkey-not-exists")
        if form.get("v") != "2.0":
            raise Refused(33, "Invalid version")
        at = moment_of(form.get("timestamp", ""))
        if at is None or abs(at - self.now()) > 600_000:
            raise Refused(31, "Invalid timestamp")
        if not hmac.compare_digest(form.get("sign", ""), _signed(form, self._app_secret)):
            raise Refused(25, "Invalid signature", "isv.invalid-signature")
        self._rated(form.get("method", ""))
        if form.get("method") != REFRESH:
            self._in_session(form.get("session", ""))

    def _rated(self, method: str) -> None:
        try:
            self.rate(method)
        except Limited as limited:
            said = f"This ban will last for {ceil(limited.wait_s)} more seconds"
            sub = "accesscontrol.limited-by-api-access-count"
            raise Refused(7, "App Call Limited", sub, said) from limited

    def _in_session(self, session: str) -> None:
        if not session:
            raise Refused(26, "Missing session")
        if not self.in_session(session):
            raise Refused(27, "Invalid session", "invalid-sessionkey", "session expired")

    def _carried_out(self, form: Mapping[str, str]) -> dict[str, Any]:
        method = form["method"]
        if method == LISTING:
            return self._listing(form)
        if method == SOLD:
            return self._paged(form, self._sold(form))
        if method == DETAIL:
            return self._detail(form)
        if method in _IN_ERRORS:
            return self._about_parcels(method, form)
        if method == DECRYPT:
            return self._decrypting(form)
        if method == REFRESH:
            return self._renewed(form)
        raise Refused(22, "Invalid method")

    def _renewed(self, form: Mapping[str, str]) -> dict[str, Any]:
        if not self.refresh_token or form.get("refresh_token") != self.refresh_token:
            raise Refused(15, "Remote service error", "isv.invalid-refresh-token", "expired")
        return {"token_result": json.dumps({**self.renew(), "expires_in": 86400})}

    # --- listing and detail ---------------------------------------------------------------------

    def _listing(self, form: Mapping[str, str]) -> dict[str, Any]:
        return self._paged(form, self._window(form))

    def _paged(self, form: Mapping[str, str], rows: list[Trade]) -> dict[str, Any]:
        number, size = _whole(form, "page_no", 1), _whole(form, "page_size", 40)
        if not 1 <= size <= 100 or number < 1:
            raise _invalid("page_size")
        part = rows[(number - 1) * size : number * size]
        part = self.page([shown(self._as_seen(t), _fields(form)) for t in part])
        told: dict[str, Any] = {"trades": {"trade": part}} if part else {}
        if form.get("use_has_next") == "true":
            told["has_next"] = len(rows) > number * size
        else:
            told["total_results"] = len(rows)
        return told

    def _window(self, form: Mapping[str, str]) -> list[Trade]:
        """The trades whose listed change lies in the window, newest first."""
        start, end = _bounds(form, "modified", _DAY_MS)
        kinds = _kinds(form.get("type", ""))
        now = self.now()
        dated = [(listed(self._versions[tid], now), tid) for tid in self._trades]
        found = [(at, tid) for at, tid in dated if at is not None and start <= at <= end]
        trades = [(self._trades[tid], at) for at, tid in sorted(found, reverse=True)]
        status = form.get("status")
        return [
            {**trade, "modified": at}
            for trade, at in trades
            if trade["type"] in kinds and status in (None, trade["status"])
        ]

    def _sold(self, form: Mapping[str, str]) -> list[Trade]:
        """The trades created in the window, newest first; late ones are not listed yet."""
        start, end = _bounds(form, "created", 90 * _DAY_MS)
        kinds = _kinds(form.get("type", ""))
        now = self.now()
        return [
            trade
            for tid, trade in sorted(
                self._trades.items(), key=lambda row: row[1]["created"], reverse=True
            )
            if trade["type"] in kinds
            and start <= trade["created"] <= end
            and listed(self._versions[tid], now) is not None
        ]

    def _detail(self, form: Mapping[str, str]) -> dict[str, Any]:
        trade = self._known(form)
        fields = _fields(form)
        seen = self._as_seen(trade)
        if form.get("include_oaid") and _OAID_NEEDS.issubset(fields):
            seen["oaid"] = oaid(trade, self.app_key, self._seller)
        return {"trade": shown(seen, fields)}

    def _as_seen(self, trade: Trade) -> Trade:
        return masked(trade) if self._mask else dict(trade)

    def _known(self, form: Mapping[str, str]) -> Trade:
        trade = self._trades.get(_needed(form, "tid"))
        if trade is None:
            raise Refused(15, "Remote service error", "isv.trade-not-exist", "交易不存在")
        return trade

    # --- shipping -------------------------------------------------------------------------------

    def pick_up(self, waybill: str) -> None:
        """The courier has the parcel."""
        with self.lock:
            self._picked_up.add(waybill)

    def _about_parcels(self, method: str, form: Mapping[str, str]) -> dict[str, Any]:
        try:
            match method:
                case "taobao.logistics.online.send":
                    self._ship(form)
                case "alibaba.ascp.logistics.offline.send":
                    self._ship_own(form)
                case "taobao.logistics.consign.resend":
                    self._resend(form)
                case _:
                    self._modify(form)
        except Refused as refused:
            refused.told["sub_code"] = str(refused.told["sub_code"]).replace(
                _IN_ERRORS[SHIP], _IN_ERRORS[method]
            )
            if method in (SHIP, SHIP_OWN):
                waybill = form.get("out_sid", "") or form.get("consign_pkgs", "")
                self.refused(form.get("tid", ""), waybill, str(refused.told["sub_code"]))
            raise
        if method.startswith("alibaba."):
            return {"result": {"success": True}}
        return {"shipping": {"is_success": True}}

    def _ship_own(self, form: Mapping[str, str]) -> None:
        """A parcel of the seller's own courier: lines are named without saying that it is split."""
        packs = json.loads(_needed(form, "consign_pkgs"))
        if not isinstance(packs, list) or len(packs) != 1:
            raise _invalid("consign_pkgs")
        split = {"is_split": "1"} if form.get("sub_tid") else {}
        self._ship({**form, **split, **packs[0]}, online=False)

    def _ship(self, form: Mapping[str, str], *, online: bool = True) -> None:
        trade = self._known(form)
        waybill, company = _needed(form, "out_sid"), _needed(form, "company_code")
        lines = self._parcel(trade, form)
        if company not in COMPANIES:
            raise _invalid("company_code")
        if online and company in OWN_ONLY:
            raise _ship_error("B52", "该物流公司不支持在线下单发货")
        self._check_state(trade, lines)
        self._check_waybill(trade, waybill)
        for line in lines:
            line |= {"status": "WAIT_BUYER_CONFIRM_GOODS", "invoice_no": waybill}
            line["logistics_company"] = company
        rest = [x for x in sub_orders(trade) if x["status"] in _TO_SHIP]
        trade["status"] = "SELLER_CONSIGNED_PART" if rest else "WAIT_BUYER_CONFIRM_GOODS"
        trade["is_part_consign"] = trade["is_part_consign"] or bool(rest)
        if online:
            self._online.add(waybill)
        self._touched(trade["tid_str"])
        oids = [line["oid_str"] for line in lines]
        self.commit(
            what="shipped",
            tid=trade["tid_str"],
            waybill=waybill,
            company=company,
            oids=oids,
            asked_at=self.asked_at(trade["tid_str"]),
        )

    def _resend(self, form: Mapping[str, str]) -> None:
        """Another waybill for a parcel that was shipped, until the platform's courier has it."""
        trade = self._known(form)
        waybill, company = _needed(form, "out_sid"), _needed(form, "company_code")
        named = _named(trade, form)
        if named and not trade["is_part_consign"]:
            raise _ship_error("CD29", "订单不是拆单订单，拆单标记和子订单列表都不能传入")
        lines = [x for x in sub_orders(trade) if x.get("invoice_no")]
        if not lines:
            raise _ship_error("CD19", "订单未发货，不能修改物流信息")
        if named:
            olds = {x["invoice_no"] for x in lines if x["oid_str"] in named}
            lines = [x for x in lines if x["invoice_no"] in olds]
            if len(olds) != 1 or {x["oid_str"] for x in lines} != named:
                raise _ship_error("B06", "传入的子订单号必须完全匹配物流包裹中的子订单")
        old = str(lines[0]["invoice_no"])
        if old in self._online & self._picked_up:
            raise _ship_error("P06", "当前订单状态不支持修改")
        self._replace(trade, lines, waybill, company)

    def _modify(self, form: Mapping[str, str]) -> None:
        """Another waybill for the parcel with the old one, also when the courier has it."""
        trade = self._known(form)
        old, waybill = _needed(form, "old_out_sid"), _needed(form, "new_out_sid")
        lines = [x for x in sub_orders(trade) if x.get("invoice_no") == old]
        if not lines:
            raise _ship_error("P03", "未找到对应子订单的物流包裹")
        self._replace(trade, lines, waybill, form.get("new_company_code", ""))

    def _replace(self, trade: Trade, lines: list[Trade], waybill: str, company: str) -> None:
        if company not in COMPANIES:
            raise _invalid("company_code")
        self._check_waybill(trade, waybill)
        old = str(lines[0]["invoice_no"])
        for line in lines:
            line |= {"invoice_no": waybill, "logistics_company": company}
        self._touched(trade["tid_str"])
        self.commit(
            what="reshipped", tid=trade["tid_str"], waybill=waybill, company=company, old=old
        )

    def _decrypting(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Who receivers are, by their references; one of an older address matches nobody."""
        asked = json.loads(_needed(form, "query_list"))
        if not isinstance(asked, list) or not 1 <= len(asked) <= 20:
            raise _invalid("query_list")
        wait_s = self.decrypting()
        if wait_s:
            said = f"This ban will last for {ceil(wait_s)} more seconds"
            sub = "accesscontrol.limited-by-api-access-count"
            raise Refused(7, "App Call Limited", sub, said)
        found = [self._in_clear(str(one.get("tid")), str(one.get("oaid"))) for one in asked]
        return {"receiver_list": {"receiver": found}}

    def _in_clear(self, tid: str, reference: str) -> dict[str, Any]:
        trade = self._trades.get(tid)
        told: dict[str, Any] = {"tid": tid, "oaid": reference, "matched": False}
        if trade is None or reference != oaid(trade, self.app_key, self._seller):
            return told
        self.commit(what="decrypted", tid=tid)
        return {
            **told,
            "matched": True,
            "name": trade.get("receiver_name", ""),
            "mobile": trade.get("receiver_mobile", ""),
            "phone": trade.get("receiver_phone", ""),
            "state": trade.get("receiver_state", ""),
            "city": trade.get("receiver_city", ""),
            "district": trade.get("receiver_district", ""),
            "town": trade.get("receiver_town", ""),
            "address_detail": trade.get("receiver_address", ""),
        }

    def _parcel(self, trade: Trade, form: Mapping[str, str]) -> list[Trade]:
        """The lines a call is about: those named, or all that are left of a trade in one parcel."""
        lines = sub_orders(trade)
        named = _named(trade, form)
        if not named:
            left = [line for line in lines if line["status"] in _TO_SHIP]
            return left or lines
        chosen = [line for line in lines if line["oid_str"] in named]
        if len(chosen) != len(named):
            raise _ship_error("CD24", "子订单不存在")
        going = {line["oid_str"] for line in lines if line["status"] != "TRADE_CLOSED"}
        if len(named) > _MOST_PARTS or (not trade["is_part_consign"] and named >= going):
            raise _ship_error("P38", "拆单校验未通过")
        return chosen

    def _check_state(self, trade: Trade, lines: Iterable[Trade]) -> None:
        lines = list(lines)
        if any(line.get("invoice_no") for line in lines):
            raise _ship_error("B27", "该订单已经有发货单")
        if any(trade.get(mark) for mark in HOLDS):
            raise _ship_error("B55", "交易被拦截")
        if trade["status"] not in _TO_SHIP or any(x["status"] not in _TO_SHIP for x in lines):
            raise _ship_error("B04", "订单状态不正确")
        if self.refuse_refunds and any(x["refund_status"] in _OPEN_REFUND for x in lines):
            raise _ship_error("B02", "订单正在退款")

    def _check_waybill(self, trade: Trade, waybill: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9-]{6,30}", waybill):
            raise _ship_error("F01", "运单号不符合规则")
        if self.is_taken(waybill, trade["tid_str"]):
            raise _ship_error("B60", "运单号已被使用")


def _params(request: Request) -> dict[str, str]:
    """What was sent, be it in the body or in the address: the gateway takes both."""
    return {**request.query, **request.form}


def _refusal(code: int, sub_code: str, sub_msg: str) -> Reply:
    return packed({"error_response": Refused(code, "refused", sub_code, sub_msg).told})


def _envelope(method: str) -> str:
    """What an answer stands in: only the platform's first name is left out."""
    first, *rest = method.split(".")
    return "_".join(rest if first == "taobao" else [first, *rest]) + "_response"


def _named(trade: Trade, form: Mapping[str, str]) -> set[str]:
    """The lines a call names, which goes together with saying that the trade is split."""
    split, named = form.get("is_split") in ("1", "true"), form.get("sub_tid", "")
    if trade["is_part_consign"] and not split:
        raise (
            _ship_error("CD27", "订单已经被拆单，is_split 必须是 1")
            if named
            else _ship_error("CD23", "订单已拆单，必须传入子交易号列表和拆单标记")
        )
    if split and not named:
        raise _ship_error("CD26", "拆分的子订单没有传子订单号")
    if named and not split:
        raise _ship_error("CD25", "拆单标记和子订单列表两者必须都填或者都不填")
    return set(named.split(",")) if named else set()


def _kinds(told: str) -> set[str]:
    """The kinds of trade a listing shows; a guarantee trade is a fixed-price one or an auction."""
    kinds = set(told.split(",")) if told else set(_SHOWN_BY_DEFAULT)
    return kinds | {"fixed", "auction"} if "guarantee_trade" in kinds else kinds


def _signed(form: Mapping[str, str], secret: str) -> str:
    """The signature the platform itself computes over what came."""
    text = "".join(key + form[key] for key in sorted(form) if key != "sign" and form[key])
    match form.get("sign_method"):
        case "md5":
            return hashlib.md5((secret + text + secret).encode()).hexdigest().upper()
        case "hmac":
            return hmac.new(secret.encode(), text.encode(), "md5").hexdigest().upper()
        case "hmac-sha256":
            return hmac.new(secret.encode(), text.encode(), "sha256").hexdigest().upper()
    raise Refused(25, "Invalid signature", "isv.invalid-sign-method")


def _bounds(form: Mapping[str, str], name: str, widest_ms: int) -> tuple[str, str]:
    """The ends of a window by that time."""
    start, end = _needed(form, f"start_{name}"), _needed(form, f"end_{name}")
    since, until = moment_of(start), moment_of(end)
    if since is None or until is None or not 0 <= until - since <= widest_ms:
        raise _invalid(f"start_{name}")
    return start, end


def _needed(form: Mapping[str, str], key: str) -> str:
    if not form.get(key):
        raise Refused(40, "Missing required arguments", f"isv.missing-parameter:{key}")
    return form[key]


def _fields(form: Mapping[str, str]) -> list[str]:
    return _needed(form, "fields").split(",")


def _whole(form: Mapping[str, str], key: str, default: int) -> int:
    told = form.get(key, str(default))
    if not told.isdecimal():
        raise _invalid(key)
    return int(told)


def _invalid(key: str) -> Refused:
    return Refused(41, "Invalid arguments", f"isv.invalid-parameter:{key}")


def _ship_error(code: str, text: str) -> Refused:
    sub = f"isv.{_IN_ERRORS[SHIP]}:{code}"
    return Refused(15, "Remote service error", sub, f"{code}:{text}")
