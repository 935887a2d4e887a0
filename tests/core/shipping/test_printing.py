"""Labels are printed once, wait for a printer, and are doubted rather than repeated."""

import threading

import pytest

from core.errors import Problem
from core.messages import Message
from core.orders.slip import queue_slip
from core.ports import PrinterAnswer, PrinterStatus, PrintFailed, Waybill
from core.ports import Sender as From
from core.shipping.parcels import reprint_label, store_waybill
from core.shipping.printing import PrintRun
from core.watch import open_alerts
from tests.core.orders.warehouse import (
    PACKER,
    bring,
    column,
    line,
    one,
    order,
    reasons,
    tell,
    the_order,
    weigh,
)
from tests.core.sync.outside import Crash, MemoryPrinter, cut_off, paper_out
from tests.until import until


class Desk:
    """One station's printing, stepped by hand."""

    def __init__(self, store):
        self.store = store
        self.printer = MemoryPrinter()
        self.restart()

    def restart(self):
        from core.shipping.printing import doubt_unfinished

        self.run = PrintRun(
            self.store, "B1", self.printer, From(name="仓", phone="1"), self.store.clock
        )
        self.store.do(lambda tx: doubt_unfinished(tx, "B1"))

    def bought(self, number="T1", *lines):
        """Weighed, and its waybill has just come."""
        tell(self.store, order(number, *lines))
        order_id = bring(self.store, "weighing", number)

        def work(tx):
            parcel = weigh(tx, order_id)
            store_waybill(tx, parcel, Waybill(number=f"Z{number}", carrier="zto"))

        self.store.do(work, PACKER)
        return order_id

    def work(self):
        while self.run._print_next():
            pass

    def later(self, seconds=15):
        self.store.clock.advance(seconds)
        self.work()

    def states(self):
        return column(self.store, "SELECT state FROM print_jobs ORDER BY id")


@pytest.fixture
def desk(store):
    return Desk(store)


def test_a_printed_label_labels_the_order_and_tells_the_shop(desk, store):
    desk.bought("T1", line("TEE", 2))
    desk.work()
    (label,) = desk.printer.paper
    assert (label.waybill, label.pieces, label.copy) == ("ZT1", 2, 1)
    assert the_order(store)["stage"] == "labelled"
    assert column(store, "SELECT kind FROM outbox ORDER BY id") == ["waybill", "backhaul"]


def test_a_shop_told_at_handover_is_not_told_before(desk, store):
    store.do(lambda tx: tx.run("UPDATE shops SET backhaul_on = 'handed_over' WHERE id = 1"))
    desk.bought()
    desk.work()
    assert column(store, "SELECT kind FROM outbox") == ["waybill"]
    bring(store, "shipped")
    assert column(store, "SELECT kind FROM outbox ORDER BY id") == ["waybill", "backhaul"]


def test_a_printer_fault_waits_and_drains_in_order(desk, store):
    desk.bought("T1")
    desk.bought("T2")
    desk.printer.fails.extend([paper_out(), paper_out()])
    desk.work()
    assert (desk.states(), desk.printer.paper) == (["waiting", "waiting"], [])
    assert column(store, "SELECT rule FROM alerts") == ["printer_down"]
    desk.later(1)
    desk.later()
    assert [label.waybill for label in desk.printer.paper] == ["ZT1", "ZT2"]
    assert desk.states() == ["printed", "printed"]
    assert one(store, "SELECT over_at FROM alerts")["over_at"] is not None


def test_a_printer_that_works_again_after_a_restart_ends_its_alert(desk, store):
    desk.bought()
    desk.printer.fails.append(paper_out())
    desk.work()
    desk.restart()
    desk.later()
    assert one(store, "SELECT over_at FROM alerts")["over_at"] is not None


def test_a_doubtful_label_is_never_repeated_by_itself(desk, store):
    order_id = desk.bought()
    desk.printer.fails.append(cut_off())
    for _ in range(5):
        desk.later(60)
    assert (desk.states(), desk.printer.paper) == (["in_doubt"], [])
    assert [a["rule"] for a in open_alerts(store.read, store.clock.now())] == ["print_in_doubt"]
    assert the_order(store)["stage"] == "weighing"
    copy = store.do(lambda tx: reprint_label(tx, order_id), PACKER)
    desk.work()
    assert (copy, desk.printer.paper[0].copy) == (2, 2)
    assert the_order(store)["stage"] == "labelled"


@pytest.mark.parametrize("printed", [False, True])
def test_a_crash_while_sending_is_doubted_after_the_restart(desk, store, printed):
    desk.bought()
    if printed:
        real = desk.printer._put

        def put(facts):
            real(facts)
            raise Crash

        desk.printer._put = put
    else:
        desk.printer.fails.append(Crash())
    with pytest.raises(Crash):
        desk.work()
    assert desk.states() == ["sending"]
    desk.restart()
    for _ in range(3):
        desk.later(60)
    assert desk.states() == ["in_doubt"]
    assert len(desk.printer.paper) == int(printed)


def test_a_driver_that_stumbles_is_doubted_at_once(desk):
    desk.bought()
    desk.printer.fails.append(KeyError("bug"))
    desk.work()
    assert desk.states() == ["in_doubt"]


def test_a_reprint_keeps_the_number_and_is_counted(desk, store):
    order_id = desk.bought()
    desk.work()
    for wanted in (2, 3):
        assert store.do(lambda tx: reprint_label(tx, order_id), PACKER) == wanted
    desk.work()
    assert [(x.waybill, x.copy) for x in desk.printer.paper] == [("ZT1", 1), ("ZT1", 2), ("ZT1", 3)]
    assert column(store, "SELECT count(*) FROM outbox WHERE kind = 'backhaul'") == [1]
    assert column(store, "SELECT count(*) FROM events WHERE kind = 'label_reprint'") == [2]


def test_there_is_nothing_to_reprint_before_the_waybill(store):
    order_id = tell(store, order()).order_id
    with pytest.raises(Problem) as refused:
        store.do(lambda tx: reprint_label(tx, order_id), PACKER)
    assert refused.value.message.id == "label.none_yet"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (order("T1", line(refund="WAIT_SELLER_AGREE"), version=2), "refund"),
        (
            order(
                "T1",
                version=2,
                receiver=order().receiver.__class__(name="x", phone="1", address="y"),
            ),
            "address_changed",
        ),
    ],
)
def test_an_open_question_holds_the_label_back(desk, store, change, reason):
    desk.bought()
    tell(store, change)
    assert reasons(store) == {reason}
    desk.later(60)
    assert (desk.states(), desk.printer.paper) == (["waiting"], [])


def test_the_label_comes_out_when_the_refund_is_withdrawn(desk, store):
    desk.bought()
    tell(store, order("T1", line(refund="WAIT_SELLER_AGREE"), version=2))
    desk.work()
    tell(store, order("T1", line(refund="CLOSED"), version=3))
    desk.later(60)
    assert len(desk.printer.paper) == 1


def test_a_held_back_label_does_not_hold_back_the_next(desk, store):
    desk.bought("T1")
    desk.bought("T2")
    tell(store, order("T1", line(refund="WAIT_SELLER_AGREE"), version=2))
    desk.work()
    desk.work()
    assert [x.waybill for x in desk.printer.paper] == ["ZT2"]


def test_a_cancelled_order_prints_nothing(desk, store):
    desk.bought()
    tell(store, order("T1", version=2, status="TRADE_CLOSED"))
    desk.later(60)
    assert (desk.states(), desk.printer.paper) == (["cancelled"], [])


def test_a_cancel_while_the_paper_comes_out_labels_nothing(desk, store):
    desk.bought()
    real = desk.printer._put

    def put(facts):
        real(facts)
        tell(store, order("T1", line("TEE"), line("CUP"), version=2))  # grew: starts again

    desk.printer._put = put
    desk.work()
    assert desk.states() == ["printed"]
    assert (the_order(store)["stage"], the_order(store)["labelled_at"]) == ("ready", None)
    assert column(store, "SELECT count(*) FROM outbox WHERE kind = 'backhaul'") == [0]


def test_a_slip_that_lost_a_fact_is_not_printed_and_said(desk, store):
    order_id = tell(store, order()).order_id
    store.do(lambda tx: queue_slip(tx, order_id), PACKER)
    store.do(lambda tx: tx.run("UPDATE orders SET tier = ''"))
    desk.bought("T2")
    desk.work()
    assert desk.states() == ["cancelled", "printed"]
    assert column(store, "SELECT rule FROM alerts") == ["print_refused"]


def test_another_station_prints_nothing_of_ours(desk, store):
    desk.bought()
    other = PrintRun(store, "B2", desk.printer, From(name="仓", phone="1"), store.clock)
    assert not other._print_next()
    assert desk.states() == ["waiting"]


def test_the_thread_prints_when_it_is_woken(desk, store):
    desk.run.clock = RealClock()
    desk.run.start()
    desk.bought()
    desk.run.wake.set()
    until(lambda: desk.states() == ["printed"])
    desk.run.stop()


class RealClock:
    speed = 1.0

    def now(self):
        return 2**50

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)


def test_print_failed_says_whether_paper_may_be_out():
    assert isinstance(cut_off(), PrintFailed)
    assert (cut_off().in_doubt, paper_out().in_doubt) == (True, False)


def test_a_printer_nobody_asked_yet_is_not_well(desk):
    assert not desk.run.state.connected
    desk.run.ask()
    assert (desk.run.state.connected, desk.run.state.trouble) == (True, None)


def test_paper_that_runs_out_is_seen_before_a_label_wants_it(desk, monkeypatch):
    fault = Message("printer.paper_out", {"printer": "label"})
    monkeypatch.setattr(desk.printer, "status", lambda: PrinterStatus(PrinterAnswer.FAULT, fault))
    desk.run.clock = RealClock()
    desk.run.start()
    try:
        until(lambda: desk.run.state.trouble == fault)
    finally:
        desk.run.stop()


def test_silence_says_nothing_against_a_printer_that_printed(desk, monkeypatch):
    silent = Message("printer.silent", {"printer": "label"})
    mute = PrinterStatus(PrinterAnswer.NO_ANSWER, silent)
    monkeypatch.setattr(desk.printer, "status", lambda: mute)
    desk.run.ask()
    assert desk.run.state.trouble == silent  # not known yet
    desk.bought()
    desk.work()
    desk.run.ask()
    assert (desk.run.state.connected, desk.run.state.trouble) == (True, None)
    gone = Message("printer.unreachable", {})
    away = PrinterStatus(PrinterAnswer.NO_ANSWER, gone)
    monkeypatch.setattr(desk.printer, "status", lambda: away)
    desk.run.ask()
    assert desk.run.state.trouble == gone
