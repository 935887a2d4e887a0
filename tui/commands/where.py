"""``packline where NUMBER``: any number to the whole story of its order."""

import argparse
import json
from typing import Any

from core.clock import local
from core.messages import message
from core.orders import find
from tui.commands.shared import works
from tui.words import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", help=say("cli.where.number"))
    parser.add_argument("--json", action="store_true", help=say("cli.json"))


def run(arguments: argparse.Namespace) -> int:
    """Print every order the number means; exit status 1 when there is none."""
    with works(arguments) as opened:
        read, zone = opened.store.read, opened.config.zone
        found = find.find(read, arguments.number)
        stories = [story for id_ in found if (story := find.story(read, id_)) is not None]
        if arguments.json:
            print(json.dumps([as_json(story) for story in stories], ensure_ascii=False, indent=1))
        else:
            for story in stories:
                print(as_text(story, zone, str(opened.config.photos)))
            if not stories:
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
        "chain_broken_at": story.chain_broken_at,
    }


def as_text(story: find.OrderStory, zone: Any, photos: str) -> str:
    """An order's story for a person."""
    from tui.binding import details, parcel_sentence, reasons, sentence

    page = details(story, zone)
    head = say(
        message(
            "where.head",
            number=page.number,
            stage=message(f"stage.{page.stage}"),
            shop=page.shop,
            platform=page.platform_numbers,
        )
    )
    lines = [head, f"  {page.receiver}"]
    lines += [
        f"  {line.sku}  {line.title} {line.spec} ×{line.quantity}".rstrip() for line in page.lines
    ]
    lines += [f"  {say(parcel_sentence(parcel, story))}" for parcel in story.parcels]
    lines += [f"  {say(why)}" for why in reasons(story, zone)]
    for moment in story.timeline:
        who = " ".join(filter(None, (moment.station, moment.operator)))
        lines.append(f"  {local(moment.at, zone):%m-%d %H:%M:%S}  {say(sentence(moment))}  {who}")
        lines += [f"      {photos}/{path}" for path in moment.photos]
        if moment.photo_missing:
            lines.append(f"      {say(moment.photo_missing)}")
    return "\n".join(line.rstrip() for line in lines) + "\n"
