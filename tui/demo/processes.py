"""Who does the work of a day on which processes are killed: one syncs, one more for each bench.

Buyers, platforms and the supervisor live in the process that starts them and survives. All share
the database file and one clock. A process that is killed is begun again at once.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from core.clock import FastClock, local
from tui.demo.accounting import Difference
from tui.demo.packers import Tally
from tui.demo.report import Report
from tui.demo.troubles import Day
from tui.demo.world import World

EVERYBODY = "everybody"
"""The machine loses its power: every process at once."""
END_S = 30.0
"""Real seconds a process has to end when told to."""


class InProcesses:
    """The processes of one day."""

    def __init__(
        self, path: Path, world: World, badges: Sequence[str], *, seed: int, kills: int
    ) -> None:
        """``path`` is the configuration; one badge for each bench. Needs a world on a FastClock."""
        clock = world.clock
        assert isinstance(clock, FastClock)
        self.clock = clock
        self.kills = kills
        self.killed: list[tuple[str, str]] = []
        self._draw = random.Random(f"kills {seed}")
        told = [str(path), repr(clock.start), repr(clock.speed), repr(clock.origin)]
        self.workers = [Worker("sync", told, world.folder)]
        for number, code in enumerate(world.shape.stations):
            badge = badges[number % len(badges)]
            words = [*told, code, badge, str(seed * 100 + number)]
            self.workers.append(Worker(code, words, world.folder))

    def plan(self, day: Day, hours: tuple[int, int]) -> None:
        """Draw who is killed when: every other time between ``hours``, else at any time before."""
        burst, end = hours
        start = self.clock.now()
        for number in range(self.kills):
            at = self._draw.randint(burst, end) if number % 2 else self._draw.randint(start, burst)
            names = [worker.name for worker in self.workers]
            who = self._draw.choice([*names, "sync", EVERYBODY])
            day.at(at, f"kill {who}", partial(self.kill, who))

    def begin(self) -> None:
        """Start every process."""
        for worker in self.workers:
            worker.begin()

    def kill(self, who: str) -> None:
        """SIGKILL, wherever it is just now; then the process begins again."""
        at = local(self.clock.now(), self.clock.zone).strftime("%H:%M:%S")
        self.killed.append((at, who))
        struck = [each for each in self.workers if who in (each.name, EVERYBODY)]
        for worker in struck:
            worker.kill()
        for worker in struck:
            worker.begin()

    def courier(self, here: bool) -> None:
        """Every bench hears it, also one that begins later."""
        for worker in self.workers[1:]:
            worker.say("courier" if here else "gone")

    def left(self) -> Iterator[Difference]:
        """What they have in hand stands in the database; here only who is not at work."""
        for worker in self.workers:
            if (code := worker.died()) is not None:
                yield Difference("process", worker.name, "runs until told", worker.last_words(code))

    def explain(self) -> None:
        """Their logs stand in the folder."""

    def end(self) -> None:
        """Let everybody finish what they have in hand."""
        for worker in self.workers:
            worker.end()

    def tell(self, report: Report) -> None:
        """Everybody's tallies, and whoever died without being killed."""
        report.killed += self.killed
        for worker in self.workers:
            for tally in worker.tallies:
                report.add(tally, worker.name)
            report.differences += [
                Difference("process", worker.name, "ends when told", said) for said in worker.faults
            ]


class Worker:
    """One process, through all its lives."""

    def __init__(self, name: str, words: Sequence[str], folder: Path) -> None:
        self.name = name
        self.tallies: list[Tally] = []
        """What was done in each life."""
        self.faults: list[str] = []
        self._words = words
        self._log = folder / f"{name}.err"
        self._mood = "gone"
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def begin(self) -> None:
        """A new life."""
        tally = Tally()
        self.tallies.append(tally)
        with self._log.open("a", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tui.demo.at_work", *self._words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        self._process = process
        self._reader = threading.Thread(target=_hear, args=(process, tally), daemon=True)
        self._reader.start()
        self.say(self._mood)

    def say(self, word: str) -> None:
        """Tell it something; a later life is told too."""
        self._mood = word
        process = self._process
        assert process is not None
        assert process.stdin is not None
        try:
            process.stdin.write(word + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            return  # it died: ``left`` says so

    def kill(self) -> None:
        """No chance to finish anything."""
        self._over(signal.SIGKILL)

    def died(self) -> int | None:
        """The exit status of a process that ended by itself."""
        return self._process.poll() if self._process is not None else None

    def last_words(self, code: int) -> str:
        """The end of what it wrote to stderr."""
        said = self._log.read_text("utf-8", "replace").strip().splitlines() if self._log else []
        return f"exit {code}: {said[-1] if said else '-'}"

    def end(self) -> None:
        """Tell it to stop and wait for it."""
        process = self._process
        if process is None:
            return
        if (code := process.poll()) is not None:
            self.faults.append(self.last_words(code))
        self.say("stop")
        try:
            code = process.wait(timeout=END_S)
            if code:
                self.faults.append(self.last_words(code))
        except subprocess.TimeoutExpired:
            self.faults.append("did not end")
        self._over(signal.SIGKILL)
        self._process = None

    def _over(self, signal_number: int) -> None:
        process = self._process
        assert process is not None
        if process.poll() is None:
            process.send_signal(signal_number)
        process.wait()
        if self._reader is not None:
            self._reader.join(timeout=5)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # the last word to the dead is not read
                    pipe.close()


def _hear(process: "subprocess.Popen[str]", tally: Tally) -> None:
    """Take over what a process says about its packer, line by line."""
    assert process.stdout is not None
    for line in process.stdout:
        try:
            told: dict[str, Any] = json.loads(line)
        except ValueError:
            continue  # half a line: the process was killed while it spoke
        tally.scans, tally.silent = told["scans"], told["silent"]
        tally.answers_ms += told["answers_ms"]
        tally.mistakes, tally.did = Counter(told["mistakes"]), Counter(told["did"])
        tally.let_through = told["let_through"]
