"""A person at a screen: presses, scans, sees. Waits on what is on screen, never on time."""

import asyncio
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

from textual import events

from tests.tui.house import FakeHouse
from tui.app import PacklineApp

_CHARACTERS = {"slash": "/", "question_mark": "?", "space": " ", "enter": "\r", "tab": "\t"}


class Desk:
    """The app under test, with the words for using it."""

    def __init__(self, app: PacklineApp, house: FakeHouse) -> None:
        self.app = app
        self.house = house

    # --- doing -----------------------------------------------------------------------------------

    def key(self, key: str) -> None:
        """One key, as the terminal driver sends it."""
        character = _CHARACTERS.get(key, key if len(key) == 1 else None)
        self.app.post_message(events.Key(key, character))

    async def press(self, *keys: str) -> None:
        """Some keys; returns when every one has been handled."""
        for key in keys:
            self.key(key)
        await self.quiet()

    def type(self, text: str) -> None:
        """Characters as fast as they can be sent."""
        for char in text:
            self.key(char)

    async def scan(self, code: str) -> None:
        """A code with its Enter."""
        self.type(code)
        await self.press("enter")

    async def quiet(self) -> None:
        """Everything sent so far has been handled."""
        handled = asyncio.Event()
        self.app.call_later(handled.set)
        await asyncio.wait_for(handled.wait(), 20)
        await asyncio.sleep(0)

    # --- seeing ----------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        """The screen as text, as the terminal would show it."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]

    def text(self) -> str:
        return "\n".join(self.lines())

    async def sees(self, *words: str) -> None:
        """Wait until all of these are on screen."""
        await self.until(lambda: all(word in self.text() for word in words), words)

    async def misses(self, word: str) -> None:
        """Wait until this is not on screen."""
        await self.until(lambda: word not in self.text(), word)

    async def until(self, condition: Callable[[], Any], about: object = "") -> None:
        """Wait until something is true; fail after five seconds with the screen."""
        deadline = time.monotonic() + 5
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"never: {about or condition}\n{self.text()}")
            await asyncio.sleep(0.004)


@asynccontextmanager
async def at_desk(house: FakeHouse | None = None, size: tuple[int, int] = (80, 24)):
    """Open the app at a size; it is ready when its first pane is painted."""
    house = house or FakeHouse()
    app = PacklineApp(house)
    async with app.run_test(size=size):
        desk = Desk(app, house)
        await desk.until(lambda: house.painter is not None and len(desk.lines()) == size[1])
        await desk.until(lambda: "F10" in desk.lines()[-1])
        yield desk
        assert not app.troubles, "a defect was met; see the log"
