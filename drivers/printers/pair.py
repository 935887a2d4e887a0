"""Two printers on one bench: labels on one, slips on the other."""

from core.ports import LabelFacts, Printer, PrinterAnswer, PrinterStatus, SlipFacts


class LabelsAndSlips:
    """Both as one printer; what one cannot print waits without stopping the other."""

    def __init__(self, labels: Printer, slips: Printer) -> None:
        self.name = labels.name
        self.labels = labels
        self.slips = slips

    def status(self) -> PrinterStatus:
        """The label printer's answer, unless only the slip printer is in trouble."""
        first = self.labels.status()
        if first.answer is not PrinterAnswer.READY:
            return first
        return self.slips.status()

    def print_label(self, label: LabelFacts) -> None:
        """Print one parcel label. Raises PrintFailed."""
        self.labels.print_label(label)

    def print_slip(self, slip: SlipFacts) -> None:
        """Print one execution slip. Raises PrintFailed."""
        self.slips.print_slip(slip)
