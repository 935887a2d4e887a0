"""Scanners that are plugged in: one thread each, from the device to the callback, in order.

A lost device is opened again every second until it is back; an outage is logged when it starts and
when it ends, and ``state`` says what is wrong all the while. Nothing here waits for the callback's
work: the callback is a queue's ``put``.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from core.clock import Clock
from core.messages import Message, message
from core.ports import DeviceState, Scan
from drivers.scanners.frames import PATIENCE_MS, Framer, Suffix, as_scan
from drivers.scanners.hidpos import HidPosDecoder
from drivers.scanners.keys import EVENT, AltNumpad, KeyDecoder
from drivers.scanners.links import TICK_MS, FileLink, Link, LinkLost, SerialLink

OnScan = Callable[[Scan], None]
OnState = Callable[[DeviceState], None]

_log = logging.getLogger(__name__)
_RATE_MS = 5000
_RAW_KEPT = 256
_STOP_S = 1.0


class Decoder(Protocol):
    """Bytes in, codes out; all three kinds of scanner have one."""

    lost: int

    def feed(self, data: bytes) -> list[str]: ...
    def idle(self, quiet_ms: int) -> list[str]: ...
    def reset(self) -> None: ...
    @property
    def pending(self) -> bool: ...


class LiveScanner:
    """One scanner read by one thread."""

    def __init__(
        self,
        link: Link,
        decoder: Decoder,
        on_scan: OnScan,
        on_state: OnState,
        clock: Clock,
        *,
        name: str,
        retry_s: float = 1.0,
    ) -> None:
        """``on_scan`` and ``on_state`` are called in the scanner's own thread."""
        self.name = name
        self._link = link
        self._decoder = decoder
        self._on_scan = on_scan
        self._on_state = on_state
        self._clock = clock
        self._retry_s = retry_s
        self._stop = threading.Event()
        self._state = DeviceState(name, "scanner", False, clock.now())
        self._scanned: tuple[int, ...] = ()
        self._quiet_ms = 0
        self._thread = threading.Thread(target=self._run, name=f"scanner {name}", daemon=True)

    @property
    def state(self) -> DeviceState:
        """What the scanner can say about itself at this moment."""
        return replace(self._state, rate=self._rate(self._clock.now()))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let the device go; returns when its thread has ended, or is stuck in the network."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    # --- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._link.open()
                self._connected()
                while not self._stop.is_set():
                    self._take(self._link.read())
            except LinkLost as lost:
                self._disconnected(lost.why)
            except Exception as error:  # noqa: BLE001 - the thread's outer edge
                _log.exception("scanner %s", self.name)
                self._disconnected(message("scanner.trouble", path=self.name, why=str(error)))
            finally:
                self._link.close()
            self._stop.wait(self._retry_s)
        self._change(connected=False)

    def _take(self, data: bytes) -> None:
        lost = self._decoder.lost
        if data:
            self._quiet_ms = 0
            begun = self._state.last_raw if self._decoder.pending else b""
            self._state = replace(self._state, last_raw=(begun + data)[-_RAW_KEPT:])
            self._deliver(self._decoder.feed(data))
        elif self._decoder.pending:
            self._quiet_ms += TICK_MS
            codes = self._decoder.idle(self._quiet_ms)
            self._deliver(codes)
            if codes and self._quiet_ms >= PATIENCE_MS:
                self._complain(message("scanner.no_suffix", name=self.name))
        if self._decoder.lost != lost:
            self._complain(message("scanner.code_lost", name=self.name))

    def _deliver(self, codes: list[str]) -> None:
        for code in codes:
            scan = as_scan(code, self._clock.now(), self.name)
            self._scanned = (*self._scanned[-99:], scan.at)
            self._state = replace(self._state, last_value=scan.text, last_at=scan.at)
            self._hand_over(scan)

    def _hand_over(self, scan: Scan) -> None:
        try:
            self._on_scan(scan)
        except Exception:  # noqa: BLE001 - one refused scan must not end the scanner
            _log.exception("scan of %s was not taken", self.name)
            self._complain(message("scanner.not_taken", name=self.name))
            return
        if self._state.trouble is not None:
            self._change(connected=True)

    # --- what is said about it -------------------------------------------------------------------

    def _connected(self) -> None:
        _log.info("scanner %s connected", self.name)
        self._decoder.reset()
        self._quiet_ms = 0
        self._change(connected=True)

    def _disconnected(self, why: Message) -> None:
        if self._decoder.pending:
            self._decoder.reset()
            _log.warning("scanner %s lost half a code", self.name)
        if self._state.connected or self._state.trouble != why:
            _log.warning("scanner %s: %s", self.name, why)
            self._change(connected=False, trouble=why)

    def _complain(self, trouble: Message) -> None:
        _log.warning("scanner %s: %s", self.name, trouble)
        self._change(connected=True, trouble=trouble)

    def _change(self, *, connected: bool, trouble: Message | None = None) -> None:
        moved = connected != self._state.connected
        since = self._clock.now() if moved else self._state.since
        self._state = replace(self._state, connected=connected, since=since, trouble=trouble)
        self._on_state(self.state)

    def _rate(self, now: int) -> float:
        recent = sum(1 for at in self._scanned if now - at < _RATE_MS)
        return recent * 1000 / _RATE_MS


class EvdevScanner(LiveScanner):
    """A keyboard-wedge scanner read from its event device, taken away from the console."""

    def __init__(
        self,
        path: str,
        on_scan: OnScan,
        on_state: OnState,
        clock: Clock,
        layout: str = "us",
        *,
        grab: bool = True,
        alt_numpad: AltNumpad = AltNumpad.UNICODE,
        suffix: bool = True,
        name: str = "",
        retry_s: float = 1.0,
    ) -> None:
        """``path`` is a name that survives replugging: by-id, or by-path for twins."""
        decoder = KeyDecoder(layout, alt_numpad, suffix=suffix)
        link = FileLink(path, EVENT.size * 64, grab=grab)
        super().__init__(
            link, decoder, on_scan, on_state, clock, name=name or path, retry_s=retry_s
        )


class SerialScanner(LiveScanner):
    """A scanner on a serial or CDC port, or behind ``socket://host:port``."""

    def __init__(
        self,
        url: str,
        on_scan: OnScan,
        on_state: OnState,
        clock: Clock,
        *,
        suffix: Suffix = Suffix.AUTO,
        baud: int = 9600,
        parity: str = "N",
        name: str = "",
        retry_s: float = 1.0,
    ) -> None:
        link = SerialLink(url, baud=baud, parity=parity)
        super().__init__(
            link, Framer(suffix), on_scan, on_state, clock, name=name or url, retry_s=retry_s
        )


class HidPosScanner(LiveScanner):
    """A scanner in HID-POS mode read from its hidraw device.

    A Honeywell that starts as a keyboard is switched by ``wake`` = feature report FE 01.
    """

    def __init__(
        self,
        path: str,
        on_scan: OnScan,
        on_state: OnState,
        clock: Clock,
        *,
        wake: bytes = b"",
        name: str = "",
        retry_s: float = 1.0,
    ) -> None:
        super().__init__(
            FileLink(path, 64, wake=wake),
            HidPosDecoder(),
            on_scan,
            on_state,
            clock,
            name=name or path,
            retry_s=retry_s,
        )
