"""How a bench works here: the settings the rules read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.floor.content import InStorePattern
from core.floor.weight import Tolerance
from core.floor.work import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorRules:
    """The defaults suit a small warehouse: nothing is skipped, nothing extra is asked."""

    pick_first: bool = True
    """Pick and check are separate scans; False where one scan does both."""
    bin_required: bool = False
    """The bin is scanned before its products."""
    partial_ok: bool = False
    """A short order goes out with what is there; otherwise it is held."""
    single_scan: bool = True
    """On a free bench a product opens the most urgent order that is this one piece, and is checked
    by the same scan."""
    error_lock: bool = False
    """A wrong item locks the bench until the right one or PKUNDO1 is scanned."""
    confirm_notes: bool = True
    """A buyer's or seller's note is confirmed before the parcel is weighed."""
    tolerance: Tolerance = field(default_factory=Tolerance)
    boxes: Mapping[int, Box] = field(default_factory=dict)
    """Box types by the number of their code."""
    in_store: tuple[InStorePattern, ...] = ()
    """How weighed goods are coded."""
