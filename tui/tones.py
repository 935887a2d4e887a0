"""How each answer looks and sounds: colour, word, sign, place and sound, all five different."""

from dataclasses import dataclass
from enum import Enum

from core.floor.values import Tone


class Place(Enum):
    """Where an answer stands, so that the shape tells it before the colour does."""

    LEFT = "left"
    """A short band at the left."""
    FULL = "full"
    """The whole band."""
    RIGHT = "right"
    """A short band at the right."""
    SHOUT = "shout"
    """The band and the whole panel beside the stage."""
    SHOUT_LOW = "shout_low"
    """The band and the lower half of the panel."""
    SHOUT_HIGH = "shout_high"
    """The band and the upper half of the panel."""
    ALL = "all"
    """The whole stage."""


@dataclass(frozen=True, slots=True)
class Look:
    """One tone as people meet it."""

    sign: str
    place: Place
    bells: int
    """Times the terminal bell rings where no sound command is set."""

    @property
    def shouts(self) -> bool:
        """Whether the answer refuses something and must not be missed."""
        return self.place not in (Place.LEFT, Place.FULL, Place.RIGHT)


LOOKS = {
    Tone.ACCEPTED: Look("✔", Place.LEFT, 0),
    Tone.COMPLETE: Look("★", Place.FULL, 0),
    Tone.COMMAND: Look("»", Place.RIGHT, 0),
    Tone.WRONG: Look("✘", Place.SHOUT, 2),
    Tone.TOO_MANY: Look("+", Place.SHOUT_LOW, 3),
    Tone.UNKNOWN: Look("?", Place.SHOUT_HIGH, 1),
    Tone.STOP: Look("■", Place.ALL, 4),
}


def style(tone: Tone) -> str:
    """The palette's name for a tone."""
    return f"tone.{tone.value}"
