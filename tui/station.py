"""A station: one bench, its devices, and the threads that join them.

Every scan, from whatever device, enters the bench in the order it was read; a stable weight goes
the same way. Whoever wants to see the answer (a screen, a simulated packer) listens.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from core.clock import Clock
from core.config import Config, DeviceConfig, StationConfig
from core.evidence import Recorder
from core.floor.bench import Bench
from core.floor.rules import FloorRules
from core.floor.values import BenchView, Step
from core.floor.weight import Tolerance
from core.ports import DeviceState, Scan
from core.shipping.printing import PrintRun
from core.store import Store

if TYPE_CHECKING:
    from drivers.scales.live import LiveScale
    from drivers.scanners import LiveScanner

log = logging.getLogger(__name__)
Listener = Callable[[BenchView], None]


def rules_of(config: Config) -> FloorRules:
    """How the benches of this place work."""
    return FloorRules(tolerance=Tolerance(config.tolerance_g, config.tolerance_percent * 10))


def deaf(view: BenchView) -> None:
    """Nobody listens."""


class Station:
    """One bench at work in this process."""

    def __init__(self, store: Store, config: Config, station: StationConfig, clock: Clock) -> None:
        from tui.wiring import camera_of, printers_of

        self.code = station.code
        self.config = config
        self.station = station
        self.clock = clock
        self.bench = Bench(store, station.code, rules_of(config))
        self.listener: Listener = deaf
        self.weight_listener: Callable[[], None] = lambda: None
        self.scale = self._scale(station.scale)
        self.scanners = [self._scanner(device) for device in station.scanners]
        printer = printers_of(station, config)
        self.printing = (
            PrintRun(store, station.code, printer, config.sender, clock) if printer else None
        )
        camera = camera_of(station.camera, station.code, config) if station.camera else None
        self.recorder = Recorder(store, station.code, camera, config.photos, clock)
        self._wish: tuple[str, int] | None = None
        self._turn = threading.Lock()

    def start(self) -> None:
        """Open the devices; each one finds its own way back after an unplug."""
        self.recorder.start()
        if self.printing:
            self.printing.start()
        if self.scale:
            self.scale.start()
        for scanner in self.scanners:
            scanner.start()
        self._moved()

    def stop(self) -> None:
        """Let go of the devices."""
        for part in (*self.scanners, self.scale, self.printing, self.recorder):
            if part is not None:
                part.stop()

    # --- what enters the bench -------------------------------------------------------------------

    def scan(self, scan: Scan) -> "Future[BenchView]":
        """One code, from a device or typed; answered after its commit."""
        return self._listened(self.bench.scan(scan))

    def key(self, code: str) -> "Future[BenchView]":
        """A command pressed instead of scanned."""
        return self._listened(self.bench.key(code))

    def refresh(self) -> None:
        """Look whether something happened to the order in hand elsewhere."""
        self._listened(self.bench.refresh())

    def _weighed(self, grams: int, at: int) -> None:
        self._listened(self.bench.weight(grams, at))

    def _scanned(self, scan: Scan) -> None:
        self.scan(scan)

    def _listened(self, future: "Future[BenchView]") -> "Future[BenchView]":
        future.add_done_callback(self._done)
        return future

    def _done(self, future: "Future[BenchView]") -> None:
        if not future.cancelled() and future.exception() is None:
            self._moved()

    def _moved(self) -> None:
        """The bench may stand elsewhere. Futures end in several threads: what counts is the
        newest picture, shown in one order."""
        with self._turn:
            self._answered(self.bench.view())

    def _answered(self, view: BenchView) -> None:
        """Ask the scale once for each reading the bench wishes, then let the listener see."""
        weight = view.weight if view.step is Step.WEIGH else None
        wish = (view.number, weight.wish) if weight else None
        if self.scale is not None and wish != self._wish:
            if weight is not None:
                self.scale.arm(self.clock.now(), same_load=weight.same_load)
            else:
                self.scale.disarm()
        self._wish = wish
        self.listener(view)

    # --- devices ---

    def devices(self) -> list[DeviceState]:
        """Every device of this station as it is now."""
        states = [scanner.state for scanner in self.scanners]
        if self.scale:
            states.append(self.scale.device_state())
        return states

    def _scale(self, device: DeviceConfig | None) -> "LiveScale | None":
        from tui.wiring import scale_of

        if device is None:
            return None
        return scale_of(
            device,
            self.code,
            self.config,
            clock=self.clock,
            on_stable=self._weighed,
            on_reading=lambda reading, at_ms: self.weight_listener(),
            on_state=lambda status: self.weight_listener(),
        )

    def _scanner(self, device: DeviceConfig) -> "LiveScanner":
        from tui.wiring import scanner_of

        return scanner_of(device, self.code, self.config, self._scanned, self.clock)
