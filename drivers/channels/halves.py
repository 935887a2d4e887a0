"""A listing behind an opaque cursor, read so that the cursor need not be trusted.

Nobody says what a cursor does when rows leave the window while it is read. One page is one look,
and a look misses nothing: a window that does not fit on one page is halved until it does.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from core.ports import CallFailed, Fault

_MOST_PAGES = 1_000
_MOST_WALKS = 5


class Page(NamedTuple):
    """One page of a window."""

    numbers: tuple[str, ...]
    cursor: str
    """Where the next page begins; "" when there is none."""


Ask = Callable[[int, int, str], Page]
"""(since, until, cursor) -> the page; both ends in whole seconds and in the window."""


def halved(since: int, until: int, ask: Ask) -> Iterator[tuple[str, ...]]:
    """Every page of a window. Raises CallFailed."""
    page = ask(since, until, "")
    if not page.cursor:
        yield page.numbers
    elif since < until:
        middle = (since + until) // 2
        yield from halved(since, middle, ask)
        yield from halved(middle + 1, until, ask)
    else:
        yield from _walked(since, ask)


def _walked(at: int, ask: Ask) -> Iterator[tuple[str, ...]]:
    """One second with more orders than a page: walked until a walk brings nothing new."""
    known: set[str] = set()
    for _ in range(_MOST_WALKS):
        new: list[str] = []
        for page in _pages(at, ask):
            new += [number for number in page if number not in known]
        if not new:
            return
        known.update(new)
        yield tuple(new)
    raise CallFailed(Fault.TRANSIENT, "endless", f"{_MOST_WALKS} walks of one second differ")


def _pages(at: int, ask: Ask) -> Iterator[tuple[str, ...]]:
    cursor = ""
    for _ in range(_MOST_PAGES):
        page = ask(at, at, cursor)
        yield page.numbers
        if not page.cursor:
            return
        cursor = page.cursor
    raise CallFailed(Fault.TRANSIENT, "endless", f"more than {_MOST_PAGES} pages")
