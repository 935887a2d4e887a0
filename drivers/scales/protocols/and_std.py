"""A&D standard format, 17 bytes: header, sign and eight digits, unit of three, CR LF.

Vendor: A&D EK-L/EJ/EK-AEP manuals. ``QT`` counts pieces; ``OL`` carries nines (older balances
``+9999999E+19``), never a weight.
"""

import re

from drivers.scales.decoder import Decoder
from drivers.scales.framing import Lines
from drivers.scales.profile import SEVEN_BIT, Line, Profile
from drivers.scales.reading import Reading, signed, unit_name, weighed

_LINE = re.compile(
    rb"(?P<flag>ST|US|QT),(?P<sign>[+-])(?=.{8}...\Z)(?P<digits>\d{1,8}\.?\d{0,7})"
    rb"(?P<unit>[A-Za-z% ]{3})"
)
_OVER = re.compile(rb"OL,[+-](?:[\d.]{8}(?P<unit>[A-Za-z% ]{3})|9{7}E\+19)")


def _parse(line: bytes) -> Reading | None:
    over = _OVER.fullmatch(line)
    if over:
        return Reading(unit=unit_name(over["unit"] or b""), status="overload")
    match = _LINE.fullmatch(line)
    if not match or not unit_name(match["unit"]):
        return None
    unit = unit_name(match["unit"])
    mode = "count" if match["flag"] == b"QT" or unit == "pcs" else None
    mode = "percent" if unit == "%" else mode
    weight = signed(match["sign"], match["digits"])
    return weighed(weight, unit, stable=match["flag"] != b"US", mode=mode)


def build(*, seven_bit: bool = False) -> Decoder:
    """A decoder of A&D standard lines."""
    return Decoder(Lines(), _parse, seven_bit=seven_bit)


AND_STD = Profile(
    name="and_std",
    build=build,
    options=SEVEN_BIT,
    line=Line(baud=2400, bytesize=7, parity="E"),
    ask=b"Q\r\n",
    zero=b"Z\r\n",
)
