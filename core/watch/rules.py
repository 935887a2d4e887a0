"""Every rule an alert can be raised by, and which of them cannot wait."""

URGENT = frozenset(
    {
        "address_after_handover",
        "address_changed",
        "backhaul_refused",
        "called",
        "carrier_balance",
        "carrier_refuses",
        "closed_after_handover",
        "intercept",
        "notifier_down",
        "overdue",
        "printer_down",
        "shop_refuses",
        "stopped_after_handover",
        "waybill_refused",
    }
)
"""Somebody stands still, a customer is about to be disappointed, or a door is shut."""
RULES = URGENT | {
    "carrier_unreachable",
    "columns_gone",
    "file_kept",
    "file_waits",
    "folder_missing",
    "open_after_cancel",
    "order_refused",
    "order_unreadable",
    "print_in_doubt",
    "print_refused",
    "push_refused",
    "push_shut",
    "push_unread",
    "reconcile_gap",
    "refunds_unseen",
    "rest_owed",
    "session_ends",
    "untouched",
    "void_refused",
}
"""What ``rules = [...]`` of a notifier may name; a test holds it to what the core raises."""
