"""What background threads tell the screens."""

from collections.abc import Callable

from textual.message import Message as Event

from core.messages import Message
from tui.sources import LiveWeight


class WeightMoved(Event):
    """The scale shows something else."""

    def __init__(self, weight: LiveWeight) -> None:
        super().__init__()
        self.weight = weight

    def can_replace(self, message: Event) -> bool:
        """Only the last reading is worth painting."""
        return isinstance(message, WeightMoved)


class Answered(Event):
    """A question to a background thread was answered; ``show`` shows it."""

    def __init__(self, show: Callable[[], None]) -> None:
        super().__init__()
        self.show = show


class Told(Event):
    """An intent was answered, well or not; ``then`` is what to do on the screen now."""

    def __init__(
        self, say: Message, *, bad: bool = False, then: Callable[[], None] | None = None
    ) -> None:
        super().__init__()
        self.say = say
        self.bad = bad
        self.then = then
