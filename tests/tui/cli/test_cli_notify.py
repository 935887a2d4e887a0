"""Notifiers from the configuration to the phone, and what the command line says of them."""

import logging
import time

import pytest

from core.clock import SystemClock
from core.config import KINDS, read_config
from core.errors import Problem
from core.watch import raise_alert
from drivers.notifiers import NOTIFIERS
from drivers.simulated.robots import SimulatedDingtalk, SimulatedWecom
from drivers.simulated.smtp import SimulatedMail
from tests.tui.cli.place import packline
from tests.until import until

SECRET = "SEC0123456789abcdef"
TOKEN = "robot-key-0123456789"


@pytest.fixture
def robot():
    with SimulatedDingtalk(SystemClock(), TOKEN, SECRET) as server:
        yield server


def group(server, **more):
    told = {"code": "leads", "kind": "dingtalk", "url": server.address, "secret": SECRET} | more
    lines = [f"{name} = {value!r}".replace("'", '"') for name, value in told.items()]
    return "\n[[notifiers]]\n" + "\n".join(lines) + "\n"


def test_kinds_of_the_configuration_are_the_drivers():
    assert set(KINDS) == set(NOTIFIERS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('code = "a"', "lacks notifiers[1].kind"),
        ('kind = "wecom"', "lacks notifiers[1].code"),
        ('code = "a"\nkind = "pigeon"', "wecom | dingtalk | feishu | email | ntfy | bark"),
        ('code = "a"\nkind = "wecom"', "lacks notifiers[1].url (a)"),
        ('code = "a"\nkind = "email"\nurl = "smtp://h"', "lacks notifiers[1].to (a)"),
        ('code = "a"\nkind = "email"\nto = ["x"]\nurl = "smtp://h"', "notifiers[1].sender (a)"),
        ('code = "a"\nkind = "ntfy"', "lacks notifiers[1].url (a)"),
        ('code = "a"\nkind = "bark"\nurl = "http://h/push"', "lacks notifiers[1].key (a)"),
        ('code = "a"\nkind = "wecom"\nurl = "ftp://h/s3cr3t"', "http://... | https://..."),
        ('code = "a"\nkind = "wecom"\nkey = "s3cr3t"\nrules = ["late"]', "got late"),
        ('code = "a"\nkind = "wecom"\nkey = "s3cr3t"\nrules = "late"', "rules should be"),
        ('code = "a"\nkind = "wecom"\nkey = "s3cr3t"\nseverity = "red"', "all | urgent"),
        ('code = "a"\nkind = "wecom"\nkey = "s3cr3t"\nmobiles = ["boss"]', "got boss"),
        ('code = "a"\nkind = "wecom"\nkey = "s3cr3t"\nfallback = "a"', "notifiers.a.fallback"),
        ('code = "a"\nkind = "wecom"\nkey = "s3cr3t"\nafter_minutes = -1', ">= 0, got -1"),
        ('code = "a"\nkind = "wecom"\nkey = "s3cr3t"\nfallback_minutes = 0', ">= 1, got 0"),
        ('code = "a"\nkind = "wecom"\nkey = "env:NO_ROBOT_7"', "NO_ROBOT_7"),
        ('code = "a"\nkind = "wecom"\nsecrte = "s3cr3t"\nkey = "x"', "secrte should be a known"),
    ],
)
def test_every_mistake_is_named_and_no_secret_repeated(capsys, tmp_path, text, said):
    (tmp_path / "packline.toml").write_text(f"[[notifiers]]\n{text}\n", "utf-8")
    (tmp_path / "packline.toml").chmod(0o600)
    told = packline(capsys, "notify", "--language", "en")
    assert told.status == 1
    assert said in told.err
    assert "s3cr3t" not in told.err
    assert len(told.err.splitlines()) == 1


@pytest.mark.parametrize(("address", "status"), [("https://h/x?key=s3cr3t", 1), ("env:ROBOT_7", 0)])
def test_a_robots_address_is_a_secret(place, monkeypatch, address, status):
    monkeypatch.setenv("ROBOT_7", "https://h/x?key=s3cr3t")
    place.add(f'[[notifiers]]\ncode = "a"\nkind = "wecom"\nurl = "{address}"\n')
    place.config.chmod(0o644)
    told = place("people")
    assert told.status == status
    assert "s3cr3t" not in told.err


def test_a_test_message_says_plainly_what_came_back(place, robot):
    place.add(group(robot))
    told = place("notify", "test")
    assert told.status == 0
    assert "leads: confirmed" in told.out
    assert robot.texts == ["Packline: this is a test. Alerts will reach you here."]
    robot.script([{"at": "send", "do": "code 130101"}])
    told = place("notify", "test", "leads")
    assert told.status == 1
    assert "✗ leads  Too many messages" in told.out
    assert "130101 send too fast" in told.out
    assert "130101" in place("notify", "status").out
    assert place("notify", "test", "nobody").status == 1


def test_without_notifiers_it_says_how_to_begin(place):
    assert "[[notifiers]]" in place("notify").out
    told = place("notify", "test")
    assert (told.status, "packline init" in told.err) == (1, True)


def test_status_and_doctor_tell_what_waits(place, robot):
    place.add(group(robot))
    works = place.works()
    works.store.do(lambda tx: raise_alert(tx, "called", "B1"))
    works.close()
    (row,) = place("notify", "--json").data
    assert (row["code"], row["waiting"], row["delivered_at"]) == ("leads", 1, None)
    assert "1 waiting, last delivered –" in place("notify", "status").out
    assert "! Notifier leads" not in place("doctor", "--no-devices").out  # only just raised
    place.sql("UPDATE notices SET due_at = due_at - 400000")
    assert "! Notifier leads: 1 alerts wait" in place("doctor", "--no-devices").out
    robot.script([{"at": "send", "do": "code 310000", "times": 9}])
    place("notify", "test")
    told = place("doctor", "--no-devices").out
    assert "✗ Notifier leads does not deliver, 1 alerts wait: 310000 sign not match" in told


def test_the_engine_tells_a_group_and_its_fallback_without_a_screen(place, robot):
    """The whole way: configuration, engine, robot that refuses, mail server; no secret anywhere."""
    with SimulatedMail() as mail:
        place.add(group(robot, fallback="owner", fallback_minutes=1))
        place.add(
            f'[[notifiers]]\ncode = "owner"\nkind = "email"\nurl = "{mail.url}"\n'
            'sender = "p@x.cn"\nto = ["o@x.cn"]\nafter_minutes = 600\n'
        )
        robot.script([{"at": "send", "do": "code 310000", "times": 99}])
        works = place.works()
        works.store.do(lambda tx: raise_alert(tx, "called", "B1"))
        place.sql("UPDATE notices SET due_at = due_at - 61000 WHERE notifier = 'leads'")
        works.engine.start()
        try:
            until(lambda: mail.letters, seconds=20)
        finally:
            works.close()
    text = mail.letters[0].get_content()
    assert "B1" in text
    assert "[call]" in text.lower() or "supervisor" in text.lower()
    dump = place.database.read_bytes()
    wal = place.database.with_name("packline.db-wal")
    dump += wal.read_bytes() if wal.exists() else b""
    for secret in (SECRET, TOKEN):
        assert secret.encode() not in dump


def test_one_round_of_sync_tells_people_too(place, robot):
    place.add(group(robot))
    works = place.works()
    works.store.do(lambda tx: raise_alert(tx, "called", "B1"))
    works.close()
    assert place("sync", "--once").status == 0
    assert ["B1" in text for text in robot.texts] == [True]
    assert place("notify", "--json").data[0]["waiting"] == 0


def test_no_secret_in_log_or_output_of_a_command(place, robot):
    place.add(group(robot))
    logging.getLogger().setLevel(logging.DEBUG)
    robot.script([{"at": "*", "do": ["code 310000"]}, {"at": "*", "do": "drop"}])
    out = place("notify", "test").out + place("notify", "test").out + place("notify", "test").out
    out += place("notify", "--json").out + place("doctor", "--no-devices").out
    log = (place.folder / "packline.log").read_text("utf-8")
    assert "notifier leads does not deliver" in log
    assert "notifier leads delivers again" in log
    for secret in (SECRET, TOKEN, robot.address):
        assert secret not in out
        assert secret not in log


def test_a_changed_key_is_tried_at_once(place, robot):
    place.add(group(robot, secret="SEC-wrong-secret"))
    place("notify", "test")
    assert place("notify", "--json").data[0]["next_try_at"] > time.time() * 1000 + 500_000
    place.config.write_text(place.config.read_text("utf-8").replace("SEC-wrong-secret", SECRET))
    place.works().close()
    assert place("notify", "--json").data[0]["next_try_at"] == 0


def test_two_of_one_name_are_refused(place):
    with SimulatedWecom(SystemClock()) as server:
        place.add(group(server, kind="wecom") + group(server, kind="wecom"))
        with pytest.raises(Problem) as refused:
            read_config(place.config)
        assert refused.value.message.id == "config.twice"
