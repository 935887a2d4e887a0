"""Key maps: which character a key of the kernel's input layer stands for.

A keyboard-wedge scanner sends keys, not characters; which keys depends on the country set in its
menu. Positions are those of ``linux/input-event-codes.h``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_ROWS = (range(2, 14), range(16, 28), range(30, 42), range(43, 54), (86,))

KEYPAD = dict(zip((*range(71, 84), 55, 98), "789-456+1230.*/", strict=True))
"""Keypad characters; a scanner never means the arrows."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One country setting: characters by key code, plain and with a modifier."""

    plain: Mapping[int, str]
    shift: Mapping[int, str]
    altgr: Mapping[int, str]
    dead: Mapping[int, Mapping[bool, str]]
    """Accents that wait for the next key: code, then whether shift is held."""


def _keys(rows: str) -> dict[int, str]:
    """Rows in the order of ``_ROWS``, one blank between them; ``␣`` stands for no character."""
    codes: Iterator[int] = (code for row in _ROWS for code in row)
    letters = rows.replace(" ", "")
    return {k: c for k, c in zip(codes, letters, strict=True) if c != "␣"} | {57: " "}


US = Layout(
    plain=_keys(r"1234567890-= qwertyuiop[] asdfghjkl;'` \zxcvbnm,./ \ "),
    shift=_keys(r"""!@#$%^&*()_+ QWERTYUIOP{} ASDFGHJKL:"~ |ZXCVBNM<>? | """),
    altgr={},
    dead={},
)
DE = Layout(
    plain=_keys("1234567890ß´ qwertzuiopü+ asdfghjklöä^ #yxcvbnm,.- <"),
    shift=_keys("!\"§$%&/()=?` QWERTZUIOPÜ* ASDFGHJKLÖÄ° 'YXCVBNM;:_ >"),
    altgr={3: "²", 4: "³", 8: "{", 9: "[", 10: "]", 11: "}", 12: "\\", 16: "@", 18: "€"}
    | {27: "~", 50: "µ", 86: "|"},
    dead={13: {False: "´", True: "`"}, 41: {False: "^"}},
)
FR = Layout(
    plain=_keys("&é\"'(-è_çà)= azertyuiop^$ qsdfghjklmù² *wxcvbn,;:! <"),
    shift=_keys("1234567890°+ AZERTYUIOP¨£ QSDFGHJKLM%␣ µWXCVBN?./§ >"),
    altgr={3: "~", 4: "#", 5: "{", 6: "[", 7: "|", 8: "`", 9: "\\", 10: "^", 11: "@"}
    | {12: "]", 13: "}", 18: "€", 27: "¤"},
    dead={26: {False: "^", True: "¨"}},
)

LAYOUTS = {"us": US, "de": DE, "fr": FR}
"""Every country setting that can be configured."""
