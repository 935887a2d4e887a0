"""After the label at the bench: another label, and goods that go back to their shelf."""

from dataclasses import replace

import pytest

from core.floor.bench import Bench
from core.floor.desk import Desk
from core.floor.rules import FloorRules
from core.floor.values import Tone
from core.ports import Receiver, Scan
from core.stock import differences
from tests.core.floor.test_bench import ITEM_CUP, ITEM_TEE, Floor, label, number, packed
from tests.core.orders.warehouse import (
    TEE,
    column,
    kinds,
    line,
    one,
    order,
    reasons,
    stock,
    tell,
    the_order,
)

AGAIN, BACK = "PKVOID1", "PKBACK1"
MOVED = Receiver(
    name="张三", phone="13800001234", province="广东省", city="广州市", address="天河路2号"
)


def order_of(version=1, **more):
    return order("T1", line("TEE", 2), line("CUP", 1), version=version, **more)


@pytest.fixture
def floor(store):
    """A parcel whose label is on paper, still on the bench."""
    store.do(lambda tx: tx.run("INSERT INTO bins VALUES (1, 1, 'A-01'), (2, 1, 'B-02')"))
    store.do(lambda tx: tx.run("UPDATE stock SET bin_id = 1 WHERE sku_id = 1"))
    tell(store, order_of())
    floor = Floor(store)
    floor.scan("BG1")
    packed(floor)
    floor.weigh(750)
    label(store)
    return floor


def moved(store):
    tell(store, order_of(2, receiver=MOVED))


def parcels(store):
    return [
        tuple(row)
        for row in store.read.all("SELECT waybill, voided_at IS NOT NULL FROM parcels ORDER BY id")
    ]


def effects(store):
    rows = store.read.all("SELECT kind, state FROM outbox ORDER BY id")
    return [tuple(row) for row in rows]


# --- another label ------------------------------------------------------------------------------


def test_a_new_address_after_the_label_stops_the_bench_and_says_how_to_go_on(store, floor):
    moved(store)
    assert floor.look().outcome.say.id == "news.address_label"
    assert floor.view.outcome.tone is Tone.STOP
    assert column(store, "SELECT rule FROM alerts") == ["address_changed"]


def test_a_supervisor_buys_another_label_with_two_scans(store, floor):
    moved(store)
    floor.look()
    assert floor.scan(AGAIN).next.id == "next.supervisor_badge"
    assert floor.scan("BG2").say.id == "scan.again"
    assert parcels(store) == [("Z1", 1), (None, 0)]
    assert [row for row in effects(store) if row[0] in ("void", "waybill")] == [
        ("waybill", "dropped"),
        ("void", "due"),
        ("waybill", "due"),
    ]
    row = the_order(store)
    assert (row["held"], row["stage"], row["labelled_at"]) == (0, "weighing", None)
    event = one(store, "SELECT * FROM events WHERE kind = 'bought_again'")
    assert (event["operator_id"], '"approved_by":2' in event["what"]) == (1, True)
    assert floor.look().last_parcel.id == "fate.waiting"
    label(store, waybill="Z2")
    assert the_order(store)["stage"] == "labelled"
    assert floor.look().last_parcel.id == "fate.printed"
    assert floor.view.waybill == "Z2"


def test_a_packer_alone_voids_nothing(store, floor):
    floor.scan(AGAIN)
    assert floor.scan("BG1").say.id == "scan.not_supervisor"
    floor.scan(AGAIN)
    assert floor.scan(ITEM_TEE).say.id == "scan.not_forced"
    assert parcels(store) == [("Z1", 0)]
    assert floor.scan("BG2").say.id == "scan.hello_open"  # the question is gone with it


def test_the_parcel_may_be_named_by_its_old_label_or_its_slip(store, floor):
    floor.scan("PKCANC1")
    for name in ("Z1", number(store)):
        assert floor.scan(AGAIN).next.id == "next.again_which"
        assert floor.scan(name).say.data["number"] == number(store)
        assert floor.scan("PKNO001").say.id == "scan.question_closed"
    floor.scan(AGAIN, "Z1", "BG2")
    assert parcels(store) == [("Z1", 1), (None, 0)]


def test_what_has_no_label_or_has_left_is_refused_with_words(store, floor):
    label_2 = tell(store, order("T2")).number
    floor.scan("PKCANC1", AGAIN, label_2)
    assert floor.scan("BG2").say.id == "again.no_label"
    floor.scan("PKHAND1", "Z1", AGAIN, "Z1")
    assert floor.scan("BG2").say.id == "again.handed_over"


def test_a_refund_goes_before_another_label(store, floor):
    tell(store, order("T1", line("TEE", 2, refund="WAIT_SELLER_AGREE"), line("CUP"), version=3))
    floor.look()
    floor.scan("PKYES01", AGAIN, "Z1")
    assert floor.scan("BG2").say.id == "again.refund_open"
    assert parcels(store) == [("Z1", 0)]


def test_the_old_label_is_refused_at_the_bench_and_at_handover(store, floor):
    floor.scan(AGAIN, "BG2")
    assert floor.scan("Z1").say.id == "handover.replaced_soon"
    label(store, waybill="Z2")
    told = floor.scan("Z1")
    assert (told.tone, told.say.id, told.say.data["instead"]) == (
        Tone.STOP,
        "handover.replaced",
        "Z2",
    )
    floor.scan("PKHAND1")
    assert floor.scan("Z1").say.id == "handover.replaced"
    assert floor.scan("Z2").say.id == "scan.handed_over"
    assert the_order(store)["stage"] == "shipped"


def test_another_label_is_another_parcel_and_survives_a_restart_between_the_scans(store, floor):
    floor.scan(AGAIN)
    again = Floor(store)
    assert again.scan("BG2").say.id == "scan.again"
    uids = column(store, "SELECT uid FROM parcels")
    assert len(set(uids)) == 2
    assert column(store, "SELECT weight_g FROM parcels") == [750, 750]


def test_an_address_before_the_pick_is_dispatched_anew_and_held_for_nothing(store):
    tell(store, order_of())
    moved(store)
    row = the_order(store)
    assert (row["stage"], row["held"], row["province"]) == ("ready", 0, "广东省")
    assert kinds(store).count("ready") == 2
    assert stock(store) == (50, 2)
    assert differences(store.read) == []


def test_a_masked_address_moves_with_its_reference_and_the_shops_own_mark(store, floor):
    hidden = Receiver(name="张*", phone="1**", address="***", cipher_ref="A")
    tell(store, order("T2", receiver=hidden))
    item = number(store, "T2")
    floor.scan("PKCANC1", item, ITEM_TEE, ITEM_TEE)
    floor.weigh(200)
    label(store, "T2", "Z9")
    told = order("T2", version=2, receiver=replace(hidden, cipher_ref="B"))
    tell(store, told)
    assert reasons(store, "T2") == set()  # a reference may be written anew for no reason
    third = replace(hidden, cipher_ref="C")
    tell(store, order("T2", version=3, receiver=third, flags=("address_changed",)))
    assert reasons(store, "T2") == {"address_changed"}


# --- goods that go back -----------------------------------------------------------------------


@pytest.fixture
def cancelled(store, floor):
    """The labelled order was cancelled: its goods lie in a box."""
    tell(store, order_of(2, status="TRADE_CLOSED"))
    floor.look()
    floor.scan("PKYES01")
    return floor


def tasks(store):
    return column(store, "SELECT quantity FROM put_backs WHERE done_at IS NULL ORDER BY id")


def test_a_cancelled_parcel_is_to_be_caught_and_its_goods_put_back(store, cancelled):
    assert column(store, "SELECT rule FROM alerts WHERE over_at IS NULL") == ["intercept"]
    assert tasks(store) == [2, 1]
    assert cancelled.scan(BACK).say.data["n"] == 2
    assert [(t.sku, t.units, t.bin) for t in cancelled.view.backs] == [
        ("TEE", 2, "A-01"),
        ("CUP", 1, ""),
    ]


def test_goods_then_bin_and_without_a_bin_a_word(store, cancelled):
    before = stock(store)
    cancelled.scan(BACK)
    assert cancelled.scan(ITEM_TEE).next.id == "next.back_bin"
    assert cancelled.scan("B-02").say.id == "scan.back_wrong_bin"
    assert cancelled.scan("A-01").say.id == "scan.back_done"
    assert cancelled.scan(ITEM_CUP).next.id == "next.back_confirm"
    told = cancelled.scan("PKDONE1")
    assert (told.say.id, told.tone) == ("scan.back_all_done", Tone.COMPLETE)
    assert tasks(store) == []
    assert stock(store) == before == (50, 0)  # the books had them on the shelf all along
    assert column(store, "SELECT done_by FROM put_backs") == [1, 1]
    assert column(store, "SELECT rule FROM alerts WHERE over_at IS NULL") == []
    assert kinds(store)[-2:] == ["put_back_done", "put_back_done"]


def test_what_is_put_back_can_be_taken_back_and_only_once(store, cancelled):
    cancelled.scan(BACK, ITEM_TEE, "A-01")
    assert cancelled.scan("PKUNDO1").say.id == "scan.back_undone"
    assert tasks(store) == [2, 1]
    assert cancelled.scan("PKUNDO1").say.id == "scan.nothing_to_undo"
    cancelled.scan(ITEM_TEE)
    assert cancelled.scan("PKUNDO1").say.id == "scan.back_put_down"


def test_goods_that_are_not_there_leave_the_books(store, cancelled):
    cancelled.scan(BACK, ITEM_TEE, "PKSHRT1")
    assert cancelled.scan("PKYES01").say.id == "scan.back_missing"
    assert tasks(store) == [1]
    assert stock(store) == (48, 0)
    assert differences(store.read) == []


def test_goods_promised_to_another_order_cannot_leave_the_books(store, cancelled):
    tell(store, order("T9", line("TEE", 49)))
    cancelled.scan(BACK, ITEM_TEE, "PKSHRT1")
    assert cancelled.scan("PKYES01").say.id == "stock.below_reserved"
    assert (tasks(store), stock(store)) == ([2, 1], (50, 49))


def test_nothing_else_enters_while_goods_are_put_back(store, cancelled):
    other = tell(store, order("T2", line("CUP"))).number
    cancelled.scan(BACK)
    assert cancelled.scan(other).say.id == "scan.back_not_that"
    assert cancelled.scan("A-01").say.id == "scan.back_goods_first"
    assert cancelled.scan("PKNEXT1").say.id == "scan.not_in_put_back"
    assert cancelled.scan("PKHELP1").say.id == "wanted.put_back"
    assert cancelled.scan(BACK).say.id == "scan.back_off"
    assert cancelled.scan(other).say.id == "scan.opened"


def test_two_benches_put_a_thing_back_once(store, cancelled):
    store.do(lambda tx: tx.run("INSERT INTO stations VALUES (2, 'B2', '二号台', 1)"))
    other = Floor(store, "B2")
    other.scan("BG2", BACK, ITEM_TEE)
    cancelled.scan(BACK, ITEM_TEE, "A-01")
    assert [task.sku for task in other.look().backs] == ["CUP"]
    assert other.scan("A-01").say.id == "scan.back_goods_first"
    assert column(store, "SELECT count(*) FROM put_backs WHERE done_at IS NOT NULL") == [1]


def test_the_bench_reopens_where_goods_were_put_back(store, cancelled):
    cancelled.scan(BACK, ITEM_TEE)
    again = Bench(store, "B1", FloorRules())
    assert (again.view().mode, len(again.view().backs), again.view().back > 0) == (
        "put_back",
        2,
        True,
    )
    done = again.scan(Scan("A-01", store.clock.now())).result(timeout=5)
    assert done.outcome.say.id == "scan.back_done"


def test_another_product_on_the_line_does_not_change_what_lies_in_the_tote(store, floor):
    tell(store, order("T2", line("TEE", 1, sub="S1")))
    floor.scan("PKCANC1", number(store, "T2"), ITEM_TEE)
    tell(store, order("T2", line("CUP", 1, sub="S1"), version=2))
    found = Desk(store.read, floor.bench.place, floor.bench.rules).put_backs()
    assert [(task.sku_id, task.units) for task in found] == [(TEE, 1)]


def test_nothing_to_put_back_is_said(store, floor):
    floor.scan("PKCANC1")
    assert floor.scan(BACK).say.id == "scan.back_none"
    assert floor.view.mode == "orders"
