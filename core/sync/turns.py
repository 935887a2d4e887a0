"""Whose turn it is at one shop: reporting parcels, then new orders, then checking the books.

A platform counts calls per shop. Work of a lower rank waits between two of its calls while work of
a higher one is going on, but never for long: a hanging call must not stop the rest.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

SHIP, ORDERS, RECONCILE = 0, 1, 2
LONGEST_S = 30.0
"""Real seconds that anybody gives way at most between two calls."""


class Turns:
    """The order of work at one shop; safe across threads."""

    def __init__(self) -> None:
        self._at_work: Counter[int] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def at(self, rank: int) -> Iterator[None]:
        """Work of that rank is going on."""
        with self._changed:
            self._at_work[rank] += 1
        try:
            yield
        finally:
            with self._changed:
                self._at_work[rank] -= 1
                self._changed.notify_all()

    def give_way(self, rank: int) -> None:
        """Wait while more urgent work is going on."""
        deadline = time.monotonic() + LONGEST_S
        with self._changed:
            while self._urgent(rank) and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)

    def _urgent(self, rank: int) -> bool:
        return any(self._at_work[higher] for higher in range(rank))
