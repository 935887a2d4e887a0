"""Cuts a byte stream into candidate frames, the same ones however the stream was split.

Every framer keeps a bounded tail, starts again at the newest start byte, and counts what it
threw away. It works on bytes: frames carry lamp bytes, BCD and parity bits.
"""

import re
from collections.abc import Iterator
from typing import Protocol


class Framer(Protocol):
    """One way of telling where a frame begins and ends."""

    junk: int
    """Bytes thrown away so far because they were in no frame."""
    rejected: int
    """How many times bytes were thrown away."""

    def push(self, data: bytes) -> Iterator[bytes]:
        """The candidate frames that ``data`` completes."""


class _Counting:
    """The bookkeeping all framers share."""

    quiet = b"\r\n\x00"
    """Line ends and fill bytes between frames are not a sign of trouble."""

    def __init__(self) -> None:
        self.junk = 0
        self.rejected = 0
        self._tail = b""

    def _drop(self, wasted: bytes) -> None:
        lost = len(wasted.strip(self.quiet))
        if lost:
            self.junk += lost
            self.rejected += 1


class Lines(_Counting):
    """Frames that end with CR, LF or both; the frame comes without them."""

    _ENDS = re.compile(rb"[\r\n]+")

    def __init__(self, limit: int = 128) -> None:
        super().__init__()
        self._limit = limit
        self._overlong = False

    def push(self, data: bytes) -> Iterator[bytes]:
        *lines, self._tail = self._ENDS.split(self._tail + data)
        for line in lines:
            if self._overlong or len(line) > self._limit:
                self._overlong = False
                self._drop(line)
            elif line:
                yield line
        if len(self._tail) > self._limit:
            self._drop(self._tail[1:])
            self._tail = b""
            self._overlong = True


class Between(_Counting):
    """Frames from the newest ``start`` to ``end``, both included."""

    def __init__(self, start: bytes, end: bytes, limit: int = 64) -> None:
        super().__init__()
        self._start, self._end, self._limit = start, end, limit

    def push(self, data: bytes) -> Iterator[bytes]:
        *parts, tail = (self._tail + data).split(self._end)
        for part in parts:
            at = part.rfind(self._start)
            if at < 0:
                self._drop(part)
                continue
            self._drop(part[:at])
            yield part[at:] + self._end
        self._tail = self._bounded(tail)

    def _bounded(self, tail: bytes) -> bytes:
        at = tail.rfind(self._start)
        if at < 0:
            keep = max(0, len(tail) - len(self._start) + 1)
        else:
            keep = at if len(tail) - at <= self._limit else len(tail)
        self._drop(tail[:keep])
        return tail[keep:]


class Until(_Counting):
    """Everything up to and including ``end``, the last ``limit`` bytes of it."""

    def __init__(self, end: bytes, limit: int = 64) -> None:
        super().__init__()
        self._end, self._limit = end, limit

    def push(self, data: bytes) -> Iterator[bytes]:
        *parts, tail = (self._tail + data).split(self._end)
        for part in parts:
            yield self._newest(part) + self._end
        self._tail = self._newest(tail)

    def _newest(self, part: bytes) -> bytes:
        if len(part) > self._limit:
            self._drop(part[: -self._limit])
        return part[-self._limit :]


class Scan(_Counting):
    """Frames of a fixed shape, found by a pattern that cannot contain its own start byte.

    ``longest`` is the longest a frame (with its look-ahead) can be; ``slack`` that many stray
    bytes after a frame are an optional trailer, not junk. ``gapless`` frames follow each other
    directly: one that comes after stray bytes is dropped, because then the length is wrong.
    """

    def __init__(
        self, pattern: bytes, longest: int, slack: int = 0, *, gapless: bool = False
    ) -> None:
        super().__init__()
        self._pattern = re.compile(pattern, re.DOTALL)
        self._longest, self._slack, self._gapless = longest, slack, gapless
        self.quiet = b"" if gapless else b"\r\n"
        self._credit = slack
        self._started = self._gap = False

    def push(self, data: bytes) -> Iterator[bytes]:
        buffer = self._tail + data
        done = 0
        for match in self._pattern.finditer(buffer):
            self._waste(buffer[done : match.start()])
            done = match.end()
            self._credit = self._slack
            misplaced = self._gap and self._gapless and self._started
            self._gap, self._started = False, True
            if misplaced:
                self._drop(match.group())
            else:
                yield match.group()
        rest = buffer[done:]
        keep = min(len(rest), self._longest - 1)
        self._waste(rest[: len(rest) - keep])
        self._tail = rest[len(rest) - keep :]

    def _waste(self, wasted: bytes) -> None:
        free = min(self._credit, len(wasted))
        self._credit -= free
        self._gap = self._gap or len(wasted) > free
        self._drop(wasted[free:])
