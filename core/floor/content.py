"""What is in a code, judged by its text alone: product numbers, GS1 fields, weights, waybills.

Text alone is weak evidence: one random 13-digit number in ten passes as a product number. So
nothing here decides; the floor asks for what the step expects first and comes here for the rest.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from core.errors import Problem

# --- product numbers -----------------------------------------------------------------------------


def check_digit(digits: str) -> str:
    """The GS1 check digit for the digits before it (GTIN of any length, SSCC, in-store codes)."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return str(-total % 10)


def gtin14(text: str) -> str | None:
    """A GTIN-8, -12, -13 or -14 as the 14 digits that are stored; None when it is none."""
    if not re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", text) or not text.strip("0"):
        return None
    return text.zfill(14) if check_digit(text[:-1]) == text[-1] else None


def expand_upc_e(text: str) -> str | None:
    """The UPC-A (12 digits) that an 8-digit UPC-E abbreviates; None when it is none."""
    if not re.fullmatch(r"[01][0-9]{7}", text):
        return None
    system, a, b, c, d, e, last, _ = tuple(text)
    if last in "012":
        body = a + b + last + "0000" + c + d + e
    elif last == "3":
        body = a + b + c + "00000" + d + e
    elif last == "4":
        body = a + b + c + d + "00000" + e
    else:
        body = a + b + c + d + e + "0000" + last
    return system + body + text[7] if check_digit(system + body) == text[7] else None


def gtins(text: str, symbology: str = "") -> tuple[str, ...]:
    """Every 14-digit product number the text can mean, the likelier first.

    Eight digits may be an EAN-8 or a UPC-E; the AIM identifier ``E4`` says EAN-8. A GS1 text
    gives the number of its field 01 or 02.
    """
    fields = gs1(text, symbology)
    if fields is not None:
        return (fields.gtin,) if fields.gtin else ()
    plain = gtin14(text)
    long = expand_upc_e(text) if symbology != "E4" else None
    found = (plain, long.zfill(14) if long else None)
    return tuple(dict.fromkeys(number for number in found if number))


# --- GS1 element strings -------------------------------------------------------------------------

_GS = "\x1d"
_GS1_SYMBOLOGIES = {"C1", "e0", "d2", "Q3", "J1"}
_BRACKETED = re.compile(r"(?:\((?:\d{2,4})\)[^()]+)+")
_FIXED = {"00": 20, "01": 16, "02": 16, "03": 16, "04": 18, "20": 4, "41": 16}
_FIXED |= {f"{ai}": 8 for ai in range(11, 20)} | {f"{ai}": 10 for ai in range(31, 37)}
"""Lengths, identifier included, of the fields that need no separator after them (GS1 General
Specifications, figure 7.8.5-2); every other field runs to the next separator."""


@dataclass(frozen=True, slots=True)
class Gs1:
    """The fields of a GS1 code that a warehouse uses; "" or None when absent."""

    gtin: str = ""
    """(01), or (02) for what a logistic unit contains; 14 digits."""
    sscc: str = ""
    """(00): the number of a logistic unit, 18 digits."""
    batch: str = ""
    """(10)."""
    expires: str = ""
    """(17) as ``YYMMDD``; day ``00`` means the end of the month."""
    serial: str = ""
    """(21)."""
    count: int | None = None
    """(30) or (37): units of a variable-count item, or inside a logistic unit."""
    net_weight_g: int | None = None
    """(310x)."""


def gs1(text: str, symbology: str = "") -> Gs1 | None:
    """The fields of a GS1 element string; None when the text is not marked as one or is broken.

    Marked means: the AIM identifier says so, the text starts with the separator, or it is written
    out with brackets as in ``(01)06901234567892(10)A1``.
    """
    if _BRACKETED.fullmatch(text):
        pairs = re.findall(r"\((\d{2,4})\)([^()]+)", text)
        elements: Iterable[str] = (identifier + value for identifier, value in pairs)
    elif symbology in _GS1_SYMBOLOGIES or text.startswith(_GS):
        elements = _elements(text)
    else:
        return None
    fields: Gs1 | None = Gs1()
    for element in elements:
        fields = _with_field(fields, element) if fields else None
    return fields if fields != Gs1() else None


def _elements(text: str) -> Iterator[str]:
    """The fields, each with its identifier in front."""
    while text := text.lstrip(_GS):
        size = _FIXED.get(text[:2]) or (text + _GS).index(_GS)
        yield text[:size]
        text = text[size:]


def _with_field(fields: Gs1, element: str) -> Gs1 | None:
    """The fields with one more; None when the element is not valid."""
    identifier, value = element[:2], element[2:]
    size = _FIXED.get(identifier)
    if not value or (size and (len(element) != size or not _digits(element))):
        return None
    if identifier in ("01", "02"):
        number = gtin14(value)
        return replace(fields, gtin=number) if number else None
    if identifier == "00":
        valid = check_digit(value[:-1]) == value[-1]
        return replace(fields, sscc=value) if valid else None
    if identifier == "10":
        return replace(fields, batch=value)
    if identifier == "17":
        return replace(fields, expires=value) if _is_date(value) else None
    if identifier == "21":
        return replace(fields, serial=value)
    if identifier in ("30", "37"):
        return replace(fields, count=int(value)) if _digits(value) and len(value) <= 8 else None
    if element.startswith("310"):
        return replace(fields, net_weight_g=_grams(int(value[2:]), int(value[1])))
    return fields


def _grams(number: int, decimals: int) -> int:
    """A (310x) weight, kilograms with so many decimals, as whole grams, half rounded up."""
    if decimals <= 3:
        return int(number * 10 ** (3 - decimals))
    unit = int(10 ** (decimals - 3))
    return (number + unit // 2) // unit


def _digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _is_date(text: str) -> bool:
    return 1 <= int(text[2:4]) <= 12 and int(text[4:]) <= 31


# --- in-store codes ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InStore:
    """What a shop's own scale printed on the bag."""

    item: str
    """The shop's item number, the digits at ``I``."""
    weight_g: int | None = None
    price_cents: int | None = None


@dataclass(frozen=True, slots=True)
class InStorePattern:
    """How a shop lays its in-store codes out, e.g. ``21IIIIIWWWWWC``.

    Digits stand for themselves, ``I`` item number, ``W`` grams, ``P`` price in fen, ``C`` check
    digit (last), ``X`` anything.
    """

    pattern: str

    def __post_init__(self) -> None:
        """Raises Problem ``scanner.bad_pattern``."""
        good = re.fullmatch(r"[0-9]{1,3}(?=.*I)(?:X|I|W|P)+C?", self.pattern)
        if not good or any(len(re.findall(f"{kind}+", self.pattern)) > 1 for kind in "IWP"):
            raise Problem("scanner.bad_pattern", pattern=self.pattern, example="21IIIIIWWWWWC")

    def read(self, text: str) -> InStore | None:
        """The parts of a code laid out so; None when it is not."""
        if len(text) != len(self.pattern) or not _digits(text):
            return None
        fixed = self.pattern.rstrip("XIWPC")
        if not text.startswith(fixed):
            return None
        if self.pattern.endswith("C") and check_digit(text[:-1]) != text[-1]:
            return None
        weight, price = self._part(text, "W"), self._part(text, "P")
        return InStore(
            self._part(text, "I"), int(weight) if weight else None, int(price) if price else None
        )

    def _part(self, text: str, kind: str) -> str:
        return "".join(
            digit for digit, mark in zip(text, self.pattern, strict=True) if mark == kind
        )


def in_store(text: str, patterns: Iterable[InStorePattern]) -> InStore | None:
    """The first pattern's reading that fits."""
    return next((read for pattern in patterns if (read := pattern.read(text))), None)


# --- waybills ------------------------------------------------------------------------------------

_JD_BOX = re.compile(r"(JD[0-9A-Z]+?)-\d+-\d+-?")
_WAYBILLS = {
    "sf": re.compile(r"SF[0-9A-Z]\d{12}"),
    "yto": re.compile(r"YT\d{13}"),
    "zto": re.compile(r"7[3-68]\d{12}"),
    "sto": re.compile(r"(?:77|43)\d{12,15}"),
    "yunda": re.compile(r"[34]\d{14}|5\d{12}"),
    "jt": re.compile(r"JT\d{13}"),
    "jd": re.compile(r"JD[0-9A-Z]{2}\d{11}"),
    "ems": re.compile(r"[981]\d{12}|P[A-Z]\d{11}|[A-Z]{2}\d{9}[A-Z]{2}"),
    "deppon": re.compile(r"DPK\d{12}"),
    "cainiao": re.compile(r"621\d{12}"),
}


def waybill_number(text: str) -> str:
    """A scanned waybill as it is stored: capitals, and without JD's box suffix ``-1-1-``."""
    number = text.strip().upper()
    box = _JD_BOX.fullmatch(number)
    return box.group(1) if box else number


def waybill_hints(text: str) -> tuple[str, ...]:
    """Carriers whose waybills look like this, for wording only; several share plain digits.

    The carrier of a parcel is known from its bought waybill, never from the number.
    """
    number = waybill_number(text)
    if not number.isascii():
        return ()
    return tuple(code for code, pattern in _WAYBILLS.items() if pattern.fullmatch(number))
