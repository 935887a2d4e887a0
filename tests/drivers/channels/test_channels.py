"""Every channel can be connected by its name alone, and speaks words core knows."""

import tomllib
from importlib import resources
from typing import Any

import pytest

from core.clock import SetClock
from core.orders.values import value_map
from drivers.channels import CHANNELS, ShopAccess, Tokens
from drivers.simulated.deals import SimLine, SimOrder
from drivers.simulated.jd import SimulatedJd
from drivers.simulated.ktt import SimulatedKtt
from drivers.simulated.pdd import SimulatedPdd
from drivers.simulated.shop import SimulatedTaobao

NOON = 1_768_881_600_000  # 2026-01-20 12:00:00 in Shanghai


@pytest.mark.parametrize("name", CHANNELS)
def test_a_shop_is_made_by_its_channels_name(name: str) -> None:
    access = ShopAccess(code="s1", url="http://127.0.0.1:9/", app_key="k", app_secret="hidden")
    shop = CHANNELS[name](access, SetClock(NOON))
    assert shop.server_now() == NOON and shop.rules.delay_s >= 180
    shop.close()
    assert "hidden" not in repr(access)


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_has_words_in_ours(name: str) -> None:
    words = value_map(name)
    assert "to_ship" in words.order_status.values()
    assert set(words.refund.values()) <= {"none", "open", "refunded"}
    assert words.status_of("never heard of") == words.refund_of("never heard of") == "unknown"


@pytest.mark.parametrize("name", ["jd", "pdd", "ktt"])
def test_a_vocabulary_uses_the_cores_words_only(name: str) -> None:
    file = resources.files("data").joinpath("channels", f"{name}.toml")
    told = tomllib.loads(file.read_text(encoding="utf-8"))
    assert set(told["order_status"].values()) <= {
        *("unpaid", "hold", "to_ship", "partial", "shipped", "done", "closed")
    }
    assert set(told["refund"].values()) == {"none", "open", "refunded"}


@pytest.mark.parametrize(
    ("name", "platform"),
    [
        ("taobao", SimulatedTaobao),
        ("jd", SimulatedJd),
        ("pdd", SimulatedPdd),
        ("ktt", SimulatedKtt),
    ],
)
def test_one_day_plays_on_any_platform(name: str, platform: Any) -> None:
    clock = SetClock(NOON)
    kept: list[Tokens] = []
    with platform(clock, **({"token_days": 1} if platform is SimulatedJd else {})) as server:
        access = ShopAccess(
            code="s1",
            url=server.url,
            app_key=server.app_key,
            app_secret="secret",
            tokens=Tokens("session", "refresh", NOON + 3_600_000),
            save_tokens=kept.append,
        )
        shop = CHANNELS[name](access, clock)
        number = server.place(SimOrder(lines=(SimLine(sku="A", quantity=2),)))
        if server.renews_ended:
            server.expire()
        assert [n for page in shop.changes(NOON, NOON + 1) for n in page] == [number]
        order = shop.detail(number)
        assert value_map(name).status_of(order.status) == "to_ship"
        assert [line.quantity for line in order.lines] == [2]
        assert len(kept) == 1 and kept[0].session == server.session
        shop.close()
