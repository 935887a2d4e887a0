"""Saving the file while it is in use, and putting a saved one back."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.errors import Problem
from core.store.database import DatabaseErrors, sqlite, trouble


def back_up(connection: Any, target: Path) -> None:
    """Copy the live database to ``target``: written beside it and renamed, so whole or absent.

    Raises Problem.
    """
    partial = target.with_name(target.name + ".part")
    partial.unlink(missing_ok=True)
    try:
        copy = sqlite.connect(str(partial))
        try:
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = delete")
            verdict = copy.execute("PRAGMA quick_check").fetchone()[0]
        finally:
            copy.close()
    except DatabaseErrors as error:
        partial.unlink(missing_ok=True)
        raise trouble(error, target) from error
    if verdict != "ok":
        partial.unlink(missing_ok=True)
        raise Problem("store.damaged", path=str(target))
    sync_file(partial)
    os.replace(partial, target)  # noqa: PTH105 - the atomic call by its own name
    sync_file(target.parent)


def restore(source: Path, target: Path) -> Path | None:
    """Put a backup in place of the database; returns where the replaced file was kept.

    Raises Problem when the backup is damaged or a Packline still uses the database.
    """
    check_file(source)
    with only_user(target):
        kept = keep_replaced(target) if target.exists() else None
        partial = target.with_name(target.name + ".part")
        saved = open_saved(source)
        try:
            back_up(saved, partial.with_suffix(".new"))
        finally:
            saved.close()
        for suffix in ("-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        os.replace(partial.with_suffix(".new"), target)  # noqa: PTH105
        sync_file(target.parent)
        return kept


def keep_replaced(target: Path) -> Path:
    """Save what a restore replaces; a file too damaged to be read is set aside as it is."""
    kept = target.with_name(target.name + ".replaced")
    live = sqlite.connect(str(target))
    try:
        back_up(live, kept)
    except Problem:
        for suffix in ("", "-wal"):
            part = target.with_name(target.name + suffix)
            if part.exists():
                os.replace(part, kept.with_name(kept.name + suffix))  # noqa: PTH105
    finally:
        live.close()
    return kept


def open_saved(path: Path) -> Any:
    """A backup, opened for reading only."""
    return sqlite.connect(f"file:{quote(str(path))}?mode=ro", uri=True)


def check_file(path: Path) -> None:
    """Raise Problem unless the file is a whole database of ours."""
    if not path.is_file():
        raise Problem("store.no_file", path=str(path))
    connection = open_saved(path)
    try:
        verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
        ours = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'orders'").fetchone()
    except DatabaseErrors as error:
        raise trouble(error, path) from error
    finally:
        connection.close()
    if verdict != "ok":
        raise Problem("store.damaged", path=str(path))
    if ours is None:
        raise Problem("store.not_ours", path=str(path))


class UserLock:
    """Held shared by every running Packline, exclusively by a restore."""

    def __init__(self, path: Path, exclusive: bool) -> None:
        self.path = path.with_name(path.name + ".users")
        self.exclusive = exclusive
        self._file = -1

    def __enter__(self) -> "UserLock":
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            mode = fcntl.LOCK_EX if self.exclusive else fcntl.LOCK_SH
            fcntl.flock(self._file, mode | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise Problem("store.in_use", path=str(self.path.with_suffix(""))) from error
        return self

    def __exit__(self, *exc: object) -> None:
        os.close(self._file)


def only_user(path: Path) -> UserLock:
    """The right to replace the file: nobody else has it open."""
    return UserLock(path, exclusive=True)


@contextmanager
def opening(path: Path, patience_s: float = 30.0) -> Iterator[None]:
    """One process at a time makes or upgrades the file. Raises Problem when it takes too long."""
    handle = os.open(path.with_name(path.name + ".opening"), os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + patience_s
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise Problem("store.locked", path=str(path)) from error
                time.sleep(0.005)
        yield
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Make a file's (or directory's) bytes durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
