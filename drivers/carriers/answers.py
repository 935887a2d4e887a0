"""What Kuaidi100's refusals mean. Its codes are few and shared; mostly the words beside decide.

The words are those of the platform and of the carriers behind it, whose messages it passes on
(code 30005). Nobody publishes a complete list, so what matches nothing stays UNKNOWN, with code and
words. The codes are those of both versions of its label interface (api.kuaidi100.com,
"dianzimiandanV2" and the older one).
"""

import re
from typing import NamedTuple

from core.ports import CallFailed, Fault


class _Meaning(NamedTuple):
    fault: Fault
    code: str
    """Our short word, so that the reason can be told apart without reading Chinese."""
    words: re.Pattern[str]
    in_doubt: bool = False
    wait_s: float | None = None


_MEANINGS = (
    _Meaning(
        Fault.BUSINESS,
        "balance",
        re.compile(
            r"余额(?:不足|为0)|余额.{0,4}不够|单号(?:池)?(?:不足|用完|已用尽)|库存(?:余额)?不足"
            r"|单量不足|无可用单量|充值"
        ),
    ),
    _Meaning(
        Fault.BUSINESS,
        "unreachable",
        re.compile(
            r"不可达|超区|超出.{0,8}范围|停发|不在服务|暂停.{0,6}(?:服务|收寄)|未开通服务|盲区"
        ),
    ),
    _Meaning(
        Fault.BUSINESS, "already_moving", re.compile(r"已揽收|已取件|已发货|不能取消|无法取消")
    ),
    _Meaning(Fault.CLOCK, "clock", re.compile(r"时间戳|请求已?过期|timestamp", re.IGNORECASE)),
    _Meaning(
        Fault.AUTH,
        "sign",
        re.compile(r"签名|sign\b|(?<!partner)KEY|授权|合法的订阅者|鉴权", re.IGNORECASE),
    ),
    _Meaning(Fault.RATE, "rate", re.compile(r"频繁|限流|过快|频率|超过.{0,6}次数"), wait_s=5),
    _Meaning(
        Fault.TRANSIENT,
        "in_progress",
        re.compile(r"处理中|正在(?:下单|处理)|重复(?:提交|请求|下单)"),
        in_doubt=True,
        wait_s=5,
    ),
    _Meaning(
        Fault.PERMISSION,
        "account",
        re.compile(r"partner|月结|客户编码|账号.{0,6}(?:不存在|错误|有误)|密码", re.IGNORECASE),
    ),
    _Meaning(Fault.PERMISSION, "parameter", re.compile(r"参数|必填|不能为空|格式|不支持|有误")),
    _Meaning(
        Fault.TRANSIENT,
        "server",
        re.compile(r"系统|服务器|繁忙|超时|网络|异常|稍后"),
        in_doubt=True,
    ),
)
_NOTHING = re.compile("")
_SURE = {
    "601": _Meaning(Fault.BUSINESS, "balance", _NOTHING),
    "30004": _Meaning(Fault.BUSINESS, "balance", _NOTHING),
    "30009": _Meaning(Fault.BUSINESS, "gone", _NOTHING),
}
"""Codes that say it all, whatever stands beside them: 601 is "KEY已过期" of an empty account."""
_BY_CODE = {
    "503": _Meaning(Fault.AUTH, "sign", _NOTHING),
    "600": _Meaning(Fault.AUTH, "sign", _NOTHING),
    "30001": _Meaning(Fault.PERMISSION, "parameter", _NOTHING),
    "30002": _Meaning(Fault.AUTH, "sign", _NOTHING),
    "30003": _Meaning(Fault.PERMISSION, "account", _NOTHING),
    "30005": _Meaning(Fault.BUSINESS, "refused", _NOTHING),
    "500": _Meaning(Fault.TRANSIENT, "server", _NOTHING, in_doubt=True),
    "501": _Meaning(Fault.TRANSIENT, "server", _NOTHING, in_doubt=True),
    "502": _Meaning(Fault.TRANSIENT, "server", _NOTHING, in_doubt=True),
}
"""What a code means whose words say nothing; 600 is a wrong key or an empty account."""
GONE = re.compile(r"已(?:经)?取消|已作废|已回收|(?:单号|运单|订单)不存在")
"""Answers to a cancellation that mean it has been done."""


def refusal(code: str, text: str) -> CallFailed:
    """The failure behind a code and its words.

    A server's trouble is in doubt: it says nothing about what had been carried out before it.
    """
    by_words = next((m for m in _MEANINGS if m.words.search(text)), _BY_CODE.get(code))
    meaning = _SURE.get(code, by_words)
    if meaning is None:
        return CallFailed(Fault.UNKNOWN, code or "no_code", text)
    return CallFailed(
        meaning.fault,
        f"{meaning.code}:{code}" if code else meaning.code,
        text,
        wait_s=meaning.wait_s,
        in_doubt=meaning.in_doubt,
    )
