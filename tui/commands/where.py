"""``packline where NUMBER``: any number to the whole story of its order.

Answers while somebody is on the telephone: reads only, and imports neither screens nor network.
"""

import argparse
from datetime import tzinfo
from pathlib import Path
from typing import Any

from core.clock import local
from core.messages import Message, message
from core.orders import find
from tui.commands.lines import Page
from tui.commands.shared import add_json, print_json, reading
from tui.story import Blanks, parcel_sentence, reasons, sentence
from tui.words import say, word


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", metavar="NUMBER", help=say("cli.where.number"))
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print every order the number means; exit status 1 when there is none."""
    with reading(arguments) as (config, read):
        found = find.find(read, arguments.number)
        stories = [story for id_ in found if (story := find.story(read, id_)) is not None]
    if arguments.json:
        print_json([as_json(story) for story in stories])
    elif stories:
        print("\n\n".join(as_text(story, config.zone, config.photos) for story in stories))
    else:
        print(say(message("where.nothing", number=arguments.number)))
    return 0 if stories else 1


def as_json(story: find.OrderStory) -> dict[str, Any]:
    """An order's story for a program."""
    return {
        "order": dict(story.order),
        "lines": [dict(row) for row in story.lines],
        "holds": [dict(row) for row in story.holds],
        "parcels": [dict(row) for row in story.parcels],
        "outbox": [dict(row) for row in story.outbox],
        "prints": [dict(row) for row in story.prints],
        "timeline": [
            {
                "at": m.at,
                "kind": m.kind,
                "operator": m.operator,
                "station": m.station,
                "what": m.what,
                "photos": list(m.photos),
                "photo_missing": m.photo_missing,
            }
            for m in story.timeline
        ],
        "same_buyer": list(story.same_buyer),
        "chain_broken_at": story.chain_broken_at,
    }


def as_text(story: find.OrderStory, zone: tzinfo, photos: Path) -> str:
    """An order's story for a person: what it is, where it is, why, and what happened."""
    page, order = Page(), story.order
    stage = word("stage", order["stage"])
    page.head(f"{order['number']}  {stage}", f"{order['shop']}  {order['platform_number']}")
    page.rule()
    facts(page, story)
    page.gap()
    for line in story.lines:
        goods(page, line)
    page.gap()
    for parcel in story.parcels:
        page.field(say("where.parcel"), say(parcel_sentence(parcel, story)))
    for number, why in enumerate(reasons(story, zone)):
        page.field("" if number else say("where.why"), say(why))
    page.gap()
    day = ""
    for moment in story.timeline:
        day = happened(page, moment, zone, day, photos)
    return page.text().rstrip()


def facts(page: Page, story: find.OrderStory) -> None:
    """Who gets it, what they asked for, who has it in hand."""
    order = story.order
    place = " ".join(order[k] for k in ("province", "city", "district", "address") if order[k])
    who = f"{order['receiver_name']} {order['receiver_phone']}  {place}".strip()
    note = order["buyer_note"]
    page.field(say("where.receiver"), who or "-")
    page.field(say("where.tier"), word("tier", order["tier"] or "-"))
    page.field(
        say("where.note"), say("where.untold") if note is None else note or say("where.none")
    )
    if order["seller_note"]:
        page.field(say("where.seller_note"), order["seller_note"])
    if order["at_station"]:
        hand = " ".join(filter(None, (order["at_station"], order["at_operator"])))
        page.field(say("where.in_hand"), hand)


def goods(page: Page, line: Any) -> None:
    """One line of the order and how far it has come."""
    done = message(
        "where.line",
        picked=line["picked"],
        verified=line["verified"],
        refunded=line["refunded"],
        short=line["short"],
    )
    gift = f"  [{say('where.gift')}]" if line["gift"] else ""
    page.line(f"×{line['ordered']:<4}{line['sku_code'] or '?'}  {line['spec']}{gift}")
    if line["title"]:
        page.line(line["title"], indent=5)
    page.line(say(done) + gone(line), indent=5)


def gone(line: Any) -> str:
    """What of a line will not be sent, if anything."""
    parts = [
        say(message(f"where.{what}", n=line[what])) for what in ("refunded", "short") if line[what]
    ]
    return "".join(f"  {part}" for part in parts)


def happened(page: Page, moment: find.Moment, zone: tzinfo, day: str, photos: Path) -> str:
    """One event with its photos under the heading of its day; returns that day."""
    at = local(moment.at, zone)
    if f"{at:%Y-%m-%d}" != day:
        page.line(f"{at:%Y-%m-%d}")
    who = " ".join(filter(None, (moment.station, moment.operator)))
    page.line(f"{at:%H:%M:%S}  {say(sentence(moment))}" + (f"  · {who}" if who else ""), indent=2)
    for photo in moment.photos:
        page.lines.append(f"            {photos / photo}")  # whole, so that it can be opened
    if moment.photo_missing:
        page.line(say(Message(moment.photo_missing, Blanks())), indent=12)
    return f"{at:%Y-%m-%d}"
