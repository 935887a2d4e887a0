"""Everything leaves exactly once, whatever happens on the way."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.messages import message, unpack
from core.ports import CallFailed, Fault
from core.ports import Sender as From
from core.sync import Sender, Shop
from core.sync.outbox import recover, try_again
from tests.core.orders.warehouse import (
    PACKER,
    TAOBAO,
    bring,
    column,
    line,
    one,
    open_store,
    order,
    quick_folder,
    reasons,
    tell,
    the_order,
    weigh,
)
from tests.core.sync.outside import Crash, Lost, MemoryCarrier, MemoryShop, before, unsure

WAREHOUSE = From(name="仓", phone="0571-1")


class World:
    """One store, one shop, one carrier, and the sender between them."""

    def __init__(self, store):
        self.store = store
        self.shop = MemoryShop(store.clock.now)
        self.carrier = MemoryCarrier()
        self.restart()

    def restart(self):
        """What the next process does first."""
        self.store.do(recover)
        shops = {1: Shop("tb", self.shop, TAOBAO)}
        self.sender = Sender(self.store, shops, self.carrier, WAREHOUSE)

    def placed(self, number):
        self.shop.put(order(number))
        tell(self.store, order(number))

    def labelled(self, number="T1"):
        self.placed(number)
        return bring(self.store, "labelled", number, waybill=f"W{number}")

    def weighed(self, number="T1"):
        self.placed(number)
        order_id = bring(self.store, "weighing", number)
        self.store.do(lambda tx: weigh(tx, order_id), PACKER)
        return order_id

    def send(self):
        return self.sender.send_to_shop(1)

    def carry(self):
        return self.sender.send_to_carrier()

    def later(self, seconds=1000):
        self.store.clock.advance(seconds)

    def state(self, kind="backhaul"):
        return column(self.store, "SELECT state FROM outbox WHERE kind = ? ORDER BY id", kind)


@pytest.fixture
def world(store):
    return World(store)


# --- telling the shop ----------------------------------------------------------------------------


def test_the_shop_is_told_once(world):
    world.labelled()
    world.send()
    world.later()
    world.send()
    assert world.shop.accepted == [("T1", "WT1")]
    assert (world.state(), the_order(world.store)["backhauled_at"] is not None) == (["done"], True)


@pytest.mark.parametrize("trouble", [Lost, before, unsure])
def test_trouble_on_the_line_ends_in_one_shipment(world, trouble):
    world.labelled()
    world.shop.fails.append(trouble())
    world.send()
    assert world.state() == ["due"]
    world.later()
    world.send()
    assert world.shop.accepted == [("T1", "WT1")]
    assert world.state() == ["done"]


@pytest.mark.parametrize("arrived", [False, True])
def test_a_crash_while_calling_asks_before_it_tells_again(world, arrived):
    world.labelled()
    world.shop.fails.append(Lost(Crash()) if arrived else Crash())
    with pytest.raises(Crash):
        world.send()
    assert world.state() == ["calling"]
    world.restart()
    assert one(world.store, "SELECT asked FROM outbox WHERE kind = 'backhaul'")["asked"] == 1
    world.send()
    assert world.shop.accepted == [("T1", "WT1")]
    assert world.state() == ["done"]


def test_already_shipped_with_our_number_is_done(world):
    world.labelled()
    world.shop.parcels["T1"] = ["WT1"]
    world.send()
    assert (world.state(), world.shop.accepted) == (["done"], [])


def test_already_shipped_with_another_number_is_for_a_person(world):
    world.labelled()
    world.shop.parcels["T1"] = ["ELSE"]
    world.send()
    assert world.state() == ["conflict"]
    alert = one(world.store, "SELECT * FROM alerts")
    assert alert["rule"] == "backhaul_refused"
    assert "ELSE" in alert["what"]
    world.later()
    assert world.send() == 0  # nobody insists
    world.shop.parcels["T1"] = ["WT1"]
    world.store.do(lambda tx: try_again(tx, 2))
    world.send()
    assert world.state() == ["done"]


def test_an_open_refund_postpones_and_a_cancel_drops(world):
    world.labelled()
    tell(world.store, order("T1", line(refund="WAIT_SELLER_AGREE"), version=2))
    world.send()
    world.later(60)
    world.send()
    assert (world.state(), world.shop.calls) == (["due"], 0)
    tell(world.store, order("T1", line(refund="SUCCESS"), version=3))
    world.later(60)
    world.send()
    assert (world.state(), world.shop.calls) == (["dropped"], 0)


def test_a_withdrawn_refund_lets_the_number_go_out(world):
    world.labelled()
    tell(world.store, order("T1", line(refund="WAIT_SELLER_AGREE"), version=2))
    world.send()
    tell(world.store, order("T1", line(refund="CLOSED"), version=3))
    world.later(60)
    world.send()
    assert world.shop.accepted == [("T1", "WT1")]


def left(world, *lines):
    """A parcel the courier took before the shop could be told."""
    world.shop.put(order("T1", *lines))
    tell(world.store, order("T1", *lines))
    return bring(world.store, "shipped", "T1", waybill="WT1")


def alerts(world):
    """Rules that stand, and whether their reason is over."""
    rows = world.store.read.all("SELECT rule, over_at FROM alerts ORDER BY id")
    return [(row["rule"], row["over_at"] is not None) for row in rows]


ASKED_BACK = line(refund="WAIT_SELLER_AGREE", sub="T1-1")


@pytest.mark.parametrize("stop", [{"status": "PAID_FORBID_CONSIGN"}, {"lines": (ASKED_BACK,)}])
def test_a_stop_after_the_handover_postpones_and_a_person_is_told(world, stop):
    left(world)
    tell(world.store, replace(order("T1", version=2), **stop))
    world.send()
    world.later(60)
    world.send()
    assert (world.state(), world.shop.calls) == (["due"], 0)
    assert alerts(world) == [("stopped_after_handover", False)]
    assert "WT1" in one(world.store, "SELECT what FROM alerts")["what"]
    tell(world.store, order("T1", version=3))
    assert alerts(world) == [("stopped_after_handover", True)]
    world.later(60)
    world.send()
    assert world.shop.accepted == [("T1", "WT1")]


def test_a_stop_that_is_seen_right_before_the_call_stops_it(world):
    left(world)
    world.shop.put(order("T1", line(refund="WAIT_SELLER_AGREE"), version=2))
    world.send()
    assert (world.state(), world.shop.accepted) == (["due"], [])
    assert alerts(world) == [("stopped_after_handover", False)]


def test_a_refund_of_what_the_shop_knows_has_left_is_its_own_affair(world):
    left(world)
    world.send()
    tell(world.store, order("T1", line(refund="WAIT_SELLER_AGREE"), version=2))
    assert (world.state(), alerts(world)) == (["done"], [])


def test_money_that_went_back_after_the_handover_ends_the_telling(world):
    left(world)
    tell(world.store, order("T1", line(refund="WAIT_SELLER_AGREE"), version=2))
    tell(world.store, order("T1", line(refund="SUCCESS"), version=3))
    world.later(60)
    world.send()
    assert (world.state(), world.shop.calls) == (["dropped"], 0)
    assert alerts(world) == [("stopped_after_handover", True), ("closed_after_handover", False)]


def test_a_line_paid_back_after_the_handover_is_not_told(world):
    tee, cup = line("TEE", sub="T1-1"), line("CUP", sub="T1-2")
    left(world, tee, cup)
    tell(world.store, order("T1", replace(tee, refund="SUCCESS"), cup, version=2))
    world.shop.put(order("T1", replace(tee, refund="SUCCESS"), cup, version=2))
    world.send()
    assert world.shop.told_of == [("T1-2",)]


def test_a_ban_is_waited_out_for_every_order_of_the_shop(world):
    """Otherwise each waiting parcel would knock once more and lengthen the ban."""
    for i in range(5):
        world.labelled(f"T{i}")
    world.shop.fails.append(CallFailed(Fault.RATE, "7", wait_s=120))
    for _ in range(10):
        world.send()
        world.later(10)
    assert world.shop.calls == 1
    world.later(60)
    world.send()
    assert [n for n, _ in world.shop.accepted] == [f"T{i}" for i in range(5)]


def test_a_refused_key_stops_the_shop_tells_a_person_once_and_keeps_the_queue(world):
    for i in range(3):
        world.labelled(f"T{i}")
    refused = CallFailed(Fault.AUTH, "27", "session expired")
    world.shop.fails.extend([refused, refused])
    for _ in range(30):
        world.send()
        world.later(10)
    assert world.shop.calls == 1
    assert world.state() == ["due"] * 3
    assert column(world.store, "SELECT rule FROM alerts") == ["shop_refuses"]
    world.later(2000)
    world.send()
    world.later(2000)
    world.send()
    assert len(world.shop.accepted) == 3
    assert one(world.store, "SELECT over_at FROM alerts")["over_at"] is not None


def test_what_waited_out_an_outage_drains_in_order(world):
    for i in range(6):
        world.labelled(f"T{i}")
        world.later(1)
    world.shop.fails.extend(before() for _ in range(4))
    for _ in range(20):
        world.later(400)
        world.send()
    assert sorted(world.shop.accepted) == [(f"T{i}", f"WT{i}") for i in range(6)]
    assert set(world.state()) == {"done"}


def test_an_order_the_shop_refuses_does_not_stop_the_next(world):
    world.labelled("T1")
    world.labelled("T2")
    world.shop.fails.append(CallFailed(Fault.BUSINESS, "B60", "waybill used"))
    world.send()
    assert world.state() == ["conflict", "done"]


def test_a_carrier_without_a_word_at_the_platform_says_what_to_set(world):
    world.labelled("T1")
    world.shop.fails.append(CallFailed(Fault.PERMISSION, "carrier", "jd"))
    world.send()
    (what,) = column(world.store, "SELECT what FROM alerts WHERE rule = 'backhaul_refused'")
    (why,) = column(world.store, "SELECT why FROM outbox WHERE state = 'conflict'")
    wanted = message("reship.no_word", carrier="jd")
    assert (unpack(what)["answer"], unpack(why)["why"]) == (wanted, wanted)


def test_a_driver_that_stumbles_leaves_nothing_stuck(world):
    world.labelled()
    world.shop.fails.append(KeyError("out of my depth"))
    world.send()
    assert world.state() == ["due"]
    world.later()
    world.send()
    assert world.shop.accepted == [("T1", "WT1")]


def test_telling_the_shop_ends_a_hold_and_says_so(world):
    world.labelled()
    tell(world.store, order("T1", version=2, status="WAIT_BUYER_CONFIRM_GOODS"))
    assert reasons(world.store) == {"shipped_elsewhere"}
    world.shop.parcels["T1"] = ["WT1"]
    world.send()
    assert reasons(world.store) == set()
    released = column(world.store, "SELECT what FROM events WHERE kind = 'released'")
    assert released == ['{"reason":"shipped_elsewhere"}']


# --- buying waybills -----------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [Lost, before, unsure])
def test_one_waybill_is_bought_for_one_parcel(world, trouble):
    world.weighed()
    world.carrier.fails.append(trouble())
    world.carry()
    world.later()
    world.carry()
    assert len(world.carrier.bought) == 1
    assert column(world.store, "SELECT waybill FROM parcels") == ["ZT0001"]
    assert column(world.store, "SELECT state FROM print_jobs") == ["waiting"]


@pytest.mark.parametrize("arrived", [False, True])
def test_a_crash_while_buying_buys_no_second_time(world, arrived):
    world.weighed()
    world.carrier.fails.append(Lost(Crash()) if arrived else Crash())
    with pytest.raises(Crash):
        world.carry()
    world.restart()
    world.carry()
    assert len(world.carrier.bought) == 1
    assert world.state("waybill") == ["done"]


@pytest.mark.parametrize("arrived", [False, True])
def test_a_waybill_bought_for_an_order_cancelled_meanwhile_is_given_back(world, arrived):
    world.weighed()
    cancel = lambda: tell(world.store, order("T1", version=2, status="TRADE_CLOSED"))  # noqa: E731
    world.carrier.during = cancel
    world.carrier.fails.append(Lost() if arrived else None)
    world.carry()
    world.carrier.during = lambda: None
    for _ in range(3):
        world.later()
        world.carry()
    assert [n for _, n in world.carrier.bought] == world.carrier.voided == ["ZT0001"]
    assert column(world.store, "SELECT state FROM print_jobs") == []


def test_a_cancelled_order_buys_nothing(world):
    world.weighed()
    tell(world.store, order("T1", version=2, status="TRADE_CLOSED"))
    world.carry()
    assert (world.carrier.calls, world.state("waybill")) == (0, ["dropped"])


def test_a_number_the_carrier_gives_out_twice_is_for_a_person(world):
    world.weighed("T1")
    world.carry()
    world.carrier.bought.clear()
    world.weighed("T2")
    world.carry()
    assert world.state("waybill") == ["done", "conflict"]
    assert column(world.store, "SELECT rule FROM alerts") == ["waybill_refused"]


def test_a_carrier_that_refuses_our_key_is_said_once(world):
    for i in range(3):
        world.weighed(f"T{i}")
    world.carrier.fails.append(CallFailed(Fault.AUTH, "500"))
    for _ in range(5):
        world.carry()
        world.later(5)
    assert world.carrier.calls == 1
    assert column(world.store, "SELECT rule FROM alerts") == ["carrier_refuses"]


# --- any sequence of failures -----------------------------------------------------------------

TROUBLE = st.sampled_from(["ok", "before", "unsure", "lost", "crash", "crash_after", "rate"])


def failure(name):
    return {
        "ok": lambda: None,
        "before": before,
        "unsure": unsure,
        "lost": Lost,
        "crash": Crash,
        "crash_after": lambda: Lost(Crash()),
        "rate": lambda: CallFailed(Fault.RATE, wait_s=30),
    }[name]()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(shop=st.lists(TROUBLE, max_size=8), carrier=st.lists(TROUBLE, max_size=8))
def test_whatever_goes_wrong_each_effect_happens_exactly_once(shop, carrier):
    with quick_folder() as folder:
        exactly_once(World(open_store(folder / "p.db")), shop, carrier)


def exactly_once(world, shop, carrier):
    """Play both scripts out, starting again after every crash, and count what happened."""
    world.weighed("T1")
    world.weighed("T2")
    world.labelled("T3")
    world.carrier.fails.extend(failure(name) for name in carrier)
    world.shop.fails.extend(failure(name) for name in shop)
    for _ in range(30):
        for work in (world.carry, world.send):
            try:
                work()
            except Crash:
                world.restart()
        world.later(1000)
    bought = [reference for reference, _ in world.carrier.bought]
    assert len(bought) == len(set(bought)) == 2
    assert world.shop.accepted == [("T3", "WT3")]
    assert world.state("waybill") == ["done", "done", "done"]
    assert world.state("backhaul") == ["done"]
    assert column(world.store, "SELECT count(*) FROM alerts") == [0]
    world.store.close()
