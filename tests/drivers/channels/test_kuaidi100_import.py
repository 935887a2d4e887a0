"""Shops behind Kuaidi100: nothing can be read, everything is delivered; faults on the way."""

import random
from contextlib import ExitStack, suppress
from dataclasses import replace

import pytest

from core.ports import CallFailed, Fault, Shipment
from core.sync.progress import backfill, set_cursor
from core.sync.pull import pull
from drivers.channels import CHANNELS, ShopAccess
from drivers.channels.kuaidi100_shop import KINDS, LATE_MS
from drivers.simulated.kuaidi100_shop import REFUND_TASK, SHIP, TASK
from tests.core.orders.warehouse import bring, column, open_store, quick_folder, reasons
from tests.scenarios.street import CUP, MINUTE, NOON, TEE, Street

HOUR = 3600


@pytest.fixture
def street():
    with quick_folder() as folder, ExitStack() as stack:
        store = open_store(folder / "packline.db", units=5000)
        stack.callback(store.close)
        yield Street(store, stack)


@pytest.fixture
def stall(street):
    stall = street.open("kuaidi100")
    stall.ring()
    return stall


def behind(stall):
    """Milliseconds the shop is known behind now; calls take a moment of a set clock."""
    return stall.street.clock.now() - stall.cursor()


def asked(stall):
    return stall.server.count(TASK) + stall.server.count(REFUND_TASK)


# --- orders come -------------------------------------------------------------------------------


def test_orders_are_asked_for_delivered_and_taken_in(stall):
    numbers = sorted(stall.buy(TEE, CUP) for _ in range(60))
    stall.deliver()
    assert stall.numbers() == numbers
    assert all(stall.street.order(n)["stage"] == "ready" for n in numbers)


def test_what_was_delivered_is_there_before_the_window_is_complete(stall):
    number = stall.buy()
    stall.street.clock.advance(400)
    stall.pull()
    stall.server.deliver()
    stall.hints()
    assert stall.numbers() == [number]


def test_nothing_is_known_further_than_it_was_delivered(stall):
    stall.buy()
    before = stall.cursor()
    stall.street.clock.advance(400)
    stall.pull()
    assert stall.cursor() == before  # asked for, not delivered
    assert asked(stall) == len(KINDS)
    stall.pull()
    assert asked(stall) == len(KINDS)  # once, while it is on its way
    stall.server.deliver()
    stall.pull()
    assert behind(stall) < 215_000


def test_each_change_is_followed(stall):
    number = stall.buy()
    stall.deliver()
    stall.server.change_address(number, "文二路2号")
    stall.deliver()
    assert stall.street.order(number)["address"].endswith("文二路2号")
    stall.server.close(number)
    stall.deliver()
    assert stall.street.order(number)["stage"] == "cancelled"


def test_a_first_pull_reads_three_days(street):
    stall = street.open("kuaidi100")
    stall.ring()
    street.store.do(lambda tx: tx.run("DELETE FROM cursors"))
    numbers = []
    for hours in (70, 40, 20, 1):
        stall.server.clock = type(street.clock)(NOON - hours * HOUR * 1000)
        numbers.append(stall.buy())
    stall.server.clock = street.clock
    for _ in range(12):
        stall.deliver(60)
    assert stall.numbers() == sorted(numbers)
    assert street.gaps(1) == []


def test_while_what_is_new_is_on_its_way_the_past_goes_on(street):
    stall = street.open("kuaidi100")
    stall.ring()
    street.store.do(lambda tx: tx.run("DELETE FROM cursors"))
    stall.server.clock = type(street.clock)(NOON - 30 * HOUR * 1000)
    number = stall.buy()
    stall.server.clock = street.clock
    for _ in range(40):
        street.clock.advance(60)
        pull(street.store, stall.shop)
        stall.server.deliver()
    assert stall.numbers() == [number]


def test_a_whole_evening_is_complete_and_nothing_is_doubled(stall):
    numbers = []
    for minute in range(120):
        numbers.append(stall.buy())
        if minute % 7 == 0:
            stall.server.memo(numbers[minute // 2], "改地址前联系")
        stall.street.clock.advance(60)
        pull(stall.street.store, stall.shop)
        if minute % 3:
            stall.server.deliver()
        stall.hints()
    stall.deliver()
    assert stall.numbers() == sorted(numbers)
    memos = {n for n, deal in stall.server.deals.items() if deal.note}
    noted = column(stall.street.store, "SELECT platform_number FROM orders WHERE seller_note <> ''")
    assert set(noted) == memos


def test_rows_that_show_minutes_late_are_asked_for_again(street):
    stall = street.open("kuaidi100", late=(1.0, 420.0))
    stall.ring()
    numbers = []
    for _ in range(20):
        numbers.append(stall.buy())
        stall.deliver(60)
        stall.hints()
    for _ in range(12):
        stall.deliver(60)
        stall.hints()
    assert stall.numbers() == sorted(numbers)


def test_a_past_that_is_read_once_more_is_delivered_once_more(stall):
    stall.deliver()
    calls = asked(stall)
    hidden = stall.buy(created_at=NOON - 5 * HOUR * 1000)
    stall.server.deals[hidden].versions = [(NOON - 5 * HOUR * 1000, 0)]
    stall.server.deals[hidden].modified_at = NOON - 5 * HOUR * 1000
    stall.deliver()
    assert stall.numbers() == []  # it was never listed while its time was read
    day = stall.street.clock.now() - 24 * HOUR * 1000
    assert stall.street.store.do(lambda tx: backfill(tx, 1, day))
    for _ in range(4):
        stall.deliver(60)
    assert stall.numbers() == [hidden]
    assert asked(stall) > calls
    assert stall.street.gaps(1) == []


# --- faults on the way -------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["twice", "early", "half", "forged"])
def test_callbacks_that_stumble_lose_and_double_nothing(stall, fault):
    numbers = sorted(stall.buy() for _ in range(9))
    stall.server.script([{"at": f"{TASK}#{n}", "do": fault} for n in range(1, 6)])
    stall.deliver()
    assert stall.numbers() == numbers
    kinds = column(stall.street.store, "SELECT kind FROM events WHERE kind = 'received'")
    assert len(kinds) == 9
    assert behind(stall) < 215_000


def test_half_of_the_orders_is_not_all_of_them(stall):
    numbers = sorted(stall.buy() for _ in range(8))
    before = stall.cursor()
    stall.server.script([{"at": f"{TASK}#1", "do": "half"}])
    stall.street.clock.advance(400)
    stall.pull()
    real = stall.server._sent
    stall.server._sent = lambda callback, status, orders, **more: (
        real(callback, status, orders, **more) if status == "Fail" else False
    )
    stall.server.deliver()
    stall.hints()
    assert stall.numbers() == numbers[:4]
    stall.pull()
    assert stall.cursor() == before
    stall.server._sent = real
    stall.deliver(0)
    assert stall.numbers() == numbers


def test_a_callback_that_never_comes_is_said_and_asked_for_again(stall):
    number = stall.buy()
    stall.server.script([{"at": f"{TASK}#1", "do": "never"}])
    stall.street.clock.advance(400)
    stall.pull()
    stall.server.deliver()
    before = stall.cursor()
    stall.street.clock.advance(LATE_MS / 1000)
    with pytest.raises(CallFailed) as late:
        stall.pull()
    assert late.value.code == "no_delivery"
    assert "127.0.0.1" in late.value.text
    assert (stall.numbers(), stall.cursor()) == ([], before)
    stall.street.clock.advance(25 * 60)
    with pytest.raises(CallFailed):
        stall.pull()
    stall.deliver(60)
    assert stall.numbers() == [number]


def test_a_task_that_is_given_up_is_said_and_given_anew(stall):
    number = stall.buy()
    stall.server.script([{"at": f"{TASK}#1", "do": "abort"}])
    stall.street.clock.advance(400)
    stall.pull()
    stall.server.deliver()
    with pytest.raises(CallFailed) as told:
        stall.pull()
    assert told.value.code == "given_up"
    stall.deliver(60)
    assert stall.numbers() == [number]


def test_with_the_door_shut_callbacks_wait_and_nothing_is_passed_over(stall):
    number = stall.buy()
    stall.street.door.close()
    stall.street.clock.advance(400)
    stall.pull()
    assert stall.server.deliver() == 0
    before = stall.cursor()
    stall.pull()
    assert stall.cursor() == before
    stall.street.door.look()
    stall.deliver(60)
    assert stall.numbers() == [number]


def test_a_window_that_is_too_wide_is_asked_for_in_halves(stall, monkeypatch):
    monkeypatch.setattr("drivers.simulated.kuaidi100_shop._WIDEST_MS", 3 * HOUR * 1000)
    stall.server.clock = type(stall.street.clock)(NOON - 11 * HOUR * 1000)
    number = stall.buy()
    stall.server.clock = stall.street.clock
    stall.street.store.do(lambda tx: set_cursor(tx, 1, NOON - 12 * HOUR * 1000))
    for _ in range(16):
        stall.deliver(60)
    assert stall.numbers() == [number]
    assert stall.street.gaps(1) == []


@pytest.mark.parametrize("seed", range(3))
def test_in_a_storm_every_order_comes_once(stall, seed):
    draw = random.Random(seed)
    verbs = ("never", "twice", "early", "half", "forged", "abort", "drop", "html502", "isp_after")
    numbers = []
    for _ in range(40):
        numbers += [stall.buy() for _ in range(draw.randint(0, 3))]
        if numbers and draw.random() < 0.4:
            stall.server.memo(draw.choice(numbers), f"memo {draw.random()}")
        for name in (TASK, REFUND_TASK):
            if draw.random() < 0.5:
                call = stall.server.count(name) + draw.randint(1, 4)
                stall.server.script([{"at": f"{name}#{call}", "do": draw.choice(verbs)}])
        stall.street.clock.advance(draw.choice((60, 60, 300)))
        with suppress(CallFailed):
            pull(stall.street.store, stall.shop)
        if draw.random() < 0.6:
            stall.server.deliver()
        if draw.random() < 0.2:
            stall.connect()  # a new process
        stall.hints()
    stall.server.calm()
    for _ in range(30):
        stall.deliver(120)
    assert stall.numbers() == sorted(numbers)
    assert behind(stall) < 215_000
    memos = {n: deal.note for n, deal in stall.server.deals.items() if deal.note}
    rows = stall.street.store.read.all("SELECT * FROM orders WHERE seller_note <> ''")
    assert {row["platform_number"]: row["seller_note"] for row in rows} == memos


@pytest.mark.parametrize("trouble", ["html502", "drop", "empty", "isp", "truncated", "html200"])
def test_a_call_that_fails_moves_nothing(stall, trouble):
    number = stall.buy()
    before = stall.cursor()
    stall.server.script([{"at": f"{TASK}#1", "do": trouble}])
    stall.street.clock.advance(400)
    with pytest.raises(CallFailed):
        stall.pull()
    assert stall.cursor() == before
    stall.deliver(1)
    assert stall.numbers() == [number]


def test_an_authorisation_that_ran_out_stops_the_shop(stall):
    stall.server.expire()
    stall.street.clock.advance(400)
    with pytest.raises(CallFailed) as told:
        stall.pull()
    assert (told.value.fault, told.value.code) == (Fault.AUTH, "not_authorised:60103")


def test_without_a_door_it_says_what_is_missing_and_asks_nothing(street):
    stall = street.open("kuaidi100")
    street.clock.advance(400)
    with pytest.raises(CallFailed) as told:
        stall.pull()
    assert (told.value.fault, told.value.code) == (Fault.PERMISSION, "no_door")
    assert asked(stall) == 0


def test_without_a_place_to_keep_orders_it_says_so(street):
    access = ShopAccess(code="k", url="http://127.0.0.1:9", platform="taobao")
    shop = CHANNELS["kuaidi100"](access, street.clock)
    with pytest.raises(CallFailed) as told:
        shop.detail("1")
    assert told.value.code == "no_place"


# --- what an order says ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"orderStatus": "MARTIAN"},
        {"orderStatus": None},
        {"payAmount": "much"},
        {"items": None},
        {"orderTime": "soon"},
    ],
)
def test_what_makes_no_sense_is_held(stall, fields):
    odd, sound = stall.buy(), stall.buy()
    wire = stall.server._wire

    def told(deal):
        row = wire(deal)
        return {**row, **fields} if deal.number == odd else row

    stall.server._wire = told
    stall.deliver()
    assert stall.numbers() == sorted([odd, sound])
    assert reasons(stall.street.store, odd)
    assert stall.street.order(sound)["stage"] == "ready"


def test_a_hidden_receiver_is_known_by_the_orders_number(stall):
    """The label is bought where the order was imported."""
    masked = {"name": "张**", "mobile": "138****1234", "addr": "文一路****"}
    hidden, missing, wire = stall.buy(), stall.buy(), stall.server._wire

    def told(deal):
        who = masked if deal.number == hidden else dict.fromkeys(masked, "")
        row = wire(deal)
        return {**row, "recMan": {**row["recMan"], **who}}

    stall.server._wire = told
    stall.deliver()
    order = stall.street.order(hidden)
    assert (order["receiver_phone"], order["cipher_ref"]) == ("138****1234", hidden)
    assert order["stage"] == "ready"
    assert reasons(stall.street.store, missing) == {"receiver_hidden"}


def test_an_order_without_a_number_is_kept_and_a_person_is_told(stall):
    odd, sound = stall.buy(), stall.buy()
    wire = stall.server._wire
    stall.server._wire = lambda deal: {"mystery": deal.number} if deal.number == odd else wire(deal)
    stall.deliver()
    assert stall.numbers() == [sound]
    (kept,) = column(stall.street.store, "SELECT raw FROM pushed_unread")
    assert odd in kept
    assert stall.street.alerts("push_unread") == ["push_unread"]


def test_refunds_block_and_withdrawn_ones_let_go(stall):
    whole, part = stall.buy(), stall.buy(TEE, CUP)
    stall.deliver()
    assert reasons(stall.street.store, whole) == set()
    stall.server.refund(whole)
    line = stall.server.deals[part].items[0].number
    stall.server.agree_refund(part, line)
    stall.deliver()
    assert reasons(stall.street.store, whole) == {"refund"}
    wanted = column(
        stall.street.store,
        "SELECT wanted FROM order_lines l JOIN orders o ON o.id = l.order_id"
        f" WHERE o.platform_number = '{part}' ORDER BY l.id",
    )
    assert wanted == [0, 1]
    stall.server.withdraw_refund(whole)
    stall.deliver()
    assert reasons(stall.street.store, whole) == set()


def test_a_platform_whose_refunds_are_not_told_is_pulled_and_a_person_is_told(street):
    stall = street.open("kuaidi100", platform="JINGDONG")
    stall.access = replace(stall.access, platform="jd")
    stall.ring()
    number = stall.buy()
    stall.deliver()
    assert stall.numbers() == [number]
    assert behind(stall) < 10 * MINUTE
    assert street.alerts("refunds_unseen") == ["refunds_unseen"]
    assert stall.server.count(REFUND_TASK) == 1
    stall.deliver()
    assert stall.server.count(REFUND_TASK) == 1
    stall.server.platform = "TAOBAO"
    stall.access = replace(stall.access, platform="taobao")
    stall.connect()
    stall.deliver()
    assert street.alerts("refunds_unseen") == []


def test_a_platform_that_is_not_supported_at_all_still_stops_the_shop(street):
    stall = street.open("kuaidi100", platform="WEIDIAN")
    stall.ring()
    street.clock.advance(400)
    with pytest.raises(CallFailed) as told:
        stall.pull()
    assert (told.value.fault, told.value.code) == (Fault.PERMISSION, "platform:60101")


def test_a_refund_of_a_part_of_a_line_is_for_a_person(stall):
    number = stall.buy()
    stall.deliver()
    case = stall.server._case
    stall.server._case = lambda deal, item: {**case(deal, item), "refundNums": 7}
    stall.server.agree_refund(number)
    stall.server.deals[number].stage = "to_ship"
    stall.deliver()
    assert reasons(stall.street.store, number)
    assert stall.street.order(number)["stage"] != "cancelled"


def test_a_refund_of_an_order_from_before_us_is_no_trouble(stall):
    old = stall.buy()
    wire = stall.server._status
    stall.server._status = lambda deal: "NEVER" if deal.number == old else wire(deal)
    stall.server.refund(old)
    stall.deliver()
    stall.hints()
    assert (stall.numbers(), stall.street.alerts()) == ([], [])


# --- tracking numbers go back ------------------------------------------------------------------


def packed(stall):
    number = stall.buy()
    stall.deliver()
    return number, stall.street.labelled(number)


def test_a_tracking_number_goes_back_and_is_seen_when_it_is_delivered(stall):
    number, waybill = packed(stall)
    stall.send()
    assert (stall.waybills(number), stall.street.outbox()) == ([waybill], ["done"])
    with pytest.raises(CallFailed) as early:
        stall.look_again()
    assert early.value.code == "not_told_yet"
    stall.deliver()
    stall.look_again()
    assert column(stall.street.store, "SELECT count(*) FROM ship_checks WHERE seen_at > 0") == [1]
    assert stall.waybills(number) == [waybill]


@pytest.mark.parametrize("trouble", ["drop_after_commit", "html502_after", "isp_after"])
def test_a_report_whose_answer_is_lost_ships_once(stall, trouble):
    number, waybill = packed(stall)
    stall.server.script([{"at": SHIP, "do": trouble}])
    stall.send()
    for _ in range(4):
        stall.street.clock.advance(60)
        stall.send()
    assert stall.street.outbox() == ["due"]  # nobody can tell before it is delivered again
    stall.deliver()
    stall.street.clock.advance(1000)
    stall.send()
    assert (stall.waybills(number), stall.street.outbox()) == ([waybill], ["done"])
    assert stall.server.count(SHIP) == 1


@pytest.mark.parametrize("trouble", ["drop", "html502"])
def test_a_report_that_never_arrived_is_made_again(stall, trouble):
    number, waybill = packed(stall)
    stall.server.script([{"at": SHIP, "do": trouble}])
    stall.send()
    stall.deliver()
    stall.street.clock.advance(1000)
    stall.send()
    assert (stall.waybills(number), stall.street.outbox()) == ([waybill], ["done"])


def test_an_order_shipped_elsewhere_is_for_a_person(stall):
    number, _ = packed(stall)
    deal = stall.server.deals[number]
    stall.server.post(deal, deal.items, "OTHER12345", "shunfeng")
    stall.deliver()
    stall.send()
    assert stall.street.outbox() == ["conflict"]
    assert len(stall.waybills(number)) == 1


def test_a_refund_only_the_platform_knows_ships_nothing(stall):
    number, _ = packed(stall)
    stall.server.refund(number)
    stall.send()
    assert (stall.waybills(number), stall.street.outbox()) == ([], ["conflict"])


def test_a_part_is_reported_where_that_is_possible_and_refused_elsewhere(stall):
    number = stall.buy(TEE, CUP)
    stall.deliver()
    lines = [item.number for item in stall.server.deals[number].items]
    shipment = Shipment(
        platform_number=number,
        sub_numbers=(lines[0],),
        carrier="zto",
        waybill="ZT12345678",
        reference="p",
    )
    stall.shop.channel._platform = "jd"
    with pytest.raises(CallFailed) as told:
        stall.shop.channel.ship(shipment)
    assert told.value.code == "part"
    stall.shop.channel._platform = "taobao"
    stall.shop.channel.ship(shipment)
    assert stall.server.shipments[number][0]["oids"] == [lines[0]]


def test_the_address_to_authorise_the_shop_at_is_the_platforms(stall):
    assert stall.shop.channel.authorize_url().startswith("https://oauth.taobao.com/")
    stall.shop.channel._secret = "wrong"
    with pytest.raises(CallFailed) as told:
        stall.shop.channel.authorize_url()
    assert told.value.fault is Fault.AUTH


def test_a_shipped_order_keeps_its_place_on_the_bench(stall):
    number = stall.buy()
    stall.deliver()
    bring(stall.street.store, "shipped", number, waybill="ZT00000009")
    stall.deliver(20 * MINUTE / 1000)
    assert stall.street.order(number)["stage"] == "shipped"
