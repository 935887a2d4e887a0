"""Feishu custom robot (飞书自定义机器人): signed in the body, to the second, an hour off at most.

Over the limit is 9499 with the words "too many request" (and HTTP 400) or 11232; 9499 with other
words is a message it cannot read. 19021 is the signature or the time, 19022 our address, 19024 a
missing keyword. It mentions people by their own ids only, so mobile numbers call nobody here.
"""

from collections.abc import Mapping
from typing import Any

from core.ports import CallFailed, Fault
from drivers.notifiers.robot import Robot
from drivers.signing import signature


class FeishuRobot(Robot):
    """One robot of one group. Implements ``core.ports.Notifier``."""

    home = "https://open.feishu.cn/open-apis/bot/v2/hook"
    most = 18_000
    code, words = "code", "msg"
    meanings: Mapping[str, tuple[Fault, float | None]] = {
        "9499": (Fault.PERMISSION, None),
        "11232": (Fault.RATE, 60.0),
        "19001": (Fault.AUTH, None),
        "19021": (Fault.AUTH, None),
        "19022": (Fault.AUTH, None),
        "19024": (Fault.PERMISSION, None),
        "-1": (Fault.TRANSIENT, None),
    }

    def message(self, text: str, at: int) -> tuple[str, Mapping[str, str], dict[str, Any]]:
        body: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
        if self.access.secret:
            signed = {"timestamp": str(at // 1000)}
            sign = signature("feishu_robot", "hmac-sha256-base64", self.access.secret, signed)
            body |= {**signed, "sign": sign}
        url = self.line.base_url
        return f"{url}/{self.access.key}" if self.access.key else url, {}, body

    def refusal(self, code: str, text: str) -> CallFailed:
        if code == "9499" and "many" in text.lower():
            return CallFailed(Fault.RATE, code, text, wait_s=60.0)
        return super().refusal(code, text)
