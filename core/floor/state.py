"""Everything a bench remembers between two scans, and the shape of a decision."""

from dataclasses import dataclass
from enum import Enum

from core.floor.changes import Change, Undoable
from core.floor.meaning import Meaning
from core.floor.replacing import replace
from core.floor.values import BackTask, Choice, Outcome, Step, Tone
from core.floor.work import Operator, Work, WorkLine
from core.messages import Message

TRAIL = 50
"""How many scans back PKUNDO1 reaches."""


class Asking(Enum):
    """What the bench waits for; while it waits, nothing underneath is touched."""

    HOLD = "hold"
    SHORT = "short"
    DAMAGED = "damaged"
    FORCE = "force"
    """A supervisor's badge as the very next scan."""
    NOTE = "note"
    HALT = "halt"
    """A stop: repeats until it is acknowledged."""
    WHICH = "which"
    """Two meanings fit."""
    VOID = "void"
    """Undo would void a bought label."""
    MISSING = "missing"
    """Goods to be put back that are not there."""
    AGAIN = "again"
    """Void a label and buy another: first which parcel, then a supervisor's badge."""


@dataclass(frozen=True, slots=True)
class Question:
    """One open question; only its answers, help, a call and locking get through."""

    asking: Asking
    about: Message
    choices: tuple[Choice, ...] = ()
    line_id: int = 0
    units: int = 0
    because: str = ""
    """For a stop: which news."""
    options: tuple[Meaning, ...] = ()
    text: str = ""
    number: str = ""
    """For another label: which order, once that is known."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A stable reading that is not booked."""

    grams: int
    at: int


@dataclass(frozen=True, kw_only=True)
class BenchState:
    """One bench, between two scans; immutable."""

    station: str
    operator: Operator | None = None
    work: Work | None = None
    question: Question | None = None
    mode: str = "orders"
    """``orders``, ``handover`` or ``put_back``."""
    backs: tuple[BackTask, ...] = ()
    """What is to be put back, as the store told it last."""
    back: int = 0
    """The task whose goods are in hand."""
    back_done: tuple[int, ...] = ()
    """The tasks closed here, newest last, for PKUNDO1."""
    multiplier: int = 1
    """Units the next item scan stands for."""
    error_lock: bool = False
    """Setting: a wrong item locks the bench until the right one (or PKUNDO1) is scanned."""
    locked: bool = False
    rearmed: bool = True
    """The plate was empty since the last booked weight."""
    on_scale: Reading | None = None
    wish: int = 0
    """How many readings were asked for; see ``WeightView.wish``."""
    same_load: bool = False
    off: Reading | None = None
    """A reading that did not fit and waits for a recount or a supervisor."""
    trail: tuple[tuple[Undoable, ...], ...] = ()
    """What PKUNDO1 takes back, newest last; one entry per scan."""
    touched: int = 0
    """Line of the last good scan: stays current while it wants more."""
    outcome: Outcome | None = None
    last_bad: Outcome | None = None
    last_parcel: Message | None = None
    last_command: str = ""
    last_command_at: int = 0

    @property
    def step(self) -> Step | None:
        """Where the parcel is; None while no order is open."""
        return self.work.step if self.work else None

    @property
    def busy(self) -> bool:
        """Whether an order is open that is not finished."""
        return self.work is not None and self.work.step is not Step.LABEL

    def back_task(self) -> BackTask | None:
        """The task whose goods are in hand."""
        return next((task for task in self.backs if task.id == self.back), None)

    def current(self) -> int:
        """Index of the line to do next; 0 when nothing is left."""
        if self.work is None:
            return 0
        step = self.work.step
        left = [i for i, line in enumerate(self.work.lines) if line.left(step) > 0]
        ready = [i for i in left if not self.work.lines[i].by_hand] or left
        kept = (i for i in ready if self.work.lines[i].line_id == self.touched)
        return next(kept, ready[0] if ready else 0)

    def current_line(self) -> WorkLine | None:
        """The line to do next, while a pick or pack step is open."""
        if self.work is None or self.work.step not in (Step.PICK, Step.PACK):
            return None
        return self.work.lines[self.current()]


@dataclass(frozen=True, slots=True)
class Decision:
    """What one event leads to; nothing has happened until ``changes`` are committed."""

    state: BenchState
    outcome: Outcome | None = None
    """None when there is nothing to say, such as a reading while no parcel is due."""
    changes: tuple[Change, ...] = ()


def without_work(state: BenchState) -> BenchState:
    """The bench with no order open: questions and the undo trail go with it."""
    return replace(
        state,
        work=None,
        question=None,
        multiplier=1,
        locked=False,
        off=None,
        same_load=False,
        trail=(),
        touched=0,
    )


BAD = frozenset({Tone.WRONG, Tone.TOO_MANY, Tone.UNKNOWN})
GOOD = frozenset({Tone.ACCEPTED, Tone.COMPLETE})


def remember(decision: Decision) -> Decision:
    """Keep the answer on the bench; the last bad one stays until the next good one."""
    outcome = decision.outcome
    if outcome is None:
        return decision
    bad = decision.state.last_bad
    if outcome.tone in BAD:
        bad = outcome
    elif outcome.tone in GOOD:
        bad = None
    return replace(decision, state=replace(decision.state, outcome=outcome, last_bad=bad))
