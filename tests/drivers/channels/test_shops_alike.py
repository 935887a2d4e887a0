"""What every shop connector must do, whatever platform it speaks to, over a real socket."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from core.clock import SetClock
from core.orders.values import value_map
from core.ports import CallFailed, Fault
from drivers.channels.access import Tokens
from tests.drivers.channels.kinds import DOUYIN, KUAISHOU, SHOPIFY, VENDURE, WECHAT, WOO
from tests.drivers.channels.shopkit import (
    NOON,
    TWO,
    Evening,
    Floor,
    follow,
    listed,
    opened,
    parcel,
    refused,
)
from tests.until import until

KINDS = [DOUYIN, WECHAT, WOO, SHOPIFY, KUAISHOU, VENDURE]


@pytest.fixture(params=KINDS, ids=str)
def floor(request: pytest.FixtureRequest) -> Iterator[Floor]:
    with opened(request.param) as floor:
        yield floor


def ours(floor: Floor, number: str) -> tuple[str, list[str]]:
    """An order's status and its lines' refunds in core's words."""
    words, order = value_map(floor.kind.name), floor.shop().detail(number)
    return words.status_of(order.status), [words.refund_of(line.refund) for line in order.lines]


# --- the order --------------------------------------------------------------------------------


def test_an_order_is_read_as_it_is(floor: Floor) -> None:
    note, lines = "@仓库 [/red] 😀 a&b+c%", floor.lines()
    (number,) = floor.place(lines=lines, buyer_note=note, freight_cents=500)
    order = floor.shop().detail(number)
    assert order.number == number and not order.flags
    wanted = [("TEA-1", 2, 990), ("CUP-2", 1, 1000)][: len(lines)]
    assert [(x.sku, x.quantity, x.price_cents) for x in order.lines] == wanted
    assert len({x.sub_number for x in order.lines}) == len(lines)
    goods = sum(quantity * price for _, quantity, price in wanted)
    assert (order.amount_cents, order.freight_cents) == (goods + 500, 500)
    assert order.created_at == order.modified_at == order.paid_at == NOON
    assert order.buyer_note == (note if floor.kind.remarks else "") and order.buyer_key
    assert order.receiver.province == "浙江省" and order.receiver.city == "杭州市"
    assert order.receiver.name and order.receiver.phone
    assert "session" not in order.raw and "secret" not in order.raw
    assert ours(floor, number) == ("to_ship", ["none"] * len(lines))


def test_no_note_is_told_as_none_left(floor: Floor) -> None:
    (number,) = floor.place()
    assert floor.shop().detail(number).buyer_note == ""


def test_a_seller_note_written_later_is_told(floor: Floor) -> None:
    if not floor.kind.noted:
        pytest.skip("this platform has no such field")
    (number,) = floor.place()
    floor.server.memo(number, "加急")
    assert floor.shop().detail(number).seller_note == "加急"


@pytest.mark.parametrize(
    ("stage", "ours_is"),
    [
        ("WAIT_BUYER_PAY", "unpaid"),
        ("WAIT_SELLER_SEND_GOODS", "to_ship"),
        ("TRADE_CLOSED", "closed"),
    ],
)
def test_a_stage_has_its_word(floor: Floor, stage: str, ours_is: str) -> None:
    (number,) = floor.place(status=stage)
    assert ours(floor, number)[0] == ours_is
    assert (floor.shop().detail(number).paid_at is None) is (ours_is == "unpaid")


def test_an_unpaid_order_is_paid(floor: Floor) -> None:
    (number,) = floor.place(status="WAIT_BUYER_PAY")
    floor.server.pay(number)
    assert ours(floor, number)[0] == "to_ship"


def test_a_stage_nobody_knows_holds(floor: Floor) -> None:
    (number,) = floor.place(status="LIMBO")
    assert ours(floor, number)[0] in ("unknown", "hold")


def test_a_refund_of_one_line_stops_that_line(floor: Floor) -> None:
    if not floor.kind.asks:
        pytest.skip("on this platform only the shop starts a refund")
    (number,) = floor.place(lines=floor.lines())
    sub = floor.server.deals[number].items[-1].number
    floor.server.refund(number, sub)
    assert ours(floor, number)[1][-1] == "open"
    floor.server.withdraw_refund(number, sub)
    assert set(ours(floor, number)[1]) == {"none"}


def test_money_that_went_back_is_never_shipped(floor: Floor) -> None:
    (number,) = floor.place()
    floor.server.refund(number)
    floor.server.agree_refund(number)
    status, refunds = ours(floor, number)
    assert status == "closed" or set(refunds) == {"refunded"}


def test_an_order_that_is_not_there_is_the_orders_own_fault(floor: Floor) -> None:
    assert refused(lambda: floor.shop().detail("123")).fault is Fault.BUSINESS


# --- listing ------------------------------------------------------------------------------------


def test_every_change_is_listed(floor: Floor) -> None:
    numbers = floor.place(12)
    assert sorted(set(listed(floor.shop()))) == sorted(numbers)


def test_a_new_order_is_listed_up_to_this_moment(floor: Floor) -> None:
    shop = floor.shop()
    (number,) = floor.place()
    floor.clock.advance(2)
    listing = shop.created if shop.rules.peek_by == "created" else shop.changes
    pages = listing(NOON - 185_000, floor.clock.now())
    assert number in {told for page in pages for told in page}


def test_an_empty_window_is_empty(floor: Floor) -> None:
    assert listed(floor.shop()) == []


def test_what_changed_before_or_after_is_not_listed(floor: Floor) -> None:
    shop = floor.shop()
    listed(shop)  # some tell all open orders once after a start
    floor.place()
    assert listed(shop, NOON - 3_600_000, NOON - 60_000) == []
    assert listed(shop, NOON + 60_000, NOON + 120_000) == []


def test_both_orders_on_the_boundary_second_are_seen(floor: Floor) -> None:
    first = floor.place()
    floor.clock.advance(1)
    second = floor.place()
    shop, edge = floor.shop(), NOON + 1000
    seen = listed(shop, NOON, edge) + listed(shop, edge, edge + 60_000)
    assert set(seen) == {*first, *second}


def test_a_window_that_ends_within_a_second_holds_that_second(floor: Floor) -> None:
    floor.clock.advance(0.4)
    numbers = floor.place()
    assert set(listed(floor.shop(), NOON - 60_000, NOON + 500)) == set(numbers)


def test_two_hundred_orders_of_one_second_are_all_seen(floor: Floor) -> None:
    numbers = floor.place(200)
    assert sorted(set(listed(floor.shop(page_size=30)))) == sorted(numbers)


def test_a_wide_window_is_asked_for_in_parts(floor: Floor) -> None:
    numbers = floor.place(2)
    assert set(listed(floor.shop(), NOON - 20 * 86_400_000, NOON + 1000)) == set(numbers)


@pytest.mark.parametrize("kind", ["empty", "html502", "html200", "truncated", "cut_short", "isp"])
@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_bad_page_abandons_the_window(floor: Floor, kind: str, call: int) -> None:
    numbers = floor.place(12)
    shop = floor.shop()
    shop.detail(numbers[0])  # whatever is needed to speak at all
    floor.server.script([{"at": f"{floor.kind.listing}#{call}", "do": kind}])
    assert refused(lambda: listed(shop)).fault is Fault.TRANSIENT
    assert sorted(set(listed(shop))) == sorted(numbers)


def test_a_doubled_row_is_harmless(floor: Floor) -> None:
    numbers = floor.place(7)
    floor.server.script([{"at": f"{floor.kind.listing}#1", "do": "duplicate"}])
    assert set(listed(floor.shop())) == set(numbers)


@pytest.mark.parametrize("seed", [1, 4, 7])
def test_nothing_is_lost_while_orders_change(floor: Floor, seed: int) -> None:
    evening = Evening(floor, seed)
    assert follow(evening) == []
    assert len(evening.numbers) == 120


# --- session, clock, rate -----------------------------------------------------------------------


def test_a_token_that_runs_out_is_renewed_within_the_window(floor: Floor) -> None:
    if not (floor.kind.renews and floor.server.renews_ended):
        pytest.skip("a token of this platform is not renewed once it ran out")
    numbers, kept = floor.place(12), list[Tokens]()
    shop = floor.shop(save_tokens=kept.append)
    shop.detail(numbers[0])
    already = len(kept)
    floor.server.script([{"at": f"{floor.kind.listing}#2", "do": "expire"}])
    assert sorted(set(listed(shop))) == sorted(numbers)
    assert len(kept) == already + 1
    assert kept[-1].session == floor.server.session and kept[-1].session not in repr(kept)


def test_many_calls_renew_once(floor: Floor) -> None:
    if not (floor.kind.renews and floor.server.renews_ended):
        pytest.skip("a token of this platform is not renewed once it ran out")
    (number,), kept, read = floor.place(), list[Tokens](), list[Any]()
    shop = floor.shop(save_tokens=kept.append)
    shop.detail(number)
    already = len(kept)
    floor.server.expire()
    gate = threading.Barrier(4)

    def ask() -> None:
        gate.wait()
        read.append(shop.detail(number))

    for _ in range(4):
        threading.Thread(target=ask).start()
    until(lambda: len(read) == 4)
    assert len(kept) == already + 1


def test_a_withdrawn_authorisation_is_said_so_and_not_hammered(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.detail(number)
    floor.server.revoke()
    before = floor.server.calls
    assert refused(lambda: shop.detail(number)).fault is Fault.AUTH
    assert floor.server.calls - before <= 3


@pytest.mark.parametrize("minutes", [11, -11])
def test_a_wrong_clock_is_set_by_the_server(floor: Floor, minutes: int) -> None:
    (number,) = floor.place()
    shop = floor.shop(SetClock(NOON + minutes * 60_000))
    assert shop.detail(number).number == number
    assert abs(shop.server_now() - NOON) <= 500
    calls = floor.server.calls
    assert shop.detail(number) and floor.server.calls == calls + 1


def test_a_clock_that_stays_wrong_is_said_so(floor: Floor) -> None:
    if not floor.kind.clocked:
        pytest.skip("calls to this platform carry no time")
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": "call#1", "do": "skew 3000"}, {"at": "call#2", "do": "skew 9000"}])
    assert refused(lambda: shop.detail(number)).fault is Fault.CLOCK


def test_too_many_calls_are_waited_out(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.detail(number)
    floor.server.script([{"at": floor.kind.detail, "do": "ban 7"}])
    if floor.kind.tells_wait:
        assert shop.detail(number).number == number
        assert floor.clock.now() >= NOON + 7000
        return
    assert refused(lambda: shop.detail(number)).fault is Fault.RATE
    floor.clock.advance(61)
    assert shop.detail(number).number == number


def test_who_waits_lets_go_when_the_program_ends(floor: Floor) -> None:
    if not floor.kind.tells_wait:
        pytest.skip("this platform does not say how long")
    (number,), shop = floor.place(), floor.shop()
    shop.detail(number)
    floor.server.script([{"at": floor.kind.detail, "do": "ban 7"}])
    shop.leave()
    assert refused(lambda: shop.detail(number)).fault is Fault.RATE
    assert floor.clock.now() < NOON + 7000


# --- shipping -----------------------------------------------------------------------------------


def test_a_waybill_arrives(floor: Floor) -> None:
    (number,), shop = floor.place(lines=floor.lines()), floor.shop()
    assert shop.shipped(number) == ()
    shop.ship(parcel(number))
    (told,) = floor.server.shipments[number]
    assert told["waybill"] == "ZT0000001" and len(told["oids"]) == len(floor.lines())
    assert {x.waybill for x in shop.shipped(number)} == {"ZT0000001"}
    assert ours(floor, number)[0] in ("shipped", "done")


def test_a_report_is_not_kept_until_a_ban_is_over(floor: Floor) -> None:
    """By then the buyer may want the money back: whoever reports looks at the order again."""
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": floor.kind.ship, "do": "ban 7"}])
    failed = refused(lambda: shop.ship(parcel(number)))
    assert failed.fault is Fault.RATE and not failed.in_doubt
    assert floor.clock.now() < NOON + 1000 and number not in floor.server.shipments


def test_the_look_inside_a_report_is_not_waited_for_either(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": floor.kind.detail, "do": "ban 7"}])
    with suppress(CallFailed):  # those that report without looking succeed
        shop.ship(parcel(number))
    told, asked = number in floor.server.shipments, bool(floor.server.played)
    assert floor.clock.now() < NOON + 1000 and told is not asked


def test_a_parcel_with_part_of_the_lines(floor: Floor) -> None:
    if floor.kind.single:
        pytest.skip("an order of this platform has one item")
    (number,), shop = floor.place(lines=TWO), floor.shop()
    first, second = (x.sub_number for x in shop.detail(number).lines)
    shop.ship(parcel(number, first))
    assert {x.waybill for x in shop.shipped(number)} == {"ZT0000001"}
    assert ours(floor, number)[0] in ("partial", "to_ship")
    shop.ship(parcel(number, second, waybill="ZT0000002", carrier="sf", reference="other"))
    assert {x.waybill for x in shop.shipped(number)} == {"ZT0000001", "ZT0000002"}
    assert [x["waybill"] for x in floor.server.shipments[number]] == ["ZT0000001", "ZT0000002"]


@pytest.mark.parametrize("kind", ["drop_after_commit", "html502_after", "truncated", "isp_after"])
def test_a_lost_answer_leaves_doubt_and_the_platform_knows(floor: Floor, kind: str) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": floor.kind.ship, "do": kind}])
    failed = refused(lambda: shop.ship(parcel(number)))
    assert failed.fault is Fault.TRANSIENT and failed.in_doubt
    if not (known := shop.shipped(number)):
        assert not floor.kind.at_once
        shop.ship(parcel(number))
        known = shop.shipped(number)
    assert {x.waybill for x in known} == {"ZT0000001"}
    assert len(floor.server.shipments[number]) == 1


def test_a_call_that_never_left_leaves_no_doubt(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.detail(number)
    floor.server.cut()
    failed = refused(lambda: shop.ship(parcel(number)))
    assert failed.fault is Fault.TRANSIENT and not failed.in_doubt
    floor.server.restore()
    shop.ship(parcel(number))
    assert len(floor.server.shipments[number]) == 1


def test_the_same_report_again_ships_nothing_twice(floor: Floor) -> None:
    (number,), shop = floor.place(lines=floor.lines()), floor.shop()
    shop.ship(parcel(number))
    if floor.kind.refuses_again:
        failed = refused(lambda: shop.ship(parcel(number)))
        assert (failed.fault, failed.code) == (Fault.BUSINESS, floor.kind.refuses_again)
    else:
        shop.ship(parcel(number))
    assert len(floor.server.shipments[number]) == 1


def test_a_closed_order_cannot_be_shipped(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.close(number)
    assert refused(lambda: shop.ship(parcel(number))).fault is Fault.BUSINESS
    assert floor.server.shipments == {}


def test_an_order_with_another_waybill_is_not_overwritten(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.ship(parcel(number, reference="not-ours"))
    failed = refused(lambda: shop.ship(parcel(number, waybill="ZT0000009")))
    assert failed.fault is Fault.BUSINESS
    assert {x.waybill for x in shop.shipped(number)} == {"ZT0000001"}


def test_trouble_before_the_call_was_carried_out_ships_nothing(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": floor.kind.ship, "do": "isp"}])
    assert refused(lambda: shop.ship(parcel(number))).fault is Fault.TRANSIENT
    assert shop.shipped(number) == ()
    shop.ship(parcel(number))
    assert len(floor.server.shipments[number]) == 1


# --- the weather --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "fault"),
    [("drop", Fault.TRANSIENT), ("html200", Fault.TRANSIENT), ("forbidden", Fault.AUTH)],
)
def test_no_answer_of_the_network_is_an_order(floor: Floor, kind: str, fault: Fault) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.detail(number)
    floor.server.script([{"at": floor.kind.detail, "do": kind}])
    assert refused(lambda: shop.detail(number)).fault is fault
    assert shop.detail(number).number == number


def test_sixty_orders_ship_once_each_through_a_storm(floor: Floor) -> None:
    numbers, shop = floor.place(60, lines=floor.lines()), floor.shop(page_size=50)
    floor.server.storm(7, 0.15)
    waiting = {
        n: (parcel(n, waybill=f"ZT{n[-12:]:0>12}", reference=f"p{n}"), False) for n in numbers
    }
    while waiting:
        number, (shipment, asked) = next(iter(waiting.items()))
        del waiting[number]
        try:
            if not (asked and shop.shipped(number)):
                shop.ship(shipment)
        except CallFailed as failed:
            assert failed.fault in (Fault.TRANSIENT, Fault.UNKNOWN, Fault.RATE), failed
            floor.clock.advance(failed.wait_s or 0.0)
            waiting[number] = (shipment, asked or failed.in_doubt)
    shipped = floor.server.shipments
    assert {n: [x["waybill"] for x in shipped[n]] for n in numbers} == {
        n: [f"ZT{n[-12:]:0>12}"] for n in numbers
    }
