"""A bench runs for weeks: going back and forth and packing on leaves nothing behind."""

import gc
import os
import tracemalloc

from core.floor.values import Tone
from tests.tui.desk import at_desk
from tests.tui.house import PACKING, answer

LONG = bool(os.environ.get("PACKLINE_SOAK"))
SWITCHES = 10_000 if LONG else 120
SCANS = 6_000 if LONG else 120
GROWTH = 2_000_000


async def test_switching_panes_and_scanning_grow_nothing():
    async with at_desk() as desk:
        views = [PACKING, *(answer(tone) for tone in Tone)]

        async def shift(switches: int, scans: int) -> None:
            for n in range(switches):
                await desk.press(("f3", "f4", "f5", "f2")[n % 4])
            for n in range(scans):
                desk.app.show_bench(views[n % len(views)])
                await desk.quiet()
            desk.house.bench.scans.clear()
            desk.house.queue.asked.clear()

        await shift(8, 8)
        gc.collect()
        tracemalloc.start()
        try:
            await shift(16, 16)
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            await shift(SWITCHES, SCANS)
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert grown < (GROWTH if LONG else GROWTH // 8), f"grew {grown:,} bytes"
