"""A listing by page number, read from its last page to its first.

Orders that change while a window is read leave it, and the rows behind them move towards the first
page. Read forwards, such rows slip past; read backwards, some are seen twice and none is missed.
"""

import logging
from collections.abc import Iterator

from core.ports import CallFailed, Fault

log = logging.getLogger(__name__)

_WALK = 50
"""Pages that may have come into a window since they were counted."""

Page = tuple[tuple[str, ...], bool]
"""The order numbers of a page, and whether there is one behind it."""


class Backwards:
    """One listing of changes between two moments. A platform says how a page is asked for."""

    def __init__(self, size: int) -> None:
        self._size = size

    def _total(self) -> int:
        """How many orders the window holds now. Raises CallFailed."""
        raise NotImplementedError

    def _page(self, page: int) -> Page:
        """A page, counted from 1. Raises CallFailed."""
        raise NotImplementedError

    def pages(self, total: int | None = None) -> Iterator[tuple[str, ...]]:
        """Every page of the window, the later ones first; ``total`` when it was just asked for."""
        total = self._total() if total is None else total
        last = -(-total // self._size)
        if not last:
            return
        yield from self._newcomers(last, total)
        for page in range(last - 1, 0, -1):
            yield self._full(page, total)[0]

    def _newcomers(self, last: int, total: int) -> Iterator[tuple[str, ...]]:
        """The last page that was counted, and those behind it that became visible since."""
        numbers, more = self._full(last, total)
        found = [numbers]
        for page in range(last + 1, last + 1 + _WALK):
            if not more:
                break
            numbers, more = self._page(page)
            more = more and bool(numbers)
            found.append(numbers)
        else:
            raise CallFailed(Fault.TRANSIENT, "endless", f"more than {_WALK} pages after the last")
        yield from reversed(found)

    def _full(self, page: int, total: int) -> Page:
        """A page as full as the count says: an empty list can be a hidden failure.

        A page that stays short when asked again is believed, or one wrong count would stop the
        shop for good; one that stays empty is not.
        """
        numbers, more = self._page(page)
        if len(numbers) >= self._due(page, total) or len(numbers) >= self._due(page, self._total()):
            return numbers, more
        if numbers and self._page(page)[0] == numbers:
            log.warning("page %d holds %d orders, the count said more", page, len(numbers))
            return numbers, more
        raise CallFailed(Fault.TRANSIENT, "short_page", f"page {page} holds {len(numbers)}")

    def _due(self, page: int, total: int) -> int:
        return max(0, min(self._size, total - (page - 1) * self._size))


def whole(told: object, name: str) -> int:
    """A count of a listing. Raises CallFailed when it is none."""
    if not isinstance(told, int | str) or not str(told).isdecimal():
        raise CallFailed(Fault.TRANSIENT, "no_total", f"expected {name}")
    return int(told)


def numbers_in(listed: object, key: str, page: int) -> tuple[str, ...]:
    """The order numbers of a page's rows. Raises CallFailed for a row without one."""
    told = [] if listed is None else listed
    if not isinstance(told, list):
        raise CallFailed(Fault.TRANSIENT, "bad_rows", f"page {page}")
    found = tuple(str(row.get(key) or "") for row in told if isinstance(row, dict))
    if len(found) != len(told) or not all(found):
        raise CallFailed(Fault.TRANSIENT, "bad_rows", f"page {page}")
    return found
