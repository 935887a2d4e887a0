"""The bench: paints the last committed view and passes scans and keys on."""

from textual.app import ComposeResult

from core.floor.values import BenchView, Step, Tone
from core.messages import Message, message
from core.ports import Scan
from tui.ink import Line
from tui.screens.bench_paint import paint
from tui.screens.bench_stage import Scene
from tui.screens.commands import COMMANDS, NEEDS_ORDER
from tui.screens.pane import Pane
from tui.sources import BenchSource, LiveWeight
from tui.widgets.canvas import Canvas

REPEAT_S = 2
"""How often a stop sounds until it is acknowledged."""


class BenchCanvas(Canvas):
    """The painted bench."""

    def __init__(self, pane: "BenchPane") -> None:
        super().__init__()
        self._pane = pane

    def paint(self, width: int, height: int) -> list[Line]:
        return paint(self._pane.scene(), width, height)


def _around(view: BenchView) -> tuple[str, str, str]:
    """What the lines above and below the bench say of it."""
    return view.operator, view.role, view.number


class BenchPane(Pane):
    """Pick, pack, weigh and label in one place: nothing is switched on the packer's path."""

    name_of = "bench"
    takes_scans = True

    def __init__(self, source: BenchSource) -> None:
        super().__init__(id="bench")
        self._source = source
        self._view = source.view()
        self._weight: LiveWeight | None = None
        self._ticks = 0
        self._canvas = BenchCanvas(self)

    def compose(self) -> ComposeResult:
        yield self._canvas

    @property
    def view(self) -> BenchView:
        """What is painted."""
        return self._view

    def scene(self) -> Scene:
        """Everything the painting depends on."""
        clock = self.house_app.house.clock
        return Scene(self._view, clock.now(), clock.zone, self._weight, self.house_app.echo)

    # --- what comes in -------------------------------------------------------------------------

    def show(self, view: BenchView) -> None:
        """Paint a committed view and sound its answer; one that is painted already costs nothing.

        The same answer given twice is two answers, and told apart by being another object.
        """
        if view == self._view and view.outcome is self._view.outcome:
            return
        before, self._view = self._view, view
        new = view.outcome is not None and view.outcome is not before.outcome
        self._ticks = 0
        self._canvas.repaint()
        if _around(view) != _around(before):
            self.house_app.show_keys()
            self.house_app.show_top()
        if new and view.outcome is not None:
            self.house_app.sounder.play(view.outcome.tone)

    def show_weight(self, weight: LiveWeight) -> None:
        """Paint the scale; it is on screen only while a parcel is weighed."""
        if weight == self._weight:
            return
        self._weight = weight
        if self._view.step is Step.WEIGH:
            self._canvas.repaint()

    def scanned(self, text: str, at: int) -> None:
        """A code from the keyboard; a single digit answers a question instead."""
        choices = self._view.choices
        if len(text) == 1 and text in "123456789" and choices:
            if int(text) <= len(choices):
                self.command(choices[int(text) - 1].code)
            return
        self.house_app.watch_bench(self._source.scan(Scan(text, at, "keys")))

    def command(self, code: str) -> None:
        """A command that was pressed instead of scanned."""
        self.house_app.watch_bench(self._source.key(code))

    # --- what the app asks ---------------------------------------------------------------------

    def act(self, action: str) -> None:
        self.command(COMMANDS[action])

    def refusal(self, action: str) -> Message | None:
        if not self._view.operator:
            return message("refusal.no_operator")
        if action in NEEDS_ORDER and not self._view.number:
            return message("refusal.no_order")
        return None

    def press(self, key: str) -> bool:
        """Enter answers a question that has only one answer."""
        if key in ("enter", "ctrl+j") and len(self._view.choices) == 1:
            self.command(self._view.choices[0].code)
            return True
        return False

    def refresh_facts(self) -> None:
        self.show(self._source.view())

    def tick(self) -> None:
        """Repeat a stop's sound; what is left until the due time moves by itself."""
        self._ticks += 1
        outcome = self._view.outcome
        if outcome and outcome.tone is Tone.STOP and self._ticks % REPEAT_S == 0:
            self.house_app.sounder.play(Tone.STOP)
        self._canvas.repaint()

    def echo(self) -> None:
        """What is being typed changed."""
        self._canvas.repaint()

    def repaint_all(self) -> None:
        self._canvas.repaint()
