"""Rights to call a shop that end: said days before, while somebody can still authorise anew."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.clock import local
from core.store import Store, Tx
from core.store.store import BACKGROUND
from core.watch import close_alert, raise_alert

DAYS_MS = 7 * 86_400_000
"""How long before its end a session is spoken of that nothing renews."""
SPARE_MS = 3_600_000
"""One that is renewed later than this before its end may be on its way just now."""


@dataclass(frozen=True, slots=True)
class Session:
    """How long one shop can be called; times are UTC milliseconds."""

    shop: str
    """Our code of the shop."""
    ends_at: int
    """0 when nobody knows."""
    renewed_from: int | None
    """From when on it is renewed by itself; None for one that is not."""

    def worries(self, now: int) -> bool:
        """Whether it ends within days and is not renewed, or should have been by now."""
        if not self.ends_at:
            return False
        if self.renewed_from is None:
            return now >= self.ends_at - DAYS_MS
        spare = self.ends_at - self.renewed_from
        return spare >= SPARE_MS and now >= self.ends_at - spare // 2


def look(store: Store, sessions: Iterable[Session]) -> None:
    """Raise an alert for every session that worries, and end it once it does not any more."""
    rows = store.read.all(
        "SELECT subject FROM alerts WHERE rule = 'session_ends' AND closed_at IS NULL"
        " AND over_at IS NULL"
    )
    said, now = {row["subject"] for row in rows}, store.clock.now()
    for session in sessions:
        if session.worries(now) != (session.shop in said):
            store.do(lambda tx, session=session: tell(tx, session), rank=BACKGROUND)  # type: ignore[misc]


def tell(tx: Tx, session: Session) -> None:
    """Say that a session ends, or that it does not any more."""
    if session.worries(tx.now):
        at = f"{local(session.ends_at, tx.clock.zone):%Y-%m-%d %H:%M}"
        raise_alert(tx, "session_ends", session.shop, at=at)
    else:
        close_alert(tx, "session_ends", session.shop)
