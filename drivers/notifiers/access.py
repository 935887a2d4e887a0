"""How a notifier is reached, and the failures it may raise: never with a secret in them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.ports import CallFailed, Fault
from core.text import clean

_BAN = re.compile(r"(\d{1,5})\s*(?:秒|s\b|seconds?\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a driver needs to know; which parts are used differs by kind."""

    url: str = field(default="", repr=False)
    """The whole address as the platform shows it; "" is the platform's own with ``key``."""
    key: str = field(default="", repr=False)
    """The robot's token, a push service's key, or a mailbox's password."""
    secret: str = field(default="", repr=False)
    """What calls are signed with."""
    mobiles: tuple[str, ...] = ()
    """Whom to mention, where that goes by mobile number."""
    user: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()
    connect_s: float = 5.0
    read_s: float = 20.0

    def hide(self, text: str) -> str:
        """The text without anything secret that an error or an answer may have repeated."""
        for secret in (self.url, self.key, self.secret, *self._tokens()):
            if len(secret) >= 4:
                text = text.replace(secret, "***")
        return clean(text, 200)

    def _tokens(self) -> list[str]:
        """What is secret within the address: long words in its path and query."""
        return [part for part in re.split(r"[/?&=]", self.url) if len(part) >= 16]

    def hidden(self, failure: CallFailed) -> CallFailed:
        """The same failure, fit to be shown and kept."""
        return CallFailed(
            failure.fault,
            failure.code,
            self.hide(failure.text),
            wait_s=failure.wait_s,
            in_doubt=failure.in_doubt,
        )


Meanings = Mapping[str, tuple[Fault, float | None]]
"""The platform's code -> what it means, and how long to wait when it says nothing itself."""


def refused(code: str, text: str, meanings: Meanings) -> CallFailed:
    """The failure behind a code. A refusal was carried out by nobody: it is never in doubt."""
    fault, wait_s = meanings.get(code, (Fault.UNKNOWN, None))
    if fault is Fault.RATE and (told := _BAN.search(text)):
        wait_s = float(told[1])
    return CallFailed(fault, code, text, wait_s=wait_s)
