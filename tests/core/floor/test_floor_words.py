"""Both languages say everything the floor can say."""

import re
import string
from pathlib import Path

import pytest

from core.floor.answers import HOLD_REASONS, SHORT_REASONS
from tests.core.floor.bench_world import CATALOGUES

ROOM = Path(__file__).parents[3] / "core/floor"
ID = re.compile(
    r'"((?:scan|next|ask|choice|wanted|weight|fate|command|open|news|handover)\.[a-z_.]+)"'
)


def placeholders(sentence):
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_the_same_ids_with_the_same_placeholders():
    english, chinese = CATALOGUES["en"], CATALOGUES["zh_CN"]
    assert english.keys() == chinese.keys()
    for key, sentence in english.items():
        assert sentence, key
        assert placeholders(sentence) == placeholders(chinese[key]), key


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda path: path.name)
def test_every_id_in_the_code_has_words(path):
    for key in ID.findall(path.read_text(encoding="utf-8")):
        assert key in CATALOGUES["en"], key


def test_every_reason_has_words():
    for reason in HOLD_REASONS:
        assert f"choice.hold.{reason}" in CATALOGUES["en"]
    for reason in (*SHORT_REASONS,):
        assert f"choice.short.{reason}" in CATALOGUES["en"]


def test_sentences_fit_a_terminal():
    for language, entries in CATALOGUES.items():
        for key, sentence in entries.items():
            bare = re.sub(r"\{\w+\}", "", sentence)
            cells = sum(2 if ord(char) > 0x2E7F else 1 for char in bare)
            assert cells <= 78, (language, key)
