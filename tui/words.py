"""Sentences for message ids, in the language of the moment.

Every ``.mo`` beside the catalogues is one domain; all are searched, so a room may keep its
sentences in its own file. A source checkout whose ``.mo`` is missing or stale is compiled in
memory; an installed wheel always carries them.
"""

import gettext
import io
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

import data
from core.messages import Message

LOCALES = Path(data.__file__ or "").parent / "locales"
FALLBACK = "en"

_log = logging.getLogger(__name__)
_missed: set[str] = set()


class _Choice:
    """The language in use; one per process, changed by ``use``."""

    language = "zh_CN"


_here: ContextVar[str] = ContextVar("language", default="")
"""The language of what this thread is writing, where it is not the screen's."""


def languages() -> tuple[str, ...]:
    """Languages that have catalogues, such as ``en`` and ``zh_CN``."""
    found = (folder.parent.name for folder in LOCALES.glob("*/LC_MESSAGES"))
    return tuple(sorted(found))


def use(language: str) -> None:
    """Speak this language from now on; an unknown one falls back to English."""
    _Choice.language = language if language in languages() else FALLBACK


def language() -> str:
    """The language in use."""
    return _here.get() or _Choice.language


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Say things in this language here, whatever the screen speaks: letters, messages."""
    before = _here.set(language if language in languages() else FALLBACK)
    try:
        yield
    finally:
        _here.reset(before)


def say(message: Message | str) -> str:
    """The sentence for a message; an unknown id comes back in brackets and is logged once."""
    if isinstance(message, str):
        message = Message(message)
    sentence = _sentence(language(), message.id)
    if sentence is None:
        return _miss(message.id)
    if not message.data and "{" not in sentence:
        return sentence
    try:
        return sentence.format_map(_Values(message.data))
    except (KeyError, IndexError, ValueError):
        return _miss(message.id)


def knows(id: str) -> bool:
    """Whether the language in use has a sentence for this id."""
    return _sentence(language(), id) is not None


def word(group: str, code: object) -> str:
    """The word for a code of a closed set, ``word("stage", "ready")``; the code when unknown."""
    id = f"{group}.{code}"  # noqa: A001
    return say(id) if knows(id) else str(code)


class _Values(dict[str, object]):
    """A message's data as a sentence takes it: each value is made readable when it is asked for."""

    def __init__(self, data: Mapping[str, object]) -> None:
        super().__init__()
        self._data = data

    def __missing__(self, name: str) -> object:
        return _Shown(self._data[name])


class _Shown:
    """A value in a sentence. ``{reason:hold}`` shows a code as the word of that group."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __format__(self, spec: str) -> str:
        value = self._value
        if not spec.replace(".", "").isidentifier() or isinstance(value, int | float):
            return format(_plain(value), spec)
        if isinstance(value, tuple | list | frozenset):
            return _join(word(spec, item) for item in value)
        return "" if value in (None, "") else word(spec, value)


def _plain(value: object) -> object:
    """A value as the sentence shows it: nested messages are said, lists are joined."""
    if isinstance(value, Message):
        return say(value)
    if isinstance(value, tuple | list | frozenset):
        return _join(str(_plain(item)) for item in value)
    return "" if value is None else value


def _join(parts: Iterable[str]) -> str:
    return ("、" if language().startswith("zh") else ", ").join(parts)


def _miss(id: str) -> str:
    if id not in _missed:
        _missed.add(id)
        _log.warning("no sentence for %s in %s", id, language())
    return f"[{id}]"


@cache
def _sentence(language: str, id: str) -> str | None:
    folder = LOCALES / language / "LC_MESSAGES"
    for name in _domains(folder):
        domain = _domain(folder, name)
        found = domain.gettext(id) if domain else id
        if found != id:
            return found
    return None


@cache
def _domains(folder: Path) -> list[str]:
    """The catalogues, those of the screens first: the others are read when one is missed there."""
    names = {path.stem for path in folder.glob("*.[mp]o")}
    return sorted(names, key=lambda name: (name not in ("tui", "core"), name))


@cache
def _domain(folder: Path, name: str) -> gettext.GNUTranslations | None:
    source, compiled = folder / f"{name}.po", folder / f"{name}.mo"
    fresh = compiled.exists() and (
        not source.exists() or compiled.stat().st_mtime >= source.stat().st_mtime
    )
    binary = compiled.read_bytes() if fresh else _compile(source, compiled)
    return gettext.GNUTranslations(io.BytesIO(binary)) if binary else None


def _compile(source: Path, stale: Path) -> bytes:
    """The catalogue compiled in memory; the stale file, or nothing, where Babel is missing."""
    try:
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po
    except ImportError:
        return stale.read_bytes() if stale.exists() else b""
    binary = io.BytesIO()
    with source.open("rb") as file:
        write_mo(binary, read_po(file))
    return binary.getvalue()


def forget() -> None:
    """Read the catalogues again; for tests that write their own."""
    _sentence.cache_clear()
    _domains.cache_clear()
    _domain.cache_clear()


def filled(id: str, values: Mapping[str, object]) -> str:
    """``say`` for values held in a mapping."""
    return say(Message(id, values))
