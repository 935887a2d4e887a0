"""Beginning: no configuration, a new place, help and language."""

import re
import stat
import tomllib

import pytest

from core.config import read_config
from tests.tui.cli.place import Place, packline
from tui.cli import COMMANDS
from tui.commands.run import bench
from tui.ink import width_of

LANGUAGES = ("zh_CN", "en")


def test_without_a_configuration_it_says_how_to_begin(capsys):
    told = packline(capsys)
    assert told.status == 1
    assert "packline init" in told.err
    assert "packline demo" in told.err


@pytest.mark.parametrize("language", LANGUAGES)
def test_init_makes_a_place_that_opens(capsys, tmp_path, language):
    place = Place(tmp_path, capsys)
    told = place("init", "--language", language)
    assert told.status == 0, told.err
    assert stat.S_IMODE(place.config.stat().st_mode) == 0o600
    assert len(re.findall(r"^  packline", told.out, re.M)) == 3
    badge = re.search(r"SV[A-Z2-9]{8}", told.out)[0]
    people = place("people", "--json").data
    assert [(one["badge"], one["role"]) for one in people] == [(badge, "supervisor")]
    assert place("doctor").status == 0


def test_init_never_overwrites(capsys, tmp_path):
    place = Place(tmp_path, capsys)
    place("init")
    before = place.config.read_bytes(), place.one("SELECT badge FROM operators")
    told = place("init")
    assert told.status == 1
    assert "nothing was touched" in told.err
    assert (place.config.read_bytes(), place.one("SELECT badge FROM operators")) == before


def test_init_leaves_a_database_without_configuration_alone(capsys, tmp_path):
    (tmp_path / "packline.db").write_bytes(b"somebody's orders")
    assert packline(capsys, "init").status == 1
    assert not (tmp_path / "packline.toml").exists()


def test_init_elsewhere_names_the_place_in_the_next_commands(capsys, tmp_path):
    told = packline(capsys, "init", tmp_path / "my shop")
    assert told.out.count(f"--config '{tmp_path}/my shop/packline.toml'") == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_example_of_the_starter_is_right(tmp_path, monkeypatch, language):
    """What is commented out must work when it is taken in."""
    from tui.commands.init import starter

    for name in set(re.findall(r"env:(\w+)", starter(language))) - {"NAME", "变量名"}:
        monkeypatch.setenv(name, "https://robot" if name.endswith("ROBOT") else "secret")
    text = re.sub(r"(?m)^# ?(?=\[|[a-z_]+ = )", "", starter(language))
    path = tmp_path / "all.toml"
    path.write_text(text, "utf-8")
    config = read_config(path)
    station = config.stations[0]
    assert station.scale and station.scanners and station.printer and station.camera
    assert config.shops and config.carrier and config.sound
    assert config.floor.boxes and config.floor.in_store
    leads, owner = config.notifiers
    assert (leads.fallback, owner.after_minutes, "called" in leads.rules) == ("owner", 15, True)


def test_both_starters_say_the_same():
    from tui.commands.init import starter

    chinese, english = (tomllib.loads(starter(language)) for language in LANGUAGES)
    assert chinese.keys() == english.keys()
    assert chinese["stations"][0].keys() == english["stations"][0].keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"demo", "rehearse"}))
def test_help_fits_80_columns_and_names_every_argument(capsys, language, name):
    words = () if name == "run" else (name,)
    told = packline(capsys, *words, "--help", "--language", language)
    assert told.status == 0
    assert max(width_of(line) for line in told.out.splitlines()) <= 80
    assert not re.search(r"\[[a-z]+\.[a-z.]+\]", told.out)
    if name == "run":
        assert all(f"\n  {command} " in told.out for command in list(COMMANDS)[1:])
    assert ("用法" in told.out) == (language == "zh_CN")
    assert ("show this help" in told.out) == (language == "en")


def test_language_and_configuration_may_stand_anywhere(place):
    for words in (
        ("--language", "zh_CN", "--config", place.config, "people"),
        ("people", f"--config={place.config}", "--language=zh_CN"),
    ):
        assert "主管" in place(*words).out


def test_the_configuration_decides_the_language(place, monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert "supervisor" in place("people").out.lower()
    assert "主管" in place("people", "--language", "zh_CN").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nonsense",), "nonsense"),
        (("where",), "NUMBER"),
        (("where", "1", "2"), "看不懂：2"),
        (("where", "--language", "klingon", "1"), "klingon"),
        (("devices", "setup"), "--station"),
        (("scale", "record", "p", "f", "--seconds", "x"), "'x'"),
        (("slip", "1", "--png"), "要写一个值"),
        (("slip", "1", "--png", "a", "--pdf", "b"), "不能和"),
    ],
)
def test_words_nobody_understands_are_named(capsys, monkeypatch, words, said):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    told = packline(capsys, *words)
    assert told.status == 2
    assert said in told.err
    assert not told.out


def test_version_tells_what_support_asks_for(capsys):
    told = packline(capsys, "--version")
    assert told.status == 0
    assert re.fullmatch(r"packline \S+ \(Python 3\.\d+\.\S+, SQLite 3\.\d+\.\d+\)\n", told.out)


def test_which_bench_this_terminal_is(place):
    config = read_config(place.config)
    over_ssh = {"SSH_CONNECTION": "10.0.0.2 1 10.0.0.1 22"}
    assert bench(config, "", {}) == "B1"
    assert bench(config, "", over_ssh) == ""
    assert bench(config, "B1", over_ssh) == "B1"
    place.add('[[stations]]\ncode = "B2"\nwarehouse = "MAIN"\n')
    assert bench(read_config(place.config), "", {}) == ""


def test_an_unknown_bench_is_refused_with_the_known_ones(place):
    told = place("--station", "B9")
    assert told.status == 1
    assert "B9" in told.err and "B1" in told.err


def test_the_screens_want_a_terminal(place):
    told = place("--no-sync")
    assert told.status == 1
    assert len(told.err.splitlines()) == 1
