"""A shop's own column names: which column of its files is which of our fields.

Keeps every state the mapping was in, so that the last change can be taken back. Decides nothing
about files: what the fields are and how names are compared, the reader of files says.
"""

import json
from collections.abc import Iterable, Mapping

from core.errors import Problem
from core.messages import Message
from core.store import Rows, Tx

Columns = dict[str, str]
"""Column name -> our field; "" for a column nothing is to be read from."""


def columns_of(read: Rows, shop_id: int) -> Columns:
    """What a shop's columns were said to be; empty when nothing was."""
    row = read.one(
        "SELECT columns FROM column_maps WHERE shop_id = ? AND undone_at IS NULL"
        " ORDER BY id DESC LIMIT 1",
        shop_id,
    )
    return dict(json.loads(row["columns"])) if row else {}


def assign(tx: Tx, shop_id: int, changes: Mapping[str, str]) -> Columns:
    """Say what some columns are. Raises Problem when two columns would be one field."""
    mapping = columns_of(tx, shop_id) | dict(changes)
    taken: dict[str, str] = {}
    for name, field in mapping.items():
        if field and field in taken:
            other = taken[field]
            raise Problem(
                "columns.taken", field=Message(f"column.{field}"), column=name, other=other
            )
        taken[field] = name
    return keep(tx, shop_id, mapping)


def forget(tx: Tx, shop_id: int, names: Iterable[str]) -> Columns:
    """Take back what was said about some columns. Raises Problem when nothing was."""
    mapping = columns_of(tx, shop_id)
    for name in names:
        if name not in mapping:
            raise Problem("columns.not_said", column=name, known=tuple(mapping) or ("-",))
        del mapping[name]
    return keep(tx, shop_id, mapping)


def undo(tx: Tx, shop_id: int) -> Columns:
    """Go back to the state before the last change. Raises Problem when there is none."""
    row = tx.one(
        "UPDATE column_maps SET undone_at = ?2 WHERE id = (SELECT max(id) FROM column_maps"
        " WHERE shop_id = ?1 AND undone_at IS NULL) RETURNING id",
        *(shop_id, tx.now),
    )
    if row is None:
        raise Problem("columns.nothing_to_undo")
    mapping = columns_of(tx, shop_id)
    tx.event("columns_changed", shop=shop_id, columns=mapping, undone=row["id"])
    return mapping


def keep(tx: Tx, shop_id: int, mapping: Columns) -> Columns:
    """A new state, with who made it."""
    tx.run(
        "INSERT INTO column_maps (shop_id, columns, at, operator_id) VALUES (?, ?, ?, ?)",
        *(shop_id, json.dumps(mapping, ensure_ascii=False), tx.now, tx.actor.operator_id),
    )
    tx.event("columns_changed", shop=shop_id, columns=mapping)
    return mapping
