"""What several commands begin with: the configuration, the language, the log, the database."""

import argparse
import contextlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import data
from core.clock import Clock
from core.config import Config, read_config
from core.errors import Problem
from core.store import Actor
from core.store.database import Reader, Rows, open_reader
from tui.words import say, use

if TYPE_CHECKING:
    from tui.wiring import Works


def configured(arguments: argparse.Namespace) -> Config:
    """Read the configuration, speak its language, open the log. Raises Problem."""
    config = spoken(arguments)
    keep_log(config)
    return config


def spoken(arguments: argparse.Namespace) -> Config:
    """Read the configuration and speak its language. Raises Problem."""
    config = read_config(arguments.config)
    if not arguments.language:
        use(config.language)
    return config


def keep_log(config: Config) -> None:
    """Log to the file the configuration names; an unwritable folder is no reason to stop."""
    from logging.handlers import RotatingFileHandler

    root = logging.getLogger()
    for former in [each for each in root.handlers if isinstance(each, RotatingFileHandler)]:
        root.removeHandler(former)
        former.close()
    with contextlib.suppress(OSError):
        handler = RotatingFileHandler(
            config.log, maxBytes=2_000_000, backupCount=3, delay=True, encoding="utf-8"
        )
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        logging.getLogger("httpx").setLevel(logging.WARNING)  # its lines carry whole addresses


@contextlib.contextmanager
def works(arguments: argparse.Namespace, clock: Clock | None = None) -> "Iterator[Works]":
    """The opened installation of a command, closed at its end. Raises Problem."""
    from tui.wiring import Works

    opened = Works(configured(arguments), clock)
    try:
        yield opened
    finally:
        opened.close()


@contextlib.contextmanager
def reading(arguments: argparse.Namespace) -> Iterator[tuple[Config, Reader]]:
    """The configuration and a read-only look at the database. Raises Problem.

    Takes no lock, starts no thread and opens no log: a look-up answers at once, beside a working
    floor.
    """
    config = spoken(arguments)
    if not config.database.is_file():
        raise Problem("cli.no_database", path=str(config.database))
    read = open_reader(config.database)
    try:
        if behind(read, config):
            read.close()
            from tui.wiring import Works

            Works(config).close()  # brings the file to this program's schema
            read = open_reader(config.database)
        yield config, read
    finally:
        read.close()


def behind(read: Reader, config: Config) -> bool:
    """Whether the file is older than this program. Raises Problem when it is newer."""
    row = read.one("PRAGMA user_version")
    found, known = int(row["user_version"]) if row else 0, newest_schema()
    if found > known:
        raise Problem("store.newer", path=str(config.database), found=found, known=known)
    return found < known


def newest_schema() -> int:
    """The schema this program writes, from the names of its steps."""
    steps = (Path(data.__file__ or "").parent / "migrations").glob("[0-9]*.sql")
    return max(int(step.name[:4]) for step in steps)


def the_order(read: Reader, text: str) -> int:
    """The one order a number means. Raises Problem when it is none or several."""
    from core.orders import find  # not on the way to the first frame

    found = find.find(read, text)
    if not found:
        raise Problem("where.nothing", number=text)
    if len(found) > 1:
        rows = [read.one("SELECT number FROM orders WHERE id = ?", each) for each in found]
        numbers = tuple(row["number"] for row in rows if row)
        raise Problem("where.several", number=text, numbers=numbers)
    return found[0]


def add_reason(parser: argparse.ArgumentParser) -> None:
    """The options of every act that is written down with a name and a reason."""
    parser.add_argument("--reason", required=True, metavar="TEXT", help=say("cli.reason"))
    parser.add_argument("--as", dest="badge", required=True, metavar="BADGE", help=say("cli.as"))


def acting(read: Rows, badge: str) -> Actor:
    """Who acts here, by name or badge. Raises Problem."""
    from core import people

    return people.named(read, badge).at("")


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option of every command whose output is data."""
    parser.add_argument("--json", action="store_true", help=say("cli.json"))


def print_json(value: object) -> None:
    """Data for another program."""
    print(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def save(path: Path, content: bytes) -> None:
    """A file for somebody else: whole or as it was, and on the disk when this returns.

    Raises OSError that names it.
    """
    plain = path.is_file() or not path.exists()  # a device or a pipe is written as it is
    target = path.with_name(path.name + ".part") if plain else path
    try:
        with target.open("wb") as file:
            file.write(content)
            if plain:
                file.flush()
                os.fsync(file.fileno())
        if plain:
            target.replace(path)
            settle_folder(path.parent)
    except OSError as error:
        error.filename = str(path)
        raise


def settle_folder(folder: Path) -> None:
    """A new name in a folder is on the disk, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
