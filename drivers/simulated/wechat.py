"""A simulated WeChat shop (微信小店): plays the platform's server interface over real HTTP.

Tokens come from ``stable_token`` as there: the same one until five minutes before it ends, a new
one when forced, at most every 30 seconds and twenty times a day. Its listing cursor is a mere
offset, the worst a platform may do. Verbs: those of ``drivers.simulated.http`` and ``deals``.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.clock import Clock
from drivers.simulated.deals import Deal, Item, Shop, SimLine, SimOrder, overlaid
from drivers.simulated.http import Reply, Request, packed, unpacked
from drivers.simulated.platform import Limited

__all__ = ["SimLine", "SimOrder", "SimulatedWechat"]

TOKEN = "/cgi-bin/stable_token"
LISTING = "/channels/ec/order/list/get"
DETAIL = "/channels/ec/order/get"
SHIP = "/channels/ec/order/delivery/send"
COMPANIES = {"SF", "YTO", "ZTO", "STO", "YUNDA", "JTSD", "JD", "EMS", "DBL"}
_STAGES = {
    "unpaid": 10,
    "hold": 13,
    "to_ship": 20,
    "partial": 21,
    "shipped": 30,
    "done": 100,
    "closed": 200,
}
_TOKEN_S = 7200


class Refused(Exception):  # noqa: N818 - the platform's answer, not an error of ours
    """An errcode."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.told = {"errcode": code, "errmsg": text}


class SimulatedWechat(Shop):
    """One shop's platform. Its state may be changed from any thread while calls come in."""

    def __init__(
        self, clock: Clock, app_key: str = "wx0001", app_secret: str = "secret", **world: Any
    ) -> None:
        """``world`` as for ``Platform``."""
        world = {"first_number": 3_700_000_000_000_000_111, **world}
        super().__init__(clock, app_key, app_secret, **world)
        self._ends = 0
        self._given = 0
        self._forced: list[int] = []
        self.virtual_numbers = False
        """Whether buyers are called through numbers of the platform's."""
        self._decoded: set[str] = set()
        self._wanted: dict[str, str] = {}
        """The SKU that a buyer would rather have, by line number, until the shop says yes."""
        self._ordered: dict[str, str] = {}
        """The SKU that a line had before the shop said yes."""
        self._changes: dict[str, int] = {}
        """How often waybills of an order were changed."""

    def expire(self) -> None:
        """The token stops working before its time; asking unforced still gives the same one."""
        with self.lock:
            self._ends = -self._ends

    def revoke(self) -> None:
        """The merchant changes the app's secret: neither the token nor the secret works."""
        with self.lock:
            self.expire()
            self._app_secret += "-changed"

    def want_sku(self, number: str, line: str, sku: str) -> None:
        """The buyer asks for another colour or size before the parcel leaves."""
        with self.lock:
            self._wanted[line] = sku
            self._touched(self.deals[number])

    def grant_sku(self, number: str, line: str) -> None:
        """The shop says yes: the line is of another SKU from now on."""
        with self.lock:
            deal = self.deals[number]
            for item in deal.items:
                if item.number == line:
                    old = self._ordered[line] = item.line.sku
                    item.line = replace(item.line, sku=self._wanted.pop(line, old))
            self._touched(deal)

    # --- calls ----------------------------------------------------------------------------------

    def about(self, request: Request) -> str:
        """The order a call is about."""
        return str(unpacked(request.body).get("order_id", ""))

    def answer(self, request: Request) -> Reply:
        """Check the call as the platform does, then carry it out."""
        told = unpacked(request.body)
        try:
            self.rate(request.path)
            if request.path == TOKEN:
                return packed(self._token(told))
            self._in_session(request.query.get("access_token", ""))
            return packed({"errcode": 0, "errmsg": "ok", **self._carried_out(request.path, told)})
        except Refused as refused:
            return packed(refused.told)
        except Limited:
            return packed({"errcode": 45011, "errmsg": "api minute-quota reach limit"})

    def trouble(self) -> Reply:
        """A failure behind the platform's door."""
        return packed({"errcode": -1, "errmsg": "system error"})

    def _token(self, told: Mapping[str, Any]) -> dict[str, Any]:
        if told.get("appid") != self.app_key:
            raise Refused(40013, "invalid appid")
        if told.get("secret") != self._app_secret:
            raise Refused(40125, "invalid appsecret")
        now = self.now()
        if told.get("force_refresh") is True:
            today = [at for at in self._forced if at > now - 86_400_000]
            if len(today) >= 20 or any(at > now - 30_000 for at in today):
                raise Refused(45009, "reach max api daily quota limit")
            self._forced = [*today, now]
            self._give(now)
        elif abs(self._ends) - 300_000 <= now:
            self._give(now)
        lasts = max(1, (abs(self._ends) - now) // 1000)
        return {"access_token": self.session, "expires_in": lasts}

    def _give(self, now: int) -> None:
        self._given += 1
        self.session, self._ends = f"token-{self._given}", now + _TOKEN_S * 1000
        self.commit(what="renewed")

    def _in_session(self, token: str) -> None:
        if not token:
            raise Refused(41001, "access_token missing")
        if token != self.session:
            raise Refused(40001, "invalid credential, access_token is invalid or not latest")
        if self._ends <= self.now():
            raise Refused(42001, "access_token expired")

    def _carried_out(self, path: str, told: dict[str, Any]) -> dict[str, Any]:
        match path:
            case "/channels/ec/order/list/get":
                return self._listing(told)
            case "/channels/ec/order/get":
                return {"order": self._wire(self._known(told))}
            case "/channels/ec/order/delivery/send":
                self._shipping(told)
                return {}
            case "/channels/ec/order/deliveryinfo/update":
                self._updating(told)
                return {}
            case "/channels/ec/order/sensitiveinfo/decode":
                return self._decoding(told)
        raise Refused(48001, "api unauthorized")

    # --- listing and detail ---------------------------------------------------------------------

    def _listing(self, told: dict[str, Any]) -> dict[str, Any]:
        by = "create_time_range" if "create_time_range" in told else "update_time_range"
        size, window = told.get("page_size"), told.get(by) or {}
        since, until = window.get("start_time"), window.get("end_time")
        if not isinstance(size, int) or not 1 <= size <= 100:
            raise Refused(40097, "invalid args, page_size")
        if not isinstance(since, int) or not isinstance(until, int) or since > until:
            raise Refused(40097, f"invalid args, {by}")
        if until - since > 7 * 86_400:
            raise Refused(40097, f"invalid args, {by} is longer than 7 days")
        start = int(str(told.get("next_key") or 0))
        listing = self.born if by == "create_time_range" else self.changed
        found = listing(since * 1000, until * 1000 + 999)
        found.reverse()
        numbers = self.page([deal.number for _, deal in found[start : start + size]])
        more = len(found) > start + size
        key = str(start + size) if more else ""
        return {"order_id_list": numbers, "has_more": more, "next_key": key}

    def _known(self, told: Mapping[str, Any]) -> Deal:
        deal = self.deals.get(str(told.get("order_id")))
        if deal is None:
            raise Refused(100002, "Not exist")
        return deal

    def line_number(self, number: str, index: int) -> str:
        """As the connector makes them: a line here has a SKU and no number."""
        return f"{number}-{index + 1}"

    def _wire(self, deal: Deal) -> dict[str, Any]:
        order = deal.told
        lines = [self._line(deal, item) for item in deal.items]
        told: dict[str, Any] = {
            "order_id": deal.number,
            "status": _STAGES.get(deal.stage, 0),
            "openid": "o" + hashlib.sha256(order.buyer.encode()).hexdigest()[:27],
            "create_time": deal.created_at // 1000,
            "update_time": deal.modified_at // 1000,
            "order_detail": {
                "product_infos": lines,
                "pay_info": {"pay_time": deal.paid_at // 1000} if deal.paid_at else {},
                "price_info": {
                    "product_price": deal.goods_cents,
                    "freight": order.freight_cents,
                    "order_price": deal.goods_cents + order.freight_cents,
                },
                "delivery_info": {
                    "address_info": self._address(deal),
                    "deliver_method": 0,
                    "address_under_review": self._asked_address(deal),
                    "delivery_product_info": _packs(deal),
                    "ewaybill_order_code": f"ew{deal.number}",
                },
                "ext_info": {"customer_notes": order.buyer_note or "", "merchant_notes": deal.note},
            },
        }
        return overlaid(told, deal.more)

    def _line(self, deal: Deal, item: Item) -> dict[str, Any]:
        line = item.line
        told = {
            "product_id": f"1{_sku_id(line.sku)}",
            "sku_id": _sku_id(line.sku),
            "sku_code": line.sku,
            "title": line.title or line.sku,
            "sku_attrs": [{"attr_key": "规格", "attr_value": line.spec}] if line.spec else [],
            "sku_cnt": line.quantity,
            "sale_price": line.price_cents,
            "real_price": line.price_cents * line.quantity,
            "on_aftersale_sku_cnt": line.quantity if item.refund == "open" else 0,
            "finish_aftersale_sku_cnt": line.quantity if item.refund == "refunded" else 0,
            "delivery_deadline": deal.told.ship_by // 1000 if deal.told.ship_by else 0,
            "is_free_gift": int(line.gift),
            "product_unique_id": f"u{item.number}",
            "change_sku_info": self._sku_asked_for(item),
        }
        return overlaid(told, item.more)

    def _sku_asked_for(self, item: Item) -> dict[str, Any]:
        """The buyer's wish for another SKU: still there once the shop said yes."""
        if wanted := self._wanted.get(item.number):
            state, old, new = 3, item.line.sku, wanted
        elif item.number in self._ordered:
            state, old, new = 4, self._ordered[item.number], item.line.sku
        else:
            return {}
        skus = {"old_sku_id": int(_sku_id(old)), "new_sku_id": int(_sku_id(new))}
        return {"preshipment_change_sku_state": state, **skus}

    def _address(self, deal: Deal) -> dict[str, Any]:
        """Where it goes as everybody may see it; the virtual number once somebody asked."""
        told = _masked(deal, deal.address)
        if not self.virtual_numbers:
            return told
        number = "-".join(_virtual(deal)) if deal.number in self._decoded else ""
        more = {"real_tel_number": told["tel_number"], "virtual_tel_number": number}
        return {**told, "use_tel_number": 1, "tel_number_ext_info": more}

    def _asked_address(self, deal: Deal) -> dict[str, Any]:
        """The address a buyer asked for: another one, or by now the order's own."""
        if "address_review" in deal.marks:
            return {**self._address(deal), **_masked(deal, deal.address + "2号楼")}
        return self._address(deal) if "address_changed" in deal.marks else {}

    # --- shipping -------------------------------------------------------------------------------

    def _shipping(self, told: dict[str, Any]) -> None:
        parcel = (told.get("delivery_list") or [{}])[0]
        waybill, company = str(parcel.get("waybill_id") or ""), str(parcel.get("delivery_id") or "")
        try:
            deal, items = self._parcel(told, parcel, company, waybill)
        except Refused as refused:
            self.refused(str(told.get("order_id")), waybill, str(refused.told["errcode"]))
            raise
        self.post(deal, items, waybill, company)

    def _updating(self, told: dict[str, Any]) -> None:
        """Another waybill in the place of one that an order has."""
        deal = self._known(told)
        if deal.stage not in ("shipped", "partial"):
            raise Refused(101100, "订单状态错误，不允许执行此操作")
        if self._changes.get(deal.number, 0) >= 3:
            raise Refused(606041, "修改物流次数已达上限")
        for old, new in self._pairs(deal, told):
            items = [x for x in deal.items if x.waybill and x.waybill == old.get("waybill_id")]
            inside = {x.get("sku_id") for x in new.get("product_infos") or []}
            if not items or {_sku_id(x.line.sku) for x in items} != inside:
                raise Refused(606042, "商品信息有误")
            waybill, company = str(new.get("waybill_id") or ""), str(new.get("delivery_id") or "")
            _checked(company, waybill)
            if items[0].waybill != waybill:
                self.repost(deal, items, waybill, company)
                self._changes[deal.number] = self._changes.get(deal.number, 0) + 1

    def _pairs(self, deal: Deal, told: Mapping[str, Any]) -> list[tuple[Any, Any]]:
        """What is to be changed to what; a list of parcels is for an order with one."""
        if changes := told.get("change_infos"):
            return [(change.get("old") or {}, change.get("new") or {}) for change in changes]
        parcels, packs = told.get("delivery_list") or [], _packs(deal)
        if len(parcels) != 1 or len(packs) != 1:
            raise Refused(606040, "拆单发货暂不支持修改物流")
        return [(packs[0], parcels[0])]

    def _decoding(self, told: dict[str, Any]) -> dict[str, Any]:
        deal = self._known(told)
        if self.decrypting():
            raise Refused(45009, "reach max api daily quota limit")
        order = deal.told
        self.commit(what="decrypted", tid=deal.number)
        clear = {**_masked(deal, deal.address), "user_name": order.name}
        if not self.virtual_numbers:
            return {"address_info": {**clear, "tel_number": order.phone}}
        self._decoded.add(deal.number)
        number, extension = _virtual(deal)
        ends = self.now() // 1000 + 30 * 86_400
        virtual = {"virtual_number": number, "extension": extension, "expiration": ends}
        return {"address_info": clear, "virtual_number_info": virtual}

    def _parcel(
        self, told: dict[str, Any], parcel: Mapping[str, Any], company: str, waybill: str
    ) -> tuple[Deal, list[Item]]:
        deal = self._known(told)
        _checked(company, waybill)
        if deal.stage == "shipped":
            raise Refused(109001, "already shipped")
        if deal.stage not in ("to_ship", "partial") or "address_review" in deal.marks:
            raise Refused(101100, "订单状态错误，不允许执行此操作")
        if any(x.number in self._wanted for x in deal.items):
            raise Refused(10020276, "存在换款请求，禁止发货")
        wanted = {x.get("sku_id"): x.get("product_cnt") for x in parcel.get("product_infos") or []}
        items = [x for x in deal.left if _sku_id(x.line.sku) in wanted]
        if not items or any(x.line.quantity != wanted[_sku_id(x.line.sku)] for x in items):
            raise Refused(606031, "发货请求里product_id或sku_id填写不正确")
        if self.refuse_refunds and any(x.refund == "open" for x in items):
            raise Refused(108009, "订单在售后中，不允许发货&确认收货")
        return deal, items


def _checked(company: str, waybill: str) -> None:
    """Raises Refused for a carrier or a waybill that cannot be."""
    if company not in COMPANIES:
        raise Refused(606004, "delivery_id不合法")
    if len(waybill) < 6:
        raise Refused(606005, "waybill_id不合法")


def _packs(deal: Deal) -> list[dict[str, Any]]:
    packs: dict[str, dict[str, Any]] = {}
    for item in deal.items:
        if item.waybill:
            pack = packs.setdefault(
                item.waybill,
                {"waybill_id": item.waybill, "delivery_id": item.company, "product_infos": []},
            )
            sku = _sku_id(item.line.sku)
            pack["product_infos"].append(
                {"product_id": f"1{sku}", "sku_id": sku, "product_cnt": item.line.quantity}
            )
    return list(packs.values())


def _masked(deal: Deal, address: str) -> dict[str, Any]:
    order = deal.told
    return {
        "user_name": order.name[:1] + "*" * (len(order.name) - 1),
        "tel_number": order.phone[:3] + "****" + order.phone[-4:],
        "province_name": order.province,
        "city_name": order.city,
        "county_name": order.district,
        "detail_info": address,
        "use_tel_number": 0,
        "hash_code": hashlib.sha256(address.encode()).hexdigest()[:16],
    }


def _virtual(deal: Deal) -> tuple[str, str]:
    """The number that stands for the buyer's, and its extension."""
    return f"132{int(deal.number) % 100_000_000:08}", f"{int(deal.number) % 10_000:04}"


def _sku_id(sku: str) -> str:
    return str(int(hashlib.sha256(sku.encode()).hexdigest()[:8], 16))
