"""How a bench looks: one pure function from what is known to lines of text.

The shape is the same at every size: who and where on top, the rail of steps, the stage with the
one thing to do next as large as fits, the lines of the order, the last answer. Nothing moves
when a count changes, so the eye learns where to look.
"""

from core.floor.values import BenchLine, BenchView, Outcome, Step, Tone
from core.messages import message
from tui.ink import (
    Line,
    Piece,
    beside,
    ends,
    pad,
    row,
    safe,
    tall,
    width_of,
    wrap,
)
from tui.screens.bench_stage import NARROW, Scene, back_line, do_next, panel, stage, stopped
from tui.shown import clock_time, due, grams
from tui.tones import LOOKS, Place, style
from tui.words import say

STEPS = (Step.PICK, Step.PACK, Step.WEIGH, Step.LABEL)
WIDE = 140
"""From this many columns the lines stand beside the stage."""


def paint(scene: Scene, width: int, height: int) -> list[Line]:
    """The bench at any size."""
    if width < NARROW:
        return _handheld(scene, width, height)
    if width >= WIDE and height >= 36:
        return _wall(scene, width, height)
    return _desk(scene, width, height)


# --- the three layouts ------------------------------------------------------------------------


def _desk(scene: Scene, width: int, height: int) -> list[Line]:
    band, foot = 3, 1
    notes = _notes(scene, width, 2)
    stage_rows = 9 if height < 30 else min(14, height // 2 - 2)
    list_rows = max(1, height - 2 - stage_rows - 1 - len(notes) - band - foot)
    return [
        rail(scene, width),
        _facts(scene, width),
        *stage(scene, width, stage_rows),
        _rule(width, say("bench.lines")) if scene.view.lines else row(width),
        *lines(scene.view, width, list_rows),
        *notes,
        *answer(scene.view, width, band),
        last_line(scene, width),
    ]


def _handheld(scene: Scene, width: int, height: int) -> list[Line]:
    notes = _notes(scene, width, 1)
    stage_rows = 8 if height < 24 else 10
    list_rows = max(0, height - 2 - stage_rows - len(notes) - 3 - 1)
    return [
        rail(scene, width),
        _facts(scene, width),
        *stage(scene, width, stage_rows),
        *lines(scene.view, width, list_rows),
        *notes,
        *answer(scene.view, width, 3),
        last_line(scene, width),
    ]


def _wall(scene: Scene, width: int, height: int) -> list[Line]:
    side = min(84, width * 2 // 5)
    main = width - side - 1
    band = 5
    notes = _notes(scene, main, 3)
    rows = height - 3
    stage_rows = rows - band - 2 - len(notes)
    left = [
        *_tall_stage(scene, main, stage_rows),
        row(main),
        *notes,
        *answer(scene.view, main, band),
        row(main),
    ]
    body = beside(tall(left, rows, main), [(("│", "faint"),)] * rows)
    return [
        rail(scene, width),
        _facts(scene, width),
        *beside(body, _side(scene, side, rows)),
        last_line(scene, width),
    ]


def _tall_stage(scene: Scene, width: int, height: int) -> list[Line]:
    """What to do next over how many: there is room for both at full width."""
    view = scene.view
    if view.outcome and view.outcome.tone is Tone.STOP:
        return stopped(view, view.outcome, width, height)
    upper = height * 3 // 5
    told = tall(do_next(scene, width - 4, upper - 1, alone=False), upper - 1, width - 4)
    told = [(("  ", "text"), *line, ("  ", "text")) for line in told]
    return [row(width), *told, *panel(scene, width, height - upper)]


def _side(scene: Scene, width: int, height: int) -> list[Line]:
    """All the lines of the order, then how the parcel came here and where the rest is found."""
    view = scene.view
    story = _story(scene, width)
    room = max(3, height - len(story) - 2)
    block = [
        row(width, (" " + say("bench.lines"), "head")),
        *tall(lines(view, width, min(room, max(3, len(view.lines)))), room, width),
        _rule(width, say("bench.story")),
        *story,
    ]
    return tall(block, height, width)


def _story(scene: Scene, width: int) -> list[Line]:
    view = scene.view
    wanted = sum(line.wanted for line in view.lines)
    facts = [
        ("bench.story.picked", f"{sum(line.picked for line in view.lines)}/{wanted}"),
        ("bench.story.verified", f"{sum(line.verified for line in view.lines)}/{wanted}"),
        ("bench.story.weight", _booked(view)),
        ("bench.story.waybill", view.waybill or "–"),
        ("bench.story.done", str(view.done_today)),
        ("bench.story.waiting", str(view.waiting)),
    ]
    told: list[Line] = [
        row(width, (" " + pad(say(name), 18), "quiet"), (value, "strong")) for name, value in facts
    ]
    hint = [
        row(width, (" " + part, "quiet")) for part in wrap(say("bench.story.more"), width - 2, 2)
    ]
    return [*told, row(width), *hint]


def _booked(view: BenchView) -> str:
    actual = view.weight.actual_g if view.weight else None
    return "–" if actual is None else grams(actual)


# --- rail and facts ---------------------------------------------------------------------------


def rail(scene: Scene, width: int) -> Line:
    """Where the parcel is between pick and label, and whose it is."""
    view = scene.view
    pieces: list[Piece] = [(" ", "text")]
    now = STEPS.index(view.step) if view.step in STEPS else (len(STEPS) if view.step else -1)
    for index, step in enumerate(STEPS):
        name = say(f"step.{step.value}")
        if index == now:
            pieces.append((f" ▶ {name} ", "step.now"))
        elif index < now:
            pieces.append((f"✔ {name}", "step.done"))
        else:
            pieces.append((f"○ {name}", "step.next"))
        if index < len(STEPS) - 1:
            pieces.append((" ─ " if width < NARROW else " ── ", "faint"))
    if view.mode != "orders":
        pieces = [(" ", "text"), (f" ▶ {say(f'bench.{view.mode}')} ", "step.now")]
    if width < NARROW:
        return row(width, *pieces)
    return ends(width, pieces, [(view.number + " ", "strong")], "text")


def _facts(scene: Scene, width: int) -> Line:
    """Tier, due, shop; or how much waits while nothing is open."""
    view = scene.view
    if not view.number:
        left: list[Piece] = [(" " + say(message("bench.waiting", n=view.waiting)), "quiet")]
        done = say(message("bench.done_today", n=view.done_today))
        return ends(width, left, [(done + " ", "quiet")], "text")
    when, meaning = due(view.ship_by, scene.now)
    promised = f" {clock_time(view.ship_by, scene.zone, scene.now)}" if view.ship_by else ""
    tier = say(f"tier.{view.tier}") if view.tier else ""
    left = [(" " + tier, "strong"), (f"  {when}", meaning), (promised, "quiet")]
    if width < NARROW:
        return ends(width, left, [(view.number[-9:] + " ", "strong")], "text")
    done = say(message("bench.done_today", n=view.done_today))
    return ends(width, [*left, ("  " + view.shop, "quiet")], [(done + " ", "quiet")], "text")


def _rule(width: int, title: str) -> Line:
    head = f" {title} "
    rest = max(0, width - width_of(head) - 1)
    return row(width, ("─", "faint"), (head, "head"), ("─" * rest, "faint"))


# --- lines, notes, answer ---------------------------------------------------------------------


def lines(view: BenchView, width: int, height: int) -> list[Line]:
    """The lines of the order around the current one; the rest is counted."""
    if height <= 0:
        return []
    if view.mode == "put_back":
        rest = view.backs[1:] if not view.back else [x for x in view.backs if x.id != view.back]
        told = [((" ", "text"), *back_line(task, width - 1, "text")) for task in rest]
        return tall(told[:height], height, width)
    if not view.lines:
        return tall([], height, width)
    shown = view.lines
    first = 0
    if len(shown) > height:
        first = max(0, min(view.current - (height - 1) // 2, len(shown) - height))
        shown = shown[first : first + height]
    return tall(
        [_order_line(view, first + i, line, width) for i, line in enumerate(shown)], height, width
    )


def _order_line(view: BenchView, index: int, line: BenchLine, width: int) -> Line:
    step = view.step if view.step is Step.PICK else Step.PACK
    done = line.picked if step is Step.PICK else line.verified
    here = index == view.current and view.step in (Step.PICK, Step.PACK)
    full = line.left(step) == 0
    sign, meaning = ("▶", "strong") if here else ("✔", "good") if full else ("·", "text")
    short = f" {say(message('bench.short', n=line.short))}" if line.short else ""
    count = f"{short} {done}/{line.wanted} "
    bin_wide, sku_wide = (0, min(16, width // 2)) if width < NARROW else (10, 20)
    left: list[Piece] = [(f" {sign} ", meaning)]
    if bin_wide:
        left.append((pad(line.bin, bin_wide) + " ", meaning if here else "quiet"))
    left.append((pad(line.sku, sku_wide) + " ", meaning if full else "strong"))
    if line.gift:
        left.append((say("bench.gift") + " ", "note"))
    left.append((line.spec, "text" if not full else meaning))
    if width >= NARROW:
        left.append(("  " + line.title, "quiet"))
    return ends(width, left, [(count, "late" if line.short else meaning)], "text")


def _notes(scene: Scene, width: int, rows: int) -> list[Line]:
    """What must be read: changes since it was opened, the buyer's note."""
    view = scene.view
    told: list[Line] = [
        row(width, (f" {say('bench.changed')} ", "note.block"), (" " + say(change), "note"))
        for change in view.changes[:rows]
    ]
    if view.buyer_note:
        head = f" {say('bench.note')} "
        room = width - width_of(head) - 2
        for index, part in enumerate(wrap(view.buyer_note, room, rows)):
            lead = head if index == 0 else " " * width_of(head)
            told.append(
                row(width, (lead, "note.block" if index == 0 else "text"), (" " + part, "note"))
            )
    if view.seller_note and width >= NARROW and len(told) < rows:
        told.append(
            row(width, (f" {say('bench.seller_note')} ", "quiet"), (view.seller_note, "text"))
        )
    return told[: max(rows, len(view.changes[:rows]) + (1 if view.buyer_note else 0))]


def answer(view: BenchView, width: int, height: int) -> list[Line]:
    """The last answer: sign, word, what happened, what to do now."""
    outcome = view.outcome
    if outcome is None:
        return tall([], height, width)
    look, fill = LOOKS[outcome.tone], style(outcome.tone)
    size = width
    if look.place in (Place.LEFT, Place.RIGHT) and width >= NARROW:
        size = max(width * 2 // 3, 40)
    head = f"{look.sign} {say(fill)}"
    block = _answer_words(outcome, head, size, height, fill)
    if size == width:
        return block
    rest = [row(width - size)] * height
    return beside(block, rest) if look.place is Place.LEFT else beside(rest, block)


def _answer_words(outcome: Outcome, head: str, width: int, height: int, fill: str) -> list[Line]:
    said = safe(say(outcome.say))
    first = f" {head}  {said}"
    block: list[Line] = []
    if width_of(first) <= width:
        block.append(row(width, (first, fill), fill=fill))
    else:
        block.append(row(width, (f" {head}", fill), fill=fill))
        block += [
            row(width, (f" {part}", fill), fill=fill)
            for part in wrap(said, width - 2, max(1, height - 2))
        ]
    room = height - len(block)
    if outcome.tone is not Tone.ACCEPTED or len(block) < height:
        block += [
            row(width, (f" → {part}" if i == 0 else f"   {part}", fill), fill=fill)
            for i, part in enumerate(wrap(say(outcome.next), width - 5, room))
        ]
    if len(block) < height:
        block.insert(0, row(width, fill=fill))
    return tall(block, height, width, fill)


def last_line(scene: Scene, width: int) -> Line:
    """What is being typed; else the last bad scan; else what became of the parcel before."""
    view = scene.view
    if scene.typed:
        return row(width, (f" {say('bench.typed')} ", "head"), (scene.typed, "strong"))
    if view.last_bad is not None:
        bad = view.last_bad
        code = f"{safe(bad.code)} " if bad.code else ""
        lead = f" {LOOKS[bad.tone].sign} {say('bench.last_bad')} "
        return row(width, (lead, style(bad.tone)), (" " + code, "strong"), (say(bad.say), "quiet"))
    if view.last_parcel is not None:
        return row(
            width, (f" {say('bench.last_parcel')} ", "quiet"), (say(view.last_parcel), "text")
        )
    return row(width)
