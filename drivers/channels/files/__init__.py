"""Order export files: reads what a platform's back office lets people download.

Finds out encoding, delimiter and layout by itself, gives every row either a place in an order or
a reason why not, and writes the file that takes tracking numbers back. Decides nothing about
orders: words for status and refund stay the platform's own (``data/channels/*.toml`` says what
they mean), an order without SKU codes is still an order, and nothing is remembered between two
readings: the same files give the same reading.
"""

from drivers.channels.files.columns import words
from drivers.channels.files.reader import read_orders
from drivers.channels.files.shipback import ship_back_csv
from drivers.channels.files.values import (
    FileFacts,
    FileReading,
    KnownWaybill,
    ReadOrder,
    RejectedRow,
)

__all__ = [
    "FileFacts",
    "FileReading",
    "KnownWaybill",
    "ReadOrder",
    "RejectedRow",
    "read_orders",
    "ship_back_csv",
    "words",
]
