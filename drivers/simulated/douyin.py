"""A shop on a simulated Douyin: plays the open platform (doudian) over real HTTP.

It checks signatures with its own code, holds callers to tokens, clocks, page sizes and rates,
lists oldest change first with pages from 0, and ships a parcel once per ``request_id``: the same
one again gets the first answer. A waybill is replaced parcel by parcel. Verbs: those of
``drivers.simulated.http`` and ``deals``, and ``busy`` (its own trouble, said as the order's).
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any

from core.clock import Clock
from drivers.simulated.deals import Deal, Item, Shop, SimLine, SimOrder, overlaid
from drivers.simulated.faults import Fault
from drivers.simulated.http import Reply, Request, packed, unpacked
from drivers.simulated.platform import Limited
from drivers.simulated.pushing import Message, Pushes

__all__ = ["SimLine", "SimOrder", "SimulatedDouyin"]

LISTING = "order.searchList"
DETAIL = "order.orderDetail"
SHIP = "order.logisticsAddSinglePack"
EDIT = "order.logisticsEditByPack"
REFRESH = "token.refresh"
CREATE = "token.create"
COMPANIES = {
    *("shunfeng", "yuantong", "zhongtong", "shentong", "yunda", "jtexpress", "jd", "ems"),
    "debangwuliu",
}
_STAGES = {
    "unpaid": 1,
    "hold": 105,
    "to_ship": 2,
    "partial": 101,
    "shipped": 3,
    "done": 5,
    "closed": 4,
}
_CASES = {"none": (0, 0), "open": (6, 1), "withdrawn": (28, 1), "refunded": (12, 3)}
_TOKEN_S = 604_800


class Refused(Exception):  # noqa: N818 - the platform's answer, not an error of ours
    """An answer without success; ``data`` is what of it was answered all the same."""

    def __init__(
        self,
        code: int,
        sub_code: str,
        sub_msg: str = "refused",
        data: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(sub_code)
        self.told: dict[str, Any] = {
            **{"code": code, "msg": "refused", "sub_code": sub_code, "sub_msg": sub_msg},
            **({"data": data} if data else {}),
        }


class SimulatedDouyin(Pushes, Shop):
    """One shop's platform. Its state may be changed from any thread while calls come in."""

    own_verbs = Shop.own_verbs | {"busy"}

    def __init__(
        self,
        clock: Clock,
        app_key: str = "7000000000000000001",
        app_secret: str = "secret",
        session: str = "session",
        *,
        refresh_token: str = "refresh",
        shop_id: str = "4463798",
        **world: Any,
    ) -> None:
        """``world`` as for ``Platform``."""
        super().__init__(clock, app_key, app_secret, session, refresh_token, **world)
        self.shop_id = shop_id
        self._ends = self.now() + _TOKEN_S * 1000
        self._done: dict[str, dict[str, Any]] = {}
        self._revoked = False
        self.open_ended = False
        """Whether the end of a window is no part of it."""

    # --- sessions -------------------------------------------------------------------------------

    def expire(self) -> None:
        """The token runs out; the refresh token still works."""
        with self.lock:
            self._ends = 0

    def revoke(self) -> None:
        """The seller withdraws the authorisation: neither token works."""
        with self.lock:
            self.refresh_token = self.shop_id = ""
            self._revoked = True

    # --- pushing --------------------------------------------------------------------------------

    def message(self, number: str, name: str = "") -> Message:
        """The order's ship-by time changed."""
        data = {"p_id": int(number), "s_ids": [int(number)], "shop_id": 4463798}
        told = [{"tag": "126", "msg_id": name or self.next_number(), "data": data}]
        body = json.dumps(told, separators=(",", ":")).encode()
        text = self.app_key.encode() + body + self._app_secret.encode()
        signs = {"app-id": self.app_key, "event-sign": hashlib.md5(text).hexdigest()}
        return Message({**signs, "Content-Type": "application/json"}, body)

    # --- the gateway ----------------------------------------------------------------------------

    def name(self, request: Request) -> str:
        """The method."""
        return request.query.get("method", "")

    def about(self, request: Request) -> str:
        """The order a call is about."""
        told = unpacked(request.body)
        named = told.get("shop_order_id") or told.get("order_id")
        named = named or (told.get("order_id_list") or [""])[0]
        return str(named)

    def answer(self, request: Request) -> Reply:
        """Check the call as the gateway does, then carry it out."""
        try:
            self._admitted(request)
            told = self._carried_out(request.query["method"], unpacked(request.body))
        except Refused as refused:
            return packed({**refused.told, "log_id": f"r{request.number}"})
        except Limited as limited:
            sub = "isv.api-traffic-limit"
            said = f"调用过于频繁,请{limited.wait_s:.0f}秒后再试"
            return packed(Refused(40005, sub, said).told)
        return packed({"code": 10000, "msg": "success", "sub_code": "", "data": told})

    def empty(self, request: Request) -> Reply:
        """A well-formed answer with nothing in it."""
        return packed({"code": 10000, "msg": "success", "data": {}})

    def trouble(self) -> Reply:
        """A failure behind the gateway."""
        return packed(Refused(20000, "isp.service-error:70002", "发货失败，请稍后重试").told)

    def struck(self, fault: Fault, request: Request) -> Reply | None:
        """As everywhere; ``busy`` says so as if it were the order's."""
        if fault.verb == "busy":
            return packed(Refused(50002, "isv.business-failed:20004", "系统繁忙，请稍后重试").told)
        return super().struck(fault, request)

    def _admitted(self, request: Request) -> None:
        query = request.query
        if query.get("app_key") != self.app_key:
            raise Refused(40003, "isv.app-id-invalid")
        stamp = query.get("timestamp", "")
        if not stamp.isdecimal() or abs(int(stamp) * 1000 - self.now()) > 600_000:
            raise Refused(40003, "isv.timestamp-invalid", "时间戳已过期")
        if request.path != "/" + query.get("method", "").replace(".", "/"):
            raise Refused(40003, "isv.method-invalid")
        if not hmac.compare_digest(query.get("sign", ""), _signed(request, self._app_secret)):
            raise Refused(40003, "isv.signature-invalid", "签名校验失败")
        self.rate(query["method"])
        if query["method"] not in (REFRESH, CREATE):
            self._in_session(query.get("access_token", ""))

    def _in_session(self, token: str) -> None:
        if not token:
            raise Refused(40001, "isv.access-token-missing")
        if self._revoked:
            raise Refused(30001, "dop.authorization-no-existed", "店铺授权已失效，请重新授权")
        if token != self.session:
            raise Refused(40003, "isv.access-token-no-existed")
        if self._ends <= self.now():
            raise Refused(40003, "isv.access-token-expired", "access_token已过期")

    def _carried_out(self, method: str, told: dict[str, Any]) -> dict[str, Any] | None:
        match method:
            case "order.searchList":
                return self._listing(told)
            case "order.orderDetail":
                deal = self._known(told.get("shop_order_id"), "20001")
                return {"shop_order_detail": self._wire(deal)}
            case "order.logisticsAddSinglePack":
                return self._shipping(told)
            case "order.logisticsEdit":
                # What was shipped here was shipped parcel by parcel, never as a whole.
                self._known(told.get("order_id"))
                raise Refused(
                    50002, "isv.business-failed:70011", "70011:包裹单号缺失，请修改后重试"
                )
            case "order.logisticsEditByPack":
                self._editing(told)
                return None
            case "order.batchDecrypt":
                return self._decrypting(told)
            case "token.refresh" | "token.create":
                return self._renewed(told)
        raise Refused(40003, "isv.method-invalid")

    def _renewed(self, told: dict[str, Any]) -> dict[str, Any]:
        known = {
            "refresh_token": (told.get("refresh_token"), self.refresh_token),
            "authorization_self": (told.get("shop_id"), self.shop_id),
        }
        came, wanted = known.get(str(told.get("grant_type")), ("", ""))
        if not wanted or came != wanted:
            raise Refused(50002, "isv.business-failed:31009", "生成token失败, token不存在")
        self._ends = self.now() + _TOKEN_S * 1000
        return {**self.renew(), "expires_in": _TOKEN_S}

    # --- listing and detail ---------------------------------------------------------------------

    def _listing(self, told: dict[str, Any]) -> dict[str, Any]:
        number, size = told.get("page"), told.get("size")
        if not isinstance(number, int) or not isinstance(size, int) or not 1 <= size <= 100:
            raise Refused(40004, "isv.parameter-invalid", "page, size")
        if number * size >= 50_000:
            raise Refused(40004, "isv.parameter-invalid", "page * size <= 50000")
        by = "create_time" if "create_time_start" in told else "update_time"
        since, until = told.get(f"{by}_start"), told.get(f"{by}_end")
        if not isinstance(since, int) or not isinstance(until, int) or since > until:
            raise Refused(40004, "isv.parameter-invalid", by)
        listing = self.born if by == "create_time" else self.changed
        found = listing(since * 1000, until * 1000 + (-1 if self.open_ended else 999))
        if not (told.get("order_by") == by and told.get("order_asc") is True):
            found.sort(key=lambda row: -row[1].created_at)
        wired = [
            {**self._wire(deal), by: at // 1000}
            for at, deal in found[number * size : (number + 1) * size]
        ]
        return {
            "total": len(found),
            "page": number,
            "size": size,
            "shop_order_list": self.page(wired),
        }

    def _known(self, number: object, otherwise: str = "60033") -> Deal:
        deal = self.deals.get(str(number).removesuffix("A"))
        if deal is None:
            raise Refused(40004, f"isv.parameter-invalid:{otherwise}", "未查询到此订单")
        return deal

    def line_number(self, number: str, index: int) -> str:
        """The first line carries the order's own number."""
        return number if index == 0 else self.next_number()

    def _wire(self, deal: Deal) -> dict[str, Any]:
        order = deal.told
        paid = deal.paid_at // 1000 if deal.paid_at else 0
        told: dict[str, Any] = {
            "order_id": deal.number,
            "shop_id": 4463798,
            "order_status": self._status(deal),
            "order_type": 0,
            "create_time": deal.created_at // 1000,
            "update_time": deal.modified_at // 1000,
            "pay_time": paid,
            "exp_ship_time": order.ship_by // 1000 if order.ship_by else 0,
            "pay_amount": deal.goods_cents + order.freight_cents,
            "post_amount": order.freight_cents,
            "buyer_words": order.buyer_note or "",
            "seller_words": deal.note,
            "seller_remark_stars": 0,
            "open_id": "#" + hashlib.sha256(order.buyer.encode()).hexdigest()[:20],
            "open_address_id": _digest(order.name + order.phone + deal.address),
            "encrypt_post_tel": _ciphers(deal)["tel"][0],
            "encrypt_post_receiver": _ciphers(deal)["name"][0],
            "post_addr": {"encrypt_detail": _ciphers(deal)["detail"][0]},
            "mask_post_receiver": order.name[:1] + "*" * (len(order.name) - 1),
            "mask_post_tel": order.phone[:3] + "****" + order.phone[-4:],
            "mask_post_addr": {
                "province": {"name": order.province, "id": "33"},
                "city": {"name": order.city, "id": "3301"},
                "town": {"name": order.district, "id": "330110"},
                "street": {"name": order.town, "id": "330110012"},
                "detail": "*" * 6,
            },
            "shop_order_tag_ui": [{"key": "promise", "text": order.promise}],
            "sku_order_list": [self._line(deal, item) for item in deal.items],
            "logistics_info": self._packs(deal),
        }
        return overlaid(told, deal.more)

    def _status(self, deal: Deal) -> Any:
        stage = "hold" if "hold" in deal.marks and deal.stage == "to_ship" else deal.stage
        return _STAGES.get(stage, stage)

    def _line(self, deal: Deal, item: Item) -> dict[str, Any]:
        line = item.line
        state, paid = _CASES.get(item.refund, (item.refund, 0))
        closed = item.refund == "refunded" and not item.waybill
        stage = "closed" if closed else "shipped" if item.waybill else deal.stage
        told = {
            "order_id": item.number,
            "parent_order_id": deal.number,
            "order_status": _STAGES.get("to_ship" if stage == "partial" else stage, stage),
            "product_id_str": _digest(line.sku)[:8],
            "product_name": line.title or line.sku,
            "sku_id": int(_digest(line.sku)[:8], 16),
            "code": line.item or line.sku,
            "out_sku_id": line.sku,
            "item_num": line.quantity,
            "origin_amount": line.price_cents,
            "spec": [{"name": "规格", "value": line.spec}] if line.spec else [],
            "given_product_type": "FREE" if line.gift else "",
            "inventory_list": [{"warehouse_id": "", "inventory_type": 1, "warehouse_type": 0}],
            "after_sale_info": {
                "after_sale_status": state,
                "after_sale_type": 2 if state else 0,
                "refund_status": paid,
            },
        }
        return overlaid(told, item.more)

    # --- shipping -------------------------------------------------------------------------------

    def _shipping(self, told: dict[str, Any]) -> dict[str, Any]:
        key = str(told.get("request_id") or "")
        if not key:
            raise Refused(40002, "isv.missing-parameter", "request_id")
        if key in self._done:
            return self._done[key]
        number, waybill = str((told.get("order_id_list") or [""])[0]), told.get("logistics_code")
        try:
            deal, items = self._parcel(number, told)
            self._check_waybill(number, str(waybill or ""), str(told.get("company_code") or ""))
        except Refused as refused:
            self.refused(number, str(waybill), str(refused.told["sub_code"]).rpartition(":")[2])
            raise
        self.post(deal, items, str(waybill), str(told["company_code"]))
        self._done[key] = {"pack_id": _pack_id(deal.number, items[0].number)}
        return self._done[key]

    def _editing(self, told: dict[str, Any]) -> None:
        """Another waybill in the place of one parcel's."""
        deal, pack = self._known(told.get("order_id")), str(told.get("pack_id") or "")
        waybill, company = str(told.get("logistics_code")), str(told.get("company_code"))
        if not pack:
            raise Refused(40002, "isv.missing-parameter", "pack_id")
        found = [one for one in self._packs(deal) if one["delivery_id"] == pack]
        inside = {row["sku_order_id"] for one in found for row in one["product_info"]}
        if not inside:
            raise Refused(50002, "isv.business-failed:60021", "该订单的订单状态不允许发货")
        self._check_waybill(deal.number, waybill, company)
        items = [item for item in deal.items if item.number in inside]
        self.repost(deal, items, waybill, company)

    @staticmethod
    def _packs(deal: Deal) -> list[dict[str, Any]]:
        """The parcels of a deal, each with its lines; its id outlives a change of its waybill."""
        packs: dict[str, dict[str, Any]] = {}
        for item in deal.items:
            if item.waybill:
                row = {"sku_order_id": item.number, "product_count": item.line.quantity}
                pack = packs.setdefault(
                    item.waybill,
                    {
                        "tracking_no": item.waybill,
                        "company": item.company,
                        "delivery_id": _pack_id(deal.number, item.number),
                        "product_info": [],
                    },
                )
                pack["product_info"].append(row)
        return list(packs.values())

    def _decrypting(self, told: dict[str, Any]) -> dict[str, Any]:
        asked = told.get("cipher_infos")
        if not isinstance(asked, list) or not 1 <= len(asked) <= 50:
            raise Refused(40004, "isv.parameter-invalid", "cipher_infos")
        used_up = bool(self.decrypting())
        infos = [self._in_clear(one, used_up) for one in asked]
        if any(info["err_no"] for info in infos):
            sub, said = "isv.business-failed:300008", "300008:解密接口存在部分失败"
            raise Refused(50002, sub, said, {"decrypt_infos": infos})
        return {"decrypt_infos": infos}

    def _in_clear(self, one: dict[str, Any], used_up: bool) -> dict[str, Any]:
        if used_up:
            return {**one, "err_no": 300002, "err_msg": "当日解密额度已用完", "decrypt_text": ""}
        deal = self._known(one.get("auth_id"))
        plain = dict(_ciphers(deal).values())
        text = plain.get(str(one.get("cipher_text")))
        if text is None:
            return {**one, "err_no": 300001, "err_msg": "密文与订单不匹配", "decrypt_text": ""}
        self.commit(what="decrypted", tid=deal.number)
        return {**one, "err_no": 0, "err_msg": "", "decrypt_text": text}

    def _parcel(self, number: str, told: dict[str, Any]) -> tuple[Deal, list[Item]]:
        deal = self._known(number)
        wanted = {
            str(row.get("shipped_order_id")): row.get("shipped_num")
            for row in told.get("shipped_order_info") or []
        }
        items = [item for item in deal.items if item.number in wanted]
        if not items or len(items) != len(wanted):
            raise Refused(50002, "isv.business-failed:60016", "商品单单号为空或者格式错误")
        self._check_state(deal, items)
        if any(item.line.quantity != wanted[item.number] for item in items):
            raise Refused(50002, "isv.business-failed:70023", "没有能发货的订单")
        return deal, items

    def _check_state(self, deal: Deal, items: Iterable[Item]) -> None:
        items = list(items)
        if deal.stage == "closed":
            raise Refused(50002, "isv.business-failed:60021", "订单已取消，不支持发货")
        if any(item.refund == "refunded" for item in items):
            raise Refused(50002, "isv.business-failed:60068", "该订单已售前退款成功，不能发货")
        if any(item.waybill for item in items):
            raise Refused(50002, "isv.business-failed:60110", "订单已发货，不允许再次执行发货")
        if self._status(deal) not in (2, 101):
            raise Refused(50002, "isv.business-failed:60109", "订单正在风控审核中")
        if self.refuse_refunds and any(item.refund == "open" for item in items):
            raise Refused(50002, "isv.business-failed:60040", "有退款申请需要处理")

    def _check_waybill(self, number: str, waybill: str, company: str) -> None:
        if company not in COMPANIES:
            raise Refused(40004, "isv.parameter-invalid:60018", "暂不支持该物流公司")
        if not 6 <= len(waybill) <= 30 or not waybill.isalnum():
            raise Refused(40004, "isv.parameter-invalid:60017", "物流单号不符合规则")
        if self.is_taken(waybill, number):
            raise Refused(50002, "isv.business-failed:70022", "物流单号已被其他订单使用")


def _ciphers(deal: Deal) -> dict[str, tuple[str, str]]:
    """What is hidden of a receiver: its cipher, and what it stands for."""
    order = deal.told
    return {
        "tel": (f"$enc{_digest(order.phone)}$1$", order.phone),
        "name": (f"#enc{_digest(order.name)}#1#", order.name),
        "detail": (f"~enc{_digest(deal.address)}~1~", deal.address),
    }


def _pack_id(number: str, line: str) -> str:
    """A parcel's own id, of the order and of the first line in it."""
    return str(int(_digest(f"{number} {line}"), 16))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def signed(query: Mapping[str, str], body: str, secret: str) -> str:
    """The signature the platform itself computes over what came."""
    keys = ("app_key", "method", "timestamp", "v")
    parts = {**{key: query.get(key, "") for key in keys}, "param_json": body}
    text = secret + "".join(key + parts[key] for key in sorted(parts)) + secret
    if query.get("sign_method") == "md5":
        return hashlib.md5(text.encode()).hexdigest()
    return hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()


def _signed(request: Request, secret: str) -> str:
    return signed(request.query, request.body.decode("utf-8", "replace"), secret)
