"""What goes on while somebody looks at the demonstration: new orders, labels, a pulled cable."""

import logging
import random
import threading
from pathlib import Path

from tui.demo.orders import Buyers
from tui.demo.world import World

log = logging.getLogger(__name__)
LOOK_S = 0.5
NEW_ORDER_S = 15.0
OFFLINE = "offline"
"""While a file of this name stands in the folder, the network is gone."""


class Life:
    """A thread that keeps the world turning."""

    def __init__(self, world: World, buyers: Buyers, seed: int) -> None:
        self.world = world
        self.buyers = buyers
        self._draw = random.Random(seed)
        self._stop = threading.Event()
        self._saved: dict[str, int] = {}
        self._thread = threading.Thread(target=self._live, name="demo-life", daemon=True)

    def __enter__(self) -> "Life":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    @property
    def switch(self) -> Path:
        """The file that pulls the network cable while it exists."""
        return self.world.folder / OFFLINE

    def _live(self) -> None:
        waited = 0.0
        while not self._stop.wait(LOOK_S):
            waited += LOOK_S
            try:
                self._cable()
                self._labels()
                if waited >= NEW_ORDER_S:
                    waited = 0.0
                    self.world.buy(self._draw.choice(tuple(self.world.shops)), self.buyers.next())
            except Exception:
                log.exception("the demonstration stumbled")

    def _cable(self) -> None:
        if self.switch.exists():
            self.world.cut()
        else:
            self.world.restore()

    def _labels(self) -> None:
        """Every label that came out of a printer, as a picture to look at."""
        folder = self.world.folder / "labels"
        folder.mkdir(exist_ok=True)
        for station, gear in self.world.gear.items():
            seen = self._saved.get(station, 0)
            for label in gear.printer.labels[seen:]:
                if label.number:
                    (folder / f"{label.number}-{label.copy}.png").write_bytes(label.png())
            self._saved[station] = max(seen, len(gear.printer.labels))
