"""ZPL and TSPL as bytes, against an independent decoder and the documented answers."""

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ports import LabelFacts, PrinterAnswer
from drivers.printers import Raster, draw_label, tspl, zpl
from drivers.simulated.printer import unpack


def rasters() -> st.SearchStrategy[Raster]:
    """Pictures with the runs that labels have: blank, full and repeated rows, and noise."""

    def build(across: int, seeds: list[int]) -> Raster:
        rows = []
        for seed in seeds:
            noise = random.Random(seed)
            rows.append(
                {
                    0: bytes(across),
                    1: b"\xff" * across,
                    2: noise.randbytes(across),
                    3: noise.randbytes(1) * (across - 1) + b"\x00",
                    4: noise.randbytes(1) + b"\xff" * (across - 1),
                }[seed % 5]
            )
        return Raster(across * 8, len(rows), b"".join(rows))

    return st.builds(build, st.integers(1, 300), st.lists(st.integers(0, 40), min_size=1))


@settings(max_examples=80, deadline=None)
@given(raster=rasters())
def test_compressed_pictures_come_back_dot_by_dot(raster: Raster) -> None:
    packed = zpl.compressed(raster)
    assert set(packed) <= set(string.hexdigits.upper() + string.ascii_letters + ",!:")
    assert unpack(packed, len(raster.data), raster.row_bytes) == raster.data


def test_run_letters_follow_the_manual() -> None:
    def packed(hexes: str) -> str:
        return zpl.compressed(Raster(len(hexes) * 4, 1, bytes.fromhex(hexes)))

    assert packed("A" * 41 + "B") == "hGAB"
    assert packed("A" * 6 + "BC") == "LABC"
    assert packed("A" * 420 + "BC") == "zgABC"
    assert packed("00") == ","
    assert packed("FF") == "!"
    assert zpl.compressed(Raster(8, 3, b"\xa5\xa5\x00")) == "A5:,"


def test_a_zpl_job_is_one_small_format(label: LabelFacts) -> None:
    raster = draw_label(label)
    job = zpl.job(raster, "packline 784^XZ~HS 1 copy=1")
    assert job.startswith(b"^XA^FX packline 784XZHS 1 copy=1^FS^PW800^LL1200")
    assert job.count(b"^XZ") == 1
    assert job.endswith(b"^FS^PQ1^XZ")
    assert len(job) < len(raster.data) // 2
    assert raster.png().startswith(b"\x89PNG")


def test_a_tspl_job_has_black_as_zero() -> None:
    job = tspl.job(Raster(16, 1, b"\x80\x01"), (100, 150))
    assert job.startswith(b"SIZE 100 mm,150 mm\r\nGAP 2 mm,0 mm\r\n")
    assert b"BITMAP 0,0,2,1,0,\x7f\xfe\r\nPRINT 1,1\r\n" in job


def host_status(**fields: bytes) -> bytes:
    said = dict.fromkeys("bcfklop", b"0") | {"u": b"00000000"}
    said.update(fields)
    return (
        b"\x02030,%(b)b,%(c)b,1245,000,%(f)b,0,0,000,0,%(k)b,%(l)b\x03\r\n"
        b"\x02001,0,%(o)b,%(p)b,0,2,4,0,%(u)b,1,000\x03\r\n\x021234,0\x03\r\n"
    ) % {key.encode(): value for key, value in said.items()}


@pytest.mark.parametrize(
    ("said", "answer", "fault"),
    [
        ({}, PrinterAnswer.READY, None),
        ({"u": b"00000003"}, PrinterAnswer.BUSY, None),
        ({"f": b"1"}, PrinterAnswer.BUSY, None),
        ({"b": b"1"}, PrinterAnswer.FAULT, "printer.paper_out"),
        ({"o": b"1"}, PrinterAnswer.FAULT, "printer.head_open"),
        ({"o": b"1", "b": b"1"}, PrinterAnswer.FAULT, "printer.head_open"),
        ({"p": b"1"}, PrinterAnswer.FAULT, "printer.ribbon_out"),
        ({"c": b"1"}, PrinterAnswer.FAULT, "printer.paused"),
        ({"l": b"1"}, PrinterAnswer.FAULT, "printer.too_hot"),
        ({"k": b"1"}, PrinterAnswer.FAULT, "printer.too_cold"),
    ],
)
def test_zpl_status_table(said: dict[str, bytes], answer: PrinterAnswer, fault: str | None) -> None:
    status = zpl.status(host_status(**said), "P")
    assert status.answer is answer
    assert (status.fault.id if status.fault else None) == fault


@pytest.mark.parametrize(
    ("bits", "answer", "fault"),
    [
        (0x00, PrinterAnswer.READY, None),
        (0x20, PrinterAnswer.BUSY, None),
        (0x01, PrinterAnswer.FAULT, "printer.head_open"),
        (0x02, PrinterAnswer.FAULT, "printer.jam"),
        (0x04, PrinterAnswer.FAULT, "printer.paper_out"),
        (0x05, PrinterAnswer.FAULT, "printer.head_open"),
        (0x08, PrinterAnswer.FAULT, "printer.ribbon_out"),
        (0x10, PrinterAnswer.FAULT, "printer.paused"),
        (0x40, PrinterAnswer.FAULT, "printer.cover_open"),
        (0x80, PrinterAnswer.FAULT, "printer.other_fault"),
    ],
)
def test_tspl_status_table(bits: int, answer: PrinterAnswer, fault: str | None) -> None:
    status = tspl.status(bytes([bits]), "P")
    assert status.answer is answer
    assert (status.fault.id if status.fault else None) == fault


@given(noise=st.binary(max_size=200))
def test_noise_is_never_taken_for_an_answer(noise: bytes) -> None:
    zpl.status(noise, "P")
    tspl.status(noise, "P")
    garbled = zpl.status(noise.replace(b"\x03", b""), "P")
    assert garbled.answer is PrinterAnswer.NO_ANSWER
