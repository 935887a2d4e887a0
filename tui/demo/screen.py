"""The real screens with one line more: what the guide would do next, done by F12."""

from tui.app import PacklineApp
from tui.demo.guide import Guide
from tui.house import WiredHouse
from tui.ink import Line, fit, row
from tui.screens.bench import BenchCanvas, BenchPane
from tui.screens.pane import Pane
from tui.sources import BenchSource
from tui.words import say

KEY = "f12"


class GuidedCanvas(BenchCanvas):
    """The bench above the guide's line."""

    def __init__(self, pane: "GuidedBench", guide: Guide) -> None:
        super().__init__(pane)
        self._bench = pane
        self._guide = guide

    def paint(self, width: int, height: int) -> list[Line]:
        words = fit(f" F12 {say(self._guide.line(self._bench.view))}", width)
        return [*super().paint(width, height - 1), row(width, (words, "head"))]


class GuidedBench(BenchPane):
    """The bench for somebody without a scanner."""

    def __init__(self, source: BenchSource, guide: Guide) -> None:
        super().__init__(source)
        self._guide = guide
        self._canvas = GuidedCanvas(self, guide)

    def press(self, key: str) -> bool:
        """F12 does what the guide says; everything else as ever."""
        if key != KEY:
            return super().press(key)
        self._guide.act(self.view)
        self._canvas.repaint()
        return True


class DemoApp(PacklineApp):
    """Packline over a made-up world."""

    def __init__(self, house: WiredHouse, guide: Guide) -> None:
        super().__init__(house)
        self._guide = guide

    def _make(self, name: str) -> Pane:
        bench = self.house.bench
        if name == "bench" and bench is not None:
            return GuidedBench(bench, self._guide)
        return super()._make(name)
