"""An order enters once, under one number, with everything that stops it said."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.clock import SetClock, millis
from core.errors import Problem
from core.orders import find, holds
from core.orders.audit import audit
from core.orders.intake import Taken, take_in_all
from core.orders.numbers import next_number
from core.orders.policy import ShopPolicy
from core.orders.slip import queue_slip, read_qr, slip
from core.ports import Receiver
from core.stock import receive
from core.store import Store
from tests.core.orders.warehouse import (
    BOSS,
    NOON,
    PACKER,
    PDD,
    TAOBAO,
    TEE,
    column,
    dump,
    kinds,
    line,
    one,
    order,
    reasons,
    stock,
    tell,
    the_order,
    units,
)

ROOT = Path(__file__).parents[3]


def problem(work) -> Problem:
    with pytest.raises(Problem) as refused:
        work()
    return refused.value


# --- numbers -----------------------------------------------------------------------------------


def test_numbers_follow_the_local_day(tmp_path):
    """Midnight in Shanghai is 16:00 UTC."""
    clock = SetClock(millis(datetime(2026, 1, 20, 15, 59, 59, tzinfo=UTC)))
    store = Store(tmp_path / "p.db", clock)
    give = lambda: store.do(lambda tx: next_number(tx, "DB"))  # noqa: E731
    assert [give(), give()] == ["DB20260120001", "DB20260120002"]
    clock.advance(1)
    assert give() == "DB20260121001"
    clock.advance(-60)
    assert give() == "DB20260120003"  # a stepped clock never gives a number a second time
    store.do(lambda tx: tx.run("UPDATE day_numbers SET last = 998 WHERE day = '20260120'"))
    assert [give(), give(), give()] == ["DB20260120999", "DB202601201000", "DB202601201001"]
    store.close()


def test_a_refused_order_gives_no_number_away_twice(store):
    def fail(tx):
        next_number(tx, "DB")
        raise ValueError

    store.do(lambda tx: next_number(tx, "DB"))
    with pytest.raises(ValueError):
        store.do(fail)
    assert store.do(lambda tx: next_number(tx, "DB")) == "DB20260120002"


NUMBERS = """
import sys
from pathlib import Path
from core.clock import SetClock
from core.orders.numbers import next_number
from core.store import Store
store = Store(Path(sys.argv[1]), SetClock(int(sys.argv[2])))
print(*[store.do(lambda tx: next_number(tx, "DB")) for _ in range(60)])
store.close()
"""


def test_numbers_are_unique_across_processes(store):
    crew = [
        subprocess.Popen(
            [sys.executable, "-c", NUMBERS, str(store.path), str(NOON)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    given = [n for worker in crew for n in worker.communicate(timeout=60)[0].split()]
    assert sorted(given) == [f"DB20260120{i:03d}" for i in range(1, 181)]


# --- once --------------------------------------------------------------------------------------


def test_a_plain_order_is_ready_with_its_stock_promised(store):
    taken = tell(store, order("T1", line("TEE", 2), line("CUP")))
    assert (taken.taken, taken.number) == (Taken.NEW, "DB20260120001")
    found = the_order(store)
    assert (found["stage"], found["warehouse_id"], found["held"]) == ("ready", 1, 0)
    assert units(store) == {"T1-1": (2, 2), "T1-2": (1, 1)}
    assert (found["pieces"], found["summary"]) == (3, "TEE×2 CUP")
    assert kinds(store) == ["received", "ready"]


def test_the_same_telling_changes_nothing_at_all(store):
    many = [order(f"T{i}", line("SET"), line("NOPE")) for i in range(30)]
    take_in_all(store, TAOBAO, many)
    before = dump(store)
    store.clock.advance(3600)
    again = take_in_all(store, TAOBAO, [replace(o, raw="{other}") for o in many])
    assert {answer.taken for answer in again} == {Taken.SAME}
    assert dump(store) == before


def test_an_older_telling_changes_nothing(store):
    tell(store, order("T1", line("TEE", 2), version=5))
    before = dump(store)
    assert tell(store, order("T1", line("TEE", 9), version=4)).taken is Taken.OLDER
    assert dump(store) == before


def test_the_same_number_in_two_shops_is_two_orders(store):
    first = tell(store, order("T1"))
    second = tell(store, replace(order("T1"), status="1"), PDD)
    assert second.taken is Taken.NEW
    assert first.number != second.number


def test_history_is_not_ours(store):
    assert tell(store, order("T1", status="TRADE_FINISHED")).taken is Taken.NOT_OURS
    assert the_order(store) is None


def test_an_order_closed_when_first_seen_reserves_nothing(store):
    tell(store, order("T1", status="TRADE_CLOSED"))
    assert the_order(store)["stage"] == "cancelled"
    assert stock(store) == (50, 0)


@pytest.mark.parametrize("broken", [line("TEE", 0, sub="X"), line("CUP", 1, sub="T1-1")])
def test_one_order_the_file_refuses_does_not_jam_the_others(store, broken):
    """A quantity of zero, or a sub-order number another order has."""
    tell(store, order("T1"))
    many = [order("A1"), order("BAD", broken), order("A2")]
    answers = take_in_all(store, TAOBAO, many)
    assert [a.taken for a in answers] == [Taken.NEW, Taken.REFUSED, Taken.NEW]
    alert = one(store, "SELECT * FROM alerts WHERE rule = 'order_refused'")
    assert "BAD" in alert["subject"]


# --- what holds --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (order(status="WAIT_BUYER_PAY"), "unpaid"),
        (order(status="PAID_FORBID_CONSIGN"), "platform_hold"),
        (order(status="NEVER_HEARD_OF"), "status_unknown"),
        (order(flags=("risk_control",)), "platform_hold"),
        (order(status="SELLER_CONSIGNED_PART"), "partly_shipped"),
        (order("T1", line(refund="WAIT_SELLER_AGREE")), "refund"),
        (order("T1", line(refund="WHO_KNOWS")), "refund_unknown"),
        (order("T1", line(refund=""), refund="WHO_KNOWS"), "refund_unknown"),
        (order("T1", line("NOPE")), "unknown_sku"),
        (order("T1", line("")), "missing_sku"),
        (replace(order(), lines=()), "missing_sku"),
        (order(buyer_note=None), "missing_note"),
        (order("T1", line("TEE", 51)), "no_stock"),
    ],
)
def test_what_is_not_known_to_be_fine_holds(store, told, reason):
    tell(store, told)
    found = the_order(store)
    assert reasons(store) == {reason}
    assert (found["stage"], found["held"]) == ("received", 1)
    assert stock(store) == (50, 0)


def test_a_shop_without_a_tier_holds(store):
    tell(store, order(), ShopPolicy(shop_id=1, channel="taobao"))
    assert reasons(store) == {"missing_tier"}


def test_several_reasons_at_once_and_each_ends_by_its_own_fact(store):
    tell(store, order("T1", line("NOPE", refund="WAIT_SELLER_AGREE"), buyer_note=None))
    assert reasons(store) == {"unknown_sku", "refund", "missing_note"}
    tell(store, order("T1", line("NOPE"), version=2, buyer_note="轻放"))
    assert reasons(store) == {"unknown_sku"}


def test_goods_that_arrive_let_the_order_go(store):
    taken = tell(store, order("T1", line("TEE", 60)))
    store.do(lambda tx: receive(tx, 1, TEE, 10))
    assert store.do(lambda tx: audit(tx, taken.order_id))
    assert reasons(store) == set()
    assert stock(store) == (60, 60)


def test_a_product_made_known_later_lets_the_order_go(store):
    taken = tell(store, order("T1", line("MUG"), line("KIT", 2)))
    assert reasons(store) == {"unknown_sku"}

    def learn(tx):
        tx.run("INSERT INTO skus (id, code, title) VALUES (7, 'MUG', 'x'), (8, 'KIT', 'y')")
        tx.run("INSERT INTO bundle_items VALUES (8, 1, 3)")
        receive(tx, 1, 7, 5)
        return audit(tx, taken.order_id)

    assert store.do(learn)
    assert units(store) == {"T1-1": (1, 1), "T1-2+TEE": (6, 6)}


def test_only_a_supervisor_releases_and_only_what_may_be_judged(store):
    told = order("T1", buyer_note=None, status="NEVER_HEARD_OF")
    order_id = tell(store, told).order_id
    let_go = lambda reason, by: store.do(lambda tx: holds.release(tx, order_id, reason), by)  # noqa: E731
    assert problem(lambda: let_go("missing_note", PACKER)).message.id == "hold.needs_supervisor"
    nobody = replace(BOSS, operator_id=None)
    assert problem(lambda: let_go("missing_note", nobody)).message.id == "hold.needs_person"
    assert problem(lambda: let_go("refund", BOSS)).message.id == "hold.by_facts"
    assert problem(lambda: let_go("damaged", BOSS)).message.id == "hold.not_held"
    let_go("missing_note", BOSS)
    assert reasons(store) == {"status_unknown"}
    let_go("status_unknown", BOSS)
    assert the_order(store)["stage"] == "ready"
    assert the_order(store)["buyer_note"] == ""


def test_an_overruled_word_is_not_a_licence_for_the_next_unknown_word(store):
    order_id = tell(store, order("T1", line(refund="ODD_ONE"))).order_id
    store.do(lambda tx: holds.release(tx, order_id, "refund_unknown"), BOSS)
    assert the_order(store)["stage"] == "ready"
    tell(store, order("T1", line(refund="ODD_ONE"), version=2, seller_note="x"))
    assert reasons(store) == set()
    tell(store, order("T1", line(refund="ODD_TWO"), version=3))
    assert reasons(store) == {"refund_unknown"}
    detail = one(store, "SELECT detail FROM holds WHERE released_at IS NULL")["detail"]
    assert "ODD_TWO" in detail  # a person must see the word to judge it


# --- who and what ------------------------------------------------------------------------------


def test_the_same_door_is_flagged_on_both_sides(store):
    tell(store, order("T1"))
    other = Receiver(
        name="张三",
        phone="+86 138-0000-1234",
        province="浙江省",
        city="杭州市",
        address="文一路 1号",
    )
    tell(store, replace(order("P1", receiver=other), status="1"), PDD)
    tell(store, order("T2", receiver=replace(other, address="文一路2号")))
    flags = {n: the_order(store, n)["same_buyer"] for n in ("T1", "P1", "T2")}
    assert flags == {"T1": 1, "P1": 1, "T2": 0}


@pytest.mark.parametrize(
    "hidden",
    [
        Receiver(name="张**", phone="138****1234", province="浙江省", address="文一路1号"),
        Receiver(name="张三", phone="13800001234", province="浙江省", address="文一路**"),
        Receiver(name="张三", phone="", province="浙江省", address="文一路1号"),
        Receiver(name="~x~", phone="$$abc$$", address="##cipher##", cipher_ref="oaid1"),
    ],
)
def test_masked_never_matches_not_even_itself(store, hidden):
    tell(store, order("T1", receiver=hidden))
    tell(store, order("T2", receiver=hidden))
    assert (the_order(store, "T1")["same_buyer"], the_order(store, "T2")["same_buyer"]) == (0, 0)


def test_a_bundle_is_promised_by_its_parts(store):
    tell(store, order("T1", line("SET", 2)))
    assert units(store) == {"T1-1+TEE": (4, 4), "T1-1+CUP": (2, 2)}
    assert the_order(store)["summary"] == "SET×2"


# --- the slip ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        ("UPDATE order_lines SET sku_code = ''", "sku"),
        ("UPDATE order_lines SET refunded = ordered", "sku"),
        ("UPDATE orders SET buyer_note = NULL", "buyer_note"),
        ("UPDATE orders SET tier = ''", "tier"),
    ],
)
def test_a_slip_is_not_issued_without_a_mandatory_field(store, edit, field):
    order_id = tell(store, order()).order_id
    store.do(lambda tx: tx.run(edit))
    for work in (
        lambda: slip(store.read, order_id),
        lambda: store.do(lambda tx: queue_slip(tx, order_id), PACKER),
    ):
        refused = problem(work).message
        assert (refused.id, refused.data["field"]) == ("slip.missing", field)
    assert column(store, "SELECT id FROM print_jobs") == []


def test_a_slip_carries_everything_and_counts_its_copies(store):
    order_id = tell(store, order("T1", line("SET"), buyer_note="")).order_id
    facts = slip(store.read, order_id)
    assert [(x.sku, x.quantity) for x in facts.lines] == [("TEE", 2), ("CUP", 1)]
    assert (facts.buyer_note, facts.tier) == ("", "standard")
    assert [store.do(lambda tx: queue_slip(tx, order_id), PACKER) for _ in range(2)] == [1, 2]


@pytest.mark.parametrize("code", ["TEE", "A|B", "A;B", "A*2", "50%|;*", "红-L 号"])
@pytest.mark.parametrize("note", ["", "a|b;c*d", "100% 轻放|"])
def test_the_slip_code_says_offline_what_it_was_given(store, code, note):
    store.do(lambda tx: tx.run("UPDATE skus SET code = ? WHERE id = 1", code))
    order_id = tell(store, order("T1", line(code, 3), line("CUP"), buyer_note=note)).order_id
    text = slip(store.read, order_id).qr
    said = read_qr(text)
    assert said["goods"] == ((code, 3), ("CUP", 1))
    assert (said["note"], said["tier"]) == (note, "standard")
    assert said["number"] == the_order(store)["number"]
    assert abs(said["ship_by"] - the_order(store)["ship_by"]) < 60_000
    assert read_qr(text[:-9] + "0" + text[-8:]) is None
    assert read_qr(text.replace("|", "||", 1)) is None


def test_a_long_note_is_cut_in_the_code_only(store):
    order_id = tell(store, order("T1", buyer_note="轻" * 200)).order_id
    facts = slip(store.read, order_id)
    assert facts.buyer_note == "轻" * 200
    assert read_qr(facts.qr)["note"] == "轻" * 40


@pytest.mark.parametrize("text", ["", "PL1|", "PL1|a|b", "PL2|x|y|z", "6901234567892"])
def test_other_codes_are_no_slips(text):
    assert read_qr(text) is None


def test_the_story_names_the_bin_of_the_chosen_warehouse(store):
    store.do(lambda tx: tx.run("INSERT INTO bins VALUES (1, 1, 'A-01'), (2, 2, 'Z-99')"))
    store.do(lambda tx: tx.run("UPDATE stock SET bin_id = warehouse_id WHERE sku_id = 1"))
    taken = tell(store, order("T1", line("TEE"), line("CUP")))
    told = find.story(store.read, taken.order_id)
    assert [row["bin"] for row in told.lines] == ["A-01", None]
