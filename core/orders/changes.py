"""What a change after the pull does: one defined effect for each stage the order may be in."""

from core.orders import holds
from core.orders.audit import audit
from core.orders.buyer import flag_same_buyer, same_buyer_key
from core.orders.lines import insert_line, place_product, sku_of, summarise
from core.orders.putback import put_back
from core.orders.rest import rests, sub_at_shop
from core.orders.values import FILE, SELF_PICKUP, Telling
from core.ports import PlatformLine, Receiver
from core.stock import release
from core.store import Row, Tx
from core.text import clean, phone_tail


def apply_change(tx: Tx, order_id: int, told: Telling) -> None:
    """Follow a newer telling of a known order: notes, address, lines, refunds, status."""
    before = tx.the("SELECT * FROM orders WHERE id = ?", order_id)
    status = told.status
    doubt = doubt_of(tx, before, told)
    moved = update_order(tx, before, told)
    if doubt:
        doubt_file(tx, order_id, doubt)
    if before["open"]:
        hold_fetched(tx, order_id, told)
        follow_lines(tx, before, told)
        if "address" in moved:
            follow_address(tx, before)
        if "note" in moved and before["verified_at"] is not None:
            holds.hold(tx, order_id, "note_changed", clean(told.order.buyer_note, 200))
        summarise(tx, order_id)
        outdate_slip(tx, before, moved)
    route = told.order.route or told.policy.channel
    replaced = {"replaced": before["digest"]} if route == FILE else {}
    tx.event("changed", order_id, fields=sorted(moved), status=status, route=route, **replaced)
    tx.run(
        "INSERT INTO raw_orders (order_id, raw) VALUES (?, ?)"
        " ON CONFLICT (order_id) DO UPDATE SET raw = excluded.raw",
        *(order_id, told.order.raw),
    )
    follow_rests(tx, before, told, moved)
    if not before["open"]:
        follow_refunds(tx, before, told)
        tell_too_late(tx, before, told, moved)
    elif status == "closed" or nothing_left(tx, order_id):
        cancel(tx, order_id, "closed" if status == "closed" else "refunded")
    else:
        audit(tx, order_id)
        flag_same_buyer(tx, order_id, same_buyer_key(told.order, told.policy.shop_id))


_GRAVITY = {"none": 0, "unknown": 1, "open": 1, "refunded": 2}


def doubt_of(tx: Tx, before: Row, told: Telling) -> str:
    """What a file of unknown age takes back: a refund, a stop or an address; "" when nothing.

    A file whose times are later is the newer one and is believed.
    """
    if told.order.route != FILE or told.order.modified_at != before["modified_at"]:
        return ""
    rows = tx.all("SELECT sub_number, refund FROM order_lines WHERE order_id = ?", before["id"])
    known = {row["sub_number"]: _GRAVITY[row["refund"]] for row in rows}
    lines = told.order.lines
    if any(_GRAVITY[told.refund(each)] < known.get(clean(each.sub_number), 0) for each in lines):
        return "file_refund"
    if before["status"] in ("hold", "closed") and told.status in ("to_ship", "partial"):
        return "file_status"
    address = address_of(told.order.receiver) if told.order.receiver != Receiver() else {}
    if any(before[name] not in ("", address[name]) for name in address.keys() & _DOOR):
        return "file_address"
    return ""


def doubt_file(tx: Tx, order_id: int, doubt: str) -> None:
    """A supervisor says whether the file is newer than what it takes back."""
    for open_id in [order_id, *(rest["id"] for rest in rests(tx, order_id))]:
        if tx.the("SELECT open FROM orders WHERE id = ?", open_id)["open"]:
            holds.hold(tx, open_id, "file_doubt", doubt)


_DOOR = frozenset({"receiver_name", "receiver_phone", "province", "city", "district", "address"})


def address_of(receiver: Receiver) -> dict[str, object]:
    """Where a parcel goes, as an order keeps it."""
    return {
        "receiver_name": clean(receiver.name),
        "receiver_phone": clean(receiver.phone),
        "phone_tail": phone_tail(receiver.phone),
        "province": clean(receiver.province),
        "city": clean(receiver.city),
        "district": clean(receiver.district),
        "address": clean(receiver.address),
        "cipher_ref": receiver.cipher_ref,
    }


def hold_fetched(tx: Tx, order_id: int, told: Telling) -> None:
    """Somebody comes for the goods: no courier gets them, unless a supervisor said so before."""
    if SELF_PICKUP in told.order.flags and not tx.one(
        "SELECT 1 FROM holds WHERE order_id = ? AND reason = ?", order_id, SELF_PICKUP
    ):
        holds.hold(tx, order_id, SELF_PICKUP)


def update_order(tx: Tx, before: Row, told: Telling) -> set[str]:
    """Write the order's own facts; returns which of them moved."""
    order, receiver = told.order, told.order.receiver
    note = before["buyer_note"] if order.buyer_note is None else clean(order.buyer_note)
    tier = order.tier or before["tier"] or told.policy.tier
    ship_by = order.ship_by or (
        before["ship_by"]
        if order.paid_at == before["paid_at"]
        else told.policy.ship_by(tier, order.paid_at or order.created_at)
    )
    address = address_of(receiver)
    address["same_buyer_key"] = same_buyer_key(order, told.policy.shop_id)
    if receiver == Receiver():  # not told is not the same as gone
        address = {}
    facts = {
        **address,
        "status": told.status,
        "status_word": clean(order.status, 60),
        "modified_at": order.modified_at,
        "paid_at": order.paid_at,
        "ship_by": ship_by,
        "tier": tier,
        "buyer_note": note,
        "seller_note": clean(order.seller_note),
        "amount_cents": order.amount_cents,
        "freight_cents": order.freight_cents,
        "digest": told.digest,
    }
    columns = ", ".join(f"{name} = ?" for name in facts)
    tx.run(f"UPDATE orders SET {columns} WHERE id = ?", *facts.values(), before["id"])
    moved = {name for name, value in facts.items() if before[name] != value}
    named = moved & {"status", "ship_by", "tier", "paid_at", "seller_note"}
    if moved & address.keys() - {"cipher_ref", "same_buyer_key"} or hidden_move(
        before, told, moved
    ):
        named.add("address")
    if moved & {"buyer_note"}:
        named.add("note")
    return named


FOLLOWED = (
    "status_word, modified_at, paid_at, buyer_note, seller_note, receiver_name, receiver_phone,"
    " phone_tail, province, city, district, address, cipher_ref, same_buyer_key"
)
"""What an order that ships a rest has from the first one."""
ON_SLIP = frozenset({"note", "seller_note", "address", "tier", "ship_by"})
"""What of an order's own facts its slip carries."""


def outdate_slip(tx: Tx, before: Row, moved: set[str]) -> None:
    """A slip on paper that says something else by now is marked so."""
    goods = tx.the("SELECT pieces, summary FROM orders WHERE id = ?", before["id"])
    changed = moved & ON_SLIP or any(goods[k] != before[k] for k in ("pieces", "summary"))
    if before["slip_copies"] and changed:
        tx.run("UPDATE orders SET slip_stale = 1 WHERE id = ?", before["id"])


def hidden_move(before: Row, told: Telling, moved: set[str]) -> bool:
    """Whether a masked address moved: the channel says so, and its reference is another one; or
    the reference is of the address, as the one before."""
    if "cipher_ref" not in moved:
        return False
    if "address_changed" in told.order.flags:
        return True
    old, new = (named_address(r) for r in (before["cipher_ref"], told.order.receiver.cipher_ref))
    return bool(old and new and old != new)


def named_address(reference: str) -> str:
    """What a reference names the address by; "" when it names something else."""
    return reference.partition(" ")[0] if reference.startswith("address:") else ""


def follow_address(tx: Tx, order: Row) -> None:
    """Not yet picked: dispatched anew. A carrier has it already: held, for a supervisor."""
    from core.watch import raise_alert

    if addressed(tx, order["id"]):
        holds.hold(tx, order["id"], "address_changed")
        raise_alert(tx, "address_changed", order["number"], order["id"])
    elif order["picking_at"] is None:
        reopen(tx, order, "address_changed")


def follow_lines(tx: Tx, order: Row, told: Telling) -> None:
    """Bring the lines to what the platform tells now.

    A telling without any product code (Taobao's order file without its detail file) knows less
    than we do: it changes no line.
    """
    rows = tx.all("SELECT * FROM order_lines WHERE order_id = ?", order["id"])
    codeless = not any(line.sku or line.barcode for line in told.order.lines)
    if codeless and any(row["sku_code"] for row in rows):
        follow_bare_refund(tx, order, told)
        return
    by_sub = {row["sub_number"]: row for row in rows if row["bundle_line_id"] is None}
    for line in told.order.lines:
        row = by_sub.pop(clean(line.sub_number), None)
        if row is None:
            insert_line(tx, told, order["id"], line)
            reopen(tx, order, "line_added")
        else:
            follow_line(tx, order, row, line, told)
    for row in by_sub.values():
        follow_units(tx, order, row["id"], 0)


def follow_bare_refund(tx: Tx, order: Row, told: Telling) -> None:
    """Money asked back in an order file without its details: for which line, it does not say."""
    for line in told.order.lines:
        if told.refund(line) != "none":
            tx.run(
                "UPDATE order_lines SET refund = ?, refund_word = ?"
                " WHERE order_id = ? AND refund = 'none'",
                *("open" if told.refund(line) == "open" else "unknown",),
                *(clean(told.refund_word(line), 60), order["id"]),
            )


def follow_line(tx: Tx, order: Row, row: Row, line: PlatformLine, told: Telling) -> None:
    """One line's refund, product, quantity and words."""
    refund, word = told.refund(line), clean(told.refund_word(line), 60)
    tx.run(
        "UPDATE order_lines SET refund = ?, refund_word = ?, status = ?"
        " WHERE id = ? OR bundle_line_id = ?",
        *(refund, word, clean(line.status), row["id"], row["id"]),
    )
    follow_product(tx, order, row, line)
    follow_units(tx, order, row["id"], 0 if refund == "refunded" else line.quantity)


def follow_product(tx: Tx, order: Row, row: Row, line: PlatformLine) -> None:
    """The buyer may have chosen another colour or size under the same sub-order number."""
    code, spec = clean(line.sku), clean(line.spec)
    if spec and spec != row["spec"]:
        tx.run("UPDATE order_lines SET spec = ? WHERE id = ?", spec, row["id"])
        if order["picking_at"] is not None:
            holds.hold(tx, order["id"], "question", "spec_changed")
    if not code or code == row["sku_code"]:
        return
    sku = sku_of(tx, line)
    if sku is None or sku["id"] != row["sku_id"]:
        if order["labelled_at"] is not None:
            holds.hold(tx, order["id"], "question", "product_changed")
            return
        exchange(tx, order, row["id"], sku["id"] if sku else None)
    tx.run(
        "UPDATE order_lines SET sku_code = ?, title = ? WHERE id = ?",
        *(code, clean(line.title), row["id"]),
    )


def exchange(tx: Tx, order: Row, line_id: int, sku_id: int | None) -> None:
    """Another product takes the line: what was promised and picked goes back first."""
    reopen(tx, order, "product_changed")
    tx.run(  # parts of the old bundle are nobody's from now on: their own
        "UPDATE order_lines SET refunded = ordered, short = 0, refund = 'none',"
        " bundle_line_id = id WHERE bundle_line_id = ?",
        line_id,
    )
    tx.run("UPDATE order_lines SET short = 0, short_reason = '' WHERE id = ?", line_id)
    place_product(tx, line_id, sku_id)


def follow_units(tx: Tx, order: Row, line_id: int, quantity: int) -> None:
    """Ship this many of a line, whether that is fewer or more than until now."""
    row = tx.the("SELECT * FROM order_lines WHERE id = ?", line_id)
    if quantity < row["ordered"] - row["refunded"]:
        withdraw(tx, order, row, row["ordered"] - quantity)
    elif quantity > row["ordered"] - row["refunded"]:
        grow(tx, order, row, quantity)


def withdraw(tx: Tx, order: Row, row: Row, units: int) -> None:
    """These units will not be shipped: free what was promised, put back what was picked."""
    for part in tx.all("SELECT * FROM order_lines WHERE bundle_line_id = ?", row["id"]):
        withdraw_units(tx, order, part, units * part["ordered"] // row["ordered"])
    withdraw_units(tx, order, row, units)


def withdraw_units(tx: Tx, order: Row, row: Row, refunded: int) -> None:
    """One row's share of a withdrawal; ``refunded`` is the new total."""
    refunded = min(refunded, row["ordered"] - row["short"])
    if refunded <= row["refunded"]:
        return
    left = row["ordered"] - refunded - row["short"] if row["picks"] else 0
    back = max(0, row["picked"] - left)
    tx.run(
        "UPDATE order_lines SET refunded = ?, verified = min(verified, ?), picked = min(picked, ?)"
        " WHERE id = ?",
        *(refunded, left, left, row["id"]),
    )
    if order["warehouse_id"] is not None:
        release(tx, row, order["warehouse_id"], row["reserved"] - left, "refunded")
    if back:
        put_back(tx, order["id"], row["id"], back, "refunded")
    if row["verified"] > left and order["verified_at"] is not None:
        holds.hold(tx, order["id"], "question", "line_withdrawn")  # it lies in the closed box
    tx.event("line_withdrawn", order["id"], line=row["id"], units=refunded - row["refunded"])


def grow(tx: Tx, order: Row, row: Row, quantity: int) -> None:
    """The buyer wants more of a line: reserve again, from the start."""
    reopen(tx, order, "quantity_grew")
    ordered = max(row["ordered"], quantity)
    for part in tx.all("SELECT * FROM order_lines WHERE bundle_line_id = ?", row["id"]):
        each = part["ordered"] // row["ordered"]
        set_units(tx, part, each * ordered, each * quantity)
    set_units(tx, row, ordered, quantity)


def set_units(tx: Tx, row: Row, ordered: int, quantity: int) -> None:
    """How many units of a row were ordered, and how many of them are still wanted."""
    tx.run(
        "UPDATE order_lines SET ordered = ?, refunded = min(?, ? - short) WHERE id = ?",
        *(ordered, ordered - quantity, ordered, row["id"]),
    )


def reopen(tx: Tx, order: Row, why: str) -> None:
    """An order that grew goes back to the start: nothing reserved, nothing picked."""
    current = tx.the("SELECT ready_at, labelled_at FROM orders WHERE id = ?", order["id"])
    if current["ready_at"] is None:
        return
    if current["labelled_at"] is not None:
        holds.hold(tx, order["id"], "question", why)
        return
    from core.shipping.parcels import void_parcel

    void_parcel(tx, order["id"], why)
    give_back(tx, order, why)
    tx.run(
        "UPDATE orders SET verified_at = NULL, weighed_at = NULL, picked_at = NULL,"
        " picking_at = NULL, ready_at = NULL WHERE id = ?",
        order["id"],
    )


def give_back(tx: Tx, order: Row, why: str) -> None:
    """Free every promise of an order and put back every unit that was picked."""
    rows = tx.all("SELECT * FROM order_lines WHERE order_id = ?", order["id"])
    for row in rows:
        if order["warehouse_id"] is not None:
            release(tx, row, order["warehouse_id"], row["reserved"], why)
        if row["picked"]:
            put_back(tx, order["id"], row["id"], row["picked"], why)
    tx.run("UPDATE order_lines SET verified = 0, picked = 0 WHERE order_id = ?", order["id"])
    tx.run("DELETE FROM claims WHERE order_id = ?", order["id"])


def nothing_left(tx: Tx, order_id: int) -> bool:
    """Whether there are lines, and every one was refunded or withdrawn.

    Of a line that was paid back, units the shelf was short of are not kept either.
    """
    row = tx.the(
        "SELECT count(*) AS n, sum(ordered > refunded AND refund <> 'refunded') AS kept"
        " FROM order_lines WHERE order_id = ?",
        order_id,
    )
    return row["n"] > 0 and not row["kept"]


def cancel(tx: Tx, order_id: int, why: str) -> None:
    """The order will not be shipped: free the stock, put goods back, void what was bought."""
    order = tx.the("SELECT * FROM orders WHERE id = ?", order_id)
    if not order["open"]:
        return
    tx.run("UPDATE orders SET cancelled_at = ? WHERE id = ?", tx.now, order_id)
    tx.event("cancelled", order_id, why=why, stage=order["stage"])
    give_back(tx, order, why)
    tx.run(
        "UPDATE print_jobs SET state = 'cancelled' WHERE order_id = ? AND state = 'waiting'",
        order_id,
    )
    catch_parcel(tx, order)
    from core.shipping.parcels import void_parcel

    void_parcel(tx, order_id, why)


def catch_parcel(tx: Tx, order: Row) -> None:
    """A labelled box stands among those that leave: somebody must take it out."""
    from core.shipping.parcels import live_parcel
    from core.watch import raise_alert

    parcel = live_parcel(tx, order["id"])
    if parcel is not None and order["labelled_at"] is not None:
        waybill = parcel["waybill"] or ""
        raise_alert(tx, "intercept", order["number"], order["id"], waybill=waybill)


def follow_refunds(tx: Tx, order: Row, told: Telling) -> None:
    """An order that left changes no more; what it still owes depends on who was paid back."""
    for line in told.order.lines:
        tx.run(
            "UPDATE order_lines SET refund = ?1, refund_word = ?2 WHERE order_id = ?3"
            " AND (sub_number = ?4 OR bundle_line_id IN (SELECT id FROM order_lines"
            " WHERE order_id = ?3 AND sub_number = ?4))",
            *(told.refund(line), clean(told.refund_word(line), 60)),
            *(order["id"], clean(line.sub_number)),
        )


def follow_rests(tx: Tx, first: Row, told: Telling, moved: set[str]) -> None:
    """What the shop tells of an order also holds for the order that ships what it still owed."""
    lines = {clean(line.sub_number): line for line in told.order.lines}
    for rest in rests(tx, first["id"]):
        if not rest["open"]:
            continue
        shipped = told.status in ("partial", "shipped", "done")  # by the first parcel
        tx.run(
            f"UPDATE orders SET status = ?, ({FOLLOWED}) = (SELECT {FOLLOWED} FROM orders"
            " WHERE id = ?) WHERE id = ?",
            *("to_ship" if shipped else told.status, first["id"], rest["id"]),
        )
        for row in tx.all("SELECT * FROM order_lines WHERE order_id = ?", rest["id"]):
            if (line := lines.get(sub_at_shop(row["sub_number"]))) is not None:
                follow_rest_line(tx, rest, row, told.refund(line), told.refund_word(line))
        if "address" in moved:
            follow_address(tx, rest)
        summarise(tx, rest["id"])
        if told.status == "closed" or nothing_left(tx, rest["id"]):
            cancel(tx, rest["id"], "closed" if told.status == "closed" else "refunded")
        else:
            audit(tx, rest["id"])


def follow_rest_line(tx: Tx, rest: Row, row: Row, refund: str, word: str) -> None:
    """Paid back: not shipped any more. Asked for: the audit holds it."""
    tx.run(
        "UPDATE order_lines SET refund = ?, refund_word = ? WHERE id = ?",
        *(refund, clean(word, 60), row["id"]),
    )
    if refund == "refunded":
        withdraw(tx, rest, row, row["ordered"])


def tell_too_late(tx: Tx, before: Row, told: Telling, moved: set[str]) -> None:
    """A change after the end: nothing here can stop the truck; a person must know."""
    from core.watch import raise_alert

    rules = []
    refunds = [told.refund(line) for line in told.order.lines]
    gone = told.status == "closed" or (refunds and set(refunds) == {"refunded"})
    if before["stage"] == "shipped" and gone:
        rules.append("closed_after_handover")
    if before["stage"] == "shipped" and "address" in moved:
        rules.append("address_after_handover")
    if before["stage"] == "cancelled" and told.status not in ("closed", "shipped", "done"):
        alive = any(refund != "refunded" for refund in refunds)
        rules += ["open_after_cancel"] if alive else []
    for rule in rules:
        raise_alert(tx, rule, before["number"], order_id=before["id"])
    if before["stage"] == "shipped":
        tell_of_stop(tx, before)


def tell_of_stop(tx: Tx, order: Row) -> None:
    """The shop says stop, does not know yet that the parcel left, and is not told while it does."""
    from core.shipping.parcels import untold_waybill
    from core.watch import close_alert, raise_alert

    waybill = untold_waybill(tx, order["id"])
    if waybill is not None and holds.stopped_after_handover(tx, order["id"]):
        number = order["number"]
        raise_alert(tx, "stopped_after_handover", number, order["id"], waybill=waybill)
    else:
        close_alert(tx, "stopped_after_handover", order["number"])


def addressed(tx: Tx, order_id: int) -> bool:
    """Whether a carrier already has, or is about to have, the address."""
    from core.shipping.parcels import live_parcel

    return live_parcel(tx, order_id) is not None
