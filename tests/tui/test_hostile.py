"""Text from outside is only text: no markup, no escape, no reordering, no broken line."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from core.clock import SHANGHAI
from core.floor.values import BenchLine, Outcome, Step, Tone
from core.messages import message
from tests.tui.desk import at_desk
from tests.tui.house import ASKING, NOW, ORDER, PACKING, WEIGHING, FakeHouse, queue_row
from tui.ink import measure, plain
from tui.screens import order_paint
from tui.screens.bench_paint import paint
from tui.screens.bench_stage import Scene
from tui.screens.queue import queue_line
from tui.sources import LiveWeight, TimelineRow

NASTY = (
    "[/red]",
    "[@click=app.quit]点我[/]",
    "[link=http://x]a[/link]",
    "\x1b]0;pwned\x07",
    "\x1b[2J\x9b31m",
    "\u202eesrever\u2066",
    "e" + "\u0301" * 30,
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "\r\n\t\x00\x7f",
    "ﷺ﷽",
    "{0.__class__} %s %(a)s",
    "中" * 300,
    "",
)
hostile = (
    st.sampled_from(NASTY)
    | st.text(max_size=60)
    | st.lists(st.sampled_from(NASTY), max_size=4).map("".join)
)
sizes = st.sampled_from([(80, 24), (40, 20), (200, 60), (61, 18), (20, 8), (140, 36)])


def sound(lines, width) -> None:
    for line in lines:
        text = plain(line)
        assert measure(line) == cell_len(text) == width, text
        for char in text:
            assert unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp"), repr(char)
            assert char not in "\u200b\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2069"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hostile, hostile, sizes, st.sampled_from(Tone), st.sampled_from([*Step, None]))
def test_the_bench_paints_anything(a, b, size, tone, step):
    width, height = size
    lines = tuple(BenchLine(i, a, b, a + b, b, 3, 1, 1, i % 2) for i in range(3))
    outcome = Outcome(tone, message("lookup.nothing", text=a), message("lookup.nothing", text=b), a)
    view = replace(
        PACKING, operator=a, shop=b, number=a, tier="", step=step, lines=lines, current=1,
        buyer_note=a + b, seller_note=b, outcome=outcome, last_bad=outcome, waybill=a,
        changes=(message("lookup.nothing", text=a),), weight=WEIGHING.weight,
        choices=ASKING.choices if tone is Tone.STOP else (),
    )  # fmt: skip
    scene = Scene(view, NOW, SHANGHAI, LiveWeight(1200), typed=b)
    painted = paint(scene, width, height - 2)
    assert len(painted) >= height - 2 or height < 12
    for line in painted:
        assert measure(line) >= 0
    from tui.ink import row

    sound([row(width, *line) for line in painted], width)


@settings(max_examples=80, deadline=None)
@given(hostile, hostile, st.integers(30, 200))
def test_orders_and_rows_paint_anything(a, b, width):
    order = replace(
        ORDER, shop=a, receiver=b, buyer_note=a, seller_note=b, warehouse=a,
        platform_numbers=(a, b), holds=(a,), tier=b, stage=a,
        lines=tuple(replace(line, sku=a, title=b, spec=a, bin=b) for line in ORDER.lines),
        timeline=(TimelineRow(NOW, message("lookup.nothing", text=a), b, a),),
    )  # fmt: skip
    sound(order_paint.brief(order, width, NOW, SHANGHAI), width)
    sound(order_paint.photos(order, width, NOW, SHANGHAI), width)
    item = replace(queue_row(3), number=a, shop=b, goods=a, receiver=b, holds=(a,), stage=b, tier=a)
    sound([queue_line(item, width, here, NOW) for here in (True, False)], width)


@pytest.mark.parametrize("nasty", [text for text in NASTY if text])
async def test_no_pane_is_moved_by_what_it_shows(nasty):
    house = FakeHouse()
    house.queue.details = replace(ORDER, buyer_note=nasty, shop=nasty, receiver=nasty)
    house.alerts.now = [
        replace(row, what=message("lookup.nothing", text=nasty), owner=nasty, number=nasty)
        for row in house.alerts.now
    ]
    house.devices.states = [
        replace(state, name=nasty, last_value=nasty) for state in house.devices.states
    ]
    house.bench.now = replace(PACKING, buyer_note=nasty, operator=nasty, shop=nasty)
    async with at_desk(house) as desk:
        for keys in (["f2"], ["f3"], ["enter"], ["tab"], ["f4"], ["f5"], ["f10"]):
            await desk.press(*keys)
            for line in desk.lines():
                assert cell_len(line) == 80, line
                assert line.isprintable(), line
