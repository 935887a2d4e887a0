"""What every simulated shop platform does, however it keeps and writes its orders.

It knows who may call and how often, dates what changes and decides when a listing shows it, and
keeps what it refused. Verbs of every such platform: ``ban S`` (the call is banned for S seconds),
``isp`` (its own trouble; not carried out), ``isp_after`` (the same, carried out), ``expire`` (the
token has run out), ``duplicate`` (a page repeats its first row), ``skew S`` (its clock is S seconds
ahead from now on).
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from core.clock import Clock
from drivers.simulated.faults import Fault
from drivers.simulated.http import Reply, Request, SimulatedServer

T = TypeVar("T")
_DAY_MS, _SHANGHAI_MS = 86_400_000, 8 * 3_600_000


class Limited(Exception):  # noqa: N818 - the platform's answer, not an error of ours
    """The call came too often: ``wait_s`` more seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"{wait_s:.1f} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Standing:
    """How an order stands at its platform, in the same plain words for all of them."""

    stage: str
    """unpaid, hold, to_ship, partial, shipped, done or closed."""
    refunds: Mapping[str, str]
    """Line number -> none, open, withdrawn, refunded, or a word of the platform's own."""
    modified_at: int
    """When it last changed, UTC milliseconds."""

    @property
    def refunded(self) -> bool:
        """Whether money of it went back, or may."""
        return self.stage == "closed" or bool(set(self.refunds.values()) - {"none", "withdrawn"})


class Platform(SimulatedServer):
    """One shop's platform. Its state may be changed from any thread while calls come in.

    The journal tells every waybill that was accepted (``what`` is ``shipped``: tid, waybill, oids,
    and when the order was last asked about before) and every wish for money (``refund``: tid,
    oids, word) in the order in which they happened.
    """

    own_verbs = frozenset({"ban", "isp", "isp_after", "expire", "duplicate", "skew"})
    tells_wishes = True
    """Whether a buyer's wish for money is told before the money goes back."""
    tells_unpaid = True
    """Whether orders are told before they are paid."""
    renews_ended = True
    """Whether a token that ran out can still be renewed; else a person authorises the app anew."""
    ships_whole = False
    """Whether an order can only be shipped as a whole."""

    def __init__(
        self,
        clock: Clock,
        app_key: str,
        app_secret: str,
        session: str = "",
        refresh_token: str = "",
        *,
        late: tuple[float, float] = (0.0, 0.0),
        limit: tuple[int, float] | None = None,
        refuse_refunds: bool = True,
        first_number: int = 6_900_000_000_000_000_007,
        step: int = 10_007,
        seed: int = 1,
    ) -> None:
        """``late`` is the share of changes that are listed only up to so many seconds later;
        ``limit`` so many calls of a name per so many seconds; ``refuse_refunds`` whether lines
        under refund cannot be shipped; numbers count from ``first_number`` in ``step``."""
        super().__init__(clock)
        self.app_key, self._app_secret = app_key, app_secret
        self.session, self.refresh_token = session, refresh_token
        self.late, self.limit = late, limit
        self.refuse_refunds = refuse_refunds
        self.between_pages: Callable[[], None] | None = None
        """Called after each page of a listing was answered, under the lock: the world moves on."""
        self.refusals: list[dict[str, str]] = []
        """Every shipment that was refused: tid, waybill, code."""
        self._random = random.Random(seed)
        self._last, self._step = first_number, step
        self._expired: set[str] = set()
        self._renewals = 0
        self._waybills: dict[str, str] = {}
        self._bans: dict[str, int] = {}
        self._recent: dict[str, list[int]] = {}
        self._duplicate = False
        self.decrypts_a_day = 1000
        """How often a day this app may ask who somebody is."""
        self.decrypts_apart_s = 0.0
        self._decrypts: list[int] = []

    # --- how orders stand -------------------------------------------------------------------------

    def numbers(self) -> list[str]:
        """The number of every order that was placed."""
        raise NotImplementedError

    def standing(self, number: str) -> Standing:
        """How one order stands now."""
        raise NotImplementedError

    # --- who may call -----------------------------------------------------------------------------

    def expire(self) -> None:
        """The token runs out; where ``renews_ended``, the refresh token still works."""
        with self.lock:
            self._expired.add(self.session)

    def revoke(self) -> None:
        """The seller withdraws the authorisation: neither token works."""
        with self.lock:
            self.expire()
            self.refresh_token = ""

    def authorise(self) -> None:
        """The seller allows the app anew: tokens that work, told to nobody but them."""
        with self.lock:
            self._renewals += 1
            self.session, self.refresh_token = f"s{self._renewals}", f"f{self._renewals}"

    def in_session(self, token: str) -> bool:
        """Whether a token is the right one and has not run out."""
        return token == self.session and token not in self._expired

    def renew(self) -> dict[str, Any]:
        """Hand out new tokens, after which the old ones are dead."""
        self.authorise()
        self.commit(what="renewed")
        return {"access_token": self.session, "refresh_token": self.refresh_token}

    def rate(self, name: str) -> None:
        """Count a call; raises Limited for one that is banned or comes too often."""
        now = self.now()
        if self.limit is not None:
            count, seconds = self.limit
            recent = [at for at in self._recent.get(name, []) if at > now - seconds * 1000]
            self._recent[name] = [*recent, now]
            if len(recent) >= count and self._bans.get(name, 0) <= now:
                self._bans[name] = now + int(seconds * 1000)
        if self._bans.get(name, 0) > now:
            raise Limited((self._bans[name] - now) / 1000)

    def decrypting(self) -> float:
        """Count a call that tells who somebody is; the seconds to wait when it may not be."""
        now, day = self.now(), (self.now() + _SHANGHAI_MS) // _DAY_MS
        today = [at for at in self._decrypts if (at + _SHANGHAI_MS) // _DAY_MS == day]
        if len(today) >= self.decrypts_a_day:
            return ((day + 1) * _DAY_MS - _SHANGHAI_MS - now) / 1000
        apart = self.decrypts_apart_s * 1000
        if today and now - today[-1] < apart:
            return (today[-1] + apart - now) / 1000
        self._decrypts.append(now)
        return 0.0

    # --- numbers, listings, waybills --------------------------------------------------------------

    def next_number(self) -> str:
        """A number never given before."""
        self._last += self._step
        return str(self._last)

    def seen_from(self, at: int) -> int:
        """From when on a listing shows what changes then."""
        share, seconds = self.late
        delay = self._random.uniform(0, seconds) if self._random.random() < share else 0.0
        return at + int(delay * 1000)

    def page(self, told: list[Any]) -> list[Any]:
        """A page of rows as it goes out; afterwards the world moves on."""
        if self._duplicate and told:
            told, self._duplicate = [told[0], *told], False
        if self.between_pages is not None:
            self.between_pages()
        return told

    def is_taken(self, waybill: str, number: str) -> bool:
        """Whether another order has that waybill; from now on this one has it."""
        return self._waybills.setdefault(waybill, number) != number

    def refused(self, number: str, waybill: str, code: str) -> None:
        """The platform does not accept a waybill."""
        self.refusals.append({"tid": number, "waybill": waybill, "code": code})

    @property
    def shipments(self) -> dict[str, list[dict[str, Any]]]:
        """Every waybill that was accepted, by order number, in order of acceptance."""
        found: dict[str, list[dict[str, Any]]] = {}
        for entry in self.journal:
            if entry["what"] == "shipped":
                found.setdefault(entry["tid"], []).append(entry)
        return found

    # --- faults -----------------------------------------------------------------------------------

    def struck(self, fault: Fault, request: Request) -> Reply | None:
        """Play the faults of every platform."""
        match fault.verb:
            case "ban":
                self._bans[self.name(request)] = self.now() + int(fault.number * 1000)
            case "isp" | "isp_after":
                if fault.verb == "isp_after":
                    self.answer(request)
                return self.trouble()
            case "expire":
                self.expire()
            case "duplicate":
                self._duplicate = True
            case "skew":
                self.skew_s = fault.number
        return None

    def trouble(self) -> Reply:
        """How the platform says that something of its own failed."""
        return Reply(b"{}", 500)


def listed(versions: list[tuple[T, int]], now: int) -> T | None:
    """The version a listing shows now, of those dated and seen from some moment; None for none."""
    visible = [index for index, (_, seen_from) in enumerate(versions) if seen_from <= now]
    if not visible:
        return None
    del versions[: visible[-1]]
    return versions[0][0]
