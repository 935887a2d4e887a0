"""What a bench remembers across a crash: its state as JSON, without what the orders tell.

Counts and marks are read from the order again; only what lives nowhere else is kept here.
"""

import json
from dataclasses import dataclass, fields
from enum import Enum
from functools import cache, lru_cache
from typing import Any

from core.floor import changes, state, values, work
from core.floor.changes import Undoable
from core.floor.replacing import replace
from core.floor.state import Asking, BenchState
from core.floor.work import Box, Work
from core.messages import Message

_CLASSES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        changes.Picked,
        changes.Shorted,
        changes.Verified,
        changes.Weighed,
        state.Question,
        state.Reading,
        values.Choice,
        values.Outcome,
        work.Box,
        work.Operator,
        Message,
        Asking,
        values.Tone,
    )
}
_SIMPLE = frozenset({str, int, bool, type(None)})
FORGOTTEN = frozenset({"station", "work", "error_lock", "last_command", "last_command_at", "backs"})
"""Told by the station, the store and the settings, or worth nothing after a restart."""
APART = FORGOTTEN | {"trail"}
"""Not written field by field."""
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class InHand:
    """What the bench alone knows of the order in hand."""

    order_id: int
    at_bin: str
    box: Box | None
    note_open: bool
    unread: tuple[Message, ...]
    verified_at: int
    coded: tuple[tuple[int, int, int], ...]
    """(line id, units, grams) of weighed goods."""

    @classmethod
    def of(cls, held: Work) -> "InHand":
        """The part of an order worth keeping."""
        coded = tuple((x.line_id, x.coded_units, x.coded_g) for x in held.lines if x.coded_units)
        return cls(
            *(held.order_id, held.at_bin, held.box, held.note_open, held.unread),
            *(held.verified_at, coded),
        )

    def onto(self, fresh: Work) -> Work:
        """The same order as the store has it now, with what the bench knows of it."""
        coded = {line_id: (units, grams) for line_id, units, grams in self.coded}
        lines = tuple(
            replace(
                line,
                coded_units=coded.get(line.line_id, (0, 0))[0],
                coded_g=coded.get(line.line_id, (0, 0))[1],
            )
            for line in fresh.lines
        )
        return replace(
            fresh,
            lines=lines,
            at_bin=self.at_bin,
            box=self.box,
            note_open=fresh.note_open and self.note_open,
            unread=self.unread,
            verified_at=self.verified_at,
        )


_CLASSES["InHand"] = InHand


@dataclass(frozen=True, slots=True)
class Kept:
    """A remembered bench."""

    state: BenchState
    in_hand: InHand | None
    last_order: int | None
    seq: int


def dump(bench: BenchState, last_order: int | None, seq: int) -> str:
    """The state as text. A question between two meanings is asked again by scanning again."""
    question = bench.question
    if question is not None and question.asking is Asking.WHICH:
        bench = replace(bench, question=None)
    kept = {
        name: _plain(getattr(bench, name))
        for name, default in _fields(BenchState)
        if name not in APART and getattr(bench, name) != default
    }
    if bench.work is not None:
        kept["in_hand"] = _plain(InHand.of(bench.work))
    kept |= {"last_order": last_order, "seq": seq}
    text = _json(kept)
    return f'{text[:-1]},"trail":[{",".join(map(_group, bench.trail))}]}}' if bench.trail else text


def load(text: str, bench: BenchState) -> Kept:
    """What was kept, laid over a fresh bench. Raises ValueError when it cannot be read."""
    try:
        kept = {key: _value(value) for key, value in json.loads(text).items()}
        in_hand, last_order, seq = (kept.pop(k, None) for k in ("in_hand", "last_order", "seq"))
        return Kept(replace(bench, **kept), in_hand, last_order, seq or 0)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(str(error)) from error


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _SIMPLE:
        return value
    if kind is tuple:
        return [_plain(each) for each in value]
    if kind is Message:
        data = {key: _plain(each) for key, each in value.data.items()}
        return {"": "Message", "id": value.id, "data": data}
    if isinstance(value, Enum):
        return {"": kind.__name__, "value": value.value}
    return _plain_fields(value)


@lru_cache(maxsize=1024)
def _group(group: tuple[Undoable, ...]) -> str:
    """One step of the undo trail, which is written with every scan and changes by its end only."""
    return _json(_plain(group))


def _plain_fields(value: Any) -> dict[str, Any]:
    """A dataclass without the fields that stand at their default."""
    plain = {"": type(value).__name__}
    for name, default in _fields(value.__class__):
        each = getattr(value, name)
        if each != default:
            plain[name] = _plain(each)
    return plain


@cache
def _fields(kind: type) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, field.default) for field in fields(kind))


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return tuple(_value(each) for each in plain)
    if not isinstance(plain, dict):
        return plain
    named = {key: _value(each) for key, each in plain.items() if key}
    return _CLASSES[plain[""]](**named) if "" in plain else named
