"""The one door for writes: a thread that owns the writing connection, scans first.

A job is a function of a transaction. It runs inside one ``BEGIN IMMEDIATE``; state, events and
outbox rows commit together or not at all, and its result is handed out only after the commit.
"""

import itertools
import json
import logging
import queue
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from core.clock import Clock, SystemClock
from core.errors import Problem
from core.events import Event, append_event
from core.store import database as db
from core.store.backup import UserLock, back_up, opening
from core.store.migrate import migrate

log = logging.getLogger(__name__)
T = TypeVar("T")
_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
SCAN, ORDINARY, BACKGROUND = 0, 1, 2
GAP_S = 0.0006
"""Between two pieces of background work: longer than a scan of another process takes to ask."""
PAINT_S = 0.012
"""After a scan the screen has the processor for itself: Python runs one thread at a time."""
LOCK_PATIENCE_S = 10.0
"""How long a job waits for another process before it is refused."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it and where; goes into every event."""

    operator_id: int | None = None
    station: str = ""


NOBODY = Actor()


class Tx:
    """One write transaction: plain SQL, the time it happens, and who does it."""

    def __init__(self, connection: Any, clock: Clock, actor: Actor) -> None:
        self._connection = connection
        self.clock = clock
        self.now = clock.now()
        self.actor = actor
        self.after_commit: list[Callable[[], None]] = []
        self.chains: dict[int, tuple[int, str]] = {}
        """Order -> sequence and hash of its last event, where this transaction wrote that."""

    def run(self, sql: str, *values: object) -> Any:
        """Run one statement; returns the cursor (``lastrowid``, ``rowcount``)."""
        return self._connection.execute(sql, values)

    def run_many(self, sql: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Run one statement for many rows."""
        self._connection.executemany(sql, rows)

    def all(self, sql: str, *values: object) -> list[db.Row]:
        return cast("list[db.Row]", self._connection.execute(sql, values).fetchall())

    def one(self, sql: str, *values: object) -> db.Row | None:
        return cast("db.Row | None", self._connection.execute(sql, values).fetchone())

    def the(self, sql: str, *values: object) -> db.Row:
        """The one row that must be there."""
        row = self.one(sql, *values)
        if row is None:
            raise LookupError(f"no row: {sql} {values}")
        return row

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """What is done inside is taken back when a Problem is raised; the transaction goes on."""
        self._connection.execute("SAVEPOINT attempt")
        try:
            yield
        except Problem:
            self._connection.execute("ROLLBACK TO attempt")
            self.chains.clear()
            self._connection.execute("RELEASE attempt")
            raise
        self._connection.execute("RELEASE attempt")

    def event(self, kind: str, order_id: int | None = None, **what: object) -> Event:
        """Write down what happened, chained to the order's last event."""
        return append_event(
            self,
            kind=kind,
            order_id=order_id,
            at=self.now,
            operator_id=self.actor.operator_id,
            station=self.actor.station,
            what=_json(what),
        )

    def uid(self) -> str:
        """A globally unique id, for what other systems will see."""
        return uuid.uuid4().hex


@dataclass(order=True)
class _Job:
    rank: tuple[int, int]
    work: Callable[[Tx], Any] | None
    actor: Actor
    future: "Future[Any]"

    def __init__(
        self, rank: tuple[int, int], work: Callable[[Tx], Any] | None, actor: Actor
    ) -> None:
        self.rank, self.work, self.actor, self.future = rank, work, actor, Future()


class Store:
    """The database of one process: one writer thread, a read-only connection per reading thread."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        """Open (and create or upgrade) the file. Raises Problem."""
        self.path = path
        self.clock: Clock = clock or SystemClock()
        self._lock = UserLock(path, exclusive=False)
        if not path.parent.is_dir():
            raise Problem("store.no_folder", path=str(path.parent))
        try:
            self._lock.__enter__()
            with opening(path):
                self._open()
        except OSError as error:
            raise Problem("store.read_only", path=str(path)) from error
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._order = itertools.count()
        self._readers = threading.local()
        self._every_reader: list[db.Reader] = []
        self._closed = False
        self._scanned_at = -PAINT_S
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def _open(self) -> None:
        database = None
        try:
            database = self._database = db.connect_writer(self.path)
            self._connection = db.raw_connection(database)
            self.backup_made = migrate(self._connection, self.path)
        except db.DatabaseErrors as error:
            raise db.trouble(error, self.path) from error
        finally:
            if not hasattr(self, "backup_made"):
                self._lock.__exit__()
                if database is not None:
                    database.close()

    # --- writing -----------------------------------------------------------------------------

    def write(
        self, work: Callable[[Tx], T], by: Actor = NOBODY, *, rank: int = ORDINARY
    ) -> "Future[T]":
        """Queue a job; the future gives its result after the commit, or its Problem."""
        if self._closed:
            raise Problem("store.closed", path=str(self.path))
        job = _Job((rank, next(self._order)), work, by)
        self._jobs.put(job)
        return job.future

    def do(self, work: Callable[[Tx], T], by: Actor = NOBODY, *, rank: int = ORDINARY) -> T:
        """Write and wait for the commit."""
        return self.write(work, by, rank=rank).result()

    @property
    def scan_waiting(self) -> bool:
        """Whether a scan is queued; background work leaves a gap when it is."""
        try:
            return self._jobs.queue[0].rank[0] == SCAN
        except IndexError:
            return False

    def give_way(self) -> None:
        """Wait between two pieces of background work: scans come first, painted and all."""
        time.sleep(GAP_S)
        while (left := self._scanned_at + PAINT_S - time.monotonic()) > 0:
            time.sleep(left)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job.work is None:
                job.future.set_result(None)
                return
            if job.future.set_running_or_notify_cancel():
                self._run(job)
            if job.rank[0] == SCAN:
                self._scanned_at = time.monotonic()

    def _run(self, job: _Job) -> None:
        assert job.work is not None
        try:
            tx, result = self._transact(job.work, job.actor, job.rank[0])
        except db.DatabaseErrors as error:
            problem = db.trouble(error, self.path)
            if problem.message.id == "store.refused":
                log.exception("a write was refused by the database")
            job.future.set_exception(problem)
        except BaseException as error:  # noqa: BLE001 - the worker's edge: the caller gets it
            job.future.set_exception(error)
        else:
            job.future.set_result(result)
            self._follow_up(tx)

    def _follow_up(self, tx: Tx) -> None:
        for follow_up in tx.after_commit:
            try:
                follow_up()
            except Exception:
                log.exception("what follows a commit stumbled")  # the writer itself goes on

    def _transact(self, work: Callable[[Tx], T], actor: Actor, rank: int) -> tuple[Tx, T]:
        self._begin(rank)
        try:
            tx = Tx(self._connection, self.clock, actor)
            result = work(tx)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        return tx, result

    def _begin(self, rank: int) -> None:
        """Take the write lock, asking again quickly for a scan and politely for the rest."""
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except db.DatabaseErrors as error:
                if "locked" not in str(error) and "busy" not in str(error):
                    raise
                if time.monotonic() > deadline:
                    raise
                pause = 0.0002 if rank == SCAN else 0.001
                time.sleep(pause * (1 + random.random()))
            else:
                return

    # --- reading ------------------------------------------------------------------------------

    @property
    def read(self) -> db.Reader:
        """This thread's read-only connection."""
        reader: db.Reader | None = getattr(self._readers, "reader", None)
        if reader is None:
            reader = self._readers.reader = db.open_reader(self.path)
            self._every_reader.append(reader)
        return reader

    # --- upkeep -------------------------------------------------------------------------------

    def back_up(self, target: Path) -> None:
        """Save the live database to a file. Raises Problem."""
        back_up(self.read._connection, target)

    def close(self) -> None:
        """Finish what is queued, then let the file go."""
        if self._closed:
            return
        self._closed = True
        last = _Job((BACKGROUND + 1, next(self._order)), None, NOBODY)
        self._jobs.put(last)
        last.future.result()
        for reader in self._every_reader:  # the last one out folds the WAL into the file
            reader.close()
        self._database.close()
        self._lock.__exit__()
