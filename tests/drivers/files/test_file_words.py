"""Every reason the reader gives has its sentence in both languages, with the same placeholders."""

import re
import tomllib
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[3]
MEANINGS = {
    "order_status": {"unpaid", "hold", "to_ship", "partial", "shipped", "done", "closed"},
    "refund": {"none", "open", "refunded"},
}


def catalogue(language: str) -> dict[str, str]:
    path = ROOT / "data/locales" / language / "LC_MESSAGES/files.po"
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file) if m.id}


def test_every_reason_can_be_said():
    code = "".join(p.read_text("utf-8") for p in (ROOT / "drivers/channels/files").glob("*.py"))
    used = set(re.findall(r'"(files\.[a-z_]+)"', code))
    english, chinese = catalogue("en"), catalogue("zh_CN")
    assert used == set(english) == set(chinese)
    for name in used:
        fields = set(re.findall(r"{(\w+)}", english[name]))
        assert fields == set(re.findall(r"{(\w+)}", chinese[name]))
        assert english[name] != chinese[name]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "data/channels").glob("*.toml")), ids=lambda p: p.stem
)
def test_every_word_has_one_of_our_meanings(path):
    told = tomllib.loads(path.read_text("utf-8"))
    if path.stem == "columns":
        return
    for kind, meanings in MEANINGS.items():
        assert set(told[kind].values()) <= meanings
