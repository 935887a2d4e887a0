"""Reporting parcels comes before new orders, and those before checking the books."""

import threading

from core.sync import turns as turns_of
from core.sync.turns import ORDERS, RECONCILE, SHIP, Turns
from tests.until import until


def test_lower_work_waits_for_higher_work():
    turns, went = Turns(), []
    with turns.at(SHIP):
        waiting = threading.Thread(target=lambda: (turns.give_way(ORDERS), went.append(1)))
        waiting.start()
        waiting.join(0.05)
        assert (waiting.is_alive(), went) == (True, [])
    until(lambda: went == [1])


def test_higher_work_never_waits():
    turns = Turns()
    with turns.at(RECONCILE), turns.at(ORDERS):
        turns.give_way(ORDERS)
        turns.give_way(SHIP)


def test_nobody_waits_for_ever(monkeypatch):
    monkeypatch.setattr(turns_of, "LONGEST_S", 0.05)
    turns = Turns()
    with turns.at(SHIP):
        turns.give_way(RECONCILE)
