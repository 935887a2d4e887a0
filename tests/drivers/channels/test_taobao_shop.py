"""The Taobao connector against a simulated platform, over a real socket."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.clock import SHANGHAI, SetClock, SystemClock
from core.ports import CallFailed, Fault
from drivers.channels.access import Tokens
from drivers.channels.taobao import CARRIERS, TaobaoShop, _Window
from drivers.simulated.shop import (
    COMPANIES,
    DETAIL,
    LISTING,
    MODIFY,
    REFRESH,
    RESEND,
    SHIP,
    SHIP_OWN,
    SimLine,
    SimOrder,
)
from tests.drivers.channels.kinds import TAOBAO
from tests.drivers.channels.shopkit import (
    NOON,
    TWO,
    Evening,
    Floor,
    follow,
    forwards,
    listed,
    lost_in_evenings,
    opened,
    parcel,
    refused,
)
from tests.drivers.channels.test_marketplaces_alike import (  # noqa: F401 - run here as well
    test_a_captive_portal_does_not_set_the_clock,
    test_a_window_of_days_is_asked_for_in_parts,
    test_the_pace_stays_below_the_platforms_limit,
)
from tests.drivers.channels.test_shops_alike import (  # noqa: F401 - run here as well
    test_a_call_that_never_left_leaves_no_doubt,
    test_a_clock_that_stays_wrong_is_said_so,
    test_both_orders_on_the_boundary_second_are_seen,
    test_many_calls_renew_once,
    test_no_note_is_told_as_none_left,
)


@pytest.fixture
def floor() -> Iterator[Floor]:
    with opened(TAOBAO) as floor:
        yield floor


# --- the order --------------------------------------------------------------------------------


def test_an_order_is_read_as_it_is(floor: Floor) -> None:
    ship_by = NOON + 8 * 3_600_000
    (number,) = floor.place(
        lines=TWO, buyer_note="@仓库 [/red] 😀 a&b+c%", freight_cents=500, ship_by=ship_by
    )
    order = floor.shop().detail(number)
    assert order.number == number and order.status == "WAIT_SELLER_SEND_GOODS"
    assert [(x.sku, x.quantity, x.price_cents) for x in order.lines] == [
        ("TEA-1", 2, 990),
        ("CUP-2", 1, 1000),
    ]
    assert order.amount_cents == 3480 and order.freight_cents == 500
    assert order.created_at == order.modified_at == order.paid_at == NOON
    assert order.ship_by == ship_by
    assert order.buyer_note == "@仓库 [/red] 😀 a&b+c%"
    assert order.receiver.name == "张**" and order.receiver.phone == "138****1234"
    assert order.receiver.cipher_ref and order.buyer_key and not order.flags
    assert {x.refund for x in order.lines} == {"NO_REFUND"}
    assert "session" not in order.raw and "secret" not in order.raw


def test_ids_of_nineteen_digits_stay_exact(floor: Floor) -> None:
    (number,) = floor.place(tid="9007199254740993123", more={"tid_str": None}, lines=TWO)
    for line in floor.server._trades[number]["orders"]["order"]:
        del line["oid_str"]
    shop = floor.shop()
    assert listed(shop) == ["9007199254740993123"]
    assert all(len(x.sub_number) == 19 for x in shop.detail(number).lines)


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        (lambda s, n: s.hold(n, "top_hold"), "top_hold"),
        (lambda s, n: s.hold(n, "forbid_consign"), "forbid_consign"),
        (lambda s, n: s.hold(n, "team_buy_hold"), "team_buy_hold"),
        (lambda s, n: s.hold(n, "share_group_hold"), "share_group_hold"),
        (lambda s, n: s.hold(n, "ofp_hold"), "ofp_hold"),
        (lambda s, n: s.hold(n, "is_sh_ship"), "is_sh_ship"),
        (lambda s, n: s.touch(n, step_trade_status="FRONT_PAID_FINAL_NOPAID"), "step_unpaid"),
        (lambda s, n: s.change_address(n, "新地址"), "address_changed"),
        (lambda s, n: s.touch(n, payment="not money"), "unreadable"),
        (lambda s, n: s.touch(n, created="yesterday"), "unreadable"),
        (lambda s, n: s.touch(n, orders={"order": []}), "unreadable"),
    ],
)
def test_what_stops_an_order_is_a_flag(floor: Floor, change: Any, flag: str) -> None:
    (number,) = floor.place()
    shop = floor.shop()
    assert shop.detail(number).flags == ()
    change(floor.server, number)
    assert shop.detail(number).flags == (flag,)


def test_unknown_words_are_handed_on_untouched(floor: Floor) -> None:
    (number,) = floor.place(status="TRADE_IN_LIMBO")
    floor.server.refund(number, word="MAYBE_LATER")
    order = floor.shop().detail(number)
    assert order.status == "TRADE_IN_LIMBO" and order.lines[0].refund == "MAYBE_LATER"


def test_a_refund_word_that_is_not_there_is_not_no_refund(floor: Floor) -> None:
    (number,) = floor.place(lines=(SimLine(sku="A", more={"refund_status": None}),))
    assert floor.shop().detail(number).lines[0].refund == "MISSING"


def test_a_refund_shows_on_its_line_and_goes_again(floor: Floor) -> None:
    (number,) = floor.place(lines=TWO)
    shop = floor.shop()
    sub = shop.detail(number).lines[1].sub_number
    floor.server.refund(number, sub)
    assert [x.refund for x in shop.detail(number).lines] == ["NO_REFUND", "WAIT_SELLER_AGREE"]
    floor.server.withdraw_refund(number, sub)
    assert shop.detail(number).lines[1].refund == "CLOSED"


@pytest.mark.parametrize(
    ("fields", "tier"),
    [
        ({"promise_service": "次日达"}, "next_day"),
        ({"promise_service": "当日达,送货上门"}, "same_day"),
        ({"promise_service": "小时达"}, "urgent"),
        ({"timing_promise": "tmallPromise", "sign_time": "2026-01-21"}, "next_day"),
        ({"timing_promise": "tmallPromise", "es_time": "3"}, "standard"),
        ({"timing_promise": "tmallPromise"}, ""),
        ({}, ""),
    ],
)
def test_the_promise_gives_the_tier(floor: Floor, fields: dict[str, str], tier: str) -> None:
    (number,) = floor.place(more=fields)
    assert floor.shop().detail(number).tier == tier


@pytest.mark.parametrize(
    ("text", "hours"), [("2026-01-20", 11 + 3599 / 3600), ("48小时内发货", 48), ("尽快", None)]
)
def test_a_line_may_name_the_deadline(floor: Floor, text: str, hours: float | None) -> None:
    (number,) = floor.place(lines=(SimLine(sku="A", more={"estimate_con_time": text}),))
    ship_by = floor.shop().detail(number).ship_by
    wanted = None if hours is None else NOON + round(hours * 3_600_000)
    assert ship_by == wanted


def test_a_trade_that_is_not_there_is_the_orders_own_fault(floor: Floor) -> None:
    failed = refused(lambda: floor.shop().detail("123"))
    assert failed.fault is Fault.BUSINESS and failed.code == "isv.trade-not-exist"


# --- listing ------------------------------------------------------------------------------------


def test_pages_are_read_from_the_last_to_the_first(floor: Floor) -> None:
    numbers = floor.place(12)
    pages = list(floor.shop().changes(NOON - 1000, NOON + 1000))
    assert [len(page) for page in pages] == [2, 5, 5]
    assert sorted(n for page in pages for n in page) == sorted(numbers)
    assert pages[0][0] == min(numbers, key=int) or set(pages[0]) == set(sorted(numbers)[:2])


def test_an_empty_window_is_one_call(floor: Floor) -> None:
    assert listed(floor.shop()) == []
    assert floor.server.calls == 1


def test_a_window_that_ends_within_a_second_holds_that_second(floor: Floor) -> None:
    floor.clock.advance(0.4)
    numbers = floor.place()
    assert listed(floor.shop(), NOON - 60_000, NOON + 500) == numbers


def test_kinds_the_platform_hides_are_listed(floor: Floor) -> None:
    numbers = [*floor.place(type="fenxiao"), *floor.place(type="pre_auth_type"), *floor.place()]
    assert sorted(listed(floor.shop())) == sorted(numbers)


def test_a_row_that_appears_behind_the_last_page_is_read(floor: Floor) -> None:
    floor.place(5)
    server = floor.server

    def appear() -> None:
        server.between_pages = None
        server._versions[late[0]] = [("2026-01-20 11:59:30", 0)]

    late = floor.place()
    server._versions[late[0]] = []
    server.between_pages = appear
    assert late[0] in listed(floor.shop())


@pytest.mark.parametrize("kind", ["empty", "html502", "html200", "truncated", "cut_short", "isp"])
@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_bad_page_abandons_the_window(floor: Floor, kind: str, call: int) -> None:
    numbers = floor.place(12)
    floor.server.script([{"at": f"{LISTING}#{call}", "do": kind}])
    shop = floor.shop()
    assert refused(lambda: listed(shop)).fault is Fault.TRANSIENT
    assert sorted(listed(shop)) == sorted(numbers)


def test_a_doubled_row_is_harmless(floor: Floor) -> None:
    numbers = floor.place(7)
    floor.server.script([{"at": f"{LISTING}#2", "do": "duplicate"}])
    assert set(listed(floor.shop())) == set(numbers)


def read_forwards(shop: TaobaoShop, start: int, end: int) -> list[str]:
    return forwards(_Window(shop._top, start, end, 10))


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_lost_while_orders_change(floor: Floor, seed: int) -> None:
    evening = Evening(floor, seed, 160)
    assert follow(evening) == []
    assert len(evening.numbers) == 160


def test_the_same_evenings_lose_orders_when_read_forwards() -> None:
    """Proof that the evenings are hard enough for the test above to mean something."""
    assert lost_in_evenings(TAOBAO, range(6), read_forwards)


# --- session, clock, rate -----------------------------------------------------------------------


def test_a_session_that_runs_out_is_renewed_within_the_window(floor: Floor) -> None:
    numbers, kept = floor.place(12), list[Tokens]()
    floor.server.script([{"at": f"{LISTING}#3", "do": "expire"}])
    shop = floor.shop(save_tokens=kept.append)
    assert sorted(listed(shop)) == sorted(numbers)
    assert kept == [Tokens("s1", "f1")]
    assert "s1" not in repr(kept) and floor.server.count(REFRESH) == 1


def test_a_withdrawn_authorisation_is_said_so(floor: Floor) -> None:
    (number,) = floor.place()
    shop = floor.shop()
    floor.server.revoke()
    assert refused(lambda: shop.detail(number)).fault is Fault.AUTH
    assert floor.server.calls == 2  # the call and one attempt to renew


def test_a_wrong_secret_is_refused(floor: Floor) -> None:
    failed = refused(lambda: floor.shop(app_secret="wrong").detail("1"))
    assert (failed.fault, failed.code) == (Fault.AUTH, "25")
    assert "wrong" not in str(failed)


@pytest.mark.parametrize("method", ["md5", "hmac", "hmac-sha256"])
def test_every_way_of_signing_is_accepted(floor: Floor, method: str) -> None:
    (number,) = floor.place()
    assert floor.shop(sign_method=method).detail(number).number == number


@pytest.mark.parametrize("minutes", [11, -11])
def test_a_wrong_clock_is_set_by_the_server(floor: Floor, minutes: int) -> None:
    (number,) = floor.place()
    here = SetClock(NOON + minutes * 60_000)
    shop = floor.shop(here)
    assert shop.detail(number).number == number
    assert abs(shop.server_now() - NOON) <= 500
    assert shop.detail(number) and floor.server.calls == 3  # refused once, then never again


def test_a_ban_is_waited_out_and_not_hammered(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": DETAIL, "do": "ban 70"}])
    failed = refused(lambda: shop.detail(number))
    assert (failed.fault, failed.wait_s) == (Fault.RATE, 70)
    for _ in range(20):
        assert refused(lambda: shop.detail(number)).fault is Fault.RATE
    assert floor.server.calls == 1
    assert listed(shop) == [number]  # another method is not banned
    floor.clock.advance(71)
    assert shop.detail(number).number == number


def test_a_used_up_day_lasts_until_midnight_in_shanghai(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": DETAIL, "do": "quota"}])
    assert refused(lambda: shop.detail(number)).wait_s == 12 * 3600
    assert refused(lambda: listed(shop)).fault is Fault.RATE
    assert floor.clock.zone is SHANGHAI and floor.server.calls == 1


def test_too_many_calls_are_banned_by_the_platform(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.limit = (3, 10.0)
    for _ in range(3):
        shop.detail(number)
    calls = floor.server.calls
    shop.detail(number)  # waited out, and asked once more
    assert floor.clock.now() >= NOON + 10_000 and floor.server.calls == calls + 2


# --- shipping -----------------------------------------------------------------------------------


def test_a_waybill_arrives(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    shop.ship(parcel(number))
    (told,) = floor.server.shipments[number]
    assert (told["waybill"], told["company"], len(told["oids"])) == ("ZT0000001", "ZTO", 2)
    assert {x.waybill for x in shop.shipped(number)} == {"ZT0000001"}
    assert shop.detail(number).status == "WAIT_BUYER_CONFIRM_GOODS"


def test_a_parcel_with_part_of_the_lines(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    first, second = (x.sub_number for x in shop.detail(number).lines)
    shop.ship(parcel(number, first))
    assert shop.detail(number).status == "SELLER_CONSIGNED_PART"
    shop.ship(parcel(number, second, waybill="ZT0000002", carrier="sf"))
    told = {(x.sub_number, x.waybill) for x in shop.shipped(number)}
    assert told == {(first, "ZT0000001"), (second, "ZT0000002")}
    assert shop.detail(number).status == "WAIT_BUYER_CONFIRM_GOODS"


@pytest.mark.parametrize("kind", ["drop_after_commit", "html502_after", "truncated", "cut_short"])
def test_a_lost_answer_leaves_doubt_and_the_platform_knows(floor: Floor, kind: str) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": f"order {number}", "do": kind}])
    failed = refused(lambda: shop.ship(parcel(number)))
    assert failed.fault is Fault.TRANSIENT and failed.in_doubt
    assert [x.waybill for x in shop.shipped(number)] == ["ZT0000001"]
    assert len(floor.server.shipments[number]) == 1


def test_an_answer_later_than_patience_leaves_doubt() -> None:
    clock = SystemClock()
    with TAOBAO.server(clock) as server:
        number = server.place(SimOrder(lines=TWO))
        shop = TAOBAO.connect(server, clock, read_s=0.2)
        server.script([{"at": SHIP, "do": "delay 1"}])
        failed = refused(lambda: shop.ship(parcel(number)))
        assert (failed.code, failed.in_doubt) == ("timeout", True)
        assert len(shop.shipped(number)) == 2
        shop.close()


def test_trouble_of_the_platform_while_shipping_leaves_doubt(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": SHIP, "do": "isp_after"}])
    failed = refused(lambda: shop.ship(parcel(number)))
    assert failed.fault is Fault.TRANSIENT and failed.in_doubt


def test_the_same_waybill_again_is_refused(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.ship(parcel(number))
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.fault, failed.code, failed.in_doubt) == (Fault.BUSINESS, "B27", False)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda s, n: s.refund(n), "B02"),
        (lambda s, n: s.hold(n), "B55"),
        (lambda s, n: s.close(n), "B04"),
    ],
)
def test_what_cannot_be_shipped_is_business(floor: Floor, change: Any, code: str) -> None:
    (number,), shop = floor.place(), floor.shop()
    change(floor.server, number)
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, code)
    assert floor.server.shipments == {} and floor.server.refusals[0]["tid"] == number


def test_a_waybill_of_another_order_is_business(floor: Floor) -> None:
    first, second = floor.place(2)
    shop = floor.shop()
    shop.ship(parcel(first))
    assert refused(lambda: shop.ship(parcel(second))).code == "B60"


def test_a_carrier_the_platform_does_not_know_needs_a_person(floor: Floor) -> None:
    (number,) = floor.place()
    failed = refused(lambda: floor.shop().ship(parcel(number, carrier="owl")))
    assert (failed.fault, failed.code) == (Fault.PERMISSION, "carrier")
    failed = refused(
        lambda: floor.shop(carriers={"owl": "OWL"}).ship(parcel(number, carrier="owl"))
    )
    assert failed.fault is Fault.PERMISSION


@pytest.mark.parametrize("carrier", ["jt", "deppon"])
def test_a_courier_that_takes_no_orders_there_is_reported_as_the_sellers_own(
    floor: Floor, carrier: str
) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    shop.ship(parcel(number, carrier=carrier))
    (told,) = floor.server.shipments[number]
    assert (told["company"], len(told["oids"])) == (CARRIERS[carrier], 2)
    assert (floor.server.count(SHIP), floor.server.count(SHIP_OWN)) == (1, 1)


def test_a_part_goes_by_such_a_courier_too(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    first, second = (x.sub_number for x in shop.detail(number).lines)
    shop.ship(parcel(number, first, carrier="jt"))
    assert shop.detail(number).status == "SELLER_CONSIGNED_PART"
    shop.ship(parcel(number, second, carrier="jt", waybill="JT0000002"))
    told = {(x.sub_number, x.waybill) for x in shop.shipped(number)}
    assert told == {(first, "ZT0000001"), (second, "JT0000002")}


def test_no_other_refusal_is_tried_another_way(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.hold(number)
    assert refused(lambda: shop.ship(parcel(number))).code == "B55"
    assert floor.server.count(SHIP_OWN) == 0


def test_a_doubt_about_the_second_way_is_a_doubt(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": SHIP_OWN, "do": "drop_after_commit"}])
    failed = refused(lambda: shop.ship(parcel(number, carrier="jt")))
    assert failed.in_doubt and [x.waybill for x in shop.shipped(number)] == ["ZT0000001"]


@pytest.mark.parametrize("carrier", ["zto", "jt"])
@pytest.mark.parametrize("gone", [False, True])
def test_a_waybill_is_replaced_also_when_the_courier_has_the_parcel(
    floor: Floor, carrier: str, gone: bool
) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    shop.ship(parcel(number, carrier=carrier))
    if gone:
        floor.server.pick_up("ZT0000001")
    shop.reship(parcel(number, waybill="SF0000002", carrier="sf"), "ZT0000001")
    assert {x.waybill for x in shop.shipped(number)} == {"SF0000002"}
    assert floor.server.count(MODIFY) == (gone and carrier == "zto")


def test_a_number_that_is_refused_is_not_tried_another_way(floor: Floor) -> None:
    first, second = floor.place(2)
    shop = floor.shop()
    shop.ship(parcel(first))
    shop.ship(parcel(second, waybill="ZT0000002"))
    failed = refused(lambda: shop.reship(parcel(second), "ZT0000002"))
    assert (failed.code, floor.server.count(MODIFY)) == ("B60", 0)


def test_one_parcel_of_several_is_replaced_by_exactly_its_lines(floor: Floor) -> None:
    (number,), shop = floor.place(lines=(*TWO, SimLine(sku="CARD"))), floor.shop()
    first, second, third = (x.sub_number for x in shop.detail(number).lines)
    shop.ship(parcel(number, first, second))
    shop.ship(parcel(number, third, waybill="ZT0000002"))
    floor.server.agree_refund(number, second)  # after it left; it stays in its parcel
    shop.reship(parcel(number, first, waybill="ZT0000003"), "ZT0000001")
    told = {(x.sub_number, x.waybill) for x in shop.shipped(number)}
    assert told == {(first, "ZT0000003"), (second, "ZT0000003"), (third, "ZT0000002")}


def test_a_line_paid_back_after_the_whole_order_left_does_not_split_it(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    first, second = (x.sub_number for x in shop.detail(number).lines)
    shop.ship(parcel(number))
    floor.server.agree_refund(number, second)
    shop.reship(parcel(number, first, waybill="ZT0000002"), "ZT0000001")
    assert "ZT0000002" in {x.waybill for x in shop.shipped(number)}
    assert floor.server.count(MODIFY) == 0


def test_a_line_paid_back_before_does_not_split_it_either(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    first, second = (x.sub_number for x in shop.detail(number).lines)
    floor.server.agree_refund(number, second)
    shop.ship(parcel(number, first))
    assert [x.waybill for x in shop.shipped(number)] == ["ZT0000001"]
    assert floor.server.orders[number]["is_part_consign"] is False


def test_a_trade_told_without_its_lines_is_not_taken_for_a_whole_parcel(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    (first, _) = (x.sub_number for x in shop.detail(number).lines)
    lines = floor.server._trades[number]["orders"]
    floor.server.touch(number, orders={"order": []})
    refused(lambda: shop.ship(parcel(number, first)))  # named, so nothing else can be meant
    floor.server.touch(number, orders=lines)
    assert shop.shipped(number) == ()


def sent(floor: Floor, method: str, number: str, **told: object) -> str:
    """The code with which the platform refuses such a call."""
    told = {"tid": number, "company_code": "ZTO", "out_sid": "ZT0000009", **told}
    return refused(lambda: floor.shop()._top.call(method, told, writes=True)).code


def test_the_platform_tells_split_trades_from_whole_ones(floor: Floor) -> None:
    (whole, split), shop = floor.place(2, lines=TWO), floor.shop()
    oids = [x.sub_number for x in shop.detail(split).lines]
    all_of_it = {"is_split": 1, "sub_tid": ",".join(oids)}
    assert sent(floor, SHIP, split, **all_of_it) == "P38"
    assert sent(floor, SHIP, split, is_split=1) == "CD26"
    assert sent(floor, SHIP, split, sub_tid=oids[0]) == "CD25"
    shop.ship(parcel(split, oids[0]))
    assert sent(floor, SHIP, split) == "CD23"
    assert sent(floor, SHIP, split, sub_tid=oids[1]) == "CD27"
    assert sent(floor, RESEND, split) == "CD23"
    assert sent(floor, RESEND, split, **all_of_it) == "B06"
    shop.ship(parcel(whole, waybill="ZT0000005"))
    named = {"is_split": 1, "sub_tid": shop.detail(whole).lines[0].sub_number}
    assert sent(floor, RESEND, whole, **named) == "CD29"


def test_more_lines_than_a_call_may_name_are_refused(floor: Floor) -> None:
    lines = tuple(SimLine(sku=f"S{n}") for n in range(22))
    (number,), shop = floor.place(lines=lines), floor.shop()
    oids = [x.sub_number for x in shop.detail(number).lines]
    assert refused(lambda: shop.ship(parcel(number, *oids[:21]))).code == "P38"


@pytest.mark.parametrize("carrier", ["jd", "cainiao"])
def test_a_carrier_of_no_list_there_needs_the_shops_own_word(floor: Floor, carrier: str) -> None:
    (number,) = floor.place()
    failed = refused(lambda: floor.shop().ship(parcel(number, carrier=carrier)))
    assert (failed.fault, failed.code, failed.text) == (Fault.PERMISSION, "carrier", carrier)
    floor.shop(carriers={carrier: "STO"}).ship(parcel(number, carrier=carrier))
    assert floor.server.shipments[number][0]["company"] == "STO"


def test_every_carrier_of_ours_is_one_of_theirs() -> None:
    assert set(CARRIERS.values()) == COMPANIES


# --- the weather --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("drop", Fault.TRANSIENT),
        ("html200", Fault.TRANSIENT),
        ("forbidden", Fault.AUTH),
        ("empty", Fault.TRANSIENT),
    ],
)
def test_no_answer_of_the_network_is_an_order(floor: Floor, kind: str, fault: Fault) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": "*", "do": kind}])
    assert refused(lambda: shop.detail(number)).fault is fault
    assert shop.detail(number).number == number


def test_a_name_that_does_not_resolve_is_no_connection(floor: Floor) -> None:
    failed = refused(lambda: floor.shop(url="http://shop.invalid/router").detail("1"))
    assert (failed.fault, failed.code) == (Fault.TRANSIENT, "no_connection")


def test_three_hundred_orders_ship_once_each_through_a_storm(floor: Floor) -> None:
    numbers, shop = floor.place(300), floor.shop(page_size=100)
    floor.server.storm(7, 0.15)
    waiting = {n: (parcel(n, waybill=f"ZT{n}"), False) for n in numbers}
    while waiting:
        number, (shipment, asked) = next(iter(waiting.items()))
        del waiting[number]
        try:
            if not (asked and shop.shipped(number)):
                shop.ship(shipment)
        except CallFailed as failed:
            assert failed.fault in (Fault.TRANSIENT, Fault.UNKNOWN)
            waiting[number] = (shipment, asked or failed.in_doubt)
    shipped = floor.server.shipments
    assert {n: [x["waybill"] for x in shipped[n]] for n in numbers} == {
        n: [f"ZT{n}"] for n in numbers
    }


# --- by creation -------------------------------------------------------------------------------


def test_orders_are_listed_by_creation_whatever_changed_since(floor: Floor) -> None:
    shop = floor.shop()
    early = floor.place(12)
    floor.clock.advance(3600)
    late = floor.place(2)
    for number in early[:5]:
        floor.server.memo(number, "changed")
    first = [n for page in shop.created(NOON, NOON + 3_600_000) for n in page]
    assert sorted(first) == sorted(early)
    second = [n for page in shop.created(NOON + 3_600_000, NOON + 7_200_000) for n in page]
    assert sorted(second) == sorted(late)  # the one on the full hour is in one of them only


def test_a_page_of_a_creation_listing_that_is_empty_is_a_failure(floor: Floor) -> None:
    floor.place(12)
    floor.server.script([{"at": "taobao.trades.sold.get#2", "do": "empty"}])
    with pytest.raises(CallFailed):
        list(floor.shop().created(NOON, NOON + 3_600_000))
