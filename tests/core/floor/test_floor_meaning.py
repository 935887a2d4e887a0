"""What a scanned text is."""

import pytest

from core.floor.commands import Command
from core.floor.meaning import Kind, classify, number_in
from tests.core.floor.bench_world import BLUE, CUP, LI, NUMBER, RED, Shelf


def kinds(text, shelf=None):
    return [meaning.kind for meaning in classify(text, shelf or Shelf())]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("PKDONE1", Kind.COMMAND),
        ("pkdone1", Kind.COMMAND),
        ("BG0001", Kind.BADGE),
        ("STBENCH2", Kind.STATION),
        (NUMBER, Kind.ORDER),
        (f"PL1|{NUMBER}|SKU:2|note", Kind.ORDER),
        ("TT001", Kind.TOTE),
        ("A-01", Kind.BIN),
        ("SF1234567890123", Kind.WAYBILL),
        ("6901234567892", Kind.PRODUCT),
        ("@@??", Kind.UNKNOWN),
    ],
)
def test_each_kind(text, kind):
    assert kinds(text) == [kind]


def test_a_command_wins_over_a_product_with_the_same_code():
    shelf = Shelf(codes={"PKDONE1": (RED,)})
    assert kinds("PKDONE1", shelf) == [Kind.COMMAND]


def test_a_registered_badge_may_be_any_text():
    shelf = Shelf(badges={"6901234567892": LI})
    assert kinds("6901234567892", shelf) == [Kind.BADGE]


def test_two_products_with_one_code_are_both_told():
    assert [m.value for m in classify("X1", Shelf())] == [RED, CUP]


def test_a_bin_that_is_also_a_product_is_both():
    shelf = Shelf(codes={"A-01": (BLUE,)})
    assert kinds("A-01", shelf) == [Kind.BIN, Kind.PRODUCT]


def test_the_parcel_count_of_a_jd_label_is_left_out():
    shelf = Shelf(waybills={"JD0012345678901": None})
    shelf.waybills["JD0012345678901"] = Shelf().waybills["SF1234567890123"]
    assert kinds("JD0012345678901-1-1-", shelf) == [Kind.WAYBILL]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("PKZZZ99", Kind.COMMAND),
        ("BG7777", Kind.BADGE),
        ("SF1234567890999", Kind.WAYBILL),
        ("4006381333931", Kind.PRODUCT),
        ("DB20260120777", Kind.ORDER),
    ],
)
def test_what_nobody_registered_is_named_by_its_form(text, kind):
    (meaning,) = classify(text, Shelf())
    assert (meaning.kind, meaning.value) == (kind, None)


def test_next_and_box_bring_what_they_speak_of():
    (following,) = classify("PKNEXT1", Shelf())
    assert following.opening.number == NUMBER
    (box,) = classify("PKBOX03", Shelf())
    assert (box.value.command, box.box.tare_g) == (Command.BOX, 100)


def test_internal_numbers_grow_past_three_digits():
    assert number_in("DB202601201000") == "DB202601201000"
    assert number_in("DB2026012001") is None
    assert number_in("PL1|db20260120001|x") == NUMBER
