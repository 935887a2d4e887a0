"""The command line: one sentence for every mistake, a log line for every surprise."""

import argparse
import importlib
import logging
import os
import secrets
import sys
from itertools import pairwise
from pathlib import Path

from core.errors import Problem

COMMANDS = {
    "run": "tui.commands.run",
    "sync": "tui.commands.sync",
    "import": "tui.commands.import_",
    "where": "tui.commands.where",
    "init": "tui.commands.init",
    "products": "tui.commands.products",
    "people": "tui.commands.people",
    "commands": "tui.commands.sheet",
    "backup": "tui.commands.upkeep",
    "restore": "tui.commands.upkeep",
    "doctor": "tui.commands.upkeep",
    "devices": "tui.commands.devices",
    "scale": "tui.commands.scale",
    "demo": "tui.commands.demo",
    "rehearse": "tui.commands.rehearse",
}
"""Command -> the module with its ``arguments(parser)`` and ``run(arguments) -> int``."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    name = words[0] if words and words[0] in COMMANDS else "run"
    language = speak(words)
    try:
        arguments = parse(name, words[1:] if words and words[0] == name else words)
        arguments.language = language
        return int(importlib.import_module(COMMANDS[name]).run(arguments))
    except Problem as problem:
        return complain(problem)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except Exception:  # noqa: BLE001 - the outermost edge: logged with an id by surprise()
        return surprise()


def parse(name: str, words: list[str]) -> argparse.Namespace:
    """The arguments of a command."""
    from tui.words import say

    parser = argparse.ArgumentParser(
        prog=f"packline {name}" if name != "run" else "packline",
        description=say(f"cli.{name}"),
        epilog=say("cli.commands") + " " + " ".join(COMMANDS) if name == "run" else None,
    )
    parser.add_argument("--config", type=Path, default=default_config(), help=say("cli.config"))
    parser.add_argument("--language", choices=("zh_CN", "en"), help=say("cli.language"))
    importlib.import_module(COMMANDS[name]).arguments(parser)
    arguments = parser.parse_args(words)
    arguments.command = name
    return arguments


def speak(words: list[str]) -> str:
    """The language of this command: asked for, else the environment's, else Chinese."""
    from tui.words import use

    asked = next((b for a, b in pairwise(words) if a == "--language"), "")
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", "")
    found = asked or ("en" if locale.startswith("en") else "zh_CN")
    use(found)
    return asked


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


def complain(problem: Problem) -> int:
    """One sentence: what, where, what to do."""
    from tui.words import say

    print(say(problem.message), file=sys.stderr)
    return 1


def surprise() -> int:
    """A traceback is for the log; a person gets its id."""
    from tui.words import say

    trace = secrets.token_hex(3)
    logging.getLogger("packline").exception("surprise %s", trace)
    print(say("cli.surprise").format(id=trace), file=sys.stderr)
    if os.environ.get("PACKLINE_DEBUG"):
        raise  # noqa: PLE0704 - called from the handler
    return 70


if __name__ == "__main__":
    sys.exit(main())
