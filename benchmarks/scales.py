"""Scales: what decoding costs, as seconds of a core per second of the line it keeps up with."""

import time
from collections.abc import Iterator

from benchmarks.figures import Table
from drivers.scales import PROTOCOLS, Stability, decoder
from drivers.scales.stability import rules_for
from drivers.simulated.scale_frames import ENCODERS, Load

BAUD = 115_200
BITS = 10
"""Of a byte on the wire: start, eight, stop."""
SLICE = 32
"""Bytes a live scale decodes at one go."""
GOAL = 2.0
"""Per cent of a core."""


def run(quick: bool) -> list[Table]:
    """Every serial protocol, sending without a pause, decoded and judged for stability."""
    seconds = 3 if quick else 20
    table = Table(
        f"scales: {seconds} s of an unbroken {BAUD} baud line, decoded and judged",
        ("protocol", "readings", "CPU s", "% of a core", "goal"),
    )
    for name, encode in sorted(ENCODERS.items()):
        if PROTOCOLS[name].hid:
            continue
        stream = line(encode(Load(grams=1250)), seconds)
        spent, readings = decoded(name, stream)
        share = 100 * spent / seconds
        verdict = "met" if share < GOAL else f"missed ({GOAL:g} %)"
        table.add(name, f"{readings:,}", f"{spent:.3f}", f"{share:.2f}", verdict)
    table.notes.append(
        "CPU seconds of this process for the stream's seconds: the ratio is the share of a core."
        f" Fed {SLICE} bytes at a time, as a live scale does."
    )
    return [table]


def line(frame: bytes, seconds: int) -> bytes:
    """As many frames, one after the other, as the line carries in that time."""
    return frame * (BAUD // BITS * seconds // len(frame))


def decoded(name: str, stream: bytes) -> tuple[float, int]:
    """CPU seconds, and readings that came of it."""
    reader, judge = decoder(name), Stability(rules_for(PROTOCOLS[name]))
    readings, began = 0, time.process_time()
    for at, piece in pieces(stream):
        for reading in reader.feed(piece):
            readings += 1
            judge.feed(at, reading)
    return time.process_time() - began, readings


def pieces(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """The stream in slices with the millisecond each one ends at."""
    for start in range(0, len(stream), SLICE):
        piece = stream[start : start + SLICE]
        yield (start + len(piece)) * BITS * 1000 // BAUD, piece
