"""Photos over real HTTP and from real programs, and every way they fail."""

import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from core.errors import Problem
from core.ports import Camera
from drivers.cameras import CommandCamera, SnapshotCamera
from drivers.cameras.jpeg import whole
from drivers.simulated.camera import SimulatedCamera

PATIENCE = 0.3


@pytest.fixture
def bench() -> Iterator[SimulatedCamera]:
    with SimulatedCamera() as camera:
        yield camera


def problem(camera: Camera) -> str:
    with pytest.raises(Problem) as caught:
        camera.snap()
    assert caught.value.message.data["camera"] == camera.name
    return caught.value.message.id


@pytest.mark.parametrize("auth", ["", "basic", "digest"])
def test_a_photo_is_taken(auth: str) -> None:
    user = "admin" if auth else ""
    with SimulatedCamera(user, 'se:cret"密', auth or "digest") as bench:
        bench.caption = "DB20260120001 樱花马克杯"
        camera: Camera = SnapshotCamera("C1", bench.url, "admin", 'se:cret"密')
        first, second = camera.snap(), camera.snap()
        assert Image.open(io.BytesIO(first)).size == (640, 480)
        assert first != second
        assert bench.taken == 2


@pytest.mark.parametrize("auth", ["basic", "digest"])
def test_a_wrong_password_is_named(auth: str) -> None:
    with SimulatedCamera("admin", "right", auth) as bench:
        assert problem(SnapshotCamera("C1", bench.url, "admin", "wrong")) == "camera.refused"
        assert problem(SnapshotCamera("C1", bench.url)) == "camera.refused"
        assert bench.taken == 0


def test_a_changed_challenge_is_answered_again() -> None:
    with SimulatedCamera("admin", "right") as bench:
        camera = SnapshotCamera("C1", bench.url, "admin", "right")
        camera.snap()
        bench.nonce = "restarted"
        camera.snap()
        bench.auth = "basic"
        assert problem(camera) == "camera.refused"
        assert camera.snap().startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("fault", "id_"),
    [
        ("slow", "camera.timeout"),
        ("trickle", "camera.timeout"),
        ("truncated", "camera.truncated"),
        ("broken_off", "camera.truncated"),
        ("refused", "camera.refused"),
        ("html", "camera.not_jpeg"),
        ("error", "camera.answered"),
    ],
)
def test_a_fault_is_named_in_time_and_passes(bench: SimulatedCamera, fault: str, id_: str) -> None:
    camera = SnapshotCamera("C1", bench.url, "admin", "x", timeout=PATIENCE)
    bench.fault(fault)
    began = time.monotonic()
    assert problem(camera) == id_
    assert time.monotonic() - began < PATIENCE + 1
    bench.fault("")
    assert camera.snap().endswith(b"\xff\xd9")


def test_no_cable(bench: SimulatedCamera) -> None:
    camera = SnapshotCamera("C1", bench.url)
    bench.cut()
    assert problem(camera) == "camera.unreachable"
    bench.restore()
    assert camera.snap()


def test_addresses_are_checked() -> None:
    for address in ("", "rtsp://x/y", "camera", "/dev/video0"):
        with pytest.raises(Problem, match="bad_address"):
            SnapshotCamera("C1", address)
    assert problem(SnapshotCamera("C1", "http://127.0.0.1:99999/x")).startswith("camera.")


def test_what_counts_as_a_photo(bench: SimulatedCamera) -> None:
    photo = SnapshotCamera("C1", bench.url).snap()
    assert whole(photo + b"\0\0\r\n", "C1") == photo
    for data, id_ in (
        (b"", "camera.not_jpeg"),
        (b"\x89PNG", "camera.not_jpeg"),
        (photo[:-1], "camera.truncated"),
        (photo[:3], "camera.truncated"),
    ):
        with pytest.raises(Problem) as caught:
            whole(data, "C1")
        assert caught.value.message.id == id_


def test_a_program_takes_the_photo(bench: SimulatedCamera, tmp_path: Path) -> None:
    photo = tmp_path / "a photo.jpg"
    photo.write_bytes(bench.photo())
    for command in (f"cat '{photo}'", f"cp '{photo}' {{file}}"):
        camera: Camera = CommandCamera("C2", command)
        assert camera.snap() == photo.read_bytes()


def test_a_program_that_fails_says_why() -> None:
    failing = f"{sys.executable} -c 'import sys; sys.exit(\"no \\x1b[31mdevice\")'"
    for command, id_ in (
        ("no-such-program -x", "camera.no_command"),
        ("sleep 5", "camera.timeout"),
        ("echo hello", "camera.not_jpeg"),
        ("true", "camera.not_jpeg"),
        (failing, "camera.command_failed"),
    ):
        assert problem(CommandCamera("C2", command, timeout=PATIENCE)) == id_
    with pytest.raises(Problem) as caught:
        CommandCamera("C2", failing).snap()
    assert caught.value.message.data["why"] == "no [31mdevice"
    for command in ("", "'"):
        with pytest.raises(Problem, match="no_command"):
            CommandCamera("C2", command)
