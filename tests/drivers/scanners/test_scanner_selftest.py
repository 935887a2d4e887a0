"""The self-test sheet: printed codes scan, and each wrong setting is named."""

import pytest
import zxingcpp

from drivers.printers.sheet import draw_sheet
from drivers.scanners.frames import Framer, Suffix
from drivers.scanners.selftest import SHEET, judge

CODES = {proof.name: proof.code for proof in SHEET}


def verdict(text: str) -> str:
    told = judge(text)
    return told.id if told else ""


def test_every_code_of_the_printed_sheet_scans_and_is_right() -> None:
    cards = [(proof.code, proof.name) for proof in SHEET]
    (page,) = draw_sheet("Self-test", cards, 1, 5, squares=True)
    read = {code.bytes.decode() for code in zxingcpp.read_barcodes(page.image().convert("L"))}
    assert read == set(CODES.values())
    assert {verdict(text) for text in read} == {"selftest.well"}


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (CODES["case"].swapcase(), "selftest.case"),
        (CODES["case"].upper(), "selftest.case"),
        ("PLTEST3-qwertz-QWAY/_", "selftest.layout_de"),
        ("PLTEST3-azerty-AZQW/_", "selftest.layout_fr"),
        ("PLTEST&)à&é\"'(-è_ç", "selftest.layout_fr"),
        ("PLTEST3-qwerty-QWAZ-?", "selftest.layout"),
        (CODES["gs"].replace("\x1d", ""), "selftest.gs_lost"),
        (CODES["gs"].replace("\x1d", "^]"), "selftest.gs_other"),
        ("PLTEST5-ÖÐÎÄ²âÊÔ", "selftest.hanzi"),
        (CODES["digits"] + CODES["case"], "selftest.joined"),
        ("~" + CODES["digits"], "selftest.prefix"),
        (CODES["digits"][:-3], "selftest.cut"),
        ("PLTEST1-99", "selftest.other"),
        ("6901234567892", ""),
        ("PLTEST", ""),
        ("PLTEST9-x", ""),
        ("", ""),
    ],
)
def test_a_wrong_setting_is_named(read: str, said: str) -> None:
    assert verdict(read) == said


def test_a_serial_scanner_without_suffix_is_found_out() -> None:
    framer = Framer(Suffix.CR)
    assert framer.feed((CODES["digits"] + CODES["case"]).encode()) == []
    assert [verdict(code) for code in framer.idle(1000)] == ["selftest.joined"]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_comes_through_a_serial_scanner_in_both_encodings(encoding: str) -> None:
    (code,) = Framer().feed(CODES["hanzi"].encode(encoding) + b"\r")
    assert verdict(code) == "selftest.well"
