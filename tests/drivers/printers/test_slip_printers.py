"""Slips on a roll of paper: over real sockets, pseudo-terminals and device files."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.ports import LabelFacts, PrinterAnswer, PrintFailed, SlipFacts
from drivers.printers import LabelPrinter, escpos
from drivers.printers.pair import LabelsAndSlips
from drivers.printers.receipt import draw_receipt
from drivers.simulated import escpos as ear
from drivers.simulated.printer import SimulatedPrinter


@pytest.fixture(params=[False, True], ids=["tcp", "serial"])
def sim(request: pytest.FixtureRequest) -> Iterator[SimulatedPrinter]:
    with SimulatedPrinter("escpos", pty=request.param) as printer:
        yield printer


def bench(sim: SimulatedPrinter, **options: bool | int) -> LabelPrinter:
    return LabelPrinter("S1", sim.address, "escpos", answer_s=0.3, **options)  # type: ignore[arg-type]  # test options


@pytest.mark.parametrize("paper_mm", [58, 80])
def test_the_dots_of_a_slip_come_out_and_its_code_scans(
    sim: SimulatedPrinter, slip: SlipFacts, paper_mm: int
) -> None:
    printer = bench(sim, paper_mm=paper_mm)
    assert printer.status().answer is PrinterAnswer.READY
    printer.print_slip(slip)
    (paper,) = sim.wait_for(1)
    assert paper.raster == draw_receipt(slip, paper_mm)
    assert paper.raster.width == {58: 384, 80: 576}[paper_mm]
    assert paper.codes() == (slip.qr,)


def test_a_long_slip_is_one_longer_paper(sim: SimulatedPrinter, slip: SlipFacts) -> None:
    printer = bench(sim)
    printer.print_slip(slip)
    printer.print_slip(replace(slip, lines=slip.lines * 12))
    short, long = sim.wait_for(2)
    assert long.raster.height > 4 * short.raster.height


@pytest.mark.parametrize(("paper_mm", "columns"), [(58, 32), (80, 48)])
def test_a_slip_in_the_printers_own_characters(
    sim: SimulatedPrinter, slip: SlipFacts, paper_mm: int, columns: int
) -> None:
    told = replace(slip, buyer_note="轻放，不要红色包装" * 4, copy=2)
    bench(sim, paper_mm=paper_mm, characters=True).print_slip(told)
    (paper,) = sim.wait_for(1)
    whole = paper.text.replace("\n", "")
    for fact in ("DB20260120001", "普通", "×2", "TS-001", "白色 / XL", told.buyer_note, "第2份"):
        assert fact in whole
    assert max(len(line.encode("gb18030")) for line in paper.text.split("\n")) <= columns
    assert paper.codes() == (slip.qr,)


def test_an_absent_note_is_said(slip: SlipFacts, sim: SimulatedPrinter) -> None:
    bench(sim, characters=True).print_slip(slip)
    (paper,) = sim.wait_for(1)
    assert "买家留言：无" in paper.text


@pytest.mark.parametrize(
    ("fault", "id_"),
    [
        ("paper_out", "printer.paper_out"),
        ("head_open", "printer.cover_open"),
        ("ribbon_out", "printer.cutter"),
        ("offline", "printer.offline"),
    ],
)
def test_a_named_fault_keeps_the_slip_here(
    sim: SimulatedPrinter, slip: SlipFacts, fault: str, id_: str
) -> None:
    printer = bench(sim)
    sim.fault(fault)
    status = printer.status()
    assert status.answer is PrinterAnswer.FAULT
    assert status.fault is not None
    assert status.fault.id == id_
    with pytest.raises(PrintFailed) as failed:
        printer.print_slip(slip)
    assert (failed.value.why.id, failed.value.in_doubt) == (id_, False)
    sim.fault("")
    printer.print_slip(slip)
    assert len(sim.wait_for(1)) == 1


def test_the_other_three_answers(sim: SimulatedPrinter, slip: SlipFacts) -> None:
    printer = bench(sim)
    sim.fault("paused")
    assert printer.status().answer is PrinterAnswer.BUSY
    for fault, id_ in (("silent", "printer.silent"), ("garbled", "printer.garbled")):
        sim.fault(fault)
        status = printer.status()
        assert status.answer is PrinterAnswer.NO_ANSWER
        assert status.fault is not None
        assert status.fault.id == id_


def test_bytes_seen_from_an_emulator_without_paper() -> None:
    said = escpos.status(bytes.fromhex("1a 32 12 7e"), "S1")
    assert said.answer is PrinterAnswer.FAULT
    assert said.fault is not None
    assert said.fault.id == "printer.paper_out"
    assert escpos.status(bytes.fromhex("12 12 12 1e"), "S1").answer is PrinterAnswer.READY


def test_a_drop_in_the_middle_is_in_doubt(slip: SlipFacts) -> None:
    with SimulatedPrinter("escpos") as sim:
        sim.fault("drop")
        with pytest.raises(PrintFailed) as failed:
            bench(sim).print_slip(slip)
        assert failed.value.in_doubt
        assert sim.labels == []


def test_a_device_file_gets_the_same_slip(slip: SlipFacts) -> None:
    with SimulatedPrinter("escpos", pty=True) as sim:
        device = sim.address.removeprefix("serial://").partition("?")[0]
        LabelPrinter("S1", device, "escpos").print_slip(slip)
        (paper,) = sim.wait_for(1)
        assert paper.raster == draw_receipt(slip)


def test_labels_are_refused_and_go_to_the_label_printer(label: LabelFacts, slip: SlipFacts) -> None:
    with SimulatedPrinter("escpos") as roll, SimulatedPrinter() as stickers:
        slips = bench(roll)
        with pytest.raises(PrintFailed) as failed:
            slips.print_label(label)
        assert (failed.value.why.id, failed.value.in_doubt) == ("printer.slips_only", False)
        both = LabelsAndSlips(LabelPrinter("P1", stickers.address), slips)
        assert both.status().answer is PrinterAnswer.READY
        both.print_label(label)
        both.print_slip(slip)
        assert stickers.wait_for(1)[0].waybill == label.waybill
        assert roll.wait_for(1)[0].codes() == (slip.qr,)
        roll.fault("paper_out")
        assert both.status().answer is PrinterAnswer.FAULT
        both.print_label(label)


def test_a_status_question_inside_the_dots_is_no_question(slip: SlipFacts) -> None:
    raster = draw_receipt(slip)
    dots = (b"\x10\x04\x02" + raster.data)[: len(raster.data)]
    job = escpos.job(replace(raster, data=dots))
    assert b"\x10\x04\x02" in job
    for cut in (0, 40, len(job) // 2, len(job) - 1):
        assert ear.hear(job[:cut]) is None
    found = ear.hear(job)
    assert found is not None
    assert found[0].raster().data == dots


def test_the_library_leaves_nothing_in_the_temporary_folder(tmp_path: Path) -> None:
    program = (
        "from drivers.printers import escpos, raster;"
        " print(len(escpos.job(raster.Raster(8, 1, b'!'))))"
    )
    here = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=here, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) > 0
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
