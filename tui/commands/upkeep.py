"""``packline backup`` and ``restore``: the database saved whole, and put back."""

import argparse
from datetime import datetime
from pathlib import Path

from core.messages import message
from tui.commands.shared import configured, works
from tui.words import say


def arguments(parser: argparse.ArgumentParser) -> None:
    restoring = parser.prog.endswith("restore")
    parser.add_argument(
        "file",
        nargs=None if restoring else "?",
        type=Path,
        metavar="FILE",
        help=say("cli.restore.file" if restoring else "cli.backup.file"),
    )


def run(arguments: argparse.Namespace) -> int:
    """Whichever of the two was asked for."""
    return {"backup": back_up, "restore": put_back}[arguments.command](arguments)


def back_up(arguments: argparse.Namespace) -> int:
    """Save the live database, also while everybody works."""
    from core.store.backup import check_file

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
    from core.store.backup import restore

    config = configured(arguments)
    kept = restore(arguments.file, config.database)
    print(say(message("restore.done", file=str(arguments.file))))
    if kept:
        print(say(message("restore.kept", file=str(kept))))
    return 0
