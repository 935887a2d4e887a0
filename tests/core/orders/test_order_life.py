"""Any order of tellings, floor work and arrivals keeps the books right."""

import itertools
from contextlib import ExitStack
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.events import first_broken
from core.orders import holds
from core.orders.audit import recheck
from core.orders.intake import Taken
from core.ports import Receiver
from core.stock import differences, receive
from tests.core.orders.warehouse import (
    BOSS,
    CUP,
    PACKER,
    STAGES,
    TEE,
    column,
    dump,
    line,
    open_store,
    order,
    quick_folder,
    reasons,
    step,
    tell,
)

NUMBERS = st.sampled_from(["T1", "T2", "T3"])
SKUS = st.sampled_from(["TEE", "CUP", "SET", "TEE", "NOPE"])
UNITS = st.integers(1, 3)
LINES = st.integers(0, 2)
REFUNDS = st.sampled_from(
    ["NO_REFUND", "CLOSED", "WAIT_SELLER_AGREE", "NO_REFUND", "SUCCESS", "ODD_WORD"]
)
STATUSES = st.sampled_from(["WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_PAY", "ODD_WORD"])
RECEIVERS = st.sampled_from(
    [
        Receiver(name="张三", phone="13800001234", province="浙江省", address="文一路1号"),
        Receiver(name="李四", phone="13900001234", province="广东省", address="天河路2号"),
        Receiver(name="张**", phone="138****1234", province="浙江省", address="文一路**"),
        Receiver(),
    ]
)


class OrderLife(RuleBasedStateMachine):
    """The platform's truth beside ours; some tellings come late, twice or out of order."""

    @initialize()
    def open(self):
        self.folder = ExitStack()
        self.store = open_store(self.folder.enter_context(quick_folder()) / "p.db", units=7)
        self.truth = {}
        self.told = {}
        self.heard = []
        self.numbers = {}
        self.stages = {}
        self.versions = itertools.count(1)
        self.change("T1", order("T1", line("TEE", 2), line("CUP")))
        self.change("T2", order("T2", line("SET")))

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()
            self.folder.close()

    # --- the platform ----------------------------------------------------------------------------

    @rule(number=NUMBERS, lines=st.lists(st.tuples(SKUS, UNITS), min_size=1, max_size=3))
    def place(self, number, lines):
        if number not in self.truth:
            made = order(number, *(line(sku, units) for sku, units in lines))
            self.change(number, made)

    @rule(number=NUMBERS, which=LINES, units=UNITS)
    def quantity(self, number, which, units):
        self.edit(number, which, quantity=units)

    @rule(number=NUMBERS, which=LINES, word=REFUNDS)
    def refund(self, number, which, word):
        self.edit(number, which, refund=word)

    @rule(number=NUMBERS, which=LINES, sku=SKUS)
    def another_product(self, number, which, sku):
        self.edit(number, which, sku=sku)

    @rule(number=NUMBERS, which=LINES)
    def remove_line(self, number, which):
        now = self.truth.get(number)
        if now and len(now.lines) > 1:
            which %= len(now.lines)
            self.change(number, replace(now, lines=now.lines[:which] + now.lines[which + 1 :]))

    @rule(number=NUMBERS, sku=SKUS, position=st.integers(1, 4))
    def add_line(self, number, sku, position):
        now, sub = self.truth.get(number), f"{number}-{position}"
        if now and sub not in {x.sub_number for x in now.lines}:
            self.change(number, replace(now, lines=(*now.lines, line(sku, sub=sub))))

    @rule(number=NUMBERS, receiver=RECEIVERS)
    def address(self, number, receiver):
        if now := self.truth.get(number):
            self.change(number, replace(now, receiver=receiver))

    @rule(number=NUMBERS, status=STATUSES)
    def status(self, number, status):
        if now := self.truth.get(number):
            self.change(number, replace(now, status=status))

    @rule(number=NUMBERS, really=st.sampled_from([False, False, True]))
    def close(self, number, really):
        if really and (now := self.truth.get(number)):
            self.change(number, replace(now, status="TRADE_CLOSED"))

    def edit(self, number, which, **facts):
        if now := self.truth.get(number):
            lines = list(now.lines)
            lines[which % len(lines)] = replace(lines[which % len(lines)], **facts)
            self.change(number, replace(now, lines=tuple(lines)))

    def change(self, number, new):
        new = replace(new, modified_at=new.created_at + next(self.versions))
        self.truth[number] = new
        self.hear(new)

    def hear(self, telling):
        self.heard.append(telling)
        answer = tell(self.store, telling)
        self.told[telling.number] = telling
        assert self.numbers.setdefault(telling.number, answer.number) == answer.number

    @precondition(lambda self: self.heard)
    @rule(data=st.data())
    def hear_again(self, data):
        """A replayed page: the newest telling is the same, any other is older."""
        telling = data.draw(st.sampled_from(self.heard))
        before = dump(self.store)
        self.store.clock.advance(1)
        answer = tell(self.store, telling)
        assert answer.taken in (Taken.SAME, Taken.OLDER)
        assert dump(self.store) == before

    # --- the floor -------------------------------------------------------------------------------

    @rule(number=NUMBERS)
    def work_on(self, number):
        self.walk(number, 1)

    @rule(number=NUMBERS)
    def pack(self, number):
        self.walk(number, 3)

    @rule(number=NUMBERS)
    def label(self, number):
        self.walk(number, 4)

    @rule(number=NUMBERS)
    def ship(self, number):
        self.walk(number, 5)

    def walk(self, number, steps):
        for _ in range(steps):
            row = self.row(number)
            if row is None or not row["open"] or row["held"] or row["stage"] == "received":
                return
            following = STAGES[STAGES.index(row["stage"]) + 1]
            self.store.do(lambda tx, to=following, x=row["id"]: step(tx, x, to), PACKER)
            self.stages_move_along_the_path_only()

    @rule(number=NUMBERS)
    def judge(self, number):
        """A supervisor lets go whatever may be let go."""
        if row := self.row(number):
            for reason in reasons(self.store, number) - (holds.AUTOMATIC - holds.OVERRULABLE):
                self.store.do(lambda tx, r=reason: holds.release(tx, row["id"], r), BOSS)

    @rule(sku=st.sampled_from([TEE, CUP]), units=UNITS)
    def arrive(self, sku, units):
        self.store.do(lambda tx: receive(tx, 1, sku, units))
        self.store.do(lambda tx: recheck(tx, 0, 100))

    def row(self, number):
        return self.store.read.one("SELECT * FROM orders WHERE platform_number = ?", number)

    # --- the books -------------------------------------------------------------------------------

    @invariant()
    def the_books_balance(self):
        if not hasattr(self, "store"):
            return
        read = self.store.read
        assert differences(read) == []
        promised = read.all(
            "SELECT o.warehouse_id AS w, l.sku_id AS s, sum(l.reserved) AS n FROM order_lines l"
            " JOIN orders o ON o.id = l.order_id WHERE l.reserved > 0 GROUP BY 1, 2"
        )
        kept = read.all("SELECT warehouse_id AS w, sku_id AS s, reserved AS n FROM stock")
        found = {(r["w"], r["s"]): r["n"] for r in promised}
        assert {(r["w"], r["s"]): r["n"] for r in kept if r["n"]} == found
        wrong = read.all(
            "SELECT id FROM orders o WHERE held <> (SELECT count(*) FROM holds h"
            " WHERE h.order_id = o.id AND h.released_at IS NULL)"
        )
        assert wrong == []
        assert column(self.store, "SELECT count(*) - count(DISTINCT number) FROM orders") == [0]

    @invariant()
    def each_order_is_what_the_shop_last_told(self):
        if not hasattr(self, "store"):
            return
        for row in self.store.read.all("SELECT * FROM orders"):
            lines = self.store.read.all("SELECT * FROM order_lines WHERE order_id = ?", row["id"])
            ready = row["open"] and row["ready_at"] is not None
            settled = row["labelled_at"] is None
            for x in lines:
                if not ready:
                    assert x["reserved"] == 0
                elif settled:
                    assert x["reserved"] == x["wanted"]
            if row["open"] and settled:
                self.as_told(self.told[row["platform_number"]], lines)
            refunds = {x["refund"] for x in lines}
            if row["open"] and "open" in refunds:
                assert row["held"] > 0

    def as_told(self, told, lines):
        wanted = {x["sub_number"]: x["wanted"] for x in lines if x["wanted"]}
        assert wanted == expected(told)

    @invariant()
    def stages_move_along_the_path_only(self):
        if not hasattr(self, "store"):
            return
        for row in self.store.read.all("SELECT id, stage FROM orders"):
            before, now = self.stages.get(row["id"], "received"), row["stage"]
            assert now in allowed(before), (before, now)
            self.stages[row["id"]] = now
            assert first_broken(self.store.read, row["id"]) is None


def allowed(before: str) -> set[str]:
    """Where an order may be after one thing happened to it."""
    if before in ("shipped", "cancelled"):
        return {before}
    onward = STAGES[STAGES.index(before) + 1]
    back = set() if before == "labelled" else {"received", "ready"}
    return {before, onward, "cancelled"} | back


def expected(told) -> dict[str, int]:
    """Sub-number -> units, as a careful person would read the shop's telling."""
    found = {}
    for x in told.lines:
        if x.refund == "SUCCESS":
            continue
        if x.sku == "SET":
            found[f"{x.sub_number}+TEE"] = 2 * x.quantity
            found[f"{x.sub_number}+CUP"] = x.quantity
        else:
            found[x.sub_number] = x.quantity
    return found


def test_any_order_of_events_keeps_the_books():
    run_state_machine_as_test(
        OrderLife,
        settings=settings(max_examples=30, stateful_step_count=25, deadline=None, derandomize=True),
    )
