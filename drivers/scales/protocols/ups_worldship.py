"""UPS WorldShip emulation, 9600 7O2: host CR, answer ``  0.00 lb. GR  CR LF ETX``.

``gr`` in lower case means motion, ``CR ETX`` alone overload.
"""

import re

from drivers.scales.decoder import Decoder
from drivers.scales.framing import Until
from drivers.scales.profile import SEVEN_BIT, Line, Profile
from drivers.scales.reading import Reading, signed, weighed

_ANSWER = re.compile(
    rb"(?=[ \-\d.]{5}[\d.] )(?P<sign> *-?)(?P<digits> *\d{1,6}\.?\d{0,3}) (?P<unit>lb|kg)\. ?"
    rb"(?P<flag>GR|gr) *\r\n\x03"
)


def _parse(block: bytes) -> Reading | None:
    if block == b"\r\x03":
        return Reading(status="overload")
    match = _ANSWER.fullmatch(block)
    if not match:
        return None
    weight = signed(match["sign"], match["digits"].strip())
    return weighed(weight, match["unit"], stable=match["flag"] == b"GR", mode="gross")


def build(*, seven_bit: bool = False) -> Decoder:
    """A decoder of WorldShip answers."""
    return Decoder(Until(b"\x03"), _parse, seven_bit=seven_bit)


UPS_WORLDSHIP = Profile(
    name="ups_worldship",
    build=build,
    options=SEVEN_BIT,
    line=Line(bytesize=7, parity="O", stopbits=2),
    ask=b"\r",
    polled=True,
    ask_every_ms=500,
)
