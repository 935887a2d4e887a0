"""What the platform's errors mean, and the words its orders are written in."""

import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from core.ports import Fault
from drivers.channels.top import failure
from drivers.simulated.shop import _signed

LATE = 1_768_924_740_000  # 2026-01-20 23:59:00 in Shanghai
VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "signing" / "sign_vectors.json").read_text(encoding="utf-8")
)["vectors"]


def error(code: int | str, sub: str = "", said: str = "") -> dict[str, Any]:
    return {"code": code, "msg": "msg", "sub_code": sub, "sub_msg": said, "request_id": "r"}


@pytest.mark.parametrize(
    ("told", "fault", "code"),
    [
        (error(25), Fault.AUTH, "25"),
        (error(26), Fault.AUTH, "26"),
        (error(27, "invalid-sessionkey"), Fault.AUTH, "27"),
        (error("29", "isv.appkey-not-exists"), Fault.AUTH, "29"),
        (error(31), Fault.CLOCK, "31"),
        (error(40, "isv.missing-parameter:tid"), Fault.PERMISSION, "isv.missing-parameter:tid"),
        (error(41), Fault.PERMISSION, "41"),
        (error(11, "isv.permission-api-package-limit"), Fault.PERMISSION, None),
        (error(15, "isv.invalid-permission"), Fault.PERMISSION, "isv.invalid-permission"),
        (error(15, "isp.top-remote-connection-timeout"), Fault.TRANSIENT, None),
        (error(15, "isv.logistics-online-service-error:B150"), Fault.TRANSIENT, "B150"),
        (error(15, "isv.logistics-online-service-error:S01"), Fault.TRANSIENT, "S01"),
        (error(15, "isv.logistics-online-service-error:B04"), Fault.BUSINESS, "B04"),
        (error(15, "B27"), Fault.BUSINESS, "B27"),
        (error(15, "isv.logistics-offline-service-error:CD24"), Fault.BUSINESS, "CD24"),
        (error(15, "isv.logistics-offline-service-error:F05"), Fault.BUSINESS, "F05"),
        (error(15, "isv.trade-not-exist"), Fault.BUSINESS, "isv.trade-not-exist"),
        (error(15), Fault.UNKNOWN, "15"),
        (error(99, "what"), Fault.UNKNOWN, "99 what"),
        ({}, Fault.UNKNOWN, ""),
    ],
)
def test_an_error_has_a_class(told: dict[str, Any], fault: Fault, code: str | None) -> None:
    failed = failure(told, LATE)
    assert failed.fault is fault
    assert code is None or failed.code == code
    assert not failed.in_doubt


@pytest.mark.parametrize(
    ("told", "doubt"),
    [
        (error(15, "isp.timeout"), True),
        (error(15, "isv.logistics-online-service-error:B150"), True),
        (error(10), True),
        (error(99), True),
        (error(27), False),
        (error(31), False),
        (error(7), False),
        (error(15, "isv.logistics-online-service-error:B27"), False),
    ],
)
def test_a_write_is_in_doubt_only_when_it_may_have_happened(
    told: dict[str, Any], doubt: bool
) -> None:
    assert failure(told, LATE, writes=True).in_doubt is doubt


@pytest.mark.parametrize(
    ("sub", "said", "wait"),
    [
        ("limited-by-api-access-count", "This ban will last for 7 more seconds", 7.0),
        ("limited-by-app-access-count", "This ban will last for 1 more second", 1.0),
        ("limited-by-app-access-count", "", 60.0),  # a minute before midnight
        ("limited-by-dynamic-access-count", "busy", None),
    ],
)
def test_how_long_a_limit_lasts(sub: str, said: str, wait: float | None) -> None:
    failed = failure(error(7, f"accesscontrol.{sub}", said), LATE)
    assert failed.fault is Fault.RATE and failed.wait_s == wait


def test_words_of_an_error_are_cleaned() -> None:
    assert failure(error(15, "isv.x", "a\x1b[2Jb\u202ec"), LATE).text == "a[2Jbc"


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if v["platform"] == "taobao_top"], ids=lambda v: v["id"]
)
def test_the_simulated_platform_signs_by_itself(vector: dict[str, Any]) -> None:
    sent = vector.get("wire_params", vector["params"])
    assert _signed(sent, vector["secret"]) == vector["expected_sign"]


def words() -> dict[str, dict[str, str]]:
    file = resources.files("data").joinpath("channels", "taobao.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def test_the_vocabulary_uses_the_cores_words_only() -> None:
    told = words()
    assert set(told["order_status"].values()) == {
        *("unpaid", "hold", "to_ship", "partial", "shipped", "done", "closed")
    }
    assert set(told["refund"].values()) == {"none", "open", "refunded"}


@pytest.mark.parametrize(
    ("table", "word", "ours"),
    [
        ("order_status", "WAIT_SELLER_SEND_GOODS", "to_ship"),
        ("order_status", "PAID_FORBID_CONSIGN", "hold"),
        ("order_status", "SELLER_CONSIGNED_PART", "partial"),
        ("order_status", "买家已付款，等待卖家发货", "to_ship"),
        ("order_status", "交易关闭", "closed"),
        ("refund", "没有申请退款", "none"),
        ("refund", "SELLER_REFUSE_BUYER", "open"),
        ("refund", "退款成功", "refunded"),
        ("refund", "MISSING", None),
        ("order_status", "", None),
    ],
)
def test_a_word_in_ours(table: str, word: str, ours: str | None) -> None:
    assert words()[table].get(word) == ours
