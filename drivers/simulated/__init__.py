"""Honest stand-ins that speak the real wire formats; the demo and the tests both use them."""
