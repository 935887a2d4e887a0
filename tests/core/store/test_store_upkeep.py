"""Migrations, backups, restores, and the chain over the events."""

import threading

import pytest

import core.store.migrate as migrating
from core.errors import Problem
from core.events import first_broken
from core.store import Store
from core.store.backup import restore
from core.store.database import sqlite
from tests.core.orders.warehouse import dump, open_store, order, tell, the_order

NEWEST = migrating.steps()[-1][0]


def refusal(work) -> str:
    with pytest.raises(Problem) as refused:
        work()
    return refused.value.message.id


def test_an_upgrade_saves_the_old_file_first(tmp_path, monkeypatch):
    path = tmp_path / "p.db"
    store = open_store(path)
    assert store.backup_made is None
    store.close()
    steps = [*migrating.steps(), (NEWEST + 1, "CREATE TABLE extra (x INTEGER) STRICT;")]
    monkeypatch.setattr(migrating, "steps", lambda: steps)
    store = Store(path)
    assert store.read.one("PRAGMA user_version")["user_version"] == NEWEST + 1
    assert store.read.all("SELECT * FROM extra") == []
    saved = sqlite.connect(str(store.backup_made))
    assert saved.execute("PRAGMA user_version").fetchone()[0] == NEWEST
    assert saved.execute("SELECT count(*) FROM skus").fetchone()[0] == 3
    saved.close()
    store.close()


WRITTEN_THEN = (
    "INSERT INTO orders (id, number, uid, shop_id, platform_number, status, modified_at,"
    " created_at, received_at, ship_by, digest, touched_at, ready_at, warehouse_id)"
    " VALUES (1, 'DB20260120001', 'u', 1, 'T1', 'to_ship', 5, 5, 5, 9, 'd', 5, 5, 1)",
    "INSERT INTO order_lines (order_id, shop_id, sub_number, sku_id, sku_code, ordered)"
    " VALUES (1, 1, 'T1-1', 1, 'TEE', 1)",
    "INSERT INTO stock_moves (at, warehouse_id, sku_id, kind, reserved, order_id)"
    " VALUES (5, 1, 1, 'reserve', 1, 1)",
    "INSERT INTO holds (order_id, reason, since) VALUES (1, 'question', 5)",
    "INSERT INTO cursors VALUES (1, 'orders', 5)",
)
"""What a program of the first schema left in its file."""


def test_a_file_of_the_first_schema_is_brought_up_with_a_backup(tmp_path, monkeypatch):
    """Every step there is, over a file with orders, shops and a cursor in it."""
    path = tmp_path / "p.db"
    every = migrating.steps()
    monkeypatch.setattr(migrating, "steps", lambda: every[:1])
    store = open_store(path)
    for statement in WRITTEN_THEN:
        store.do(lambda tx, sql=statement: tx.run(sql))
    before = dump(store)
    store.close()
    monkeypatch.undo()
    store = Store(path)
    assert store.backup_made == path.with_name("p.db.before-0002")
    assert store.read.one("PRAGMA user_version")["user_version"] == NEWEST
    after = dump(store)
    for table, rows in before.items():  # a later step may have added columns behind
        assert [row[: len(old)] for row, old in zip(after[table], rows, strict=True)] == rows
    assert store.read.all("SELECT * FROM pull_gaps") == []
    store.close()
    saved = sqlite.connect(str(path) + ".before-0002")
    assert saved.execute("PRAGMA user_version").fetchone()[0] == 1
    assert saved.execute("SELECT count(*) FROM orders").fetchone()[0] == 1
    saved.close()


def test_a_step_that_fails_changes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "p.db"
    open_store(path).close()
    broken = "CREATE TABLE extra (x INTEGER) STRICT;\nINSERT INTO nowhere VALUES (1);\n"
    steps = [*migrating.steps(), (NEWEST + 1, broken)]
    monkeypatch.setattr(migrating, "steps", lambda: steps)
    assert refusal(lambda: Store(path)).startswith("store.")
    monkeypatch.undo()
    store = Store(path)
    assert store.read.one("PRAGMA user_version")["user_version"] == NEWEST
    assert store.read.one("SELECT 1 FROM sqlite_schema WHERE name = 'extra'") is None
    store.close()


def test_many_at_once_upgrade_once_and_keep_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "p.db"
    open_store(path).close()
    steps = [*migrating.steps(), (NEWEST + 1, "CREATE TABLE extra (x INTEGER) STRICT;")]
    monkeypatch.setattr(migrating, "steps", lambda: steps)
    found, gate = [], threading.Barrier(3)

    def begin():
        gate.wait()
        try:
            found.append(Store(path))
        except Problem as problem:
            found.append(problem)

    crew = [threading.Thread(target=begin) for _ in range(3)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    assert [x for x in found if isinstance(x, Problem)] == []
    assert sum(x.backup_made is not None for x in found) == 1
    saved = sqlite.connect(str(path) + f".before-{NEWEST + 1:04d}")
    assert saved.execute("PRAGMA user_version").fetchone()[0] == NEWEST
    saved.close()
    for store in found:
        store.close()


def test_a_newer_file_is_refused_untouched(tmp_path):
    path = tmp_path / "p.db"
    store = open_store(path)
    store.do(lambda tx: tx.run("PRAGMA user_version = 99"))
    store.close()
    with pytest.raises(Problem) as refused:
        Store(path)
    message = refused.value.message
    assert (message.id, message.data["found"], message.data["known"]) == ("store.newer", 99, NEWEST)


def test_a_backup_taken_while_writing_is_whole(store, tmp_path):
    stop = threading.Event()

    def write():
        n = 0
        while not stop.is_set():
            n += 1
            tell(store, order(f"W{n}"))

    busy = threading.Thread(target=write)
    busy.start()
    targets = [tmp_path / f"save{i}.db" for i in range(3)]
    for target in targets:
        store.back_up(target)
    stop.set()
    busy.join()
    for target in targets:
        copy = sqlite.connect(str(target))
        assert copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        orphans = "SELECT count(*) FROM orders WHERE id NOT IN (SELECT order_id FROM order_lines)"
        assert copy.execute(orphans).fetchone()[0] == 0
        copy.close()
    assert not list(tmp_path.glob("*.part"))


def test_a_restore_brings_back_exactly_what_was_saved(tmp_path):
    path, saved = tmp_path / "p.db", tmp_path / "save.db"
    store = open_store(path)
    tell(store, order("T1"))
    store.back_up(saved)
    wanted = dump(store)
    tell(store, order("T2"))
    assert refusal(lambda: restore(saved, path)) == "store.in_use"
    store.close()
    kept = restore(saved, path)
    store = Store(path)
    assert dump(store) == wanted
    store.close()
    replaced = Store(kept)
    assert the_order(replaced, "T2")
    replaced.close()


def test_restore_refuses_what_is_not_a_whole_packline_file(tmp_path):
    path, saved = tmp_path / "p.db", tmp_path / "save.db"
    store = open_store(path)
    store.back_up(saved)
    store.close()
    before = path.read_bytes()
    torn, empty, other = (tmp_path / name for name in ("torn.db", "empty.db", "other.db"))
    torn.write_bytes(saved.read_bytes()[:-5000])
    empty.write_bytes(b"")
    stranger = sqlite.connect(str(other))
    stranger.execute("CREATE TABLE letters (x)")
    stranger.close()
    assert refusal(lambda: restore(torn, path)) == "store.damaged"
    assert refusal(lambda: restore(empty, path)) == "store.not_ours"
    assert refusal(lambda: restore(other, path)) == "store.not_ours"
    assert refusal(lambda: restore(tmp_path / "none.db", path)) == "store.no_file"
    assert path.read_bytes() == before


def test_a_damaged_file_can_be_replaced_by_its_backup(tmp_path):
    """The very case a backup is for; the damaged file is kept as it is."""
    path, saved = tmp_path / "p.db", tmp_path / "50% off?#1.db"
    store = open_store(path)
    store.back_up(saved)
    store.close()
    path.write_bytes(b"rubbish " * 1000)
    kept = restore(saved, path)
    assert kept.read_bytes() == b"rubbish " * 1000
    store = Store(path)
    assert len(store.read.all("SELECT 1 FROM skus")) == 3
    store.close()


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE events SET what = '{\"a\":1}' WHERE order_id = 1 AND seq = 1",
        "UPDATE events SET operator_id = 1 WHERE order_id = 1 AND seq = 1",
        "UPDATE events SET at = at + 1 WHERE order_id = 1 AND seq = 1",
        "DELETE FROM events WHERE order_id = 1 AND seq = 1",
    ],
)
def test_an_edited_event_breaks_the_chain(store, edit):
    tell(store, order("T1"))
    with pytest.raises(Problem):
        store.do(lambda tx: tx.run(edit))
    assert first_broken(store.read, 1) is None

    def tamper(tx):
        tx.run("DROP TRIGGER events_stay")
        tx.run("DROP TRIGGER events_kept")
        tx.run(edit)

    store.do(tamper)
    assert first_broken(store.read, 1) in (1, 2)
