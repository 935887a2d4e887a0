"""People: who works here, their badges and roles.

Decides who may do what by role; never how fast anybody is.
"""

from dataclasses import dataclass

from core.errors import Problem
from core.messages import message
from core.store import Actor, Row, Rows, Tx
from core.text import clean

__all__ = ["ROLES", "Operator", "add", "by_badge", "must_be", "named", "retire", "staff"]

ROLES = ("packer", "supervisor", "service", "finance")


@dataclass(frozen=True, slots=True)
class Operator:
    """One person."""

    id: int
    badge: str
    name: str
    role: str

    def at(self, station: str) -> Actor:
        """This person acting at a station."""
        return Actor(self.id, station)


def add(tx: Tx, badge: str, name: str, role: str) -> Operator:
    """Give a person a badge. Raises Problem when the badge is taken or is a command."""
    badge, name = clean(badge, 64).upper(), clean(name, 40)
    if role not in ROLES:
        raise Problem("people.role", role=role, roles=" ".join(ROLES))
    if not badge or not name:
        raise Problem("people.empty")
    if badge.startswith("PK"):
        raise Problem("people.badge_is_command", badge=badge)
    if tx.one("SELECT 1 FROM operators WHERE badge = ?", badge):
        raise Problem("people.badge_taken", badge=badge)
    done = tx.run("INSERT INTO operators (badge, name, role) VALUES (?, ?, ?)", badge, name, role)
    tx.event("operator_added", name=name, role=role)
    return Operator(int(done.lastrowid), badge, name, role)


def retire(tx: Tx, badge: str) -> None:
    """The badge opens nothing any more; what the person did stays."""
    done = tx.run("UPDATE operators SET active = 0 WHERE badge = ? AND active = 1", badge.upper())
    if not done.rowcount:
        raise Problem("people.unknown_badge", badge=badge)
    tx.event("operator_retired", badge=badge.upper())


def by_badge(read: Rows, badge: str) -> Operator | None:
    """Whose badge it is; None when it is nobody's."""
    row = read.one("SELECT * FROM operators WHERE badge = ? AND active = 1", badge.upper())
    return person(row) if row else None


def named(read: Rows, name: str) -> Operator:
    """A person by name or badge, for the command line. Raises Problem."""
    row = read.one(
        "SELECT * FROM operators WHERE active = 1 AND (badge = ?1 OR name = ?2)",
        *(name.upper(), name),
    )
    if row is None:
        raise Problem("people.unknown_badge", badge=name)
    return person(row)


def must_be(read: Rows, operator_id: int | None, roles: tuple[str, ...]) -> Operator:
    """The person acting, whose role allows it. Raises Problem naming the roles that do."""
    allowed = tuple(message(f"role.{role}") for role in roles)
    if operator_id is None:
        raise Problem("people.needs_badge", roles=allowed)
    row = read.one("SELECT * FROM operators WHERE id = ? AND active = 1", operator_id)
    if row is None or row["role"] not in roles:
        raise Problem("people.needs_role", name=row["name"] if row else "-", roles=allowed)
    return person(row)


def staff(read: Rows) -> list[Operator]:
    """Everybody who works here."""
    rows = read.all("SELECT * FROM operators WHERE active = 1 ORDER BY role, name")
    return [person(row) for row in rows]


def person(row: Row) -> Operator:
    """A row as a person."""
    return Operator(row["id"], row["badge"], row["name"], row["role"])
