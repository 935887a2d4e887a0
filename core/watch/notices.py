"""Who is told of an alert, what waits for them, what they have, and the proof that none is lost.

The database itself writes a notice for every notifier when an alert is raised, in the same
transaction, and drops it when somebody acknowledges first. A notice is sent only when a digest
that holds it was confirmed.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import Problem
from core.store import Row, Rows, Tx
from core.watch import audit_alert, who

if TYPE_CHECKING:
    from core.config import NotifierConfig

DUE = (
    "n.notifier = ?1 AND n.state = 'waiting' AND n.due_at <= ?2"
    " AND ifnull(a.snoozed_until, 0) <= ?2"
)
"""What is to be told to a notifier now; a snoozed alert waits until it wakes."""


@dataclass(frozen=True, slots=True)
class NotifierState:
    """What the screens and the command line show of one notifier."""

    code: str
    kind: str
    waiting: int
    """Notices whose time has come; those of a later escalation are not among them."""
    oldest: int | None
    delivered_at: int | None
    failing_since: int | None
    next_try_at: int
    fault: str
    answer: str
    """What the other side said last; "" when all was well."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """One alert that a notifier does not have yet."""

    notifier: str
    rule: str
    subject: str
    level: int
    due_at: int


# --- who is told -----------------------------------------------------------------------------


def set_up(tx: Tx, notifiers: "Sequence[NotifierConfig]") -> None:
    """Bring the database to the notifiers of the configuration.

    One that is gone gets nothing any more: what waited for it is dropped. A changed address or
    key is tried at once.
    """
    known = {row["code"]: row for row in tx.all("SELECT * FROM notifiers")}
    steps = sorted({notifier.after_minutes for notifier in notifiers})
    for one in notifiers:
        facts = {
            "kind": one.kind,
            "active": 1,
            "rules": f" {' '.join(one.rules)} " if one.rules else "",
            "after_ms": one.after_minutes * 60_000,
            "level": steps.index(one.after_minutes),
            "fallback": one.fallback,
            "fallback_ms": one.fallback_minutes * 60_000,
            "robot": fingerprint(one),
        }
        row = known.pop(one.code, None)
        if row is not None and all(row[name] == value for name, value in facts.items()):
            continue
        if row is None or not row["active"] or row["rules"] != facts["rules"]:
            facts["since"] = tx.the("SELECT ifnull(max(id), 0) AS id FROM alerts")["id"]
        if row is not None and row["robot"] != facts["robot"]:
            facts["next_try_at"] = 0
        save(tx, one.code, facts)
    for code, row in known.items():
        if row["active"]:
            tx.run("UPDATE notifiers SET active = 0 WHERE code = ?", code)
            tx.run(
                "UPDATE notices SET state = 'dropped' WHERE notifier = ? AND state = 'waiting'",
                code,
            )


def save(tx: Tx, code: str, facts: dict[str, object]) -> None:
    """Write one notifier."""
    names = ("code", *facts)
    tx.run(
        f"INSERT INTO notifiers ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})"
        f" ON CONFLICT (code) DO UPDATE SET {', '.join(f'{n} = excluded.{n}' for n in facts)}",
        *(code, *facts.values()),
    )


def fingerprint(notifier: "NotifierConfig") -> str:
    """The same for two notifiers of one robot, and no way back to its key."""
    parts = (notifier.kind, notifier.url, notifier.key, notifier.secret, *notifier.to)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def escalate(tx: Tx, alert_id: int) -> tuple[str, ...]:
    """Hand an alert to the next who were not told of it; returns who they are.

    It is red again until one of them takes it, for whoever took it gives it away. Raises Problem
    when nobody is logged in, it is over, or everybody knows already.
    """
    who(tx)
    alert = tx.one("SELECT * FROM alerts WHERE id = ? AND closed_at IS NULL", alert_id)
    if alert is None:
        raise Problem("alert.gone", alert=alert_id)
    expect(tx, alert)
    first = tx.one(
        "SELECT n.level, t.after_ms FROM notices n JOIN notifiers t ON t.code = n.notifier"
        " WHERE n.alert_id = ?1 AND t.active = 1 AND n.instead_of = ''"
        " AND (n.state = 'dropped' OR (n.state = 'waiting' AND n.due_at > ?2))"
        " ORDER BY n.level LIMIT 1",
        *(alert_id, tx.now),
    )
    if first is None:
        raise Problem("alert.nobody_further", alert=alert_id)
    tx.run(
        "UPDATE alerts SET acknowledged_at = NULL, acknowledged_by = NULL, snoozed_until = NULL"
        " WHERE id = ?",
        alert_id,
    )
    rows = tx.all(  # those after them have their time once more
        "UPDATE notices SET state = 'waiting', due_at = ?1 - ?2 + t.after_ms FROM notifiers t"
        " WHERE t.code = notifier AND t.active = 1 AND alert_id = ?3 AND notices.level >= ?4"
        " AND state <> 'sent' AND instead_of = '' RETURNING notifier, notices.level AS level",
        *(tx.now, first["after_ms"], alert_id, first["level"]),
    )
    told = tuple(sorted(row["notifier"] for row in rows if row["level"] == first["level"]))
    audit_alert(tx, alert_id, "alert_escalated", to=told)
    return told


def expect(tx: Tx, alert: Row) -> None:
    """Notices, not to be sent by themselves, for notifiers that came after the alert."""
    tx.run(
        "INSERT INTO notices (alert_id, notifier, level, due_at, state)"
        " SELECT ?1, code, level, ?2, 'dropped' FROM notifiers WHERE active = 1"
        " AND (rules = '' OR instr(rules, ' ' || ?3 || ' ') > 0)"
        " AND NOT (?3 = 'notifier_down' AND code = ?4) AND NOT EXISTS (SELECT 1 FROM notices"
        "  WHERE alert_id = ?1 AND notifier = code AND instead_of = '')",
        *(alert["id"], tx.now, alert["rule"], alert["subject"]),
    )


# --- what waits and what was sent ------------------------------------------------------------


def due(read: Rows, code: str, now: int, most: int) -> list[Row]:
    """The alerts to be told to one notifier now, oldest first."""
    return read.all(
        "SELECT n.id AS notice_id, n.level, n.instead_of, a.* FROM notices n"
        f" JOIN alerts a ON a.id = n.alert_id WHERE {DUE} ORDER BY n.due_at, n.id LIMIT ?3",
        *(code, now, most),
    )


def set_out(tx: Tx, code: str, robot: str, count: int) -> int:
    """Write down that a digest leaves, before it does: it counts against the robot's limit."""
    tx.run("UPDATE notifiers SET tried_at = ?1 WHERE code = ?2", tx.now, code)
    done = tx.run(
        "INSERT INTO digests (notifier, robot, at, notices) VALUES (?, ?, ?, ?)",
        *(code, robot, tx.now, count),
    )
    return int(done.lastrowid)


def arrived(tx: Tx, code: str, digest_id: int, notices: Iterable[int]) -> None:
    """The other side has it: these notices are sent, once and for all."""
    tx.run("UPDATE digests SET state = 'sent' WHERE id = ?", digest_id)
    tx.run(
        "UPDATE notifiers SET delivered_at = ?1, next_try_at = 0, failures = 0,"
        " failing_since = NULL, fault = '', answer = '' WHERE code = ?2",
        *(tx.now, code),
    )
    for notice in notices:
        row = tx.the(
            "UPDATE notices SET state = 'sent', digest_id = ?, sent_at = ? WHERE id = ?"
            " RETURNING level, alert_id",
            *(digest_id, tx.now, notice),
        )
        audit_alert(tx, row["alert_id"], "alert_told", to=code, level=row["level"])


def failed(
    tx: Tx, code: str, digest_id: int, *, fault: str, answer: str, in_doubt: bool, wait_s: float
) -> None:
    """It did not arrive, or nobody can know: its notices go on waiting."""
    state = "in_doubt" if in_doubt else "refused"
    tx.run("UPDATE digests SET state = ?, answer = ? WHERE id = ?", state, answer, digest_id)
    tx.run(
        "UPDATE notifiers SET next_try_at = ?1, failures = failures + 1,"
        " failing_since = ifnull(failing_since, ?2), fault = ?3, answer = ?4 WHERE code = ?5",
        *(tx.now + int(wait_s * 1000), tx.now, fault, answer, code),
    )


def cut_off(tx: Tx, code: str) -> None:
    """Digests on their way when a process died: they may have arrived, so nobody can know."""
    tx.run(
        "UPDATE digests SET state = 'in_doubt', answer = 'killed'"
        " WHERE notifier = ? AND state = 'calling'",
        code,
    )


def fall_back(tx: Tx, code: str) -> int:
    """What this notifier has not delivered for too long goes to its fallback too; how many."""
    done = tx.run(
        "INSERT INTO notices (alert_id, notifier, level, due_at, instead_of)"
        " SELECT n.alert_id, t.fallback, n.level, ?2, t.code FROM notices n"
        " JOIN notifiers t ON t.code = n.notifier JOIN alerts a ON a.id = n.alert_id"
        f" WHERE {overdue()} ON CONFLICT DO NOTHING",
        *(code, tx.now),
    )
    return int(done.rowcount)


def overdue() -> str:
    """Due at a notifier for longer than its fallback waits; not told to the fallback yet."""
    return (
        f"{DUE} AND max(n.due_at, ifnull(a.snoozed_until, 0)) <= ?2 - t.fallback_ms"
        " AND EXISTS (SELECT 1 FROM notifiers f WHERE f.code = t.fallback AND f.active = 1)"
        " AND NOT EXISTS (SELECT 1 FROM notices o WHERE o.alert_id = n.alert_id"
        "  AND o.notifier = t.fallback AND o.level = n.level)"
    )


def falls_back(read: Rows, code: str, now: int) -> bool:
    """Whether ``fall_back`` has something to do: a look that takes no lock."""
    return (
        read.one(
            "SELECT 1 FROM notices n JOIN notifiers t ON t.code = n.notifier"
            f" JOIN alerts a ON a.id = n.alert_id WHERE {overdue()} LIMIT 1",
            *(code, now),
        )
        is not None
    )


# --- what people and tests ask ---------------------------------------------------------------


def notifiers(read: Rows, now: int) -> list[NotifierState]:
    """Every notifier of the configuration."""
    rows = read.all(
        "SELECT t.*, count(n.id) AS waiting, min(n.due_at) AS oldest FROM notifiers t"
        " LEFT JOIN notices n ON n.notifier = t.code AND n.state = 'waiting' AND n.due_at <= ?"
        " WHERE t.active = 1 GROUP BY t.code ORDER BY t.level, t.code",
        now,
    )
    return [
        NotifierState(
            row["code"],
            row["kind"],
            row["waiting"],
            row["oldest"],
            row["delivered_at"],
            row["failing_since"],
            row["next_try_at"],
            row["fault"],
            row["answer"],
        )
        for row in rows
    ]


def undelivered(read: Rows) -> list[Undelivered]:
    """Everything that waits, also for a later escalation, longest first."""
    rows = read.all(
        "SELECT n.notifier, n.level, n.due_at, a.rule, a.subject FROM notices n"
        " JOIN alerts a ON a.id = n.alert_id WHERE n.state = 'waiting' ORDER BY n.due_at, n.id"
    )
    return [
        Undelivered(r["notifier"], r["rule"], r["subject"], r["level"], r["due_at"]) for r in rows
    ]


def unaccounted(read: Rows) -> list[str]:
    """Alerts that are lost: must be empty, always. Reads every alert: for tests and checks.

    Each alert is, for each notifier that was there and takes its rule, delivered in a digest the
    other side confirmed, or waiting, or dropped because somebody had acknowledged it before.
    """
    rows = read.all(
        "SELECT a.rule, a.subject, t.code, n.state FROM alerts a JOIN notifiers t"
        " ON t.active = 1 AND a.id > t.since"
        "  AND (t.rules = '' OR instr(t.rules, ' ' || a.rule || ' ') > 0)"
        "  AND NOT (a.rule = 'notifier_down' AND a.subject = t.code)"
        " LEFT JOIN notices n ON n.alert_id = a.id AND n.notifier = t.code AND n.instead_of = ''"
        " LEFT JOIN digests d ON d.id = n.digest_id"
        " WHERE CASE n.state WHEN 'sent' THEN d.state <> 'sent' WHEN 'waiting' THEN 0"
        "  WHEN 'dropped' THEN a.acknowledged_at IS NULL AND a.closed_at IS NULL ELSE 1 END"
    )
    return [f"{r['rule']} {r['subject']} {r['code']} {r['state'] or 'missing'}" for r in rows]
