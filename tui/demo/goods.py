"""What lies on the demo warehouse's shelves, who works there, and who buys: ``data/demo``."""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Product:
    """One product as a person holds it in the hand."""

    sku: str
    title: str
    spec: str
    barcode: str
    grams: int
    """What the scale says, also for products whose weight nobody has recorded yet."""
    price_cents: int
    by_hand: bool
    gift: bool


@dataclass(frozen=True, slots=True)
class Bundle:
    """A set that is sold under one code."""

    sku: str
    title: str
    spec: str
    price_cents: int
    parts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Goods:
    """Everything the demonstration is made of."""

    rows: tuple[Row, ...]
    """Products in the form that ``packline products`` imports."""
    products: Mapping[str, Product]
    bundles: Mapping[str, Bundle]
    buyers: tuple[Row, ...]
    people: tuple[Row, ...]
    words: Mapping[str, Any]
    """What buyers write."""

    @property
    def packers(self) -> tuple[str, ...]:
        """Badges of those who pack."""
        return tuple(row["badge"] for row in self.people if row["role"] == "packer")

    @property
    def supervisor(self) -> str:
        """The supervisor's badge."""
        return next(row["badge"] for row in self.people if row["role"] == "supervisor")


@cache
def goods() -> Goods:
    """Read ``data/demo``."""
    rows = table("products.csv")
    return Goods(
        rows=rows,
        products={row["sku"]: product(row) for row in rows},
        bundles=bundles(table("bundles.csv")),
        buyers=table("buyers.csv"),
        people=table("people.csv"),
        words=tomllib.loads(text("shop.toml")),
    )


def text(name: str) -> str:
    """One file of the demonstration."""
    return resources.files("data").joinpath("demo", name).read_text(encoding="utf-8")


def table(name: str) -> tuple[Row, ...]:
    """A CSV file's rows."""
    return tuple(csv.DictReader(text(name).splitlines()))


def product(row: Row) -> Product:
    """A row as a thing."""
    return Product(
        sku=row["sku"],
        title=row["title"],
        spec=row["spec"],
        barcode=row["barcode"],
        grams=int(row["real_g"]),
        price_cents=int(row["price"]),
        by_hand=row["by_hand"] == "1",
        gift=row["price"] == "0",
    )


def bundles(rows: tuple[Row, ...]) -> dict[str, Bundle]:
    """Rows, one a part, as sets."""
    found: dict[str, Bundle] = {}
    for row in rows:
        known = found.get(row["bundle"])
        parts = {**(known.parts if known else {}), row["sku"]: int(row["quantity"])}
        found[row["bundle"]] = Bundle(
            row["bundle"], row["title"], row["spec"], int(row["price"]), parts
        )
    return found
