"""The line to a scale: serial, socket or RFC 2217, read without ever hanging.

A 7-bit line with parity is opened as 8N1 and its parity bit handled here: the ten bits on the
wire are the same, and devices that refuse seven bits (pseudo-terminals) still work.
"""

import contextlib
import fcntl
import os
import termios
from typing import Protocol

import serial

from drivers.scales.profile import Line

PORT_TROUBLE = (serial.SerialException, OSError, termios.error, TypeError)
"""What a port raises when it is gone: pyserial's own error, the bare OSError of ``in_waiting``,
``termios.error`` (no OSError), and the TypeError of a read on a port closed meanwhile."""

_STRIP = bytes(byte & 0x7F for byte in range(256))
_EVEN = bytes((b & 0x7F) | ((b & 0x7F).bit_count() & 1) << 7 for b in range(256))
_ODD = bytes((b & 0x7F) | (~(b & 0x7F).bit_count() & 1) << 7 for b in range(256))


class Port(Protocol):
    """What a live scale reads from; every method may raise one of ``PORT_TROUBLE``."""

    def read(self) -> bytes:
        """What has arrived, waiting a moment for it; b"" when nothing did."""

    def write(self, data: bytes) -> None:
        """Send a command."""

    def wake(self) -> None:
        """End a waiting ``read`` from another thread."""

    def close(self) -> None:
        """Give the device back."""


class SerialPort:
    """A serial device, ``socket://`` or ``rfc2217://`` address; opens at once.

    Held exclusively where the operating system can; DTR and RTS stay off because some
    indicators restart when they toggle.
    """

    def __init__(self, url: str, line: Line, wait_s: float = 0.05) -> None:
        soft = line.bytesize == 7 and line.parity in "EO"
        self._out = {"E": _EVEN, "O": _ODD}[line.parity] if soft else None
        self._device = serial.serial_for_url(url, do_not_open=True)
        self._device.baudrate = line.baud
        self._device.stopbits = line.stopbits
        if not soft and not os.path.realpath(url).startswith("/dev/pts/"):
            self._device.bytesize, self._device.parity = line.bytesize, line.parity
        self._device.timeout = wait_s
        self._device.dtr = False
        self._device.rts = False
        self._local = "://" not in url
        if self._local:
            self._device.exclusive = True
            self._device.write_timeout = 1.0
        self._device.open()
        if self._local:
            self._hold()

    def _hold(self) -> None:
        """Keep others out (the lock of ``exclusive`` binds only those who ask) and DTR as is."""
        with contextlib.suppress(OSError, termios.error):
            handle = self._device.fileno()
            fcntl.ioctl(handle, termios.TIOCEXCL)
            settings = termios.tcgetattr(handle)
            settings[2] &= ~termios.HUPCL
            termios.tcsetattr(handle, termios.TCSANOW, settings)

    def read(self) -> bytes:
        first: bytes = self._device.read(1)
        if not first:
            return b""
        data: bytes = first + self._device.read(self._device.in_waiting)
        return data.translate(_STRIP) if self._out else data

    def write(self, data: bytes) -> None:
        self._device.write(data.translate(self._out) if self._out else data)

    def wake(self) -> None:
        cancel = getattr(self._device, "cancel_read", None)
        if cancel is not None:
            cancel()

    def close(self) -> None:
        with contextlib.suppress(*PORT_TROUBLE):
            if self._local:
                fcntl.ioctl(self._device.fileno(), termios.TIOCNXCL)
        with contextlib.suppress(*PORT_TROUBLE):
            self._device.close()
