"""Writes the seven sounds of a bench: ``python data/sounds/compose.py``.

Each tone is told from the others by rhythm, height and direction, so that it is heard through
noise and by people who do not hear every height: 8 kHz, 8 bit, mono, a few kilobytes each.
"""

import math
import wave
from itertools import pairwise
from pathlib import Path

RATE = 8000
LOUD = 100
"""Of the 127 steps a sample has above its middle."""
SOFT_S = 0.004
"""A note swells and fades this long, or it would crack."""

Note = tuple[float, float]
"""(Hz, seconds); 0 Hz is silence."""
SOUNDS: dict[str, tuple[Note, ...]] = {
    "accepted": ((1760, 0.07),),
    "complete": ((1047, 0.08), (1319, 0.08), (1760, 0.14)),
    "command": ((2637, 0.025),),
    "wrong": ((220, 0.55),),
    "too_many": ((294, 0.16), (0, 0.08), (294, 0.16)),
    "unknown": ((880, 0.12), (587, 0.12), (392, 0.2)),
    "stop": ((988, 0.14), (659, 0.14)) * 3,
}


def samples(notes: tuple[Note, ...]) -> bytes:
    """The notes one after the other as unsigned bytes around 128."""
    ends = [0.0]
    for _, seconds in notes:
        ends.append(ends[-1] + seconds)
    out = bytearray()
    for (hertz, seconds), (start, end) in zip(notes, pairwise(ends), strict=True):
        for tick in range(round(start * RATE), round(end * RATE)):
            at = tick / RATE - start
            swell = min(1.0, at / SOFT_S, (seconds - at) / SOFT_S)
            wave_at = math.sin(2 * math.pi * hertz * at) + math.sin(6 * math.pi * hertz * at) / 3
            out.append(128 + round(LOUD * swell * wave_at / 1.34))
    return bytes(out)


def write(folder: Path) -> None:
    """One WAV file a tone."""
    for tone, notes in SOUNDS.items():
        with wave.open(str(folder / f"{tone}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(1)
            file.setframerate(RATE)
            file.writeframes(samples(notes))


if __name__ == "__main__":
    write(Path(__file__).parent)
