"""Group robots over a real socket: signed, whole, and believed only when the code says so."""

import json
from pathlib import Path

import pytest

from core.clock import SetClock, SystemClock
from core.ports import CallFailed, Fault, Notice
from drivers.notifiers import NOTIFIERS, Access
from drivers.notifiers.dingtalk import DingtalkRobot
from drivers.notifiers.feishu import FeishuRobot
from drivers.simulated.robots import SimulatedDingtalk, SimulatedFeishu, SimulatedWecom

VECTORS = json.loads(
    (Path(__file__).parents[1] / "signing" / "sign_vectors.json").read_text("utf-8")
)["vectors"]
SECRET = "SEC-0123456789abcdef"
KINDS = {"wecom": SimulatedWecom, "dingtalk": SimulatedDingtalk, "feishu": SimulatedFeishu}
PHONE = "13800001234"
NEWS = Notice("Packline 预警 2 条", ("12:00 [超时] DB20260120001", "12:01 [叫人] 一号台"))


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def robot(kind):
    with KINDS[kind](SetClock(1_768_881_600_000), secret=SECRET) as server:
        server.kind = kind
        yield server


def reach(server, clock=None, **more):
    told = {"url": server.address, "secret": SECRET, "mobiles": (PHONE,)} | more
    return NOTIFIERS[server.kind](Access(**told), clock or server.clock)


def fails(notifier, notice=NEWS):
    with pytest.raises(CallFailed) as failed:
        notifier.send(notice)
    return failed.value


def test_a_message_arrives_with_all_its_lines(robot):
    reach(robot).send(NEWS)
    (entry,) = robot.journal
    for line in NEWS.text.splitlines():
        assert line in entry["text"].splitlines()
    assert entry["mobiles"] == ([] if robot.kind == "feishu" else [PHONE])


def test_a_key_alone_is_enough_where_the_address_is_known(robot):
    base = robot.address.partition("?")[0].removesuffix(f"/{robot.key}")
    reach(robot, url=base, key=robot.key).send(NEWS)
    assert len(robot.texts) == 1


def test_without_a_secret_nothing_is_signed(kind):
    with KINDS[kind](SystemClock()) as server:
        server.kind = kind
        reach(server, secret="").send(NEWS)
        assert len(server.texts) == 1


@pytest.mark.parametrize(
    "vector",
    [v for v in VECTORS if v["platform"] == "dingtalk_robot"],
    ids=lambda v: v.get("id", v["feature"]),
)
def test_dingtalks_vectors_are_what_is_sent(vector):
    access = Access(url="http://x/robot/send?access_token=t", secret=vector["secret"])
    at = int(vector["params"]["timestamp"])
    _, query, _ = DingtalkRobot(access, SystemClock()).message("x", at)
    assert (query["timestamp"], query["sign"]) == (str(at), vector["expected_sign"])


@pytest.mark.parametrize(
    "vector",
    [v for v in VECTORS if v["platform"] == "feishu_robot"],
    ids=lambda v: v.get("id", v["feature"]),
)
def test_feishus_vectors_are_what_is_sent(vector):
    access = Access(url="http://x/hook/t", secret=vector["secret"])
    at = int(vector["params"]["timestamp"])
    _, _, body = FeishuRobot(access, SystemClock()).message("x", at * 1000 + 999)
    assert (body["timestamp"], body["sign"]) == (str(at), vector["expected_sign"])


def test_a_wrong_secret_or_key_is_refused_and_shown_to_nobody(robot):
    if robot.kind != "wecom":
        assert fails(reach(robot, secret="SEC-wrong")).fault is Fault.AUTH
    wrong = robot.address.replace(robot.key, "another-key-987654321")
    assert fails(reach(robot, url=wrong)).fault is Fault.AUTH
    assert robot.texts == []


CODES = [
    ("wecom", "45009", Fault.RATE, 60),
    ("wecom", "40058", Fault.PERMISSION, None),
    ("wecom", "93000", Fault.AUTH, None),
    ("wecom", "-1", Fault.TRANSIENT, None),
    ("wecom", "77777", Fault.UNKNOWN, None),
    ("dingtalk", "130101", Fault.RATE, 600),
    ("dingtalk", "310000", Fault.AUTH, None),
    ("dingtalk", "300001", Fault.AUTH, None),
    ("feishu", "9499", Fault.RATE, 60),
    ("feishu", "9499 long", Fault.PERMISSION, None),
    ("feishu", "19021", Fault.AUTH, None),
    ("feishu", "11232", Fault.RATE, 60),
]


@pytest.mark.parametrize(("kind", "code", "fault", "wait_s"), CODES)
def test_a_good_status_with_a_bad_code_is_no_success(kind, code, fault, wait_s):
    with KINDS[kind](SetClock(1_768_881_600_000), secret=SECRET) as server:
        server.kind = kind
        server.script([{"at": "send", "do": f"code {code}"}])
        failure = fails(reach(server))
        assert (failure.fault, failure.code) == (fault, code.split()[0])
        assert failure.wait_s == wait_s
        assert not failure.in_doubt
        assert server.texts == []


def test_a_missing_keyword_is_not_taken_for_a_wrong_key():
    robot = DingtalkRobot(Access(url="http://x", secret=SECRET), SystemClock())
    assert robot.refusal("310000", "keywords not in content").fault is Fault.PERMISSION
    assert robot.refusal("310000", "sign not match").fault is Fault.AUTH


def test_seconds_in_the_words_of_a_ban_are_believed():
    robot = DingtalkRobot(Access(url="http://x"), SystemClock())
    assert robot.refusal("130101", "send too fast, wait 42 seconds").wait_s == 42


@pytest.mark.parametrize(
    ("trouble", "doubt", "shown"),
    [
        ("drop", True, 0),
        ("drop_after_commit", True, 1),
        ("html502", True, 0),
        ("html502_after", True, 1),
        ("html200", True, 0),
        ("empty", True, 0),
        ("truncated", True, 1),
        ("cut_short", True, 1),
        ("forbidden", False, 0),
    ],
)
def test_what_is_no_answer_is_no_success(robot, trouble, doubt, shown):
    robot.script([{"at": "send", "do": trouble}])
    failure = fails(reach(robot))
    assert failure.in_doubt is doubt
    assert len(robot.texts) == shown


def test_a_slow_answer_is_in_doubt(kind):
    with KINDS[kind](SystemClock()) as server:
        server.kind = kind
        server.script([{"at": "send", "do": "delay 2"}])
        failure = fails(reach(server, secret="", read_s=0.2))
        assert (failure.fault, failure.code, failure.in_doubt) == (
            Fault.TRANSIENT,
            "timeout",
            True,
        )


def test_nobody_at_home_is_not_in_doubt(kind):
    server = KINDS[kind](SystemClock())
    server.kind = kind
    server.start()
    server.stop()
    failure = fails(reach(server))
    assert (failure.code, failure.in_doubt) == ("no_connection", False)


@pytest.mark.parametrize("letter", ["a", "货", "😀"])
def test_what_is_too_long_is_cut_by_bytes_between_characters(robot, letter):
    notice = Notice("题", (letter * 30_000,))
    reach(robot).send(notice)
    (text,) = robot.texts
    assert len(text.encode()) <= robot.most
    body = text.removesuffix(f"\n@{PHONE}")
    assert body.startswith(f"题\n{letter * 100}")
    assert body.endswith(f"{letter}…")


def test_the_robot_would_refuse_what_is_too_long(robot):
    notifier = reach(robot)
    notifier.limit = 10**6
    assert fails(notifier, Notice("x" * 25_000)).fault is Fault.PERMISSION


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_three_hours_off_is_corrected_by_the_platforms_own(robot, hours):
    """The first refusal carries the right time; the second signature is made with it."""
    if robot.kind == "wecom":
        pytest.skip("it signs nothing")
    ours = SetClock(robot.clock.now() + hours * 3_600_000)
    reach(robot, clock=ours).send(NEWS)
    assert len(robot.texts) == 1
    assert robot.calls == 2


def test_more_than_twenty_a_minute_is_refused_and_then_let_in_again(robot):
    notifier = reach(robot)
    for _ in range(robot.a_minute):
        notifier.send(NEWS)
    failure = fails(notifier)
    assert failure.fault is Fault.RATE
    robot.clock.advance(failure.wait_s)
    notifier.send(NEWS)
    assert len(robot.texts) == robot.a_minute + 1


def test_no_failure_repeats_a_secret(robot):
    class Chatty(KINDS[robot.kind]):
        words = dict.fromkeys(robot.words, f"no: {robot.address} {SECRET} {robot.key}")

    with Chatty(robot.clock, secret="SEC-other-secret") as server:
        server.kind = robot.kind
        access = reach(server, url=server.address)
        server.script([{"at": "*", "do": "code 40058"}])
        failure = fails(access)
        for secret in (SECRET, server.key, server.address):
            assert secret not in str(failure) + repr(failure.__cause__) + repr(access.access)
        assert "***" in failure.text or failure.text == "unknown error"
