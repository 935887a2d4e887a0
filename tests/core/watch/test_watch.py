"""An alert is raised once, stays red until somebody owns up to it, and ends with its reason."""

import pytest

from core.errors import Problem
from core.watch import acknowledge, assign, close_alert, open_alerts, raise_alert, snooze, watch
from tests.core.orders.warehouse import (
    BOSS,
    bring,
    column,
    dump,
    one,
    order,
    tell,
    the_order,
)

HOUR = 3600


@pytest.fixture
def alerts(store):
    return lambda: [dict(row) for row in open_alerts(store.read, store.clock.now())]


def look(store):
    return store.do(watch)


def by(store, work, actor=BOSS):
    return store.do(work, actor)


def test_two_hours_untouched_turns_red_once(store, alerts):
    tell(store, order())
    store.clock.advance(2 * HOUR - 1)
    assert look(store) == 0
    store.clock.advance(1)
    assert look(store) == 1
    before = dump(store)
    assert look(store) == 0
    assert dump(store) == before
    (alert,) = alerts()
    assert (alert["rule"], alert["subject"], alert["acknowledged_at"]) == (
        "untouched",
        the_order(store)["number"],
        None,
    )


def test_it_stays_red_until_somebody_owns_up_and_ends_when_the_order_moves(store, alerts):
    tell(store, order())
    store.clock.advance(2 * HOUR)
    look(store)
    bring(store, "picking")
    look(store)
    (alert,) = alerts()  # the order moved, but nobody has said why it lay there
    assert alert["acknowledged_at"] is None
    by(store, lambda tx: acknowledge(tx, alert["id"]))
    look(store)
    assert alerts() == []
    store.clock.advance(2 * HOUR)
    assert look(store) == 1  # it lies there again


def test_an_acknowledged_order_that_still_lies_there_stays_listed_not_red(store, alerts):
    tell(store, order())
    store.clock.advance(2 * HOUR)
    look(store)
    by(store, lambda tx: acknowledge(tx, 1))
    store.clock.advance(HOUR)
    assert look(store) == 0
    (alert,) = alerts()
    assert (alert["acknowledged_by"], alert["acknowledged_name"]) == (2, "王姐")


def test_what_left_the_building_ends(store, alerts):
    tell(store, order())
    store.clock.advance(2 * HOUR)
    look(store)
    bring(store, "shipped")
    by(store, lambda tx: acknowledge(tx, 1))
    assert alerts() == []


def test_overdue_is_its_own_alert(store, alerts):
    tell(store, order())
    store.clock.advance(49 * HOUR)
    assert look(store) == 2
    assert {alert["rule"] for alert in alerts()} == {"untouched", "overdue"}


def test_a_labelled_parcel_is_not_untouched(store):
    tell(store, order())
    bring(store, "labelled")
    store.clock.advance(3 * HOUR)
    assert look(store) == 0


def test_a_long_list_is_told_to_its_end_in_short_transactions(store):
    for i in range(60):
        tell(store, order(f"T{i}"))
    store.clock.advance(2 * HOUR)
    assert [look(store) for _ in range(4)] == [25, 25, 10, 0]
    assert column(store, "SELECT count(DISTINCT order_id) FROM alerts") == [60]


def test_snoozed_comes_back_by_itself(store, alerts):
    tell(store, order())
    store.clock.advance(2 * HOUR)
    look(store)
    until = store.clock.now() + HOUR * 1000
    by(store, lambda tx: snooze(tx, 1, until))
    assert alerts() == []
    store.clock.advance(HOUR)
    assert len(alerts()) == 1


def test_every_answer_needs_a_person_and_is_written_down(store, alerts):
    tell(store, order())
    store.clock.advance(2 * HOUR)
    look(store)
    acts = {
        "alert_acknowledged": lambda tx: acknowledge(tx, 1),
        "alert_snoozed": lambda tx: snooze(tx, 1, 0),
        "alert_assigned": lambda tx: assign(tx, 1, 1),
    }
    for act in acts.values():
        with pytest.raises(Problem) as refused:
            store.do(act)
        assert refused.value.message.id == "alert.needs_person"
    for kind, act in acts.items():
        by(store, act)
        event = one(store, "SELECT * FROM events WHERE kind = ?", kind)
        assert (event["operator_id"], event["station"]) == (2, "B1")
    assert alerts()[0]["assigned_name"] == "李雷"


@pytest.mark.parametrize(
    ("act", "id"),
    [
        (lambda tx: acknowledge(tx, 99), "alert.already"),
        (lambda tx: snooze(tx, 99, 0), "alert.gone"),
        (lambda tx: assign(tx, 99, 1), "alert.gone"),
    ],
)
def test_an_alert_that_is_gone(store, act, id):
    with pytest.raises(Problem) as refused:
        by(store, act)
    assert refused.value.message.id == id


def test_a_reason_that_ended_before_anybody_looked(store, alerts):
    """A printer that came back by itself: red until seen, then over, then free to be red again."""
    down = lambda tx: raise_alert(tx, "printer_down", "B1")  # noqa: E731
    up = lambda tx: close_alert(tx, "printer_down", "B1")  # noqa: E731
    assert store.do(down)
    store.do(up)
    assert len(alerts()) == 1
    assert not store.do(down)  # down again before anybody looked: the same alert
    by(store, lambda tx: acknowledge(tx, 1))
    assert len(alerts()) == 1  # still down
    store.do(up)
    assert alerts() == []
    assert store.do(down)
    store.do(up)
    by(store, lambda tx: acknowledge(tx, 2))
    assert alerts() == []
    assert store.do(down)


def test_red_comes_first(store, alerts):
    for subject in ("a", "b"):
        store.do(lambda tx, s=subject: raise_alert(tx, "printer_down", s))
        store.clock.advance(1)
    by(store, lambda tx: acknowledge(tx, 1))
    assert [alert["subject"] for alert in alerts()] == ["b", "a"]
