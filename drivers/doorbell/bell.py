"""The listener: HTTP/1.1 on a few threads, patient for seconds only, bounded in every direction.

A connection carries one request and has one deadline for all of it, so that a caller who sends a
byte now and then holds a thread no longer than anybody else. When every thread is busy and the
queue is full, a caller is told to come again; platforms do. TLS is a proxy's or a relay's matter.
"""

import io
import logging
import queue
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message as Headers
from email.utils import formatdate
from http.client import HTTPException, parse_headers, responses
from typing import Protocol
from urllib.parse import urlsplit

from core.errors import Problem
from core.ports import Pushed

log = logging.getLogger(__name__)
HEAD_BYTES = 32_768
"""Request line and headers together."""
CUT_OFF = frozenset({400, 408, 411, 413, 503})
"""Answers given before the whole request was read."""
WAITING = 32
"""Connections that wait for a thread; more are sent away."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Rung:
    """A request that rang at a shop's path; the body is exactly what came."""

    headers: Headers
    body: bytes


class Refused(Exception):  # noqa: N818 - an answer, not an error of ours
    """The signature is wrong or missing."""


class Ring(Protocol):
    """How one shop's platform rings."""

    def understand(self, rung: Rung) -> Pushed:
        """What was said. Raises Refused unless the signature over the very bytes is right."""

    def good(self) -> Answer:
        """It is kept: the platform need not send it again."""

    def bad(self) -> Answer:
        """It is not kept: the platform shall send it again."""


Keep = Callable[[str, Pushed], object]
"""Puts what a shop (by its code) said on disk; raises when it could not."""


class Doorbell:
    """One listening address with a path for each shop; safe across threads."""

    def __init__(
        self,
        host: str,
        port: int,
        rings: Mapping[str, tuple[str, Ring]],
        keep: Keep,
        *,
        most_bytes: int = 8_388_608,
        patience_s: float = 10.0,
        threads: int = 8,
    ) -> None:
        """``rings`` by path: the shop's code and how its platform rings."""
        self.host, self.port = host, port
        self.rings = dict(rings)
        self._keep = keep
        self._most_bytes, self._patience_s, self._threads = most_bytes, patience_s, threads
        self._listener: socket.socket | None = None
        self._waiting: queue.Queue[socket.socket | None] = queue.Queue(WAITING)
        self._workers: list[threading.Thread] = []
        self._refused: Counter[str] = Counter()
        self._lock = threading.Lock()

    # --- open and shut --------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._listener is not None

    @property
    def url(self) -> str:
        """Where it listens on this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def open(self) -> None:
        """Listen. Raises Problem when the address cannot be had; opening twice changes nothing."""
        if self._listener is not None:
            return
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            listener = socket.create_server((self.host, self.port), family=family, backlog=64)
        except OSError as error:
            reason = error.strerror or str(error)
            raise Problem(
                "push.no_port", address=f"{self.host}:{self.port}", reason=reason
            ) from None
        self.port = listener.getsockname()[1]
        self._listener = listener
        work = [
            threading.Thread(target=self._answer_all, daemon=True) for _ in range(self._threads)
        ]
        self._workers = [
            threading.Thread(target=self._accept, args=(listener,), daemon=True),
            *work,
        ]
        for worker in self._workers:
            worker.start()

    def close(self) -> None:
        """Stop listening; requests in hand are answered first."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        with suppress(OSError):  # some systems shut a listening socket only by closing it
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting, *workers = self._workers
        accepting.join(self._patience_s)
        for _ in workers:
            self._waiting.put(None)
        for worker in workers:
            worker.join(self._patience_s)

    def refusals(self) -> Mapping[str, int]:
        """Requests with a wrong signature by shop since the last look."""
        with self._lock:
            counted, self._refused = self._refused, Counter()
        return counted

    # --- connections ----------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # closed
            try:
                self._waiting.put_nowait(connection)
            except queue.Full:
                self._send(connection, Answer(status=503), time.monotonic() + 1.0)
                connection.close()

    def _answer_all(self) -> None:
        while (connection := self._waiting.get()) is not None:
            try:
                self._serve(connection)
            except OSError:
                pass  # the caller hung up; it sends again
            except Exception:
                log.exception("a pushed message stumbled")
            finally:
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        deadline = time.monotonic() + self._patience_s
        answer = self._answer(connection, deadline)
        self._send(connection, answer, time.monotonic() + 2.0)

    def _answer(self, connection: socket.socket, deadline: float) -> Answer:
        """Read one request, and answer it. A caller who is too slow or says too much is refused."""
        source = _Patient(connection, deadline, HEAD_BYTES)
        reader = io.BufferedReader(source, 4096)
        try:
            method, path = _request_line(reader.readline(8192))
            headers = parse_headers(reader)
            if headers.get("Transfer-Encoding"):
                return Answer(status=411)
            length = headers.get("Content-Length", "0")
            if not length.isdecimal() or len(length) > 12:
                return Answer(status=400)
            if int(length) > self._most_bytes:
                return Answer(status=413)
            if headers.get("Expect", "").lower() == "100-continue":
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            source.allow(int(length))
            body = reader.read(int(length))
        except TimeoutError:
            return Answer(status=408)
        except (ValueError, HTTPException):
            return Answer(status=400)
        if len(body) != int(length):
            return Answer(status=400)
        return self._rung(method, path, Rung(headers, body))

    def _rung(self, method: str, path: str, rung: Rung) -> Answer:
        found = self.rings.get(path)
        if found is None:
            return Answer(status=404)
        if method != "POST":
            return Answer(status=405)
        code, ring = found
        try:
            pushed = ring.understand(rung)
        except Refused:
            with self._lock:
                self._refused[code] += 1
            return Answer(status=401)
        if pushed == Pushed():
            return ring.good()  # the platform only tries whether somebody is there
        try:
            self._keep(code, pushed)
        except Exception as error:  # noqa: BLE001 - whatever kept it from being kept: it comes again
            log.warning("a message of shop %s could not be kept: %s", code, error)
            return ring.bad()
        return ring.good()

    def _send(self, connection: socket.socket, answer: Answer, deadline: float) -> None:
        head = (
            f"HTTP/1.1 {answer.status} {responses.get(answer.status, '')}\r\n"
            f"Date: {formatdate(usegmt=True)}\r\nContent-Type: {answer.content_type}\r\n"
            f"Content-Length: {len(answer.body)}\r\nConnection: close\r\n\r\n"
        )
        with suppress(OSError):  # whoever does not wait for the answer sends again
            connection.settimeout(max(0.1, deadline - time.monotonic()))
            connection.sendall(head.encode("latin-1") + answer.body)
            connection.shutdown(socket.SHUT_WR)
            if answer.status in CUT_OFF:  # closing on unread bytes would take the answer back
                connection.settimeout(0.0 if answer.status == 503 else 0.2)
                connection.recv(HEAD_BYTES)


class _Patient(io.RawIOBase):
    """A connection read under one deadline and up to so many bytes."""

    def __init__(self, connection: socket.socket, deadline: float, most: int) -> None:
        self._connection, self._deadline, self._left = connection, deadline, most

    def allow(self, more: int) -> None:
        """So many bytes more may come."""
        self._left += more

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self._left <= 0:
            raise ValueError("more than allowed")
        self._connection.settimeout(left)
        got = self._connection.recv_into(buffer[: min(len(buffer), self._left)])
        self._left -= got
        return got


def _request_line(line: bytes) -> tuple[str, str]:
    """Method and path. Raises ValueError for what is no HTTP."""
    words = line.decode("latin-1").split()
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise ValueError("no request line")
    return words[0], urlsplit(words[1]).path
