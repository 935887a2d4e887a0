"""A simulated Kuaidi100: sells, repeats and takes back waybills over real HTTP.

It checks signatures with its own code, answers a repeated ``orderId`` with the first waybill for
48 hours when ``reorder`` is false, hands out numbers in each carrier's own shape that no other
run hands out, and keeps a journal of every waybill sold (``do`` is ``waybill`` or ``void``). An
account at a carrier must come with every part its dictionary of parameters lists, and with the same
ones again when a waybill goes back. It answers with the codes of the second version, with
``old_words`` with those of the first. Verbs
of its own, next to those of ``drivers.simulated.http``: ``balance`` (the carrier's branch has no
waybills left), ``quota`` (the account here is empty),
``unreachable`` (the carrier does not go there), ``in_progress`` (the same order is still being
worked on; not carried out), ``code C`` (HTTP 200 with code C; not carried
out), ``busy_after`` (a server error in JSON; carried out), ``busy`` (the same, not carried out).
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from core.clock import Clock
from drivers.simulated.faults import Fault
from drivers.simulated.http import Reply, Request, SimulatedServer, packed

PATH = "/label/order"
_KEPT_MS = 48 * 3_600_000
_SKEW_MS = 10 * 60_000
_NUMBERS: Mapping[str, Callable[[int], str]] = {
    "shunfeng": lambda n: f"SF1{n:012d}",
    "yuantong": lambda n: f"YT{n:013d}",
    "zhongtong": lambda n: f"78{n:012d}",
    "shentong": lambda n: f"77{n:013d}",
    "yunda": lambda n: f"31{n:013d}",
    "jtexpress": lambda n: f"JT{n:013d}",
    "jd": lambda n: f"JDVA{n:011d}",
    "ems": lambda n: f"98{n:011d}",
    "debangkuaidi": lambda n: f"DPK{n:012d}",
}
_PARTS = ("partnerId", "partnerKey", "partnerSecret", "partnerName", "net", "code", "checkMan")
_WITH_KEY = ("partnerId", "partnerKey")
_CONTRACTS: Mapping[str, tuple[str, ...]] = {
    "shunfeng": ("partnerId", "partnerKey", "partnerSecret", "code"),
    "yuantong": _WITH_KEY,
    "zhongtong": ("partnerId", "partnerKey", "net", "code"),
    "shentong": ("partnerId", "partnerKey", "net", "code"),
    "yunda": _WITH_KEY,
    "jtexpress": _WITH_KEY,
    "jd": ("partnerId",),
    "ems": _WITH_KEY,
    "debangkuaidi": ("partnerId",),
}
"""The parts of an account at each carrier, as in the dictionary of parameters."""
_FIXED = {"shunfeng": "sf_secret", "zhongtong": "ztoOpen", "shentong": "44"}
"""固定传: what must stand as ``code``."""
_PLATFORMS = (
    *("taobao", "cainiao", "jdalpha", "pinduoduoWx", "douyin", "kuaishou", "weipinhui"),
    *("wechatChannels", "xiaohongshu"),
)
"""What stands as ``net`` of an account that was authorised at a platform."""
_PARAMETER, _SIGN, _QUOTA, _CARRIER, _NO_ORDER = "30001", "30002", "30004", "30005", "30009"
_OLD_CODES = {_PARAMETER: "400", _SIGN: "503", _QUOTA: "601", _CARRIER: "400", _NO_ORDER: "201"}
_REFUSALS = {
    "balance": (_CARRIER, "电子面单余额不足，请联系快递网点充值"),
    "quota": (_QUOTA, "账号单量不足，请充值"),
    "unreachable": (_CARRIER, "收件地址超出服务范围，该地址不可达"),
    "in_progress": ("500", "订单正在处理中，请勿重复提交"),
    "hidden": (_PARAMETER, "参数错误：收件人信息已加密，请传 oaid 或 thirdOrderId"),
    "busy": ("500", "系统繁忙，请稍后再试"),
    "busy_after": ("500", "系统繁忙，请稍后再试"),
}


class SimulatedKuaidi100(SimulatedServer):
    """One account's view of the platform. Change its state under ``lock``."""

    own_verbs = frozenset(
        {"balance", "quota", "unreachable", "in_progress", "code", "busy", "busy_after"}
    )

    def __init__(
        self, clock: Clock, key: str = "key", secret: str = "secret", *, old_words: bool = False
    ) -> None:
        """``old_words``: answer with ``returnCode`` and ``result`` as the older interface did."""
        super().__init__(clock)
        self.key = key
        self.secret = secret
        self.old_words = old_words
        self.balance: int | None = None
        """Waybills left in the account; None for as many as wanted."""
        self.unreachable: set[str] = set()
        """Parts of addresses no carrier goes to."""
        self.no_waybills: set[str] = set()
        """Carriers whose branch has no waybills left, by the platform's codes."""
        self.unserved: dict[str, set[str]] = {}
        """Carrier -> parts of addresses it does not go to."""
        self._next = clock.now() // 1000 % 10**7 * 10**4
        self._sold: dict[str, tuple[int, dict[str, Any]]] = {}
        self._live: dict[str, str] = {}
        self._bought: dict[str, Mapping[str, Any]] = {}
        """Waybill -> the order it was bought with."""

    def name(self, request: Request) -> str:
        return request.query.get("method") or request.form.get("method") or request.path

    def about(self, request: Request) -> str:
        return str(_param(request).get("orderId", ""))

    def struck(self, fault: Fault, request: Request) -> Reply | None:
        if fault.verb == "busy_after":
            self.answer(request)
        if fault.verb == "code":
            return self._refused(fault.argument or "777", "未知错误")
        return self._refused(*_REFUSALS[fault.verb])

    def answer(self, request: Request) -> Reply:
        wrong = self._wrong(request)
        if wrong:
            return self._refused(*wrong)
        method, param = self.name(request), _param(request)
        if method == "order":
            return self._order(param)
        if method == "cancel":
            return self._cancel(param)
        return self._refused(_PARAMETER, f"参数错误：method {method} 不支持")

    @property
    def waybills(self) -> dict[str, str]:
        """Every live waybill and the reference it was sold for."""
        with self.lock:
            return dict(self._live)

    # --- the gate -------------------------------------------------------------------------------

    def _wrong(self, request: Request) -> tuple[str, str] | None:
        form = request.form
        if request.path != PATH or request.method != "POST":
            return "404", "参数错误：地址不存在"
        if form.get("key") != self.key:
            return "600", "您不是合法的用户（即授权Key出错）"
        text = form.get("param", "") + form.get("t", "") + self.key + self.secret
        digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        if form.get("sign") != digest.upper():
            return _SIGN, "验证签名失败"
        if not form.get("t", "").isdecimal() or abs(int(form["t"]) - self.now()) > _SKEW_MS:
            return _SIGN, "时间戳 t 已过期"
        return None

    # --- selling --------------------------------------------------------------------------------

    def _order(self, param: Mapping[str, Any]) -> Reply:
        missing = [
            name for name in ("kuaidicom", "recMan", "sendMan", "cargo") if not param.get(name)
        ]
        if missing:
            return self._refused(_PARAMETER, f"参数错误：{'、'.join(missing)} 不能为空")
        if param["kuaidicom"] not in _NUMBERS:
            return self._refused(_PARAMETER, "参数错误：不支持的快递公司")
        if wrong := _contract(param):
            return self._refused(_PARAMETER, wrong)
        reference = str(param.get("orderId") or "")
        at, first = self._sold.get(reference, (0, {}))
        if reference and param.get("reorder") is False and first and self.now() - at < _KEPT_MS:
            return self._good(first)
        address, carrier = str(param["recMan"].get("printAddr", "")), str(param["kuaidicom"])
        if "*" in str(param["recMan"]) and not (param.get("oaid") or param.get("thirdOrderId")):
            return self._refused(*_REFUSALS["hidden"])
        if any(part in address for part in self.unreachable | self.unserved.get(carrier, set())):
            return self._refused(*_REFUSALS["unreachable"])
        if self.balance == 0:
            return self._refused(*_REFUSALS["quota"])
        if carrier in self.no_waybills:
            return self._refused(*_REFUSALS["balance"])
        return self._good(self._sell(reference, param, address))

    def _sell(self, reference: str, param: Mapping[str, Any], address: str) -> dict[str, Any]:
        self._next += 1
        if self.balance is not None:
            self.balance -= 1
        carrier = str(param["kuaidicom"])
        number = _NUMBERS[carrier](self._next)
        zone = int(hashlib.sha256(address.encode()).hexdigest()[:6], 16)
        data = {
            "kuaidinum": number,
            "taskId": hashlib.sha256(number.encode()).hexdigest()[:32].upper(),
            "label": "",
            "childNum": "",
            "returnNum": "",
            "bulkpen": f"{zone % 900 + 100} R{zone % 90 + 10}-{zone % 7:02d} {zone % 50:03d}",
            "kdComOrderNum": f"KD{self._next:014d}",
        }
        self._sold[reference] = (self.now(), data)
        self._live[number] = reference
        self._bought[number] = param
        self.commit(
            do="waybill",
            reference=reference,
            waybill=number,
            carrier=carrier,
            oaid=str(param.get("oaid") or ""),
            order=str(param.get("thirdOrderId") or ""),
        )
        return data

    def _cancel(self, param: Mapping[str, Any]) -> Reply:
        number = str(param.get("kuaidinum") or "")
        if not number or not param.get("kuaidicom"):
            return self._refused(_PARAMETER, "参数错误：kuaidicom、kuaidinum 不能为空")
        reference = self._live.get(number)
        if reference is None:
            sold = number in self._bought
            return self._refused(*((_CARRIER, "订单已取消") if sold else (_NO_ORDER, "订单不存在")))
        bought = self._bought[number]
        if bought["kuaidicom"] != param["kuaidicom"]:
            return self._refused(_PARAMETER, "参数错误：快递公司与单号不符")
        missing = [part for part in _PARTS if bought.get(part) != param.get(part)]
        if param["kuaidicom"] == "jd" and not param.get("expType"):
            missing.append("expType")
        if missing:
            return self._refused(_PARAMETER, f"参数错误：{'、'.join(missing)} 与下单时不一致")
        del self._live[number]
        self.commit(do="void", reference=reference, waybill=number)
        return self._good({})

    # --- answers --------------------------------------------------------------------------------

    def _good(self, data: Mapping[str, Any]) -> Reply:
        if self.old_words:
            return packed({"returnCode": "200", "message": "成功", "result": True, "data": data})
        return packed({"success": True, "code": 200, "message": "成功", "data": data, "time": 12})

    def _refused(self, code: str, message: str) -> Reply:
        if self.old_words:
            code = _OLD_CODES.get(code, code)
            return packed({"returnCode": code, "message": message, "result": False, "data": None})
        told = int(code) if code.isdecimal() else code
        return packed({"success": False, "code": told, "message": message, "data": None, "time": 3})


def _param(request: Request) -> dict[str, Any]:
    try:
        found = json.loads(request.form.get("param") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _contract(param: Mapping[str, Any]) -> str:
    """What is wrong with the account at the carrier; "" for nothing."""
    carrier = str(param["kuaidicom"])
    platform = param.get("net") in _PLATFORMS
    wanted = _WITH_KEY if platform else _CONTRACTS[carrier]
    missing = [part for part in wanted if not param.get(part)]
    if missing:
        return f"参数错误：{'、'.join(missing)} 不能为空"
    fixed = _FIXED.get(carrier)
    if fixed and not platform and param["code"] != fixed:
        return f"参数错误：code 固定传 {fixed}"
    return ""
