"""Schema steps: forward only, each one file in data/migrations, a backup before the first."""

import re
from importlib import resources
from pathlib import Path
from typing import Any

from core.errors import Problem
from core.store.backup import back_up


def steps() -> list[tuple[int, str]]:
    """Every migration as (version, SQL), in order."""
    found = []
    for file in resources.files("data").joinpath("migrations").iterdir():
        match = re.fullmatch(r"(\d{4})_\w+\.sql", file.name)
        if match:
            found.append((int(match.group(1)), file.read_text(encoding="utf-8")))
    return sorted(found)


def migrate(connection: Any, path: Path) -> Path | None:
    """Bring the file to this program's schema; returns the backup made before an upgrade.

    Raises Problem when the file was written by a newer program.
    """
    known = steps()
    newest = known[-1][0]
    found = version_of(connection)
    if found > newest:
        raise Problem("store.newer", path=str(path), found=found, known=newest)
    todo = [step for step in known if step[0] > found]
    saved = None
    if todo and found:
        saved = path.with_name(f"{path.name}.before-{todo[0][0]:04d}")
        back_up(connection, saved)
    for version, sql in todo:
        run_step(connection, version, sql)
    return saved


def version_of(connection: Any) -> int:
    """The schema version stored in the file; 0 when it is new."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def run_step(connection: Any, version: int, sql: str) -> None:
    """One step and its version number in one transaction; another process may be first."""
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if version_of(connection) < version:
            for statement in statements(sql):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version:d}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    finally:
        connection.execute("PRAGMA busy_timeout = 0")


def statements(sql: str) -> list[str]:
    """The script cut at the ends of statements (executescript would commit on its own)."""
    import sqlite3

    found, current = [], ""
    for line in sql.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            found.append(current)
            current = ""
    return found
