"""What a scale said in one frame, and how its units become grams."""

from dataclasses import dataclass
from decimal import Decimal

from core.messages import Message

_GRAMS = {
    "mg": Decimal("0.001"),
    "g": Decimal(1),
    "kg": Decimal(1000),
    "t": Decimal(1_000_000),
    "jin": Decimal(500),
    "lb": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
}
_SPELLINGS = {"lbs": "lb", "pc": "pcs"}
WEIGHT_UNITS = ("g", "kg", "lb", "oz", "jin", "t")
"""Units a profile without a unit of its own may be told to use."""
NOT_THE_LOAD = frozenset({"tare", "count", "percent"})
"""Modes whose number is not what lies on the scale."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One frame's meaning; ``None`` is "the frame does not say"."""

    weight: Decimal | None = None
    """The number in ``unit``, with the decimals the scale sent."""
    unit: str | None = None
    stable: bool | None = None
    """None when the protocol has no stability flag."""
    status: str = "ok"
    """ok, motion, overload, underload, out_of_range, not_ready, busy or error:<what>."""
    grams: Decimal | None = None
    """Exact grams; None when the number is not a weight (pieces, percent, unknown unit)."""
    mode: str | None = None
    """gross, net, tare, count or percent."""
    zero: bool | None = None
    """True when the scale itself says it rests at zero."""

    @property
    def bookable(self) -> bool:
        """Whether this could be a parcel's weight, once it is stable."""
        return self.status == "ok" and self.grams is not None and self.mode not in NOT_THE_LOAD

    @property
    def said(self) -> Message:
        """The status in words."""
        kind, _, what = self.status.partition(":")
        return Message(f"scales.status.{kind}", {"what": what} if what else {})


def unit_name(raw: bytes | str) -> str | None:
    """One spelling per unit; None when the field is blank."""
    text = raw if isinstance(raw, str) else raw.decode("latin-1")
    name = text.strip(" _.").lower()
    return _SPELLINGS.get(name, name) or None


def weighed(
    weight: Decimal,
    unit: bytes | str | None,
    *,
    stable: bool | None = None,
    status: str = "ok",
    mode: str | None = None,
    zero: bool | None = None,
) -> Reading:
    """A reading that carries a number; minus zero is zero."""
    if weight.is_zero():
        weight = abs(weight)
    name = unit_name(unit) if unit is not None else None
    factor = _GRAMS.get(name or "")
    grams = weight * factor if factor is not None else None
    return Reading(weight, name, stable, status, grams, mode, zero)


def signed(sign: bytes, digits: bytes) -> Decimal:
    """A number whose digits a pattern has already matched; ``sign`` is ``-`` or anything else."""
    value = Decimal(digits.decode("ascii"))
    return -value if b"-" in sign else value


def scaled(sign: bytes, digits: bytes, decimals: int) -> Decimal:
    """Plain digits with an implied point ``decimals`` places from the right."""
    return signed(sign, digits).scaleb(-decimals) if decimals else signed(sign, digits)
