"""``packline init``: a new place, ready for its first order, without overwriting anything."""

import argparse
import os
import secrets
import shlex
from pathlib import Path

from core import people
from core.config import read_config
from core.errors import Problem
from core.messages import message
from core.text import clean
from tui.words import language, say

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters and digits nobody mistakes for each other on a printed badge."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help=say("cli.init.folder"))
    parser.add_argument("--name", default="", help=say("cli.init.name"))


def run(arguments: argparse.Namespace) -> int:
    """Write the file, create the database, give the first supervisor a badge."""
    from tui.wiring import Works

    folder = arguments.folder or Path()
    path = folder / "packline.toml"
    refuse_existing(path, folder / "packline.db")
    folder.mkdir(parents=True, exist_ok=True)
    write_new(path, starter(language()))
    config = read_config(path)
    works = Works(config)
    try:
        badge = "SV" + "".join(secrets.choice(ALPHABET) for _ in range(8))
        name = clean(arguments.name, 40) or say("init.supervisor")
        works.store.do(lambda tx: people.add(tx, badge, name, "supervisor"))
    finally:
        works.close()
    print(say(message("init.done", file=str(path), database=str(config.database))))
    print(say(message("init.badge", badge=badge, name=name)))
    print(say("init.next"))
    option = "" if folder.resolve() == Path.cwd() else f" --config {shlex.quote(str(path))}"
    for words in (" devices setup --station B1", " commands --badges --pdf sheet.pdf", ""):
        print(f"  packline{words}{option}")
    return 0


def refuse_existing(*paths: Path) -> None:
    """What is there stays as it is. Raises Problem."""
    for path in paths:
        if path.exists() or path.is_symlink():
            raise Problem("init.exists", file=str(path))


def write_new(path: Path, text: str) -> None:
    """A file only its owner may read; secrets will be written into it."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(handle, 0o600)  # whatever the umask says
        file.write(text)
        file.flush()
        os.fsync(handle)


def starter(language: str) -> str:
    """The commented first configuration, in the language of the command."""
    from importlib import resources

    name = f"packline.{language}.toml"
    return resources.files("data").joinpath("starter", name).read_text(encoding="utf-8")
