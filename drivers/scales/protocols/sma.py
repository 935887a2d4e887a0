"""SMA SCP-0499: ``LF s r n m f weight10 unit3 CR``.

Vendor: Sartorius PR5220 p.130, PR5211 p.54. s: blank ok, Z zero, O over, U under, E/T/I errors;
n: G gross, N net, T tare (g, n: high resolution); m: M motion. Error weights are ten dashes.
"""

import re

from drivers.scales.decoder import Decoder
from drivers.scales.framing import Between
from drivers.scales.profile import SEVEN_BIT, Profile
from drivers.scales.reading import Reading, signed, unit_name, weighed

_FRAME = re.compile(
    rb"\n(?P<state>[ ZOUETI])[\d ](?P<mode>[GNTgn])(?P<motion>[ M]).(?P<data>.{10})"
    rb"(?P<unit>[A-Za-z_% ]{3})\r"
)
_NUMBER = re.compile(rb" *(?P<sign>[+-]?) *(?P<digits>\d{1,9}\.?\d{0,8})")
_STATES = {
    b"O": "overload",
    b"U": "underload",
    b"E": "error:zero",
    b"T": "error:tare",
    b"I": "error:initial_zero",
}
_ERRORS = {b"\n?\r": "error:unknown_command", b"\n!\r": "error:transmission"}
_MODES = {b"G": "gross", b"N": "net", b"T": "tare"}


def _parse(frame: bytes) -> Reading | None:
    if frame in _ERRORS:
        return Reading(status=_ERRORS[frame])
    match = _FRAME.fullmatch(frame)
    if not match:
        return None
    mode = _MODES[match["mode"].upper()]
    if match["state"] in _STATES:
        return Reading(unit=unit_name(match["unit"]), status=_STATES[match["state"]], mode=mode)
    number = _NUMBER.fullmatch(match["data"])
    if not number:
        return None
    return weighed(
        signed(number["sign"], number["digits"]),
        match["unit"],
        stable=match["motion"] != b"M",
        mode=mode,
        zero=match["state"] == b"Z" or None,
    )


def build(*, seven_bit: bool = False) -> Decoder:
    """A decoder of SMA replies."""
    return Decoder(Between(b"\n", b"\r"), _parse, seven_bit=seven_bit)


SMA = Profile(
    name="sma",
    build=build,
    options=SEVEN_BIT,
    ask=b"\nW\r",
    polled=True,
    ask_every_ms=200,
    zero=b"\nZ\r",
    tare=b"\nT\r",
)
