"""The one way a platform is called over HTTP: patience, pace, its clock, and what a failure means.

A call gives decoded JSON or raises CallFailed. It is never repeated here: only the connector
knows what may be asked twice. Neither parameters nor answers are logged; they hold secrets and
people's addresses.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from core.clock import Clock, millis
from core.ports import CallFailed, Fault
from core.text import clean

if TYPE_CHECKING:
    import ssl

    import httpx
    from pyrate_limiter import Limiter


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call was answered with."""

    told: Any
    """The decoded JSON: an object, or a list where a platform answers with one."""
    status: int
    headers: Mapping[str, str]


class Line:
    """The line from one shop (or carrier account) to its platform; safe across threads."""

    def __init__(
        self,
        base_url: str,
        clock: Clock,
        *,
        per_second: int = 10,
        connect_s: float = 5.0,
        read_s: float = 20.0,
    ) -> None:
        """``per_second`` bounds the pace, 0 for no bound; the two timeouts are in real seconds."""
        self.base_url = base_url
        self.clock = clock
        self._connect_s, self._read_s = connect_s, read_s
        self._pace = Pace(clock, per_second) if per_second else None
        self._offset = 0
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()
        self._leaving = threading.Event()

    def wait(self, seconds: float) -> bool:
        """Let that many seconds pass; False when somebody wants to leave instead."""
        return not self.clock.wait(self._leaving, seconds)

    def leave(self) -> None:
        """Wait for nothing any more; calls that are under way end by themselves."""
        self._leaving.set()

    def server_now(self) -> int:
        """The platform's clock; our own when it was never heard. UTC milliseconds."""
        return self.clock.now() + self._offset

    def close(self) -> None:
        """Let the connections go; the next call opens new ones."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def post(self, form: Mapping[str, str], *, writes: bool = False) -> dict[str, Any]:
        """POST a form to the gateway; see ``send``."""
        return self.send(lambda client: client.post(self.base_url, data=form), writes=writes)

    def send(
        self, call: "Callable[[httpx.Client], httpx.Response]", *, writes: bool
    ) -> dict[str, Any]:
        """The JSON object a call is answered with; numbers with a fraction come as Decimal.

        Raises CallFailed; ``in_doubt`` when the call ``writes`` and may have arrived.
        """
        told = self.ask(call, writes=writes).told
        if not isinstance(told, dict):
            raise CallFailed(Fault.TRANSIENT, "not_json", "expected an object", in_doubt=writes)
        return told

    def ask(self, call: "Callable[[httpx.Client], httpx.Response]", *, writes: bool) -> Answer:
        """The whole answer, for platforms that tell by status, header or list; as ``send``."""
        if self._pace is not None:
            self._pace.take()
        sent_at = self.clock.now()
        response = self._exchange(call, writes)
        told = _decoded(response, writes)
        self._hear(response.headers.get("Date", ""), sent_at)
        return Answer(told, response.status_code, response.headers)

    def _exchange(
        self, call: "Callable[[httpx.Client], httpx.Response]", writes: bool
    ) -> "httpx.Response":
        import httpx

        try:
            return call(self._opened())
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise CallFailed(Fault.TRANSIENT, "no_connection", _short(error)) from error
        except httpx.TimeoutException as error:
            raise CallFailed(Fault.TRANSIENT, "timeout", _short(error), in_doubt=writes) from error
        except httpx.TransportError as error:
            if isinstance(error, httpx.UnsupportedProtocol):
                raise CallFailed(Fault.PERMISSION, "address", _short(error)) from error
            raise CallFailed(Fault.TRANSIENT, "broken", _short(error), in_doubt=writes) from error
        except httpx.InvalidURL as error:
            raise CallFailed(Fault.PERMISSION, "address", _short(error)) from error
        except httpx.HTTPError as error:
            raise CallFailed(Fault.TRANSIENT, "bad_http", _short(error), in_doubt=writes) from error

    def _opened(self) -> "httpx.Client":
        import httpx

        with self._lock:
            if self._client is None:
                # The station's proxy settings are for browsers; a platform is called directly.
                self._client = httpx.Client(
                    trust_env=False,
                    verify=_certificates(),
                    timeout=httpx.Timeout(self._read_s, connect=self._connect_s),
                    # Some servers drop a connection that was idle for five seconds: be first.
                    limits=httpx.Limits(keepalive_expiry=3.0),
                )
            return self._client

    def _hear(self, date: str, sent_at: int) -> None:
        """Learn the server's clock from its Date header, which is cut to the second."""
        try:
            told = millis(parsedate_to_datetime(date)) + 500
        except ValueError:
            return
        here = (sent_at + self.clock.now()) // 2
        off, unsure = told - here, 500 + (self.clock.now() - sent_at) // 2
        if abs(off - self._offset) > unsure:
            self._offset = off


@cache
def _certificates() -> "ssl.SSLContext":
    """The trusted authorities, read once: it takes longer than a call."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)


class Pace:
    """At most so many calls a second, on the injected clock."""

    def __init__(self, clock: Clock, per_second: int) -> None:
        self._clock = clock
        self._per_second = per_second
        self._limiter: Limiter | None = None
        self._lock = threading.Lock()
        self._never = threading.Event()

    def take(self) -> None:
        """Wait for the next free place."""
        while not self._free():
            self._clock.wait(self._never, 1 / self._per_second)

    def _free(self) -> bool:
        with self._lock:
            if self._limiter is None:
                self._limiter = _limiter(self._clock, self._per_second)
            return bool(self._limiter.try_acquire("call", blocking=False))


def _limiter(clock: Clock, per_second: int) -> "Limiter":
    from pyrate_limiter import Duration, InMemoryBucket, Limiter, Rate

    class Bucket(InMemoryBucket):
        """Counts on our clock, so that an accelerated day is not held to real seconds."""

        def now(self) -> int:
            return int(clock.monotonic() * 1000)

    return Limiter(Bucket([Rate(per_second, Duration.SECOND)]))


def _decoded(response: "httpx.Response", writes: bool) -> dict[str, Any] | list[Any]:
    """The JSON in an answer, whatever its status says; an error page is no answer."""
    status = response.status_code
    if status == 429:
        raise CallFailed(Fault.RATE, "http429", wait_s=_retry_after(response))
    try:
        told = json.loads(response.content, parse_float=Decimal, parse_constant=_refused)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict | list) and status < 500:
        return told
    if status in (401, 403):  # mostly: our address is not on the platform's list
        raise CallFailed(Fault.AUTH, f"http{status}", _title(response))
    code = f"http{status}" if status != 200 else "not_json"
    raise CallFailed(Fault.TRANSIENT, code, _title(response), in_doubt=writes)


def _refused(constant: str) -> None:
    raise ValueError(f"expected a number, got {constant}")


def _retry_after(response: "httpx.Response") -> float | None:
    told = response.headers.get("Retry-After", "")
    return float(told) if told.replace(".", "", 1).isdecimal() else None


def _title(response: "httpx.Response") -> str:
    """The first words of an answer that is not JSON, for a person to recognise a proxy by."""
    return clean(response.text[:200], 80) if response.content else ""


def _short(error: Exception) -> str:
    return clean(f"{type(error).__name__}: {error}", 160)
