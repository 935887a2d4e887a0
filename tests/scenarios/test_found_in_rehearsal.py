"""What rehearsed days brought to light, kept small."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from core import people
from core.clock import FastClock, SystemClock
from core.floor.bench import Bench
from core.floor.values import BenchView
from core.orders.holds import hold, release
from core.ports import CallFailed, LabelFacts, PrinterStatus, SlipFacts
from core.ports import PrinterAnswer as Answer
from core.ports import Scan as Code
from core.shipping.printing import PrintRun
from core.store import Row
from tests.core.orders.warehouse import open_store, quick_folder, reasons
from tests.scenarios.street import Street
from tests.until import until
from tui.demo.furnishing import furnish, open_books, take_in_past, write_config
from tui.demo.goods import goods
from tui.demo.hand import Do, next_move
from tui.demo.orders import Buyers
from tui.demo.world import Shape, World
from tui.wiring import Works

ORDERS = 6


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    """A furnished place with a few orders, no device and no screen."""
    clock = SystemClock()
    with World(tmp_path, clock, Shape(cameras=0)) as world:
        opened = Works(write_config(world))
        furnish(opened, goods())
        open_books(opened, clock.now() - 3_600_000)
        buyers = Buyers(goods(), 21, trouble=0.0)
        with world.back_then(clock.now() - 600_000):
            for _ in range(ORDERS):
                world.buy("XY", buyers.next())
        assert take_in_past(opened) == ORDERS
        yield opened
        opened.close()


def scan(bench: Bench, text: str) -> BenchView:
    """One code and its answer."""
    return bench.scan(Code(text, bench.store.clock.now())).result(timeout=5)


def order(works: Works, number: str) -> Row:
    """An order's row."""
    row = works.store.read.one("SELECT * FROM orders WHERE number = ?", number)
    assert row is not None
    return row


def test_an_order_with_nothing_left_to_ship_blocks_nobody(works: Works) -> None:
    """Every unit is short and the supervisor lets it go: it stays held, the next order opens."""
    bench = Bench(works.store, "B1")
    scan(bench, goods().packers[0])
    view = scan(bench, "PKNEXT1")
    number = view.number
    while view.number == number:  # every line in turn; the first one puts the order aside
        asked = scan(bench, "PKSHRT1")
        view = scan(bench, asked.choices[0].code)
        boss = people.named(works.store.read, goods().supervisor).at("office")
        order_id = order(works, number)["id"]
        works.store.do(lambda tx, id_=order_id: release(tx, id_, "short"), boss)
        if order(works, number)["held"] == 0:
            view = scan(bench, number)
    assert order(works, number)["held"] == 1
    assert scan(bench, "PKNEXT1").number not in ("", number)


class Paper:
    """A printer that always prints."""

    name = "paper"

    def __init__(self) -> None:
        self.printed: list[str] = []

    def status(self) -> PrinterStatus:
        return PrinterStatus(Answer.READY)

    def print_label(self, label: LabelFacts) -> None:
        self.printed.append(label.number)

    def print_slip(self, slip: SlipFacts) -> None:
        self.printed.append(slip.number)


def test_a_label_that_waits_lets_the_others_pass(works: Works) -> None:
    """The oldest label is held back; the younger ones come out, also when time runs fast."""
    bench = Bench(works.store, "B1")
    scan(bench, goods().packers[0])
    numbers = [pack(bench) for _ in range(3)]
    works.engine.outbox.send_to_carrier()
    held = order(works, numbers[0])["id"]
    works.store.do(lambda tx: hold(tx, held, "refund", "line"))
    paper = Paper()
    clock = FastClock(works.clock.now() + 60_000, 3000)
    works.store.clock = clock
    run = PrintRun(works.store, "B1", paper, works.config.sender, clock)
    run.start()
    try:
        until(lambda: len(paper.printed) == 2)
        assert sorted(paper.printed) == sorted(numbers[1:])
    finally:
        run.stop()


def pack(bench: Bench) -> str:
    """One order up to its weight; its number."""
    view = scan(bench, "PKNEXT1")
    number = view.number
    while view.step is None or view.step.value != "label":
        move = next_move(view, goods().products, goods().packers[0])
        if move.do is Do.WEIGH:
            view = bench.weight(move.grams, bench.store.clock.now()).result(timeout=5)
        else:
            view = scan(bench, move.text)
    return number


# --- a storm over five platforms, with kills ------------------------------------------------------


@pytest.fixture
def street() -> Iterator[Street]:
    with quick_folder() as folder, ExitStack() as stack:
        store = open_store(folder / "packline.db", units=5000)
        stack.callback(store.close)
        yield Street(store, stack)


@pytest.mark.parametrize("channel", ["taobao", "pdd", "douyin", "shopify"])
def test_a_burst_behind_a_flaky_platform_is_read_to_its_end(street: Street, channel: str) -> None:
    """One call in eight fails: a window of 150 orders never came through whole, and began anew."""
    stall = street.open(channel)
    numbers = [stall.buy() for _ in range(150)]
    stall.server.storm(1, 0.12, ("drop", "html502", "truncated", "empty", "isp"))
    for _ in range(40):
        street.clock.advance(60)
        with suppress(CallFailed):
            stall.pull()
    assert stall.numbers() == sorted(numbers)


def test_what_a_failed_window_gave_is_not_asked_for_again(street: Street) -> None:
    """A platform that lets 60 calls through at a time gives 150 orders in three goes."""
    stall = street.open("taobao", mask=False)
    numbers = [stall.buy() for _ in range(150)]
    street.clock.advance(400)
    for _ in range(4):
        street.clock.advance(60)
        stall.server.script([{"at": "taobao.trade.fullinfo.get#61", "do": "ban 30"}])
        with suppress(CallFailed):
            stall.pull()
        stall.server.calm()
    assert stall.numbers() == sorted(numbers)
    assert stall.server.count("taobao.trade.fullinfo.get") < 160


def test_an_order_nobody_can_read_stops_only_its_own_half_hour(street: Street) -> None:
    """Its window is asked for again and again; what comes later comes in nevertheless."""
    stall = street.open("taobao", mask=False)
    poison = stall.buy()
    stall.server.script([{"at": f"order {poison}", "do": "isp", "times": 10_000}])
    street.clock.advance(400)
    later = [stall.buy()]
    for _ in range(50):
        street.clock.advance(60)
        with suppress(CallFailed):
            stall.pull()
    assert stall.numbers() == later
    stall.server.calm()
    stall.follow()
    assert stall.numbers() == sorted([poison, *later])


def test_an_order_paid_back_before_it_was_first_seen_is_cancelled(street: Street) -> None:
    """Pinduoduo still calls it to be shipped; it stayed held for want of no goods at all."""
    stall = street.open("pdd")
    number = stall.buy()
    stall.server.agree_refund(number)
    stall.follow()
    assert street.order(number)["stage"] == "cancelled"
    assert reasons(street.store, number) == set()


WISHES = ["taobao", "jd", "pdd", "douyin", "kuaishou", "wechat"]


@pytest.mark.parametrize("channel", WISHES)
def test_nothing_is_shipped_while_a_refund_is_open_that_was_not_pulled_yet(
    street: Street, channel: str
) -> None:
    """Not every platform refuses it: the order is looked at right before the shop is told."""
    stall = street.open(channel, refuse_refunds=False)
    number = stall.buy()
    stall.follow()
    waybill = street.labelled(number)
    stall.server.refund(number)
    stall.send()
    assert (stall.waybills(number), street.outbox()) == ([], ["due"])
    stall.server.withdraw_refund(number)
    stall.follow()
    stall.send()
    assert (stall.waybills(number), street.outbox()) == ([waybill], ["done"])


def test_what_was_paid_back_just_now_is_not_shipped(street: Street) -> None:
    stall = street.open("taobao", mask=False, refuse_refunds=False)
    number = stall.buy()
    stall.follow()
    street.labelled(number)
    stall.server.agree_refund(number)
    stall.send()
    assert (stall.waybills(number), street.order(number)["stage"]) == ([], "cancelled")
    assert street.outbox() == ["dropped"]
    assert street.outbox("void") == ["due"]
