"""Lines are exactly as wide as they say, whatever is written on them."""

import unicodedata
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from tui import glyphs
from tui.exact import ExactUpdate
from tui.ink import cut, ends, fit, measure, pad, plain, row, safe, wrap
from tui.widgets.canvas import changed_spans

texts = st.text(max_size=40) | st.text(alphabet="中文ab 12-，\u200d\u202e\x1b[\u0301", max_size=40)
widths = st.integers(0, 30)


@given(texts)
def test_safe_text_carries_no_control_and_no_direction(text):
    for char in safe(text):
        assert unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp")
        assert char not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200d"


@given(texts, widths, st.sampled_from("<>^"))
def test_padding_is_exact(text, width, align):
    assert cell_len(pad(text, width, align)) == width


@given(texts, widths)
def test_fitting_never_overflows_and_shows_that_it_cut(text, width):
    fitted = fit(text, width)
    assert cell_len(fitted) <= width
    if width and cell_len(safe(text)) > width:
        assert fitted.endswith("…")


@given(texts, st.integers(2, 30), st.integers(1, 5))
def test_wrapping_keeps_to_its_box(text, width, rows):
    lines = wrap(text, width, rows)
    assert len(lines) <= rows
    assert all(cell_len(line) <= width for line in lines)


@given(st.text(alphabet="abc 中文，", max_size=60))
def test_wrapping_with_room_loses_no_character(text):
    joined = "".join(wrap(text, 7, 99))
    assert joined.replace(" ", "") == safe(text).replace(" ", "")


@given(st.lists(st.tuples(texts, st.just("text"))), widths)
def test_a_row_is_exact(pieces, width):
    assert measure(row(width, *pieces)) == width
    assert measure(cut([(safe(t), s) for t, s in pieces], width)) <= width


@given(texts, texts, st.integers(1, 40))
def test_both_ends_of_a_line_fit(left, right, width):
    assert measure(ends(width, [(left, "text")], [(right, "text")], "text")) == width


cells = st.text(alphabet="ab中文 ", min_size=0, max_size=20)


@given(cells, cells)
def test_changed_spans_repair_the_old_line(old, new):
    width = 40
    a, b = row(width, (old, "text")), row(width, (new, "text"))
    spans = changed_spans(a, b)
    assert (spans == []) == (plain(a) == plain(b))

    def cells_of(line):
        return [c for char in plain(line) for c in [char, *[""] * (cell_len(char) - 1)]]

    before, after = cells_of(a), cells_of(b)
    for x, size in spans:
        before[x : x + size] = after[x : x + size]
        assert after[x]  # never the second half of a wide character
        assert x + size == width or after[x + size]
    assert before == after


def test_every_character_of_a_code_is_drawn_differently():
    drawn = {glyphs.big(c, 2) for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_./:+×#"}
    assert len(drawn) == 44


def test_drawings_have_the_size_they_promise():
    for scale in (1, 2, 3, 4):
        rows = glyphs.big("A-03-12", scale)
        assert len(rows) == glyphs.rows_at(scale)
        assert {len(line) for line in rows} == {glyphs.pixel_width("A-03-12") * scale}


def test_the_largest_fitting_scale_is_chosen():
    assert glyphs.best_scale("A-03-12", 54, 5) == 2
    assert glyphs.best_scale("A-03-12", 53, 5) == 1
    assert glyphs.best_scale("A-03-12", 20, 5) == 0
    assert glyphs.best_scale("雾蓝", 80, 10) == 0


def test_only_what_differs_is_written():
    console = Console(file=StringIO(), color_system=None)
    line = Strip([Segment("已 13 / 共 999")], 14)
    written = ExactUpdate([{0: line}], [(0, 3, 5), (0, 11, 14)], [[14]]).render_segments(console)
    assert written == "\x1b[1;4H13\x1b[1;12H999"
