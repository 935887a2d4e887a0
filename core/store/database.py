"""Opening the file: pragmas, the SQLite version, and read-only connections."""

import sqlite3 as stdlib_sqlite
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import quote

import peewee

from core.errors import Problem

# peewee picks pysqlite3 when it is installed; its stubs do not tell
sqlite: Any = peewee.sqlite3  # type: ignore[attr-defined]
Row = Mapping[str, Any]
SAFE_SQLITE = (3, 51, 3)
"""Older libraries can corrupt a WAL file when two connections checkpoint (fixed 2026-03-13)."""
DatabaseErrors: tuple[type[Exception], ...] = (
    peewee.DatabaseError,
    sqlite.Error,
    stdlib_sqlite.Error,
)


class Rows(Protocol):
    """Anything that answers plain SQL: a read connection or a write transaction."""

    def all(self, sql: str, *values: object) -> list[Row]:
        """Every row of the answer."""

    def one(self, sql: str, *values: object) -> Row | None:
        """The first row, or None."""


class Reader:
    """A read-only connection of one thread."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self.database = database
        self._connection = raw_connection(database)

    def all(self, sql: str, *values: object) -> list[Row]:
        return cast("list[Row]", self._connection.execute(sql, values).fetchall())

    def one(self, sql: str, *values: object) -> Row | None:
        return cast("Row | None", self._connection.execute(sql, values).fetchone())

    def version(self) -> int:
        """Changes whenever any other connection, in any process, committed."""
        row = self.one("PRAGMA data_version")
        assert row is not None
        return int(row["data_version"])

    def close(self) -> None:
        self.database.close()


def check_sqlite() -> None:
    """Raise Problem when the SQLite library is one that can corrupt the file."""
    if sqlite.sqlite_version_info < SAFE_SQLITE:
        raise Problem(
            "store.old_sqlite",
            found=sqlite.sqlite_version,
            wanted=".".join(map(str, SAFE_SQLITE)),
        )


def connect_writer(path: Path) -> peewee.SqliteDatabase:
    """The writing connection of this process. Raises Problem when the place is unusable."""
    check_sqlite()
    database = peewee.SqliteDatabase(
        str(path),
        pragmas={
            "busy_timeout": 10_000,  # somebody may be switching to WAL, recovering or leaving
            "journal_mode": "wal",
            "synchronous": "full",
            "foreign_keys": 1,
            "cache_size": -16_000,
            "temp_store": "memory",
        },
        lock_type="IMMEDIATE",
        thread_safe=False,
        check_same_thread=False,
        timeout=0,
    )
    connect(database, path)
    # from here on our own waiting, which is fairer than SQLite's back-off
    raw_connection(database).execute("PRAGMA busy_timeout = 0")
    return database


def open_reader(path: Path) -> Reader:
    """A read-only connection; for the thread that opened it only."""
    database = peewee.SqliteDatabase(
        f"file:{quote(str(path))}?mode=ro",
        uri=True,
        pragmas={"query_only": 1, "cache_size": -8_000, "temp_store": "memory"},
        thread_safe=False,
        check_same_thread=False,  # closed by whoever closes the store
        timeout=5,
    )
    connect(database, path)
    return Reader(database)


def connect(database: peewee.SqliteDatabase, path: Path) -> None:
    """Open now and turn SQLite's reasons into sentences."""
    try:
        database.connect(reuse_if_open=True)
        raw_connection(database)
    except DatabaseErrors as error:
        raise trouble(error, path) from error


def raw_connection(database: peewee.SqliteDatabase) -> Any:
    """The driver's own connection: hot paths run plain SQL on it, rows by name."""
    connection = database.connection()  # type: ignore[no-untyped-call] # untyped in the stubs
    connection.row_factory = sqlite.Row
    return connection


def trouble(error: Exception, path: Path) -> Problem:
    """SQLite's reason as a sentence a person can act on."""
    text = "" if isinstance(error, peewee.IntegrityError | sqlite.IntegrityError) else str(error)
    text = text.lower()
    for part, id in (  # noqa: A001
        ("locked", "store.locked"),
        ("busy", "store.locked"),
        ("full", "store.disk_full"),
        ("disk i/o", "store.disk_full"),
        ("readonly", "store.read_only"),
        ("read-only", "store.read_only"),
        ("unable to open", "store.cannot_open"),
        ("not a database", "store.damaged"),
        ("malformed", "store.damaged"),
    ):
        if part in text:
            return Problem(id, path=str(path))
    return Problem("store.refused", path=str(path), reason=str(error))


def marks(values: Iterable[object]) -> str:
    """``?, ?, ?`` for that many values."""
    return ", ".join("?" for _ in values)
