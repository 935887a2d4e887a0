"""The gateway of Pinduoduo's open platform (POP): signed calls, tokens, and what its errors mean.

Source: the platform's documentation of its public parameters and error codes. A call signed more
than ten minutes off the platform's clock is refused; an error page can come instead of JSON. Group
buying (Kuaituantuan) speaks through the same gateway.
"""

from collections.abc import Mapping
from typing import Any

from core.ports import CallFailed, Fault
from core.text import clean
from drivers.channels.access import Access, ShopAccess, Tokens
from drivers.channels.calls import Line
from drivers.channels.reading import Told, part
from drivers.channels.refusal import refusal
from drivers.signing import signature, wire

REFRESH = "pdd.pop.auth.token.refresh"
_EXPIRED = frozenset({"10019", "10035", "20032"})


class Gateway:
    """Calls POP methods for one shop; safe across threads."""

    def __init__(self, line: Line, access: ShopAccess) -> None:
        self.line = line
        self._app_key, self._app_secret = access.app_key, access.app_secret
        self._access = Access(line, access, self._renewed, expired=_EXPIRED)

    def call(self, method: str, params: Mapping[str, object], *, writes: bool = False) -> Told:
        """The content of a method's answer. Raises CallFailed."""
        return self._access.run(method, lambda token: self._once(method, params, token, writes))

    def _once(self, method: str, params: Mapping[str, object], token: str, writes: bool) -> Told:
        told = self.line.post(self._form(method, params, token), writes=writes)
        error = part(told, "error_response")
        if error:
            raise failure(error, writes=writes)
        # The envelope's name does not follow from the method's: it is the one that is there.
        found = [inner for inner in told.values() if isinstance(inner, dict)]
        if len(found) != 1:
            raise CallFailed(Fault.TRANSIENT, "no_content", in_doubt=writes)
        content: Told = found[0]
        if content.get("success") is False and any(content.get(key) for key in _REFUSED):
            raise failure({"error_code": _BUSINESS, **_as_sub(content)}, writes=writes)
        return content

    def _form(self, method: str, params: Mapping[str, object], token: str) -> dict[str, str]:
        """The exact strings that are sent, and their signature."""
        form = wire(
            {
                **params,
                "type": method,
                "client_id": self._app_key,
                "access_token": token,
                "timestamp": self.line.server_now() // 1000,
                "data_type": "JSON",
                "version": "V1",
            }
        )
        form["sign"] = signature("pdd", "md5", self._app_secret, form)
        return form

    def _renewed(self, tokens: Tokens) -> Tokens | None:
        if not tokens.refresh_token:
            return None
        told = self._once(REFRESH, {"refresh_token": tokens.refresh_token}, "", False)
        if not told.get("access_token"):
            return None
        ends = str(told.get("expires_at") or "")
        return Tokens(
            str(told["access_token"]),
            str(told.get("refresh_token") or tokens.refresh_token),
            int(ends) * 1000 if ends.isdecimal() else 0,
            self.line.server_now(),
        )


def confirmed(content: Told) -> bool:
    """Whether an answer says in so many words that it was done."""
    said = (content.get(key) for key in ("is_success", "success", "result"))
    return any(str(word).lower() in ("true", "1") for word in said)


def _as_sub(content: Told) -> Told:
    """A method's refusal inside its own answer, told as the one beside it would be."""
    return {"sub_code": content.get("error_code"), "sub_msg": content.get("error_msg")}


# --- errors ---------------------------------------------------------------------------------------

_BY_CODE = {
    **dict.fromkeys(["10010", "10011", "10014", "10016", "10019", "10035"], Fault.AUTH),
    **dict.fromkeys(["20004", "20005", "20032", "70032", "70034", "70035"], Fault.AUTH),
    **dict.fromkeys(["10000", "10001", "10002", "10017", "10018"], Fault.PERMISSION),
    **dict.fromkeys(["20007", "20031", "20034", "20035", "21001", "21002"], Fault.PERMISSION),
    **dict.fromkeys(["30000", "30001", "50012", "52004"], Fault.PERMISSION),
    **dict.fromkeys(["52101", "70031", "70036"], Fault.RATE),
    **dict.fromkeys(["50000", "50002", "52001", "52002"], Fault.TRANSIENT),
    **dict.fromkeys(["52102", "52103", "70033"], Fault.TRANSIENT),
}
_PAUSE_S = 10.0
"""Limits count by seconds or by the minute and do not say how long they last."""
_ON_TRIAL = "70036"
"""An app that is still being tested used up its calls: until when is not said."""
_BUSINESS = "50001"
_REFUSED = ("error_code", "error_msg")
"""What an answer holds that is a refusal: Kuaituantuan's methods say no under HTTP 200 and their
own name (the platform's SDK models: ``success``, ``error_code``, ``error_msg``, ``result``)."""


def failure(error: Mapping[str, Any], *, writes: bool = False) -> CallFailed:
    """What an ``error_response`` means."""
    code, sub = clean(error.get("error_code"), 20), clean(error.get("sub_code"), 60)
    said = clean(error.get("sub_msg") or error.get("error_msg"), 300)
    if code == "10001" and "timestamp" in said:
        return CallFailed(Fault.CLOCK, code, said)
    if code == _BUSINESS:
        return refusal(sub or code, said, writes=writes)
    fault = _BY_CODE.get(code)
    if fault is None:
        return CallFailed(Fault.UNKNOWN, f"{code} {sub}".strip(), said, in_doubt=writes)
    wait_s = _PAUSE_S if fault is Fault.RATE and code != _ON_TRIAL else None
    in_doubt = writes and fault is Fault.TRANSIENT
    return CallFailed(fault, code, said, wait_s=wait_s, in_doubt=in_doubt)
