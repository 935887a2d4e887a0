"""After a rehearsal: compare what the shops, the carrier and the printers saw with the database.

Every side keeps its own journal; nothing here asks the program whether it did well.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from core.events import first_broken
from core.stock import differences
from core.store import Row, Rows
from core.watch.notices import unaccounted
from drivers.simulated.platform import Standing
from tui.demo.paper import Paper
from tui.demo.world import World


@dataclass(frozen=True, slots=True)
class Difference:
    """Two journals that do not agree."""

    check: str
    """Which comparison, in one word or two."""
    subject: str
    """Order, waybill or product."""
    expected: str
    came: str

    def __str__(self) -> str:
        return f"{self.check} {self.subject}: {self.expected} <> {self.came}"


@dataclass(slots=True)
class Sums:
    """The day in figures."""

    placed: int = 0
    here: int = 0
    shipped: int = 0
    held: int = 0
    cancelled: int = 0
    labels: int = 0
    reprints: int = 0
    lost_labels: int = 0
    """First labels that never came out, each replaced by a reprint that was asked for."""
    waybills: int = 0
    voided: int = 0
    told: int = 0
    events: int = 0
    units_shipped: int = 0
    alerts: int = 0
    digests: int = 0
    """Messages about alerts that people saw."""
    crossed: int = 0
    """Shipments that met a wish for money on their way to the platform."""
    by_hand: int = 0
    """Parcels only a person can tell the shop of."""
    too_late: int = 0
    """Refunded or closed by the shop only after the courier had the parcel."""

    def as_dict(self) -> dict[str, int]:
        """For JSON."""
        return asdict(self)


class Books:
    """The database beside the world's journals."""

    def __init__(self, read: Rows, world: World, shop_ids: dict[str, int]) -> None:
        self.read = read
        self.world = world
        self.shop_ids = shop_ids
        self.sums = Sums()
        self.orders = read.all("SELECT * FROM orders ORDER BY id")
        self.shop_of = {id_: code for code, id_ in shop_ids.items()}
        self.live: dict[int, Row] = {
            row["order_id"]: row
            for row in read.all("SELECT * FROM parcels WHERE voided_at IS NULL")
        }
        self.labels: dict[str, list[Paper]] = defaultdict(list)
        for label in world.paper:
            self.labels[label.number].append(label)
        self.shipments = {code: shop.shipments for code, shop in world.shops.items()}

    def compare(self) -> list[Difference]:
        """Every comparison; empty when the books balance."""
        checks: tuple[Callable[[], Iterator[Difference]], ...] = (
            self.every_order,
            self.ends,
            self.waybills,
            self.shipped_orders,
            self.shipments_under_refund,
            self.as_told,
            self.stock,
            self.shelves,
            self.outbox,
            self.print_jobs,
            self.alerts,
            self.people_were_told,
            self.chains,
            self.file,
        )
        return [difference for check in checks for difference in check()]

    # --- orders ---------------------------------------------------------------------------------

    def every_order(self) -> Iterator[Difference]:
        """Orders on the platforms = orders here, each once, each as the platform tells it now."""
        here = Counter((self.shop_of[o["shop_id"]], o["platform_number"]) for o in self.orders)
        placed = {
            (code, tid)
            for code, shop in self.world.shops.items()
            for tid in shop.numbers()
            if shop.tells_unpaid or shop.standing(tid).stage != "unpaid"
        }
        self.sums.placed, self.sums.here = len(placed), len(self.orders)
        for code, tid in sorted(placed - here.keys()):
            yield Difference("order", f"{code} {tid}", "here once", "not here")
        for code, tid in sorted(here.keys() - placed):
            yield Difference("order", f"{code} {tid}", "on the platform", "not there")
        for (code, tid), times in here.items():
            if times != 1:
                yield Difference("order", f"{code} {tid}", "here once", f"{times} times")
        numbers = Counter(order["number"] for order in self.orders)
        for number, times in numbers.items():
            if times != 1:
                yield Difference("number", number, "given once", f"{times} times")

    def ends(self) -> Iterator[Difference]:
        """Every order is shipped, held for a reason, or cancelled."""
        for order in self.orders:
            if order["stage"] == "shipped":
                self.sums.shipped += 1
            elif order["stage"] == "cancelled":
                self.sums.cancelled += 1
            elif order["held"]:
                self.sums.held += 1
            else:
                yield Difference(
                    "end", order["number"], "shipped, held or cancelled", self._at(order)
                )
        total = self.sums.shipped + self.sums.cancelled + self.sums.held
        if total != self.sums.placed:
            came = f"{self.sums.shipped} + {self.sums.held} + {self.sums.cancelled}"
            yield Difference("sum", "orders", str(self.sums.placed), came)

    def _at(self, order: Row) -> str:
        return f"{order['stage']} ({order['status']})"

    # --- carrier --------------------------------------------------------------------------------

    def waybills(self) -> Iterator[Difference]:
        """What the carrier counts as live is what stands on live parcels; the rest is voided."""
        live = self.world.carrier.waybills
        self.sums.waybills = len(live)
        ours = {p["waybill"]: p for p in self.live.values() if p["waybill"]}
        for waybill in sorted(live.keys() - ours.keys()):
            yield Difference("waybill", waybill, "on a live parcel", f"paid for {live[waybill]}")
        for waybill in sorted(ours.keys() - live.keys()):
            yield Difference("waybill", waybill, "live at the carrier", "not live there")
        for waybill in sorted(ours.keys() & live.keys()):
            if ours[waybill]["uid"] != live[waybill]:
                yield Difference("waybill", waybill, ours[waybill]["uid"], live[waybill])
        voided = self.read.all(
            "SELECT waybill FROM parcels WHERE voided_at IS NOT NULL AND waybill IS NOT NULL"
        )
        gone = {e["waybill"] for e in self.world.carrier.journal if e["do"] == "void"}
        self.sums.voided = len(gone)
        for row in voided:
            if row["waybill"] not in gone:
                yield Difference("void", row["waybill"], "voided at the carrier", "not voided")

    # --- shipped --------------------------------------------------------------------------------

    def shipped_orders(self) -> Iterator[Difference]:
        """One waybill, one first label, one tracking number at the shop; never against a hold."""
        for order in self.orders:
            if order["stage"] != "shipped":
                continue
            number, parcel = order["number"], self.live.get(order["id"])
            if parcel is None or parcel["handed_over_at"] is None:
                yield Difference("parcel", number, "one live parcel, handed over", "none")
                continue
            yield from self.first_label(order, parcel)
            yield from self.tracking(order, parcel)
            yield from self.holds_at_handover(order)
        yield from self.reprints()

    def first_label(self, order: Row, parcel: Row) -> Iterator[Difference]:
        """Exactly one first label with the parcel's waybill; one that was lost has a reprint.

        A printer that loses its power swallows a job it had already taken: only a person sees it.
        """
        mine = [x for x in self.labels[order["number"]] if x.waybill == parcel["waybill"]]
        first = [x for x in mine if x.copy == 1]
        self.sums.labels += len(first)
        if mine and not first:
            self.sums.lost_labels += 1
        elif len(first) != 1:
            yield Difference("label", order["number"], "one first label", f"{len(first)}")

    def reprints(self) -> Iterator[Difference]:
        """Every further copy was asked for."""
        asked = self.read.all(
            "SELECT o.number, j.copy FROM print_jobs j JOIN orders o ON o.id = j.order_id"
            " WHERE j.kind = 'label' AND j.copy > 1"
        )
        wanted = Counter((row["number"], row["copy"]) for row in asked)
        for number, labels in self.labels.items():
            for label in labels:
                if label.copy > 1:
                    self.sums.reprints += 1
                    wanted[number, label.copy] -= 1
        for (number, copy), left in wanted.items():
            if left < 0:
                yield Difference(
                    "reprint", number, f"copy {copy} as often as asked", f"{-left} more"
                )

    def tracking(self, order: Row, parcel: Row) -> Iterator[Difference]:
        """The shop has exactly this waybill, unless it closed the order after the handover."""
        code = self.shop_of[order["shop_id"]]
        told = self.shipments[code].get(order["platform_number"], [])
        found = {entry["waybill"] for entry in told}
        oids = Counter(oid for entry in told for oid in entry["oids"])
        if found == {parcel["waybill"]} and max(oids.values()) == 1:
            self.sums.told += 1
        elif not found and self.closed_since(order):
            self.sums.too_late += 1
        elif not found and self.for_a_person(order):
            self.sums.by_hand += 1
        else:
            yield Difference("tracking", order["number"], parcel["waybill"], " ".join(found) or "-")

    def closed_since(self, order: Row) -> bool:
        """Whether the shop gave the money back, which it told only after the handover."""
        return self.standing(order).refunded

    def for_a_person(self, order: Row) -> bool:
        """Whether only a person can tell the shop: it ships whole orders, and a unit was short."""
        if not self.world.shops[self.shop_of[order["shop_id"]]].ships_whole:
            return False
        sql = "SELECT 1 FROM order_lines WHERE order_id = ? AND short > 0"
        return self.read.one(sql, order["id"]) is not None

    def standing(self, order: Row) -> Standing:
        """How the platform of an order has it."""
        standing: Standing = self.world.shops[self.shop_of[order["shop_id"]]].standing(
            order["platform_number"]
        )
        return standing

    def holds_at_handover(self, order: Row) -> Iterator[Difference]:
        """Nothing left the building while it was held."""
        for hold in self.read.all(
            "SELECT reason FROM holds WHERE order_id = ?1 AND since < ?2"
            " AND (released_at IS NULL OR released_at > ?2)",
            *(order["id"], order["handed_over_at"]),
        ):
            yield Difference(
                "held", order["number"], "stays here", f"shipped with {hold['reason']}"
            )

    # --- refunds --------------------------------------------------------------------------------

    def shipments_under_refund(self) -> Iterator[Difference]:
        """No platform took a waybill for a line whose money was asked back or paid back just then.

        Its own journal tells both, in the order in which they happened. A wish that came after we
        had looked at the order for the last time, and before our call, crossed it on the way.
        """
        for code, shop in self.world.shops.items():
            wishes: dict[tuple[str, str], tuple[str, int]] = {}
            for entry in shop.journal:
                keys = [(entry.get("tid", ""), oid) for oid in entry.get("oids", ())]
                if entry["what"] == "refund":
                    wishes |= dict.fromkeys(keys, (entry["word"], entry["at"]))
                if entry["what"] != "shipped":
                    continue
                open_ones = [
                    wishes[key]
                    for key in keys
                    if key in wishes and wishes[key][0] not in ("none", "withdrawn")
                ]
                if open_ones and all(at >= entry.get("asked_at", at) for _, at in open_ones):
                    self.sums.crossed += 1
                elif open_ones:
                    yield Difference(
                        "refund",
                        f"{code} {entry['tid']}",
                        "nothing shipped while money is asked back",
                        f"{entry['waybill']} while {' '.join(word for word, _ in open_ones)}",
                    )

    def as_told(self) -> Iterator[Difference]:
        """An order that stays is held for what its platform says now, not for what is over."""
        for order in self.orders:
            standing = self.standing(order)
            if order["stage"] == "cancelled":
                if standing.stage != "closed" and set(standing.refunds.values()) != {"refunded"}:
                    yield Difference("told", order["number"], standing.stage, "cancelled")
                continue
            if order["stage"] == "shipped":
                continue
            if standing.stage == "closed":
                yield Difference("told", order["number"], "cancelled", self._at(order))
            reasons = {
                row["reason"]
                for row in self.read.all(
                    "SELECT reason FROM holds WHERE order_id = ? AND released_at IS NULL",
                    order["id"],
                )
            }
            facts = {
                "unpaid": standing.stage == "unpaid",
                "refund": "open" in standing.refunds.values(),
                "platform_hold": standing.stage == "hold" or standing.refunded,
            }
            for reason, true in facts.items():
                if (reason in reasons) and not true:
                    yield Difference(
                        "told", order["number"], f"no {reason} any more", "held for it"
                    )

    # --- inside ---------------------------------------------------------------------------------

    def stock(self) -> Iterator[Difference]:
        """The ledger sums, and what left the shelves is what left the building."""
        for row in differences(self.read):
            yield Difference("stock", str(row["sku_id"]), "the ledger's sum", str(tuple(row)))
        moved = self._one("SELECT ifnull(-sum(on_hand), 0) AS n FROM stock_moves WHERE kind='ship'")
        packed = self._one(
            "SELECT ifnull(sum(l.verified), 0) AS n FROM order_lines l"
            " JOIN orders o ON o.id = l.order_id WHERE o.stage = 'shipped'"
        )
        self.sums.units_shipped = moved
        if moved != packed:
            yield Difference("stock", "units shipped", str(packed), str(moved))
        promised = self._one("SELECT ifnull(sum(reserved), 0) AS n FROM stock")
        wanted = self._one("SELECT ifnull(sum(reserved), 0) AS n FROM order_lines")
        if promised != wanted:
            yield Difference("stock", "units promised", str(wanted), str(promised))
        stuck = self._one(
            "SELECT count(*) AS n FROM order_lines l JOIN orders o ON o.id = l.order_id"
            " WHERE o.open = 0 AND l.reserved > 0"
        )
        if stuck:
            yield Difference("stock", "promises of closed orders", "0", str(stuck))

    def shelves(self) -> Iterator[Difference]:
        """No shelf is below nothing, and nothing is promised that is not there."""
        for row in self.read.all(
            "SELECT k.code, s.on_hand, s.reserved FROM stock s JOIN skus k ON k.id = s.sku_id"
            " WHERE s.on_hand < 0 OR s.reserved < 0 OR s.reserved > s.on_hand"
        ):
            came = f"{row['on_hand']} there, {row['reserved']} promised"
            yield Difference("shelf", row["code"], "promised <= there", came)

    def outbox(self) -> Iterator[Difference]:
        """Nothing waits to leave, but for what only a person can settle: too late, or in part."""
        for row in self.read.all(
            "SELECT o.id, o.number, o.shop_id, o.platform_number, x.kind, x.state, x.last_answer"
            " FROM outbox x"
            " JOIN orders o ON o.id = x.order_id WHERE x.state NOT IN ('done', 'dropped')"
        ):
            late = self.closed_since(row) or self.for_a_person(row)
            if not (late and row["kind"] == "backhaul" and row["state"] == "conflict"):
                came = f"{row['kind']} {row['state']}: {row['last_answer']}"
                yield Difference("outbox", row["number"], "empty", came)

    def print_jobs(self) -> Iterator[Difference]:
        """No label waits for ever."""
        for row in self.read.all(
            "SELECT o.number, j.state FROM print_jobs j JOIN orders o ON o.id = j.order_id"
            " WHERE j.state = 'sending' OR (j.state = 'waiting' AND o.held = 0)"
        ):
            yield Difference("print", row["number"], "printed", row["state"])

    def alerts(self) -> Iterator[Difference]:
        """What had to raise an alert did, in the same commit: no kill came between the two."""
        raised: dict[int, set[str]] = defaultdict(set)
        for row in self.read.all("SELECT rule, order_id, over_at, subject FROM alerts"):
            self.sums.alerts += 1
            if row["order_id"] is not None:
                raised[row["order_id"]].add(row["rule"])
        for row in self.read.all(
            "SELECT order_id, kind, json_extract(what, '$.rule') AS rule FROM events"
            " WHERE kind IN ('alerted', 'print_in_doubt')"
        ):
            rule = row["rule"] if row["kind"] == "alerted" else "print_in_doubt"
            if rule not in raised[row["order_id"]]:
                yield Difference("alert", str(row["order_id"]), f"{rule} was raised", "no alert")
        for order in self.orders:
            too_late = order["stage"] == "shipped" and order["status"] == "closed"
            if too_late and "closed_after_handover" not in raised[order["id"]]:
                yield Difference(
                    "alert", order["number"], "closed_after_handover was raised", "no alert"
                )

    def people_were_told(self) -> Iterator[Difference]:
        """Every alert was delivered, waits, or was answered; what counts as sent was seen."""
        for lost in unaccounted(self.read):
            yield Difference("alert", lost, "delivered or waiting", "neither")
        if self.world.robot is not None:
            sent = self._one("SELECT count(*) AS n FROM digests WHERE state = 'sent'")
            self.sums.digests = len(self.world.robot.journal)
            if self.sums.digests < sent:
                came = f"{self.sums.digests} in the group"
                yield Difference("alert", "digests", f"{sent} seen", came)

    def must_have_alerted(self, refused: set[tuple[int, str]]) -> Iterator[Difference]:
        """Every effect that once waited for a person had raised its alert."""
        for order_id, kind in sorted(refused):
            row = self.read.one(
                "SELECT 1 FROM alerts WHERE order_id = ? AND rule = ?", order_id, f"{kind}_refused"
            )
            if row is None:
                yield Difference("alert", str(order_id), f"{kind}_refused was raised", "no alert")

    def file(self) -> Iterator[Difference]:
        """SQLite finds its file whole."""
        for row in self.read.all("PRAGMA integrity_check"):
            if row["integrity_check"] != "ok":
                yield Difference("file", "integrity", "ok", row["integrity_check"])

    def chains(self) -> Iterator[Difference]:
        """Every order's events are whole."""
        self.sums.events = self._one("SELECT count(*) AS n FROM events")
        for order in self.orders:
            broken = first_broken(self.read, order["id"])
            if broken is not None:
                yield Difference(
                    "events", order["number"], "an unbroken chain", f"broken at {broken}"
                )

    def _one(self, sql: str) -> int:
        row = self.read.one(sql)
        return int(row["n"]) if row else 0
