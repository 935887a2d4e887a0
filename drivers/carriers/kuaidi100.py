"""Waybills of most Chinese carriers through Kuaidi100's label interface (label/order).

The form carries ``param`` (JSON), ``key``, ``t`` (ms) and ``sign``, the upper-case MD5 of
param + t + key + secret, as in the platform's own demos. Success is a code of 200 and a waybill
number in the answer; HTTP 200 alone is none. An order goes out with our parcel's reference as
``orderId`` and ``reorder`` false: for 48 hours the platform then answers a repetition with the
first waybill instead of selling a second one. It has no way to only look. What an account at a
carrier consists of is in its dictionary of parameters (api.kuaidi100.com, "电子面单参数"); giving
a waybill back takes the same parts as buying it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from core.clock import Clock
from core.ports import CallFailed, Fault, Receiver, Sender, Waybill, WaybillRequest
from core.text import clean
from drivers.carriers.answers import GONE, refusal
from drivers.channels.calls import Line
from drivers.signing import signature

CODES: Mapping[str, str] = {
    "sf": "shunfeng",
    "yto": "yuantong",
    "zto": "zhongtong",
    "sto": "shentong",
    "yunda": "yunda",
    "jt": "jtexpress",
    "jd": "jd",
    "ems": "ems",
    "deppon": "debangkuaidi",
}
"""Our carrier codes -> Kuaidi100's."""
BEARERS: Mapping[str, str] = {"zto": "ztoOpen", "sto": "44", "sf": "sf_secret"}
"""Our carrier codes -> the ``code`` that goes with a password of that carrier's own branches."""
AUTHORISED = frozenset(
    {
        *("taobao", "cainiao", "jdalpha", "pinduoduoWx", "douyin", "kuaishou", "weipinhui"),
        *("wechatChannels", "xiaohongshu"),
    }
)
"""What stands as ``net`` of an account that a platform authorised."""
NAMES_PRODUCT = frozenset({"jd"})
"""Carriers that take a waybill back only with the name of the product it was bought as."""

BY_REFERENCE = frozenset({"taobao", "tmall", "jd"})
"""Platforms whose hidden receivers have a reference of their own (oaid); those of the others are
found by the platform's order number."""
_PRODUCT = "packline.toml needs exp_type in [carrier.partners.{}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """The contract with one carrier's branch; which parts are needed differs by carrier."""

    id: str = ""
    """Customer account or monthly account."""
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    name: str = ""
    net: str = ""
    """The branch, or one of ``AUTHORISED`` for an account authorised there."""
    code: str = ""
    """"" for the usual one of ``BEARERS``."""
    exp_type: str = ""
    """The product it is bought as, ``特惠送``; "" for the carrier's usual one."""

    def fields(self) -> dict[str, str]:
        """As the interface names them; empty ones left out."""
        told = {
            "partnerId": self.id,
            "partnerKey": self.key,
            "partnerSecret": self.secret,
            "partnerName": self.name,
            "net": self.net,
            "code": self.code,
            "expType": self.exp_type,
        }
        return {name: value for name, value in told.items() if value}


class Kuaidi100:
    """One Kuaidi100 account; safe across threads. Implements ``core.ports.Carrier``."""

    def __init__(
        self,
        base_url: str,
        key: str,
        secret: str,
        clock: Clock,
        *,
        account: str = "",
        partners: Mapping[str, Partner] | None = None,
        per_second: int = 10,
        connect_s: float = 5.0,
        read_s: float = 20.0,
    ) -> None:
        """``partners`` by our carrier code; ``account`` is the account of all others."""
        root = base_url.rstrip("/")
        self._url = root if root.endswith("/label/order") else f"{root}/label/order"
        self._key, self._secret = key, secret
        self._partners = dict(partners or {})
        self._other = Partner(id=account)
        self._line = Line(
            self._url, clock, per_second=per_second, connect_s=connect_s, read_s=read_s
        )

    def close(self) -> None:
        """Let the connections go."""
        self._line.close()

    # --- core.ports.Carrier ---------------------------------------------------------------------

    def buy(self, request: WaybillRequest) -> Waybill:
        """Buy once per reference, the same waybill for 48 hours. Raises CallFailed."""
        param = self._order(request)
        told = self._call("order", param)
        first = _first(told.get("data"))
        number = clean(first.get("kuaidinum"))
        if not number:
            raise CallFailed(Fault.UNKNOWN, "no_waybill", _words(told), in_doubt=True)
        return Waybill(
            number=number,
            carrier=request.carrier,
            routing_mark=_mark(first),
            raw=json.dumps(first, ensure_ascii=True, default=str),
            route="kuaidi100",
        )

    def find(self, request: WaybillRequest) -> Waybill | None:
        """The waybill of this reference. Raises CallFailed.

        The platform cannot be asked without ordering, so this asks by ordering again: it gives
        the waybill that was bought, and buys it when the first order never arrived.
        """
        return self.buy(request)

    def void(self, waybill: Waybill, reference: str) -> None:
        """Give a waybill back; one that is already given back is no failure. Raises CallFailed.

        Some couriers also want the number of their own order, which came with the purchase.
        """
        partner = self._partner(waybill.carrier)
        if waybill.carrier in NAMES_PRODUCT and not partner.exp_type:
            raise CallFailed(Fault.PERMISSION, "exp_type", _PRODUCT.format(waybill.carrier))
        told = json.loads(waybill.raw) if waybill.raw else {}
        param = {
            **partner.fields(),
            "kuaidicom": _code(waybill.carrier),
            "kuaidinum": waybill.number,
            "orderId": clean(told.get("kdComOrderNum")),
            "reason": "取消发货",
        }
        try:
            self._call("cancel", {name: value for name, value in param.items() if value})
        except CallFailed as failure:
            if failure.code != "gone:30009" and not GONE.search(failure.text):
                raise

    # --- the call -------------------------------------------------------------------------------

    def _call(self, method: str, param: Mapping[str, Any]) -> dict[str, Any]:
        """One signed call. Raises CallFailed for everything but a success."""
        form = {
            "method": method,
            "key": self._key,
            "t": str(self._line.server_now()),
            "param": json.dumps(param, ensure_ascii=False, separators=(",", ":")),
        }
        form["sign"] = signature("kuaidi100", "md5", self._secret, {**form, "op": "print"})
        told = self._line.send(
            lambda client: client.post(self._url, params={"method": method}, data=form),
            writes=True,
        )
        code = clean(told.get("code") or told.get("returnCode") or told.get("status"), 20)
        good = told.get("success") is not False and told.get("result") is not False
        if code == "200" and good:
            return told
        if not code and not _words(told):
            raise CallFailed(Fault.TRANSIENT, "no_code", in_doubt=True)
        raise refusal(code, _words(told))

    def _order(self, request: WaybillRequest) -> dict[str, Any]:
        """The order, without empty fields. Raises CallFailed when the address is hidden."""
        if request.receiver.hidden:
            raise CallFailed(Fault.BUSINESS, "address_hidden")
        ciphered = bool(request.receiver.cipher_ref)
        param: dict[str, Any] = {
            **self._partner(request.carrier).fields(),
            "printType": "NON",
            "kuaidicom": _code(request.carrier),
            "orderId": request.reference,
            "reorder": False,
            "recMan": _man(request.receiver),
            "sendMan": _man(request.sender),
            "cargo": clean(request.goods, 60) or "商品",
            "count": "1",
            "weight": f"{Decimal(max(request.weight_g, 1)) / 1000:f}",
            "oaid": request.receiver.cipher_ref if request.platform in BY_REFERENCE else "",
            "thirdOrderId": request.platform_number if ciphered else "",
        }
        return {name: value for name, value in param.items() if value != ""}

    # --- what is known of carriers --------------------------------------------------------------

    def _partner(self, carrier: str) -> Partner:
        """The account at a carrier, with the code that its branches go by."""
        partner = self._partners.get(carrier, self._other)
        own = bool(partner.key) and partner.net not in AUTHORISED
        return replace(partner, code=partner.code or (BEARERS.get(carrier, "") if own else ""))


def _code(carrier: str) -> str:
    if carrier not in CODES:
        raise CallFailed(Fault.PERMISSION, "carrier", f"{', '.join(CODES)} != {carrier}")
    return CODES[carrier]


def _man(person: Receiver | Sender) -> dict[str, str]:
    """A person as the interface wants them; a landline goes where landlines go."""
    phone = person.phone.strip()
    mobile = re.fullmatch(r"(?:\+?86-?)?1[\d*]{10}(?:-\d+)?", phone)
    place = "".join((person.province, person.city, person.district, person.address))
    told = {"name": person.name, ("mobile" if mobile else "tel"): phone, "printAddr": place}
    return {name: clean(value, 200) for name, value in told.items()}


def _mark(data: Mapping[str, Any]) -> str:
    """The big sorting mark; carriers that give none name the destination instead."""
    mark = clean(data.get("bulkpen"), 60)
    return mark or clean(data.get("destSortingCode") or data.get("destCode") or "", 60)


def _first(data: object) -> Mapping[str, Any]:
    """The waybill's own part of an answer: an object, or a list of one."""
    one = data[0] if isinstance(data, list) and data else data
    return one if isinstance(one, dict) else {}


def _words(told: Mapping[str, Any]) -> str:
    return clean(told.get("message"), 200)
