"""Which protocol a scale speaks, and on which line settings: listen first, then ask.

``guess`` is pure scoring of bytes. ``detect`` drives a real port: each speed is listened to as
8N1 (a 7-bit sender is recovered from its parity bits), then a few harmless questions are asked.
Never sends a tare or zero command; never chooses free text by itself.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from core.clock import Clock, SystemClock
from drivers.scales.decoder import Decoder
from drivers.scales.port import Port, SerialPort
from drivers.scales.profile import Line, Profile
from drivers.scales.protocols import PROTOCOLS
from drivers.scales.reading import Reading

BAUDS = (9600, 4800, 2400, 1200, 19200, 600, 38400)
FRAMES = 3
"""Good frames in a row, without a reject between, that make a protocol believable."""
SHARE = 0.9
"""Part of the bytes since the first good frame that must belong to frames."""
_EQUALS = frozenset({"yaohua_rev", "yaohua_fwd"})
_FREE_TEXT = "generic_ascii"
_STRIP = bytes(byte & 0x7F for byte in range(256))
_PLAIN = Line()
_SEVEN_EVEN = Line(bytesize=7, parity="E")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A protocol that explains what was heard."""

    protocol: str
    line: Line
    frames: int
    """Longest run of good frames."""
    sample: Reading
    """The last reading, to hold against the scale's own display."""
    sure: bool
    """False when a person must look at the display and agree."""
    polled: bool = False
    options: Mapping[str, object] = field(default_factory=dict)
    to_confirm: tuple[str, ...] = ()
    """Options the wire does not tell and a person must set, such as ``unit``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What came of listening and asking; ``guesses`` best first."""

    guesses: tuple[Guess, ...] = ()
    heard: Mapping[int, bytes] = field(default_factory=dict)
    """The first bytes heard at each speed tried: bytes without a guess mean another speed."""


def parity_of(data: bytes) -> str:
    """``E`` or ``O`` when bit 7 is a parity bit, else ``N``; a byte cut on opening may differ."""
    if len(data) < 8 or not any(byte & 0x80 for byte in data):
        return "N"
    odd = sum(byte.bit_count() & 1 for byte in data)
    if odd <= len(data) * 0.05:
        return "E"
    return "O" if odd >= len(data) * 0.95 else "N"


def guess(data: bytes, baud: int = 9600) -> list[Guess]:
    """The protocols these bytes may be, the most trustworthy first."""
    parity = parity_of(data)
    line = Line(baud=baud) if parity == "N" else Line(baud=baud, bytesize=7, parity=parity)
    text = data if parity == "N" else data.translate(_STRIP)
    found = [one for profile in PROTOCOLS.values() if (one := _try(profile, text, line))]
    both = {one.protocol for one in found} >= _EQUALS
    return [_doubted(one) if both and one.protocol in _EQUALS else one for one in found]


def _doubted(one: Guess) -> Guess:
    return replace(one, sure=False, to_confirm=("orientation", *one.to_confirm))


def _try(profile: Profile, data: bytes, line: Line) -> Guess | None:
    if profile.hid:
        return None
    for options in _variants(profile):
        run, sample = _longest_run(profile.decoder(**options), data)
        if run >= FRAMES and sample is not None:
            return Guess(
                protocol=profile.name,
                line=line,
                frames=run,
                sample=sample,
                sure=profile.name != _FREE_TEXT,
                polled=False,
                options=options,
                to_confirm=_open_questions(profile, sample),
            )
    return None


def _variants(profile: Profile) -> tuple[dict[str, object], ...]:
    """The option sets worth trying, the strictest first."""
    return ({"checksum": True}, {}) if "checksum" in profile.options else ({},)


def _open_questions(profile: Profile, sample: Reading) -> tuple[str, ...]:
    told = profile.name == "st_gs" and sample.unit is not None
    asked = "unit" in profile.options and profile.name != "cas_22" and not told
    return ("unit",) if asked else ()


def _longest_run(reader: Decoder, data: bytes) -> tuple[int, Reading | None]:
    """Longest reject-free run of weights; 0 when too many bytes fall between frames."""
    best = run = rejected = 0
    first: tuple[int, int] | None = None
    sample = None
    for at in range(len(data)):
        readings = reader.feed(data[at : at + 1])
        if reader.rejected > rejected:
            rejected, run = reader.rejected, 0
        for reading in readings:
            if reading.weight is None:
                continue
            sample, run = reading, run + 1
            best = max(best, run)
            first = first or (at, reader.junk)
    if first is None:
        return 0, None
    since = len(data) - first[0]
    share = 1 - (reader.junk - first[1]) / since
    return (best, sample) if share >= SHARE else (0, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Probe:
    """A harmless question and what tells its answer apart."""

    ask: bytes
    protocol: str = ""
    """"" hands whatever answers to ``guess``."""
    answer: bytes = b""
    """Pattern of the answer; "" wants three readings instead."""
    after: bytes = b""
    line: Line = _PLAIN


_PROBES = (
    _Probe(ask=b"@\r\n", protocol="mt_sics", answer=rb'I4 A "'),
    _Probe(
        ask=b"Ehello",
        protocol="toledo_8217",
        answer=rb"\x02E\rhello",
        after=b"F",
        line=_SEVEN_EVEN,
    ),
    _Probe(ask=b"Ehello", protocol="toledo_8217", answer=rb"\x02E\rhello", after=b"F"),
    _Probe(ask=b"\nW\r", protocol="sma"),
    _Probe(ask=b"W\r", protocol="nci_scp01", line=_SEVEN_EVEN),
    _Probe(ask=b"\x05", protocol="cas_pd2_ecr", answer=rb"\A[\x06\x15]\Z"),
    _Probe(ask=b"\x1bP\r\n", protocol="sartorius_sbi"),
    _Probe(ask=b"\x1bP\r\n", protocol="sartorius_sbi", line=Line(parity="O")),
    _Probe(ask=b"\x02AA00\x03", protocol="yaohua_a9", answer=rb"\x02[A-Z]A[0-9A-F]{2}\x03"),
    _Probe(ask=b"P\r\n"),
    _Probe(ask=b"R"),
)


def detect(
    port: str,
    *,
    bauds: tuple[int, ...] = BAUDS,
    listen_s: float = 1.5,
    answer_s: float = 0.4,
    probe: bool = True,
    clock: Clock | None = None,
    opener: Callable[[Line], Port] | None = None,
) -> Detection:
    """Find out what is on a port. Raises one of ``PORT_TROUBLE`` when it cannot be opened.

    Takes ``listen_s`` a speed and ``answer_s`` a question when nothing is found, less otherwise.
    """
    ear = _Ear(opener or (lambda line: SerialPort(port, line)), clock or SystemClock())
    heard: dict[int, bytes] = {}
    fallback: list[Guess] = []
    for baud in bauds:
        data, guesses = ear.listen(baud, listen_s)
        if data:
            heard[baud] = data[:64]
        if guesses and guesses[0].protocol != _FREE_TEXT:
            return Detection(guesses=tuple(guesses), heard=heard)
        fallback = fallback or guesses
    asked = ear.question(answer_s) if probe and not fallback else None
    return Detection(guesses=(asked,) if asked else tuple(fallback), heard=heard)


class _Ear:
    """Listening to and asking one port."""

    def __init__(self, opener: Callable[[Line], Port], clock: Clock) -> None:
        self._opener, self._clock = opener, clock

    def listen(self, baud: int, seconds: float) -> tuple[bytes, list[Guess]]:
        """What arrives at a speed, and what it may be; ends early once that is sure."""
        port = self._opener(Line(baud=baud))
        data, judged = b"", 0
        try:
            until = self._clock.monotonic() + seconds
            while self._clock.monotonic() < until:
                data += port.read()
                if len(data) >= judged + 128:
                    judged = len(data)
                    guesses = guess(data, baud)
                    if guesses and guesses[0].sure:
                        return data, guesses
        finally:
            port.close()
        return data, guess(data, baud)

    def question(self, seconds: float) -> Guess | None:
        """Ask each probe in turn."""
        for probe in _PROBES:
            port = self._opener(probe.line)
            try:
                found = self._put(port, probe, seconds)
            finally:
                port.close()
            if found is not None:
                return found
        return None

    def _put(self, port: Port, probe: _Probe, seconds: float) -> Guess | None:
        if probe.answer:
            reply = self._reply(port, probe.ask, seconds)
            if not re.search(probe.answer, reply, re.DOTALL):
                return None
            if probe.after:
                port.write(probe.after)
            return _answered(probe, self._sample(port, probe.protocol, seconds), 1)
        replies = [self._reply(port, probe.ask, seconds)]
        if not replies[0]:
            return None
        replies += [self._reply(port, probe.ask, seconds) for _ in range(FRAMES - 1)]
        return _judged(probe, replies)

    def _sample(self, port: Port, protocol: str, seconds: float) -> Reading:
        """What it weighs now, to hold against its display; empty when it does not say."""
        profile = PROTOCOLS[protocol]
        if not profile.ask:
            return Reading()
        heard = self._reply(port, profile.ask, seconds)
        for ending, answer in profile.reply.items():
            if heard.endswith(ending):
                heard += self._reply(port, answer, seconds)
        told = profile.decoder().feed(heard)
        return next((one for one in told if one.weight is not None), Reading())

    def _reply(self, port: Port, question: bytes, seconds: float) -> bytes:
        port.write(question)
        data = b""
        until = self._clock.monotonic() + seconds
        while self._clock.monotonic() < until:
            more = port.read()
            if data and not more:
                break
            data += more
        return data


def _judged(probe: _Probe, replies: list[bytes]) -> Guess | None:
    data = b"".join(replies)
    if not probe.protocol:
        sure = [one for one in guess(data) if one.protocol != _FREE_TEXT]
        return replace(sure[0], polled=True) if sure else None
    reader = PROTOCOLS[probe.protocol].decoder()
    readings = [one for one in reader.feed(data) if not one.status.startswith("error")]
    if reader.rejected or len(readings) < FRAMES:
        return None
    return _answered(probe, readings[-1], len(readings))


def _answered(probe: _Probe, sample: Reading, frames: int) -> Guess:
    return Guess(
        protocol=probe.protocol,
        line=probe.line,
        frames=frames,
        sample=sample,
        sure=True,
        polled=True,
        to_confirm=_open_questions(PROTOCOLS[probe.protocol], sample),
    )
