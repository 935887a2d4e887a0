"""Sync: what enters from the shops and what leaves for shops and carriers, by itself.

Decides when to ask, how far a shop is known, and what to do with each answer; never learns how a
platform speaks. One process per database syncs; the floor never waits for any of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.sync.engine import Engine
    from core.sync.lock import SyncLock
    from core.sync.outbox import Sender
    from core.sync.pull import Shop

__all__ = ["Engine", "Sender", "Shop", "SyncLock"]
_DOORS = {"Engine": "engine", "Sender": "outbox", "Shop": "pull", "SyncLock": "lock"}


def __getattr__(name: str) -> Any:
    """Each door opens when it is used: the first frame only asks how the shops are."""
    if name not in _DOORS:
        raise AttributeError(name)
    return getattr(import_module(f"core.sync.{_DOORS[name]}"), name)
