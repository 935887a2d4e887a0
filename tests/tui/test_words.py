"""Sentences: both languages complete, nothing untranslated on any screen, no surprises in data."""

import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from core.messages import Message, message
from tui import words
from tui.actions import ACTIONS

SCREENS = (
    "settling.py",
    "app.py",
    "general.py",
    "typing.py",
    "trouble.py",
    "shown.py",
    "environment.py",
)
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _chinese():
    words.use("zh_CN")
    yield
    words.use("zh_CN")


def sentences(language: str) -> dict[str, str]:
    path = words.LOCALES / language / "LC_MESSAGES" / "tui.po"
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file) if m.id}


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_both_languages_say_the_same_things_with_the_same_placeholders():
    en, zh = sentences("en"), sentences("zh_CN")
    assert en.keys() == zh.keys()
    differing = [name for name in en if placeholders(en[name]) != placeholders(zh[name])]
    assert differing == []
    assert [name for name in en if not en[name] or not zh[name]] == []


def test_every_id_the_screens_name_has_a_sentence():
    known = sentences("en")
    sources = [*(ROOT / "tui" / "screens").glob("*.py"), *(ROOT / "tui" / "widgets").glob("*.py")]
    sources += [ROOT / "tui" / name for name in SCREENS]
    named: set[str] = set()
    for source in sources:
        text = source.read_text(encoding="utf-8")
        named |= set(re.findall(r'(?:say|message|Problem)\(\s*"([a-z_.]+)"', text))
    assert len(named) > 80
    assert named - known.keys() == set()


def test_every_action_has_a_name_and_a_sentence():
    known = sentences("en")
    ids = {name for action in ACTIONS for name in (action.label, action.help)}
    assert ids - known.keys() == set()


def test_sentences_fit_the_line_they_stand_on():
    from rich.cells import cell_len

    for language in ("en", "zh_CN"):
        for name, sentence in sentences(language).items():
            if re.fullmatch(r"action\.[a-z]+\.[a-z]+", name):
                assert cell_len(sentence) <= 16, (language, name)
            if name.startswith("refusal."):
                assert cell_len(sentence) <= 79, (language, name)


def test_a_message_inside_a_message_is_said_too():
    inner = message("hold.refund")
    assert words.say(message("lookup.nothing", text=inner)) == "没有订单是这个号码：退款"
    words.use("en")
    assert words.say(message("lookup.nothing", text=inner)).endswith(": refund")


def test_a_code_is_shown_as_the_word_of_its_group(tmp_path, monkeypatch):
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "x.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "held"\nmsgstr "held: {reason:hold}, {n:03d}"\n\n'
        'msgid "hold.refund"\nmsgstr "refund"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(words, "LOCALES", tmp_path)
    words.forget()
    try:
        words.use("en")
        assert words.say(message("held", reason="refund", n=7)) == "held: refund, 007"
        assert words.say(message("held", reason=["refund", "new"], n=7)) == "held: refund, new, 007"
    finally:
        monkeypatch.undo()
        words.forget()


def test_a_list_is_joined_as_the_language_does():
    listed = message("lookup.nothing", text=(message("hold.refund"), "A1"))
    assert words.say(listed).endswith("退款、A1")
    words.use("en")
    assert words.say(listed).endswith("refund, A1")


def test_data_that_fills_its_own_gaps_keeps_doing_so():
    class Blanks(dict[str, object]):
        def __missing__(self, key: str) -> str:
            return "–"

    assert words.say(Message("lookup.nothing", Blanks())) == "没有订单是这个号码：–"


def test_what_cannot_be_said_comes_back_in_brackets_and_never_raises(caplog):
    assert words.say("no.such_id") == "[no.such_id]"
    words.say("no.such_id")
    assert len([r for r in caplog.records if "no.such_id" in r.getMessage()]) == 1
    assert words.say(message("lookup.nothing")) == "[lookup.nothing]"


def test_braces_in_data_are_only_text():
    assert words.say(message("lookup.nothing", text="{0.__class__}")).endswith("{0.__class__}")


def test_an_unknown_language_falls_back_to_english():
    words.use("tlh")
    assert words.language() == "en"


def test_a_stale_catalogue_is_compiled_in_memory(tmp_path, monkeypatch):
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "x.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "a.b"\nmsgstr "现在"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(words, "LOCALES", tmp_path)
    words.forget()
    try:
        words.use("en")
        assert words.say("a.b") == "现在"
    finally:
        monkeypatch.undo()
        words.forget()
