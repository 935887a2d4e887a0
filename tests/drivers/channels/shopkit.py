"""What the tests of all shop connectors share: a platform, a shop connected to it, its evenings."""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pytest

from core.clock import Clock, SetClock
from core.ports import CallFailed, Shipment
from drivers.channels.access import ShopAccess, Tokens
from drivers.channels.connector import Limits
from drivers.channels.pages import Backwards
from drivers.simulated.deals import SimLine, SimOrder
from drivers.simulated.shop import SimulatedTaobao

NOON = 1_768_881_600_000  # 2026-01-20 12:00:00 in Shanghai
TWO = (SimLine(sku="TEA-1", title="茶", price_cents=990, quantity=2), SimLine(sku="CUP-2"))


@dataclass(frozen=True)
class Kind:
    """One platform and how a shop connects to it."""

    name: str
    server: Callable[..., Any]
    shop: Callable[..., Any]
    listing: str
    """What a listing call is called in scripts."""
    detail: str
    """As well, a call for one order."""
    ship: str
    """As well, the call that reports a waybill."""
    renews: bool = True
    clocked: bool = True
    """Whether a call carries a time that can be wrong."""
    asks: bool = True
    """Whether buyers ask for their money on the platform."""
    noted: bool = True
    """Whether the seller's note is a field of the order."""
    at_once: bool = True
    """Whether one call reports a waybill; otherwise half of it may have been done."""
    tells_wait: bool = True
    """Whether a refusal for too many calls says how long it lasts."""
    single: bool = False
    """Whether an order has one line only."""
    remarks: bool = True
    """Whether buyers can leave a note."""
    refuses_again: str = ""
    """The code of a second report of the same waybill; "" when it is no failure."""
    usual: Mapping[str, Any] = field(default_factory=dict)
    """What is other than usual about its shop; see ``connect``."""

    def connect(self, server: Any, clock: Clock, **told: Any) -> Any:
        """A shop on that server; ``told`` are parts of its access and its limits, the tokens
        ``session`` (until ``session_ends``) and ``refresh_token``, and what only its platform
        has."""
        told = {"page_size": 5, "per_second": 0, "read_s": 2.0, **self.usual, **told}
        tokens = Tokens(
            told.pop("session", "session"),
            told.pop("refresh_token", "refresh"),
            told.pop("session_ends", 0),
        )
        access = {"url": server.url, "app_key": server.app_key, "app_secret": "secret"}
        access |= taken(told, ShopAccess)
        limits = Limits(**taken(told, Limits))
        return self.shop(ShopAccess(code=self.name, tokens=tokens, **access), clock, limits, **told)

    def __str__(self) -> str:
        return self.name


def taken(told: dict[str, Any], kind: Any) -> dict[str, Any]:
    """What of it are fields of a dataclass; the rest stays."""
    return {part.name: told.pop(part.name) for part in fields(kind) if part.name in told}


@dataclass
class Floor:
    """A platform, a shop connected to it, and their clocks."""

    kind: Kind
    server: Any
    clock: SetClock
    made: list[Any] = field(default_factory=list)

    def shop(self, clock: SetClock | None = None, **more: Any) -> Any:
        shop = self.kind.connect(self.server, clock or self.clock, **more)
        self.made.append(shop)
        return shop

    def lines(self) -> tuple[SimLine, ...]:
        """Two lines, or as many as an order of this platform has."""
        return TWO[:1] if self.kind.single else TWO

    def place(self, count: int = 1, **told: Any) -> list[str]:
        told.setdefault("lines", TWO[:1])
        return [self.server.place(SimOrder(**told)) for _ in range(count)]


@contextmanager
def opened(kind: Kind) -> Iterator[Floor]:
    """A platform in business, and a floor to connect shops to it."""
    clock = SetClock(NOON)
    with kind.server(clock) as server:
        floor = Floor(kind, server, clock)
        yield floor
        for shop in floor.made:
            shop.close()


def vectors(platform: str) -> list[Any]:
    """Signatures computed by somebody else, as parameters of a test."""
    path = Path(__file__).parents[1] / "signing" / "sign_vectors.json"
    told = json.loads(path.read_text(encoding="utf-8"))["vectors"]
    return [pytest.param(v, id=v["id"]) for v in told if v["platform"] == platform]


def listed(shop: Any, start: int = NOON - 60_000, end: int = NOON + 60_000) -> list[str]:
    return [number for page in shop.changes(start, end) for number in page]


def refused(call: Callable[[], object]) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        call()
    return caught.value


def parcel(
    number: str,
    *subs: str,
    waybill: str = "ZT0000001",
    carrier: str = "zto",
    reference: str = "7c9e6679-7425-40de-944b-e07fc1f90ae7",
) -> Shipment:
    return Shipment(
        platform_number=number,
        sub_numbers=subs,
        carrier=carrier,
        waybill=waybill,
        reference=reference,
    )


@dataclass
class Evening:
    """A sale: orders come within minutes and change a few times each, also between two pages."""

    floor: Floor
    seed: int
    orders: int = 120
    due: list[tuple[int, int]] = field(default_factory=list)
    numbers: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        draw = random.Random(self.seed)
        for order in range(self.orders):
            at = draw.randrange(0, 240)
            later = [at + draw.randrange(1, 700) for _ in range(draw.randrange(2, 6))]
            self.due += [(NOON + second * 1000, order) for second in (at, *later)]
        self.due.sort(reverse=True)
        self.floor.server.late = (0.05, 90.0)
        self.floor.server.between_pages = lambda: self.pass_by(1)

    def pass_by(self, seconds: int) -> None:
        for _ in range(seconds):
            self.floor.clock.advance(1)
            while self.due and self.due[-1][0] <= self.floor.clock.now():
                self.happen(self.due.pop()[1])

    def happen(self, order: int) -> None:
        if order in self.numbers:
            self.floor.server.memo(self.numbers[order], "changed")
        else:
            self.numbers[order] = self.floor.place()[0]


def modified(server: Any, number: str) -> object:
    """When an order was last changed, as its platform keeps it."""
    if isinstance(server, SimulatedTaobao):
        return server._trades[number]["modified"]
    return server.deals[number].modified_at


def follow(evening: Evening, read: Callable[[Any, int, int], list[str]] = listed) -> list[str]:
    """What core does every five minutes; the orders whose last state it never saw."""
    server, shop = evening.floor.server, evening.floor.shop(page_size=10)
    known: dict[str, object] = {}
    reached = NOON - 60_000
    while evening.due or reached < NOON + 1_200_000:
        evening.pass_by(300)
        horizon = shop.server_now() - shop.rules.delay_s * 1000
        for number in read(shop, reached - shop.rules.overlap_s * 1000, horizon):
            known[number] = modified(server, number)
        reached = horizon
    return [n for n in server.orders if known.get(n) != modified(server, n)]


def lost_in_evenings(
    kind: Kind, seeds: Iterable[int], read: Callable[[Any, int, int], list[str]]
) -> list[str]:
    """The orders whose last state is never seen in some evenings, read so."""
    lost = []
    for seed in seeds:
        with opened(kind) as floor:
            lost += follow(Evening(floor, seed), read)
    return lost


def forwards(window: Backwards) -> list[str]:
    """How a listing is not to be read: the first page first."""
    found, page, more = list[str](), 1, True
    while more:
        numbers, more = window._page(page)
        found += numbers
        page += 1
    return found
