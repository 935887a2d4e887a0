"""The command codes: what a packer scans instead of touching the keyboard.

Seven characters, ``PK`` first, A-Z and 0-9 only, the same in every language, so that no keyboard
layout can break them. Only codes that do something are here: each is printed on the sheet.
"""

import re
from dataclasses import dataclass
from enum import Enum

from core.errors import Problem
from core.messages import Message

FORM = re.compile(r"PK[A-Z0-9]{5}")
"""Every text of this form is kept for commands, also those a later sheet may add."""


class Command(Enum):
    """What a command asks for; the value is the code, with ``nn`` where a number goes."""

    DONE = "PKDONE1"
    UNDO = "PKUNDO1"
    LEAVE = "PKCANC1"
    HOLD = "PKHOLD1"
    SHORT = "PKSHRT1"
    DAMAGED = "PKDAMG1"
    QUANTITY = "PKQTYnn"
    BOX = "PKBOXnn"
    FORCE = "PKFRCE1"
    WEIGHT = "PKWGHT1"
    REPRINT = "PKPRNT1"
    AGAIN = "PKVOID1"
    SLIP = "PKSLIP1"
    NEXT = "PKNEXT1"
    HELP = "PKHELP1"
    NOTE = "PKNOTE1"
    CALL = "PKCALL1"
    LOCK = "PKLOCK1"
    HANDOVER = "PKHAND1"
    BACK = "PKBACK1"
    YES = "PKYES01"
    NO = "PKNO001"
    CHOICE = "PKCH0nn"

    @property
    def label(self) -> Message:
        """The words printed under the code on the sheet."""
        return Message(f"command.{self.value}")


@dataclass(frozen=True, slots=True)
class Given:
    """A command as scanned or pressed."""

    command: Command
    number: int = 0
    """The ``nn`` of a quantity, a box or a choice; 0 for the others."""

    @property
    def code(self) -> str:
        """The text of its bar code."""
        return self.command.value.replace("nn", f"{self.number:02d}")


_FIXED = {command.value: command for command in Command if "nn" not in command.value}
_NUMBERED = {
    Command.QUANTITY: (re.compile(r"PKQTY(\d\d)"), range(2, 100)),
    Command.BOX: (re.compile(r"PKBOX(\d\d)"), range(1, 21)),
    Command.CHOICE: (re.compile(r"PKCH0(\d\d)"), range(1, 10)),
}


def parse(text: str) -> Given | None:
    """The command in a scanned text; None when it is none."""
    code = text.strip().upper()
    if code in _FIXED:
        return Given(_FIXED[code])
    for command, (form, allowed) in _NUMBERED.items():
        match = form.fullmatch(code)
        if match and int(match[1]) in allowed:
            return Given(command, int(match[1]))
    return None


def is_command(text: str) -> bool:
    """Whether a bench would take this text as a command."""
    return parse(text) is not None


def refuse_as_barcode(text: str) -> None:
    """Call before a barcode or SKU code is registered. Raises Problem for a command code."""
    if FORM.fullmatch(text.strip().upper()):
        raise Problem("command.not_a_barcode", code=text.strip())


def sheet() -> tuple[Given, ...]:
    """Every command worth printing, in the order of the sheet."""
    singles = [Given(command) for command in _FIXED.values()]
    quantities = [Given(Command.QUANTITY, n) for n in (2, 3, 4, 5, 6, 10, 12, 20, 24, 50)]
    boxes = [Given(Command.BOX, n) for n in range(1, 10)]
    choices = [Given(Command.CHOICE, n) for n in range(1, 10)]
    return (*singles, *quantities, *boxes, *choices)
