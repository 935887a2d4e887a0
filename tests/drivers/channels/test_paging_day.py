"""A sale's day, paged: 2,000 orders, 1,500 of them within ten minutes, three to six changes each.

A page takes 0.8 s, during which the world moves on; one row in twenty becomes visible up to 90 s
late; one page in twenty fails and abandons its window. Read from the last page to the first, or
begun anew at the last row seen, with the cursor moved after the window: nothing is missed on any of
twenty days. Read from the first page on, or with the cursor moved before the pages are kept, orders
are missed: proof that the day is bad enough to mean something.
"""

import bisect
import random
from collections.abc import Callable, Iterator

import pytest

from core.clock import SetClock
from core.ports import CallFailed, Fault
from drivers.channels.access import ShopAccess
from drivers.channels.douyin import DouyinShop
from drivers.channels.douyin_order import Page as DouyinPage
from drivers.channels.pages import Backwards, Page
from tests.drivers.channels.shopkit import forwards

DAY_S, BURST_AT, BURST_S = 14 * 3600, 12 * 3600, 600
ORDERS, IN_BURST, SIZE = 2_000, 1_500, 40
PAGE_S, EVERY_S, DELAY_S, OVERLAP_S = 0.8, 300, 180, 60
LATE, LATE_S, FAILS = 0.05, 90, 0.05
DAYS = range(20)
Read = Callable[["Sale", int, int], Iterator[tuple[str, ...]]]


class Sale:
    """What a platform lists at each moment of the day; times are whole seconds."""

    def __init__(self, seed: int, fails: float = FAILS) -> None:
        self.draw = random.Random(seed)
        self.fails = fails
        self.now = 0.0
        self.last: dict[str, int] = {}
        """When each order changed last, whether that is shown or not."""
        shown: list[tuple[float, int, str]] = []
        for n in range(ORDERS):
            burst = n < IN_BURST
            at = BURST_AT + self.draw.randrange(BURST_S) if burst else self.draw.randrange(DAY_S)
            changes = [at + self.draw.randrange(1, 1800) for _ in range(self.draw.randint(3, 6))]
            self.last[f"T{n}"] = max(changes)
            for change in (at, *changes):
                late = self.draw.uniform(0, LATE_S) if self.draw.random() < LATE else 0.0
                shown.append((change + late, change, f"T{n}"))
        self.due = sorted(shown, reverse=True)
        self.listed: dict[str, int] = {}
        self.rows: list[tuple[int, str]] = []

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        while self.due and self.due[-1][0] <= self.now:
            _, at, number = self.due.pop()
            before = self.listed.get(number, -1)
            if at > before:
                if before >= 0:
                    del self.rows[bisect.bisect_left(self.rows, (before, number))]
                bisect.insort(self.rows, (at, number))
                self.listed[number] = at

    def asked(self) -> None:
        """A call takes its time, and may fail."""
        self.pass_by(PAGE_S)
        if self.draw.random() < self.fails:
            raise CallFailed(Fault.TRANSIENT, "http502")

    def window(self, since: int, until: int) -> list[tuple[int, str]]:
        """What a listing of [since, until] holds now, oldest first."""
        begin = bisect.bisect_left(self.rows, (since, ""))
        return self.rows[begin : bisect.bisect_left(self.rows, (until + 1, ""))]


class Newest(Backwards):
    """A listing by page number, newest first, as most platforms have it."""

    def __init__(self, sale: Sale, since: int, until: int) -> None:
        super().__init__(SIZE)
        self.sale, self.since, self.until = sale, since, until

    def _total(self) -> int:
        self.sale.asked()
        return len(self.sale.window(self.since, self.until))

    def _page(self, page: int) -> Page:
        self.sale.asked()
        rows = self.sale.window(self.since, self.until)[::-1]
        part = rows[(page - 1) * SIZE : page * SIZE]
        return tuple(number for _, number in part), page * SIZE < len(rows)


class Restarted(DouyinShop):
    """The connector's own reading, over this day instead of the network."""

    def __init__(self, sale: Sale) -> None:
        super().__init__(ShopAccess(code="dy", url="http://127.0.0.1:9"), SetClock(0))
        self.sale, self._page_size = sale, SIZE

    def _page(self, since: int, until: int, number: int, by: str) -> DouyinPage:
        self.sale.asked()
        rows = self.sale.window(since, until)
        part = rows[number * SIZE : (number + 1) * SIZE]
        numbers = tuple(order for _, order in part)
        return DouyinPage(numbers, len(rows), part[-1][0] if part else 0)


def backwards(sale: Sale, since: int, until: int) -> Iterator[tuple[str, ...]]:
    return Newest(sale, since, until).pages()


def restarted(sale: Sale, since: int, until: int) -> Iterator[tuple[str, ...]]:
    return Restarted(sale)._restarted(since, until, "update_time")


def naive(sale: Sale, since: int, until: int) -> Iterator[tuple[str, ...]]:
    yield tuple(forwards(Newest(sale, since, until)))


def missed(sale: Sale, read: Read, *, hasty: bool = False) -> list[str]:
    """The orders whose last state was never seen on that day; ``hasty`` moves on beforehand."""
    known: dict[str, int] = {}
    reached = 0
    while sale.due or reached <= max(sale.last.values()):
        sale.pass_by(EVERY_S)
        horizon = int(sale.now) - DELAY_S
        since = max(0, reached - OVERLAP_S)
        if hasty:
            reached = horizon
        try:
            for page in read(sale, since, horizon):
                known.update((number, sale.listed[number]) for number in page)
        except CallFailed:
            continue
        reached = horizon
    return [number for number, at in sale.last.items() if known.get(number) != at]


@pytest.mark.parametrize("seed", DAYS)
@pytest.mark.parametrize("read", [backwards, restarted])
def test_nothing_is_missed_on_any_day(seed: int, read: Read) -> None:
    assert missed(Sale(seed), read) == []


def test_the_same_days_lose_orders_when_read_from_the_first_page_on() -> None:
    assert sum(bool(missed(Sale(seed, fails=0), naive)) for seed in DAYS) >= 3


def test_the_same_days_lose_orders_when_the_cursor_moves_too_soon() -> None:
    assert missed(Sale(1), backwards, hasty=True)
