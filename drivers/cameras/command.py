"""USB cameras: a program takes the photo and writes it to its output or to ``{file}``.

Templates that work: ``fswebcam -q -S 4 --jpeg 90 -d /dev/video0 -`` (skips the first dark
frames) and ``ffmpeg -v error -f v4l2 -i /dev/video0 -frames:v 1 -f mjpeg -``.
"""

import shlex
import subprocess
import tempfile
from pathlib import Path

from core.errors import Problem
from core.text import clean
from drivers.cameras.jpeg import whole

TIMEOUT_S = 4.0
"""A USB camera needs a second or two to start and to find its exposure."""


class CommandCamera:
    """One camera behind a command line; no shell is involved."""

    def __init__(self, name: str, command: str, timeout: float = TIMEOUT_S) -> None:
        self.name = name
        self._timeout = timeout
        try:
            self._words = shlex.split(command)
        except ValueError:
            self._words = []
        if not self._words:
            raise Problem("camera.no_command", camera=name, program=command)

    def snap(self) -> bytes:
        """One whole JPEG within the timeout. Raises Problem."""
        with tempfile.TemporaryDirectory(prefix="packline-camera-") as room:
            file = Path(room, "photo.jpg")
            output = self._run([word.replace("{file}", str(file)) for word in self._words])
            return whole(file.read_bytes() if file.exists() else output, self.name)

    def _run(self, words: list[str]) -> bytes:
        program = Path(words[0]).name
        try:
            done = subprocess.run(
                words,
                capture_output=True,
                check=False,
                stdin=subprocess.DEVNULL,
                timeout=self._timeout,
            )
        except subprocess.TimeoutExpired as error:
            seconds = f"{self._timeout:g}"
            raise Problem("camera.timeout", camera=self.name, seconds=seconds) from error
        except OSError as error:
            raise Problem("camera.no_command", camera=self.name, program=program) from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            why = clean(said[-1], 120) if said else f"exit {done.returncode}"
            raise Problem("camera.command_failed", camera=self.name, program=program, why=why)
        return done.stdout
