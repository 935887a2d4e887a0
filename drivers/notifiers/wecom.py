"""WeCom group robot (企业微信群机器人): a key in the address, 20 messages a minute.

Plain text, not markdown: only text can mention people by mobile number. Longer than 2048 bytes
is refused with 40058; over the limit is 45009; 93000 is an address that is no robot's.
"""

from collections.abc import Mapping
from typing import Any

from core.ports import Fault
from drivers.notifiers.robot import Robot


class WecomRobot(Robot):
    """One robot of one group. Implements ``core.ports.Notifier``."""

    home = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
    most = 2048
    meanings: Mapping[str, tuple[Fault, float | None]] = {
        "45009": (Fault.RATE, 60.0),
        "45033": (Fault.RATE, 60.0),
        "93000": (Fault.AUTH, None),
        "40058": (Fault.PERMISSION, None),
        "40008": (Fault.PERMISSION, None),
        "44004": (Fault.PERMISSION, None),
        "-1": (Fault.TRANSIENT, None),
    }

    def message(self, text: str, at: int) -> tuple[str, Mapping[str, str], dict[str, Any]]:
        told: dict[str, Any] = {"content": text}
        if self.access.mobiles:
            told["mentioned_mobile_list"] = list(self.access.mobiles)
        query = {"key": self.access.key} if self.access.key else {}
        return self.line.base_url, query, {"msgtype": "text", "text": told}
