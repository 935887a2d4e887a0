"""An order in words: slip, timeline, photos, and why it is as it is."""

from datetime import tzinfo

from core.messages import message
from tui.ink import Line, Piece, ends, pad, row, width_of, wrap
from tui.shown import clock_time, due
from tui.sources import OrderDetails
from tui.words import say, word

NARROW = 60


def brief(order: OrderDetails, width: int, now: int, zone: tzinfo) -> list[Line]:
    """Slip, why and timeline in one column, for the side of a wide screen."""
    return [
        *heading(order, width, now, zone),
        row(width),
        *slip(order, width),
        row(width),
        title(say("order.tab.why"), width),
        *why(order, width),
        row(width),
        title(say("order.tab.timeline"), width),
        *timeline(order, width, now, zone),
    ]


def title(text: str, width: int) -> Line:
    """The head of a section."""
    return row(width, (text, "head"))


def heading(order: OrderDetails, width: int, now: int, zone: tzinfo) -> list[Line]:
    """Which order, where it is, when it must leave, why it is held."""
    when, meaning = due(order.ship_by, now)
    at = f" {clock_time(order.ship_by, zone, now)}" if order.ship_by else ""
    stage = word("stage", order.stage)
    left: list[Piece] = [(order.number, "strong"), (f"  {stage}", "accent")]
    lines = [ends(width, left, [(f"{when}{at}", meaning)], "text")]
    tier = word("tier", order.tier) if order.tier else "–"
    numbers = " ".join(order.platform_numbers)
    lines.append(row(width, (f"{order.shop} {numbers}", "quiet")))
    lines.append(row(width, (tier, "note"), (f"  {order.warehouse}", "text")))
    if order.holds:
        held = "  ".join(word("hold", code) for code in order.holds)
        lines.append(row(width, (f" {say('queue.held')} ", "note.block"), (f" {held}", "note")))
    return lines


def slip(order: OrderDetails, width: int) -> list[Line]:
    """The goods, the notes, the receiver, the parcels."""
    lines: list[Line] = []
    for item in order.lines:
        count = f" ×{item.quantity} "
        left: list[Piece] = [(pad(item.bin, 9) + " ", "quiet")] if width >= NARROW else []
        left += [(item.sku, "strong"), (f"  {item.spec}", "text")]
        if item.gift:
            left.append((f" {say('bench.gift')}", "note"))
        right: list[Piece] = [(count, "strong")]
        if item.refunded:
            right.insert(0, (say(message("order.refunded", n=item.refunded)), "late"))
        lines.append(ends(width, left, right, "text"))
        if item.title:
            lines.append(row(width, (f"  {item.title}", "quiet")))
    lines.append(row(width))
    lines += _labelled(say("bench.note"), order.buyer_note or say("order.no_note"), width, "note")
    if order.seller_note:
        lines += _labelled(say("bench.seller_note"), order.seller_note, width)
    lines += _labelled(say("order.receiver"), order.receiver, width)
    for parcel in order.parcels:
        lines += _labelled(say("order.parcel"), say(parcel), width)
    return lines


def _labelled(name: str, text: str, width: int, meaning: str = "text") -> list[Line]:
    lead = f"{name}  "
    size = width_of(lead)
    return [
        row(width, (lead if index == 0 else " " * size, "quiet"), (part, meaning))
        for index, part in enumerate(wrap(text, max(10, width - size), 3))
    ]


def timeline(order: OrderDetails, width: int, now: int, zone: tzinfo) -> list[Line]:
    """Every event, newest first."""
    if not order.timeline:
        return [row(width, (say("order.no_events"), "quiet"))]
    lines: list[Line] = []
    for event in order.timeline:
        at = pad(clock_time(event.at, zone, now), 12)
        who = " ".join(part for part in (event.who, event.where) if part)
        lines.append(
            ends(width, [(at, "quiet"), (say(event.what), "text")], [(f" {who}", "quiet")], "text")
        )
    return lines


def photos(order: OrderDetails, width: int, now: int, zone: tzinfo) -> list[Line]:
    """Where each photo is, or why there is none."""
    if not order.photos:
        return [row(width, (say("order.no_photos"), "quiet"))]
    lines: list[Line] = []
    for photo in order.photos:
        at = pad(clock_time(photo.at, zone, now), 12)
        step = pad(word("step", photo.step), 8)
        told = photo.path if photo.path else say(photo.missing or message("order.no_photo"))
        lines.append(
            row(width, (at, "quiet"), (step, "accent"), (told, "text" if photo.path else "note"))
        )
    return lines


def why(order: OrderDetails, width: int) -> list[Line]:
    """Why this warehouse, this carrier, held, red."""
    if not order.why:
        return [row(width, (say("order.no_why"), "quiet"))]
    lines: list[Line] = []
    for reason in order.why:
        for index, part in enumerate(wrap(say(reason), width - 2, 3)):
            lines.append(row(width, ("· " if index == 0 else "  ", "quiet"), (part, "text")))
    return lines
