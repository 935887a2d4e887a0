"""Whatever is wrong is one sentence; a traceback is for the log."""

import os

import pytest

from core.store.database import sqlite
from tests.tui.cli.place import READY, Place, packline


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("language = \n", "not valid TOML"),
        ('lnguage = "en"\n', "lnguage should be a known key"),
        ('[floor]\npick_first = "yes"\n', "floor.pick_first should be true | false"),
        ('[floor]\nin_store = ["21X"]\n', "floor.in_store"),
        ('[[floor.boxes]]\nnumber = 21\nname = "XL"\n', "number should be 1..20"),
        ('language = "fr"\n', "zh_CN | en, got fr"),
        ("warehouses = 3\n", "warehouses should be [[warehouses]]"),
        ("sender = 3\n", "sender should be a table"),
        ('[[stations]]\ncode = "B1"\nwarehouse = "X"\n', "stations.B1.warehouse"),
        ('[[warehouses]]\ncode = "A"\n', "name"),
        ('prefix = "PK"\n', "not PK"),
        ('[carrier]\nurl = "u"\nkey = "env:NOT_SET_7"\nsecret = "s"\n', "NOT_SET_7"),
        (
            '[carrier]\nurl = "u"\nkey = "k"\nsecret = "s"\n[carrier.partners.zto]\nkey = "k"\n',
            "lacks carrier.partners.zto.account",
        ),
        (
            '[carrier]\nurl = "u"\nkey = "k"\nsecret = "s"\n[carrier.partners.zto]\n'
            'account = "a"\nkye = "hush"\n',
            "carrier.partners.zto.kye should be a known key",
        ),
    ],
)
def test_a_mistake_in_the_configuration_is_named(capsys, tmp_path, text, said):
    (tmp_path / "packline.toml").write_text(text, "utf-8")
    told = packline(capsys, "people", "--language", "en")
    assert told.status == 1
    assert said in told.err
    assert len(told.err.splitlines()) == 1


def test_secrets_others_may_read_are_refused(place):
    place.add('app_secret = "s3cr3t"\n')
    assert place("people").status == 0
    place.config.chmod(0o644)
    told = place("people")
    assert told.status == 1
    assert "chmod 600" in told.err and "s3cr3t" not in told.err


def test_the_key_of_a_contract_with_a_carrier_is_a_secret(place, monkeypatch):
    monkeypatch.setenv("K1", "key")
    place.add('[carrier]\nurl = "u"\nkey = "env:K1"\nsecret = "env:K1"\n')
    place.config.chmod(0o644)
    assert place("people").status == 0
    place.add('[carrier.partners.zto]\naccount = "z1"\nkey = "s3cr3t"\n')
    place.config.chmod(0o644)
    told = place("people")
    assert "chmod 600" in told.err and "s3cr3t" not in told.err


def test_a_contract_with_an_unknown_carrier_is_named(place):
    place.add('[carrier]\nurl = "http://127.0.0.1:9"\nkey = "k"\nsecret = "s"\n')
    place.add('[carrier.partners.zhongtong]\naccount = "z1"\n')
    told = place("sync", "--once")
    assert told.status == 1
    assert "carrier.partners.zhongtong should be sf | yto | zto" in told.err
    assert len(told.err.splitlines()) == 1


def test_a_configuration_that_is_no_text_is_refused(place):
    place.config.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in place("people").err


@pytest.mark.parametrize(
    "words",
    [("import", "no.csv"), ("products", "no.csv"), ("restore", "no.backup")],
)
def test_a_file_that_is_not_there_is_named(place, words):
    told = place(*words)
    assert told.status == 1
    assert words[1] in told.err


@pytest.mark.parametrize(
    "words",
    [
        ("export-shipped", "--shop", "tb", "/dev/full"),
        ("slip", READY, "--png", "/dev/full"),
        ("slip", READY, "--pdf", "/dev/full"),
    ],
)
def test_a_full_disk_is_said(place, words):
    told = place(*words)
    assert told.status == 1
    assert "/dev/full" in told.err
    assert len(told.err.splitlines()) == 1


def test_a_place_that_cannot_be_written_is_said(capsys, tmp_path):
    (tmp_path / "file").write_text("x")
    told = packline(capsys, "init", tmp_path / "file" / "below")
    assert told.status == 1
    assert f"{tmp_path}/file" in told.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_said(capsys, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    told = packline(capsys, "init", folder)
    assert told.status == 1
    assert "No permission" in told.err


def test_a_folder_is_no_file(place):
    told = place("export-shipped", "--shop", "tb", place.folder)
    assert told.status == 1
    assert "is a folder" in told.err


@pytest.mark.parametrize("words", [("people",), ("where", READY), ("doctor",)])
def test_a_newer_database_is_refused(place, words):
    place.sql("PRAGMA user_version = 9999")
    told = place(*words)
    assert told.status == 1
    assert "9999" in told.out + told.err


@pytest.mark.parametrize("words", [("people",), ("where", READY), ("doctor",)])
def test_a_file_that_is_no_database_is_said(place, words):
    for suffix in ("-wal", "-shm"):
        place.database.with_name(place.database.name + suffix).unlink(missing_ok=True)
    place.database.write_bytes(b"not a database at all" * 500)
    told = place(*words)
    assert told.status == 1
    assert str(place.database.name) in told.out + told.err


def test_a_locked_database_is_said_and_still_answers_questions(place, monkeypatch):
    monkeypatch.setattr("core.store.store.LOCK_PATIENCE_S", 0.1)
    other = sqlite.connect(str(place.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        told = place("people", "add", "BG9", "Li Lei")
        assert told.status == 1
        assert "packline.db" in told.err
        assert READY in place("where", READY).out
    finally:
        other.close()
    assert place("people", "add", "BG9", "Li Lei").status == 0


def test_a_restore_waits_until_everybody_has_left(place):
    assert place("backup", "b.backup").status == 0
    works = place.works()
    try:
        told = place("restore", "b.backup")
        assert told.status == 1
        assert "packline.db" in told.err
    finally:
        works.close()
    place("people", "add", "BG9", "Li Lei")
    assert place("restore", "b.backup").status == 0
    assert "BG9" not in place("people").out
    assert (place.folder / "packline.db.replaced").exists()


def test_a_backup_is_whole_and_named_by_its_time(place):
    assert place("backup").status == 0
    (saved,) = place.folder.glob("packline-*.backup")
    assert Place(place.folder, None).database != saved
    connection = sqlite.connect(str(saved))
    assert connection.execute("SELECT count(*) FROM orders").fetchone()[0] == 3
    connection.close()


def test_a_surprise_shows_an_id_and_keeps_the_traceback_in_the_log(place, monkeypatch):
    def stumble(*_):
        raise RuntimeError("stumbled over a cable")

    monkeypatch.setattr("core.people.staff", stumble)
    told = place("people")
    assert told.status == 70
    assert "stumbled" not in told.err
    log = (place.folder / "packline.log").read_text("utf-8")
    assert "RuntimeError: stumbled over a cable" in log
    trace = log.split("surprise ")[1][:6]
    assert trace in told.err


def test_a_surprise_before_the_log_is_open_is_kept_too(place, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("core.orders.find.find", lambda *_: 1 / 0)
    told = place("where", "1")
    assert told.status == 70
    (kept,) = tmp_path.glob("packline-*.log")
    assert str(kept) in told.err
    assert "ZeroDivisionError" in kept.read_text("utf-8")
