"""Dispatch: which warehouse ships an order and with which carrier, and why.

Decides; never reserves and never holds. The rule is a function behind a contract, so that a
table of rules can take the default's place.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.store import Row, Rows

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
    for warehouse in read.all("SELECT id, code FROM warehouses ORDER BY rank, id"):
        lacking = lack(free.get(warehouse["id"], {}), need)
        tried.append({"warehouse": warehouse["code"], "lacks": len(lacking)})
        if not lacking:
            return Choice(warehouse["id"], need.carrier, trace("first_with_all", tried))
    codes = [row["code"] for row in short_skus(read, need, free)]
    return Choice(None, need.carrier, trace("none_has_all", tried), " ".join(codes))


def free_units(read: Rows, need: Need) -> dict[int, dict[int, int]]:
    """Warehouse id -> SKU id -> units not promised yet."""
    free: dict[int, dict[int, int]] = {}
    for sku_id in need.units:
        for row in read.all(
            "SELECT warehouse_id, on_hand - reserved AS free FROM stock WHERE sku_id = ?", sku_id
        ):
            free.setdefault(row["warehouse_id"], {})[sku_id] = row["free"]
    return free


def lack(free: Mapping[int, int], need: Need) -> list[int]:
    """The SKUs a warehouse has too few of."""
    return [sku for sku, wanted in need.units.items() if free.get(sku, 0) < wanted]


def short_skus(read: Rows, need: Need, free: Mapping[int, Mapping[int, int]]) -> list[Row]:
    """The SKUs that the best warehouse still lacks, for the hold's detail."""
    fewest = min((lack(units, need) for units in free.values()), key=len, default=list(need.units))
    found = (read.one("SELECT code FROM skus WHERE id = ?", sku) for sku in fewest)
    return [row for row in found if row is not None]


def trace(rule: str, tried: list[dict[str, object]]) -> str:
    """Why, as stored on the order and shown in plain words."""
    return json.dumps({"rule": rule, "tried": tried}, ensure_ascii=False, separators=(",", ":"))
