"""One TOML table being read: every mistake in it names file, key and what is expected."""

import os
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from core.clock import millis
from core.errors import Problem
from core.messages import Message

SECRETS = frozenset(
    {"app_secret", "session", "secret", "key", "password", "refresh_token", "push_secret"}
)


class Table:
    """One TOML table being read: every mistake names file, key and what is expected."""

    def __init__(self, file: Path, name: str, values: object) -> None:
        self.file = file
        self.name = name
        if not isinstance(values, dict):
            raise self.wrong("", Message("config.expect_table"), values)
        self.values: dict[str, Any] = dict(values)
        self.secret = False

    def wrong(self, key: str, expected: str | Message, came: object) -> Problem:
        """What is wrong with a key."""
        where = f"{self.name}.{key}".strip(".")
        return Problem("config.wrong", file=str(self.file), key=where, expected=expected, came=came)

    def text(self, key: str, default: str | None = None, choices: tuple[str, ...] = ()) -> str:
        """A text; without a default it is required."""
        value = self.values.pop(key, default)
        if value is None:
            raise Problem(
                "config.missing", file=str(self.file), key=f"{self.name}.{key}".strip(".")
            )
        if not isinstance(value, str):
            raise self.wrong(key, "text", value)
        if choices and value not in choices:
            raise self.wrong(key, " | ".join(choices), value)
        return self.resolved(key, value)

    def resolved(self, key: str, value: str) -> str:
        """A value from the environment when it says so; remembers that a secret stands here."""
        if value.startswith("env:"):
            found = os.environ.get(value[4:])
            if found is None:
                raise Problem("config.no_variable", file=str(self.file), key=key, name=value[4:])
            return found
        if value and key in SECRETS:
            self.secret = True
        return value

    def number(self, key: str, default: int, least: int = 0) -> int:
        """A whole number."""
        value = self.values.pop(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise self.wrong(key, f">= {least}", value)
        return value

    def moment(self, key: str, zone: tzinfo) -> int:
        """A date with a time of the day, as text or as TOML has it; UTC ms, 0 when it is absent."""
        came = self.values.pop(key, "")
        told = self.resolved(key, came) if isinstance(came, str) else came
        if told == "":
            return 0
        try:  # a date alone does not say when
            if isinstance(told, str):
                told = datetime.fromisoformat(told if ":" in told else "")
        except ValueError:
            told = None
        if not isinstance(told, datetime):
            raise self.wrong(key, "2026-12-31 18:00", came)
        return millis(told if told.tzinfo else told.replace(tzinfo=zone))

    def flag(self, key: str, default: bool) -> bool:
        """Yes or no."""
        value = self.values.pop(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true | false", value)
        return value

    def texts(self, key: str, choices: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """A list of texts; empty when it is absent."""
        value = self.values.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, '["...", "..."]', value)
        for item in value:
            if choices and item not in choices:
                raise self.wrong(key, " | ".join(sorted(choices)), item)
        return tuple(value)

    def tables(self, key: str) -> list["Table"]:
        """A list of tables; empty when it is absent."""
        value = self.values.pop(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, f"[[{key}]]", value)
        return [Table(self.file, f"{key}[{n}]", item) for n, item in enumerate(value, 1)]

    def table(self, key: str) -> "Table | None":
        """A table; None when it is absent."""
        if key not in self.values:
            return None
        return Table(self.file, f"{self.name}.{key}".strip("."), self.values.pop(key))

    def finish(self) -> None:
        """Nothing may be left: a misspelt key must not pass for an absent one.

        What stands behind it is not repeated: it may be a secret.
        """
        for key, value in self.values.items():
            came = "***" if isinstance(value, str) else value
            raise self.wrong(key, Message("config.expect_known_key"), came)
