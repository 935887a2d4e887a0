"""Toledo 8217 (weight-only POS; Ariva, Viva, Magellan scanner-scales), 9600 7E1.

Vendor: DIVA / PSC Magellan 8500 service manual p.39-45. A weight is sent only at rest; otherwise
a status byte: b0 motion, b1 over, b2 under, b3 outside zero capture, b4 centre of zero, b5 net;
b6 and b7 are ignored (dialects differ). Three decimals mean kg, two mean lb.
"""

import re

from drivers.scales.decoder import SILENT, Decoder
from drivers.scales.framing import Scan
from drivers.scales.profile import SEVEN_BIT, Line, Profile
from drivers.scales.reading import Reading, signed, weighed

_FRAME = rb"\x02(?:\?[^\r]|E|[\d.]{5,7}N?)\r"
"""A status byte may be STX itself: over capacity, where bit 6 is not kept at one."""
_WEIGHT = re.compile(rb"\x02(?P<digits>0?\d\d\.(?:\d\d|(?P<kg>\d\d\d)))(?P<net>N?)\r")
_STATUS = re.compile(rb"\x02\?(?P<status>[^\x00-\x0f])\r|\x02\?(?P<low>[\x00-\x0f])\r")
_ECHO = b"\x02E\r"


def _parse(frame: bytes) -> Reading | None:
    match = _WEIGHT.fullmatch(frame)
    if match:
        mode = "net" if match["net"] else "gross"
        unit = "kg" if match["kg"] else "lb"
        return weighed(signed(b"", match["digits"]), unit, stable=True, mode=mode)
    status = _STATUS.fullmatch(frame)
    if status:
        return _state((status["status"] or status["low"])[0])
    return SILENT if frame == _ECHO else None


def _state(bits: int) -> Reading:
    mode = "net" if bits & 0x20 else None
    if bits & 0x01:
        return Reading(stable=False, status="motion", mode=mode)
    if bits & 0x02:
        return Reading(status="overload", mode=mode)
    if bits & 0x04:
        return Reading(status="underload", mode=mode)
    if bits & 0x10:
        return Reading(stable=True, mode=mode, zero=True)
    return Reading(status="not_ready" if bits & 0x08 else "ok", mode=mode)


def build(*, seven_bit: bool = False) -> Decoder:
    """A decoder of 8217 replies."""
    return Decoder(Scan(_FRAME, longest=10), _parse, seven_bit=seven_bit)


TOLEDO_8217 = Profile(
    name="toledo_8217",
    build=build,
    options=SEVEN_BIT,
    line=Line(bytesize=7, parity="E"),
    ask=b"W",
    polled=True,
    ask_every_ms=300,
    zero=b"Z",
    tare=b"T",
)
