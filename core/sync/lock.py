"""Only one process syncs a database: an advisory lock the system drops when the process dies."""

import fcntl
import os
from pathlib import Path


class SyncLock:
    """The right to sync one database."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(database.name + ".sync")
        self._file = -1

    def take(self) -> bool:
        """True when this process holds the right from now on (or already did)."""
        if self._file >= 0:
            return True
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        self._file = handle
        return True

    def give_up(self) -> None:
        """Let another process sync."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
