"""What only Kuaishou does: two secrets, refunds beside the item, numbers for carriers."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.orders.values import value_map
from core.ports import Fault
from drivers.channels.access import Tokens
from drivers.channels.kuaishou import CARRIERS, SHIP, SPLIT, UPDATE, failure
from drivers.simulated.deals import SimLine
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

OLD = "orderRefundList"
"""Where older answers have the refunds."""
GIFTED = (TWO[0], SimLine(sku="CARD", title="卡", price_cents=0, gift=True))


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
        ([11], "WAIT_SELLER_SEND_GOODS", "11", "open"),
        ([21], "WAIT_SELLER_SEND_GOODS", "21", "open"),
        ([22], "WAIT_SELLER_SEND_GOODS", "22", "open"),
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
    for floor.server.old_refund_key, key in ((False, "orderDetailRefundList"), (True, OLD)):
        (number,) = floor.place(status=stage, more={key: told})
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


@pytest.mark.parametrize("more", [{}, {"owl": "OWL"}])
def test_a_carrier_without_a_number_needs_a_person(floor: Floor, more: dict[str, str]) -> None:
    (number,) = floor.place()
    shop = floor.shop(carriers=more)
    failed = refused(lambda: shop.ship(parcel(number, carrier="owl")))
    assert (failed.fault, failed.code) == (Fault.PERMISSION, "carrier")


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_carrier_of_ours_is_one_of_theirs(floor: Floor, carrier: str) -> None:
    (number,) = floor.place()
    floor.shop().ship(parcel(number, carrier=carrier))
    assert floor.server.shipments[number][0]["company"] == CARRIERS[carrier]


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


# --- gifts --------------------------------------------------------------------------------------


def test_a_gift_is_a_line_and_an_order_of_its_own(floor: Floor) -> None:
    (number,), shop = floor.place(lines=GIFTED), floor.shop()
    assert listed(shop) == [number]
    item, gift = shop.detail(number).lines
    assert (item.sub_number, item.gift, item.quantity) == (number, False, 2)
    assert (gift.sku, gift.gift, gift.price_cents, gift.quantity) == ("CARD", True, 0, 1)
    assert gift.sub_number != number and gift.refund == "none"


def test_a_gift_is_reported_with_its_item(floor: Floor) -> None:
    (number,), shop = floor.place(lines=GIFTED), floor.shop()
    item, gift = (line.sub_number for line in shop.detail(number).lines)
    shop.ship(parcel(number))
    shop.ship(parcel(number))
    assert (floor.server.count(SHIP), floor.server.count(SPLIT)) == (0, 1)
    (told,) = floor.server.shipments[number]
    assert told["oids"] == [item, gift]
    assert {(x.waybill, x.sub_number) for x in shop.shipped(number)} == {
        ("ZT0000001", item),
        ("ZT0000001", gift),
    }


def test_a_gift_that_a_plain_report_left_behind_follows(floor: Floor) -> None:
    (number,), shop = floor.place(lines=GIFTED), floor.shop()
    plain = {"orderId": int(number), "expressNo": "ZT0000001", "expressCode": 9}
    shop._call(SHIP, plain, writes=True)
    item, gift = shop.detail(number).lines
    assert (item.status, gift.status) == ("40", "30")
    shop.ship(parcel(number))
    assert [told["oids"] for told in floor.server.shipments[number]] == [
        [item.sub_number],
        [gift.sub_number],
    ]


def test_a_gift_may_go_in_a_parcel_of_its_own(floor: Floor) -> None:
    (number,), shop = floor.place(lines=GIFTED), floor.shop()
    item, gift = (line.sub_number for line in shop.detail(number).lines)
    shop.ship(parcel(number, item))
    shop.ship(parcel(number, gift, waybill="ZT0000002"))
    assert {(x.waybill, x.sub_number) for x in shop.shipped(number)} == {
        ("ZT0000001", item),
        ("ZT0000002", gift),
    }
    failed = refused(lambda: shop.ship(parcel(number, item, waybill="ZT0000003")))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "already_shipped")
    assert refused(lambda: shop.ship(parcel(number, "77"))).code == "no_lines"


def test_a_gift_that_is_not_sent_any_more_is_in_no_parcel(floor: Floor) -> None:
    (number,), shop = floor.place(lines=GIFTED), floor.shop()
    item, gift = (line.sub_number for line in shop.detail(number).lines)
    floor.server.agree_refund(number, gift)
    words = [line.refund for line in shop.detail(number).lines]
    assert [value_map("kuaishou").refund_of(word) for word in words] == ["none", "refunded"]
    shop.ship(parcel(number))
    assert floor.server.shipments[number][0]["oids"] == [item]


def test_a_refund_of_the_item_stops_its_gift(floor: Floor) -> None:
    (number,), shop = floor.place(lines=GIFTED), floor.shop()
    floor.server.refund(number, number)
    assert [line.refund for line in shop.detail(number).lines] == ["10", "10"]


# --- waybills -----------------------------------------------------------------------------------


def test_a_label_that_was_drawn_is_no_shipment(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.label(number, "ZT0000001")
    assert shop._order(number)["orderLogisticsInfo"][0]["expressNo"] == "ZT0000001"
    assert shop.shipped(number) == ()
    shop.ship(parcel(number))
    assert floor.server.count(SHIP) == 1 and len(floor.server.shipments[number]) == 1
    assert [x.waybill for x in shop.shipped(number)] == ["ZT0000001"]


def test_another_waybill_than_the_label_has_is_refused(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.label(number, "ZT0000001")
    failed = refused(lambda: shop.ship(parcel(number, waybill="ZT0000009")))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "11")


def test_every_package_with_the_old_waybill_gets_the_new_one(floor: Floor) -> None:
    (number,), shop = floor.place(lines=GIFTED), floor.shop()
    shop.ship(parcel(number))
    new = parcel(number, waybill="ZT0000002")
    floor.server.script([{"at": UPDATE, "do": "drop_after_commit"}])
    assert refused(lambda: shop.reship(new, "ZT0000001")).in_doubt
    shop.reship(new, "ZT0000001")
    shop.reship(new, "ZT0000001")
    assert {x.waybill for x in shop.shipped(number)} == {"ZT0000002"}
    assert floor.server.count(UPDATE) == 2
    assert (
        refused(lambda: shop.reship(parcel(number, waybill="ZT0000003"), "X")).code == "no_parcel"
    )


# --- refusals -----------------------------------------------------------------------------------


def said(text: str, result: int = 7) -> dict[str, Any]:
    """A refusal of the gateway's: a number and a sentence."""
    return {"result": result, "error_msg": text}


def not_done(text: str) -> dict[str, Any]:
    """A method's own refusal."""
    fields = {"code": "807000", "msg": "业务处理失败", "sub_code": "7", "sub_msg": text}
    return {"result": 7, "error_msg": "业务处理失败", **fields}


NOT_SHIPPED = [
    "运单号和物流公司不匹配",
    "同一个运单号对应收件地址超过1个",
    "运单揽收时间早于支付时间",
    "运单号已被其他商家使用",
    "收货地址与电子面单取号地址不一致",
    "运单发货间隔超过30天",
    "回传运单号与电子面单不一致",
    "快递公司不存在",
    "收货地址与签收地址不一致",
    "电子面单取号与发货快递公司不一致",
]


@pytest.mark.parametrize(
    ("told", "fault", "doubt"),
    [
        (said("access_token已过期"), Fault.AUTH, False),
        (said("TOKEN过期"), Fault.AUTH, False),
        (said("鉴权失败"), Fault.AUTH, False),
        (said("AUTHORIZATION_REVOKED", 24), Fault.AUTH, False),
        (said("主账号不存在", 26), Fault.AUTH, False),
        (said("验签失败"), Fault.AUTH, False),
        (said("签名校验失败"), Fault.AUTH, False),
        (said("token中无scope权限"), Fault.PERMISSION, False),
        (said("timestamp无效"), Fault.CLOCK, False),
        (said("触发限流"), Fault.RATE, False),
        (said("系统繁忙，请稍后重试"), Fault.TRANSIENT, True),
        (said("order operation reject", 21), Fault.BUSINESS, False),
        (not_done("订单状态不允许发货"), Fault.BUSINESS, False),
        (said("缺少参数"), Fault.PERMISSION, False),
        (said("?"), Fault.UNKNOWN, True),
        ({"result": 5}, Fault.UNKNOWN, True),
        *[(said(text, 11), Fault.BUSINESS, False) for text in NOT_SHIPPED],
        *[(said(text), Fault.BUSINESS, False) for text in NOT_SHIPPED],
    ],
)
def test_a_result_has_a_class(told: dict[str, Any], fault: Fault, doubt: bool) -> None:
    failed = failure(told, NOON, writes=True)
    assert (failed.fault, failed.in_doubt) == (fault, doubt)


@pytest.mark.parametrize("told", [said("order operation reject", 21), said("订单不存在")])
def test_an_order_that_is_not_ours_jams_nothing(told: dict[str, Any]) -> None:
    assert failure(told, NOON).fault is Fault.BUSINESS


KEY = "appkey:ks6887777777779839"


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        (f"Exceed qps limit, KEY [apiId:open.order.detail;{KEY}], MAX_QPS [300.0]", 1),
        (f"Exceed quota limit, KEY [{KEY}]", 12 * 3600),
        (f"Exceed quota limit, KEY [{KEY};primaryUserId:20009988843]", 12 * 3600),
        ("[1017] exceed quota limit,[apiId:open.order.detail;primaryUserId:3]", 12 * 3600),
    ],
)
def test_a_limit_is_no_lost_authorisation(text: str, wait_s: float) -> None:
    failed = failure(said(text), NOON)
    assert (failed.fault, failed.wait_s) == (Fault.RATE, wait_s)


def test_a_used_up_day_is_over_at_midnight_there(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.calls_a_day = 0
    failed = refused(lambda: shop.detail(number))
    assert (failed.fault, failed.wait_s) == (Fault.RATE, 12 * 3600)
    floor.server.calls_a_day = 1000
    floor.clock.advance(12 * 3600 + 1)
    assert shop.detail(number).number == number


def test_a_token_that_told_no_end_is_renewed_once_it_is_refused(floor: Floor) -> None:
    (number,), kept = floor.place(), list[Tokens]()
    shop = floor.shop(save_tokens=kept.append)
    floor.server.expire()
    assert shop.detail(number).number == number
    assert kept == [Tokens("s1", "f1")]


def test_a_right_that_was_taken_back_is_not_asked_for_again(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.revoke()
    failed = refused(lambda: shop.detail(number))
    assert (failed.fault, failed.code) == (Fault.AUTH, "24")
    assert floor.server.count(REFRESH) == 0


def test_a_renewal_that_met_trouble_there_is_tried_again(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.expire()
    floor.server.broken_renewals = 1
    assert refused(lambda: shop.detail(number)).fault is Fault.TRANSIENT
    assert shop.detail(number).number == number


def test_a_waybill_for_two_addresses_is_the_orders_own_fault(floor: Floor) -> None:
    (one,), (other,) = floor.place(), floor.place(address="文二路2号")
    shop = floor.shop()
    shop.ship(parcel(one))
    failed = refused(lambda: shop.ship(parcel(other)))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "11")
