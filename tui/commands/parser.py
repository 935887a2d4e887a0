"""Arguments as ``argparse`` reads them, help and mistakes in the language of the moment.

``argparse`` wraps by characters and speaks English; a Chinese line takes twice the cells.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

from core.messages import message
from tui.ink import pad, width_of, wrap
from tui.words import say

MISTAKES = {
    r"the following arguments are required: (?P<names>.+)": "cli.wrong.missing",
    r"unrecognized arguments: (?P<names>.+)": "cli.wrong.unknown",
    r"argument (?P<names>.+?): invalid choice: (?P<came>.+?) \(choose from (?P<known>.+)\)": (
        "cli.wrong.choice"
    ),
    r"argument (?P<names>.+?): expected (?:one|at least one) argument": "cli.wrong.value",
    r"argument (?P<names>.+?): invalid \S+ value: (?P<came>.+)": "cli.wrong.form",
    r"argument (?P<names>.+?): not allowed with argument (?P<came>.+)": "cli.wrong.both",
}
"""What ``argparse`` complains of -> our sentence; an unknown complaint is shown as it is."""


class Parser(argparse.ArgumentParser):
    """One command's arguments."""

    def __init__(self, *, commands: tuple[str, ...] = (), **told: Any) -> None:
        """``commands`` are listed below the help of the program itself."""
        super().__init__(
            **told,
            add_help=False,
            allow_abbrev=False,
            formatter_class=lambda prog: Page(prog, width=wide(), max_help_position=28),
        )
        self.commands = commands
        self._positionals.title = say("cli.words")
        self._optionals.title = say("cli.options")
        self.add_argument("-h", "--help", action="help", help=say("cli.help"))

    def format_help(self) -> str:
        return super().format_help() + self._list_of_commands()

    def _list_of_commands(self) -> str:
        if not self.commands:
            return ""
        rows = [f"  {pad(name, 16)}{say(f'cli.about.{name}')}" for name in self.commands]
        return "\n".join(["", f"{say('cli.commands')}:", *rows, "", say("cli.more"), ""])

    def error(self, text: str) -> NoReturn:
        """Say what is wrong with the words and leave with status 2."""
        self.print_usage(sys.stderr)
        print(f"{self.prog}: {said(text)}", file=sys.stderr)
        self.exit(2)


class Page(argparse.HelpFormatter):
    """Help measured in terminal cells."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Any,
        prefix: str | None = None,
    ) -> None:
        """The usage line, with our own word before it."""
        super().add_usage(usage, actions, groups, say("cli.usage") if prefix is None else prefix)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrap(text, width, 99)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = wrap(text, width - width_of(indent), 99)
        return "\n".join(indent + line for line in lines)


def wide() -> int:
    """Cells of a page of help, less the three our word for usage takes more than characters."""
    return min(80, shutil.get_terminal_size().columns) - 4


def said(complaint: str) -> str:
    """An ``argparse`` complaint in our words."""
    for pattern, id in MISTAKES.items():  # noqa: A001
        if match := re.fullmatch(pattern, complaint):
            return say(message(id, **match.groupdict()))
    return complaint
