"""The gateway of Douyin's open platform: signed calls, tokens, and what its codes mean.

Source: the platform's documentation of public parameters and return codes. The body is the
canonical JSON of the parameters, which is what is signed. A token lasts seven days, the token to
refresh it fourteen.
"""

import re
from collections.abc import Mapping
from typing import Any

from core.ports import CallFailed, Fault
from core.text import clean
from drivers.channels.access import Access, ShopAccess, Tokens, tokens_in
from drivers.channels.calls import Line
from drivers.channels.reading import Told, part
from drivers.signing import canonical_json, signature

REFRESH = "token.refresh"
CREATE = "token.create"
_EXPIRED = frozenset({"isv.access-token-expired", "isv.access-token-no-existed"})
_PARTLY = frozenset({"300001", "300007", "300008"})
"""Some of the questions in one call were not answered: each says why, beside those that were."""


class Gateway:
    """Calls the platform's methods for one shop; safe across threads."""

    def __init__(
        self,
        line: Line,
        access: ShopAccess,
        *,
        shop_id: str = "",
        sign_method: str = "hmac-sha256",
    ) -> None:
        self._line = line
        self._app_key, self._app_secret = access.app_key, access.app_secret
        self._shop_id = shop_id
        self._sign_method = sign_method
        self._access = Access(line, access, self._renewed, expired=_EXPIRED)

    def call(self, method: str, params: Mapping[str, Any], *, writes: bool = False) -> Told:
        """The data of a method's answer. Raises CallFailed."""
        return self._access.run(method, lambda token: self._once(method, params, token, writes))

    def _once(self, method: str, params: Mapping[str, Any], token: str, writes: bool) -> Told:
        body = canonical_json(params)
        query = self._query(method, params, token)
        told = self._line.send(
            lambda client: client.post(
                f"{self._line.base_url}/{method.replace('.', '/')}",
                params=query,
                content=body.encode(),
                headers={
                    "Content-Type": "application/json;charset=UTF-8",
                    "x-open-no-old-err-code": "1",
                },
            ),
            writes=writes,
        )
        data = told.get("data")
        if str(told.get("code")) != "10000":
            failed = failure(told, method, writes=writes)
            if writes or failed.code not in _PARTLY or not part(told, "data"):
                raise failed
        elif writes and data is None:
            return {}  # some changes are confirmed by their code alone
        if not isinstance(data, dict):
            raise CallFailed(Fault.TRANSIENT, "no_content", in_doubt=writes)
        return data

    def _query(self, method: str, params: Mapping[str, Any], token: str) -> dict[str, str]:
        signed = {
            "app_key": self._app_key,
            "method": method,
            "timestamp": str(self._line.server_now() // 1000),
            "v": "2",
        }
        sign = signature(
            "douyin_shop", self._sign_method, self._app_secret, {**signed, "param": params}
        )
        return {**signed, "access_token": token, "sign_method": self._sign_method, "sign": sign}

    def _renewed(self, tokens: Tokens) -> Tokens | None:
        """New tokens by the refresh token, else by the shop's own authorisation."""
        if tokens.refresh_token:
            asked = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
            try:
                return self._tokens(self._once(REFRESH, asked, "", False))
            except CallFailed as failed:
                if failed.fault is not Fault.AUTH or not self._shop_id:
                    raise
        if not self._shop_id:
            return None
        asked = {"grant_type": "authorization_self", "code": "", "shop_id": self._shop_id}
        return self._tokens(self._once(CREATE, asked, "", False))

    def _tokens(self, told: Told) -> Tokens | None:
        return tokens_in(told, self._line.server_now())


# --- return codes ---------------------------------------------------------------------------------

_NUMBER = re.compile(r":(\d{1,7})$")
_AGAIN = frozenset({"8888", "60118", "60124", "70002", "70009", "70011", "70014"})
"""The platform's own trouble, said as if it were the order's; it may have shipped."""
_AGAIN_OF = {
    "order.orderDetail": frozenset({"20004", "20045", "20055"}),
    REFRESH: frozenset({"31012"}),  # somebody else was renewing at the same moment
    CREATE: frozenset({"31012"}),
}
"""As well, of one method only: elsewhere these numbers mean something else."""
_EDIT, _NO_PACK = "order.logisticsEdit", "70011"
"""Of a change of a waybill, that number means that the parcel's own number is missing or wrong."""
_LATER = re.compile(r"稍后|稍候|繁忙|请重试")
_CHANGE = "修改后"
"""What is to be tried again, but after it was set right."""
_SETUP = frozenset({"60011", "60018", "60027", "60070", "60072", "60083", "70016"})
"""A carrier or an address of the shop that is not set up: no order will pass."""
_RATE = re.compile(r"limit|frequen|qps|限流|限频|频繁|超过.{0,6}次数|调用次数", re.IGNORECASE)
_WAIT = re.compile(r"(\d{1,5})\s*秒后")
_AUTH = re.compile(
    r"access-token|signature|app-id|app-forbidden|token-generate|unauthori"
    r"|authorization-(no-existed|closed|type-invalid)"
)


def failure(told: Mapping[str, Any], method: str = "", *, writes: bool = False) -> CallFailed:
    """What an answer without success means."""
    code = clean(told.get("code"), 20)
    sub = clean(told.get("sub_code"), 120)
    said = clean(told.get("sub_msg") or told.get("msg"), 300)
    found = _NUMBER.search(sub)
    number = found.group(1) if found else ""
    name = number or sub or code
    if number in _SETUP or code == "70000":  # 70000: the platform gave up the method
        return CallFailed(Fault.PERMISSION, name, said)
    if sub.startswith("isp.") or code in ("20000", "20001") or _passes(number, method):
        return CallFailed(Fault.TRANSIENT, name, said, in_doubt=writes)
    if "timestamp" in sub:
        return CallFailed(Fault.CLOCK, name, said)
    if _AUTH.search(sub) or code == "30002":  # 30002: our address is not on the platform's list
        return CallFailed(Fault.AUTH, name, said)
    if _RATE.search(sub) or (not number and _RATE.search(said)):
        wait = _WAIT.search(said)
        return CallFailed(Fault.RATE, name, said, wait_s=float(wait.group(1)) if wait else None)
    if number or sub.startswith("isv.business-failed"):
        if _LATER.search(said) and _CHANGE not in said:
            return CallFailed(Fault.TRANSIENT, name, said, in_doubt=writes)
        return CallFailed(Fault.AUTH if method in (REFRESH, CREATE) else Fault.BUSINESS, name, said)
    if code in ("30001", "40001", "40002", "40003", "40004") or sub.startswith("isv."):
        return CallFailed(Fault.PERMISSION, name, said)
    return CallFailed(Fault.UNKNOWN, name, said, in_doubt=writes)


def _passes(number: str, method: str) -> bool:
    """Whether a number says that the same call may succeed later."""
    if number == _NO_PACK and method.startswith(_EDIT):
        return False
    return number in _AGAIN or number in _AGAIN_OF.get(method, ())
