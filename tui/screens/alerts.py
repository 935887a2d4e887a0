"""Alerts: red first; what is late, stuck or waiting for a person, and what can be done about it."""

from collections.abc import Callable
from concurrent.futures import Future

from core.messages import Message, message
from tui.ink import Line, Piece, ends, pad, row, wrap
from tui.screens.list_pane import ListPane
from tui.shown import age, clock_time, due
from tui.sources import AlertRow
from tui.widgets.line_list import Shelf
from tui.widgets.overlay import Item
from tui.words import say, word

NARROW = 60
TAIL = 9
"""Digits of an order's number that a narrow row shows, as the bench does."""
SNOOZES = (15, 60, 240)
"""Minutes an alert may be quiet."""


class AlertsPane(ListPane[AlertRow]):
    """What a supervisor looks at."""

    name_of = "alerts"

    def __init__(self) -> None:
        super().__init__(empty=lambda: say("alerts.empty"), chosen=self._open)
        self._rows: list[AlertRow] = []

    def begin(self) -> None:
        self.refresh_facts()

    def refresh_facts(self) -> None:
        rows = self.house_app.house.alerts.rows()
        # Red and untouched first, then as the core ranked them.
        self._rows = sorted(rows, key=lambda r: (r.state == "snoozed", not r.red))
        self.list.use(Shelf(self._rows))
        self._head.repaint()

    def tick(self) -> None:
        self.list.repaint()
        self._foot.repaint()

    # --- lines ---------------------------------------------------------------------------------

    def head_lines(self, width: int, height: int) -> list[Line]:
        """Counts and column names."""
        red = sum(1 for r in self._rows if r.red and r.state == "open")
        told: list[Piece] = [(" ", "text")]
        if red:
            told.append((f" {say(message('alerts.red', n=red))} ", "tone.wrong"))
        told.append((f" {say(message('alerts.all', n=len(self._rows)))}", "quiet"))
        names = f"   {pad(say('alerts.col.since'), 9)} "
        if width >= NARROW:
            names += f"{pad(say('alerts.col.kind'), 14)} {say('alerts.col.what')}"
        else:
            names += f"{pad(say('alerts.col.number'), 10)} {say('alerts.col.kind')}"
        return [row(width, *told), row(width, (names, "head"))]

    def draw_row(self, item: AlertRow, width: int, here: bool) -> Line:
        now = self.house_app.house.clock.now()
        base, quiet = ("cursor", "cursor.quiet") if here else ("text", "quiet")
        urgent = ("cursor.late" if here else "late") if item.red else base
        sign = {"open": "■" if item.red else "▲", "acknowledged": "✔", "snoozed": "z"}[item.state]
        left: list[Piece] = [(f" {sign} ", urgent), (pad(age(now - item.since), 9) + " ", urgent)]
        if width < NARROW:  # the end of a number tells orders apart; the rest stands in the foot
            kind = (word("alert.kind", item.kind), urgent)
            if not item.number:
                return row(width, *left, kind, (f" {say(item.what)}", base), fill=base)
            return row(width, *left, (pad(item.number[-TAIL:], 10) + " ", base), kind, fill=base)
        left += [(pad(word("alert.kind", item.kind), 14) + " ", urgent), (say(item.what), base)]
        right: list[Piece] = []
        if item.deadline is not None:
            left_ms = item.deadline - now
            cut = (
                say(message("alerts.cutoff", age=age(left_ms)))
                if left_ms > 0
                else due(item.deadline, now)[0]
            )
            right.append((f" {cut} ", "cursor.soon" if here else "soon"))
        if item.owner:
            right.append((f" {item.owner} ", quiet))
        return ends(width, left, right, base)

    def foot_lines(self, width: int, height: int) -> list[Line]:
        """The whole sentence, which order, since when, whose."""
        item = self.list.current
        if item is None:
            return []
        clock = self.house_app.house.clock
        since = clock_time(item.since, clock.zone, clock.now())
        facts = [
            item.number,
            say(message("alerts.since", at=since)),
            word("alert.state", item.state),
        ]
        if item.owner:
            facts.append(say(message("alerts.owner", name=item.owner)))
        if item.told:
            facts.append(say(message("alerts.told", names=item.told)))
        lines = [row(width, ("─" * width, "faint"))]
        lines += [row(width, (f" {part}", "strong")) for part in wrap(say(item.what), width - 2, 2)]
        told: list[Piece] = [(" " + "  ".join(part for part in facts if part), "quiet")]
        if item.holds:
            held = " ".join(word("hold", code) for code in item.holds)
            told += [("  ", "text"), (f" {say('queue.held')} ", "note.block"), (f" {held}", "note")]
        return [*lines, row(width, *told)]

    # --- what can be done ----------------------------------------------------------------------

    def refusal(self, action: str) -> Message | None:
        item = self.list.current
        if action == "alerts.put_backs":
            return None
        if item is None:
            return message("refusal.no_row")
        if action in ("alerts.open", "alerts.settle") and not item.number:
            return message("refusal.no_order_here")
        if action == "alerts.settle":
            can = self.house_app.house.queue.remedies(item.number)
            return None if can else message("refusal.nothing_to_settle")
        if action == "alerts.release" and not item.holds:
            return message("refusal.not_held")
        if action == "alerts.acknowledge" and item.state == "acknowledged":
            return message("refusal.acknowledged")
        return None

    def act(self, action: str) -> None:
        item = self.list.current
        if action == "alerts.put_backs":
            self.house_app.show_put_backs()
        if item is None or action == "alerts.put_backs":
            return
        doing: dict[str, Callable[[AlertRow], None]] = {
            "alerts.open": lambda _item: self._open(),
            "alerts.acknowledge": self._acknowledge,
            "alerts.snooze": self._snooze,
            "alerts.assign": self._assign,
            "alerts.release": self._release,
            "alerts.escalate": self._escalate,
            "alerts.settle": lambda item: self.house_app.settle(item.number),
        }
        doing[action](item)

    def _open(self) -> None:
        if self.list.current is not None and self.list.current.number:
            self.house_app.open_order(self.list.current.number)

    def _acknowledge(self, item: AlertRow) -> None:
        self.intend(self.house_app.house.alerts.acknowledge(item.key))

    def _escalate(self, item: AlertRow) -> None:
        self.intend(self.house_app.house.alerts.escalate(item.key))

    def _snooze(self, item: AlertRow) -> None:
        items = [
            Item(str(m), say(message("alerts.snooze.for", age=age(m * 60_000)))) for m in SNOOZES
        ]
        alerts = self.house_app.house.alerts
        self._pick("alerts.snooze.ask", items, lambda m: alerts.snooze(item.key, int(m)))

    def _assign(self, item: AlertRow) -> None:
        alerts = self.house_app.house.alerts
        items = [Item(code, name) for code, name in alerts.people()]
        self._pick("alerts.assign.ask", items, lambda code: alerts.assign(item.key, code))

    def _pick(
        self, question: str, items: list[Item], intent: "Callable[[str], Future[Message]]"
    ) -> None:
        self.house_app.choose(say(question), items, lambda value: self.intend(intent(value)))

    def _release(self, item: AlertRow) -> None:
        self.house_app.release_hold(item.number, item.holds)
