"""What a parcel should weigh, when a difference matters, and which item would explain it.

All weights are integer grams. Pure arithmetic: no scale, no database.
"""

from collections.abc import Iterable
from dataclasses import dataclass

ZERO_G = 20
"""Readings within this of zero mean an empty plate."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far off a parcel may be: the larger of a fixed weight and a share of the expected."""

    abs_g: int = 30
    permille: int = 30

    def grams(self, expected_g: int) -> int:
        """The allowed difference for a parcel of that expected weight."""
        return max(self.abs_g, expected_g * self.permille // 1000)


@dataclass(frozen=True, slots=True)
class Part:
    """Some units of one product inside a parcel."""

    sku_id: int
    sku: str
    units: int
    unit_g: int | None
    """Weight of one unit; None while it is not known."""
    coded_units: int = 0
    coded_g: int = 0
    """Units whose own code told their weight (weighed fresh goods), and that weight together."""

    @property
    def grams(self) -> int | None:
        """All units together; None when some unit's weight is not known."""
        uncoded = self.units - self.coded_units
        if uncoded <= 0:
            return self.coded_g
        return None if self.unit_g is None else self.coded_g + uncoded * self.unit_g


@dataclass(frozen=True, slots=True)
class Suspect:
    """One unit too few or too many that would explain a difference."""

    sku: str
    missing: bool
    unit_g: int
    rest_g: int
    """What stays unexplained."""


def expected(parts: Iterable[Part], tare_g: int) -> int | None:
    """The weight of the packed parcel; None when some product's weight is not known."""
    total = tare_g
    for part in parts:
        if part.grams is None:
            return None
        total += part.grams
    return total


def fits(actual_g: int, expected_g: int, tolerance: Tolerance) -> bool:
    """Whether the reading is close enough to be this parcel."""
    return abs(actual_g - expected_g) <= tolerance.grams(expected_g)


def explain(
    parts: Iterable[Part], actual_g: int, expected_g: int, tolerance: Tolerance
) -> tuple[Suspect, ...]:
    """Single units whose absence or surplus explains the difference, best first."""
    off = actual_g - expected_g
    room = tolerance.grams(expected_g)
    found: dict[str, Suspect] = {}
    for part in parts:
        if not part.unit_g or part.units <= 0:
            continue
        rest = abs(abs(off) - part.unit_g)
        if rest <= room and rest < abs(off):
            found.setdefault(part.sku, Suspect(part.sku, off < 0, part.unit_g, rest))
    return tuple(sorted(found.values(), key=lambda suspect: (suspect.rest_g, suspect.sku)))


def learn(parts: Iterable[Part], tare_g: int, actual_g: int) -> tuple[int, int] | None:
    """(sku_id, unit grams) when exactly one product's weight is unknown and the rest is known."""
    parts = tuple(parts)
    unknown = [part for part in parts if part.grams is None]
    if len({part.sku_id for part in unknown}) != 1:
        return None
    rest = actual_g - tare_g - sum(part.grams or 0 for part in parts)
    rest -= sum(part.coded_g for part in unknown)
    units = sum(part.units - part.coded_units for part in unknown)
    unit_g = round(rest / units)
    return (unknown[0].sku_id, unit_g) if unit_g > 0 else None
