"""Telling people: what waits for a notifier leaves as digests, and is done only when confirmed.

One digest a minute, or as many as the notices need while the robot still takes messages. A digest
is written down before it leaves. When its answer is lost, or the process dies, its notices go on
waiting and are told once more: a robot cannot be asked what it has, and twice is better than
never. Only the process that syncs tells; nothing is written while nothing waits.
"""

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.errors import Problem
from core.messages import unpack
from core.ports import CallFailed, Fault, Notice, Notifier, ToldSome
from core.store import Row, Rows, Store, Tx
from core.store.store import BACKGROUND
from core.text import within
from core.watch import close_alert, notices, raise_alert

log = logging.getLogger(__name__)
MINUTE_MS = 60_000
MOST_A_MINUTE = 18
"""Messages one robot is sent within any 60 seconds; WeCom and DingTalk take 20."""
LINES = 25
"""Alerts in one digest at most; one transaction settles them."""
LINE_BYTES = 400
AUTH_PAUSE_S = 600.0
BACKOFF_S = (10, 30, 60, 300, 900)
HUMAN = (Fault.AUTH, Fault.PERMISSION, Fault.UNKNOWN)
"""What no waiting heals: a person must look at it."""


@dataclass(frozen=True, slots=True)
class Told:
    """One alert, as a line of a digest tells it."""

    rule: str
    subject: str
    what: Mapping[str, Any]
    raised_at: int
    level: int
    """Above 0: nobody took it for so long that it comes to the next people."""
    over: bool
    """Its reason is gone meanwhile, but nobody has looked."""


class Words(Protocol):
    """Puts alerts into sentences of the installation's language."""

    def title(self, count: int, *, again: bool) -> str:
        """The first line; ``again`` when people may have read some of it already."""

    def line(self, told: Told) -> str:
        """One alert."""

    def trial(self) -> str:
        """A message that only shows that the way is open."""


class Delivery:
    """Tells every notifier of one database. Each notifier is called from one thread at a time."""

    def __init__(self, store: Store, notifiers: Mapping[str, Notifier], words: Words) -> None:
        self.store = store
        self.notifiers = notifiers
        self.words = words
        self._refused: set[int] = set()
        """Notices that were refused by themselves: the others go first."""

    def deliver(self, code: str) -> int:
        """Send what is due to one notifier; returns how many digests were confirmed."""
        sent = 0
        if self._may_begin(code):
            while self._has_room(code) and self._send_next(code, first=sent == 0):
                sent += 1
        now = self.store.clock.now()
        if notices.falls_back(self.store.read, code, now):
            self._write(lambda tx: self._fall_back(tx, code))
        return sent

    def test(self, code: str) -> None:
        """Send a message that is no alert. Raises CallFailed, or Problem when it must wait."""
        if code not in self.notifiers:
            known = " ".join(sorted(self.notifiers)) or "-"
            raise Problem("notify.unknown", name=code, known=known)
        self._call(code, Notice(self.words.trial()), ())

    # --- when -----------------------------------------------------------------------------------

    def _may_begin(self, code: str) -> bool:
        """A minute after the last round and after the wait of a failure, if anything is due.

        A moment that lies ahead was written before the clock was set back: it holds nobody up.
        """
        now = self.store.clock.now()
        row = self._row(code)
        if row is None or row["tried_at"] <= now < row["next_try_at"]:
            return False
        if row["round_at"] <= now < row["round_at"] + MINUTE_MS and not row["failures"]:
            return False
        return bool(notices.due(self.store.read, code, now, 1))

    def _has_room(self, code: str) -> bool:
        """Whether the robot takes one more message now."""
        return room(self.store.read, robot_of(self.store.read, code), self.store.clock.now()) > 0

    # --- sending --------------------------------------------------------------------------------

    def _send_next(self, code: str, *, first: bool) -> bool:
        """Send one digest; False when nothing is left or it did not arrive."""
        read, now = self.store.read, self.store.clock.now()
        row = self._row(code)
        assert row is not None
        most = max(1, LINES >> row["failures"]) if row["fault"] == Fault.PERMISSION.value else LINES
        rows = notices.due(read, code, now, most + len(self._refused))
        rows = sorted(rows, key=lambda row: row["notice_id"] in self._refused)[:most]
        if not rows:
            return False
        notice, taken = self._digest(rows, self.notifiers[code].limit, doubtful(read, code))
        try:
            self._call(code, notice, tuple(row["notice_id"] for row in taken), first=first)
        except ToldSome:
            return True
        except (CallFailed, Problem):
            return False  # written down by _call
        return True

    def _digest(self, rows: Sequence[Row], limit: int, again: bool) -> tuple[Notice, list[Row]]:
        """As many alerts as fit, whole lines only; the first always goes."""
        taken: list[Row] = []
        lines: list[str] = []
        left = limit - len(self.words.title(len(rows), again=again).encode())
        for row in rows:
            line = within(self.words.line(told(row)), LINE_BYTES)
            left -= len(line.encode()) + 1
            if left < 0 and taken:
                break
            taken.append(row)
            lines.append(line)
        return Notice(self.words.title(len(taken), again=again), tuple(lines)), taken

    def _call(
        self, code: str, notice: Notice, ids: tuple[int, ...], *, first: bool = False
    ) -> None:
        """One message, written down before and after.

        Raises CallFailed, or Problem when another notifier took the robot's last place.
        """

        def begin(tx: Tx) -> int:
            if room(tx, robot_of(tx, code), tx.now) <= 0:
                raise Problem("notify.full", name=code, most=MOST_A_MINUTE)
            notices.cut_off(tx, code)
            if first:
                tx.run("UPDATE notifiers SET round_at = ? WHERE code = ?", tx.now, code)
            return notices.set_out(tx, code, robot_of(tx, code), len(ids))

        digest = self._write(begin)
        try:
            self.notifiers[code].send(notice)
        except ToldSome as some:
            missing = some.text
            self._write(lambda tx: self._arrived(tx, code, digest, ids, missing))
            raise
        except CallFailed as failure:
            self._settle(code, digest, failure, ids)
            raise
        except Exception as stumble:
            log.exception("telling %s stumbled", code)
            unknown = CallFailed(Fault.UNKNOWN, type(stumble).__name__, in_doubt=True)
            self._settle(code, digest, unknown, ids)
            raise unknown from None
        self._write(lambda tx: self._arrived(tx, code, digest, ids))

    def _arrived(
        self, tx: Tx, code: str, digest: int, ids: tuple[int, ...], missing: str = ""
    ) -> None:
        row = tx.the("SELECT failing_since FROM notifiers WHERE code = ?", code)
        notices.arrived(tx, code, digest, ids)
        if row["failing_since"] is not None:
            log.info("notifier %s delivers again", code)
        if missing:
            raise_alert(tx, "notifier_down", code, answer=missing)
        else:
            close_alert(tx, "notifier_down", code)

    def _settle(self, code: str, digest: int, failure: CallFailed, ids: tuple[int, ...]) -> None:
        """Wait as long as the other side says, a refused key longer; a person hears of it once.

        One alert that is refused by itself lets the others pass.
        """

        def write(tx: Tx) -> None:
            row = tx.the("SELECT failures, failing_since FROM notifiers WHERE code = ?", code)
            if row["failing_since"] is None:
                log.warning("notifier %s does not deliver: %s", code, failure)
            answer = f"{failure.code} {failure.text}".strip()
            notices.failed(
                tx,
                code,
                digest,
                fault=failure.fault.value,
                answer=answer,
                in_doubt=failure.in_doubt,
                wait_s=pause(failure, row["failures"]),
            )
            if failure.fault is Fault.PERMISSION and len(ids) == 1:
                self._refused.add(ids[0])
            if failure.fault in HUMAN:
                raise_alert(tx, "notifier_down", code, answer=answer)

        self._write(write)

    def _fall_back(self, tx: Tx, code: str) -> None:
        count = notices.fall_back(tx, code)
        row = tx.the("SELECT fallback, fault, answer FROM notifiers WHERE code = ?", code)
        log.warning("%d alerts of notifier %s go to %s too", count, code, row["fallback"])
        if row["fault"]:  # else there are only too many at once
            raise_alert(tx, "notifier_down", code, answer=row["answer"])

    def _row(self, code: str) -> Row | None:
        return self.store.read.one("SELECT * FROM notifiers WHERE code = ? AND active = 1", code)

    def _write(self, work: Any) -> Any:
        return self.store.do(work, rank=BACKGROUND)


def told(row: Row) -> Told:
    """A due notice as its line tells it."""
    return Told(
        rule=row["rule"],
        subject=row["subject"],
        what=unpack(row["what"]),
        raised_at=row["raised_at"],
        level=row["level"],
        over=row["over_at"] is not None and row["over_at"] > row["raised_at"],
    )


def room(read: Rows, robot: str, now: int) -> int:
    """How many more messages one robot may be sent now; every attempt counts, over restarts."""
    row = read.one(
        "SELECT count(*) AS n FROM digests WHERE robot = ? AND at > ? AND at <= ?",
        *(robot, now - MINUTE_MS, now),
    )
    return MOST_A_MINUTE - (row["n"] if row is not None else 0)


def robot_of(read: Rows, code: str) -> str:
    """The robot behind a notifier; two notifiers may share one."""
    row = read.one("SELECT robot FROM notifiers WHERE code = ?", code)
    return str(row["robot"]) if row is not None else ""


def doubtful(read: Rows, code: str) -> bool:
    """Whether the last digest may have arrived although nobody said so."""
    row = read.one(
        "SELECT state FROM digests WHERE notifier = ? AND notices > 0 ORDER BY id DESC LIMIT 1",
        code,
    )
    return row is not None and row["state"] in ("calling", "in_doubt")


def pause(failure: CallFailed, failures: int) -> float:
    """Seconds until the next try."""
    if failure.wait_s is not None:
        return failure.wait_s
    if failure.fault is Fault.AUTH:
        return AUTH_PAUSE_S
    return BACKOFF_S[min(failures, len(BACKOFF_S) - 1)] * (0.75 + random.random() / 2)
