"""Faults 31 to 39, of telling a shop its tracking number: once, and only what then is there."""

import threading
from contextlib import suppress
from dataclasses import replace
from importlib import import_module

import pytest

from core.floor.changes import Shorted
from core.floor.ledger import write as put
from core.orders.rest import ship_rest
from core.ports import Waybill
from core.shipping.parcels import label_printed, store_waybill
from core.sync.waiting import waiting
from drivers.simulated.pop import Refused
from drivers.simulated.shop import _ship_error
from tests.core.orders.warehouse import (
    BOSS,
    PACKER,
    bring,
    column,
    reasons,
    weigh,
)
from tests.scenarios.street import CUP, NOON, SHIPPING, TEE, Crash


@pytest.mark.parametrize("channel", ["taobao", "jd", "pdd", "douyin", "kuaishou", "wechat"])
def test_s31_a_reply_lost_after_the_commit_ships_once(street, channel):
    stall = street.open(channel)
    number = stall.buy()
    stall.follow()
    waybill = street.labelled(number)
    stall.server.script(
        [{"at": import_module(f"drivers.channels.{channel}").SHIP, "do": "drop_after_commit"}]
    )
    stall.send()
    assert street.outbox() == ["due"]
    street.clock.advance(100)
    stall.send()
    assert (stall.waybills(number), street.outbox()) == ([waybill], ["done"])


@pytest.mark.parametrize("do", ["drop", "drop_after_commit"])
@pytest.mark.parametrize("at", [1, 2])
def test_s31_a_parcel_from_two_places_of_a_shop_is_told_once_for_each(street, do, at):
    """The waybill at the first place is no proof that the second was told."""
    stall = street.open("shopify")
    stall.server.located = {"CUP": "2"}
    number = stall.buy(TEE, CUP)
    stall.follow()
    waybill = street.labelled(number)
    stall.server.script([{"at": f"fulfillmentCreate#{at}", "do": do}])
    stall.send()
    assert street.outbox() == ["due"]
    street.clock.advance(100)
    stall.connect()
    street.restart()
    stall.send()
    assert (stall.waybills(number), street.outbox()) == ([waybill] * 2, ["done"])
    stall.look_again()
    assert (stall.waybills(number), street.outbox()) == ([waybill] * 2, ["done"])


def test_s32_a_reply_later_than_the_time_out_ships_once(street, stall):
    stall.shop.channel._line._read_s = 0.05
    number = stall.buy()
    stall.follow()
    waybill = street.labelled(number)
    gate = threading.Event()
    real = stall.server.answer

    def slow(request):
        reply = real(request)
        if request.form.get("method") == SHIPPING:
            gate.wait(0.2)
        return reply

    stall.server.answer = slow
    stall.send()
    stall.server.answer = real
    assert street.outbox() == ["due"]
    street.clock.advance(100)
    stall.connect()
    street.restart()
    stall.send()
    assert (stall.waybills(number), street.outbox()) == ([waybill], ["done"])


def test_s33_a_success_that_is_gone_later_is_sent_again(street, stall):
    number = stall.buy()
    stall.follow()
    waybill = street.labelled(number)
    stall.send()
    for line in stall.server._trades[number]["orders"]["order"]:
        line |= {"status": "WAIT_SELLER_SEND_GOODS"}
        line.pop("invoice_no")
    stall.server.touch(number, status="WAIT_SELLER_SEND_GOODS")
    stall.look_again()
    stall.send()
    assert stall.waybills(number) == [waybill] * 2
    stall.look_again()
    assert column(street.store, "SELECT count(*) FROM ship_checks WHERE seen_at > 0") == [1]


@pytest.mark.parametrize("ours", [True, False])
def test_s34_shipped_already_with_our_waybill_or_another(street, stall, ours):
    number = stall.buy()
    stall.follow()
    waybill = street.labelled(number)
    with stall.server.lock:
        stall.server._ship(
            {"tid": number, "out_sid": waybill if ours else "OTHER123", "company_code": "ZTO"}
        )
    stall.send()
    assert street.outbox() == (["done"] if ours else ["conflict"])
    assert len(stall.waybills(number)) == 1
    assert street.alerts("backhaul_refused") == ([] if ours else ["backhaul_refused"])


@pytest.mark.parametrize("waybill", ["ZTUSED001", "短"])
def test_s35_a_used_or_impossible_waybill_is_for_a_person(street, stall, waybill):
    first, second = stall.buy(), stall.buy()
    stall.follow()
    with stall.server.lock:
        stall.server._ship({"tid": first, "out_sid": "ZTUSED001", "company_code": "ZTO"})
    bring(street.store, "labelled", second, waybill=waybill)
    stall.send()
    assert (street.outbox(), street.alerts("backhaul_refused")) == (
        ["conflict"],
        ["backhaul_refused"],
    )
    calls = stall.server.count(SHIPPING)
    street.clock.advance(4000)
    stall.send()
    assert stall.server.count(SHIPPING) == calls  # not tried again by itself


def test_s35_a_carrier_the_platform_does_not_know_is_for_a_person(street, stall):
    number = stall.buy()
    stall.follow()
    street.labelled(number)
    street.store.do(lambda tx: tx.run("UPDATE parcels SET carrier = 'pigeon'"))
    stall.send()
    assert street.outbox() == ["conflict"]


def test_s36_two_of_three_lines_are_shipped(street, stall):
    number = stall.buy(TEE, CUP, replace(TEE, title="第二件"))
    lines = [line.sub_number for line in stall.shop.channel.detail(number).lines]
    stall.server.agree_refund(number, lines[1])
    stall.follow()
    waybill = street.labelled(number)
    stall.send()
    (shipped,) = stall.server.shipments[number]
    assert (shipped["waybill"], sorted(shipped["oids"])) == (waybill, sorted([lines[0], lines[2]]))


def packed_without_cups(street, number):
    """An order on the bench whose two cups the shelf does not have; its id."""
    order_id = bring(street.store, "packing", number)
    cup = street.store.read.one(
        "SELECT * FROM order_lines WHERE order_id = ? AND sku_code = 'CUP'", order_id
    )
    street.store.do(lambda tx: put(Shorted(cup["id"], 2, "empty", 2), tx, order_id), PACKER)
    return order_id


@pytest.mark.parametrize("channel", ["taobao", "douyin", "wechat", "ktt", "shopify"])
def test_s36_two_of_three_lines_and_later_the_rest(street, channel):
    stall = street.open(channel)
    pair = replace(CUP, quantity=2)
    number = stall.buy(TEE, pair)
    stall.follow()
    order_id = packed_without_cups(street, number)
    first = street.labelled(number)
    stall.send()
    bring(street.store, "shipped", number)
    assert street.alerts("rest_owed") == ["rest_owed"]
    street.store.do(lambda tx: ship_rest(tx, order_id), BOSS)
    stall.follow()  # the shop tells of a part that was shipped: that was us
    rest = f"{number}~1"
    assert (street.order(rest)["stage"], street.order(rest)["held"]) == ("ready", 0)
    second = "ZT99887766"
    bring(street.store, "labelled", rest, waybill=second)
    stall.send()
    assert {p.waybill for p in stall.shop.channel.shipped(number)} == {first, second}
    assert street.outbox() == ["done", "done"]
    stall.look_again()
    assert street.alerts("backhaul_refused") == []


def test_s36_a_gift_is_told_with_its_item(street):
    stall = street.open("kuaishou")
    number = stall.buy(TEE, replace(CUP, gift=True))
    stall.follow()
    waybill = street.labelled(number)
    stall.send()
    (shipped,) = stall.server.shipments[number]
    assert (shipped["waybill"], len(shipped["oids"])) == (waybill, 2)
    stall.look_again()
    assert (street.outbox(), street.alerts("backhaul_refused")) == (["done"], [])


def test_s36_a_gift_that_was_not_there_follows_alone(street):
    stall = street.open("kuaishou")
    number = stall.buy(TEE, replace(CUP, gift=True, quantity=2))
    stall.follow()
    order_id = packed_without_cups(street, number)
    first = street.labelled(number)
    stall.send()
    bring(street.store, "shipped", number)
    street.store.do(lambda tx: ship_rest(tx, order_id), BOSS)
    stall.follow()
    rest, second = f"{number}~1", "ZT99887766"
    bring(street.store, "labelled", rest, waybill=second)
    stall.send()
    assert {p.waybill for p in stall.shop.channel.shipped(number)} == {first, second}
    assert street.outbox() == ["done", "done"]


def test_s36_a_line_split_by_quantity_is_never_told_over_its_first_parcel(street, stall):
    """Taobao knows lines, not pieces: the second parcel of one line is for a person to tell."""
    number = stall.buy(replace(TEE, quantity=2))
    stall.follow()
    order_id = bring(street.store, "packing", number)
    (tee,) = street.store.read.all("SELECT * FROM order_lines WHERE order_id = ?", order_id)
    street.store.do(lambda tx: put(Shorted(tee["id"], 1, "empty", 1), tx, order_id), PACKER)
    first = street.labelled(number)
    stall.send()
    bring(street.store, "shipped", number)
    street.store.do(lambda tx: ship_rest(tx, order_id), BOSS)
    bring(street.store, "labelled", f"{number}~1", waybill="ZT99887766")
    stall.send()
    assert {p.waybill for p in stall.shop.channel.shipped(number)} == {first}
    (row,) = waiting(street.store.read)
    assert (row.why.id, row.ways) == ("reship.split", ("by_hand",))


def test_s36_a_platform_that_ships_whole_orders_only_is_for_a_person(street):
    stall = street.open("pdd")
    number = stall.buy(TEE, CUP)
    stall.follow()
    order_id = bring(street.store, "packing", number)
    lines = street.store.read.all("SELECT id FROM order_lines WHERE order_id = ?", order_id)
    street.store.do(
        lambda tx: tx.run(
            "UPDATE order_lines SET short = 1, picked = 0, short_reason = 'empty' WHERE id = ?",
            lines[1]["id"],
        )
    )
    waybill = street.labelled(number)
    stall.send()
    assert (stall.waybills(number), street.outbox()) == ([], ["conflict"])
    assert "backhaul_refused" in street.alerts()
    assert waybill in [row.ours for row in waiting(street.store.read)]


def test_s36_a_split_the_platform_refuses_is_for_a_person(street, stall):
    """Some kinds of trade may not be shipped in parts."""
    number = stall.buy(TEE, CUP)
    stall.follow()
    order_id = bring(street.store, "packing", number)
    (_, second) = street.store.read.all(
        "SELECT id FROM order_lines WHERE order_id = ? ORDER BY id", order_id
    )
    street.store.do(
        lambda tx: tx.run("UPDATE order_lines SET short = 1, picked = 0 WHERE id = ?", second["id"])
    )

    def no_parts(trade, form):
        assert form["is_split"] == "1"
        raise _ship_error("CD22", "该订单不支持拆单发货")

    stall.server._parcel = no_parts
    street.labelled(number)
    stall.send()
    assert (stall.waybills(number), street.outbox()) == ([], ["conflict"])
    assert [refusal["code"][-4:] for refusal in stall.server.refusals] == ["CD22"]
    assert "backhaul_refused" in street.alerts()


@pytest.mark.parametrize("channel", ["taobao", "pdd", "douyin", "kuaishou", "wechat", "ktt"])
def test_s37_a_refund_the_platform_knows_first_ships_nothing(street, channel):
    stall = street.open(channel)
    number = stall.buy()
    stall.follow()
    street.labelled(number)
    stall.server.refund(number)  # not pulled yet
    stall.send()
    assert (stall.waybills(number), street.outbox()) == ([], ["due"])
    assert "refund" in reasons(street.store, number)  # the order was looked at before it was told
    street.clock.advance(4000)
    stall.send()
    assert stall.waybills(number) == []  # and no call ever asks for the refund to be overruled


def test_s37_a_no_in_an_answer_that_looks_well_is_told_to_a_person(street):
    """Kuaituantuan refuses under HTTP 200: not to be asked again for ever."""
    stall = street.open("ktt")
    number = stall.buy()
    stall.follow()
    street.labelled(number)
    stall.server._parcel = refusing
    stall.send()
    assert (stall.waybills(number), street.outbox()) == ([], ["conflict"])
    assert street.alerts("backhaul_refused") == ["backhaul_refused"]


def refusing(deal, named):
    raise Refused(50001, "30009", "该团已结束发货")


@pytest.mark.parametrize("channel", ["taobao", "pdd", "douyin"])
def test_s38_a_late_parcel_is_an_alert_and_is_still_sent(street, channel):
    """Its last moment was at eight in the evening; the label comes at one in the night."""
    stall = street.open(channel)
    number = stall.buy(ship_by=NOON + 8 * 3_600_000)
    stall.follow()
    street.clock.advance(13 * 3600)
    street.engine._watch()
    assert "overdue" in street.alerts()
    waybill = street.labelled(number)
    stall.send()
    assert stall.waybills(number) == [waybill]


def test_s39_five_hundred_numbers_drain_in_order_with_crashes(street, stall):
    numbers = [stall.buy() for _ in range(500)]
    stall.follow()
    ids = {row["platform_number"]: row["id"] for row in street.store.read.all(
        "SELECT id, platform_number FROM orders"
    )}  # fmt: skip
    for start in range(0, 500, 25):
        chunk = [ids[number] for number in numbers[start : start + 25]]
        street.store.do(lambda tx, chunk=chunk: [quick_label(tx, each) for each in chunk], PACKER)
    stall.server.cut()
    stall.send()
    stall.server.restore()
    street.clock.advance(60)
    real, count = stall.shop.channel.ship, iter(range(10_000))

    def ship(shipment):
        if next(count) in (40, 41, 300):
            real(shipment)
            raise Crash
        real(shipment)

    stall.shop.channel.ship = ship
    began = street.clock.now()
    for _ in range(200):
        with suppress(Crash):
            stall.send()
        street.restart()
        if set(street.outbox()) == {"done"}:
            break
    shipped = [e["tid"] for e in stall.server.journal if e["what"] == "shipped"]
    assert shipped == numbers
    assert street.clock.now() - began >= 49_000  # ten calls a second at most


def quick_label(tx, order_id):
    """From ready to labelled in one go."""
    tx.run("UPDATE order_lines SET picked = wanted WHERE order_id = ?", order_id)
    tx.run("UPDATE order_lines SET verified = wanted WHERE order_id = ?", order_id)
    for mark in ("picking_at", "picked_at", "verified_at"):
        tx.run(f"UPDATE orders SET {mark} = ? WHERE id = ?", tx.now, order_id)
    parcel = weigh(tx, order_id)
    store_waybill(tx, parcel, Waybill(number=f"ZT{parcel:08d}", carrier="zto"))
    tx.run("UPDATE outbox SET state = 'done' WHERE parcel_id = ? AND kind = 'waybill'", parcel)
    label_printed(tx, tx.the("SELECT id FROM print_jobs WHERE parcel_id = ?", parcel)["id"])
