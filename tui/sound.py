"""What a tone sounds like: the terminal bell, or a command of the station; or visibly nothing."""

import logging
import shlex
import subprocess
from collections.abc import Callable
from importlib import resources

from core.floor.values import Tone
from tui.tones import LOOKS

_log = logging.getLogger(__name__)


class Sounder:
    """Plays tones without ever waiting for one to end.

    ``command`` is run with the tone's name in place of ``{tone}`` and the path of the sound that
    ships for it in place of ``{file}`` (with neither, the name is its last argument). Without a
    command, or with one that cannot be started, the terminal's own bell rings for the tones that
    refuse something.
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
        if not (self._command and self._start(words_for(self._command, tone))):
            for _ in range(LOOKS[tone].bells):
                self._bell()

    def _start(self, words: list[str]) -> bool:
        self._playing = [process for process in self._playing if process.poll() is None]
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
            return False
        return True


def words_for(command: list[str], tone: Tone) -> list[str]:
    """The command for one tone."""
    file = str(resources.files("data").joinpath("sounds", f"{tone.value}.wav"))
    words = [word.replace("{tone}", tone.value).replace("{file}", file) for word in command]
    return words if words != command else [*words, tone.value]
