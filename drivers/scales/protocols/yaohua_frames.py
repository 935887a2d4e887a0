"""Yaohua XK3190 binary-framed output: A9 continuous (tF=0), its command mode, and A12.

Vendor: XK3190-A9+/A26/DS1/DS3/A23p manuals. The check is an XOR sent as two characters, a nibble
of 9 or less plus 30h, else plus 37h (clones: always plus 30h). XOR does not see swapped digits
(1560 and 1650 share 19), and there is no unit and no stability flag: equal frames decide.
"""

import re
from functools import partial, reduce
from operator import xor

from drivers.scales.decoder import SILENT, Decoder
from drivers.scales.framing import Between, Lines
from drivers.scales.profile import Profile
from drivers.scales.reading import WEIGHT_UNITS, Reading, scaled, signed, weighed

_A9 = re.compile(
    rb"\x02(?P<command>[A-Z][A-F])?(?:(?P<sign>[+-])(?P<digits>\d{6})(?P<decimals>[0-4]))?"
    rb"(?P<check>[0-?A-F]{2})\x03"
)
_A12 = re.compile(
    rb"W(?P<mode>[GN])(?=.{7}[a-z ]{2}..\Z)(?P<sign>-?) *(?P<digits>\d{1,7}\.?\d{0,6}) *"
    rb"(?P<unit>kg| g|lb|oz| t)(?P<check>[0-?A-F]{2})"
)
_A12_LIMITS = {b"         OL23": "overload", b"         LO23": "underload"}
_MODES = {b"B": "gross", b"C": "tare", b"D": "net"}


def _check(body: bytes) -> tuple[bytes, bytes]:
    """The two check characters as Yaohua and as its clones write them."""
    total = reduce(xor, body, 0)
    high, low = total >> 4, total & 15
    vendor = f"{high:X}{low:X}".encode("ascii")
    return vendor, bytes((high + 0x30, low + 0x30))


def _parse_a9(frame: bytes, unit: str) -> Reading | None:
    match = _A9.fullmatch(frame)
    if not match or match["check"] not in _check(frame[1:-3]):
        return None
    command, digits = match["command"], match["digits"]
    if digits is None:
        return SILENT if command else None
    mode = _MODES.get(command[1:]) if command else None
    if command and mode is None:
        return SILENT
    weight = scaled(match["sign"], digits, int(match["decimals"]))
    return weighed(weight, unit, mode=mode)


def _parse_a12(line: bytes) -> Reading | None:
    if line in _A12_LIMITS:
        return Reading(status=_A12_LIMITS[line])
    match = _A12.fullmatch(line)
    if not match or match["check"] not in _check(line[:-2]):
        return None
    mode = "gross" if match["mode"] == b"G" else "net"
    return weighed(signed(match["sign"], match["digits"]), match["unit"], mode=mode)


def build_a9(*, unit: str = "kg") -> Decoder:
    """A decoder of A9 frames; ``unit`` is what the indicator is set to (it does not say)."""
    return Decoder(Between(b"\x02", b"\x03"), partial(_parse_a9, unit=unit))


def build_a12() -> Decoder:
    """A decoder of A12 15-byte frames."""
    return Decoder(Lines(), _parse_a12)


YAOHUA_A9 = Profile(
    name="yaohua_a9",
    build=build_a9,
    options={"unit": ("kg", *(u for u in WEIGHT_UNITS if u != "kg"))},
    ask=b"\x02AB03\x03",
)
YAOHUA_A12 = Profile(name="yaohua_a12", build=build_a12)
