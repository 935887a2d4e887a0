"""Ohaus print and continuous lines: ``   0.360 kg    G``, ``?`` before the legend is unstable.

Balances send no legend but pad the unit to five columns. Legends G and B/G are gross, N and NET
net, T tare. A line whose number lost its leading columns is refused.
"""

import re

from drivers.scales.decoder import Decoder
from drivers.scales.framing import Lines
from drivers.scales.profile import SEVEN_BIT, Profile
from drivers.scales.reading import Reading, signed, weighed

_LINE = re.compile(
    rb"(?=[ +\-\d.]{7,11}[\d.] [A-Za-z%])(?P<sign> *[+-]?) *(?P<digits>\d{1,9}\.?\d{0,6})"
    rb" (?P<unit>[A-Za-z%]{1,5})(?:(?P<pad> *)(?P<moving>\??)(?P<legend>G|N|NET|B/G|T)|"
    rb" {1,4}(?P<bare>[? ]))"
)
_MODES = {b"G": "gross", b"B/G": "gross", b"N": "net", b"NET": "net", b"T": "tare"}


def _parse(line: bytes) -> Reading | None:
    match = _LINE.fullmatch(line)
    if not match:
        return None
    weight = signed(match["sign"], match["digits"])
    if match["legend"]:
        if not match["pad"] and not match["moving"]:
            return None
        mode = _MODES[match["legend"]]
        return weighed(weight, match["unit"], stable=not match["moving"], mode=mode)
    if line.index(match["unit"]) + 5 != len(line) - 1:
        return None
    return weighed(weight, match["unit"], stable=match["bare"] == b" ")


def build(*, seven_bit: bool = False) -> Decoder:
    """A decoder of Ohaus lines."""
    return Decoder(Lines(), _parse, seven_bit=seven_bit)


OHAUS = Profile(
    name="ohaus",
    build=build,
    options=SEVEN_BIT,
    ask=b"IP\r\n",
    zero=b"Z\r\n",
    tare=b"T\r\n",
)
