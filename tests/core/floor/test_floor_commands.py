"""The command codes of the sheet."""

import re

import pytest

from core.errors import Problem
from core.floor.commands import Command, Given, is_command, parse, refuse_as_barcode, sheet
from tests.core.floor.bench_world import CATALOGUES


def test_every_code_of_the_sheet_is_short_plain_and_read_back():
    for given in sheet():
        assert re.fullmatch(r"PK[A-Z0-9]{5}", given.code)
        assert parse(given.code) == given
    assert len({given.code for given in sheet()}) == len(sheet())


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("PKDONE1", Given(Command.DONE)),
        (" pkdone1 ", Given(Command.DONE)),
        ("PKQTY12", Given(Command.QUANTITY, 12)),
        ("PKBOX20", Given(Command.BOX, 20)),
        ("PKCH009", Given(Command.CHOICE, 9)),
        ("PKQTY01", None),
        ("PKBOX21", None),
        ("PKCH010", None),
        ("PKDONE2", None),
        ("6901234567892", None),
        ("", None),
    ],
)
def test_parse(text, given):
    assert parse(text) == given
    assert is_command(text) is (given is not None)


@pytest.mark.parametrize("code", ["PKDONE1", "pkdone1", "PKQTY03", "PKZZZZ9"])
def test_a_command_is_refused_as_a_product_code(code):
    with pytest.raises(Problem) as problem:
        refuse_as_barcode(code)
    assert problem.value.message.id == "command.not_a_barcode"


def test_an_ordinary_code_may_be_registered():
    refuse_as_barcode("6901234567892")
    refuse_as_barcode("PK-RED-L")


def test_every_command_has_words_in_both_languages():
    for command in Command:
        assert all(command.label.id in entries for entries in CATALOGUES.values())
