"""Evidence: a photo at every step, hashed and tied to its event, or the reason why there is none.

Follows the floor's events after their commit; the floor never waits for a camera. Once a day it
removes the photos whose dispute window is over (``keeping``); their hashes stay.
"""

import hashlib
import logging
import os
import threading
from pathlib import Path

from core.clock import Clock, local_day
from core.errors import Problem
from core.evidence.keeping import DAY_MS, remove_old
from core.messages import Message
from core.ports import Camera, DeviceState
from core.store import Row, Store, Tx
from core.store.store import BACKGROUND

__all__ = ["Recorder"]
log = logging.getLogger(__name__)
STEPS = ("picked", "verified", "weighed", "handed_over")


class Recorder:
    """Takes one photo for every step finished at a station."""

    def __init__(
        self,
        store: Store,
        station: str,
        camera: Camera | None,
        folder: Path,
        clock: Clock,
        *,
        keep_days: int = 180,
    ) -> None:
        self.store = store
        self.station = station
        self.camera = camera
        self.folder = folder
        self.clock = clock
        self.keep_days = keep_days
        self._swept_at = 0
        self._stop = threading.Event()
        self._seen = 0
        self._thread = threading.Thread(target=self._work, name=f"photos-{station}", daemon=True)
        self._down = False
        self.state = DeviceState(f"{station} camera", "camera", False, clock.now())
        """What the devices screen shows; replaced whole."""

    def start(self) -> None:
        """Begin with the steps finished from now on."""
        row = self.store.read.one("SELECT ifnull(max(id), 0) AS last FROM events")
        assert row is not None
        self._seen = row["last"]
        self._thread.start()

    def stop(self) -> None:
        """Finish the photo in hand."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def ask(self) -> None:
        """Take a photo for nobody, to see whether the camera can; the devices screen shows it."""
        if self.camera is None:
            return
        try:
            size = len(self.camera.snap())
        except Problem as problem:
            self.state = self.state.failed(self.clock.now(), problem.message)
        else:
            self.state = self.state.answered(self.clock.now(), f"{size // 1024 + 1} KB")

    def _work(self) -> None:
        self.ask()
        version = -1
        while not self._stop.wait(0.1):
            try:
                current = self.store.read.version()
                if current != version:
                    version = current
                    self._record_new()
                self._sweep()
            except Exception:
                log.exception("photos at %s stumbled", self.station)

    def _sweep(self) -> None:
        """Once a day, and first soon after the start."""
        if self.clock.now() - self._swept_at >= DAY_MS:
            self._swept_at = self.clock.now()
            remove_old(self.store, self.folder, self.keep_days)

    def _record_new(self) -> None:
        for event in self.store.read.all(
            "SELECT e.*, o.number FROM events e JOIN orders o ON o.id = e.order_id"
            " WHERE e.id > ? AND e.station = ?"
            " AND e.kind IN ('picked', 'verified', 'weighed', 'handed_over') ORDER BY e.id",
            *(self._seen, self.station),
        ):
            self._seen = event["id"]
            self._record(event)

    def _record(self, event: Row) -> None:
        path, digest, missing = "", "", ""
        try:
            path, digest = self._take(event)
            self.state = self.state.answered(self.clock.now(), path)
        except Problem as problem:
            missing = problem.message.id
            self.state = self.state.failed(self.clock.now(), problem.message)
            if not self._down and self.camera is not None:
                log.warning("no photos at %s: %s", self.station, problem)
        except OSError as error:
            missing = "camera.cannot_store"
            self.state = self.state.failed(self.clock.now(), Message(missing))
            log.warning("a photo of %s could not be stored: %s", event["number"], error)
        self._down = bool(missing)

        def write(tx: Tx) -> None:
            tx.run(
                "INSERT INTO evidence (order_id, event_uid, at, path, sha256, missing)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                *(event["order_id"], event["uid"], tx.now, path, digest, missing),
            )

        self.store.do(write, rank=BACKGROUND)

    def _take(self, event: Row) -> tuple[str, str]:
        """One photo, whole on the disk before it is known. Raises Problem or OSError."""
        if self.camera is None:
            raise Problem("camera.none")
        photo = self.camera.snap()
        day = local_day(event["at"], self.clock.zone)
        name = f"{event['number']}-{event['seq']:03d}-{event['kind']}.jpg"
        target = self.folder / day / name
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".part")
        with partial.open("wb") as file:
            file.write(photo)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
        return str(target.relative_to(self.folder)), hashlib.sha256(photo).hexdigest()
