"""Every message name in the source has a sentence in both languages, with the same blanks."""

import ast
import re
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

import core
from core.floor.commands import sheet
from core.orders.holds import AUTOMATIC, BY_HAND
from core.orders.policy import TIERS
from core.people import ROLES
from core.ports import Fault, PrinterAnswer
from tui.cli import COMMANDS
from tui.words import LOCALES

ROOT = Path(core.__file__).parent.parent
SAYERS = {"say", "message", "Message", "Problem", "ask"}
ID = re.compile(r"[a-z_]+(\.[a-zA-Z0-9_-]+)+")
SETS = {
    "cli.about": tuple(COMMANDS),
    "role": ROLES,
    "tier": TIERS,
    "fault": tuple(fault.value for fault in Fault),
    "devices.printer": tuple(answer.value for answer in PrinterAnswer),
    "devices.seems": ("scanner", "scale", "printer", "keyboard", "anything"),
    "parcel": ("voided", "waiting", "bought", "handed_over"),
    "why": ("warehouse", "no_warehouse", "warehouse_tried", "no_warehouse_tried"),
    "where": ("refunded", "short"),
    "sheet": ("commands", "badges", "bins", "totes"),
    "outbox": ("waybill", "backhaul", "void"),
    "rule": ("first_with_all", "none_has_all", "nothing_to_ship"),
    "carrier": ("sf", "yto", "zto", "sto", "yunda", "jt", "jd", "ems"),
    "channel": ("taobao", "tmall", "jd", "douyin", "pdd", "youzan", "groupbuy", "shopify"),
    "stage": (
        *("received", "ready", "picking", "packing", "weighing", "labelled", "shipped"),
        "cancelled",
    ),
    "hold": (*sorted(AUTOMATIC | BY_HAND),),
    "why.detail": (
        "spec_changed",
        "product_changed",
        "line_withdrawn",
        "line_added",
        "quantity_grew",
        "file_refund",
        "file_status",
        "file_address",
        "file_asks_back",
    ),
    "command": tuple(given.command.value for given in sheet()),
}
"""Ids made from a code at run time: the prefix, and every code."""


def catalogue(language):
    """Id -> (sentence, file) over all domains; a second definition is an error."""
    found = {}
    for path in sorted((LOCALES / language / "LC_MESSAGES").glob("*.po")):
        for name, sentence in entries(path):
            assert name not in found, f"{name} is in {path.name} and in {found[name][1]}"
            found[name] = (sentence, path.name)
    return found


def entries(path):
    """(id, sentence) of a catalogue; adjacent quoted lines are one text."""
    for block in re.split(r"\n\s*\n", path.read_text("utf-8")):
        texts = {"msgid": "", "msgstr": ""}
        key = ""
        for line in block.splitlines():
            head, _, quoted = line.partition(" ") if line[:3] == "msg" else (key, "", line)
            key = head if head in texts else ""
            if key and quoted.startswith('"'):
                texts[key] += ast.literal_eval(quoted)
        if texts["msgid"]:
            yield texts["msgid"], texts["msgstr"]


@cache
def used():
    """Every id that is written out in the source, with the file it is in."""
    return frozenset(written())


def written():
    """The ids as they stand in the files."""
    for folder in ("core", "drivers", "tui"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(call, ast.Call) and called(call) in SAYERS and call.args:
                    for part in ast.walk(call.args[0]):
                        if isinstance(part, ast.JoinedStr):
                            break  # made at run time: see SETS
                        if isinstance(part, ast.Constant) and ID.fullmatch(str(part.value)):
                            yield part.value, str(path.relative_to(ROOT))


def happenings():
    """Events and alerts by their kind, as the core writes them."""
    for path in sorted((ROOT / "core").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            place = {"event": 0, "raise_alert": 1}.get(called(call))
            if place is not None and len(call.args) > place:
                kind = call.args[place]
                if isinstance(kind, ast.Constant):
                    yield f"{'alert' if place else 'event'}.{kind.value}"


def called(call):
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def blanks(sentence):
    """Names, each with the group its code is shown as."""
    return {(name, group) for _, name, group, _ in Formatter().parse(sentence) if name is not None}


@pytest.fixture(scope="module")
def sentences():
    return {language: catalogue(language) for language in ("en", "zh_CN")}


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_every_id_has_a_sentence(sentences, language):
    missing = {(name, path) for name, path in used() if name not in sentences[language]}
    assert not missing


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_every_code_of_a_closed_set_has_a_word(sentences, language):
    wanted = {f"{prefix}.{code}" for prefix, codes in SETS.items() for code in codes}
    assert not wanted - sentences[language].keys()


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_everything_that_happens_has_a_sentence(sentences, language):
    wanted = set(happenings())
    assert len(wanted) > 30
    assert not wanted - sentences[language].keys()


def test_both_languages_say_the_same(sentences):
    english, chinese = sentences["en"], sentences["zh_CN"]
    assert english.keys() == chinese.keys()
    assert not [name for name in english if blanks(english[name][0]) != blanks(chinese[name][0])]
    assert not [name for name in english if not english[name][0] or not chinese[name][0]]


def test_the_command_line_leaves_no_sentence_unused(sentences):
    """A sentence nobody says is a sentence nobody corrects."""
    told = {name for name, _ in used()} | {f"{p}.{c}" for p, codes in SETS.items() for c in codes}
    source = "".join(path.read_text("utf-8") for path in (ROOT / "tui").rglob("*.py"))
    source += "".join(path.read_text("utf-8") for path in (ROOT / "core").rglob("*.py"))
    ours = {name for name, (_, file) in sentences["en"].items() if file == "cli.po"}
    open_sets = ("carrier.", "channel.")
    unused = {
        name for name in ours - told if not name.startswith(open_sets) and f'"{name}"' not in source
    }
    assert not unused
