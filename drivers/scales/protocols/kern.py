"""KERN: KCP (the MT-SICS grammar), the older ``w``/``s`` print line, and the GAB-N form.

The old line is ``       0.665 g  `` with no stability flag; models of the 572 family leave the
unit blank while the load moves, so a blank unit counts as unstable. GAB-N: ``ST,G ,  1.234,kg``.
"""

import re

from drivers.scales.decoder import Decoder
from drivers.scales.framing import Lines
from drivers.scales.profile import SEVEN_BIT, Profile
from drivers.scales.protocols import mt_sics
from drivers.scales.reading import Reading, signed, weighed

_PRINT = re.compile(
    rb"(?=.{12} .{3}\Z) *(?P<sign>[+-]?) *(?P<digits>\d{1,9}\.?\d{0,6}) *(?P<unit>[A-Za-z%]{0,3}) *"
)
_GAB = re.compile(
    rb"(?P<flag>ST|US),(?P<mode>[GN]) ?, *(?P<sign>[+-]?) *(?P<digits>\d{1,8}\.?\d{0,6}) *,"
    rb"(?P<unit>[A-Za-z%]{1,3}) *"
)


def parse(line: bytes) -> Reading | None:
    """One line in any of the three forms."""
    gab = _GAB.fullmatch(line)
    if gab:
        return weighed(
            signed(gab["sign"], gab["digits"]),
            gab["unit"],
            stable=gab["flag"] == b"ST",
            mode="gross" if gab["mode"] == b"G" else "net",
        )
    printed = _PRINT.fullmatch(line)
    if printed:
        stable = None if printed["unit"] else False
        return weighed(signed(printed["sign"], printed["digits"]), printed["unit"], stable=stable)
    return mt_sics.parse(line)


def build(*, seven_bit: bool = False) -> Decoder:
    """A decoder of KERN lines."""
    return Decoder(Lines(), parse, seven_bit=seven_bit)


KERN = Profile(
    name="kern",
    build=build,
    options=SEVEN_BIT,
    ask=b"SI\r\n",
    polled=True,
    ask_every_ms=200,
    zero=b"Z\r\n",
    tare=b"T\r\n",
)
