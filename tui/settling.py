"""What a person does about one order: chosen from a list, with a reason where one is owed, and who
somebody is, shown for half a minute and kept nowhere."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from core.messages import message
from tui.ink import Line, Piece, ends, row, wrap
from tui.messages import Told
from tui.shown import age
from tui.sources import PutBackRow
from tui.trouble import problem_of
from tui.widgets.overlay import Item
from tui.words import say, word

if TYPE_CHECKING:
    from tui.app import PacklineApp

SHOWN_S = 30
"""How long a revealed receiver stays on the screen."""


def settle(app: "PacklineApp", number: str) -> None:
    """Ask what is to be done about an order."""
    found = app.house.queue.remedies(number)
    wants = {code: reason for code, _, reason in found}
    pane = app.pane

    def do(code: str, reason: str) -> None:
        if code == "reveal":
            reveal(app, number, reason)
        else:
            pane.intend(app.house.queue.remedy(number, code, reason))

    def chosen(code: str) -> None:
        if not wants[code]:
            do(code, "")
            return

        def because(why: str) -> None:
            if why:
                do(code, why)

        ask = "settle.waybill" if code.startswith("elsewhere:") else "settle.reason"
        app.ask(say(ask), say("settle.reason.hint"), because)

    items = [Item(code, say(label)) for code, label, _ in found]
    app.choose(say(message("settle.title", number=number)), items, chosen)


def reveal(app: "PacklineApp", number: str, reason: str) -> None:
    """Ask the shop who it is; the answer is read, not kept."""
    future = app.house.queue.reveal(number, reason)
    future.add_done_callback(lambda done: _revealed(app, number, done))


def _revealed(app: "PacklineApp", number: str, future: "Future[tuple[str, bool]]") -> None:
    """In the asking thread: only a message goes to the screen."""
    problem = problem_of(future)
    if problem is not None:
        app.post_message(Told(problem, bad=True))
        return
    receiver, refetched = future.result()
    told = message("reveal.refetched" if refetched else "reveal.told", number=number)
    app.post_message(Told(told, then=lambda: app.reveal_for(number, receiver, SHOWN_S)))


def revealed_lines(receiver: str, width: int) -> list[Line]:
    """Who it is, and that it goes away."""
    lines: list[Line] = [row(width, (part, "strong")) for part in wrap(receiver, width, 6)]
    return [*lines, row(width), row(width, (say(message("reveal.away", n=SHOWN_S)), "quiet"))]


def put_back_lines(backs: Sequence[PutBackRow], width: int, now: int) -> list[Line]:
    """One line for each, oldest first: what, how many, where to; whose it was under it."""
    if not backs:
        return [row(width, (say("put_backs.none"), "quiet"))]
    lines: list[Line] = []
    for each in backs:
        left: list[Piece] = [(f"{each.sku} ×{each.units}", "strong"), (f"  {each.spec}", "text")]
        right: list[Piece] = [(f" {each.bin or say('put_backs.no_bin')}", "accent")]
        lines.append(ends(width, left, right, "text"))
        whose = f"  {each.number}  {word('void', each.why)}" if each.why else f"  {each.number}"
        lines.append(ends(width, [(whose, "quiet")], [(age(now - each.since), "quiet")], "text"))
    return [*lines, row(width), row(width, (say("put_backs.how"), "quiet"))]
