"""The right to call a platform for a shop: its token, renewed once for everybody; bans, kept.

A refused token or clock is set right and the same call made anew, once each, and a short ban is
waited out: a platform that refuses a call carried nothing out. On the day of a sale one call in
twenty may get through; a window that began anew with each refusal would never be read to its end.
Nothing of a report is waited for (``at_once``): by then the buyer may want the money back.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar, runtime_checkable

from core.ports import CallFailed, Deliveries, Fault
from drivers.channels.calls import Line

P = ParamSpec("P")
T = TypeVar("T")
AHEAD_MS = 60_000
"""How long before their end tokens are renewed."""
JD_AHEAD_MS = 23 * 3_600_000
"""JD renews a token in its last day only, and never once it ended; that day may begin at night."""
_AHEAD_AGAIN_S = 1800.0
"""A renewal ahead of the end that was refused is tried again this much later: some platforms count
them."""
PATIENCE_S = 60.0
"""The longest ban that a call waits out; a longer one is its caller's to plan with."""
_MOST_WAITED_S = 300.0
"""All the bans that one call waits out."""
_MARGIN_S = 0.1
_PASSING = (Fault.TRANSIENT, Fault.RATE, Fault.CLOCK)
"""Failures that say nothing about the authorisation itself."""


_REPORTING: ContextVar[bool] = ContextVar("reporting", default=False)


def at_once(report: Callable[P, T]) -> Callable[P, T]:
    """For a connector's ``ship`` and ``reship``: the order was looked at right before, and a ban
    that is waited out on the way makes that look an old one."""

    @wraps(report)
    def reported(*args: P.args, **kwargs: P.kwargs) -> T:
        token = _REPORTING.set(True)
        try:
            return report(*args, **kwargs)
        finally:
            _REPORTING.reset(token)

    return reported


def reporting() -> bool:
    """Whether this call is a part of a report."""
    return _REPORTING.get()


@dataclass(frozen=True, slots=True)
class Tokens:
    """What lets an app act for a shop; both are secrets."""

    session: str
    refresh_token: str = ""
    """"" for apps whose session cannot be renewed."""
    expires_at: int = field(default=0, compare=False)
    """When the session ends, UTC milliseconds on the platform's clock; 0 when not known."""
    given_at: int = field(default=0, compare=False)
    """When the platform gave them, likewise."""

    def renewed_from(self, ahead_ms: int) -> int | None:
        """From when on they are renewed: so long before their end, yet not in the first half of
        their life; None when nobody knows their end."""
        if not self.expires_at:
            return None
        half = (self.given_at + self.expires_at) // 2 if self.given_at else 0
        return max(self.expires_at - ahead_ms, half)

    def __repr__(self) -> str:
        """Without the secrets: this may end in a log."""
        return "Tokens(...)"


@runtime_checkable
class Shared(Protocol):
    """A place for tokens that several processes use; called with new ones, it saves them."""

    def __call__(self, tokens: Tokens) -> None:
        """Keep new tokens."""

    def newest(self) -> Tokens:
        """The tokens that were kept last, by whichever process."""

    def alone(self) -> AbstractContextManager[None]:
        """While this lasts no other process renews."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopAccess:
    """How a shop is reached, whatever its platform."""

    code: str
    """Our code of the shop."""
    url: str
    """The platform's gateway, or the site's own address."""
    app_key: str = ""
    app_secret: str = field(default="", repr=False)
    tokens: Tokens = field(default_factory=lambda: Tokens(""))
    save_tokens: Callable[[Tokens], None] | None = None
    """Keeps renewed tokens before they are used, the old ones are dead by then; for several
    processes when it is ``Shared``."""
    carriers: Mapping[str, str] = field(default_factory=dict)
    """Our carrier codes in the platform's, where this shop's differ from the usual ones."""
    platform: str = ""
    """Where the shop is, for one that is reached through an aggregator."""
    callback: str = ""
    """The address of our door as the outside sees it; "" when there is none."""
    push_secret: str = field(default="", repr=False)
    """What messages to our door are signed with."""
    deliveries: Deliveries | None = None
    """What an aggregator delivers is kept here; None where nothing is kept."""


class Access:
    """Runs calls with the shop's token; safe across threads."""

    def __init__(
        self,
        line: Line,
        shop: ShopAccess,
        renew: Callable[[Tokens], Tokens | None],
        *,
        expired: frozenset[str] = frozenset(),
        ahead_ms: int = AHEAD_MS,
    ) -> None:
        """``renew`` asks for new tokens, None when there are none to be had; ``expired`` are the
        failure codes that a new token cures; tokens are renewed ``ahead_ms`` before they end."""
        tokens, save = shop.tokens, shop.save_tokens
        self.line = line
        self._shared = save if isinstance(save, Shared) else None
        kept = self._shared.newest() if self._shared else tokens
        self._tokens = kept if kept.session == tokens.session else tokens
        self._renew = renew
        self._expired = expired
        self._ahead_ms = ahead_ms
        self._ahead_not_before = float("-inf")
        self._save = save
        self._renewing = threading.Lock()
        self._bans: dict[str, float] = {}

    def run(self, name: str, once: Callable[[str], T]) -> T:
        """What ``once(token)`` gives. Raises CallFailed, within a report also for a short ban."""
        tried: set[Fault] = set()
        waited = 0.0
        while True:
            session = ""
            try:
                self._heed_ban(name)
                session = self._fresh()
                return once(session)
            except CallFailed as failed:
                self._note_ban(name, failed)
                wait_s = failed.wait_s or 0.0
                if failed.fault is Fault.RATE and self._waits_out(wait_s, waited):
                    waited += wait_s
                    continue
                if failed.fault in tried or not self._remedied(failed, session):
                    raise
                tried.add(failed.fault)

    def _waits_out(self, wait_s: float, waited: float) -> bool:
        """Whether a ban is over now, because it was short enough to wait for its end."""
        if reporting() or not 0 < wait_s <= PATIENCE_S or waited + wait_s > _MOST_WAITED_S:
            return False
        return self.line.wait(wait_s + _MARGIN_S)

    def _fresh(self) -> str:
        """The token, renewed when there is none or it ends soon; an old one is better than none."""
        tokens = self._tokens
        if not tokens.session:
            self._renewed("")
        elif self._ends_soon(tokens):
            with suppress(CallFailed):
                self._renewed(tokens.session)
        return self._tokens.session

    def _ends_soon(self, tokens: Tokens) -> bool:
        """Whether it is time to renew, and this caller is the one to try."""
        since, now = tokens.renewed_from(self._ahead_ms), self.line.clock.monotonic()
        if since is None or self.line.server_now() < since or now < self._ahead_not_before:
            return False
        self._ahead_not_before = now + _AHEAD_AGAIN_S
        return True

    def _remedied(self, failed: CallFailed, session: str) -> bool:
        """Whether the same call may succeed now. The clock was set by the refusal's own Date."""
        if failed.fault is Fault.CLOCK:
            return True
        return failed.code in self._expired and self._renewed(session)

    def _renewed(self, refused: str) -> bool:
        """Renew the token once for however many calls were refused with the old one."""
        with self._renewing, self._shared.alone() if self._shared else nullcontext():
            if self._tokens.session != refused or self._adopted(refused):
                return True
            tokens = self._asked_anew()
            if tokens is None:
                return False
            if self._save is not None:
                self._save(tokens)
            self._tokens = tokens
            return True

    def _adopted(self, refused: str) -> bool:
        """Whether another process has renewed meanwhile; its tokens are the ones that work."""
        kept = self._shared.newest() if self._shared else self._tokens
        if not kept.session or kept.session == refused:
            return False
        self._tokens = kept
        return True

    def _asked_anew(self) -> Tokens | None:
        try:
            return self._renew(self._tokens)
        except CallFailed as failed:
            if not self._tokens.session or failed.fault in _PASSING:
                raise
            return None

    def _note_ban(self, name: str, failed: CallFailed) -> None:
        if failed.fault is Fault.RATE and failed.wait_s:
            self._bans[name] = self.line.clock.monotonic() + failed.wait_s

    def _heed_ban(self, name: str) -> None:
        """Calls during a ban are not sent: they would only be refused, and counted."""
        left = self._bans.get(name, 0.0) - self.line.clock.monotonic()
        if left > 0:
            raise CallFailed(Fault.RATE, "banned", name, wait_s=left)


def ahead_ms(channel: str) -> int:
    """How long before their end a channel's tokens are renewed."""
    return JD_AHEAD_MS if channel == "jd" else AHEAD_MS


def tokens_in(told: Mapping[str, Any], now: int, refresh_token: str = "") -> Tokens | None:
    """The tokens of an answer, with how long they last from ``now`` on; None when it has none.

    ``refresh_token`` is kept where no new one is told.
    """
    if not told.get("access_token"):
        return None
    lasts = str(told.get("expires_in") or "")
    return Tokens(
        str(told["access_token"]),
        str(told.get("refresh_token") or refresh_token),
        now + int(lasts) * 1000 if lasts.isdecimal() else 0,
        now,
    )
