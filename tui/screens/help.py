"""Help, made from the action registry: what this pane is for, and every key that works in it."""

from tui.actions import EVERYWHERE, Action, Keymap, key_name, offered
from tui.ink import Line, pad, row, wrap
from tui.screens.commands import COMMANDS
from tui.tones import LOOKS, style
from tui.words import say


def help_page(pane: str, keys: Keymap, width: int) -> list[Line]:
    """The page for one pane."""
    page: list[Line] = [
        row(width, (part, "panel"), fill="panel") for part in wrap(say(f"help.{pane}"), width, 4)
    ]
    page.append(row(width, fill="panel"))
    actions = list(offered(pane))
    page += _section(say("help.here"), [a for a in actions if pane in a.where], keys, width)
    page += _section(
        say("help.everywhere"), [a for a in actions if EVERYWHERE in a.where], keys, width
    )
    if pane == "bench":
        page += _tones(width)
    return page


def _section(title: str, actions: list[Action], keys: Keymap, width: int) -> list[Line]:
    if not actions:
        return []
    lines: list[Line] = [row(width, (title, "panel.accent"), fill="panel")]
    for action in actions:
        names = " ".join(key_name(key) for key in keys.keys(action)[:2])
        names = names or COMMANDS.get(action.id, "–")
        first, *more = wrap(f"{say(action.label)}: {say(action.help)}", width - 10, 3)
        lines.append(
            row(width, (pad(names, 9) + " ", "panel.strong"), (first, "panel"), fill="panel")
        )
        lines += [row(width, (" " * 10 + part, "panel"), fill="panel") for part in more]
    return [*lines, row(width, fill="panel")]


def _tones(width: int) -> list[Line]:
    lines: list[Line] = [row(width, (say("help.tones"), "panel.accent"), fill="panel")]
    for tone, look in LOOKS.items():
        head = pad(f" {look.sign} {say(style(tone))}", 16)
        words = say(f"tone.{tone.value}.help")
        lines.append(row(width, (head, style(tone)), (" " + words, "panel"), fill="panel"))
    return lines
