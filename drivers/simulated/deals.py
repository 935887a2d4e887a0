"""A shop's orders in plain words, for simulated platforms that only differ in how they write them.

Buyers order, pay, change their minds; every change is dated, and a listing may show it late. A
platform reads the deals, renders them in its own wire format and ships them through ``post``.
Orders are placed as ``SimOrder``, so that one day can be played on any platform. Any thread may
call while requests come in. Verbs of every such platform: ``ban S`` (the call is banned for S
seconds), ``isp`` (its own trouble; not carried out), ``isp_after`` (the same, carried out),
``expire`` (the token has run out), ``duplicate`` (a page repeats its first row), ``skew S`` (its
clock is S seconds ahead from now on).
"""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from core.clock import Clock
from drivers.simulated.faults import Fault
from drivers.simulated.http import Reply, Request, SimulatedServer
from drivers.simulated.shop_trades import SimLine, SimOrder, sim_order

__all__ = ["Deal", "Item", "Limited", "Shop", "SimLine", "SimOrder", "overlaid"]

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
    modified_at: int = 0
    note: str = ""
    address: str = ""
    marks: set[str] = field(default_factory=set)
    """What the platform stops it for, and what else is known of it (``address_changed``)."""
    more: dict[str, Any] = field(default_factory=dict)
    versions: list[tuple[int, int]] = field(default_factory=list)
    """When it changed, and from when on a listing shows that."""

    @property
    def goods_cents(self) -> int:
        """What the lines cost."""
        return sum(item.line.price_cents * item.line.quantity for item in self.items)

    @property
    def left(self) -> list[Item]:
        """The lines that can still be shipped."""
        return [item for item in self.items if not item.waybill and item.refund != "refunded"]


class Limited(Exception):  # noqa: N818 - the platform's answer, not an error of ours
    """The call came too often: ``wait_s`` more seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"{wait_s:.1f} s")
        self.wait_s = wait_s


class Shop(SimulatedServer):
    """The deals of one shop and everything that is done to them."""

    own_verbs = frozenset({"ban", "isp", "isp_after", "expire", "duplicate", "skew"})

    def __init__(
        self,
        clock: Clock,
        *,
        late: tuple[float, float] = (0.0, 0.0),
        limit: tuple[int, float] | None = None,
        refuse_refunds: bool = True,
        first_number: int = 6_900_000_000_000_000_007,
        step: int = 10_007,
        seed: int = 1,
    ) -> None:
        """``late`` is the share of changes that are listed only up to so many seconds later;
        ``limit`` so many calls of a name per so many seconds; ``refuse_refunds`` whether lines
        under refund cannot be shipped; numbers count from ``first_number`` in ``step``."""
        super().__init__(clock)
        self.late, self.limit = late, limit
        self.refuse_refunds = refuse_refunds
        self.between_pages: Callable[[], None] | None = None
        """Called after each page of a listing was answered, under the lock: the world moves on."""
        self.refusals: list[dict[str, str]] = []
        """Every shipment that was refused: tid, waybill, code."""
        self.deals: dict[str, Deal] = {}
        self._random = random.Random(seed)
        self._last, self._step = first_number, step
        self._bans: dict[str, int] = {}
        self._recent: dict[str, list[int]] = {}
        self._duplicate = False

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
            for item in deal.items:
                if line in (None, item.number):
                    item.refund = REFUNDS.get(word, word)
            self._touched(deal)

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

    @property
    def shipments(self) -> dict[str, list[dict[str, Any]]]:
        """Every waybill that was accepted, by order number, in order of acceptance."""
        found: dict[str, list[dict[str, Any]]] = {}
        for entry in self.journal:
            if entry["what"] == "shipped":
                found.setdefault(entry["tid"], []).append(entry)
        return found

    # --- for the platforms ------------------------------------------------------------------------

    def next_number(self) -> str:
        """A number never given before."""
        self._last += self._step
        return str(self._last)

    def line_number(self, number: str, index: int) -> str:
        """The number of an order's line; the first of an order may carry the order's own."""
        return self.next_number()

    def post(self, deal: Deal, items: Iterable[Item], waybill: str, company: str) -> None:
        """The platform accepts a waybill for some lines."""
        items = list(items)
        for item in items:
            item.waybill, item.company = waybill, company
        deal.stage = "partial" if deal.left else "shipped"
        self._touched(deal)
        oids = [item.number for item in items]
        self.commit(what="shipped", tid=deal.number, waybill=waybill, company=company, oids=oids)

    def refused(self, number: str, waybill: str, code: str) -> None:
        """The platform does not accept a waybill."""
        self.refusals.append({"tid": number, "waybill": waybill, "code": code})

    def changed(self, start: int, end: int) -> list[tuple[int, Deal]]:
        """What a listing shows as changed in [start, end], oldest first, with that time."""
        now = self.now()
        found = [(at, deal) for deal in self.deals.values() if (at := _listed(deal, now))]
        within = [(at, deal) for at, deal in found if start <= at <= end]
        return sorted(within, key=lambda row: (row[0], row[1].number))

    def page(self, told: list[Any]) -> list[Any]:
        """A page of rows as it goes out; afterwards the world moves on."""
        if self._duplicate and told:
            told, self._duplicate = [told[0], *told], False
        if self.between_pages is not None:
            self.between_pages()
        return told

    def rate(self, name: str) -> None:
        """Count a call; raises Limited for one that is banned or comes too often."""
        now = self.now()
        if self.limit is not None:
            count, seconds = self.limit
            recent = [at for at in self._recent.get(name, []) if at > now - seconds * 1000]
            self._recent[name] = [*recent, now]
            if len(recent) >= count and self._bans.get(name, 0) <= now:
                self._bans[name] = now + int(seconds * 1000)
        if self._bans.get(name, 0) > now:
            raise Limited((self._bans[name] - now) / 1000)

    def struck(self, fault: Fault, request: Request) -> Reply | None:
        """Play the faults of this kind of platform."""
        match fault.verb:
            case "ban":
                self._bans[self.name(request)] = self.now() + int(fault.number * 1000)
            case "isp" | "isp_after":
                if fault.verb == "isp_after":
                    self.answer(request)
                return self.trouble()
            case "expire":
                self.expire()
            case "duplicate":
                self._duplicate = True
            case "skew":
                self.skew_s = fault.number
        return None

    def trouble(self) -> Reply:
        """How the platform says that something of its own failed."""
        return Reply(b"{}", 500)

    def expire(self) -> None:
        """The token runs out."""

    def _staged(self, number: str, stage: str) -> None:
        with self.lock:
            self.deals[number].stage = stage
            self._touched(self.deals[number])

    def _touched(self, deal: Deal) -> None:
        """Date the change, and decide when the listing will show it."""
        at = self.now()
        share, seconds = self.late
        delay = self._random.uniform(0, seconds) if self._random.random() < share else 0.0
        deal.modified_at = at
        deal.versions.append((at, at + int(delay * 1000)))


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


def _listed(deal: Deal, now: int) -> int | None:
    """The time of change the listing shows for a deal now; None when it does not show it."""
    visible = [index for index, (_, seen_at) in enumerate(deal.versions) if seen_at <= now]
    if not visible:
        return None
    del deal.versions[: visible[-1]]
    return deal.versions[0][0]
