"""Bar code scanners: from keys, bytes and reports to codes, in order and without loss.

Decides where a code begins and ends and whether it was read twice; never what it means, which is
the floor's business.
"""

from drivers.scanners.double import DoubleRead
from drivers.scanners.frames import Suffix, as_scan
from drivers.scanners.keys import AltNumpad
from drivers.scanners.layouts import LAYOUTS
from drivers.scanners.live import EvdevScanner, HidPosScanner, LiveScanner, SerialScanner
from drivers.scanners.typed import TypedBurst

__all__ = [
    "LAYOUTS",
    "AltNumpad",
    "DoubleRead",
    "EvdevScanner",
    "HidPosScanner",
    "LiveScanner",
    "SerialScanner",
    "Suffix",
    "TypedBurst",
    "as_scan",
]
