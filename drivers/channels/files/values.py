"""What a reading of order files gives back."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from core.messages import Message
from core.ports import PlatformOrder
from drivers.channels.files.leaders import Namesake

RAW_LIMIT = 100_000
"""Characters of a rejected row that are kept; only a broken file has longer rows."""


class Here(Protocol):
    """What is known already of the orders that a channel's files tell."""

    def against(self, order: PlatformOrder) -> Message | None:
        """Why a person must look at an order before it is taken; None when nothing is wrong."""

    def order(self, number: str) -> PlatformOrder | None:
        """An order as files told it so far; ``raw`` is the rows as ``raw_of`` writes them."""

    def like(self, stem: str) -> Iterable[Namesake]:
        """The orders whose made-up numbers begin so."""


class ReadOrder(NamedTuple):
    """One order and where it stood."""

    order: PlatformOrder
    file: str
    rows: tuple[int, ...]
    """Physical lines, counted from 1, where its rows start (in ``file``)."""
    sheet: str = ""
    """The sheet of a workbook; "" in a CSV file."""


class KnownWaybill(NamedTuple):
    """A waybill the file says a parcel already has; both words as the platform wrote them."""

    number: str
    """The platform's order number."""
    waybill: str
    carrier: str


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row no order was made of. ``row`` is 0 when the whole file is meant."""

    file: str
    row: int
    reason: Message
    raw: str
    """The row as it stands in the file, uncleaned (``core.text.clean`` before showing)."""
    sheet: str = ""
    number: str = ""
    """The platform's order number, where one can be read."""
    cells: tuple[str, ...] = ()
    """The row cut into cells; empty where that cannot be done."""


class Column(NamedTuple):
    """One column of a file and what became of it."""

    name: str
    fields: tuple[str, ...]
    """What is read from it; empty when nothing is."""
    skipped: bool
    """Whether it is known to be of no use."""
    sample: str
    """The first value in it, cleaned; "" when there is none near the top."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one file turned out to be."""

    path: str
    sha256: str = ""
    encoding: str = ""
    layout: str = ""
    """``taobao``, ``taobao_detail``, ``jd`` ...; ``generic`` when only single columns are known."""
    channel: str = ""
    """``taobao``, ``tmall``, ``jd``, ``douyin``, ``pdd``, ``youzan``, ``groupbuy``, ``shopify``,
    ``woocommerce`` or ``generic``; a guess that a person may correct."""
    rows: int = 0
    """Data rows: every one of them is in an order or rejected, none in both."""
    sheet: str = ""
    columns: tuple[Column, ...] = ()
    """Every column, also when the file was refused for those that are missing."""
    missing: tuple[str, ...] = ()
    """Fields the file lacks and cannot be read without."""
    unmapped: tuple[str, ...] = ()
    """Header names nothing was read from and nobody decided about."""
    untold: tuple[str, ...] = ()
    """Fields no column gives, without which its orders are held; a shop may say there is none."""
    empty: tuple[str, ...] = ()
    """Fields of which the shop said so."""
    notes: tuple[Message, ...] = ()
    """What a person should know although nothing was rejected for it."""


@dataclass(frozen=True, slots=True)
class FileReading:
    """Everything that came out of the given files; the same files give the same reading."""

    orders: tuple[ReadOrder, ...]
    rejected: tuple[RejectedRow, ...]
    files: tuple[FileFacts, ...]
    waybills: tuple[KnownWaybill, ...] = ()
    gone: tuple[str, ...] = ()
    """Columns the mapping names and no file has."""
