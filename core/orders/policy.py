"""What a shop promises and how its orders are numbered."""

from collections.abc import Mapping
from dataclasses import dataclass, field

TIERS = ("urgent", "same_day", "next_day", "standard")
"""Delivery promises, most urgent first."""
HOURS_TO_SHIP: Mapping[str, int] = {
    "urgent": 4,
    "same_day": 12,
    "next_day": 24,
    "standard": 48,
}
"""Hours from payment to handover when the channel gives no deadline of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopPolicy:
    """How one shop's orders are treated."""

    shop_id: int
    channel: str
    tier: str = ""
    """For orders of a channel that names none; "" holds them."""
    carrier: str = "zto"
    """Until a rule chooses, every parcel of this shop goes with this carrier."""
    prefix: str = "DB"
    hours: Mapping[str, int] = field(default_factory=lambda: HOURS_TO_SHIP)

    def ship_by(self, tier: str, since: int) -> int:
        """When an order of that tier, paid at ``since``, must have left."""
        return since + self.hours.get(tier, HOURS_TO_SHIP["standard"]) * 3_600_000
