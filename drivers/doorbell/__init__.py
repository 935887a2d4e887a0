"""The doorbell: where shops say by themselves that something changed.

Listens for pushed messages, proves each signature over the bytes that came, and hands over what
was said. Never decides what becomes of an order, never stores anything itself, and answers with
success only after whoever keeps it has it on disk. One file for the listener, one for how the
platforms ring.
"""

from drivers.doorbell.bell import Answer, Doorbell, Ring, Rung
from drivers.doorbell.platforms import RINGS, ring_of

__all__ = ["RINGS", "Answer", "Doorbell", "Ring", "Rung", "ring_of"]
