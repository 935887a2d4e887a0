"""What the core has to say: a message id and its data. Sentences live in the catalogues."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence to be said to a person, not yet in any language."""

    id: str
    """Catalogue id such as ``scan.wrong_item``."""
    data: Mapping[str, object] = field(default_factory=dict)
    """Values for the sentence's ``{placeholders}``; a value may itself be a Message."""

    def __str__(self) -> str:
        """The untranslated form, for logs."""
        if not self.data:
            return self.id
        return f"{self.id}({', '.join(f'{k}={v}' for k, v in self.data.items())})"


def message(id: str, **data: object) -> Message:
    """A Message, written as it reads: ``message("scan.unknown", code=text)``."""
    return Message(id, data)


def pack(data: Mapping[str, object]) -> str:
    """A message's data as JSON, nested messages included; ``unpack`` reads it back."""

    def nested(value: object) -> object:
        if isinstance(value, Message):
            return {"message": value.id, "data": dict(value.data)}
        return str(value)

    return json.dumps(data, default=nested, ensure_ascii=False, sort_keys=True)


def unpack(text: str) -> dict[str, Any]:
    """What ``pack`` wrote."""

    def nested(found: dict[str, Any]) -> object:
        return Message(found["message"], found["data"]) if found.keys() == MESSAGE else found

    return dict(json.loads(text, object_hook=nested))


MESSAGE = {"message", "data"}
