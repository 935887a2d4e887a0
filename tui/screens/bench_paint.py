"""How a bench looks: one pure function from what is known to lines of text.

The shape is the same at every size: who and where on top, the rail of steps, the stage with the
one thing to do next as large as fits, the lines of the order, the last answer. Nothing moves
when a count changes, so the eye learns where to look.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from core.floor.values import BenchLine, BenchView, Outcome, Step, Tone
from core.messages import message
from tui import glyphs
from tui.ink import (
    Line,
    Piece,
    beside,
    centred,
    cut,
    ends,
    fit,
    pad,
    row,
    safe,
    tall,
    width_of,
    wrap,
)
from tui.shown import clock_time, due, grams
from tui.sources import LiveWeight
from tui.tones import LOOKS, Place, style
from tui.words import say, word

STEPS = (Step.PICK, Step.PACK, Step.WEIGH, Step.LABEL)
_BARS = "█ ▌█▐ ▌▌█ ▐█▌ █▐ █▌ ▌▐█ █▌▐ ▌█ ▐▌█ ▌ █▌█▐ █ ▌█"
NARROW = 60
"""Below this many columns the handheld layout is used."""
WIDE = 140
"""From this many columns the lines stand beside the stage."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything the painting depends on."""

    view: BenchView
    now: int
    zone: tzinfo
    weight: LiveWeight | None = None
    typed: str = ""
    """What a person has typed so far, echoed."""


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
        return _stopped(view, view.outcome, width, height)
    upper = height * 3 // 5
    told = tall(_do_next(scene, width - 4, upper - 1, alone=False), upper - 1, width - 4)
    told = [(("  ", "text"), *line, ("  ", "text")) for line in told]
    return [row(width), *told, *_panel(scene, width, height - upper)]


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
    if view.mode == "handover":
        pieces = [(" ", "text"), (f" ▶ {say('bench.handover')} ", "step.now")]
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


# --- the stage --------------------------------------------------------------------------------


def stage(scene: Scene, width: int, height: int) -> list[Line]:
    """The one thing to do next, and beside it how many; or what a bad answer shouts."""
    view = scene.view
    tone = view.outcome.tone if view.outcome else None
    if tone is Tone.STOP and view.outcome:
        return _stopped(view, view.outcome, width, height)
    side = 0 if width < NARROW else 24 if width < 100 else max(24, width // 4)
    main = width - side
    left = tall(_do_next(scene, main - 2, height, alone=not side), height, main - 2)
    left = [((" ", "text"), *line, (" ", "text")) for line in left]
    if not side:
        return left
    return beside(left, _panel(scene, side, height))


def _do_next(scene: Scene, width: int, height: int, *, alone: bool) -> list[Line]:
    """``alone``: there is no panel beside it, so the count stands here too."""
    view = scene.view
    if view.choices:
        return _choices(view, width, height)
    if view.mode == "handover" or view.step in (None, Step.DONE) or not view.lines:
        return _invitation(view, width, height)
    if view.step is Step.WEIGH:
        return _weighing(scene, width, height)
    if view.step is Step.LABEL:
        return _labelling(view, width, height)
    return _unit(view, width, height, alone=alone)


def _large(text: str, width: int, height: int, meaning: str = "big", most: int = 6) -> list[Line]:
    """A code as large as fits; plain bold text where it cannot be drawn."""
    scale = glyphs.best_scale(text, width, height, most)
    if not scale:
        return [row(width, (fit(text, width), "strong"))]
    return [row(width, (line, meaning)) for line in glyphs.big(text, scale)]


def _unit(view: BenchView, width: int, height: int, *, alone: bool) -> list[Line]:
    """Bin first when picking, then SKU, then options, then the title."""
    line = view.lines[min(view.current, len(view.lines) - 1)]
    step = view.step or Step.PACK
    picking = step is Step.PICK
    block: list[Line] = [row(width, (say(f"bench.next.{step.value}"), "accent"))]
    times = f"×{line.left(step)}" if line.left(step) > 1 else ""
    rest = height - 1 - 1
    if picking and line.bin:
        share = rest - (1 if rest < 9 else 4)
        block += _large(line.bin, width, share)
        if height - len(block) > 6:
            block.append(row(width))
        rest = height - len(block) - 1
    block += _sku(line, times if alone else "", width, rest)
    words: list[Piece] = []
    if line.gift:
        words.append((f" {say('bench.gift')} ", "note.block"))
        words.append((" ", "text"))
    words += [(line.spec, "strong"), ("  " if line.spec else "", "text"), (line.title, "quiet")]
    return [*block[: height - 1], row(width, *words)]


def _sku(line: BenchLine, times: str, width: int, rows: int) -> list[Line]:
    room = width - (glyphs.pixel_width(times) + 2 if times else 0)
    scale = glyphs.best_scale(line.sku, room, rows, 6)
    if not scale:
        pieces: list[Piece] = [(fit(line.sku, width - 6), "strong")]
        return [row(width, *pieces, ("  " + times if times else "", "accent"))]
    drawn = [row(room, (part, "big")) for part in glyphs.big(line.sku, scale)]
    if not times:
        return [row(width, *part) for part in drawn]
    count = tall(
        [((part, "accent"),) for part in glyphs.big(times, 1)],
        len(drawn),
        glyphs.pixel_width(times),
    )
    return [row(width, *a, ("  ", "text"), *b) for a, b in zip(drawn, count, strict=True)]


def _choices(view: BenchView, width: int, height: int) -> list[Line]:
    ask = view.outcome.next if view.outcome else message("bench.choose")
    block: list[Line] = [row(width, (part, "strong")) for part in wrap(say(ask), width, 2)]
    if height - len(block) > len(view.choices):
        block.append(row(width))
    for number, choice in enumerate(view.choices, 1):
        block.append(row(width, (f" {number} ", "step.now"), ("  " + say(choice.label), "strong")))
    return block


def _invitation(view: BenchView, width: int, height: int) -> list[Line]:
    """Nothing is open: what to scan, and how many orders wait."""
    handover = view.mode == "handover"
    if not view.operator:
        words = "bench.next.login"
    else:
        words = "bench.next.handover" if handover else "bench.next.open"
    block: list[Line] = [row(width, (say(words), "accent")), row(width)]
    return [*block, *_bars(width, max(1, min(5, height - 3)))]


def _bars(width: int, height: int) -> list[Line]:
    """A bar code: the picture of what the bench waits for."""
    return [row(width, (_BARS, "quiet"))] * height


def _weighing(scene: Scene, width: int, height: int) -> list[Line]:
    live, weight = scene.weight, scene.view.weight
    block: list[Line] = [row(width, (_what_next(scene.view, "bench.next.weigh"), "accent"))]
    if live is None or live.grams is None:
        why = live.trouble if live and live.trouble else message("bench.scale.silent")
        block += [row(width), *(row(width, (part, "late")) for part in wrap(say(why), width, 3))]
    else:
        meaning = "big" if live.stable else "quiet"
        drawn = _large(str(live.grams), width - 4, height - 4, meaning)
        block += [*drawn[:-1], (*_trimmed(drawn[-1]), ("  g", meaning))]
        block.append(
            row(
                width, (say("bench.scale.stable" if live.stable else "bench.scale.moving"), meaning)
            )
        )
    block += [row(width)] * (height - 2 - len(block))
    return [*block[: height - 2], *_expected(live, weight, width)]


def _trimmed(line: Line) -> Line:
    """A line without the blank at its end."""
    return tuple((text.rstrip(), style) for text, style in line if text.strip())


def _expected(live: LiveWeight | None, weight: object, width: int) -> list[Line]:
    from core.floor.values import WeightView

    if not isinstance(weight, WeightView) or weight.expected_g is None:
        return [row(width, (say("bench.scale.unknown"), "quiet")), row(width)]
    low, high = weight.expected_g - weight.tolerance_g, weight.expected_g + weight.tolerance_g
    words = say(message("bench.scale.expected", low=f"{low:,}", high=f"{high:,}"))
    return [row(width, (words, "text")), _gauge(live, low, high, width)]


def _gauge(live: LiveWeight | None, low: int, high: int, width: int) -> Line:
    """A rule with the allowed band in the middle third and the reading as a mark on it."""
    span = min(width, 60)
    third = span // 3
    cells = (
        [("─", "faint")] * third + [("━", "good")] * (span - 2 * third) + [("─", "faint")] * third
    )
    if live is not None and live.grams is not None:
        reach = max(1, high - low)
        spot = third + round((live.grams - low) * (span - 2 * third) / reach)
        inside = low <= live.grams <= high
        cells[max(0, min(span - 1, spot))] = ("▲", "good" if inside else "late")
    return row(width, *cells)


def _labelling(view: BenchView, width: int, height: int) -> list[Line]:
    block: list[Line] = [row(width, (_what_next(view, "bench.next.label"), "accent")), row(width)]
    if view.waybill:
        block += _large(view.waybill, width, height - 3, most=2)
    return block


def _what_next(view: BenchView, usual: str) -> str:
    """What the last answer says to do now; the usual thing before there was one."""
    return say(view.outcome.next) if view.outcome else say(usual)


def _stopped(view: BenchView, outcome: Outcome, width: int, height: int) -> list[Line]:
    """Hands up: the whole stage says it."""
    tone = style(Tone.STOP)
    shout = say("tone.stop.big")
    stripes = 2 if width < NARROW else 4
    share = 20 if width < NARROW else (width - 2 * stripes) // 2
    drawn = glyphs.word(shout, share - 1, height) or (shout,)
    left = [centred(share, (part, tone), fill=tone) for part in drawn]
    rest = width - 2 * stripes - share
    words = [(part, tone) for part in wrap(say(outcome.say), rest - 2, 4)]
    words += [(f"{i} {say(choice.label)}", tone) for i, choice in enumerate(view.choices, 1)]
    right = [row(rest, (" ", tone), piece, fill=tone) for piece in words]
    body = beside(_middle(left, height, share, tone), _middle(right, height, rest, tone))
    edge = ("▞" * stripes, tone)
    return [(edge, *line, edge) for line in body]


def _middle(block: list[Line], height: int, width: int, fill: str) -> list[Line]:
    """A block in the middle of that height."""
    above = max(0, (height - len(block)) // 2)
    return tall([row(width, fill=fill)] * above + block, height, width, fill)


# --- the panel beside the stage ---------------------------------------------------------------


def _panel(scene: Scene, width: int, height: int) -> list[Line]:
    """How many units are done of how many; a bad answer takes its place."""
    outcome = scene.view.outcome
    if outcome is None or not LOOKS[outcome.tone].shouts:
        return _counter(scene.view, width, height)
    place, tone = LOOKS[outcome.tone].place, outcome.tone
    if place is Place.SHOUT_HIGH:
        upper = height // 2 + 1
        return [*_shout(tone, width, upper), *_counter(scene.view, width, height - upper)]
    if place is Place.SHOUT_LOW:
        lower = height - 3
        return [*_counter(scene.view, width, height - lower), *_shout(tone, width, lower)]
    return _shout(tone, width, height)


def _shout(tone: Tone, width: int, height: int) -> list[Line]:
    fill = style(tone)
    text = say(f"tone.{tone.value}.big")
    drawn = glyphs.word(text, width - 2, height) or (text,)
    top = (height - len(drawn)) // 2
    block = [row(width, fill=fill)] * top
    block += [centred(width, (part, fill), fill=fill) for part in drawn]
    return tall(block, height, width, fill)


def _counter(view: BenchView, width: int, height: int) -> list[Line]:
    if view.operator and not view.number and view.mode == "orders":
        return _waiting(view, width, height)
    if view.step not in (Step.PICK, Step.PACK) or not view.lines:
        return tall([], height, width)
    line = view.lines[min(view.current, len(view.lines) - 1)]
    left, step = line.left(view.step), view.step
    done = line.picked if step is Step.PICK else line.verified
    words = say(message("bench.count", done=done, wanted=line.wanted))
    block: list[Line] = [centred(width, (words, "quiet"))]
    if left > 1:
        count = f"×{left}"
        scale = glyphs.best_scale(count, width - 2, height - len(block) - 1, 6)
        drawn = glyphs.big(count, scale) if scale else (count,)
        top = max(0, (height - 1 - len(drawn)) // 2)
        block += [row(width)] * (top if height > 5 else 0)
        block += [centred(width, (part, "accent")) for part in drawn]
    total = sum(item.wanted for item in view.lines)
    have = sum(item.picked if step is Step.PICK else item.verified for item in view.lines)
    block = tall(block, height - 1, width)
    return [*block, centred(width, *_progress(have, total, width - 4))]


def _waiting(view: BenchView, width: int, height: int) -> list[Line]:
    """How many orders wait, while none is open."""
    count = str(view.waiting)
    scale = glyphs.best_scale(count, width - 2, height - 3, 3)
    drawn = glyphs.big(count, scale) if scale else (count,)
    block = [row(width), *(centred(width, (part, "accent")) for part in drawn), row(width)]
    return tall([*block, centred(width, (say("bench.waiting.unit"), "quiet"))], height, width)


def _progress(have: int, total: int, width: int) -> tuple[Piece, ...]:
    words = f" {have}/{total}"
    span = max(4, width - width_of(words))
    full = span * have // total if total else 0
    return (("━" * full, "good"), ("─" * (span - full), "faint"), (words, "strong"))


# --- lines, notes, answer ---------------------------------------------------------------------


def lines(view: BenchView, width: int, height: int) -> list[Line]:
    """The lines of the order around the current one; the rest is counted."""
    if height <= 0:
        return []
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


def words_of(codes: Sequence[str], group: str) -> str:
    """Codes of a closed set as words."""
    return " ".join(word(group, code) for code in codes)


__all__ = ["Scene", "cut", "paint"]
