"""Files at the screens: columns said before an import, tracking numbers written for a shop."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.config import read_config
from core.orders.columns import columns_of
from tests.tui.cli import place as furnished
from tests.tui.desk import at_desk
from tests.tui.house import FakeHouse
from tui.house import WiredHouse
from tui.sources import NO_NOTES, ColumnRow, Taste
from tui.wiring import Works


async def choose_from_menu(desk, typed: str) -> None:
    await desk.press("f10")
    desk.type(typed)
    await desk.press("enter")


async def name_files(desk, shop_key: str, names: str) -> None:
    """Queue, menu, import: for a shop, some files."""
    await desk.press("f3")
    await choose_from_menu(desk, "Import")
    await desk.sees("Whose")
    await desk.press(shop_key)
    desk.type(names)
    await desk.press("enter")


@pytest.mark.parametrize("size", [(80, 24), (40, 20), (200, 60)])
async def test_a_column_is_said_before_the_file_is_taken_in(size):
    house = FakeHouse(language="en")
    async with at_desk(house, size) as desk:
        await name_files(desk, "1", "a.xlsx")
        await desk.sees("Missing", "quantity", "件数啊[/red]", "not read")
        await desk.press("f8")  # not yet
        assert not [what for what in house.files.done if what[0] == "import"]
        await desk.sees("Say first")
        await desk.press("enter")
        await desk.sees("What is “件数啊[/red]”?", "not needed")
        await desk.press("4")
        await desk.until(lambda: ("say", "件数啊[/red]", "quantity") in house.files.done)
        await desk.misses("Missing")
        await desk.press("f6")
        await desk.sees("3514567890123456789", "CUP-88")
        await desk.press("escape")
        await desk.press("f8")
        await desk.until(lambda: ("import", "a.xlsx", "tb") in house.files.done)
        await desk.until(lambda: desk.app.pane.name_of == "queue")


async def test_a_column_may_be_of_no_use_and_a_change_taken_back():
    house = FakeHouse(language="en")
    async with at_desk(house) as desk:
        await name_files(desk, "1", "a.xlsx")
        await desk.sees("件数啊[/red]")
        await desk.press("enter", "1")
        await desk.until(lambda: ("say", "件数啊[/red]", "") in house.files.done)
        await desk.press("f7")
        await desk.until(lambda: ("undo",) in house.files.done)
        await desk.sees("not read")
        await desk.press("f9")
        await desk.until(lambda: desk.app.pane.name_of == "queue")
        assert not [what for what in house.files.done if what[0] == "import"]


async def test_a_file_that_asks_nothing_is_taken_in_at_once():
    from dataclasses import replace

    house = FakeHouse(language="en")
    known = tuple(column for column in house.files.now.columns if not column.unread)
    house.files.now = replace(house.files.now, columns=known, missing=())
    async with at_desk(house) as desk:
        await name_files(desk, "1", "a.xlsx")
        await desk.until(lambda: ("import", "a.xlsx", "") in house.files.done)
        assert desk.app.pane.name_of == "queue"


async def test_tracking_numbers_are_written_from_the_menu_of_the_queue():
    house = FakeHouse(language="en")
    async with at_desk(house) as desk:
        await desk.press("f3")
        await choose_from_menu(desk, "Export")
        await desk.sees("有赞小店", "7 to export")
        await desk.press("1")
        await desk.sees("exports/yz.csv")
        await desk.press("enter")
        await desk.until(lambda: ("export", "yz", "exports/yz.csv") in house.files.done)
        await desk.sees("7 tracking numbers")


# --- with a real house -------------------------------------------------------------------------


@pytest.fixture
def real(tmp_path):
    furnished.furnish(tmp_path)
    works = Works(read_config(tmp_path / "packline.toml"))
    house = WiredHouse(
        works, "", Taste(language="en", theme="dark", start="queue"), "SV1", sync=False
    )
    yield tmp_path, works, house
    works.close()


class Painted:
    """A wired house that tells the desk when it was started."""

    painter = None

    def __init__(self, house: WiredHouse) -> None:
        self._house = house

    def start(self, painter) -> None:
        self._house.start(painter)
        self.painter = painter

    def __getattr__(self, name: str):
        return getattr(self._house, name)


async def test_an_unknown_file_from_the_first_look_to_the_orders(real):
    folder, works, house = real
    path: Path = folder / "own.csv"
    path.write_text(
        "流水,商家编码,数量,下单时间,买家留言\nX-1,CUP,2,2026-01-20 09:00:00,急\n", "gb18030"
    )
    async with at_desk(Painted(house)) as desk:
        await name_files(desk, "2", str(path))
        await desk.sees("tb:", "Missing", "order number", "流水", "X-1")
        await desk.press("enter")
        desk.type("order number")
        await desk.press("enter")
        await desk.sees("Everything needed is there")
        await desk.press("f8")  # a look comes first, always
        await desk.sees("2 × CUP", "note: 急")
        assert works.store.read.one("SELECT 1 FROM orders WHERE platform_number = 'X-1'") is None
        await desk.press("f8")
        await desk.sees("1 new")
    shop = works.place.shops["tb"]
    assert columns_of(works.store.read, shop) == {"流水": "number"}
    row = works.store.read.one("SELECT operator_id FROM column_maps")
    assert row["operator_id"] == 1
    assert works.store.read.one("SELECT 1 FROM orders WHERE platform_number = 'X-1'")


async def test_what_waits_for_a_file_is_written_and_counts_as_told(real):
    folder, works, house = real
    async with at_desk(Painted(house)) as desk:
        await desk.press("f5")
        await desk.sees("to export: 1")
        await desk.press("f3")
        await choose_from_menu(desk, "Export")
        await desk.sees("1 to export")
        await desk.press("1", "enter")
        await desk.sees("1 tracking numbers")
        await desk.press("f5")
        await desk.misses("to export")
    (file,) = (folder / "exports").iterdir()
    assert furnished.WAYBILL in file.read_text("gbk")
    told = works.store.read.one("SELECT operator_id FROM events WHERE kind = 'exported'")
    assert told["operator_id"] == 1


async def test_a_file_that_may_be_of_two_shops_is_asked_about():
    house = FakeHouse(language="en")
    house.files.now = replace(house.files.now, shops=("棉时旗舰店", "京东·家居"))
    async with at_desk(house) as desk:
        await desk.press("f3")
        await choose_from_menu(desk, "Import")
        await desk.sees("Whose")
        await desk.press("enter")
        desk.type("a.csv")
        await desk.press("enter")
        await desk.until(lambda: ("look", "a.csv", "") in house.files.done)
        await desk.sees("Whose")
        house.files.now = replace(house.files.now, shops=())
        await desk.press("2")
        await desk.until(lambda: ("look", "a.csv", "京东·家居") in house.files.done)


async def test_a_file_without_notes_is_asked_about_once():
    house = FakeHouse(language="en")
    none = ColumnRow((0, -1), NO_NOTES, (), False, "")
    house.files.now = replace(house.files.now, columns=(none,), missing=())
    async with at_desk(house) as desk:
        await name_files(desk, "1", "a.csv")
        await desk.sees("(no column)", "orders held", "No column holds buyer notes")
        await desk.press("enter")
        await desk.sees("none is missing")
        await desk.press("1")
        await desk.until(lambda: ("say", NO_NOTES, "buyer_note") in house.files.done)
        await desk.sees("no notes")
