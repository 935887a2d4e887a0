"""Queue, order, alerts, devices: what a supervisor sees and does without a mouse."""

from dataclasses import replace

from core.errors import Problem
from tests.tui.desk import at_desk
from tests.tui.house import NOW, FakeHouse, queue_row
from tui.sources import ConnectionBadge, QueueFilter
from tui.words import say


async def test_function_keys_lead_to_every_pane():
    async with at_desk() as desk:
        for key, name in (("f3", "queue"), ("f4", "alerts"), ("f5", "devices"), ("f2", "bench")):
            await desk.press(key)
            assert desk.app.pane.name_of == name
            await desk.sees(say(f"pane.{name}"))


async def test_a_terminal_without_a_bench_says_so():
    async with at_desk(FakeHouse(None)) as desk:
        assert desk.app.pane.name_of == "queue"
        await desk.press("f2")
        await desk.sees(say("refusal.no_bench")[:12])


async def test_the_queue_shows_the_most_urgent_first_and_opens_it():
    async with at_desk() as desk:
        await desk.press("f3")
        await desk.sees("DB20260120001", "超2时30分")
        await desk.press("enter")
        await desk.sees("TS-2041-BLK-XL", "退 1")
        await desk.press("f6")
        await desk.until(lambda: desk.app.pane.name_of == "queue")


async def test_the_cursor_goes_to_the_end_of_a_million_orders_and_back():
    async with at_desk() as desk:
        await desk.press("f3", "end")
        await desk.sees("DB2026012010000…")
        assert desk.app.pane.list.current.number == "DB202601201000000"
        assert desk.house.queue.rows.reads < 10
        await desk.press("home")
        await desk.sees("DB20260120001 ")


async def test_the_queue_is_filtered_by_choice_and_by_text():
    async with at_desk() as desk:
        await desk.press("f3", "f7")
        await desk.sees("待拣货")
        await desk.press("2")
        await desk.until(lambda: desk.house.queue.asked[-1] == QueueFilter(stage="ready"))
        await desk.press("slash")
        desk.type("北京")
        await desk.press("enter")
        await desk.until(lambda: desk.house.queue.asked[-1].text == "北京")
        await desk.sees("/北京")
        desk.app.perform("queue.clear")
        assert desk.house.queue.asked[-1] == QueueFilter()


async def test_a_change_in_the_database_is_painted_without_moving_the_cursor():
    async with at_desk() as desk:
        await desk.press("f3", "down", "down")
        await desk.sees("DB20260120003")
        desk.house.queue.rows.total = 5
        desk.house.dirty = True
        await desk.misses("DB20260120006")
        assert desk.app.pane.list.current.number == "DB20260120003"


async def test_a_code_scanned_away_from_the_bench_looks_the_order_up():
    async with at_desk() as desk:
        await desk.press("f4")
        await desk.scan("DB20260120018")
        await desk.until(lambda: desk.app.pane.name_of == "order")
        await desk.sees("DB20260120018")
        assert desk.house.bench.scans == []


async def test_a_lookup_with_several_orders_asks_which_and_with_none_says_so():
    async with at_desk() as desk:
        desk.house.queue.found = [queue_row(3), queue_row(8)]
        await desk.press("f11")
        await desk.scan("5678")
        await desk.sees("查到：5678", "DB20260120004", "DB20260120009")
        await desk.press("down", "enter")
        await desk.sees("DB20260120009")
        desk.house.queue.found = []
        await desk.press("f11")
        await desk.scan("404")
        await desk.sees("没有订单是这个号码：404")


async def test_back_to_back_codes_in_a_typed_line_are_not_mixed():
    async with at_desk() as desk:
        await desk.press("f3", "slash")
        desk.type("first")
        desk.key("enter")
        desk.key("slash")
        desk.type("X")
        await desk.press("enter")
        texts = [wanted.text for wanted in desk.house.queue.asked]
        assert texts == ["", "first", "firstX"]


async def test_an_order_shows_slip_timeline_photos_and_why():
    async with at_desk() as desk:
        desk.app.open_order("DB20260120018")
        await desk.sees("TS-2041-BLK-XL", "请不要放发票")
        await desk.press("tab")
        await desk.sees("E0", "19:00")
        await desk.press("end")
        await desk.sees("E23")
        await desk.press("tab")
        await desk.sees("evidence/2026/01/20/DB20260120018-pick.jpg", "camera")
        await desk.press("tab")
        await desk.sees("ZTO")


async def test_a_hold_is_released_for_all_orders_it_is_filtered_by():
    house = FakeHouse(language="en")
    async with at_desk(house) as desk:
        await desk.press("f3")
        desk.app.perform("queue.release")
        await desk.sees("Filter first (F9)")  # not before one is chosen
        await desk.press("f9", "2")
        desk.app.perform("queue.release")
        await desk.sees("3 orders: no stock")
        await desk.press("1")
        await desk.until(lambda: ("*", "no_stock") in house.queue.released)


async def test_a_hold_is_released_by_its_code():
    async with at_desk() as desk:
        desk.app.open_order("DB20260120018")
        await desk.press("f7")
        await desk.sees("改地址")
        await desk.press("1")
        await desk.sees("released")
        assert desk.house.queue.released == [("DB20260120018", "address_changed")]


async def test_alerts_are_red_first_and_can_be_handled():
    async with at_desk() as desk:
        await desk.press("f4")
        await desk.sees("2 条红", "距截单 40分")
        await desk.press("f6")
        await desk.press("f7")
        await desk.sees(say("alerts.snooze.ask"))
        await desk.press("2")
        await desk.press("f8")
        await desk.sees("李军")
        await desk.press("down", "enter")
        await desk.until(lambda: len(desk.house.alerts.done) == 3)
        assert desk.house.alerts.done == [
            ("acknowledge", 1),
            ("snooze", 1, 60),
            ("assign", 1, "lj"),
        ]
        await desk.press("enter")
        await desk.until(lambda: desk.app.pane.name_of == "order")


async def test_an_alert_is_escalated_and_its_foot_says_who_knows():
    async with at_desk() as desk:
        await desk.press("f4", "down")
        await desk.sees("已通知 leads")
        await desk.press("ctrl+e")
        await desk.sees("done")
        assert desk.house.alerts.done == [("escalate", 2)]


async def test_an_alert_that_may_not_be_touched_says_why():
    house = FakeHouse()
    house.alerts.refuse = Problem("refusal.no_operator")
    async with at_desk(house) as desk:
        await desk.press("f4")
        await desk.sees("2 条红")
        await desk.press("f6")
        await desk.sees("请先扫工牌")


async def test_devices_show_raw_bytes_beside_what_they_mean():
    async with at_desk() as desk:
        await desk.press("f5")
        await desk.sees("02 4e 54 2b 30 30 31 32 33 35 67 0d 0a", "1235 g", "9.8/s")
        await desk.sees("待发 12，失败 1", "家居自营", "token")
        await desk.press("f6")
        await desk.sees("tested")
        await desk.press("down", "down")
        await desk.sees("故障", "paper")


async def test_notifiers_show_what_waits_and_what_came_back():
    async with at_desk() as desk:
        await desk.press("f5")
        await desk.sees("企微", "leads", "最近送达 18:58", "待发 3")
        await desk.press("end")
        await desk.sees("310000 sign not match", "3 条，最早 18:52", "19:06")
        await desk.press("up")
        await desk.sees("最近送达       18:58")


async def test_the_top_line_says_since_when_everything_is_stale():
    house = FakeHouse()
    house.devices.connection = ConnectionBadge(
        online=False, since=NOW, orders_as_of=NOW - 60_000, to_send=12, waybills_left=37
    )
    async with at_desk(house) as desk:
        await desk.sees("离线 · 截至 18:59", "待发 12", "剩 37 个运单号")


async def test_the_language_changes_at_once_and_is_remembered():
    async with at_desk() as desk:
        await desk.sees("扫这件")
        await desk.press("f12")
        await desk.sees("Scan this item", "F6 Undo")
        assert desk.house.taste.language == "en"
        await desk.press("f3")
        await desk.sees("-2h30m")
        await desk.press("f12")
        await desk.sees("超2时30分")


async def test_a_theme_changes_at_once():
    async with at_desk() as desk:
        await desk.press("f10")
        desk.type("配色")
        await desk.sees("配色")
        await desk.press("enter")
        await desk.until(lambda: desk.app.palette.name == "light")
        desk.app.perform("go.theme")
        await desk.until(lambda: desk.app.native_ansi_color)
        assert desk.house.taste.theme == "ansi"


async def test_the_menu_finds_an_action_and_says_why_one_cannot_be_had():
    async with at_desk(FakeHouse(None)) as desk:
        await desk.press("f10")
        await desk.sees("要做什么", say("refusal.no_filter"))
        desk.type("预警")
        await desk.press("enter")
        await desk.until(lambda: desk.app.pane.name_of == "alerts")


async def test_keys_can_be_remapped():
    house = FakeHouse(keys={"go.queue": "f9", "bench.reprint": "f3"})
    async with at_desk(house) as desk:
        await desk.press("f3")
        assert desk.house.bench.keys == ["PKPRNT1"]
        await desk.sees("F3 补打")


async def test_held_orders_can_be_filtered_for_a_shop_that_speaks_markup():
    house = FakeHouse()
    house.queue.details = replace(house.queue.details, buyer_note="[/red] [@click=app.quit]点我[/]")
    async with at_desk(house) as desk:
        desk.app.open_order("DB20260120018")
        await desk.sees("[/red] [@click=app.quit]点我[/]")
