"""What a rehearsal is asked for, and what came of it."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.demo.accounting import Difference, Sums
from tui.demo.packers import Tally
from tui.demo.troubles import Weather


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A rehearsal as it was asked for."""

    orders: int = 100
    benches: int = 2
    platforms: tuple[str, ...] = ()
    """A shop on each of these channels; none for the demonstration's own two shops."""
    kills: int | None = None
    """How often a process is killed; None for no processes at all: everything works in this one,
    with devices on the benches."""
    seed: int = 1
    weather: Weather = Weather.NONE
    speed: float = 0.0
    """Clock seconds per real second; 0 chooses."""
    keep: Path | None = None
    """A folder to leave everything in."""
    deadline_s: float = 0.0
    """Real seconds until everything must have drained; 0 chooses."""


@dataclass(slots=True)
class Report:
    """What came of it."""

    wanted: Wanted
    sums: Sums = field(default_factory=Sums)
    differences: list[Difference] = field(default_factory=list)
    scans: int = 0
    silent: int = 0
    answers_ms: list[float] = field(default_factory=list)
    mistakes: Counter[str] = field(default_factory=Counter)
    did: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    killed: list[tuple[str, str]] = field(default_factory=list)
    """Local time and process of every kill."""
    unheard: int = 0
    """Orders the platforms had told more of than was known here when the faults ended."""
    unsent: int = 0
    """Orders that waited for the floor or the courier then."""
    drained_s: float = 0.0
    """Real seconds from the end of the faults to the last parcel out."""

    @property
    def balanced(self) -> bool:
        """Whether all journals agree."""
        return not self.differences

    def answer_ms(self, share: float) -> float:
        """The answer time that share of the scans stayed below."""
        ordered = sorted(self.answers_ms) or [0.0]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "orders": self.wanted.orders,
            "benches": self.wanted.benches,
            "platforms": list(self.wanted.platforms),
            "seed": self.wanted.seed,
            "faults": self.wanted.weather.value,
            "speed": self.wanted.speed,
            "balanced": self.balanced,
            "sums": self.sums.as_dict(),
            "scans": self.scans,
            "scans_without_answer": self.silent,
            "p50_ms": round(self.answer_ms(0.5), 2),
            "p99_ms": round(self.answer_ms(0.99), 2),
            "mistakes_refused": dict(self.mistakes),
            "packers_did": dict(self.did),
            "faults_injected": dict(self.faults),
            "killed": [" ".join(each) for each in self.killed],
            "seconds": round(self.seconds, 1),
            "unheard_when_faults_ended": self.unheard,
            "open_when_faults_ended": self.unsent,
            "drained_seconds": round(self.drained_s, 1),
            "differences": [str(difference) for difference in self.differences],
        }

    def add(self, tally: Tally, badge: str) -> None:
        """What one packer did."""
        self.scans += tally.scans
        self.silent += tally.silent
        self.answers_ms += tally.answers_ms
        self.mistakes += tally.mistakes
        self.did += tally.did
        self.differences += [
            Difference("mistake", badge, "refused", told) for told in tally.let_through
        ]
