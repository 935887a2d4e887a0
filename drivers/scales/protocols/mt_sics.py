"""MT-SICS: Mettler-Toledo, Ohaus and many others; KERN's KCP has the same grammar.

Vendor: MT-SICS reference manual 11780711. ``S S     100.00 g`` is stable, ``S D`` dynamic,
``S I`` busy, ``S +``/``S -`` out of range. Some emulators answer ``SI S``: taken as well.
"""

import re

from drivers.scales.decoder import SILENT, Decoder
from drivers.scales.framing import Lines
from drivers.scales.profile import SEVEN_BIT, Profile
from drivers.scales.reading import Reading, signed, weighed

_VALUE = re.compile(
    rb"(?P<id>SI?R?|SNR|SR|TI?|TA) (?P<flag>[SDA]) +(?P<sign>[+-]?)(?P<digits>\d{1,9}\.?\d{0,6})"
    rb" +(?P<unit>[A-Za-z%]{1,4}) *"
)
_STATE = re.compile(rb"(?:SI?R?|SNR|SR|TI?|TA|ZI?) (?P<state>[I+\-L])")
_DONE = re.compile(rb"(?:ZI? [ADS]|TAC A|I\d{1,2} [AB] .*|@)")
_STATES = {b"I": "busy", b"+": "overload", b"-": "underload", b"L": "error:logical"}
_ERRORS = {b"ES": "error:syntax", b"ET": "error:transmission", b"EL": "error:logical"}


def parse(line: bytes) -> Reading | None:
    """One reply line without its CR LF."""
    match = _VALUE.fullmatch(line)
    if match:
        tare = match["id"].startswith(b"T")
        return weighed(
            signed(match["sign"], match["digits"]),
            match["unit"],
            stable=match["flag"] != b"D",
            mode="tare" if tare else None,
        )
    state = _STATE.fullmatch(line)
    if state:
        return Reading(status=_STATES[state["state"]])
    if line in _ERRORS:
        return Reading(status=_ERRORS[line])
    return SILENT if _DONE.fullmatch(line) else None


def build(*, seven_bit: bool = False) -> Decoder:
    """A decoder of MT-SICS replies."""
    return Decoder(Lines(), parse, seven_bit=seven_bit)


MT_SICS = Profile(
    name="mt_sics",
    build=build,
    options=SEVEN_BIT,
    ask=b"SI\r\n",
    polled=True,
    ask_every_ms=200,
    zero=b"Z\r\n",
    tare=b"T\r\n",
)
