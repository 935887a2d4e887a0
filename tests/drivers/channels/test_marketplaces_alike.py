"""What every shop connector must do, held for JD, Pinduoduo and Kuaituantuan over a real socket."""

from collections.abc import Iterator

import pytest

from core.clock import SystemClock
from core.ports import Fault
from drivers.channels.pages import Backwards
from drivers.simulated.deals import SimOrder
from tests.drivers.channels.kinds import JD, KTT, PDD
from tests.drivers.channels.shopkit import (
    NOON,
    TWO,
    Evening,
    Floor,
    Kind,
    follow,
    forwards,
    listed,
    opened,
    parcel,
    refused,
)
from tests.drivers.channels.test_shops_alike import (  # noqa: F401 - they run here, on our floor
    ours,
    test_a_bad_page_abandons_the_window,
    test_a_call_that_never_left_leaves_no_doubt,
    test_a_clock_that_stays_wrong_is_said_so,
    test_a_closed_order_cannot_be_shipped,
    test_a_doubled_row_is_harmless,
    test_a_report_is_not_kept_until_a_ban_is_over,
    test_a_stage_nobody_knows_holds,
    test_a_token_that_runs_out_is_renewed_within_the_window,
    test_a_waybill_arrives,
    test_a_window_that_ends_within_a_second_holds_that_second,
    test_a_withdrawn_authorisation_is_said_so_and_not_hammered,
    test_a_wrong_clock_is_set_by_the_server,
    test_an_empty_window_is_empty,
    test_an_order_is_read_as_it_is,
    test_an_order_that_is_not_there_is_the_orders_own_fault,
    test_an_order_with_another_waybill_is_not_overwritten,
    test_both_orders_on_the_boundary_second_are_seen,
    test_every_change_is_listed,
    test_many_calls_renew_once,
    test_money_that_went_back_is_never_shipped,
    test_no_answer_of_the_network_is_an_order,
    test_no_note_is_told_as_none_left,
    test_sixty_orders_ship_once_each_through_a_storm,
    test_the_same_report_again_ships_nothing_twice,
    test_trouble_before_the_call_was_carried_out_ships_nothing,
    test_two_hundred_orders_of_one_second_are_all_seen,
    test_what_changed_before_or_after_is_not_listed,
)

KINDS = [JD, PDD, KTT]


@pytest.fixture(params=KINDS, ids=str)
def floor(request: pytest.FixtureRequest) -> Iterator[Floor]:
    with opened(request.param) as floor:
        yield floor


def lost(which: Kind, seed: int) -> list[str]:
    """The orders whose last state is never seen in an evening with slow pages."""
    with opened(which) as floor:
        evening = Evening(floor, seed)
        floor.server.between_pages = lambda: evening.pass_by(8)
        missed = follow(evening)
        assert len(evening.numbers) == 120
    return missed


@pytest.mark.parametrize("which", KINDS, ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_while_orders_change(which: Kind, seed: int) -> None:
    assert lost(which, seed) == []


@pytest.mark.parametrize("which", KINDS, ids=str)
def test_the_same_evenings_lose_orders_when_read_forwards(
    which: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proof that the evenings are hard enough for the test above to mean something."""
    monkeypatch.setattr(Backwards, "pages", lambda window, total=None: [forwards(window)])
    assert any(lost(which, seed) for seed in range(4))


def test_a_seller_note_written_later_is_told(floor: Floor) -> None:
    (number,) = floor.place()
    floor.server.memo(number, "加急")
    assert "加急" in floor.shop().detail(number).seller_note.split(" | ")


def test_an_order_that_is_not_paid_is_never_told(floor: Floor) -> None:
    (number,), shop = floor.place(status="WAIT_BUYER_PAY"), floor.shop()
    assert listed(shop) == []
    assert refused(lambda: shop.detail(number)).fault is Fault.BUSINESS
    floor.server.pay(number)
    assert listed(shop) == [number]
    assert ours(floor, number)[0] == "to_ship"


def test_a_closed_order_is_told_so_or_paid_back(floor: Floor) -> None:
    (number,) = floor.place()
    floor.server.close(number)
    status, refunds = ours(floor, number)
    assert status == "closed" or set(refunds) == {"refunded"}


def test_a_refund_stops_the_order_until_it_is_withdrawn(floor: Floor) -> None:
    (number,) = floor.place(lines=TWO)
    floor.server.refund(number)
    status, refunds = ours(floor, number)
    assert status == "hold" or set(refunds) == {"open"}
    floor.server.withdraw_refund(number)
    assert ours(floor, number) == ("to_ship", ["none", "none"])


def test_ids_of_nineteen_digits_stay_exact(floor: Floor) -> None:
    number = "9007199254740993123"
    key = "orderId" if floor.kind.name == "jd" else "order_sn"
    floor.place(tid=number, more={key: int(number)})
    shop = floor.shop()
    if floor.kind.name == "jd":  # the others list plain rows of the same order
        assert listed(shop) == [number]
    assert shop.detail(number).number == number


def test_a_window_of_days_is_asked_for_in_parts(floor: Floor) -> None:
    numbers = floor.place(2)
    assert set(listed(floor.shop(), NOON - 26 * 3_600_000, NOON + 1000)) == set(numbers)


def test_a_wrong_secret_is_refused(floor: Floor) -> None:
    failed = refused(lambda: floor.shop(app_secret="wrong").detail("1"))
    assert failed.fault is Fault.AUTH and "wrong" not in str(failed)


def test_a_ban_is_waited_out_and_not_hammered(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": floor.kind.detail, "do": "ban 7"}])
    if floor.kind.tells_wait:
        assert shop.detail(number).number == number
        assert floor.server.calls == 2 and floor.clock.now() >= NOON + 7000
        return
    failed = refused(lambda: shop.detail(number))
    assert failed.fault is Fault.RATE and failed.wait_s
    for _ in range(20):
        assert refused(lambda: shop.detail(number)).fault is Fault.RATE
    assert floor.server.calls == 1
    floor.clock.advance(failed.wait_s + 1)
    assert shop.detail(number).number == number


def test_the_pace_stays_below_the_platforms_limit(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop(per_second=5)
    floor.server.limit = (5, 1.0)
    for _ in range(12):
        assert shop.detail(number).number == number


@pytest.mark.parametrize("how", ["drop_after_commit", "html502_after", "truncated", "cut_short"])
def test_a_lost_answer_leaves_doubt_and_the_platform_knows(floor: Floor, how: str) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": floor.kind.ship, "do": how}])
    failed = refused(lambda: shop.ship(parcel(number)))
    assert failed.fault is Fault.TRANSIENT and failed.in_doubt
    assert {x.waybill for x in shop.shipped(number)} == {"ZT0000001"}
    assert len(floor.server.shipments[number]) == 1


def test_trouble_of_the_platform_while_shipping_leaves_doubt(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": floor.kind.ship, "do": "isp_after"}])
    failed = refused(lambda: shop.ship(parcel(number)))
    assert failed.fault is Fault.TRANSIENT and failed.in_doubt
    assert shop.shipped(number)


def test_an_empty_answer_to_a_report_is_no_success(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": floor.kind.ship, "do": "empty"}])
    failed = refused(lambda: shop.ship(parcel(number)))
    assert failed.fault is Fault.TRANSIENT and failed.in_doubt


def test_an_answer_later_than_patience_leaves_doubt(floor: Floor) -> None:
    clock = SystemClock()
    with floor.kind.server(clock) as server:
        number = server.place(SimOrder(lines=TWO))
        shop = floor.kind.connect(server, clock, read_s=0.2)
        server.script([{"at": floor.kind.ship, "do": "delay 1"}])
        failed = refused(lambda: shop.ship(parcel(number)))
        assert (failed.code, failed.in_doubt) == ("timeout", True)
        assert shop.shipped(number)
        shop.close()


def test_a_waybill_of_another_order_is_business(floor: Floor) -> None:
    first, second = floor.place(2)
    shop = floor.shop()
    shop.ship(parcel(first))
    assert refused(lambda: shop.ship(parcel(second))).fault is Fault.BUSINESS
    assert second not in floor.server.shipments


def test_a_refund_is_never_overruled(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.refund(number)
    assert refused(lambda: shop.ship(parcel(number))).fault is Fault.BUSINESS
    assert floor.server.shipments == {} and floor.server.refusals[0]["tid"] == number


def test_a_carrier_the_platform_does_not_know_needs_a_person(floor: Floor) -> None:
    (number,) = floor.place()
    failed = refused(lambda: floor.shop().ship(parcel(number, carrier="owl")))
    assert (failed.fault, failed.code) == (Fault.PERMISSION, "carrier")
    assert floor.server.calls == 0
    own = floor.shop(carriers={"owl": "9999"})
    assert refused(lambda: own.ship(parcel(number, carrier="owl"))).fault is Fault.BUSINESS


def test_a_captive_portal_does_not_set_the_clock(floor: Floor) -> None:
    shop = floor.shop()
    floor.server.script([{"at": "*", "do": ["skew 5000", "html200"]}])
    refused(lambda: shop.detail("1"))
    assert shop.server_now() == NOON


@pytest.mark.parametrize("key", ["created", "money"])
def test_what_makes_no_sense_is_a_flag(floor: Floor, key: str) -> None:
    wire = {
        "jd": {"created": "orderStartTime", "money": "actualPay"},
        "pdd": {"created": "created_time", "money": "pay_amount"},
        "ktt": {"created": "confirm_at", "money": "order_amount"},
    }
    (number,) = floor.place(more={wire[floor.kind.name][key]: "who knows"})
    assert floor.shop().detail(number).flags == ("unreadable",)
