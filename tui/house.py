"""The house behind the screens: the works of this process, seen through the screens' own words."""

import json
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from core import people
from core.clock import Clock
from core.errors import Problem
from core.floor.values import BenchView
from core.messages import Message
from core.ports import DeviceState, Scan
from core.store import Actor
from tui.binding import Alerts, Devices, Queue
from tui.file_desk import FileDesk
from tui.sources import LiveWeight, Painter, Taste
from tui.wiring import Works

if TYPE_CHECKING:
    from core.sync.reveal import Revealed
    from tui.station import Station


class WiredBench:
    """The bench of this station: what is typed here goes the way of every scan."""

    def __init__(self, station: "Station") -> None:
        self.station = station

    def view(self) -> BenchView:
        return self.station.view()

    def scan(self, scan: Scan) -> "Future[BenchView]":
        return self.station.scan(scan)

    def key(self, code: str) -> "Future[BenchView]":
        return self.station.key(code)


class WiredHouse:
    """Everything the screens need, from one running installation."""

    def __init__(
        self, works: Works, station: str, taste: Taste, badge: str = "", *, sync: bool = True
    ) -> None:
        """``badge`` is who sits at a terminal that is no bench. Raises Problem."""
        self.works = works
        self.clock: Clock = works.clock
        self.station = station
        self.taste = taste
        self.sync = sync
        self._station = works.station(station) if station else None
        self.person = people.named(works.store.read, badge) if badge else None
        self.bench = WiredBench(self._station) if self._station else None
        self.queue = Queue(works.store, works.config.zone, self.who, self._reveal)
        self.files = FileDesk(works, self.who)
        self.alerts = Alerts(works.store, works.clock, self.who)
        self.devices = Devices(
            *(works.store, works.clock, self._devices, self._send_now, self._prove),
            turns_s={shop.code: shop.pull_every_s for shop in works.config.shops if shop.url},
        )
        self._version = -1

    def who(self) -> Actor:
        """Who acts here: the person named at the start, else whoever is logged in at the bench."""
        if self.person is not None:
            return self.person.at(self.station)
        if self.station:
            row = self.works.store.read.one(
                "SELECT operator_id FROM benches WHERE station = ?", self.station
            )
            return Actor(row["operator_id"] if row else None, self.station)
        return Actor()

    def start(self, painter: Painter) -> None:
        """Open devices and begin to sync; called after the first frame."""
        if self._station is not None:
            station = self._station
            station.listener = painter.show_bench
            station.mention = painter.mention
            station.weight_listener = lambda: painter.show_weight(live_weight(station))
            station.start()
        if self.sync:
            self.works.engine.start()

    def changed(self) -> bool:
        """Whether anything was committed, here or in another process, since the last look."""
        version = self.works.store.read.version()
        moved = version != self._version
        self._version = version
        if moved and self._station is not None:
            self._station.refresh()
        return moved

    def keep(self, taste: Taste) -> None:
        """Remember how this terminal likes it."""
        self.taste = taste
        taste_file(self.works.config.path).write_text(
            json.dumps(asdict(taste), ensure_ascii=False), encoding="utf-8"
        )

    def close(self) -> None:
        """Stop everything, in order."""
        self.works.close()

    def _devices(self) -> list[DeviceState]:
        return self._station.devices() if self._station else []

    def _prove(self, device: str) -> Message:
        if self._station is None:
            raise Problem("devices.unknown", name=device)
        return self._station.test(device)

    def _reveal(self, number: str, reason: str, who: Actor) -> "Revealed":
        """Ask a shop who a hidden receiver is."""
        from core.sync.reveal import reveal

        return reveal(self.works.store, self.works.engine.shops, number, reason, who)

    def _send_now(self) -> None:
        self.works.engine.poke()


def live_weight(station: "Station") -> LiveWeight:
    """What lies on the scale now; nothing is known of a scale that is away or silent."""
    if station.scale is None:
        return LiveWeight(None)
    status = station.scale.status
    reading = status.last if status.connected and status.error is None else None
    if reading is None or reading.grams is None:
        return LiveWeight(None, trouble=status.error)
    return LiveWeight(round(reading.grams), bool(reading.stable))


def taste_file(config: Path) -> Path:
    """Where a terminal's taste is kept: beside the configuration."""
    return config.with_name(".packline-taste.json")


def read_taste(config: Path, language: str) -> Taste:
    """The taste kept from last time; the configuration's language when there is none."""
    try:
        kept = json.loads(taste_file(config).read_text(encoding="utf-8"))
        return Taste(**kept)
    except (OSError, ValueError, TypeError):
        return Taste(language=language)
