"""``packline shop add``: one question after the other, then a ``[[shops]]`` table in the file."""

import argparse
import getpass
import os
import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path

from core.config import SECRETS, read_config
from core.errors import Problem
from core.messages import message
from tui.commands.shared import spoken
from tui.commands.toml_edit import value
from tui.words import say, word

FIELDS = (
    *("channel", "code", "name", "url", "app_key", "app_secret", "session", "refresh_token"),
    "folder",
)
"""What is asked, in this order."""
NEEDED = ("channel", "code", "name")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,19}")
FILES_ONLY = ("url", "app_key", "app_secret", "session", "refresh_token")


def add(arguments: argparse.Namespace) -> int:
    """Ask what is not given, check it as a whole, write it. Raises Problem."""
    config = spoken(arguments)
    told = {name: getattr(arguments, name) for name in FIELDS}
    guided = told["channel"] is None or told["code"] is None
    if guided:
        print(say("shop.add.hello"))
    for name in FIELDS:
        if told[name] is None:
            skip = name in FILES_ONLY[1:] and not told["url"]
            told[name] = ask(name, told) if guided and not skip else ""
        told[name] = "" if told[name] == "-" else told[name]
        check(name, told[name], {shop.code for shop in config.shops})
    write(config.path, {"tier": "standard"} | {k: v for k, v in told.items() if v})
    print(say(message("shop.add.done", code=told["code"], file=str(config.path))))
    if told["url"]:
        print(f"  packline shop test {told['code']}")
    return 0


def ask(name: str, told: dict[str, str]) -> str:
    """One answer; an empty one takes what is proposed. Raises Problem at the end of input."""
    proposed = proposal(name, told)
    prompt = f"{say(f'shop.ask.{name}')}{f' [{proposed}]' if proposed else ''}: "
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
    module = "taobao" if channel == "tmall" else channel
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
