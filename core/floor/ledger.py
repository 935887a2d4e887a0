"""Writes a decision's changes: counts, marks, events, holds, claims and what leaves, all in the
transaction of the scan. Calls the other rooms where the effect is theirs.
"""

from functools import singledispatch

from core.floor import changes as ch
from core.floor.values import Step
from core.orders import holds, putback
from core.orders.slip import queue_slip
from core.shipping import parcels
from core.shipping.again import buy_again
from core.stock import move, release
from core.store import Actor, Tx
from core.sync.hints import look_again
from core.watch import raise_alert


def record(tx: Tx, order_id: int | None, changes: tuple[ch.Change, ...]) -> None:
    """Write every change; the order is the one in hand, from its opening on the one opened."""
    for change in changes:
        if isinstance(change, ch.Claimed):
            order_id = change.order_id
        write(change, tx, order_id or 0)
    if order_id is not None and changes:
        tx.run("UPDATE orders SET touched_at = ? WHERE id = ?", tx.now, order_id)


@singledispatch
def write(change: ch.Change, tx: Tx, order_id: int) -> None:
    """Write one change."""
    raise TypeError(f"no way to write {change}")


@write.register
def _(change: ch.Picked, tx: Tx, order_id: int) -> None:
    tx.run("UPDATE order_lines SET picked = picked + ? WHERE id = ?", change.units, change.line_id)
    tx.event("unit_picked", order_id, **_units(change))


@write.register
def _(change: ch.Verified, tx: Tx, order_id: int) -> None:
    tx.run(
        "UPDATE order_lines SET picked = picked + ?, verified = verified + ? WHERE id = ?",
        *(change.picked_too, change.units, change.line_id),
    )
    tx.event("unit_verified", order_id, **_units(change))


def _units(change: ch.Picked | ch.Verified) -> dict[str, object]:
    """What the event of counted units says; the ordinary case stays short."""
    what: dict[str, object] = {"line": change.line_id, "units": change.units}
    if change.by_hand:
        what["by_hand"] = True
    if change.forced_by is not None:
        what["forced_by"] = change.forced_by
    return what


@write.register
def _(change: ch.Shorted, tx: Tx, order_id: int) -> None:
    """The shelf does not have them: they leave the line, the promise and the balance."""
    line = tx.the("SELECT * FROM order_lines WHERE id = ?", change.line_id)
    tx.run(
        "UPDATE order_lines SET short = short + ?, picked = picked - ?, short_reason = ?"
        " WHERE id = ?",
        *(change.units, change.unpicked, change.reason, change.line_id),
    )
    warehouse_id = _warehouse(tx, order_id)
    release(tx, line, warehouse_id, change.units, "short")
    move(
        tx,
        "adjust",
        warehouse_id,
        line["sku_id"],
        on_hand=-change.units,
        order_id=order_id,
        reason=f"short {change.reason}",
    )
    tx.event("shorted", order_id, line=change.line_id, units=change.units, reason=change.reason)


def _warehouse(tx: Tx, order_id: int) -> int:
    return int(tx.the("SELECT warehouse_id FROM orders WHERE id = ?", order_id)["warehouse_id"])


@write.register
def _(change: ch.StepDone, tx: Tx, order_id: int) -> None:
    """The marks; a later mark brings the earlier ones a withdrawn line may have closed."""
    if change.step is Step.PICK:
        tx.run(
            "UPDATE orders SET picking_at = ifnull(picking_at, ?1), picked_at = ?1 WHERE id = ?2",
            *(tx.now, order_id),
        )
        tx.event("picked", order_id)
    elif change.step is Step.PACK:
        tx.run(
            "UPDATE orders SET picking_at = ifnull(picking_at, ?1),"
            " picked_at = ifnull(picked_at, ?1), verified_at = ?1 WHERE id = ?2",
            *(tx.now, order_id),
        )
        tx.run("DELETE FROM totes WHERE order_id = ?", order_id)
        tx.event("verified", order_id)


@write.register
def _(change: ch.Weighed, tx: Tx, order_id: int) -> None:
    tx.run(
        "UPDATE orders SET picking_at = ifnull(picking_at, ?1), picked_at = ifnull(picked_at, ?1),"
        " verified_at = ifnull(verified_at, ?1), weighed_at = ?1 WHERE id = ?2",
        *(tx.now, order_id),
    )
    what: dict[str, object] = {"grams": change.grams, "expected": change.expected_g}
    if change.forced_by is not None:
        what["forced_by"] = change.forced_by
    if not change.measured:
        what["measured"] = False
    tx.event("weighed", order_id, **what)
    parcels.want_waybill(tx, order_id, change.grams, change.expected_g)


@write.register
def _(change: ch.Learned, tx: Tx, order_id: int) -> None:
    done = tx.run(
        "UPDATE skus SET weight_g = ? WHERE id = ? AND weight_g IS NULL",
        *(change.unit_g, change.sku_id),
    )
    if done.rowcount:
        tx.event("weight_learned", order_id, sku=change.sku_id, grams=change.unit_g)


@write.register
def _(change: ch.Held, tx: Tx, order_id: int) -> None:
    holds.hold(tx, order_id, change.reason, change.detail)


@write.register
def _(change: ch.BoxChosen, tx: Tx, order_id: int) -> None:
    tx.event("box", order_id, box=change.number)


@write.register
def _(change: ch.ToteUsed, tx: Tx, order_id: int) -> None:
    tx.run(
        "INSERT OR REPLACE INTO totes (code, order_id, since) VALUES (?, ?, ?)",
        *(change.code, order_id, tx.now),
    )
    tx.event("in_tote", order_id, tote=change.code)


@write.register
def _(change: ch.NoteConfirmed, tx: Tx, order_id: int) -> None:
    tx.event("note_confirmed", order_id)


@write.register
def _(change: ch.Reprint, tx: Tx, order_id: int) -> None:
    parcels.reprint_label(tx, order_id)


@write.register
def _(change: ch.BoughtAgain, tx: Tx, order_id: int) -> None:
    row = tx.the("SELECT id FROM orders WHERE number = ?", change.number)
    buy_again(tx, row["id"], change.approved_by)


@write.register
def _(change: ch.SlipReprint, tx: Tx, order_id: int) -> None:
    queue_slip(tx, order_id)


@write.register
def _(change: ch.OperatorIn, tx: Tx, order_id: int) -> None:
    tx.actor = Actor(change.operator_id, tx.actor.station)
    tx.event("signed_in", operator=change.operator_id)
    tx.run(
        "UPDATE claims SET operator_id = ? WHERE station = ?",
        *(change.operator_id, tx.actor.station),
    )


@write.register
def _(change: ch.OperatorOut, tx: Tx, order_id: int) -> None:
    tx.event("signed_out", operator=change.operator_id)


@write.register
def _(change: ch.Claimed, tx: Tx, order_id: int) -> None:
    tx.run(
        "DELETE FROM claims WHERE station = ? OR order_id = ?", tx.actor.station, change.order_id
    )
    tx.run(
        "INSERT INTO claims (order_id, station, operator_id, since) VALUES (?, ?, ?, ?)",
        *(change.order_id, tx.actor.station, tx.actor.operator_id, tx.now),
    )
    tx.run(
        "UPDATE orders SET picking_at = ifnull(picking_at, ?1), touched_at = ?1 WHERE id = ?2",
        *(tx.now, change.order_id),
    )
    tx.event("opened", change.order_id, **({"taken_over": True} if change.taken_over else {}))
    look_again(tx, change.order_id)


@write.register
def _(change: ch.LeftOpen, tx: Tx, order_id: int) -> None:
    tx.run(
        "DELETE FROM claims WHERE order_id = ? AND station = ?", change.order_id, tx.actor.station
    )
    if change.because != "finished":
        tx.event("left", change.order_id, because=change.because)


@write.register
def _(change: ch.HandedOver, tx: Tx, order_id: int) -> None:
    parcels.hand_over(tx, change.parcel_id)


@write.register
def _(change: ch.PutBackDone, tx: Tx, order_id: int) -> None:
    putback.done(tx, change.task_id, by_hand=change.by_hand)


@write.register
def _(change: ch.PutBackUndone, tx: Tx, order_id: int) -> None:
    putback.undo(tx, change.task_id)


@write.register
def _(change: ch.PutBackMissing, tx: Tx, order_id: int) -> None:
    putback.missing(tx, change.task_id)


@write.register
def _(change: ch.SupervisorCalled, tx: Tx, order_id: int) -> None:
    if order_id:
        raise_alert(tx, "called", tx.actor.station, order_id)
    else:
        raise_alert(tx, "called", tx.actor.station)


@write.register
def _(change: ch.Undone, tx: Tx, order_id: int) -> None:
    """Take the counts back, and the marks of the step that is open again."""
    if change.reopens in (Step.PICK, Step.PACK):
        tx.run("UPDATE orders SET verified_at = NULL, weighed_at = NULL WHERE id = ?", order_id)
    undo(change.of, tx, order_id)
    if change.reopens is not None:
        tx.run(
            "UPDATE orders SET picked_at = NULL WHERE id = ?1 AND EXISTS (SELECT 1 FROM order_lines"
            " WHERE order_id = ?1 AND picked < wanted)",
            order_id,
        )
    tx.event("undone", order_id, of=type(change.of).__name__.lower(), **_what(change.of))


def _what(of: ch.Undoable) -> dict[str, object]:
    if isinstance(of, ch.Weighed):
        return {"grams": of.grams}
    return {"line": of.line_id, "units": of.units}


@singledispatch
def undo(change: ch.Undoable, tx: Tx, order_id: int) -> None:
    """Take one change back."""
    raise TypeError(f"no way to undo {change}")


@undo.register
def _(change: ch.Picked, tx: Tx, order_id: int) -> None:
    tx.run("UPDATE order_lines SET picked = picked - ? WHERE id = ?", change.units, change.line_id)


@undo.register
def _(change: ch.Verified, tx: Tx, order_id: int) -> None:
    tx.run(
        "UPDATE order_lines SET verified = verified - ?, picked = picked - ? WHERE id = ?",
        *(change.units, change.picked_too, change.line_id),
    )


@undo.register
def _(change: ch.Shorted, tx: Tx, order_id: int) -> None:
    """The units were found after all."""
    line = tx.the("SELECT sku_id FROM order_lines WHERE id = ?", change.line_id)
    warehouse_id = _warehouse(tx, order_id)
    goods = (warehouse_id, line["sku_id"])
    move(tx, "adjust", *goods, on_hand=change.units, order_id=order_id, reason="found")
    move(tx, "reserve", *goods, reserved=change.units, order_id=order_id, reason="found")
    tx.run(
        "UPDATE order_lines SET short = short - ?, picked = picked + ?, reserved = reserved + ?"
        " WHERE id = ?",
        *(change.units, change.unpicked, change.units, change.line_id),
    )


@undo.register
def _(change: ch.Weighed, tx: Tx, order_id: int) -> None:
    """No label for this weight: nothing is bought, printed or kept."""
    tx.run("UPDATE orders SET weighed_at = NULL WHERE id = ?", order_id)
    parcel = parcels.live_parcel(tx, order_id)
    if parcel is None:
        return
    tx.run(
        "UPDATE outbox SET state = 'dropped', last_answer = 'undone', done_at = ?"
        " WHERE order_id = ? AND parcel_id = ? AND kind = 'waybill'"
        " AND state = 'due' AND asked = 0",
        *(tx.now, order_id, parcel["id"]),
    )
    tx.run(
        "UPDATE print_jobs SET state = 'cancelled' WHERE kind = 'label' AND order_id = ?"
        " AND parcel_id = ? AND state = 'waiting'",
        *(order_id, parcel["id"]),
    )
    parcels.void_parcel(tx, order_id, "undone")
