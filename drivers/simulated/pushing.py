"""How a simulated platform pushes: its message, signed by its own code, over a real socket."""

import hashlib
import hmac
import http.client
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Message:
    """One pushed request, signed."""

    headers: Mapping[str, str]
    body: bytes


class Pushes:
    """A platform that can push; mix it into one and say what its ``message`` is."""

    push_url = ""
    """Where it pushes to."""
    pushed: list[int]
    """The status of every answer it got, 0 for none."""

    def message(self, number: str, name: str = "") -> Message:
        """The message about an order, called ``name``; "" for a new name."""
        raise NotImplementedError

    def push(self, *messages: Message) -> list[int]:
        """Send messages one after the other; the answers' statuses."""
        got = [post(self.push_url, message) for message in messages]
        self.pushed = [*getattr(self, "pushed", []), *got]
        return got


def forged(message: Message) -> Message:
    """The same message, with an order number its signature was not made for."""
    return replace(message, body=message.body.replace(b"0", b"9"))


def respaced(message: Message) -> Message:
    """The same words with other white space than was signed."""
    return replace(message, body=message.body.replace(b":", b": "))


def post(url: str, message: Message, patience_s: float = 5.0) -> int:
    """Send one message; the answer's status, 0 when nobody answered."""
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=patience_s)
    try:
        line.request("POST", parts.path or "/", message.body, dict(message.headers))
        answer = line.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        line.close()
    return answer.status


def hmac_base64(secret: str, body: bytes) -> str:
    """How web shops sign."""
    return b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
