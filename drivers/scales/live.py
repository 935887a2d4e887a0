"""A scale that is there now: its own thread, its own reconnecting, a snapshot anyone may read.

The thread opens the port, asks where the protocol wants asking, decodes, and calls back; nobody
ever waits for it. What it saw last is one frozen ``status``, replaced whole.
"""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from core.clock import Clock, SystemClock
from core.messages import Message
from core.ports import DeviceState
from drivers.scales.port import PORT_TROUBLE, Port, SerialPort
from drivers.scales.profile import Line
from drivers.scales.protocols import find
from drivers.scales.reading import Reading
from drivers.scales.stability import Rules, Stability, rules_for
from drivers.scales.status import ScaleStatus, away

_log = logging.getLogger(__name__)
_SLICE = 32
"""Bytes decoded at one go: a backlog is dated back by what still follows it on the wire."""
_WINDOW_S = 2.0


class LiveScale:
    """Reads one scale until stopped; survives unplugging and comes back by itself.

    ``options`` are the protocol's (see ``decoder``); ``line`` and ``polled`` default to what such
    a scale comes with. ``auto`` books every load after an empty scale until the first ``arm``;
    a bench that only weighs when asked switches it off. ``on_reading(reading, at_ms)``,
    ``on_state(status)`` and ``on_stable(grams, at_ms)`` run in the reader's thread and must
    return at once. Raises Problem when the protocol or an option is unknown; never for a missing
    device, which is a state.
    """

    def __init__(
        self,
        port: str,
        protocol: str,
        *,
        options: Mapping[str, object] | None = None,
        line: Line | None = None,
        polled: bool | None = None,
        rules: Rules | None = None,
        auto: bool = True,
        clock: Clock | None = None,
        on_reading: Callable[[Reading, int], None] = lambda reading, at_ms: None,
        on_state: Callable[[ScaleStatus], None] = lambda status: None,
        on_stable: Callable[[int, int], None] = lambda grams, at_ms: None,
        reconnect_s: float = 1.0,
        complain_s: float = 3.0,
        opener: Callable[[], Port] | None = None,
        name: str = "scale",
    ) -> None:
        self.port, self.name = port, name
        self._profile = find(protocol)
        self._options = dict(options or {})
        self._decoder = self._profile.decoder(**self._options)
        self._judge = Stability(rules_for(self._profile, rules))
        if not auto:
            self._judge.disarm()
        self._line = line or self._profile.line
        self._polled = self._profile.polled if polled is None else polled
        self._clock: Clock = clock or SystemClock()
        self._on_reading, self._on_state, self._on_stable = on_reading, on_state, on_stable
        self._reconnect_s, self._complain_s = reconnect_s, complain_s
        self._opener = opener or (lambda: SerialPort(port, self._line))
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._open_port: Port | None = None
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._outage_logged = False
        self.status = ScaleStatus(since_ms=self._clock.now())
        """The newest snapshot; replaced whole, safe to read from any thread."""

    # --- for the bench ---------------------------------------------------------------------

    def start(self) -> None:
        """Begin reading in the background."""
        self._thread = threading.Thread(target=self._run, name=f"scale:{self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End reading and give the port back; returns promptly."""
        self._stopping.set()
        port = self._open_port
        if port is not None:
            try:
                port.wake()
            except PORT_TROUBLE:
                _log.debug("%s was closing already", self.name)
        if self._thread is not None:
            self._thread.join(timeout=3)

    def arm(self, at_ms: int, *, same_load: bool = False) -> None:
        """Ask for the next stable weight not older than ``at_ms``; see ``Stability.arm``."""
        self._orders.put(lambda: self._judge.arm(at_ms, same_load=same_load))

    def disarm(self) -> None:
        """Book nothing until the next ``arm``."""
        self._orders.put(self._judge.disarm)

    def zero(self) -> bool:
        """Send the zero command; False when there is none or the scale is away."""
        return self._command(self._profile.zero)

    def tare(self) -> bool:
        """Send the tare command; False when there is none or the scale is away."""
        return self._command(self._profile.tare)

    def device_state(self) -> DeviceState:
        """The snapshot as the device screen shows it."""
        return self.status.device_state(self.name)

    def _command(self, data: bytes) -> bool:
        port = self._open_port
        if not data or port is None:
            return False
        self._orders.put(lambda: self._send(port, data))
        return True

    def _send(self, port: Port, data: bytes) -> None:
        """Send on the connection it was meant for; a late zero would hide the next parcel."""
        if port is self._open_port:
            port.write(data)

    # --- the reader's thread -----------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._session()
            except PORT_TROUBLE as why:
                self._lost(why)
            except Exception as why:  # noqa: BLE001 - the edge of the thread: reading must go on
                if not self._outage_logged:
                    _log.error("%s: reader restarted", self.name, exc_info=why)
                self._lost(why)
            self._clock.wait(self._stopping, self._reconnect_s)
        self._publish(connected=False)

    def _session(self) -> None:
        """One connection, from opening to loss or stop."""
        port = self._open_port = self._opener()
        try:
            self._connected()
            while not self._stopping.is_set():
                self._obey()
                self._ask(port)
                data = port.read()
                if data:
                    self._answer(port, data)
                    self._take(data)
                self._complain(bool(data))
        finally:
            self._open_port = None
            port.close()

    def _connected(self) -> None:
        self._decoder = self._profile.decoder(**self._options)
        self._judge.restart()
        self._rejected = self._at_ms = 0
        self._times: deque[float] = deque(maxlen=200)
        self._next_ask = 0.0
        self._heard_s = self._made_sense_s = self._clock.monotonic()
        self._publish(connected=True, since_ms=self._clock.now(), error=None, last=None)

    def _lost(self, why: BaseException) -> None:
        if not self._outage_logged:
            _log.warning("%s: %s is away: %s", self.name, self.port, why)
            self._outage_logged = True
        error = away(self.port, why, was_there=self.status.connected)
        since = self._clock.now() if self.status.connected else self.status.since_ms
        self._publish(connected=False, since_ms=since, error=error, rate=0.0)

    def _recovered(self) -> None:
        if self._outage_logged:
            _log.info("%s: %s is back", self.name, self.port)
            self._outage_logged = False

    def _obey(self) -> None:
        while not self._orders.empty():
            self._orders.get()()

    def _ask(self, port: Port) -> None:
        now = self._clock.monotonic()
        if self._polled and now >= self._next_ask:
            port.write(self._profile.ask)
            self._next_ask = now + self._profile.ask_every_ms / 1000

    def _answer(self, port: Port, data: bytes) -> None:
        for ending, reply in self._profile.reply.items():
            if data.endswith(ending):
                port.write(reply)

    def _take(self, data: bytes) -> None:
        now = self._clock.now()
        step = len(data) if self._profile.hid else _SLICE
        readings: list[Reading] = []
        for at in range(0, len(data), step):
            following = max(0, len(data) - at - step)
            self._obey()
            read_ms = now - following * 10_000 // self._line.baud
            self._at_ms = read_ms if self._at_ms > now else max(read_ms, self._at_ms)
            readings += self._decode(data[at : at + step], self._at_ms)
        seconds = self._clock.monotonic()
        self._times.extend([seconds] * len(readings))
        while self._times and self._times[0] < seconds - _WINDOW_S:
            self._times.popleft()
        changes: dict[str, object] = {
            "last_raw": (self.status.last_raw + data)[-64:],
            "rate": len(self._times) / _WINDOW_S,
            "wants_empty": self._judge.wants_empty,
        }
        if readings:
            self._made_sense_s = seconds
            changes |= {"last": readings[-1], "last_ms": now, "error": None}
            self._recovered()
        self._publish(**changes)

    def _decode(self, data: bytes, at_ms: int) -> list[Reading]:
        frames = self._decoder.frames
        readings = self._decoder.feed(data)
        if self._decoder.frames > frames:
            self._made_sense_s = self._clock.monotonic()
        if self._decoder.rejected > self._rejected:
            self._rejected = self._decoder.rejected
            self._judge.reject()
        for reading in readings:
            self._on_reading(reading, at_ms)
            booked = self._judge.feed(at_ms, reading)
            if booked is not None and booked.grams is not None:
                self._on_stable(_whole(booked.grams), at_ms)
        return readings

    def _complain(self, heard: bool) -> None:
        """Say so when bytes come that mean nothing, or none come at all."""
        now = self._clock.monotonic()
        if heard:
            self._heard_s = now
        if now - self._heard_s >= self._complain_s:
            self._trouble("scales.silent", port=self.port)
        elif now - self._made_sense_s >= self._complain_s:
            raw = self.status.last_raw[-12:].hex(" ")
            self._trouble("scales.undecodable", protocol=self._profile.name, raw=raw)

    def _trouble(self, id_: str, **data: object) -> None:
        if self.status.error is None or self.status.error.id != id_:
            self._publish(error=Message(id_, data), rate=0.0)

    def _publish(self, **changes: object) -> None:
        before = self.status
        self.status = replace(before, **changes)  # type: ignore[arg-type]  # names are ours
        if (before.connected, before.error) != (self.status.connected, self.status.error):
            self._on_state(self.status)


def _whole(grams: Decimal) -> int:
    return int(grams.quantize(Decimal(1), rounding=ROUND_HALF_UP))
