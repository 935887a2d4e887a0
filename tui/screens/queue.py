"""The queue: one list for all shops, overdue first, with filters and any-number search."""

from collections.abc import Sequence
from dataclasses import replace

from textual.app import ComposeResult

from core.messages import Message, message
from tui.ink import Line, Piece, ends, fit, pad, row
from tui.screens.order_paint import brief
from tui.screens.pane import Pane
from tui.shown import due
from tui.sources import FileLook, QueueFilter, QueueRow
from tui.widgets.canvas import Canvas
from tui.widgets.line_list import LineList, Shelf
from tui.widgets.overlay import Item
from tui.words import say, word

FILTERS = ("stage", "shop", "hold", "warehouse")
NARROW = 60
WIDE = 140
"""From this many columns the order under the cursor is shown beside the list."""


class _Head(Canvas):
    """What is filtered, and the names of the columns."""

    def __init__(self, pane: "QueuePane") -> None:
        super().__init__()
        self._pane = pane

    def paint(self, width: int, height: int) -> list[Line]:
        return [self._pane.filter_line(width), head_line(width)]


class _Foot(Canvas):
    """Why the row under the cursor is where it is."""

    def __init__(self, pane: "QueuePane") -> None:
        super().__init__()
        self._pane = pane

    def paint(self, width: int, height: int) -> list[Line]:
        return self._pane.foot_lines(width)


class _Brief(Canvas):
    """The order under the cursor, on wide screens."""

    def __init__(self, pane: "QueuePane") -> None:
        super().__init__()
        self._pane = pane

    def paint(self, width: int, height: int) -> list[Line]:
        return self._pane.brief_lines(width, height)


class QueuePane(Pane):
    """Orders of every shop by the time they must leave."""

    name_of = "queue"
    DEFAULT_CSS = """
    QueuePane { layout: vertical; }
    QueuePane > #queue-head, QueuePane > #queue-foot { height: 2; }
    QueuePane > #queue-brief { dock: right; width: 44%; display: none; }
    QueuePane.wide > #queue-brief { display: block; }
    """

    def __init__(self) -> None:
        super().__init__(id="queue")
        self._filter = QueueFilter()
        self._found: str | None = None
        self._head, self._foot, self._brief = _Head(self), _Foot(self), _Brief(self)
        self._head.id, self._foot.id, self._brief.id = "queue-head", "queue-foot", "queue-brief"
        self.list: LineList[QueueRow] = LineList(
            self._draw, empty=self._nothing, moved=self._moved, chosen=self._open, id="queue-list"
        )

    def compose(self) -> ComposeResult:
        yield self._brief
        yield self._head
        yield self.list
        yield self._foot

    def begin(self) -> None:
        self._show()

    def on_resize(self) -> None:
        """A wide screen shows the order beside the list."""
        self.set_class(self.size.width >= WIDE, "wide")

    # --- what is shown -------------------------------------------------------------------------

    def _show(self) -> None:
        self._found = None
        self.list.show(self.house_app.house.queue.pages(self._filter))
        self._head.repaint()

    def show_found(self, text: str, rows: Sequence[QueueRow]) -> None:
        """Show what a search found instead of the queue."""
        self._found = text
        self.list.show(Shelf(rows))
        self._head.repaint()

    def refresh_facts(self) -> None:
        self.list.reload()
        self._head.repaint()

    def tick(self) -> None:
        self.list.repaint()
        self._foot.repaint()

    def repaint_all(self) -> None:
        for canvas in (self._head, self.list, self._foot, self._brief):
            canvas.repaint()

    def _moved(self) -> None:
        self._foot.repaint()
        self._brief.repaint()
        self.house_app.show_keys()

    # --- lines ---------------------------------------------------------------------------------

    def filter_line(self, width: int) -> Line:
        """What is filtered, or what was searched."""
        more = (
            "▲▼"
            if self.list.more_above and self.list.more_below
            else ("▲" if self.list.more_above else "▼" if self.list.more_below else " ")
        )
        if self._found is not None:
            told = say(message("queue.found", text=self._found))
            return ends(width, [(f" {told}", "note")], [(more + " ", "quiet")], "text")
        pieces: list[Piece] = []
        for what in FILTERS if width >= NARROW else FILTERS[:1]:
            value = getattr(self._filter, what)
            name = self._named(what, value) if value else say("queue.all")
            pieces.append((f" {say(f'queue.by.{what}')}:", "quiet"))
            pieces.append((f"{name} ", "accent" if value else "text"))
        if self._filter.text:
            pieces.append((f" /{self._filter.text}", "note"))
        return ends(width, pieces, [(more + " ", "quiet")], "text")

    def _named(self, what: str, code: str) -> str:
        named = dict(self.house_app.house.queue.choices(what))
        return named.get(code) or word(what, code)

    def foot_lines(self, width: int) -> list[Line]:
        """Goods, receiver, holds of the row under the cursor."""
        item = self.list.current
        if item is None:
            return [row(width), row(width)]
        left: list[Piece] = [(f" {item.goods}", "text")]
        first = ends(width, left, [(f" {item.receiver} ", "quiet")], "text")
        held = "  ".join(word("hold", code) for code in item.holds)
        when, meaning = due(item.ship_by, self.house_app.house.clock.now())
        pieces: list[Piece] = [(f" {when} ", meaning)]
        if held:
            pieces += [(f" {say('queue.held')} ", "note.block"), (f" {held}", "note")]
        return [first, row(width, *pieces)]

    def brief_lines(self, width: int, height: int) -> list[Line]:
        """The whole order beside the list; read only when the screen is wide."""
        item = self.list.current
        if item is None or not self.has_class("wide"):
            return []
        details = self.house_app.house.queue.order(item.number)
        if details is None:
            return []
        house = self.house_app.house
        body = brief(details, width - 3, house.clock.now(), house.clock.zone)
        return [(("│ ", "faint"), *line) for line in body[:height]] + [
            (("│ ", "faint"),) for _ in range(max(0, height - len(body)))
        ]

    def _draw(self, item: QueueRow, width: int, here: bool) -> Line:
        return queue_line(item, width, here, self.house_app.house.clock.now())

    def _nothing(self) -> str:
        return say("queue.empty.filtered" if self._filter.any else "queue.empty")

    # --- what can be done ----------------------------------------------------------------------

    def press(self, key: str) -> bool:
        moved = self.list.press(key)
        if moved:
            self._head.repaint()
        return moved

    def refusal(self, action: str) -> Message | None:
        if action == "queue.open" and self.list.current is None:
            return message("refusal.no_row")
        if action == "queue.clear" and not self._filter.any and self._found is None:
            return message("refusal.no_filter")
        if action == "queue.release" and not self.house_app.house.queue.to_release(self._filter):
            return message("refusal.not_together")
        return None

    def act(self, action: str) -> None:
        verb = action.removeprefix("queue.")
        if verb in FILTERS:
            self._choose(verb)
        elif verb == "open":
            self._open()
        elif verb == "find":
            self.house_app.ask(
                say("queue.find.ask"), say("queue.find.hint"), self._search, self._filter.text
            )
        elif verb == "release":
            self._release_all()
        elif verb == "import":
            self._import()
        elif verb == "put_backs":
            self.house_app.show_put_backs()
        elif verb == "export":
            self._export()
        elif verb == "clear":
            self._filter = QueueFilter()
            self._show()

    def _open(self) -> None:
        if self.list.current is not None:
            self.house_app.open_order(self.list.current.number)

    def _release_all(self) -> None:
        """Ask once more, with how many; the core records who did."""
        queue, wanted = self.house_app.house.queue, self._filter
        n = queue.to_release(wanted)
        yes = [Item("yes", say(message("queue.release_all.yes", n=n, hold=wanted.hold)))]
        self.house_app.choose(
            say("queue.release_all.ask"), yes, lambda _: self.intend(queue.release_all(wanted))
        )

    def _search(self, text: str) -> None:
        self._filter = replace(self._filter, text=text)
        self._show()

    def _import(self) -> None:
        """Ask for whose files they are, then which; the file itself tells when nobody says."""
        app, queue, files = self.house_app, self.house_app.house.queue, self.house_app.house.files

        def files_of(shop: str) -> None:
            app.ask(
                say("queue.import.ask"), say("queue.import.hint"), lambda names: take(names, shop)
            )

        def take(names: str, shop: str) -> None:
            if names:
                app.tell(message("queue.import.reading"))
                app.watch_answer(files.look(names, shop), lambda look: looked(look, shop))

        def looked(look: FileLook, shop: str) -> None:
            if look.shops:
                known = [shop for shop in shops if shop.value in look.shops]
                app.choose(say("queue.import.shop"), known, lambda code: take(look.names, code))
            elif look.asks and look.shop:
                app.open_columns(look)
            else:
                self.intend(files.import_files(look.names, shop))

        shops = [Item(code, name or code) for code, name in queue.choices("shop")]
        app.choose(say("queue.import.shop"), [Item("", say("queue.import.any")), *shops], files_of)

    def _export(self) -> None:
        """Ask for which shop and into which file; only shops that are told by file."""
        app, files = self.house_app, self.house_app.house.files

        def file_of(shop: str) -> None:
            app.ask(
                say("queue.export.ask"),
                "",
                lambda file: self.intend(files.export(shop, file)) if file else None,
                files.export_name(shop),
            )

        items = [
            Item(code, name or code, say(message("queue.export.waiting", n=n)))
            for code, name, n in files.to_export()
        ]
        if items:
            app.choose(say("queue.export.shop"), items, file_of)
        else:
            app.tell(message("queue.export.none"), bad=True)

    def _choose(self, what: str) -> None:
        known = self.house_app.house.queue.choices(what)
        items = [Item("", say("queue.all"))]
        items += [Item(code, name or word(what, code)) for code, name in known]
        self.house_app.choose(say(f"queue.by.{what}"), items, lambda code: self._by(what, code))

    def _by(self, what: str, code: str) -> None:
        self._filter = replace(self._filter, **{what: code})
        self._show()


# --- one line of the list ---------------------------------------------------------------------


def _columns(width: int) -> tuple[int, int, int, int]:
    """Cells for due, number, shop, stage."""
    if width < NARROW:
        return 10, 16, 0, 8
    return 10, 16, 12 if width < 100 else 18, 9


def head_line(width: int) -> Line:
    """The names of the columns."""
    when, number, shop, stage = _columns(width)
    text = f"   {pad(say('queue.col.due'), when)} {pad(say('queue.col.number'), number)} "
    if shop:
        text += f"{pad(say('queue.col.shop'), shop)} "
    text += f"{pad(say('queue.col.stage'), stage)} "
    if width >= NARROW:
        text += f"{pad(say('queue.col.pieces'), 4, '>')}  {say('queue.col.goods')}"
    return row(width, (text, "head"))


def queue_line(item: QueueRow, width: int, here: bool, now: int) -> Line:
    """One order: when it must leave, which one, where it is, what is in it."""
    when_wide, number_wide, shop_wide, stage_wide = _columns(width)
    when, meaning = due(item.ship_by, now)
    base, quiet = ("cursor", "cursor.quiet") if here else ("text", "quiet")
    urgent = f"cursor.{meaning}" if here and meaning in ("late", "soon") else meaning
    if here and urgent not in ("cursor.late", "cursor.soon"):
        urgent = base
    sign = "‖" if item.holds else "!" if meaning == "late" else " "
    pieces: list[Piece] = [
        (f" {sign} ", urgent if not item.holds else ("cursor.soon" if here else "note")),
        (pad(when, when_wide) + " ", urgent),
        (pad(item.number, number_wide) + " ", base),
    ]
    if shop_wide:
        pieces.append((pad(item.shop, shop_wide) + " ", quiet))
    pieces.append((pad(word("stage", item.stage), stage_wide) + " ", base))
    if width >= NARROW:
        pieces.append((pad(str(item.pieces), 4, ">") + "  ", base))
        express = word("tier", item.tier) if item.tier not in ("", "standard") else ""
        if express:
            pieces.append((f"{express} ", urgent if here else "note"))
        held = word("hold", item.holds[0]) + " " if item.holds else ""
        if held:
            pieces.append((held, "cursor.soon" if here else "note"))
        if item.note:
            pieces.append((say("queue.note") + " ", "cursor.soon" if here else "soon"))
        pieces.append((fit(item.goods, width), quiet))
    return row(width, *pieces, fill=base)
