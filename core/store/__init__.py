"""The SQLite file: how it is opened, migrated, written through one door, and saved.

Decides durability and who may write when; never what an order or a scan means.
"""

from core.store.database import Row, Rows, open_reader
from core.store.store import Actor, Store, Tx

__all__ = ["Actor", "Row", "Rows", "Store", "Tx", "open_reader"]
