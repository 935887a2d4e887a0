"""What reaches a bench: scans, readings, keys and news about the order in hand."""

from dataclasses import dataclass
from enum import Enum

from core.floor.meaning import Meaning
from core.messages import Message


@dataclass(frozen=True, slots=True)
class Scanned:
    """One scan with everything it may be; ``meanings`` is never empty."""

    text: str
    meanings: tuple[Meaning, ...]


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key that stands for a command; its meaning comes from ``meaning.command``."""

    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Weight:
    """A stable reading."""

    grams: int
    at: int
    """When the scale said it, UTC ms."""
    emptied: bool = False
    """The reader vouches that the scale was empty since the last weight it told."""


class NewsKind(Enum):
    """What may happen elsewhere to the order in hand."""

    REFUND = "refund"
    CANCEL = "cancel"
    HOLD = "hold"
    LINES = "lines"
    """Products or quantities changed."""
    TAKEN = "taken"
    """Another bench took the order over."""
    EDIT = "edit"
    """Address or note changed: to be read, not a stop."""


@dataclass(frozen=True, slots=True)
class News:
    """Something happened to the order in hand."""

    kind: NewsKind
    what: Message
    """In words, for the screen."""


Event = Scanned | Pressed | Weight | News
