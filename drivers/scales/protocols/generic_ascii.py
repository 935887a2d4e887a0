"""A plain ``number unit`` line, for scales no other profile fits.

Never chosen without a person's word: on a scale that also prints its tare line this profile
would read the tare as a load. An echo of ``Gross`` before the number is tolerated.
"""

import re

from drivers.scales.decoder import Decoder
from drivers.scales.framing import Lines
from drivers.scales.profile import SEVEN_BIT, Profile
from drivers.scales.reading import Reading, signed, weighed

_LINE = re.compile(
    rb"(?P<gross>(?:[GW]{0,2}Gross)?) *(?P<sign>[+-]?) *(?P<digits>\d{1,8}\.?\d{0,6}) *"
    rb"(?P<unit>kg|g|lb|oz|t|KG|G|LB|OZ) *"
)


def _parse(line: bytes) -> Reading | None:
    match = _LINE.fullmatch(line)
    if not match:
        return None
    mode = "gross" if match["gross"] else None
    return weighed(signed(match["sign"], match["digits"]), match["unit"], mode=mode)


def build(*, seven_bit: bool = False) -> Decoder:
    """A decoder of plain lines."""
    return Decoder(Lines(), _parse, seven_bit=seven_bit)


GENERIC_ASCII = Profile(name="generic_ascii", build=build, options=SEVEN_BIT, ask=b"P\r\n")
