"""A guide for a newcomer without a scanner: says the next step, and does it on the real devices."""

import threading

from core.floor.values import BenchView, Step
from core.messages import Message, message
from drivers.simulated.printer import PrintedLabel
from tui.demo.goods import Goods
from tui.demo.hand import HANDOVER, Do, Move, next_move, scan
from tui.demo.world import Gear


class Guide:
    """One bench's guide; the scanner really reads and the scale really weighs."""

    def __init__(self, gear: Gear, goods: Goods, badge: str) -> None:
        self._gear = gear
        self._goods = goods
        self._badge = badge
        self._loaded = False
        self._handed: set[str] = set()
        self._turn = threading.Lock()

    def line(self, view: BenchView) -> Message:
        """What to do now, as one sentence."""
        return self._move(view).why

    def act(self, view: BenchView) -> None:
        """Do it: returns at once, the devices do the rest."""
        with self._turn:
            move = self._move(view)
            if self._loaded:
                self._gear.scale.clear()
                self._loaded = False
                if move.do is Do.WEIGH:
                    return
            if move.do is Do.WEIGH:
                self._gear.scale.put(move.grams)
                self._loaded = True
            elif move.do is Do.SCAN:
                if view.mode == "handover" and move.text != HANDOVER:
                    self._handed.add(move.text)
                self._gear.scanner.scan(move.text)

    def _move(self, view: BenchView) -> Move:
        """A packer's next movement; a label that came out goes to the courier first."""
        label = self._to_hand_over()
        if view.choices or not view.operator:
            return next_move(view, self._goods.products, self._badge)
        if view.mode == "handover" and label is not None:
            return scan(label.waybill, "demo.handover", number=label.number)
        if view.mode == "orders" and view.step in (None, Step.LABEL):
            if label is not None:
                return scan(HANDOVER, "demo.handover_begin")
            if view.step is Step.LABEL and not view.waybill:
                return scan("PKNEXT1", "demo.label_later")
        if view.step is Step.WEIGH and self._loaded:
            return Move(Do.WEIGH, message("demo.empty_scale"))
        return next_move(view, self._goods.products, self._badge)

    def _to_hand_over(self) -> PrintedLabel | None:
        """A label on paper whose parcel still stands here."""
        labels = list(self._gear.printer.labels)
        return next((x for x in labels if x.waybill and x.waybill not in self._handed), None)
