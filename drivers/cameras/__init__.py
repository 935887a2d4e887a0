"""Cameras over a bench: one JPEG on demand.

It decides whether what came is a whole photo; it never stores one, never retries, and never
holds packing up: every call has a deadline and every failure is a Problem with its reason.
"""

from drivers.cameras.command import CommandCamera
from drivers.cameras.snapshot import SnapshotCamera

__all__ = ["CommandCamera", "SnapshotCamera"]
