"""What a digest says: the installation's language, one clean line for each alert."""

import threading

import pytest

from core.clock import SHANGHAI
from core.ports import Notice
from core.watch.delivery import Told
from core.watch.rules import RULES
from tests.tui.house import NOW
from tui import words
from tui.telling import Digest

NASTY = "x\n\r\x1b[2J\u202e[/red]{0}%s"


@pytest.fixture(autouse=True)
def _chinese():
    words.use("zh_CN")
    yield
    words.use("zh_CN")


def told(rule="called", subject="B1", level=0, over=False, **what):
    return Told(rule, subject, what, NOW, level, over)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_has_words_in_both_languages(rule, language):
    line = Digest(language, SHANGHAI).line(told(rule, "DB20260120001"))
    assert line.startswith("19:00 [")
    with words.speaking(language):
        assert words.knows(f"alert.kind.{rule}")
    assert "[alert." not in line  # and a sentence


def test_the_installations_language_is_spoken_whatever_the_screen_speaks():
    digest = Digest("en", SHANGHAI)
    assert digest.title(3, again=False) == "Packline: 3 alerts"
    assert words.say("notify.escalated") == "（升级）"
    heard = []
    with words.speaking("en"):
        thread = threading.Thread(target=lambda: heard.append(words.language()))
        thread.start()
        thread.join()
        assert words.language() == "en"
    assert heard == ["zh_CN"]  # another thread paints the screen
    assert words.language() == "zh_CN"


def test_again_escalated_and_over_are_said():
    digest = Digest("zh_CN", SHANGHAI)
    assert "重发" in digest.title(1, again=True)
    assert "（升级）" in digest.line(told(level=1))
    assert "（已恢复）" in digest.line(told(over=True))


def test_text_from_outside_stays_one_plain_line():
    digest = Digest("zh_CN", SHANGHAI)
    line = digest.line(told("order_refused", NASTY, answer=NASTY))
    assert len(line.splitlines()) == 1
    assert not set("\x1b\u202e\r") & set(line)
    assert Notice(digest.title(1, again=False), (line,)).text.count("\n") == 1
