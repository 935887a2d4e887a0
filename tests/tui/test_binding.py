"""The screens' answers about notifiers, from a real database."""

from dataclasses import replace

import pytest

from core.clock import SHANGHAI
from core.errors import Problem
from core.ports import CallFailed, Fault
from core.store import Actor
from core.sync import health
from core.watch import acknowledge
from tests.core.orders.warehouse import (
    BOSS,
    PACKER,
    line,
    open_store,
    order,
    quick_folder,
    reasons,
    tell,
)
from tests.core.watch.crowd import Town, told
from tui.binding import Alerts, Devices, Queue
from tui.sources import QueueFilter


@pytest.fixture
def store():
    with quick_folder() as folder:
        store = open_store(folder / "packline.db")
        yield store
        store.close()


def watched(store, **turns_s):
    return Devices(store, store.clock, list, lambda: None, str, turns_s=turns_s)


def test_a_shop_that_nobody_asks_any_more_is_not_online(store):
    """The process that syncs is gone, and no pull fails: nothing may look fresh that is not."""
    devices, began = watched(store, tb=60), store.clock.now()
    store.do(lambda tx: health.well(tx, 1, began - 180_000))
    store.clock.advance(590)
    assert devices.badge().online
    store.clock.advance(20)
    told = devices.badge()
    assert (told.online, told.since, told.orders_as_of) == (False, began, began - 180_000)
    store.do(lambda tx: health.well(tx, 1, store.clock.now() - 180_000))
    assert devices.badge().online


def test_a_shop_that_was_never_asked_is_stale_from_the_opening_on(store):
    devices, began = watched(store, tb=5), store.clock.now()
    store.do(lambda tx: tx.run("DELETE FROM shop_health"))
    assert devices.badge().online
    store.clock.advance(301)
    assert (devices.badge().online, devices.badge().since) == (False, began)
    assert watched(store).badge().online  # its orders come in files


def test_a_notifier_is_shown_with_what_waits_and_what_came_back(store):
    town = Town(store, told("leads", kind="dingtalk"), told("owner", after_minutes=30))
    devices = watched(store)
    town.alarm("A")
    (leads, owner) = devices.notifiers()
    assert (leads.name, leads.kind, leads.waiting, leads.delivered) == (
        "leads",
        "dingtalk",
        1,
        None,
    )
    assert (owner.waiting, owner.trouble) == (0, None)
    town.crowds["leads"].fails.append(CallFailed(Fault.AUTH, "310000", "sign not match"))
    town.tick()
    (leads, _) = devices.notifiers()
    assert leads.trouble.id == "notify.fault.auth"
    assert leads.answer == "310000 sign not match"
    assert leads.next_try == store.clock.now() + 600_000
    assert devices.retry().result(5).id == "devices.retried"
    assert town.tick(1) == 1  # a person asked for it: at once
    (leads, _) = devices.notifiers()
    assert (leads.waiting, leads.delivered, leads.trouble) == (0, store.clock.now(), None)


def test_escalating_from_the_screen_names_who_is_told(store):
    town = Town(store, told("leads"), told("owner", after_minutes=30))
    boss, nobody = Alerts(store, store.clock, lambda: BOSS), Alerts(store, store.clock, Actor)
    town.alarm("A")
    town.tick()
    (row,) = boss.rows()
    assert (row.told, row.red) == (("leads",), True)
    store.do(lambda tx: acknowledge(tx, row.key), BOSS)
    with pytest.raises(Problem):
        nobody.escalate(row.key).result(5)
    said = boss.escalate(row.key).result(5)
    assert (said.id, said.data["names"]) == ("alerts.escalated", ("owner",))
    assert boss.red_count() == 1
    town.tick()
    (row,) = boss.rows()
    assert set(row.told) == {"leads", "owner"}


def test_a_supervisor_releases_what_many_orders_are_held_for_at_once(store):
    for n in range(30):
        tell(store, replace(order(f"T{n}"), buyer_note=None))
    tell(store, order("OTHER", line("NO-SUCH")))
    wanted = QueueFilter(hold="missing_note")
    boss, packer = (
        Queue(store, SHANGHAI, lambda who=who: who, lambda *_: pytest.fail("nothing is hidden"))
        for who in (BOSS, PACKER)
    )
    assert boss.to_release(wanted) == 30
    assert boss.to_release(QueueFilter(hold="unknown_sku")) is None  # ends by facts
    assert boss.to_release(QueueFilter()) is None
    with pytest.raises(Problem) as refused:
        packer.release_all(wanted).result(5)
    assert refused.value.message.id == "hold.needs_supervisor"
    said = boss.release_all(wanted).result(5)
    assert (said.id, said.data["n"]) == ("queue.released_all", 30)
    assert (boss.to_release(wanted), reasons(store, "OTHER")) == (0, {"unknown_sku"})
