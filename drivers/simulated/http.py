"""The ground all simulated HTTP platforms stand on: a real socket that can misbehave on purpose.

A subclass answers requests in its platform's wire format and journals what it commits. Verbs any
server plays:

``drop``               the connection closes before the call is looked at
``drop_after_commit``  the call is carried out, the answer never leaves
``delay S``            the answer leaves S clock seconds after the call was carried out
``html502``            a proxy's error page; the call was not looked at
``html502_after``      the same, but the call was carried out
``html200``            a captive portal's page; the call was not looked at
``forbidden``          403 without JSON; the call was not looked at
``truncated``          carried out, half the answer as if it were whole
``cut_short``          carried out, the connection closes in the middle of the answer
``empty``              not carried out, an answer without content
"""

import json
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from email.utils import formatdate
from http.client import responses
from http.server import BaseHTTPRequestHandler
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from core.clock import Clock
from drivers.simulated.faults import Fault, Plan

_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
BEFORE = frozenset({"drop", "html502", "html200", "forbidden", "empty"})
AFTER = frozenset({"drop_after_commit", "delay", "html502_after", "truncated", "cut_short"})
STORM = ("drop", "drop_after_commit", "html502", "html502_after", "truncated", "empty", "delay 1")
"""What a storm throws when not told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call as it came over the wire."""

    number: int
    """The count of calls since the server was made, from 1."""
    method: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes
    form: Mapping[str, str]
    """The body's fields, empty ones kept; none when it is not a form."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back."""

    body: bytes
    status: int = 200
    content_type: str = "application/json;charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)


def packed(told: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer in JSON."""
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(body, status, headers=headers or {})


def unpacked(text: str | bytes) -> dict[str, Any]:
    """The JSON object that was sent; an empty one for anything else."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def page(status: int, title: str) -> Reply:
    """An HTML page where JSON was expected."""
    return Reply(_PAGE.format(title).encode(), status, "text/html; charset=utf-8")


class SimulatedServer:
    """A platform on 127.0.0.1, running on the injected clock."""

    own_verbs: frozenset[str] = frozenset()
    """The platform's own faults, played by ``struck``."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.skew_s = 0.0
        """How far this server's clock is ahead of the injected one."""
        self.lock = threading.RLock()
        """Held while a request is answered; take it to read or change the state from outside."""
        self.calls = 0
        self.names: list[str] = []
        """The name of every call, in order of arrival."""
        self.played: Counter[str] = Counter()
        """How often each fault struck."""
        self._plan = Plan(BEFORE | AFTER | self.own_verbs)
        self._journal: list[dict[str, Any]] = []
        self._asked: dict[str, int] = {}
        self._port = 0
        self._listener: socket.socket | None = None
        self._talks: dict[socket.socket, threading.Thread] = {}
        self._halted = threading.Event()

    # --- what a platform says -------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        """The platform's answer; runs under the lock."""
        raise NotImplementedError

    def name(self, request: Request) -> str:
        """What the call is called in scripts and counts."""
        return request.path

    def about(self, request: Request) -> str:
        """The order the call is about, for scripts; "" when none."""
        return ""

    def struck(self, fault: Fault, request: Request) -> Reply | None:
        """Play one of ``own_verbs``: a Reply instead of the answer, or None to answer after all."""
        return None

    def empty(self, request: Request) -> Reply:
        """The answer without content that the ``empty`` verb sends."""
        return Reply(b"{}")

    # --- time, faults, journal ------------------------------------------------------------------

    def now(self) -> int:
        """The server's own clock, UTC milliseconds."""
        return self.clock.now() + int(self.skew_s * 1000)

    def script(self, steps: Iterable[Mapping[str, object]]) -> None:
        """Plan faults; see ``drivers.simulated.faults.Plan.script``."""
        with self.lock:
            self._plan.script(steps)

    def storm(self, seed: int, rate: float, kinds: Sequence[str] = STORM) -> None:
        """Let that share of the calls go wrong, the same way for the same seed; rate 0 ends it."""
        with self.lock:
            self._plan.storm(seed, rate, kinds)

    def calm(self) -> None:
        """Forget every planned fault and the storm."""
        with self.lock:
            self._plan.clear()

    def commit(self, **effect: Any) -> None:
        """Write a side effect into the journal, with the server's time as ``at``."""
        with self.lock:
            self._journal.append({"at": self.now(), **effect})

    def asked_at(self, about: str) -> int:
        """When the last call about that order was answered; 0 for never."""
        return self._asked.get(about, 0)

    @property
    def journal(self) -> list[dict[str, Any]]:
        """Every committed side effect so far, oldest first."""
        with self.lock:
            return [dict(entry) for entry in self._journal]

    def count(self, name: str) -> int:
        """How many calls of that name have come in."""
        with self.lock:
            return self.names.count(name)

    # --- on and off -----------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where the server listens; stays the same over ``cut`` and ``restore``."""
        return f"http://127.0.0.1:{self._port}"

    def start(self, port: int = 0) -> None:
        """Listen on that port; else on one of the system's choice, on the same one after."""
        self._halted.clear()
        listener = socket.create_server(("127.0.0.1", port or self._port), backlog=128)
        self._port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening, close every connection and wait for the threads."""
        self._halted.set()
        if self._listener is not None:
            _close(self._listener)
            self._listener = None
        with self.lock:
            talks = dict(self._talks)
        for connection, thread in talks.items():
            _close(connection)
            thread.join(2.0)  # so do not stop it while holding the lock

    def cut(self) -> None:
        """Go offline at once: connections break, new ones are refused."""
        self.stop()

    def restore(self) -> None:
        """Come back on the same port."""
        if self._listener is None:
            self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- the wire -------------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, peer = listener.accept()
            except OSError:
                return
            talk = threading.Thread(target=self._talk, args=(connection, peer), daemon=True)
            with self.lock:
                self._talks[connection] = talk
            talk.start()

    def _talk(self, connection: socket.socket, peer: object) -> None:
        """Serve one connection until either side closes it."""
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Handler(connection, peer, self)
        except OSError:
            pass  # the client hung up, or the server was cut
        finally:
            with self.lock:
                self._talks.pop(connection, None)
            _close(connection)

    def respond(self, handler: "_Handler", body: bytes) -> None:
        """Play the call's faults around the platform's answer and send what is left of it."""
        parts = urlsplit(handler.path)
        with self.lock:
            self.calls += 1
            request = Request(
                number=self.calls,
                method=handler.command,
                path=parts.path,
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers=handler.headers,
                body=body,
                form=_form(handler.headers, body),
            )
            name = self.name(request)
            self.names.append(name)
            faults = self._plan.strike(request.number, name, self.about(request))
            self.played.update(fault.verb for fault in faults)
            reply = self._before(faults, request) or self.answer(request)
            self._asked[self.about(request)] = self.now()
        self._send(handler, reply, faults)

    def _before(self, faults: tuple[Fault, ...], request: Request) -> Reply | None:
        """The answer of a fault that strikes before the call is carried out."""
        for fault in faults:
            match fault.verb:
                case "drop":
                    return Reply(b"")
                case "html502":
                    return page(502, "502 Bad Gateway")
                case "html200":
                    return page(200, "Please sign in to the network")
                case "forbidden":
                    return page(403, "403 Forbidden")
                case "empty":
                    return self.empty(request)
                case own if own in self.own_verbs:
                    reply = self.struck(fault, request)
                    if reply is not None:
                        return reply
        return None

    def _send(self, handler: "_Handler", reply: Reply, faults: tuple[Fault, ...]) -> None:
        kept: int | None = None
        for fault in faults:
            match fault.verb:
                case "drop" | "drop_after_commit":
                    handler.close_connection = True
                    return
                case "delay":
                    self.clock.wait(self._halted, fault.number)
                case "html502_after":
                    reply = page(502, "502 Bad Gateway")
                case "truncated":
                    reply = Reply(reply.body[: len(reply.body) // 2], reply.status)
                case "cut_short":
                    kept = len(reply.body) // 2
        handler.send(reply, formatdate(self.now() / 1000, usegmt=True), kept)


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with kept connections; one write per answer, so that no packet waits for another."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def __init__(self, connection: socket.socket, peer: object, owner: SimulatedServer) -> None:
        self._owner = owner
        super().__init__(connection, peer, None)  # type: ignore[arg-type]  # no socketserver behind

    def do_POST(self) -> None:
        self._owner.respond(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    do_GET = do_POST  # noqa: N815
    do_PUT = do_POST  # noqa: N815

    def send(self, reply: Reply, date: str, kept: int | None) -> None:
        """Write an answer; only the first ``kept`` bytes of its body when given."""
        head = [
            f"HTTP/1.1 {reply.status} {responses.get(reply.status, '')}",
            f"Date: {date}",
            f"Content-Type: {reply.content_type}",
            f"Content-Length: {len(reply.body)}",
            *(f"{name}: {value}" for name, value in reply.headers.items()),
        ]
        body = reply.body if kept is None else reply.body[:kept]
        self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + body)
        self.wfile.flush()
        self.close_connection = self.close_connection or kept is not None

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the journal and the counts tell the story."""


def _form(headers: Message, body: bytes) -> dict[str, str]:
    if headers.get_content_type() != "application/x-www-form-urlencoded":
        return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _close(connection: socket.socket) -> None:
    with suppress(OSError):  # already closed by the other side
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
