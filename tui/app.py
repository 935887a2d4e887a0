"""The terminal application: one screen, a few panes, every key in one place.

Keys are taken here, before any widget, so that the order of keys is the order of effects: a code
typed by a scanner is a scan whatever is in view, unless a line is being typed. Nothing is ever
awaited on the way; answers come back as messages and are painted when they come.
"""

import asyncio
import logging
import os
import secrets
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.theme import BUILTIN_THEMES, Theme

from core.errors import Problem
from core.floor.values import BenchView
from core.messages import Message, message
from tui import palette as colours
from tui.actions import BY_ID, Action, Keymap, offered
from tui.ink import Piece
from tui.messages import BenchMoved, Told, WeightMoved
from tui.palette import NAMES, Palette, palette
from tui.screens.help import help_page
from tui.screens.pane import Pane
from tui.shown import clock_time
from tui.sound import Sounder
from tui.sources import House, LiveWeight
from tui.widgets.canvas import Canvas
from tui.widgets.entry import Entry
from tui.widgets.keybar import SAY_S, Key, KeyBar
from tui.widgets.overlay import Item, Menu, Overlay, Reading
from tui.widgets.topbar import Top, TopBar
from tui.words import language, languages, say, use, word

if TYPE_CHECKING:
    from drivers.scanners.typed import TypedBurst

_log = logging.getLogger(__name__)

POLL_S = 0.5
"""How often the database is asked whether something changed: one pragma."""
ECHO_S = 0.15
"""A person's typing is echoed after this pause; a burst is over before."""
SUFFIX_MS = 150
"""A second suffix (CR+LF, TAB+CR) within this time belongs to the code before it."""
OUTAGE_S = 60
"""The same trouble is told again only after this long."""
_ENDS = frozenset({"enter", "ctrl+j", "tab"})


class PacklineApp(App[None]):
    """Packline on a terminal; ``house`` is everything behind the screens."""

    ENABLE_COMMAND_PALETTE = False
    TITLE = "Packline"
    BINDINGS: ClassVar[list[BindingType]] = []
    CSS = """
    Screen { layers: base over; background: $background; overflow: hidden; }
    #top, #entry, #keys { height: 1; }
    #body { height: 1fr; }
    #overlay { layer: over; position: absolute; }
    """

    def __init__(self, house: House) -> None:
        super().__init__()
        self.house = house
        taste = house.taste
        use(taste.language)
        self.palette: Palette = palette(colours.choose(os.environ, taste.theme))
        for name in NAMES:
            self.register_theme(_textual_theme(palette(name)))
        self.theme = f"packline-{self.palette.name}"
        self.sounder = Sounder(self.bell, taste.sound_command, muted=taste.muted)
        self.keymap_of_house = Keymap(taste.keys)
        self.echo = ""
        self.troubles = 0
        """Defects met so far; each is in the log."""
        self._last_trouble = ("", 0.0)
        self._echoing = False
        self._last_code_ms = -SUFFIX_MS
        self._panes: dict[str, Pane] = {}
        self._pane: Pane | None = None
        self._back: list[str] = []
        self._top = TopBar()
        self._entry = Entry()
        self._keys = KeyBar(self.perform)
        self._overlay = Overlay()
        self._body = Container(id="body")
        self._parent_id = os.getppid()

    # --- life ----------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield self._top
        yield self._entry
        yield self._body
        yield self._keys
        yield self._overlay

    def on_mount(self) -> None:
        """Show the first pane; devices and sync start behind the first frame."""
        self._leave_on_signals()
        self.go(self.house.taste.start or ("bench" if self.house.bench else "queue"))
        self.call_after_refresh(self._begin)
        self.set_interval(POLL_S, self._poll)
        self.set_interval(1.0, self._each_second)

    def _begin(self) -> None:
        """Everything the first frame must not wait for."""
        self.house.start(self)
        _ = self._typed

    def _leave_on_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, self.exit)
            except (NotImplementedError, RuntimeError, ValueError):
                return  # not the main thread: somebody else owns the signals

    def _poll(self) -> None:
        if self.house.changed():
            if self._pane is not None:
                self._pane.refresh_facts()
            self.show_top()

    def _each_second(self) -> None:
        if self._orphaned():
            self.exit()
            return
        if self._pane is not None and not self._overlay.open:
            self._pane.tick()
        self.show_top()

    def _orphaned(self) -> bool:
        """Whether nobody is at the other end any more; Textual alone would spin for ever."""
        if self.is_headless:
            return False
        if os.getppid() != self._parent_id:
            return True
        try:
            poller = select.poll()
            poller.register(sys.__stdin__.fileno() if sys.__stdin__ else 0, select.POLLHUP)
            return any(
                what & (select.POLLHUP | select.POLLERR | select.POLLNVAL)
                for _, what in poller.poll(0)
            )
        except (OSError, ValueError):
            return True

    # --- panes ---------------------------------------------------------------------------------

    @property
    def pane(self) -> Pane:
        """The pane in view."""
        assert self._pane is not None
        return self._pane

    def go(self, name: str) -> Pane:
        """Bring a pane into view, made when it is first wanted."""
        self._overlay.close()
        self._entry.close()
        fresh = name not in self._panes
        if fresh:
            self._panes[name] = self._make(name)
            self._body.mount(self._panes[name])
        for other, pane in self._panes.items():
            pane.display = other == name
        self._pane = self._panes[name]
        if fresh:
            self._pane.begin()
        else:
            self._pane.refresh_facts()
            self._pane.repaint_all()
        self.show_top()
        self.show_keys()
        return self._pane

    def _make(self, name: str) -> Pane:
        if name == "bench":
            from tui.screens.bench import BenchPane

            assert self.house.bench is not None
            return BenchPane(self.house.bench)
        if name == "alerts":
            from tui.screens.alerts import AlertsPane

            return AlertsPane()
        if name == "devices":
            from tui.screens.devices import DevicesPane

            return DevicesPane()
        if name == "order":
            from tui.screens.order import OrderPane

            return OrderPane()
        from tui.screens.queue import QueuePane

        return QueuePane()

    def open_order(self, number: str) -> None:
        """Show everything about one order; back leads where we came from."""
        from tui.screens.order import OrderPane

        if self.pane.name_of != "order":
            self._back = [self.pane.name_of]
        pane = self.go("order")
        assert isinstance(pane, OrderPane)
        pane.open(number)

    def back(self) -> None:
        """Leave an order to where it was opened from."""
        self.go(self._back.pop() if self._back else "queue")

    def show_top(self) -> None:
        """Refresh the top line."""
        bench = self._bench_view()
        self._top.show(
            Top(
                station=self.house.station,
                operator=bench.operator if bench else "",
                role=word("role", bench.role) if bench and bench.role else "",
                pane=say(f"pane.{self.pane.name_of}"),
                badge=self._badge(),
            )
        )

    def _bench_view(self) -> BenchView | None:
        from tui.screens.bench import BenchPane

        pane = self._panes.get("bench")
        return pane.view if isinstance(pane, BenchPane) else None

    def _badge(self) -> Sequence[Piece]:
        badge = self.house.devices.badge()
        now, zone = self.house.clock.now(), self.house.clock.zone
        told: list[Piece] = []
        if badge.online:
            told.append((f"● {say('badge.online')}", "bar.good"))
        else:
            at = clock_time(badge.orders_as_of, zone, now) if badge.orders_as_of else "–"
            told.append((f"○ {say(message('badge.offline', at=at))}", "bar.soon"))
        red = self.house.alerts.red_count()
        if red:
            told.append((say(message("badge.red", n=red)), "bar.late"))
        if badge.to_send:
            told.append((say(message("badge.to_send", n=badge.to_send)), "bar.quiet"))
        if not badge.online and badge.waybills_left is not None:
            told.append((say(message("badge.waybills", n=badge.waybills_left)), "bar.quiet"))
        if self.sounder.muted:
            told.append((say("badge.muted"), "bar.soon"))
        return told

    def show_keys(self) -> None:
        """Refresh the key bar: the pane's own keys, the menu and help, then the other panes."""
        pane = self.pane
        own = [a for a in offered(pane.name_of) if pane.name_of in a.where and a.shown]
        general = [a for a in offered("") if a.shown and a.id != f"go.{pane.name_of}"]
        general.sort(key=lambda a: a.id not in ("go.help", "go.menu"))
        self._keys.show([self._key_of(action) for action in (*own, *general)])

    def _key_of(self, action: Action) -> Key:
        enabled = self.refusal(action.id) is None
        key = self.keymap_of_house.shown_key(action)
        return Key(action.id, key, say(action.label), enabled, pinned=action.id == "go.menu")

    @cached_property
    def _typed(self) -> "TypedBurst":
        """The collector of typed codes; made after the first frame, or by the first key."""
        from drivers.scanners.typed import TypedBurst

        taste = self.house.taste
        return TypedBurst(taste.scanner_prefix, suffixless=taste.scanner_suffixless)

    # --- keys ----------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Take keys and pastes before any widget; everything else goes Textual's way.

        This is the outer edge of the screens: a defect is logged and told by a number, and the
        bench goes on.
        """
        try:
            await self._take(event)
        except Exception as error:  # noqa: BLE001 - the outer edge
            self.trouble(error)

    async def _take(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._key(event.key, event.character if event.is_printable else None)
        elif isinstance(event, events.Paste) and not event.is_forwarded:
            self._paste(event.text)
        else:
            await super().on_event(event)

    def _key(self, key: str, character: str | None) -> None:
        self._keys.quiet()
        if self._entry.open:
            if not self._entry.press(key, character):
                self._press_action(key)
        elif self._overlay.open and not self._typed.pending and self._overlay.press(key, character):
            return
        elif character or key in _ENDS or self._typed.pending:
            self._type(key, character)
        else:
            self._press_action(key)

    def _type(self, key: str, character: str | None) -> None:
        """A character or a suffix: part of a code, unless it is a key of its own here."""
        at = time.monotonic_ns() // 1_000_000
        if not self._typed.pending and self._alone(key, at):
            return
        if key == "escape":
            self._typed.clear()
        before = self._typed.lost
        codes = self._typed.key(character or key, at)
        if not character and not codes and key not in (*_ENDS, "backspace", "escape"):
            self._press_action(key)
        if self._typed.lost > before:
            self.tell(message("typed.too_long"), bad=True)
        for code in codes:
            self._code(code, at)
        self._echo_later()

    def _alone(self, key: str, at: int) -> bool:
        """Take a key that begins no code: a late suffix, or a key with a meaning of its own."""
        if key in _ENDS:
            if at - self._last_code_ms >= SUFFIX_MS:
                self._press_action(key)
            return True
        if self.pane.takes_scans or not self.keymap_of_house.action(self.pane.name_of, key):
            return False
        self._press_action(key)
        return True

    def _code(self, code: str, at: int) -> None:
        """A whole code was typed."""
        self._last_code_ms = at
        self.echo = ""
        self._overlay.close()
        if self._typed.stray:
            self.tell(message("typed.stray", text=self._typed.stray), bad=True)
        self.scanned(code)

    def scanned(self, code: str) -> None:
        """A code: a scan at the bench, a question everywhere else."""
        from tui.screens.bench import BenchPane

        pane = self.pane
        if isinstance(pane, BenchPane):
            pane.scanned(code, self.house.clock.now())
        else:
            self.lookup(code)

    def _paste(self, text: str) -> None:
        if self._entry.open:
            self._entry.paste(text)
            return
        at = time.monotonic_ns() // 1_000_000
        for code in self._typed.paste(text):
            self._code(code, at)

    def _echo_later(self) -> None:
        if not self._echoing:
            self._echoing = True
            self.set_timer(ECHO_S, self._show_echo)

    def _show_echo(self) -> None:
        """Show what a person is typing; complete a burst without suffix."""
        self._echoing = False
        at = time.monotonic_ns() // 1_000_000
        for code in self._typed.tick(at):
            self._code(code, at)
        pending = self._typed.pending
        if pending == self.echo:
            return
        self.echo = pending
        from tui.screens.bench import BenchPane

        if isinstance(self.pane, BenchPane):
            self.pane.echo()
        elif pending:
            self._keys.say(f"{say('bench.typed')} {pending}", "bar.strong")
        else:
            self._keys.quiet()

    def _press_action(self, key: str) -> None:
        if self.pane.press(key):
            return
        action = self.keymap_of_house.action(self.pane.name_of, key)
        if action is not None:
            self.perform(action.id)

    # --- actions -------------------------------------------------------------------------------

    def refusal(self, action: str) -> Message | None:
        """Why an action cannot be had now."""
        if action == "go.bench" and self.house.bench is None:
            return message("refusal.no_bench")
        if action.startswith("go."):
            return None
        return self.pane.refusal(action)

    def perform(self, action: str) -> None:
        """Do an action by its id, or say why not."""
        refused = self.refusal(action)
        if refused is not None:
            self.tell(refused, bad=True)
            return
        general = self._general().get(action)
        if general is not None:
            general()
        elif action in BY_ID:
            self.pane.act(action)

    def _general(self) -> dict[str, Callable[[], object]]:
        return {
            "go.help": self._help,
            "go.bench": lambda: self.go("bench"),
            "go.queue": lambda: self.go("queue"),
            "go.alerts": lambda: self.go("alerts"),
            "go.devices": lambda: self.go("devices"),
            "go.menu": self._menu,
            "go.lookup": self._ask_lookup,
            "go.language": self._next_language,
            "go.theme": self._next_theme,
            "go.mute": self._mute,
            "go.quit": self.exit,
        }

    def choose(self, title: str, items: Sequence[Item], chosen: Callable[[str], None]) -> None:
        """Let a person choose one of some."""

        def take(value: str) -> None:
            self._overlay.close()
            chosen(value)

        menu = Menu(title, items, take, self._unmatched, digits=not self.pane.takes_scans)
        self._overlay.show(menu, say("overlay.choose"))

    def _unmatched(self, typed: str) -> None:
        """What was typed into a menu fits nothing in it: it was a scan."""
        self._overlay.close()
        self.scanned(typed)

    def ask(self, question: str, hint: str, done: Callable[[str], None], start: str = "") -> None:
        """Ask for a line of text; ``done`` gets "" when the person leaves."""
        self._entry.ask(question, hint, done, start)

    def release_hold(self, number: str, holds: Sequence[str]) -> None:
        """Ask which hold of an order ends, then end it; the core records who did."""
        items = [Item(code, word("hold", code)) for code in holds]
        if len(items) > 1:
            items.append(Item("", say("hold.all")))
        pane = self.pane
        self.choose(
            say(message("hold.release.ask", number=number)),
            items,
            lambda code: pane.intend(self.house.queue.release(number, code)),
        )

    def _menu(self) -> None:
        items = []
        for action in offered(self.pane.name_of):
            why = self.refusal(action.id)
            hint = say(why) if why else self.keymap_of_house.shown_key(action)
            items.append(Item(action.id, say(action.label), hint, why is None))
        self.choose(say("menu.title"), items, self.perform)

    def _help(self) -> None:
        name = self.pane.name_of
        self._overlay.show(
            Reading(
                say(message("help.title", pane=say(f"pane.{name}"))),
                lambda width: help_page(name, self.keymap_of_house, width),
            ),
            say("overlay.read"),
        )

    def _ask_lookup(self) -> None:
        self.ask(say("lookup.ask"), say("lookup.hint"), self._looked_up)

    def _looked_up(self, text: str) -> None:
        if text:
            self.lookup(text)

    def lookup(self, text: str) -> None:
        """Any number to its order; several go to the queue to choose from."""
        from tui.screens.queue import QueuePane

        rows = self.house.queue.find(text)
        if not rows:
            self.tell(message("lookup.nothing", text=text), bad=True)
        elif len(rows) == 1:
            self.open_order(rows[0].number)
        else:
            pane = self.go("queue")
            assert isinstance(pane, QueuePane)
            pane.show_found(text, rows)

    def _next_language(self) -> None:
        known = languages()
        use(known[(known.index(language()) + 1) % len(known)])
        self._keep(language=language())
        self._repaint_everything()

    def _next_theme(self) -> None:
        name = NAMES[(NAMES.index(self.palette.name) + 1) % len(NAMES)]
        self.palette = palette(name)
        self.theme = f"packline-{name}"
        self._keep(theme=name)
        self._repaint_everything()

    def _mute(self) -> None:
        self.sounder.muted = not self.sounder.muted
        self._keep(muted=self.sounder.muted)
        self.show_top()

    def _keep(self, **changes: object) -> None:
        self.house.keep(replace(self.house.taste, **changes))  # type: ignore[arg-type] # own names

    def _repaint_everything(self) -> None:
        self.show_top()
        self.show_keys()
        self.pane.refresh_facts()
        for canvas in self.query(Canvas):
            canvas.repaint()

    # --- what comes back -----------------------------------------------------------------------

    def tell(self, what: Message, *, bad: bool = False) -> None:
        """One sentence in the bottom line, for a few seconds."""
        self._keys.say(say(what), "tone.wrong" if bad else "tone.command")
        self.set_timer(SAY_S, self._keys.expire)

    def show_bench(self, view: BenchView) -> None:
        """The bench changed; may be called from any thread."""
        self.post_message(BenchMoved(view))

    def show_weight(self, weight: LiveWeight) -> None:
        """The scale moved; may be called from any thread."""
        self.post_message(WeightMoved(weight))

    def watch_bench(self, future: "Future[BenchView]") -> None:
        """Paint the answer to a scan or a command when it is committed."""
        future.add_done_callback(self._bench_answered)

    def _bench_answered(self, future: "Future[BenchView]") -> None:
        problem = self._problem_of(future)
        if problem is None:
            self.post_message(BenchMoved(future.result()))
        else:
            self.post_message(Told(problem, bad=True))

    def watch_intent(self, future: "Future[Message]", then: Callable[[], None]) -> None:
        """Say how an intent ended when it has."""
        future.add_done_callback(lambda done: self._intent_answered(done, then))

    def _intent_answered(self, future: "Future[Message]", then: Callable[[], None]) -> None:
        problem = self._problem_of(future)
        if problem is None:
            self.post_message(Told(future.result(), then=then))
        else:
            self.post_message(Told(problem, bad=True))

    def _problem_of(self, future: "Future[BenchView] | Future[Message]") -> Message | None:
        """What a person is told about a failed Future; the log gets the rest under the same id."""
        if future.cancelled():
            return message("trouble.cancelled")
        error = future.exception()
        if error is None:
            return None
        if isinstance(error, Problem):
            return error.message
        return _logged(error)

    def trouble(self, error: BaseException) -> None:
        """Tell a person about a defect; the log gets the rest under the same number."""
        self.troubles += 1
        same, now = f"{type(error).__name__}: {error}", time.monotonic()
        if same == self._last_trouble[0] and now - self._last_trouble[1] < OUTAGE_S:
            return  # a poll that fails goes on failing: once per outage is enough
        self._last_trouble = (same, now)
        self.tell(error.message if isinstance(error, Problem) else _logged(error), bad=True)

    def _fatal_error(self) -> None:
        """Textual's own last words would be a traceback; say a sentence instead."""
        error = self._exception
        told = _logged(error) if error is not None else message("trouble.cancelled")
        self._exit_renderables.append(Text(say(told)))
        self._close_messages_no_wait()

    def on_bench_moved(self, event: BenchMoved) -> None:
        """Paint a committed view."""
        from tui.screens.bench import BenchPane

        pane = self._panes.get("bench")
        if isinstance(pane, BenchPane):
            pane.show(event.view)

    def on_weight_moved(self, event: WeightMoved) -> None:
        """Paint the scale."""
        from tui.screens.bench import BenchPane

        pane = self._panes.get("bench")
        if isinstance(pane, BenchPane):
            pane.show_weight(event.weight)

    def on_told(self, event: Told) -> None:
        """Say how an intent ended."""
        self.tell(event.say, bad=event.bad)
        if event.then is not None:
            event.then()

    def on_resize(self) -> None:
        """A box over the pane follows the size of the screen."""
        self.call_after_refresh(self._overlay.place)


def _logged(error: BaseException) -> Message:
    """Write a defect to the log; what a person is told carries the same number."""
    ref = secrets.token_hex(3)
    _log.error("shown to a person as %s", ref, exc_info=error)
    return message("trouble.internal", ref=ref)


def _textual_theme(ours: Palette) -> Theme:
    """What Textual itself paints: only the background behind our canvases."""
    name = f"packline-{ours.name}"
    if ours.ansi:
        return replace(BUILTIN_THEMES["ansi-dark"], name=name)
    return Theme(
        name=name,
        primary="#79b8ff",
        background=ours.screen,
        surface=ours.screen,
        panel=ours.screen,
        dark=ours.name != "light",
    )
