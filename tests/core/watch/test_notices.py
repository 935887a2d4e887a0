"""Who is told, when, and that nothing is lost between an alert and a confirmed message."""

from threading import Thread

import pytest

from core.errors import Problem
from core.ports import CallFailed, Fault, ToldSome
from core.watch import (
    acknowledge,
    close_alert,
    delivery,
    notices,
    open_alerts,
    raise_alert,
    snooze,
    watch,
)
from tests.core.orders.warehouse import BOSS, bring, column, dump, kinds, one, order, tell
from tests.core.watch.crowd import Lost, Town, told

MINUTE = 60
DOWN = CallFailed(Fault.TRANSIENT, "http502")


def alert_id(store, subject):
    return one(store, "SELECT id FROM alerts WHERE subject = ?", subject)["id"]


def by_boss(store, work):
    return store.do(work, BOSS)


# --- what waits ------------------------------------------------------------------------------


def test_an_alert_and_its_notices_are_one_transaction(store):
    town = Town(store, told("leads"), told("owner"))

    def stumbles(tx):
        tx.run("INSERT INTO alerts (rule, subject, raised_at) VALUES ('called', 'B1', 1)")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.do(stumbles)
    assert (town.waiting(), column(store, "SELECT id FROM alerts")) == ([], [])
    town.alarm("A")
    assert town.waiting("leads") == town.waiting("owner") == ["A"]
    town.alarm("A")  # open already
    assert town.waiting("leads") == ["A"]


def test_only_the_rules_of_a_notifier_go_there(store):
    town = Town(store, told("all"), told("bench", rules=("called", "printer_down")))
    town.alarm("A", rule="overdue")
    town.alarm("B1", rule="called")
    assert town.waiting("all") == ["A", "B1"]
    assert town.waiting("bench") == ["B1"]
    assert town.lost() == []


def test_nothing_is_read_into_the_past_of_a_new_notifier(store):
    Town(store).alarm("old")
    town = Town(store, told("leads"))
    store.clock.advance(1)
    assert (town.waiting(), town.lost()) == ([], [])


def test_a_notifier_that_is_taken_away_gets_nothing_more(store):
    town = Town(store, told("leads"), told("owner"))
    town.alarm("A")
    store.do(lambda tx: notices.set_up(tx, (told("owner"),)))
    assert (town.waiting("leads"), town.waiting("owner")) == ([], ["A"])
    assert [s.code for s in notices.notifiers(store.read, store.clock.now())] == ["owner"]
    assert town.lost() == []


def test_quiet_when_nothing_happens(store):
    town = Town(store, told("leads"))
    town.alarm("A")
    town.tick()
    before = dump(store)
    version = store.read.version()
    assert town.pass_time(600) == 0
    assert dump(store) == before
    assert store.read.version() == version
    store.do(lambda tx: notices.set_up(tx, town.configs))
    assert dump(store) == before


# --- digests ---------------------------------------------------------------------------------


def test_what_comes_within_a_minute_is_one_digest(store):
    town = Town(store, told("leads"))
    town.alarm("A")
    assert town.tick() == 1
    for name in "BCDE":
        town.alarm(name)
        town.tick(5)
    assert town.crowds["leads"].lines == ["A"]
    assert town.tick(40) == 1
    assert town.crowds["leads"].titles == ["1", "4"]
    assert town.crowds["leads"].lines == list("ABCDE")
    assert (town.waiting(), town.lost()) == ([], [])


def test_a_digest_holds_whole_lines_within_the_limit_of_its_robot(store):
    town = Town(store, told("leads"))
    town.crowds["leads"].limit = 100
    names = [f"{n:02d} " + "货" * 12 for n in range(12)]  # 39 bytes each
    town.alarm(*names)
    assert town.tick() == 6
    for notice in town.crowds["leads"].heard:
        assert len(notice.text.encode()) <= 100
        assert notice.title == str(len(notice.lines))
    assert town.crowds["leads"].lines == names


def test_one_endless_line_still_goes(store):
    town = Town(store, told("leads"))
    town.alarm("货" * 900, "B")
    town.tick()
    first, second = town.crowds["leads"].lines
    assert len(first.encode()) <= delivery.LINE_BYTES
    assert first.endswith("…")
    assert second == "B"


def test_never_more_than_eighteen_in_any_minute_also_over_a_restart(store):
    town = Town(store, told("leads"))
    town.crowds["leads"].limit = 1  # one alert each
    town.alarm(*(f"{n:03d}" for n in range(60)))
    counts = []
    for _ in range(60):
        town.restart()
        counts.append(town.tick(5))
        assert sum(counts[-12:]) <= 18
    assert sum(counts) == 60
    assert town.crowds["leads"].lines == [f"{n:03d}" for n in range(60)]


def test_two_notifiers_of_one_robot_share_its_limit(store):
    same = {"url": "https://robot/same"}
    town = Town(store, told("a", **same), told("b", **same))
    for crowd in town.crowds.values():
        crowd.limit = 1
    town.alarm(*(f"{n}" for n in range(15)))
    assert town.tick() == 18
    assert town.pass_time(130) == 12


# --- trouble ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "least", "most", "alerted"),
    [
        (CallFailed(Fault.RATE, "45009", wait_s=60), 60, 60, False),
        (CallFailed(Fault.RATE, "130101", wait_s=600), 600, 600, False),
        (CallFailed(Fault.AUTH, "310000", "sign not match"), 600, 600, True),
        (CallFailed(Fault.PERMISSION, "40058"), 7, 13, True),
        (CallFailed(Fault.UNKNOWN, "12345"), 7, 13, True),
        (CallFailed(Fault.TRANSIENT, "http502"), 7, 13, False),
        (ValueError("a bug"), 7, 13, True),
    ],
)
def test_a_refusal_keeps_the_alert_and_waits_as_it_should(store, failure, least, most, alerted):
    town = Town(store, told("leads"), told("owner", rules=("notifier_down",)))
    town.alarm("A")
    town.crowds["leads"].fails.append(failure)
    assert town.tick() == alerted  # the owner hears of it at once
    assert town.crowds["leads"].heard == []
    assert town.waiting("leads") == ["A"]
    state = town.state("leads")
    wait_s = (state.next_try_at - store.clock.now()) / 1000
    assert least <= wait_s <= most
    assert state.fault and state.failing_since == store.clock.now()
    assert town.crowds["owner"].lines == (["leads"] if alerted else [])
    assert town.tick(wait_s - 1) == 0
    assert town.waiting("leads") == ["A"]
    town.tick(1.01)
    assert (town.waiting(), town.lost()) == ([], [])
    assert town.state("leads").fault == ""


def test_its_own_failure_is_not_told_to_a_notifier(store):
    town = Town(store, told("leads"))
    town.crowds["leads"].fails.append(CallFailed(Fault.AUTH, "93000"))
    town.alarm("A")
    town.tick()
    assert column(store, "SELECT rule FROM alerts ORDER BY id") == ["overdue", "notifier_down"]
    assert town.waiting() == ["A"]
    town.tick(600)
    (alert,) = (r for r in open_alerts(store.read, store.clock.now()) if r["subject"] == "leads")
    assert alert["over_at"] is not None  # it delivers again


def test_waits_grow_and_end(store):
    town = Town(store, told("leads"))
    town.alarm("A")
    town.crowds["leads"].fails.extend([DOWN] * 8)
    waits = []
    for _ in range(8):
        town.tick()
        waits.append(town.state("leads").next_try_at - store.clock.now())
        store.clock.advance(waits[-1] / 1000 + 1)
    assert all(600_000 < wait < 1_200_000 for wait in waits[4:])
    assert waits[0] < waits[2] < waits[4]
    assert town.tick() == 1


def test_a_lost_answer_is_told_again_and_says_so(store):
    """No robot can be asked what it has: twice is better than never."""
    town = Town(store, told("leads"))
    town.alarm("A")
    town.crowds["leads"].fails.append(Lost())
    assert town.tick() == 0
    assert town.waiting() == ["A"]
    assert town.tick(30) == 1
    assert town.crowds["leads"].lines == ["A", "A"]
    assert town.crowds["leads"].titles == ["1", "1 again"]
    assert column(store, "SELECT state FROM digests") == ["in_doubt", "sent"]
    town.alarm("B")
    town.tick(60)
    assert town.crowds["leads"].titles[-1] == "1"


def test_a_digest_that_a_dead_process_had_sent_out_is_told_again(store):
    class Dies(BaseException):
        pass

    town = Town(store, told("leads"))
    town.alarm("A")
    town.crowds["leads"].fails.append(Dies())
    with pytest.raises(Dies):
        town.tick()
    assert column(store, "SELECT state FROM digests") == ["calling"]
    town.restart()
    assert town.tick(60) == 1
    assert town.crowds["leads"].titles == ["1 again"]
    assert column(store, "SELECT state FROM digests") == ["in_doubt", "sent"]


def test_a_digest_that_is_refused_as_it_is_comes_in_smaller_parts(store):
    class Narrow:
        limit = 2000
        heard = ()

        def send(self, notice):
            if len(notice.lines) > 3:
                raise CallFailed(Fault.PERMISSION, "40058", "exceed max length")
            self.heard += notice.lines

    town = Town(store, told("leads"), notifiers={"leads": Narrow()})
    names = [f"{n}" for n in range(20)]
    town.alarm(*names)
    town.pass_time(3600)
    assert sorted(town.crowds["leads"].heard) == sorted(names)


def test_one_alert_that_is_refused_by_itself_lets_the_others_pass(store):
    class Choosy:
        limit = 2000
        heard = ()

        def send(self, notice):
            if any("bad" in line for line in notice.lines):
                raise CallFailed(Fault.PERMISSION, "19024", "not these words")
            self.heard += notice.lines

    town = Town(store, told("leads"), notifiers={"leads": Choosy()})
    town.alarm("bad", *(f"{n}" for n in range(30)))
    town.pass_time(2 * 3600, step=30)
    assert len(town.crowds["leads"].heard) == 30
    assert town.waiting() == ["bad"]
    assert town.state("leads").fault == "permission"


def test_who_has_it_is_not_told_again_because_another_has_not(store):
    town = Town(store, told("leads"))
    town.crowds["leads"].fails.append(
        ToldSome(Fault.PERMISSION, "smtp550", "gone@x.cn: no such mailbox")
    )
    town.alarm("A")
    assert town.tick() == 1
    assert (town.waiting(), town.lost()) == ([], [])
    (alert,) = (r for r in open_alerts(store.read, store.clock.now()) if r["subject"] == "leads")
    assert "gone@x.cn" in alert["what"]
    assert alert["over_at"] is None


def test_two_threads_of_one_robot_never_pass_its_limit_together(store):
    same = {"url": "https://robot/same"}
    town = Town(store, *(told(code, **same) for code in "abcdef"))
    for crowd in town.crowds.values():
        crowd.limit = 1
    town.alarm(*(f"{n}" for n in range(18)))
    threads = [Thread(target=town.delivery.deliver, args=(code,)) for code in town.crowds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(crowd.heard) for crowd in town.crowds.values()) == 18
    assert town.lost() == []


def test_a_clock_that_was_set_back_holds_nothing_up(store):
    town = Town(store, told("leads"))
    town.alarm("A")
    town.tick()
    store.clock.advance(-7200)
    town.alarm("B")
    assert town.tick() == 1
    town.crowds["leads"].fails.append(CallFailed(Fault.RATE, "45009", wait_s=60))
    town.alarm("C")
    town.tick(61)
    store.clock.advance(-7200)
    store.do(lambda tx: tx.run("UPDATE notices SET due_at = ? WHERE state = 'waiting'", tx.now))
    assert town.tick() == 1


# --- fallback --------------------------------------------------------------------------------


def test_what_is_not_delivered_for_minutes_goes_to_the_fallback_too(store):
    town = Town(
        store,
        told("leads", fallback="mail", fallback_minutes=5),
        told("mail", rules=("called",)),
    )
    town.crowds["leads"].fails.extend([DOWN] * 50)
    town.alarm("A")
    town.pass_time(290)
    assert town.crowds["mail"].heard == []
    town.pass_time(75)
    assert town.crowds["mail"].lines == ["A"]
    assert town.waiting() == ["A"]  # and still waits for the group
    assert one(store, "SELECT * FROM alerts WHERE rule = 'notifier_down'")["subject"] == "leads"
    town.crowds["leads"].fails.clear()
    town.pass_time(1500)
    assert town.crowds["leads"].lines == ["A"]
    assert town.crowds["mail"].lines == ["A"]
    assert (town.waiting(), town.lost()) == ([], [])


def test_fallbacks_form_a_chain_that_ends(store):
    town = Town(
        store,
        told("a", fallback="b", fallback_minutes=1),
        told("b", fallback="c", fallback_minutes=1, rules=("called",)),
        told("c", fallback="a", fallback_minutes=1, rules=("called",)),
    )
    for code in "ab":
        town.crowds[code].fails.extend([DOWN] * 500)
    town.alarm("X")
    town.pass_time(600)
    assert town.crowds["c"].lines.count("X") == 1
    assert town.crowds["a"].lines == town.crowds["b"].lines == []


def test_what_only_waits_its_turn_goes_to_the_fallback_without_an_alarm(store):
    town = Town(
        store, told("leads", fallback="mail", fallback_minutes=2), told("mail", rules=("called",))
    )
    town.crowds["leads"].limit = 1
    town.alarm(*(f"{n:03d}" for n in range(60)))
    town.pass_time(400)
    assert town.crowds["leads"].lines == [f"{n:03d}" for n in range(60)]
    assert town.crowds["mail"].lines  # the last of them waited for more than two minutes
    assert column(store, "SELECT DISTINCT rule FROM alerts") == ["overdue"]
    assert (town.waiting(), town.lost()) == ([], [])


def test_a_machine_that_slept_tries_first_before_it_falls_back(store):
    town = Town(
        store, told("leads", fallback="mail", fallback_minutes=5), told("mail", rules=("called",))
    )
    town.alarm("A")
    town.tick(3600)
    assert (town.crowds["leads"].lines, town.crowds["mail"].lines) == (["A"], [])


# --- people answer ---------------------------------------------------------------------------


def test_what_somebody_took_is_not_sent_any_more(store):
    town = Town(store, told("leads"), told("owner", after_minutes=15))
    town.alarm("A", "B")
    by_boss(store, lambda tx: acknowledge(tx, alert_id(store, "A")))
    town.pass_time(20 * MINUTE)
    assert town.crowds["leads"].lines == ["B"]
    assert town.crowds["owner"].lines == ["B!"]
    assert (town.waiting(), town.lost()) == ([], [])


def test_nobody_takes_it_and_it_goes_up_step_by_step(store):
    town = Town(
        store, told("leads"), told("manager", after_minutes=10), told("owner", after_minutes=30)
    )
    town.alarm("A")
    town.tick()
    heard = lambda: {code: crowd.lines for code, crowd in town.crowds.items()}  # noqa: E731
    assert heard() == {"leads": ["A"], "manager": [], "owner": []}
    town.pass_time(11 * MINUTE)
    assert heard() == {"leads": ["A"], "manager": ["A!"], "owner": []}
    town.pass_time(20 * MINUTE)
    assert heard() == {"leads": ["A"], "manager": ["A!"], "owner": ["A!!"]}
    assert column(store, "SELECT notifier FROM notices ORDER BY level") == [
        "leads",
        "manager",
        "owner",
    ]


def test_a_snoozed_alert_is_quiet_until_it_wakes(store):
    town = Town(store, told("leads"))
    town.alarm("A")
    until = store.clock.now() + 3_600_000
    by_boss(store, lambda tx: snooze(tx, alert_id(store, "A"), until))
    assert town.pass_time(3000) == 0
    assert town.waiting() == ["A"]
    assert town.pass_time(700) == 1


def test_what_is_over_by_itself_says_so(store):
    """It stays red until somebody looks, so they are told; and told that it is over."""
    town = Town(store, told("leads"))
    town.alarm("B1", rule="printer_down")
    store.clock.advance(3)
    store.do(lambda tx: close_alert(tx, "printer_down", "B1"))
    town.tick()
    assert town.crowds["leads"].lines == ["B1 over"]


def test_a_person_escalates_now_and_it_is_written_down(store):
    tell(store, order())
    number = one(store, "SELECT number FROM orders")["number"]
    town = Town(
        store, told("leads"), told("manager", after_minutes=30), told("owner", after_minutes=60)
    )
    order_id = one(store, "SELECT id FROM orders")["id"]
    store.do(lambda tx: raise_alert(tx, "untouched", number, order_id))
    town.tick()
    by_boss(store, lambda tx: acknowledge(tx, 1))
    assert by_boss(store, lambda tx: notices.escalate(tx, 1)) == ("manager",)
    (alert,) = open_alerts(store.read, store.clock.now())
    assert alert["acknowledged_at"] is None  # red until the next takes it
    assert alert["told"] == "leads"
    town.tick(61)
    assert town.crowds["manager"].lines == [f"{number}!"]
    assert town.crowds["owner"].lines == []
    town.pass_time(28 * MINUTE)
    assert town.crowds["owner"].lines == []  # half an hour after the manager, as always
    town.pass_time(3 * MINUTE)
    assert town.crowds["owner"].lines == [f"{number}!!"]
    with pytest.raises(Problem) as refused:
        by_boss(store, lambda tx: notices.escalate(tx, 1))
    assert refused.value.message.id == "alert.nobody_further"
    assert kinds(store).count("alert_escalated") == 1
    assert kinds(store).count("alert_told") == 3
    event = one(store, "SELECT * FROM events WHERE kind = 'alert_escalated'")
    assert event["operator_id"] == BOSS.operator_id
    assert town.lost() == []


def test_an_older_alert_can_be_escalated_to_people_who_came_later(store):
    Town(store).alarm("A")
    town = Town(store, told("leads"), told("owner", after_minutes=30))
    assert by_boss(store, lambda tx: notices.escalate(tx, 1)) == ("leads",)
    assert by_boss(store, lambda tx: notices.escalate(tx, 1)) == ("owner",)
    town.tick()
    assert town.crowds["owner"].lines == ["A!"]


@pytest.mark.parametrize("answer", ["nobody", "gone"])
def test_escalating_needs_a_person_and_an_alert(store, answer):
    town = Town(store, told("leads"))
    town.alarm("A")
    with pytest.raises(Problem) as refused:
        if answer == "nobody":
            store.do(lambda tx: notices.escalate(tx, 1))
        else:
            by_boss(store, lambda tx: notices.escalate(tx, 99))
    assert refused.value.message.id in ("alert.needs_person", "alert.gone")


# --- the database ----------------------------------------------------------------------------


def test_the_database_refuses_to_unsend_and_to_double(store):
    town = Town(store, told("leads"))
    town.alarm("A")
    town.tick()
    for nonsense in (
        "UPDATE notices SET state = 'waiting', digest_id = NULL, sent_at = NULL",
        "INSERT INTO notices (alert_id, notifier, level, due_at) VALUES (1, 'leads', 0, 1)",
        "UPDATE notices SET digest_id = NULL",
        "UPDATE digests SET state = 'lost'",
    ):
        with pytest.raises(Problem):
            store.do(lambda tx, sql=nonsense: tx.run(sql))


def test_the_proof_would_see_a_lost_alert(store):
    town = Town(store, told("leads"))
    town.alarm("A", "B")
    town.tick()
    store.do(lambda tx: tx.run("UPDATE digests SET state = 'refused'"))
    assert town.lost() == ["overdue A leads sent", "overdue B leads sent"]
    town.alarm("C")
    store.do(lambda tx: tx.run("DELETE FROM notices WHERE state = 'waiting'"))
    assert "overdue C leads missing" in town.lost()
    town.alarm("D")
    store.do(lambda tx: tx.run("UPDATE notices SET state = 'dropped' WHERE state = 'waiting'"))
    assert "overdue D leads dropped" in town.lost()


def test_an_order_that_leaves_takes_its_notices_along(store):
    tell(store, order())
    town = Town(store, told("leads"))
    store.clock.advance(7200)
    store.do(watch)
    bring(store, "shipped")
    by_boss(store, lambda tx: acknowledge(tx, 1))
    assert (town.tick(), town.waiting(), town.lost()) == (0, [], [])
