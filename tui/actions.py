"""Every action there is: its id, its keys and where it works. Keys, menu and help come from here.

An action is named ``group.verb``; its label is the message ``action.<id>`` and its longer words
are ``action.<id>.help``. People may remap any id; no action on the packer's path needs a letter,
Escape, or one of the control keys that terminals keep for themselves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

EVERYWHERE = "everywhere"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person may ask for."""

    id: str
    keys: tuple[str, ...]
    where: frozenset[str]
    """Pane names, or ``everywhere``."""
    shown: bool = True
    """Whether the key bar offers it; the menu and the help always do."""

    @property
    def label(self) -> str:
        """Message id of the short name."""
        return f"action.{self.id}"

    @property
    def help(self) -> str:
        """Message id of the sentence that explains it."""
        return f"action.{self.id}.help"


def _action(id: str, keys: str, *where: str, shown: bool = True) -> Action:
    return Action(id, tuple(k for k in keys.split(",") if k), frozenset(where), shown)


ACTIONS: tuple[Action, ...] = (
    _action("go.help", "f1,question_mark", EVERYWHERE),
    _action("go.bench", "f2", EVERYWHERE),
    _action("go.queue", "f3", EVERYWHERE),
    _action("go.alerts", "f4", EVERYWHERE),
    _action("go.devices", "f5", EVERYWHERE),
    _action("bench.undo", "f6", "bench"),
    _action("bench.hold", "f7", "bench"),
    _action("bench.short", "f8", "bench"),
    _action("bench.reprint", "f9", "bench"),
    _action("bench.done", "", "bench", shown=False),
    _action("bench.force", "", "bench", shown=False),
    _action("bench.next", "", "bench", shown=False),
    _action("bench.damaged", "", "bench", shown=False),
    _action("bench.slip", "", "bench", shown=False),
    _action("bench.note", "", "bench", shown=False),
    _action("bench.weigh", "", "bench", shown=False),
    _action("bench.call", "", "bench", shown=False),
    _action("bench.leave", "", "bench", shown=False),
    _action("bench.lock", "", "bench", shown=False),
    _action("bench.handover", "", "bench", shown=False),
    _action("bench.again", "", "bench", shown=False),
    _action("bench.put_back", "", "bench", shown=False),
    _action("queue.open", "enter", "queue"),
    _action("queue.find", "slash,f6", "queue"),
    _action("queue.stage", "f7", "queue"),
    _action("queue.shop", "f8", "queue"),
    _action("queue.hold", "f9", "queue"),
    _action("queue.warehouse", "", "queue", shown=False),
    _action("queue.clear", "", "queue", shown=False),
    _action("queue.release", "", "queue", shown=False),
    _action("queue.import", "", "queue", shown=False),
    _action("queue.put_backs", "", "queue", shown=False),
    _action("queue.export", "", "queue", shown=False),
    _action("columns.assign", "enter", "columns"),
    _action("columns.preview", "f6", "columns"),
    _action("columns.undo", "f7", "columns"),
    _action("columns.import", "f8", "columns"),
    _action("columns.back", "f9,backspace,escape", "columns"),
    _action("order.back", "f6,backspace,escape", "order"),
    _action("order.next", "tab,right", "order"),
    _action("order.previous", "shift+tab,left", "order", shown=False),
    _action("order.release", "f7", "order"),
    _action("order.settle", "f8,space", "order"),
    _action("alerts.open", "enter", "alerts"),
    _action("alerts.acknowledge", "f6", "alerts"),
    _action("alerts.snooze", "f7", "alerts"),
    _action("alerts.assign", "f8", "alerts"),
    _action("alerts.release", "f9", "alerts"),
    _action("alerts.escalate", "ctrl+e", "alerts"),
    _action("alerts.settle", "space", "alerts"),
    _action("alerts.put_backs", "", "alerts", shown=False),
    _action("devices.test", "f6", "devices"),
    _action("devices.retry", "f7", "devices"),
    _action("go.menu", "f10,ctrl+p", EVERYWHERE),
    _action("go.lookup", "f11,slash", EVERYWHERE, shown=False),
    _action("go.language", "f12", EVERYWHERE, shown=False),
    _action("go.theme", "", EVERYWHERE, shown=False),
    _action("go.mute", "", EVERYWHERE, shown=False),
    _action("go.quit", "ctrl+q", EVERYWHERE, shown=False),
)
BY_ID = {action.id: action for action in ACTIONS}

_NAMES = {
    "enter": "Enter",
    "slash": "/",
    "space": "Space",
    "question_mark": "?",
    "backspace": "Bksp",
    "tab": "Tab",
    "escape": "Esc",
    "right": "→",
    "left": "←",
}


class Keymap:
    """Which key asks for what, after people's own changes (``{"bench.undo": "f8,ctrl+u"}``)."""

    def __init__(self, changes: Mapping[str, str] | None = None) -> None:
        changes = changes or {}
        self._keys = {
            action.id: tuple(k for k in changes[action.id].split(",") if k)
            if action.id in changes
            else action.keys
            for action in ACTIONS
        }
        self._by_key: dict[tuple[str, str], str] = {}
        for action in ACTIONS:
            for where in action.where:
                for key in self._keys[action.id]:
                    self._by_key.setdefault((where, key), action.id)

    def action(self, pane: str, key: str) -> Action | None:
        """What a key asks for on a pane; the pane's own meaning goes before the general one."""
        id = self._by_key.get((pane, key)) or self._by_key.get((EVERYWHERE, key))  # noqa: A001
        return BY_ID[id] if id else None

    def keys(self, action: Action) -> tuple[str, ...]:
        """The keys of an action, the first one is shown."""
        return self._keys[action.id]

    def shown_key(self, action: Action) -> str:
        """The first key as people read it; "" when there is none."""
        keys = self._keys[action.id]
        return key_name(keys[0]) if keys else ""


def key_name(key: str) -> str:
    """A key as people read it: ``F6``, ``⏎``, ``^P``."""
    if key.startswith("ctrl+"):
        return "^" + key[5:].upper()
    if key.startswith("shift+"):
        return "⇧" + key_name(key[6:])
    return _NAMES.get(key, key.upper() if key[:1] == "f" and key[1:].isdigit() else key)


def offered(pane: str) -> Iterable[Action]:
    """Actions that work on a pane: its own first, then the general ones."""
    yield from (action for action in ACTIONS if pane in action.where)
    yield from (action for action in ACTIONS if EVERYWHERE in action.where)
