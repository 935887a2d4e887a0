"""Key events of a wedge into codes."""

import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.scanners.keys import EV_KEY, EVENT, AltNumpad, KeyDecoder
from drivers.scanners.layouts import LAYOUTS
from drivers.simulated.scanner import SimulatedKeys, alt_number, dropped, event, tap

EAN = "6901234567892"


def press(code: int, value: int = 1, at: float = 0.0) -> bytes:
    return event(EV_KEY, code, value, at)


@pytest.fixture
def wedge(tmp_path: Path):
    made: list[SimulatedKeys] = []

    def make(layout: str = "us") -> SimulatedKeys:
        made.append(SimulatedKeys(tmp_path / f"event-{len(made)}", layout))
        return made[-1]

    yield make
    for one in made:
        one.close()


def typed(keys: SimulatedKeys, text: str) -> bytes:
    """The bytes a wedge writes for a code."""
    reader = os.open(keys.path, os.O_RDONLY | os.O_NONBLOCK)
    keys.scan(text)
    data = os.read(reader, 65536)
    os.close(reader)
    return data


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_every_printable_character_in_every_layout(wedge, layout: str) -> None:
    text = "".join(map(chr, range(33, 127)))
    data = typed(wedge(layout), text)
    assert KeyDecoder(layout).feed(data) == [text]


def test_letters_of_the_country_and_of_none(wedge) -> None:
    for layout, text in (("de", "Größe-Ä^´`"), ("fr", "éèçàù^¨²"), ("us", "货位é")):
        assert KeyDecoder(layout).feed(typed(wedge(layout), text)) == [text]


def test_the_wrong_country_shows_as_the_well_known_swap(wedge) -> None:
    assert KeyDecoder("de").feed(typed(wedge("us"), "YZ-1")) == ["ZYß1"]


def test_an_accent_joins_its_letter() -> None:
    assert KeyDecoder("de").feed(tap(13) + tap(18) + tap(28)) == ["é"]
    assert KeyDecoder("fr").feed(tap(26, 42) + tap(23) + tap(28)) == ["ï"]
    assert KeyDecoder("de").feed(tap(41) + tap(45) + tap(28)) == ["^x"]


def test_caps_lock_turns_letters_only() -> None:
    keys = tap(58) + tap(30) + tap(30, 42) + tap(2) + tap(2, 42) + tap(58) + tap(30) + tap(28)
    assert KeyDecoder().feed(keys) == ["Aa1!a"]


def test_keypad_digits_and_keypad_enter() -> None:
    keys = tap(71) + tap(82) + tap(98) + tap(78) + tap(74) + tap(83) + tap(55) + tap(96)
    assert KeyDecoder().feed(keys) == ["70/+-.*"]


def test_tab_ends_a_code_and_empty_ends_give_nothing() -> None:
    assert KeyDecoder().feed(tap(30) + tap(15) + tap(28) + tap(48) + tap(28)) == ["a", "b"]


def test_repeats_are_no_characters() -> None:
    held = press(30) + press(30, 2) * 5 + press(30, 0)
    assert KeyDecoder().feed(held + tap(28)) == ["a"]


def test_group_separator(wedge) -> None:
    text = "010690123456789210A1\x1d21S1"
    assert KeyDecoder().feed(typed(wedge(), text)) == [text]
    assert KeyDecoder().feed(tap(30) + alt_number(29) + tap(30) + tap(28)) == ["a\x1da"]
    assert KeyDecoder("de").feed(tap(30) + tap(27, 29) + tap(30) + tap(28)) == ["a\x1da"]


class TestAltNumpad:
    def test_code_points(self) -> None:
        assert KeyDecoder().feed(alt_number(ord("货")) + tap(2) + tap(28)) == ["货1"]

    def test_gbk_as_one_number_or_two(self) -> None:
        high, low = "货".encode("gbk")
        for keys in (alt_number(high << 8 | low), alt_number(high) + alt_number(low)):
            assert KeyDecoder(alt_numpad=AltNumpad.GBK).feed(keys + tap(2) + tap(28)) == ["货1"]

    def test_gbk_whose_second_byte_is_a_letter(self) -> None:
        high, low = "乗".encode("gbk")
        keys = alt_number(high) + alt_number(low) + tap(28)
        assert low < 0x80
        assert KeyDecoder(alt_numpad=AltNumpad.GBK).feed(keys) == ["乗"]

    def test_utf8_bytes(self) -> None:
        keys = b"".join(alt_number(byte) for byte in "A货é".encode())
        assert KeyDecoder(alt_numpad=AltNumpad.UTF8).feed(keys + tap(28)) == ["A货é"]

    def test_carriage_return_typed_so_ends_the_code(self) -> None:
        assert KeyDecoder().feed(tap(30) + alt_number(13)) == ["a"]

    def test_impossible_numbers(self) -> None:
        keys = alt_number(0xD800) + alt_number(9_999_999) + alt_number(123456789) + tap(30)
        assert KeyDecoder().feed(keys + tap(28)) == ["\ufffd\ufffda"]


class TestDropped:
    def test_the_code_with_a_hole_is_thrown_away_and_counted(self) -> None:
        decoder = KeyDecoder()
        holed = tap(30, at=1) + dropped(1) + tap(31, at=1) + tap(28, at=1)
        assert decoder.feed(holed + tap(48, at=2) + tap(28, at=2)) == ["b"]
        assert decoder.lost == 1

    def test_when_its_end_was_dropped_too_the_next_code_is_whole(self) -> None:
        decoder = KeyDecoder()
        assert decoder.feed(tap(30, at=1) + dropped(1) + tap(31, at=1.01)) == []
        assert decoder.feed(tap(48, at=2) + tap(28, at=2)) == ["b"]

    def test_a_shift_whose_release_was_dropped_is_not_held_for_ever(self) -> None:
        decoder = KeyDecoder()
        decoder.feed(press(42) + press(30) + dropped(1))
        assert decoder.feed(tap(48, at=2) + tap(28, at=2)) == ["b"]


class TestTorn:
    @given(st.lists(st.integers(0, 2000), max_size=12))
    def test_however_the_events_are_cut_the_code_is_the_same(self, cuts: list[int]) -> None:
        data = b"".join(tap(code) for code in (2, 3, 4, 30, 28, 48, 28))
        edges = [0, *sorted(cut % len(data) for cut in cuts), len(data)]
        decoder = KeyDecoder()
        pieces = (data[a:b] for a, b in itertools.pairwise(edges))
        assert [code for piece in pieces for code in decoder.feed(piece)] == ["123a", "b"]
        assert decoder.lost == 0

    def test_a_stream_out_of_step_finds_its_feet(self) -> None:
        decoder = KeyDecoder()
        now, later = 1_790_000_000.5, 1_790_000_001.5
        data = b"\xff" * 7 + tap(30, at=now) + tap(28, at=now) + tap(48, at=later)
        assert decoder.feed(data + tap(28, at=later))[-1:] == ["b"]
        assert decoder.lost == 1

    @given(st.lists(st.binary(max_size=100), max_size=10))
    def test_any_bytes_are_survived(self, reads: list[bytes]) -> None:
        decoder = KeyDecoder()
        for read in reads:
            decoder.feed(read)
            decoder.idle(100)

    @given(st.lists(st.tuples(st.integers(0, 120), st.integers(0, 2)), max_size=80))
    def test_any_keys_are_survived(self, keys: list[tuple[int, int]]) -> None:
        data = b"".join(press(code, value) for code, value in keys)
        for layout in LAYOUTS:
            for code in KeyDecoder(layout, AltNumpad.GBK).feed(data):
                assert code


def test_without_suffix_silence_ends_a_code() -> None:
    decoder = KeyDecoder(suffix=False)
    assert decoder.feed(tap(30)) == []
    assert decoder.pending
    assert decoder.idle(50) == []
    assert decoder.idle(100) == ["a"]


def test_an_event_has_24_bytes_on_a_64_bit_machine() -> None:
    assert EVENT.size == 24
