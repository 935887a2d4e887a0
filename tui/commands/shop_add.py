"""``packline shop add``: one question after the other, then a ``[[shops]]`` table in the file."""

import argparse
import getpass
import os
import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from core.config import SECRETS, Config, read_config
from core.errors import Problem
from core.messages import Message, message
from core.ports import CallFailed, Delivers
from tui.commands.shared import spoken
from tui.commands.toml_edit import value
from tui.words import knows, say, word

FIELDS = (
    *("channel", "code", "name", "url", "platform", "app_key", "app_secret", "session"),
    *("refresh_token", "session_ends", "push_path", "push_secret", "folder"),
)
"""What is asked, in this order."""
NEEDED = ("channel", "code", "name")
MOMENT = re.compile(r"env:\w+|\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})?")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,19}")
FILES_ONLY = ("url", "platform", "app_key", "app_secret", "session", "refresh_token")
BEHIND = "kuaidi100"
"""The channel of shops that are reached through an aggregator."""
SCOPED = "shopify"
"""The channel whose token sees no more than its app was allowed."""
PLAIN_NOWHERE = "woocommerce"
"""The channel whose keys are refused without TLS."""
HERE = ("127.0.0.1", "localhost", "::1")
OPTIONS_ONLY = ("push_path", "push_secret")
ENDING = ("jd", "taobao", "tmall")
"""Channels whose sessions must be renewed, or authorised anew, before they end."""


def add(arguments: argparse.Namespace) -> int:
    """Ask what is not given, check it as a whole, write it. Raises Problem."""
    config = spoken(arguments)
    told = {name: getattr(arguments, name) for name in FIELDS}
    guided = told["channel"] is None or told["code"] is None
    if guided:
        print(say("shop.add.hello"))
    for name in FIELDS:
        if told[name] is None:
            if guided and name == "session" and told["channel"] == BEHIND:
                print(say(authorise(told, config)))
            if guided and name == "session" and told["channel"] == SCOPED and told["url"]:
                print(say(scopes()))
            asked = guided and not is_skipped(name, told)
            told[name] = ask(name, told) if asked else unasked(name, told, config)
        told[name] = "" if told[name] == "-" else told[name]
        check(name, told[name], {shop.code for shop in config.shops})
    check_plain(told["channel"], told["url"])
    if told["channel"] == BEHIND:
        check_platform(told["platform"])
    write(config.path, {"tier": "standard"} | {k: v for k, v in told.items() if v})
    print(say(message("shop.add.done", code=told["code"], file=str(config.path))))
    if told["channel"] == BEHIND and (config.push is None or not config.push.url):
        print(say(message("shop.add.no_door", path=f"/{told['code']}")))
    if told["url"]:
        print(f"  packline shop test {told['code']}")
    return 0


def is_skipped(name: str, told: dict[str, str]) -> bool:
    """Whether a question makes no sense for this shop."""
    behind = told["channel"] == BEHIND
    return (
        (name in FILES_ONLY[1:] and not told["url"])
        or (name == "platform" and not behind)
        or (name in ("refresh_token", "folder") and behind)
        or (name == "session_ends" and not (told["session"] and told["channel"] in ENDING))
        or name in OPTIONS_ONLY
    )


def unasked(name: str, told: dict[str, str], config: Config) -> str:
    """What stands for an answer nobody was asked for: an aggregator rings at the shop's code."""
    has_door = config.push is not None and told["channel"] == BEHIND
    return f"/{told['code']}" if name == "push_path" and has_door else ""


def authorise(told: dict[str, str], config: Config) -> Message:
    """Where the merchant allows the aggregator to read the shop, or why that is not known."""
    from core.clock import SystemClock
    from core.config import ShopConfig
    from tui.wiring import channel_of

    known = {name: told[name] for name in FIELDS[: FIELDS.index("session")]}
    known["app_secret"] = secret_of(known["app_secret"])
    shop = ShopConfig(**known, push_path=unasked("push_path", told, config))  # type: ignore[arg-type]
    channel = channel_of(shop, config, SystemClock(config.zone))
    assert isinstance(channel, Delivers)
    try:
        return message("shop.add.authorise", url=channel.authorize_url())
    except CallFailed as failure:
        return message("shop.add.no_authorise", answer=str(failure))


def scopes() -> Message:
    """What the app must be allowed before it gets its token."""
    from drivers.channels.shopify import SCOPES

    return message("shop.add.scopes", scopes=" ".join(SCOPES))


def check_plain(channel: str, url: str) -> None:
    """Whether keys may go to that address; a simulated shop on this machine has no TLS. Raises
    Problem."""
    parts = urlsplit(url)
    if channel == PLAIN_NOWHERE and parts.scheme == "http" and parts.hostname not in HERE:
        raise Problem("shop.add.plain", came=url)


def secret_of(text: str) -> str:
    """A secret as it is written in the file: itself, or the name of a variable."""
    return os.environ.get(text[4:], "") if text.startswith("env:") else text


def check_platform(platform: str) -> None:
    """Whether the aggregator knows the platform. Raises Problem."""
    from drivers.channels.kuaidi100_shop import PLATFORMS

    if platform not in PLATFORMS:
        raise Problem("shop.add.platform", came=platform or "-", known=" ".join(PLATFORMS))


def ask(name: str, told: dict[str, str]) -> str:
    """One answer; an empty one takes what is proposed. Raises Problem at the end of input."""
    proposed = proposal(name, told)
    special = f"shop.ask.{name}.{told['channel']}"
    question = say(special if knows(special) else f"shop.ask.{name}")
    prompt = f"{question}{f' [{proposed}]' if proposed else ''}: "
    try:
        hidden = name in SECRETS and sys.stdin.isatty()
        answer = getpass.getpass(prompt) if hidden else input(prompt)
    except EOFError as error:
        raise Problem("shop.add.unfinished") from error
    return answer.strip() or proposed


def proposal(name: str, told: dict[str, str]) -> str:
    """What is usual: the platform's own address, the channel's name."""
    if name == "url":
        return gateway(told["channel"])
    return word("channel", told["channel"]) if name == "name" else ""


def gateway(channel: str) -> str:
    """Where a platform is called; "" when every shop has an address of its own."""
    module = {"tmall": "taobao", BEHIND: "kuaidi100_shop"}.get(channel, channel)
    try:
        return str(getattr(import_module(f"drivers.channels.{module}"), "GATEWAY", ""))
    except ImportError:
        return ""


def check(name: str, answer: str, taken: set[str]) -> None:
    """Whether an answer can stand. Raises Problem."""
    from drivers.channels import CHANNELS

    if not answer:
        if name in NEEDED:
            raise Problem("shop.add.needed", what=say(f"shop.ask.{name}"))
    elif name == "channel" and answer not in (*CHANNELS, "groupbuy", "youzan"):
        raise Problem("shop.add.channel", came=answer, known=" ".join(CHANNELS))
    elif name == "code" and not CODE.fullmatch(answer):
        raise Problem("shop.add.code", came=answer)
    elif name == "code" and answer in taken:
        raise Problem("shop.add.taken", code=answer)
    elif name == "session_ends" and not MOMENT.fullmatch(answer):
        raise Problem("shop.add.session_ends", came=answer)
    elif name == "url" and not answer.startswith(("https://", "http://")):
        raise Problem("shop.add.url", came=answer)


def write(path: Path, table: dict[str, str]) -> None:
    """Add the table at the end of the file, which then is its owner's alone.

    Everything else stays as it was; a file that would not read as meant is not touched. Raises
    Problem.
    """
    before = path.read_text(encoding="utf-8")
    block = "\n".join(["[[shops]]", *(f"{key} = {value(text)}" for key, text in table.items())])
    after = f"{before.rstrip()}\n\n{block}\n"
    meant = tomllib.loads(before)
    meant.setdefault("shops", []).append(table)
    try:
        reads = tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        reads = {}
    if reads != meant:
        raise Problem("shop.add.by_hand", file=str(path), block=block)
    real = path.resolve()
    partial = real.with_name(real.name + ".part")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(handle, 0o600)
            file.write(after)
            file.flush()
            os.fsync(handle)
        read_config(partial)
        partial.replace(real)
    except Problem as problem:
        raise Problem(problem.message.id, **{**problem.message.data, "file": str(path)}) from None
    finally:
        partial.unlink(missing_ok=True)
