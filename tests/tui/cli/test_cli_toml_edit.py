"""Writing a station into a configuration somebody wrote by hand."""

import tomllib

import pytest

from tests.tui.cli.place import CONFIG
from tui.commands.init import starter
from tui.commands.toml_edit import replace_file, with_station

DEVICES = {
    "scanners": [{"kind": "serial", "url": "/dev/serial/by-id/a"}],
    "scale": {"kind": "st_gs", "url": "/dev/serial/by-id/b", "baud": 9600, "polled": True},
}
OTHER = '\n# the second bench\n[[stations]]\ncode = "B2"\nwarehouse = "MAIN"\n'
CAMERA = '\n[stations.camera] # above the table\nkind = "http"\nurl = "http://c/"\n'


def told(text):
    return {each["code"]: each for each in tomllib.loads(text)["stations"]}


@pytest.mark.parametrize(
    "text", [CONFIG, CONFIG + OTHER, starter("en"), starter("zh_CN"), CONFIG.rstrip("\n")]
)
def test_comments_and_everything_else_stay(text):
    edited = with_station(text, "B1", "MAIN", DEVICES)
    assert told(edited)["B1"].items() >= DEVICES.items()
    kept = iter(edited.splitlines())
    assert all(line in kept for line in text.splitlines() if line.strip())


def test_only_the_kinds_that_were_learnt_are_replaced():
    head, tail = CONFIG.split("\n[[shops]]")
    text = head + CAMERA + "\n[[shops]]" + tail
    first = with_station(text, "B1", "MAIN", DEVICES)
    second = with_station(first, "B1", "MAIN", {"scale": {"kind": "kern", "url": "/dev/k"}})
    bench = told(second)["B1"]
    assert bench["scale"] == {"kind": "kern", "url": "/dev/k"}
    assert bench["scanners"] == DEVICES["scanners"]
    assert bench["camera"]["url"] == "http://c/"
    assert "# above the table" in second
    assert "# the bench beside the door" in second


def test_writing_the_same_again_changes_nothing_more():
    once = with_station(CONFIG, "B1", "MAIN", DEVICES)
    assert with_station(once, "B1", "MAIN", DEVICES) == once


def test_the_second_of_two_benches_is_found():
    edited = with_station(CONFIG + OTHER, "B2", "MAIN", DEVICES)
    assert "scale" in told(edited)["B2"]
    assert "scale" not in told(edited)["B1"]
    assert "# the second bench" in edited


def test_a_new_bench_is_added():
    edited = with_station(CONFIG, "B7", "MAIN", DEVICES)
    assert told(edited)["B7"]["warehouse"] == "MAIN"
    assert edited.startswith(CONFIG.rstrip("\n"))


@pytest.mark.parametrize(
    "text",
    [
        'stations = [{ code = "B1", warehouse = "MAIN" }]\n',
        CONFIG + 'note = """\n[[stations]]\n"""\n',
        CONFIG.replace("[[stations]]", '[["stations"]]'),
        CONFIG.replace('warehouse = "MAIN"', 'warehouse = "MAIN"\nscale = { kind = "st_gs" }', 1),
    ],
    ids=["inline", "long text", "quoted header", "inline device"],
)
def test_a_file_in_another_style_is_left_to_its_owner(text):
    assert with_station(text, "B1", "MAIN", DEVICES) is None


def test_names_that_want_quoting_survive():
    devices = {"scale": {"kind": "st_gs", "url": 'a "b" \\ 秤\u3000'}}
    assert told(with_station(CONFIG, "B1", "MAIN", devices))["B1"]["scale"] == devices["scale"]


def test_the_file_keeps_its_rights_and_its_link(tmp_path):
    real, link = tmp_path / "real.toml", tmp_path / "link.toml"
    real.write_text("a = 1\n")
    real.chmod(0o600)
    link.symlink_to(real)
    replace_file(link, "a = 2\n")
    assert link.is_symlink()
    assert real.read_text() == "a = 2\n"
    assert real.stat().st_mode & 0o777 == 0o600
