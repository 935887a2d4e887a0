"""After the label, end to end: another label for a new address, told to each shop the way it has;
who a hidden receiver is, on demand; the next best courier."""

from contextlib import ExitStack

import pytest

from core.orders.holds import open_reasons
from core.ports import MISMATCH, CallFailed, Fault
from core.shipping.again import buy_again
from core.shipping.parcels import label_printed
from drivers.channels import CHANNELS
from tests.core.orders.warehouse import (
    BOSS,
    bring,
    column,
    one,
    open_store,
    quick_folder,
    the_order,
)
from tests.scenarios.street import Street

RESHIPPING = ("taobao", "douyin", "kuaishou", "wechat", "ktt")
BY_HAND = ("pdd", "jd")
REVEALING = ("taobao", "pdd", "douyin", "wechat")


@pytest.fixture
def street():
    with quick_folder() as folder, ExitStack() as stack:
        store = open_store(folder / "packline.db", units=500)
        stack.callback(store.close)
        yield Street(store, stack)


def told(street, channel):
    """An order whose label the shop knows, and its number there."""
    stall = street.open(channel)
    number = stall.buy(seller_note="")
    stall.follow()
    first = street.labelled(number)
    stall.send()
    assert known(stall, number) == {first}
    return stall, number, first


def another(street, number):
    """A supervisor has the label bought again; its new waybill."""
    order_id = the_order(street.store, number)["id"]
    street.store.do(lambda tx: buy_again(tx, order_id, 2), BOSS)
    street.engine.outbox.send_to_carrier()
    parcel = one(
        street.store, "SELECT * FROM parcels WHERE order_id = ? AND voided_at IS NULL", order_id
    )
    job = one(street.store, "SELECT id FROM print_jobs WHERE parcel_id = ?", parcel["id"])
    street.store.do(lambda tx: label_printed(tx, job["id"]))
    return parcel["waybill"]


def known(stall, number):
    return {parcel.waybill for parcel in stall.shop.channel.shipped(number)}


@pytest.mark.parametrize("channel", RESHIPPING)
def test_a_shop_that_was_told_gets_the_new_number_the_way_it_has(street, channel):
    stall, number, first = told(street, channel)
    second = another(street, number)
    stall.send()
    assert known(stall, number) == {second}
    assert street.outbox() == ["done", "done"]
    assert street.carrier.voided == [first]
    stall.look_again()  # and minutes later it still shows it
    assert column(street.store, "SELECT count(*) FROM ship_checks WHERE seen_at IS NULL") == [0]
    stall.follow()  # "shipped" there is our own doing: nothing is held for it
    assert street.order(number)["held"] == 0


@pytest.mark.parametrize("channel", BY_HAND)
def test_a_shop_without_a_safe_way_is_for_a_person_with_what_to_do(street, channel):
    stall, number, first = told(street, channel)
    calls = len(stall.waybills(number))
    second = another(street, number)
    stall.send()
    assert (known(stall, number), len(stall.waybills(number))) == ({first}, calls)
    row = one(street.store, "SELECT * FROM outbox WHERE state = 'conflict'")
    assert (row["theirs"], row["can_replace"]) == (first, 0)
    wanted = "reship.by_hand_pdd" if channel == "pdd" else "reship.by_hand_any"
    assert wanted in row["why"]
    assert second in row["why"]
    assert "backhaul_refused" in street.alerts()


def test_a_shop_that_was_not_told_yet_hears_of_the_new_number_only(street):
    stall = street.open("douyin")
    number = stall.buy()
    stall.follow()
    street.labelled(number)
    second = another(street, number)
    stall.send()
    assert (known(stall, number), street.outbox()) == ({second}, ["dropped", "done"])


def test_a_doubt_about_the_first_number_is_cleared_by_asking(street):
    """The first report may have arrived: the shop is asked what it has, not our books."""
    stall = street.open("douyin")
    number = stall.buy()
    stall.follow()
    street.labelled(number)
    stall.server.script([{"at": "order.logisticsAddSinglePack", "do": "drop_after_commit"}])
    stall.send()
    second = another(street, number)
    street.clock.advance(60)
    stall.send()
    stall.send()
    assert known(stall, number) == {second}


def test_a_reply_lost_while_the_number_is_replaced_replaces_it_once(street):
    stall, number, _ = told(street, "taobao")
    second = another(street, number)
    stall.server.script([{"at": "taobao.logistics.consign.resend", "do": "drop_after_commit"}])
    stall.send()
    street.clock.advance(60)
    stall.send()
    assert known(stall, number) == {second}
    again = [entry for entry in stall.server.journal if entry["what"] == "reshipped"]
    assert (len(again), street.outbox()) == (1, ["done", "done"])


def test_a_number_somebody_else_put_there_is_never_replaced(street):
    stall, number, _ = told(street, "douyin")
    deal = stall.server.deals[number]
    with stall.server.lock:
        stall.server.repost(deal, deal.items, "FOREIGN12345", "zhongtong")
    another(street, number)
    stall.send()
    assert known(stall, number) == {"FOREIGN12345"}
    row = one(street.store, "SELECT * FROM outbox WHERE state = 'conflict'")
    assert (row["theirs"], row["can_replace"]) == ("FOREIGN12345", 1)


def test_only_one_of_several_parcels_at_the_shop_is_replaced(street):
    """WeChat takes the change of one parcel; those beside it stay as they are."""
    stall, number, _ = told(street, "wechat")
    wanted = stall.shop.channel._order(number)
    packs = wanted["order_detail"]["delivery_info"]["delivery_product_info"]
    assert len(packs) == 1
    second = another(street, number)
    stall.send()
    assert known(stall, number) == {second}


def test_the_label_of_a_parcel_that_left_cannot_be_bought_again(street):
    stall = street.open("taobao", mask=False)
    number = stall.buy()
    stall.follow()
    bring(street.store, "shipped", number, waybill="ZT000001")
    order_id = the_order(street.store, number)["id"]
    with pytest.raises(Exception, match=r"again\.handed_over"):
        street.store.do(lambda tx: buy_again(tx, order_id, 2), BOSS)


def test_only_a_supervisor_may_have_a_label_bought_again(street):
    stall = street.open("taobao", mask=False)
    number = stall.buy()
    stall.follow()
    street.labelled(number)
    stall.server.change_address(number, "文二路2号")
    stall.follow()
    order_id = the_order(street.store, number)["id"]
    for nobody in (1, None):
        with pytest.raises(Exception, match=r"people\.needs"):
            street.store.do(lambda tx, by=nobody: buy_again(tx, order_id, by))
    assert street.store.do(lambda tx: open_reasons(tx, order_id)) == {"address_changed"}


# --- who somebody is ----------------------------------------------------------------------------


def hidden(street, channel):
    stall = street.open(channel)
    number = stall.buy(name="张小明", phone="13800001234")
    stall.follow()
    from core.orders.slip import receiver_of

    return stall, number, receiver_of(street.store.read.one(
        "SELECT * FROM orders WHERE platform_number = ?", number
    ))  # fmt: skip


@pytest.mark.parametrize("channel", REVEALING)
def test_a_hidden_receiver_is_told_on_demand(street, channel):
    stall, number, receiver = hidden(street, channel)
    assert "*" in receiver.name + receiver.phone
    clear = stall.shop.channel.reveal(number, receiver)
    assert (clear.name, clear.phone) == ("张小明", "13800001234")
    assert [e for e in stall.server.journal if e["what"] == "decrypted"]


@pytest.mark.parametrize("channel", REVEALING)
def test_a_used_up_quota_says_how_long(street, channel):
    stall, number, receiver = hidden(street, channel)
    stall.server.decrypts_a_day = 0
    with pytest.raises(CallFailed) as failed:
        stall.shop.channel.reveal(number, receiver)
    assert failed.value.fault is Fault.RATE
    assert 3600 < failed.value.wait_s <= 86_400
    stall.follow()  # the quota is of this call only: the shop is followed all the same
    assert stall.numbers() == [number]


def test_pinduoduo_outside_its_cloud_is_asked_every_ten_seconds(street):
    stall, number, receiver = hidden(street, "pdd")
    stall.shop.channel.reveal(number, receiver)
    asked = street.clock.now()
    stall.shop.channel.reveal(number, receiver)  # so short a wait is waited out
    assert street.clock.now() - asked >= 10_000
    assert len([e for e in stall.server.journal if e["what"] == "decrypted"]) == 6


@pytest.mark.parametrize("channel", ["taobao", "pdd"])
def test_a_reference_of_an_older_address_matches_nobody(street, channel):
    stall, number, receiver = hidden(street, channel)
    stall.server.change_address(number, "新街3号")
    with pytest.raises(CallFailed) as failed:
        stall.shop.channel.reveal(number, receiver)
    assert (failed.value.fault, failed.value.code) == (Fault.BUSINESS, MISMATCH)


@pytest.mark.parametrize("channel", sorted(CHANNELS.keys() - {"vendure"}))
def test_which_connectors_can_do_what(street, channel):
    shop = street.open(channel).shop.channel
    assert hasattr(shop, "reship") == (channel in RESHIPPING or channel == "tmall")
    assert hasattr(shop, "reveal") == (channel in REVEALING or channel == "tmall")
