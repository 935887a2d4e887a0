"""What is in a code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Problem
from core.floor.content import (
    Gs1,
    InStore,
    InStorePattern,
    check_digit,
    expand_upc_e,
    gs1,
    gtin14,
    gtins,
    in_store,
    waybill_hints,
    waybill_number,
)

EAN = "6901234567892"
EAN14 = "06901234567892"


class TestGtin:
    @pytest.mark.parametrize(
        ("text", "stored"),
        [
            (EAN, EAN14),
            ("96385074", "00000096385074"),
            ("036000291452", "00036000291452"),
            ("0036000291452", "00036000291452"),
            ("16901234567899", "16901234567899"),
        ],
    )
    def test_every_length_is_stored_as_14_digits(self, text: str, stored: str) -> None:
        assert gtin14(text) == stored

    @pytest.mark.parametrize(
        "text",
        [
            "6901234567893",
            "",
            "690",
            "69012345678929",
            "0000000000000",
            "６９０１２３４５６７８９２",
            "A901234567892",
        ],
    )
    def test_what_is_none(self, text: str) -> None:
        assert gtin14(text) is None

    @given(st.integers(1, 10**13 - 1))
    def test_one_wrong_digit_is_always_noticed(self, number: int) -> None:
        body = f"{number:013d}"
        code = body + check_digit(body)
        assert gtin14(code) == code
        for place, digit in enumerate(code):
            other = code[:place] + str((int(digit) + 3) % 10) + code[place + 1 :]
            assert gtin14(other) is None

    @pytest.mark.parametrize(
        ("short", "long"),
        [
            ("0123450", "01200000345"),
            ("0123451", "01210000345"),
            ("1123452", "11220000345"),
            ("0123453", "01230000045"),
            ("0123454", "01234000005"),
            ("0123457", "01234500007"),
            ("0425261", "04210000526"),
        ],
    )
    def test_upc_e_by_its_last_digit(self, short: str, long: str) -> None:
        check = check_digit(long)
        assert expand_upc_e(short + check) == long + check
        assert expand_upc_e(short + str((int(check) + 1) % 10)) is None

    def test_upc_e_from_the_book(self) -> None:
        assert expand_upc_e("04252614") == "042100005264"

    def test_eight_digits_may_mean_two_products(self) -> None:
        both = next(
            text
            for number in range(123456, 10**7)
            if gtin14(text := f"{number:07d}" + check_digit(f"{number:07d}")) and expand_upc_e(text)
        )
        assert len(gtins(both)) == 2
        assert gtins(both, "E4") == (both.zfill(14),)

    def test_candidates_of_other_codes(self) -> None:
        assert gtins(EAN) == (EAN14,)
        assert gtins("04252614") == ("00042100005264",)
        assert gtins("\x1d01" + EAN14 + "10A1") == (EAN14,)
        assert gtins("DB20260120001") == gtins("") == ()


class TestGs1:
    FULL = "01" + EAN14 + "17260731" + "10LOT-7\x1d21SN9\x1d30" + "12"
    FIELDS = Gs1(gtin=EAN14, expires="260731", batch="LOT-7", serial="SN9", count=12)

    def test_marked_by_identifier_separator_or_brackets(self) -> None:
        for symbology in ("C1", "d2", "Q3", "e0", "J1"):
            assert gs1(self.FULL, symbology) == self.FIELDS
        assert gs1("\x1d" + self.FULL) == self.FIELDS
        written = f"(01){EAN14}(17)260731(10)LOT-7(21)SN9(30)12"
        assert gs1(written) == self.FIELDS

    def test_digits_that_nobody_marked_are_no_fields(self) -> None:
        assert gs1(self.FULL) is None
        assert gs1("9787111213826") is None
        assert gs1(self.FULL, "Q1") is None

    @pytest.mark.parametrize(
        ("element", "grams"),
        [
            ("3103001250", 1250),
            ("3102000125", 1250),
            ("3100000003", 3000),
            ("3104012345", 1235),
            ("3105012344", 123),
        ],
    )
    def test_net_weight_in_grams(self, element: str, grams: int) -> None:
        assert gs1("01" + EAN14 + element, "C1") == Gs1(gtin=EAN14, net_weight_g=grams)

    def test_a_pallet(self) -> None:
        sscc = "106901234000000001"
        sscc = sscc[:-1] + check_digit(sscc[:-1])
        assert gs1(f"00{sscc}02{EAN14}3724", "C1") == Gs1(gtin=EAN14, sscc=sscc, count=24)

    def test_fields_a_warehouse_does_not_use_are_passed_over(self) -> None:
        text = f"240AB\x1d11260101{'4106901234567892'}01{EAN14}8005000199\x1d10B"
        assert gs1(text, "C1") == Gs1(gtin=EAN14, batch="B")

    @pytest.mark.parametrize(
        "broken",
        [
            "0106901234567893",
            "010690123",
            "01" + EAN14 + "17261331",
            "01" + EAN14 + "17260732",
            "01" + EAN14 + "10",
            "01" + EAN14 + "30AB",
            "01" + EAN14 + "3103 12.5",
            "00106901234000000001",
            "10",
            "",
        ],
    )
    def test_a_broken_field_spoils_the_whole(self, broken: str) -> None:
        assert gs1(broken, "C1") is None

    @given(st.text("0123()\x1d789A", max_size=40), st.sampled_from(["", "C1", "Q3"]))
    def test_any_text_is_survived(self, text: str, symbology: str) -> None:
        fields = gs1(text, symbology)
        assert fields is None or fields != Gs1()
        gtins(text, symbology)


class TestInStore:
    WEIGHT = InStorePattern("21IIIIIWWWWWC")

    @staticmethod
    def printed(body: str) -> str:
        return body + check_digit(body)

    def test_item_and_grams(self) -> None:
        assert self.WEIGHT.read(self.printed("210012301250")) == InStore("00123", weight_g=1250)

    def test_price_and_both(self) -> None:
        price = InStorePattern("22IIIIIPPPPPC")
        both = InStorePattern("25IIIIIWWWWWPPPPPC")
        assert in_store(self.printed("220012300995"), [self.WEIGHT, price]) == InStore(
            "00123", price_cents=995
        )
        assert both.read(self.printed("25001230125000995")) == InStore("00123", 1250, 995)

    def test_what_does_not_fit(self) -> None:
        good = self.printed("210012301250")
        wrong_check = good[:-1] + str((int(good[-1]) + 1) % 10)
        for text in (wrong_check, good[:-1], "2" + good, "22" + good[2:], "21ABCDE012507", ""):
            assert in_store(text, [self.WEIGHT]) is None

    def test_zero_grams_is_a_weight(self) -> None:
        assert self.WEIGHT.read(self.printed("210012300000")) == InStore("00123", weight_g=0)

    @pytest.mark.parametrize(
        "pattern", ["", "IIIIIWWWWWC", "21WWWWWC", "21IIIIIWWWWWCC", "21IIWWWII", "21iiiiiwwwwwc"]
    )
    def test_a_pattern_that_is_none(self, pattern: str) -> None:
        with pytest.raises(Problem) as refused:
            InStorePattern(pattern)
        assert refused.value.message.data["pattern"] == pattern


class TestWaybills:
    @pytest.mark.parametrize(
        ("number", "carriers"),
        [
            ("SF1234567890123", ("sf",)),
            ("SFA123456789012", ("sf",)),
            ("sf1234567890123", ("sf",)),
            ("YT1234567890123", ("yto",)),
            ("78123456789012", ("zto",)),
            ("770123456789012", ("sto",)),
            ("430123456789012", ("sto", "yunda")),
            ("462598779470531", ("yunda",)),
            ("JT0006968326954", ("jt",)),
            ("JDVA11408814483", ("jd",)),
            ("JDVA11408814483-1-1-", ("jd",)),
            ("EA123456789CN", ("ems",)),
            ("DPK123456789012", ("deppon",)),
            ("621123456789012", ("cainiao",)),
            ("DB20260120001", ()),
            (EAN, ()),
            ("SF123456789012", ()),
            ("SF１２３４５６７８９０１２３", ()),
            ("", ()),
        ],
    )
    def test_hints(self, number: str, carriers: tuple[str, ...]) -> None:
        assert waybill_hints(number) == carriers

    def test_the_box_suffix_of_jd_is_no_part_of_the_number(self) -> None:
        for scanned in ("JDVA11408814483-1-1-", "JDVA11408814483-2-3", " jdva11408814483 "):
            assert waybill_number(scanned) == "JDVA11408814483"
        assert waybill_number("SF1234567890123") == "SF1234567890123"
