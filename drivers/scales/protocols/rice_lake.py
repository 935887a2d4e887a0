"""Rice Lake RLWS stream ``STX pol w7 unit G|N status CR`` and Cardinal's ``CR pol w6 ... ETX``.

RLWS units: L lb, K kg, T ton, G g, O oz; status blank ok, I invalid, M motion, O over or under,
Z zero. Cardinal: status blank ok, m motion, o over; the frame starts with CR and ends with ETX.
"""

import re

from drivers.scales.decoder import Decoder
from drivers.scales.framing import Between
from drivers.scales.profile import SEVEN_BIT, Profile
from drivers.scales.reading import Reading, signed, unit_name, weighed

_RLWS = re.compile(
    rb"\x02(?P<sign>[ +-])(?=.{7}[LKTGO])(?P<digits> *\d{1,7}\.?\d{0,6})(?P<unit>[LKTGO])"
    rb"(?P<mode>[GN])(?P<state>[ IMOZ])\r"
)
_CARDINAL = re.compile(
    rb"\r(?P<sign>[ +-])(?=.{6}[ mo])(?P<digits> *\d{1,6}\.?\d{0,5})(?P<state>[ mo]) "
    rb"(?P<unit>[a-z ]{2}) (?P<mode>[gn]) {2}\x03"
)
_UNITS = {b"L": "lb", b"K": "kg", b"T": "ton", b"G": "g", b"O": "oz"}
_MODES = {b"G": "gross", b"N": "net"}


def _parse_rlws(frame: bytes) -> Reading | None:
    match = _RLWS.fullmatch(frame)
    if not match:
        return None
    state, unit, mode = match["state"], _UNITS[match["unit"]], _MODES[match["mode"]]
    if state == b"I":
        return Reading(unit=unit, status="error:invalid", mode=mode)
    return weighed(
        signed(match["sign"], match["digits"].strip()),
        unit,
        stable=None if state == b"O" else state != b"M",
        status="out_of_range" if state == b"O" else "ok",
        mode=mode,
        zero=state == b"Z" or None,
    )


def _parse_cardinal(frame: bytes) -> Reading | None:
    match = _CARDINAL.fullmatch(frame)
    if not match:
        return None
    mode = _MODES[match["mode"].upper()]
    if match["state"] == b"o":
        return Reading(unit=unit_name(match["unit"]), status="overload", mode=mode)
    weight = signed(match["sign"], match["digits"].strip())
    return weighed(weight, match["unit"], stable=match["state"] == b" ", mode=mode)


def build_rlws(*, seven_bit: bool = False) -> Decoder:
    """A decoder of the RLWS stream."""
    return Decoder(Between(b"\x02", b"\r"), _parse_rlws, seven_bit=seven_bit)


def build_cardinal(*, seven_bit: bool = False) -> Decoder:
    """A decoder of the Cardinal stream."""
    return Decoder(Between(b"\r", b"\x03"), _parse_cardinal, seven_bit=seven_bit)


RICE_LAKE = Profile(name="rice_lake", build=build_rlws, options=SEVEN_BIT)
CARDINAL = Profile(name="cardinal", build=build_cardinal, options=SEVEN_BIT)
