"""Whatever core says has a sentence in every language, with the same blanks."""

import ast
import string
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.pofile import read_po

from core.floor.changes import Undoable
from core.floor.intents import NewsKind
from core.orders.audit import findings
from core.orders.holds import AUTOMATIC, BY_HAND
from core.orders.policy import TIERS
from tests.core.orders.warehouse import STAGES

ROOT = Path(__file__).parents[3]
LANGUAGES = ("en", "zh_CN")
COMPUTED = {
    "Problem": {"store.disk_full", "store.read_only", "store.cannot_open", "store.locked"},
    "event": {"label_printed", "slip_printed", "alert_acknowledged", "alert_snoozed"},
    "raise_alert": {
        *("backhaul_refused", "waybill_refused", "void_refused", "carrier_refuses"),
        *("closed_after_handover", "address_after_handover", "open_after_cancel"),
    },
}
"""Ids that the code puts together, or picks from a table."""
PREFIX = {"Problem": "", "event": "event.", "raise_alert": "alert."}
KEPT_BY_OTHERS = ("config.", "camera.", "people.", "scanner.", "bench.", "command.")


@cache
def catalogue(language: str) -> dict[str, str]:
    """Every sentence of every domain."""
    folder = ROOT / "data" / "locales" / language / "LC_MESSAGES"
    found = {}
    for file in folder.glob("*.po"):
        with file.open("rb") as stream:
            found |= {m.id: m.string for m in read_po(stream) if m.id}
    return found


@cache
def calls() -> list[tuple[str, str, set[str]]]:
    """Every key core raises, tells or alerts with, and the data it gives along."""
    found = [(kind, key, set()) for kind, ids in COMPUTED.items() for key in ids]
    for file in (ROOT / "core").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            kind = getattr(node.func, "attr", getattr(node.func, "id", ""))
            place = 1 if kind == "raise_alert" else 0
            if kind not in PREFIX or len(node.args) <= place:
                continue
            word = node.args[place]
            if isinstance(word, ast.Constant):
                found.append((kind, word.value, {k.arg for k in node.keywords}))
    return found


def blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_the_search_finds_what_there_is():
    ids = {key for _, key, _ in calls()}
    assert {"slip.missing", "held", "printer_down", "store.newer", "handed_over"} <= ids


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_core_says_has_a_sentence(language):
    known = catalogue(language)
    wanted = {PREFIX[kind] + key for kind, key, _ in calls() if not key.startswith(KEPT_BY_OTHERS)}
    wanted |= {f"hold.{reason}" for reason in AUTOMATIC | BY_HAND}
    wanted |= {f"stage.{stage}" for stage in (*STAGES, "cancelled")}
    wanted |= {f"tier.{tier}" for tier in TIERS}
    wanted |= {f"alert.kind.{key}" for kind, key, _ in calls() if kind == "raise_alert"}
    assert sorted(key for key in wanted if not known.get(key)) == []


def test_a_problem_and_an_alert_give_every_blank_its_value():
    known = catalogue("en")
    lacking = [
        (key, blanks(known[PREFIX[kind] + key]) - given)
        for kind, key, given in calls()
        if kind != "event" and key not in COMPUTED[kind] and PREFIX[kind] + key in known
    ]
    extra = {"subject", "goods"}  # every alert knows what it is about
    assert [(key, names - extra) for key, names in lacking if names - extra] == []


def test_both_languages_have_the_same_blanks():
    english, chinese = (catalogue(language) for language in LANGUAGES)
    core_ids = [key for key in english if key.startswith(("store.", "event.", "alert.", "hold."))]
    assert core_ids
    differing = [key for key in core_ids if blanks(english[key]) != blanks(chinese.get(key, ""))]
    assert differing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_of_core_fit_a_terminal(language):
    file = ROOT / "data" / "locales" / language / "LC_MESSAGES" / "core.po"
    with file.open("rb") as stream:
        sentences = [m.string for m in read_po(stream) if m.id]
    wide = [s for s in sentences if sum(2 if ord(c) > 0x2E80 else 1 for c in s) > 110]
    assert wide == []


def test_every_finding_is_a_known_reason():
    order = {"status": "unknown", "backhauled_at": None, "buyer_note": None, "tier": ""}
    order |= {"status_word": "?", "ready_at": None, "cipher_ref": ""}
    order |= dict.fromkeys(("receiver_name", "receiver_phone", "address"), "")
    order |= dict.fromkeys(("province", "city", "district"), "")
    assert findings(order, []).keys() <= AUTOMATIC


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_event_says_words_where_it_carries_codes(language):
    known = catalogue(language)
    coded = {
        "event.held": {"hold": AUTOMATIC | BY_HAND},
        "event.shorted": {"choice.short": {"empty", "lost", "expired", "mixed", "other"}},
        "event.cancelled": {"cancel": {"closed", "closed_at_source", "refunded"}},
        "event.parcel_voided": {"void": {"undone", "closed", "refunded", "line_added"}},
        "event.left": {"left": {"left", "held"} | {k.value for k in NewsKind} - {"edit"}},
        "event.undone": {"undone": {name.__name__.lower() for name in get_args(Undoable)}},
    }
    for sentence, groups in coded.items():
        specs = {spec for _, _, spec, _ in string.Formatter().parse(known[sentence])}
        for group, codes in groups.items():
            assert group in specs
            assert not {f"{group}.{code}" for code in codes} - known.keys()
