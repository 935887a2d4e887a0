"""Dispatch: which warehouse ships an order and with which carrier, and why.

Decides; never reserves and never holds. The rule is a function behind a contract, so that a
table of rules can take the default's place.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from core.store import Row, Rows
from core.store.database import marks

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
__all__ = ["Choice", "Need", "Rule", "choose", "first_that_can_ship_all"]


@dataclass(frozen=True, slots=True)
class Need:
    """What has to be shipped, and where to."""

    order_id: int
    units: Mapping[int, int]
    """SKU id -> units."""
    province: str
    carrier: str
    """The shop's own carrier; a rule may choose another."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Where from and with whom; ``why`` is the rule's trace as JSON, kept on the order."""

    warehouse_id: int | None
    carrier: str
    why: str
    short_of: str = ""
    """SKU codes no single warehouse can give, when there is no warehouse."""


Rule = Callable[[Rows, Need], Choice]


def choose(read: Rows, need: Need) -> Choice:
    """Ask the rule in force."""
    return first_that_can_ship_all(read, need)


def first_that_can_ship_all(read: Rows, need: Need) -> Choice:
    """The first warehouse, by rank, that has every unit free."""
    if not need.units:
        return Choice(None, need.carrier, trace("nothing_to_ship", []))
    free = free_units(read, need)
    tried: list[dict[str, object]] = []
    for (warehouse_id, code), units in free.items():
        lacking = lack(units, need)
        tried.append({"warehouse": code, "lacks": len(lacking)})
        if not lacking:
            return Choice(warehouse_id, need.carrier, trace("first_with_all", tried))
    codes = [row["code"] for row in short_skus(read, need, free.values())]
    return Choice(None, need.carrier, trace("none_has_all", tried), " ".join(codes))


def free_units(read: Rows, need: Need) -> dict[tuple[int, str], dict[int, int]]:
    """(warehouse id, its code), by rank -> SKU id -> units not promised yet."""
    free: dict[tuple[int, str], dict[int, int]] = {}
    for row in read.all(
        "SELECT w.id, w.code, s.sku_id, s.on_hand - s.reserved AS free FROM warehouses w"
        f" LEFT JOIN stock s ON s.warehouse_id = w.id AND s.sku_id IN ({marks(need.units)})"
        " ORDER BY w.rank, w.id",
        *need.units,
    ):
        units = free.setdefault((row["id"], row["code"]), {})
        if row["sku_id"] is not None:
            units[row["sku_id"]] = row["free"]
    return free


def lack(free: Mapping[int, int], need: Need) -> list[int]:
    """The SKUs a warehouse has too few of."""
    return [sku for sku, wanted in need.units.items() if free.get(sku, 0) < wanted]


def short_skus(read: Rows, need: Need, free: Iterable[Mapping[int, int]]) -> list[Row]:
    """The SKUs that the best warehouse still lacks, for the hold's detail."""
    fewest = min((lack(units, need) for units in free), key=len, default=list(need.units))
    found = (read.one("SELECT code FROM skus WHERE id = ?", sku) for sku in fewest)
    return [row for row in found if row is not None]


def trace(rule: str, tried: list[dict[str, object]]) -> str:
    """Why, as stored on the order and shown in plain words."""
    return _json({"rule": rule, "tried": tried})
