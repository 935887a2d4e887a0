"""``packline people``: badges and roles."""

import argparse

from core import people
from core.messages import message
from tui.commands.shared import works
from tui.words import say


def arguments(parser: argparse.ArgumentParser) -> None:
    todo = parser.add_subparsers(dest="todo")
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
            for person in people.staff(opened.store.read):
                print(f"{person.badge:16} {say(f'role.{person.role}'):8} {person.name}")
    return 0
