"""Leaving when nobody is there any more: a signal, a closed line, a parent that is gone."""

import asyncio
import os
import select
import signal
import sys
from collections.abc import Callable

_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


def leave_on_signals(leave: Callable[[], object]) -> None:
    """Leave by the front door, so that the terminal is restored; call inside the event loop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGHUP, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, leave)
        except (NotImplementedError, RuntimeError, ValueError):
            return  # not the main thread: somebody else owns the signals


def orphaned(parent: int) -> bool:
    """Whether nobody is at the other end any more; Textual alone would spin for ever.

    ``parent`` is the process that started us.
    """
    if os.getppid() != parent:
        return True
    try:
        poller = select.poll()
        poller.register(sys.__stdin__.fileno() if sys.__stdin__ else 0, select.POLLHUP)
        return any(what & _GONE for _, what in poller.poll(0))
    except (OSError, ValueError):
        return True
