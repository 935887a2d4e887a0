"""The list of rules that a configuration may name is the list of what the core raises."""

import ast
from pathlib import Path

import core
from core.watch.rules import RULES

MADE = {"waybill_refused", "backhaul_refused", "void_refused", "shop_refuses", "carrier_refuses"}
"""Rules whose name is put together at run time (core.sync.outbox)."""
BY_VARIABLE = {
    *("untouched", "overdue"),  # core.watch.watch
    *("closed_after_handover", "address_after_handover", "open_after_cancel"),  # orders.changes
}


def raised():
    root = Path(core.__file__).parent.parent
    for path in [*(root / "core").rglob("*.py"), *(root / "tui").rglob("*.py")]:
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "raise_alert":
                rule = call.args[1]
                if isinstance(rule, ast.Constant):
                    yield rule.value


def test_every_rule_is_listed_once_for_the_configuration():
    """A new rule belongs into core/watch/rules.py, urgent or not."""
    assert set(raised()) | MADE | BY_VARIABLE == RULES
