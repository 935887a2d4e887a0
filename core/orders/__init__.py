"""Orders: intake, identity, links, holds and the execution slip.

Decides what an order is and whether it may go to the floor. Never talks to a shop, never counts
a unit at the bench, and never merges two buyers by itself.
"""
