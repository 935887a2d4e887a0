"""Colours have names, names have colours, and nothing rests on colour alone."""

import re
from pathlib import Path

import pytest

from core.floor.values import Tone
from tui import palette as colours
from tui.palette import NAMES, choose, palette
from tui.tones import style

TUI = Path(__file__).parents[2] / "tui"


def luminance(rgb: tuple[int, int, int]) -> float:
    parts = [c / 255 for c in rgb]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_three_themes_name_the_same_meanings():
    tables = [set(palette(name).styles) for name in NAMES]
    assert tables[0] == tables[1] == tables[2]


def test_every_meaning_painted_with_is_in_the_palette():
    known = set(palette("dark").styles)
    named: set[str] = set()
    for file in [*(TUI / "screens").glob("*.py"), *(TUI / "widgets").glob("*.py")]:
        for found in re.findall(r', "([a-z_.]+)"(?:\)| if | else)', file.read_text("utf-8")):
            if found.split(".")[0] in {k.split(".")[0] for k in known}:
                named.add(found)
    assert len(named) > 12
    assert named - known == set()


@pytest.mark.parametrize("name", ["dark", "light"])
def test_text_can_be_read_in_every_meaning(name):
    for meaning, look in palette(name).styles.items():
        if meaning in ("faint", "key.off"):
            continue  # rules and keys that do nothing now
        assert look.color and look.bgcolor
        ratio = contrast(look.color.get_truecolor(), look.bgcolor.get_truecolor())
        assert ratio >= 4.5, (name, meaning, round(ratio, 2))


def test_sixteen_colours_are_enough():
    for meaning, look in palette("ansi").styles.items():
        for colour in (look.color, look.bgcolor):
            assert colour is not None
            assert colour.is_default or (colour.number is not None and colour.number < 16), meaning
        if not look.bgcolor.is_default:
            assert look.color != look.bgcolor, meaning


@pytest.mark.parametrize("name", NAMES)
def test_tones_differ_in_colour(name):
    looks = palette(name).styles
    assert len({(looks[style(t)].color, looks[style(t)].bgcolor) for t in Tone}) == len(Tone)


@pytest.mark.parametrize(
    ("environ", "setting", "theme"),
    [
        ({"TERM": "xterm-256color"}, "", "dark"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "", "dark"),
        ({"TERM": "xterm"}, "", "ansi"),
        ({"TERM": "linux"}, "", "ansi"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "", "ansi"),
        ({"TERM": "xterm-256color", "TEXTUAL_COLOR_SYSTEM": "standard"}, "", "ansi"),
        ({"TERM": "xterm"}, "light", "light"),
    ],
)
def test_the_theme_follows_the_terminal_unless_it_is_set(environ, setting, theme):
    assert choose(environ, setting) == theme


def test_an_unknown_theme_is_dark():
    assert colours.palette("neon").name == "dark"
