"""What a benchmark hands back: tables of medians and tails, and how they are printed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

FRAME_MS = 1000 / 60
"""One frame of a 60 Hz screen."""


@dataclass(slots=True)
class Table:
    """One table of figures with what is worth knowing to read it."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """One row."""
        self.rows.append(tuple(str(cell) for cell in cells))

    def markdown(self) -> str:
        """The table as it is printed and kept."""
        lines = [f"### {self.title}", ""]
        lines += ["| " + " | ".join(row) + " |" for row in (self.columns, *self.rows)]
        lines.insert(3, "|" + "---|" * len(self.columns))
        return "\n".join([*lines, *(["", *self.notes] if self.notes else []), ""])


def quantile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return quantile(values, 0.5)


def ms(seconds: float) -> str:
    """Seconds as milliseconds with three significant digits."""
    value = seconds * 1000
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(value: float, floor: float) -> str:
    """How many times the floor."""
    return f"{value / floor:.2f}x" if floor else "-"


def within(values: Sequence[float], limit_ms: float = FRAME_MS) -> str:
    """The share of values (seconds) that fit in one frame."""
    return f"{100 * sum(v * 1000 <= limit_ms for v in values) / len(values):.1f} %"
