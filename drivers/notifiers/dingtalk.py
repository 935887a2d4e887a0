"""DingTalk group robot (钉钉自定义机器人): signed per call, 20 messages a minute, then a ban.

The signature covers the moment in milliseconds and may be an hour off; it goes into the query,
URL-encoded once. 130101 shuts the robot out for ten minutes. 310000 covers signature, time,
keyword and address list: its words say which. People are called by ``@mobile`` in the text.
"""

from collections.abc import Mapping
from typing import Any

from core.ports import CallFailed, Fault
from drivers.notifiers.robot import Robot
from drivers.signing import signature


class DingtalkRobot(Robot):
    """One robot of one group. Implements ``core.ports.Notifier``."""

    home = "https://oapi.dingtalk.com/robot/send"
    most = 18_000
    meanings: Mapping[str, tuple[Fault, float | None]] = {
        "130101": (Fault.RATE, 600.0),
        "410100": (Fault.RATE, 60.0),
        "310000": (Fault.AUTH, None),
        "300001": (Fault.AUTH, None),
        "400013": (Fault.AUTH, None),
        "400101": (Fault.AUTH, None),
        "400102": (Fault.AUTH, None),
        "400106": (Fault.AUTH, None),
        "40035": (Fault.PERMISSION, None),
        "-1": (Fault.TRANSIENT, None),
    }

    def message(self, text: str, at: int) -> tuple[str, Mapping[str, str], dict[str, Any]]:
        query = {"access_token": self.access.key} if self.access.key else {}
        if self.access.secret:
            signed = {"timestamp": str(at)}
            sign = signature("dingtalk_robot", "hmac-sha256-base64", self.access.secret, signed)
            query |= {**signed, "sign": sign}
        body = {
            "msgtype": "text",
            "text": {"content": text},
            "at": {"atMobiles": list(self.access.mobiles), "isAtAll": False},
        }
        return self.line.base_url, query, body

    def mention(self) -> str:
        called = " ".join(f"@{mobile}" for mobile in self.access.mobiles)
        return f"\n{called}" if called else ""

    def refusal(self, code: str, text: str) -> CallFailed:
        if code == "310000" and ("keyword" in text.lower() or "关键词" in text):
            return CallFailed(Fault.PERMISSION, code, text)
        return super().refusal(code, text)
