"""Expected weight, tolerance, and the item that explains a difference."""

from hypothesis import given
from hypothesis import strategies as st

from core.floor.weight import Part, Tolerance, expected, explain, fits, learn

RED, CUP = Part(1, "RED", 2, 200), Part(2, "CUP", 1, 350)
RULE = Tolerance(30, 30)


def test_expected_is_contents_and_box():
    assert expected([RED, CUP], 100) == 850


def test_one_unknown_weight_makes_the_parcel_unknown():
    assert expected([RED, Part(3, "NEW", 1, None)], 0) is None


def test_units_that_told_their_own_weight_need_no_known_one():
    assert expected([Part(4, "PORK", 2, None, coded_units=2, coded_g=1015)], 0) == 1015


def test_tolerance_is_the_larger_of_grams_and_share():
    assert RULE.grams(500) == 30
    assert RULE.grams(5000) == 150
    assert fits(530, 500, RULE)
    assert not fits(531, 500, RULE)


def test_a_missing_item_is_named():
    (suspect,) = explain([RED, CUP], 405, 750, RULE)
    assert (suspect.sku, suspect.missing, suspect.rest_g) == ("CUP", True, 5)


def test_an_extra_item_is_named():
    (suspect,) = explain([RED, CUP], 955, 750, RULE)
    assert (suspect.sku, suspect.missing) == ("RED", False)


def test_nothing_is_named_when_no_single_item_fits():
    assert explain([RED, CUP], 2000, 750, RULE) == ()


def test_the_best_explanation_comes_first():
    parts = [Part(1, "A", 1, 100), Part(2, "B", 1, 112)]
    assert [s.sku for s in explain(parts, 102, 212, RULE)] == ["B", "A"]


def test_a_parcel_with_one_unknown_product_teaches_its_weight():
    assert learn([RED, Part(3, "NEW", 3, None)], 100, 801) == (3, 100)


def test_two_unknown_products_teach_nothing():
    assert learn([Part(3, "NEW", 3, None), Part(4, "ALSO", 1, None)], 0, 800) is None


def test_a_parcel_lighter_than_its_known_part_teaches_nothing():
    assert learn([RED, Part(3, "NEW", 1, None)], 0, 390) is None


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3000)), min_size=1, max_size=6),
    st.integers(0, 500),
    st.data(),
)
def test_taking_one_unit_out_is_always_noticed_or_explained(goods, tare, data):
    parts = [Part(i, f"S{i}", units, grams) for i, (units, grams) in enumerate(goods)]
    wanted = expected(parts, tare)
    gone = data.draw(st.sampled_from(parts))
    actual = wanted - gone.unit_g
    if not fits(actual, wanted, RULE):
        best = explain(parts, actual, wanted, RULE)[0]
        assert best.missing
        assert best.rest_g == 0
