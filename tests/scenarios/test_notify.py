"""Alerts on their way to a phone: a process that dies, a robot that answers late or never."""

import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.store.backup import check_file
from core.store.database import open_reader
from core.watch import delivery, notices
from drivers.simulated.robots import SimulatedWecom
from tests.until import until

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CONFIG = """\
language = "zh_CN"

[[warehouses]]
code = "MAIN"
name = "主仓"

[[notifiers]]
code = "leads"
kind = "wecom"
url = "{url}"
"""


class Life:
    """One life of the process that syncs; ``soon`` makes its rounds short."""

    def __init__(self, folder, first, count):
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import core.watch.delivery as d; d.MINUTE_MS = 300; d.BACKOFF_S = (0.2,)\n"
                "import core.sync.engine as e; e.CHORE_EVERY_S = 0.1\n"
                "import sys; sys.argv = sys.argv[1:]; sys.path.insert(0, sys.argv[-1])\n"
                "import runpy; runpy.run_path(sys.argv[0], run_name='__main__')",
                *(HERE / "notify_process.py", folder / "packline.toml", str(first), str(count)),
                ROOT,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def raised(self, count):
        """The alerts that were committed, as they were told."""
        assert self.process.stdout is not None
        return [int(self.process.stdout.readline()) for _ in range(count)]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)


@pytest.fixture
def group(tmp_path):
    with SimulatedWecom(SystemClock()) as robot:
        robot.a_minute = 10_000  # the pace is another test's matter
        config = tmp_path / "packline.toml"
        config.write_text(CONFIG.format(url=robot.address), "utf-8")
        config.chmod(0o600)
        yield robot


def seen(robot):
    """Alerts the group saw, each as often as it did."""
    return re.findall(r"B\d{3}", "\n".join(robot.texts))


def test_killed_between_sending_and_writing_it_down_nothing_is_lost(group, tmp_path):
    """The group has it, the process dies before it knows: told again, and said so."""
    group.script([{"at": "send", "do": "delay 30"}])  # shown at once, answered never
    life = Life(tmp_path, 0, 1)
    assert life.raised(1) == [0]
    until(lambda: seen(group) == ["B000"], seconds=20)
    life.kill()
    check_file(tmp_path / "packline.db")
    read = open_reader(tmp_path / "packline.db")
    assert [row.subject for row in notices.undelivered(read)] == ["B000"]
    assert notices.unaccounted(read) == []
    life = Life(tmp_path, 1, 0)
    until(lambda: not notices.undelivered(read), seconds=20)
    life.kill()
    assert seen(group) == ["B000", "B000"]
    assert "重发" in group.texts[1]
    assert "重发" not in group.texts[0]
    states = [row["state"] for row in read.all("SELECT state FROM digests ORDER BY id")]
    assert states == ["in_doubt", "sent"]
    read.close()


@pytest.mark.parametrize("seed", [3])
def test_killed_at_any_moment_every_alert_arrives(group, tmp_path, seed):
    draw = random.Random(seed)
    group.storm(seed, 0.3, ("drop", "drop_after_commit", "html502", "delay 0.3", "code 45033"))
    committed = 0
    for _ in range(6):
        life = Life(tmp_path, committed, 5)
        committed += len(life.raised(5))
        time.sleep(draw.uniform(0, 0.6))  # anywhere in the sending
        life.kill()
        read = open_reader(tmp_path / "packline.db")
        assert notices.unaccounted(read) == []
        waits = {row.subject for row in notices.undelivered(read)}
        everything = {f"B{n:03d}" for n in range(committed)}
        assert everything <= waits | set(seen(group))  # what is written as sent was shown
        read.close()
    group.calm()
    read = open_reader(tmp_path / "packline.db")
    life = Life(tmp_path, committed, 0)
    until(lambda: not notices.undelivered(read), seconds=60)
    life.kill()
    assert set(seen(group)) == {f"B{n:03d}" for n in range(committed)}
    assert notices.unaccounted(read) == []
    read.close()


def test_only_the_process_that_syncs_tells(group, tmp_path):
    first = Life(tmp_path, 0, 1)
    first.raised(1)
    until(lambda: seen(group), seconds=20)
    second = Life(tmp_path, 1, 5)
    second.raised(5)
    until(lambda: len(set(seen(group))) == 6, seconds=20)
    first.kill()
    second.kill()
    assert len(seen(group)) == 6
    assert delivery.MINUTE_MS == 60_000  # the short minute was the processes' own
