"""``packline shop``: add a shop, try whether it answers, and how the shops are."""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from core.clock import Clock, SystemClock, local
from core.config import Config
from core.errors import Problem
from core.messages import Message, message
from core.ports import CallFailed, Channel, Delivers, Fault
from tui.commands.lines import Page
from tui.commands.shared import add_json, print_json, reading, spoken, works
from tui.story import trouble_of
from tui.words import say, word

if TYPE_CHECKING:
    from core.sync.health import ShopHealth
    from core.watch.sessions import Session

T = TypeVar("T")
MOST_DAYS = 90
"""Platforms keep about three months."""
FAR_OFF_S = 300
"""A clock this far from the platform's is said to be wrong; calls are still signed with theirs."""
AGGREGATORS = ("kuaidi100",)
"""Channels that stand between us and a shop's platform."""
Step = tuple[bool, Message]


def arguments(parser: argparse.ArgumentParser) -> None:
    from tui.commands.shop_add import FIELDS

    todo = parser.add_subparsers(dest="todo", metavar="TODO", required=True)
    add = todo.add_parser("add", help=say("cli.shop.add"))
    for name in FIELDS:
        add.add_argument(f"--{name.replace('_', '-')}", dest=name, help=say(f"cli.shop.{name}"))
    test = todo.add_parser("test", help=say("cli.shop.test"))
    test.add_argument("code", metavar="CODE", help=say("cli.shop.code"))
    status = todo.add_parser("status", help=say("cli.shop.status"))
    add_json(status)
    again = todo.add_parser("backfill", help=say("cli.shop.backfill"))
    again.add_argument("code", metavar="CODE", help=say("cli.shop.code"))
    again.add_argument("--days", type=int, default=30, metavar="N", help=say("cli.shop.days"))


def run(arguments: argparse.Namespace) -> int:
    """Add, try, or list."""
    if arguments.todo == "add":
        from tui.commands.shop_add import add

        return add(arguments)
    if arguments.todo == "test":
        return test(spoken(arguments), arguments.code)
    if arguments.todo == "backfill":
        return backfill(arguments)
    return status(arguments)


def backfill(arguments: argparse.Namespace) -> int:
    """Have a shop's past read once more, beside what is new; nothing is taken in twice."""
    from core.sync import progress

    with works(arguments) as opened:
        shop_id = opened.place.shops.get(arguments.code)
        if shop_id is None:
            known = " ".join(opened.place.shops) or "-"
            raise Problem("shop.not_reached", code=arguments.code, known=known)
        days = max(1, min(arguments.days, MOST_DAYS))
        since = opened.clock.now() - days * progress.DAY_MS
        if not opened.store.do(lambda tx: progress.backfill(tx, shop_id, since)):
            raise Problem("shop.no_past", shop=arguments.code)
    print(say(message("shop.backfill", shop=arguments.code, days=days)))
    return 0


# --- does it answer? ------------------------------------------------------------------------------


def test(config: Config, code: str) -> int:
    """Ask the shop a few harmless things, a line each; exit status 1 when one goes wrong."""
    from tui.wiring import callback_of, channel_of, session_of

    clock = SystemClock(config.zone)
    for shop in config.shops:
        if shop.code == code and shop.url:
            wrong = 0
            channel = channel_of(shop, config, clock)
            told = (
                trials_behind(channel, callback_of(shop, config))
                if isinstance(channel, Delivers)
                else trials(channel, clock)
            )
            for well, said in told:
                print(f"{'✓' if well else '✗'} {say(said)}", flush=True)
                wrong += not well
            session = session_of(shop, config)  # as the trials may have renewed it
            if session.ends_at:
                well, said = (
                    not session.worries(clock.now()),
                    session_said(session, config, clock.now()),
                )
                print(f"{'✓' if well else '✗'} {say(said)}", flush=True)
            return 1 if wrong else 0
    known = " ".join(shop.code for shop in config.shops if shop.url) or "-"
    raise Problem("shop.not_reached", code=code, known=known)


def trials(channel: Channel, clock: Clock) -> Iterator[Step]:
    """The key, the clock, a listing, an order; the first refusal ends it."""
    until = channel.server_now() - channel.rules.delay_s * 1000
    width = min(channel.rules.span_s, 1800) * 1000
    try:
        numbers, ms = timed(lambda: next(iter(channel.changes(until - width, until)), ()))
    except CallFailed as failure:
        yield refused("shop.test.key", failure)
        return
    yield True, message("shop.test.key")
    off = round((channel.server_now() - clock.now()) / 1000)
    yield abs(off) < FAR_OFF_S, message("shop.test.clock", seconds=off)
    yield True, message("shop.test.listing", n=len(numbers), minutes=width // 60_000, ms=ms)
    if not numbers:
        yield True, message("shop.test.no_order")
        return
    try:
        order, ms = timed(lambda: channel.detail(numbers[0]))
    except CallFailed as failure:
        yield refused("shop.test.detail", failure)
        return
    yield True, message("shop.test.order", number=order.number, lines=len(order.lines), ms=ms)


def trials_behind(channel: Delivers, callback: str) -> Iterator[Step]:
    """The key of an aggregator, where to authorise the shop, and where its orders arrive."""
    try:
        url = channel.authorize_url()
    except CallFailed as failure:
        yield refused("shop.test.key", failure)
        return
    yield True, message("shop.test.authorise", url=url)
    door = message("shop.test.door", url=callback) if callback else message("shop.test.no_door")
    yield bool(callback), door


def timed(work: Callable[[], T]) -> tuple[T, int]:
    """What a piece of work gives, and the milliseconds it took."""
    began = time.monotonic()
    return work(), round((time.monotonic() - began) * 1000)


def refused(step: str, failure: CallFailed) -> Step:
    """What did not work, what the platform said, and what to do."""
    advice = Message(f"fault.{failure.fault.value}")
    return False, message(f"{step}_refused", answer=str(failure), advice=advice)


# --- how are they? --------------------------------------------------------------------------------


def status(arguments: argparse.Namespace) -> int:
    """Every shop: how fresh, what is left of the past, what it answered, its token, its books."""
    from core.sync import health

    with reading(arguments) as (config, read):
        shops = health.shops(read)
        now = SystemClock().now()
        ends = sessions_of(config)
    if arguments.json:
        told = [asdict(shop) | {"token_ends_at": token_ends(ends, shop.code)} for shop in shops]
        print_json(told)
    else:
        print(page(shops, ends, config, now))
    return 0


def sessions_of(config: Config) -> "dict[str, Session]":
    """How long each shop can be called, by its code."""
    from tui.wiring import session_of

    return {shop.code: session_of(shop, config) for shop in config.shops if shop.url}


def token_ends(sessions: "dict[str, Session]", code: str) -> int:
    """When a shop's token ends, UTC milliseconds; 0 when nobody knows."""
    return sessions[code].ends_at if code in sessions else 0


def page(shops: "list[ShopHealth]", ends: "dict[str, Session]", config: Config, now: int) -> str:
    """A head for each shop, and what there is to say about it."""
    page = Page()
    for shop in shops:
        page.head(f"{shop.code}  {shop.name}", word("channel", shop.channel))
        for said in facts(shop, ends.get(shop.code), config, now):
            page.line(say(said), indent=4)
    return page.text()


def facts(
    shop: "ShopHealth", ends: "Session | None", config: Config, now: int
) -> Iterator[Message]:
    """The sentences about one shop."""

    def when(at: int) -> str:
        return local(at, config.zone).strftime("%m-%d %H:%M")

    if shop.channel in AGGREGATORS:
        yield message("shop.through", channel=shop.channel)
    if shop.fresh_at is None:
        yield message("shop.never")
    else:
        yield message(
            "shop.fresh", at=when(shop.fresh_at), minutes=max(0, now - shop.fresh_at) // 60_000
        )
    if shop.left_ms:
        yield message("shop.past", hours=-(-shop.left_ms // 3_600_000))
    if shop.down_since is not None:
        yield message("shop.down", at=when(shop.down_since), answer=shop.answer)
        if shop.fault in {fault.value for fault in Fault}:
            yield trouble_of(shop.fault, shop.answer)
    if shop.pushes is not None:
        pushes = shop.pushes
        if pushes.last_at is None:
            yield message("shop.push_none", refused=pushes.refused)
        else:
            told = {"taken": pushes.taken, "refused": pushes.refused, "waiting": pushes.waiting}
            yield message("shop.push", at=when(pushes.last_at), **told)
    if ends is not None and ends.ends_at:
        yield session_said(ends, config, now)
    if shop.books is not None:
        yield message(
            "shop.books",
            at=when(shop.books.at),
            platform=shop.books.platform,
            here=shop.books.here,
            unexplained=shop.books.unexplained,
        )


def session_said(session: "Session", config: Config, now: int) -> Message:
    """When a shop's session ends, and whether somebody must do something about it."""
    at = local(session.ends_at, config.zone).strftime("%Y-%m-%d %H:%M")
    if now >= session.ends_at:
        return message("shop.token_ended", at=at)
    if session.renewed_from is None or session.worries(now):
        return message("shop.token_ends", at=at)
    return message("shop.token", at=at)
