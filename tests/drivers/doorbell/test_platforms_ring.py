"""How each platform rings, held by the vectors its own SDK made."""

import json
from email.message import Message
from hashlib import md5
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import SetClock
from core.ports import Hint, Pushed
from drivers.channels import kuaidi100_order
from drivers.doorbell import RINGS, Rung, ring_of
from drivers.doorbell.bell import Refused

VECTORS = json.loads(
    Path(__file__).parents[1].joinpath("signing/sign_vectors.json").read_text("utf-8")
)
NOON = 1_768_881_600_000
TABLES = (kuaidi100_order.ORDER, kuaidi100_order.LINE, kuaidi100_order.RECEIVER)
NAMES = sorted(
    {"refundNo", *(name for table in TABLES for names in table.values() for name in names)}
)


def vectors(platform):
    rows = VECTORS["vectors"] if isinstance(VECTORS, dict) else VECTORS
    return [pytest.param(row, id=row["id"]) for row in rows if row["platform"] == platform]


def rung(body, **headers):
    told = Message()
    for name, value in headers.items():
        told[name.replace("_", "-")] = value
    return Rung(told, body if isinstance(body, bytes) else body.encode())


@pytest.mark.parametrize("row", vectors("douyin_push"))
def test_douyin_proves_itself_as_its_sdk_signs(row):
    key, body = row["params"]["app_key"], row["params"]["body"]
    ring = ring_of("douyin", key, row["secret"], SetClock(NOON))
    said = ring.understand(rung(body, app_id=key, event_sign=row["expected_sign"]))
    assert isinstance(said, Pushed)
    for wrong in (row["expected_sign"][:-1] + "x", "", "0" * 32):
        with pytest.raises(Refused):
            ring.understand(rung(body, app_id=key, event_sign=wrong))
    with pytest.raises(Refused):
        ring.understand(rung(body + " ", app_id=key, event_sign=row["expected_sign"]))


@pytest.mark.parametrize(
    ("channel", "header", "row"),
    [
        pytest.param(channel, header, row.values[0], id=row.id)
        for channel, header in (
            ("shopify", "X_Shopify_Hmac_Sha256"),
            ("woocommerce", "X_WC_Webhook_Signature"),
        )
        for row in vectors(f"{channel}_webhook")
    ],
)
def test_web_shops_prove_themselves_as_their_sdk_signs(channel, header, row):
    body = row["params"]["body"]
    ring = ring_of(channel, "", row["secret"], SetClock(NOON))
    ring.understand(rung(body, **{header: row["expected_sign"]}))
    with pytest.raises(Refused):
        ring.understand(rung(body + "\n", **{header: row["expected_sign"]}))
    with pytest.raises(Refused):
        ring.understand(rung(body))


@pytest.mark.parametrize("channel", RINGS)
def test_bytes_that_are_no_text_are_refused(channel):
    with pytest.raises(Refused):
        ring_of(channel, "k", "s", SetClock(NOON)).understand(rung(b"\xff\xfe"))


def douyin(*messages):
    body = json.dumps(messages)
    sign = md5(f"k{body}s".encode()).hexdigest()
    ring = ring_of("douyin", "k", "s", SetClock(NOON))
    return ring.understand(rung(body, app_id="k", event_sign=sign))


def test_douyin_sends_several_messages_in_one():
    said = douyin(
        {"tag": "105", "msg_id": "a", "data": {"p_id": 6_917_000_000_000_000_123}},
        {"tag": 126, "msg_id": 7, "data": '{"p_id": "42"}'},
        {"tag": "0", "msg_id": "t", "data": "test"},
        {"tag": "999", "msg_id": "u", "data": {"what": "is this"}},
        "noise",
    )
    assert said.hints == (Hint("a", "6917000000000000123"), Hint("7", "42"))
    assert len(said.unread) == 2


def kuaidi100(told, salt="salt", case=str.upper):
    param = told if isinstance(told, str) else json.dumps(told)
    sign = case(md5((param + salt).encode()).hexdigest())
    ring = ring_of("kuaidi100", "", "salt", SetClock(NOON))
    return ring.understand(rung(urlencode({"param": param, "sign": sign})))


@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_kuaidi100_may_write_its_signature_in_either_case(case):
    told = {"taskId": "t1", "queryStatus": "Empty", "reason": "查询无结果", "orders": []}
    said = kuaidi100(told, case=case)
    assert (said.delivery.task, said.delivery.state) == ("t1", "complete")
    with pytest.raises(Refused):
        kuaidi100(told, salt="other")


@pytest.mark.parametrize(
    ("status", "orders", "state"),
    [
        ("Success", [], "complete"),
        ("Success", None, "asked"),
        ("Fail", None, "asked"),
        ("Abort", [], "given_up"),
    ],
)
def test_how_a_task_went(status, orders, state):
    said = kuaidi100({"taskId": "t", "queryStatus": status, "orders": orders})
    assert said.delivery.state == state


@pytest.mark.parametrize(
    "told",
    [
        {"taskId": "t", "queryStatus": "Perhaps", "orders": []},
        {"queryStatus": "Success", "orders": []},
        {"taskId": "t", "queryStatus": "Success", "orders": {"a": 1}},
        {"shopId": "888", "shopName": "旗舰店"},
        "[]",
        "not json",
    ],
)
def test_what_is_not_understood_is_kept_as_it_came_and_completes_nothing(told):
    said = kuaidi100(told)
    assert said.unread and said.delivery is None and said.hints == ()


def test_a_row_without_an_order_number_is_kept_and_the_others_are_read():
    rows = [{"orderNum": "1", "modifiedTime": "2026-01-20 12:00:00"}, {"what": "?"}, 17]
    said = kuaidi100({"taskId": "t", "queryStatus": "Success", "orders": rows})
    assert [row.number for row in said.delivery.rows] == ["1"]
    assert len(said.unread) == 2
    assert said.hints[0].number == "1"


def test_half_a_character_in_a_note_stops_nothing():
    rows = [{"orderNum": "1", "buyerNote": "\ud83d"}, {"note": "\ud83d"}]
    said = kuaidi100({"taskId": "t", "queryStatus": "Success", "orders": rows})
    assert [row.raw.encode() for row in said.delivery.rows]
    assert [part.encode() for part in said.unread]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=8)
    ),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "taskId": st.just("t") | JSON,
            "queryStatus": st.sampled_from(["Success", "Empty", "Fail", "Abort"]) | JSON,
            "orders": st.lists(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=12)) | JSON,
        }
    )
)
def test_whatever_is_delivered_is_read_held_or_kept_and_never_lost(told):
    param = json.dumps(told)
    said = kuaidi100_order.pushed(param, NOON)
    rows = said.delivery.rows if said.delivery else ()
    listed = told["orders"] if isinstance(told["orders"], list) else []
    assert said.unread or said.delivery
    if said.delivery:
        assert len(rows) + len(said.unread) == len(listed)
    assert [hint.number for hint in said.hints] == [row.number for row in rows]
    for row in rows:
        order = kuaidi100_order.order([row], NOON)
        assert (order is None) == bool(row.refund)
        if order is not None:
            assert order.number == row.number
            kuaidi100_order.waybill([row])
            readable = "unreadable" not in order.flags
            assert not readable or all(line.quantity > 0 for line in order.lines)
