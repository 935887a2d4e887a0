"""The actions that work on every pane: where to go, what there is, how it looks and sounds."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from core.messages import message
from tui.actions import offered
from tui.palette import NAMES
from tui.screens.help import help_page
from tui.widgets.overlay import Item
from tui.words import language, languages, say, use

if TYPE_CHECKING:
    from tui.app import PacklineApp


def menu(app: "PacklineApp") -> None:
    """Every action of this pane, found by typing."""
    items = []
    for action in offered(app.pane.name_of):
        why = app.refusal(action.id)
        hint = say(why) if why else app.keymap_of_house.shown_key(action)
        items.append(Item(action.id, say(action.label), hint, why is None))
    app.choose(say("menu.title"), items, app.perform)


def help_(app: "PacklineApp") -> None:
    """What this pane is for and what every key does."""
    name = app.pane.name_of
    title = say(message("help.title", pane=say(f"pane.{name}")))
    app.read(title, lambda width: help_page(name, app.keymap_of_house, width))


def lookup(app: "PacklineApp") -> None:
    """Any number to its order."""

    def typed(text: str) -> None:
        if text:
            app.lookup(text)

    app.ask(say("lookup.ask"), say("lookup.hint"), typed)


def next_language(app: "PacklineApp") -> None:
    """The next language, at once."""
    known = languages()
    use(known[(known.index(language()) + 1) % len(known)])
    app.keep(language=language())
    app.repaint_everything()


def next_theme(app: "PacklineApp") -> None:
    """The next theme, at once."""
    name = NAMES[(NAMES.index(app.palette.name) + 1) % len(NAMES)]
    app.paint_with(name)
    app.keep(theme=name)
    app.repaint_everything()


def mute(app: "PacklineApp") -> None:
    """Sound on or off; the top line says when it is off."""
    app.sounder.muted = not app.sounder.muted
    app.keep(muted=app.sounder.muted)
    app.show_top()


GENERAL: Mapping[str, Callable[["PacklineApp"], object]] = {
    "go.help": help_,
    "go.bench": lambda app: app.go("bench"),
    "go.queue": lambda app: app.go("queue"),
    "go.alerts": lambda app: app.go("alerts"),
    "go.devices": lambda app: app.go("devices"),
    "go.menu": menu,
    "go.lookup": lookup,
    "go.language": next_language,
    "go.theme": next_theme,
    "go.mute": mute,
    "go.quit": lambda app: app.exit(),
}
"""What each of them does."""
