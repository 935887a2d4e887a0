"""The gateway of Taobao's open platform (TOP): signed calls, sessions, and what its errors mean.

Source: the platform's documentation of its public parameters and error codes. Times on the wire
are GMT+8; a call signed more than ten minutes off the platform's clock is refused.
"""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.ports import CallFailed, Fault
from core.text import clean
from drivers.channels.calls import Line
from drivers.channels.reading import next_midnight, wire_time
from drivers.signing import signature, wire

REFRESH = "taobao.top.auth.token.refresh"
_SESSION_REFUSED = ("26", "27")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What lets an app act for a shop; both are secrets."""

    session: str
    refresh_token: str = ""
    """"" for apps whose session cannot be renewed."""

    def __repr__(self) -> str:
        """Without the secrets: this may end in a log."""
        return "Tokens(...)"


class Gateway:
    """Calls TOP methods for one shop; safe across threads."""

    def __init__(
        self,
        line: Line,
        app_key: str,
        app_secret: str,
        tokens: Tokens,
        *,
        sign_method: str = "hmac-sha256",
        save: Callable[[Tokens], None] | None = None,
    ) -> None:
        """``save`` keeps renewed tokens before they are used; the old ones are dead by then."""
        self.line = line
        self._app_key, self._app_secret = app_key, app_secret
        self._tokens = tokens
        self._sign_method = sign_method
        self._save = save
        self._renewing = threading.Lock()
        self._bans: dict[str, float] = {}

    def call(
        self, method: str, params: Mapping[str, object], *, writes: bool = False
    ) -> dict[str, Any]:
        """The content of a method's answer. Raises CallFailed.

        A clock or session that is refused is set right and the call signed anew, once each: the
        platform carried nothing out.
        """
        tried: set[Fault] = set()
        while True:
            self._heed_ban(method)
            session = self._tokens.session
            try:
                return self._once(method, params, session, writes)
            except CallFailed as failed:
                self._note_ban(method, failed)
                if failed.fault in tried or not self._remedied(failed, session):
                    raise
                tried.add(failed.fault)

    def _remedied(self, failed: CallFailed, session: str) -> bool:
        """Whether the same call may succeed now. The clock was set by the refusal's own Date."""
        if failed.fault is Fault.CLOCK:
            return True
        return failed.code in _SESSION_REFUSED and self._renewed(session)

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

    def _renewed(self, refused: str) -> bool:
        """Renew the session once for however many calls were refused with the old one."""
        with self._renewing:
            if self._tokens.session != refused:
                return True
            if not self._tokens.refresh_token:
                return False
            tokens = self._asked_anew()
            if tokens is None:
                return False
            if self._save is not None:
                self._save(tokens)
            self._tokens = tokens
            return True

    def _asked_anew(self) -> Tokens | None:
        """New tokens; None when the platform does not give any."""
        try:
            told = self._once(REFRESH, {"refresh_token": self._tokens.refresh_token}, "", False)
        except CallFailed as failed:
            if failed.fault in (Fault.TRANSIENT, Fault.RATE, Fault.CLOCK):
                raise
            return None
        return _tokens(told.get("token_result"), self._tokens.refresh_token)

    def _note_ban(self, method: str, failed: CallFailed) -> None:
        if failed.fault is Fault.RATE and failed.wait_s:
            scope = "" if _is_daily(failed.text) else method
            self._bans[scope] = self.line.clock.monotonic() + failed.wait_s

    def _heed_ban(self, method: str) -> None:
        """Calls during a ban are not sent: they would only be refused, and counted."""
        until = max(self._bans.get(method, 0.0), self._bans.get("", 0.0))
        left = until - self.line.clock.monotonic()
        if left > 0:
            raise CallFailed(Fault.RATE, "7", "banned", wait_s=left)


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


def _tokens(told: object, refresh_token: str) -> Tokens | None:
    """The tokens of a refresh, which come as JSON inside JSON."""
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except ValueError:
            return None
    if not isinstance(told, dict) or not told.get("access_token"):
        return None
    return Tokens(str(told["access_token"]), str(told.get("refresh_token") or refresh_token))
