"""``packline import FILE...``: orders from export files; joined files are given together."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Problem
from core.messages import Message, message
from core.orders.imports import FileFacts, FileRow, Imported, import_orders
from core.orders.policy import ShopPolicy
from core.text import clean
from tui.commands.shared import add_json, print_json, works
from tui.words import say, word

if TYPE_CHECKING:
    from tui.wiring import Works


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=say("cli.import.files"))
    parser.add_argument("--shop", default="", metavar="CODE", help=say("cli.import.shop"))
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Import and say what happened; exit status 1 when rows were refused."""
    with works(arguments) as opened:
        told = import_files(opened, arguments.files, arguments.shop)
    if arguments.json:
        print_json([{"id": said.id, "text": say(said)} | plain(said) for said, _ in told])
    else:
        for said, _ in told:
            print(say(said))
    return 1 if any(refused for _, refused in told) else 0


def plain(said: Message) -> dict[str, object]:
    """A sentence's data for another program, nested sentences said."""
    return {
        name: say(value) if isinstance(value, Message) else value
        for name, value in said.data.items()
    }


def import_files(
    opened: "Works", paths: Sequence[Path], shop_code: str
) -> list[tuple[Message, int]]:
    """Import files shop by shop; (sentence, refused rows) each. Raises Problem."""
    from drivers.channels.files import read_orders

    for path in paths:
        if not path.is_file():
            raise Problem("import.no_file", file=str(path))
    reading = read_orders(paths, zone=opened.config.zone)
    facts = {file.path: file for file in reading.files}
    channels = {file.channel for file in reading.files if file.channel}
    said: list[tuple[Message, int]] = []
    for file in reading.files:
        said += [(note, 0) for note in file.notes]
        if file.unmapped:
            columns = ", ".join(clean(name, 40) for name in file.unmapped[:12])
            said.append((message("import.unmapped", file=file.path, columns=columns), 0))
    for channel in sorted(channels):
        orders = [
            read.order
            for read in reading.orders
            if facts[read.file].channel == channel or len(channels) == 1
        ]
        done = import_orders(opened.store, policy_for(opened, channel, shop_code), orders, (), ())
        said.append((summary(channel, done), 0))
    import_orders(
        opened.store,
        ShopPolicy(shop_id=0, channel=""),
        (),
        [
            FileRow(
                row.file,
                facts[row.file].sha256 if row.file in facts else "",
                row.row,
                row.reason,
                row.raw,
            )
            for row in reading.rejected
        ],
        [
            FileFacts(file.path, file.sha256, file.layout, file.rows)
            for file in reading.files
            if file.sha256
        ],
    )
    said += [
        (message("import.refused", file=row.file, row=row.row, reason=row.reason), 1)
        for row in reading.rejected
    ]
    return said


def import_watched(opened: "Works", paths: Sequence[Path], shop_code: str) -> dict[Path, list[str]]:
    """Import files of a watched folder; what was refused in each, in words."""
    try:
        told = import_files(opened, paths, shop_code)
    except Problem as problem:
        if problem.message.id == "import.no_file":
            return {}  # somebody took it away again
        return {path: [say(problem.message)] for path in paths}
    known = {str(path): path for path in paths}
    reasons: dict[Path, list[str]] = {path: [] for path in paths}
    for said, refused in told:
        path = known.get(str(said.data.get("file", "")))
        if refused and path is not None:
            reasons[path].append(say(said))
    return reasons


def policy_for(opened: "Works", channel: str, shop_code: str) -> ShopPolicy:
    """The shop the orders belong to: named, the channel's only one, or one made for files."""
    codes = [shop.code for shop in opened.config.shops if shop.channel == channel]
    code = shop_code or (codes[0] if len(codes) == 1 else "")
    if code:
        shop_id = opened.place.shops.get(code)
        if shop_id is None:
            known = " ".join(opened.place.shops) or "-"
            raise Problem("import.no_shop", code=code, known=known)
        policy = opened.place.policies[shop_id]
        return ShopPolicy(
            shop_id=shop_id,
            channel=channel,
            tier=policy.tier or "standard",
            carrier=policy.carrier,
            prefix=policy.prefix,
        )
    if codes:
        raise Problem("import.which_shop", channel=channel, shops=" ".join(codes))
    shop_id = opened.store.do(
        lambda tx: int(
            tx.the(
                "INSERT INTO shops (code, channel, name) VALUES (?1, ?2, ?3) ON CONFLICT (code)"
                " DO UPDATE SET code = code RETURNING id",
                *(f"file-{channel}", channel, word("channel", channel)),
            )["id"]
        )
    )
    return ShopPolicy(
        shop_id=shop_id, channel=channel, tier="standard", prefix=opened.config.prefix
    )


def summary(channel: str, done: Imported) -> Message:
    """What an import did, in one sentence."""
    return message(
        "import.done",
        channel=word("channel", channel),
        new=done.new,
        changed=done.changed,
        same=done.same,
        not_ours=done.not_ours,
    )
