"""Which warehouse ships, and the reason that is kept."""

import json

from core.dispatch import Need, choose
from core.stock import receive
from tests.core.orders.warehouse import CUP, TEE, line, one, order, reasons, tell, the_order


def ask(store, **units):
    names = {"tee": TEE, "cup": CUP}
    return choose(store.read, Need(1, {names[k]: v for k, v in units.items()}, "浙江省", "zto"))


def test_the_first_warehouse_by_rank_that_has_everything(store):
    store.do(lambda tx: [receive(tx, 2, sku, 90) for sku in (TEE, CUP)])
    assert ask(store, tee=50, cup=50).warehouse_id == 1
    assert ask(store, tee=51).warehouse_id == 2
    store.do(lambda tx: tx.run("UPDATE warehouses SET rank = 2 WHERE id = 1"))
    assert ask(store, tee=1).warehouse_id == 2


def test_an_order_is_not_torn_between_two_warehouses(store):
    store.do(lambda tx: receive(tx, 2, TEE, 90))
    choice = ask(store, tee=60, cup=1)
    assert (choice.warehouse_id, choice.short_of) == (None, "TEE")


def test_two_lines_of_one_product_are_one_need(store):
    tell(store, order("T1", line("TEE", 30), line("TEE", 30)))
    assert reasons(store) == {"no_stock"}
    assert one(store, "SELECT detail FROM holds")["detail"] == "TEE"


def test_promised_units_are_not_free(store):
    tell(store, order("T1", line("TEE", 49)))
    assert ask(store, tee=2).warehouse_id is None
    assert ask(store, tee=1).warehouse_id == 1


def test_the_reason_is_kept_on_the_order(store):
    store.do(lambda tx: receive(tx, 2, TEE, 90))
    tell(store, order("T1", line("TEE", 60)))
    why = json.loads(the_order(store)["dispatch_why"])
    assert why["rule"] == "first_with_all"
    assert why["tried"] == [{"warehouse": "HZ", "lacks": 1}, {"warehouse": "GZ", "lacks": 0}]


def test_nothing_to_ship_is_no_choice(store):
    choice = ask(store)
    assert (choice.warehouse_id, json.loads(choice.why)["rule"]) == (None, "nothing_to_ship")
