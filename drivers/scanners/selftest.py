"""The self-test sheet: five codes that prove a scanner's settings, and what a wrong reading means.

Every code begins with letters that no keyboard layout moves, so that a misread one is still known
for what it is.
"""

from dataclasses import dataclass

from core.messages import Message, message

MARK = "PLTEST"
_AZERTY_DIGITS = dict(zip("&é\"'(", "12345", strict=True))
_FRENCH = str.maketrans("qwazQWAZ", "azqwAZQW")
_GERMAN = str.maketrans("yzYZ", "zyZY")


@dataclass(frozen=True, slots=True)
class Proof:
    """One code of the sheet."""

    code: str
    name: str
    """What it proves; the words stand in the catalogue as ``selftest.card.NAME``."""
    square: bool = False
    """Printed as a QR code: a bar code cannot hold it."""


SHEET = (
    Proof(f"{MARK}1-0123456789", "digits"),
    Proof(f"{MARK}2-aBcDeF", "case"),
    Proof(f"{MARK}3-qwerty-QWAZ/_", "layout"),
    Proof(f"{MARK}4-01\x1d10\x1d99", "gs", square=True),
    Proof(f"{MARK}5-中文测试", "hanzi", square=True),
)


def judge(text: str) -> Message | None:
    """What a reading says about the scanner's settings; None when it is no code of the sheet."""
    upper = text.upper()
    at = upper.find(MARK)
    if at < 0 or len(text) <= at + len(MARK):
        return None
    if upper.count(MARK) > 1:
        return message("selftest.joined")
    which = text[at + len(MARK)]
    number = _AZERTY_DIGITS.get(which, which)
    if number not in "12345":
        return None
    proof, name = SHEET[int(number) - 1], message(f"selftest.card.{SHEET[int(number) - 1].name}")
    if text == proof.code:
        return message("selftest.well", name=name)
    if at > 0 and text[at:] == proof.code:
        return message("selftest.prefix", extra=text[:at])
    return message(_fault(text[at:], proof, which), name=name)


def _fault(text: str, proof: Proof, which: str) -> str:
    """Which setting makes that reading out of the code."""
    if which in _AZERTY_DIGITS:
        return "selftest.layout_fr"
    if text.swapcase() == proof.code or text.casefold() == proof.code.casefold():
        return "selftest.case"
    if proof.name == "layout" and len(text) == len(proof.code):
        if text.translate(_FRENCH)[:15] == proof.code[:15]:
            return "selftest.layout_fr"
        if text.translate(_GERMAN)[:15] == proof.code[:15]:
            return "selftest.layout_de"
        return "selftest.layout"
    if proof.name == "gs":
        return "selftest.gs_lost" if text == proof.code.replace("\x1d", "") else "selftest.gs_other"
    if proof.name == "hanzi":
        return "selftest.hanzi"
    return "selftest.cut" if proof.code.startswith(text) else "selftest.other"
