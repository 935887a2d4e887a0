"""Shipping: parcels, waybills, labels, and telling the shop.

Decides when a waybill is wanted, when a label counts as printed and when the shop is told; never
speaks HTTP and never draws.
"""
