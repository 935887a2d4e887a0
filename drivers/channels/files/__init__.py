"""Order export files: reads what a platform's back office lets people download.

Finds out encoding, delimiter and layout by itself, gives every row either a place in an order or
a reason why not, and writes the file that takes tracking numbers back. Decides nothing about
orders: words for status and refund stay the platform's own (``data/channels/*.toml`` says what
they mean), an order without SKU codes is still an order, and nothing is remembered between two
readings: the same files give the same reading.
"""

from drivers.channels.files.columns import NO_COLUMN, field_of, fields, key, words
from drivers.channels.files.leaders import Namesake
from drivers.channels.files.reader import read_orders
from drivers.channels.files.shipback import UnknownColumn, kinds_of, ship_back_file
from drivers.channels.files.values import (
    Column,
    FileFacts,
    FileReading,
    Here,
    KnownWaybill,
    ReadOrder,
    RejectedRow,
)

__all__ = [
    "NO_COLUMN",
    "Column",
    "FileFacts",
    "FileReading",
    "Here",
    "KnownWaybill",
    "Namesake",
    "ReadOrder",
    "RejectedRow",
    "UnknownColumn",
    "field_of",
    "fields",
    "key",
    "kinds_of",
    "read_orders",
    "ship_back_file",
    "words",
]
