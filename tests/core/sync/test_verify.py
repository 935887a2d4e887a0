"""A success is believed when the shop still shows it minutes later."""

from dataclasses import replace

import pytest

from core.errors import Problem
from core.ports import CallFailed, Fault
from core.sync import Shop
from core.sync.outbox import LOOK_AGAIN_MS
from core.sync.verify import verify
from core.sync.waiting import retry, waiting
from tests.core.orders.warehouse import TAOBAO, column, kinds, one, order, tell, the_order
from tests.core.sync.test_outbox import World


class Forgetful(World):
    """A shop that says yes and forgets, as often as it is told to."""

    def __init__(self, store):
        super().__init__(store)
        self.seller = Shop("tb", self.shop, TAOBAO)

    def forget(self, number="T1"):
        self.shop.parcels.pop(number)

    def look(self):
        self.later(LOOK_AGAIN_MS / 1000 + 1)
        return verify(self.store, self.seller)


@pytest.fixture
def world(store):
    return Forgetful(store)


def test_what_the_shop_shows_is_settled(world):
    world.labelled()
    world.send()
    assert verify(world.store, world.seller) == 0  # minutes later, not at once
    assert (world.look(), world.look()) == (1, 0)
    assert world.state() == ["done"]
    assert waiting(world.store.read) == []


def test_what_the_shop_forgot_is_sent_once_more(world):
    world.labelled()
    world.send()
    world.forget()
    world.look()
    assert (world.state(), the_order(world.store)["backhauled_at"]) == (["due"], None)
    world.send()
    assert world.shop.accepted == [("T1", "WT1")] * 2
    world.look()
    assert (world.state(), the_order(world.store)["backhauled_at"] is not None) == (["done"], True)
    assert kinds(world.store)[-3:] == ["backhauled", "backhaul_lost", "backhauled"]


def test_a_number_that_appears_late_is_not_sent_twice(world):
    world.labelled()
    world.send()
    kept = world.shop.parcels.pop("T1")
    world.look()
    world.shop.parcels["T1"] = kept  # the platform was only slow
    world.send()
    assert world.shop.accepted == [("T1", "WT1")]
    assert world.state() == ["done"]


def test_what_the_shop_forgets_again_is_for_a_person(world):
    world.labelled()
    for _ in range(2):
        world.send()
        world.forget()
        world.look()
    assert world.state() == ["conflict"]
    assert column(world.store, "SELECT rule FROM alerts") == ["backhaul_refused"]
    (row,) = waiting(world.store.read)
    assert (row.kind, row.shop, row.order, row.state) == (
        "backhaul",
        "tb",
        the_order(world.store)["number"],
        "conflict",
    )
    assert world.store.do(lambda tx: retry(tx, row.id)) == row.order
    world.send()
    assert (world.state(), len(world.shop.accepted)) == (["done"], 3)


def test_another_number_in_its_place_is_for_a_person(world):
    world.labelled()
    world.send()
    world.shop.parcels["T1"] = ["OTHER"]
    world.look()
    assert world.state() == ["conflict"]
    assert (
        "OTHER"
        in one(world.store, "SELECT last_answer FROM outbox WHERE kind = 'backhaul'")["last_answer"]
    )


def test_a_shop_that_cannot_be_asked_is_asked_later(world):
    world.labelled()
    world.send()
    world.shop.fails.append(CallFailed(Fault.TRANSIENT, "timeout"))
    with pytest.raises(CallFailed):
        world.look()
    assert verify(world.store, world.seller) == 0
    assert (world.look(), world.look()) == (1, 0)


def test_an_order_cancelled_meanwhile_is_not_sent_again(world):
    world.labelled()
    world.send()
    world.forget()
    tell(world.store, replace(order("T1", version=9), status="TRADE_CLOSED"))
    world.look()
    world.send()
    assert len(world.shop.accepted) == 1


def test_only_what_waits_can_be_tried_again(world):
    world.labelled()
    world.send()
    sent = one(world.store, "SELECT id FROM outbox WHERE kind = 'backhaul'")["id"]
    for unknown in (sent, 999):
        with pytest.raises(Problem) as refused:
            world.store.do(lambda tx, unknown=unknown: retry(tx, unknown))
        assert refused.value.message.id == "outbox.not_waiting"


def test_what_waits_for_a_person_comes_first(world):
    world.labelled("T1")
    world.labelled("T2")
    world.shop.fails.append(CallFailed(Fault.BUSINESS, "F04", "waybill used"))
    world.send()
    world.labelled("T3")
    assert [(row.state, row.attempts) for row in waiting(world.store.read)] == [
        ("conflict", 1),
        ("due", 0),
    ]
