"""The rest of an order that left with units short: an order of its own, known to the shop by the
first one's number."""

import pytest

from core.errors import Problem
from core.orders.find import find
from core.orders.holds import hold, release
from core.orders.rest import can_ship_rest, owed, ship_rest
from core.ports import Receiver
from core.stock import differences, receive
from core.sync.shipback import shipment_of
from tests.core.orders.warehouse import (
    BOSS,
    CUP,
    PACKER,
    bring,
    column,
    line,
    one,
    order,
    parcel_of,
    reasons,
    stock,
    tell,
    the_order,
    units,
)


def short(store, sub, quantity=1):
    """The shelf did not have them; a supervisor lets the order go without."""
    row = one(store, "SELECT * FROM order_lines WHERE sub_number = ?", sub)

    def write(tx):
        from core.floor.changes import Shorted
        from core.floor.ledger import write as put

        put(
            Shorted(row["id"], quantity, "empty", quantity if row["picked"] else 0),
            tx,
            row["order_id"],
        )
        hold(tx, row["order_id"], "short")

    store.do(write, PACKER)
    store.do(lambda tx: release(tx, row["order_id"], "short"), BOSS)


@pytest.fixture
def left(store):
    """Two of three lines left; a cup of three is still owed, and there is none on the shelf."""
    tell(store, order("T1", line("TEE", 2), line("TEE", 1), line("CUP", 3)))
    order_id = bring(store, "packing")
    short(store, "T1-3", 3)
    store.do(lambda tx: tx.run("UPDATE order_lines SET verified = wanted"), PACKER)
    bring(store, "shipped", waybill="ZT000001")
    return order_id


def rest_of(store, order_id):
    return store.do(lambda tx: ship_rest(tx, order_id), BOSS)


def test_what_is_owed_is_said_when_the_parcel_leaves(store, left):
    alert = one(store, "SELECT * FROM alerts WHERE rule = 'rest_owed'")
    assert '"units": 3' in alert["what"]
    assert [(row["sub_number"], n) for row, n in owed(store.read, left)] == [("T1-3", 3)]


def test_the_rest_is_an_order_of_its_own_with_one_parcel(store, left):
    number = rest_of(store, left)
    rest = one(store, "SELECT * FROM orders WHERE number = ?", number)
    assert (rest["platform_number"], rest["rest_of"], rest["stage"]) == ("T1~1", left, "ready")
    assert units(store, "T1~1") == {"T1-3~1": (3, 3)}
    assert stock(store, CUP) == (47, 3)  # three were written off as short, three are promised
    assert differences(store.read) == []
    bring(store, "shipped", "T1~1", waybill="ZT000002")
    told = shipment_of(store.read, rest["id"], parcel_of(store.read, rest["id"])["id"])
    assert (told.platform_number, told.sub_numbers, told.waybill) == ("T1", ("T1-3",), "ZT000002")
    assert owed(store.read, left) == []
    assert column(store, "SELECT count(*) FROM parcels WHERE voided_at IS NULL") == [2]
    assert one(store, "SELECT over_at FROM alerts WHERE rule = 'rest_owed'")["over_at"] is not None


def test_the_first_parcel_names_the_lines_it_holds(store, left):
    told = shipment_of(store.read, left, parcel_of(store.read, left)["id"])
    assert told.sub_numbers == ("T1-1", "T1-2")


def test_a_rest_waits_for_goods_and_is_shipped_once(store, left):
    store.do(tell_stock_out, PACKER)
    number = rest_of(store, left)
    assert reasons(store, "T1~1") == {"no_stock"}
    with pytest.raises(Problem, match=r"rest\.nothing_owed"):
        rest_of(store, left)
    from core.orders.audit import recheck

    store.do(lambda tx: receive(tx, 1, CUP, 5))
    store.do(recheck)
    assert one(store, "SELECT stage FROM orders WHERE number = ?", number)["stage"] == "ready"


def tell_stock_out(tx):
    from core.stock import adjust

    row = tx.the("SELECT on_hand - reserved AS free FROM stock WHERE sku_id = ?", CUP)
    adjust(tx, 1, CUP, -row["free"], "recount")


def test_a_rest_that_is_short_again_leaves_a_rest(store, left):
    rest_of(store, left)
    bring(store, "packing", "T1~1")
    short(store, "T1-3~1", 1)
    store.do(lambda tx: tx.run("UPDATE order_lines SET verified = wanted"), PACKER)
    bring(store, "shipped", "T1~1", waybill="ZT000002")
    assert [n for _, n in owed(store.read, left)] == [1]
    rest_of(store, left)
    assert units(store, "T1~2") == {"T1-3~2": (1, 1)}


def test_money_that_went_back_is_not_shipped_after(store, left):
    paid_back = [line("TEE", 2), line("TEE", 1), line("CUP", 3, refund="SUCCESS")]
    tell(store, order("T1", *paid_back, version=5, status="WAIT_BUYER_CONFIRM_GOODS"))
    assert owed(store.read, left) == []
    assert not can_ship_rest(store.read, store.read.one("SELECT * FROM orders WHERE id = ?", left))


def test_what_the_shop_tells_of_the_order_holds_for_its_rest(store, left):
    rest_of(store, left)
    asked = [line("TEE", 2), line("TEE", 1), line("CUP", 3, refund="WAIT_SELLER_AGREE")]
    tell(store, order("T1", *asked, version=5, status="SELLER_CONSIGNED_PART"))
    assert reasons(store, "T1~1") == {"refund"}
    gone = [line("TEE", 2), line("TEE", 1), line("CUP", 3, refund="SUCCESS")]
    tell(store, order("T1", *gone, version=6, status="SELLER_CONSIGNED_PART"))
    assert the_order(store, "T1~1")["stage"] == "cancelled"
    assert stock(store, CUP)[1] == 0


def test_a_new_address_reaches_the_rest(store, left):
    rest_of(store, left)
    bring(store, "labelled", "T1~1", waybill="ZT000002")
    moved = Receiver(name="张三", phone="13800001234", province="广东省", address="2号")
    lines = [line("TEE", 2), line("TEE", 1), line("CUP", 3)]
    tell(store, order("T1", *lines, version=5, receiver=moved, status="SELLER_CONSIGNED_PART"))
    assert the_order(store, "T1~1")["province"] == "广东省"
    assert reasons(store, "T1~1") == {"address_changed"}


def test_the_shops_number_finds_both(store, left):
    rest_of(store, left)
    assert find(store.read, "T1") == [left, the_order(store, "T1~1")["id"]]


def test_an_order_that_left_whole_owes_nothing(store):
    tell(store, order("T2"))
    order_id = bring(store, "shipped", "T2", waybill="ZT000009")
    assert column(store, "SELECT count(*) FROM alerts WHERE rule = 'rest_owed'") == [0]
    with pytest.raises(Problem, match=r"rest\.nothing_owed"):
        rest_of(store, order_id)


def test_a_packer_makes_no_rest(store, left):
    with pytest.raises(Problem, match=r"people\.needs_role"):
        store.do(lambda tx: ship_rest(tx, left), PACKER)
