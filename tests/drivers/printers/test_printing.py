"""Jobs over real sockets, pseudo-terminals and files, and every way they fail."""

import os
import socket
import threading
import time
import tty
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Problem
from core.ports import LabelFacts, Printer, PrinterAnswer, PrintFailed, SlipFacts
from drivers.printers import LabelPrinter, draw_label, draw_slip, fonts
from drivers.simulated.printer import SimulatedPrinter

ANSWER_S = 0.3
"""The stand-in answers within milliseconds; a second of patience would only slow the tests."""


@pytest.fixture(params=[("zpl", False), ("tspl", False), ("zpl", True), ("tspl", True)])
def sim(request: pytest.FixtureRequest) -> Iterator[SimulatedPrinter]:
    language, pty = request.param
    with SimulatedPrinter(language, pty=pty) as printer:
        yield printer


@pytest.fixture
def zpl_sim() -> Iterator[SimulatedPrinter]:
    with SimulatedPrinter() as printer:
        yield printer


def bench(sim: SimulatedPrinter, **options: float) -> LabelPrinter:
    return LabelPrinter("P1", sim.address, sim.language, **{"answer_s": ANSWER_S, **options})  # type: ignore[arg-type]  # test options


def refused(printer: Printer, label: LabelFacts) -> PrintFailed:
    with pytest.raises(PrintFailed) as failed:
        printer.print_label(label)
    return failed.value


def test_what_was_drawn_comes_out(
    sim: SimulatedPrinter, label: LabelFacts, slip: SlipFacts
) -> None:
    printer: Printer = bench(sim)
    assert printer.status().answer is PrinterAnswer.READY
    printer.print_label(label)
    printer.print_label(replace(label, copy=2))
    printer.print_slip(replace(slip, lines=slip.lines * 4))
    first, second, *pages = sim.wait_for(4)
    assert first.raster == draw_label(label)
    assert second.raster == draw_label(replace(label, copy=2))
    assert [page.raster for page in pages] == list(draw_slip(replace(slip, lines=slip.lines * 4)))
    assert set(first.codes()) == {label.waybill, label.number}
    if sim.language == "zpl":
        assert (first.waybill, first.number, first.copy) == (label.waybill, label.number, 1)
        assert second.copy == 2


@pytest.mark.parametrize(
    ("fault", "id_"),
    [("paper_out", "printer.paper_out"), ("head_open", "printer.head_open")],
)
def test_a_named_fault_keeps_the_job_here(
    sim: SimulatedPrinter, label: LabelFacts, fault: str, id_: str
) -> None:
    printer = bench(sim)
    sim.fault(fault)
    status = printer.status()
    assert status.answer is PrinterAnswer.FAULT
    assert status.fault is not None
    assert status.fault.id == id_
    failed = refused(printer, label)
    assert (failed.why.id, failed.in_doubt) == (id_, False)
    sim.fault("")
    printer.print_label(label)
    assert len(sim.wait_for(1)) == 1


def test_a_silent_zebra_gets_no_job_but_a_mute_clone_does(label: LabelFacts) -> None:
    for language, ids in (("zpl", "printer.silent"), ("tspl", "")):
        with SimulatedPrinter(language) as sim:
            sim.fault("silent")
            printer = LabelPrinter("P1", sim.address, language, answer_s=0.1)
            if ids:
                failed = refused(printer, label)
                assert (failed.why.id, failed.in_doubt) == (ids, False)
                assert sim.labels == []
            else:
                printer.print_label(label)
                asked = sim.heard
                printer.print_label(label)
                assert len(sim.wait_for(2)) == 2
                assert sim.heard == asked == 1


def test_a_garbled_answer_is_no_answer(zpl_sim: SimulatedPrinter, label: LabelFacts) -> None:
    zpl_sim.fault("garbled")
    printer = bench(zpl_sim)
    assert printer.status().answer is PrinterAnswer.NO_ANSWER
    assert refused(printer, label).why.id == "printer.garbled"
    assert printer.last_raw.startswith(b"?")


def test_no_power_means_certainly_not_printed(sim: SimulatedPrinter, label: LabelFacts) -> None:
    printer = bench(sim)
    sim.cut()
    status = printer.status()
    assert status.answer is PrinterAnswer.NO_ANSWER
    assert status.fault is not None
    assert status.fault.id == "printer.unreachable"
    assert not refused(printer, label).in_doubt
    sim.restore()
    printer.print_label(label)
    assert len(sim.wait_for(1)) == 1


def test_a_drop_in_the_middle_is_in_doubt(zpl_sim: SimulatedPrinter, label: LabelFacts) -> None:
    zpl_sim.fault("drop")
    failed = refused(bench(zpl_sim), label)
    assert (failed.why.id, failed.in_doubt) == ("printer.broke_off", True)
    assert failed.why.data["printer"] == "P1"
    assert zpl_sim.labels == []


def test_an_unplugged_serial_printer_is_in_doubt(label: LabelFacts) -> None:
    with SimulatedPrinter("tspl", pty=True) as sim:
        sim.fault("drop")
        failed = refused(bench(sim), label)
        assert failed.in_doubt
        sim.fault("")
        printer = bench(sim)
        printer.print_label(label)
        assert len(sim.wait_for(1)) == 1


@pytest.mark.parametrize("pty", [False, True])
def test_a_printer_that_stops_reading_is_in_doubt(label: LabelFacts, pty: bool) -> None:
    with SimulatedPrinter("tspl", pty=pty) as sim:
        sim.fault("stuck")
        failed = refused(bench(sim, answer_s=0.1, patience_s=0.15), label)
        assert (failed.why.id, failed.in_doubt) == ("printer.stuck", True)
        sim.cut()


def test_a_slow_printer_is_waited_for(zpl_sim: SimulatedPrinter, label: LabelFacts) -> None:
    zpl_sim.fault("slow")
    bench(zpl_sim, patience_s=0.5).print_label(label)
    assert len(zpl_sim.wait_for(1)) == 1


def test_status_while_printing_is_busy(label: LabelFacts) -> None:
    with SimulatedPrinter("tspl") as sim:
        sim.fault("stuck")
        printer = bench(sim, answer_s=0.1, patience_s=0.3)
        job = threading.Thread(target=refused, args=(printer, label))
        job.start()
        answers = []
        while job.is_alive():
            began = time.monotonic()
            answers.append(printer.status().answer)
            if answers[-1] is PrinterAnswer.BUSY:  # once the job has ended, opening takes its time
                assert time.monotonic() - began < 1.0
        job.join()
        assert PrinterAnswer.BUSY in answers
        sim.cut()


def test_jobs_from_two_threads_do_not_mix(zpl_sim: SimulatedPrinter, label: LabelFacts) -> None:
    printer = bench(zpl_sim)
    threads = [
        threading.Thread(target=printer.print_label, args=(replace(label, waybill=f"7800{n}"),))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {printed.waybill for printed in zpl_sim.wait_for(4)} == {f"7800{n}" for n in range(4)}


def test_a_device_file_gets_the_same_bytes(label: LabelFacts) -> None:
    with SimulatedPrinter(pty=True) as sim:
        device = sim.address.removeprefix("serial://").partition("?")[0]
        printer = LabelPrinter("P1", device)
        assert printer.status().answer is PrinterAnswer.READY
        printer.print_label(label)
        (printed,) = sim.wait_for(1)
        assert printed.raster == draw_label(label)


def test_a_full_device_file_is_in_doubt(label: LabelFacts) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    printer = LabelPrinter("P1", os.ttyname(slave), "tspl", answer_s=0.1, patience_s=0.2)
    failed = refused(printer, label)
    assert failed.in_doubt
    os.close(master)
    os.close(slave)


def test_reasons_are_named(label: LabelFacts, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        for address, why in (
            (f"tcp://127.0.0.1:{port}", "printer.why.refused"),
            (f"serial://{tmp_path}/none?baud=9600", "printer.why.missing"),
            (f"{tmp_path}/none", "printer.why.missing"),
        ):
            failed = refused(LabelPrinter("P1", address), label)
            assert not failed.in_doubt
            assert failed.why.id == "printer.unreachable"
            assert getattr(failed.why.data["why"], "id", "") == why


def test_nonsense_is_refused_in_words(label: LabelFacts) -> None:
    for address in (
        "",
        "lp0",
        "http://x",
        "tcp://",
        "tcp://h:99999",
        "tcp://[",
        "/dev/\0",
        "serial:///x?baud=fast",
    ):
        assert refused(LabelPrinter("P1", address), label).why.id == "printer.bad_address"
    with pytest.raises(Problem, match="bad_kind"):
        LabelPrinter("P1", "tcp://h", "epl")
    with pytest.raises(Problem, match="bad_kind"):
        LabelPrinter("P1", "tcp://h", dpi=600)


def test_a_missing_font_is_a_job_that_did_not_print(
    zpl_sim: SimulatedPrinter, label: LabelFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    fonts.face.cache_clear()
    monkeypatch.setattr(fonts, "FONT", Path("/nowhere.otf"))
    failed = refused(bench(zpl_sim), label)
    assert (failed.why.id, failed.in_doubt) == ("printer.not_drawn", False)
    assert zpl_sim.labels == []


def test_old_pictures_are_let_go(label: LabelFacts) -> None:
    with SimulatedPrinter(keep=1) as sim:
        printer = bench(sim)
        for copy in (1, 2, 3):
            printer.print_label(replace(label, copy=copy))
        printed = sim.wait_for(3)
        assert [paper.copy for paper in printed] == [1, 2, 3]
        assert [bool(paper.raster.data) for paper in sim.labels] == [False, False, True]


def test_jobs_taken_without_paper_come_out_later(label: LabelFacts) -> None:
    with SimulatedPrinter("tspl") as sim:
        printer = bench(sim)
        sim.fault("silent")
        printer.print_label(label)
        sim.wait_for(1)
        sim.fault("paper_out")
        printer.print_label(label)
        assert len(sim.labels) == 1
        sim.fault("")
        assert len(sim.wait_for(2)) == 2
