"""When a weight is the parcel's weight: decided here and nowhere else.

Pure: fed with (ms, Reading), answers with the reading to book. Rules: nothing older than the
trigger; the first frame after opening is stale; a flag is believed, without a flag five equal
frames over half a second decide; about zero never books, and the scale must have been there
between two parcels; tare, pieces, percent and overload never book.
"""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from drivers.scales.profile import Profile
from drivers.scales.protocols import find
from drivers.scales.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The figures behind "stable"; times in milliseconds."""

    frames: int = 5
    """Equal frames in a row a protocol without a stability flag must send."""
    hold_ms: int = 500
    """How long they must span (CAS defines its own stable flag so)."""
    flicker_ms: int = 1500
    """A load that flickers by one division this long is stable too; slower creep is not."""
    gap_ms: int = 1000
    """Silence longer than this starts again."""
    zero_grams: int = 20
    """Anything below is an empty scale."""
    division: Decimal | None = None
    """The scale's step in its own unit; None takes the last decimal place sent."""
    confirm: int = 1
    """Equal flagged frames wanted before the flag is believed."""


class Stability:
    """Books one weight per load.

    Until ``arm`` is called every load after an empty scale books by itself; from then on only
    what was asked for: one booking per ``arm``.
    """

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self._trigger: int | None = None
        self._armed = True
        self._empty = True
        """Whether the scale was empty since the last booking."""
        self._below = 0
        self._net_at: int | None = None
        self.restart()

    def arm(self, at_ms: int, *, same_load: bool = False) -> None:
        """Ask for the next stable weight, of frames read at or after ``at_ms`` only.

        ``same_load`` books the load that was already booked once (the operator said so, for
        instance after putting a missing item in); otherwise the scale must have been empty.
        """
        self._trigger = at_ms
        self._armed = True
        self._empty = self._empty or same_load
        self._forget()

    def disarm(self) -> None:
        """Book nothing until the next ``arm``."""
        self._trigger = self._trigger or 0
        self._armed = False
        self._forget()

    @property
    def wants_empty(self) -> bool:
        """Whether the load of the last booking stands in the way of what was asked."""
        return self._armed and not self._empty

    def restart(self) -> None:
        """The line was opened: what is buffered in the scale is stale, skip one frame."""
        self._skip = 1
        self._last_ms: int | None = None
        self._doubt = False
        self._forget()

    def reject(self) -> None:
        """Bytes came that made no sense: start counting again, and want a second opinion."""
        self._run.clear()
        self._doubt = True

    def feed(self, at_ms: int, reading: Reading) -> Reading | None:
        """The reading to book, or None. ``at_ms`` must not go backward."""
        if self._last_ms is not None and not 0 <= at_ms - self._last_ms <= self.rules.gap_ms:
            self._forget()
        self._last_ms = at_ms
        if self._skip:
            self._skip -= 1
            return None
        if self._foreign(at_ms, reading):
            return None
        if self._resting(reading) or not self._wanted(at_ms, reading):
            return None
        stable = self._plateau if reading.stable is None else self._flagged
        return self._booked(stable(at_ms, reading))

    def _forget(self) -> None:
        self._run: deque[tuple[int, Decimal, int]] = deque(maxlen=512)
        self._same = 0
        self._last: Decimal | None = None
        self._unit: str | None = None

    def _foreign(self, at_ms: int, reading: Reading) -> bool:
        """Tare lines, and gross lines of a scale that also tells the net weight."""
        if reading.mode == "net":
            self._net_at = at_ms
        told_net = self._net_at is not None and at_ms - self._net_at <= self.rules.gap_ms
        return reading.mode == "tare" or (reading.mode == "gross" and told_net)

    def _resting(self, reading: Reading) -> bool:
        """Track an empty scale; True when this frame says so."""
        if not self._is_empty(reading):
            self._below = 0
            return False
        self._below += 1
        at_rest = reading.zero or (reading.stable and not self._doubt)
        if at_rest or self._below >= 2:
            self._rearm()
        self._forget()
        return True

    def _rearm(self) -> None:
        self._empty = True
        self._doubt = False
        self._armed = self._armed or self._trigger is None

    def _is_empty(self, reading: Reading) -> bool:
        if reading.weight is None or reading.grams is None:
            return bool(reading.zero) and reading.status == "ok"
        if reading.status not in ("ok", "underload"):
            return False
        return reading.grams < self.rules.zero_grams or reading.weight <= 2 * self._step(reading)

    def _step(self, reading: Reading) -> Decimal:
        if self.rules.division is not None:
            return self.rules.division
        exponent = reading.weight.as_tuple().exponent if reading.weight is not None else 0
        return Decimal(1).scaleb(exponent) if isinstance(exponent, int) else Decimal(1)

    def _wanted(self, at_ms: int, reading: Reading) -> bool:
        if not reading.bookable or reading.stable is False:
            self._forget()
            return False
        if reading.unit != self._unit:
            self._forget()
            self._unit = reading.unit
        return self._armed and self._empty and at_ms >= (self._trigger or 0)

    def _flagged(self, at_ms: int, reading: Reading) -> Reading | None:
        self._same = self._same + 1 if reading.weight == self._last else 1
        self._last = reading.weight
        needed = max(self.rules.confirm, 2 if self._doubt else 1)
        return reading if self._same >= needed else None

    def _plateau(self, at_ms: int, reading: Reading) -> Reading | None:
        weight = reading.weight or Decimal(0)
        self._same = self._same + 1 if weight == self._last else 1
        self._last = weight
        self._append(at_ms, weight)
        self._trim(self._step(reading))
        span = at_ms - self._run[0][0]
        if self._same >= self.rules.frames and span >= self.rules.hold_ms:
            return reading
        if span >= self.rules.flicker_ms:
            counts: Counter[Decimal] = Counter()
            for _, value, times in self._run:
                counts[value] += times
            usual = counts.most_common(1)[0][0]
            return reading if counts.total() >= self.rules.frames and usual == weight else None
        return None

    def _append(self, at_ms: int, weight: Decimal) -> None:
        """Equal weights in a row are one entry: (when the first came, weight, how many)."""
        if self._run and self._run[-1][1] == weight:
            since, _, times = self._run[-1]
            self._run[-1] = (since, weight, times + 1)
        else:
            self._run.append((at_ms, weight, 1))

    def _trim(self, step: Decimal) -> None:
        """Keep the newest stretch that stays within one division."""
        if len(self._run) == 1:
            return
        values = [value for _, value, _ in self._run]
        while max(values) - min(values) > step:
            values.pop(0)
            self._run.popleft()

    def _booked(self, reading: Reading | None) -> Reading | None:
        if reading is not None:
            self._armed = False
            self._empty = False
            self._forget()
        return reading


def rules_for(profile: Profile, rules: Rules | None = None) -> Rules:
    """The rules with the protocol's own need for confirmation."""
    base = rules or Rules()
    return Rules(
        frames=base.frames,
        hold_ms=base.hold_ms,
        flicker_ms=base.flicker_ms,
        gap_ms=base.gap_ms,
        zero_grams=base.zero_grams,
        division=base.division,
        confirm=max(base.confirm, profile.confirm),
    )


def stable_weights(
    protocol: str,
    timeline: Iterable[tuple[int, bytes]],
    *,
    rules: Rules | None = None,
    **options: object,
) -> list[tuple[int, Decimal]]:
    """What would be booked: (milliseconds, weight in the scale's own unit).

    Raises Problem for an unknown protocol or option.
    """
    known = find(protocol)
    reader, judge = known.decoder(**options), Stability(rules_for(known, rules))
    booked: list[tuple[int, Decimal]] = []
    rejected = 0
    for at_ms, data in timeline:
        readings = reader.feed(data)
        if reader.rejected > rejected:
            rejected = reader.rejected
            judge.reject()
        for reading in readings:
            answer = judge.feed(at_ms, reading)
            if answer is not None and answer.weight is not None:
                booked.append((at_ms, answer.weight))
    return booked
