"""Faults 22 to 30: what buyers, shops and platforms change after an order was pulled."""

from dataclasses import replace

import pytest

from core.errors import Problem
from core.floor.values import Tone
from core.orders import putback, slip
from core.orders.holds import release
from core.ports import Sender as From
from core.shipping.printing import label_facts
from core.sync.hints import follow_hints
from core.sync.reveal import reveal
from drivers.carriers import Kuaidi100
from drivers.simulated.kuaidi100 import SimulatedKuaidi100
from drivers.simulated.shop_world import HOLDS
from tests.core.floor.test_bench import ITEM_TEE, Floor, label
from tests.core.orders.warehouse import (
    BOSS,
    PACKER,
    bring,
    column,
    kinds,
    one,
    parcel_of,
    reasons,
    stock,
    units,
    weigh,
)
from tests.drivers.carriers.partners import PARTNERS
from tests.scenarios.street import CUP, NOON, TEE


@pytest.mark.parametrize("mask", [False, True])
def test_s22_an_address_that_changes_at_each_stage(street, mask):
    stall = street.open(mask=mask)
    early, packed, gone = stall.buy(), stall.buy(), stall.buy()
    stall.follow()
    street.labelled(packed)
    bring(street.store, "shipped", gone, waybill="ZT000003")
    for number in (early, packed, gone):
        stall.server.change_address(number, "文二路2号")
    stall.follow()
    told = kinds(street.store, early)
    assert (told.count("ready"), street.order(early)["stage"]) == (2, "ready")  # dispatched anew
    assert reasons(street.store, early) == set()  # nothing is printed yet
    assert "address_changed" in reasons(street.store, packed)
    assert street.order(gone)["held"] == 0
    assert {"address_after_handover", "address_changed"} <= set(street.alerts())


@pytest.mark.parametrize("channel", ["pdd", "douyin"])
def test_s22_an_address_that_changes_behind_its_mask(street, channel):
    """Nothing that is shown of it changes: the platform's name of the address does."""
    stall = street.open(channel)
    early, packed = stall.buy(), stall.buy()
    stall.follow()
    street.labelled(packed)
    for number in (early, packed):
        stall.server.memo(number, "加急")
    stall.follow()
    assert street.alerts() == []
    for number in (early, packed):
        stall.server.change_address(number, "仓前街道文二路2号")
    stall.follow()
    assert kinds(street.store, early).count("ready") == 2  # dispatched anew
    assert "address_changed" in reasons(street.store, packed)
    assert street.alerts() == ["address_changed"]


def test_s22_the_bench_is_blocked_until_a_supervisor_buys_another_label(street, stall):
    number = stall.buy(TEE)
    stall.follow()
    floor = Floor(street.store)
    floor.scan("BG1", street.order(number)["number"], ITEM_TEE, ITEM_TEE)
    floor.weigh(200)
    label(street.store, number, "ZT000007")
    stall.send()
    stall.server.change_address(number, "文二路2号")
    stall.follow()
    assert floor.look().outcome.tone is Tone.STOP
    floor.scan("PKVOID1", "BG2")
    street.engine.outbox.send_to_carrier()
    assert street.carrier.voided == ["ZT000007"]
    second = parcel_of(street.store.read, street.order(number)["id"])["waybill"]
    assert floor.scan("ZT000007").say.id == "handover.replaced"
    label(street.store, number, second)
    stall.send()
    assert [parcel.waybill for parcel in stall.shop.channel.shipped(number)] == [second]
    floor.scan("PKHAND1")
    assert floor.scan("ZT000007").say.data["instead"] == second
    assert floor.scan(second).say.id == "scan.handed_over"


def test_s23_refunds_before_shipping_block_at_once(street, stall):
    whole, part = stall.buy(), stall.buy(TEE, CUP)
    stall.follow()
    bring(street.store, "packing", whole)
    stall.server.refund(whole)
    line = stall.shop.channel.detail(part).lines[0].sub_number
    stall.server.agree_refund(part, line)
    stall.follow()
    assert "refund" in reasons(street.store, whole)
    assert sum(wanted for wanted, _ in units(street.store, part).values()) == 1
    assert sum(kept for _, kept in units(street.store, part).values()) == 1


def test_s23_a_refund_that_no_listing_shows_yet_is_known_while_the_bench_works(street, stall):
    number = stall.buy(TEE)
    stall.follow()
    stall.server.refund(number)
    floor = Floor(street.store)
    floor.scan("BG1", street.order(number)["number"])
    follow_hints(street.store, stall.shop)
    assert floor.look().outcome.tone is Tone.STOP
    assert reasons(street.store, number) == {"refund"}


def test_s24_a_withdrawn_refund_returns_the_order(street, stall):
    number = stall.buy()
    stall.server.refund(number)
    stall.follow()
    assert reasons(street.store, number) == {"refund"}
    stall.server.withdraw_refund(number)
    stall.follow()
    assert (reasons(street.store, number), street.order(number)["stage"]) == (set(), "ready")


def test_s25_cancelled_after_packing_is_put_back(street, stall):
    number = stall.buy()
    stall.follow()
    waybill = street.labelled(number)
    before = stock(street.store)
    stall.server.close(number)
    stall.follow()
    assert street.order(number)["stage"] == "cancelled"
    told = one(street.store, "SELECT * FROM alerts WHERE rule = 'intercept' AND over_at IS NULL")
    assert waybill in told["what"]  # which box to take out of those that leave
    (task,) = putback.tasks(street.store.read)
    assert stock(street.store) == (before[0], before[1] - task["quantity"])
    stall.send()
    assert stall.waybills(number) == []
    street.store.do(lambda tx: putback.done(tx, task["id"]), PACKER)
    assert street.alerts("intercept") == []
    assert stock(street.store) == (before[0], before[1] - task["quantity"])  # counted once


def test_s25_cancelled_before_packing_needs_no_catching(street, stall):
    number = stall.buy()
    stall.follow()
    bring(street.store, "packing", number)
    stall.server.close(number)
    stall.follow()
    assert street.alerts("intercept") == []
    assert [row["number"] for row in putback.tasks(street.store.read)] == [
        street.order(number)["number"]
    ]


@pytest.mark.parametrize("mark", HOLDS)
def test_s26_what_the_platform_stops_waits_until_it_lets_go(street, stall, mark):
    number = stall.buy()
    stall.server.hold(number, mark)
    stall.follow()
    assert reasons(street.store, number) == {"platform_hold"}
    stall.server.hold(number, mark, on=False)
    stall.follow()
    assert street.order(number)["stage"] == "ready"


@pytest.mark.parametrize("step", ["ready", "packing"])
def test_s28_what_somebody_else_sent_in_part_is_not_packed_again(street, step):
    stall = street.open("jd")
    number = stall.buy(TEE, CUP)
    stall.follow()
    if step != "ready":
        bring(street.store, step, number)
    stall.server.ship_part(number, "TEE", waybill="ZT0000001")
    stall.follow()
    assert reasons(street.store, number) == {"partly_shipped"}


def test_s26_a_deposit_is_no_payment(street, stall):
    number = stall.buy(status="WAIT_BUYER_PAY", type="step")
    stall.follow()
    assert "unpaid" in reasons(street.store, number)
    stall.server.pay(number)
    stall.follow()
    assert street.order(number)["stage"] == "ready"


def test_s27_a_memo_after_the_pull_is_on_the_next_slip(street, stall):
    number = stall.buy()
    stall.follow()
    order_id = street.order(number)["id"]
    assert slip.slip(street.store.read, order_id).seller_note == ""
    street.store.do(lambda tx: slip.queue_slip(tx, order_id), PACKER)
    stall.server.memo(number, "发红色")
    stall.follow()
    assert slip.slip(street.store.read, order_id).seller_note == "发红色"
    told = column(street.store, "SELECT what FROM events WHERE kind = 'changed'")
    assert "seller_note" in told[-1]
    assert street.order(number)["slip_stale"] == 1  # what is on paper says something else
    floor = Floor(street.store)
    told = floor.scan("BG1", street.order(number)["number"])
    assert told.say.id == "scan.opened_stale"
    floor.scan("PKSLIP1")
    assert (street.order(number)["slip_stale"], street.order(number)["slip_copies"]) == (0, 2)


def test_s27_what_a_slip_does_not_carry_leaves_it_good(street, stall):
    number = stall.buy()
    stall.follow()
    order_id = street.order(number)["id"]
    street.store.do(lambda tx: slip.queue_slip(tx, order_id), PACKER)
    stall.server.touch(number, payment="9.00")
    stall.follow()
    assert street.order(number)["slip_stale"] == 0


def test_s28_units_cancelled_and_lines_added_later_are_followed(street):
    stall = street.open("ktt")
    number = stall.buy(replace(TEE, quantity=3), CUP)
    stall.follow()
    assert sum(wanted for wanted, _ in units(street.store, number).values()) == 4
    line = stall.server.deals[number].items[0].number
    stall.server.cancel_units(number, line, 2)
    stall.follow()
    assert sum(wanted for wanted, _ in units(street.store, number).values()) == 2
    assert sum(kept for _, kept in units(street.store, number).values()) == 2


def test_s29_the_same_buyer_is_flagged_and_never_merged(street, stall):
    first, second = stall.buy(), stall.buy()
    stall.follow()
    assert [street.order(n)["same_buyer"] for n in (first, second)] == [1, 1]
    assert column(street.store, "SELECT count(*) FROM orders") == [2]


def test_s29_a_masked_buyer_is_told_by_the_shops_own_account_and_in_that_shop_only(street):
    """The reference of a hidden receiver changes with the week and the shop and tells nothing."""
    stall = street.open("taobao", mask=True)
    this_week = stall.buy(created_at=NOON, buyer="tb_ming")
    next_week = stall.buy(created_at=NOON + 7 * 86_400_000, buyer="tb_ming")
    somebody = stall.buy(buyer="tb_hong")
    stall.follow()
    other = street.open("taobao", shop_id=2, mask=True, seed=2)
    elsewhere = other.buy(buyer="tb_ming")
    other.follow()
    rows = [street.order(n) for n in (this_week, next_week, somebody, elsewhere)]
    assert len({row["cipher_ref"] for row in rows}) >= 2
    assert [row["same_buyer"] for row in rows] == [1, 1, 0, 0]
    assert column(street.store, "SELECT count(*) FROM orders") == [4]


def test_s30_masked_people_are_kept_as_they_are_beside_their_cipher(street):
    stall = street.open("taobao", mask=True)
    number = stall.buy(name="张小明", phone="13800001234")
    stall.follow()
    row = street.order(number)
    assert "*" in row["receiver_name"] + row["receiver_phone"]
    assert row["cipher_ref"]
    assert row["stage"] == "ready"  # packing needs no name in clear


@pytest.mark.parametrize("channel", ["taobao", "pdd", "douyin", "wechat", "kuaishou"])
def test_s30_a_label_for_a_hidden_address_goes_by_its_cipher(street, channel):
    server = street.stack.enter_context(SimulatedKuaidi100(street.clock))
    account = Kuaidi100(server.url, "key", "secret", street.clock, partners=PARTNERS)
    street.stack.callback(account.close)
    street.carrier = account
    stall = street.open(channel)
    street.store.do(lambda tx: tx.run("UPDATE shops SET channel = ? WHERE id = 1", channel))
    number = stall.buy(name="张小明", phone="13800001234")
    stall.follow()
    order_id = bring(street.store, "weighing", number)
    street.store.do(lambda tx: weigh(tx, order_id), PACKER)
    street.engine.outbox.send_to_carrier()
    (sold,) = [entry for entry in server.journal if entry["do"] == "waybill"]
    assert sold["order"] == number
    assert bool(sold["oaid"]) == (channel == "taobao")
    job = street.store.read.one("SELECT * FROM print_jobs WHERE order_id = ?", order_id)
    facts = label_facts(street.store.read, job, From(name="仓", phone="1"), street.clock)
    assert "*" in facts.receiver.name + facts.receiver.phone
    assert facts.routing_mark  # the mark the courier sorts by is in clear
    assert "张小明" not in str(facts)


def test_s30_a_used_up_quota_and_a_moved_reference_are_said(street):
    stall = street.open("taobao", mask=True)
    number = stall.buy(name="张小明", phone="13800001234")
    stall.follow()
    ours = street.order(number)["number"]
    shops = street.engine.shops
    stall.server.change_address(number, "新街3号")
    told = reveal(street.store, shops, ours, "客户来电", BOSS)
    assert (told.receiver.name, told.refetched) == ("张小明", True)
    stall.server.decrypts_a_day = 2
    with pytest.raises(Problem) as refused:
        reveal(street.store, shops, ours, "客户来电", BOSS)
    assert refused.value.message.id == "reveal.quota"
    told = kinds(street.store, number)
    assert [kind for kind in told if kind.startswith("reveal")] == ["revealed", "reveal_refused"]


def test_a_supervisor_may_let_a_changed_address_pass(street, stall):
    """What s22 stops, a person lets go."""
    number = stall.buy()
    stall.follow()
    street.labelled(number)
    stall.server.change_address(number, "文二路2号")
    stall.follow()
    order_id = street.order(number)["id"]
    street.store.do(lambda tx: release(tx, order_id, "address_changed"), BOSS)
    stall.send()
    assert len(stall.waybills(number)) == 1


def test_gifts_that_ship_by_themselves_are_packed_once(street):
    """Pinduoduo decides after the deal, and does not say that the first order changed."""
    stall = street.open("pdd")
    number = stall.buy(TEE, replace(CUP, gift=True))
    stall.server.delay_gifts(number)
    stall.follow()
    assert reasons(street.store, number) == {"platform_hold"}
    apart = stall.server.part_gifts(number)
    assert stall.hints() == 0
    stall.follow(600)
    assert stall.hints() == 1
    assert reasons(street.store, number) == set()
    assert [wanted for wanted, _ in units(street.store, number).values()] == [1, 0]
    assert [wanted for wanted, _ in units(street.store, apart).values()] == [1]
    street.clock.advance(1200)
    assert stall.hints() == 0  # and is not asked about any more


def test_a_pause_that_ends_unseen_is_noticed(street):
    stall = street.open("pdd")
    number = stall.buy(TEE)
    stall.server.hold(number, "ship_hold")
    stall.follow()
    assert reasons(street.store, number) == {"platform_hold"}
    stall.server.deals[number].marks.clear()
    stall.follow(600)
    assert reasons(street.store, number) == {"platform_hold"}
    assert (stall.hints(), reasons(street.store, number)) == (1, set())


def test_gifts_that_stay_undecided_are_asked_about_until_they_are(street):
    stall = street.open("pdd")
    number = stall.buy(TEE, replace(CUP, gift=True))
    stall.server.delay_gifts(number)
    stall.follow()
    for _ in range(4):
        street.clock.advance(601)
        assert stall.hints() == 1
    assert reasons(street.store, number) == {"platform_hold"}
    stall.server.touch(number, gift_order_status=2)
    street.clock.advance(601)
    assert (stall.hints(), reasons(street.store, number)) == (1, set())


def test_s25_an_order_put_into_the_trash_is_not_packed(street):
    """WooCommerce leaves it out of the listing of changes; the trash is listed apart."""
    stall = street.open("woocommerce")
    thrown, kept = stall.buy(), stall.buy()
    stall.follow()
    assert street.order(thrown)["stage"] == "ready"
    stall.server.trash(thrown)
    stall.follow()
    assert (street.order(thrown)["stage"], street.order(kept)["stage"]) == ("cancelled", "ready")
