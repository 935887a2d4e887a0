"""Every rule an alert can be raised by, and which of them cannot wait."""

URGENT = frozenset(
    {
        "address_after_handover",
        "backhaul_refused",
        "called",
        "carrier_refuses",
        "closed_after_handover",
        "notifier_down",
        "overdue",
        "printer_down",
        "shop_refuses",
        "waybill_refused",
    }
)
"""Somebody stands still, a customer is about to be disappointed, or a door is shut."""
RULES = URGENT | {
    "file_kept",
    "folder_missing",
    "open_after_cancel",
    "order_refused",
    "order_unreadable",
    "print_in_doubt",
    "print_refused",
    "reconcile_gap",
    "untouched",
    "void_refused",
}
"""What ``rules = [...]`` of a notifier may name; a test holds it to what the core raises."""
