"""A small warehouse for the rules: a lookup in memory and a shift that reads like one."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.floor.changes import Change
from core.floor.commands import parse
from core.floor.intents import News, NewsKind, Pressed, Scanned, Weight
from core.floor.machine import decide
from core.floor.meaning import classify, command
from core.floor.state import BenchState
from core.floor.totes import FORM
from core.floor.values import Outcome, Step, Tone
from core.floor.view import view
from core.floor.work import (
    Box,
    Opening,
    Operator,
    ParcelRef,
    ProductRef,
    ToteRef,
    Work,
    WorkLine,
)
from core.messages import Message, message

LI = Operator(1, "李雷", "packer")
HAN = Operator(2, "韩梅梅", "packer")
BOSS = Operator(9, "王主管", "supervisor", supervisor=True)
RED = ProductRef(101, "TS-RED-L", "T恤", "红 L", None)
BLUE = ProductRef(102, "TS-BLUE-L", "T恤", "蓝 L", None)
CUP = ProductRef(103, "CUP-1", "杯子", "白", None)
NUMBER, SECOND = "DB20260120001", "DB202601201000"


def red_line(**more):
    line = WorkLine(
        line_id=1, sku_id=101, sku="TS-RED-L", spec="红 L", bin="A-01", wanted=2, unit_g=200
    )
    return replace(line, **more)


def cup_line(**more):
    return replace(
        WorkLine(line_id=2, sku_id=103, sku="CUP-1", spec="白", bin="B-02", wanted=1, unit_g=350),
        **more,
    )


def order(**more):
    work = Work(order_id=7, number=NUMBER, lines=(red_line(), cup_line()), shop="一号店")
    return replace(work, **more)


@dataclass
class Shelf:
    """What the rules may ask, in memory."""

    badges: dict = field(default_factory=lambda: {"BG0001": LI, "BG0002": HAN, "BG0009": BOSS})
    stations: dict = field(default_factory=lambda: {"STBENCH1": "B1", "STBENCH2": "B2"})
    orders: dict = field(default_factory=lambda: {NUMBER: Opening(NUMBER, order())})
    bins: set = field(default_factory=lambda: {"A-01", "B-02", "C-03"})
    waybills: dict = field(
        default_factory=lambda: {"SF1234567890123": ParcelRef(5, "SF1234567890123", SECOND)}
    )
    codes: dict = field(
        default_factory=lambda: {
            "6901234567892": (RED,),
            "6901234567908": (BLUE,),
            "6901234567915": (CUP,),
            "X1": (RED, CUP),
        }
    )
    boxes: dict = field(default_factory=lambda: {3: Box(3, "M", 100)})
    upcoming: str = NUMBER
    singles: dict = field(default_factory=dict)
    totes: dict = field(default_factory=dict)
    backs: tuple = ()

    def badge(self, text):
        return self.badges.get(text)

    def station(self, text):
        return self.stations.get(text)

    def order(self, number):
        return self.orders.get(number)

    def bin(self, text):
        return text if text in self.bins else None

    def waybill(self, text):
        return self.waybills.get(text)

    def products(self, text):
        return self.codes.get(text, ())

    def box(self, number):
        return self.boxes.get(number)

    def next_order(self):
        return self.orders.get(self.upcoming)

    def tote(self, text):
        return ToteRef(text, self.totes.get(text)) if FORM.fullmatch(text) else None

    def single(self, ref):
        return self.singles.get(ref.sku)

    def put_backs(self):
        return self.backs


ITEM_RED, ITEM_BLUE, ITEM_CUP = "6901234567892", "6901234567908", "6901234567915"


class Shift:
    """One bench under test: every act gives the answer, and checks the catalogues on the way."""

    def __init__(self, shelf=None, signed_in=True, **state):
        self.shelf = shelf or Shelf()
        self.state = BenchState(station="B1", **state)
        self.now = 1_000_000
        self.changes: tuple[Change, ...] = ()
        self.told: list[Change] = []
        if signed_in:
            self.scan("BG0001")

    def scan(self, text):
        return self._do(Scanned(text, classify(text, self.shelf)))

    def scans(self, *texts):
        return [self.scan(text) for text in texts][-1]

    def press(self, code):
        return self._do(Pressed(command(parse(code), self.shelf)))

    def weigh(self, grams, at=None):
        return self._do(Weight(grams, self.now + 1000 if at is None else at))

    def hear(self, kind, what=None):
        return self._do(News(NewsKind(kind), what or message(f"news.{kind}", number=NUMBER)))

    def _do(self, event):
        self.now += 1000
        decision = decide(self.state, event, self.now)
        self.state, self.changes = decision.state, decision.changes
        self.told += decision.changes
        if decision.outcome:
            assert_said(decision.outcome)
        return decision.outcome

    @property
    def view(self):
        return view(self.state)

    @property
    def step(self) -> Step | None:
        return self.state.step

    def counts(self):
        return counts_of(self.state.work)

    def packed(self):
        """Picked and packed, ready for the scale."""
        items = (ITEM_RED, ITEM_RED, ITEM_CUP)
        return self.scans(NUMBER, *items, *items)


def counts_of(work: Work | None):
    lines = work.lines if work else ()
    return [(x.line_id, x.wanted, x.picked, x.verified, x.short) for x in lines]


def tone(outcome: Outcome | None) -> Tone | None:
    return outcome.tone if outcome else None


ENTRY = re.compile(r'^msgid "(.+)"\nmsgstr "(.*)"$', re.MULTILINE)


def catalogue(language, domain="floor"):
    root = Path(__file__).parents[3] / "data/locales"
    text = (root / language / "LC_MESSAGES" / f"{domain}.po").read_text(encoding="utf-8")
    return {key: value.replace('\\"', '"') for key, value in ENTRY.findall(text)}


CATALOGUES = {language: catalogue(language) for language in ("en", "zh_CN")}


def speak(said: Message, words: dict[str, str]) -> str:
    """The sentence; fails when the catalogue lacks it or asks for data that is not there."""
    data = {
        key: speak(value, words) if isinstance(value, Message) else value
        for key, value in said.data.items()
    }
    return words[said.id].format(**data)


def assert_said(outcome: Outcome) -> None:
    for words in CATALOGUES.values():
        assert speak(outcome.say, words)
        assert speak(outcome.next, words)
