"""What is set before Textual is imported, and where Packline does not start."""

import os
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from core.errors import Problem
from core.floor.values import Tone
from data.sounds.compose import write
from tests.until import until
from tui.environment import prepare, require_terminal
from tui.sound import Sounder


def test_a_local_bench_paints_at_once_and_keeps_chinese_input():
    environ = {"TERM": "xterm-256color"}
    assert prepare(environ) is False
    assert environ["TEXTUAL_FPS"] == "120"
    assert environ["TEXTUAL_DISABLE_KITTY_KEY"] == "1"
    assert environ["TEXTUAL_ANIMATIONS"] == "none"
    assert environ["TEXTUAL_SMOOTH_SCROLL"] == "0"
    assert "TEXTUAL_COLOR_SYSTEM" not in environ


def test_over_ssh_the_line_is_spared():
    environ = {"TERM": "xterm-256color", "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}
    assert prepare(environ) is True
    assert environ["TEXTUAL_FPS"] == "30"
    assert environ["TEXTUAL_COLOR_SYSTEM"] == "256"


def test_settings_and_variables_win():
    environ = {"SSH_CONNECTION": "x", "TEXTUAL_FPS": "60", "TERM": "linux"}
    assert prepare(environ, sparing=False, kitty_keys=True) is False
    assert environ["TEXTUAL_FPS"] == "60"
    assert "TEXTUAL_DISABLE_KITTY_KEY" not in environ
    assert prepare({"SSH_CONNECTION": "x", "TERM": "linux"}) is True


def test_sixteen_colours_stay_sixteen_over_ssh():
    environ = {"SSH_CONNECTION": "x", "TERM": "linux"}
    prepare(environ)
    assert "TEXTUAL_COLOR_SYSTEM" not in environ


@pytest.mark.parametrize("end", ["__stdin__", "__stdout__", "__stderr__"])
def test_without_a_terminal_at_every_end_it_does_not_start(monkeypatch, end):
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal, Path(os.devnull).open("w") as nothing:
        for name in ("__stdin__", "__stdout__", "__stderr__"):
            monkeypatch.setattr(sys, name, terminal)
        require_terminal()
        monkeypatch.setattr(sys, end, nothing)
        with pytest.raises(Problem) as caught:
            require_terminal()
    os.close(ours)
    assert caught.value.message.id == "start.no_terminal"


def test_preparing_imports_no_textual():
    code = (
        "import sys, tui.environment as e; e.prepare(); import tui.words, tui.actions;"
        "sys.exit(any(m == 'textual' or m.startswith('textual.') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_bell_rings_only_for_what_refuses_and_never_when_muted():
    rung: list[int] = []
    sounder = Sounder(lambda: rung.append(1))
    for tone in (Tone.ACCEPTED, Tone.COMPLETE, Tone.COMMAND):
        sounder.play(tone)
    assert rung == []
    sounder.play(Tone.WRONG)
    assert len(rung) == 2
    sounder.muted = True
    sounder.play(Tone.STOP)
    assert len(rung) == 2


def test_a_sound_command_gets_the_tone_and_is_not_waited_for(tmp_path):
    heard = tmp_path / "heard"
    sounder = Sounder(lambda: None, f"sh -c 'echo {{tone}} >> {heard}'")
    sounder.play(Tone.TOO_MANY)
    until(lambda: heard.exists() and heard.read_text() == "too_many\n")


def test_a_sound_command_that_is_missing_is_logged_once_and_the_bell_rings(caplog):
    rung: list[int] = []
    sounder = Sounder(lambda: rung.append(1), "/no/such/player")
    sounder.play(Tone.WRONG)
    sounder.play(Tone.WRONG)
    assert len(caplog.records) == 1
    assert len(rung) == 4


def test_every_tone_has_a_sound_of_its_own(tmp_path):
    heard = tmp_path / "heard"
    sounder = Sounder(lambda: None, f"sh -c 'cat {{file}} > {heard}.{{tone}}'")
    for tone in Tone:
        sounder.play(tone)
    names = [f"{heard}.{tone.value}" for tone in Tone]
    until(lambda: all(Path(name).exists() and Path(name).stat().st_size > 200 for name in names))
    assert len({Path(name).read_bytes() for name in names}) == len(names)


def test_the_sounds_are_as_composed(tmp_path):
    write(tmp_path)
    for file in tmp_path.iterdir():
        assert (
            file.read_bytes() == resources.files("data").joinpath("sounds", file.name).read_bytes()
        )
    assert {file.stem for file in tmp_path.iterdir()} == {tone.value for tone in Tone}
