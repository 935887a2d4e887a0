"""Codes typed into the terminal."""

import os
import select
import threading
import time
import tty

from hypothesis import given
from hypothesis import strategies as st

from drivers.scanners.frames import LIMIT
from drivers.scanners.typed import TypedBurst
from drivers.simulated.scanner import type_into

EAN = "6901234567892"


def keys(
    collector: TypedBurst, text: str, start: int = 0, gap: int = 8, end: str = "enter"
) -> list[str]:
    """Type a text and its end; what every key gave, in order."""
    strokes = [*text, end] if end else list(text)
    return [code for i, key in enumerate(strokes) for code in collector.key(key, start + i * gap)]


class TestCodes:
    def test_a_code_is_complete_with_its_terminator(self) -> None:
        collector = TypedBurst()
        assert keys(collector, EAN, end="") == []
        assert collector.pending == EAN
        assert collector.key("enter", 200) == [EAN]
        assert collector.pending == ""

    def test_every_terminator_by_name_and_by_character(self) -> None:
        for end in ("enter", "ctrl+m", "ctrl+j", "tab", "ctrl+i", "\r", "\n", "\t"):
            assert keys(TypedBurst(), EAN, end=end) == [EAN]

    def test_cr_lf_counts_once(self) -> None:
        collector = TypedBurst()
        assert keys(collector, EAN) + collector.key("ctrl+j", 120) == [EAN]

    def test_tab_can_be_left_to_the_screen(self) -> None:
        collector = TypedBurst(tab_ends=False)
        assert keys(collector, EAN, end="tab") == []
        assert collector.key("enter", 300) == [EAN]

    def test_separators_arrive(self) -> None:
        for separator in ("\x1d", "ctrl+right_square_bracket"):
            collector = TypedBurst()
            keys(collector, "10A1", end="")
            collector.key(separator, 40)
            assert keys(collector, "21S1", start=48) == ["10A1\x1d21S1"]

    def test_chinese(self) -> None:
        assert keys(TypedBurst(), "货位A-01") == ["货位A-01"]

    def test_keys_that_are_no_characters_leave_the_code_alone(self) -> None:
        collector = TypedBurst()
        keys(collector, EAN[:5], end="")
        for key in ("up", "f5", "shift+left", "", "escape", "\x1b", "ctrl+q", "ctrl+left"):
            assert collector.key(key, 45) == []
        assert keys(collector, EAN[5:], start=50) == [EAN]

    def test_ten_thousand_codes_back_to_back_in_no_time(self) -> None:
        collector = TypedBurst()
        codes = [f"DB20260120{i:05d}" for i in range(10_000)]
        got = [code for wanted in codes for code in keys(collector, wanted, gap=0)]
        assert got == codes
        assert not collector.human_typed

    def test_a_line_longer_than_any_symbol_is_thrown_away_and_counted(self) -> None:
        collector = TypedBurst()
        assert keys(collector, "9" * (LIMIT + 5), gap=0) == []
        assert collector.lost == 1
        assert keys(collector, EAN) == [EAN]

    @given(st.lists(st.text("A0-货\x1d", min_size=1, max_size=12), max_size=20), st.integers(0, 40))
    def test_none_lost_none_changed_at_any_pace(self, codes: list[str], gap: int) -> None:
        collector = TypedBurst()
        wanted = [code for code in codes if code.strip("\x1d")]
        at, got = 0, []
        for code in codes:
            got += keys(collector, code, start=at, gap=gap)
            at += gap * (len(code) + 1)
        assert got == wanted


class TestPaste:
    def test_every_line_is_a_code_the_last_one_too(self) -> None:
        for end in ("\r", "\n", "\r\n", "\t"):
            assert TypedBurst().paste(f"A1{end}B2{end}{end}C3") == ["A1", "B2", "C3"]

    def test_separators_survive_and_escapes_do_not(self) -> None:
        assert TypedBurst().paste("10A\x1d21B\x1b[2J\r") == ["10A\x1d21B[2J"]

    def test_a_line_begun_on_the_keyboard_stays(self) -> None:
        collector = TypedBurst()
        keys(collector, "DB20", end="")
        assert collector.paste(EAN + "\r") == [EAN]
        assert keys(collector, "26", start=50) == ["DB2026"]

    def test_the_prefix_is_no_part_of_a_pasted_code(self) -> None:
        assert TypedBurst("~").paste("~A1\r~B2\r") == ["A1", "B2"]


class TestPace:
    def test_a_burst_is_a_scanner(self) -> None:
        collector = TypedBurst()
        keys(collector, EAN, gap=35)
        assert not collector.human_typed

    def test_slow_keys_are_a_person_and_still_a_code(self) -> None:
        collector = TypedBurst()
        assert keys(collector, EAN, gap=150) == [EAN]
        assert collector.human_typed

    def test_too_short_for_a_scanner(self) -> None:
        collector = TypedBurst(min_length=6)
        assert keys(collector, "12345") == ["12345"]
        assert collector.human_typed

    def test_one_stall_of_the_network_makes_no_person(self) -> None:
        collector = TypedBurst()
        keys(collector, EAN[:6], gap=2, end="")
        assert keys(collector, EAN[6:], start=320, gap=2) == [EAN]
        assert not collector.human_typed

    def test_backspace_mends_what_a_person_types(self) -> None:
        for name in ("backspace", "\x7f", "ctrl+h"):
            collector = TypedBurst()
            collector.key(name, 0)
            keys(collector, "DB9", end="")
            collector.key(name, 400)
            assert collector.key("8", 600) + collector.key("enter", 800) == ["DB8"]

    def test_a_key_leant_on_long_before_is_no_part_of_the_scan(self) -> None:
        collector = TypedBurst()
        collector.key("5", 0)
        assert keys(collector, EAN, start=14_000) == [EAN]
        assert collector.stray == "5"
        assert not collector.human_typed
        keys(collector, EAN, start=29_000)
        assert collector.stray == ""

    def test_a_code_that_lost_its_terminator_comes_before_the_next(self) -> None:
        collector = TypedBurst()
        keys(collector, EAN, end="")
        assert keys(collector, "DB20260120001", start=14_000) == [EAN, "DB20260120001"]

    def test_the_middle_of_a_code_may_be_held_up_for_seconds(self) -> None:
        for cut in range(1, len(EAN)):
            collector = TypedBurst()
            keys(collector, EAN[:cut], end="")
            assert keys(collector, EAN[cut:], start=8_000) == [EAN]

    def test_a_person_may_pause_inside_a_number(self) -> None:
        collector = TypedBurst()
        keys(collector, "DB2026", gap=180, end="")
        assert keys(collector, "0120001", start=5000, gap=180) == ["DB20260120001"]


class TestPrefix:
    def test_the_prefix_marks_a_scan_whatever_its_pace(self) -> None:
        for prefix in ("f12", "~", "ctrl+b"):
            collector = TypedBurst(prefix)
            collector.key(prefix, 0)
            assert keys(collector, "A1", start=10, gap=200) == ["A1"]
            assert not collector.human_typed

    def test_a_control_prefix_by_name_or_by_character(self) -> None:
        collector = TypedBurst("ctrl+b")
        collector.key("\x02", 0)
        assert keys(collector, "A1", start=10) == ["A1"]
        assert not collector.human_typed

    def test_without_it_a_person_typed(self) -> None:
        collector = TypedBurst("f12")
        assert keys(collector, EAN, gap=5) == [EAN]
        assert collector.human_typed

    def test_what_stood_before_it_is_not_mixed_in(self) -> None:
        collector = TypedBurst("~")
        keys(collector, "DB20", gap=150, end="")
        collector.key("~", 700)
        assert keys(collector, EAN, start=710) == [EAN]
        assert collector.stray == "DB20"

    def test_the_prefix_of_the_next_ends_a_code_without_terminator(self) -> None:
        collector = TypedBurst("~")
        assert keys(collector, "~A1~B2") == ["A1", "B2"]


class TestSuffixless:
    def test_silence_ends_a_burst(self) -> None:
        collector = TypedBurst(suffixless=True)
        keys(collector, EAN, end="")
        assert collector.tick(120) == []
        assert collector.tick(220) == [EAN]
        assert collector.tick(400) == []

    def test_the_next_burst_ends_the_last_when_nobody_looked_at_the_clock(self) -> None:
        collector = TypedBurst(suffixless=True)
        keys(collector, EAN, end="")
        assert keys(collector, EAN, start=900, end="") == [EAN]

    def test_silence_does_not_cut_what_a_person_types(self) -> None:
        collector = TypedBurst(suffixless=True)
        assert keys(collector, "DB2026", gap=200) == ["DB2026"]

    def test_with_suffix_silence_ends_nothing(self) -> None:
        collector = TypedBurst()
        keys(collector, EAN, end="")
        assert collector.tick(60_000) == []


def test_a_wedge_on_a_real_terminal() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    codes = [f"DB20260120{i:03d}" for i in range(200)]
    worker = threading.Thread(target=lambda: [type_into(master, code) for code in codes])
    worker.start()
    collector, got = TypedBurst(), []
    while len(got) < len(codes):
        assert select.select([slave], [], [], 5)[0], f"only {len(got)} codes arrived"
        now = time.monotonic_ns() // 1_000_000
        for key in os.read(slave, 4096).decode():
            got += collector.key(key, now)
    worker.join()
    os.close(master)
    os.close(slave)
    assert got == codes
