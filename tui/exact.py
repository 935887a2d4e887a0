"""Only the cells that changed go over the line.

Textual (8.2.8) cuts a changed line behind the change and writes it from its left edge; over SSH
that is most of what a scan or a moved row costs. A change is cut at both ends here.
"""

from rich.console import Console, RenderableType
from rich.control import Control
from textual._compositor import ChopsUpdate


class ExactUpdate(ChopsUpdate):
    """Textual's update of parts of lines, cut at both ends."""

    def render_segments(self, console: Console) -> str:
        """What the terminal gets: each span where it stands, nothing else."""
        written: list[str] = []
        for y, x1, x2 in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                first, last = max(x, x1), min(end, x2)
                if strip is not None and first < last:
                    written.append(Control.move_to(first, y).segment.text)
                    written.append(strip.crop(first - x, last - x).render(console))
        return "".join(written)


def exact(update: RenderableType | None) -> RenderableType | None:
    """An update as it should be written; others than those of parts of lines stay as they are."""
    if isinstance(update, ChopsUpdate):
        return ExactUpdate(update.chops, update.spans, update.chop_ends)
    return update
