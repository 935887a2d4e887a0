"""Any scans, commands, weights and news in any order: what must never break."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.floor.changes import (
    Claimed,
    HandedOver,
    Held,
    LeftOpen,
    Picked,
    Shorted,
    StepDone,
    Undone,
    Verified,
    Weighed,
)
from core.floor.commands import sheet
from core.floor.state import BAD
from core.floor.values import Step
from core.floor.work import Opening
from core.messages import message
from tests.core.floor.bench_world import (
    BOSS,
    ITEM_BLUE,
    ITEM_CUP,
    ITEM_RED,
    NUMBER,
    SECOND,
    Shelf,
    Shift,
    counts_of,
    cup_line,
    order,
    red_line,
)

COMMANDS = st.sampled_from([given.code for given in sheet()])
ITEMS = st.sampled_from([ITEM_RED, ITEM_RED, ITEM_CUP, ITEM_BLUE, "X1"])
OTHERS = st.sampled_from(
    (
        *("A-01", "B-02", "C-03", "SF1234567890123", "STBENCH1", "STBENCH2", "@@", "PKZZZ99"),
        *("TT001", "TT002"),
        *("BG7777", "DB20260120777", "4006381333931", f"PL1|{NUMBER}|x"),
    )
)
BADGES = st.sampled_from(["BG0001", "BG0002", "BG0009"])
THIRD = "DB202601201001"
RECORDING = (Picked, Verified, Shorted, Weighed, StepDone, Undone, Held, HandedOver)
ORDER_OF_STEPS = [Step.PICK, Step.PACK, Step.WEIGH]


class Floor(RuleBasedStateMachine):
    """One bench, two orders, everything at random."""

    @initialize(switches=st.tuples(*[st.booleans()] * 7))
    def open_the_shop(self, switches):
        partial, once, bins, note, lock, known, hand = switches
        lines = (red_line(), cup_line(unit_g=350 if known else None, by_hand=hand))
        work = order(
            lines=lines, partial_ok=partial, pick_first=not once, bin_required=bins, note_open=note
        )
        second = replace(work, order_id=8, number=SECOND, lines=(red_line(wanted=1),))
        shelf = Shelf(orders={NUMBER: Opening(NUMBER, work), SECOND: Opening(SECOND, second)})
        self.single = replace(work, order_id=9, number=THIRD, lines=(cup_line(line_id=9),))
        shelf.singles = {"CUP-1": Opening(THIRD, self.single)}
        shelf.totes = {"TT002": Opening(SECOND, second)}
        self.bench = Shift(shelf, error_lock=lock)
        self.history = {}
        self.done = {}

    def check(self, act, before):
        bench = self.bench
        outcome = act()
        if outcome is not None and outcome.tone in BAD:
            assert not any(isinstance(change, RECORDING) for change in bench.changes)
        order_id = self.order_id(before)
        for change in bench.changes:
            if isinstance(change, Claimed):
                order_id = change.order_id
            self.account(change, before, order_id)

    def account(self, change, before, order_id):
        work = before.work
        if isinstance(change, Picked | Verified) and change.forced_by is not None:
            assert change.forced_by == BOSS.id
        if isinstance(change, Weighed):
            wanted = change.expected_g
            if wanted is not None and abs(change.grams - wanted) > 30:
                assert change.forced_by == BOSS.id
            assert not work.to_read or not self.bench.state.work.to_read
        if isinstance(change, StepDone):
            closed = self.done.setdefault(order_id, [])
            closed.append(change.step)
            assert closed == ORDER_OF_STEPS[: len(closed)]
        if isinstance(change, Undone):
            self.undone(change, before)
        if isinstance(change, LeftOpen):
            # the store keeps progress; this small world forgets it
            self.done.pop(change.order_id, None)
        if isinstance(change, Claimed):
            self.done[change.order_id] = []

    def order_id(self, before):
        work = before.work or self.bench.state.work
        return work.order_id if work else 0

    def undone(self, change, before):
        closed = self.done.get(self.order_id(before), [])
        if change.reopens is not None:
            start = ORDER_OF_STEPS.index(change.reopens)
            if change.reopens is Step.PACK and not before.work.pick_first:
                start = 0
            del closed[start:]

    def run(self, act):
        bench = self.bench
        before, counts = bench.state, bench.counts()
        trail = before.trail
        self.check(act, before)
        after = bench.state
        same = before.work and after.work and before.work.order_id == after.work.order_id
        if not same:
            self.history.clear()
            if after.trail:  # opened by its one piece
                self.history[0] = counts_of(self.single)
        elif len(after.trail) > len(trail):
            self.history[len(trail)] = counts
        elif any(isinstance(change, Undone) for change in bench.changes):
            assert bench.counts() == self.history.pop(len(after.trail))

    @rule(code=ITEMS)
    def scan_item(self, code):
        self.run(lambda: self.bench.scan(code))

    @rule(moves=st.integers(1, 9))
    def work_on(self, moves):
        """A good packer does what the bench asks: most of a shift goes well."""
        for _ in range(moves):
            self.good_move()

    def good_move(self):
        state, bench = self.bench.state, self.bench
        line = state.current_line()
        if state.operator is None:
            self.run(lambda: bench.scan("BG0001"))
        elif state.question is not None:
            code = state.question.choices[0].code if state.question.choices else "BG0009"
            self.run(lambda: bench.scan(code))
        elif state.mode == "handover" or state.step is Step.LABEL:
            self.run(lambda: bench.scan("PKDONE1"))
        elif state.work is None:
            self.run(lambda: bench.scan(NUMBER))
        elif line is None:
            self.run(lambda: bench.weigh(0))
            self.run(lambda: bench.weigh(state.work.expected_g or 777))
        elif state.step is Step.PICK and state.work.bin_required and line.bin != state.work.at_bin:
            self.run(lambda: bench.scan(line.bin))
        elif line.by_hand:
            self.run(lambda: bench.scan("PKDONE1"))
        else:
            self.run(lambda: bench.scan(ITEM_RED if line.sku_id == 101 else ITEM_CUP))

    @rule(grams=st.sampled_from([200, 395, 5000]))
    def force(self, grams):
        self.run(lambda: self.bench.weigh(grams))
        self.run(lambda: self.bench.scan("PKFRCE1"))
        self.run(lambda: self.bench.scan("BG0009"))

    @rule(times=st.integers(1, 4))
    def undo(self, times):
        for _ in range(times):
            self.run(lambda: self.bench.scan("PKUNDO1"))

    @rule(code=COMMANDS)
    def scan_command(self, code):
        self.run(lambda: self.bench.scan(code))

    @rule(code=COMMANDS)
    def press_key(self, code):
        self.run(lambda: self.bench.press(code))

    @rule(code=st.sampled_from(["PKUNDO1", "PKYES01", "PKFRCE1", "PKNO001", "PKCH001"]))
    def scan_frequent(self, code):
        self.run(lambda: self.bench.scan(code))

    @rule(code=BADGES)
    def scan_badge(self, code):
        self.run(lambda: self.bench.scan(code))

    @rule(code=st.sampled_from([NUMBER, SECOND, "PKNEXT1"]))
    def open_order(self, code):
        self.run(lambda: self.bench.scan(code))

    @rule(code=OTHERS)
    def scan_other(self, code):
        self.run(lambda: self.bench.scan(code))

    @rule(text=st.text(max_size=20))
    def scan_garbage(self, text):
        self.run(lambda: self.bench.scan(text))

    @rule(grams=st.sampled_from([0, -50, 3, 200, 201, 395, 550, 750, 751, 900, 5000]))
    def reading(self, grams):
        self.run(lambda: self.bench.weigh(grams))

    @rule(kind=st.sampled_from(["refund", "cancel", "taken", "edit"]))
    def news(self, kind):
        words = {"taken": message("news.taken", number=NUMBER, station="B2")}
        words["edit"] = message("news.address")
        self.run(lambda: self.bench.hear(kind, words.get(kind)))

    @invariant()
    def counts_stay_in_order(self):
        if not hasattr(self, "bench"):
            return
        for _, wanted, picked, verified, short in self.bench.counts():
            assert 0 <= verified <= picked <= wanted
            assert short >= 0

    @invariant()
    def the_view_can_be_painted(self):
        if hasattr(self, "bench"):
            seen = self.bench.view
            assert 0 <= seen.current < max(1, len(seen.lines))

    @invariant()
    def weighed_only_when_everything_is_in(self):
        work = self.bench.state.work if hasattr(self, "bench") else None
        if work and work.weighed_g is not None:
            assert work.left(Step.PACK) == 0


TestFloor = Floor.TestCase
TestFloor.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
