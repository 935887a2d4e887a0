"""The file is what it promises: pragmas, one sync per commit, all or nothing, scans first."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.errors import Problem
from core.store import Store, migrate
from core.store.store import BACKGROUND, SCAN
from tests.core.orders.warehouse import open_store
from tests.until import until

ROOT = Path(__file__).parents[3]


def python(code: str, *args: object, before: tuple[str, ...] = (), **more) -> subprocess.Popen:
    """A real second process of the product."""
    return subprocess.Popen(
        [*before, sys.executable, "-c", code, *map(str, args)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def test_the_connection_is_durable_and_strict(store):
    def look(tx):
        names = ("journal_mode", "synchronous", "foreign_keys", "user_version")
        return [tx.the(f"PRAGMA {name}")[name] for name in names]

    assert store.do(look) == ["wal", 2, 1, migrate.steps()[-1][0]]
    loose = store.read.all(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
        " AND strict = 0 AND name NOT LIKE 'sqlite_%'"
    )
    assert [row["name"] for row in loose] == []


def test_foreign_keys_and_types_are_enforced(store):
    for sql in (
        "INSERT INTO claims VALUES (999, 'B1', 1, 0)",
        "INSERT INTO warehouses VALUES (9, 'X', 'x', 'not a number')",
    ):
        with pytest.raises(Problem) as refused:
            store.do(lambda tx, sql=sql: tx.run(sql))
        assert refused.value.message.id == "store.refused"


def test_readers_cannot_write(store):
    with pytest.raises(Exception, match=r"readonly|read-only"):
        store.read.all("DELETE FROM skus")


SCANS = """
import sys
from pathlib import Path
from core.store import Store
from core.store.store import SCAN
store = Store(Path(sys.argv[1]))
def scan(tx):
    tx.run("UPDATE day_numbers SET last = last + 1 WHERE day = 'x'")
    tx.event("scan", None)
store.do(lambda tx: tx.run("INSERT INTO day_numbers VALUES ('x', 0)"))
open(sys.argv[2], 'w').close()
for _ in range(40):
    store.do(scan, rank=SCAN)
open(sys.argv[3], 'w').close()
import os
os._exit(0)
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_one_sync_per_committed_scan(tmp_path):
    log = tmp_path / "trace"
    trace = ("strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,openat", "-o", str(log))
    done = python(SCANS, tmp_path / "p.db", tmp_path / "begin", tmp_path / "end", before=trace)
    _, errors = done.communicate(timeout=60)
    if done.returncode and "ptrace" in errors:
        pytest.skip("this system does not let one process trace another")
    assert done.returncode == 0, errors
    lines = log.read_text().splitlines()
    begin = next(i for i, text in enumerate(lines) if f'{tmp_path}/begin"' in text)
    end = next(i for i, text in enumerate(lines) if f'{tmp_path}/end"' in text)
    syncs = [text for text in lines[begin:end] if "sync(" in text]
    assert len(syncs) == 40


def test_a_failed_job_leaves_nothing(store):
    def work(tx):
        tx.run("INSERT INTO skus (code, title) VALUES ('NEW', 'x')")
        tx.event("made", None)
        raise ValueError("half way")

    before = len(store.read.all("SELECT 1 FROM events"))
    with pytest.raises(ValueError, match="half way"):
        store.do(work)
    assert store.read.one("SELECT 1 FROM skus WHERE code = 'NEW'") is None
    assert len(store.read.all("SELECT 1 FROM events")) == before


def test_the_result_is_handed_out_after_the_commit(store):
    seen = []

    def work(tx):
        tx.run("INSERT INTO skus (code, title) VALUES ('NEW', 'x')")
        tx.after_commit.append(
            lambda: seen.append(store.read.one("SELECT code FROM skus WHERE code = 'NEW'"))
        )
        return "done"

    assert store.do(work) == "done"
    assert until(lambda: seen)[0]["code"] == "NEW"


def test_a_follow_up_that_fails_does_not_end_the_writer(store):
    def work(tx):
        tx.after_commit.append(lambda: 1 / 0)

    store.do(work)
    assert store.write(lambda tx: "alive").result(timeout=5) == "alive"


def test_a_scan_overtakes_queued_background_work(store):
    gate, order = threading.Event(), []
    first = store.write(lambda tx: gate.wait(5))
    background = [
        store.write(lambda tx, i=i: order.append(f"background {i}"), rank=BACKGROUND)
        for i in range(5)
    ]
    scans = [store.write(lambda tx, i=i: order.append(f"scan {i}"), rank=SCAN) for i in range(2)]
    assert store.scan_waiting
    gate.set()
    for future in (first, *background, *scans):
        future.result(timeout=5)
    assert order == ["scan 0", "scan 1", *(f"background {i}" for i in range(5))]


def test_readers_see_the_commits_of_another_process(store):
    reader = store.read
    before = reader.version()
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.store import Store\n"
        "s = Store(Path(sys.argv[1]))\n"
        "s.do(lambda tx: tx.run(\"INSERT INTO skus (code, title) VALUES ('NEW', 'x')\"))\ns.close()"
    )
    other = python(code, store.path)
    assert other.wait(timeout=20) == 0, other.stderr.read()
    assert reader.version() != before
    assert reader.one("SELECT 1 FROM skus WHERE code = 'NEW'")


WRITER = """
import sys
from pathlib import Path
from core.store import Store
from core.store.store import SCAN
sys.stdin.readline()
store = Store(Path(sys.argv[1]))
for i in range(int(sys.argv[3])):
    store.do(lambda tx: tx.run(
        "INSERT INTO day_numbers VALUES ('n', 1) ON CONFLICT (day) DO UPDATE SET last = last + 1"
    ), rank=SCAN)
    store.do(lambda tx: tx.event("tick", None, who=sys.argv[2], n=i))
store.close()
"""


def test_processes_that_start_together_share_one_new_file(tmp_path):
    """None meets a locked file: not while it is made, nor written, nor left."""
    path = tmp_path / "p.db"
    crew = [python(WRITER, path, name, 60, stdin=subprocess.PIPE) for name in range(4)]
    for worker in crew:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    errors = [worker.communicate(timeout=60)[1] for worker in crew]
    assert [worker.returncode for worker in crew] == [0] * 4, "\n".join(errors)
    store = Store(path)
    assert store.read.one("SELECT last FROM day_numbers")["last"] == 240
    assert store.read.one("SELECT count(*) AS n FROM events")["n"] == 240
    store.close()


VICTIM = """
import sys
from pathlib import Path
from core.store import Store
from core.store.store import SCAN
store = Store(Path(sys.argv[1]))
n = store.read.one("SELECT count(*) AS n FROM events")["n"]
while True:
    def work(tx):
        tx.run("INSERT INTO day_numbers VALUES (?, 1)", f"{n:06d}")
        tx.event("scan", None, n=n)
    store.do(work, rank=SCAN)
    sys.stdout.write(f"{n}\\n")
    sys.stdout.flush()
    n += 1
"""


def test_every_acknowledged_write_survives_kill_9(tmp_path):
    import random

    path, chance = tmp_path / "p.db", random.Random(7)
    last = -1
    for _ in range(4):
        victim = python(VICTIM, path)
        for _ in range(chance.randint(1, 150)):
            last = int(victim.stdout.readline())
        os.kill(victim.pid, signal.SIGKILL)
        last = max([last, *(int(x) for x in victim.stdout.read().split("\n") if x.isdigit())])
        victim.wait()
    store = Store(path)
    days = [row["day"] for row in store.read.all("SELECT day FROM day_numbers ORDER BY day")]
    events = store.read.one("SELECT count(*) AS n FROM events")["n"]
    assert last in (len(days) - 1, len(days) - 2)  # the last commit may not have been told yet
    assert days == [f"{i:06d}" for i in range(len(days))]
    assert events == len(days)
    assert store.read.one("PRAGMA integrity_check")["integrity_check"] == "ok"
    store.close()


def test_a_closed_store_says_so(tmp_path):
    store = open_store(tmp_path / "p.db")
    store.close()
    with pytest.raises(Problem) as refused:
        store.do(lambda tx: None)
    assert refused.value.message.id == "store.closed"


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "p.db"
    path.write_bytes(b"this is a letter, not a database " * 200)
    with pytest.raises(Problem) as refused:
        Store(path)
    assert refused.value.message.id == "store.damaged"


def test_a_missing_folder(tmp_path):
    with pytest.raises(Problem) as refused:
        Store(tmp_path / "nowhere" / "p.db")
    assert refused.value.message.id == "store.no_folder"


READ_ONLY = """
import os, sys
from pathlib import Path
from core.errors import Problem
from core.store import Store
import core.store.migrate as migrating
steps = migrating.steps()
migrating.steps = lambda: steps  # the other user may not be able to read the program's folder
os.setgid(65534)
os.setuid(65534)
try:
    Store(Path(sys.argv[1]))
except Problem as problem:
    print(problem.message.id)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("exists", [False, True])
def test_a_folder_one_may_not_write_to(exists):
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "p.db"
        if exists:
            open_store(path).close()
            path.with_name("p.db.users").chmod(0o666)
        Path(name).chmod(0o755)
        before = sorted(Path(name).iterdir())
        other = python(READ_ONLY, path)
        out, errors = other.communicate(timeout=20)
        assert out.strip() in ("store.read_only", "store.cannot_open"), errors
        assert sorted(Path(name).iterdir()) == before


def test_a_full_disk_is_one_problem_and_nothing_half_written(store):
    """The writer's own page limit gives the same answer as a full disk: SQLITE_FULL."""
    used = store.do(lambda tx: tx.the("PRAGMA page_count")["page_count"])
    store.do(lambda tx: tx.run(f"PRAGMA max_page_count = {used + 3}").fetchall())

    def big(tx):
        for i in range(200):
            tx.run("INSERT INTO skus (code, title) VALUES (?, ?)", f"BIG{i}", "x" * 2000)

    with pytest.raises(Problem) as refused:
        store.do(big)
    assert refused.value.message.id == "store.disk_full"
    assert store.read.all("SELECT 1 FROM skus WHERE code LIKE 'BIG%'") == []
    store.do(lambda tx: tx.run("PRAGMA max_page_count = 1000000").fetchall())
    store.do(big)
    assert len(store.read.all("SELECT 1 FROM skus WHERE code LIKE 'BIG%'")) == 200


FULL = """
import resource, sys
from pathlib import Path
from core.errors import Problem
from core.store import Store
path = Path(sys.argv[1])
store = Store(path)
size = path.with_name(path.name + "-wal").stat().st_size
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20000, hard))
def big(tx):
    tx.run_many("INSERT INTO skus (code, title) VALUES (?, ?)",
                [(f"BIG{i}", "x" * 2000) for i in range(200)])
try:
    store.do(big)
except Problem as problem:
    print(problem.message.id)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(len(store.read.all("SELECT 1 FROM skus WHERE code LIKE 'BIG%'")))
store.do(big)
print(len(store.read.all("SELECT 1 FROM skus WHERE code LIKE 'BIG%'")))
print(store.read.one("PRAGMA integrity_check")["integrity_check"])
"""


def test_a_write_the_system_cuts_short_is_undone(tmp_path):
    other = python(FULL, tmp_path / "p.db")
    out, errors = other.communicate(timeout=20)
    assert out.split() == ["store.disk_full", "0", "200", "ok"], errors
