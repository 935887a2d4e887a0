"""Delivery promises in our tiers, by the names platforms and shops give them."""

_NAMES = (
    ("urgent", ("小时达", "半日达", "即时", "定时送")),
    ("same_day", ("当日", "当天", "sameday", "same_day", "same day")),
    ("next_day", ("次日", "隔日", "nextday", "next_day", "next day", "overnight")),
)


def tier_named(text: str) -> str:
    """The tier a promise's name means; "" when none is known."""
    lowered = text.lower()
    for tier, names in _NAMES:
        if any(name in lowered for name in names):
            return tier
    return ""
