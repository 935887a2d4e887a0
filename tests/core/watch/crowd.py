"""People to be told: notifiers in memory that remember what arrived."""

from collections import deque

from core.config import NotifierConfig
from core.ports import CallFailed, Fault
from core.watch import notices, raise_alert
from core.watch.delivery import Delivery


class Crowd:
    """One group in memory; ``fails`` is what goes wrong next, None for nothing."""

    limit = 2000

    def __init__(self):
        self.heard = []
        self.fails = deque()

    def send(self, notice):
        failure = self.fails.popleft() if self.fails else None
        if isinstance(failure, Lost):
            self.heard.append(notice)
            raise CallFailed(Fault.TRANSIENT, "timeout", in_doubt=True)
        if failure is not None:
            raise failure
        self.heard.append(notice)

    @property
    def lines(self):
        return [line for notice in self.heard for line in notice.lines]

    @property
    def titles(self):
        return [notice.title for notice in self.heard]


class Lost(Exception):  # noqa: N818
    """It arrives, and the answer does not."""


class Plain:
    """Words without a catalogue: the subject, and what is special."""

    def title(self, count, *, again):
        return f"{count}{' again' if again else ''}"

    def line(self, told):
        return told.subject + "!" * told.level + (" over" if told.over else "")

    def trial(self):
        return "test"


class Town:
    """A store, its notifiers, and time that is moved by hand."""

    def __init__(self, store, *configs, notifiers=None, words=None):
        self.store, self.configs = store, configs
        self.crowds = notifiers or {config.code: Crowd() for config in configs}
        self.words = words or Plain()
        store.do(lambda tx: notices.set_up(tx, configs))
        self.restart()

    def restart(self):
        """What a new process knows: nothing but the database."""
        self.delivery = Delivery(self.store, self.crowds, self.words)

    def alarm(self, *subjects, rule="overdue"):
        for subject in subjects:
            self.store.do(lambda tx, s=subject: raise_alert(tx, rule, s))

    def tick(self, seconds=0):
        """Time passes and everybody is told what is due; how many digests were confirmed."""
        self.store.clock.advance(seconds)
        return sum(self.delivery.deliver(code) for code in self.crowds)

    def pass_time(self, seconds, step=5):
        """Every five seconds a tick, as the engine does."""
        return sum(self.tick(step) for _ in range(int(seconds / step)))

    def waiting(self, notifier=""):
        rows = notices.undelivered(self.store.read)
        return [row.subject for row in rows if notifier in ("", row.notifier)]

    def lost(self):
        return notices.unaccounted(self.store.read)

    def state(self, code):
        (found,) = (
            s for s in notices.notifiers(self.store.read, self.store.clock.now()) if s.code == code
        )
        return found


def told(code, kind="wecom", **more):
    """A notifier as the configuration has it."""
    return NotifierConfig(code=code, kind=kind, **({"url": f"https://robot/{code}"} | more))
