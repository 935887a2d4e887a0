"""``=`` formats of Yaohua and others: digits after an equals sign, forward or reversed.

``=05.2100`` is 12.50 reversed and 5.21 forward: one frame cannot tell, so the orientation is a
setting. The reversed form (tF=2, tF=3) reverses the whole token, its last character included
(``0`` or ``-``). A token counts once the next ``=`` or a line end closes it.
"""

import re
from functools import partial

from drivers.scales.decoder import Decoder
from drivers.scales.framing import Scan
from drivers.scales.profile import SEVEN_BIT, Profile
from drivers.scales.reading import WEIGHT_UNITS, Reading, signed, weighed

_TOKEN = rb"=[^=\r\n]{1,20}(?=[=\r\n])"
_FORWARD = re.compile(
    rb"(?P<sign>[+-]?) *(?P<digits>\d{1,8}\.?\d{0,6})(?:\((?P<unit>kg|g|lb|oz|t)\))?"
)
_REVERSED = re.compile(rb"(?=.{7,8}\Z)(?P<sign>-?)(?P<digits>\d{1,8}\.?\d{0,6})")


def _parse(frame: bytes, orientation: str, unit: str) -> Reading | None:
    token = frame[1:]
    if orientation == "reversed":
        match = _REVERSED.fullmatch(token[::-1])
        return weighed(signed(match["sign"], match["digits"]), unit) if match else None
    match = _FORWARD.fullmatch(token)
    if not match:
        return None
    return weighed(signed(match["sign"], match["digits"]), match["unit"] or unit)


def build(
    default: str, *, orientation: str = "", unit: str = "kg", seven_bit: bool = False
) -> Decoder:
    """A decoder of ``=`` tokens; ``unit`` applies where the token names none."""
    parse = partial(_parse, orientation=orientation or default, unit=unit)
    return Decoder(Scan(_TOKEN, longest=22), parse, seven_bit=seven_bit)


def _profile(name: str, default: str, other: str) -> Profile:
    units = ("kg", *(u for u in WEIGHT_UNITS if u != "kg"))
    options = {"orientation": (default, other), "unit": units, **SEVEN_BIT}
    return Profile(name=name, build=partial(build, default), options=options)


YAOHUA_REV = _profile("yaohua_rev", "reversed", "forward")
YAOHUA_FWD = _profile("yaohua_fwd", "forward", "reversed")
