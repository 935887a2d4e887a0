"""What only Kuaishou does: two secrets, refunds beside the item, numbers for carriers."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.orders.values import value_map
from core.ports import Fault
from drivers.channels.access import Tokens
from drivers.channels.kuaishou import SHIP, failure
from drivers.simulated.kuaishou import REFRESH, signed
from tests.drivers.channels.kinds import KUAISHOU
from tests.drivers.channels.shopkit import (
    NOON,
    TWO,
    Floor,
    listed,
    opened,
    parcel,
    refused,
    vectors,
)


@pytest.fixture
def floor() -> Iterator[Floor]:
    with opened(KUAISHOU) as floor:
        yield floor


@pytest.mark.parametrize("vector", vectors("kuaishou"))
def test_the_simulated_platform_signs_by_itself(vector: dict[str, Any]) -> None:
    sent = vector.get("wire_params", vector["params"])
    assert signed(sent, vector["secret"]) == vector["expected_sign"]


@pytest.mark.parametrize("method", ["MD5", "HMAC_SHA256"])
def test_every_way_of_signing_is_accepted(floor: Floor, method: str) -> None:
    (number,) = floor.place()
    assert floor.shop(sign_method=method).detail(number).number == number


def test_a_wrong_sign_secret_is_refused(floor: Floor) -> None:
    failed = refused(lambda: floor.shop(app_secret="secret:wrong").detail("1"))
    assert failed.fault is Fault.AUTH and "wrong" not in str(failed)


def test_the_apps_secret_renews_and_is_not_needed_otherwise(floor: Floor) -> None:
    (number,), kept = floor.place(), list[Tokens]()
    without = floor.shop(app_secret="sign")
    assert without.detail(number).number == number
    floor.server.expire()
    assert refused(lambda: without.detail(number)).fault is Fault.AUTH
    assert floor.server.count(REFRESH) == 0
    shop = floor.shop(save_tokens=kept.append)
    assert shop.detail(number).number == number and kept == [Tokens("s1", "f1")]


def test_a_basket_is_as_many_orders(floor: Floor) -> None:
    floor.place(lines=TWO)
    assert len(set(listed(floor.shop()))) == 2


@pytest.mark.parametrize(
    ("refunds", "stage", "word", "ours"),
    [
        ([], "WAIT_SELLER_SEND_GOODS", "none", "none"),
        ([10], "WAIT_SELLER_SEND_GOODS", "10", "open"),
        ([70], "WAIT_SELLER_SEND_GOODS", "70", "none"),
        ([70, 10], "WAIT_SELLER_SEND_GOODS", "10", "open"),
        ([60], "WAIT_SELLER_SEND_GOODS", "60/30", "unknown"),
        ([70, 60], "TRADE_CLOSED", "60", "refunded"),
        ([99], "WAIT_SELLER_SEND_GOODS", "99", "unknown"),
        (None, "WAIT_SELLER_SEND_GOODS", "MISSING", "unknown"),
    ],
)
def test_refunds_beside_the_item(
    floor: Floor, refunds: list[int] | None, stage: str, word: str, ours: str
) -> None:
    told = None if refunds is None else [{"refundStatus": status} for status in refunds]
    (number,) = floor.place(status=stage, more={"orderRefundList": told})
    (line,) = floor.shop().detail(number).lines
    assert line.refund == word and value_map("kuaishou").refund_of(line.refund) == ours


def test_what_stops_an_order_is_a_flag(floor: Floor) -> None:
    more = {"orderBaseInfo.disableDeliveryReasonCode": [3], "orderItemInfo.num": "many"}
    (number,) = floor.place(more=more)
    floor.server.hold(number)
    flags = floor.shop().detail(number).flags
    assert flags == ("risk_control", "delivery_disabled", "unreadable")


def test_a_deadline_a_note_and_hidden_people(floor: Floor) -> None:
    (number,) = floor.place(ship_by=NOON + 3_600_000, seller_note="易碎")
    order = floor.shop().detail(number)
    assert (order.ship_by, order.seller_note) == (NOON + 3_600_000, "易碎")
    assert order.receiver.name == "张**" and order.receiver.cipher_ref.startswith("enc")


@pytest.mark.parametrize("carrier", ["sf", "owl"])
def test_a_carrier_without_a_number_needs_a_person(floor: Floor, carrier: str) -> None:
    (number,) = floor.place()
    shop = floor.shop(carriers={"zto": "1"})
    failed = refused(lambda: shop.ship(parcel(number, carrier=carrier)))
    assert (failed.fault, failed.code) == (Fault.PERMISSION, "carrier")


def test_our_waybill_there_already_is_success_without_a_call(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.ship(parcel(number))
    shop.ship(parcel(number))
    assert floor.server.count(SHIP) == 1


def test_another_waybill_there_is_never_sent_over(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.ship(parcel(number))
    failed = refused(lambda: shop.ship(parcel(number, waybill="ZT0000009")))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "already_shipped")
    assert floor.server.count(SHIP) == 1


def test_a_refund_keeps_it_from_being_shipped(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.refund(number)
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "2005")


def test_a_number_that_is_none_is_the_orders_own_fault(floor: Floor) -> None:
    assert refused(lambda: floor.shop().detail("X-1")).fault is Fault.BUSINESS


def said(text: str, code: str = "801000") -> dict[str, Any]:
    return {"result": 7, "code": code, "errorMsg": text}


@pytest.mark.parametrize(
    ("told", "fault", "doubt"),
    [
        (said("access_token已过期"), Fault.AUTH, False),
        (said("签名验证失败"), Fault.AUTH, False),
        (said("timestamp无效"), Fault.CLOCK, False),
        (said("触发限流"), Fault.RATE, False),
        (said("系统繁忙，请稍后重试"), Fault.TRANSIENT, True),
        (said("订单状态不允许发货", "807000"), Fault.BUSINESS, False),
        (said("缺少参数"), Fault.PERMISSION, False),
        (said("?", "9"), Fault.UNKNOWN, True),
        ({"result": 5}, Fault.UNKNOWN, True),
    ],
)
def test_a_result_has_a_class(told: dict[str, Any], fault: Fault, doubt: bool) -> None:
    failed = failure(told, writes=True)
    assert (failed.fault, failed.in_doubt) == (fault, doubt)
