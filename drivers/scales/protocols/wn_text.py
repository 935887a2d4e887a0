"""``wn001.171kg``: the text line of Yaohua A12, JZ and ACS scales (ww gross, wn net, wt tare).

No stability flag. A block of ww, wt and wn lines tells all three; only the net line is the load.
"""

import re

from drivers.scales.decoder import Decoder
from drivers.scales.framing import Lines
from drivers.scales.profile import SEVEN_BIT, Profile
from drivers.scales.reading import Reading, signed, weighed

_LINE = re.compile(
    rb"w(?P<mode>[wnt])(?=[-+ \d.]{6,9}[a-z])(?P<sign>[+-]?) *(?P<digits>\d{1,8}\.?\d{0,6})"
    rb"(?P<unit>kg|lb|oz|g|t)"
)
_MODES = {b"w": "gross", b"n": "net", b"t": "tare"}


def _parse(line: bytes) -> Reading | None:
    match = _LINE.fullmatch(line)
    if not match:
        return None
    weight = signed(match["sign"], match["digits"])
    return weighed(weight, match["unit"], mode=_MODES[match["mode"]])


def build(*, seven_bit: bool = False) -> Decoder:
    """A decoder of ww/wn/wt lines."""
    return Decoder(Lines(), _parse, seven_bit=seven_bit)


WN_TEXT = Profile(name="wn_text", build=build, options=SEVEN_BIT, ask=b"R", zero=b"Z", tare=b"T")
