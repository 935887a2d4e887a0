"""Waybill sellers: buys, finds again and gives back waybills, in core's words.

One file per platform. Never decides which carrier a parcel takes, never keeps a waybill, never
makes up a number: what is not in the platform's answer was not bought.
"""

from drivers.carriers.kuaidi100 import Kuaidi100, Partner

__all__ = ["Kuaidi100", "Partner"]
