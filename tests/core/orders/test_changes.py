"""A change may arrive at any stage; each has one defined effect."""

from dataclasses import replace

import pytest

from core.events import first_broken
from core.orders import holds
from core.ports import Receiver
from core.stock import differences
from tests.core.orders.warehouse import (
    BOSS,
    NOON,
    PACKER,
    STAGES,
    TEE,
    bring,
    column,
    kinds,
    line,
    one,
    order,
    reasons,
    step,
    stock,
    tell,
    the_order,
    units,
    weigh,
)

ELSEWHERE = Receiver(name="李四", phone="13900009999", province="广东省", address="天河路2号")
BEFORE_HANDOVER = STAGES[1:-1]


def put_backs(store) -> int:
    return one(store, "SELECT ifnull(sum(quantity), 0) AS n FROM put_backs")["n"]


@pytest.mark.parametrize("stage", BEFORE_HANDOVER)
def test_a_cancel_frees_the_stock_and_takes_back_what_was_picked(store, stage):
    tell(store, order("T1", line("TEE", 2)))
    bring(store, stage)
    tell(store, order("T1", line("TEE", 2), version=2, status="TRADE_CLOSED"))
    assert the_order(store)["stage"] == "cancelled"
    assert stock(store) == (50, 0)
    assert put_backs(store) == (2 if stage in ("packing", "weighing", "labelled") else 0)
    voided = column(store, "SELECT voided_at IS NOT NULL FROM parcels")
    assert voided == ([1] if stage == "labelled" else [])
    voids = column(store, "SELECT state FROM outbox WHERE kind = 'void'")
    assert voids == (["due"] if stage == "labelled" else [])
    assert column(store, "SELECT state FROM outbox WHERE kind = 'backhaul'") == (
        ["dropped"] if stage == "labelled" else []
    )


def test_a_cancel_after_handover_stops_no_truck_but_tells_a_person(store):
    tell(store, order("T1"))
    bring(store, "shipped")
    tell(store, order("T1", version=2, status="TRADE_CLOSED"))
    assert the_order(store)["stage"] == "shipped"
    assert column(store, "SELECT rule FROM alerts") == ["closed_after_handover"]


@pytest.mark.parametrize("stage", BEFORE_HANDOVER)
def test_an_open_refund_interrupts_and_a_withdrawn_one_lets_go(store, stage):
    tell(store, order("T1"))
    bring(store, stage)
    tell(store, order("T1", line(refund="WAIT_SELLER_AGREE"), version=2))
    assert reasons(store) == {"refund"}
    assert stock(store)[1] == 1  # the goods stay promised until the answer
    tell(store, order("T1", line(refund="CLOSED"), version=3))
    assert (reasons(store), the_order(store)["stage"]) == (set(), stage)


@pytest.mark.parametrize("stage", BEFORE_HANDOVER)
def test_a_refunded_line_leaves_the_order(store, stage):
    tell(store, order("T1", line("TEE", 2), line("CUP")))
    bring(store, stage)
    tell(store, order("T1", line("TEE", 2, refund="SUCCESS"), line("CUP"), version=2))
    assert units(store) == {"T1-1": (0, 0), "T1-2": (1, 1)}
    assert stock(store, TEE) == (50, 0)
    packed = stage in ("packing", "weighing", "labelled")
    assert put_backs(store) == (2 if packed else 0)
    # once it lies in the box, somebody must open the box before it may go on
    assert reasons(store) == ({"question"} if stage in ("weighing", "labelled") else set())


def test_all_lines_refunded_cancels(store):
    tell(store, order("T1", line("TEE", 2), line("CUP")))
    gone = [line("TEE", 2, refund="SUCCESS"), line("CUP", refund="SUCCESS")]
    tell(store, order("T1", *gone, version=2))
    assert the_order(store)["stage"] == "cancelled"


def test_fewer_then_more_again_is_followed(store):
    tell(store, order("T1", line("TEE", 5)))
    tell(store, order("T1", line("TEE", 2), version=2))
    assert units(store) == {"T1-1": (2, 2)}
    tell(store, order("T1", line("TEE", 4), version=3))
    assert units(store) == {"T1-1": (4, 4)}
    tell(store, order("T1", line("TEE", 7), version=4))
    assert units(store) == {"T1-1": (7, 7)}


def test_a_line_that_comes_back_is_shipped(store):
    tell(store, order("T1", line("TEE"), line("CUP")))
    tell(store, order("T1", line("TEE"), version=2))
    assert units(store) == {"T1-1": (1, 1), "T1-2": (0, 0)}
    tell(store, order("T1", line("TEE"), line("CUP"), version=3))
    assert units(store) == {"T1-1": (1, 1), "T1-2": (1, 1)}


def test_a_bundle_that_grows_grows_in_its_parts(store):
    tell(store, order("T1", line("SET", 1)))
    tell(store, order("T1", line("SET", 3), version=2))
    assert units(store) == {"T1-1+TEE": (6, 6), "T1-1+CUP": (3, 3)}
    tell(store, order("T1", line("SET", 1), version=3))
    assert units(store) == {"T1-1+TEE": (2, 2), "T1-1+CUP": (1, 1)}


def test_one_line_grows_while_another_leaves(store):
    tell(store, order("T1", line("TEE", 1), line("CUP", 3)))
    tell(store, order("T1", line("TEE", 2), line("CUP", 1), version=2))
    assert units(store) == {"T1-1": (2, 2), "T1-2": (1, 1)}
    assert differences(store.read) == []


@pytest.mark.parametrize("stage", ["packing", "weighing"])
def test_an_order_that_grew_on_the_floor_starts_again(store, stage):
    tell(store, order("T1", line("TEE")))
    bring(store, stage)
    tell(store, order("T1", line("TEE"), line("CUP"), version=2))
    assert the_order(store)["stage"] == "ready"
    assert put_backs(store) == 1
    assert units(store) == {"T1-1": (1, 1), "T1-2": (1, 1)}


def test_an_order_that_grew_after_weighing_can_be_weighed_again(store):
    """Its first parcel is void, wherever its waybill has got to."""
    tell(store, order("T1", line("TEE")))
    order_id = bring(store, "weighing")
    store.do(lambda tx: weigh(tx, order_id), PACKER)
    tell(store, order("T1", line("TEE"), line("CUP"), version=2))
    assert the_order(store)["stage"] == "ready"
    bring(store, "labelled")
    assert column(store, "SELECT voided_at IS NULL FROM parcels ORDER BY id") == [0, 1]
    dropped = column(store, "SELECT state FROM outbox WHERE kind = 'waybill' ORDER BY id")
    assert dropped == ["dropped", "done"]


def test_a_labelled_order_that_grows_waits_for_a_person(store):
    tell(store, order("T1", line("TEE")))
    bring(store, "labelled")
    tell(store, order("T1", line("TEE", 2), version=2))
    assert (the_order(store)["stage"], reasons(store)) == ("labelled", {"question"})


def test_another_colour_is_followed_not_shipped_wrong(store):
    tell(store, order("T1", line("TEE", 2)))
    bring(store, "packing")
    tell(store, order("T1", line("CUP", 2), version=2))
    found = one(store, "SELECT sku_id, sku_code, reserved FROM order_lines")
    assert found == {"sku_id": 2, "sku_code": "CUP", "reserved": 2}
    assert (stock(store, TEE), the_order(store)["stage"]) == ((50, 0), "ready")
    bring(store, "labelled")
    tell(store, order("T1", line("TEE", 2), version=3))
    assert (reasons(store), stock(store, TEE)) == ({"question"}, (50, 0))


def test_a_plain_line_that_becomes_a_bundle(store):
    tell(store, order("T1", line("TEE")))
    tell(store, order("T1", line("SET"), version=2))
    assert units(store) == {"T1-1+TEE": (2, 2), "T1-1+CUP": (1, 1)}
    tell(store, order("T1", line("CUP"), version=3))
    wanted = {sub: n for sub, n in units(store).items() if n[0]}
    assert wanted == {"T1-1": (1, 1)}
    assert differences(store.read) == []


def test_a_bundle_that_left_and_came_back_as_a_plain_product(store):
    """Its old parts stay gone, whatever the line's quantity does afterwards."""
    cup = line("CUP", sub="T1-2")
    tell(store, order("T1", line("SET"), cup))
    tell(store, order("T1", cup, version=2))
    tell(store, order("T1", line("TEE", sub="T1-1"), cup, version=3))
    tell(store, order("T1", line("TEE", 3, sub="T1-1"), cup, version=4))
    assert {sub: n for sub, n in units(store).items() if n[0]} == {"T1-1": (3, 3), "T1-2": (1, 1)}
    tell(store, order("T1", line("SET", sub="T1-1"), cup, version=5))
    wanted = {sub: n[0] for sub, n in units(store).items() if n[0]}
    assert wanted == {"T1-1+TEE": 2, "T1-1+CUP": 1, "T1-2": 1}


@pytest.mark.parametrize("stage", BEFORE_HANDOVER)
def test_another_address_stops_what_is_already_addressed(store, stage):
    tell(store, order("T1"))
    bring(store, stage)
    tell(store, order("T1", version=2, receiver=ELSEWHERE))
    assert the_order(store)["receiver_name"] == "李四"
    assert reasons(store) == ({"address_changed"} if stage == "labelled" else set())


def test_another_address_while_the_waybill_is_being_bought(store):
    """The carrier may already have the old address on it."""
    tell(store, order("T1"))
    order_id = bring(store, "weighing")
    store.do(lambda tx: weigh(tx, order_id), PACKER)
    tell(store, order("T1", version=2, receiver=ELSEWHERE))
    assert reasons(store) == {"address_changed"}


def test_another_address_after_handover_tells_a_person(store):
    tell(store, order("T1"))
    bring(store, "shipped")
    tell(store, order("T1", version=2, receiver=ELSEWHERE))
    assert column(store, "SELECT rule FROM alerts") == ["address_after_handover"]


def test_a_channel_that_stops_telling_the_address_takes_none_away(store):
    tell(store, order("T1"))
    bring(store, "labelled")
    tell(store, order("T1", version=2, receiver=Receiver()))
    assert (the_order(store)["receiver_name"], reasons(store)) == ("张三", set())


def test_a_note_that_changes_after_packing_must_be_read(store):
    tell(store, order("T1"))
    bring(store, "weighing")
    tell(store, order("T1", version=2, buyer_note="改成礼盒"))
    assert reasons(store) == {"note_changed"}
    order_id = the_order(store)["id"]
    store.do(lambda tx: holds.release(tx, order_id, "note_changed"), BOSS)
    assert the_order(store)["held"] == 0


def test_a_short_order_that_is_paid_back_is_cancelled(store):
    tell(store, order("T1", line("TEE", 2), line("CUP")))
    order_id = bring(store, "picking")
    store.do(
        lambda tx: tx.run(
            "UPDATE order_lines SET short = 1 WHERE order_id = ? AND sku_code = 'CUP'", order_id
        ),
        PACKER,
    )
    tell(store, order("T1", line("TEE", 2), line("CUP", refund="SUCCESS"), version=2))
    assert the_order(store)["stage"] == "picking"
    paid_back = (line("TEE", 2, refund="SUCCESS"), line("CUP", refund="SUCCESS"))
    tell(store, order("T1", *paid_back, version=3))
    assert the_order(store)["stage"] == "cancelled"
    assert column(store, "SELECT sum(reserved) FROM stock") == [0]


def test_a_telling_without_lines_takes_none_away(store):
    tell(store, order("T1", line("TEE", 2)))
    tell(store, replace(order("T1", version=2), lines=()))
    assert (the_order(store)["stage"], units(store)) == ("ready", {"T1-1": (2, 2)})


def test_an_order_alive_again_after_we_cancelled_it_is_said(store):
    tell(store, order("T1"))
    tell(store, order("T1", version=2, status="TRADE_CLOSED"))
    tell(store, order("T1", version=3))
    assert the_order(store)["stage"] == "cancelled"
    assert column(store, "SELECT rule FROM alerts") == ["open_after_cancel"]


def test_shipped_by_somebody_else_holds(store):
    tell(store, order("T1"))
    tell(store, order("T1", version=2, status="WAIT_BUYER_CONFIRM_GOODS"))
    assert reasons(store) == {"shipped_elsewhere"}


def test_a_held_parcel_is_not_handed_over(store):
    tell(store, order("T1"))
    order_id = bring(store, "labelled")
    tell(store, order("T1", line(refund="WAIT_SELLER_AGREE"), version=2))
    with pytest.raises(Exception, match=r"handover\.held"):
        store.do(lambda tx: step(tx, order_id, "shipped"), PACKER)
    assert the_order(store)["stage"] == "labelled"


def test_every_change_is_in_the_chain(store):
    tell(store, order("T1", line("TEE", 3)))
    bring(store, "packing")
    for version in range(2, 9):
        tell(store, order("T1", line("TEE", 1 + version % 3), version=version))
    order_id = the_order(store)["id"]
    assert first_broken(store.read, order_id) is None
    assert kinds(store).count("changed") == 7
    assert the_order(store)["modified_at"] == NOON + 8
