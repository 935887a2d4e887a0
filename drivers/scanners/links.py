"""The three ways bytes of a scanner reach us, behind one door: open, read, close.

``read`` waits at most ``TICK_MS`` and gives b"" when nothing came. Every failure of the system,
whichever of its exception families it arrives in, leaves here as ``LinkLost`` with a sentence.
"""

import contextlib
import errno
import fcntl
import grp
import os
import select
import termios
from pathlib import Path
from typing import Any, Protocol

from core.messages import Message, message

TICK_MS = 50
"""How long a read waits, and so how long a stop may take."""

_EVIOCGRAB = 0x40044590


class LinkLost(Exception):  # noqa: N818 - it happens every day: a plug was pulled
    """The device cannot be opened or read any more; ``why`` says it to a person."""

    def __init__(self, why: Message) -> None:
        super().__init__(str(why))
        self.why = why


class Link(Protocol):
    """A connection to one device that can be opened again after it was lost."""

    def open(self) -> None:
        """Raises LinkLost."""

    def read(self) -> bytes:
        """What came; b"" when nothing came for ``TICK_MS``. Raises LinkLost."""

    def close(self) -> None:
        """Let go; never raises."""


class FileLink:
    """A device file read in whole reports: evdev or hidraw."""

    def __init__(self, path: str, size: int, *, grab: bool = False, wake: bytes = b"") -> None:
        """``grab``: take an evdev device away from the console, or every code is typed there too.

        ``wake``: a HID feature report that switches the scanner on, sent after opening.
        """
        self._path = path
        self._size = size
        self._grab = grab
        self._wake = wake
        self._fd = -1
        self._poll = select.poll()

    def open(self) -> None:
        mode = os.O_RDWR if self._wake else os.O_RDONLY
        try:
            self._fd = os.open(self._path, mode | os.O_NONBLOCK | os.O_CLOEXEC)
            self._poll = select.poll()
            self._poll.register(self._fd, select.POLLIN)
            self._prepare()
        except OSError as error:
            self.close()
            raise LinkLost(why_lost(error, self._path)) from error

    def read(self) -> bytes:
        try:
            if not self._poll.poll(TICK_MS):
                return b""
            data = os.read(self._fd, self._size)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise LinkLost(why_lost(error, self._path)) from error
        if not data:
            raise LinkLost(message("scanner.unplugged", path=self._path))
        return data

    def close(self) -> None:
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self._fd)
        self._fd = -1

    def _prepare(self) -> None:
        if self._grab:
            _request(self._fd, _EVIOCGRAB, 1)
        if self._wake:
            _request(self._fd, _set_feature(len(self._wake)), self._wake)


class SerialLink:
    """A serial, CDC or network port; ``url`` is a path or anything pyserial knows."""

    def __init__(self, url: str, *, baud: int = 9600, parity: str = "N") -> None:
        self._url = url
        self._baud = baud
        self._parity = parity
        self._port: Any = None
        self._local = "://" not in url

    def open(self) -> None:
        import serial

        try:
            self._port = serial.serial_for_url(
                self._url,
                baudrate=self._baud,
                parity=self._parity,
                timeout=TICK_MS / 1000,
                exclusive=True if self._local else None,
            )
            if self._local:
                fcntl.ioctl(self._port.fileno(), termios.TIOCEXCL)
        except (OSError, termios.error, ValueError) as error:
            self.close()
            raise LinkLost(why_lost(error, self._url)) from error

    def read(self) -> bytes:
        try:
            return bytes(self._port.read(self._port.in_waiting or 1))
        except (OSError, termios.error) as error:
            raise LinkLost(why_lost(error, self._url, reading=True)) from error

    def close(self) -> None:
        port, self._port = self._port, None
        if port is None:
            return
        if self._local:
            # A pseudo-terminal keeps the mark while its other end lives: nobody could reopen it.
            with contextlib.suppress(OSError, termios.error):
                fcntl.ioctl(port.fileno(), termios.TIOCNXCL)
        with contextlib.suppress(OSError, termios.error):
            port.close()


def _request(fd: int, code: int, argument: int | bytes) -> None:
    """Ask the device's driver for something; a FIFO in its place knows no requests."""
    try:
        fcntl.ioctl(fd, code, argument)
    except OSError as error:
        if error.errno != errno.ENOTTY:
            raise


def _set_feature(size: int) -> int:
    """HIDIOCSFEATURE(size) of ``linux/hidraw.h``."""
    return 0xC0004806 | size << 16


def why_lost(error: Exception, path: str, *, reading: bool = False) -> Message:
    """The sentence for a failure: what is wrong and what to do."""
    number = getattr(error, "errno", None)
    if number in (errno.EACCES, errno.EPERM):
        return _no_permission(path)
    if number in (errno.EBUSY, errno.EAGAIN):
        return message("scanner.busy", path=path)
    if number in (errno.ENOENT, errno.ENXIO) and not reading:
        return message("scanner.absent", path=path)
    if reading or number in (errno.ENODEV, errno.EIO):
        return message("scanner.unplugged", path=path)
    return message("scanner.trouble", path=path, why=str(error))


def _no_permission(path: str) -> Message:
    """Permission denied, with the group to join, or the rule when no group may read it."""
    try:
        status = Path(path).stat()
        group = grp.getgrgid(status.st_gid).gr_name
    except (OSError, KeyError):
        return message("scanner.permission_rule", path=path)
    if group == "root" or not status.st_mode & 0o040:
        return message("scanner.permission_rule", path=path)
    return message("scanner.permission", path=path, group=group)
