"""Simulated group robots of WeCom, DingTalk and Feishu over real HTTP.

Each checks its own address, signature, byte limit and pace with its own code, answers refusals
with a code inside HTTP 200 (Feishu's 9499 inside HTTP 400), and journals what the group saw
(``do`` is ``message``, with ``text`` and ``mobiles``). DingTalk shuts a robot out for ten minutes
that sends more than 20 a minute. Verbs of their own: ``code C`` refuses with code C and the words
the platform has for it; the message is not shown.
"""

import hashlib
import hmac
import json
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from typing import Any

from core.clock import Clock
from drivers.simulated.faults import Fault
from drivers.simulated.http import Reply, Request, SimulatedServer, packed, unpacked

_MINUTE_MS = 60_000
_HOUR_MS = 3_600_000


class SimulatedRobot(SimulatedServer):
    """One robot in one group."""

    own_verbs = frozenset({"code"})
    a_minute = 20
    """Messages it shows within a minute."""
    most = 0
    """UTF-8 bytes of text it takes."""
    path = ""
    words: Mapping[str, str]
    """Codes and what the platform says with them."""

    def __init__(self, clock: Clock, key: str = "robot-key-0123456789", secret: str = "") -> None:
        """``secret``: it wants signatures made with it."""
        super().__init__(clock)
        self.key, self.secret = key, secret
        self._shown_at: deque[int] = deque()

    @property
    def address(self) -> str:
        """The whole webhook address, as the platform shows it."""
        raise NotImplementedError

    @property
    def texts(self) -> list[str]:
        """What the group saw, oldest first."""
        return [entry["text"] for entry in self.journal]

    def name(self, request: Request) -> str:
        return "send"

    def struck(self, fault: Fault, request: Request) -> Reply | None:
        return self.refused(fault.argument)

    def answer(self, request: Request) -> Reply:
        body = unpacked(request.body)
        wrong = self.wrong(request, body)
        if wrong:
            return self.refused(wrong)
        text, mobiles = self.content(body)
        if not text:
            return self.refused(self.empty_code)
        if len(text.encode()) > self.most:
            return self.refused(self.long_code)
        if not self._in_pace():
            return self.refused(self.fast_code)
        self.commit(do="message", text=text, mobiles=mobiles)
        return self.good()

    def _in_pace(self) -> bool:
        now = self.now()
        while self._shown_at and self._shown_at[0] <= now - _MINUTE_MS:
            self._shown_at.popleft()
        if len(self._shown_at) >= self.a_minute:
            return False
        self._shown_at.append(now)
        return True

    # --- what a platform says -------------------------------------------------------------------

    empty_code = long_code = fast_code = ""

    def wrong(self, request: Request, body: Mapping[str, Any]) -> str:
        """The code of what is wrong with address or signature; "" when nothing is."""
        raise NotImplementedError

    def content(self, body: Mapping[str, Any]) -> tuple[str, list[str]]:
        """The text, and the mobile numbers that are called."""
        raise NotImplementedError

    def good(self) -> Reply:
        return packed({"errcode": 0, "errmsg": "ok"})

    def refused(self, code: str) -> Reply:
        told = int(code) if code.lstrip("-").isdecimal() else code
        return packed({"errcode": told, "errmsg": self.words.get(code, "unknown error")})


class SimulatedWecom(SimulatedRobot):
    """企业微信群机器人."""

    path = "/cgi-bin/webhook/send"
    most = 2048
    empty_code, long_code, fast_code = "44004", "40058", "45009"
    words: Mapping[str, str] = {
        "45009": "api freq out of limit, hint: [1712345678]",
        "40058": "text.content exceed max length 2048. invalid Request Parameter",
        "93000": "invalid webhook url, hint: [1712345678]",
        "44004": "text content is empty",
    }

    @property
    def address(self) -> str:
        return f"{self.url}{self.path}?key={self.key}"

    def wrong(self, request: Request, body: Mapping[str, Any]) -> str:
        right = request.path == self.path and request.query.get("key") == self.key
        return "" if right and request.method == "POST" else "93000"

    def content(self, body: Mapping[str, Any]) -> tuple[str, list[str]]:
        if body.get("msgtype") != "text":
            return "", []
        told = _object(body.get("text"))
        return str(told.get("content") or ""), list(told.get("mentioned_mobile_list") or [])


class SimulatedDingtalk(SimulatedRobot):
    """钉钉自定义机器人."""

    path = "/robot/send"
    most = 20_000
    empty_code, long_code, fast_code = "40035", "40035", "130101"
    words: Mapping[str, str] = {
        "130101": "send too fast, exceed 20 times per minute",
        "310000": "sign not match, more: [https://ding-doc.dingtalk.com/doc]",
        "300001": "token is not exist",
        "40035": "缺少参数 json",
    }

    def __init__(self, clock: Clock, key: str = "robot-key-0123456789", secret: str = "") -> None:
        super().__init__(clock, key, secret)
        self._shut_until = 0

    @property
    def address(self) -> str:
        return f"{self.url}{self.path}?access_token={self.key}"

    def wrong(self, request: Request, body: Mapping[str, Any]) -> str:
        if request.path != self.path or request.query.get("access_token") != self.key:
            return "300001"
        if self.secret and not self._signed(request.query):
            return "310000"
        return "130101" if self.now() < self._shut_until else ""

    def _signed(self, query: Mapping[str, str]) -> bool:
        at = query.get("timestamp", "")
        text = f"{at}\n{self.secret}".encode()
        right = b64encode(hmac.new(self.secret.encode(), text, hashlib.sha256).digest()).decode()
        return (
            query.get("sign") == right and at.isdecimal() and abs(int(at) - self.now()) <= _HOUR_MS
        )

    def _in_pace(self) -> bool:
        if super()._in_pace():
            return True
        self._shut_until = self.now() + 10 * _MINUTE_MS
        return False

    def content(self, body: Mapping[str, Any]) -> tuple[str, list[str]]:
        """A number is called only when the text names it, too."""
        text = str(_object(body.get("text")).get("content") or "")
        named = _object(body.get("at")).get("atMobiles") or []
        return text, [mobile for mobile in named if f"@{mobile}" in text]


class SimulatedFeishu(SimulatedRobot):
    """飞书自定义机器人."""

    path = "/open-apis/bot/v2/hook"
    a_minute = 100
    most = 20_000
    empty_code, long_code, fast_code = "19002", "9499 long", "9499"
    words: Mapping[str, str] = {
        "9499": "too many request",
        "9499 long": "Bad Request",
        "19001": "param invalid: incoming webhook access token invalid",
        "19002": "params error, msg_type need",
        "19021": "sign match fail or timestamp is not within one hour from current time",
    }

    @property
    def address(self) -> str:
        return f"{self.url}{self.path}/{self.key}"

    def wrong(self, request: Request, body: Mapping[str, Any]) -> str:
        if request.path != f"{self.path}/{self.key}":
            return "19001"
        return "19021" if self.secret and not self._signed(body) else ""

    def _signed(self, body: Mapping[str, Any]) -> bool:
        at = str(body.get("timestamp") or "")
        key = f"{at}\n{self.secret}".encode()
        right = b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
        return (
            body.get("sign") == right
            and at.isdecimal()
            and abs(int(at) * 1000 - self.now()) <= _HOUR_MS
        )

    def content(self, body: Mapping[str, Any]) -> tuple[str, list[str]]:
        told = body.get("content")
        if isinstance(told, str):  # the platform takes it packed, too
            told = json.loads(told)
        return (str(_object(told).get("text") or "") if body.get("msg_type") == "text" else ""), []

    def good(self) -> Reply:
        return packed({"code": 0, "msg": "success", "data": {}})

    def refused(self, code: str) -> Reply:
        number = code.split(maxsplit=1)[0]
        told = {"code": int(number), "msg": self.words.get(code, "unknown error"), "data": {}}
        return packed(told, 400 if number == "9499" else 200)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
