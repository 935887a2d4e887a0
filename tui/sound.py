"""What a tone sounds like: the terminal bell, or a command of the station; or visibly nothing."""

import logging
import shlex
import subprocess
from collections.abc import Callable

from core.floor.values import Tone
from tui.tones import LOOKS

_log = logging.getLogger(__name__)


class Sounder:
    """Plays tones without ever waiting for one to end.

    ``command`` is run with the tone's name in place of ``{tone}`` (or as its last argument);
    without it the terminal's own bell rings for the tones that refuse something.
    """

    def __init__(self, bell: Callable[[], None], command: str = "", *, muted: bool = False) -> None:
        self._bell = bell
        self._command = shlex.split(command)
        self._playing: list[subprocess.Popen[bytes]] = []
        self._failed = False
        self.muted = muted

    def play(self, tone: Tone) -> None:
        """Sound a tone now; a second one does not wait for the first."""
        if self.muted:
            return
        if not self._command:
            for _ in range(LOOKS[tone].bells):
                self._bell()
            return
        self._start(tone)

    def _start(self, tone: Tone) -> None:
        self._playing = [process for process in self._playing if process.poll() is None]
        words = [word.replace("{tone}", tone.value) for word in self._command]
        if words == self._command:
            words.append(tone.value)
        try:
            self._playing.append(
                subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            )
        except OSError as error:
            if not self._failed:
                _log.warning("the sound command cannot be started: %s", error)
            self._failed = True
