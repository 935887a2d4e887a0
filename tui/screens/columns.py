"""What the columns of an order file are: said once per shop, before the file is taken in."""

from concurrent.futures import Future

from core.messages import Message, message
from core.text import clean
from tui.ink import Line, Piece, pad, row, wrap
from tui.screens.list_pane import ListPane
from tui.sources import NO_NOTES, ColumnRow, FileLook
from tui.widgets.line_list import Shelf
from tui.widgets.overlay import Item
from tui.words import say, word

NARROW = 60
IMPORT = "columns.import"
SKIP = "-"
"""The choice of reading nothing from a column."""


class ColumnsPane(ListPane[ColumnRow]):
    """Each column with a value of it and what it is read as."""

    name_of = "columns"
    head_height = 4
    foot_height = 3

    def __init__(self) -> None:
        super().__init__(empty=lambda: say("columns.empty"), chosen=self._assign)
        self._look = FileLook()
        self._order: list[tuple[int, int]] = []
        self._seen: FileLook | None = None
        """What was previewed: only that is taken in."""

    def open(self, look: FileLook) -> None:
        """Show what a look at some files found, the columns nobody knows first."""
        first = sorted(look.columns, key=lambda column: not column.unread)
        self._order = [column.key for column in first]
        self.list.show(Shelf())
        self._again(look)

    def _again(self, look: FileLook) -> None:
        """The same files after a change; the cursor and the order of the list stay."""
        now = {column.key: column for column in look.columns}
        keys = dict.fromkeys((*self._order, *now))
        self._look = look
        self.list.use(Shelf([now[key] for key in keys if key in now]))
        self.repaint_all()
        self.house_app.show_keys()

    # --- lines ---------------------------------------------------------------------------------

    def head_lines(self, width: int, height: int) -> list[Line]:
        """Whose files, what is missing or gone, and the names of the columns."""
        look = self._look
        title = message("columns.of", shop=look.shop, files=clean(look.names, 80))
        lines = [row(width, (f" {say(title)}", "strong"))]
        if look.missing:
            missing = tuple(Message(f"column.{name}") for name in look.missing)
            told, meaning = message("columns.missing", missing=missing), "late"
        elif look.gone:
            told, meaning = message("columns.gone", columns=look.gone), "soon"
        elif look.refused:
            told, meaning = look.refused[0], "soon"
        else:
            unread = sum(column.unread for column in look.columns)
            told, meaning = message("columns.complete", unread=unread), "good"
        parts = wrap(say(told), width - 2, 2)
        lines += [row(width, (f" {part}", meaning)) for part in parts]
        lines += [row(width)] * (3 - len(lines))
        head = f"   {pad(say('columns.col.name'), self._name_cells(width))} "
        head += f"{pad(say('columns.col.field'), 14)} "
        head += say("columns.col.sample") if width >= NARROW else ""
        return [*lines, row(width, (head, "head"))]

    def _name_cells(self, width: int) -> int:
        return 20 if width < NARROW else 26

    def draw_row(self, column: ColumnRow, width: int, here: bool) -> Line:
        base, quiet = ("cursor", "cursor.quiet") if here else ("text", "quiet")
        sign = "?" if column.unread else "-" if not column.fields else " "
        loud = "cursor.soon" if here else "note"
        pieces: list[Piece] = [
            (f" {sign} ", loud if column.unread else quiet),
            (pad(name_of(column), self._name_cells(width)) + " ", base),
            (pad(read_as(column), 14) + " ", loud if column.unread else base),
        ]
        if width >= NARROW:
            pieces.append((clean(column.sample, 80), quiet))
        return row(width, *pieces, fill=base)

    def foot_lines(self, width: int, height: int) -> list[Line]:
        """The column under the cursor."""
        column = self.list.current
        if column is None:
            return []
        lines = [row(width, (f" {name_of(column)} → {read_as(column)}", "strong"))]
        sample = column.sample or say(
            "columns.no_notes.why" if column.name == NO_NOTES else "columns.no_sample"
        )
        lines += [row(width, (f" {part}", "quiet")) for part in wrap(sample, width - 2, 2)]
        return lines

    # --- what can be done ----------------------------------------------------------------------

    def refusal(self, action: str) -> Message | None:
        if action == "columns.assign" and self.list.current is None:
            return message("refusal.no_row")
        if action == IMPORT and self._look.missing:
            return message("refusal.columns_missing")
        return None

    def act(self, action: str) -> None:
        files = self.house_app.house.files
        if action == "columns.assign":
            self._assign()
        elif action == "columns.preview" or (self._seen is not self._look and action == IMPORT):
            self._seen = self._look
            self.house_app.read(say("columns.preview"), self._preview)
        elif action == "columns.undo":
            self._expect(files.undo(self._look))
        elif action == IMPORT:
            self.intend(files.import_files(self._look.names, self._look.shop), self._leave)
        elif action == "columns.back":
            self._leave()

    def _leave(self) -> None:
        self.house_app.go("queue")

    def _assign(self) -> None:
        column = self.list.current
        if column is None:
            return
        files = self.house_app.house.files
        if column.name == NO_NOTES:
            self._say_no_notes()
            return
        taken = {field: other.name for other in self._look.columns for field in other.fields}
        items = [Item(SKIP, say("columns.skip"))]
        items += [
            Item(field, word("column", field), clean(taken.get(field, ""), 30))
            for field in files.fields()
        ]
        name = column.name

        def chosen(field: str) -> None:
            said = "" if field == SKIP else field
            self._expect(files.say_column(self._look, name, said))

        title = say(message("columns.ask", column=clean(name, 40)))
        self.house_app.choose(title, items, chosen)

    def _say_no_notes(self) -> None:
        """The files have no column for notes: because there are none, or nobody knows."""
        none = [Item("buyer_note", say("columns.no_notes"))]
        say_it = self.house_app.house.files.say_column
        self.house_app.choose(
            say("columns.no_notes.ask"),
            none,
            lambda field: self._expect(say_it(self._look, NO_NOTES, field)),
        )

    def _expect(self, look: "Future[FileLook]") -> None:
        self.house_app.watch_answer(look, self._again)

    def _preview(self, width: int) -> list[Line]:
        """The first orders as they would be read, and the first refusals."""
        lines: list[Line] = []
        for number, parts in self._look.orders:
            lines.append(row(width, (number, "panel.strong"), fill="panel"))
            told = [part for said in parts for part in wrap(say(said), width - 2, 3)]
            lines += [row(width, (f"  {part}", "panel"), fill="panel") for part in told]
        for said in self._look.refused:
            lines += [
                row(width, (part, "panel.accent"), fill="panel")
                for part in wrap(say(said), width, 4)
            ]
        nothing = row(width, (say("columns.no_preview"), "panel.quiet"), fill="panel")
        return lines or [nothing]


def name_of(column: ColumnRow) -> str:
    """A column's name as it is shown."""
    return say("columns.no_column") if column.name == NO_NOTES else clean(column.name, 120)


def read_as(column: ColumnRow) -> str:
    """What becomes of a column, in words."""
    if column.name == NO_NOTES:
        return say("columns.no_notes.said" if column.fields else "columns.no_notes.held")
    if column.fields:
        return "、".join(word("column", field) for field in column.fields)
    return say("columns.not_read" if column.unread else "columns.left")
