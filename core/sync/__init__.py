"""Sync: what enters from the shops and what leaves for shops and carriers, by itself.

Decides when to ask, how far a shop is known, and what to do with each answer; never learns how a
platform speaks. One process per database syncs; the floor never waits for any of it.
"""

from core.sync.engine import Engine
from core.sync.lock import SyncLock
from core.sync.outbox import Sender
from core.sync.pull import Shop, pull

__all__ = ["Engine", "Sender", "Shop", "SyncLock", "pull"]
