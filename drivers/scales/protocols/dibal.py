"""Dibal POS: ``99 e wwwww 0 000000 c``, grams implied, c the XOR of the characters before it.

The host asks ``98 ddddd c``. Anything but status 0 is not taken for a weight.
"""

import re
from functools import reduce
from operator import xor

from drivers.scales.decoder import Decoder
from drivers.scales.framing import Lines
from drivers.scales.profile import Profile
from drivers.scales.reading import Reading, scaled, weighed

_LINE = re.compile(rb"99(?P<state>\d)(?P<digits>\d{5})\d{7}(?P<check>[0-?])")


def _parse(line: bytes) -> Reading | None:
    match = _LINE.fullmatch(line)
    if not match or reduce(xor, line[:-1], 0) != match["check"][0]:
        return None
    if match["state"] != b"0":
        return Reading(status="not_ready")
    return weighed(scaled(b"", match["digits"], 3), "kg", stable=True)


def build() -> Decoder:
    """A decoder of Dibal answers."""
    return Decoder(Lines(), _parse)


DIBAL_POS = Profile(
    name="dibal_pos", build=build, ask=b"98000001\r\n", polled=True, ask_every_ms=500
)
