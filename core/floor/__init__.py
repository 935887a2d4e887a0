"""The heart of the bench: decides what a scan means and what may happen to the parcel in hand.

Pure rules first: ``classify`` names a scan, ``decide`` answers it and lists the changes,
``view`` shows the bench. ``core.floor.bench.Bench`` joins them to the store, one transaction per
scan; it is imported from there, because other rooms need the pure part. The room never draws and
never talks to a device or a platform.
"""
