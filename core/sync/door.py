"""The door for pushed messages, kept open while this process syncs.

A port that cannot be had stops nothing else: a person is told once, and it is tried again.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from core.errors import Problem
from core.ports import Pushed
from core.store import Store
from core.store.store import BACKGROUND
from core.sync import hints
from core.watch import close_alert, raise_alert

log = logging.getLogger(__name__)


Keep = Callable[[str, Pushed], object]
"""Takes what a shop, by its code, said."""


class Bell(Protocol):
    """The listener, as the door uses it."""

    @property
    def url(self) -> str:
        """Where it listens."""

    def open(self) -> None:
        """Listen. Raises Problem."""

    def close(self) -> None:
        """Stop listening."""

    def refusals(self) -> Mapping[str, int]:
        """Requests with a wrong signature by shop since the last look."""


class Door:
    """Opens the listener, keeps what comes in, counts what was refused."""

    def __init__(
        self, store: Store, shops: Mapping[str, int], hang: Callable[[Keep], Bell]
    ) -> None:
        """``shops`` by code; ``hang`` makes the listener, told who keeps what comes in."""
        self.store, self.shops = store, dict(shops)
        self.bell = hang(self.keep)
        self._open: bool | None = None

    def keep(self, code: str, pushed: Pushed) -> None:
        """Put what a shop said on disk. Raises when it is not all there."""
        hints.keep(self.store, self.shops[code], pushed)

    def look(self) -> None:
        """Open when shut, and write down what was refused; for now and then."""
        try:
            self.bell.open()
        except Problem as problem:
            self._shut(str(problem.message.data.get("reason", "")))
        else:
            self._opened()
        for code, count in self.bell.refusals().items():
            log.warning("shop %s: %d pushed messages with a wrong signature", code, count)
            shop_id = self.shops[code]
            self.store.do(
                lambda tx, shop_id=shop_id, count=count: hints.refused(tx, shop_id, count),  # type: ignore[misc]
                rank=BACKGROUND,
            )

    def close(self) -> None:
        """No more messages."""
        self.bell.close()

    def _shut(self, reason: str) -> None:
        if self._open is not False:
            url = self.bell.url
            log.warning("pushed messages cannot be listened for at %s: %s", url, reason)
            self.store.do(lambda tx: raise_alert(tx, "push_shut", url, reason=reason))
        self._open = False

    def _opened(self) -> None:
        if self._open is not True:
            url = self.bell.url
            log.info("listening for pushed messages at %s", url)
            self.store.do(lambda tx: close_alert(tx, "push_shut", url), rank=BACKGROUND)
        self._open = True
