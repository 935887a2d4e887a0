"""The bench over a real store: one commit a scan, and nothing forgotten in a crash."""

import json
import random
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Problem
from core.events import first_broken
from core.floor.bench import Bench
from core.floor.desk import Desk
from core.floor.meaning import classify
from core.floor.news import catch_up
from core.floor.rules import FloorRules
from core.floor.values import Step, Tone
from core.floor.work import Box
from core.orders import holds
from core.orders.find import find
from core.ports import Scan, Waybill
from core.shipping.parcels import label_printed, store_waybill
from core.stock import differences
from core.store import Store
from tests.core.floor.bench_world import CATALOGUES, catalogue, speak
from tests.core.orders.warehouse import (
    BOSS,
    CUP,
    NOON,
    TEE,
    column,
    kinds,
    line,
    one,
    order,
    stock,
    tell,
    the_order,
)
from tests.until import until

ITEM_TEE, ITEM_CUP = "6901234567892", "6901234567908"


class Floor:
    """A bench and its packer; every answer is checked against the catalogues."""

    def __init__(self, store, station="B1", **rules):
        self.store = store
        self.bench = Bench(store, station, FloorRules(**rules))
        self.view = self.bench.view()

    def scan(self, *texts):
        for text in texts:
            self.store.clock.advance(2)
            self.view = self.bench.scan(Scan(text, self.store.clock.now())).result(timeout=5)
        return self.said()

    def key(self, code):
        self.view = self.bench.key(code).result(timeout=5)
        return self.said()

    def weigh(self, grams):
        self.store.clock.advance(2)
        self.view = self.bench.weight(grams, self.store.clock.now()).result(timeout=5)
        return self.said()

    def look(self):
        self.view = self.bench.refresh().result(timeout=5)
        return self.view

    def said(self):
        outcome = self.view.outcome
        for language in CATALOGUES:
            words = ALL_WORDS[language]
            assert speak(outcome.say, words)
            assert speak(outcome.next, words)
            if self.view.last_parcel:
                assert speak(self.view.last_parcel, words)
        return outcome


def words_of(language):
    root = Path(__file__).parents[3] / "data/locales" / language / "LC_MESSAGES"
    entries = dict(CATALOGUES[language])
    for file in root.glob("*.po"):
        entries |= catalogue(language, file.stem)
    return entries


ALL_WORDS = {language: words_of(language) for language in CATALOGUES}


def number(store, name="T1"):
    return the_order(store, name)["number"]


@pytest.fixture
def floor(store):
    """One order of two tees and a cup, and a packer signed in."""
    tell(store, order("T1", line("TEE", 2), line("CUP", 1)))
    floor = Floor(store)
    floor.scan("BG1")
    return floor


def packed(floor, name="T1"):
    items = (ITEM_TEE, ITEM_TEE, ITEM_CUP)
    return floor.scan(number(floor.store, name), *items, *items)


def label(store, name="T1", waybill="Z1", *, printed=True):
    """What the outbox and the printer do after a weight."""
    parcel = one(
        store,
        "SELECT p.* FROM parcels p JOIN orders o ON o.id = p.order_id"
        " WHERE platform_number = ? AND voided_at IS NULL",
        name,
    )
    store.do(lambda tx: store_waybill(tx, parcel["id"], Waybill(number=waybill, carrier="zto")))
    if printed:
        job = one(store, "SELECT id FROM print_jobs WHERE parcel_id = ?", parcel["id"])
        store.do(lambda tx: label_printed(tx, job["id"]))


# --- a parcel ---------------------------------------------------------------------------------


def test_a_single_item_becomes_a_parcel_by_one_scan_the_most_urgent_first(store):
    tell(store, order("T1", line("TEE", 2)))
    tell(store, order("T2", line("TEE", 1), ship_by=NOON + 9_000_000))
    tell(store, order("T3", line("TEE", 1), ship_by=NOON + 5_000_000))
    floor = Floor(store)
    floor.scan("BG1")
    for name in ("T3", "T2"):
        said = floor.scan(ITEM_TEE)
        assert (said.say.id, said.say.data["number"]) == ("scan.single", number(store, name))
        assert the_order(store, name)["verified_at"] is not None
        floor.weigh(0)
        assert floor.weigh(200).tone is Tone.COMPLETE
        did = ["opened", "unit_verified", "picked", "verified", "weighed"]
        assert [kind for kind in kinds(store, name) if kind in did] == did
    assert floor.scan(ITEM_TEE).say.id == "scan.too_many"
    floor.scan("PKCANC1")
    assert floor.scan(ITEM_TEE).say.id == "scan.no_single"


def test_an_item_opens_no_order_that_is_held_claimed_or_more_than_it(store):
    tell(store, order("T1", line("TEE", 1)))
    tell(store, order("T2", line("TEE", 1), line("CUP", 1)))
    store.do(lambda tx: holds.hold(tx, the_order(store, "T1")["id"], "question"), BOSS)
    floor = Floor(store)
    floor.scan("BG1")
    assert floor.scan(ITEM_TEE).say.id == "scan.no_single"
    store.do(lambda tx: holds.release(tx, the_order(store, "T1")["id"], "question"), BOSS)
    store.do(lambda tx: tx.run("INSERT INTO stations VALUES (2, 'B2', '二号台', 1)"))
    other = Floor(store, "B2")
    other.scan("BG2")
    assert other.scan(ITEM_TEE).say.id == "scan.single"
    assert floor.scan(ITEM_TEE).say.id == "scan.no_single"


def test_a_tote_carries_an_order_from_the_pick_to_another_bench_and_is_free_again(store, floor):
    store.do(lambda tx: tx.run("INSERT INTO stations VALUES (2, 'B2', '二号台', 1)"))
    floor.scan(number(store), ITEM_TEE, ITEM_TEE, ITEM_CUP, "TT007", "PKCANC1")
    assert find(store.read, "tt007") == [the_order(store)["id"]]
    other = Floor(store, "B2")
    other.scan("BG2")
    assert other.scan("TT007").say.data["number"] == number(store)
    other.scan(ITEM_TEE, ITEM_TEE, ITEM_CUP)
    assert find(store.read, "TT007") == []
    floor.scan("BG1")
    assert floor.scan("TT007").say.id == "scan.tote_empty"
    assert "in_tote" in kinds(store)


def test_the_tote_of_a_cancelled_order_stops_until_its_goods_are_put_back(store, floor):
    floor.scan(number(store), ITEM_TEE, "TT007", "PKCANC1")
    tell(store, order("T1", line("TEE", 2), line("CUP", 1), version=2, status="TRADE_CLOSED"))
    assert floor.scan("TT007").tone is Tone.STOP
    store.do(lambda tx: tx.run("UPDATE put_backs SET done_at = 1, done_by = 1"))
    assert floor.scan("TT007").say.id == "scan.tote_empty"


def test_where_every_order_begins_with_its_slip_an_item_opens_nothing(store):
    tell(store, order("T1", line("TEE", 1)))
    floor = Floor(store, single_scan=False)
    floor.scan("BG1")
    assert floor.scan(ITEM_TEE).say.id == "scan.no_single"


def test_an_order_becomes_a_parcel_and_its_waybill_is_asked_for(store, floor):
    assert packed(floor).tone is Tone.COMPLETE
    assert the_order(store)["stage"] == "weighing"
    assert floor.weigh(752).tone is Tone.COMPLETE
    row = the_order(store)
    assert row["weighed_at"] is not None
    parcel = one(store, "SELECT * FROM parcels WHERE order_id = ?", row["id"])
    assert (parcel["weight_g"], parcel["expected_g"], parcel["station"]) == (752, 750, "B1")
    assert column(store, "SELECT kind FROM outbox") == ["waybill"]
    assert floor.view.step is Step.LABEL
    assert floor.view.last_parcel.id == "fate.waiting"
    assert floor.view.done_today == 1
    assert [k for k in kinds(store) if k in ("picked", "verified", "weighed")] == [
        "picked",
        "verified",
        "weighed",
    ]


def test_events_say_who_and_where(store, floor):
    packed(floor)
    rows = store.read.all(
        "SELECT DISTINCT operator_id, station FROM events WHERE kind LIKE 'unit%'"
    )
    assert [tuple(row) for row in rows] == [(1, "B1")]


def test_the_label_is_told_when_it_comes(store, floor):
    packed(floor)
    floor.weigh(750)
    label(store, printed=False)
    assert floor.look().last_parcel.id == "fate.printing"
    assert floor.view.waybill == "Z1"
    job = one(store, "SELECT id FROM print_jobs")
    store.do(lambda tx: label_printed(tx, job["id"]))
    assert floor.look().last_parcel.id == "fate.printed"


def test_next_takes_the_order_that_must_leave_first(store, floor):
    tell(store, order("T2", paid_at=the_order(store)["paid_at"] - 3_600_000))
    assert floor.scan("PKNEXT1").say.data["number"] == number(store, "T2")
    assert floor.view.waiting == 2


def test_a_wrong_item_writes_nothing_about_the_order(store, floor):
    floor.scan(number(store))
    before = (kinds(store), store.read.all("SELECT picked, verified FROM order_lines"))
    assert floor.scan("CUPBOARD").tone is Tone.UNKNOWN
    assert floor.scan(ITEM_TEE, ITEM_TEE, ITEM_TEE).tone is Tone.TOO_MANY
    assert floor.scan("PKUNDO1", "PKUNDO1", "PKUNDO1").say.id == "scan.nothing_to_undo"
    after = store.read.all("SELECT picked, verified FROM order_lines")
    assert [tuple(row) for row in after] == [tuple(row) for row in before[1]]


def test_a_bundle_is_packed_by_its_parts(store, floor):
    tell(store, order("T2", line("SET", 1)))
    floor.scan(number(store, "T2"))
    assert [(x.sku, x.wanted) for x in floor.view.lines] == [("TEE", 2), ("CUP", 1)]


def test_weights_are_learned_from_clean_parcels(store, floor):
    store.do(lambda tx: tx.run("UPDATE skus SET weight_g = NULL WHERE id = ?", CUP))
    packed(floor)
    floor.weigh(745)
    assert one(store, "SELECT weight_g FROM skus WHERE id = ?", CUP) == {"weight_g": 345}


def test_a_14_digit_product_number_is_the_same_product(store, floor):
    store.do(lambda tx: tx.run("UPDATE barcodes SET barcode = '06901234567892' WHERE sku_id = 1"))
    floor.scan(number(store))
    assert floor.scan(ITEM_TEE).tone is Tone.ACCEPTED
    assert floor.scan("TEE").tone is Tone.ACCEPTED


# --- undo, short, hold ------------------------------------------------------------------------


def test_undoing_the_weight_buys_no_label(store, floor):
    packed(floor)
    floor.weigh(750)
    assert floor.scan("PKUNDO1").say.id == "scan.undone_weight"
    assert the_order(store)["weighed_at"] is None
    assert column(store, "SELECT state FROM outbox") == ["dropped"]
    assert floor.weigh(751).tone is Tone.COMPLETE
    assert column(store, "SELECT state FROM outbox ORDER BY id") == ["dropped", "due"]


def test_undoing_the_weight_gives_a_bought_waybill_back(store, floor):
    packed(floor)
    floor.weigh(750)
    label(store, printed=False)
    assert floor.scan("PKUNDO1").say.id == "ask.void"
    floor.scan("PKYES01")
    assert one(store, "SELECT voided_at FROM parcels")["voided_at"] is not None
    assert column(store, "SELECT kind FROM outbox ORDER BY id") == ["waybill", "void"]
    assert column(store, "SELECT state FROM print_jobs") == ["cancelled"]


def test_a_printed_label_stays(store, floor):
    packed(floor)
    floor.weigh(750)
    label(store)
    assert floor.scan("PKUNDO1").say.id == "scan.label_printed"
    assert the_order(store)["weighed_at"] is not None


def test_undo_reaches_back_through_closed_steps(store, floor):
    packed(floor)
    for _ in range(4):
        floor.scan("PKUNDO1")
    row = the_order(store)
    assert (row["verified_at"], row["picked_at"], row["stage"]) == (None, None, "picking")
    floor.scan(ITEM_CUP, ITEM_TEE, ITEM_TEE, ITEM_CUP)
    assert the_order(store)["stage"] == "weighing"


def test_short_units_leave_the_shelf_and_the_order_is_held(store, floor):
    floor.scan(number(store), ITEM_TEE, "PKSHRT1", "PKCH001")
    assert stock(store, TEE) == (49, 1)
    row = the_order(store)
    assert (row["held"], floor.view.step) == (1, None)
    assert one(store, "SELECT count(*) AS n FROM claims") == {"n": 0}


def test_short_units_that_turn_up_are_promised_again(store):
    tell(store, order("T1", line("TEE", 2), line("CUP", 1)))
    floor = Floor(store, partial_ok=True)
    floor.scan("BG1", number(store), ITEM_TEE, "PKSHRT1", "PKCH001")
    assert stock(store, TEE) == (49, 1)
    floor.scan("PKUNDO1")
    assert stock(store, TEE) == (50, 2)
    assert packed_counts(store) == [(2, 1, 0), (1, 0, 0)]


def packed_counts(store):
    rows = store.read.all("SELECT wanted, picked, verified FROM order_lines ORDER BY id")
    return [tuple(row) for row in rows]


def test_a_held_order_is_refused_until_a_supervisor_releases_it(store, floor):
    floor.scan(number(store), "PKHOLD1", "PKCH003")
    refused = floor.scan(number(store))
    assert (refused.tone, refused.say.id) == (Tone.STOP, "open.held")
    row = the_order(store)
    store.do(lambda tx: holds.release(tx, row["id"], "question"), BOSS)
    assert floor.scan(number(store)).tone is Tone.ACCEPTED


def test_what_another_room_refuses_becomes_the_answer(store, floor):
    packed(floor)
    floor.weigh(750)
    floor.bench._stand = replace(
        floor.bench._stand,
        state=replace(
            floor.bench._stand.state, work=replace(floor.bench._stand.state.work, waybill="Z9")
        ),
    )
    assert floor.scan("PKPRNT1").tone is Tone.WRONG
    label(store)
    assert floor.scan("PKPRNT1").say.id == "scan.reprint"
    assert column(store, "SELECT copy FROM print_jobs ORDER BY id") == [1, 2]


def test_the_slip_prints_again(store, floor):
    assert floor.scan(number(store), "PKSLIP1").say.id == "scan.slip"
    assert column(store, "SELECT kind FROM print_jobs") == ["slip"]


def test_a_call_is_an_alert(store, floor):
    floor.scan("PKCALL1")
    assert column(store, "SELECT subject FROM alerts WHERE rule = 'called'") == ["B1"]


# --- news ---------------------------------------------------------------------------------------


def test_a_refund_stops_the_next_scan_before_anything_is_recorded(store, floor):
    floor.scan(number(store), ITEM_TEE)
    tell(
        store,
        order(
            "T1",
            line("TEE", 2, refund="WAIT_SELLER_AGREE"),
            line("CUP", 1),
            version=2,
        ),
    )
    before = packed_counts(store)
    stopped = floor.scan(ITEM_TEE)
    assert stopped.tone is Tone.STOP
    assert packed_counts(store) == before
    assert floor.scan(ITEM_TEE).tone is Tone.STOP
    floor.scan("PKYES01")
    assert floor.view.step is None
    assert one(store, "SELECT count(*) AS n FROM claims") == {"n": 0}


def test_a_cancel_stops_the_bench_without_a_scan(store, floor):
    floor.scan(number(store), ITEM_TEE)
    tell(store, order("T1", line("TEE", 2), line("CUP", 1), version=2, status="TRADE_CLOSED"))
    view = floor.look()
    assert (view.outcome.tone, view.outcome.say.id) == (Tone.STOP, "news.cancel")
    assert floor.key("PKYES01").say.id == "scan.put_aside"
    assert floor.scan(number(store)).say.id == "open.cancelled"


def test_a_withdrawn_line_closes_the_pick_and_the_rest_goes_on(store, floor):
    floor.scan(number(store), ITEM_TEE, ITEM_TEE)
    refunded = line("CUP", 1, refund="SUCCESS")
    tell(store, order("T1", line("TEE", 2), refunded, version=2))
    assert floor.scan(ITEM_CUP).say.id == "news.lines"
    floor.scan("PKYES01", number(store))
    assert floor.view.step is Step.PACK
    assert floor.scan(ITEM_TEE, ITEM_TEE).tone is Tone.COMPLETE
    assert the_order(store)["stage"] == "weighing"


def test_a_changed_note_is_read_before_the_weight(store, floor):
    floor.scan(number(store), ITEM_TEE)
    tell(store, order("T1", line("TEE", 2), line("CUP", 1), version=2, buyer_note="不要红色"))
    floor.scan(ITEM_TEE, ITEM_CUP, ITEM_TEE, ITEM_TEE)
    assert [change.id for change in floor.view.changes] == ["news.note"]
    floor.scan(ITEM_CUP)
    floor.weigh(750)
    assert floor.view.step is Step.WEIGH
    floor.scan("PKYES01")
    assert floor.view.step is Step.LABEL


def test_a_look_without_news_writes_nothing(store, floor):
    floor.scan(number(store))
    version = store.read.version()
    floor.look()
    assert store.read.version() == version


# --- two benches --------------------------------------------------------------------------------


@pytest.fixture
def second(store):
    """Another bench with its own packer."""

    def people(tx):
        tx.run("INSERT INTO stations VALUES (2, 'B2', '二号台', 1)")
        tx.run("INSERT INTO operators (badge, name, role) VALUES ('BG3', '韩梅梅', 'packer')")

    store.do(people)
    floor = Floor(store, "B2")
    floor.scan("BG3")
    return floor


def test_two_benches_never_share_an_order(store, floor, second):
    floor.scan(number(store))
    refused = second.scan(number(store))
    assert (refused.tone, refused.say.id) == (Tone.WRONG, "open.claimed")
    assert refused.say.data["name"] == "李雷"
    assert second.scan("PKNEXT1").say.id == "scan.queue_empty"


def test_a_supervisor_takes_an_order_over(store, floor, second):
    floor.scan(number(store), ITEM_TEE)
    second.scan("BG2", number(store))
    assert second.view.lines[0].picked + second.view.lines[1].picked == 1
    assert floor.scan(ITEM_TEE).say.id == "news.taken"
    floor.scan("PKYES01")
    assert one(store, "SELECT station FROM claims") == {"station": "B2"}


# --- handover -----------------------------------------------------------------------------------


def test_handover_ships_each_parcel_once(store, floor):
    packed(floor)
    floor.weigh(750)
    label(store, waybill="SF1234567890123")
    floor.scan("PKDONE1", "PKHAND1")
    assert floor.scan("SF1234567890123").tone is Tone.ACCEPTED
    assert the_order(store)["stage"] == "shipped"
    assert stock(store, TEE) == (48, 0)
    assert floor.scan("SF1234567890123").tone is Tone.TOO_MANY


def test_a_parcel_whose_order_is_held_stays(store, floor):
    packed(floor)
    floor.weigh(750)
    label(store)
    floor.scan("PKDONE1", "PKHAND1")
    order_id = the_order(store)["id"]
    store.do(lambda tx: holds.hold(tx, order_id, "refund"))
    assert floor.scan("Z1").tone is Tone.STOP
    assert the_order(store)["stage"] == "labelled"


# --- durability ---------------------------------------------------------------------------------


def test_the_bench_opens_where_it_was(store, floor):
    floor.scan(number(store), ITEM_TEE, "PKBOX03", "CUPBOARD", "PKHOLD1")
    again = Bench(store, "B1").view()
    assert (again.operator, again.number, again.step) == ("李雷", number(store), Step.PICK)
    assert again.outcome == floor.view.outcome
    assert again.last_bad == floor.view.last_bad
    assert again.choices == floor.view.choices
    assert sum(x.picked for x in again.lines) == 1
    after = Floor(store)
    after.scan("PKNO001", "PKUNDO1")
    assert sum(x.picked for x in after.view.lines) == 0


def test_the_box_and_the_readings_survive(store):
    tell(store, order("T1", line("CUP", 1)))
    rules = {"boxes": {3: Box(3, "M", 100)}, "pick_first": False}
    floor = Floor(store, **rules)
    floor.scan("BG1", number(store), "PKBOX03", ITEM_CUP)
    floor.weigh(200)
    again = Floor(store, **rules)
    assert again.view.weight.expected_g == 450
    assert again.scan("PKFRCE1", "BG2").say.id == "scan.weight_forced"
    assert json.loads(one(store, "SELECT what FROM events WHERE kind = 'weighed'")["what"]) == {
        "grams": 200,
        "expected": 450,
        "forced_by": 2,
    }


def test_a_weight_from_before_the_last_check_does_not_count_after_a_restart(store, floor):
    packed(floor)
    again = Floor(store)
    again.bench.weight(750, store.clock.now() - 1000).result(timeout=5)
    assert again.bench.view().step is Step.WEIGH


def test_a_state_nobody_can_read_opens_an_empty_bench(store, floor):
    for state in (
        "{}",
        "[]",
        "null",
        "nonsense",
        '{"question":{"":"Nothing"}}',
        '{"work":1,"x":2}',
    ):
        store.do(lambda tx, state=state: tx.run("UPDATE benches SET state = ?", state))
        assert Bench(store, "B1").view().step is None


def test_a_failed_write_leaves_the_bench_where_the_store_is(store, floor):
    floor.scan(number(store))
    store.do(
        lambda tx: tx.run(
            "CREATE TRIGGER broken BEFORE INSERT ON events WHEN NEW.kind = 'unit_picked'"
            " BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    )
    with pytest.raises(Problem):
        floor.scan(ITEM_TEE)
    store.do(lambda tx: tx.run("DROP TRIGGER broken"))
    floor.scan(ITEM_TEE)
    assert sum(x.picked for x in floor.view.lines) == 1


def test_every_scan_commits_once_and_a_silent_reading_never(store, floor):
    floor.scan(number(store))
    commits = []
    connection = store._connection
    store.do(lambda tx: connection.set_trace_callback(commits.append))
    floor.scan(ITEM_TEE)
    store.do(lambda tx: connection.set_trace_callback(None))
    statements = [s for s in commits if s.startswith(("COMMIT", "BEGIN"))]
    assert statements == ["COMMIT", "BEGIN IMMEDIATE", "COMMIT", "BEGIN IMMEDIATE"]
    version = store.read.version()
    floor.bench.weight(500, store.clock.now()).result(timeout=5)
    assert store.read.version() == version


@pytest.mark.parametrize("seed", range(4))
def test_a_random_shift_keeps_the_bench_and_the_store_together(store, seed):
    """Whatever is scanned, the database accepts it, and a restart shows the same parcel."""
    rng = random.Random(seed)
    for n in range(12):
        tell(store, order(f"T{n}", line("TEE", 3), line("CUP", 2)))
    rules = {"pick_first": seed % 2 == 0, "partial_ok": seed % 3 == 0, "boxes": {3: Box(3, "M", 9)}}
    floor = Floor(store, **rules)
    floor.scan("BG1")
    for turn in range(250):
        random_act(store, floor, rng, turn)
        again = Bench(store, "B1", FloorRules(**rules)).view()
        for name in ("operator", "number", "step", "lines", "mode", "weight", "last_bad"):
            assert getattr(again, name) == getattr(floor.view, name), (turn, name)
    for row in store.read.all("SELECT id FROM orders"):
        assert first_broken(store.read, row["id"]) is None
    assert differences(store.read) == []


def random_act(store, floor, rng, turn):
    """Mostly what the bench asks for, sometimes anything."""
    view = floor.view
    if view.step is Step.LABEL and rng.random() < 0.3 and not view.waybill:
        name = store.read.one(
            "SELECT platform_number AS n FROM orders WHERE number = ?", view.number
        )
        label(store, name["n"], f"Z{turn}", printed=rng.random() < 0.5)
        floor.look()
    elif rng.random() < 0.3:
        code = rng.choice(
            ("PKUNDO1", "PKUNDO1", "PKUNDO1", "PKSHRT1", "PKDAMG1", "PKHOLD1", "PKCANC1", "PKNEXT1")
        )
        floor.scan(rng.choice((code, "PKCH001", "PKYES01", "PKQTY02", "PKBOX03", "PKFRCE1", "BG2")))
    elif view.choices:
        floor.scan(rng.choice(view.choices).code)
    elif view.step is None:
        release_all(store)
        floor.scan("PKNEXT1")
    elif view.step is Step.WEIGH:
        floor.weigh(rng.choice((view.weight.expected_g, 5000)))
    elif view.step is Step.LABEL:
        floor.scan(rng.choice(("PKDONE1", "PKUNDO1", "PKPRNT1")))
    else:
        floor.scan(rng.choice((ITEM_TEE, ITEM_CUP)))


def release_all(store):
    for row in store.read.all("SELECT order_id, reason FROM holds WHERE released_at IS NULL"):
        store.do(lambda tx, row=row: holds.release(tx, row["order_id"], row["reason"]), BOSS)


class Recorder:
    """A reader that remembers what it was asked."""

    def __init__(self, read):
        self.read, self.asked = read, []

    def one(self, sql, *values):
        self.asked.append((sql, values))
        return self.read.one(sql, *values)

    def all(self, sql, *values):
        self.asked.append((sql, values))
        return self.read.all(sql, *values)


def test_no_question_of_a_scan_reads_a_whole_table(store, floor):
    packed(floor)
    floor.weigh(750)
    label(store)
    recorder = Recorder(store.read)
    desk = Desk(recorder, floor.bench.place, floor.bench.rules)
    for text in ("@@", "BG1", ITEM_TEE, number(store), "Z1", "PKNEXT1"):
        classify(text, desk)
    catch_up(recorder, replace(floor.bench._stand, seq=0), floor.bench.place, floor.bench.rules)
    floor.bench._load(recorder)
    floor.bench._show(recorder, floor.bench._stand, store.clock.now())
    assert len(recorder.asked) > 20
    for sql, values in recorder.asked:
        plan = [row["detail"] for row in store.read.all(f"EXPLAIN QUERY PLAN {sql}", *values)]
        scans = [step for step in plan if step.startswith("SCAN") and "subquery" not in step]
        assert not [step for step in scans if step != "SCAN CONSTANT ROW"], (sql, plan)


def test_scans_from_many_threads_are_all_counted(store):
    tell(store, order("T1", line("TEE", 40)))
    floor = Floor(store, pick_first=False)
    floor.scan("BG1", number(store))
    futures = []

    def shoot():
        for _ in range(10):
            futures.append(floor.bench.scan(Scan(ITEM_TEE, 0)))

    threads = [threading.Thread(target=shoot) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert until(lambda: all(future.done() for future in futures))
    assert packed_counts(store) == [(40, 40, 40)]


KILLED = """
import sys
from pathlib import Path
from core.clock import SystemClock
from core.floor.bench import Bench
from core.ports import Scan
from core.stock import differences
from core.store import Store

store = Store(Path(sys.argv[1]), SystemClock())
bench = Bench(store, "B1")
bench.scan(Scan("BG1", 0)).result()
bench.scan(Scan(sys.argv[2], 0)).result()
while True:
    view = bench.scan(Scan("6901234567892", 0)).result()
    print(sum(line.picked for line in view.lines), flush=True)
"""


def test_no_answered_scan_is_lost_when_the_process_is_killed(store, tmp_path):
    tell(store, order("T1", line("TEE", 50)))
    code = number(store)
    path = store.path
    store.close()
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path), code],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    told = [int(process.stdout.readline()) for _ in range(5)]
    process.kill()
    told += [int(text) for text in process.stdout.read().split()]
    process.wait()
    with_store = Store(path)
    try:
        view = Bench(with_store, "B1").view()
        picked = sum(x.picked for x in view.lines)
        assert told[-1] <= picked <= told[-1] + 1
        assert (view.number, view.operator) == (code, "李雷")
    finally:
        with_store.close()


def test_a_station_that_is_not_set_up(store):
    with pytest.raises(Problem) as problem:
        Bench(store, "B9")
    assert problem.value.message.data["known"] == "B1"


def test_a_key_that_is_no_command(store, floor):
    with pytest.raises(Problem):
        floor.bench.key("F5")


@pytest.mark.parametrize("text", ["", "\x1d", "\ud800", "\x00", "a" * 5000, "'; DROP TABLE orders"])
def test_any_text_is_answered(store, floor, text):
    assert floor.scan(text).tone is Tone.UNKNOWN
