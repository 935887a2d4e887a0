"""Against emulators by other people; they live in a virtual environment of their own.

``python -m venv E; E/bin/pip install labmcp-mettler-toledo labmcp-sartorius mt-sics-emulator`` and
``PACKLINE_EMULATORS=E``; without it these tests are skipped. ``emupos`` needs Python 3.13.
"""

import json
import os
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.scales.live import LiveScale
from tests.until import until

HOME = os.environ.get("PACKLINE_EMULATORS", "")
BRIDGE = """
import socket, sys, threading
module, name = sys.argv[1].split(":")
scale = getattr(__import__(module, fromlist=[name]), name)()
place = getattr(scale, "place", lambda grams: setattr(scale, "load_g", grams))
def listen():
    for line in sys.stdin:
        place(float(line))
threading.Thread(target=listen, daemon=True).start()
door = socket.create_server(("127.0.0.1", 0))
print(door.getsockname()[1], flush=True)
while True:
    peer, _ = door.accept()
    heard = b""
    while piece := peer.recv(100):
        heard += piece
        while b"\\n" in heard:
            line, _, heard = heard.partition(b"\\n")
            told = scale.handle(line.decode("latin-1").strip("\\r"))
            for answer in [told] if isinstance(told, str) else told or []:
                peer.sendall(answer.encode("latin-1") + b"\\r\\n")
"""


@contextmanager
def process(*words: str) -> Iterator["subprocess.Popen[str]"]:
    """A program of the emulators' environment, ended with the test."""
    python = Path(HOME, "bin", "python")
    if not HOME or not python.exists():
        pytest.skip("PACKLINE_EMULATORS names no virtual environment with the emulators")
    started = subprocess.Popen(
        [str(Path(HOME, "bin", words[0])), *words[1:]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait(10)


def weighs(url: str, protocol: str, put: Callable[[float], None], loads: tuple[int, int]) -> None:
    """Zero, a load, zero, another load: each is booked once, as what it is."""
    booked: list[int] = []
    scale = LiveScale(
        url, protocol, polled=True, on_stable=lambda grams, at_ms: booked.append(grams)
    )
    put(0.0)
    scale.start()
    try:
        for load in loads:
            until(lambda: shows(scale, 0), 15)
            put(load)
            until(lambda load=load: booked and booked[-1] == load, 15)  # type: ignore[misc] # default
            put(0.0)
        assert booked == list(loads)
    finally:
        scale.stop()


def shows(scale: LiveScale, grams: int) -> bool:
    last = scale.status.last
    return last is not None and last.grams is not None and abs(last.grams - grams) < 1


@contextmanager
def laboratory(peer: str) -> Iterator[tuple[str, Callable[[float], None]]]:
    """A simulator behind a socket, and how to put a load on it."""
    with process("python", "-c", BRIDGE, peer) as bridge:
        assert bridge.stdin is not None
        assert bridge.stdout is not None
        told, port = bridge.stdin, bridge.stdout.readline().strip()
        assert port, f"{peer} is not installed"

        def put(grams: float) -> None:
            told.write(f"{grams}\n")
            told.flush()

        yield f"socket://127.0.0.1:{port}", put


def test_a_sartorius_by_another_author() -> None:
    with laboratory("labmcp_sartorius.simulator:SBISimulator") as (url, put):
        weighs(url, "sartorius_sbi", put, (152, 87))


def test_a_mettler_by_another_author_that_never_comes_to_rest() -> None:
    """It answers every ``SI`` as moving: shown as what it is, and never booked."""
    booked: list[int] = []
    with laboratory("labmcp_mettler_toledo.simulator:MTSICSSimulator") as (url, put):
        scale = LiveScale(
            url, "mt_sics", polled=True, on_stable=lambda grams, at_ms: booked.append(grams)
        )
        put(0.0)
        scale.start()
        try:
            until(lambda: shows(scale, 0), 15)
            put(152.0)
            until(lambda: shows(scale, 152), 15)
            assert scale.status.last is not None
            assert scale.status.last.stable is False
            assert booked == []
        finally:
            scale.stop()


def test_an_mt_sics_scale_by_a_third_author() -> None:
    port, control = free_port(), free_port()
    words = ("--host", "127.0.0.1", "--port", str(port), "--control-port", str(control))

    def put(grams: float) -> None:
        body = json.dumps({"value": grams / 1000, "snap": True}).encode()  # its ramp is "stable"
        kind = {"Content-Type": "application/json"}
        url = f"http://127.0.0.1:{control}/weight"
        urllib.request.urlopen(urllib.request.Request(url, body, kind), timeout=5).close()

    with process("mtsics-tcp", *words):
        until(lambda: listens(port) and listens(control), 15)
        weighs(f"socket://127.0.0.1:{port}", "mt_sics", put, (15_200, 8_700))


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as peer:
        return peer.connect_ex(("127.0.0.1", port)) == 0
