"""The terminal application: one screen, a few panes, every key in one place.

Keys are taken here, before any widget, so that the order of keys is the order of effects: a code
typed by a scanner is a scan whatever is in view, unless a line is being typed. Nothing is ever
awaited on the way; answers come back as messages and are painted when they come.
"""

import gc
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextvars import Context, copy_context
from dataclasses import replace
from typing import ClassVar, TypeVar

from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES, Theme

from core.floor.values import BenchView
from core.messages import Message, message
from tui import palette as colours
from tui.actions import BY_ID, Action, Keymap, offered
from tui.exact import exact
from tui.general import GENERAL
from tui.ink import Line
from tui.leaving import leave_on_signals, orphaned
from tui.messages import Answered, Told, WeightMoved
from tui.palette import NAMES, Palette, palette
from tui.screens.pane import Pane
from tui.sound import Sounder
from tui.sources import FileLook, House, LiveWeight
from tui.trouble import problem_of, told
from tui.typing import Typing
from tui.widgets.canvas import Canvas
from tui.widgets.entry import Entry
from tui.widgets.keybar import SAY_S, Key, KeyBar
from tui.widgets.overlay import Item, Menu, Overlay, Reading
from tui.widgets.topbar import Top, TopBar, badge_of
from tui.words import say, use, word

T = TypeVar("T")

SETTLED_S = 2.0
"""By then everything that stays for the day has been made."""
POLL_S = 0.5
"""How often the database is asked whether something changed: one pragma."""
OUTAGE_S = 60
"""The same trouble is told again only after this long."""


def settle() -> None:
    """Leave what stays out of every later collection: one over all of it would hold up a scan."""
    gc.collect()
    gc.freeze()


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
            self.register_theme(_textual_theme(name))
        self.theme = f"packline-{self.palette.name}"
        self.sounder = Sounder(self.bell, taste.sound_command, muted=taste.muted)
        self.keymap_of_house = Keymap(taste.keys)
        self._typing = Typing(self)
        self.troubles = 0
        """Defects met so far; each is in the log."""
        self._last_trouble = ("", 0.0)
        self._panes: dict[str, Pane] = {}
        self._pane: Pane | None = None
        self._back: list[str] = []
        self._top = TopBar()
        self._entry = Entry()
        self._keys = KeyBar(self.perform)
        self._overlay = Overlay()
        self._body = Container(id="body")
        self._parent_id = os.getppid()
        self._own_context: Context | None = None
        """What Textual knows itself by; for what threads hand to its loop."""

    # --- life ----------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield self._top
        yield self._entry
        yield self._body
        yield self._keys
        yield self._overlay

    def on_mount(self) -> None:
        """Show the first pane; devices and sync start behind the first frame."""
        self._own_context = copy_context()
        leave_on_signals(self.exit)
        self.go(self.house.taste.start or ("bench" if self.house.bench else "queue"))
        self.call_after_refresh(self.guarded(self._begin))
        self.set_interval(POLL_S, self.guarded(self._poll))
        self.set_interval(1.0, self.guarded(self._each_second))

    def _begin(self) -> None:
        """Everything the first frame must not wait for."""
        self.house.start(self)
        self._typing.begin()

    def guarded(self, work: Callable[[], None]) -> Callable[[], None]:
        """For timers: Textual ends the app when one of them raises; a bench must go on."""

        def safely() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - the outer edge
                self.trouble(error)

        return safely

    def _poll(self) -> None:
        if self.house.changed():
            if self._pane is not None:
                self._pane.refresh_facts()
            self.show_top()

    def _each_second(self) -> None:
        if not self.is_headless and orphaned(self._parent_id):
            self.exit()
            return
        if self._pane is not None and not self._overlay.open:
            self._pane.tick()
        self.show_top()

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
        if name == "columns":
            from tui.screens.columns import ColumnsPane

            return ColumnsPane()
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

    def open_columns(self, look: FileLook) -> None:
        """Show what the columns of some files are, before they are taken in."""
        from tui.screens.columns import ColumnsPane

        pane = self.go("columns")
        assert isinstance(pane, ColumnsPane)
        pane.open(look)

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
                badge=badge_of(self.house, muted=self.sounder.muted),
            )
        )

    def _bench_view(self) -> BenchView | None:
        from tui.screens.bench import BenchPane

        pane = self._panes.get("bench")
        return pane.view if isinstance(pane, BenchPane) else None

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
            self._key(event.key, event.character if event.is_printable else None, event.time)
        elif isinstance(event, events.Paste) and not event.is_forwarded:
            (self._entry.paste if self._entry.open else self._typing.paste)(event.text)
        else:
            await super().on_event(event)

    def _key(self, key: str, character: str | None, arrived_s: float) -> None:
        """A line being typed goes first, then an open box, then codes, then actions.

        ``arrived_s`` is when the terminal sent it: a loop that stood still must not make a
        scanner look like a person.
        """
        self._keys.quiet()
        typing = self._typing
        if self._entry.open:
            if not self._entry.press(key, character):
                self.press_action(key)
        elif self._overlay.open and not typing.pending and self._overlay.press(key, character):
            return
        elif not typing.press(key, character, int(arrived_s * 1000)):
            self.press_action(key)

    def scanned(self, code: str) -> None:
        """A code: a scan at the bench, a question everywhere else."""
        from tui.screens.bench import BenchPane

        self._overlay.close()
        pane = self.pane
        if isinstance(pane, BenchPane):
            pane.scanned(code, self.house.clock.now())
        else:
            self.lookup(code)

    def alone(self, key: str) -> bool:
        """Whether a printable key has a meaning of its own in this pane; never where codes come."""
        if self.pane.takes_scans:
            return False
        return self.keymap_of_house.action(self.pane.name_of, key) is not None

    @property
    def echo(self) -> str:
        """What a person has typed so far."""
        return self._typing.echo

    def show_echo(self) -> None:
        """Show what is being typed."""
        from tui.screens.bench import BenchPane

        if isinstance(self.pane, BenchPane):
            self.pane.echo()
        elif self.echo:
            self._keys.say(f"{say('bench.typed')} {self.echo}", "bar.strong")
        else:
            self._keys.quiet()

    def press_action(self, key: str) -> None:
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
        if action in GENERAL:
            GENERAL[action](self)
        elif action in BY_ID:
            self.pane.act(action)

    def choose(self, title: str, items: Sequence[Item], chosen: Callable[[str], None]) -> None:
        """Let a person choose one of some."""

        def take(value: str) -> None:
            self._overlay.close()
            chosen(value)

        # What is typed into a menu and fits nothing in it was a scan.
        menu = Menu(title, items, take, self.scanned, digits=not self.pane.takes_scans)
        self._overlay.show(menu, say("overlay.choose"))

    def read(self, title: str, write: Callable[[int], list[Line]]) -> Reading:
        """Give a person something to read; ``write`` makes the lines for a width."""
        reading = Reading(title, write)
        self._overlay.show(reading, say("overlay.read"))
        return reading

    def paint_with(self, name: str) -> None:
        """Use another theme from now on."""
        self.palette = palette(name)
        self.theme = f"packline-{name}"

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

    def settle(self, number: str) -> None:
        """Ask what is to be done about an order, and why where that must be said."""
        from tui.settling import settle

        settle(self, number)

    def reveal_for(self, number: str, receiver: str, seconds: float) -> None:
        """Show who somebody is in a box that closes by itself; nothing else keeps the text."""
        from tui.settling import revealed_lines

        box = self.read(
            say(message("reveal.title", number=number)),
            lambda width: revealed_lines(receiver, width),
        )
        self.set_timer(seconds, self.guarded(lambda: self._overlay.close_if(box)))

    def show_put_backs(self) -> None:
        """What is to be put back, to read."""
        from tui.settling import put_back_lines

        backs = self.house.queue.put_backs()
        now = self.house.clock.now()
        self.read(say("put_backs.title"), lambda width: put_back_lines(backs, width, now))

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

    def keep(self, **changes: object) -> None:
        """Remember a changed taste."""
        self.house.keep(replace(self.house.taste, **changes))  # type: ignore[arg-type] # own names

    def repaint_everything(self) -> None:
        """Another language or another theme."""
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
        """Paint a committed view; may be called from any thread.

        Not by a message: Textual's queue and dispatch took 0.3 ms of the 6 of a scan.
        """
        if self._loop is not None and not self._loop.is_closed():
            paint = self.guarded(lambda: self._paint_bench(view))
            self._loop.call_soon_threadsafe(paint, context=self._own_context)

    def _paint_bench(self, view: BenchView) -> None:
        from tui.screens.bench import BenchPane

        pane = self._panes.get("bench")
        if isinstance(pane, BenchPane):
            pane.show(view)

    def show_weight(self, weight: LiveWeight) -> None:
        """The scale moved; may be called from any thread."""
        self.post_message(WeightMoved(weight))

    def mention(self, what: Message) -> None:
        """A word in passing; may be called from any thread."""
        self.post_message(Told(what))

    def watch_bench(self, future: "Future[BenchView]") -> None:
        """Paint the answer to a scan or a command when it is committed."""
        future.add_done_callback(self._bench_answered)

    def _bench_answered(self, future: "Future[BenchView]") -> None:
        problem = problem_of(future)
        if problem is None:
            self.show_bench(future.result())
        else:
            self.post_message(Told(problem, bad=True))

    def watch_intent(self, future: "Future[Message]", then: Callable[[], None]) -> None:
        """Say how an intent ended when it has."""
        future.add_done_callback(lambda done: self._intent_answered(done, then))

    def _intent_answered(self, future: "Future[Message]", then: Callable[[], None]) -> None:
        problem = problem_of(future)
        if problem is None:
            self.post_message(Told(future.result(), then=then))
        else:
            self.post_message(Told(problem, bad=True))

    def watch_answer(self, future: "Future[T]", show: Callable[[T], None]) -> None:
        """Show what a background thread found when it has, or say why it did not."""

        def arrived(done: "Future[T]") -> None:
            problem = problem_of(done)
            if problem is None:
                self.post_message(Answered(lambda: show(done.result())))
            else:
                self.post_message(Told(problem, bad=True))

        future.add_done_callback(arrived)

    def trouble(self, error: BaseException) -> None:
        """Tell a person about a defect; the log gets the rest under the same number."""
        self.troubles += 1
        same, now = f"{type(error).__name__}: {error}", time.monotonic()
        if same == self._last_trouble[0] and now - self._last_trouble[1] < OUTAGE_S:
            return  # a poll that fails goes on failing: once per outage is enough
        self._last_trouble = (same, now)
        self.tell(told(error), bad=True)

    def _fatal_error(self) -> None:
        """Textual's own last words would be a traceback; say a sentence instead."""
        error = self._exception
        last_words = message("trouble.cancelled") if error is None else told(error)
        self._exit_renderables.append(Text(say(last_words)))
        self._close_messages_no_wait()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Textual's own door to the terminal."""
        super()._display(screen, exact(renderable))

    def on_weight_moved(self, event: WeightMoved) -> None:
        """Paint the scale."""
        from tui.screens.bench import BenchPane

        pane = self._panes.get("bench")
        if isinstance(pane, BenchPane):
            pane.show_weight(event.weight)

    def on_answered(self, event: Answered) -> None:
        """Show an answer that came."""
        event.show()

    def on_told(self, event: Told) -> None:
        """Say how an intent ended."""
        self.tell(event.say, bad=event.bad)
        if event.then is not None:
            event.then()

    def on_resize(self) -> None:
        """A box over the pane follows the size of the screen."""
        self.call_after_refresh(self._overlay.place)


def _textual_theme(name: str) -> Theme:
    """What Textual itself paints: only the background behind our canvases."""
    ours, screen = f"packline-{name}", colours.SCREENS[name]
    if name == "ansi":  # the terminal's own colours, which must not be converted
        return replace(BUILTIN_THEMES["ansi-dark"], name=ours)
    return Theme(
        name=ours,
        primary="#79b8ff",
        background=screen,
        surface=screen,
        panel=screen,
        dark=name != "light",
    )
