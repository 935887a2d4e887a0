"""A bench runs for weeks: going back and forth and packing on leaves nothing behind.

``PACKLINE_SOAK=1`` goes through the figures of a whole week: some minutes.
"""

import gc
import os
from pathlib import Path

from core.floor.values import Tone
from tests.tui.desk import at_desk
from tests.tui.house import PACKING, answer

LONG = bool(os.environ.get("PACKLINE_SOAK"))
SWITCHES = 10_000 if LONG else 160
SCANS = 6_000 if LONG else 160
OBJECTS = 1_500
"""Objects more or less that caches may hold; one leaked widget a switch would be thousands."""
KIB = 2_048


def resident() -> int:
    """Memory of this process, in KiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


async def test_switching_panes_and_scanning_grow_nothing():
    async with at_desk() as desk:
        views = [PACKING, *(answer(tone) for tone in Tone)]

        async def shift(switches: int, scans: int) -> tuple[int, int]:
            for n in range(switches):
                await desk.press(("f3", "f4", "f5", "f2")[n % 4])
            for n in range(scans):
                desk.app.show_bench(views[n % len(views)])
                await desk.quiet()
            desk.house.queue.asked.clear()
            gc.collect()
            return len(gc.get_objects()), resident()

        await shift(24, 24)
        objects, memory = await shift(24, 24)
        objects_after, memory_after = await shift(SWITCHES, SCANS)
        assert objects_after - objects < OBJECTS
        assert memory_after - memory < KIB
