"""Sartorius SBI: 16 characters, or 22 with a six-character name; a blank unit means unstable.

Vendor: Entris II, Secura and Cubis interface manuals. High, Low, OFF, Cal. and Err texts take
the place of the number. A decimal comma is possible. Only names N, G and T are loads we know.
"""

import re

from drivers.scales.decoder import Decoder
from drivers.scales.framing import Lines
from drivers.scales.profile import SEVEN_BIT, Line, Profile
from drivers.scales.reading import Reading, signed, weighed

_LINE = re.compile(
    rb"(?:(?P<name>[NGT])[#\d]? {4,5})?(?P<sign>[+\- ])(?=.{9} .{3}\Z) *"
    rb"(?P<digits>\d{1,8}[.,]?\d{0,7}) +(?P<unit>[A-Za-z%]{0,3}) *"
)
_TEXT = re.compile(
    rb"(?:Stat  )? *(?P<text>High|Low|OFF|Cal\.[A-Za-z.]*|(?:APP\.)?[Ee][Rr][Rr].*|H|L) *"
)
_STATES = {b"High": "overload", b"H": "overload", b"Low": "underload", b"L": "underload"}
_MODES = {b"N": "net", b"G": "gross", b"T": "tare"}


def _parse(line: bytes) -> Reading | None:
    match = _LINE.fullmatch(line)
    if match:
        weight = signed(match["sign"], match["digits"].replace(b",", b"."))
        mode = _MODES[match["name"]] if match["name"] else None
        return weighed(weight, match["unit"], stable=bool(match["unit"]), mode=mode)
    text = _TEXT.fullmatch(line)
    return Reading(status=_state(text["text"])) if text else None


def _state(text: bytes) -> str:
    if text in _STATES:
        return _STATES[text]
    if text == b"OFF":
        return "error:off"
    return "not_ready" if text.startswith(b"Cal") else "error:fault"


def build(*, seven_bit: bool = False) -> Decoder:
    """A decoder of SBI lines."""
    return Decoder(Lines(), _parse, seven_bit=seven_bit)


SARTORIUS_SBI = Profile(
    name="sartorius_sbi",
    build=build,
    options=SEVEN_BIT,
    line=Line(parity="O"),
    ask=b"\x1bP\r\n",
    polled=True,
    ask_every_ms=300,
    zero=b"\x1bV\r\n",
    tare=b"\x1bT\r\n",
)
