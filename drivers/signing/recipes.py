"""One small recipe per platform and algorithm, and the table that finds it.

All text is UTF-8 and keys sort by byte order. Sign exactly what is sent: ``wire`` gives the
strings for both. A value beginning with ``@`` is signed like any other (buyers write such
notes). The rules are those of the platforms' own SDKs; each is held by signature vectors.
"""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus

Params = Mapping[str, Any]
Recipe = Callable[[str, Params], str]


def signature(platform: str, algorithm: str, secret: str, params: Params) -> str:
    """The signature of ``params`` for a platform; KeyError for a pair that is not known."""
    return _RECIPES[platform, algorithm](secret, params)


def wire(params: Params) -> dict[str, str]:
    """The strings to send and to sign: null and empty dropped, booleans lower-case, JSON compact.

    Platforms disagree on whether an empty value is signed; sending none of them suits all.
    """
    sent = {key: _word(value) for key, value in params.items()}
    return {key: value for key, value in sent.items() if value}


def canonical_json(value: object) -> str:
    """JSON with keys sorted at every depth, compact, unescaped: Douyin's ``param_json``."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _word(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def _pairs(params: Params) -> str:
    """k1v1k2v2... in key order, without separators."""
    sent = wire(params)
    return "".join(key + sent[key] for key in sorted(sent, key=str.encode))


def _md5(text: str) -> bytes:
    return hashlib.md5(text.encode(), usedforsecurity=False).digest()


def _hmac(key: str, text: str, digest: str = "sha256") -> bytes:
    return hmac.digest(key.encode(), text.encode(), digest)


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode()


def _upper(digest: bytes) -> str:
    return digest.hex().upper()


def _wrapped(secret: str, params: Params) -> str:
    """TOP, JD and Pinduoduo: the secret before and after the pairs."""
    return _upper(_md5(secret + _pairs(params) + secret))


def _top_hmac(secret: str, params: Params) -> str:
    return _upper(_hmac(secret, _pairs(params), "md5"))


def _top_sha256(secret: str, params: Params) -> str:
    return _upper(_hmac(secret, _pairs(params)))


def _douyin_text(secret: str, params: Params) -> str:
    """Wrapped in the secret; the access token and the method of signing are not part of it."""
    signed: dict[str, object] = {
        "app_key": params["app_key"],
        "method": params["method"],
        "param_json": canonical_json(params["param"]),
        "timestamp": params["timestamp"],
        "v": params["v"],
    }
    return secret + "".join(f"{key}{value}" for key, value in signed.items()) + secret


def _douyin_sha256(secret: str, params: Params) -> str:
    return _hmac(secret, _douyin_text(secret, params)).hex()


def _douyin_md5(secret: str, params: Params) -> str:
    return _md5(_douyin_text(secret, params)).hex()


def _douyin_push(secret: str, params: Params) -> str:
    return _md5(params["app_key"] + params["body"] + secret).hex()


def _kuaishou_text(secret: str, params: Params) -> str:
    sent = wire(params)
    joined = "&".join(f"{key}={sent[key]}" for key in sorted(sent, key=str.encode))
    return f"{joined}&signSecret={secret}"


def _kuaishou_md5(secret: str, params: Params) -> str:
    return _md5(_kuaishou_text(secret, params)).hex()


def _kuaishou_sha256(secret: str, params: Params) -> str:
    return _base64(_hmac(secret, _kuaishou_text(secret, params)))


def _kuaidi100(secret: str, params: Params) -> str:
    """Three rules: ``query`` ends in the customer, ``print`` adds the time, ``ent`` does not."""
    head, key = params["param"], params["key"]
    match params["op"]:
        case "query":
            return _upper(_md5(head + key + params["customer"]))
        case "print":
            return _upper(_md5(head + params["t"] + key + secret))
        case "ent":
            return _upper(_md5(head + key + secret))
        case other:
            raise KeyError(other)


def _cainiao(secret: str, params: Params) -> str:
    return _base64(_md5(params["logistics_interface"] + secret))


def _dingtalk(secret: str, params: Params) -> str:
    return _base64(_hmac(secret, f"{params['timestamp']}\n{secret}"))


def _feishu(secret: str, params: Params) -> str:
    """DingTalk's parts with key and message exchanged."""
    return _base64(_hmac(f"{params['timestamp']}\n{secret}", ""))


def _sf(secret: str, params: Params) -> str:
    """Encodes as java.net.URLEncoder does, which differs from Python on ``*`` and ``~``."""
    text = params["msgData"] + params["timestamp"] + secret
    return _base64(_md5(quote_plus(text, safe="*").replace("~", "%7E")))


def _body(secret: str, params: Params) -> str:
    """Webhooks: the raw body, byte for byte."""
    return _base64(_hmac(secret, params["body"]))


_RECIPES: dict[tuple[str, str], Recipe] = {
    ("taobao_top", "md5"): _wrapped,
    ("taobao_top", "hmac"): _top_hmac,
    ("taobao_top", "hmac-sha256"): _top_sha256,
    ("jd_jos", "md5"): _wrapped,
    ("pdd", "md5"): _wrapped,
    ("douyin_shop", "hmac-sha256"): _douyin_sha256,
    ("douyin_shop", "md5"): _douyin_md5,
    ("douyin_push", "md5"): _douyin_push,
    ("kuaishou", "MD5"): _kuaishou_md5,
    ("kuaishou", "HMAC_SHA256"): _kuaishou_sha256,
    ("kuaidi100", "md5"): _kuaidi100,
    ("cainiao_link", "md5-base64"): _cainiao,
    ("sf_express", "md5-base64"): _sf,
    ("dingtalk_robot", "hmac-sha256-base64"): _dingtalk,
    ("feishu_robot", "hmac-sha256-base64"): _feishu,
    ("shopify_webhook", "hmac-sha256-base64"): _body,
    ("woocommerce_webhook", "hmac-sha256-base64"): _body,
}
