"""Several things in one cell: group-buy items written as text, joined sub-orders.

Split only when the counts leave one reading; otherwise say so by returning None.
"""

import re
from collections.abc import Sequence

_SEPARATOR = re.compile(r"\s*[;；、\n]\s*|\s*[,，]\s*(?!\d{3}\b)")
_COUNTED = re.compile(
    r"^(?P<what>.+?)(?P<gap>\s*)(?:[xX×*＊]|\+)\s*(?P<n>\d{1,5})\s*[件份个盒袋箱]?$"
)
_UNIT = re.compile(r"\d(?:ml|l|g|kg|mm|cm|m|毫升|升|克|千克|斤|公斤|片|粒|支|枚)$", re.IGNORECASE)
_SIZE = re.compile(r"(?:^|[^A-Za-z0-9-])\d+(?:\.\d+)?$")


def items(cell: str, total: int | None) -> list[tuple[str, int]] | None:
    """``A x2;B*1`` as [("A", 2), ("B", 1)]; None when it can be read in more than one way.

    ``total`` is the quantity column, when there is one: one item without a count takes it,
    several must add up to it. ``牛奶 250ml*12`` and ``毛巾 30x50`` may be sizes: not split.
    """
    parts = [p for p in _SEPARATOR.split(cell.strip()) if p]
    if not parts:
        return None
    if len(parts) == 1 and total is not None:
        return [(parts[0], total)]
    counted = [_counted(part) for part in parts]
    found = [item for item in counted if item is not None]
    if len(found) < len(parts) or (total is not None and sum(n for _, n in found) != total):
        return None
    return found


def _counted(part: str) -> tuple[str, int] | None:
    match = _COUNTED.match(part)
    if match is None or int(match["n"]) < 1 or _SIZE.search(match["what"]):
        return None
    if not match["gap"] and _UNIT.search(match["what"]):
        return None
    return match["what"].strip(), int(match["n"])


def joined(cell: str) -> list[str]:
    """The parts of a ``;``-joined cell."""
    return [part.strip() for part in re.split("[;；]", cell) if part.strip()]


def shares(quantity: str, parts: int) -> list[int] | None:
    """What each of ``parts`` joined sub-orders gets: ``2;3`` as it says, ``2`` when it is one each.

    None when the sum can be split in more than one way.
    """
    numbers = joined(quantity)
    if not all(n.isdecimal() and int(n) > 0 for n in numbers):
        return None
    if len(numbers) == parts:
        return [int(n) for n in numbers]
    return [1] * parts if numbers == [str(parts)] else None


def part(values: Sequence[str], at: int, parts: int) -> str:
    """The value of one joined sub-order: its own part, or the whole when it is not joined alike."""
    if len(values) == parts:
        return values[at]
    return values[0] if len(values) == 1 else "; ".join(values)
