"""The gateway of Taobao's open platform (TOP): signed calls, sessions, and what its errors mean.

Source: the platform's documentation of its public parameters and error codes. Times on the wire
are GMT+8; a call signed more than ten minutes off the platform's clock is refused.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from core.ports import CallFailed, Fault
from core.text import clean
from drivers.channels.access import Access, ShopAccess, Tokens, tokens_in
from drivers.channels.calls import Line
from drivers.channels.reading import next_midnight, wire_time
from drivers.signing import signature, wire

REFRESH = "taobao.top.auth.token.refresh"
_SESSION_REFUSED = frozenset({"26", "27"})


class Gateway:
    """Calls TOP methods for one shop; safe across threads."""

    def __init__(
        self,
        line: Line,
        access: ShopAccess,
        *,
        sign_method: str = "hmac-sha256",
    ) -> None:
        self.line = line
        self._app_key, self._app_secret = access.app_key, access.app_secret
        self._sign_method = sign_method
        self._access = Access(line, access, self._renewed, expired=_SESSION_REFUSED)
        self._day_ends = 0.0

    def call(
        self, method: str, params: Mapping[str, object], *, writes: bool = False
    ) -> dict[str, Any]:
        """The content of a method's answer. Raises CallFailed.

        A used-up day holds for every method, any other ban for its own.
        """
        left = self._day_ends - self.line.clock.monotonic()
        if left > 0:
            raise CallFailed(Fault.RATE, "7", "banned", wait_s=left)
        try:
            return self._access.run(
                method, lambda session: self._once(method, params, session, writes)
            )
        except CallFailed as failed:
            if failed.fault is Fault.RATE and failed.wait_s and _is_daily(failed.text):
                self._day_ends = self.line.clock.monotonic() + failed.wait_s
            raise

    def _once(
        self, method: str, params: Mapping[str, object], session: str, writes: bool
    ) -> dict[str, Any]:
        told = self.line.post(self._form(method, params, session), writes=writes)
        if isinstance(told.get("error_response"), dict):
            raise failure(told["error_response"], self.line.server_now(), writes=writes)
        content = told.get(_envelope(method))
        if not isinstance(content, dict):
            raise CallFailed(Fault.TRANSIENT, "no_content", in_doubt=writes)
        return content

    def _form(self, method: str, params: Mapping[str, object], session: str) -> dict[str, str]:
        """The exact strings that are sent, and their signature."""
        form = wire(
            {
                **params,
                "method": method,
                "app_key": self._app_key,
                "session": session,
                "timestamp": wire_time(self.line.server_now()),
                "format": "json",
                "v": "2.0",
                "sign_method": self._sign_method,
            }
        )
        form["sign"] = signature("taobao_top", self._sign_method, self._app_secret, form)
        return form

    def _renewed(self, tokens: Tokens) -> Tokens | None:
        """New tokens; None for an app whose session cannot be renewed."""
        if not tokens.refresh_token:
            return None
        told = self._once(REFRESH, {"refresh_token": tokens.refresh_token}, "", False)
        return _tokens(told.get("token_result"), tokens.refresh_token, self.line.server_now())


# --- errors ---------------------------------------------------------------------------------------

_BY_CODE = {
    "10": Fault.TRANSIENT,
    "25": Fault.AUTH,
    "26": Fault.AUTH,
    "27": Fault.AUTH,
    "28": Fault.AUTH,
    "29": Fault.AUTH,
    "31": Fault.CLOCK,
    **dict.fromkeys(
        ["9", "11", "12", "13", "21", "22", "23", "24", "30", "32", "33", "34"], Fault.PERMISSION
    ),
    **dict.fromkeys(["40", "41", "42", "43", "47"], Fault.PERMISSION),
}
_RETRYABLE = ("B150", "S01")
"""The platform's own trouble while shipping; it may have shipped."""
_PERMISSION = re.compile(r"isv\.(invalid|missing|permission|.*-permission)")
_SHORT = re.compile(r"(?:^|[:.])([A-Z]{1,2}\d{2,3})$")
_SECONDS = re.compile(r"ban will last for (\d+) more second", re.IGNORECASE)
_DAILY = "limited-by-app-access-count"


def failure(error: Mapping[str, Any], now: int, *, writes: bool = False) -> CallFailed:
    """What an ``error_response`` means; ``now`` is the platform's time."""
    number = clean(error.get("code"), 20)
    sub = clean(error.get("sub_code"), 120)
    said = clean(error.get("sub_msg") or error.get("msg"), 300)
    if number == "7" or sub.startswith("accesscontrol.limited"):
        return CallFailed(Fault.RATE, "7", f"{sub} {said}".strip(), wait_s=_wait(sub, said, now))
    short = _SHORT.search(sub)
    code = short.group(1) if short else sub or number
    if sub.startswith("isp.") or code in _RETRYABLE:
        return CallFailed(Fault.TRANSIENT, code, said, in_doubt=writes)
    if number in _BY_CODE:
        fault = _BY_CODE[number]
        told = number if fault in (Fault.AUTH, Fault.CLOCK) else code
        return CallFailed(fault, told, said, in_doubt=writes and fault is Fault.TRANSIENT)
    if short or sub.startswith("isv."):
        fault = Fault.PERMISSION if _PERMISSION.match(sub) and not short else Fault.BUSINESS
        return CallFailed(fault, code, said)
    return CallFailed(Fault.UNKNOWN, f"{number} {sub}".strip(), said, in_doubt=writes)


def _wait(sub: str, said: str, now: int) -> float | None:
    """Seconds to wait: as told, else to midnight in Shanghai for a used-up day, else not known."""
    told = _SECONDS.search(said)
    if told:
        return float(told.group(1))
    return (next_midnight(now) - now) / 1000 if _is_daily(sub) else None


def _is_daily(text: str) -> bool:
    return _DAILY in text


# --- wire forms -----------------------------------------------------------------------------------


def _envelope(method: str) -> str:
    return method.removeprefix("taobao.").replace(".", "_") + "_response"


def _tokens(told: object, refresh_token: str, now: int) -> Tokens | None:
    """The tokens of a refresh, which come as JSON inside JSON."""
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except ValueError:
            return None
    return tokens_in(told, now, refresh_token) if isinstance(told, dict) else None
