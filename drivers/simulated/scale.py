"""A scale on a pseudo-terminal that speaks a real protocol at wire speed and can misbehave.

``path`` is a stable link, so unplugging and plugging back in look as they do with udev names.
Polled protocols answer commands; the others stream. ``speed`` runs its time faster than life.
"""

import contextlib
import os
import random
import re
import tempfile
import termios
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from drivers.simulated.scale_frames import ENCODERS, Load, heard, yaohua_a9_command

_WEIGH, _ZERO, _TARE = "weigh", "zero", "tare"
_SICS: tuple[tuple[bytes, str | bytes], ...] = (
    (rb"SI?\r\n", _WEIGH),
    (rb"ZI?\r\n", _ZERO),
    (rb"TI?\r\n", _TARE),
    (rb"@\r\n", b'I4 A "20260001"\r\n'),
    (rb"[^\r\n]*\r\n", b"ES\r\n"),
)
_COMMANDS: dict[str, tuple[tuple[bytes, str | bytes], ...]] = {
    "mt_sics": _SICS,
    "kern": _SICS,
    "toledo_8217": (
        (rb"W", _WEIGH),
        (rb"Ehello", b"\x02E\rhello"),
        (rb"F", b""),
        (rb"Z", _ZERO),
        (rb"T", _TARE),
    ),
    "sma": ((rb"\nW\r", _WEIGH), (rb"\nZ\r", _ZERO), (rb"\nT\r", _TARE), (rb"\n.\r", b"\n?\r")),
    "nci_scp01": ((rb"W\r", _WEIGH), (rb"Z\r", _ZERO), (rb"[^\r]\r", b"\n?\r\x03")),
    "cas_pd2_ecr": ((rb"\x05", b"\x06"), (rb"\x11", _WEIGH)),
    "dibal_pos": ((rb"98\d{5}.\r\n", _WEIGH),),
    "sartorius_sbi": ((rb"\x1bP\r\n", _WEIGH), (rb"\x1bV\r\n", _ZERO), (rb"\x1bT\r\n", _TARE)),
    "ups_worldship": ((rb"\r", _WEIGH),),
}
"""What a polled protocol understands, in the order tried."""
_ANSWERS: dict[tuple[str, str], bytes] = {
    ("mt_sics", _ZERO): b"Z A\r\n",
    ("kern", _ZERO): b"Z A\r\n",
    ("toledo_8217", _ZERO): b"\x02?\x50\r",
    ("toledo_8217", _TARE): b"\x02?\x60\r",
}
_YAOHUA_COMMANDS: tuple[tuple[bytes, str | bytes], ...] = (
    (rb"\x02AA00\x03", b"\x02AA00\x03"),
    (rb"\x02AB03\x03", _WEIGH),
)
_SEVEN_BIT = {
    "toledo_8217": "E",
    "toledo_continuous": "E",
    "nci_scp01": "E",
    "and_std": "E",
    "ups_worldship": "O",
}
"""Protocols that come with seven bits and a parity."""
_CHUNK = 8


class SimulatedScale:
    """One scale. Starts when made; use as a context manager or ``close`` it.

    ``baud`` paces the bytes; with ``check_baud`` a reader at another speed hears what a real one
    would. ``parity`` ``E``/``O`` sends seven bits with that parity, as seen by an 8N1 reader;
    left out, it is what such a scale leaves the factory with.
    """

    def __init__(
        self,
        protocol: str,
        *,
        path: Path | None = None,
        baud: int = 9600,
        rate_hz: float = 10.0,
        settle_ms: int = 800,
        speed: float = 1.0,
        parity: str = "",
        check_baud: bool = False,
        command_mode: bool = False,
        seed: int = 1,
    ) -> None:
        self.protocol, self.speed = protocol, speed
        self._encode: Callable[[Load], bytes] = ENCODERS[protocol]
        self._commands = _COMMANDS.get(protocol, ())
        if command_mode and protocol == "yaohua_a9":
            self._encode, self._commands = yaohua_a9_command, _YAOHUA_COMMANDS
        self._baud, self._check_baud = baud, check_baud
        self._parity = parity or _SEVEN_BIT.get(protocol, "N")
        self._period = 1 / rate_hz
        self._settle_ms = settle_ms
        self._folder = None if path else tempfile.TemporaryDirectory(prefix="scale-")
        self.path = path or Path(self._folder.name if self._folder else "") / protocol
        self._random = random.Random(seed)
        self._lock = threading.RLock()
        self._grams, self._from_grams, self._moved_s = 0, 0, -1e9
        self._zero_at, self._tare, self._over, self._frozen = 0, 0, False, False
        self._cut_next, self._noise = False, b""
        self._pending, self._heard_s = b"", 0.0
        self.received = b""
        """The last commands a polled scale was sent."""
        self._master: int | None = None
        self._closing = threading.Event()
        self.replug()
        self._thread = threading.Thread(target=self._run, name=f"simulated {protocol}", daemon=True)
        self._thread.start()

    def __enter__(self) -> "SimulatedScale":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- what a person does ------------------------------------------------------------------

    def put(self, grams: int) -> None:
        """Lay a load of this weight on the platform (instead of what was there)."""
        with self._lock:
            self._from_grams, self._grams = self._shown()[0], grams
            self._moved_s, self._over = self._now(), False

    def clear(self) -> None:
        """Take everything off."""
        self.put(0)

    def overload(self) -> None:
        """Lay on more than the scale can weigh, until the next ``put``."""
        with self._lock:
            self._over = True

    def freeze(self, frozen: bool = True) -> None:
        """Stop (or go on) talking while staying plugged in."""
        self._frozen = frozen

    def half_frame(self) -> None:
        """Break the next frame off in the middle."""
        self._cut_next = True

    def noise(self, count: int = 40) -> None:
        """Put that many random bytes on the line before the next frame."""
        self._noise = self._random.randbytes(count)

    def unplug(self) -> None:
        """Pull the cable: the device and its name disappear."""
        with self._lock:
            if self._master is not None:
                os.close(self._master)
                self._master = None
            self.path.unlink(missing_ok=True)

    def replug(self) -> None:
        """Plug back in: a new device under the same name."""
        with self._lock:
            if self._master is not None:
                return
            master, slave = os.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            self.path.unlink(missing_ok=True)
            self.path.symlink_to(os.ttyname(slave))
            os.close(slave)
            self._master, self._pending = master, b""

    def close(self) -> None:
        """End it all."""
        self._closing.set()
        self._thread.join(timeout=3)
        self.unplug()
        if self._folder:
            self._folder.cleanup()

    # --- what the indicator does ---------------------------------------------------------------

    def _now(self) -> float:
        """Seconds of the scale's own time."""
        return time.monotonic() * self.speed

    def _shown(self) -> tuple[int, bool]:
        """Grams on the display and whether they are at rest: an overshoot that dies away."""
        since_ms = (self._now() - self._moved_s) * 1000
        if since_ms >= self._settle_ms:
            return self._grams, True
        left = 1 - since_ms / self._settle_ms
        swing = (self._grams - self._from_grams) * left * left
        wave = swing * (-1 if int(since_ms / 100) % 2 == 0 else 0.3)
        return round(self._grams + wave + self._random.choice((-2, -1, 1, 2))), False

    def load(self) -> Load:
        """What the scale would tell now."""
        with self._lock:
            grams, stable = self._shown()
            shown = grams - self._zero_at - self._tare
            return Load(shown, stable, self._over, bool(self._tare))

    def _run(self) -> None:
        next_frame = self._now()
        while not self._closing.is_set():
            if self._commands:
                self._listen()
                self._closing.wait(0.002)
                continue
            self._emit(self._encode(self.load()))
            next_frame = max(next_frame + self._period, self._now())
            self._closing.wait(max(0.0, (next_frame - self._now()) / self.speed))

    def _listen(self) -> None:
        with self._lock:
            if self._master is None:
                return
            with contextlib.suppress(OSError):  # nobody has the other end open
                received = os.read(self._master, 256)
                if self._parity != "N":
                    received = bytes(byte & 0x7F for byte in received)
                self.received = (self.received + received)[-4096:]
                self._pending = (self._pending + received)[-64:]
                self._heard_s = self._now()
        while self._pending and self._obey():
            pass
        if self._pending and self._now() - self._heard_s > 0.1:
            self._pending = b""

    def _obey(self) -> bool:
        for pattern, action in self._commands:
            match = re.match(pattern, self._pending)
            if match:
                self._pending = self._pending[match.end() :]
                self._emit(action if isinstance(action, bytes) else self._do(action))
                return True
        return False

    def _do(self, action: str) -> bytes:
        with self._lock:
            if action == _ZERO:
                self._zero_at = self._grams
            elif action == _TARE:
                self._tare = self._grams - self._zero_at
        if (self.protocol, action) in _ANSWERS:
            return _ANSWERS[self.protocol, action]
        frame = self._encode(self.load())
        return b"T" + frame[1:] if action == _TARE and frame[:1] == b"S" else frame

    def _emit(self, frame: bytes) -> None:
        if self._frozen:
            return
        if self._cut_next:
            frame, self._cut_next = frame[: len(frame) // 2], False
        data, self._noise = self._noise + frame, b""
        data = self._as_heard(data)
        for at in range(0, len(data), _CHUNK):
            self._write(data[at : at + _CHUNK])

    def _as_heard(self, data: bytes) -> bytes:
        read_baud = self._reader_baud() if self._check_baud else self._baud
        if self._parity == "N" and read_baud == self._baud:
            return data
        return heard(data, self._baud, read_baud, self._parity)

    def _reader_baud(self) -> int:
        with self._lock:
            if self._master is None:
                return self._baud
            with contextlib.suppress(termios.error, OSError):
                code = termios.tcgetattr(self._master)[5]
                return _BAUDS.get(code, self._baud)
        return self._baud

    def _write(self, chunk: bytes) -> None:
        """Bytes nobody reads are lost, as on a wire."""
        with self._lock:
            if self._master is not None:
                with contextlib.suppress(OSError):
                    os.write(self._master, chunk)
        self._closing.wait(10 * len(chunk) / self._baud / self.speed)


_BAUDS = {
    getattr(termios, f"B{baud}"): baud
    for baud in (600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
}
