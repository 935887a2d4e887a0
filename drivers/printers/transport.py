"""The wire to a printer: TCP, a device file, a serial port or a spooler; one job is one open.

Addresses: ``tcp://host:9100``, ``/dev/usb/lp0`` (or ``file:///dev/usb/lp0``),
``serial:///dev/ttyUSB0?baud=9600``, ``cups://QUEUE``. Everything here has a deadline, and a
failure says whether bytes of the job may have reached the printer.
"""

import errno
import os
import select
import socket
import struct
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

from core.errors import Problem
from core.messages import Message, message
from core.ports import PrinterStatus, PrintFailed

OPEN_S = 1.0
"""Longest wait for a connection."""
WRITE_S = 10.0
"""Longest time without a single byte taken before a job counts as stuck."""
_CHUNK = 16_384
_SIOCOUTQ = 0x5411
"""Linux: bytes of a socket the other side has not acknowledged yet (also TIOCOUTQ)."""


class Link(ABC):
    """An open way to one printer, for one job."""

    def __init__(self, patience_s: float = WRITE_S) -> None:
        self.patience_s = patience_s

    def send(self, job: bytes) -> None:
        """Write a whole job and see it taken. Raises PrintFailed."""
        sent, view = 0, memoryview(job)
        try:
            while sent < len(job):
                sent += self._write(view[sent : sent + _CHUNK])
            self._drain()
        except OSError as error:
            raise PrintFailed(_why(error), in_doubt=sent > 0) from error

    def state(self, name: str) -> PrinterStatus | None:
        """What this wire itself knows of the printer; None: ask it in its own language.

        Raises OSError.
        """
        return None

    def ask(self, question: bytes, seconds: float) -> bytes:
        """Write a short question; the bytes that came within ``seconds``. Raises OSError."""
        self._write(memoryview(question))
        return self.read(seconds)

    @abstractmethod
    def _write(self, piece: memoryview) -> int:
        """Hand over some bytes, at least one; TimeoutError when none is taken in time."""

    @abstractmethod
    def _drain(self) -> None:
        """Wait until the other side has taken everything; OSError when it never will."""

    @abstractmethod
    def read(self, seconds: float) -> bytes:
        """What the printer says within that time, b"" when it says nothing. Raises OSError."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the printer."""


class TcpLink(Link):
    """A raw printing port."""

    def __init__(self, host: str, port: int, patience_s: float) -> None:
        super().__init__(patience_s)
        self._socket = socket.create_connection((host, port), timeout=OPEN_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _write(self, piece: memoryview) -> int:
        self._socket.settimeout(self.patience_s)
        return self._socket.send(piece)

    def _drain(self) -> None:
        """Bytes in our own kernel are not in the printer: wait until it acknowledged them."""
        _until_empty(self._unacknowledged, self.patience_s)
        self._socket.shutdown(socket.SHUT_WR)

    def _unacknowledged(self) -> int:
        trouble = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if trouble:
            raise OSError(trouble, os.strerror(trouble))
        return _queued(self._socket.fileno())

    def read(self, seconds: float) -> bytes:
        self._socket.settimeout(max(0.001, seconds))
        try:
            return _alive(self._socket.recv(4096))
        except TimeoutError:
            return b""

    def close(self) -> None:
        self._socket.close()


class FileLink(Link):
    """A kernel printer device such as ``/dev/usb/lp0``."""

    def __init__(self, path: str, patience_s: float) -> None:
        super().__init__(patience_s)
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)

    def _write(self, piece: memoryview) -> int:
        if not select.select([], [self._fd], [], self.patience_s)[1]:
            raise TimeoutError(errno.ETIMEDOUT, "the printer takes no data")
        try:
            return os.write(self._fd, piece)
        except BlockingIOError:
            time.sleep(0.005)
            return 0

    def _drain(self) -> None:
        """The kernel's printer driver holds at most one block; closing waits for it."""

    def read(self, seconds: float) -> bytes:
        if not select.select([self._fd], [], [], seconds)[0]:
            return b""
        try:
            answer = os.read(self._fd, 4096)
        except BlockingIOError:
            answer = b""
        if not answer:
            time.sleep(0.01)
        return answer

    def close(self) -> None:
        with suppress(OSError):  # an unplugged device; the job's own errors came from writing
            os.close(self._fd)


class SerialLink(Link):
    """A serial port, 8 data bits, no parity."""

    def __init__(self, path: str, baud: int, patience_s: float) -> None:
        import serial

        super().__init__(patience_s)
        self._port = serial.Serial(path, baud, timeout=0, write_timeout=0, exclusive=True)
        self._fd = self._port.fileno()

    def _write(self, piece: memoryview) -> int:
        if not select.select([], [self._fd], [], self.patience_s)[1]:
            raise TimeoutError(errno.ETIMEDOUT, "the printer takes no data")
        return os.write(self._fd, piece)

    def _drain(self) -> None:
        _until_empty(lambda: _queued(self._fd), self.patience_s)

    def read(self, seconds: float) -> bytes:
        if not select.select([self._fd], [], [], seconds)[0]:
            return b""
        return _alive(os.read(self._fd, 4096))

    def close(self) -> None:
        self._port.close()


def _alive(answer: bytes) -> bytes:
    """Readable without bytes means that the other side hung up."""
    if not answer:
        raise ConnectionResetError(errno.ECONNRESET, "the printer hung up")
    return answer


def _queued(fd: int) -> int:
    """Bytes still on this side of the wire; 0 where the system cannot tell."""
    import fcntl

    try:
        return int(struct.unpack("i", fcntl.ioctl(fd, _SIOCOUTQ, b"\0\0\0\0"))[0])
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOTTY):
            return 0
        raise


def _until_empty(queued: Callable[[], int], patience_s: float) -> None:
    """Poll until nothing waits; TimeoutError when the queue stands still for that long."""
    least, deadline, pause = 1 << 60, time.monotonic() + patience_s, 0.0005
    while waiting := queued():
        if waiting < least:
            least, deadline = waiting, time.monotonic() + patience_s
        if time.monotonic() > deadline:
            raise TimeoutError(errno.ETIMEDOUT, "the printer stopped taking data")
        time.sleep(pause)
        pause = min(pause * 2, 0.02)


def open_link(address: str, patience_s: float = WRITE_S) -> Link:
    """A link to the printer. Raises Problem for an address that is none, OSError otherwise."""
    try:
        parts = urlsplit(address)
        if parts.scheme == "tcp" and parts.hostname:
            return TcpLink(parts.hostname, parts.port or 9100, patience_s)
        if parts.scheme == "serial" and parts.path:
            baud = int(parse_qs(parts.query).get("baud", ["9600"])[0])
            return SerialLink(parts.path, baud, patience_s)
        if parts.scheme == "cups" and parts.netloc:
            from drivers.printers.cups import CupsLink

            return CupsLink(parts.netloc + parts.path, patience_s)
        if parts.scheme in ("", "file") and parts.path.startswith("/"):
            return FileLink(parts.path, patience_s)
    except ValueError as error:
        raise Problem("printer.bad_address", address=address) from error
    raise Problem("printer.bad_address", address=address)


def _why(error: OSError) -> Message:
    if isinstance(error, TimeoutError):
        return message("printer.stuck")
    return message("printer.broke_off", why=reason(error))


def reason(error: OSError) -> Message:
    """Why a printer cannot be reached, in words a person can act on."""
    if isinstance(error, socket.gaierror):
        return message("printer.why.name")
    if isinstance(error, TimeoutError):
        return message("printer.why.timeout")
    known = {
        errno.ECONNREFUSED: "printer.why.refused",
        errno.ENOENT: "printer.why.missing",
        errno.ENXIO: "printer.why.missing",
        errno.ENODEV: "printer.why.missing",
        errno.EACCES: "printer.why.permission",
        errno.EPERM: "printer.why.permission",
        errno.EBUSY: "printer.why.in_use",
        errno.EAGAIN: "printer.why.in_use",
        errno.EHOSTUNREACH: "printer.why.no_route",
        errno.ENETUNREACH: "printer.why.no_route",
    }
    return message(known.get(error.errno or 0, "printer.why.dropped"))
