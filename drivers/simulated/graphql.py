"""As much GraphQL as simulated shops need: one operation, its arguments, and what is selected.

An answer holds the selected fields and no others; a field the platform does not know is an error,
as there. Fragments are inline ones on a type only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\.\.\.|[{}()\[\]:!]|\$?[\w.-]+')


class Malformed(Exception):  # noqa: N818 - the platform's answer, not an error of ours
    """A query the platform does not understand."""


@dataclass(slots=True)
class Field:
    """One selected field."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    fields: list["Field"] = field(default_factory=list)
    on: str = ""
    """The type an inline fragment is for; then ``name`` is ""."""


@dataclass(slots=True)
class Operation:
    """What is asked for: ``query`` or ``mutation``, and its one root field."""

    kind: str
    root: Field


def parse(body: Mapping[str, Any]) -> Operation:
    """The operation of a request's body. Raises Malformed."""
    tokens = _TOKEN.findall(str(body.get("query") or ""))
    variables = body.get("variables")
    try:
        return _Parser(tokens, variables if isinstance(variables, dict) else {}).operation()
    except IndexError:
        raise Malformed("unexpected end of query") from None


def pick(fields: list[Field], value: Any) -> Any:
    """What of a value was selected. Raises Malformed for a field it does not have."""
    if isinstance(value, list):
        return [pick(fields, row) for row in value]
    if not isinstance(value, dict) or not fields:
        return value
    told: dict[str, Any] = {}
    for one in fields:
        if one.on:
            if one.on in (value.get("__typename"), value.get("__interface")):
                told |= pick(one.fields, value)
        elif one.name in value:
            told[one.name] = pick(one.fields, value[one.name])
        else:
            raise Malformed(f"Field '{one.name}' doesn't exist")
    return told


class _Parser:
    def __init__(self, tokens: list[str], variables: dict[str, Any]) -> None:
        self._tokens, self._variables = tokens, variables
        self._at = 0

    def operation(self) -> Operation:
        kind = self._next() if self._peek() != "{" else "query"
        while self._peek() != "{":
            if self._next() == "(":
                self._skip()
        fields = self._selection()
        if kind not in ("query", "mutation") or len(fields) != 1:
            raise Malformed("expected one query or mutation")
        return Operation(kind, fields[0])

    def _selection(self) -> list[Field]:
        self._next()
        found: list[Field] = []
        while self._peek() != "}":
            found.append(self._field())
        self._next()
        return found

    def _field(self) -> Field:
        name = self._next()
        if name == "...":
            self._next()
            return Field("", on=self._next(), fields=self._selection())
        one = Field(name)
        if self._peek() == "(":
            self._next()
            while self._peek() != ")":
                key = self._next()
                self._next()
                one.arguments[key] = self._value()
            self._next()
        if self._peek() == "{":
            one.fields = self._selection()
        return one

    def _value(self) -> Any:
        token = self._next()
        if token == "{":
            told = {}
            while self._peek() != "}":
                key = self._next()
                self._next()
                told[key] = self._value()
            self._next()
            return told
        if token == "[":
            listed = []
            while self._peek() != "]":
                listed.append(self._value())
            self._next()
            return listed
        if token.startswith("$"):
            return self._variables.get(token[1:])
        if token.startswith('"'):
            return token[1:-1]
        return int(token) if token.isdecimal() else {"true": True, "false": False}.get(token, token)

    def _skip(self) -> None:
        depth = 1
        while depth:
            depth += {"(": 1, ")": -1}.get(self._next(), 0)

    def _peek(self) -> str:
        return self._tokens[self._at]

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]
