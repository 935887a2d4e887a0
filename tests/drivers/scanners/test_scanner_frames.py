"""Serial bytes and HID reports into codes."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from core.ports import Scan
from drivers.scanners.frames import LIMIT, Framer, Suffix, as_scan, split_aim, tidy
from drivers.scanners.hidpos import HidPosDecoder

EAN = "6901234567892"


def fed(framer: Framer, data: bytes, cuts: list[int] = []) -> list[str]:  # noqa: B006 - read only
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [code for a, b in itertools.pairwise(edges) for code in framer.feed(data[a:b])]


class TestSuffixes:
    def test_every_usual_suffix_ends_a_code(self) -> None:
        for suffix in (b"\r", b"\n", b"\r\n", b"\t", b"\x03"):
            assert fed(Framer(), b"A1" + suffix + b"B2" + suffix) == ["A1", "B2"]

    def test_cr_lf_counts_once_even_when_read_apart(self) -> None:
        framer = Framer(Suffix.CR)
        assert framer.feed(b"A1\r") == ["A1"]
        assert framer.feed(b"\nA1\r\n") == ["A1"]

    def test_start_of_text_in_front_is_no_part_of_the_code(self) -> None:
        assert fed(Framer(Suffix.ETX), b"\x02A1\x03\x02B2\x03") == ["A1", "B2"]

    def test_start_of_text_ends_a_code_that_lost_its_suffix(self) -> None:
        assert fed(Framer(), b"\x02A1\x02B2\r") == ["A1", "B2"]

    def test_only_the_set_suffix_ends_a_code(self) -> None:
        assert fed(Framer(Suffix.CR), b"line 1\nline 2\r") == ["line 1 line 2"]

    def test_without_suffix_silence_ends_a_code(self) -> None:
        framer = Framer(Suffix.NONE)
        assert framer.feed(b"690123") == []
        assert framer.idle(49) == []
        assert framer.feed(b"4567892") == []
        assert framer.idle(50) == [EAN]
        assert framer.idle(50) == []

    def test_a_code_whose_suffix_never_comes_is_given_late_not_lost(self) -> None:
        framer = Framer()
        framer.feed(b"A1")
        assert framer.idle(450) == []
        assert framer.idle(500) == ["A1"]


class TestText:
    def test_separators_inside_survive(self) -> None:
        assert fed(Framer(), b"\x1d01069\x1d10A\r") == ["\x1d01069\x1d10A"]

    def test_chinese_in_either_encoding(self) -> None:
        assert fed(Framer(), "货位A-01".encode() + b"\r") == ["货位A-01"]
        assert fed(Framer(), "货位A-01".encode("gbk") + b"\r") == ["货位A-01"]

    def test_escape_sequences_and_direction_marks_do_not_survive(self) -> None:
        assert tidy("\x1b[31mA\u202eB\x00") == "[31mAB"

    def test_nothing_but_controls_is_no_code(self) -> None:
        assert fed(Framer(), b"\r\r\n \x00\r\x1d\r") == []

    def test_a_code_longer_than_any_symbol_is_thrown_away_and_counted(self) -> None:
        framer = Framer()
        assert fed(framer, b"9" * (LIMIT + 1) + b"99\r" + b"A1\r") == ["A1"]
        assert framer.lost == 1

    def test_a_long_code_is_whole(self) -> None:
        code = "7" * 7089
        assert fed(Framer(), code.encode() + b"\r") == [code]

    @given(st.lists(st.binary(max_size=40), max_size=20))
    def test_any_bytes_are_survived_with_bounded_memory(self, reads: list[bytes]) -> None:
        for suffix in Suffix:
            framer = Framer(suffix)
            for read in reads:
                for code in framer.feed(read) + framer.idle(20):
                    assert code and "\x1b" not in code and "\r" not in code

    @given(
        st.lists(st.text("0A]\x1d货é", min_size=1, max_size=9).filter(tidy), max_size=8),
        st.sampled_from([b"\r", b"\n", b"\r\n", b"\t", b"\x03"]),
        st.lists(st.integers(0, 500), max_size=12),
        st.booleans(),
    )
    def test_however_the_bytes_are_cut_the_codes_are_the_same(
        self, codes: list[str], suffix: bytes, cuts: list[int], prefixed: bool
    ) -> None:
        prefix = b"\x02" if prefixed else b""
        data = b"".join(prefix + code.encode() + suffix for code in codes)
        assert fed(Framer(), data, cuts) == [tidy(code) for code in codes]


class TestAim:
    def test_the_identifier_becomes_the_symbology(self) -> None:
        assert split_aim("]E0" + EAN) == ("E0", EAN)
        assert split_aim("]C1\x1d0106901234567892") == ("C1", "\x1d0106901234567892")
        assert as_scan("]Q1你好", 7, "gun") == Scan("你好", 7, "gun", "Q1")

    def test_what_only_looks_like_one_stays(self) -> None:
        for code in (EAN, "]", "]E0", "A]E01", "]]]1"):
            assert split_aim(code) == ("", code)


def honeywell(aim: bytes, data: bytes, more: bool = False) -> bytes:
    body = bytes([2, len(data)]) + aim + data.ljust(56, b"\0")
    return body + bytes([0x3F, 0, int(more)])


def newland(data: bytes, more: bool = False) -> bytes:
    return bytes([2, len(data)]) + data.ljust(56, b"\0") + bytes(4) + bytes([7, int(more)])


class TestHidPos:
    def test_honeywell_report(self) -> None:
        assert HidPosDecoder().feed(honeywell(b"]E0", EAN.encode())) == ["]E0" + EAN]

    def test_newland_report(self) -> None:
        assert HidPosDecoder().feed(newland(EAN.encode())) == [EAN]

    def test_newland_that_sends_the_identifier_as_data(self) -> None:
        assert HidPosDecoder().feed(newland(b"]E0" + EAN.encode())) == ["]E0" + EAN]

    def test_a_report_without_its_id(self) -> None:
        assert HidPosDecoder().feed(newland(EAN.encode())[1:]) == [EAN]

    def test_a_code_over_three_reports(self) -> None:
        code = "SN" + "0123456789" * 14
        parts = [code[i : i + 56].encode() for i in range(0, len(code), 56)]
        for build in (lambda d, m: honeywell(b"]Q1", d, m), newland):
            decoder = HidPosDecoder()
            got = [decoder.feed(build(part, i < 2)) for i, part in enumerate(parts)]
            assert got[:2] == [[], []]
            assert got[2][0].endswith(code) and not decoder.pending

    def test_a_code_cut_by_a_character_boundary(self) -> None:
        raw = ("货" * 30).encode()
        decoder = HidPosDecoder()
        assert decoder.feed(newland(raw[:56], True)) == []
        assert decoder.feed(newland(raw[56:])) == ["货" * 30]

    def test_a_code_never_continued_is_counted_and_does_not_spoil_the_next(self) -> None:
        decoder = HidPosDecoder()
        decoder.feed(newland(b"A" * 56, True))
        decoder.idle(500)
        assert decoder.lost == 1
        assert decoder.feed(newland(b"B1")) == ["B1"]

    @given(st.lists(st.binary(max_size=70), max_size=10))
    def test_foreign_reports_are_survived(self, reports: list[bytes]) -> None:
        decoder = HidPosDecoder()
        for report in reports:
            decoder.feed(report)
