"""A shop's orders in plain words, for simulated platforms that only differ in how they write them.

Buyers order, pay, change their minds; every change is dated, and a listing may show it late. A
platform reads the deals, renders them in its own wire format and ships them through ``post``.
Orders are placed as ``SimOrder``, so that one day can be played on any platform. Any thread may
call while requests come in. Verbs: those of ``drivers.simulated.http`` and ``platform``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from core.clock import Clock
from drivers.simulated.platform import Platform, Standing, listed
from drivers.simulated.shop_trades import SimLine, SimOrder, sim_order

__all__ = ["Deal", "Item", "Shop", "SimLine", "SimOrder", "overlaid"]

STAGES = {
    "WAIT_BUYER_PAY": "unpaid",
    "TRADE_NO_CREATE_PAY": "unpaid",
    "PAY_PENDING": "hold",
    "PAID_FORBID_CONSIGN": "hold",
    "WAIT_SELLER_SEND_GOODS": "to_ship",
    "SELLER_CONSIGNED_PART": "partial",
    "WAIT_BUYER_CONFIRM_GOODS": "shipped",
    "TRADE_FINISHED": "done",
    "TRADE_CLOSED": "closed",
}
"""How ``SimOrder`` names a stage; any other word goes out on the wire as it is."""
REFUNDS = {
    "NO_REFUND": "none",
    "WAIT_SELLER_AGREE": "open",
    "CLOSED": "withdrawn",
    "SUCCESS": "refunded",
}


STOPS = frozenset({"hold", "address_review", "risk", "team_buy_hold", "ship_hold"})
"""Marks for which a platform holds an order back."""


@dataclass(slots=True)
class Item:
    """One line of a deal."""

    number: str
    line: SimLine
    refund: str = "none"
    """none, open, withdrawn, refunded, or a word of the platform's own."""
    waybill: str = ""
    company: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    """Fields of the wire to set, by dotted path; None removes one."""


@dataclass(slots=True)
class Deal:
    """One order as the shop knows it; times are UTC milliseconds."""

    number: str
    told: SimOrder
    stage: str
    created_at: int
    items: list[Item]
    paid_at: int | None = None
    formed_at: int | None = None
    """When the group that it is part of was complete, where that came after paying."""
    modified_at: int = 0
    note: str = ""
    address: str = ""
    marks: set[str] = field(default_factory=set)
    """What the platform stops it for, and what else is known of it (``address_changed``)."""
    more: dict[str, Any] = field(default_factory=dict)
    versions: list[tuple[int, int]] = field(default_factory=list)
    """When it changed, and from when on a listing shows that."""

    @property
    def confirmed_at(self) -> int | None:
        """From when on it is to be shipped: paid, and its group complete."""
        return self.formed_at or self.paid_at

    @property
    def goods_cents(self) -> int:
        """What the lines cost."""
        return sum(item.line.price_cents * item.line.quantity for item in self.items)

    @property
    def left(self) -> list[Item]:
        """The lines that can still be shipped."""
        return [item for item in self.items if not item.waybill and item.refund != "refunded"]


class Shop(Platform):
    """The deals of one shop and everything that is done to them."""

    def __init__(self, clock: Clock, *access: str, **world: Any) -> None:
        """``access`` and ``world`` as for ``Platform``."""
        super().__init__(clock, *access, **world)
        self.deals: dict[str, Deal] = {}

    # --- what happens -----------------------------------------------------------------------------

    def place(self, order: SimOrder | Mapping[str, Any]) -> str:
        """An order comes in; its number."""
        told = order if isinstance(order, SimOrder) else sim_order(order)
        with self.lock:
            number = told.tid or self.next_number()
            stage = STAGES.get(told.status, told.status)
            at = told.created_at if told.created_at is not None else self.now()
            items = [
                Item(self.line_number(number, index), line, more=dict(line.more))
                for index, line in enumerate(told.lines)
            ]
            self.deals[number] = Deal(
                *(number, told, stage, at, items),
                paid_at=None if stage == "unpaid" else at,
                note=told.seller_note,
                address=told.town + told.address,
                more=dict(told.more),
            )
            self._touched(self.deals[number])
            return number

    def touch(self, number: str, **fields: Any) -> None:
        """Something changes: fields of the wire (dots as ``__``; None removes one), and the time
        of the change."""
        with self.lock:
            deal = self.deals[number]
            deal.more |= {key.replace("__", "."): value for key, value in fields.items()}
            self._touched(deal)

    def pay(self, number: str) -> None:
        """The buyer pays."""
        with self.lock:
            deal = self.deals[number]
            deal.stage, deal.paid_at = "to_ship", self.now()
            self._touched(deal)

    def refund(self, number: str, line: str | None = None, word: str = "open") -> None:
        """The buyer asks for the money of one line, or of all, back."""
        with self.lock:
            deal = self.deals[number]
            meant = [item for item in deal.items if line in (None, item.number)]
            for item in meant:
                item.refund = REFUNDS.get(word, word)
            self._touched(deal)
            oids = [item.number for item in meant]
            self.commit(what="refund", tid=number, oids=oids, word=REFUNDS.get(word, word))

    def withdraw_refund(self, number: str, line: str | None = None) -> None:
        """The buyer thinks better of it."""
        self.refund(number, line, "withdrawn")

    def agree_refund(self, number: str, line: str | None = None) -> None:
        """The money goes back; an order without a line left closes."""
        with self.lock:
            self.refund(number, line, "refunded")
            deal = self.deals[number]
            if all(item.refund == "refunded" for item in deal.items):
                deal.stage = "closed"

    def close(self, number: str) -> None:
        """The order is cancelled as a whole."""
        self._staged(number, "closed")

    def finish(self, number: str) -> None:
        """The buyer confirms."""
        self._staged(number, "done")

    def change_address(self, number: str, address: str) -> None:
        """The buyer changes the address."""
        with self.lock:
            deal = self.deals[number]
            deal.address = address
            deal.marks.add("address_changed")
            self._touched(deal)

    def memo(self, number: str, text: str, flag: int = 1) -> None:
        """The seller writes a note."""
        with self.lock:
            self.deals[number].note = text
            self._touched(self.deals[number])

    def hold(self, number: str, mark: str = "hold", on: bool = True) -> None:
        """The platform stops an order, or lets it go."""
        with self.lock:
            deal = self.deals[number]
            (deal.marks.add if on else deal.marks.discard)(mark)
            self._touched(deal)

    @property
    def orders(self) -> dict[str, dict[str, Any]]:
        """A snapshot of every order in plain text, by number."""
        with self.lock:
            return {number: asdict(deal) for number, deal in self.deals.items()}

    def numbers(self) -> list[str]:
        """The number of every order that was placed."""
        with self.lock:
            return list(self.deals)

    def standing(self, number: str) -> Standing:
        """How one order stands now."""
        with self.lock:
            deal = self.deals[number]
            stage = "hold" if deal.stage == "to_ship" and deal.marks & STOPS else deal.stage
            refunds = {item.number: item.refund for item in deal.items}
            return Standing(stage, refunds, deal.modified_at)

    # --- for the platforms ------------------------------------------------------------------------

    def line_number(self, number: str, index: int) -> str:
        """The number of an order's line; the first of an order may carry the order's own."""
        return self.next_number()

    def post(self, deal: Deal, items: Iterable[Item], waybill: str, company: str) -> None:
        """The platform accepts a waybill for some lines; one that was paid back is in no parcel."""
        items = [item for item in items if item.refund != "refunded"]
        for item in items:
            item.waybill, item.company = waybill, company
        deal.stage = "partial" if deal.left else "shipped"
        self._touched(deal)
        oids = [item.number for item in items]
        self.commit(
            what="shipped",
            tid=deal.number,
            waybill=waybill,
            company=company,
            oids=oids,
            asked_at=self.asked_at(deal.number),
        )

    def repost(self, deal: Deal, items: Iterable[Item], waybill: str, company: str) -> None:
        """The platform takes another waybill in the place of the one it has for these lines."""
        items = list(items)
        old = items[0].waybill
        for item in items:
            item.waybill, item.company = waybill, company
        self._touched(deal)
        self.commit(what="reshipped", tid=deal.number, waybill=waybill, company=company, old=old)

    def changed(self, start: int, end: int) -> list[tuple[int, Deal]]:
        """What a listing shows as changed in [start, end], oldest first, with that time."""
        now = self.now()
        found = [(at, deal) for deal in self.deals.values() if (at := listed(deal.versions, now))]
        within = [(at, deal) for at, deal in found if start <= at <= end]
        return sorted(within, key=lambda row: (row[0], row[1].number))

    def born(self, start: int, end: int, *, paid: bool = False) -> list[tuple[int, Deal]]:
        """What a listing shows as created (or confirmed) in [start, end], oldest first, dated so;
        what came late is not shown yet."""
        now = self.now()
        found = [
            (deal.confirmed_at if paid else deal.created_at, deal)
            for deal in self.deals.values()
            if listed(deal.versions, now)
        ]
        within = [(at, deal) for at, deal in found if at is not None and start <= at <= end]
        return sorted(within, key=lambda row: (row[0], row[1].number))

    def _staged(self, number: str, stage: str) -> None:
        with self.lock:
            self.deals[number].stage = stage
            self._touched(self.deals[number])

    def _touched(self, deal: Deal) -> None:
        """Date the change, and decide when the listing will show it."""
        at = self.now()
        deal.modified_at = at
        deal.versions.append((at, self.seen_from(at)))


def overlaid(told: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The wire form with some of its fields (by dotted path) set, or removed where None."""
    for path, value in more.items():
        *steps, last = path.split(".")
        inner = told
        for step in steps:
            inner = inner.setdefault(step, {})
        if value is None:
            inner.pop(last, None)
        else:
            inner[last] = value
    return told
