"""``packline doctor``: everything that can be wrong with a place, looked at once."""

import argparse
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from core.clock import local
from core.config import Config
from core.errors import Problem
from core.messages import Message, message
from core.store.database import SAFE_SQLITE, DatabaseErrors, Reader, open_reader, sqlite
from tui.commands.lines import Page
from tui.commands.shared import add_json, newest_schema, print_json, spoken
from tui.words import say

LEAST_FREE_MB = 500
RECENT = 2000
"""Orders and photos looked at, newest first: a doctor's visit takes seconds, not an hour."""
SLACK_MS = 120_000
"""How far ahead of the clock an event may be: two machines never agree to the second."""
LATE_MS = 300_000
"""An alert that waits longer than this for its message waits for a process that sends."""
OLDEST_CLOCK = 1_735_689_600_000
"""2025-01-01: a clock before it has lost its battery."""


class Mark(Enum):
    """How a finding is."""

    WELL = "✓"
    MIND = "!"
    """Somebody should look; the floor can work."""
    WRONG = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    mark: Mark
    said: Message


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-devices", action="store_true", help=say("cli.doctor.no_devices"))
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look at everything that can be wrong; exit status 1 when something is."""
    config = spoken(arguments)
    found = list(examine(config, devices=not arguments.no_devices))
    if arguments.json:
        print_json(
            [
                {"mark": one.mark.name.lower(), "id": one.said.id, "text": say(one.said)}
                for one in found
            ]
        )
    else:
        page = Page()
        for one in found:
            page.line(f"{one.mark.value} {say(one.said)}")
        print(page.text())
    return 1 if any(one.mark is Mark.WRONG for one in found) else 0


def examine(config: Config, *, devices: bool) -> Iterator[Finding]:
    """Every finding, the machine first, then the file, then what is in it."""
    yield judged(
        sqlite.sqlite_version_info >= SAFE_SQLITE,
        message(
            "doctor.sqlite",
            version=sqlite.sqlite_version,
            wanted=".".join(map(str, SAFE_SQLITE)),
        ),
    )
    yield private(config)
    yield from disk(config)
    yield from database(config)
    if devices:
        yield from answers(config)


def judged(good: bool, said: Message, otherwise: Mark = Mark.WRONG) -> Finding:
    """A finding that is well or not."""
    return Finding(Mark.WELL if good else otherwise, said)


def private(config: Config) -> Finding:
    """Whether others can read the configuration; with secrets in it, it would not have opened."""
    mode = stat.S_IMODE(config.path.stat().st_mode)
    said = message("doctor.config", file=str(config.path), mode=f"{mode:o}")
    return judged(not mode & 0o077, said, Mark.MIND)


def disk(config: Config) -> Iterator[Finding]:
    """Room for the database and for the photos."""
    for folder in dict.fromkeys((config.database.parent, existing(config))):
        try:
            free = shutil.disk_usage(folder).free // 1_000_000
        except OSError as error:
            said = message("doctor.no_folder", folder=str(folder), reason=error.strerror)
            yield Finding(Mark.WRONG, said)
        else:
            said = message("doctor.disk", free=free, folder=str(folder), least=LEAST_FREE_MB)
            yield judged(free > LEAST_FREE_MB, said)


def existing(config: Config) -> Path:
    """The photo folder, or where it will be made."""
    return config.photos if config.photos.is_dir() else config.photos.parent


def database(config: Config) -> Iterator[Finding]:
    """The file: whole, of our schema, and then its contents."""
    from core.store.backup import check_file

    try:
        check_file(config.database)
        yield Finding(Mark.WELL, message("doctor.whole", file=str(config.database)))
        read = open_reader(config.database)
    except Problem as problem:
        yield Finding(Mark.WRONG, problem.message)
        return
    try:
        yield from contents(read, config)
    except DatabaseErrors as error:
        said = message("store.refused", path=str(config.database), reason=str(error))
        yield Finding(Mark.WRONG, said)
    finally:
        read.close()


def contents(read: Reader, config: Config) -> Iterator[Finding]:
    """What is in the file, when it is of this program's schema."""
    found, newest = (
        count(read, "SELECT user_version AS n FROM pragma_user_version"),
        newest_schema(),
    )
    yield judged(found == newest, message("doctor.schema", found=found, known=newest))
    if found != newest:
        return
    yield from ledgers(read)
    broken = broken_chains(read)
    yield judged(not broken, message("doctor.chains", broken=" ".join(broken[:5]) or "-"))
    missing = missing_photos(read, config)
    yield judged(not missing, message("doctor.photos", missing=missing))
    yield from photo_room(read, config)
    yield clock(read, config)
    yield from shops(read, config)
    yield from telling(read)


def telling(read: Reader) -> Iterator[Finding]:
    """Whether alerts reach those who are not looking."""
    from core.watch.notices import notifiers

    now = time.time_ns() // 1_000_000
    for one in notifiers(read, now):
        said = message(
            "doctor.notifier_down" if one.fault else "doctor.notifier",
            name=one.code,
            n=one.waiting,
            answer=one.answer or "-",
        )
        stuck = one.oldest is not None and one.oldest < now - LATE_MS
        otherwise = Mark.WRONG if one.fault and one.waiting else Mark.MIND
        yield judged(not one.fault and not stuck, said, otherwise)


def ledgers(read: Reader) -> Iterator[Finding]:
    """Stock against its moves, and what could not leave."""
    from core.stock import differences

    wrong = len(differences(read))
    yield judged(not wrong, message("doctor.stock", wrong=wrong))
    supervisors = count(
        read, "SELECT count(*) AS n FROM operators WHERE role = 'supervisor' AND active = 1"
    )
    yield judged(supervisors > 0, message("doctor.supervisors", n=supervisors))
    for id, sql, otherwise in (  # noqa: A001
        (
            "doctor.conflicts",
            "SELECT count(*) AS n FROM outbox WHERE state = 'conflict'",
            Mark.WRONG,
        ),
        ("doctor.calling", "SELECT count(*) AS n FROM outbox WHERE state = 'calling'", Mark.MIND),
        (
            "doctor.in_doubt",
            "SELECT count(*) AS n FROM print_jobs WHERE state = 'in_doubt'",
            Mark.WRONG,
        ),
    ):
        n = count(read, sql)
        yield judged(n == 0, message(id, n=n), otherwise)
    yield from files(read)


def files(read: Reader) -> Iterator[Finding]:
    """Tracking numbers that wait for a person to write a file, and rows nobody settled."""
    from core.shipping.by_file import waiting_by_shop

    for shop, n in waiting_by_shop(read).items():
        yield Finding(Mark.MIND, message("doctor.to_export", shop=shop, n=n))
    n = count(read, "SELECT count(*) AS n FROM rejected_rows WHERE settled_at IS NULL")
    yield judged(n == 0, message("doctor.rejected", n=n), Mark.MIND)


def count(read: Reader, sql: str) -> int:
    """One number."""
    row = read.one(f"SELECT n FROM ({sql})")
    return int(row["n"]) if row is not None else 0


def broken_chains(read: Reader) -> list[str]:
    """Recent orders whose events were edited."""
    from core.events import first_broken

    rows = read.all("SELECT id, number FROM orders ORDER BY id DESC LIMIT ?", RECENT)
    return [row["number"] for row in rows if first_broken(read, row["id"]) is not None]


def missing_photos(read: Reader, config: Config) -> int:
    """Recent photos that are known but not there."""
    rows = read.all("SELECT path FROM evidence WHERE path <> '' ORDER BY id DESC LIMIT ?", RECENT)
    return sum(not (config.photos / row["path"]).is_file() for row in rows)


def photo_room(read: Reader, config: Config) -> Iterator[Finding]:
    """When the disk is full at the rate of the last week; photos go after their window."""
    from core.evidence.keeping import DAY_MS, forecast

    now, keep = time.time_ns() // 1_000_000, config.keep_photos_days
    try:
        told = forecast(read, existing(config), now)
    except OSError:
        return  # said by disk() already
    if told.days_left is None:
        return
    full = local(now + min(told.days_left, 36_500) * DAY_MS, config.zone)
    rate = max(1, told.per_day // 1_000_000)
    lasts = told.days_left > keep
    id_ = "doctor.photo_room" if lasts else "doctor.photo_full"
    said = message(id_, rate=rate, keep=keep, day=f"{full:%Y-%m-%d}", left=told.days_left)
    yield judged(lasts, said, Mark.MIND)


def clock(read: Reader, config: Config) -> Finding:
    """Whether the machine's time can be right: never before what has already happened."""
    now = time.time_ns() // 1_000_000
    last = count(
        read,
        "SELECT ifnull(max(at), 0) AS n FROM (SELECT at FROM events ORDER BY id DESC LIMIT 100)",
    )
    good = now >= OLDEST_CLOCK and last <= now + SLACK_MS
    shown = f"{local(now, config.zone):%Y-%m-%d %H:%M}"
    newest = f"{local(last, config.zone):%Y-%m-%d %H:%M}" if last else "-"
    id_ = "doctor.clock" if good else "doctor.clock_wrong"
    return judged(good, message(id_, now=shown, zone=str(config.zone), last=newest))


def shops(read: Reader, config: Config) -> Iterator[Finding]:
    """How fresh each shop with an interface is."""
    from core.sync.health import shops

    online = {shop.code: shop for shop in config.shops if shop.url}
    now = time.time_ns() // 1_000_000
    for shop in shops(read):
        if shop.code not in online:
            continue
        since = local(shop.fresh_at, config.zone) if shop.fresh_at else None
        told = message(
            "doctor.shop_fresh" if since else "doctor.shop_never",
            shop=shop.name,
            since=f"{since:%m-%d %H:%M}" if since else "",
        )
        if shop.fault:
            yield Finding(
                Mark.WRONG, message("doctor.shop_down", shop=shop.name, answer=shop.answer or "-")
            )
        else:
            late = 1000 * 10 * online[shop.code].pull_every_s
            fresh = shop.fresh_at is not None and now - shop.fresh_at < max(late, 900_000)
            yield judged(fresh, told, Mark.MIND)


def answers(config: Config) -> Iterator[Finding]:
    """Every configured device, asked for a moment."""
    from tui.commands.devices import ask_station

    for station in config.stations:
        for name, good, told in ask_station(config, station):
            yield judged(good, message("doctor.device", name=name, said=told), Mark.MIND)
