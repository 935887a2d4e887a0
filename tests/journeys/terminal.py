"""A command in a real pseudo-terminal, and what its screen shows."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping

import pyte


class Terminal:
    """One program behind a pseudo-terminal of a given size."""

    def __init__(
        self,
        command: list[str],
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.told = bytearray()
        """Everything the program sent to the terminal so far."""
        self.status: int | None = None
        self._stream = pyte.ByteStream(self.screen)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(command[0], command, {**surroundings(), **(env or {})})
        self.lines_before = termios.tcgetattr(self.fd)
        """The line discipline as the program found it."""

    def read_for(self, seconds: float) -> None:
        """Let the program paint for a while."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and self.read_once(left):
            pass

    @property
    def written(self) -> int:
        """How many bytes it sent so far."""
        return len(self.told)

    def quiet_for(self, seconds: float) -> bool:
        """Whether it writes nothing at all for that long."""
        before = self.written
        self.read_for(seconds)
        return self.written == before

    def read_once(self, seconds: float, *, draw: bool = True) -> bool:
        """Take what the program painted next, looked at or not; False when it ended."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.told += data
        if draw:
            self._stream.feed(data)
        return bool(data)

    @property
    def lines(self) -> list[str]:
        """The screen as text; the second half of a wide character is no blank."""
        rows = (self.screen.buffer[y] for y in range(self.screen.lines))
        return ["".join(row[x].data for x in range(self.screen.columns)) for row in rows]

    @property
    def text(self) -> str:
        """The whole screen."""
        return "\n".join(line.rstrip() for line in self.lines)

    def until(self, text: str, seconds: float = 30, absent: bool = False) -> None:
        """Let the program paint until a text is (or is no longer) on the screen."""
        limit = time.monotonic() + seconds
        while (text in self.text) is absent:
            if time.monotonic() > limit or not self.read_once(0.02):
                kind = "still" if absent else "never"
                raise AssertionError(f"{kind} on screen: {text!r}\n{self.text}")

    def type(self, text: str, *, draw: bool = True) -> None:
        """Type, as a person or a wedge scanner does, while the screen is read."""
        data = text.encode()
        while data:
            if select.select([], [self.fd], [], 0.01)[1]:
                data = data[os.write(self.fd, data[:512]) :]
            self.read_once(0, draw=draw)

    def resize(self, columns: int, rows: int) -> None:
        """A window dragged to another size."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the program."""
        os.kill(self.pid, number)

    def ended(self, seconds: float = 30) -> int:
        """Wait for the program's end; its exit status."""
        limit = time.monotonic() + seconds
        while self.status is None:
            if time.monotonic() > limit:
                raise AssertionError(f"still running\n{self.text}")
            if self.fd >= 0:
                self.read_once(0.02)
            found, status = os.waitpid(self.pid, os.WNOHANG)
            if found:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def goes_away(self) -> None:
        """The window is closed, or the line is cut."""
        os.close(self.fd)
        self.fd = -1

    def close(self) -> None:
        """End the program, whatever it does."""
        if self.status is None:
            try:
                self.kill()
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        if self.fd >= 0:
            self.goes_away()


def surroundings() -> dict[str, str]:
    """This environment without what a test runner says of its own window and connection."""
    own = ("COLUMNS", "LINES")
    return {
        name: value
        for name, value in os.environ.items()
        if name not in own and not name.startswith(("TEXTUAL", "SSH_"))
    }
