"""Jobs through a spooler: real processes named ``lp`` and ``lpstat`` on the path."""

import os
import stat
from pathlib import Path

import pytest

from core.ports import LabelFacts, PrinterAnswer, PrintFailed
from drivers.printers import LabelPrinter, draw_label, zpl

LP = """#!/bin/sh
[ "$1 $2 $3 $4" = "-d Zebra -o raw" ] || { echo "lp: bad words: $*" >&2; exit 9; }
[ "$LC_ALL" = C ] || exit 8
cat "{room}/lp.how" >/dev/null
. "{room}/lp.how"
cat > "{room}/job.$$"
echo "request id is Zebra-7 (1 file(s))"
"""
LPSTAT = """#!/bin/sh
. "{room}/lpstat.how"
"""
IDLE = 'echo "printer Zebra is idle.  enabled since Tue Jan 20 20:00:00 2026"'


class Spooler:
    """A folder on the path with both programs in it."""

    def __init__(self, room: Path) -> None:
        self.room = room
        for name, body in (("lp", LP), ("lpstat", LPSTAT)):
            program = room / name
            program.write_text(body.replace("{room}", str(room)))
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.lp("")
        self.lpstat(IDLE)

    def lp(self, how: str) -> None:
        (self.room / "lp.how").write_text(how + "\n")

    def lpstat(self, how: str) -> None:
        (self.room / "lpstat.how").write_text(how + "\n")

    def jobs(self) -> list[bytes]:
        return [path.read_bytes() for path in self.room.glob("job.*")]


@pytest.fixture
def spooler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spooler:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return Spooler(tmp_path)


def printer(patience_s: float = 5.0) -> LabelPrinter:
    return LabelPrinter("P1", "cups://Zebra", patience_s=patience_s)


def failing(label: LabelFacts, patience_s: float = 5.0) -> PrintFailed:
    with pytest.raises(PrintFailed) as failed:
        printer(patience_s).print_label(label)
    assert failed.value.why.data["printer"] == "P1"
    return failed.value


def test_the_job_reaches_the_spooler_unchanged(spooler: Spooler, label: LabelFacts) -> None:
    assert printer().status().answer is PrinterAnswer.READY
    printer().print_label(label)
    (job,) = spooler.jobs()
    remark = f"packline {label.waybill} {label.number} copy=1"
    assert job == zpl.job(draw_label(label), remark)


@pytest.mark.parametrize(
    ("says", "answer", "id_"),
    [
        (IDLE, PrinterAnswer.READY, ""),
        ('echo "printer Zebra now printing Zebra-6.  enabled since"', PrinterAnswer.BUSY, ""),
        (
            'printf "printer Zebra disabled since Tue Jan 20 -\\n\\tPaused by hand\\n"',
            PrinterAnswer.FAULT,
            "printer.queue_stopped",
        ),
        (
            'echo "lpstat: Invalid destination name in list" >&2; exit 1',
            PrinterAnswer.NO_ANSWER,
            "printer.no_queue",
        ),
    ],
)
def test_the_four_answers_of_a_queue(
    spooler: Spooler, says: str, answer: PrinterAnswer, id_: str
) -> None:
    spooler.lpstat(says)
    status = printer().status()
    assert status.answer is answer
    assert (status.fault.id if status.fault else "") == id_


def test_a_stopped_queue_gets_no_job(spooler: Spooler, label: LabelFacts) -> None:
    spooler.lpstat('echo "printer Zebra disabled since Tue - Paused"')
    failed = failing(label)
    assert (failed.why.id, failed.in_doubt) == ("printer.queue_stopped", False)
    assert failed.why.data["why"] == "Paused"
    assert spooler.jobs() == []


def test_a_refusal_is_certain(spooler: Spooler, label: LabelFacts) -> None:
    spooler.lp('echo "lp: The printer or class does not exist." >&2; exit 1')
    failed = failing(label)
    assert (failed.why.id, failed.in_doubt) == ("printer.spooler_refused", False)
    assert "does not exist" in str(failed.why.data["why"])
    assert spooler.jobs() == []


@pytest.mark.parametrize("how", ["exec sleep 30", "kill -9 $$"])
def test_a_hanging_or_killed_spooler_leaves_a_doubt(
    spooler: Spooler, label: LabelFacts, how: str
) -> None:
    spooler.lp(how)
    assert failing(label, patience_s=0.3).in_doubt


def test_no_spooler_is_certain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, label: LabelFacts
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert printer().status().answer is PrinterAnswer.NO_ANSWER
    assert not failing(label).in_doubt


@pytest.mark.parametrize("queue", ["-oraw", "a;b", "a/b", ""])
def test_a_queue_is_a_word(queue: str, label: LabelFacts) -> None:
    with pytest.raises(PrintFailed) as failed:
        LabelPrinter("P1", f"cups://{queue}").print_label(label)
    assert failed.value.why.id == "printer.bad_address"
