"""What a digest of alerts says, in the installation's language, whatever a screen speaks."""

from datetime import tzinfo

from core.clock import local
from core.messages import Message, message
from core.text import clean
from core.watch.delivery import Told
from tui.story import Blanks
from tui.words import say, speaking, word


class Digest:
    """The words of ``core.watch.delivery``."""

    def __init__(self, language: str, zone: tzinfo) -> None:
        self.language, self.zone = language, zone

    def title(self, count: int, *, again: bool) -> str:
        """How many, and whether some of it may have been read already."""
        with speaking(self.language):
            return say(message("notify.title.again" if again else "notify.title", n=count))

    def line(self, told: Told) -> str:
        """When, what kind, which; then the sentence the alerts screen shows."""
        with speaking(self.language):
            what = Message(f"alert.{told.rule}", Blanks({**told.what, "subject": told.subject}))
            marks = [
                say("notify.escalated") if told.level else "",
                say("notify.over") if told.over else "",
            ]
            parts = (
                f"{local(told.raised_at, self.zone):%H:%M}",
                *(mark for mark in marks if mark),
                f"[{word('alert.kind', told.rule)}]",
                say(what),
            )
            return clean(" ".join(parts))

    def trial(self) -> str:
        """A message that only shows that the way is open."""
        with speaking(self.language):
            return say("notify.trial")
