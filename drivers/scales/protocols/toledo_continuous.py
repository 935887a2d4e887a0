"""Toledo continuous output, also of Chinese clones and T-Scale "Con2".

``STX A B C weight6 tare6 CR [check]``, digits without sign or point. A: decimals and increment;
B: net, negative, out of range, motion, kg, not zeroed; C: unit, expanded. The check makes the
low seven bits of the sum zero. Layout as in the IND245 continuous output.
"""

import re
from functools import partial

from drivers.scales.decoder import Decoder
from drivers.scales.framing import Scan
from drivers.scales.profile import SEVEN_BIT, Line, Profile
from drivers.scales.reading import Reading, scaled, weighed

_BODY = rb"\x02[ -?`-\x7f]{3}[ \d]{12}\r"
_WEIGHT = re.compile(rb" *(\d{1,6})")
_UNITS = {1: "g", 2: "t", 3: "oz", 6: "ton", 7: "newton"}


def _parse(frame: bytes, checksum: bool) -> Reading | None:
    digits = _WEIGHT.fullmatch(frame[4:10])
    if not digits or (checksum and sum(frame) & 0x7F):
        return None
    a, b, c = frame[1:4]
    code = c & 7
    if code not in _UNITS and code != 0:
        return None
    unit = _UNITS.get(code, "kg" if b & 0x10 else "lb")
    sign = b"-" if b & 2 else b""
    weight = scaled(sign, digits[1], (a & 7) - 2)
    mode = "net" if b & 1 else "gross"
    return weighed(weight, unit, stable=not b & 8, status=_status(b, c), mode=mode)


def _status(b: int, c: int) -> str:
    if b & 0x04:
        return "out_of_range"
    if b & 0x40:
        return "not_ready"
    return "error:expanded" if c & 0x10 else "ok"


def build(*, checksum: bool = False, seven_bit: bool = False) -> Decoder:
    """A decoder of continuous frames.

    ``checksum=True`` demands and verifies the check byte; without it a byte or a LF after the
    frame is skipped unread, because an indicator with its check switched off sends none.
    """
    framer = Scan(_BODY + b".", longest=18) if checksum else Scan(_BODY, longest=17, slack=1)
    return Decoder(framer, partial(_parse, checksum=checksum), seven_bit=seven_bit)


TOLEDO_CONTINUOUS = Profile(
    name="toledo_continuous",
    build=build,
    options={"checksum": (False, True), **SEVEN_BIT},
    line=Line(bytesize=7, parity="E"),
    zero=b"Z",
    tare=b"T",
)
