"""Conflicts a person settles, receivers revealed, the next best courier: over a real store."""

import json
from collections import deque
from dataclasses import replace

import pytest

from core.errors import Problem
from core.orders.policy import ShopPolicy
from core.ports import MISMATCH, CallFailed, Fault, Receiver, Sender
from core.shipping.parcels import hand_over
from core.sync.conflicts import of_order, settle
from core.sync.outbox import Sender as Outbox
from core.sync.pull import Shop
from core.sync.remedies import apply, remedies
from core.sync.reveal import reveal
from core.sync.waiting import waiting
from core.watch import open_alerts
from tests.core.orders.warehouse import (
    BOSS,
    PACKER,
    bring,
    column,
    kinds,
    one,
    order,
    reasons,
    tell,
    the_order,
    weigh,
)
from tests.core.sync.outside import MemoryCarrier, MemoryShop

FROM = Sender(name="仓", phone="1")


class Town:
    """A store, a shop in memory, a carrier in memory."""

    def __init__(self, store):
        self.store = store
        self.channel = MemoryShop(store.clock.now)
        self.carrier = MemoryCarrier()
        self.shop = Shop("tb", self.channel, ShopPolicy(shop_id=1, channel="taobao"))
        self.outbox = Outbox(store, {1: self.shop}, self.carrier, FROM)

    def labelled(self, waybill="ZT000001"):
        told = order("T1")
        self.channel.orders["T1"] = told
        tell(self.store, told)
        return bring(self.store, "labelled", waybill=waybill)

    def send(self):
        self.store.clock.advance(60)
        self.outbox.send_to_shop(1)

    def effect(self):
        return one(self.store, "SELECT * FROM outbox WHERE kind = 'backhaul'")

    def alerts(self):
        return {row["rule"] for row in open_alerts(self.store.read, self.store.clock.now())
                if row["over_at"] is None}  # fmt: skip


@pytest.fixture
def town(store):
    return Town(store)


@pytest.fixture
def disputed(town):
    """The shop has another number than ours."""
    town.channel.parcels["T1"] = ["SF9990001"]
    town.order_id = town.labelled()
    town.send()
    assert town.effect()["state"] == "conflict"
    return town


def test_a_person_sees_both_numbers_and_what_may_be_done(disputed):
    (row,) = waiting(disputed.store.read)
    assert (row.ours, row.theirs, row.ways) == ("ZT000001", ("SF9990001",), ("adopt", "by_hand"))
    assert row.why.id == "reship.other"
    assert [r.code for r in remedies(disputed.store.read, row.order)] == [
        f"adopt:{row.id}",
        f"by_hand:{row.id}",
        "again",
    ]


def test_the_shops_number_is_right_and_the_parcel_travels_under_it(disputed):
    store, id_ = disputed.store, disputed.effect()["id"]
    store.do(lambda tx: settle(tx, id_, "adopt", "店铺后台已打单"), BOSS)
    rows = store.read.all("SELECT waybill, voided_at IS NULL AS live FROM parcels ORDER BY id")
    assert [tuple(row) for row in rows] == [("ZT000001", 0), ("SF9990001", 1)]
    assert column(store, "SELECT state FROM outbox WHERE kind = 'void'") == [
        "due"
    ]  # ours goes back
    assert the_order(store)["backhauled_at"] is not None
    assert "backhaul_refused" not in disputed.alerts()
    live = one(store, "SELECT id FROM parcels WHERE voided_at IS NULL")["id"]
    store.do(lambda tx: hand_over(tx, live), PACKER)
    assert the_order(store)["stage"] == "shipped"
    told = json.loads(one(store, "SELECT what FROM events WHERE kind = 'conflict_adopt'")["what"])
    assert (told["theirs"], told["reason"]) == ("SF9990001", "店铺后台已打单")


def test_a_parcel_that_left_keeps_its_number(disputed):
    store = disputed.store
    parcel = one(store, "SELECT id FROM parcels")["id"]
    store.do(lambda tx: hand_over(tx, parcel), PACKER)
    store.do(lambda tx: settle(tx, disputed.effect()["id"], "adopt", "x"), BOSS)
    assert column(store, "SELECT waybill FROM parcels WHERE voided_at IS NULL") == ["ZT000001"]
    assert column(store, "SELECT count(*) FROM outbox WHERE kind = 'void'") == [0]


def test_ours_is_put_in_the_place_of_theirs_where_the_shop_lets_it(town):
    put = []
    town.channel.reship = lambda shipment, old: (
        put.append((shipment.waybill, old)),
        town.channel.parcels.update(T1=[shipment.waybill]),
    )
    town.channel.parcels["T1"] = ["SF9990001"]
    town.labelled()
    town.send()
    assert of_order(town.store.read, 1)[0].ways == ("adopt", "send", "by_hand")
    town.store.do(lambda tx: settle(tx, town.effect()["id"], "send", "我们的对"), BOSS)
    town.send()
    assert (put, town.effect()["state"]) == ([("ZT000001", "SF9990001")], "done")
    assert town.alerts() == set()


def test_settled_by_hand_is_believed_and_ends_what_the_audit_held(disputed):
    store = disputed.store
    tell(store, order("T1", status="WAIT_BUYER_CONFIRM_GOODS", version=9))
    assert "shipped_elsewhere" in reasons(store)
    store.do(lambda tx: settle(tx, disputed.effect()["id"], "by_hand", "已在后台改"), BOSS)
    assert (disputed.effect()["state"], reasons(store)) == ("dropped", set())
    assert the_order(store)["backhauled_at"] is not None
    calls = disputed.channel.calls
    disputed.send()
    assert disputed.channel.calls == calls


@pytest.mark.parametrize(
    ("by", "way", "reason", "id_"),
    [
        (PACKER, "by_hand", "x", "people.needs_role"),
        (None, "by_hand", "x", "people.needs_badge"),
        (BOSS, "by_hand", " ", "conflict.no_reason"),
        (BOSS, "send", "x", "conflict.no_such_way"),
    ],
)
def test_who_may_settle_and_how(disputed, by, way, reason, id_):
    effect = disputed.effect()["id"]
    with pytest.raises(Problem) as refused:
        disputed.store.do(lambda tx: settle(tx, effect, way, reason), *([by] if by else []))
    assert refused.value.message.id == id_
    assert disputed.effect()["state"] == "conflict"


def test_a_conflict_is_settled_once(disputed):
    effect = disputed.effect()["id"]
    disputed.store.do(lambda tx: settle(tx, effect, "by_hand", "x"), BOSS)
    with pytest.raises(Problem, match=r"conflict\.settled"):
        disputed.store.do(lambda tx: settle(tx, effect, "adopt", "x"), BOSS)


def test_a_number_that_is_another_orders_is_not_taken(disputed):
    store = disputed.store
    tell(store, order("T2"))
    bring(store, "labelled", "T2", waybill="SF9990001")
    assert of_order(store.read, disputed.order_id)[0].ways == ("by_hand",)


def test_a_refused_waybill_may_only_be_asked_for_again(town):
    tell(town.store, order("T1"))
    order_id = bring(town.store, "weighing")
    town.store.do(lambda tx: weigh(tx, order_id), PACKER)
    town.carrier.fails = deque([CallFailed(Fault.BUSINESS, "account", "月结账号错误")])
    town.outbox.send_to_carrier()
    (found,) = of_order(town.store.read, order_id)
    assert found.ways == ("send", "elsewhere")
    number = the_order(town.store)["number"]
    told = town.store.do(lambda tx: apply(tx, number, f"send:{found.id}", "改好了"), BOSS)
    assert told.id == "remedied.send"
    town.store.clock.advance(60)
    town.outbox.send_to_carrier()
    assert len(town.carrier.bought) == 1


def without_label(town):
    """A parcel that no courier sells a label for."""
    tell(town.store, order("T1"))
    town.channel.orders["T1"] = order("T1")
    order_id = bring(town.store, "weighing")
    town.store.do(lambda tx: weigh(tx, order_id), PACKER)
    town.carrier.fails = deque([CallFailed(Fault.BUSINESS, "address_hidden")])
    town.outbox.send_to_carrier()
    (found,) = of_order(town.store.read, order_id)
    return found


def test_a_label_that_was_bought_elsewhere_takes_its_place(town):
    found = without_label(town)
    number = the_order(town.store)["number"]
    code = f"elsewhere:{found.id}"
    with pytest.raises(Problem):
        town.store.do(lambda tx: apply(tx, number, code, "yt1234567890123"), PACKER)
    told = town.store.do(lambda tx: apply(tx, number, code, "yt1234567890123"), BOSS)
    assert told.id == "remedied.elsewhere"
    assert (the_order(town.store)["stage"], of_order(town.store.read, found.order_id)) == (
        *("labelled", []),
    )
    assert [a["over_at"] is not None for a in town.store.read.all("SELECT * FROM alerts")] == [True]
    assert column(town.store, "SELECT state FROM print_jobs") == ["printed"]
    town.send()
    assert town.channel.accepted == [("T1", "YT1234567890123")]
    town.outbox.send_to_carrier()
    assert town.carrier.bought == []
    parcel = one(town.store, "SELECT id FROM parcels")["id"]
    town.store.do(lambda tx: hand_over(tx, parcel), PACKER)
    assert the_order(town.store)["stage"] == "shipped"


@pytest.mark.parametrize("waybill", ["改好了", "12", "YT 12345678", "ZT000001"])
def test_what_cannot_be_the_label_of_this_parcel_is_refused(town, waybill):
    found = without_label(town)
    tell(town.store, order("T2"))
    bring(town.store, "labelled", "T2", waybill="ZT000001")
    with pytest.raises(Problem):
        town.store.do(lambda tx: settle(tx, found.id, "elsewhere", waybill), BOSS)
    assert of_order(town.store.read, found.order_id) == [found]


def test_the_hold_of_a_changed_address_is_among_what_can_be_done(town):
    town.labelled()
    moved = Receiver(name="张三", phone="13800001234", province="广东省", address="2号")
    tell(town.store, order("T1", receiver=moved, version=2))
    number = the_order(town.store)["number"]
    assert [r.code for r in remedies(town.store.read, number)] == [
        "again",
        "release:address_changed",
    ]
    assert town.alerts() == {"address_changed"}
    town.store.do(lambda tx: apply(tx, number, "release:address_changed"), BOSS)
    assert (reasons(town.store), town.alerts()) == (set(), set())


# --- the next best courier ----------------------------------------------------------------------


def weighed(town, then="yto sto"):
    town.store.do(lambda tx: tx.run("UPDATE shops SET carrier_then = ? WHERE id = 1", then))
    tell(town.store, order("T1"))
    order_id = bring(town.store, "weighing")
    town.store.do(lambda tx: weigh(tx, order_id), PACKER)
    return order_id


def refused(code, *, in_doubt=False):
    return CallFailed(Fault.BUSINESS, f"{code}:30001", "余额不足", in_doubt=in_doubt)


def buy(town, times=3):
    for _ in range(times):
        town.store.clock.advance(1000)
        town.outbox.send_to_carrier()


@pytest.mark.parametrize("code", ["balance", "unreachable"])
def test_a_certain_refusal_asks_the_next_carrier_and_says_why(town, code):
    order_id = weighed(town)
    town.carrier.fails = deque([refused(code)])
    buy(town)
    row = the_order(town.store)
    assert (row["carrier"], json.loads(row["carrier_why"])) == (
        "yto",
        [{"carrier": "zto", "why": code}],
    )
    assert f"carrier_{code}" in town.alerts()
    assert "carrier_changed" in kinds(town.store)
    live = town.store.read.all(
        "SELECT * FROM parcels WHERE order_id = ? AND voided_at IS NULL", order_id
    )
    assert [parcel["waybill"] for parcel in live] == ["ZT0001"]
    assert len(town.carrier.bought) == 1
    assert len(set(column(town.store, "SELECT uid FROM parcels"))) == 2


def test_when_every_carrier_refuses_it_is_for_a_person(town):
    weighed(town)
    town.carrier.fails = deque([refused("balance")] * 3)
    buy(town, 4)
    assert town.carrier.bought == []
    row = the_order(town.store)
    assert [each["carrier"] for each in json.loads(row["carrier_why"])] == ["zto", "yto", "sto"]
    assert "waybill_refused" in town.alerts()


def test_doubt_never_asks_another_carrier(town):
    """The first call may have bought; whatever comes after it is no proof that it did not."""
    weighed(town)
    town.carrier.fails = deque(
        [CallFailed(Fault.TRANSIENT, "timeout", in_doubt=True), None, refused("balance")]
    )
    buy(town)
    assert the_order(town.store)["carrier"] == "zto"
    assert column(town.store, "SELECT count(*) FROM parcels") == [1]


def test_an_account_that_is_topped_up_ends_its_alert(town):
    weighed(town)
    town.carrier.fails = deque([refused("balance")])
    buy(town)
    assert "carrier_balance" in town.alerts()
    tell(town.store, order("T2"))
    other = bring(town.store, "weighing", "T2")
    town.store.do(lambda tx: weigh(tx, other), PACKER)
    buy(town)
    assert the_order(town.store, "T2")["carrier"] == "zto"
    assert "carrier_balance" not in town.alerts()


def test_a_parcel_voided_meanwhile_asks_nobody_else(town):
    order_id = weighed(town)

    def cancelled():
        tell(town.store, order("T1", status="TRADE_CLOSED", version=5))

    town.carrier.during = cancelled
    town.carrier.fails = deque([refused("balance")])
    buy(town)
    assert column(town.store, "SELECT count(*) FROM parcels WHERE order_id = ?", order_id) == [1]


# --- who somebody is ----------------------------------------------------------------------------

HIDDEN = Receiver(name="张*", phone="138****1234", province="浙江省", address="***", cipher_ref="A")
CLEAR = Receiver(name="张小明", phone="13800001234", province="浙江省", address="文一路1号")


@pytest.fixture
def masked(town):
    town.channel.orders["T1"] = order("T1", receiver=HIDDEN)
    tell(town.store, town.channel.orders["T1"])
    town.answers = deque()

    def told(number, receiver):
        answer = town.answers.popleft() if town.answers else CLEAR
        if isinstance(answer, Exception):
            raise answer
        return answer

    town.channel.reveal = told
    town.number = the_order(town.store)["number"]
    return town


def ask(town, by=BOSS, reason="客户来电"):
    return reveal(town.store, {1: town.shop}, town.number, reason, by)


def everything(store):
    tables = column(store, "SELECT name FROM sqlite_schema WHERE type = 'table'")
    return "".join(
        str([tuple(row) for row in store.read.all(f"SELECT * FROM {t}")]) for t in tables
    )


def test_a_receiver_is_told_and_kept_nowhere(masked):
    assert ask(masked).receiver == CLEAR
    assert "张小明" not in everything(masked.store)
    assert "13800001234" not in everything(masked.store)
    event = one(masked.store, "SELECT * FROM events WHERE kind = 'revealed'")
    assert (event["operator_id"], json.loads(event["what"])) == (2, {"reason": "客户来电"})


@pytest.mark.parametrize(
    ("by", "reason", "id_"),
    [(PACKER, "x", "people.needs_role"), (BOSS, "", "conflict.no_reason")],
)
def test_without_role_or_reason_nobody_is_asked(masked, by, reason, id_):
    masked.answers.append(AssertionError("asked"))
    with pytest.raises(Problem) as failed:
        ask(masked, by, reason)
    assert failed.value.message.id == id_


def test_a_used_up_quota_names_the_hour(masked):
    masked.answers.append(CallFailed(Fault.RATE, "quota", "额度", wait_s=12 * 3600))
    with pytest.raises(Problem) as failed:
        ask(masked)
    assert failed.value.message.data["again"] == "01-21 00:00:00"  # noon and twelve hours
    assert kinds(masked.store)[-1] == "reveal_refused"


def test_a_reference_that_moved_is_fetched_anew_and_said(masked):
    masked.channel.orders["T1"] = order("T1", receiver=replace(HIDDEN, cipher_ref="B"), version=9)
    masked.answers.append(CallFailed(Fault.BUSINESS, MISMATCH, "A"))
    told = ask(masked)
    assert (told.receiver, told.refetched) == (CLEAR, True)
    assert the_order(masked.store)["cipher_ref"] == "B"


def test_a_reference_that_still_matches_nobody_is_said(masked):
    masked.answers += [CallFailed(Fault.BUSINESS, MISMATCH, "A")] * 2
    with pytest.raises(Problem, match=r"reveal\.mismatch"):
        ask(masked)


def test_what_is_not_hidden_is_not_asked_for(masked):
    masked.store.do(lambda tx: tx.run("UPDATE orders SET cipher_ref = ''"))
    with pytest.raises(Problem, match=r"reveal\.in_clear"):
        ask(masked)


def test_a_shop_that_cannot_be_asked_is_said(masked):
    del masked.channel.reveal
    with pytest.raises(Problem, match=r"reveal\.not_here"):
        ask(masked)
