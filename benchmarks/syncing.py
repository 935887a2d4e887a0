"""Sync traffic beside a bench: changed and new orders taken in as fast as intake takes them.

``python -m benchmarks.syncing CONTROL packline-arguments`` is Packline with a thread that feeds
the same store; ``python -m benchmarks.syncing CONTROL FILE`` is a process of its own, as another
``packline sync`` would be. Both work while the file CONTROL exists; a number in it
is how many new orders a second to offer, instead of everything without pause.
"""

import contextlib
import itertools
import sys
import threading
import time
from pathlib import Path

from benchmarks import world
from core.orders.intake import take_in_all
from core.store import Store

PAGE = 25


def feed(store: Store, control: Path, offset: int) -> None:
    """Pages of new orders, the same again, and changed, while there is a control file."""
    due = time.monotonic()
    for page in itertools.count(offset):
        while not control.exists():
            time.sleep(0.02)
            due = time.monotonic()
        numbers = range(page * PAGE, (page + 1) * PAGE)
        if rate := offered(control):
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due, time.monotonic() - 1.0) + PAGE / rate
        for version in (1,) if rate else (1, 1, 2):
            orders = [world.telling(n, version, note="急" * (version - 1)) for n in numbers]
            take_in_all(store, world.POLICY, orders)


def offered(control: Path) -> int:
    """New orders a second, as the control file says; 0 for everything without pause."""
    with contextlib.suppress(FileNotFoundError):
        return int(control.read_text() or 0)
    return 0


def main(control: str, *words: str) -> int:
    """Feed a file, or Packline's own store from inside."""
    if len(words) == 1:
        feed(Store(Path(words[0])), Path(control), 10**6)
    import tui.wiring
    from tui.cli import main as run

    class FedWorks(tui.wiring.Works):
        """The works with a busy sync inside."""

        def __init__(self, *args: object) -> None:
            super().__init__(*args)  # type: ignore[arg-type]  # handed through
            threading.Thread(target=feed, args=(self.store, Path(control), 0), daemon=True).start()

    setattr(tui.wiring, "Works", FedWorks)  # noqa: B010 - the command takes it from there
    return run(list(words))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
