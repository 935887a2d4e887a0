"""Saving the file while it is in use, and putting a saved one back."""

import fcntl
import os
from pathlib import Path
from typing import Any

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
        kept = None
        if target.exists():
            kept = target.with_name(target.name + ".replaced")
            live = sqlite.connect(str(target))
            try:
                back_up(live, kept)
            finally:
                live.close()
        partial = target.with_name(target.name + ".part")
        saved = sqlite.connect(f"file:{source}?mode=ro", uri=True)
        try:
            back_up(saved, partial.with_suffix(".new"))
        finally:
            saved.close()
        for suffix in ("-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        os.replace(partial.with_suffix(".new"), target)  # noqa: PTH105
        sync_file(target.parent)
        return kept


def check_file(path: Path) -> None:
    """Raise Problem unless the file is a whole SQLite database."""
    if not path.is_file():
        raise Problem("store.no_file", path=str(path))
    connection = sqlite.connect(f"file:{path}?mode=ro", uri=True)
    try:
        verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
    except DatabaseErrors as error:
        raise trouble(error, path) from error
    finally:
        connection.close()
    if verdict != "ok":
        raise Problem("store.damaged", path=str(path))


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


def sync_file(path: Path) -> None:
    """Make a file's (or directory's) bytes durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
