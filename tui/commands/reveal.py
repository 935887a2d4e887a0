"""``packline reveal NUMBER``: who a hidden receiver is, asked of the shop, kept nowhere."""

import argparse

from core.messages import message
from tui.commands.shared import acting, add_reason, the_order, works
from tui.words import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", metavar="NUMBER", help=say("cli.where.number"))
    add_reason(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask, print the receiver once, leave an event without them. Raises Problem."""
    from core.sync.reveal import reveal

    with works(arguments) as opened:
        read = opened.store.read
        actor = acting(read, arguments.badge)
        row = read.one("SELECT number FROM orders WHERE id = ?", the_order(read, arguments.number))
        assert row is not None
        shops = opened.engine.shops
        told = reveal(opened.store, shops, row["number"], arguments.reason, actor)
    if told.refetched:
        print(say(message("reveal.refetched", number=told.number)))
    who = told.receiver
    place = " ".join(part for part in (who.province, who.city, who.district, who.address) if part)
    print(f"{who.name}  {who.phone}  {place}")
    return 0
