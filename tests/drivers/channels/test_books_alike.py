"""Every platform's second listing, by creation or payment: what the books are checked with."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.ports import CallFailed, Fault
from core.sync.reconcile import HOUR_MS, Listed
from drivers.simulated.shop import SimulatedTaobao
from tests.drivers.channels import kinds
from tests.drivers.channels.shopkit import NOON, Floor, opened, refused

KINDS = [
    *(kinds.TAOBAO, kinds.JD, kinds.PDD, kinds.KTT, kinds.DOUYIN),
    *(kinds.WECHAT, kinds.KUAISHOU, kinds.SHOPIFY, kinds.WOO, kinds.VENDURE),
]


@pytest.fixture(params=KINDS, ids=str)
def floor(request: pytest.FixtureRequest) -> Iterator[Floor]:
    with opened(request.param) as floor:
        yield floor


def created(shop: Any, start: int, end: int) -> list[str]:
    return [number for page in shop.created(start, end) for number in page]


def test_an_hour_holds_what_was_made_in_it_whatever_became_of_it(floor: Floor) -> None:
    assert isinstance(floor.shop(), Listed)
    early = floor.place()
    floor.clock.advance(3600)  # from here on the hour that is asked for
    made = floor.place(12)
    floor.clock.advance(1800)
    floor.server.close(made[3])
    floor.clock.advance(1799)
    made += floor.place()
    floor.clock.advance(1)
    late = floor.place()
    floor.server.memo(early[0], "changed within")
    for number in (*made[:3], *late):
        floor.server.memo(number, "changed after")
    shop = floor.shop()
    hours = [created(shop, NOON + n * HOUR_MS, NOON + (n + 1) * HOUR_MS) for n in range(3)]
    assert [set(hour) for hour in hours] == [set(early), set(made), set(late)]


def test_two_hundred_orders_of_one_second_are_all_listed(floor: Floor) -> None:
    made = floor.place(200)
    assert set(created(floor.shop(page_size=20), NOON, NOON + HOUR_MS)) == set(made)


def test_a_listing_that_breaks_off_is_no_count(floor: Floor) -> None:
    floor.place(12)
    shop = floor.shop()
    assert len(set(created(shop, NOON, NOON + HOUR_MS))) == 12
    floor.server.script([{"at": "*", "do": "html502", "times": 9}])
    with pytest.raises(CallFailed):
        created(shop, NOON, NOON + HOUR_MS)


@pytest.mark.parametrize("trouble", ["empty", "truncated", "isp", "drop"])
@pytest.mark.parametrize("call", [1, 2])
def test_a_bad_page_of_any_kind_is_no_count(floor: Floor, trouble: str, call: int) -> None:
    made, shop = floor.place(12), floor.shop()
    shop.detail(made[0])  # whatever is needed to speak at all
    floor.server.script([{"at": f"*#{call}", "do": trouble}])
    assert refused(lambda: created(shop, NOON, NOON + HOUR_MS)).fault is Fault.TRANSIENT
    assert set(created(shop, NOON, NOON + HOUR_MS)) == set(made)


def test_nothing_slips_past_while_orders_leave_the_listing(floor: Floor) -> None:
    """Groups that fall apart, baskets that are deleted: those behind them move up a place."""
    made = list[str]()
    for _ in range(32):
        made += floor.place()
        floor.clock.advance(1)
    leaving = made[::4]
    turn = iter(leaving[::-1])
    floor.server.between_pages = lambda: vanish(floor.server, next(turn, ""))
    assert set(created(floor.shop(), NOON, NOON + HOUR_MS)) >= set(made) - set(leaving)


def vanish(server: Any, number: str) -> None:
    """From now on no listing shows this order."""
    taobao = isinstance(server, SimulatedTaobao)
    if number:
        (server._versions[number] if taobao else server.deals[number].versions).clear()


def test_a_row_shown_late_is_listed_once_it_is_shown(floor: Floor) -> None:
    floor.server.late = (1.0, 90.0)
    made, shop = floor.place(6), floor.shop()
    assert len(created(shop, NOON, NOON + HOUR_MS)) < 6
    floor.clock.advance(91)
    assert set(created(shop, NOON, NOON + HOUR_MS)) == set(made)


@pytest.mark.parametrize(
    ("kind", "days"),
    [(kinds.TAOBAO, 91), (kinds.JD, 32), (kinds.PDD, 2), (kinds.KTT, 2), (kinds.WECHAT, 8)],
    ids=str,
)
def test_the_platform_refuses_what_is_wider_than_it_allows(kind: Any, days: int) -> None:
    with opened(kind) as floor:
        shop = floor.shop()
        failed = refused(lambda: created(shop, NOON, NOON + days * 24 * HOUR_MS))
        assert failed.fault is not Fault.TRANSIENT
        assert created(shop, NOON, NOON + HOUR_MS) == []


def test_a_group_belongs_to_the_hour_in_which_it_formed() -> None:
    with opened(kinds.PDD) as floor:
        (number,), shop = floor.place(), floor.shop()
        floor.server.hold(number, "team_buy_hold")
        assert created(shop, NOON, NOON + HOUR_MS) == []
        floor.clock.advance(7200)
        floor.server.hold(number, "team_buy_hold", on=False)
        assert created(shop, NOON, NOON + HOUR_MS) == []
        assert created(shop, NOON + 2 * HOUR_MS, NOON + 3 * HOUR_MS) == [number]
        assert shop.detail(number).paid_at == NOON + 2 * HOUR_MS
