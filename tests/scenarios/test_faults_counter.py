"""Faults 42 to 45 and 47, of waybills, paper, and which way an answer came."""

import json
import threading
from datetime import UTC

import pytest

from core.orders import find
from core.ports import CallFailed
from core.shipping.parcels import reprint_label
from drivers.carriers import Kuaidi100
from drivers.simulated.kuaidi100 import SimulatedKuaidi100
from tests.core.orders.warehouse import (
    PACKER,
    bring,
    column,
    one,
    weigh,
)
from tests.core.shipping.test_printing import Desk
from tests.core.sync.outside import cut_off
from tests.drivers.carriers.partners import PARTNERS
from tui.story import reasons as whys


@pytest.fixture
def counter(street):
    """A real account at a simulated waybill seller, and an order that is weighed."""
    server = street.stack.enter_context(SimulatedKuaidi100(street.clock))
    account = Kuaidi100(server.url, "key", "secret", street.clock, partners=PARTNERS)
    street.stack.callback(account.close)
    street.carrier = account
    stall = street.open(mask=False)
    number = stall.buy()
    stall.follow()
    order_id = bring(street.store, "weighing", number)
    street.store.do(lambda tx: weigh(tx, order_id), PACKER)
    return server, street


@pytest.mark.parametrize("trouble", ["drop_after_commit", "busy_after", "html502_after"])
def test_s42_a_label_that_was_bought_without_an_answer_is_bought_once(counter, trouble):
    server, street = counter
    server.script([{"at": "order", "do": trouble}])
    for _ in range(3):
        street.engine.outbox.send_to_carrier()
        street.clock.advance(100)
    bought = [entry for entry in server.journal if entry["do"] == "waybill"]
    assert (len(bought), street.outbox("waybill")) == (1, ["done"])


def test_s42_a_second_request_while_the_first_is_worked_on_buys_nothing(counter):
    """The answer comes after the time-out; asked again, the platform still works on it."""
    server, street = counter
    account = Kuaidi100(server.url, "key", "secret", street.clock, partners=PARTNERS, read_s=0.3)
    street.stack.callback(account.close)
    street.carrier = account
    street.restart()
    server.script([{"at": "order", "do": "delay 60"}, {"at": "order", "do": "in_progress"}])
    slow = threading.Thread(target=street.engine.outbox.send_to_carrier)
    slow.start()
    slow.join(timeout=20)
    assert street.outbox("waybill") == ["due"]
    for _ in range(4):
        street.clock.advance(100)
        street.engine.outbox.send_to_carrier()
    bought = [entry for entry in server.journal if entry["do"] == "waybill"]
    assert (len(bought), street.outbox("waybill")) == (1, ["done"])
    assert column(street.store, "SELECT waybill FROM parcels") == [bought[0]["waybill"]]
    assert street.alerts("waybill_refused") == []


def test_s43_an_empty_account_and_a_place_nobody_serves_are_for_a_person(counter):
    server, street = counter
    server.balance = 0
    street.engine.outbox.send_to_carrier()
    street.clock.advance(2000)
    street.engine.outbox.send_to_carrier()
    assert [e for e in server.journal if e["do"] == "waybill"] == []
    assert street.alerts("waybill_refused") == ["waybill_refused"]


@pytest.mark.parametrize("why", ["balance", "unreachable"])
def test_s43_the_next_best_courier_by_rule(counter, why):
    server, street = counter
    street.store.do(lambda tx: tx.run("UPDATE shops SET carrier_then = 'yto sto'"))
    if why == "balance":
        server.no_waybills = {"zhongtong", "yuantong"}
    else:
        address = street.store.read.one("SELECT city FROM orders")["city"]
        server.unserved = {"zhongtong": {address}, "yuantong": {address}}
    for _ in range(3):
        street.engine.outbox.send_to_carrier()
        street.clock.advance(10)
    (sold,) = [entry for entry in server.journal if entry["do"] == "waybill"]
    assert sold["carrier"] == "shentong"
    assert len(server.waybills) == 1  # never two that live
    order = one(street.store, "SELECT * FROM orders")
    assert order["carrier"] == "sto"
    assert [each["why"] for each in json.loads(order["carrier_why"])] == [why, why]
    assert street.alerts(f"carrier_{why}")
    assert street.alerts("waybill_refused") == []
    told = [reason.id for reason in whys(find.story(street.store.read, order["id"]), UTC)]
    assert told.count("why.carrier_refused") == 2


def test_s43_doubt_is_no_reason_for_another_courier(counter):
    server, street = counter
    street.store.do(lambda tx: tx.run("UPDATE shops SET carrier_then = 'yto sto'"))
    server.script([{"at": "order", "do": "busy_after"}])
    for _ in range(3):
        street.engine.outbox.send_to_carrier()
        street.clock.advance(100)
    bought = [entry["carrier"] for entry in server.journal if entry["do"] == "waybill"]
    assert bought == ["zhongtong"]
    assert column(street.store, "SELECT count(*) FROM parcels") == [1]


def test_s44_a_lost_printer_prints_the_same_waybill_again(street):
    desk = Desk(street.store)
    order_id = desk.bought("T1")
    desk.printer.fails.append(cut_off())
    desk.work()
    assert column(street.store, "SELECT state FROM print_jobs") == ["in_doubt"]
    street.store.do(lambda tx: reprint_label(tx, order_id), PACKER)
    desk.work()
    (label,) = desk.printer.paper
    assert (label.waybill, label.copy) == ("ZT1", 2)
    assert column(street.store, "SELECT count(*) FROM parcels") == [1]


def test_s45_a_refusal_inside_a_good_answer_is_a_refusal(counter):
    server, street = counter
    server.script([{"at": "order", "do": "code 500"}])
    street.engine.outbox.send_to_carrier()
    assert [e for e in server.journal if e["do"] == "waybill"] == []
    assert street.outbox("waybill") != ["done"]


def routes(street, kind):
    return [
        json.loads(what)["route"]
        for what in column(street.store, f"SELECT what FROM events WHERE kind = '{kind}'")
    ]


def test_s47_the_story_of_an_order_says_by_which_way_it_came_and_went(street):
    direct = street.open(mask=False)
    behind = street.open("kuaidi100", shop_id=2, first_number=5_000_000_001)
    behind.ring()
    mine, theirs = direct.buy(), behind.buy()
    direct.follow()
    behind.deliver(0)
    assert routes(street, "received") == ["taobao", "kuaidi100"]
    for stall, number in ((direct, mine), (behind, theirs)):
        street.labelled(number)
        stall.send()
    assert routes(street, "backhauled") == ["taobao", "kuaidi100"]
    assert len(behind.waybills(theirs)) == len(direct.waybills(mine)) == 1


@pytest.mark.parametrize("trouble", ["code 500", "balance", "html502", "drop", "empty"])
def test_s47_a_seller_of_waybills_that_fails_leaves_no_number(counter, trouble):
    server, street = counter
    server.script([{"at": f"order#{n}", "do": trouble} for n in range(1, 4)])
    for _ in range(3):
        street.engine.outbox.send_to_carrier()
        street.clock.advance(100)
    assert column(street.store, "SELECT waybill FROM parcels") == [None]
    assert routes(street, "waybill_bought") == []
    server.calm()
    street.store.do(lambda tx: tx.run("UPDATE outbox SET state = 'due', next_try_at = 0"))
    street.engine.outbox.send_to_carrier()
    (waybill,) = column(street.store, "SELECT waybill FROM parcels")
    assert waybill in server.waybills
    assert routes(street, "waybill_bought") == ["kuaidi100"]


def test_s47_a_shop_behind_an_aggregator_that_fails_is_stale_and_never_made_up(street):
    stall = street.open("kuaidi100")
    stall.ring()
    stall.deliver()
    known = stall.cursor()
    number = stall.buy()
    stall.server.cut()
    street.clock.advance(3600)
    with pytest.raises(CallFailed):
        stall.pull()
    assert (stall.cursor(), stall.numbers()) == (known, [])
    stall.server.restore()
    stall.deliver(60)
    assert stall.numbers() == [number]
    assert stall.cursor() > known
