"""What the bench asks the store: exact, indexed questions, a few microseconds each."""

from dataclasses import dataclass, replace

from core import people
from core.errors import Problem
from core.floor.content import gtins, in_store
from core.floor.rules import FloorRules
from core.floor.totes import FORM as TOTE
from core.floor.values import BackTask
from core.floor.work import (
    Box,
    Opening,
    Operator,
    ParcelRef,
    ProductRef,
    ToteRef,
    Work,
    WorkLine,
)
from core.messages import Message, message
from core.orders.putback import tasks
from core.store import Row, Rows
from core.text import clean

ON_PAPER = (
    "EXISTS (SELECT 1 FROM print_jobs j WHERE j.kind = 'label' AND j.order_id = l.order_id"
    " AND j.parcel_id = l.id AND j.state IN ('sending', 'printed', 'in_doubt'))"
)
"""Whether a label of the live parcel ``l`` is on paper, or may be."""


@dataclass(frozen=True, slots=True)
class Place:
    """The bench's own place: which station, in which warehouse."""

    station: str
    warehouse_id: int


def place_of(read: Rows, station: str) -> Place:
    """The place of a station. Raises Problem when it is not set up."""
    row = read.one("SELECT warehouse_id FROM stations WHERE code = ?", station)
    if row is None:
        known = read.all("SELECT code FROM stations ORDER BY code LIMIT 10")
        raise Problem(
            "bench.no_station", station=station, known=" ".join(each["code"] for each in known)
        )
    return Place(station, row["warehouse_id"])


class Desk:
    """The ``Lookup`` over a transaction or a reader."""

    def __init__(
        self,
        read: Rows,
        place: Place,
        rules: FloorRules,
        symbology: str = "",
        *,
        free: bool = False,
    ) -> None:
        """``free``: no order is in hand, so that a product may open one."""
        self.read = read
        self.place = place
        self.rules = rules
        self.symbology = symbology
        self.free = free

    def badge(self, text: str) -> Operator | None:
        """Whose badge; retired ones open nothing."""
        person = people.by_badge(self.read, text)
        if person is None:
            return None
        return Operator(person.id, person.name, person.role, person.role == "supervisor")

    def station(self, text: str) -> str | None:
        """A station's card carries its code."""
        row = self.read.one("SELECT code FROM stations WHERE code = ?", text)
        return row["code"] if row else None

    def tote(self, text: str) -> ToteRef | None:
        """A tote and the order in it: also a cancelled one, until its goods are put back."""
        code = text.strip().upper()
        if not TOTE.fullmatch(code):
            return None
        row = self.read.one(
            "SELECT o.id FROM totes t JOIN orders o ON o.id = t.order_id WHERE t.code = ?"
            " AND (o.open = 1 OR EXISTS (SELECT 1 FROM put_backs b"
            "  WHERE b.order_id = o.id AND b.done_at IS NULL))",
            code,
        )
        return ToteRef(code, self.opening(row["id"]) if row else None)

    def bin(self, text: str) -> str | None:
        """A location of this warehouse."""
        row = self.read.one(
            "SELECT code FROM bins WHERE warehouse_id = ? AND code = ?",
            *(self.place.warehouse_id, text.upper()),
        )
        return row["code"] if row else None

    def box(self, number: int) -> Box | None:
        """The box type behind PKBOXnn."""
        return self.rules.boxes.get(number)

    def products(self, text: str) -> tuple[ProductRef, ...]:
        """Every product the code may stand for, by bar code, weight code or SKU."""
        found = {row["id"]: product(row) for row in self._skus(*gtins(text, self.symbology), text)}
        coded = in_store(text, self.rules.in_store)
        for row in self._skus(coded.item) if coded else ():
            grams = coded.weight_g if coded else None
            found.setdefault(row["id"], replace(product(row), grams=grams))
        return tuple(found.values())

    def _skus(self, *codes: str) -> list[Row]:
        """Products with one of these bar codes (three at most), or with the last as SKU."""
        first, second, last = (codes * 3)[:2] + codes[-1:]
        return self.read.all(
            "SELECT k.id, k.code, k.title, k.spec FROM barcodes b JOIN skus k ON k.id = b.sku_id"
            " WHERE b.barcode IN (?1, ?2, ?3)"
            " UNION SELECT id, code, title, spec FROM skus WHERE code = ?3",
            *(first, second, last),
        )

    def waybill(self, text: str) -> ParcelRef | None:
        """The parcel behind a waybill, with why it must stay."""
        row = self.read.one(
            "SELECT p.id, p.waybill, p.voided_at, p.handed_over_at, o.number, o.held,"
            " o.cancelled_at, EXISTS (SELECT 1 FROM print_jobs j WHERE j.parcel_id = p.id"
            " AND j.state IN ('sending', 'in_doubt', 'printed')) AS on_paper,"
            " (SELECT ifnull(l.waybill, '') FROM parcels l WHERE l.order_id = p.order_id"
            " AND l.voided_at IS NULL) AS instead"
            " FROM parcels p JOIN orders o ON o.id = p.order_id"
            " WHERE p.waybill = ?",
            text,
        )
        if row is None:
            return None
        why = _must_stay(row)
        data = {"waybill": row["waybill"], "number": row["number"], "instead": row["instead"]}
        refusal = Message(f"handover.{why}", data) if why else None
        gone = row["handed_over_at"] is not None
        void = row["voided_at"] is not None
        return ParcelRef(row["id"], row["waybill"], row["number"], gone, refusal, void)

    def order(self, number: str) -> Opening | None:
        """An order by its internal number: the work, or why it may not be packed here."""
        row = self.read.one("SELECT id FROM orders WHERE number = ?", number)
        return self.opening(row["id"]) if row else None

    def next_order(self) -> Opening | None:
        """The most urgent order of this warehouse that nobody works on."""
        row = self.read.one(
            "SELECT id FROM orders WHERE warehouse_id = ? AND open = 1 AND held = 0"
            " AND ready_at IS NOT NULL AND verified_at IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.order_id = orders.id)"
            " ORDER BY ship_by, id LIMIT 1",
            self.place.warehouse_id,
        )
        return self.opening(row["id"]) if row else None

    def single(self, ref: ProductRef) -> Opening | None:
        """The most urgent order that is one piece of this product and nothing else."""
        if not (self.free and self.rules.single_scan):
            return None
        row = self.read.one(
            "SELECT id FROM orders WHERE warehouse_id = ? AND only_sku_id = ? AND open = 1"
            " AND held = 0 AND ready_at IS NOT NULL AND verified_at IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.order_id = orders.id)"
            " ORDER BY ship_by, id LIMIT 1",
            *(self.place.warehouse_id, ref.sku_id),
        )
        return self.opening(row["id"]) if row else None

    def put_backs(self) -> tuple[BackTask, ...]:
        """What is to be put back in this warehouse, oldest first."""
        return put_backs(self.read, self.place)

    def opening(self, order_id: int) -> Opening:
        """One order, judged by its facts."""
        row = order_row(self.read, order_id)
        refusal, stop = self._refusal(row)
        if refusal is not None:
            return Opening(row["number"], refusal=refusal, stop=stop)
        work = load_work(self.read, row, self.rules)
        if not work.pieces:
            return Opening(row["number"], refusal=message("open.empty", number=row["number"]))
        if row["claim_station"] in (None, self.place.station):
            return Opening(row["number"], work)
        claim = message(
            "open.claimed",
            number=row["number"],
            name=row["claim_name"] or "-",
            station=row["claim_station"],
        )
        return Opening(row["number"], work, None, False, row["claim_operator"], claim)

    def _refusal(self, row: Row) -> tuple[Message | None, bool]:
        """Why an order may not be packed here, and whether that is a stop."""
        number = row["number"]
        if row["cancelled_at"] is not None:
            return message("open.cancelled", number=number), True
        if row["handed_over_at"] is not None:
            return message("open.shipped", number=number), False
        if row["held"]:
            if address_held(self.read, row["id"]):
                return message("open.address_changed", number=number), True
            reasons = hold_reasons(self.read, row["id"])
            return message("open.held", number=number, reasons=reasons), True
        if row["ready_at"] is None:
            return message("open.not_ready", number=number), False
        if row["warehouse_id"] != self.place.warehouse_id:
            return message("open.other_warehouse", number=number, warehouse=row["warehouse"]), False
        return None, False


def put_backs(read: Rows, place: Place) -> tuple[BackTask, ...]:
    """What is to be put back in this warehouse, oldest first."""
    return tuple(
        BackTask(
            row["id"],
            row["sku_id"] or 0,
            row["sku"],
            row["spec"],
            row["quantity"],
            row["bin"],
            row["number"],
        )
        for row in tasks(read, place.warehouse_id)
    )


def _must_stay(row: Row) -> str:
    """Why a parcel may not leave the building; "" when it may."""
    if row["cancelled_at"] is not None:
        return "cancelled"
    if row["voided_at"] is not None:
        if row["instead"] is None:
            return "voided"
        return "replaced" if row["instead"] else "replaced_soon"
    if row["held"]:
        return "held"
    return "" if row["on_paper"] else "not_labelled"


def product(row: Row) -> ProductRef:
    """A SKU row as what a scan means."""
    return ProductRef(row["id"], row["code"], row["title"], row["spec"])


def hold_reasons(read: Rows, order_id: int) -> Message:
    """The first open reason, and how many more there are."""
    rows = read.all(
        "SELECT reason FROM holds WHERE order_id = ? AND released_at IS NULL ORDER BY id", order_id
    )
    first = Message(f"hold.{rows[0]['reason'] if rows else 'other'}")
    if len(rows) < 2:
        return first
    return message("open.and_more", reason=first, more=len(rows) - 1)


def address_held(read: Rows, order_id: int) -> bool:
    """Whether the order waits for another label, because its address changed after the first."""
    row = read.one(
        "SELECT 1 FROM holds WHERE order_id = ? AND released_at IS NULL"
        " AND reason = 'address_changed'",
        order_id,
    )
    return row is not None


def order_row(read: Rows, order_id: int) -> Row:
    """The order with its shop, claim and live parcel. Raises LookupError when it is gone."""
    row = read.one(
        "SELECT o.*, s.name AS shop, w.code AS warehouse, c.station AS claim_station,"
        " c.operator_id AS claim_operator, p.name AS claim_name, l.weight_g, l.waybill,"
        f" {ON_PAPER} AS on_paper"
        " FROM orders o JOIN shops s ON s.id = o.shop_id"
        " LEFT JOIN warehouses w ON w.id = o.warehouse_id"
        " LEFT JOIN claims c ON c.order_id = o.id LEFT JOIN operators p ON p.id = c.operator_id"
        " LEFT JOIN parcels l ON l.order_id = o.id AND l.voided_at IS NULL WHERE o.id = ?",
        order_id,
    )
    if row is None:
        raise LookupError(f"order {order_id}")
    return row


def load_work(read: Rows, row: Row, rules: FloorRules) -> Work:
    """An order as the bench holds it; ``row`` comes from ``order_row``."""
    lines = read.all(
        "SELECT l.id, l.sku_id, l.sku_code, l.title, l.spec, l.wanted, l.picked, l.verified,"
        " l.short, l.gift, k.code, k.weight_g, k.by_hand, b.code AS bin FROM order_lines l"
        " LEFT JOIN skus k ON k.id = l.sku_id"
        " LEFT JOIN stock t ON t.warehouse_id = ? AND t.sku_id = l.sku_id"
        " LEFT JOIN bins b ON b.id = t.bin_id"
        " WHERE l.order_id = ? AND (l.wanted > 0 OR l.short > 0) ORDER BY b.code, l.id",
        *(row["warehouse_id"], row["id"]),
    )
    buyer_note = row["buyer_note"] or ""
    return Work(
        order_id=row["id"],
        number=row["number"],
        lines=tuple(work_line(line) for line in lines),
        shop=row["shop"],
        tier=row["tier"],
        ship_by=row["ship_by"],
        buyer_note=buyer_note,
        seller_note=row["seller_note"],
        note_open=rules.confirm_notes
        and bool(buyer_note or row["seller_note"])
        and row["weighed_at"] is None,
        pick_first=rules.pick_first,
        bin_required=rules.bin_required,
        partial_ok=rules.partial_ok,
        tolerance=rules.tolerance,
        weighed_g=row["weight_g"] if row["weighed_at"] is not None else None,
        waybill=row["waybill"] or "",
        labelled=bool(row["on_paper"]),
        slip_stale=bool(row["slip_stale"]),
    )


def work_line(row: Row) -> WorkLine:
    """A line row as the bench counts it."""
    return WorkLine(
        line_id=row["id"],
        sku_id=row["sku_id"] or 0,
        sku=row["code"] or row["sku_code"],
        title=row["title"],
        spec=row["spec"],
        bin=row["bin"] or "",
        wanted=row["wanted"],
        picked=row["picked"],
        verified=row["verified"],
        short=row["short"],
        gift=bool(row["gift"]),
        by_hand=bool(row["by_hand"]),
        unit_g=row["weight_g"],
    )


def fate(read: Rows, order_id: int) -> Message | None:
    """What became of a weighed parcel: label waiting, printing, printed, in doubt."""
    row = read.one(
        "SELECT o.number, p.id, p.waybill, p.weight_g, j.state, j.attempts, x.state AS asked"
        " FROM orders o LEFT JOIN parcels p ON p.order_id = o.id AND p.voided_at IS NULL"
        " LEFT JOIN print_jobs j ON j.kind = 'label' AND j.order_id = o.id"
        " AND j.parcel_id = p.id AND j.copy = 1"
        " LEFT JOIN outbox x ON x.order_id = o.id AND x.parcel_id = p.id AND x.kind = 'waybill'"
        " WHERE o.id = ?",
        order_id,
    )
    if row is None:
        return None
    data = {"number": row["number"], "waybill": row["waybill"] or "", "grams": row["weight_g"]}
    return Message(f"fate.{_fate(row)}", data)


def _fate(row: Row) -> str:
    if row["id"] is None:
        return "voided"
    if row["waybill"] is None:
        return "refused" if row["asked"] == "conflict" else "waiting"
    if row["state"] in ("printed", "in_doubt"):
        return str(row["state"])
    return "printer" if row["state"] == "waiting" and row["attempts"] else "printing"


def clean_code(text: str) -> str:
    """A scanned text as it may be shown."""
    return clean(text, 64)
