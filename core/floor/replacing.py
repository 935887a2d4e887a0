"""The next state from the last one: what ``dataclasses.replace`` does, without its price."""

import dataclasses
from typing import Any, TypeVar

T = TypeVar("T")


def replace(value: T, **changes: Any) -> T:
    """A copy of a frozen value with other fields. Raises TypeError for a field it does not have.

    A bench does this 13 times for a scan, on values of 20 fields: 1 us each here and 8 us there,
    where every field is handed to ``__init__`` again. Values with slots go the long way.
    """
    held: dict[str, Any] | None = getattr(value, "__dict__", None)
    if held is None:
        return dataclasses.replace(value, **changes)  # type: ignore[type-var] # a dataclass
    if not changes.keys() <= held.keys():
        raise TypeError(f"{type(value).__name__} has no {', '.join(changes.keys() - held.keys())}")
    copy: T = object.__new__(type(value))
    copy.__dict__.update(held, **changes)
    return copy
