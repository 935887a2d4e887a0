"""A recording played as the scale it was taken from: the same bytes, at the same moments.

For a scale that stands somewhere else: whoever opens the port reads what was recorded there.
"""

import errno
import os
import select
import threading
import time
import tty
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_LOOK_S = 0.02
_LINGER_S = 0.5
"""How long the port stays after the last byte, so that it is read."""


def play(
    recording: Iterable[tuple[int, bytes]],
    path: Path,
    *,
    speed: float = 1.0,
    stop: threading.Event | None = None,
) -> int:
    """Play (milliseconds, bytes) on a pseudo-terminal at ``path``, from when somebody opens it.

    Returns the number of bytes that were played. Raises OSError when ``path`` is taken.
    """
    ending = stop or threading.Event()
    master, slave = os.openpty()
    try:
        tty.setraw(slave)
        if path.is_symlink() or path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        path.symlink_to(os.ttyname(slave))
        os.close(slave)
        slave = -1
        try:
            if not _opened(master, ending):
                return 0
            return _played(master, recording, speed, ending)
        finally:
            path.unlink(missing_ok=True)
    finally:
        for handle in (master, slave):
            with suppress(OSError):
                os.close(handle)


def _opened(master: int, ending: threading.Event) -> bool:
    """Wait until somebody holds the other end."""
    poll = select.poll()
    poll.register(master, select.POLLHUP)
    while any(event & select.POLLHUP for _, event in poll.poll(0)):
        if ending.wait(_LOOK_S):
            return False
    return True


def _played(
    master: int, recording: Iterable[tuple[int, bytes]], speed: float, ending: threading.Event
) -> int:
    begun, count = time.monotonic(), 0
    for at_ms, data in recording:
        if ending.wait(max(0.0, begun + at_ms / 1000 / speed - time.monotonic())):
            return count
        try:
            count += os.write(master, data)
        except OSError:  # unplugged by its reader
            return count
    ending.wait(_LINGER_S)
    return count
