"""``packline export-shipped``: the file that takes tracking numbers to a shop without interface."""

import argparse
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from core.clock import SystemClock, local, millis
from core.errors import Problem
from core.messages import message
from core.orders.rest import number_at_shop
from core.store.database import Rows
from tui.commands.shared import add_json, print_json, reading, save
from tui.words import say

DAYS = 7
"""How far back an export looks when it is not told: platforms skip rows they already have."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help=say("cli.export.file"))
    parser.add_argument("--shop", required=True, metavar="CODE", help=say("cli.export.shop"))
    parser.add_argument("--since", default="", metavar="YYYY-MM-DD", help=say("cli.export.since"))
    parser.add_argument("--utf8", action="store_true", help=say("cli.export.utf8"))
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the rows of every labelled parcel that was not voided."""
    from drivers.channels.files import ship_back_csv
    from drivers.printers.words import carrier_name

    with reading(arguments) as (config, read):
        shop = shop_id(read, arguments.shop)
        since = start_of(arguments.since, config.zone)
        rows = [
            (number_at_shop(row), carrier_name(row["carrier"], "zh_CN"), row["waybill"])
            for row in read.all(
                "SELECT o.platform_number, p.carrier, p.waybill FROM parcels p"
                " JOIN orders o ON o.id = p.order_id WHERE o.shop_id = ? AND p.voided_at IS NULL"
                " AND p.waybill IS NOT NULL AND o.labelled_at >= ? AND o.cancelled_at IS NULL"
                " ORDER BY p.id",
                *(shop, since),
            )
        ]
    if arguments.json or arguments.file is None:
        print_json([dict(zip(("number", "carrier", "waybill"), row, strict=True)) for row in rows])
        return 0
    save(arguments.file, ship_back_csv(rows, encoding="utf-8" if arguments.utf8 else "gbk"))
    print(say(message("export.done", n=len(rows), file=str(arguments.file))))
    return 0


def shop_id(read: Rows, code: str) -> int:
    """The shop of a code. Raises Problem naming the known ones."""
    row = read.one("SELECT id FROM shops WHERE code = ?", code)
    if row is None:
        known = " ".join(each["code"] for each in read.all("SELECT code FROM shops ORDER BY code"))
        raise Problem("import.no_shop", code=code, known=known or "-")
    return int(row["id"])


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
