"""Every screen, size and language as text; ``UPDATE_SNAPSHOTS=1`` writes them anew."""

import os
from pathlib import Path

import pytest

from core.floor.values import Tone
from tests.tui.desk import Desk, at_desk
from tests.tui.house import (
    ADDRESS_CHANGED,
    ASKING,
    GOODS_IN_HAND,
    IDLE,
    LABELLING,
    NOBODY,
    PACKING,
    PICKING,
    PUTTING_BACK,
    WEIGHING,
    FakeHouse,
    answer,
)
from tui.sources import LiveWeight

HOME = Path(__file__).parent / "snapshots"
SIZES = {"80x24": (80, 24), "40x20": (40, 20), "200x60": (200, 60)}
BENCHES = {
    "pick": PICKING,
    "pack": PACKING,
    "weigh": WEIGHING,
    "label": LABELLING,
    "ask": ASKING,
    "idle": IDLE,
    "nobody": NOBODY,
    "put_back": PUTTING_BACK,
    "put_back_bin": GOODS_IN_HAND,
    "address": ADDRESS_CHANGED,
    **{tone.value: answer(tone) for tone in Tone},
}
PANES = {
    "queue": ["f3"],
    "order": ["f3", "enter"],
    "alerts": ["f4"],
    "devices": ["f5"],
    "help": ["f1"],
    "menu": ["f3", "f10"],
    "settle": ["f4", "space"],
}


async def compare(desk: Desk, name: str) -> None:
    """The screen is as it was kept, once it has settled."""
    kept = HOME / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        await settle(desk)
        kept.write_text(shown(desk), encoding="utf-8")
        return
    wanted = kept.read_text(encoding="utf-8")
    try:
        await desk.until(lambda: shown(desk) == wanted)
    except AssertionError:
        assert shown(desk) == wanted


def shown(desk: Desk) -> str:
    return "\n".join(line.rstrip() for line in desk.lines()) + "\n"


async def settle(desk: Desk) -> None:
    seen: list[str] = []
    await desk.until(
        lambda: seen.append(shown(desk)) or (len(seen) > 60 and len({*seen[-40:]}) == 1)
    )


@pytest.mark.parametrize(
    ("size", "language"),
    [("80x24", "zh_CN"), ("80x24", "en"), ("40x20", "zh_CN"), ("40x20", "en"), ("200x60", "zh_CN")],
)
@pytest.mark.parametrize("bench", BENCHES)
async def test_bench(bench, size, language):
    house = FakeHouse(BENCHES[bench], language=language)
    async with at_desk(house, SIZES[size]) as desk:
        if bench == "weigh":
            desk.app.show_weight(LiveWeight(1235, stable=True))
        await compare(desk, f"bench-{bench}-{size}-{language}")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("pane", PANES)
async def test_pane(pane, size, language):
    async with at_desk(FakeHouse(language=language), SIZES[size]) as desk:
        await desk.press(*PANES[pane])
        await compare(desk, f"{pane}-{size}-{language}")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("size", SIZES)
async def test_columns(size, language):
    house = FakeHouse(language=language)
    async with at_desk(house, SIZES[size]) as desk:
        await desk.press("f3")
        desk.app.open_columns(house.files.now)
        await desk.press("down")
        await compare(desk, f"columns-{size}-{language}")
