"""Buying waybills from a simulated Kuaidi100 over a real socket, faults included."""

import random
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from core.clock import SetClock
from core.ports import CallFailed, Fault, Receiver, Sender, Waybill, WaybillRequest
from drivers.carriers import Kuaidi100, Partner
from drivers.carriers.answers import refusal
from drivers.carriers.kuaidi100 import CODES
from drivers.simulated.kuaidi100 import SimulatedKuaidi100
from tests.drivers.carriers.partners import PARTNERS

NOON = 1_768_881_600_000  # 2026-01-20 12:00:00 in Shanghai
HOUR = 3600
SHAPES = {
    "sf": r"SF[0-9A-Z]\d{12}",
    "yto": r"YT\d{13}",
    "zto": r"7[3-68]\d{12}",
    "sto": r"77\d{12,15}",
    "yunda": r"[34]\d{14}",
    "jt": r"JT\d{13}",
    "jd": r"JD[0-9A-Z]{2}\d{11}",
    "ems": r"[981]\d{12}",
    "deppon": r"DPK\d{12}",
}


def asked(reference: str = "p-1", carrier: str = "zto", **more: Any) -> WaybillRequest:
    told: dict[str, Any] = {
        "reference": reference,
        "carrier": carrier,
        "sender": Sender(name="仓", phone="0571-88888888", province="浙江省", address="测试路9号"),
        "receiver": Receiver(
            name="张三 & 李四",
            phone="13800000000",
            province="广东省",
            city="广州市",
            district="天河区",
            address="测试路1号 a+b=c%20 𠮷",
        ),
        "goods": "茶 ×2",
        "weight_g": 1250,
    }
    return WaybillRequest(**(told | more))


@dataclass
class Counter:
    """A platform, accounts connected to it, and their clock."""

    server: SimulatedKuaidi100
    clock: SetClock
    made: list[Kuaidi100] = field(default_factory=list)

    def account(self, **more: Any) -> Kuaidi100:
        usual = {"key": "key", "secret": "secret", "per_second": 0, "read_s": 0.3}
        told = {**usual, "partners": PARTNERS, **more}
        clock = told.pop("clock", self.clock)
        made = Kuaidi100(
            told.pop("url", self.server.url), told.pop("key"), told.pop("secret"), clock, **told
        )
        self.made.append(made)
        return made

    def sold(self) -> list[tuple[str, str]]:
        """(reference, waybill) of every waybill ever sold."""
        return [(e["reference"], e["waybill"]) for e in self.server.journal if e["do"] == "waybill"]


@pytest.fixture
def counter() -> Iterator[Counter]:
    clock = SetClock(NOON)
    with SimulatedKuaidi100(clock) as server:
        counter = Counter(server, clock)
        yield counter
        for account in counter.made:
            account.close()


def refused(call: Any) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        call()
    return caught.value


def bought_at_last(account: Kuaidi100, request: WaybillRequest, tries: int = 60) -> Waybill:
    """What the outbox does: ask again for as long as the failure allows it."""
    asked_before = False
    for _ in range(tries):
        try:
            found = account.find(request) if asked_before else None
            return found or account.buy(request)
        except CallFailed as failure:
            assert failure.fault in (Fault.TRANSIENT,), failure
            asked_before = asked_before or failure.in_doubt
    raise AssertionError("never bought")


@pytest.mark.parametrize("carrier", CODES)
def test_a_waybill_in_the_carriers_own_shape_with_its_mark(counter: Counter, carrier: str) -> None:
    waybill = counter.account().buy(asked(carrier=carrier))
    assert re.fullmatch(SHAPES[carrier], waybill.number)
    assert waybill.carrier == carrier
    assert re.fullmatch(r"\d{3} R\d{2}-\d{2} \d{3}", waybill.routing_mark)
    assert counter.sold() == [("p-1", waybill.number)]
    assert '"kdComOrderNum"' in waybill.raw


def test_what_goes_over_the_wire(counter: Counter) -> None:
    seen: list[Any] = []
    answer = counter.server.answer
    counter.server.answer = lambda request: seen.append(request) or answer(request)  # type: ignore[method-assign, func-returns-value]
    partner = Partner(id="YB1", key="pk", secret="ps", net="杭州一部")
    counter.account(partners={"yto": partner}, account="all").buy(asked(carrier="yto"))
    import json

    (request,) = seen
    param = json.loads(request.form["param"])
    assert (request.path, dict(request.query)) == ("/label/order", {"method": "order"})
    assert param == {
        "partnerId": "YB1",
        "partnerKey": "pk",
        "partnerSecret": "ps",
        "net": "杭州一部",
        "printType": "NON",
        "kuaidicom": "yuantong",
        "orderId": "p-1",
        "reorder": False,
        "recMan": {
            "name": "张三 & 李四",
            "mobile": "13800000000",
            "printAddr": "广东省广州市天河区测试路1号 a+b=c%20 𠮷",
        },
        "sendMan": {"name": "仓", "tel": "0571-88888888", "printAddr": "浙江省测试路9号"},
        "cargo": "茶 ×2",
        "count": "1",
        "weight": "1.25",
    }
    assert "pk" not in repr(partner)
    assert "ps" not in repr(partner)


@pytest.mark.parametrize("carrier", [code for code in CODES if code != "deppon"])
def test_the_account_alone_is_enough_for_few_carriers(counter: Counter, carrier: str) -> None:
    account = counter.account(partners={}, account="demo")
    if carrier == "jd":
        assert account.buy(asked(carrier=carrier)).number
        return
    failure = refused(lambda: account.buy(asked(carrier=carrier)))
    assert (failure.fault, failure.in_doubt) == (Fault.PERMISSION, False)
    assert failure.code.endswith(":30001")
    assert counter.sold() == []


def test_an_account_that_a_platform_authorised_has_no_bearers_code(counter: Counter) -> None:
    seen: list[Any] = []
    answer = counter.server.answer
    counter.server.answer = lambda request: seen.append(request) or answer(request)  # type: ignore[method-assign, func-returns-value]
    import json

    at_cainiao = Partner(id="1", key="k", net="cainiao")
    counter.account(partners={"zto": at_cainiao}).buy(asked())
    counter.account(partners={"zto": replace(PARTNERS["zto"], code="ztoOpen")}).buy(asked("b"))
    counter.account(partners=PARTNERS).buy(asked("c", carrier="sf"))
    told = [json.loads(request.form["param"]) for request in seen]
    assert [param.get("code") for param in told] == [None, "ztoOpen", "sf_secret"]


def test_buying_twice_gives_the_same_waybill_for_48_hours(counter: Counter) -> None:
    account = counter.account()
    first = account.buy(asked())
    counter.clock.advance(47 * HOUR)
    assert account.buy(asked()).number == first.number
    assert counter.account().find(asked()) == first
    assert len(counter.sold()) == 1


def test_two_references_are_two_waybills(counter: Counter) -> None:
    account = counter.account()
    assert account.buy(asked("a")).number != account.buy(asked("b")).number


def test_the_older_words_of_success_and_failure(counter: Counter) -> None:
    counter.server.old_words = True
    account = counter.account()
    assert account.buy(asked()).number == counter.sold()[0][1]
    counter.server.balance = 0
    assert refused(lambda: account.buy(asked("b"))).code == "balance:601"


LOST = ["drop_after_commit", "html502_after", "truncated", "cut_short", "busy_after"]
NOT_DONE = ["drop", "html502", "html200", "empty", "busy"]


@pytest.mark.parametrize("verb", [*LOST, *NOT_DONE])
def test_exactly_one_waybill_whatever_happens_to_the_answer(counter: Counter, verb: str) -> None:
    counter.server.script([{"at": "order", "do": verb}])
    account = counter.account()
    failure = refused(lambda: account.buy(asked()))
    assert failure.in_doubt
    assert len(counter.sold()) == (1 if verb in LOST else 0)
    waybill = account.find(asked())
    assert waybill is not None
    assert counter.sold() == [("p-1", waybill.number)]


def test_a_minute_too_slow_but_created(counter: Counter) -> None:
    from core.clock import FastClock

    slow = FastClock(NOON, speed=60)
    with SimulatedKuaidi100(slow) as server:
        server.script([{"at": "order", "do": "delay 60"}])
        account = Kuaidi100(
            *(server.url, "key", "secret", slow), partners=PARTNERS, per_second=0, read_s=0.2
        )
        failure = refused(lambda: account.buy(asked()))
        assert (failure.fault, failure.code, failure.in_doubt) == (
            Fault.TRANSIENT,
            "timeout",
            True,
        )
        waybill = account.find(asked())
        assert waybill is not None
        assert [e["waybill"] for e in server.journal] == [waybill.number]
        account.close()


def test_a_duplicate_while_the_first_is_in_flight_gets_the_same_waybill(counter: Counter) -> None:
    account, numbers = counter.account(read_s=5.0), []
    threads = [
        threading.Thread(target=lambda: numbers.append(account.buy(asked()).number))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(numbers) == 8
    assert len(set(numbers)) == 1
    assert len(counter.sold()) == 1


@pytest.mark.parametrize(
    ("verb", "fault", "code", "in_doubt"),
    [
        ("balance", Fault.BUSINESS, "balance:30005", False),
        ("quota", Fault.BUSINESS, "balance:30004", False),
        ("unreachable", Fault.BUSINESS, "unreachable:30005", False),
        ("code 777", Fault.UNKNOWN, "777", False),
        ("busy", Fault.TRANSIENT, "server:500", True),
        ("forbidden", Fault.AUTH, "http403", False),
        ("html200", Fault.TRANSIENT, "not_json", True),
        ("html502", Fault.TRANSIENT, "http502", True),
        ("empty", Fault.TRANSIENT, "no_code", True),
    ],
)
def test_http_200_is_not_success(
    counter: Counter, verb: str, fault: Fault, code: str, in_doubt: bool
) -> None:
    counter.server.script([{"at": "order", "do": verb}])
    failure = refused(lambda: counter.account().buy(asked()))
    assert (failure.fault, failure.code, failure.in_doubt) == (fault, code, in_doubt)
    assert counter.sold() == []


def test_success_without_a_number_is_no_waybill(counter: Counter) -> None:
    from drivers.simulated.http import Reply

    counter.server.answer = lambda request: Reply(  # type: ignore[method-assign]
        b'{"success":true,"code":200,"message":"ok","data":{"kuaidinum":""}}'
    )
    failure = refused(lambda: counter.account().buy(asked()))
    assert (failure.fault, failure.code, failure.in_doubt) == (Fault.UNKNOWN, "no_waybill", True)
    counter.server.answer = lambda request: Reply(  # type: ignore[method-assign]
        b'{"success":false,"code":200,"message":"ok","data":{"kuaidinum":"YT1"}}'
    )
    assert refused(lambda: counter.account().buy(asked())).fault is Fault.UNKNOWN


@pytest.mark.parametrize(("key", "secret"), [("wrong", "secret"), ("key", "wrong")])
def test_a_wrong_key_or_secret_is_refused_and_never_shown(
    counter: Counter, key: str, secret: str
) -> None:
    failure = refused(lambda: counter.account(key=key, secret=secret).buy(asked()))
    assert (failure.fault, failure.in_doubt) == (Fault.AUTH, False)
    assert "wrong" not in str(failure)


def test_a_wrong_clock_is_told_once_and_learnt(counter: Counter) -> None:
    account = counter.account(clock=SetClock(NOON - 3600_000))
    assert refused(lambda: account.buy(asked())).fault is Fault.CLOCK
    assert account.buy(asked()).number


def test_no_connection_is_not_in_doubt(counter: Counter) -> None:
    counter.server.cut()
    account = counter.account()
    failure = refused(lambda: account.buy(asked()))
    assert (failure.fault, failure.in_doubt) == (Fault.TRANSIENT, False)
    counter.server.restore()
    assert account.buy(asked()).number


def test_an_empty_account_and_an_address_nobody_goes_to(counter: Counter) -> None:
    counter.server.balance = 1
    account = counter.account()
    account.buy(asked("a"))
    assert refused(lambda: account.buy(asked("b"))).code == "balance:30004"
    assert account.buy(asked("a")).number == counter.sold()[0][1]
    counter.server.balance = None
    counter.server.unreachable = {"天河区"}
    assert refused(lambda: account.buy(asked("c"))).code == "unreachable:30005"


@pytest.mark.parametrize("hidden", ["张**", "##密文", ""])
def test_no_label_for_a_hidden_address(counter: Counter, hidden: str) -> None:
    receiver = replace(asked().receiver, name=hidden)
    failure = refused(lambda: counter.account().buy(asked(receiver=receiver)))
    assert (failure.fault, failure.code) == (Fault.BUSINESS, "address_hidden")
    assert counter.server.calls == 0
    open_one = replace(receiver, cipher_ref="oaid-1")
    counter.account().buy(asked(receiver=open_one, platform="taobao", platform_number="99"))
    assert len(counter.sold()) == 1


def test_a_carrier_the_platform_does_not_sell(counter: Counter) -> None:
    failure = refused(lambda: counter.account().buy(asked(carrier="pigeon")))
    assert (failure.fault, failure.code) == (Fault.PERMISSION, "carrier")
    assert counter.server.calls == 0


# --- giving back -------------------------------------------------------------------------------


@pytest.mark.parametrize("carrier", CODES)
def test_a_waybill_goes_back_once_also_after_a_restart(counter: Counter, carrier: str) -> None:
    waybill = counter.account().buy(asked(carrier=carrier))
    after_restart = counter.account()
    after_restart.void(waybill, "p-1")
    after_restart.void(waybill, "p-1")
    assert counter.server.waybills == {}
    assert [e["do"] for e in counter.server.journal] == ["waybill", "void"]


def test_a_jd_waybill_goes_back_only_as_the_product_it_was_bought_as(counter: Counter) -> None:
    waybill = counter.account().buy(asked(carrier="jd"))
    nameless = counter.account(partners={"jd": Partner(id="JD1")})
    failure = refused(lambda: nameless.void(waybill, "p-1"))
    assert (failure.fault, failure.code) == (Fault.PERMISSION, "exp_type")
    assert "[carrier.partners.jd]" in str(failure)
    assert counter.server.waybills == {waybill.number: "p-1"}
    counter.account().void(waybill, "p-1")
    assert counter.server.waybills == {}


def test_a_waybill_the_platform_never_sold_counts_as_given_back(counter: Counter) -> None:
    counter.account().void(Waybill(number="789", carrier="zto"), "p-1")
    assert refusal("30009", "查无此单").code == "gone:30009"


def test_a_lost_answer_to_a_return_is_asked_again(counter: Counter) -> None:
    account = counter.account()
    waybill = account.buy(asked())
    counter.server.script([{"at": "cancel", "do": "drop_after_commit"}])
    assert refused(lambda: account.void(waybill, "p-1")).in_doubt
    account.void(waybill, "p-1")
    assert [e["do"] for e in counter.server.journal] == ["waybill", "void"]


def test_a_number_of_no_known_carrier_needs_a_person(counter: Counter) -> None:
    failure = refused(lambda: counter.account().void(Waybill(number="12345", carrier=""), "p-1"))
    assert (failure.fault, failure.code) == (Fault.PERMISSION, "carrier")


# --- storms and words --------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_storm_sells_one_waybill_a_parcel(counter: Counter, seed: int) -> None:
    kinds = ("drop", "drop_after_commit", "html502_after", "truncated", "empty", "busy_after")
    counter.server.storm(seed, 0.5, kinds)
    account, draw = counter.account(), random.Random(seed)
    references = [f"p-{n}" for n in range(30)] * 2
    draw.shuffle(references)
    got: dict[str, set[str]] = {}
    for reference in references:
        number = bought_at_last(account, asked(reference)).number
        got.setdefault(reference, set()).add(number)
    assert {reference: {number} for reference, number in counter.sold()} == got
    assert len(counter.sold()) == 30


def test_numbers_differ_between_runs() -> None:
    def first_number(now: int) -> str:
        clock = SetClock(now)
        with SimulatedKuaidi100(clock) as server:
            account = Kuaidi100(
                *(server.url, "key", "secret", clock), partners=PARTNERS, per_second=0
            )
            number = account.buy(asked()).number
            account.close()
            return number

    assert first_number(NOON) != first_number(NOON + 1000)


@pytest.mark.parametrize(
    ("code", "text", "fault", "in_doubt"),
    [
        ("400", "账户余额不足", Fault.BUSINESS, False),
        ("400", "因物流商不可达取号失败", Fault.BUSINESS, False),
        ("400", "当前收件地址暂未开通服务", Fault.BUSINESS, False),
        ("400", "请求过于频繁", Fault.RATE, False),
        ("400", "订单正在处理中，请勿重复提交", Fault.TRANSIENT, True),
        ("400", "recMan 不能为空", Fault.PERMISSION, False),
        ("400", "月结账号不存在", Fault.PERMISSION, False),
        ("601", "KEY已过期", Fault.BUSINESS, False),
        ("600", "您不是合法的用户（即授权Key出错）", Fault.AUTH, False),
        ("600", "账号单量不足，需要充值", Fault.BUSINESS, False),
        ("30001", "", Fault.PERMISSION, False),
        ("30002", "", Fault.AUTH, False),
        ("30002", "时间戳 t 已过期", Fault.CLOCK, False),
        ("30003", "", Fault.PERMISSION, False),
        ("30004", "", Fault.BUSINESS, False),
        ("30005", "网点说不行", Fault.BUSINESS, False),
        ("30005", "系统繁忙", Fault.TRANSIENT, True),
        ("502", "", Fault.TRANSIENT, True),
        ("9", "天知道", Fault.UNKNOWN, False),
    ],
)
def test_refusals(code: str, text: str, fault: Fault, in_doubt: bool) -> None:
    failure = refusal(code, text)
    assert (failure.fault, failure.in_doubt) == (fault, in_doubt)
    assert failure.text == text
    assert code in failure.code
