"""CAS PD-II / Samsung ER-670 ECR protocol (AP-1, Ohaus Aviator, many clones).

Host ENQ, scale ACK (or NAK: ask again), host DC1, then
``SOH STX status sign weight6 unit2 BCC ETX EOT``; BCC is the XOR of the ten characters between
STX and BCC. Status ``S`` stable, ``U`` not, ``F`` out of range or not zeroed.
"""

import re
from functools import reduce
from operator import xor

from drivers.scales.decoder import SILENT, Decoder
from drivers.scales.framing import Scan
from drivers.scales.profile import Profile
from drivers.scales.reading import Reading, signed, unit_name, weighed

_FRAME = rb"[\x06\x15]|\x01\x02[ -~]{10}.\x03\x04"
_BLOCK = re.compile(
    rb"\x01\x02(?P<flag>[SUF])(?P<sign>[ +\-F])(?P<digits>[\d. F]{6})(?P<unit>[A-Za-z ]{2})"
    rb"(?P<check>.)\x03\x04",
    re.DOTALL,
)
_NUMBER = re.compile(rb" *(\d{1,6}\.?\d{0,5})")


def _parse(frame: bytes) -> Reading | None:
    if frame == b"\x06":
        return SILENT
    if frame == b"\x15":
        return Reading(status="busy")
    match = _BLOCK.fullmatch(frame)
    if not match or reduce(xor, frame[2:12], 0) != match["check"][0]:
        return None
    if match["sign"] == b"F":
        return Reading(unit=unit_name(match["unit"]), status="overload")
    number = _NUMBER.fullmatch(match["digits"])
    if not number:
        return None
    status = "not_ready" if match["flag"] == b"F" else "ok"
    weight = signed(match["sign"], number[1])
    return weighed(weight, match["unit"], stable=match["flag"] == b"S", status=status)


def build() -> Decoder:
    """A decoder of PD-II answers."""
    return Decoder(Scan(_FRAME, longest=15), _parse)


CAS_PD2_ECR = Profile(
    name="cas_pd2_ecr",
    build=build,
    ask=b"\x05",
    polled=True,
    ask_every_ms=200,
    reply={b"\x06": b"\x11"},
)
