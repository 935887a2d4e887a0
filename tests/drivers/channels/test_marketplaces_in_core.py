"""Orders of the marketplaces through the real intake: what was told becomes what is packed."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from core.orders.policy import ShopPolicy
from core.sync import Shop
from core.sync.pull import pull
from drivers.channels import CHANNELS, ShopAccess, Tokens
from drivers.simulated.deals import SimLine, SimOrder
from drivers.simulated.jd import SimulatedJd
from drivers.simulated.ktt import SimulatedKtt
from drivers.simulated.pdd import SimulatedPdd
from tests.core.orders.warehouse import open_store, quick_folder

PLATFORMS: dict[str, Any] = {"jd": SimulatedJd, "pdd": SimulatedPdd, "ktt": SimulatedKtt}
LINES = (SimLine(sku="TEE", quantity=2), SimLine(sku="CUP", quantity=2))


class Place(NamedTuple):
    name: str
    store: Any
    server: Any
    shop: Shop

    def order(self, **more: Any) -> str:
        return self.server.place(SimOrder(lines=LINES, buyer_note="轻放", **more))

    def follow(self) -> None:
        """Minutes pass and the shop is pulled up to now."""
        self.store.clock.advance(400)
        while pull(self.store, self.shop).windows == 50:
            pass

    def told(self, number: str) -> dict[str, Any]:
        """What is known here: holds, and units left of each product."""
        row = self.store.read.one("SELECT * FROM orders WHERE platform_number = ?", number)
        holds = self.store.read.all(
            "SELECT reason FROM holds WHERE order_id = ? AND released_at IS NULL", row["id"]
        )
        lines = self.store.read.all("SELECT * FROM order_lines WHERE order_id = ?", row["id"])
        return {
            "holds": {hold["reason"] for hold in holds},
            "left": {line["sku_code"]: line["ordered"] - line["refunded"] for line in lines},
            "cancelled": row["cancelled_at"] is not None,
            "note": row["buyer_note"],
        }


@pytest.fixture(params=PLATFORMS)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    name = request.param
    with quick_folder() as folder:
        store = open_store(folder / "packline.db")
        with PLATFORMS[name](store.clock) as server:
            access = ShopAccess(
                code=name,
                url=server.url,
                app_key=server.app_key,
                app_secret="secret",
                tokens=Tokens("session", "refresh"),
            )
            channel = CHANNELS[name](access, store.clock)
            policy = ShopPolicy(shop_id=1, channel=name, tier="standard")
            yield Place(name, store, server, Shop(name, channel, policy))
            channel.close()
        store.close()


def test_a_refund_stops_an_order_and_lets_it_go_again(place: Place) -> None:
    number = place.order()
    place.follow()
    assert place.told(number) == {
        "holds": set(),
        "left": {"TEE": 2, "CUP": 2},
        "cancelled": False,
        "note": "轻放",
    }
    place.server.refund(number)
    place.follow()
    assert place.told(number)["holds"] in ({"refund"}, {"platform_hold"})
    place.server.withdraw_refund(number)
    place.follow()
    assert place.told(number)["holds"] == set()


def test_an_order_closed_at_the_shop_is_not_packed(place: Place) -> None:
    number = place.order()
    place.follow()
    place.server.close(number)
    place.follow()
    assert place.told(number)["cancelled"]


@pytest.mark.parametrize("place", ["ktt"], indirect=True)
def test_units_cancelled_one_by_one_leave_the_rest(place: Place) -> None:
    number = place.order()
    place.follow()
    tee, cup = (item.number for item in place.server.deals[number].items)
    place.server.cancel_units(number, tee)
    place.server.cancel_units(number, cup, 2)
    place.follow()
    assert place.told(number)["left"] == {"TEE": 1, "CUP": 0}
