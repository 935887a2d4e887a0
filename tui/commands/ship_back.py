"""``packline export-shipped``: the file that takes tracking numbers to a shop without interface.

What was exported is marked after the file is on the disk: a crash in between repeats those parcels
in the next file, and none is left out.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core import people
from core.clock import SystemClock, local, millis
from core.config import Config, ExportConfig
from core.errors import Problem
from core.messages import Message, message
from core.orders.intake import CHUNK
from core.shipping.by_file import Leaving, exported, labelled_since, to_export
from core.store import Actor
from core.store.database import Rows
from core.store.store import BACKGROUND
from tui.commands.shared import add_json, print_json, reading, save, works
from tui.words import say

if TYPE_CHECKING:
    from tui.wiring import Works

DAYS = 7
"""How far back ``--again`` looks when it is not told: platforms skip rows they already have."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help=say("cli.export.file"))
    parser.add_argument("--shop", required=True, metavar="CODE", help=say("cli.export.shop"))
    parser.add_argument("--again", action="store_true", help=say("cli.export.again"))
    parser.add_argument("--since", default="", metavar="YYYY-MM-DD", help=say("cli.export.since"))
    parser.add_argument("--utf8", action="store_true", help=say("cli.export.utf8"))
    parser.add_argument("--by", default="", metavar="BADGE", help=say("cli.by"))
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write what the shop was not told yet, and mark it; without a file, only show it."""
    again = arguments.again or bool(arguments.since)
    if arguments.json or arguments.file is None:
        with reading(arguments) as (config, read):
            load = load_of(read, config, arguments.shop, again=again, since=arguments.since)
            print_json([shown(one) for one in load.leaving])
        return 0
    with works(arguments) as opened:
        read = opened.store.read
        by = people.named(read, arguments.by).at("") if arguments.by else Actor()
        load = load_of(read, opened.config, arguments.shop, again=again, since=arguments.since)
        encoding = "utf-8" if arguments.utf8 else ""
        for said in write_file(opened, load, arguments.file, by, encoding=encoding):
            print(say(said))
    return 0


@dataclass(frozen=True, slots=True)
class Load:
    """What one file will tell a shop."""

    shop: str
    leaving: Sequence[Leaving]
    refunds: int
    """Parcels that wait because money may be on its way back."""
    marks: bool
    """Whether they count as told afterwards: only where no interface tells the shop."""
    look: ExportConfig


def load_of(read: Rows, config: Config, code: str, *, again: bool = False, since: str = "") -> Load:
    """What is to be exported for a shop. Raises Problem for an unknown one."""
    row = read.one("SELECT id, by_file FROM shops WHERE code = ?", code)
    if row is None:
        known = " ".join(each["code"] for each in read.all("SELECT code FROM shops ORDER BY code"))
        raise Problem("import.no_shop", code=code, known=known or "-")
    look = next((shop.export for shop in config.shops if shop.code == code), ExportConfig())
    marks = bool(row["by_file"])
    start = start_of(since, config.zone) if again or not marks else None
    if not marks:
        return Load(code, labelled_since(read, row["id"], start or 0), 0, marks, look)
    leaving, refunds = to_export(read, row["id"], start)
    return Load(code, leaving, refunds, marks, look)


def write_file(
    opened: "Works", load: Load, path: Path, by: Actor, *, encoding: str = ""
) -> list[Message]:
    """Write the file, then mark what it tells; what there is to say. Raises Problem, OSError."""
    from drivers.channels.files import UnknownColumn, ship_back_file

    look, zone = load.look, opened.config.zone
    try:
        content = ship_back_file(
            [told(one, zone) for one in load.leaving],
            look.columns,
            encoding=encoding or look.encoding,
            workbook=is_workbook(path, look),
        )
    except UnknownColumn as error:
        raise Problem("export.columns", shop=load.shop, reason=error.why) from error
    save(path, content)
    said = [message("export.done", n=len(load.leaving), file=str(path))]
    if load.refunds:
        said.append(message("export.refunds", n=load.refunds))
    if not load.marks:
        return [*said, message("export.not_marked", shop=load.shop)]
    for start in range(0, len(load.leaving), CHUNK):
        opened.store.give_way()
        some = load.leaving[start : start + CHUNK]
        opened.store.do(partial(exported, some, path.name), by, rank=BACKGROUND)
    return said


def is_workbook(path: Path, look: ExportConfig) -> bool:
    """Whether the file is a workbook: its name says, else the shop's habit."""
    suffix = path.suffix.lower()
    return suffix == ".xlsx" or (look.format == "xlsx" and suffix != ".csv")


def told(one: Leaving, zone: tzinfo) -> dict[str, str]:
    """A parcel as the columns of the file may ask for it."""
    from drivers.printers.words import carrier_name

    return {
        "number": one.platform_number,
        "internal": one.number,
        "carrier": carrier_name(one.carrier, "zh_CN"),
        "carrier_code": one.carrier,
        "waybill": one.waybill,
        "weight_kg": f"{one.weight_g / 1000:.3f}",
        "shipped": f"{local(one.labelled_at, zone):%Y-%m-%d %H:%M:%S}",
    }


def shown(one: Leaving) -> dict[str, str]:
    """A parcel for another program."""
    from drivers.printers.words import carrier_name

    return {
        "number": one.platform_number,
        "carrier": carrier_name(one.carrier, "zh_CN"),
        "waybill": one.waybill,
    }


def start_of(day: str, zone: tzinfo) -> int:
    """The first moment of a local day, of ``DAYS`` days ago when none is named. Raises Problem."""
    now = local(SystemClock().now(), zone)
    if not day:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return millis(midnight - timedelta(days=DAYS))
    try:
        return millis(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=now.tzinfo))
    except ValueError as error:
        raise Problem("export.bad_day", came=day) from error
