"""What happens in a shop: buyers order, change their minds, and the platform keeps the trades.

Base of the simulated platforms that list changes by time: it dates every change and decides when
a listing shows it. Any thread may call it while calls come in.
"""

import json
import random
from collections.abc import Mapping
from typing import Any

from core.clock import Clock
from drivers.simulated.http import SimulatedServer
from drivers.simulated.shop_trades import (
    SimOrder,
    Trade,
    sim_order,
    sub_orders,
    text_time,
    trade_of,
)


class ShopWorld(SimulatedServer):
    """The trades of one shop and everything that is done to them."""

    def __init__(self, clock: Clock, *, late: tuple[float, float] = (0.0, 0.0), seed: int = 1):
        """``late``: the share of changes that are listed only up to so many seconds later."""
        super().__init__(clock)
        self.late = late
        self._random = random.Random(seed)
        self._trades: dict[str, Trade] = {}
        self._versions: dict[str, list[tuple[str, int]]] = {}
        self._sequence = 4_300_000_000_000_000_007 + (seed - 1) * 10**12

    def place(self, order: SimOrder | Mapping[str, Any]) -> str:
        """An order comes in; its number."""
        order = order if isinstance(order, SimOrder) else sim_order(order)
        with self.lock:
            tid = order.tid or self._next_number()
            oids = [tid] if len(order.lines) == 1 else [self._next_number() for _ in order.lines]
            self._trades[tid] = trade_of(order, tid, oids, self.now())
            self._versions[tid] = []
            self._touched(tid)
            return tid

    def touch(self, tid: str, **fields: Any) -> None:
        """Something changes: the fields given (None removes one), and the time of the change."""
        with self.lock:
            trade = self._trades[tid]
            for key, value in fields.items():
                if value is None:
                    trade.pop(key, None)
                else:
                    trade[key] = value
            self._touched(tid)

    def pay(self, tid: str) -> None:
        """The buyer pays."""
        with self.lock:
            self._lines(tid, status="WAIT_SELLER_SEND_GOODS")
            self.touch(tid, status="WAIT_SELLER_SEND_GOODS", pay_time=text_time(self.now()))

    def refund(self, tid: str, oid: str | None = None, word: str = "WAIT_SELLER_AGREE") -> None:
        """The buyer asks for the money of one line, or of all, back."""
        with self.lock:
            self._lines(tid, oid, refund_status=word)
            self.touch(tid)

    def withdraw_refund(self, tid: str, oid: str | None = None) -> None:
        """The buyer thinks better of it."""
        self.refund(tid, oid, "CLOSED")

    def agree_refund(self, tid: str, oid: str | None = None) -> None:
        """The money goes back; an order without a line left closes."""
        with self.lock:
            self._lines(tid, oid, refund_status="SUCCESS", status="TRADE_CLOSED")
            left = [x for x in sub_orders(self._trades[tid]) if x["status"] != "TRADE_CLOSED"]
            self.touch(tid, **({} if left else {"status": "TRADE_CLOSED"}))

    def close(self, tid: str) -> None:
        """The order is cancelled as a whole."""
        with self.lock:
            self._lines(tid, status="TRADE_CLOSED")
            self.touch(tid, status="TRADE_CLOSED")

    def change_address(self, tid: str, address: str, **receiver: str) -> None:
        """The buyer changes the address (and ``name``, ``mobile``, ``city`` ... as given)."""
        more = {f"receiver_{part}": value for part, value in receiver.items()}
        self.touch(tid, receiver_address=address, lm="1", **more)

    def memo(self, tid: str, text: str, flag: int = 1) -> None:
        """The seller writes a note."""
        self.touch(tid, seller_memo=text, seller_flag=flag)

    def hold(self, tid: str, mark: str = "top_hold", on: bool = True) -> None:
        """The platform stops an order (``top_hold``, ``forbid_consign``, ``team_buy_hold``)."""
        self.touch(tid, **{mark: 1 if on else 0})

    @property
    def orders(self) -> dict[str, Trade]:
        """A snapshot of every trade in plain text, by number."""
        with self.lock:
            copy: dict[str, Trade] = json.loads(json.dumps(self._trades))
            return copy

    @property
    def shipments(self) -> dict[str, list[dict[str, Any]]]:
        """Every waybill that was accepted, by order number, in order of acceptance."""
        found: dict[str, list[dict[str, Any]]] = {}
        for entry in self.journal:
            if entry["what"] == "shipped":
                found.setdefault(entry["tid"], []).append(entry)
        return found

    def _next_number(self) -> str:
        self._sequence += 10_007
        return str(self._sequence)

    def _lines(self, tid: str, oid: str | None = None, **fields: Any) -> None:
        for line in sub_orders(self._trades[tid]):
            if oid in (None, line["oid_str"]):
                line.update(fields)

    def _touched(self, tid: str) -> None:
        """Date the change, and decide when the listing will show it."""
        at = self.now()
        share, seconds = self.late
        delay = self._random.uniform(0, seconds) if self._random.random() < share else 0.0
        self._trades[tid]["modified"] = text_time(at)
        self._versions[tid].append((text_time(at), at + int(delay * 1000)))

    def _listed(self, tid: str, now: int) -> str | None:
        """The time of change the listing shows for an order now; None when it does not show it."""
        versions = self._versions[tid]
        visible = [index for index, (_, seen_at) in enumerate(versions) if seen_at <= now]
        if not visible:
            return None
        del versions[: visible[-1]]
        return versions[0][0]
