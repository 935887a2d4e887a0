"""Printing: jobs wait, survive a restart, and are never printed twice by a retry."""

import logging
import threading
import time

from core.clock import Clock
from core.errors import Problem
from core.messages import Message
from core.orders.holds import label_stopped
from core.orders.slip import receiver_of, slip
from core.ports import (
    DeviceState,
    LabelFacts,
    Printer,
    PrinterAnswer,
    PrinterStatus,
    PrintFailed,
    Sender,
    SlipFacts,
)
from core.shipping.parcels import label_printed
from core.store import Actor, Row, Rows, Store, Tx
from core.watch import close_alert, raise_alert

log = logging.getLogger(__name__)
UNPRINTED = "state IN ('waiting', 'sending')"
"""As the index of open jobs says it; without these words a question reads every label ever."""
RETRY_S = 3.0
LOOK_S = 0.5
SHORTEST_LOOK_S = 0.02
"""Real seconds between two looks at the jobs, however fast the clock runs."""
ASK_S = 20.0
"""Real seconds between two questions to a printer that has nothing to do: paper that ran out is
seen before the next label wants it."""
MUTE = "printer.silent"
"""Said of a printer that took the connection and did not answer; some never do."""


class PrintRun:
    """One station's printer and the thread that feeds it."""

    def __init__(
        self, store: Store, station: str, printer: Printer, sender: Sender, clock: Clock
    ) -> None:
        self.store = store
        self.station = station
        self.printer = printer
        self.sender = sender
        self.clock = clock
        self.wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"print-{station}", daemon=True)
        self._down = False
        self._ask_at = 0.0
        self.state = DeviceState(f"{station} printer", "printer", False, clock.now())
        """What the devices screen shows; replaced whole."""

    def start(self) -> None:
        """Own up to jobs that were on the wire when the last process died, then print."""
        self.store.do(lambda tx: doubt_unfinished(tx, self.station), Actor(station=self.station))
        self._thread.start()

    def stop(self) -> None:
        """Finish the job in hand."""
        self._stop.set()
        self.wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                while self._print_next():
                    pass
                if time.monotonic() >= self._ask_at:
                    self.ask()
            except Exception:
                log.exception("printing at %s stumbled", self.station)
            self.clock.wait(self.wake, max(LOOK_S, SHORTEST_LOOK_S * self.clock.speed))
            self.wake.clear()

    def ask(self) -> PrinterStatus:
        """Ask the printer how it is; the devices screen shows the answer.

        Silence says nothing against a printer that has printed for us.
        """
        status = self.printer.status()
        now, raw = self.clock.now(), getattr(self.printer, "last_raw", b"")
        proved = self.state.connected and status.fault is not None and status.fault.id == MUTE
        if status.fault is not None and not proved:
            self.state = self.state.failed(now, status.fault)
        elif status.answer in (PrinterAnswer.READY, PrinterAnswer.BUSY):
            self.state = self.state.answered(now, self.state.last_value, raw)
        self._ask_at = time.monotonic() + ASK_S
        return status

    def _print_next(self) -> bool:
        """Print one due job; False when there is none or the printer is not ready."""
        if self._stop.is_set() or not self._has_due():
            return False
        job = self.store.do(lambda tx: claim_job(tx, self.station), Actor(station=self.station))
        if job is None:
            return False
        try:
            self._print(job)
        except PrintFailed as failure:
            self._failed(job, failure)
            return False
        except Problem as problem:  # nothing went to the printer: the slip lacks a fact
            why = problem.message
            self.store.do(lambda tx: refuse(tx, job, why), Actor(station=self.station))
            return True
        except Exception:
            log.exception("printing at %s stumbled", self.station)
            self.store.do(lambda tx: doubt(tx, job, "stumbled"), Actor(station=self.station))
            return True
        self.store.do(lambda tx: self._printed(tx, job), Actor(station=self.station))
        return True

    def _has_due(self) -> bool:
        return due_job(self.store.read, self.station, self.clock.now()) is not None

    def _print(self, job: Row) -> None:
        if job["kind"] == "label":
            self.printer.print_label(label_facts(self.store.read, job, self.sender, self.clock))
        else:
            self.printer.print_slip(slip_of(self.store.read, job, self.clock))

    def _printed(self, tx: Tx, job: Row) -> None:
        label_printed(tx, job["id"])
        raw = getattr(self.printer, "last_raw", b"")
        self.state = self.state.answered(tx.now, f"{job['kind']} #{job['id']}", raw)
        if self._down:
            self._down = False
            log.info("printer of %s prints again", self.station)
        close_alert(tx, "printer_down", self.station)

    def _failed(self, job: Row, failure: PrintFailed) -> None:
        """Certainly not printed: wait and try again. Perhaps printed: a person looks."""
        if not self._down:
            log.warning("printer of %s: %s", self.station, failure.why)
        self._down = True
        self.state = self.state.failed(self.clock.now(), failure.why)

        def write(tx: Tx) -> None:
            if failure.in_doubt:
                doubt(tx, job, str(failure.why))
                return
            tx.run(
                "UPDATE print_jobs SET state = 'waiting', next_try_at = ?, last_answer = ?"
                " WHERE id = ?",
                *(tx.now + int(RETRY_S * 1000), failure.why.id, job["id"]),
            )
            raise_alert(tx, "printer_down", self.station, why=failure.why)

        self.store.do(write, Actor(station=self.station))


def due_job(read: Rows, station: str, now: int) -> Row | None:
    """The oldest job this station's printer should print."""
    return read.one(
        f"SELECT * FROM print_jobs WHERE station = ? AND {UNPRINTED} AND state = 'waiting'"
        " AND next_try_at <= ? ORDER BY +id LIMIT 1",  # + keeps it off the history, oldest first
        *(station, now),
    )


def claim_job(tx: Tx, station: str) -> Row | None:
    """Mark the next job as on the wire; a label waits while its refund or address is open."""
    while (job := due_job(tx, station, tx.now)) is not None:
        if job["kind"] != "label" or not label_stopped(tx, job["order_id"]):
            break
        tx.run(
            "UPDATE print_jobs SET next_try_at = ?, last_answer = 'held' WHERE id = ?",
            *(tx.now + 10_000, job["id"]),
        )
    if job is not None:
        tx.run(
            "UPDATE print_jobs SET state = 'sending', attempts = attempts + 1 WHERE id = ?",
            job["id"],
        )
    return job


def refuse(tx: Tx, job: Row, why: Message) -> None:
    """A slip that lost a mandatory fact since it was queued is not printed; a person hears."""
    tx.run(
        "UPDATE print_jobs SET state = 'cancelled', last_answer = ? WHERE id = ?",
        *(why.id, job["id"]),
    )
    number = tx.the("SELECT number FROM orders WHERE id = ?", job["order_id"])["number"]
    raise_alert(tx, "print_refused", number, job["order_id"], why=why)


def doubt_unfinished(tx: Tx, station: str) -> None:
    """A crash hit while a job was on the wire: nobody knows whether paper came out."""
    for job in tx.all(
        f"SELECT * FROM print_jobs WHERE station = ? AND {UNPRINTED} AND state = 'sending'", station
    ):
        doubt(tx, job, "restart")


def doubt(tx: Tx, job: Row, why: str) -> None:
    """Never print again by ourselves: a missing label is seen, a double one is shipped."""
    tx.run("UPDATE print_jobs SET state = 'in_doubt', last_answer = ? WHERE id = ?", why, job["id"])
    tx.event("print_in_doubt", job["order_id"], copy=job["copy"], of=job["kind"])
    number = tx.the("SELECT number FROM orders WHERE id = ?", job["order_id"])["number"]
    raise_alert(tx, "print_in_doubt", number, job["order_id"])


def label_facts(read: Rows, job: Row, sender: Sender, clock: Clock) -> LabelFacts:
    """Everything the label shows, read when it is printed."""
    parcel = read.one("SELECT * FROM parcels WHERE id = ?", job["parcel_id"])
    order = read.one("SELECT * FROM orders WHERE id = ?", job["order_id"])
    assert parcel is not None
    assert order is not None
    lines = read.all(
        "SELECT sku_code, title, spec, verified FROM order_lines WHERE order_id = ?"
        " AND picks = 1 AND verified > 0",
        job["order_id"],
    )
    return LabelFacts(
        waybill=parcel["waybill"],
        carrier=parcel["carrier"],
        number=order["number"],
        routing_mark=parcel["routing_mark"],
        sender=sender,
        receiver=receiver_of(order),
        goods=tuple(
            f"{line['sku_code']} {line['spec']}".strip() + f" ×{line['verified']}" for line in lines
        ),
        pieces=sum(line["verified"] for line in lines),
        weight_g=parcel["weight_g"],
        note=order["buyer_note"] or "",
        printed_at=clock.now(),
        copy=job["copy"],
    )


def slip_of(read: Rows, job: Row, clock: Clock) -> SlipFacts:
    """The order's slip, as this copy."""
    return slip(read, job["order_id"], issued_at=clock.now(), copy=job["copy"])
