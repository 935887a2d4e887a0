"""The stage of the bench: the one thing to do next, as large as fits, and the panel beside it."""

from dataclasses import dataclass
from datetime import tzinfo

from core.floor.values import BackTask, BenchLine, BenchView, Outcome, Step, Tone, WeightView
from core.messages import message
from tui import glyphs
from tui.ink import Line, Piece, beside, centred, ends, fit, row, tall, width_of, wrap
from tui.sources import LiveWeight
from tui.tones import LOOKS, Place, style
from tui.words import say

_BARS = "█ ▌█▐ ▌▌█ ▐█▌ █▐ █▌ ▌▐█ █▌▐ ▌█ ▐▌█ ▌ █▌█▐ █ ▌█"
ASKED = frozenset({"next.again_which", "next.supervisor_badge"})
"""What a bench waits for that no list of answers shows."""
NARROW = 60
"""Below this many columns the handheld layout is used."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything the painting depends on."""

    view: BenchView
    now: int
    zone: tzinfo
    weight: LiveWeight | None = None
    typed: str = ""
    """What a person has typed so far, echoed."""


def stage(scene: Scene, width: int, height: int) -> list[Line]:
    """The one thing to do next, and beside it how many; or what a bad answer shouts."""
    view = scene.view
    tone = view.outcome.tone if view.outcome else None
    if tone is Tone.STOP and view.outcome:
        return stopped(view, view.outcome, width, height)
    side = 0 if width < NARROW else 24 if width < 100 else max(24, width // 4)
    main = width - side
    left = tall(do_next(scene, main - 2, height, alone=not side), height, main - 2)
    left = [((" ", "text"), *line, (" ", "text")) for line in left]
    if not side:
        return left
    return beside(left, panel(scene, side, height))


def do_next(scene: Scene, width: int, height: int, *, alone: bool) -> list[Line]:
    """``alone``: there is no panel beside it, so the count stands here too."""
    view = scene.view
    if view.choices:
        return _choices(view, width, height)
    if view.mode == "put_back" and view.backs:
        return _put_back(view, width, height)
    if view.mode != "orders" or view.step in (None, Step.DONE) or not view.lines:
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
    if not view.operator:
        words = "bench.next.login"
    else:
        words = "bench.next.open" if view.mode == "orders" else f"bench.next.{view.mode}"
    outcome = view.outcome
    told = outcome.next if outcome and outcome.next.id in ASKED else message(words)
    block: list[Line] = [row(width, (say(told), "accent")), row(width)]
    return [*block, *_bars(width, max(1, min(5, height - 3)))]


def _put_back(view: BenchView, width: int, height: int) -> list[Line]:
    """The goods to fetch; once they are in hand, the bin they belong in."""
    task = next((each for each in view.backs if each.id == view.back), None)
    first = task or view.backs[0]
    big = task.bin if task is not None and task.bin else first.sku
    block: list[Line] = [
        row(width, (part, "accent"))
        for part in wrap(_what_next(view, "bench.next.put_back"), width, 2)
    ]
    if glyphs.best_scale(big, width, height - len(block) - 1, 6):
        block += _large(big, width, height - len(block) - 1)
    return [*block, back_line(first, width, "strong")]


def back_line(task: BackTask, width: int, meaning: str) -> Line:
    """One task: what, how many, where to."""
    left: list[Piece] = [(f"{task.sku} ×{task.units}", meaning), (f"  {task.spec}", meaning)]
    return ends(width, left, [(f" → {task.bin or '–'}", meaning)], "text")


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


def _expected(live: LiveWeight | None, weight: WeightView | None, width: int) -> list[Line]:
    if weight is None or weight.expected_g is None:
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


def stopped(view: BenchView, outcome: Outcome, width: int, height: int) -> list[Line]:
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


def panel(scene: Scene, width: int, height: int) -> list[Line]:
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
    if view.operator and view.mode == "put_back":
        return _number(len(view.backs), "bench.put_back.unit", width, height)
    if view.operator and not view.number and view.mode == "orders":
        return _number(view.waiting, "bench.waiting.unit", width, height)
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


def _number(n: int, unit: str, width: int, height: int) -> list[Line]:
    """How many wait, while none is open."""
    count = str(n)
    scale = glyphs.best_scale(count, width - 2, height - 3, 3)
    drawn = glyphs.big(count, scale) if scale else (count,)
    block = [row(width), *(centred(width, (part, "accent")) for part in drawn), row(width)]
    return tall([*block, centred(width, (say(unit), "quiet"))], height, width)


def _progress(have: int, total: int, width: int) -> tuple[Piece, ...]:
    words = f" {have}/{total}"
    span = max(4, width - width_of(words))
    full = span * have // total if total else 0
    return (("━" * full, "good"), ("─" * (span - full), "faint"), (words, "strong"))
