"""Hints: an order comes sooner by one, never twice and never truer; none is lost."""

import pytest

from core.ports import CallFailed, Delivered, Delivery, Fault, Hint, Pushed
from core.sync import Shop, hints
from core.sync.deliveries import StoredDeliveries
from core.sync.door import Door
from core.sync.hints import follow_hints
from core.sync.pull import pull
from tests.core.orders.warehouse import (
    NOON,
    PDD,
    TAOBAO,
    column,
    kinds,
    line,
    one,
    open_store,
    order,
    quick_folder,
    reasons,
)
from tests.core.sync.outside import MemoryShop

DAY_S = 86_400


class World:
    def __init__(self, store):
        self.store, self.clock = store, store.clock
        self.platform = MemoryShop(store.clock.now)
        self.shop = Shop("tb", self.platform, TAOBAO)

    def say(self, *named, shop_id=1):
        told = tuple(Hint(name, number) for name, number in named)
        hints.keep(self.store, shop_id, Pushed(hints=told))

    def follow(self):
        return follow_hints(self.store, self.shop)

    def waiting(self):
        return column(self.store, "SELECT number FROM hints WHERE done_at IS NULL ORDER BY id")

    def alerts(self):
        return column(self.store, "SELECT rule FROM alerts WHERE over_at IS NULL")


@pytest.fixture
def world():
    with quick_folder() as folder:
        store = open_store(folder / "p.db")
        yield World(store)
        store.close()


def test_an_order_that_a_bench_opens_is_asked_for_at_once_and_nothing_is_kept_of_it(world):
    world.platform.put(order("T1"))
    world.say(("a", "T1"))
    world.follow()
    opened(world)
    assert world.waiting() == ["T1"]
    world.platform.put(order("T1", line(refund="WAIT_SELLER_AGREE"), version=2))
    assert world.follow() == 1
    assert reasons(world.store) == {"refund"}
    assert column(world.store, "SELECT message FROM hints") == ["a"]
    opened(world)
    assert world.waiting() == ["T1"]  # whenever it is opened


def test_what_a_bench_wanted_to_know_is_let_go_of_when_the_shop_is_silent(world):
    world.platform.put(order("T1"))
    world.say(("a", "T1"))
    world.follow()
    opened(world)
    world.platform.unreadable["T1"] = CallFailed(Fault.TRANSIENT, "timeout")
    with pytest.raises(CallFailed):
        world.follow()
    assert (world.waiting(), world.alerts()) == ([], [])


def test_an_order_that_came_in_a_file_is_asked_of_nobody(world):
    world.platform.put(order("T1"))
    world.say(("a", "T1"))
    world.follow()
    world.store.do(lambda tx: tx.run("UPDATE shops SET by_file = 1"))
    opened(world)
    assert world.waiting() == []


def opened(world):
    order_id = one(world.store, "SELECT id FROM orders")["id"]
    world.store.do(lambda tx: hints.look_again(tx, order_id))


def test_a_hinted_order_comes_at_once_and_a_poll_changes_nothing(world):
    world.platform.put(order("T1", modified_at=NOON - 600_000))
    world.say(("a", "T1"))
    assert world.follow() == 1
    pull(world.store, world.shop)
    assert kinds(world.store) == ["received", "ready"]
    assert world.waiting() == []


def test_one_message_in_two_shops_is_two_and_again_in_one_is_none(world):
    world.say(("a", "T1"), ("a", "T1"), ("b", "T1"))
    world.say(("a", "T1"))
    world.say(("a", "T1"), shop_id=2)
    assert column(world.store, "SELECT shop_id || message FROM hints ORDER BY 1") == [
        *("1a", "1b", "2a")
    ]


def test_several_messages_about_an_order_are_one_question(world):
    world.platform.put(order("T1"))
    world.say(*((name, "T1") for name in "abcde"))
    asked = []
    real = world.platform.detail
    world.platform.detail = lambda number: asked.append(number) or real(number)
    world.follow()
    assert (asked, world.waiting()) == (["T1"], [])


def test_a_message_that_comes_while_its_order_is_asked_for_is_not_lost(world):
    world.platform.put(order("T1"))
    world.say(("a", "T1"))
    real = world.platform.detail

    def detail(number):
        told = real(number)
        world.platform.put(order("T1", version=9, seller_note="later"))
        world.say(("b", "T1"))
        return told

    world.platform.detail = detail
    world.follow()
    world.platform.detail = real
    assert world.waiting() == ["T1"]
    world.follow()
    assert kinds(world.store) == ["received", "ready", "changed"]


def test_an_older_telling_by_a_hint_changes_nothing(world):
    world.platform.put(order("T1", version=5))
    world.say(("a", "T1"))
    world.follow()
    world.platform.put(order("T1", version=2, seller_note="old"))
    world.say(("b", "T1"))
    world.follow()
    assert kinds(world.store) == ["received", "ready"]


def test_an_order_that_cannot_be_read_waits_longer_each_time_and_then_for_a_person(world):
    world.platform.unreadable["T1"] = CallFailed(Fault.BUSINESS, "404", "no such order")
    world.say(("a", "T1"))
    tries = 0
    for _ in range(26 * 60):
        before = one(world.store, "SELECT attempts FROM hints")["attempts"]
        world.follow()
        tries += one(world.store, "SELECT attempts FROM hints")["attempts"] - before
        world.clock.advance(60)
    assert 24 <= tries <= 40
    assert world.alerts() == ["order_unreadable"]
    assert world.waiting() == []


def test_one_unreadable_order_does_not_hold_up_the_others(world):
    world.platform.unreadable["T1"] = CallFailed(Fault.BUSINESS, "404", "no such order")
    world.platform.put(order("T2"), order("T3"))
    world.say(("a", "T1"), ("b", "T2"), ("c", "T3"))
    assert world.follow() == 2
    assert world.waiting() == ["T1"]


def test_a_shop_that_does_not_answer_keeps_every_hint(world):
    numbers = [f"T{n}" for n in range(5)]
    for number in numbers:
        world.platform.unreadable[number] = CallFailed(Fault.TRANSIENT, "no_connection")
    world.say(*((n, n) for n in numbers))
    with pytest.raises(CallFailed):
        world.follow()
    world.platform.unreadable.clear()
    world.platform.put(*(order(n) for n in numbers))
    world.clock.advance(30)
    assert world.follow() == 5


def test_a_shops_hints_are_asked_of_that_shop_only(world):
    world.platform.put(order("T1"))
    world.say(("a", "T1"), shop_id=2)
    assert world.follow() == 0
    other = Shop("pdd", world.platform, PDD)
    assert follow_hints(world.store, other) == 1


def test_messages_are_forgotten_when_they_are_done_and_old(world):
    world.platform.put(order("T1"))
    world.say(("a", "T1"))
    world.follow()
    world.say(("b", "T2"))
    world.clock.advance(31 * DAY_S)
    world.store.do(hints.forget)
    assert column(world.store, "SELECT message FROM hints") == ["b"]


def rows(count, task="t1", state="complete"):
    told = tuple(
        Delivered(number=f"K{n}", modified_at=NOON + n, raw=f'{{"n":{n}}}') for n in range(count)
    )
    return Pushed(
        hints=tuple(Hint(f"{task}:{row.number}", row.number) for row in told),
        delivery=Delivery(task=task, state=state, rows=told),
    )


@pytest.mark.parametrize("count", [0, 1, 25, 26, 130])
def test_a_long_delivery_is_kept_in_short_transactions_and_whole(world, count):
    writes = []
    real = world.store.write
    world.store.write = lambda work, **more: writes.append(1) or real(work, **more)
    hints.keep(world.store, 1, rows(count))
    assert len(writes) >= max(1, -(-count // 25))
    assert column(world.store, "SELECT count(*) FROM deliveries") == [count]
    assert column(world.store, "SELECT count(*) FROM hints") == [count]
    assert column(world.store, "SELECT state FROM delivery_tasks") == ["complete"]


def test_a_delivery_that_breaks_off_is_not_complete_and_comes_again(world):
    real, left = hints.keep_part, [2]

    def keep_part(*given):
        left[0] -= 1
        if left[0] < 0:
            raise OSError("disk full")
        real(*given)

    hints.keep_part = keep_part
    try:
        with pytest.raises(OSError):
            hints.keep(world.store, 1, rows(100))
    finally:
        hints.keep_part = real
    assert column(world.store, "SELECT count(*) FROM deliveries") == [50]
    assert column(world.store, "SELECT state FROM delivery_tasks") == ["asked"]
    hints.keep(world.store, 1, rows(100))
    assert column(world.store, "SELECT count(*) FROM deliveries") == [100]
    assert column(world.store, "SELECT state FROM delivery_tasks") == ["complete"]


def test_the_newest_telling_of_an_order_stays_in_whatever_order_they_come(world):
    def told(version, text):
        row = Delivered(number="K1", modified_at=NOON + version, raw=text)
        hints.keep(world.store, 1, Pushed(delivery=Delivery(task=text, state="asked", rows=(row,))))

    for version, text in ((5, "b"), (9, "c"), (1, "a"), (5, "b")):
        told(version, text)
    (kept,) = StoredDeliveries(world.store, 1).told("K1")
    assert (kept.raw, kept.modified_at) == ("c", NOON + 9)


def test_what_nobody_understands_is_kept_once_and_a_person_hears(world):
    for _ in range(3):
        hints.keep(world.store, 1, Pushed(unread=('{"new":\x1b[31m 1}',)))
    assert column(world.store, "SELECT count(*) FROM pushed_unread") == [1]
    assert world.alerts() == ["push_unread"]
    assert "\x1b" not in one(world.store, "SELECT what FROM alerts")["what"]


class Stuck:
    """A listener whose port is taken until it is freed."""

    url = "http://127.0.0.1:1"

    def __init__(self):
        self.free, self.counted = False, {}

    def open(self):
        if not self.free:
            from core.errors import Problem

            raise Problem("push.no_port", address="127.0.0.1:1", reason="Address already in use")

    def close(self):
        pass

    def refusals(self):
        counted, self.counted = self.counted, {}
        return counted


def test_a_door_that_cannot_open_is_said_once_and_tried_again(world):
    stuck = Stuck()
    door = Door(world.store, {"tb": 1}, lambda keep: stuck)
    door.look()
    door.look()
    assert world.alerts() == ["push_shut"]
    stuck.free = True
    door.look()
    assert world.alerts() == []


def test_refused_messages_are_counted_over_the_looks(world):
    stuck = Stuck()
    stuck.free = True
    door = Door(world.store, {"tb": 1}, lambda keep: stuck)
    for count in (2, 3):
        stuck.counted = {"tb": count}
        door.look()
    assert column(world.store, "SELECT refused FROM push_health") == [5]
    assert world.alerts() == ["push_refused"]
