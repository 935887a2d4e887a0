"""A station: one bench, its devices, and the threads that join them.

Every scan, from whatever device, enters the bench in the order it was read; a stable weight goes
the same way. Whoever wants to see the answer (a screen, a simulated packer) listens.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from core.clock import Clock
from core.config import Config, DeviceConfig, StationConfig
from core.errors import Problem
from core.evidence import Recorder
from core.floor.bench import Bench
from core.floor.content import InStorePattern
from core.floor.rules import FloorRules
from core.floor.values import BenchView, Outcome, Step, Tone
from core.floor.weight import Tolerance
from core.floor.work import Box
from core.messages import Message, message
from core.ports import DeviceState, Scan
from core.shipping.printing import PrintRun
from core.store import Store
from core.text import clean
from drivers.scanners.double import DoubleRead
from drivers.scanners.selftest import judge
from tui.trouble import problem_of, told

if TYPE_CHECKING:
    from drivers.scales.live import LiveScale
    from drivers.scanners import LiveScanner

log = logging.getLogger(__name__)
UNREADABLE = "station.try_again"
Listener = Callable[[BenchView], None]
COUNTING = frozenset({Step.PICK, Step.PACK})
"""Steps where the same code is also the next unit."""


def rules_of(config: Config) -> FloorRules:
    """How the benches of this place work."""
    floor = config.floor
    return FloorRules(
        pick_first=floor.pick_first,
        bin_required=floor.bin_required,
        partial_ok=floor.partial_ok,
        single_scan=floor.single_scan,
        error_lock=floor.error_lock,
        confirm_notes=floor.confirm_notes,
        tolerance=Tolerance(config.tolerance_g, config.tolerance_percent * 10),
        boxes={box.number: Box(box.number, box.name, box.tare_g) for box in floor.boxes},
        in_store=tuple(InStorePattern(pattern) for pattern in floor.in_store),
    )


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
        self.mention: Callable[[Message], None] = lambda told: None
        """Hears what is worth a word and no more: a code that was read twice."""
        self.weight_listener: Callable[[], None] = lambda: None
        self.scale = self._scale(station.scale)
        self.scanners = [self._scanner(device) for device in station.scanners]
        printer = printers_of(station, config)
        self.printing = (
            PrintRun(store, station.code, printer, config.sender, clock) if printer else None
        )
        camera = camera_of(station.camera, station.code, config) if station.camera else None
        self.recorder = Recorder(
            *(store, station.code, camera, config.photos, clock), keep_days=config.keep_photos_days
        )
        self._doubles = DoubleRead(
            config.repeat_ms, config.repeat_command_ms, config.repeat_counting_ms
        )
        self._repeats: Counter[str] = Counter()
        self._wish: tuple[str, int] | None = None
        self._shown = self.bench.view()
        self._stopped: Outcome | None = None
        """Shown in place of the last answer while what was scanned last is not kept."""
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
        """One code, from a device or typed; answered after its commit.

        A code the device read twice is taken once: counted, mentioned, and answered as before.
        A code of the self-test sheet is judged, and the bench stays as it is.
        """
        if (verdict := judge(scan.text)) is not None:
            return self._said(verdict)
        if self._doubles.is_repeat(scan, counting=self._shown.step in COUNTING):
            return self._read_twice(scan)
        return self._listened(self.bench.scan(scan), "station.scan_again", scan)

    def key(self, code: str) -> "Future[BenchView]":
        """A command pressed instead of scanned."""
        return self._listened(self.bench.key(code), "station.press_again")

    def weigh(self, grams: int) -> None:
        """A stable weight that was read off by hand."""
        self._weighed(grams, self.clock.now())

    def refresh(self) -> None:
        """Look whether something happened to the order in hand elsewhere."""
        self._listened(self.bench.refresh())

    def view(self, *, committed: bool = False) -> BenchView:
        """The picture now, or that of the last commit, which costs no reading; over it the stop,
        while what was scanned last is not kept."""
        view, stopped = (self.bench.shown() if committed else self.bench.view()), self._stopped
        return replace(view, outcome=stopped, last_bad=stopped) if stopped else view

    def _weighed(self, grams: int, at: int) -> None:
        self._listened(self.bench.weight(grams, at), "station.weigh_again")

    def _scanned(self, scan: Scan) -> None:
        self.scan(scan)

    def _read_twice(self, scan: Scan) -> "Future[BenchView]":
        self._repeats[scan.source] += 1
        return self._said(message("station.read_twice", code=clean(scan.text, 24)))

    def _said(self, told: Message) -> "Future[BenchView]":
        """A word about the scan; the bench stays as it is."""
        self.mention(told)
        answered: Future[BenchView] = Future()
        answered.set_result(self._picture())
        return answered

    def _listened(
        self, future: "Future[BenchView]", again: str = "", scan: Scan | None = None
    ) -> "Future[BenchView]":
        """Show the answer; ``again`` asks for what could not be kept once more."""
        future.add_done_callback(lambda done: self._done(done, again, scan))
        return future

    def _done(self, future: "Future[BenchView]", again: str, scan: Scan | None) -> None:
        why = problem_of(future)
        if why is not None:
            self._failed(why, again, scan)
        elif self._stopped is not None and (again or self._stopped.next.id == UNREADABLE):
            self._stopped = None
            log.info("bench %s keeps what is scanned again", self.code)
        self._moved(committed=bool(again))

    def _failed(self, why: Message, again: str, scan: Scan | None) -> None:
        """Nothing was kept: say so on the bench until something is, and in the log once."""
        if self._stopped is None:
            log.warning("bench %s: what was scanned is not kept: %s", self.code, why)
        if scan is not None:
            self._doubles.forget(scan.source)
        if again == "station.weigh_again":
            self._wish = None  # the scale is asked for this reading once more
        code = clean(scan.text, 64) if scan else ""
        next_ = message(again or UNREADABLE)
        self._stopped = Outcome(Tone.STOP, why, next_, code)

    def _moved(self, *, committed: bool = False) -> None:
        """The bench may stand elsewhere. Futures end in several threads: what counts is the
        newest picture, shown in one order."""
        with self._turn:
            self._answered(self._picture(committed=committed))

    def _picture(self, *, committed: bool = False) -> BenchView:
        """The picture as it is, or as it was when the database cannot be read."""
        try:
            return self.view(committed=committed)
        except Exception as error:  # noqa: BLE001 - the edge of a device's or the writer's thread
            if self._stopped is None:
                self._failed(told(error), "", None)
            return replace(self._shown, outcome=self._stopped, last_bad=self._stopped)

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
        self._shown = view
        self.listener(view)

    # --- devices ---

    def devices(self) -> list[DeviceState]:
        """Every device of this station as it is now."""
        states = [
            replace(scanner.state, repeats=self._repeats[scanner.name]) for scanner in self.scanners
        ]
        if self.scale:
            states.append(self.scale.device_state())
        if self.printing:
            states.append(self.printing.state)
        if self.recorder.camera:
            states.append(self.recorder.state)
        return states

    def test(self, name: str) -> Message:
        """Have a device prove itself now, and what came of it; may take a few seconds.

        Raises Problem when there is no such device.
        """
        for part in (self.printing, self.recorder):
            if part is not None and part.state.name == name:
                part.ask()
        for state in self.devices():
            if state.name == name:
                return proof(state)
        raise Problem("devices.unknown", name=name)

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


def proof(state: DeviceState) -> Message:
    """What a device's state proves; a scanner proves nothing until something is scanned."""
    if not state.connected or state.trouble is not None:
        return state.trouble or message("devices.absent")
    if state.kind == "scanner":
        return message("devices.scan_sheet", name=state.name)
    return message("devices.well", name=state.name)
