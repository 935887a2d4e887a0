"""``FF`` BCD frames of HT9800 (5 bytes) and JCS/ACS/JZ counting scales (6 bytes).

``FF status bcd-low bcd-mid bcd-high [unit]``; status b0-2 decimals, b3-4 mode (0 weigh, 1 count,
2 percent), b5 negative, b6 stable, b7 overflow. The five-byte form counts decimals from 1
(1 is none), the six-byte form from 0; ``decimals_from`` overrides. No check byte: several equal
frames are wanted before one is believed, and frames must follow each other without a gap: six
bytes read as five would be ten times too heavy.
"""

from functools import partial

from drivers.scales.decoder import Decoder
from drivers.scales.framing import Scan
from drivers.scales.profile import Profile
from drivers.scales.reading import WEIGHT_UNITS, Reading, scaled, weighed

_MODES = {0: None, 1: "count", 2: "percent"}
_COUNTED = {"count": "pcs", "percent": "%"}
_UNITS6 = {0: "kg", 1: "lb"}


def _parse(frame: bytes, decimals_from: int, unit: str) -> Reading | None:
    status, digits = frame[1], frame[4:1:-1].hex()
    decimals = (status & 7) - decimals_from
    named = unit if len(frame) == 5 else _UNITS6.get(frame[5])
    mode = status >> 3 & 3
    if not digits.isdecimal() or not 0 <= decimals <= 5 or named is None or mode not in _MODES:
        return None
    if status & 0x80:
        return Reading(unit=named, status="overload", mode=_MODES[mode])
    sign = b"-" if status & 0x20 else b""
    return weighed(
        scaled(sign, digits.encode("ascii"), decimals),
        _COUNTED.get(_MODES[mode] or "", named),
        stable=bool(status & 0x40),
        mode=_MODES[mode],
    )


def build5(*, unit: str = "kg", decimals_from: int = 1) -> Decoder:
    """A decoder of five-byte frames; ``unit`` is what the scale is set to."""
    parse = partial(_parse, decimals_from=decimals_from, unit=unit)
    return Decoder(Scan(rb"\xff[^\xff]{4}", longest=5, gapless=True), parse)


def build6(*, decimals_from: int = 0) -> Decoder:
    """A decoder of six-byte frames, which name kg or lb themselves."""
    parse = partial(_parse, decimals_from=decimals_from, unit="")
    return Decoder(Scan(rb"\xff[^\xff]{5}", longest=6, gapless=True), parse)


BCD_FF5 = Profile(
    name="bcd_ff5",
    build=build5,
    options={
        "unit": ("kg", *(u for u in WEIGHT_UNITS if u != "kg")),
        "decimals_from": (1, 0),
    },
    confirm=3,
)
BCD_FF6 = Profile(name="bcd_ff6", build=build6, options={"decimals_from": (0, 1)}, confirm=3)
