"""From the rows of one order to the order: one function a question.

Files carry no version, so ``modified_at`` is the latest time the rows themselves tell (created,
paid, shipped, finished): the same rows give the same version on any day from any file.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.ports import PlatformLine, PlatformOrder, Receiver
from drivers.channels.files.cells import BadCell, count, fen, moment, pdd_day, plain
from drivers.channels.files.columns import field_of, words
from drivers.channels.files.items import items, joined, part, shares
from drivers.channels.files.leaders import leader_number, nameless, notes
from drivers.channels.files.receiver import cut, person_in
from drivers.channels.files.rows import Row, first, raw_of
from drivers.channels.files.values import KnownWaybill

_LIVELIEST = ("to_ship", "partial", "hold", "unpaid", "shipped", "done", "closed")
"""Which of several lines' states an order takes: the one that leaves most to do."""
_PAID_WORDS = ("", "paid", "partially_refunded", "refunded")
_SCIENTIFIC = re.compile(r"^\d(?:\.\d+)?[eE]\+?\d+$")
_ROUNDED = re.compile(r"^\d(?:\.\d+)?E\+\d{2}$")
"""The same where a short code such as ``5E12`` may be meant: a spreadsheet writes the sign."""
_CODES = ("sub_number", "sku", "barcode")
_SEVERAL = re.compile(r"[\s,，;；、/]+")
_PACKED = re.compile(r"(?:^|\|)(name|sku|quantity|product_id|total):([^|]*)")


# --- the number --------------------------------------------------------------------------------


def number_of(row: Row) -> str:
    """The order's number. Raises BadCell when there is none or a spreadsheet destroyed it."""
    number = row.get("number")
    if nameless(row):
        return leader_number(row)
    if not number:
        raise BadCell("files.no_number")
    if _SCIENTIFIC.match(number):
        raise BadCell("files.number_rounded", number=number)
    if len(number) > 64 or not any(c.isdigit() for c in number):
        raise BadCell("files.not_a_number", number=number[:60])
    return number


# --- the order ---------------------------------------------------------------------------------


def order_of(
    number: str, rows: Sequence[Row], lines: Sequence[PlatformLine] | None = None
) -> PlatformOrder:
    """The order of these rows; ``lines`` when another file tells them. Raises BadCell."""
    _refuse_disagreement(number, rows)
    head = rows[0]
    created, paid = _time(rows, "created"), _time(rows, "paid")
    dated = created or paid or pdd_day(number, head.zone)
    if dated is None:
        raise BadCell("files.no_time")
    status, refund = status_of(rows), _refund(rows)
    found = lines if lines is not None else lines_of(number, rows)
    found = _closed_lines([_refunded(line, refund) for line in found], status, head)
    return PlatformOrder(
        number=number,
        route="file",
        status=status,
        modified_at=max([dated, *(t for row in rows for t in row.known_times())]),
        created_at=dated,
        paid_at=paid,
        ship_by=_time(rows, "ship_by"),
        refund=refund,
        lines=_new_choice(first(rows, "new_spec"), found),
        buyer_key=first(rows, "buyer_id"),
        buyer_name=first(rows, "buyer"),
        receiver=receiver_of(rows),
        buyer_note=first(rows, "buyer_note") if head.told("buyer_note") else None,
        seller_note=" | ".join(filter(None, (first(rows, "seller_note"), *notes(rows)))),
        flags=("self_pickup",) if _fetched(rows, status) else (),
        amount_cents=_amount(rows, "amount"),
        freight_cents=_amount(rows, "freight"),
        raw=raw_of(rows),
    )


def joined_lines(number: str, rows: Sequence[Row], pieces: int | None) -> list[PlatformLine]:
    """The lines of detail rows. Raises BadCell when they are not all the order says."""
    lines = lines_of(number, rows)
    got = sum(line.quantity for line in lines)
    if pieces is not None and pieces != got:
        raise BadCell("files.details_incomplete", expected=pieces, got=got)
    return lines


def completed(known: PlatformOrder, rows: Sequence[Row]) -> PlatformOrder:
    """An order that came without its details, with the details that came later.

    Raises BadCell when they are not all of them.
    """
    told = any(field_of(name) == "quantity" for row in json.loads(known.raw) for name in row)
    pieces = sum(line.quantity for line in known.lines) if told else None
    words_told = {line.refund for line in known.lines}
    refund = words_told.pop() if len(words_told) == 1 else ""
    lines = joined_lines(known.number, rows, pieces)
    lines = _closed_lines([_refunded(line, refund) for line in lines], known.status, rows[0])
    bare = [line.spec for line in known.lines if not line.sku]
    return replace(known, lines=_new_choice(bare[0] if len(bare) == 1 else "", lines))


def _refuse_disagreement(number: str, rows: Sequence[Row]) -> None:
    """Rows under one number are one order only when they name one receiver; where a row is an
    order there is only one of them."""
    if len(rows) > 1 and rows[0].header.layout.role in ("order", "wide"):
        raise BadCell("files.number_twice", number=number, row=rows[-1].number)
    person = ("buyer",) if nameless(rows[0]) else ()
    for field in ("receiver", "phone", "address", *person):
        if len({value for row in rows if (value := row.get(field))}) > 1:
            raise BadCell("files.rows_disagree", number=number)


def _fetched(rows: Sequence[Row], status: str) -> bool:
    """Whether somebody comes for the goods (``上门自提``, ``待自提``): no courier gets them."""
    return "自提" in first(rows, "delivery") or status == "待自提"


def _time(rows: Sequence[Row], field: str) -> int | None:
    return moment(first(rows, field), rows[0].zone)


def _amount(rows: Sequence[Row], field: str) -> int:
    if rows[0].header.layout.sums:
        return sum(row.money(field) for row in rows)
    return fen(first(rows, field))


def _refund(rows: Sequence[Row]) -> str:
    """The word that holds for the whole order; a word of single lines stays with the lines."""
    if rows[0].header.has("paid_status"):
        return first(rows, "paid_status")
    found = {row.refund() for row in rows}
    if found <= {"", "-"}:
        return first(rows, "cancel_reason") or max(found)
    return found.pop() if len(found) == 1 else ""


def _refunded(line: PlatformLine, refund: str) -> PlatformLine:
    """What holds for the order holds for a line that has no word of its own."""
    return line if line.refund not in ("", "-") or not refund else replace(line, refund=refund)


def status_of(rows: Sequence[Row]) -> str:
    """The order's status word; of several, an unknown one first, then the liveliest.

    Shopify tells paying and shipping apart: until it is paid, paying is the status.
    """
    if rows[0].header.has("paid_status"):
        paying = first(rows, "paid_status")
        if first(rows, "cancelled"):
            return "cancelled"
        return first(rows, "status") if paying in _PAID_WORDS else paying
    found = dict.fromkeys(word for row in rows if (word := row.get("status")))
    known = words(rows[0].header.layout.channel, "order_status")
    if len(found) == 1 or not known:
        return " / ".join(found)
    return min(found, key=lambda word: _rank(known.get(word)), default="")


def _rank(meaning: str | None) -> int:
    return _LIVELIEST.index(meaning) if meaning in _LIVELIEST else -1


def _closed_lines(lines: Sequence[PlatformLine], status: str, head: Row) -> list[PlatformLine]:
    """A closed line of a living order must not be picked: its status word stands as refund."""
    known = words(head.header.layout.channel, "order_status")
    if known.get(status) == "closed":
        return list(lines)
    return [
        replace(line, refund=line.status)
        if line.refund in ("", "-") and known.get(line.status) == "closed"
        else line
        for line in lines
    ]


def _new_choice(chosen: str, lines: Sequence[PlatformLine]) -> tuple[PlatformLine, ...]:
    """``修改后的sku``: the buyer chose again. The new words replace the old, and the old code
    goes, because it names what the buyer no longer wants.

    Raises BadCell when it is not certain which line is meant.
    """
    if not chosen or any(line.spec == chosen for line in lines):
        return tuple(lines)
    if len(lines) > 1:
        raise BadCell("files.choice_unclear", choice=chosen[:60])
    return tuple(replace(line, spec=chosen, sku="", barcode="") for line in lines)


# --- the lines ---------------------------------------------------------------------------------


def lines_of(number: str, rows: Sequence[Row]) -> list[PlatformLine]:
    """The order's lines with sub-order numbers that are unique and do not depend on the file.

    Raises BadCell when the same row stands twice and nothing tells a repetition from a second
    piece.
    """
    _refuse_twins(rows)
    wide = rows[0].header.layout.role == "wide"
    found = [line for row in rows for line in (_wide_lines(row) if wide else _row_lines(row))]
    used: dict[str, int] = {}
    return [_numbered(number, line, used) for line in found]


def _refuse_twins(rows: Sequence[Row]) -> None:
    seen: dict[str, Row] = {}
    for row in rows:
        sub = row.get("sub_number")
        twin = seen.setdefault(sub or "\x00".join(row.cells), row)
        if twin is not row:
            raise BadCell("files.row_twice", row=row.number, first=twin.number)


def _numbered(number: str, line: PlatformLine, used: dict[str, int]) -> PlatformLine:
    """A line without a sub-order number gets one of its product, then of its place."""
    if line.sub_number and not line.sub_number.startswith("?"):
        return line
    key = line.sub_number[1:] or line.sku or str(len(used) + 1)
    used[key] = used.get(key, 0) + 1
    repeated = f"-{used[key]}" if used[key] > 1 else ""
    return replace(line, sub_number=f"{number}-{key}{repeated}")


def _row_lines(row: Row) -> list[PlatformLine]:
    subs = joined(row.get("sub_number"))
    if len(subs) > 1:
        return _joined_lines(row, subs)
    if row.header.layout.channel == "groupbuy":
        return _text_lines(row)
    return [_line(row)]


def _line(row: Row) -> PlatformLine:
    """A row as one line. ``?`` before a sub-order number marks a product id in its place."""
    _refuse_rounded(row)
    pieces, sku = row.pieces(), row.get("sku")
    if pieces is None and sku:
        raise BadCell("files.no_quantity")
    product, shopify = row.get("product_id"), row.header.has("paid_status")
    return PlatformLine(
        sub_number=row.get("sub_number") or (f"?{product}" if product else ""),
        sku=sku,
        barcode=row.get("barcode"),
        title=row.get("title"),
        spec=row.get("spec"),
        quantity=pieces or 1,
        price_cents=row.money("price"),
        status=row.get("line_status" if shopify else "status"),
        refund="" if shopify else row.refund(),
    )


def _refuse_rounded(row: Row) -> None:
    """Codes a spreadsheet stored as numbers of more digits than it keeps."""
    for field in _CODES:
        if _ROUNDED.match(row.get(field)):
            raise BadCell("files.code_rounded", code=row.get(field))


def _joined_lines(row: Row, subs: list[str]) -> list[PlatformLine]:
    """Several sub-orders in one row. Raises BadCell when the summed quantity has no one split."""
    parts = shares(row.get("quantity"), len(subs))
    skus, titles = joined(row.get("sku")), joined(row.get("title"))
    if parts is None or len(skus) not in (0, len(subs)):
        raise BadCell("files.cannot_split", parts=len(subs), quantity=row.get("quantity")[:30])
    specs = joined(row.get("spec"))
    return [
        PlatformLine(
            sub_number=sub,
            sku=skus[i] if skus else "",
            title=part(titles, i, len(subs)),
            spec=part(specs, i, len(subs)),
            quantity=parts[i],
            status=row.get("status"),
            refund=row.refund(),
        )
        for i, sub in enumerate(subs)
    ]


def _text_lines(row: Row) -> list[PlatformLine]:
    """Group-buy items as text. The words are the only key a leader gives, so they stand as the
    merchant code (with the options, when they have a column) and the shop's own list says which
    SKU that is. What can be read in two ways stays one line without a code.
    """
    if row.get("sku"):
        return [_line(row)]
    cell, pieces, spec = row.get("title"), row.pieces(), row.get("spec")
    found = items(cell, pieces)
    if found is None:
        return [_text_line(row, "", cell, spec, pieces or 1)]
    if len(found) > 1:
        spec = ""
    return [_text_line(row, f"{what} {spec}".strip()[:120], what, spec, n) for what, n in found]


def _text_line(row: Row, sku: str, title: str, spec: str, quantity: int) -> PlatformLine:
    return PlatformLine(
        sub_number="",
        sku=sku,
        title=title,
        spec=spec,
        quantity=quantity,
        status=row.get("status"),
        refund=row.refund(),
    )


def _wide_lines(row: Row) -> list[PlatformLine]:
    """WooCommerce: items in columns ``Product Item N ...`` or packed as ``name:A|sku:B|...``."""
    found = []
    for item in row.header.items:
        value = {p: plain(row.cells[i]) for p, i in item.items() if i < len(row.cells)}
        if value.get("packed"):
            value.update(_PACKED.findall(value["packed"]))
        if value.get("name") or value.get("sku"):
            found.append(_wide_line(row, value))
    return found or [_line(row)]


def _wide_line(row: Row, value: dict[str, str]) -> PlatformLine:
    pieces = count(value.get("quantity", ""))
    product = value.get("id") or value.get("product_id") or ""
    total = fen(value.get("total", ""))
    return PlatformLine(
        sub_number=f"?{product}" if product else "",
        sku=value.get("sku", ""),
        title=value.get("name", ""),
        quantity=pieces,
        price_cents=total // pieces if total % pieces == 0 else 0,
        status=row.get("status"),
    )


# --- the receiver ------------------------------------------------------------------------------


def receiver_of(rows: Sequence[Row]) -> Receiver:
    """Who gets the parcel. A changed address replaces the first one; a pick-up point stands in
    where a group-buy order has no address."""
    name = first(rows, "receiver") or _joined_name(rows)
    if not name and rows[0].header.layout.channel == "groupbuy":
        name = first(rows, "buyer")
    phone = _phone(first(rows, "phone"))
    changed = first(rows, "new_address")
    text = changed or first(rows, "address")
    person = person_in(text)
    if person:
        name, phone, text = person
    if first(rows, "province") and not changed:
        return Receiver(
            name=name,
            phone=phone,
            province=first(rows, "province"),
            city=first(rows, "city"),
            district=first(rows, "district"),
            address=_rest(rows, text),
        )
    place = cut(text or f"{first(rows, 'station')} {first(rows, 'station_address')}")
    return Receiver(
        name=name,
        phone=phone,
        province=place.province,
        city=place.city or ("" if changed else first(rows, "city")),
        district=place.district,
        address=place.rest if changed else _rest(rows, place.rest),
    )


def _rest(rows: Sequence[Row], address: str) -> str:
    """Street, address, second address line, building and room; abroad also code and country."""
    fields = [first(rows, f) for f in ("address2", "building", "room")]
    abroad = [first(rows, f) for f in ("zip", "country")]
    return " ".join(p for p in (first(rows, "street"), address, *fields, *abroad) if p)


def _joined_name(rows: Sequence[Row]) -> str:
    return f"{first(rows, 'first_name')} {first(rows, 'last_name')}".strip()


def _phone(text: str) -> str:
    return re.sub(r"^\+?86[- ](?=[\d*])", "", text)


# --- the waybill it already has ----------------------------------------------------------------


def waybills_of(number: str, rows: Iterable[Row]) -> list[KnownWaybill]:
    """Waybills in their own columns or as ``运单号-快递公司`` in one cell, each once; a parcel may
    carry two numbers (JD), in one cell or in two."""
    found: dict[str, KnownWaybill] = {}
    for row in rows:
        carrier, both = row.get("carrier"), row.get("waybill_and_carrier")
        told = row.every("waybill")
        if not told and "-" in both:
            waybill, carrier = both.rsplit("-", 1)
            told = [waybill]
        for waybill in (one for cell in told for one in _SEVERAL.split(cell) if one):
            found.setdefault(waybill, KnownWaybill(number, waybill, carrier))
    return list(found.values())
