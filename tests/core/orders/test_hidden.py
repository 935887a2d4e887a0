"""A receiver nobody can be told of: held before the pick, not found out at the label."""

import pytest

from core.orders import holds
from core.ports import Receiver
from tests.core.orders.warehouse import BOSS, bring, order, reasons, tell, the_order

CLEAR = Receiver(name="张三", phone="13800001234", province="浙江省", address="文一路1号")


@pytest.mark.parametrize(
    "hidden", [{"phone": "138****1234"}, {"name": "##密文"}, {"address": ""}, {"address": "****"}]
)
def test_an_order_without_a_receiver_in_clear_or_a_reference_is_held(store, hidden):
    told = {f: getattr(CLEAR, f) for f in ("name", "phone", "province", "address")} | hidden
    tell(store, order("T1", receiver=Receiver(**told)))
    assert (reasons(store), the_order(store)["stage"]) == ({"receiver_hidden"}, "received")
    tell(store, order("T1", version=2, receiver=CLEAR))
    assert (reasons(store), the_order(store)["stage"]) == (set(), "ready")


def test_the_platforms_own_reference_is_enough(store):
    tell(store, order("T1", receiver=Receiver(name="张**", cipher_ref="1SW0")))
    assert reasons(store) == set()


def test_a_supervisor_may_let_it_go_and_a_later_mask_stops_nothing(store):
    tell(store, order("T1", receiver=Receiver(name="张**")))
    order_id = the_order(store)["id"]
    store.do(lambda tx: holds.release(tx, order_id, "receiver_hidden"), BOSS)
    assert the_order(store)["stage"] == "ready"
    bring(store, "picking")
    tell(store, order("T1", version=2, receiver=Receiver(name="张**", phone="138****1234")))
    assert (reasons(store), the_order(store)["stage"]) == (set(), "picking")
