"""CAS 22-byte frame (CI, PDS, NT, Caston): header, mode, device id, lamp byte, data, unit.

Vendor: CAS CI-600D p.74, CI-400 p.103, NT-200 p.48. The lamp byte has bit 7 set (so the frame is
never text): b6 stable, b4 hold, b1 tare, b0 zero. ``layout=18`` is the shorter ``AND 18`` form
without id and lamp, ``layout=10`` eight digits alone, in the unit the scale is set to.
"""

import re
from functools import partial

from drivers.scales.decoder import Decoder, Parse
from drivers.scales.framing import Lines
from drivers.scales.profile import Profile
from drivers.scales.reading import WEIGHT_UNITS, Reading, signed, unit_name, weighed

_DATA = rb"(?P<data> *(?P<sign>-?) *(?P<digits>\d{0,8}\.?\d{0,7}))"
_22 = re.compile(
    rb"(?P<flag>ST|US|OL),(?P<mode>GS|NT),.(?P<lamp>[\x80-\xff]),(?=.{11}\Z)"
    + _DATA
    + rb" (?P<unit>[A-Za-z ]{2})",
    re.DOTALL,
)
_18 = re.compile(
    rb"(?P<flag>ST|US|OL),(?P<mode>GS|NT),(?=.{10}\Z)" + _DATA + rb"(?P<unit>[A-Za-z ]{2})"
)
_10 = re.compile(rb"(?=.{8}\Z)" + _DATA)
_MODES = {b"GS": "gross", b"NT": "net"}


def _parse_framed(pattern: re.Pattern[bytes], line: bytes) -> Reading | None:
    match = pattern.fullmatch(line)
    if not match:
        return None
    mode, unit = _MODES[match["mode"]], match["unit"]
    lamp = match["lamp"][0] if "lamp" in pattern.groupindex else 0xC0
    if match["flag"] == b"OL":
        return Reading(unit=unit_name(unit), status="overload", mode=mode)
    if not match["digits"].strip(b"."):
        return None
    return weighed(
        signed(match["sign"], match["digits"]),
        unit,
        stable=match["flag"] == b"ST" and bool(lamp & 0x40),
        status="error:hold" if lamp & 0x10 else "ok",
        mode=mode,
        zero=bool(lamp & 0x01) or None,
    )


def _parse_bare(unit: str, line: bytes) -> Reading | None:
    match = _10.fullmatch(line)
    if not match or not match["digits"].strip(b"."):
        return None
    return weighed(signed(match["sign"], match["digits"]), unit)


def build(*, layout: int = 22, unit: str = "kg") -> Decoder:
    """A decoder of CAS frames of 22, 18 or 10 bytes."""
    parse: Parse = partial(_parse_framed, _18 if layout == 18 else _22)
    if layout == 10:
        parse = partial(_parse_bare, unit)
    return Decoder(Lines(), parse)


CAS_22 = Profile(
    name="cas_22",
    build=build,
    options={
        "layout": (22, 18, 10),
        "unit": ("kg", *(u for u in WEIGHT_UNITS if u != "kg")),
    },
)
