"""Simulated packers: they see what a bench shows, act through its devices, and make mistakes.

A packer knows the products by heart and nothing of the program: the view after each scan, the
scale's display and the paper that comes out of the printer are all there is to go by.
"""

import logging
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from core.floor.values import BenchLine, BenchView, Step, Tone
from core.ports import Scan
from tui.demo.goods import Goods, Product
from tui.demo.hand import HANDOVER, NEXT, next_move
from tui.station import Station

log = logging.getLogger(__name__)
A_BREATH_S = 0.003
"""Real seconds between two scans: hands are slower than the program."""
PATIENCE_S = 3.0
"""Real seconds a packer waits for an answer before looking again."""
A_TROLLEY = 8
"""Parcels that are worth a walk to the courier while orders wait."""
REFUSED = frozenset({Tone.WRONG, Tone.TOO_MANY, Tone.UNKNOWN})
STRAY = "6900000000014"
"""A bar code nobody registered."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How often a packer does what; shares of the moments it could happen."""

    wire: float = 0.3
    """Scans that go through the scanner's wire; the others are typed by a wedge."""
    wrong_item: float = 0.02
    stray_code: float = 0.01
    double_scan: float = 0.03
    by_quantity: float = 0.3
    undo: float = 0.01
    hold: float = 0.008
    short: float = 0.004
    leave: float = 0.008
    forget_unit: float = 0.04
    odd_weight: float = 0.02
    breath_s: float = A_BREATH_S


class Wire(Protocol):
    """A scanner: plugged in or not."""

    @property
    def plugged(self) -> bool:
        """Whether it would be heard."""

    def scan(self, text: str) -> object:
        """Read one code."""


class Plate(Protocol):
    """A scale."""

    def put(self, grams: int) -> object:
        """Lay something on it."""

    def clear(self) -> object:
        """Lift it off."""


class Sheet(Protocol):
    """A label that came out."""

    @property
    def waybill(self) -> str:
        """ "" when it is no label."""

    @property
    def number(self) -> str:
        """Internal number."""


class Output(Protocol):
    """A printer, as far as its paper goes."""

    @property
    def labels(self) -> Sequence[Sheet]:
        """All that came out, oldest first."""


class Tools(Protocol):
    """What a packer's hands touch."""

    @property
    def scanner(self) -> Wire: ...

    @property
    def scale(self) -> Plate: ...

    @property
    def printer(self) -> Output: ...


@dataclass(slots=True)
class Tally:
    """What a packer did and how long the answers took."""

    scans: int = 0
    silent: int = 0
    """Scans no answer came to in time: the scanner was off."""
    answers_ms: list[float] = field(default_factory=list)
    mistakes: Counter[str] = field(default_factory=Counter)
    """Mistakes that were made and refused."""
    let_through: list[str] = field(default_factory=list)
    """Mistakes that were not refused: defects."""
    did: Counter[str] = field(default_factory=Counter)
    """Undo, hold, force, reprint, handover and so on."""


class Packer:
    """One person at one bench."""

    def __init__(
        self, station: Station, gear: Tools, goods: Goods, habits: Habits, *, badge: str, seed: int
    ) -> None:
        self.tally = Tally()
        self.station = station
        self.gear = gear
        self.goods = goods
        self.badge = badge
        self.habits = habits
        self.courier = threading.Event()
        """Set while the courier stands at the door."""
        self.idle = threading.Event()
        """Set while there is nothing to do."""
        self.parcels: dict[str, str] = {}
        """Internal number -> waybill of the label stuck on it; "" while none came out."""
        self.recent: deque[str] = deque(maxlen=40)
        """The last scans and their answers, for whoever looks into a difference."""
        self.aside: dict[str, float] = {}
        """Internal number of a box put aside -> when to look at it again (monotonic)."""
        self._random = random.Random(seed)
        self._view = station.bench.view()
        self._news = threading.Condition()
        self._labels_seen = 0
        self._loaded = False
        self._no_weight = 0
        self._look_again: dict[str, float] = {}
        self._gone: set[str] = set()
        self._unlabelled: set[str] = set()
        self._tried: Counter[str] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._shift, name=f"packer-{badge}", daemon=True)
        station.listener = self._shown

    def start(self) -> None:
        """Come to work."""
        self._thread.start()

    def stop(self) -> None:
        """Go home."""
        self._stop.set()
        self._thread.join(timeout=10)

    # --- seeing and doing -----------------------------------------------------------------------

    def _shown(self, view: BenchView) -> None:
        with self._news:
            self._view = view
            self._news.notify_all()

    def _scan(self, text: str) -> BenchView:
        """One code through the wire or the keys; what the bench shows then."""
        self.tally.scans += 1
        self._stop.wait(self.habits.breath_s)
        began = time.perf_counter()
        if self._random.random() < self.habits.wire and self.gear.scanner.plugged:
            before = self._view.outcome
            self.gear.scanner.scan(text)
            view = self._changed(before, PATIENCE_S)
            if view is None:
                self.tally.silent += 1
                return replace(self._look(), outcome=None)  # no beep: that was not heard
        else:
            scan = Scan(text, self.station.clock.now(), "keys")
            view = self.station.scan(scan).result(timeout=30)
            with self._news:
                self._news.wait_for(lambda: self._view.outcome is view.outcome, 0.05)
        self.tally.answers_ms.append((time.perf_counter() - began) * 1000)
        said = f"{view.outcome.tone.value} {view.outcome.say}" if view.outcome else "-"
        self.recent.append(f"{text} -> {said} [{view.number} {view.step}]")
        return view

    def _changed(self, before: object, seconds: float) -> BenchView | None:
        """The view with another answer than before; None when it stays."""
        with self._news:
            came = self._news.wait_for(lambda: self._view.outcome is not before, seconds)
            return self._view if came else None

    def _look(self) -> BenchView:
        """Look at the screen, which follows what happens elsewhere."""
        view = self.station.bench.refresh().result(timeout=30)
        with self._news:
            self._view = view
        return view

    # --- the shift --------------------------------------------------------------------------------

    def _shift(self) -> None:
        while not self._stop.is_set():
            try:
                self._next()
            except Exception as error:
                log.exception("packer %s stumbled", self.badge)
                self.tally.let_through.append(f"stumbled: {error!r}")
                self._stop.wait(0.1)

    def _next(self) -> None:
        view = self._view
        self._take_labels()
        if view.choices or not view.operator:
            self._answer(view)
        elif view.mode == "handover":
            self._hand_over(view)
        elif view.step is Step.WEIGH:
            self._weigh(view)
        elif view.step in (Step.PICK, Step.PACK):
            self._unit(view)
        else:
            self._between(view)

    def _answer(self, view: BenchView) -> None:
        """Sign in, or answer what the bench asks; a stopped box is put aside."""
        stopped = view.outcome is not None and view.outcome.tone is Tone.STOP
        self._scan(next_move(view, self.goods.products, self.badge).text)
        if stopped and view.number and view.number not in self.parcels:
            self.tally.did["stopped"] += 1
            self._put_aside(view.number)

    def _put_aside(self, number: str) -> None:
        self.aside[number] = time.monotonic() + 0.3

    # --- picking and packing ----------------------------------------------------------------------

    def _unit(self, view: BenchView) -> None:
        """The unit the bench asks for, now and then with a slip of the hand before it."""
        line = view.lines[view.current]
        if self._happens(self.habits.hold):
            return self._give_up(view, "PKHOLD1", "hold")
        if self._happens(self.habits.short) and not line.by_hand:
            return self._give_up(view, "PKSHRT1", "short")
        if self._happens(self.habits.leave):
            self._scan("PKCANC1")
            self.tally.did["left"] += 1
            return self._put_aside(view.number)
        if self._happens(self.habits.wrong_item):
            self._wrong(view, "wrong_item", self._stranger(view).barcode)
        if self._happens(self.habits.stray_code):
            self._wrong(view, "stray_code", STRAY)
        return self._right(view, line)

    def _give_up(self, view: BenchView, command: str, what: str) -> None:
        """Hold the order for one of the reasons offered."""
        asked = self._scan(command)
        if asked.choices and asked.number == view.number:
            self._scan(self._random.choice(asked.choices).code)
            self.tally.did[what] += 1
            self._put_aside(view.number)

    def _wrong(self, view: BenchView, what: str, code: str) -> None:
        """Scan what must be refused, and see that nothing was counted."""
        after = self._scan(code)
        told = after.outcome
        if told is None or after.number != view.number or after.choices:
            return  # not heard, or something else stopped the order meanwhile
        if told.tone not in REFUSED or counts(after) != counts(view):
            self.tally.let_through.append(f"{what} {code} at {view.number}: {told}")
        else:
            self.tally.mistakes[what] += 1

    def _right(self, view: BenchView, line: BenchLine) -> None:
        move = next_move(view, self.goods.products, self.badge)
        left = line.left(view.step or Step.PICK)
        if left > 1 and not line.by_hand and self._happens(self.habits.by_quantity):
            self._scan(f"PKQTY{left:02d}")
        after = self._scan(move.text)
        same = after.number == view.number and not after.choices
        if not same or after.step is not view.step:
            return
        if self._happens(self.habits.undo):
            self._scan("PKUNDO1")
            self.tally.did["undo"] += 1
        elif not line.by_hand and self._happens(self.habits.double_scan):
            self._once_more(after, line, move.text)

    def _once_more(self, view: BenchView, line: BenchLine, code: str) -> None:
        """The same unit twice: refused when every unit of its product is already counted."""
        step = view.step or Step.PICK
        if all(x.left(step) == 0 for x in view.lines if x.sku == line.sku):
            self._wrong(view, "double_scan", code)

    def _stranger(self, view: BenchView) -> Product:
        """A product that is not part of this order."""
        mine = {line.sku for line in view.lines}
        return self._random.choice([p for p in self.goods.products.values() if p.sku not in mine])

    # --- weighing ---------------------------------------------------------------------------------

    def _weigh(self, view: BenchView) -> None:
        """Put the parcel on the emptied scale; a wrong weight is put right or vouched for."""
        grams = next_move(view, self.goods.products, self.badge).grams
        known = view.weight is not None and view.weight.expected_g is not None
        if known and self._happens(self.habits.forget_unit):
            self._forget_unit(view, grams)
        elif known and self._happens(self.habits.odd_weight):
            self._odd_weight(view, grams)
        after = self._on_scale(grams)
        if after is None:
            self._no_weight += 1
            if self._no_weight >= 3 and known:
                self._vouched("no_scale")
        elif after.step is Step.LABEL and after.number == view.number:
            self._no_weight = 0
            self._weighed(after)

    def _weighed(self, view: BenchView) -> None:
        self.parcels.setdefault(view.number, "")
        self.aside.pop(view.number, None)
        if self._happens(self.habits.undo):
            self._scan("PKUNDO1")
            self.tally.did["undo_weight"] += 1
            if self._look().step is Step.WEIGH:
                self.parcels.pop(view.number, None)

    def _forget_unit(self, view: BenchView, grams: int) -> None:
        """One unit stayed on the bench: the scale must notice."""
        inside = [self.goods.products[x.sku] for x in view.lines if x.verified]
        heavy = [p for p in inside if p.grams > max(40, grams // 20)]
        if not heavy:
            return
        after = self._on_scale(grams - self._random.choice(heavy).grams)
        if after is not None and after.number == view.number and not after.choices:
            if after.step is not Step.WEIGH:
                self.tally.let_through.append(f"missing unit at {view.number}: {after.outcome}")
            else:
                self.tally.mistakes["forgotten_unit"] += 1

    def _odd_weight(self, view: BenchView, grams: int) -> None:
        """A heavy wooden box: the right goods, a weight only a supervisor may accept."""
        after = self._on_scale(grams + 400 + grams // 10)
        if after is not None and after.number == view.number and after.step is Step.WEIGH:
            self._vouched("force")

    def _vouched(self, why: str) -> None:
        """A supervisor's badge after PKFRCE1; a packer's own is tried first now and then."""
        asked = self._scan("PKFRCE1")
        if self._happens(0.3) and asked.step is Step.WEIGH and not asked.choices:
            after = self._scan(self.badge)
            if after.step is Step.LABEL:
                self.tally.let_through.append(f"forced without a supervisor: {after.number}")
            self._scan("PKFRCE1")
        after = self._scan(self.goods.supervisor)
        if after.step is Step.LABEL and after.number:
            self.tally.did[why] += 1
            self.parcels.setdefault(after.number, "")
            self.aside.pop(after.number, None)
        self._no_weight = 0
        if after.operator and after.role == "supervisor":
            self._scan(self.badge)  # the supervisor signed in by mistake

    def _on_scale(self, grams: int) -> BenchView | None:
        """Lift what lies there, put this on; what the bench says to it, None when nothing."""
        self._lift()
        before = self._view.outcome
        self.gear.scale.put(grams)
        self._loaded = True
        return self._changed(before, PATIENCE_S / 2)

    def _lift(self) -> None:
        """Empty the scale and see its display at zero."""
        if not self._loaded:
            return
        self.gear.scale.clear()
        self._loaded = False
        if self.station.scale is None:
            return  # hands are enough
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline and not self._stop.is_set():
            scale = self.station.scale
            last = scale.status.last if scale else None
            if last is not None and last.grams is not None and abs(last.grams) < 20:
                return
            time.sleep(0.002)

    # --- between two orders -----------------------------------------------------------------------

    def _between(self, view: BenchView) -> None:
        """No parcel in hand: the next order, the courier, a box put aside, a missing label."""
        if self._loaded:
            self.gear.scale.clear()
            self._loaded = False
        if view.step is Step.LABEL and view.number not in self._gone:
            self.parcels.setdefault(view.number, "")
        ready = len(self._to_scan()) if self.courier.is_set() else 0
        if ready >= A_TROLLEY or (ready and not view.waiting):
            self._scan(HANDOVER)
            return
        if view.waiting and self._got_order(self._scan(NEXT)):
            self.idle.clear()
            return
        if not (self._reopen() or self._reprint()):
            self._rest()

    def _got_order(self, view: BenchView) -> bool:
        return view.step in (Step.PICK, Step.PACK, Step.WEIGH)

    def _rest(self) -> None:
        if not self._to_scan() and not self.aside:
            self.idle.set()
        self._stop.wait(0.02)
        self._look()

    def _reopen(self) -> bool:
        """A box put aside may go on meanwhile."""
        now = time.monotonic()
        number = next((n for n, at in self.aside.items() if at <= now), None)
        if number is None:
            return False
        view = self._scan(number)
        if view.number == number:
            self.tally.did["resumed"] += 1
            del self.aside[number]
        elif self._told(view, "open.held", "open.address_changed", "open.not_ready"):
            self._tried[number] += 1
            self.aside[number] = now + min(5.0, 0.3 * 2 ** self._tried[number])
        else:
            del self.aside[number]
        return True

    def _told(self, view: BenchView, *ids: str) -> bool:
        """Whether the bench said one of these."""
        return view.outcome is not None and view.outcome.say.id in ids

    def _reprint(self) -> bool:
        """A parcel whose label did not come out: open its order and ask for it again."""
        now = time.monotonic()
        waits = [n for n, waybill in self.parcels.items() if not waybill]
        number = next((n for n in waits if self._look_again.setdefault(n, now + 1.0) <= now), None)
        if number is None:
            return False
        self._tried[number] += 1
        self._look_again[number] = now + min(5.0, 2 ** self._tried[number])
        view = self._scan(number)
        self._take_labels()
        if view.number != number:
            if self._told(view, "open.cancelled", "open.shipped"):
                self._forget(number)
        elif view.step is not Step.LABEL:
            self.parcels.pop(number)
        elif not self.parcels.get(number) and self._is_lost(view):
            self._scan("PKPRNT1")
            self.tally.did["reprint"] += 1
        return True

    def _is_lost(self, view: BenchView) -> bool:
        """Whether the screen says that the label went out, but no paper is there."""
        told = view.last_parcel
        return bool(view.waybill) and (
            told is None
            or told.data.get("number") != view.number
            or told.id in ("fate.printed", "fate.in_doubt")
        )

    # --- labels and the courier -------------------------------------------------------------------

    def _take_labels(self) -> None:
        """Stick what came out of the printer on its parcel."""
        labels = self.gear.printer.labels
        for label in labels[self._labels_seen :]:
            self._labels_seen += 1
            if label.number in self.parcels:
                self.parcels[label.number] = label.waybill

    def _to_scan(self) -> list[str]:
        """Parcels that may go with the courier."""
        now = time.monotonic()
        return [
            number
            for number, waybill in self.parcels.items()
            if waybill and self._look_again.get(f"out {number}", 0.0) <= now
        ]

    def _hand_over(self, view: BenchView) -> None:
        """Scan out parcel by parcel; what the bench refuses stays here."""
        for number in self._to_scan():
            after = self._scan(self.parcels[number])
            told = after.outcome
            if told is None or after.mode != "handover":
                return
            if self._told(after, "scan.handed_over", "scan.already_handed_over"):
                self.tally.did["handed_over"] += 1
                self._forget(number)
            elif self._told(after, "handover.cancelled"):
                self.tally.did["stayed"] += 1
                self._forget(number)
            elif (
                self._told(after, "handover.voided", "handover.replaced", "handover.replaced_soon")
                or number in self._unlabelled
            ):
                self._unlabelled.discard(number)
                self.parcels[number] = ""
            else:
                if self._told(after, "handover.not_labelled"):
                    self._unlabelled.add(number)
                self._look_again[f"out {number}"] = time.monotonic() + 0.5
        self._scan(HANDOVER)

    def _forget(self, number: str) -> None:
        """This parcel is no longer ours."""
        self.parcels.pop(number, None)
        self._gone.add(number)

    def _happens(self, share: float) -> bool:
        return self._random.random() < share


def counts(view: BenchView) -> list[tuple[int, int, int]]:
    """What is counted of an order."""
    return [(line.line_id, line.picked, line.verified) for line in view.lines]
