"""The command line: one sentence for every mistake, a log line for every surprise."""

import argparse
import errno
import importlib
import logging
import os
import sys
from pathlib import Path

from core.errors import Problem
from core.messages import Message, message
from tui.words import say

COMMANDS = {
    "run": "tui.commands.run",
    "init": "tui.commands.init",
    "demo": "tui.commands.demo",
    "rehearse": "tui.commands.rehearse",
    "where": "tui.commands.where",
    "slip": "tui.commands.slip",
    "import": "tui.commands.import_",
    "columns": "tui.commands.columns",
    "rejected": "tui.commands.rejected",
    "export-shipped": "tui.commands.ship_back",
    "shop": "tui.commands.shop",
    "simulate-shop": "tui.commands.simulate",
    "sync": "tui.commands.sync",
    "reconcile": "tui.commands.reconcile",
    "outbox": "tui.commands.outbox",
    "notify": "tui.commands.notify",
    "reveal": "tui.commands.reveal",
    "products": "tui.commands.products",
    "people": "tui.commands.people",
    "commands": "tui.commands.sheet",
    "devices": "tui.commands.devices",
    "scale": "tui.commands.scale",
    "doctor": "tui.commands.doctor",
    "backup": "tui.commands.upkeep",
    "restore": "tui.commands.upkeep",
}
"""Command -> the module with its ``arguments(parser)`` and ``run(arguments) -> int``."""
LANGUAGES = ("zh_CN", "en")
SAID, WRONG_WORDS, SURPRISED, INTERRUPTED, NOBODY_READS = 1, 2, 70, 130, 141
"""Exit statuses: 0 is well, 1 a problem that was said, 2 a command line nobody understands."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    logging.getLogger().addHandler(logging.NullHandler())  # a log line is not for the screen
    speak("")
    try:
        status = obey(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except Problem as problem:
        return complain(problem.message)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return NOBODY_READS
    except OSError as error:
        logging.getLogger("packline").exception("refused by the system")
        return complain(refusal(error))
    except Exception:  # noqa: BLE001 - the outermost edge: logged with an id by surprise()
        return surprise()
    return status


def obey(words: list[str]) -> int:
    """Do what the words ask for. Raises Problem."""
    chosen, words = take_everywhere(words)
    speak(chosen.get("--language", ""))
    name = words.pop(0) if words and words[0] in COMMANDS else "run"
    if name == "run" and words and not words[0].startswith("-"):
        complain(message("cli.no_command", name=words[0]))
        return WRONG_WORDS
    try:
        arguments = parse(name, words)
    except SystemExit as left:  # argparse has said all there is to say
        return int(left.code or 0)
    arguments.language = chosen.get("--language", "")
    arguments.config = Path(chosen["--config"]) if "--config" in chosen else default_config()
    return int(importlib.import_module(COMMANDS[name]).run(arguments))


def take_everywhere(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """``--config`` and ``--language`` wherever they stand, and the other words.

    One without a value, or with a wrong one, stays where it is: the parser says what is wrong.
    """
    chosen: dict[str, str] = {}
    rest: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        option, equals, value = word.partition("=")
        if option in ("--config", "--language") and (equals or waiting):
            value = value if equals else waiting[0]
            if option == "--config" or value in LANGUAGES:
                chosen[option] = value
                waiting = waiting if equals else waiting[1:]
                continue
        rest.append(word)
    return chosen, rest


def parse(name: str, words: list[str]) -> argparse.Namespace:
    """The arguments of a command. Raises SystemExit when they make no sense."""
    from tui.commands.parser import Parser

    top = name == "run"
    parser = Parser(
        prog="packline" if top else f"packline {name}",
        description=say(f"cli.about.{name}"),
        commands=tuple(COMMANDS)[1:] if top else (),
    )
    importlib.import_module(COMMANDS[name]).arguments(parser)
    parser.add_argument("--config", metavar="FILE", help=say("cli.config"))
    parser.add_argument("--language", choices=LANGUAGES, help=say("cli.language"))
    if top:
        parser.add_argument("--version", action="store_true", help=say("cli.version"))
    arguments = parser.parse_args(words)
    arguments.command = name
    return arguments


def speak(asked: str) -> None:
    """The language of this command: asked for, else the environment's, else Chinese."""
    from tui.words import use

    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", "")
    use(asked or ("en" if locale.startswith("en") else "zh_CN"))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ✓ is no reason to fail


def default_config() -> Path:
    """``PACKLINE_CONFIG``, else ``packline.toml`` here, else the user's own."""
    if named := os.environ.get("PACKLINE_CONFIG"):
        return Path(named)
    here = Path("packline.toml")
    if here.exists():
        return here
    home = Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config"))
    own = home / "packline" / "packline.toml"
    return own if own.exists() else here


def refusal(error: OSError) -> Message:
    """What the operating system refused, as a sentence."""
    ids = {
        errno.ENOSPC: "cli.disk_full",
        errno.EDQUOT: "cli.disk_full",
        errno.EACCES: "cli.no_permission",
        errno.EPERM: "cli.no_permission",
        errno.EROFS: "cli.no_permission",
        errno.ENOENT: "cli.no_file",
        errno.ENOTDIR: "cli.no_file",
        errno.EISDIR: "cli.is_folder",
    }
    path = str(error.filename or "-")
    return message(
        ids.get(error.errno or 0, "cli.refused"), path=path, reason=error.strerror or str(error)
    )


def complain(said: Message) -> int:
    """One sentence: what, where, what to do."""
    print(say(said), file=sys.stderr)
    return SAID


def surprise() -> int:
    """A traceback is for the log; a person gets its id and where it is written."""
    import tempfile
    from logging.handlers import RotatingFileHandler

    trace = os.urandom(3).hex()
    log = logging.getLogger()
    files: list[logging.FileHandler] = [
        handler for handler in log.handlers if isinstance(handler, RotatingFileHandler)
    ]
    if not files:
        handle, name = tempfile.mkstemp(prefix=f"packline-{trace}-", suffix=".log")
        os.close(handle)
        files = [logging.FileHandler(name)]
        log.addHandler(files[0])
    logging.getLogger("packline").exception("surprise %s", trace)
    print(say(message("cli.surprise", trace=trace, file=files[0].baseFilename)), file=sys.stderr)
    if os.environ.get("PACKLINE_DEBUG"):
        raise  # noqa: PLE0704 - called from the handler
    return SURPRISED


if __name__ == "__main__":
    sys.exit(main())
