"""Settling an order from the screens, put-backs to read, receivers shown and gone, and whose names
a packer's list shows."""

import time
from zoneinfo import ZoneInfo

import pytest

from core.errors import Problem
from core.orders.putback import put_back
from core.ports import Receiver
from core.store import Actor
from core.sync.reveal import Revealed
from tests.core.orders.warehouse import BOSS, PACKER, bring, order, tell, the_order
from tests.core.orders.warehouse import open_store as furnished
from tests.tui.desk import at_desk
from tests.tui.house import FakeHouse, done
from tui import settling
from tui.binding import Queue
from tui.sources import QueueFilter
from tui.words import say

SHANGHAI = ZoneInfo("Asia/Shanghai")
WHO = "张小明 13800001234"


async def test_a_conflict_is_settled_from_an_alert_with_a_reason():
    async with at_desk() as desk:
        await desk.press("f4", "space")
        await desk.sees("采用店铺的 YT8800012345678", "重发 7551234567890")
        await desk.press("3")
        await desk.sees(say("settle.reason"))
        desk.type("已改")
        await desk.press("enter")
        await desk.sees("已手工处理")
        assert desk.house.queue.remedied == [("DB20260120003", "by_hand:12", "已改")]


async def test_without_a_reason_nothing_is_done():
    async with at_desk() as desk:
        await desk.press("f4", "space", "1")
        await desk.sees(say("settle.reason"))
        await desk.press("enter")
        await desk.misses(say("settle.reason"))
        assert desk.house.queue.remedied == []


async def test_another_label_needs_no_reason_and_is_on_the_orders_page():
    async with at_desk() as desk:
        desk.app.open_order("DB20260120018")
        await desk.press("f8", "4")
        await desk.until(lambda: desk.house.queue.remedied != [])
        assert desk.house.queue.remedied == [("DB20260120018", "again", "")]


async def test_an_order_with_nothing_to_settle_says_so():
    house = FakeHouse()
    house.queue.can = []
    async with at_desk(house) as desk:
        desk.app.open_order("DB20260120018")
        await desk.press("f8")
        await desk.sees(say("refusal.nothing_to_settle"))


async def test_a_receiver_is_shown_for_a_while_and_gone(monkeypatch):
    monkeypatch.setattr(settling, "SHOWN_S", 0.6)
    async with at_desk() as desk:
        desk.app.open_order("DB20260120018")
        await desk.press("f8", "5")
        desk.type("客户来电")
        await desk.press("enter")
        await desk.sees(WHO)
        await desk.misses(WHO)
        assert not desk.app._overlay.open
        assert desk.house.queue.remedied == [("DB20260120018", "reveal", "客户来电")]


async def test_a_key_takes_the_receiver_away_and_another_box_stays(monkeypatch):
    monkeypatch.setattr(settling, "SHOWN_S", 0.6)
    async with at_desk() as desk:
        desk.app.open_order("DB20260120018")
        await desk.press("f8", "5")
        desk.type("x")
        await desk.press("enter")
        await desk.sees(WHO)
        await desk.press("enter")
        await desk.misses(WHO)
        await desk.press("f1")
        ends = time.monotonic() + 0.9
        await desk.until(lambda: time.monotonic() > ends)
        assert desk.app._overlay.open


async def test_a_refused_look_is_one_sentence():
    house = FakeHouse()
    house.queue.reveal = lambda number, reason: done(
        Problem("reveal.quota", again="01-21 00:00:00")
    )
    async with at_desk(house) as desk:
        desk.app.open_order("DB20260120018")
        await desk.press("f8", "5")
        desk.type("x")
        await desk.press("enter")
        await desk.sees("解密次数已用完", "01-21 00:00:00")


@pytest.mark.parametrize("pane", ["f3", "f4"])
async def test_put_backs_are_read_from_the_menu(pane):
    async with at_desk() as desk:
        await desk.press(pane, "f10")
        desk.type("待放回")
        await desk.press("enter")
        await desk.sees("TS-RED-L ×2", "A-01-2", "DB20260120003", "PKBACK1")


async def test_nothing_to_put_back_is_said():
    house = FakeHouse()
    house.queue.backs = []
    async with at_desk(house) as desk:
        await desk.press("f3")
        desk.app.perform("queue.put_backs")
        await desk.sees(say("put_backs.none"))


# --- over a real store ----------------------------------------------------------------------------


class Counter:
    """A queue as a person of that role has it."""

    def __init__(self, store, actor):
        self.actor = actor
        self.queue = Queue(store, SHANGHAI, lambda: self.actor, self.revealed)

    def revealed(self, number, reason, who):
        return Revealed(number, Receiver(name="张小明", phone="13800001234", city="杭州市"))


@pytest.fixture
def store(tmp_path):
    opened = furnished(tmp_path / "p.db")
    tell(opened, order("T1"))
    yield opened
    opened.close()


@pytest.mark.parametrize("actor", [PACKER, Actor()])
def test_who_packs_cannot_list_customers(store, actor):
    queue = Counter(store, actor).queue
    number = the_order(store)["number"]
    (row,) = queue.pages(QueueFilter()).first(10)
    (found,) = queue.find("1234")
    page = queue.order(number)
    shown = f"{row} {found} {page}"
    for hidden in ("张三", "13800001234", "文一路"):
        assert hidden not in shown
    assert "张*" in row.receiver
    assert "***1234" in page.receiver
    assert "杭州市" in page.receiver  # what a label's mark says anyway


def test_who_talks_to_customers_sees_them(store):
    queue = Counter(store, BOSS).queue
    assert queue.pages(QueueFilter()).first(1)[0].receiver == "张三"
    page = queue.order(the_order(store)["number"])
    assert "张三 13800001234" in page.receiver


def test_remedies_reach_the_store(store):
    bring(store, "labelled", waybill="ZT000001")
    queue = Counter(store, BOSS).queue
    number = the_order(store)["number"]
    assert [code for code, _, _ in queue.remedies(number)] == ["again"]
    assert queue.remedy(number, "again", "").result(5).id == "remedied.again"
    refused = Counter(store, PACKER).queue.remedy(number, "again", "")
    assert refused.exception(5).message.id == "people.needs_role"


def test_an_answer_comes_from_a_thread_of_its_own(store):
    told = Counter(store, BOSS).queue.reveal("x", "y").result(5)
    assert told == ("张小明 13800001234 杭州市", False)


def test_put_backs_come_oldest_first(store):
    order_id = bring(store, "packing")
    line = store.read.one("SELECT id FROM order_lines WHERE order_id = ?", order_id)["id"]
    store.do(lambda tx: put_back(tx, order_id, line, 1, "refunded"), PACKER)
    (row,) = Counter(store, PACKER).queue.put_backs()
    assert (row.sku, row.units, row.why) == ("TEE", 1, "refunded")
