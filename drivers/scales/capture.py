"""What a scale sent, kept and looked at again: for support, and for new protocols' tests.

A capture is JSON lines ``{"ms": 120, "hex": "53540d0a"}``, milliseconds since the start.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from core.clock import Clock, SystemClock
from core.errors import Problem
from drivers.scales.port import Port, SerialPort
from drivers.scales.profile import Line
from drivers.scales.protocols import find
from drivers.scales.reading import Reading


def decode_stream(
    protocol: str, options: Mapping[str, object], chunks: Iterable[bytes]
) -> Iterator[dict[str, object]]:
    """Each reading as plain values; the last entry tells what was not understood.

    Raises Problem for an unknown protocol or option.
    """
    reader = find(protocol).decoder(**options)
    count = 0
    for chunk in chunks:
        count += len(chunk)
        for reading in reader.feed(chunk):
            yield _plain(reading)
    yield {"bytes": count, "frames": reader.frames, "rejected": reader.rejected}


def _plain(reading: Reading) -> dict[str, object]:
    return {
        "weight": None if reading.weight is None else str(reading.weight),
        "unit": reading.unit,
        "stable": reading.stable,
        "status": reading.status,
        "grams": None if reading.grams is None else format(reading.grams.normalize(), "f"),
        "mode": reading.mode,
    }


def record(
    port: str,
    out_path: Path,
    seconds: float,
    *,
    line: Line | None = None,
    ask: bytes = b"",
    ask_every_s: float = 0.3,
    clock: Clock | None = None,
    opener: Callable[[], Port] | None = None,
) -> int:
    """Write what the port sends for so long; the number of bytes.

    ``ask`` is sent again and again for scales that speak only when asked. Raises one of
    ``port.PORT_TROUBLE`` when the port is or goes away; what came before is kept.
    """
    time = clock or SystemClock()
    device = opener() if opener else SerialPort(port, line or Line())
    start = time.monotonic()
    asked, count = start - ask_every_s, 0
    try:
        with out_path.open("w", encoding="ascii") as out:
            while (now := time.monotonic()) - start < seconds:
                if ask and now - asked >= ask_every_s:
                    device.write(ask)
                    asked = now
                data = device.read()
                if data:
                    count += len(data)
                    ms = int((time.monotonic() - start) * 1000)
                    out.write(json.dumps({"ms": ms, "hex": data.hex()}) + "\n")
                    out.flush()
    finally:
        device.close()
    return count


def replay(path: Path) -> Iterator[tuple[int, bytes]]:
    """The (milliseconds, bytes) of a capture. Raises Problem naming the first bad line."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as why:
        raise Problem("scales.bad_capture", path=str(path), line=0) from why
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _entry(path, number, line)


def _entry(path: Path, number: int, line: str) -> tuple[int, bytes]:
    try:
        entry = json.loads(line)
        return int(entry["ms"]), bytes.fromhex(entry["hex"])
    except (ValueError, KeyError, TypeError) as why:
        raise Problem("scales.bad_capture", path=str(path), line=number) from why
