"""What every pane is: a name, actions with reasons for refusing them, a way to refresh."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from textual.widget import Widget

from core.messages import Message

if TYPE_CHECKING:
    from tui.app import PacklineApp


class Pane(Widget):
    """One of the places F2 to F5 lead to; exactly one is displayed."""

    DEFAULT_CSS = """
    Pane, Pane > Canvas { height: 1fr; }
    """
    can_focus = False
    name_of = ""
    """The pane's name in the action registry."""
    takes_scans = False
    """Whether a typed code is a scan here; elsewhere it looks an order up."""

    @property
    def house_app(self) -> "PacklineApp":
        """The app, with its type."""
        from tui.app import PacklineApp

        assert isinstance(self.app, PacklineApp)
        return self.app

    def begin(self) -> None:
        """Read what is shown first; called once, before the pane is laid out.

        Keys typed right behind the one that led here already act on it.
        """

    def act(self, action: str) -> None:
        """Do one of this pane's actions."""

    def refusal(self, action: str) -> Message | None:
        """Why an action cannot be had now; None when it can."""
        return None

    def press(self, key: str) -> bool:
        """Take a moving key; True when it was taken."""
        return False

    def refresh_facts(self) -> None:
        """Read again what is shown; called when the database changed and the pane is in view."""

    def tick(self) -> None:
        """Called about once a second while in view, for ages and live values."""

    def repaint_all(self) -> None:
        """Paint everything again: another language, theme or size."""

    def intend(self, future: "Future[Message]", then: Callable[[], None] | None = None) -> None:
        """Watch an intent: its sentence, or its problem, is shown when it is done."""
        self.house_app.watch_intent(future, then or self.refresh_facts)
