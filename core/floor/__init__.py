"""The heart of the bench: decides what a scan means and what may happen to the parcel in hand.

Pure rules first: ``classify`` names a scan, ``decide`` answers it and lists the changes,
``view`` shows the bench. ``core.floor.bench.Bench`` joins them to the store, one transaction per
scan; it is imported from there, because other rooms need the pure part. The room never draws and
never talks to a device or a platform.
"""

from core.floor.commands import Command, Given, is_command, parse, refuse_as_barcode
from core.floor.intents import News, NewsKind, Pressed, Scanned, Weight
from core.floor.machine import decide
from core.floor.meaning import Kind, Lookup, Meaning, classify
from core.floor.rules import FloorRules
from core.floor.state import BenchState, Decision
from core.floor.values import (
    BenchLine,
    BenchView,
    Choice,
    Outcome,
    Step,
    Tone,
    WeightView,
)
from core.floor.view import view

__all__ = [
    "BenchLine",
    "BenchState",
    "BenchView",
    "Choice",
    "Command",
    "Decision",
    "FloorRules",
    "Given",
    "Kind",
    "Lookup",
    "Meaning",
    "News",
    "NewsKind",
    "Outcome",
    "Pressed",
    "Scanned",
    "Step",
    "Tone",
    "Weight",
    "WeightView",
    "classify",
    "decide",
    "is_command",
    "parse",
    "refuse_as_barcode",
    "view",
]
