"""The gateway of JD's open platform (JOS): signed calls, tokens, and what its errors mean.

Source: the platform's documentation of its gateway and error codes. Business parameters travel as
one JSON text, answers in an envelope that is spelled ``..._responce``. A call signed more than six
minutes off the platform's clock is refused. Tokens are renewed at another address, within the last
day of their life (a year; a day for an app under test).
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from core.ports import CallFailed, Fault
from core.text import clean
from drivers.channels.access import JD_AHEAD_MS, Access, ShopAccess, Tokens, tokens_in
from drivers.channels.calls import Line
from drivers.channels.reading import Told, next_midnight, part, wire_time
from drivers.channels.refusal import refusal
from drivers.signing import signature, wire

OAUTH = "https://open-oauth.jd.com"
_EXPIRED = frozenset({"19"})


class Gateway:
    """Calls JOS methods for one shop; safe across threads."""

    def __init__(self, line: Line, access: ShopAccess) -> None:
        self.line = line
        self._app_key, self._app_secret = access.app_key, access.app_secret
        self._oauth_url = _oauth_beside(line.base_url)
        self._access = Access(line, access, self._renewed, expired=_EXPIRED, ahead_ms=JD_AHEAD_MS)

    def call(self, method: str, params: Mapping[str, Any], *, writes: bool = False) -> Told:
        """The content of a method's answer. Raises CallFailed.

        What is used up is used up for every method: all of them count as one.
        """
        return self._access.run("jos", lambda token: self._once(method, params, token, writes))

    def _once(self, method: str, params: Mapping[str, Any], token: str, writes: bool) -> Told:
        told = self.line.post(self._form(method, params, token), writes=writes)
        content = told.get(method.replace(".", "_") + "_responce")
        said = content if isinstance(content, dict) else told
        error = part(told, "error_response") or (said if _is_error(said) else {})
        if error:
            raise failure(error, self.line.server_now(), writes=writes)
        if not isinstance(content, dict):
            raise CallFailed(Fault.TRANSIENT, "no_content", in_doubt=writes)
        return content

    def _form(self, method: str, params: Mapping[str, Any], token: str) -> dict[str, str]:
        """The exact strings that are sent, and their signature."""
        form = wire(
            {
                "method": method,
                "app_key": self._app_key,
                "access_token": token,
                "timestamp": wire_time(self.line.server_now()),
                "v": "2.0",
                "360buy_param_json": json.dumps(params, ensure_ascii=False, separators=(",", ":")),
            }
        )
        form["sign"] = signature("jd_jos", "md5", self._app_secret, form)
        return form

    def _renewed(self, tokens: Tokens) -> Tokens | None:
        """New tokens; in a form, for an address ends in logs and these are secrets."""
        if not tokens.refresh_token:
            return None
        asked = {
            "app_key": self._app_key,
            "app_secret": self._app_secret,
            "grant_type": "refresh_token",
            "refresh_token": tokens.refresh_token,
        }
        address = f"{self._oauth_url}/oauth2/refresh_token"
        told = self.line.send(lambda client: client.post(address, data=asked), writes=False)
        return tokens_in(told, self.line.server_now(), tokens.refresh_token)


def outcome(content: Told, *keys: str, writes: bool = False) -> Told:
    """The result inside an answer, once it says that it succeeded. Raises CallFailed."""
    result = part(content, *keys)
    said = part(result, "apiResult") or result
    if str(said.get("success")).lower() == "true":
        return result
    code = clean(said.get("numberCode") or said.get("errorCode"), 40)
    words = clean(said.get("chineseErrCode") or said.get("englishErrCode"), 300)
    if not code and not words:
        raise CallFailed(Fault.TRANSIENT, "no_content", in_doubt=writes)
    raise refusal(code or "no_code", words, writes=writes)


def _is_error(told: Told) -> bool:
    return str(told.get("code", "0")) != "0"


def _oauth_beside(base_url: str) -> str:
    """Where tokens are renewed: at JD's own address for JD's gateway, else beside the gateway."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    return OAUTH if host.endswith(".jd.com") else f"{parts.scheme}://{parts.netloc}"


# --- errors ---------------------------------------------------------------------------------------

_BY_CODE = {
    **dict.fromkeys(["7", "8"], Fault.CLOCK),
    **dict.fromkeys(["11", "12", "18", "19", "20", "21"], Fault.AUTH),
    **dict.fromkeys(["1", "4", "5", "6", "9", "10", "14", "15", "16", "17"], Fault.PERMISSION),
    **dict.fromkeys(["22", "23", "24", "40", "41", "42", "43"], Fault.PERMISSION),
    **dict.fromkeys(["33", "65", "66", "67"], Fault.TRANSIENT),
}


def failure(error: Mapping[str, Any], now: int, *, writes: bool = False) -> CallFailed:
    """What an error means, be it told in an ``error_response``, in the answer's place or with
    nothing around it; ``now`` is the platform's time."""
    code = clean(error.get("code"), 40)
    words = (error.get(key) for key in ("zh_desc", "en_desc", "msg", "errorMessage"))
    said = clean(next(filter(None, words), ""), 300)
    if code == "2":  # the calls of the day are used up
        return CallFailed(Fault.RATE, code, said, wait_s=(next_midnight(now) - now) / 1000)
    fault = _BY_CODE.get(code)
    if fault is not None:
        return CallFailed(fault, code, said, in_doubt=writes and fault is Fault.TRANSIENT)
    refused = refusal(code, said, writes=writes)
    if (
        len(code) > 3 or refused.fault is Fault.TRANSIENT
    ):  # the method's own codes; trouble in words
        return refused
    return CallFailed(Fault.UNKNOWN, code, said, in_doubt=writes)
