"""Every message id in the source has a sentence in both languages, with the same blanks."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

import core
from core.floor.commands import sheet
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
    "sheet": ("commands", "badges", "bins"),
    "outbox": ("waybill", "backhaul", "void"),
    "rule": ("first_with_all", "none_has_all", "nothing_to_ship"),
    "carrier": ("sf", "yto", "zto", "sto", "yunda", "jt", "jd", "ems"),
    "channel": ("taobao", "tmall", "jd", "douyin", "pdd", "youzan", "groupbuy", "shopify"),
    "stage": (
        *("received", "ready", "picking", "packing", "weighing", "labelled", "shipped"),
        "cancelled",
    ),
    "command": tuple(given.command.value for given in sheet()),
}
"""Ids made from a code at run time: the prefix, and every code."""


def catalogue(language):
    """Id -> (sentence, file) over all domains; a second definition is an error."""
    found = {}
    for path in sorted((LOCALES / language / "LC_MESSAGES").glob("*.po")):
        for id, sentence in entries(path):
            assert id not in found, f"{id} is in {path.name} and in {found[id][1]}"
            found[id] = (sentence, path.name)
    return found


def entries(path):
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        return [(entry.id, entry.string) for entry in read_po(file) if entry.id]


def used():
    """Every id that is written out in the source, with the file it is in."""
    for folder in ("core", "drivers", "tui"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(call, ast.Call) and called(call) in SAYERS and call.args:
                    for part in ast.walk(call.args[0]):
                        if isinstance(part, ast.JoinedStr):
                            break  # made at run time: see SETS
                        if isinstance(part, ast.Constant) and ID.fullmatch(str(part.value)):
                            yield part.value, str(path.relative_to(ROOT))


def called(call):
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def blanks(sentence):
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.fixture(scope="module")
def sentences():
    return {language: catalogue(language) for language in ("en", "zh_CN")}


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_every_id_has_a_sentence(sentences, language):
    missing = {(id, path) for id, path in used() if id not in sentences[language]}
    assert not missing


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_every_code_of_a_closed_set_has_a_word(sentences, language):
    wanted = {f"{prefix}.{code}" for prefix, codes in SETS.items() for code in codes}
    assert not wanted - sentences[language].keys()


def test_both_languages_say_the_same(sentences):
    english, chinese = sentences["en"], sentences["zh_CN"]
    assert english.keys() == chinese.keys()
    assert not [id for id in english if blanks(english[id][0]) != blanks(chinese[id][0])]
    assert not [id for id in english if not english[id][0] or not chinese[id][0]]


def test_the_command_line_leaves_no_sentence_unused(sentences):
    """A sentence nobody says is a sentence nobody corrects."""
    told = {id for id, _ in used()} | {f"{p}.{c}" for p, codes in SETS.items() for c in codes}
    source = "".join(path.read_text("utf-8") for path in (ROOT / "tui").rglob("*.py"))
    source += "".join(path.read_text("utf-8") for path in (ROOT / "core").rglob("*.py"))
    ours = {id for id, (_, file) in sentences["en"].items() if file == "cli.po"}
    open_sets = ("carrier.", "channel.")
    unused = {id for id in ours - told if not id.startswith(open_sets) and f'"{id}"' not in source}
    assert not unused
