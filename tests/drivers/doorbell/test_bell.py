"""The doorbell on real sockets: who rings properly is heard, who does not holds nobody up."""

import http.client
import socket
import threading
import time

import pytest

from core.errors import Problem
from core.ports import Hint, Pushed
from drivers.doorbell import Answer, Doorbell
from drivers.doorbell.bell import Refused
from tests.until import until


class PlainRing:
    """Takes every body but one; its name is its text."""

    def understand(self, rung):
        if rung.body == b"forged":
            raise Refused
        return Pushed(hints=(Hint(rung.body.decode(), "1"),)) if rung.body else Pushed()

    def good(self):
        return Answer(b'{"ok":1}')

    def bad(self):
        return Answer(b'{"ok":0}', 503)


class Keeper:
    """Remembers what was kept; fails while told to."""

    def __init__(self):
        self.kept = []
        self.fails = False
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, code, pushed):
        assert self.gate.wait(5)
        if self.fails:
            raise OSError("disk full")
        self.kept.append((code, pushed.hints[0].message))


@pytest.fixture
def keeper():
    return Keeper()


@pytest.fixture
def hang(keeper):
    """Make doorbells; all are shut at the end."""
    made = []

    def make(**more):
        made.append(Doorbell("127.0.0.1", 0, {"/s1": ("s1", PlainRing())}, keeper, **more))
        made[-1].open()
        return made[-1]

    yield make
    keeper.gate.set()
    for bell in made:
        bell.close()


def ring(bell, body=b"m1", path="/s1", method="POST", **headers):
    line = http.client.HTTPConnection("127.0.0.1", bell.port, timeout=5)
    try:
        line.request(method, path, body, headers)
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def rung_away(bell, body):
    """The status, 0 when the connection was closed before all was said."""
    try:
        return ring(bell, body)[0]
    except OSError:
        return 0


def talk(bell, *words, wait=5.0):
    """Say bytes on a bare connection, and read to its end."""
    with socket.create_connection(("127.0.0.1", bell.port), timeout=wait) as line:
        for word in words:
            line.sendall(word)
        got = b""
        while more := line.recv(4096):
            got += more
        return got


def test_a_proper_ring_is_kept_before_it_is_answered(hang, keeper):
    bell = hang()
    assert ring(bell) == (200, b'{"ok":1}')
    assert keeper.kept == [("s1", "m1")]


def test_what_is_not_kept_is_not_confirmed(hang, keeper):
    bell = hang()
    keeper.fails = True
    assert ring(bell) == (503, b'{"ok":0}')
    keeper.fails = False
    assert ring(bell)[0] == 200
    assert keeper.kept == [("s1", "m1")]


def test_a_wrong_signature_is_refused_and_counted_once(hang, keeper):
    bell = hang()
    assert ring(bell, b"forged")[0] == 401
    assert dict(bell.refusals()) == {"s1": 1}
    assert dict(bell.refusals()) == {}
    assert keeper.kept == []


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /other HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 404),
        (b"GET /s1 HTTP/1.1\r\n\r\n", 405),
        (b"POST /s1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST /s1 HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /s1 HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", 413),
        (b"POST /s1 HTTP/1.1\r\nContent-Length: 9999999999999999999\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"POST /s1 HTTP/1.1\r\n" + b"X-Long: " + b"a" * 60_000 + b"\r\n\r\n", 400),
        (b"POST /s1 HTTP/1.1\r\n" + b"X: y\r\n" * 300 + b"\r\n", 400),
    ],
)
def test_what_is_no_ring_is_sent_away_and_the_next_is_heard(hang, keeper, request_, status):
    bell = hang(most_bytes=1000)
    assert talk(bell, request_).startswith(f"HTTP/1.1 {status} ".encode())
    assert keeper.kept == []
    assert ring(bell)[0] == 200


def test_a_body_may_be_as_long_as_allowed_and_no_longer(hang):
    bell = hang(most_bytes=100_000)
    assert ring(bell, b"a" * 100_000)[0] == 200
    assert ring(bell, b"a" * 100_001)[0] == 413


def test_a_caller_who_waits_for_a_go_ahead_gets_it(hang, keeper):
    bell = hang()
    head = b"POST /s1 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    got = talk(bell, head, b"m7")
    assert got.startswith(b"HTTP/1.1 100 ") and b"HTTP/1.1 200 " in got
    assert keeper.kept == [("s1", "m7")]


def test_callers_who_dribble_are_dropped_and_hold_nobody_longer_than_that(hang, keeper):
    bell = hang(threads=2, patience_s=0.4)
    dribblers = [socket.create_connection(("127.0.0.1", bell.port)) for _ in range(4)]
    stop = threading.Event()

    def dribble():
        while not stop.wait(0.05):
            for line in dribblers:
                try:
                    line.sendall(b"P")
                except OSError:
                    stop.set()

    feeding = threading.Thread(target=dribble)
    feeding.start()
    began = time.monotonic()
    assert ring(bell)[0] == 200  # behind two rounds of two dribblers each
    assert time.monotonic() - began < 3
    stop.set()
    feeding.join()
    for line in dribblers:
        line.close()
    assert keeper.kept == [("s1", "m1")]


def test_when_every_place_is_taken_a_caller_is_told_to_come_again(hang, keeper):
    bell = hang(threads=1)
    keeper.gate.clear()
    answers = []
    callers = [
        threading.Thread(target=lambda n=n: answers.append(rung_away(bell, b"m%d" % n)))
        for n in range(60)
    ]
    for caller in callers:
        caller.start()
    until(lambda: {503, 0} & set(answers))
    keeper.gate.set()
    for caller in callers:
        caller.join()
    assert set(answers) <= {200, 503, 0}
    assert len(keeper.kept) == answers.count(200)


def test_many_at_once_are_each_kept_once(hang, keeper):
    bell = hang()
    callers = [threading.Thread(target=ring, args=(bell, b"m%d" % n)) for n in range(24)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(keeper.kept) == sorted(("s1", f"m{n}") for n in range(24))


def test_a_port_in_use_is_a_problem_with_its_reason():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bell = Doorbell("127.0.0.1", taken.getsockname()[1], {}, print)
        with pytest.raises(Problem) as problem:
            bell.open()
        assert "in use" in problem.value.message.data["reason"]
        assert not bell.is_open


def test_it_shuts_and_opens_again_on_the_same_port(hang):
    bell = hang()
    port = bell.port
    bell.close()
    with pytest.raises(OSError):
        ring(bell)
    bell.open()
    assert (bell.port, ring(bell)[0]) == (port, 200)
