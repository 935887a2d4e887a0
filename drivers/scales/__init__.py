"""Scales: from bytes on a wire to one stable weight per load.

Decodes every protocol we know, decides stability in one place, reads a live scale from its own
thread, finds out which protocol a scale speaks. It never books a tare, an overload, a piece
count or a guess, never raises on any bytes, and never touches an order.
"""

from drivers.scales.decoder import Decoder
from drivers.scales.profile import Line, Profile
from drivers.scales.protocols import PROTOCOLS, find
from drivers.scales.reading import Reading
from drivers.scales.stability import Rules, Stability, stable_weights

__all__ = [
    "PROTOCOLS",
    "Decoder",
    "Line",
    "Profile",
    "Reading",
    "Rules",
    "Stability",
    "decoder",
    "find",
    "stable_weights",
]


def decoder(protocol: str, **options: object) -> Decoder:
    """A fresh decoder with ``feed(data) -> list[Reading]`` for any split of the stream.

    Options by protocol are in ``PROTOCOLS[name].options`` (name to allowed values, the default
    first): ``unit`` where the wire names none, ``orientation`` of ``=`` formats, ``checksum`` of
    Toledo continuous, ``seven_bit`` for a 7E1/7O1 sender read as 8N1. Raises Problem.
    """
    return find(protocol).decoder(**options)
