"""``packline sync``: follow the shops and drain the outbox without a screen."""

import argparse
import signal
import sys
import threading

from tui.commands.shared import works
from tui.words import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help=say("cli.sync.once"))


def run(arguments: argparse.Namespace) -> int:
    """Sync until told to stop, or once."""
    with works(arguments) as opened:
        if not opened.engine.shops:
            print(say("sync.no_shops"), file=sys.stderr)
        if arguments.once:
            return once(opened.engine)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: stop.set())
        opened.engine.start()
        print(say("sync.running"), flush=True)
        stop.wait()
        print(say("sync.stopping"), flush=True)
    return 0


def once(engine: object) -> int:
    """One round; the exit status says whether every shop answered."""
    from core.errors import Problem
    from core.messages import message
    from core.ports import CallFailed, Delivers
    from core.sync import Engine
    from core.sync.health import unwell
    from core.sync.outbox import recover
    from core.sync.pull import follow

    assert isinstance(engine, Engine)
    if not engine.lock.take():
        raise Problem("sync.elsewhere")
    engine.store.do(recover)
    failed = 0
    for shop in engine.shops.values():
        try:
            done = follow(engine.store, shop)
            print(say(message("sync.pulled", shop=shop.code, new=done.new, changed=done.changed)))
            if isinstance(shop.channel, Delivers):
                print(say(message("sync.delivers", shop=shop.code)))
        except CallFailed as failure:
            failed = 1
            unwell(engine.store, shop.policy.shop_id, failure)
            print(say(message("sync.failed", shop=shop.code, answer=str(failure))))
    engine.outbox.send_to_carrier()
    for shop in engine.shops.values():
        engine.outbox.send_to_shop(shop.policy.shop_id)
    for name, chore in engine.chores.items():
        if name.startswith("send:"):  # alerts to people
            chore()
    return failed
