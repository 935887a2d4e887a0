"""How each platform rings: where its signature stands, what its message names, what it wants back.

Douyin signs ``md5(app_key + body + secret)`` in ``event-sign`` and sends a list of messages;
Shopify and WooCommerce sign the body with HMAC-SHA256; Kuaidi100 sends a form whose ``param`` is
signed ``md5(param + salt)``, in upper or lower case.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from core.clock import Clock
from core.ports import Hint, Pushed
from drivers.channels import kuaidi100_order
from drivers.channels.reading import part, word
from drivers.doorbell.bell import Answer, Refused, Ring, Rung
from drivers.signing import signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What a shop's messages are signed with."""

    app_key: str = ""
    secret: str = field(default="", repr=False)


class _Hmac:
    """Shops whose body is signed with HMAC-SHA256."""

    platform = ""
    header = ""

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._secret = keys.secret

    def understand(self, rung: Rung) -> Pushed:
        text = _text(rung)
        wanted = signature(self.platform, "hmac-sha256-base64", self._secret, {"body": text})
        _same(rung.headers.get(self.header, ""), wanted)
        return self._said(rung, text)

    def good(self) -> Answer:
        return Answer()

    def bad(self) -> Answer:
        return Answer(status=503)

    def _said(self, rung: Rung, text: str) -> Pushed:
        raise NotImplementedError


class Shopify(_Hmac):
    """Topics about an order carry it, its ``order_id``, or an ``order_edit`` with that;
    ``X-Shopify-Event-Id`` names the event.

    The order's own number is read from the signed body only: headers are not signed.
    """

    platform, header = "shopify_webhook", "X-Shopify-Hmac-Sha256"

    def _said(self, rung: Rung, text: str) -> Pushed:
        topic = rung.headers.get("X-Shopify-Topic", "")
        told = _object(text)
        number = told.get("order_id") or part(told, "order_edit").get("order_id")
        if not number and topic.startswith("orders/"):
            number = told.get("id")
        named = rung.headers.get("X-Shopify-Event-Id") or rung.headers.get("X-Shopify-Webhook-Id")
        return _hinted(named or _digest(text), number, text)


class Woo(_Hmac):
    """The body of an order topic is the order. A delivery id is shared by all of one second, so
    the body counts to a message's name."""

    platform, header = "woocommerce_webhook", "X-WC-Webhook-Signature"
    _PING = re.compile(rb"webhook_id=\d+")

    def understand(self, rung: Rung) -> Pushed:
        """A site tries a new address with a bare, unsigned ``webhook_id``: nothing is said."""
        if self._PING.fullmatch(rung.body) and not rung.headers.get(self.header):
            return Pushed()
        return super().understand(rung)

    def _said(self, rung: Rung, text: str) -> Pushed:
        named = f"{rung.headers.get('X-WC-Webhook-Delivery-ID', '')}:{_digest(text)}"
        return _hinted(named, _object(text).get("id"), text)


class Douyin:
    """A list of ``{tag, msg_id, data}``; tag 0 only tries the address."""

    _NUMBERS = ("p_id", "order_id", "shop_order_id")

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._keys = keys

    def understand(self, rung: Rung) -> Pushed:
        text = _text(rung)
        if rung.headers.get("app-id", self._keys.app_key) != self._keys.app_key:
            raise Refused
        signed = {"app_key": self._keys.app_key, "body": text}
        wanted = signature("douyin_push", "md5", self._keys.secret, signed)
        _same(rung.headers.get("event-sign", "").lower(), wanted)
        hints: list[Hint] = []
        unread: list[str] = []
        for message in _list(text):
            if not isinstance(message, Mapping):
                unread.append(kuaidi100_order.as_text(message))
            elif word(message.get("tag")) != "0":
                hint = self._hint(message)
                hints += [hint] if hint else []
                unread += [] if hint else [kuaidi100_order.as_text(message)]
        return Pushed(hints=tuple(hints), unread=tuple(unread))

    def _hint(self, message: Mapping[str, Any]) -> Hint | None:
        data = message.get("data")
        told = _object(data) if isinstance(data, str) else data
        if not isinstance(told, Mapping) or not word(message.get("msg_id")):
            return None
        number = next((word(told[key]) for key in self._NUMBERS if told.get(key)), "")
        return Hint(word(message["msg_id"]), number) if number else None

    def good(self) -> Answer:
        return Answer(b'{"code":0,"msg":"success"}')

    def bad(self) -> Answer:
        return Answer(b'{"code":100002,"msg":"not kept, send again"}', 503)


class Kuaidi100:
    """A form with ``param`` and ``sign``: the answer to a task, or an authorisation.

    What is delivered here is the order itself, so it is kept as it came; each order is hinted at,
    and then read from what was kept.
    """

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._salt, self._clock = keys.secret, clock

    def understand(self, rung: Rung) -> Pushed:
        form = parse_qs(_text(rung), keep_blank_values=True)
        param, sign = (form.get(name, [""])[0] for name in ("param", "sign"))
        wanted = hashlib.md5((param + self._salt).encode(), usedforsecurity=False).hexdigest()
        _same(sign.lower(), wanted)
        return kuaidi100_order.pushed(param, self._clock.now())

    def good(self) -> Answer:
        return Answer('{"result":true,"returnCode":"200","message":"成功"}'.encode())

    def bad(self) -> Answer:
        return Answer(
            '{"result":false,"returnCode":"500","message":"未能保存，请重推"}'.encode(), 503
        )


RINGS: Mapping[str, Callable[[Keys, Clock], Ring]] = {
    "douyin": Douyin,
    "shopify": Shopify,
    "woocommerce": Woo,
    "kuaidi100": Kuaidi100,
}
"""Channel -> how it rings; others do not push over HTTP."""


def ring_of(channel: str, app_key: str, secret: str, clock: Clock) -> Ring:
    """How a shop of that channel rings; KeyError for one that does not."""
    return RINGS[channel](Keys(app_key=app_key, secret=secret), clock)


def _text(rung: Rung) -> str:
    """The body as text; what is not UTF-8 was signed by nobody."""
    try:
        return rung.body.decode()
    except UnicodeDecodeError as error:
        raise Refused from error


def _same(came: str, wanted: str) -> None:
    if not hmac.compare_digest(came.encode(), wanted.encode()):
        raise Refused


def _hinted(message: str, number: object, text: str) -> Pushed:
    """A hint at one order; what names none is kept for a person."""
    named = word(number)
    if not named:
        return Pushed(unread=(text,))
    return Pushed(hints=(Hint(message, named),))


def _object(text: str) -> Mapping[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _list(text: str) -> Iterator[object]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = text
    yield from told if isinstance(told, list) else [told]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
