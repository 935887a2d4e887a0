"""One order: slip, timeline, photos and why; on a wide screen all of it at once."""

from textual.app import ComposeResult

from core.messages import Message, message
from tui.ink import Line, beside, row, tall
from tui.screens import order_paint as page
from tui.screens.pane import Pane
from tui.sources import OrderDetails
from tui.widgets.canvas import Canvas
from tui.words import say

TABS = ("slip", "timeline", "photos", "why")
WIDE = 140


class _Page(Canvas):
    """The painted page."""

    def __init__(self, pane: "OrderPane") -> None:
        super().__init__()
        self._pane = pane

    def paint(self, width: int, height: int) -> list[Line]:
        return self._pane.page_lines(width, height)


class OrderPane(Pane):
    """Everything known about one order."""

    name_of = "order"

    def __init__(self) -> None:
        super().__init__(id="order")
        self._number = ""
        self._order: OrderDetails | None = None
        self._tab = 0
        self._top = 0
        self._page = _Page(self)

    def compose(self) -> ComposeResult:
        yield self._page

    def open(self, number: str) -> None:
        """Show this order from its slip."""
        self._number, self._tab, self._top = number, 0, 0
        self.refresh_facts()

    def refresh_facts(self) -> None:
        self._order = self.house_app.house.queue.order(self._number)
        self._page.repaint()
        self.house_app.show_keys()

    def tick(self) -> None:
        self._page.repaint()

    def repaint_all(self) -> None:
        self._page.repaint()

    # --- painting ------------------------------------------------------------------------------

    def page_lines(self, width: int, height: int) -> list[Line]:
        """The head, the tabs, and the tab in view."""
        order = self._order
        if order is None:
            return [row(width), row(width, (f"  {say('order.gone')}", "quiet"))]
        inner = width - 2
        clock = self.house_app.house.clock
        head = page.heading(order, inner, clock.now(), clock.zone)
        if width >= WIDE:
            body = self._columns(order, inner, height - len(head) - 1)
        else:
            body = [self._tabs(inner), *self._scrolled(order, inner, height - len(head) - 2)]
        return [((" ", "text"), *line) for line in [*head, row(inner), *body]]

    def _tabs(self, width: int) -> Line:
        return row(
            width,
            *(
                (f" {say(f'order.tab.{name}')} ", "step.now" if index == self._tab else "quiet")
                for index, name in enumerate(TABS)
            ),
        )

    def _scrolled(self, order: OrderDetails, width: int, height: int) -> list[Line]:
        lines = self._tab_lines(order, TABS[self._tab], width)
        self._top = max(0, min(self._top, len(lines) - height))
        return lines[self._top : self._top + height]

    def _tab_lines(self, order: OrderDetails, name: str, width: int) -> list[Line]:
        clock = self.house_app.house.clock
        if name == "timeline":
            return page.timeline(order, width, clock.now(), clock.zone)
        if name == "photos":
            return page.photos(order, width, clock.now(), clock.zone)
        return page.why(order, width) if name == "why" else page.slip(order, width)

    def _columns(self, order: OrderDetails, width: int, height: int) -> list[Line]:
        half = (width - 3) // 2

        def section(name: str) -> list[Line]:
            lines = self._tab_lines(order, name, half)
            return [page.title(say(f"order.tab.{name}"), half), *lines, row(half)]

        left = tall([*section("slip"), *section("why")], height, half)
        right = tall([*section("photos"), *section("timeline")], height, half)
        middle: list[Line] = [((" │ ", "faint"),)] * height
        return beside(beside(left, middle), right)

    # --- keys ----------------------------------------------------------------------------------

    def press(self, key: str) -> bool:
        step = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10, "home": -9999, "end": 9999}
        if key not in step:
            return False
        self._top = max(0, self._top + step[key])
        self._page.repaint()
        return True

    def refusal(self, action: str) -> Message | None:
        if action == "order.release" and (self._order is None or not self._order.holds):
            return message("refusal.not_held")
        if action == "order.settle" and not self.house_app.house.queue.remedies(self._number):
            return message("refusal.nothing_to_settle")
        return None

    def act(self, action: str) -> None:
        if action == "order.back":
            self.house_app.back()
        elif action == "order.release":
            self._release()
        elif action == "order.settle":
            self.house_app.settle(self._number)
        else:
            step = 1 if action == "order.next" else -1
            self._tab, self._top = (self._tab + step) % len(TABS), 0
            self._page.repaint()

    def _release(self) -> None:
        if self._order is not None:
            self.house_app.release_hold(self._number, self._order.holds)
