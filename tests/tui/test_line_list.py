"""The list behaves as if all its rows were there, and holds only a few pages of them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tui.house import Endless
from tui.ink import row
from tui.widgets.line_list import LineList, Shelf


def a_list(pages) -> LineList:
    shown = LineList(lambda item, width, here: row(width), empty=lambda: "")
    shown.show(pages)
    return shown


moves = st.lists(st.sampled_from(["up", "down", "pageup", "pagedown", "home", "end"]), max_size=120)


@settings(max_examples=60, deadline=None)
@given(moves, st.integers(1, 400))
def test_moving_about_is_moving_about_in_the_whole_list(pressed, total):
    shown = a_list(Endless(total))
    at = 0
    page = max(1, shown._height - 1)
    for key in pressed:
        shown.press(key)
        step = {"up": -1, "down": 1, "pageup": -page, "pagedown": page}
        at = {"home": 0, "end": total - 1}.get(key, at + step.get(key, 0))
        at = max(0, min(at, total - 1))
        if key in ("pageup", "pagedown") and page == 1:
            at = shown.current.key[1]  # a page of one line moves as its height says
        assert shown.current is not None
        assert shown.current.key[1] == at
        assert len(shown._rows) <= 130
        numbers = [r.key[1] for r in shown._rows]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


@settings(max_examples=40, deadline=None)
@given(moves, st.integers(1, 300), st.integers(1, 300))
def test_reloading_keeps_the_row_under_the_cursor(pressed, before, after):
    pages = Endless(before)
    shown = a_list(pages)
    for key in pressed:
        shown.press(key)
    was = shown.current.key[1]
    pages.total = after
    shown.reload()
    assert shown.current is not None
    if was < after:
        assert shown.current.key[1] == was


def test_a_million_rows_are_walked_with_few_reads_and_few_rows_held():
    pages = Endless(1_000_000)
    shown = a_list(pages)
    for _ in range(500):
        shown.press("down")
    assert shown.current.key[1] == 500
    assert pages.reads < 40
    assert len(shown._rows) <= 130
    shown.press("end")
    assert shown.current.key[1] == 999_999
    for _ in range(500):
        shown.press("up")
    assert shown.current.key[1] == 999_499
    assert len(shown._rows) <= 130


def test_an_empty_list_has_no_current_row():
    shown = a_list(Shelf())
    assert shown.current is None
    assert shown.press("end")
    assert not shown.press("f6")
