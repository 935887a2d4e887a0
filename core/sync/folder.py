"""A watched folder: export files that are put there become orders, each file once.

A file is read when it does not grow any more, together with the others that lie there (some
exports come as two files). Then it moves to ``done``, or to ``kept`` beside its reasons when
something in it was refused. One that only lacks a word about its columns, or its order file, waits
where it is until that comes. Read again, a file changes nothing: a crash in between does no harm.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from core.store import Store, Tx
from core.store.store import BACKGROUND
from core.watch import close_alert, raise_alert

log = logging.getLogger(__name__)
DONE, KEPT = "done", "kept"
OLD_S = 60.0
"""A file untouched for this long needs no second look."""
PATIENCE = 20
"""Looks at most that settled files wait for one that still grows."""
UNFINISHED = (".part", ".tmp", ".crdownload", ".download", ".swp")
Reasons = Mapping[Path, Sequence[str]]
Importer = Callable[[Sequence[Path]], Reasons]
"""Takes files in; what was refused in each of those that were read, in words. A file that is not
in the answer stays."""
Mark = tuple[int, int]


class Waits(tuple[str, ...]):
    """Reasons for which a file stays until its columns were said, or the file beside it comes."""


class WatchedFolder:
    """One shop's folder."""

    def __init__(
        self,
        store: Store,
        shop: str,
        folder: Path,
        importer: Importer,
        said: Callable[[], object] = lambda: None,
    ) -> None:
        """``said`` is what was said about the shop's columns so far: when it changes, files that
        wait for it are tried again."""
        self.store = store
        self.shop = shop
        self.folder = folder
        self._import = importer
        self._seen: dict[Path, Mark] = {}
        self._said = said
        self._stuck: dict[Path, tuple[Mark, object]] = {}
        self._waiting: set[str] | None = None
        self._waited = 0
        self._missing = False

    def look(self) -> int:
        """Take in what has settled; returns how many files."""
        found = self._files()
        if found is None:
            return 0
        self._forget_waiting({path.name for path in found})
        said = self._said()
        fresh = {p: mark for p, mark in found.items() if self._stuck.get(p) != (mark, said)}
        settled = [path for path, mark in fresh.items() if self._settled(path, mark)]
        self._seen = found
        if not settled or (len(settled) < len(fresh) and self._waits()):
            return 0
        self._waited = 0
        settled += [path for path in self._left_waiting(found) if path not in settled]
        reasons = self._import(settled)
        for path, told in reasons.items():
            if isinstance(told, Waits):
                self._stuck[path] = (found[path], said)
                self._wait(path.name, told)
            else:
                self._put_away(path, (found[path], said), told)
        return sum(not isinstance(told, Waits) for told in reasons.values())

    def _left_waiting(self, found: Mapping[Path, Mark]) -> list[Path]:
        """Files that wait: what comes now may be what they wait for."""
        return [path for path in found if path.name in (self._waiting or ())]

    def _files(self) -> dict[Path, Mark] | None:
        """Every export file with its size and time; None when the folder cannot be read."""
        try:
            with os.scandir(self.folder) as entries:
                found = {
                    Path(entry.path): (entry.stat().st_size, entry.stat().st_mtime_ns)
                    for entry in entries
                    if entry.is_file() and is_export(entry.name)
                }
        except OSError as error:
            self._say_missing(error.strerror or str(error))
            return None
        self._say_missing("")
        return dict(sorted(found.items()))

    def _settled(self, path: Path, mark: Mark) -> bool:
        return self._seen.get(path) == mark or time.time() - mark[1] / 1e9 > OLD_S

    def _waits(self) -> bool:
        self._waited += 1
        return self._waited < PATIENCE

    def _put_away(self, path: Path, mark: tuple[Mark, object], reasons: Sequence[str]) -> None:
        try:
            target = free_name(self.folder / (KEPT if reasons else DONE), path.name)
            if reasons:
                lines = "".join(f"{reason}\n" for reason in reasons)
                target.with_name(target.name + ".reasons.txt").write_text(lines, encoding="utf-8")
            path.replace(target)
        except OSError as error:
            log.warning("%s stays where it is: %s", path, error)
            self._stuck[path] = mark
            reasons = [*reasons, error.strerror or str(error)]
        if reasons:
            self.store.do(lambda tx: self._tell(tx, path.name, reasons), rank=BACKGROUND)

    def _wait(self, name: str, reasons: Sequence[str]) -> None:
        """The alert stays until the file is taken in or taken away."""
        assert self._waiting is not None
        self._waiting.add(name)
        subject, reason = f"{self.shop} {name}", reasons[0]
        self.store.do(
            lambda tx: raise_alert(tx, "file_waits", subject, reason=reason), rank=BACKGROUND
        )

    def _forget_waiting(self, here: set[str]) -> None:
        """Files that waited, here or before a restart, and are gone."""
        if self._waiting is None:
            rows = self.store.read.all(
                "SELECT subject FROM alerts WHERE closed_at IS NULL AND over_at IS NULL"
                " AND rule = 'file_waits'"
            )
            lead = f"{self.shop} "
            named = (row["subject"] for row in rows if row["subject"].startswith(lead))
            self._waiting = {name.removeprefix(lead) for name in named}
        for name in self._waiting - here:
            subject = f"{self.shop} {name}"
            self.store.do(
                lambda tx, subject=subject: close_alert(tx, "file_waits", subject),  # type: ignore[misc]
                rank=BACKGROUND,
            )
        self._waiting &= here

    def _tell(self, tx: Tx, name: str, reasons: Sequence[str]) -> None:
        """Once a person has seen it, nothing is left to do about the alert."""
        subject = f"{self.shop} {name}"
        raise_alert(tx, "file_kept", subject, n=len(reasons), reason=reasons[0])
        close_alert(tx, "file_kept", subject)

    def _say_missing(self, reason: str) -> None:
        if bool(reason) == self._missing:
            return
        self._missing = bool(reason)
        subject, path = self.shop, str(self.folder)

        def write(tx: Tx) -> None:
            if reason:
                raise_alert(tx, "folder_missing", subject, path=path, reason=reason)
            else:
                close_alert(tx, "folder_missing", subject)

        self.store.do(write, rank=BACKGROUND)


def is_export(name: str) -> bool:
    """Whether a name is a finished file's, not one that an office or a browser still writes."""
    return not name.startswith((".", "~$")) and not name.lower().endswith(UNFINISHED)


def free_name(folder: Path, name: str) -> Path:
    """A name in that folder that is not taken. Raises OSError."""
    folder.mkdir(exist_ok=True)
    path, count = folder / name, 1
    while path.exists():
        count += 1
        path = folder / f"{Path(name).stem}-{count}{Path(name).suffix}"
    return path
