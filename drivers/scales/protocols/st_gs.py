"""``ST,GS,+  1.234kg``: the line of most low-cost indicators (T-Scale, General Measure, Excell).

Seen without the second comma, with a comma before the unit, with a blank after the sign, and as
``OL,GS,-`` for under zero. ``TR`` is the tare line, never the load.
"""

import re
from functools import partial

from drivers.scales.decoder import Decoder
from drivers.scales.framing import Lines
from drivers.scales.profile import SEVEN_BIT, Profile
from drivers.scales.reading import WEIGHT_UNITS, Reading, signed, unit_name, weighed

_LINE = re.compile(
    rb"(?P<flag>ST|US|OL),(?P<mode>GS|NT|TR)[, ] *(?P<sign>[+-]?) *(?P<digits>\d{0,9}\.?\d{0,6})"
    rb" *,? *(?P<unit>[A-Za-z%]{0,3}) *"
)
_MODES = {b"GS": "gross", b"NT": "net", b"TR": "tare"}


def _parse(line: bytes, unit: str) -> Reading | None:
    match = _LINE.fullmatch(line)
    if not match:
        return None
    mode, name = _MODES[match["mode"]], match["unit"].decode("ascii") or unit
    if match["flag"] == b"OL":
        status = "underload" if match["sign"] == b"-" else "overload"
        return Reading(unit=unit_name(name), status=status, mode=mode)
    if not match["digits"].strip(b"."):
        return None
    weight = signed(match["sign"], match["digits"])
    return weighed(weight, name, stable=match["flag"] == b"ST", mode=mode)


def build(*, unit: str = "", seven_bit: bool = False) -> Decoder:
    """A decoder of ST,GS lines; ``unit`` applies where the line names none."""
    return Decoder(Lines(), partial(_parse, unit=unit), seven_bit=seven_bit)


ST_GS = Profile(name="st_gs", build=build, options={"unit": ("", *WEIGHT_UNITS), **SEVEN_BIT})
