"""``packline people``: badges and roles."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict

from core import people
from core.messages import message
from tui.commands.shared import add_json, print_json, works
from tui.ink import pad
from tui.words import say


def arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)
    todo = parser.add_subparsers(dest="todo", metavar="TODO")
    new = todo.add_parser("add", help=say("cli.people.add"))
    new.add_argument("badge", help=say("cli.people.badge"))
    new.add_argument("name", help=say("cli.people.name"))
    new.add_argument("--role", choices=people.ROLES, default="packer", help=say("cli.people.role"))
    gone = todo.add_parser("retire", help=say("cli.people.retire"))
    gone.add_argument("badge", help=say("cli.people.badge"))


def run(arguments: argparse.Namespace) -> int:
    """Add, retire, or list."""
    with works(arguments) as opened:
        if arguments.todo == "add":
            person = opened.store.do(
                lambda tx: people.add(tx, arguments.badge, arguments.name, arguments.role)
            )
            print(say(message("people.added", name=person.name, badge=person.badge)))
        elif arguments.todo == "retire":
            opened.store.do(lambda tx: people.retire(tx, arguments.badge))
            print(say(message("people.retired", badge=arguments.badge)))
        else:
            show(people.staff(opened.store.read), as_json=arguments.json)
    return 0


def show(staff: Sequence[people.Operator], *, as_json: bool) -> None:
    """Everybody who works here."""
    if as_json:
        print_json([asdict(person) for person in staff])
        return
    for person in staff:
        print(f"{pad(person.badge, 16)} {pad(say(f'role.{person.role}'), 10)} {person.name}")
    if not staff:
        print(say("people.none"))
