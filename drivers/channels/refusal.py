"""A platform's own "no" about an order, told in words more than in codes."""

import re

from core.ports import CallFailed, Fault
from drivers.channels.reading import next_midnight

_LATER = re.compile(
    r"稍后|稍候|超时|繁忙|系统(内部)?(错误|异常)|服务(错误|异常|不可用)$|time.?out", re.I
)
_NOT_OURS = re.compile(r"不存在|不属于|无权(查看|操作)|未查询到|查不到|not exist|not found", re.I)


def refusal(code: str, said: str, *, writes: bool) -> CallFailed:
    """What a refusal means: the platform's own trouble, an order that cannot be handled so, or,
    for a question that was not answered for a reason we do not know, something new."""
    if _LATER.search(said):
        return CallFailed(Fault.TRANSIENT, code, said, in_doubt=writes)
    if writes or _NOT_OURS.search(said):
        return CallFailed(Fault.BUSINESS, code, said)
    return CallFailed(Fault.UNKNOWN, code, said)


_QUOTA = re.compile(r"额度|配额|次数.{0,6}(?:上限|用完)|quota", re.I)


def used_up(failed: CallFailed, now: int) -> CallFailed:
    """A refusal to tell who somebody is: where it speaks of a quota, it ends at midnight there."""
    if failed.fault in (Fault.BUSINESS, Fault.UNKNOWN) and _QUOTA.search(failed.text):
        wait_s = (next_midnight(now) - now) / 1000
        return CallFailed(Fault.RATE, "quota", failed.text, wait_s=wait_s)
    return failed
