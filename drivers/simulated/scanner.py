"""Scanners without hardware: a serial one on a pseudo-terminal, key events, a typing wedge."""

import os
import threading
import time
import tty
from pathlib import Path

from drivers.scanners.keys import EV_KEY, EV_SYN, EVENT, SYN_DROPPED
from drivers.scanners.layouts import KEYPAD, LAYOUTS, Layout

_ENTER, _SHIFT, _CTRL, _ALT, _ALTGR, _RIGHT_BRACKET = 28, 42, 29, 56, 100, 27


class SimulatedScanner:
    """A serial scanner at a path that stays the same, like ``/dev/serial/by-id/...``."""

    def __init__(self, path: Path, suffix: str = "\r") -> None:
        """Plugged in from the start; ``path`` becomes a symbolic link to the pseudo-terminal."""
        self.path = path
        self.suffix = suffix
        self._plug = threading.Lock()
        self._master = -1
        self._slave = -1
        self.replug()

    @property
    def plugged(self) -> bool:
        return self._master >= 0

    def scan(
        self, text: str, suffix: str | None = None, *, times: int = 1, gap_ms: int = 0
    ) -> bool:
        """Read a code; False when nobody can hear it because the scanner is unplugged.

        ``suffix`` "" drops the suffix, ``times`` 2 reads the code twice, ``gap_ms`` sends it
        character by character. Blocks when nobody reads and the line is full.
        """
        ending = self.suffix if suffix is None else suffix
        for _ in range(times):
            self.send((text + ending).encode(), gap_ms)
        return self.plugged

    def send(self, data: bytes, gap_ms: int = 0) -> None:
        """Put bytes on the line as they are; the rest is lost when the plug is pulled meanwhile."""
        step = 1 if gap_ms else max(1, len(data))
        for at in range(0, len(data), step):
            self._send(data[at : at + step])
            time.sleep(gap_ms / 1000)

    def _send(self, data: bytes) -> None:
        while data and self.plugged:
            with self._plug:
                try:
                    data = data[os.write(self._master, data) :] if self.plugged else b""
                    continue
                except BlockingIOError:
                    pass
            time.sleep(0.001)

    def unplug(self) -> None:
        """Pull the plug: the path disappears and every reader is cut off."""
        with self._plug:
            self.path.unlink(missing_ok=True)
            for fd in (self._master, self._slave):
                if fd >= 0:
                    os.close(fd)
            self._master = self._slave = -1

    def replug(self) -> None:
        """Plug in again; the same path leads to a new device."""
        self.unplug()
        self._master, self._slave = os.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(self._slave)
        aside = self.path.with_name(self.path.name + ".new")
        aside.unlink(missing_ok=True)
        aside.symlink_to(os.ttyname(self._slave))
        aside.replace(self.path)

    close = unplug


class SimulatedKeys:
    """A keyboard-wedge scanner that writes kernel events into a FIFO."""

    def __init__(self, path: Path, layout: str = "us") -> None:
        """Plugged in from the start."""
        self.path = path
        self._fd = -1
        self._layout = LAYOUTS[layout]
        self.replug()

    @property
    def plugged(self) -> bool:
        return self._fd >= 0

    def scan(self, text: str, *, enter: bool = True) -> None:
        """Press the keys of a code. What the layout lacks is typed as Alt and its number."""
        events = b"".join(self._strokes(character) for character in text)
        self.write(events + (tap(_ENTER) if enter else b""))

    def send(self, data: bytes) -> None:
        """Press the keys of some characters and no Enter."""
        self.scan(data.decode(), enter=False)

    def write(self, events: bytes) -> None:
        """Put raw events on the line."""
        os.write(self._fd, events)

    def unplug(self) -> None:
        """Pull the plug: the path disappears and a reader gets end of file."""
        self.path.unlink(missing_ok=True)
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def replug(self) -> None:
        """Plug in again at the same path."""
        self.unplug()
        os.mkfifo(self.path)
        self._fd = os.open(self.path, os.O_RDWR)

    close = unplug

    def _strokes(self, character: str) -> bytes:
        """The key presses that stand for one character."""
        if character == "\x1d":
            return tap(_RIGHT_BRACKET, _CTRL)
        layout = self._layout
        for keys, modifier in (
            (layout.plain, 0),
            (layout.shift, _SHIFT),
            (layout.altgr, _ALTGR),
        ):
            code = next((code for code, value in keys.items() if value == character), 0)
            if code:
                space = tap(57) if _is_dead(layout, code, modifier) else b""
                return tap(code, modifier) + space
        return alt_number(ord(character))


def event(kind: int, code: int, value: int, at: float | None = None) -> bytes:
    """One kernel event; ``at`` in seconds, now by default."""
    seconds = time.time() if at is None else at
    return EVENT.pack(int(seconds), int(seconds % 1 * 1_000_000), kind, code, value)


def tap(code: int, modifier: int = 0, at: float | None = None) -> bytes:
    """The events of one key pressed and released, under a modifier when one is given."""
    inner = _edge(code, 1, at) + _edge(code, 0, at)
    return _edge(modifier, 1, at) + inner + _edge(modifier, 0, at) if modifier else inner


def alt_number(number: int) -> bytes:
    """A number typed on the keypad with Alt held."""
    keypad = {digit: code for code, digit in KEYPAD.items()}
    digits = b"".join(tap(keypad[digit]) for digit in str(number))
    return _edge(_ALT, 1) + digits + _edge(_ALT, 0)


def dropped(at: float | None = None) -> bytes:
    """The kernel's word that it had to throw events away."""
    return event(EV_SYN, SYN_DROPPED, 0, at) + event(EV_SYN, 0, 0, at)


def type_into(fd: int, text: str, suffix: str = "\r", *, gap_ms: int = 0) -> None:
    """Type a code into a terminal as a wedge does; ``fd`` is the terminal's master side."""
    data = (text + suffix).encode()
    step = 1 if gap_ms else max(1, len(data))
    for at in range(0, len(data), step):
        rest = memoryview(data)[at : at + step]
        while rest:
            rest = rest[os.write(fd, rest) :]
        if gap_ms:
            time.sleep(gap_ms / 1000)


def _edge(code: int, value: int, at: float | None = None) -> bytes:
    """A key going down or up, and the report that closes it."""
    return event(EV_KEY, code, value, at) + event(EV_SYN, 0, 0, at)


def _is_dead(layout: Layout, code: int, modifier: int) -> bool:
    """Whether the key is an accent that needs a blank after it to stand alone."""
    return modifier != _ALTGR and (modifier == _SHIFT) in layout.dead.get(code, {})
