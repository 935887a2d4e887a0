"""Labels on paper where no printer stands: a file that a killed process cannot take back.

What was written is out, as with a printer: the sheet is on the disk before the printer answers.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from core.ports import LabelFacts, PrinterAnswer, PrinterStatus, SlipFacts


@dataclass(frozen=True, slots=True)
class Paper:
    """One label that came out."""

    waybill: str
    number: str
    """Internal number."""
    copy: int


def papers(folder: Path, station: str) -> list[Paper]:
    """Everything that came out at a station, oldest first."""
    path = tray(folder, station)
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [Paper(**json.loads(line)) for line in lines]


def tray(folder: Path, station: str) -> Path:
    """Where a station's labels fall."""
    return folder / f"labels-{station}.jsonl"


class PaperPrinter:
    """A printer that prints into a file."""

    def __init__(self, folder: Path, station: str) -> None:
        self.name = f"{station} paper"
        self.labels = papers(folder, station)
        """All that came out here, in this life and those before."""
        self._file = os.open(tray(folder, station), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def status(self) -> PrinterStatus:
        """It has paper and ribbon without end."""
        return PrinterStatus(PrinterAnswer.READY)

    def print_label(self, label: LabelFacts) -> None:
        """One line, one write, one sync."""
        paper = Paper(label.waybill, label.number, label.copy)
        os.write(self._file, (json.dumps(asdict(paper)) + "\n").encode())
        os.fsync(self._file)
        self.labels.append(paper)

    def print_slip(self, slip: SlipFacts) -> None:
        """Nobody asks for slips here."""
        raise NotImplementedError(slip.number)
