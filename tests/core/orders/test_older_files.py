"""Files have no version: an older export never undoes what a newer one told."""

from dataclasses import replace

import pytest

from core.errors import Problem
from core.orders import holds
from core.orders.intake import Taken
from core.ports import Receiver
from tests.core.orders.warehouse import BOSS, line, order, reasons, tell, the_order

ELSEWHERE = Receiver(
    name="张三", phone="13800001234", province="浙江省", city="宁波市", address="中山路9号"
)


def told(refund="NO_REFUND", **more):
    """The order as one of the files of that day tells it: no time in it ever moves."""
    return replace(order("T1", line(refund=refund)), route="file", **more)


@pytest.fixture
def by_file(store):
    store.do(lambda tx: tx.run("UPDATE shops SET by_file = 1 WHERE id = 1"))
    return store


OLD, NEW = told(), told("WAIT_SELLER_AGREE", receiver=ELSEWHERE)


def test_an_older_file_given_again_changes_nothing(store):
    tell(store, OLD)
    tell(store, NEW)
    assert "refund" in reasons(store)
    assert tell(store, OLD).taken is Taken.OLDER
    assert "refund" in reasons(store)
    assert (the_order(store)["city"], the_order(store)["stage"]) == ("宁波市", "received")
    assert tell(store, NEW).taken is Taken.SAME


@pytest.mark.parametrize(
    ("first", "then", "why"),
    [
        (NEW, OLD, "file_refund"),
        (told("SUCCESS"), told("WAIT_SELLER_AGREE"), "file_refund"),
        (told(receiver=ELSEWHERE), OLD, "file_address"),
        (told(status="PAY_PENDING"), OLD, "file_status"),
    ],
)
def test_a_file_of_unknown_age_takes_nothing_back_in_silence(store, first, then, why):
    """The forgotten file of yesterday, given for the first time after today's."""
    tell(store, replace(first, lines=(*first.lines, *order("T1", line("CUP", sub="T1-9")).lines)))
    tell(store, replace(then, lines=(*then.lines, *order("T1", line("CUP", sub="T1-9")).lines)))
    assert "file_doubt" in reasons(store)
    hold = store.read.one("SELECT detail FROM holds WHERE reason = 'file_doubt'")
    assert hold["detail"] == why
    assert the_order(store)["stage"] == "received"
    order_id = the_order(store)["id"]
    store.do(lambda tx: holds.release(tx, order_id, "file_doubt"), BOSS)
    assert reasons(store) <= {"refund"}


def test_a_file_whose_times_are_later_is_the_newer_one(store):
    tell(store, NEW)
    tell(store, replace(OLD, modified_at=NEW.modified_at + 1))
    assert (reasons(store), the_order(store)["stage"]) == (set(), "ready")


def test_an_address_that_was_not_there_before_is_no_doubt(store):
    tell(store, told(receiver=Receiver()))
    tell(store, OLD)
    assert reasons(store) == set()


def test_a_withdrawn_refund_that_reads_as_before_is_released_by_a_supervisor(by_file):
    """A file after it reads as the first one did: a person says that it is over."""
    asked = told("WAIT_SELLER_AGREE")
    tell(by_file, OLD)
    tell(by_file, asked)
    assert tell(by_file, OLD).taken is Taken.OLDER
    order_id = the_order(by_file)["id"]
    by_file.do(lambda tx: holds.release(tx, order_id, "refund"), BOSS)
    assert (reasons(by_file), the_order(by_file)["stage"]) == (set(), "ready")
    assert tell(by_file, OLD).taken is Taken.OLDER  # and it stays so
    tell(by_file, asked)  # asked for once more: nothing says that this is the old file
    assert "refund" in reasons(by_file)


def test_money_asked_back_a_second_time_holds_although_the_words_are_known(store):
    asked, withdrawn = told("WAIT_SELLER_AGREE"), told("CLOSED")
    for each in (OLD, asked, withdrawn):
        tell(store, each)
    assert reasons(store) == {"file_doubt"}
    order_id = the_order(store)["id"]
    store.do(lambda tx: holds.release(tx, order_id, "file_doubt"), BOSS)
    assert tell(store, asked).taken is Taken.CHANGED
    assert reasons(store) == {"refund"}


def test_a_refund_in_an_export_with_fewer_times_is_not_passed_over(by_file):
    """Another template, without the time of payment: it looks older and may be the newest."""
    tell(by_file, OLD)
    fewer = told("WAIT_SELLER_AGREE", modified_at=OLD.created_at, paid_at=None)
    assert tell(by_file, fewer).taken is Taken.OLDER
    assert reasons(by_file) == {"file_doubt"}
    assert the_order(by_file)["paid_at"] == OLD.paid_at


def test_a_refund_of_a_shop_with_an_interface_still_ends_by_facts_only(store):
    tell(store, told("WAIT_SELLER_AGREE"))
    with pytest.raises(Problem) as refused:
        store.do(lambda tx: holds.release(tx, the_order(store)["id"], "refund"), BOSS)
    assert refused.value.message.id == "hold.by_facts"


def test_a_refund_in_an_order_file_without_its_details_holds_a_complete_order(store):
    tell(store, OLD)
    bare = replace(OLD, lines=(replace(line("", refund="退款金额 59.90"), sub_number="T1-x"),))
    tell(store, bare)
    assert reasons(store) == {"refund_unknown"}


def test_an_order_somebody_comes_for_is_held_until_a_supervisor_sends_it_after_all(store):
    fetched = told(flags=("self_pickup",))
    tell(store, fetched)
    assert (reasons(store), the_order(store)["stage"]) == ({"self_pickup"}, "received")
    order_id = the_order(store)["id"]
    store.do(lambda tx: holds.release(tx, order_id, "self_pickup"), BOSS)
    assert the_order(store)["stage"] == "ready"
    tell(store, replace(fetched, seller_note="轻放"))
    assert reasons(store) == set()  # judged once
