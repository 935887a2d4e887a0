"""Every sentence about scales exists in both languages, with the same placeholders."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from drivers.scales import PROTOCOLS, Reading

ROOT = Path(__file__).parents[3]


def catalogue(language: str) -> dict[str, str]:
    path = ROOT / f"data/locales/{language}/LC_MESSAGES/scales.po"
    with path.open("rb") as file:
        return {entry.id: entry.string for entry in read_po(file) if entry.id}


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_every_id_in_the_code_has_a_sentence(language: str) -> None:
    words = catalogue(language)
    for path in (ROOT / "drivers/scales").rglob("*.py"):
        for name in re.findall(r'"(scales\.[a-z_.]+)"', path.read_text()):
            assert words.get(name), name
    assert all(words[profile.label.id] for profile in PROTOCOLS.values())
    statuses = ("ok", "motion", "overload", "underload", "out_of_range", "not_ready", "busy")
    assert words[Reading(status="error:fault").said.id]
    assert all(words[Reading(status=status).said.id] for status in statuses)


def test_both_languages_take_the_same_values() -> None:
    english, chinese = catalogue("en"), catalogue("zh_CN")
    assert english.keys() == chinese.keys()
    for name, sentence in english.items():
        fields = re.findall(r"{\w+}", sentence)
        assert sorted(fields) == sorted(re.findall(r"{\w+}", chinese[name])), name
