"""USB HID scales (usage page 8Dh): report ``03 status unit exponent low high``.

One whole report per ``feed``; a leading 0 (report number added by some libraries) is accepted.
Status 1 fault, 2 zero, 3 motion, 4 stable, 5 under zero (magnitude), 6 over, 7 calibrate, 8 zero.
"""

from collections.abc import Iterator
from decimal import Decimal

from drivers.scales.decoder import Decoder
from drivers.scales.profile import Profile
from drivers.scales.reading import Reading, weighed

_UNITS = {
    1: "mg",
    2: "g",
    3: "kg",
    4: "ct",
    5: "tael",
    6: "gr",
    7: "dwt",
    8: "t",
    9: "ton",
    10: "ozt",
    11: "oz",
    12: "lb",
}
_STABLE: dict[int, bool | None] = {2: True, 3: False, 4: True, 5: None}
_REFUSED = {1: "error:fault", 6: "overload", 7: "error:calibration", 8: "not_ready"}


class _Reports:
    """Each push is one report; there is nothing to frame."""

    junk = 0
    rejected = 0

    def push(self, data: bytes) -> Iterator[bytes]:
        if data:
            yield data


def _parse(report: bytes) -> Reading | None:
    if len(report) > 6 and report[0] == 0:
        report = report[1:]
    if len(report) < 6 or report[0] != 3:
        return None
    status, unit = report[1], _UNITS.get(report[2])
    if status in _REFUSED:
        return Reading(unit=unit, status=_REFUSED[status])
    exponent = report[3] - 256 if report[3] > 127 else report[3]
    if status not in _STABLE or not -9 <= exponent <= 9:
        return None
    weight = Decimal(report[4] | report[5] << 8).scaleb(exponent)
    return weighed(
        -weight if status == 5 else weight,
        unit,
        stable=_STABLE[status],
        status="underload" if status == 5 else "ok",
        zero=status == 2 or None,
    )


def build() -> Decoder:
    """A decoder of HID scale reports."""
    return Decoder(_Reports(), _parse)


HID_SCALE = Profile(name="hid_scale", build=build, hid=True, zero=b"\x02\x02")
