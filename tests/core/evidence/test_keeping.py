"""Photos: how long they stay, what keeps them longer, and how long the disk lasts."""

import hashlib
import json
from functools import partial
from pathlib import Path

import pytest

from core.clock import SetClock
from core.errors import Problem
from core.events import first_broken
from core.evidence import Recorder, keeping
from core.evidence.keeping import CHUNK, DAY_MS, forecast, remove_old
from core.store import Store
from tests.until import until

NOW = 1_768_906_800_000
KEEP = 180
OLD = NOW - (KEEP + 1) * DAY_MS


class Album:
    """Finished orders with a photo each, written as the recorder does."""

    def __init__(self, folder: Path) -> None:
        self.clock = SetClock(OLD)
        self.store = Store(folder / "packline.db", self.clock)
        self.folder = folder / "photos"

        def begin(tx) -> None:
            tx.run("INSERT INTO shops (id, code, name, channel) VALUES (1, 'tb', 'S', 'taobao')")

        self.store.do(begin)

    def order(self, at: int = OLD, *, size: int = 100) -> int:
        self.clock._now = at

        def write(tx):
            number = tx.one("SELECT count(*) + 1 AS n FROM orders")["n"]
            tx.run(
                "INSERT INTO orders (number, uid, shop_id, platform_number, status, digest,"
                " modified_at, created_at, received_at, ship_by, touched_at, ready_at, picking_at,"
                " picked_at, verified_at, weighed_at, labelled_at, handed_over_at)"
                " VALUES (?1, ?2, 1, ?3, 'shipped', '', ?4, ?4, ?4, ?4, ?4, ?4, ?4, ?4, ?4, ?4, ?4,"
                " ?4)",
                *(f"DB{number:03d}", f"u{number}", f"P{number}", at),
            )
            order_id = tx.one("SELECT max(id) AS n FROM orders")["n"]
            event = tx.event("weighed", order_id, grams=1)
            path = f"20250720/DB{number:03d}.jpg"
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"x" * size)
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            tx.run(
                "INSERT INTO evidence (order_id, event_uid, at, path, sha256)"
                " VALUES (?, ?, ?, ?, ?)",
                *(order_id, event.uid, at, path, digest),
            )
            return order_id

        order_id = self.store.do(write)
        self.clock._now = NOW
        return order_id

    def run(self, sql: str, *values: object) -> None:
        self.store.do(lambda tx: tx.run(sql, *values) and None)

    def row(self, order_id: int):
        return self.store.read.one("SELECT * FROM evidence WHERE order_id = ?", order_id)

    def file(self, order_id: int) -> Path:
        return self.folder / f"20250720/DB{order_id:03d}.jpg"

    def sweep(self) -> int:
        return remove_old(self.store, self.folder, KEEP)


@pytest.fixture
def album(tmp_path: Path):
    made = Album(tmp_path)
    yield made
    made.store.close()


def test_a_photo_goes_after_its_window_and_its_hash_stays(album: Album) -> None:
    old, young = album.order(), album.order(NOW - (KEEP - 1) * DAY_MS)
    digest = album.row(old)["sha256"]
    assert album.sweep() == 1
    assert not album.file(old).exists()
    assert album.file(young).exists()
    row = album.row(old)
    assert (row["path"], row["missing"], row["sha256"]) == ("", "photo.expired", digest)
    event = album.store.read.one(
        "SELECT * FROM events WHERE order_id = ? AND kind = 'photo_removed'", old
    )
    assert json.loads(event["what"]) == {"path": "20250720/DB001.jpg", "sha256": digest}
    assert first_broken(album.store.read, old) is None
    assert album.sweep() == 0


@pytest.mark.parametrize(
    "keeps",
    [
        "INSERT INTO holds (order_id, reason, since) VALUES (1, 'question', 1)",
        "INSERT INTO alerts (rule, subject, order_id, raised_at) VALUES ('x', 'DB001', 1, 1)",
        "INSERT INTO order_lines (order_id, shop_id, sub_number, ordered, refund)"
        " VALUES (1, 1, 's', 1, 'open')",
        "INSERT INTO order_lines (order_id, shop_id, sub_number, ordered, refund)"
        " VALUES (1, 1, 's', 1, 'unknown')",
        "UPDATE orders SET handed_over_at = NULL WHERE id = 1",
    ],
)
def test_whatever_is_open_keeps_the_photo(album: Album, keeps: str) -> None:
    kept, gone = album.order(), album.order()
    album.run(keeps)
    assert album.sweep() == 1
    assert album.file(kept).exists()
    assert not album.file(gone).exists()


def test_what_happened_inside_the_window_keeps_the_photo(album: Album) -> None:
    order = album.order()
    album.clock._now = NOW - DAY_MS
    album.store.do(lambda tx: tx.event("refunded", order) and None)
    album.clock._now = NOW
    assert album.sweep() == 0
    album.clock.advance((KEEP + 1) * DAY_MS / 1000)
    assert album.sweep() == 1


def test_many_go_in_small_pieces(album: Album) -> None:
    for _ in range(CHUNK * 2 + 3):
        album.order()
    assert album.sweep() == CHUNK * 2 + 3
    assert list(album.folder.rglob("*.jpg")) == []


def test_a_hold_that_comes_meanwhile_is_seen(album: Album) -> None:
    order = album.order()
    rows = album.store.read.all(keeping._OVER, 0, NOW - KEEP * DAY_MS, CHUNK)
    album.run("INSERT INTO holds (order_id, reason, since) VALUES (?, 'question', 1)", order)
    before = NOW - KEEP * DAY_MS
    again = partial(keeping._remove, rows=rows, folder=album.folder, before=before)
    assert album.store.do(again) == 0
    assert album.file(order).exists()


def test_a_file_that_is_gone_already_is_no_trouble(album: Album) -> None:
    order = album.order()
    album.file(order).unlink()
    assert album.sweep() == 1


def test_nothing_outside_the_folder_is_touched(album: Album, tmp_path: Path) -> None:
    order = album.order()
    precious = tmp_path / "precious.jpg"
    precious.write_bytes(b"mine")
    album.run("UPDATE evidence SET path = '../precious.jpg' WHERE order_id = ?", order)
    album.sweep()
    assert precious.exists()


def test_the_recorder_sweeps_by_itself(album: Album) -> None:
    order = album.order()
    recorder = Recorder(album.store, "B1", None, album.folder, album.clock, keep_days=KEEP)
    recorder.start()
    until(lambda: not album.file(order).exists())
    recorder.stop()


class Lens:
    """A camera that can be unplugged."""

    name = "B1 camera"
    away = True

    def snap(self) -> bytes:
        if self.away:
            raise Problem("camera.unreachable", camera=self.name)
        return bytes(3000)


def test_a_camera_is_tried_before_the_first_parcel(album: Album) -> None:
    lens = Lens()
    recorder = Recorder(album.store, "B1", lens, album.folder, album.clock)
    assert not recorder.state.connected
    recorder.start()
    until(lambda: recorder.state.trouble is not None)
    lens.away = False
    recorder.ask()
    assert (recorder.state.connected, recorder.state.last_value) == (True, "3 KB")
    recorder.stop()
    assert not album.folder.exists()  # what it took was for nobody


def test_the_forecast_follows_the_last_week(album: Album, tmp_path: Path) -> None:
    album.folder.mkdir()
    assert forecast(album.store.read, album.folder, NOW).days_left is None
    for day in range(7):
        for _ in range(3):
            album.order(NOW - day * DAY_MS - 1, size=2_000_000)
    told = forecast(album.store.read, album.folder, NOW)
    assert told.per_day == pytest.approx(7 * 3 * 2_000_000 / 6, rel=0.01)
    assert told.days_left is not None
    assert told.days_left > 0
