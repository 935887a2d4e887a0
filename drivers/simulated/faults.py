"""What goes wrong, and when: scripted faults and a seeded storm for simulated servers.

A fault is a verb with an argument (``delay 3``, ``ban 7``, ``drop_after_commit``). The verbs every
server plays are listed in ``drivers.simulated.http``; a platform adds its own.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong with one call."""

    verb: str
    argument: str = ""

    @property
    def number(self) -> float:
        """The argument as a number; 0 when there is none."""
        return float(self.argument or 0)


def fault(text: str) -> Fault:
    """``"delay 3"`` as a Fault."""
    verb, _, argument = text.partition(" ")
    return Fault(verb, argument.strip())


@dataclass(slots=True)
class _Planned:
    at: str
    faults: tuple[Fault, ...]
    skip: int
    times: int


class Plan:
    """Which fault strikes which call. Not thread-safe: the server asks under its lock."""

    def __init__(self, verbs: frozenset[str]) -> None:
        self._verbs = verbs
        self._planned: list[_Planned] = []
        self._storm: tuple[random.Random, float, tuple[Fault, ...]] | None = None

    def script(self, steps: Iterable[Mapping[str, object]]) -> None:
        """Add steps ``{"at": ..., "do": ..., "times": 1}``.

        ``at`` is ``call#12`` (the twelfth call since the start), ``order X`` (the next call about
        that order), ``NAME`` (the next call of that name, ``*`` for any) or ``NAME#3`` (its third
        from now). ``do`` is a fault's text or a list of them; ``times`` strikes in a row. Raises
        ValueError for a verb the server does not play.
        """
        for step in steps:
            what = step["do"]
            texts = [what] if isinstance(what, str) else list(_strings(what))
            at, _, nth = str(step["at"]).partition("#")
            skip = int(nth or 1) - 1
            if at == "call":
                at, skip = f"call#{nth}", 0
            times = int(str(step.get("times", 1)))
            self._planned.append(_Planned(at, self._known(texts), skip, times))

    def storm(self, seed: int, rate: float, kinds: Sequence[str]) -> None:
        """From now on strike that share of all calls, drawn from ``kinds``; 0 ends the storm."""
        drawn = self._known(kinds)
        self._storm = (random.Random(seed), rate, drawn) if rate > 0 and drawn else None

    def clear(self) -> None:
        """Nothing goes wrong from here on."""
        self._planned.clear()
        self._storm = None

    def strike(self, number: int, name: str, about: str) -> tuple[Fault, ...]:
        """The faults of this call; each planned strike is used up."""
        keys = {f"call#{number}", f"order {about}", name, "*"}
        struck: list[Fault] = []
        for planned in [p for p in self._planned if p.at in keys]:
            if planned.skip:
                planned.skip -= 1
                continue
            struck += planned.faults
            planned.times -= 1
            if planned.times <= 0:
                self._planned.remove(planned)
        return tuple(struck) or self._from_the_storm()

    def _known(self, texts: Iterable[str]) -> tuple[Fault, ...]:
        faults = tuple(map(fault, texts))
        for one in faults:
            if one.verb not in self._verbs:
                raise ValueError(f"expected one of {sorted(self._verbs)}, got {one.verb!r}")
        return faults

    def _from_the_storm(self) -> tuple[Fault, ...]:
        if self._storm is None:
            return ()
        draw, rate, kinds = self._storm
        return (draw.choice(kinds),) if draw.random() < rate else ()


def _strings(value: object) -> Iterable[str]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"expected a list of faults, got {value!r}")
    return (str(item) for item in value)
