"""What only JD does: its signatures, the cap on pages, whole orders, how it tells tokens and no."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.clock import SHANGHAI, SetClock
from core.orders.values import value_map
from core.ports import Fault
from drivers.channels.access import ShopAccess, Tokens
from drivers.channels.jd import CARRIERS, _Window
from drivers.channels.jos import OAUTH, Gateway, failure
from drivers.simulated.deals import SimLine
from drivers.simulated.jd import COMPANIES, DETAIL, REFRESH, signed
from tests.drivers.channels.kinds import JD
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
    vectors,
)

DAY = 86_400
LATE = 1_768_924_740_000  # 2026-01-20 23:59:00 in Shanghai


@pytest.fixture
def floor() -> Iterator[Floor]:
    with opened(JD) as floor:
        yield floor


@pytest.mark.parametrize("vector", vectors("jd_jos"))
def test_the_simulated_platform_signs_by_itself(vector: dict[str, Any]) -> None:
    sent = vector.get("wire_params", vector["params"])
    assert signed(sent, vector["secret"]) == vector["expected_sign"]


# --- listing ------------------------------------------------------------------------------------


def test_pages_are_read_from_the_last_to_the_first(floor: Floor) -> None:
    floor.place(12)
    assert [len(page) for page in floor.shop().changes(NOON, NOON + 1000)] == [2, 5, 5]


def test_a_window_with_too_many_pages_is_halved_until_it_fits(floor: Floor) -> None:
    floor.server.page_cap = 4
    numbers = []
    for _ in range(16):
        numbers += floor.place(5)
        floor.clock.advance(1)
    shop = floor.shop(page_cap=4)
    found = listed(shop, NOON - 3_600_000, NOON + 60_000)
    assert set(found) == set(numbers)
    assert len(found) < 2 * len(numbers)  # halves share only the second between them


def test_evenings_under_a_small_cap_lose_nothing(floor: Floor) -> None:
    floor.server.page_cap = 3
    evening = Evening(floor, 3)
    plain = floor.shop
    floor.shop = lambda clock=None, **more: plain(clock, **{**more, "page_cap": 3})  # type: ignore
    assert follow(evening) == [] and len(evening.numbers) == 120


def test_more_orders_in_a_second_than_the_platform_shows_need_a_person(floor: Floor) -> None:
    floor.server.page_cap = 2
    floor.place(11)
    failed = refused(lambda: listed(floor.shop(page_cap=2)))
    assert (failed.fault, failed.code) == (Fault.PERMISSION, "page_cap")


def test_pages_that_come_in_beyond_the_cap_abandon_the_window(floor: Floor) -> None:
    floor.place(30)
    window = _Window(floor.shop()._jos, NOON // 1000, NOON // 1000 + 1, by=0, page_size=5, cap=3)
    failed = refused(lambda: list(window.pages(10)))  # counted before the others came
    assert (failed.fault, failed.code) == (Fault.TRANSIENT, "page_cap")


def test_the_platform_refuses_what_the_connector_never_asks(floor: Floor) -> None:
    floor.place()
    shop = floor.shop()
    shop._page_size = 101
    failed = refused(lambda: listed(shop))
    assert failed.fault is Fault.UNKNOWN and failed.code == "10100001"


# --- the order ----------------------------------------------------------------------------------


def test_hidden_people_stay_hidden_and_the_address_begins_below_the_district(floor: Floor) -> None:
    (number,) = floor.place()
    receiver = floor.shop().detail(number).receiver
    assert receiver.name == "张**" and receiver.phone == "138*******4"
    assert (receiver.district, receiver.address) == ("余杭区", "仓前街道****")
    assert receiver.cipher_ref


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({"mobile": "136*******5"}, "136*******5"),
        ({"mobile": "", "telephone": "0571-88****34"}, "0571-88****34"),
        ({"mobile": "AEZq0f/31w=="}, ""),
        ({"mobile": None}, ""),
        ({"mobile": "18877771111-1234"}, "18877771111-1234"),
    ],
)
def test_a_cipher_is_never_shown_as_a_phone(floor: Floor, more: Any, shown: str) -> None:
    token = "656233eb3c9d6035653f5a6d7f5965ac0c53815f3e9b785c17d35366fbbb72f1b52994"
    told = {f"consigneeInfo.{key}": value for key, value in more.items()}
    (number,) = floor.place(more={"consigneeInfo.desen_mobile": token, **told})
    assert floor.shop().detail(number).receiver.phone == shown


def test_cash_on_delivery_is_not_paid_and_not_unreadable(floor: Floor) -> None:
    (number,) = floor.place(more={"paymentConfirmTime": "0001-01-01 00:00:00"})
    order = floor.shop().detail(number)
    assert order.paid_at is None and order.flags == ()


def test_lines_have_numbers_of_their_own_even_for_the_same_sku(floor: Floor) -> None:
    tea = SimLine(sku="TEA-1")
    (number,) = floor.place(lines=(tea, tea, SimLine(sku="CARD", gift=True)))
    lines = floor.shop().detail(number).lines
    assert len({line.sub_number for line in lines}) == 3
    assert lines == floor.shop().detail(number).lines
    assert all(line.sub_number.startswith(f"{number}-") for line in lines)
    assert [line.gift for line in lines] == [False, False, True]


@pytest.mark.parametrize(
    ("mark", "word"),
    [
        ("hold", "LOCKED"),
        ("PAUSE", "PAUSE"),
        ("POP_ORDER_PAUSE",) * 2,
        ("WAIT_SELLER_DELIVERY",) * 2,
    ],
)
def test_what_the_platform_stops_is_held(floor: Floor, mark: str, word: str) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.hold(number, mark)
    assert shop.detail(number).status == word and value_map("jd").status_of(word) == "hold"
    floor.server.hold(number, mark, on=False)
    assert shop.detail(number).status == "WAIT_SELLER_STOCK_OUT"


@pytest.mark.parametrize(
    ("state", "ours"),
    [
        ("DengDaiChuKu", "to_ship"),
        ("DengDaiFaHuo", "hold"),
        ("DengDaiQueRenShouHuo", "shipped"),
        ("PeiSongTuiHuo", "shipped"),
        ("WanCheng", "done"),
        ("ZanTing", "hold"),
        ("SuoDing", "hold"),
        ("WAIT_SEND_CODE", "hold"),
    ],
)
def test_states_under_their_old_names_are_known(floor: Floor, state: str, ours: str) -> None:
    (number,) = floor.place(status=state)
    assert value_map("jd").status_of(floor.shop().detail(number).status) == ours


@pytest.mark.parametrize(
    ("key", "came"), [("itemInfoList", None), ("itemInfoList", []), ("modified", "soon")]
)
def test_a_hole_in_the_telling_is_a_flag(floor: Floor, key: str, came: object) -> None:
    (number,) = floor.place(more={key: came})
    assert floor.shop().detail(number).flags == ("unreadable",)


# --- tokens, clock, rate ------------------------------------------------------------------------


def test_a_token_is_renewed_in_its_last_day_beside_the_gateway_and_kept(floor: Floor) -> None:
    (number,), kept = floor.place(), list[Tokens]()
    ends = floor.server.token_ends_at
    shop = floor.shop(save_tokens=kept.append, session_ends=ends)
    assert shop.detail(number) and kept == []
    floor.clock.advance(364 * DAY)  # the platform would renew now; an hour is left to its clock
    assert shop.detail(number) and floor.server.count(REFRESH) == 0
    floor.clock.advance(3600)
    assert shop.detail(number).number == number
    assert kept == [Tokens("s1", "f1")] and floor.server.count(REFRESH) == 1
    assert kept[0].expires_at == floor.server.token_ends_at > ends
    floor.clock.advance(364 * DAY + 3600)
    assert shop.detail(number).number == number and len(kept) == 2


def test_a_token_of_an_app_under_test_is_not_renewed_by_the_hour(floor: Floor) -> None:
    (number,), kept = floor.place(), list[Tokens]()
    floor.server._token_ms, floor.server.token_ends_at = DAY * 1000, NOON + DAY * 1000
    shop = floor.shop(save_tokens=kept.append, session_ends=floor.server.token_ends_at)
    for _ in range(4 * 24):
        floor.clock.advance(3600)
        assert shop.detail(number).number == number
    assert len(kept) == 8  # twice a day, for the platform counts them


def test_a_token_that_ended_needs_a_person(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.expire()
    assert refused(lambda: shop.detail(number)).fault is Fault.AUTH
    floor.server.authorise()
    assert floor.shop(session="s1", refresh_token="f1").detail(number).number == number


def test_a_renewal_that_is_refused_is_not_asked_for_with_every_call(floor: Floor) -> None:
    (number,) = floor.place()
    shop = floor.shop(session_ends=NOON + 3_600_000)  # wrong: it lasts a year
    for _ in range(10):
        assert shop.detail(number).number == number
    assert floor.server.count(REFRESH) == 1
    floor.clock.advance(1801)
    assert shop.detail(number) and floor.server.count(REFRESH) == 2


def test_the_real_platform_renews_at_its_own_address() -> None:
    from drivers.channels.calls import Line

    access = ShopAccess(code="jd", url="https://api.jd.com/routerjson")
    assert Gateway(Line(access.url, SetClock(NOON)), access)._oauth_url == OAUTH


def test_seven_minutes_off_are_too_many_for_this_platform(floor: Floor) -> None:
    (number,) = floor.place()
    shop = floor.shop(SetClock(NOON - 7 * 60_000))
    assert shop.detail(number).number == number and floor.server.calls == 2


def test_a_used_up_day_lasts_until_midnight_in_shanghai_for_every_method(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": DETAIL, "do": "quota"}])
    assert refused(lambda: shop.detail(number)).wait_s == 12 * 3600
    assert refused(lambda: listed(shop)).fault is Fault.RATE
    assert floor.clock.zone is SHANGHAI and floor.server.calls == 1


# --- shipping -----------------------------------------------------------------------------------


def test_a_part_of_an_order_needs_a_person(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    first = shop.detail(number).lines[0].sub_number
    failed = refused(lambda: shop.ship(parcel(number, first)))
    assert (failed.fault, failed.code) == (Fault.PERMISSION, "whole_orders")
    assert floor.server.shipments == {}


@pytest.mark.parametrize(
    "joined", ["ZT0000001,SF0000002，SF0000003", "ZT0000001|SF0000002,SF0000003"]
)
def test_several_waybills_of_an_order_are_told_apart(floor: Floor, joined: str) -> None:
    (number,) = floor.place(more={"waybill": joined})
    told = [x.waybill for x in floor.shop().shipped(number)]
    assert told == ["ZT0000001", "SF0000002", "SF0000003"]


def test_an_order_of_which_a_parcel_is_out_is_partly_shipped(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    floor.server.ship_part(number, "TEA-1", waybill="ZT0000009")
    order = shop.detail(number)
    assert value_map("jd").status_of(order.status) == "partial"
    assert '"orderState":"WAIT_SELLER_STOCK_OUT"' in order.raw and '"waybill":""' in order.raw
    assert [x.waybill for x in shop.shipped(number)] == ["ZT0000009"]


def test_parcels_of_several_couriers_are_all_told_once_everything_is_out(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    floor.server.ship_part(number, "TEA-1", waybill="ZT0000009")
    floor.server.ship_part(number, "CUP-2", waybill="SF0000010", company="467")
    order = shop.detail(number)
    assert value_map("jd").status_of(order.status) == "shipped"
    assert '"waybill":"ZT0000009|SF0000010"' in order.raw
    assert [x.waybill for x in shop.shipped(number)] == ["ZT0000009", "SF0000010"]


def test_a_number_that_is_none_is_not_asked_for(floor: Floor) -> None:
    assert refused(lambda: floor.shop().detail("12x")).fault is Fault.BUSINESS
    assert floor.server.calls == 0


def test_every_carrier_of_ours_is_one_of_theirs() -> None:
    assert set(CARRIERS.values()) == COMPANIES


# --- what no means ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "said", "fault", "doubt"),
    [
        ("2", "", Fault.RATE, False),
        ("7", "", Fault.CLOCK, False),
        ("8", "", Fault.CLOCK, False),
        ("12", "", Fault.AUTH, False),
        ("19", "", Fault.AUTH, False),
        ("21", "", Fault.AUTH, False),
        ("24", "", Fault.PERMISSION, False),
        ("33", "", Fault.TRANSIENT, True),
        ("65", "", Fault.TRANSIENT, True),
        ("10400001", "订单已出库", Fault.BUSINESS, False),
        ("10400099", "系统繁忙，请稍后再试", Fault.TRANSIENT, True),
        ("99", "", Fault.UNKNOWN, True),
        ("", "", Fault.UNKNOWN, True),
    ],
)
def test_an_error_has_a_class(code: str, said: str, fault: Fault, doubt: bool) -> None:
    failed = failure({"code": code, "zh_desc": said}, LATE, writes=True)
    assert (failed.fault, failed.code, failed.in_doubt) == (fault, code, doubt)


@pytest.mark.parametrize("key", ["zh_desc", "errorMessage"])
def test_trouble_told_in_words_is_passing_whatever_its_code(key: str) -> None:
    assert failure({"code": "500", key: "系统繁忙"}, LATE).fault is Fault.TRANSIENT


def test_an_error_with_nothing_around_it_is_read(floor: Floor) -> None:
    (number,) = floor.place()
    floor.server.bare_errors = True
    failed = refused(lambda: floor.shop(app_secret="wrong").detail(number))
    assert (failed.fault, failed.code, failed.text) == (Fault.AUTH, "12", "无效签名")
    told = refused(lambda: floor.shop()._jos.call("jingdong.pop.no.such", {}))
    assert (told.fault, told.code) == (Fault.PERMISSION, "15")


def test_a_day_used_up_a_minute_before_midnight() -> None:
    assert failure({"code": "2"}, LATE).wait_s == 60.0


def test_a_question_refused_for_a_new_reason_is_shown_and_not_skipped() -> None:
    assert failure({"code": "10499999", "zh_desc": "新的限制"}, LATE).fault is Fault.UNKNOWN


def test_words_of_an_error_are_cleaned() -> None:
    assert failure({"code": "12", "zh_desc": "a\x1b[2Jb\u202ec"}, LATE).text == "a[2Jbc"
