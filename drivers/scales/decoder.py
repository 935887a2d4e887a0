"""From a byte stream to readings: a framer, a parser, and a count of what neither understood."""

from collections.abc import Callable

from drivers.scales.framing import Framer
from drivers.scales.reading import Reading

Parse = Callable[[bytes], Reading | None]
"""One whole frame to its reading; None when the frame is malformed; ``SILENT`` when it is well
formed but says nothing about a load (an acknowledgement, an identification)."""

SILENT = Reading(status="silent")
_SEVEN_BITS = bytes(byte & 0x7F for byte in range(256))


class Decoder:
    """Feeds on any split of the stream; never raises, whatever the bytes.

    ``seven_bit`` drops bit 7 first, which turns a 7E1 or 7O1 sender read as 8N1 into plain text:
    both framings have ten bits, the eighth one here being the parity.
    """

    def __init__(self, framer: Framer, parse: Parse, *, seven_bit: bool = False) -> None:
        self._framer, self._parse, self._seven_bit = framer, parse, seven_bit
        self._malformed = 0
        self._malformed_bytes = 0
        self.frames = 0
        """Frames understood so far, silent ones included."""

    def feed(self, data: bytes) -> list[Reading]:
        """The readings that ``data`` completes, oldest first."""
        if self._seven_bit:
            data = data.translate(_SEVEN_BITS)
        readings: list[Reading] = []
        for frame in self._framer.push(data):
            reading = self._parse(frame)
            if reading is None:
                self._malformed += 1
                self._malformed_bytes += len(frame)
                continue
            self.frames += 1
            if reading is not SILENT:
                readings.append(reading)
        return readings

    @property
    def rejected(self) -> int:
        """How many times bytes were thrown away or a frame was malformed."""
        return self._malformed + self._framer.rejected

    @property
    def junk(self) -> int:
        """Bytes so far that belonged to no good frame."""
        return self._malformed_bytes + self._framer.junk
