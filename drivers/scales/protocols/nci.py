"""NCI / Weigh-Tronix SCP-01, SCP-02 (ECR) and the Brecknell/FedEx dialect, 9600 7E1.

``LF weight unit CR LF status CR ETX``; an unweighable load is the status alone. Status 1: b0
motion, b1 at zero, b2/b3 memory errors; status 2: b0 under, b1 over, b2 memory, b3 calibration.
"""

import re
from decimal import Decimal

from drivers.scales.decoder import Decoder
from drivers.scales.framing import Until
from drivers.scales.profile import SEVEN_BIT, Line, Profile
from drivers.scales.reading import Reading, signed, weighed

_BLOCK = re.compile(
    rb"(?:\n *(?P<sign>-?) *(?P<digits>\d{1,7}\.?\d{0,5}) ?(?P<unit>LB|KG|OZ|G|lb|kg|oz|g)"
    rb"(?: *(?P<ounces>\d{1,2}\.?\d{0,2})(?:OZ|oz))?\r)?"
    rb"\n?S?(?P<status>[0-?p-\x7f]{2,4})\r?\x03\Z"
)
_UNKNOWN = re.compile(rb"\n\?\r\x03\Z")


def _parse(block: bytes) -> Reading | None:
    if _UNKNOWN.search(block):
        return Reading(status="error:unknown_command")
    start = block.find(b"\n")
    while start >= 0:
        match = _BLOCK.fullmatch(block, start)
        if match:
            return _read(match)
        start = block.find(b"\n", start + 1)
    return None


def _read(match: re.Match[bytes]) -> Reading:
    first, second = match["status"][0], match["status"][1]
    stable, status = not first & 1, _status(first, second)
    if match["digits"] is None:
        return Reading(stable=stable, status=status, zero=bool(first & 2) or None)
    weight, unit = signed(match["sign"], match["digits"]), match["unit"]
    if match["ounces"]:
        ounces = signed(b"", match["ounces"])
        weight, unit = weight * 16 + (-ounces if match["sign"] else ounces), b"oz"
    zero = bool(first & 2) or None
    return weighed(Decimal(weight), unit, stable=stable, status=status, zero=zero)


def _status(first: int, second: int) -> str:
    if second & 2:
        return "overload"
    if second & 1:
        return "underload"
    return "error:fault" if first & 0x0C or second & 0x0C else "ok"


def build(*, seven_bit: bool = False) -> Decoder:
    """A decoder of NCI replies."""
    return Decoder(Until(b"\x03"), _parse, seven_bit=seven_bit)


NCI_SCP01 = Profile(
    name="nci_scp01",
    build=build,
    options=SEVEN_BIT,
    line=Line(bytesize=7, parity="E"),
    ask=b"W\r",
    polled=True,
    ask_every_ms=300,
    zero=b"Z\r",
)
