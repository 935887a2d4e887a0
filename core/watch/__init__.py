"""Watching: what is late, stuck or wrong, told while there is still time.

Raises, acknowledges and closes alerts; never changes an order.
"""

from core.errors import Problem
from core.messages import pack
from core.store import Rows, Tx
from core.store.database import Row

__all__ = ["acknowledge", "assign", "close_alert", "open_alerts", "raise_alert", "snooze", "watch"]

UNTOUCHED_MS = 2 * 3_600_000
"""An open order nobody touched for this long turns red."""
CHUNK = 25
"""Alerts of one rule raised in one transaction."""
NOT_YET = (
    "NOT EXISTS (SELECT 1 FROM alerts a WHERE a.order_id = o.id AND a.rule = ?"
    " AND a.closed_at IS NULL)"
)


def raise_alert(
    tx: Tx, rule: str, subject: str, order_id: int | None = None, **what: object
) -> bool:
    """Raise an alert once per rule and subject; False while it is already open.

    One whose reason was over and is back, before anybody acknowledged it, just stays.
    """
    done = tx.run(
        "INSERT INTO alerts (rule, subject, order_id, what, raised_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        *(rule, subject, order_id, pack(what), tx.now),
    )
    if not done.rowcount:
        tx.run(
            "UPDATE alerts SET over_at = NULL WHERE rule = ? AND subject = ? AND closed_at IS NULL"
            " AND over_at IS NOT NULL",
            *(rule, subject),
        )
    if done.rowcount and order_id is not None:
        tx.event("alerted", order_id, rule=rule)
    return bool(done.rowcount)


def close_alert(tx: Tx, rule: str, subject: str) -> None:
    """The reason is gone; an alert nobody acknowledged stays until somebody does."""
    tx.run(
        "UPDATE alerts SET over_at = ?1, closed_at = CASE WHEN acknowledged_at IS NOT NULL THEN ?1"
        " END WHERE rule = ?2 AND subject = ?3 AND closed_at IS NULL AND over_at IS NULL",
        *(tx.now, rule, subject),
    )


def watch(tx: Tx) -> int:
    """Look at the open orders; returns how many alerts were raised, at most CHUNK per rule.

    A caller goes on until fewer come: a scan must not wait for a long list.
    """
    stale = tx.all(
        "SELECT id, number, summary FROM orders o WHERE open = 1 AND touched_at <= ?"
        f" AND stage NOT IN ('labelled') AND {NOT_YET} ORDER BY touched_at LIMIT {CHUNK}",
        *(tx.now - UNTOUCHED_MS, "untouched"),
    )
    overdue = tx.all(
        f"SELECT id, number, summary FROM orders o WHERE open = 1 AND ship_by <= ? AND {NOT_YET}"
        f" ORDER BY ship_by LIMIT {CHUNK}",
        *(tx.now, "overdue"),
    )
    raised = 0
    for rule, rows in (("untouched", stale), ("overdue", overdue)):
        for row in rows:
            raised += raise_alert(tx, rule, row["number"], row["id"], goods=row["summary"])
    close_answered(tx)
    return raised


def close_answered(tx: Tx) -> None:
    """Acknowledged alerts whose order has left or moved since are over."""
    tx.run(
        "UPDATE alerts SET closed_at = ?1 WHERE closed_at IS NULL AND acknowledged_at IS NOT NULL"
        " AND EXISTS (SELECT 1 FROM orders o WHERE o.id = alerts.order_id"
        " AND (o.open = 0 OR (alerts.rule = 'untouched' AND o.touched_at > ?1 - ?2)))",
        *(tx.now, UNTOUCHED_MS),
    )


def acknowledge(tx: Tx, alert_id: int) -> None:
    """A person has seen it. Raises Problem when nobody is logged in or it is gone."""
    person = who(tx)
    done = tx.run(
        "UPDATE alerts SET acknowledged_at = ?, acknowledged_by = ?"
        " WHERE id = ? AND acknowledged_at IS NULL",
        *(tx.now, person, alert_id),
    )
    if not done.rowcount:
        raise Problem("alert.already", alert=alert_id)
    audit_alert(tx, alert_id, "alert_acknowledged")
    if is_over(tx, alert_id):
        tx.run("UPDATE alerts SET closed_at = ? WHERE id = ?", tx.now, alert_id)


def snooze(tx: Tx, alert_id: int, until: int) -> None:
    """Put it aside until then; it comes back by itself."""
    who(tx)
    change(tx, "UPDATE alerts SET snoozed_until = ? WHERE id = ?", until, alert_id)
    audit_alert(tx, alert_id, "alert_snoozed", until=until)


def assign(tx: Tx, alert_id: int, operator_id: int) -> None:
    """Give it to a person."""
    who(tx)
    change(tx, "UPDATE alerts SET assigned_to = ? WHERE id = ?", operator_id, alert_id)
    audit_alert(tx, alert_id, "alert_assigned", to=operator_id)


def change(tx: Tx, sql: str, value: int, alert_id: int) -> None:
    """Change one open alert. Raises Problem when it is gone."""
    if not tx.run(f"{sql} AND closed_at IS NULL", value, alert_id).rowcount:
        raise Problem("alert.gone", alert=alert_id)


def who(tx: Tx) -> int:
    """The person acting. Raises Problem when nobody is logged in."""
    if tx.actor.operator_id is None:
        raise Problem("alert.needs_person")
    return tx.actor.operator_id


def audit_alert(tx: Tx, alert_id: int, kind: str, **what: object) -> None:
    """Write down who did what to an alert."""
    row = tx.the("SELECT rule, subject, order_id FROM alerts WHERE id = ?", alert_id)
    tx.event(kind, row["order_id"], rule=row["rule"], subject=row["subject"], **what)


def is_over(tx: Tx, alert_id: int) -> bool:
    """Whether the reason is gone, or the order an alert is about has left the building."""
    row = tx.the(
        "SELECT a.over_at, o.open FROM alerts a LEFT JOIN orders o ON o.id = a.order_id"
        " WHERE a.id = ?",
        alert_id,
    )
    return row["over_at"] is not None or row["open"] == 0


def open_alerts(read: Rows, now: int, limit: int = 200) -> list[Row]:
    """What a supervisor must look at: red (not acknowledged) first, then oldest first."""
    return read.all(
        "SELECT a.*, o.stage, o.ship_by, o.summary, s.name AS shop, p.name AS assigned_name,"
        " k.name AS acknowledged_name,"
        " (SELECT group_concat(reason, ' ') FROM holds h WHERE h.order_id = a.order_id"
        "  AND h.released_at IS NULL) AS reasons,"
        " (SELECT group_concat(DISTINCT notifier) FROM notices n WHERE n.alert_id = a.id"
        "  AND n.state = 'sent') AS told"
        " FROM alerts a LEFT JOIN orders o ON o.id = a.order_id"
        " LEFT JOIN shops s ON s.id = o.shop_id"
        " LEFT JOIN operators p ON p.id = a.assigned_to"
        " LEFT JOIN operators k ON k.id = a.acknowledged_by"
        " WHERE a.closed_at IS NULL AND ifnull(a.snoozed_until, 0) <= ?"
        " ORDER BY a.acknowledged_at IS NOT NULL, a.raised_at, a.id LIMIT ?",
        *(now, limit),
    )
