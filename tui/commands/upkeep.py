"""``packline backup``, ``restore`` and ``doctor``: keeping the database safe."""

import argparse
import shutil
from datetime import datetime
from pathlib import Path

from core.errors import Problem
from core.messages import Message, message
from core.stock import differences
from core.store.backup import check_file, restore
from core.store.database import open_reader, sqlite
from core.store.migrate import steps
from tui.commands.shared import configured, works
from tui.words import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", type=Path, help=say("cli.upkeep.file"))


def run(arguments: argparse.Namespace) -> int:
    """Whichever of the three was asked for."""
    return {"backup": back_up, "restore": put_back, "doctor": examine}[arguments.command](arguments)


def back_up(arguments: argparse.Namespace) -> int:
    """Save the live database, also while everybody works."""
    with works(arguments) as opened:
        database = opened.config.database
        stamp = datetime.now(opened.config.zone).strftime("%Y%m%d-%H%M%S")
        target = arguments.file or database.with_name(f"{database.stem}-{stamp}.backup")
        opened.store.back_up(target)
        check_file(target)
    print(say(message("backup.done", file=str(target))))
    return 0


def put_back(arguments: argparse.Namespace) -> int:
    """Put a backup in place; everybody must have left."""
    if arguments.file is None:
        raise Problem("restore.which")
    config = configured(arguments)
    kept = restore(arguments.file, config.database)
    print(say(message("restore.done", file=str(arguments.file))))
    if kept:
        print(say(message("restore.kept", file=str(kept))))
    return 0


def examine(arguments: argparse.Namespace) -> int:
    """Look at everything that can be wrong; exit status 1 when something is."""
    config = configured(arguments)
    findings = list(look(config.database, config.photos))
    bad = 0
    for good, said in findings:
        print(("✓ " if good else "✗ ") + say(said))
        bad += not good
    return 1 if bad else 0


def look(database: Path, photos: Path) -> list[tuple[bool, Message]]:
    """Every finding: whether it is well, and the sentence."""
    found = [(True, message("doctor.sqlite", version=sqlite.sqlite_version))]
    free = shutil.disk_usage(database.parent).free // 1_000_000
    found.append((free > 500, message("doctor.disk", free=free)))
    if not database.exists():
        return [*found, (False, message("doctor.no_database", file=str(database)))]
    try:
        check_file(database)
        found.append((True, message("doctor.whole", file=str(database))))
    except Problem as problem:
        return [*found, (False, problem.message)]
    read = open_reader(database)
    version = read.one("PRAGMA user_version")
    assert version is not None
    newest = steps()[-1][0]
    same = version["user_version"] == newest
    found.append((same, message("doctor.schema", found=version["user_version"], known=newest)))
    if not same:
        return found
    wrong = differences(read)
    found.append((not wrong, message("doctor.stock", wrong=len(wrong))))
    for state, id_ in (("conflict", "doctor.conflicts"), ("calling", "doctor.calling")):
        row = read.one("SELECT count(*) AS n FROM outbox WHERE state = ?", state)
        assert row is not None
        found.append((row["n"] == 0 or state == "calling", message(id_, n=row["n"])))
    row = read.one("SELECT count(*) AS n FROM print_jobs WHERE state = 'in_doubt'")
    assert row is not None
    found.append((row["n"] == 0, message("doctor.in_doubt", n=row["n"])))
    broken = broken_chains(read)
    found.append((not broken, message("doctor.chains", broken=" ".join(broken[:5]) or "-")))
    missing = missing_photos(read, photos)
    found.append((not missing, message("doctor.photos", missing=missing)))
    read.close()
    return found


def broken_chains(read: object) -> list[str]:
    """Recent orders whose events were edited."""
    from core.events import first_broken
    from core.store.database import Reader

    assert isinstance(read, Reader)
    rows = read.all("SELECT id, number FROM orders ORDER BY id DESC LIMIT 2000")
    return [row["number"] for row in rows if first_broken(read, row["id"]) is not None]


def missing_photos(read: object, photos: Path) -> int:
    """Recent photos that are known but not there."""
    from core.store.database import Reader

    assert isinstance(read, Reader)
    rows = read.all("SELECT path FROM evidence WHERE path <> '' ORDER BY id DESC LIMIT 2000")
    return sum(not (photos / row["path"]).is_file() for row in rows)
