"""How fresh each shop is, and since when it has not answered."""

import logging
from dataclasses import dataclass

from core.ports import CallFailed, Fault
from core.store import Rows, Store, Tx
from core.store.store import BACKGROUND
from core.watch import close_alert, raise_alert

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checked:
    """The hours of the last days in which platform and place were compared, added up."""

    at: int
    platform: int
    here: int
    """Orders the platform lists that are here: known before, or fetched by the check."""
    unexplained: int


@dataclass(frozen=True, slots=True)
class Pushes:
    """What a shop said by itself."""

    taken: int
    last_at: int | None
    refused: int
    """Messages with a wrong signature."""
    waiting: int
    """Orders that were hinted at and are still to be asked for."""


@dataclass(frozen=True, slots=True)
class ShopHealth:
    """What the screens show of one shop."""

    code: str
    name: str
    channel: str
    fresh_at: int | None
    """Orders are complete up to this moment; None before the first pull."""
    down_since: int | None
    fault: str
    answer: str
    tried_at: int | None = None
    """When it was asked last, whatever it answered."""
    left_ms: int = 0
    """Time of the past that is still to be pulled, beside what is new."""
    books: "Checked | None" = None
    """What the last check of the books said; None before the first."""
    pushes: "Pushes | None" = None
    """None for a shop that never said anything by itself."""


def well(tx: Tx, shop_id: int, fresh_at: int) -> None:
    """The shop answered: its orders are complete up to ``fresh_at``."""
    before = tx.one("SELECT down_since FROM shop_health WHERE shop_id = ?", shop_id)
    tx.run(
        "INSERT INTO shop_health (shop_id, fresh_at, tried_at) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (shop_id) DO UPDATE SET fresh_at = ?2, tried_at = ?3, down_since = NULL,"
        " fault = '', answer = ''",
        *(shop_id, fresh_at, tx.now),
    )
    if before is not None and before["down_since"] is not None:
        code = tx.the("SELECT code FROM shops WHERE id = ?", shop_id)["code"]
        log.info("shop %s answers again", code)
        close_alert(tx, "shop_refuses", code)


def unwell(store: Store, shop_id: int, failure: CallFailed) -> None:
    """The shop gave no good answer; said once when it starts, and once when it ends."""

    def write(tx: Tx) -> None:
        before = tx.one("SELECT down_since FROM shop_health WHERE shop_id = ?", shop_id)
        code = tx.the("SELECT code FROM shops WHERE id = ?", shop_id)["code"]
        if before is None or before["down_since"] is None:
            log.warning("shop %s does not answer: %s", code, failure)
        tx.run(
            "INSERT INTO shop_health (shop_id, tried_at, down_since, fault, answer)"
            " VALUES (?1, ?2, ?2, ?3, ?4) ON CONFLICT (shop_id) DO UPDATE SET tried_at = ?2,"
            " down_since = ifnull(down_since, ?2), fault = ?3, answer = ?4",
            *(shop_id, tx.now, failure.fault.value, f"{failure.code} {failure.text}".strip()),
        )
        if failure.fault in (Fault.AUTH, Fault.PERMISSION, Fault.UNKNOWN):
            raise_alert(tx, "shop_refuses", code, fault=failure.fault.value, answer=failure.text)

    store.do(write, rank=BACKGROUND)


def shops(read: Rows) -> list[ShopHealth]:
    """Every shop, by code."""
    return [
        ShopHealth(
            row["code"],
            row["name"],
            row["channel"],
            row["fresh_at"],
            row["down_since"],
            row["fault"] or "",
            row["answer"] or "",
            row["tried_at"],
            row["left_ms"],
            checked(read, row["id"]),
            pushes(read, row["id"]),
        )
        for row in read.all(
            "SELECT s.id, s.code, s.name, s.channel, h.fresh_at, h.down_since, h.fault, h.answer,"
            " h.tried_at,"
            " (SELECT ifnull(sum(until - since), 0) FROM pull_gaps g WHERE g.shop_id = s.id)"
            " AS left_ms"
            " FROM shops s LEFT JOIN shop_health h ON h.shop_id = s.id ORDER BY s.code"
        )
    ]


def checked(read: Rows, shop_id: int) -> Checked | None:
    """The comparison of the three days up to the last hour that was compared."""
    row = read.one(
        "SELECT max(checked_at) AS at, sum(platform) AS platform,"
        " sum(here + brought) AS here, sum(unexplained) AS unexplained FROM reconciled"
        " WHERE shop_id = ?1 AND hour >"
        " (SELECT max(hour) FROM reconciled WHERE shop_id = ?1) - 259200000",
        shop_id,
    )
    return Checked(**dict(row)) if row is not None and row["at"] is not None else None


def pushes(read: Rows, shop_id: int) -> Pushes | None:
    """What came to a shop's door; None when nothing ever did."""
    row = read.one(
        "SELECT taken, last_at, refused, (SELECT count(DISTINCT number) FROM hints h"
        " WHERE h.shop_id = p.shop_id AND done_at IS NULL) AS waiting"
        " FROM push_health p WHERE shop_id = ?",
        shop_id,
    )
    return Pushes(**dict(row)) if row is not None else None
