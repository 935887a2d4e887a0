"""What happens in a Taobao shop: buyers order, change their minds, and the platform keeps trades.

The trades are kept as the wire tells them; other platforms keep ``deals``. Any thread may call
while calls come in.
"""

import json
from collections.abc import Mapping
from typing import Any

from core.clock import Clock
from drivers.simulated.deals import REFUNDS, STAGES
from drivers.simulated.platform import Platform, Standing
from drivers.simulated.shop_trades import (
    SimOrder,
    Trade,
    moment_of,
    sim_order,
    sub_orders,
    text_time,
    trade_of,
)

HOLDS = (
    *("top_hold", "forbid_consign", "team_buy_hold"),
    *("share_group_hold", "ofp_hold", "is_sh_ship"),
)
"""Marks of a trade that the platform stops."""


class ShopWorld(Platform):
    """The trades of one shop and everything that is done to them."""

    def __init__(self, clock: Clock, *access: str, seed: int = 1, **world: Any) -> None:
        """``access`` and ``world`` as for ``Platform``."""
        first = 4_300_000_000_000_000_007 + (seed - 1) * 10**12
        super().__init__(clock, *access, first_number=first, seed=seed, **world)
        self._trades: dict[str, Trade] = {}
        self._versions: dict[str, list[tuple[str, int]]] = {}

    def place(self, order: SimOrder | Mapping[str, Any]) -> str:
        """An order comes in; its number."""
        order = order if isinstance(order, SimOrder) else sim_order(order)
        with self.lock:
            tid = order.tid or self.next_number()
            oids = [tid] if len(order.lines) == 1 else [self.next_number() for _ in order.lines]
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
            self._wished(tid, oid, word)

    def withdraw_refund(self, tid: str, oid: str | None = None) -> None:
        """The buyer thinks better of it."""
        self.refund(tid, oid, "CLOSED")

    def agree_refund(self, tid: str, oid: str | None = None) -> None:
        """The money goes back; an order without a line left closes."""
        with self.lock:
            self._lines(tid, oid, refund_status="SUCCESS", status="TRADE_CLOSED")
            left = [x for x in sub_orders(self._trades[tid]) if x["status"] != "TRADE_CLOSED"]
            self.touch(tid, **({} if left else {"status": "TRADE_CLOSED"}))
            self._wished(tid, oid, "SUCCESS")

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
        """The platform stops an order, by one of ``HOLDS``."""
        self.touch(tid, **{mark: 1 if on else 0})

    @property
    def orders(self) -> dict[str, Trade]:
        """A snapshot of every trade in plain text, by number."""
        with self.lock:
            copy: dict[str, Trade] = json.loads(json.dumps(self._trades))
            return copy

    def numbers(self) -> list[str]:
        """The number of every trade."""
        with self.lock:
            return list(self._trades)

    def standing(self, number: str) -> Standing:
        """How one trade stands now."""
        with self.lock:
            trade = self._trades[number]
            held = any(trade.get(mark) for mark in HOLDS)
            word = str(trade["status"])
            stage = STAGES.get(word, word)
            words = {x["oid_str"]: str(x["refund_status"]) for x in sub_orders(trade)}
            refunds = {oid: REFUNDS.get(told, told) for oid, told in words.items()}
            return Standing(
                "hold" if stage == "to_ship" and held else stage,
                refunds,
                moment_of(trade["modified"]) or 0,
            )

    def _wished(self, tid: str, oid: str | None, word: str) -> None:
        """Write down a wish for money, or its end."""
        oids = [x["oid_str"] for x in sub_orders(self._trades[tid]) if oid in (None, x["oid_str"])]
        self.commit(what="refund", tid=tid, oids=oids, word=REFUNDS.get(word, word))

    def _lines(self, tid: str, oid: str | None = None, **fields: Any) -> None:
        for line in sub_orders(self._trades[tid]):
            if oid in (None, line["oid_str"]):
                line.update(fields)

    def _touched(self, tid: str) -> None:
        """Date the change, and decide when the listing will show it."""
        at = self.now()
        self._trades[tid]["modified"] = text_time(at)
        self._versions[tid].append((text_time(at), self.seen_from(at)))
