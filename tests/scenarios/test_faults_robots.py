"""Fault 46, of robots that refuse, flood and fall silent: no alert is lost."""

from pathlib import Path

import pytest

from core.config import Config
from drivers.simulated.robots import SimulatedDingtalk, SimulatedFeishu, SimulatedWecom
from drivers.simulated.smtp import SimulatedMail
from tests.core.orders.warehouse import (
    column,
)
from tests.core.watch.crowd import Town, told
from tui.telling import Digest
from tui.wiring import notifier_of

ROBOTS = {"wecom": SimulatedWecom, "dingtalk": SimulatedDingtalk, "feishu": SimulatedFeishu}
REFUSALS = [
    ("wecom", "code 45009"),
    ("wecom", "code 40058"),
    ("wecom", "html502"),
    ("wecom", "drop"),
    ("dingtalk", "code 130101"),
    ("dingtalk", "code 310000"),
    ("feishu", "code 9499"),
    ("feishu", "code 19021"),
]


@pytest.fixture
def crowd(street):
    """Robots in their groups and a mail server, told as the configuration would have it."""

    def gather(kind, **more):
        robot = street.stack.enter_context(ROBOTS[kind](street.clock, secret="SEC-0123456789"))
        mail = street.stack.enter_context(SimulatedMail())
        configs = (
            told("leads", kind, url=robot.address, secret="SEC-0123456789", **more),
            told(
                "owner", "email", url=mail.url, sender="p@x.cn", to=("o@x.cn",), rules=("called",)
            ),
        )
        config = Config(path=Path("x"), database=Path("x"), photos=Path("x"), log=Path("x"))
        town = Town(
            street.store,
            *configs,
            notifiers={c.code: notifier_of(c, config, street.clock) for c in configs},
            words=Digest("zh_CN", street.clock.zone),
        )
        return town, robot, mail

    return gather


@pytest.mark.parametrize(("kind", "refusal"), REFUSALS)
def test_s46_an_alert_that_a_robot_refuses_waits_and_goes_the_other_way_too(crowd, kind, refusal):
    town, robot, mail = crowd(kind, fallback="owner", fallback_minutes=5)
    robot.script([{"at": "send", "do": refusal, "times": 99}])
    town.alarm("DB20260120001")
    assert town.tick() == 0
    assert town.waiting("leads") == ["DB20260120001"]
    town.pass_time(280)
    assert (mail.letters, town.waiting("leads")) == ([], ["DB20260120001"])
    town.pass_time(60)
    (letter,) = mail.letters
    assert "DB20260120001" in letter.get_content()
    assert robot.calls < 12  # no hot loop
    assert robot.texts == []
    robot.calm()
    town.pass_time(1300)
    (text,) = robot.texts
    assert "DB20260120001" in text
    assert (town.waiting("leads"), town.lost()) == ([], [])
    assert len(mail.letters) == 1


@pytest.mark.parametrize("kind", ROBOTS)
def test_s46_sixty_alerts_in_a_minute_are_few_messages_and_none_is_lost(crowd, kind):
    town, robot, _ = crowd(kind)
    names = [f"DB20260120{n:03d}" for n in range(60)]
    for name in names:
        town.alarm(name)
        town.tick(1)
    town.pass_time(60)
    shown = "\n".join(robot.texts)
    assert [name for name in names if shown.count(name) != 1] == []
    assert len(robot.texts) <= 6
    assert all(len(text.encode()) <= robot.most for text in robot.texts)
    assert robot.played == {}  # it refused nothing
    assert (town.waiting(), town.lost()) == ([], [])


@pytest.mark.parametrize("kind", ROBOTS)
def test_s46_a_flood_of_long_alerts_keeps_to_the_pace_and_none_is_lost(crowd, kind):
    """More than a minute takes: the rest goes on waiting, and no robot ever shuts us out."""
    town, robot, _ = crowd(kind)
    town.delivery.notifiers["leads"].limit = 400  # about five alerts a message
    names = [f"DB20260120{n:03d}" for n in range(300)]
    town.alarm(*names)
    town.tick()
    assert len(robot.texts) == 18
    waiting = town.waiting()
    shown = "\n".join(robot.texts)
    assert [name for name in names if (name in waiting) == (name in shown)] == []
    town.pass_time(600)
    shown = "\n".join(robot.texts)
    assert [name for name in names if shown.count(name) != 1] == []
    times = [entry["at"] for entry in robot.journal]
    assert max(sum(at - 60_000 < other <= at for other in times) for at in times) <= 20
    assert robot.calls == len(robot.texts)
    assert (town.waiting(), town.lost()) == ([], [])


@pytest.mark.parametrize("kind", ROBOTS)
def test_s46_a_storm_of_faults_loses_no_alert(crowd, kind):
    town, robot, _ = crowd(kind)
    verbs = ("drop", "drop_after_commit", "html502", "html502_after", "truncated", "html200")
    robot.storm(46, 0.5, verbs)
    names = [f"DB20260120{n:03d}" for n in range(80)]
    for name in names:
        town.alarm(name)
        town.tick(20)
        assert town.lost() == []
        waiting, shown = set(town.waiting("leads")), "\n".join(robot.texts)
        told_of = column(town.store, "SELECT subject FROM alerts WHERE rule = 'overdue'")
        assert [each for each in told_of if each not in waiting and each not in shown] == []
    robot.calm()
    town.pass_time(1300)
    assert town.waiting("leads") == []
    assert [name for name in names if name not in "\n".join(robot.texts)] == []
