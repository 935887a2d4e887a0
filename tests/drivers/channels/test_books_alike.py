"""Every platform's second listing, by creation or payment: what the books are checked with."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.ports import CallFailed
from core.sync.reconcile import HOUR_MS, Listed
from tests.drivers.channels import kinds
from tests.drivers.channels.shopkit import NOON, Floor, opened

KINDS = [
    *(kinds.TAOBAO, kinds.JD, kinds.PDD, kinds.KTT, kinds.DOUYIN),
    *(kinds.WECHAT, kinds.KUAISHOU, kinds.SHOPIFY, kinds.WOO),
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
